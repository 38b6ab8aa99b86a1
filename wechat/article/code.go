package article

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"golang.org/x/net/html"
)

// code writes a code block: a box that scrolls sideways, lines parted by <br>, spaces that would collapse as &nbsp;.
func (w *writer) code(n ast.Node, lang string) {
	source := strings.TrimRight(w.doc.blockText(n), "\n")
	switch strings.ToLower(lang) {
	case "math":
		w.formula(n, strings.TrimSpace(source), true)
		return
	case "mermaid", "plantuml", "dot", "graphviz", "flow", "sequence":
		w.note(n, lang+" is not rendered, its source is shown as code: use a picture of it")
	}
	w.open("section", w.theme.CodeBlock)
	w.open("code", w.theme.Code)
	c := codeWriter{b: &w.b, start: true}
	coloured, ok := "", false
	if w.opts.Highlight != nil {
		coloured, ok = w.opts.Highlight(lang, source)
	}
	if ok {
		w.coloured(n, &c, strings.TrimRight(coloured, "\n"))
	} else {
		c.block(source)
	}
	w.close("code")
	w.close("section")
}

// coloured writes what a highlighter made, reduced to elements and styles that survive.
func (w *writer) coloured(n ast.Node, c *codeWriter, source string) {
	var open []string
	z := html.NewTokenizer(strings.NewReader(source))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		t := z.Token()
		switch kind {
		case html.TextToken:
			c.block(t.Data)
		case html.SelfClosingTagToken, html.StartTagToken:
			switch t.Data {
			case "br":
				c.block("\n")
				continue
			case "span", "b", "i", "em", "strong", "u":
			default:
				if t.Data != "pre" && t.Data != "code" && t.Data != "div" {
					w.note(n, fmt.Sprintf("<%s> of the highlighter is left out", t.Data))
				}
				continue
			}
			css, lost := "", false
			for _, a := range t.Attr {
				switch a.Key {
				case "style":
					css, lost = keepStyle(a.Val)
				case "class":
					lost = true
				}
			}
			if lost {
				w.note(n, "colours of the highlighter that are classes or do not survive are left out: let it write inline styles")
			}
			c.flush()
			w.open(t.Data, css)
			if kind == html.StartTagToken {
				open = append(open, t.Data)
			} else {
				w.close(t.Data)
			}
		case html.EndTagToken:
			if len(open) > 0 && open[len(open)-1] == t.Data {
				open = open[:len(open)-1]
				w.close(t.Data)
			}
		}
	}
	for _, tag := range slices.Backward(open) {
		w.close(tag)
	}
}

// codeWriter writes code so that no white space collapses: leading spaces and runs of spaces become &nbsp;, tabs go on
// to the next multiple of four columns, a line break is a <br>. It remembers the column between pieces, since a
// highlighter cuts lines anywhere.
type codeWriter struct {
	b     *bytes.Buffer
	lines int // line breaks not written yet: none is left at the end
	col   int
	start bool // nothing but spaces so far in this line
	space bool // the last thing written was a space
}

func (c *codeWriter) block(s string) {
	for line := range strings.SplitAfterSeq(s, "\n") {
		text, ended := strings.CutSuffix(line, "\n")
		c.inline(text)
		if ended {
			c.lines++
			c.col, c.start, c.space = 0, true, false
		}
	}
}

// flush writes the line breaks that are due.
func (c *codeWriter) flush() {
	for ; c.lines > 0; c.lines-- {
		c.b.WriteString("<br>")
	}
}

func (c *codeWriter) inline(s string) {
	runes := []rune(strings.Map(printable, s))
	if len(runes) > 0 {
		c.flush()
	}
	for i, r := range runes {
		switch r {
		case '\t':
			for n := 4 - c.col%4; n > 0; n-- {
				c.b.WriteString("&nbsp;")
				c.col++
			}
			c.space = true
			continue
		case ' ', '\u00a0':
			next := i+1 < len(runes) && (runes[i+1] == ' ' || runes[i+1] == '\t')
			if c.start || c.space || next || i+1 == len(runes) || r == '\u00a0' {
				c.b.WriteString("&nbsp;")
			} else {
				c.b.WriteByte(' ')
			}
			c.col++
			c.space = true
			continue
		}
		c.b.WriteString(escapeText(string(r)))
		c.col++
		c.start, c.space = false, false
	}
}
