package article

import (
	"bytes"
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/util"
)

// inlines writes the children of a paragraph, a heading, a cell. Raw HTML that is opened in it ends in it.
func (w *writer) inlines(parent ast.Node) {
	base, drop := w.rawBase, w.drop
	if w.rawBase = len(w.raw); w.drop.until != parent { // an element of an earlier block may end in this one
		w.drop = dropping{}
	} else {
		drop = dropping{}
	}
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		if h, ok := n.(*ast.RawHTML); ok {
			w.inlineHTML(h)
		} else if w.drop.tag == "" {
			w.inline(n)
		}
	}
	w.closeRaw(w.rawBase)
	w.rawBase, w.drop = base, drop
}

func (w *writer) inline(n ast.Node) {
	w.at(n)
	switch n := n.(type) {
	case *ast.Text:
		w.textNode(n)
	case *ast.String:
		w.text(string(n.Value))
	case *ast.CodeSpan:
		w.open("code", w.theme.InlineCode)
		w.codeSpan(n)
		w.close("code")
	case *ast.Emphasis:
		el := element{"em", w.theme.Emphasis}
		if n.Level == 2 {
			el = element{"strong", w.theme.Strong}
		}
		w.open(el.tag, el.style)
		w.inlines(n)
		w.close(el.tag)
	case *east.Strikethrough:
		w.open("del", w.theme.Strike)
		w.inlines(n)
		w.close("del")
	case *ast.Link:
		w.link(n, unescape(n.Destination), w.doc.plain(n), func() { w.inlines(n) })
	case *ast.AutoLink:
		label := string(n.Label(w.doc.source))
		dest := string(n.URL(w.doc.source))
		if n.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(strings.ToLower(dest), "mailto:") {
			dest = "mailto:" + dest
		}
		w.link(n, dest, label, func() { w.text(label) })
	case *ast.Image:
		w.image(unescape(n.Destination), w.doc.plain(n), "")
	case *east.TaskCheckBox:
		if n != w.skipTask {
			w.text(box(n.IsChecked) + " ")
		}
	case *formula:
		if n.display {
			w.open("span", "display:block;margin:1em 0;text-align:center")
			w.formula(n, n.tex, false)
			w.close("span")
		} else {
			w.formula(n, n.tex, false)
		}
	case *east.FootnoteLink:
		w.footnoteLink(n)
	case *east.FootnoteBacklink: // there are no anchors at WeChat
	default:
		w.inlines(n)
	}
}

func box(checked bool) string {
	if checked {
		return "☑"
	}
	return "☐"
}

func (w *writer) textNode(n *ast.Text) {
	s := string(n.Segment.Value(w.doc.source))
	if !n.IsRaw() {
		s = unescape([]byte(s))
	}
	w.text(s)
	switch {
	case n.HardLineBreak():
		w.b.WriteString("<br>")
	case n.SoftLineBreak() && !w.joins(n):
		w.b.WriteByte(' ')
	}
}

// joins reports whether a line break in the source stands where Chinese or Japanese has no space: between two of their
// characters, or beside one of their punctuation marks.
func (w *writer) joins(n *ast.Text) bool {
	// Emphasis may end or begin right at the break; its marks are no characters of the text.
	before := bytes.TrimRight(w.doc.source[:n.Segment.Stop], "*_~`")
	last, _ := utf8.DecodeLastRune(before)
	after := bytes.TrimLeft(w.doc.source[n.Segment.Stop:], " \n*_~`")
	first, _ := utf8.DecodeRune(after)
	return widePunctuation(last) || widePunctuation(first) || (ideograph(last) && ideograph(first))
}

func ideograph(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Bopomofo)
}

func widePunctuation(r rune) bool {
	return 0x3001 <= r && r <= 0x303f || 0xff01 <= r && r <= 0xff0f || 0xff1a <= r && r <= 0xff1f
}

// codeSpan writes inline code; runs of spaces stay as they are.
func (w *writer) codeSpan(n ast.Node) {
	c := codeWriter{b: &w.b}
	for t := n.FirstChild(); t != nil; t = t.NextSibling() {
		if t, ok := t.(*ast.Text); ok {
			s := string(t.Segment.Value(w.doc.source))
			if strings.HasSuffix(s, "\n") {
				s = s[:len(s)-1] + " "
			}
			c.inline(s)
		}
	}
}

// unescape resolves backslash escapes and entities, in one pass, so that \&amp; stays &amp;.
func unescape(b []byte) string {
	var out strings.Builder
	out.Grow(len(b))
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == '\\' && i+1 < len(b) && util.IsPunct(b[i+1]):
			i++
			out.WriteByte(b[i])
		case b[i] == '&':
			n := entity(b[i:])
			out.WriteString(html.UnescapeString(string(b[i : i+n])))
			i += n - 1
		default:
			out.WriteByte(b[i])
		}
	}
	return out.String()
}

// entity is the length of the entity that b begins with, at least 1.
func entity(b []byte) int {
	for i := 1; i < min(len(b), 34); i++ {
		switch c := b[i]; {
		case c == ';':
			return i + 1
		case c == '#' && i == 1, '0' <= c && c <= '9', 'a' <= c|0x20 && c|0x20 <= 'z':
		default:
			return 1
		}
	}
	return 1
}

// escapeText escapes a text. Its quotes go as entities too: an article that shows style="" as text would otherwise look,
// to a search and to a careless sanitizer, like one that lost a style.
func escapeText(s string) string { return strings.ReplaceAll(escapeAttr(s), "\u00a0", "&nbsp;") }

// escapeAttr escapes the value of an attribute.
func escapeAttr(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch r {
		case '&':
			b.WriteString("&amp;")
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '"':
			b.WriteString("&quot;")
		default:
			if r = printable(r); r >= 0 {
				b.WriteRune(r)
			}
		}
	}
	return b.String()
}

// printable drops what neither HTML nor the platform's JSON reader takes.
func printable(r rune) rune {
	if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r == '\ufeff' || r == '\u2028' || r == '\u2029' {
		return -1
	}
	return r
}
