package article

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	"golang.org/x/net/html"
)

// rawTag is an element of raw HTML that is open.
type rawTag struct {
	source string // as written, to be matched by its end tag
	tag    string // as it was put out; "" for nothing
	dest   string // of an <a>
	from   int    // where an <a> began in the output, to know its text
	box    bool   // a <section> around it ends with it
	node   ast.Node
}

// dropping is an element that is left out with all of its content until it ends.
type dropping struct {
	tag   string
	depth int
	until ast.Node // the block in which it ends
}

// rawElement is what becomes of an element of raw HTML: the tag to write, whether a block, whether a bare wrapper.
func rawElement(tag string) (out string, block, ok bool) {
	switch tag {
	case "div", "section", "article", "main", "header", "footer", "aside", "nav", "center", "figure", "figcaption", "details", "summary", "dl", "dt", "dd", "pre", "address":
		return "section", true, true
	case "p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "li", "table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption":
		return tag, true, true
	case "b", "strong":
		return "strong", false, true
	case "i", "em", "cite", "dfn":
		return "em", false, true
	case "s", "strike", "del":
		return "del", false, true
	case "u", "ins":
		return "u", false, true
	case "code", "kbd", "samp", "tt":
		return "code", false, true
	case "span", "sub", "sup", "a":
		return tag, false, true
	case "mark", "font", "small", "big", "abbr", "q", "time", "var", "label":
		return "span", false, true
	}
	return "", false, false
}

// dropsContent are elements whose content is no text of the article.
func dropsContent(tag string) bool {
	switch tag {
	case "script", "style", "iframe", "object", "embed", "svg", "math", "canvas", "video", "audio", "template", "noscript",
		"textarea", "select", "button", "title", "head", "noembed", "noframes", "xmp", "plaintext", "applet", "map":
		return true
	}
	return false
}

func voidTag(tag string) bool {
	switch tag {
	case "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr":
		return true
	}
	return false
}

func (w *writer) htmlBlock(n ast.Node) {
	source := w.doc.blockText(n)
	w.drop.until = nil
	w.rawTokens(n, source, true)
	if w.drop.tag == "" {
		return
	}
	for next := n.NextSibling(); next != nil; next = next.NextSibling() {
		if next.Lines() != nil && strings.Contains(strings.ToLower(w.doc.blockText(next)), "</"+w.drop.tag) {
			w.drop.until = next
			return
		}
	}
	w.drop = dropping{}
}

func (w *writer) inlineHTML(n *ast.RawHTML) {
	w.at(n)
	w.rawTokens(n, string(n.Segments.Value(w.doc.source)), false)
}

// rawTokens writes raw HTML token by token, a drawing in one.
func (w *writer) rawTokens(n ast.Node, source string, block bool) {
	first := w.doc.line(n)
	z := html.NewTokenizer(strings.NewReader(source))
	var drawn strings.Builder // an <svg> so far
	depth := 0
	for read := 0; z.Next() != html.ErrorToken; {
		if first > 0 && depth == 0 {
			w.line = first + read
		}
		raw := string(z.Raw()) // before Token, which works in the same bytes
		read += strings.Count(raw, "\n")
		t := z.Token()
		if w.drop.tag == "" && (t.Data == "svg" || depth > 0) && t.Type != html.CommentToken {
			switch {
			case t.Type == html.StartTagToken && t.Data == "svg":
				depth++
			case t.Type == html.EndTagToken && t.Data == "svg":
				depth--
			}
			drawn.WriteString(raw)
			if depth <= 0 && (t.Type != html.EndTagToken || drawn.Len() > len(raw)) {
				w.svg(n, drawn.String())
				drawn.Reset()
			}
			depth = max(0, depth)
			continue
		}
		w.rawToken(n, t, block)
	}
	if depth > 0 {
		w.refuse("an SVG that does not end in the same block", "close it with </svg>, and begin it at the beginning of a line if there are blank lines in it")
	}
}

