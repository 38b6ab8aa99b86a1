package article

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/html"
)

// Difference is what the platform stored otherwise than it was sent. WeChat filters without a word: the draft is made,
// and a picture or a colour is gone.
type Difference struct {
	// Lost says what differs, one fact each, such as "<section>: 12 sent, 11 stored".
	Lost []string
	// Text is the text that differs, for a person: "- " sent, "+ " stored. Empty where the text is the same.
	Text string
	// Changes are the same one by one, in the order of the article, with the lines of the Markdown if [Rendered.Verify]
	// or a [Publisher] found them. Empty where the two have next to nothing in common.
	Changes []Change
}

// Error is the facts in one line.
func (d *Difference) Error() string {
	return "article: what WeChat stored is not what was sent: " + strings.Join(d.Lost, "; ")
}

// Diff is the same with the text, a line each.
func (d *Difference) Diff() string {
	out := strings.Join(d.Lost, "\n") + "\n"
	if d.Text != "" {
		out += d.Text
	}
	return out
}

// Verify compares the HTML that was sent with the HTML that draft/get gives back: how many elements of each name, how
// many style attributes, none of them empty, the same pictures in the same order, all on WeChat's hosts, and the same
// text. What the platform rewrites harmlessly is no difference: data-src for src, https for http, another query or size
// of a picture's address, entities, the order of attributes, white space.
//
// It returns nil or a [*Difference]. [Rendered.Verify] also knows the lines of the Markdown.
func Verify(sent, stored string) error { return verify(sent, nil, stored) }

// Verify is the function [Verify] for what was rendered here: it knows in which line of the Markdown each change is.
func (r Rendered) Verify(stored string) error { return verify(r.HTML, r.lines, stored) }

func verify(sent string, lines []int, stored string) error {
	a, b := measure(sent), measure(stored)
	d := &Difference{}
	for _, tag := range slices.Sorted(maps.Keys(union(a.tags, b.tags))) {
		if a.tags[tag] != b.tags[tag] {
			d.lost("<%s>: %d sent, %d stored", tag, a.tags[tag], b.tags[tag])
		}
	}
	if a.styles != b.styles {
		d.lost("style=: %d sent, %d stored", a.styles, b.styles)
	}
	if b.emptied > 0 {
		d.lost(`style="": %d stored; a quote or an entity in a style does that`, b.emptied)
	}
	if !slices.Equal(keys(a.images), keys(b.images)) {
		for _, src := range a.images {
			if !slices.Contains(keys(b.images), imageKey(src)) {
				d.lost("picture %s is gone", shown(src))
			}
		}
		if len(a.images) == len(b.images) {
			d.lost("the pictures are others, or in another order")
		}
	}
	for _, src := range b.images {
		if !onWeChat(src) {
			d.lost("picture %s is not on WeChat's hosts", shown(src))
		}
	}
	if squeeze(strings.Join(a.text, "")) != squeeze(strings.Join(b.text, "")) {
		d.lost("the text: %d characters sent, %d stored", len([]rune(squeeze(strings.Join(a.text, "")))), len([]rune(squeeze(strings.Join(b.text, "")))))
		d.Text = textDiff(a.text, b.text)
	}
	d.Changes = changes(pieces(sent, lines), pieces(stored, nil))
	if len(d.Lost) > 0 {
		return d
	}
	// Nothing is missing as a whole. What is left is single declarations and the addresses of links; how the platform cuts
	// texts and elements of the same number otherwise than we do is no loss.
	d.Changes = slices.DeleteFunc(d.Changes, func(c Change) bool { return c.Kind != StyleLost && c.Kind != LinkLost })
	for _, c := range d.Changes {
		d.lost("%s", c.Say("en"))
	}
	if len(d.Lost) > 0 {
		return d
	}
	return nil
}

// changes lays two articles side by side and says what differs.
func changes(sent, stored []piece) []Change {
	pairs, ok := align(sent, stored)
	if !ok {
		return nil
	}
	var out []Change
	line := 0
	for _, p := range pairs {
		switch {
		case p.sent < 0:
			c := added(stored[p.stored])
			c.Line = line // after the last one that is known
			out = append(out, c)
		case p.stored < 0:
			line = sent[p.sent].line
			out = append(out, lost(sent[p.sent]))
		default:
			line = sent[p.sent].line
			out = append(out, compare(sent[p.sent], stored[p.stored])...)
		}
	}
	return out
}

func added(p piece) Change {
	switch p.tag {
	case "":
		return Change{Kind: TextChanged, Stored: clip(p.value, 200)}
	case "img":
		if !onWeChat(p.value) {
			return Change{Kind: PictureForeign, What: shown(p.value)}
		}
		return Change{Kind: ElementAdded, What: "<img> " + shown(p.value)}
	}
	return Change{Kind: ElementAdded, What: "<" + p.tag + ">"}
}

func lost(p piece) Change {
	c := Change{Kind: ElementLost, Line: p.line, What: "<" + p.tag + ">"}
	switch p.tag {
	case "":
		c.Kind, c.What, c.Sent = TextChanged, "", clip(p.value, 200)
	case "img":
		c.Kind, c.What = PictureLost, shown(p.value)
	case "a":
		c.Kind, c.What = LinkLost, shown(p.value)
	}
	return c
}

