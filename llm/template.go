package llm

import "bytes"

// template is the last chunk that held one text and nothing else of interest. The next chunk most often differs from it
// in that text alone: then its bytes before and after the text are equal, the parse of equal bytes is equal, and only the
// text is decoded. It is exact, not a guess. OpenAI's chunks hold a second text that differs, "obfuscation", which means
// nothing: a string that is read over.
type template struct {
	last       []byte // the chunk
	start, end int    // of its text, between the quotes
	noise      [2]int // start and end of the obfuscation behind the text, if there is one
	where      spot
	marks      int // texts met in the present chunk
	valid      bool
}

// spot is a text of a delta.
type spot int

const (
	spotText spot = iota
	spotReason
	spotOther
	spotRefuse
	spotArgs
)

func (t *template) forget() { t.valid, t.marks, t.noise = false, 0, [2]int{} }

func (t *template) mark(where spot, start, end int) {
	t.where, t.start, t.end = where, start, end
	t.marks++
}

// learn keeps the chunk just decoded as the template, if it will do.
func (d *decoder) learn() {
	c := &d.chunk
	if d.tmpl.marks != 1 || len(c.choices) != 1 || c.hasError || c.usage != (Usage{}) {
		return
	}
	if c.choices[0].finish != "" || !d.plain() || len(*d.at(d.tmpl.where)) == 0 {
		return // a member that stood twice may have taken the text back
	}
	d.tmpl.last = append(d.tmpl.last[:0], d.data...)
	d.tmpl.valid = true
}

// plain reports whether the chunk holds nothing that points into its bytes but the one text.
func (d *decoder) plain() bool {
	c := &d.chunk
	if len(c.extras) > 0 || len(c.choices[0].logs) > 0 {
		return false
	}
	if calls := c.choices[0].calls; calls.to > calls.from {
		if len(c.calls) != 1 || d.tmpl.where != spotArgs || len(c.calls[0].id)+len(c.calls[0].name) > 0 {
			return false
		}
		return true
	}
	return d.tmpl.where != spotArgs && len(c.calls) == 0
}

// fast decodes data by the template; false = it does not fit.
func (d *decoder) fast(data []byte) bool {
	t := &d.tmpl
	if !t.valid || len(data) < t.start || !bytes.Equal(data[:t.start], t.last[:t.start]) {
		return false
	}
	d.begin(data)
	d.pos = t.start - 1
	raw, escaped, ok := d.str()
	if !ok {
		return false
	}
	rest := t.last[t.end+1:]
	if t.noise[0] > t.end {
		between := t.last[t.end+1 : t.noise[0]] // up to the opening quote
		if !bytes.HasPrefix(data[d.pos:], between) {
			return false
		}
		d.pos += len(between) - 1
		if _, _, ok := d.str(); !ok {
			return false
		}
		rest = t.last[t.noise[1]+1:]
	}
	if !bytes.Equal(data[d.pos:], rest) {
		return false
	}
	*d.at(t.where) = d.text(raw, escaped)
	return true
}

func (d *decoder) at(where spot) *[]byte {
	ch := &d.chunk.choices[0]
	switch where {
	case spotArgs:
		return &d.chunk.calls[0].args
	case spotReason:
		return &ch.reason
	case spotOther:
		return &ch.other
	case spotRefuse:
		return &ch.refuse
	default:
		return &ch.text
	}
}
