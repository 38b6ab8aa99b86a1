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
// It returns nil or a [*Difference].
func Verify(sent, stored string) error {
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
	if len(d.Lost) == 0 {
		return nil
	}
	return d
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
