package article

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
)

// RenderOptions is how a document becomes HTML. The zero value is the default theme, no pictures and plain code.
type RenderOptions struct {
	Theme Theme // the zero value is DefaultTheme

	// Pictures maps each of Document.Pictures to its address at WeChat, as [Upload] returns it. http becomes https.
	Pictures map[string]string

	// Highlight colours code: HTML of <span style="color:…">, with the line breaks and spaces of code left as they are,
	// or false for plain code. Classes do not survive. nil = plain code.
	Highlight func(lang, code string) (html string, ok bool)

	// Math makes of TeX what a reader sees: an <svg> of plain shapes (MathJax with fontCache none), an <img> with an
	// address at WeChat, or text with span, em, sub and sup. display is whether the formula stands by itself. TeX is what
	// stands between $ and $, between $$ and $$, or in a block of code in the language math. nil = a formula is an error;
	// [TeXSource] shows it as it is written. Each formula may be asked for more than once.
	Math func(tex string, display bool) (html string, err error)
}

// Rendered is an article as the platform keeps it.
type Rendered struct {
	HTML string

	// Notes say what is not as it was written: links that became references, raw HTML that was dropped, formulas that stay
	// as their source. Each kind once, with the lines where it is known. Nothing is left out without one.
	Notes []string

	lines []int // in the Markdown, of each element of HTML, in order
}

// Render makes the HTML of the body. It contains what survives at WeChat and nothing else: inline styles without quotes,
// no class, id, script or event handler, <section> in place of <div>, links that leave WeChat as numbered references
// (引用链接) at the end, lists below the first level as indented lines, code with <br> and &nbsp;, and no picture that
// is not on WeChat's hosts.
//
// An inline SVG stays if it is drawn with plain shapes: its size goes into its style, and what has no fill takes the
// colour of the text.
//
// Errors: [ErrNotUploaded] for every picture without an address, all at once, as [*PictureError]; [*MarkupError] with the
// line for a formula without Math, MathML, and an SVG that WeChat would take parts out of; [ErrStyle] for a theme
// that does not survive; [ErrEmpty] for a body of which nothing is left to see; [ErrTooLong] at 1 MiB of HTML.
// Source: draft/add, developers.weixin.qq.com, and field experience with draft/add and draft/get (read 2026-11).
func (d *Document) Render(opts RenderOptions) (Rendered, error) {
	if opts.Theme == (Theme{}) {
		opts.Theme = DefaultTheme()
	}
	if err := opts.Theme.Check(); err != nil {
		return Rendered{}, err
	}
	if !d.hasBody {
		return Rendered{}, &FieldError{Field: "body", Err: ErrEmpty}
	}
	w := &writer{doc: d, theme: opts.Theme, opts: opts, linkNumber: map[string]int{}, noted: map[string][]int{}}
	w.open("section", w.theme.Article)
	w.paragraph = element{"p", w.theme.Paragraph}
	w.blocks(d.root)
	w.references()
	w.close("section")
	if len(w.errs) > 0 {
		return Rendered{}, errors.Join(w.errs...)
	}
	html, lines, err := finish(w.b.String())
	if err != nil {
		return Rendered{}, err
	}
	if len(html) >= MaxContent {
		return Rendered{}, &FieldError{Field: "content", Count: len(html), Limit: MaxContent - 1, Err: ErrTooLong}
	}
	if !shows(html) {
		return Rendered{}, &FieldError{Field: "body", Err: ErrEmpty}
	}
	if n := utf8.RuneCountInString(html); n > AdvisedContent {
		w.note(nil, fmt.Sprintf("the HTML has %d characters; officially the platform takes %d, in practice more", n, AdvisedContent))
	}
	return Rendered{HTML: html, Notes: w.notes(), lines: lines}, nil
}

// writer walks the tree and writes HTML. goldmark's own renderer writes tags as Markdown means them; here almost every
// node has a form of its own, and many look at where they stand, which a plain recursion says best.
type writer struct {
	doc   *Document
	theme Theme
	opts  RenderOptions
	b     bytes.Buffer
	errs  []error

	paragraph element // what a paragraph is here: <p> at the top, <section> in an item
	line      int     // of the Markdown that is being written; 0 = not known
	lists     int     // how many lists we are in
	inLink    bool
	skipTask  ast.Node // the task box that the item's marker shows already

	links      []link
	linkNumber map[string]int

	raw     []rawTag // raw HTML elements that are open
	rawBase int      // those below belong to an outer container
	drop    dropping

	noted     map[string][]int // text to lines
	noteOrder []string
}