// compare says what differs between two pieces that stand at the same place.
func compare(a, b piece) []Change {
	if a.tag == "" && b.tag == "" {
		if a.key == b.key {
			return nil
		}
		return []Change{{Kind: TextChanged, Line: a.line, Sent: clip(a.value, 200), Stored: clip(b.value, 200)}}
	}
	var out []Change
	if a.key != b.key {
		special := a.tag == "" || b.tag == "" || a.tag == "img" || b.tag == "img" || a.tag == "a"
		if special {
			out = append(out, lost(a))
			if b.tag != "a" || a.tag != "a" {
				c := added(b)
				c.Line = a.line
				out = append(out, c)
			}
			return out
		}
		out = append(out, Change{Kind: ElementChanged, Line: a.line, What: "<" + a.tag + ">", Stored: "<" + b.tag + ">"})
	}
	what := "<" + a.tag + ">"
	switch gone := missing(a.style, b.style); {
	case a.style == "", len(gone) == 0:
	case b.empty:
		out = append(out, Change{Kind: StyleEmptied, Line: a.line, What: what, Sent: a.style})
	case b.style == "":
		out = append(out, Change{Kind: StyleLost, Line: a.line, What: what, Sent: "style"})
	default:
		out = append(out, Change{Kind: StyleLost, Line: a.line, What: what, Sent: strings.Join(gone, ", "), Stored: b.style})
	}
	return out
}

// missing are the properties of a style that have no counterpart in another. A shorthand and its longhands are
// counterparts: border and border-left-color, background-color and background.
func missing(sent, stored string) []string {
	have := properties(stored)
	var gone []string
	for _, name := range properties(sent) {
		if !slices.ContainsFunc(have, func(h string) bool {
			return h == name || strings.HasPrefix(h, name+"-") || strings.HasPrefix(name, h+"-")
		}) {
			gone = append(gone, name)
		}
	}
	return gone
}

func properties(css string) []string {
	var names []string
	for decl := range strings.SplitSeq(css, ";") {
		if name, _, ok := strings.Cut(decl, ":"); ok {
			names = append(names, strings.ToLower(strings.TrimSpace(name)))
		}
	}
	return names
}

func (d *Difference) lost(format string, args ...any) {
	d.Lost = append(d.Lost, fmt.Sprintf(format, args...))
}

type shape struct {
	tags            map[string]int
	styles, emptied int
	images          []string
	text            []string // by block
}

func measure(source string) shape {
	s := shape{tags: map[string]int{}}
	var block strings.Builder
	flush := func() {
		if text := strings.Join(strings.Fields(strings.ReplaceAll(block.String(), "\u00a0", " ")), " "); text != "" {
			s.text = append(s.text, text)
		}
		block.Reset()
	}
	z := html.NewTokenizer(strings.NewReader(source))
	for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
		t := z.Token()
		switch kind {
		case html.TextToken:
			block.WriteString(t.Data)
		case html.EndTagToken:
			if _, isBlock, _ := rawElement(t.Data); isBlock {
				flush()
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			if _, isBlock, _ := rawElement(t.Data); isBlock || t.Data == "br" {
				flush()
			}
			s.tags[t.Data]++
			s.start(t)
		}
	}
	flush()
	return s
}

func (s *shape) start(t html.Token) {
	for _, a := range t.Attr {
		if a.Key != "style" {
			continue
		}
		if strings.Trim(a.Val, "; \n\t") == "" {
			s.emptied++
		} else {
			s.styles++
		}
	}
	if t.Data == "img" {
		src := attribute(t, "data-src")
		if src == "" {
			src = attribute(t, "src")
		}
		s.images = append(s.images, src)
	}
}

// imageKey is what stays the same of a picture's address: WeChat serves it under several sizes (the last part, 0 or 640)
// and adds queries.
func imageKey(src string) string {
	u, err := url.Parse(src)
	if err != nil {
		return src
	}
	path := strings.TrimSuffix(u.Path, "/")
	if i := strings.LastIndexByte(path, '/'); i > 0 && strings.Trim(path[i+1:], "0123456789") == "" {
		path = path[:i]
	}
	return u.Host + path
}

func keys(images []string) []string {
	out := make([]string, len(images))
	for i, src := range images {
		out[i] = imageKey(src)
	}
	return out
}

func union(a, b map[string]int) map[string]bool {
	out := map[string]bool{}
	for k := range a {
		out[k] = true
	}
	for k := range b {
		out[k] = true
	}
	return out
}

// squeeze takes out what has no meaning for the comparison: white space and characters without width.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\u200b' || r == '\u200d' || r == '\ufeff' {
			return -1
		}
		return r
	}, s)
}

// textDiff shows the blocks between the common beginning and the common end.
func textDiff(sent, stored []string) string {
	for len(sent) > 0 && len(stored) > 0 && squeeze(sent[0]) == squeeze(stored[0]) {
		sent, stored = sent[1:], stored[1:]
	}
	for len(sent) > 0 && len(stored) > 0 && squeeze(sent[len(sent)-1]) == squeeze(stored[len(stored)-1]) {
		sent, stored = sent[:len(sent)-1], stored[:len(stored)-1]
	}
	var b strings.Builder
	show := func(sign string, lines []string) {
		for i, line := range lines {
			if i == 20 {
				fmt.Fprintf(&b, "%s … %d more\n", sign, len(lines)-i)
				return
			}
			fmt.Fprintf(&b, "%s %s\n", sign, clip(line, 200))
		}
	}
	show("-", sent)
	show("+", stored)
	return b.String()
}
