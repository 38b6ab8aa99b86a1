package callback

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

var (
	errXML   = errors.New("XML is damaged")
	errDTD   = errors.New("XML with a document type or an entity of its own")
	errLarge = errors.New("too many elements or levels")
)

// xmlReader reads the XML that WeChat writes: elements, text, CDATA. Attributes, comments and processing instructions are
// read over; a document type is refused. Unlike encoding/xml it takes control characters, which users do send, and
// needs a fiftieth of the time.
type xmlReader struct {
	rest  string
	out   tree
	parts []string // of the text of the innermost element
	store [4]string
	open  [maxDepth]struct{ elem, last int32 }
	depth int
}

func parseXML(text string) (tree, error) {
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	room := min(strings.Count(text, "<")/2, 64) // of an element, or three with CDATA
	r := xmlReader{rest: strings.TrimPrefix(text, "\ufeff"), out: make(tree, 0, room)}
	r.parts = r.store[:0]
	for {
		if err := r.text(); err != nil {
			return nil, err
		}
		if r.rest == "" {
			if r.depth > 0 || len(r.out) == 0 {
				return nil, errXML
			}
			return r.out, nil
		}
		if err := r.markup(); err != nil {
			return nil, err
		}
	}
}

// text reads up to the next markup.
func (r *xmlReader) text() error {
	i := strings.IndexByte(r.rest, '<')
	if i < 0 {
		i = len(r.rest)
	}
	run := r.rest[:i]
	r.rest = r.rest[i:]
	if run == "" {
		return nil
	}
	if r.depth == 0 {
		if strings.TrimSpace(run) != "" {
			return errXML
		}
		return nil
	}
	run, err := unescape(run)
	r.part(run)
	return err
}

// part keeps a piece of text, if the element has no children.
func (r *xmlReader) part(run string) {
	if at := r.open[r.depth-1]; at.last != 0 {
		return
	}
	if strings.IndexByte(run, '\r') >= 0 { // line ends are one character in XML
		run = strings.ReplaceAll(strings.ReplaceAll(run, "\r\n", "\n"), "\r", "\n")
	}
	r.parts = append(r.parts, run)
}

// markup reads what begins with "<".
func (r *xmlReader) markup() error {
	switch {
	case strings.HasPrefix(r.rest, "<![CDATA["):
		text, rest, ok := strings.Cut(r.rest[len("<![CDATA["):], "]]>")
		if !ok || r.depth == 0 {
			return errXML
		}
		r.rest = rest
		r.part(text)
		return nil
	case strings.HasPrefix(r.rest, "<!--"):
		return r.skip("<!--", "-->")
	case strings.HasPrefix(r.rest, "<?"):
		return r.skip("<?", "?>")
	case strings.HasPrefix(r.rest, "<!"):
		return errDTD
	case strings.HasPrefix(r.rest, "</"):
		return r.end()
	}
	return r.begin()
}

func (r *xmlReader) skip(from, to string) error {
	_, rest, ok := strings.Cut(r.rest[len(from):], to)
	r.rest = rest
	if !ok {
		return errXML
	}
	return nil
}

func (r *xmlReader) begin() error {
	tag, empty, ok := r.tag()
	if !ok {
		return errXML
	}
	if r.depth == maxDepth || len(r.out) == maxElements {
		return errLarge
	}
	if r.depth == 0 && len(r.out) > 0 {
		return errXML // a second root
	}
	var parent, last int32
	if r.depth > 0 {
		at := &r.open[r.depth-1]
		parent, last = at.elem, at.last
		at.last = int32(len(r.out))
	}
	elem := r.out.add(parent, last, tag)
	r.parts = r.parts[:0] // text beside elements means nothing
	if !empty {
		r.open[r.depth].elem, r.open[r.depth].last = elem, 0
		r.depth++
	}
	return nil
}

// tag reads "<name …>" and leaves out its attributes.
func (r *xmlReader) tag() (name string, empty, ok bool) {
	i := 1
name:
	for ; i < len(r.rest); i++ {
		switch r.rest[i] {
		case '>', '/', ' ', '\t', '\r', '\n':
			break name
		case '<', '&', '"', '\'', '=':
			return "", false, false
		}
	}
	name = r.rest[1:i]
	var quote byte
	for ; i < len(r.rest); i++ {
		switch c := r.rest[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '<':
			return "", false, false
		case c == '>':
			empty = r.rest[i-1] == '/'
			r.rest = r.rest[i+1:]
			return name, empty, name != ""
		}
	}
	return "", false, false
}

func (r *xmlReader) end() error {
	name, rest, ok := strings.Cut(r.rest[2:], ">")
	if !ok || r.depth == 0 {
		return errXML
	}
	r.rest = rest
	at := r.open[r.depth-1]
	elem := &r.out[at.elem]
	if strings.TrimRight(name, " \t\r\n") != elem.name {
		return errXML
	}
	if at.last == 0 {
		if len(r.parts) == 1 {
			elem.text = r.parts[0]
		} else {
			elem.text = strings.Join(r.parts, "")
		}
	}
	r.parts = r.parts[:0]
	r.depth--
	return nil
}

// unescape replaces the five entities of XML and numeric ones. Any other would need a document type.
func unescape(text string) (string, error) {
	if strings.IndexByte(text, '&') < 0 {
		return text, nil
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "&")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		name, rest, ok := strings.Cut(after, ";")
		if !ok {
			return "", errXML
		}
		text = rest
		switch name {
		case "lt":
			b.WriteByte('<')
		case "gt":
			b.WriteByte('>')
		case "amp":
			b.WriteByte('&')
		case "quot":
			b.WriteByte('"')
		case "apos":
			b.WriteByte('\'')
		default:
			c, err := numeric(name)
			if err != nil {
				return "", err
			}
			b.WriteRune(c)
		}
	}
}

func numeric(name string) (rune, error) {
	digits, ok := strings.CutPrefix(name, "#")
	if !ok {
		return 0, errDTD
	}
	base := 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
		return 0, errXML
	}
	return rune(n), nil
}