type element struct{ tag, style string }

func (w *writer) open(tag, css string) {
	w.b.WriteByte('<')
	w.b.WriteString(tag)
	if css = style(css); css != "" {
		w.b.WriteString(` style="`)
		w.b.WriteString(css)
		w.b.WriteByte('"')
	}
	w.endTag()
}

// endTag ends a start tag, with the line for finish.
func (w *writer) endTag() {
	if w.line > 0 {
		w.b.WriteString(" " + lineAttr + `="` + strconv.Itoa(w.line) + `"`)
	}
	w.b.WriteByte('>')
}

// at remembers where in the Markdown a node stands, for what is written next.
func (w *writer) at(n ast.Node) {
	if line := w.doc.line(n); line > 0 {
		w.line = line
	}
}

func (w *writer) close(tag string) {
	w.b.WriteString("</")
	w.b.WriteString(tag)
	w.b.WriteByte('>')
}

func (w *writer) text(s string) { w.b.WriteString(escapeText(s)) }

// note remembers a remark once, with every line it is about.
func (w *writer) note(n ast.Node, text string) {
	lines, ok := w.noted[text]
	if !ok {
		w.noteOrder = append(w.noteOrder, text)
	}
	if line := w.doc.line(n); line > 0 && !slices.Contains(lines, line) {
		lines = append(lines, line)
	}
	w.noted[text] = lines
}

func (w *writer) notes() []string {
	var out []string
	for _, text := range w.noteOrder {
		lines := w.noted[text]
		slices.Sort(lines)
		switch {
		case len(lines) == 1:
			text = fmt.Sprintf("line %d: %s", lines[0], text)
		case len(lines) > 1:
			text = fmt.Sprintf("lines %s: %s", strings.Trim(strings.Join(strings.Fields(fmt.Sprint(lines)), ", "), "[]"), text)
		}
		out = append(out, text)
	}
	return out
}

// blocks writes the children of a container. Raw HTML that is opened in it ends in it.
func (w *writer) blocks(parent ast.Node) { w.blocksFrom(parent.FirstChild()) }

func (w *writer) blocksFrom(first ast.Node) {
	base := w.rawBase
	w.rawBase = len(w.raw)
	for n := first; n != nil; n = n.NextSibling() {
		if w.drop.until != nil && w.drop.until != n {
			continue
		}
		w.block(n)
		if w.drop.until == n { // the end was looked for here; whatever it was, nothing more is dropped
			w.drop = dropping{}
		}
	}
	w.closeRaw(w.rawBase)
	w.rawBase = base
}

func (w *writer) block(n ast.Node) {
	switch n := n.(type) {
	case *ast.HTMLBlock, *drawing:
		w.htmlBlock(n)
		return
	}
	if n.Kind() == ast.KindLinkReferenceDefinition {
		return
	}
	w.beforeBlock()
	w.at(n)
	switch n := n.(type) {
	case *ast.Heading:
		tag := fmt.Sprintf("h%d", min(max(n.Level, 1), 6))
		w.open(tag, w.theme.heading(n.Level))
		w.inlines(n)
		w.close(tag)
	case *ast.Paragraph, *ast.TextBlock:
		w.paragraphOf(n)
	case *ast.Blockquote:
		w.open("blockquote", w.theme.Quote)
		outer := w.paragraph
		w.paragraph = element{"p", w.theme.QuoteParagraph}
		w.blocks(n)
		w.paragraph = outer
		w.close("blockquote")
	case *ast.List:
		w.list(n)
	case *ast.FencedCodeBlock:
		w.code(n, string(n.Language(w.doc.source)))
	case *ast.CodeBlock:
		w.code(n, "")
	case *formulaBlock:
		w.formula(n, strings.TrimSpace(w.doc.blockText(n)), true)
	case *ast.ThematicBreak:
		w.open("hr", w.theme.Rule)
	case *east.Table:
		w.table(n)
	case *east.FootnoteList:
		w.footnotes(n)
	default:
		w.note(n, fmt.Sprintf("%s is not rendered", n.Kind()))
	}
}

