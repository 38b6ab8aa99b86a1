package article

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// The contrast that a reader needs between a text and what is behind it.
// Source: WCAG 2.2, 1.4.3, level AA (read 2026-11).
const (
	MinContrast      = 4.5
	MinContrastLarge = 3.0 // from 24 pixels on, bold ones from 18.66
)

// parts is a text in which every part of a theme stands, named by itself, also one inside the other.
const parts = `# heading 1

## heading 2 **strong in a heading** ~~strike in a heading~~ ` + "`inline code in a heading`" + ` [link in a heading](https://example.com/) [article link in a heading](https://mp.weixin.qq.com/s/x)

### heading 3

#### heading 4

##### heading 5

###### heading 6

paragraph **strong** *emphasis* ~~strike~~ ` + "`inline code`" + ` [link](https://example.com/) [article link](https://mp.weixin.qq.com/s/x) [^n]

> quote **strong in a quote** ~~strike in a quote~~ ` + "`inline code in a quote`" + ` [link in a quote](https://example.com/)

- item **strong in an item** ` + "`inline code in an item`" + `
  - flat item ` + "`inline code in a flat item`" + `

1. ordered item

| head cell **strong in a head cell** | [link in a head cell](https://example.com/) |
|-------------------------------------|---------------------------------------------|
| cell **strong in a cell** ~~strike in a cell~~ | ` + "`inline code in a cell`" + ` |

![](https://mmbiz.qpic.cn/x/0 "caption")

[^n]: note **strong in a note** ` + "`inline code in a note`" + `

` + "```\ncode\n```\n"

// CheckContrast reports every part of the theme that can hardly be read in one of WeChat's two modes, the worst of each:
// a text with less than [MinContrast] ([MinContrastLarge] if it is large) against what is behind it, in the light or in
// what the dark mode makes of it. A background of pure white or black is reported too: the dark mode takes it for the
// page's own and turns it round, under a text whose colour stays where it was.
//
// The rule behind the numbers: a text darker than about #5a5a5a is turned light in the dark, one brighter stays as it
// is; so dark greys and dark accents are safe, and middle ones hold in neither mode.
//
// Errors: [ErrContrast], joined. Source: github.com/wechatjs/mp-darkmode, doc/cn/principle.md (read 2026-11).
func (t Theme) CheckContrast() error {
	doc, err := Parse([]byte("---\ntitle: parts\n---\n" + parts))
	if err != nil {
		return err
	}
	out, err := doc.Render(RenderOptions{Theme: t})
	if err != nil {
		return err
	}
	root, err := fragment(out.HTML)
	if err != nil {
		return err
	}
	var errs []error
	report := func(format string, args ...any) {
		err := fmt.Errorf("article: theme %s: %w: "+format, slices.Concat([]any{t.Name, ErrContrast}, args)...)
		if !slices.ContainsFunc(errs, func(e error) bool { return e.Error() == err.Error() }) {
			errs = append(errs, err)
		}
	}
	daylight().walk(root, func(n *html.Node, _ shade, _ []string) {
		if c, ok := background(n); ok && pure(c) {
			report("<%s>: a background of pure white or black", n.Data)
		}
	}, func(n *html.Node, s shade) {
		need := MinContrast
		if s.size >= 24 || s.bold && s.size >= 18.66 {
			need = MinContrastLarge
		}
		part := clip(strings.TrimSpace(n.Data), 40)
		if got := contrast(s.light, s.lightBack); got < need {
			report("%s: %.1f in the light, %s on %s", part, got, s.light, s.lightBack)
		}
		if got := contrast(s.dark, s.darkBack); got < need {
			report("%s: %.1f in the dark, %s on %s", part, got, s.dark, s.darkBack)
		}
	})
	return errors.Join(errs...)
}

// pure reports an opaque background that the dark mode takes for white, or one that is black.
func pure(c rgba) bool { return c.a == 1 && (c.brightness() > nearWhite || c.brightness() < 5) }

// background is the background that an element's own style declares.
func background(n *html.Node) (rgba, bool) {
	for _, a := range n.Attr {
		if a.Key == "style" {
			return backgroundOf(a.Val)
		}
	}
	return rgba{}, false
}

func backgroundOf(css string) (c rgba, ok bool) {
	for decl := range strings.SplitSeq(css, ";") {
		name, value, _ := strings.Cut(decl, ":")
		if name = strings.ToLower(strings.TrimSpace(name)); name == "background" || name == "background-color" {
			if found, is := colorIn(strings.TrimSpace(value)); is {
				c, ok = found, true
			}
		}
	}
	return c, ok
}

// pixels reads a font size; what it does not know leaves the size as it is.
func pixels(value string, outer float64) float64 {
	for _, unit := range []struct {
		suffix string
		by     float64
	}{{"px", 1}, {"rem", 16}, {"em", outer}, {"%", outer / 100}, {"pt", 4.0 / 3}} {
		if number, ok := strings.CutSuffix(value, unit.suffix); ok {
			if f, err := strconv.ParseFloat(number, 64); err == nil && f > 0 {
				return f * unit.by
			}
			return outer
		}
	}
	return outer
}

// fragment parses some HTML under a root of its own.
func fragment(source string) (*html.Node, error) {
	nodes, err := html.ParseFragment(strings.NewReader(source), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
	if err != nil {
		return nil, fmt.Errorf("article: %w", err)
	}
	root := &html.Node{Type: html.ElementNode, Data: "section", DataAtom: atom.Section}
	for _, n := range nodes {
		root.AppendChild(n)
	}
	return root, nil
}
