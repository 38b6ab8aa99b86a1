package llm

// chunk is what one event of a stream says, or a whole completion: its message reads like a delta. The byte slices live
// until the next decode.
type chunk struct {
	id, model, fingerprint string
	created                int64
	choices                []delta
	calls                  []callDelta // of all choices; each has its stretch
	extras                 []rawMember // of all choices and calls; each has its stretch
	usage                  Usage       // zero = none
	hasChoices             bool        // there is a list of choices, be it empty
	hasError               bool        // "error" is there and not null, here or in x_groq
	isObject               bool
	objectError            bool // "object":"error", as vLLM has it
	complaint              bool // "message", "detail", "msg" or "code" says something
}

// delta is one choice of a chunk. Reasoning stands under one of three names.
type delta struct {
	index  int
	text   []byte
	reason []byte // reasoning_content
	other  []byte // reasoning
	inner  []byte // content[].thinking
	refuse []byte
	logs   []byte // logprobs, as JSON; empty = none
	finish Finish // empty = not finished
	calls  stretch
	extras stretch // members that mean nothing to us, and may mean something to the provider later
	whole  bool    // it is a message, not a delta
}

// callDelta is a piece of a tool call.
type callDelta struct {
	index    int // as the server counts; -1 = it does not
	id, name []byte
	args     []byte
	extras   stretch
}

// rawMember is a member as it stands in the document.
type rawMember struct{ name, value []byte }

// stretch is a part of a slice that the choices or calls of a chunk share.
type stretch struct{ from, to int }

// field is the name of the member that the reasoning stands in.
func (d *delta) field() string {
	switch {
	case len(d.reason) > 0:
		return defaultReasoningField
	case len(d.other) > 0:
		return "reasoning"
	default:
		return contentField
	}
}

func (d *delta) reasoning() []byte {
	switch {
	case len(d.reason) > 0:
		return d.reason
	case len(d.other) > 0:
		return d.other
	default:
		return d.inner
	}
}

// decoder decodes chunks one after the other without allocating for what stays the same. It is held to encoding/json's
// reading of the same bytes by a fuzz test.
type decoder struct {
	scanner
	chunk  chunk
	event  responsesEvent
	cached struct{ id, model, fingerprint, object string }
	tmpl   template
}

// decode reads one document; false = it is not JSON. The chunk is valid until the next call.
func (d *decoder) decode(data []byte) (*chunk, bool) {
	if d.fast(data) {
		return &d.chunk, true
	}
	d.begin(data)
	d.tmpl.forget()
	d.chunk = chunk{choices: d.chunk.choices[:0], calls: d.chunk.calls[:0], extras: d.chunk.extras[:0]}
	if d.peek() != '{' {
		return &d.chunk, d.skip() && d.end()
	}
	d.chunk.isObject = true
	if !d.object((*decoder).top) || !d.end() {
		return &d.chunk, false
	}
	d.learn()
	return &d.chunk, true
}

// object reads an object, handing the name of each member to f, which reads the value. A value of another type is
// skipped.
func (d *decoder) object(f func(*decoder, []byte) bool) bool {
	if d.peek() != '{' {
		return d.skip()
	}
	for m := d.open('{', '}'); m != stop; m = d.next('}') {
		if m == bad {
			return false
		}
		key, ok := d.key()
		if !ok || !f(d, key) {
			return false
		}
	}
	return true
}

func (d *decoder) top(key []byte) bool {
	c := &d.chunk
	switch string(key) {
	case "choices":
		return d.choices()
	case "id":
		return d.header(&c.id, &d.cached.id)
	case "model":
		return d.header(&c.model, &d.cached.model)
	case "system_fingerprint":
		return d.header(&c.fingerprint, &d.cached.fingerprint)
	case "object":
		var kind string
		ok := d.header(&kind, &d.cached.object)
		c.objectError = kind == "error"
		return ok
	case "created":
		n, _, ok := d.integer()
		c.created = n
		return ok
	case "usage":
		return d.usage()
	case "error":
		return d.errorMember()
	case "x_groq":
		return d.object((*decoder).groq)
	case "obfuscation":
		if d.peek() != '"' {
			return d.skip()
		}
		raw, _, ok := d.str()
		d.tmpl.noise = [2]int{d.pos - 1 - len(raw), d.pos - 1}
		return ok
	case "message", "detail", "msg", "code":
		c.complaint = c.complaint || d.peek() != 'n'
		return d.skip()
	default:
		return d.skip()
	}
}

func (d *decoder) groq(key []byte) bool {
	switch string(key) {
	case "usage":
		return d.usage()
	case "error":
		return d.errorMember()
	default:
		return d.skip()
	}
}

func (d *decoder) errorMember() bool {
	if d.peek() != 'n' {
		d.chunk.hasError = true
	}
	return d.skip()
}

// header reads a string that is the same in every chunk of a stream.
func (d *decoder) header(dst, cached *string) bool {
	*dst = ""
	if d.peek() != '"' {
		return d.skip()
	}
	raw, escaped, ok := d.str()
	if !ok {
		return false
	}
	if escaped || string(raw) != *cached { // what is cached is valid UTF-8
		*cached = string(d.text(raw, escaped))
	}
	*dst = *cached
	return true
}

func (d *decoder) choices() bool {
	c := &d.chunk
	c.choices = c.choices[:0]
	c.hasChoices = false
	if d.peek() != '[' {
		return d.skip()
	}
	c.hasChoices = true
	for m := d.open('[', ']'); m != stop; m = d.next(']') {
		if m == bad {
			return false
		}
		if d.peek() != '{' {
			if !d.skip() {
				return false
			}
			continue
		}
		c.choices = append(c.choices, delta{index: len(c.choices)})
		if !d.object((*decoder).choice) {
			return false
		}
	}
	return true
}