func (w *writer) paragraphOf(n ast.Node) {
	if images := onlyImages(n, w.doc.source); len(images) > 0 {
		for _, img := range images {
			w.figure(img)
		}
		return
	}
	start := w.b.Len()
	w.open(w.paragraph.tag, w.paragraph.style)
	content := w.b.Len()
	w.inlines(n)
	if len(bytes.TrimSpace(w.b.Bytes()[content:])) == 0 { // all of it was left out
		w.b.Truncate(start)
		return
	}
	w.close(w.paragraph.tag)
}

// onlyImages are the pictures of a paragraph that consists of nothing else.
func onlyImages(n ast.Node, source []byte) []*ast.Image {
	var images []*ast.Image
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Image:
			images = append(images, c)
		case *ast.Text:
			if strings.TrimSpace(string(c.Segment.Value(source))) != "" {
				return nil
			}
		default:
			return nil
		}
	}
	return images
}

// figure is a picture that stands alone. Its title is its caption.
func (w *writer) figure(img *ast.Image) {
	w.at(img)
	w.open("section", w.theme.Figure)
	w.image(unescape(img.Destination), w.doc.plain(img), "")
	if title := strings.TrimSpace(unescape(img.Title)); title != "" {
		w.open("section", w.theme.Caption)
		w.text(title)
		w.close("section")
	}
	w.close("section")
}

// image writes an <img> with an address at WeChat, or remembers that there is none.
func (w *writer) image(ref, alt, css string) {
	src := ref
	if !onWeChat(ref) {
		src = w.opts.Pictures[ref]
	}
	if !onWeChat(src) {
		hint := ""
		if src != "" {
			hint = "it was given " + shown(src) + ", which is not on WeChat's hosts"
		}
		err := &PictureError{Line: w.doc.lines[ref], Ref: shown(ref), Err: ErrNotUploaded, Hint: hint}
		if !slices.ContainsFunc(w.errs, func(e error) bool { return e.Error() == err.Error() }) {
			w.errs = append(w.errs, err)
		}
		return
	}
	w.b.WriteString(`<img src="` + escapeAttr(secure(src)) + `"`)
	if alt = strings.Join(strings.Fields(alt), " "); alt != "" {
		w.b.WriteString(` alt="` + escapeAttr(alt) + `"`)
	}
	if css = style(w.theme.Image, css); css != "" {
		w.b.WriteString(` style="` + css + `"`)
	}
	w.endTag()
}

func (w *writer) table(t *east.Table) {
	w.open("section", w.theme.TableScroll)
	w.open("table", w.theme.Table)
	body := false
	for row := t.FirstChild(); row != nil; row = row.NextSibling() {
		w.at(row)
		_, head := row.(*east.TableHeader)
		tag, css := "td", w.theme.Cell
		if head {
			tag, css = "th", w.theme.HeadCell
			w.open("thead", "")
		} else if !body {
			w.open("tbody", "")
			body = true
		}
		w.open("tr", "")
		for c := row.FirstChild(); c != nil; c = c.NextSibling() {
			align := ""
			if cell, ok := c.(*east.TableCell); ok && cell.Alignment != east.AlignNone && cell.Alignment.String() != "" {
				align = "text-align:" + cell.Alignment.String()
			}
			w.open(tag, style(css, align))
			w.inlines(c)
			w.close(tag)
		}
		w.close("tr")
		if head {
			w.close("thead")
		}
	}
	if body {
		w.close("tbody")
	}
	w.close("table")
	w.close("section")
}

// styleOf is the theme's style for a raw HTML element.
func (w *writer) styleOf(tag string) string {
	t := w.theme
	switch tag {
	case "p":
		return w.paragraph.style
	case "h1", "h2", "h3", "h4", "h5", "h6":
		return t.heading(int(tag[1] - '0'))
	case "strong":
		return t.Strong
	case "em":
		return t.Emphasis
	case "del":
		return t.Strike
	case "code":
		return t.InlineCode
	case "blockquote":
		return t.Quote
	case "ul":
		return t.List
	case "ol":
		return t.OrderedList
	case "li":
		return t.Item
	case "table":
		return t.Table
	case "th":
		return t.HeadCell
	case "td":
		return t.Cell
	case "hr":
		return t.Rule
	}
	return ""
}