func (w *writer) rawToken(n ast.Node, t html.Token, block bool) {
	if w.drop.tag != "" {
		switch {
		case t.Type == html.StartTagToken && t.Data == w.drop.tag:
			w.drop.depth++
		case t.Type == html.EndTagToken && t.Data == w.drop.tag:
			if w.drop.depth--; w.drop.depth == 0 {
				w.drop = dropping{}
			}
		}
		return
	}
	switch t.Type {
	case html.TextToken:
		w.rawText(t.Data)
	case html.StartTagToken, html.SelfClosingTagToken:
		w.rawStart(n, t, block)
	case html.EndTagToken:
		w.rawEnd(t.Data)
	case html.CommentToken: // a comment is meant for nobody
	case html.DoctypeToken:
		w.note(n, "<!DOCTYPE> is left out")
	}
}

func (w *writer) rawText(s string) {
	if i := w.lastRaw(); i >= 0 && slices.ContainsFunc(w.raw[w.rawBase:], func(r rawTag) bool { return r.source == "pre" }) {
		c := codeWriter{b: &w.b, start: true}
		c.block(strings.Trim(s, "\n"))
		return
	}
	if strings.TrimSpace(s) == "" && strings.Contains(s, "\n") {
		return
	}
	w.text(s)
}

func (w *writer) lastRaw() int {
	if len(w.raw) > w.rawBase {
		return len(w.raw) - 1
	}
	return -1
}

func (w *writer) rawStart(n ast.Node, t html.Token, block bool) {
	if dropsContent(t.Data) {
		if t.Data == "math" {
			w.refuse("<math>", "write TeX between two $ and give RenderOptions a Math function, or use a picture")
		}
		w.note(n, fmt.Sprintf("<%s> is left out with its content", t.Data))
		if t.Type == html.StartTagToken && !voidTag(t.Data) {
			w.drop = dropping{tag: t.Data, depth: 1}
		}
		return
	}
	css := w.rawStyle(n, t)
	switch t.Data {
	case "img":
		if src := rawSource(t); src != "" {
			w.image(src, attribute(t, "alt"), css)
		} else {
			w.note(n, "<img> without a source is left out")
		}
		return
	case "br":
		w.b.WriteString("<br>")
		return
	case "wbr":
		return
	case "hr":
		if block {
			w.beforeBlock()
			w.open("hr", style(w.theme.Rule, css))
		}
		return
	}
	out, isBlock, ok := rawElement(t.Data)
	switch {
	case !ok:
		w.note(n, fmt.Sprintf("<%s> is left out, what stands in it stays", t.Data))
		return
	case isBlock && !block: // a block inside a paragraph would end it
		out = "span"
	case isBlock:
		w.makeRoom(t.Data)
	}
	if t.Type == html.SelfClosingTagToken {
		return // <div/>: nothing in it
	}
	r := rawTag{source: t.Data, tag: out, node: n}
	if out == "table" && style(w.theme.TableScroll) != "" { // as around a table of Markdown
		r.box = true
		w.open("section", w.theme.TableScroll)
	}
	if t.Data == "a" {
		if w.inLink || attribute(t, "href") == "" {
			r.tag = ""
		} else {
			w.inLink, r.dest = true, attribute(t, "href")
			w.openLink(r.dest)
			r.from = w.b.Len()
		}
		w.raw = append(w.raw, r)
		return
	}
	if t.Data == "pre" {
		css = style(w.theme.CodeBlock, w.theme.Code, "white-space:nowrap", "overflow-x:auto", css)
	} else {
		css = style(w.styleOf(out), css)
	}
	w.b.WriteByte('<')
	w.b.WriteString(out)
	if out == "td" || out == "th" {
		for _, key := range []string{"colspan", "rowspan"} {
			if v, err := strconv.Atoi(attribute(t, key)); err == nil && v > 1 && v <= 100 {
				fmt.Fprintf(&w.b, ` %s="%d"`, key, v)
			}
		}
	}
	if css != "" {
		w.b.WriteString(` style="` + css + `"`)
	}
	w.endTag()
	w.raw = append(w.raw, r)
}