func (d *decoder) last() *delta { return &d.chunk.choices[len(d.chunk.choices)-1] }

func (d *decoder) choice(key []byte) bool {
	switch string(key) {
	case "delta", "message":
		ch := d.last()
		*ch = delta{index: ch.index, finish: ch.finish, logs: ch.logs, whole: key[0] == 'm'}
		ch.calls, ch.extras = d.emptyCalls(), d.emptyExtras()
		return d.object((*decoder).delta)
	case "logprobs":
		ch := d.last()
		ch.logs = nil
		if d.peek() != '{' {
			return d.skip()
		}
		from := d.pos
		ok := d.skip()
		ch.logs = d.data[from:d.pos]
		return ok
	case "index":
		n, found, ok := d.integer()
		if found && n >= 0 && n < 1<<31 {
			d.last().index = int(n)
		}
		return ok
	case "finish_reason":
		return d.finish()
	case "usage":
		return d.usage()
	default:
		return d.skip()
	}
}

func (d *decoder) finish() bool {
	d.last().finish = ""
	if d.peek() != '"' {
		return d.skip()
	}
	raw, escaped, ok := d.str()
	if ok {
		d.last().finish = Finish(d.text(raw, escaped))
	}
	return ok
}

func (d *decoder) delta(key []byte) bool {
	switch string(key) {
	case "content":
		ch := d.last()
		if d.peek() == '[' {
			ch.text, ch.inner = nil, nil
			return d.parts()
		}
		ch.inner = nil
		return d.piece(&ch.text, spotText)
	case "reasoning_content":
		return d.piece(&d.last().reason, spotReason)
	case "reasoning":
		return d.piece(&d.last().other, spotOther)
	case "refusal":
		return d.piece(&d.last().refuse, spotRefuse)
	case "tool_calls":
		return d.calls()
	case "function_call": // the older form: one call
		d.last().calls = d.emptyCalls()
		if d.peek() != '{' {
			return d.skip()
		}
		d.newCall()
		return d.object((*decoder).function)
	case "role", "name":
		return d.skip()
	default:
		return d.extra(key, &d.last().extras)
	}
}

// piece reads a text; anything but a string is none.
func (d *decoder) piece(dst *[]byte, where spot) bool {
	*dst = nil
	if d.peek() != '"' {
		return d.skip()
	}
	raw, escaped, ok := d.str()
	if !ok {
		return false
	}
	*dst = d.text(raw, escaped)
	if len(raw) > 0 {
		d.tmpl.mark(where, d.pos-1-len(raw), d.pos-1)
	}
	return true
}

// parts reads a content that is a list, as Mistral has it: texts, and thinking that holds texts.
func (d *decoder) parts() bool {
	for m := d.open('[', ']'); m != stop; m = d.next(']') {
		if m == bad {
			return false
		}
		var ok bool
		if d.peek() == '"' {
			ok = d.add(&d.last().text)
		} else {
			ok = d.object((*decoder).part)
		}
		if !ok {
			return false
		}
	}
	return true
}

func (d *decoder) part(key []byte) bool {
	switch string(key) {
	case "text":
		return d.add(&d.last().text)
	case "thinking":
		if d.peek() != '[' {
			return d.add(&d.last().inner)
		}
		for m := d.open('[', ']'); m != stop; m = d.next(']') {
			if m == bad {
				return false
			}
			var ok bool
			if d.peek() == '"' {
				ok = d.add(&d.last().inner)
			} else {
				ok = d.object((*decoder).thought)
			}
			if !ok {
				return false
			}
		}
		return true
	default:
		return d.skip()
	}
}

func (d *decoder) thought(key []byte) bool {
	if string(key) == "text" {
		return d.add(&d.last().inner)
	}
	return d.skip()
}

// add appends a string to dst, which it copies: dst may stand in the document.
func (d *decoder) add(dst *[]byte) bool {
	if d.peek() != '"' {
		return d.skip()
	}
	raw, escaped, ok := d.str()
	if ok {
		*dst = append(append(make([]byte, 0, len(*dst)+len(raw)), *dst...), d.text(raw, escaped)...)
	}
	return ok
}

// usage reads token counts, wherever they stand in a chunk; the last that is not null wins.
func (d *decoder) usage() bool {
	if d.peek() != '{' {
		return d.skip()
	}
	before := d.chunk.usage
	d.chunk.usage = Usage{}
	ok := d.object((*decoder).count)
	if u := &d.chunk.usage; *u == (Usage{}) {
		*u = before
	} else if u.Total == 0 {
		u.Total = u.Prompt + u.Completion
	}
	return ok
}

// count reads one member of a usage. The same count has several names, and not all of them are there at once.
func (d *decoder) count(key []byte) bool {
	u := &d.chunk.usage
	var dst *int
	switch string(key) {
	case "prompt_tokens", "input_tokens":
		dst = &u.Prompt
	case "completion_tokens", "output_tokens":
		dst = &u.Completion
	case "total_tokens":
		dst = &u.Total
	case "cached_tokens", "prompt_cache_hit_tokens":
		dst = &u.Cached
	case "reasoning_tokens":
		dst = &u.Reasoning
	case "prompt_tokens_details", "completion_tokens_details", "input_tokens_details", "output_tokens_details":
		return d.object((*decoder).countDetail)
	default:
		return d.skip()
	}
	n, _, ok := d.integer()
	*dst = max(*dst, int(n))
	return ok
}

func (d *decoder) countDetail(key []byte) bool {
	switch string(key) {
	case "cached_tokens", "reasoning_tokens":
		return d.count(key)
	default:
		return d.skip()
	}
}