// rawStyle is what survives of an element's own looks: its style, and the old attributes that mean one.
func (w *writer) rawStyle(n ast.Node, t html.Token) string {
	css := ""
	for _, a := range t.Attr {
		val := strings.TrimSpace(a.Val)
		switch key := strings.ToLower(a.Key); key {
		case "style":
			kept, lost := keepStyle(val)
			if lost {
				w.note(n, "parts of a style that WeChat strips are left out")
			}
			if c, ok := backgroundOf(kept); ok && pure(c) {
				w.note(n, "a background of pure white or black is turned round by WeChat's dark mode, and the text on it may not be: use another shade or none")
			}
			css = style(css, kept)
		case "width", "height":
			if number := strings.TrimSuffix(val, "px"); number != "" && strings.Trim(number, "0123456789") == "" && len(number) < 5 {
				css = style(css, key+":"+number+"px")
			} else if percent := strings.TrimSuffix(val, "%"); percent != val && percent != "" && strings.Trim(percent, "0123456789") == "" && len(percent) < 4 {
				css = style(css, key+":"+val)
			}
		case "align":
			switch low := strings.ToLower(val); low {
			case "left", "right", "center", "justify":
				css = style(css, "text-align:"+low)
			}
		}
	}
	if t.Data == "center" {
		css = style(css, "text-align:center")
	}
	return css
}

func (w *writer) rawEnd(tag string) {
	for i := len(w.raw) - 1; i >= w.rawBase; i-- {
		if w.raw[i].source == tag {
			w.closeRaw(i)
			return
		}
	}
}

// closeRaw ends the open raw elements from the innermost down to and with the i-th.
func (w *writer) closeRaw(i int) {
	for len(w.raw) > i {
		r := w.raw[len(w.raw)-1]
		w.raw = w.raw[:len(w.raw)-1]
		switch {
		case r.dest != "":
			w.closeLink(r.node, r.dest, visible(w.b.String()[r.from:]))
			w.inLink = false
		case r.tag != "":
			w.close(r.tag)
		}
		if r.box {
			w.close("section")
		}
	}
}

// beforeBlock ends the raw elements in which no block can stand.
func (w *writer) beforeBlock() {
	for i := w.lastRaw(); i >= 0; i = w.lastRaw() {
		switch w.raw[i].tag {
		case "section", "blockquote", "td", "th", "li", "caption":
			return
		}
		w.closeRaw(i)
	}
}

// makeRoom ends what the start of a raw block element ends without saying so, as in <p>one<p>two or <li>one<li>two.
func (w *writer) makeRoom(tag string) {
	for i := w.lastRaw(); i >= 0; i = w.lastRaw() {
		open := w.raw[i].tag
		inline := open == "" || !slices.Contains([]string{"section", "blockquote", "ul", "ol", "li", "table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption"}, open)
		if !inline && (open != tag || (tag != "li" && tag != "tr" && tag != "td" && tag != "th")) {
			return
		}
		w.closeRaw(i)
	}
}

func attribute(t html.Token, key string) string {
	for _, a := range t.Attr {
		if strings.EqualFold(a.Key, key) {
			return strings.TrimSpace(a.Val)
		}
	}
	return ""
}

// rawSource is the picture of an <img>: src, else the data-src of lazy loading.
func rawSource(t html.Token) string {
	if src := attribute(t, "src"); src != "" {
		return src
	}
	return attribute(t, "data-src")
}

// rawPictures are the sources of the <img> elements in raw HTML.
func rawPictures(source string) []string {
	var refs []string
	z := html.NewTokenizer(strings.NewReader(source))
	for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		if t := z.Token(); t.Data == "img" {
			if src := rawSource(t); src != "" {
				refs = append(refs, src)
			}
		}
	}
	return refs
}

// rawHasText reports whether raw HTML holds anything to read.
func rawHasText(source string) bool {
	z := html.NewTokenizer(strings.NewReader(source))
	skip := ""
	for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
		switch t := z.Token(); {
		case skip != "":
			if kind == html.EndTagToken && t.Data == skip {
				skip = ""
			}
		case t.Data == "svg" && kind == html.StartTagToken:
			return true
		case kind == html.StartTagToken && dropsContent(t.Data) && !voidTag(t.Data):
			skip = t.Data
		case kind == html.TextToken && strings.TrimSpace(t.Data) != "":
			return true
		}
	}
	return false
}

// shows reports whether there is a text or a picture in a piece of HTML.
func shows(source string) bool {
	return strings.Contains(source, "<img ") || strings.Contains(source, "<svg ") || strings.TrimSpace(visible(source)) != ""
}

// visible is the text of a piece of HTML.
func visible(source string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(source))
	for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
		if kind == html.TextToken {
			b.WriteString(z.Token().Data)
		}
	}
	return b.String()
}
