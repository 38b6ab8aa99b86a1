package article

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// What the platform takes. Characters are Unicode code points.
// Source: draft/add, developers.weixin.qq.com (read 2026-11).
const (
	MaxTitle       = 32      // characters
	MaxAuthor      = 16      // characters
	MaxDigest      = 128     // characters; the console shows 120
	MaxSource      = 1024    // bytes of the 阅读原文 address
	MaxContent     = 1 << 20 // bytes of HTML, exclusive
	AdvisedContent = 20_000  // characters of HTML; beyond it a draft is accepted in practice, and a note is made
)

// Document is a Markdown article that has been read. Its fields may be changed before [Document.Check] and
// [Document.Render]; the body is fixed. It is safe for concurrent reading.
type Document struct {
	Title     string // front matter, else the first level-one heading, which then leaves the body
	Author    string
	Digest    string // "" lets the platform take the first 54 characters of the body
	Cover     string // a picture's reference, as in the text
	SourceURL string // 阅读原文

	// Meta holds the front matter that this package does not know, by key as written. A value is the text after the
	// colon, without its quotes; indented lines below it follow, one a line.
	Meta map[string]string

	source   []byte
	root     ast.Node
	offset   int            // lines of the file before source
	newlines []int          // where the lines of source end
	lines    map[string]int // of the first use of each picture
	pictures []string
	hasBody  bool
}

// Parse reads front matter and GitHub-flavoured Markdown (tables, strikethrough, task lists, bare links) with footnotes.
// A byte order mark and CRLF line ends are accepted.
//
// Front matter is an optional block between two lines "---" at the very top, one "key: value" a line. Known keys are
// title, author, cover, digest (or description) and source (or content_source_url, link); others go to Meta. It is not
// YAML: a value of a known key is one line, plain or in quotes.
//
// Errors: [*FrontMatterError] with the line; a text that is not UTF-8. Lengths are the business of [Document.Check].
func Parse(md []byte) (*Document, error) { return parse(md, 1) }

// parse is Parse for a text that begins in a line of its file.
func parse(md []byte, first int) (*Document, error) {
	md = bytes.TrimPrefix(md, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(md) {
		return nil, errors.New("article: the text is not UTF-8: save it as UTF-8 (GB 18030 is common for Chinese files)")
	}
	md = bytes.ReplaceAll(md, []byte("\r\n"), []byte("\n"))
	md = bytes.ReplaceAll(md, []byte("\r"), []byte("\n"))
	fm, body, err := readFrontMatter(md)
	if bad, ok := errors.AsType[*FrontMatterError](err); ok {
		bad.Line += first - 1
	}
	if err != nil {
		return nil, err
	}
	d := &Document{
		Title:     fm.fields["title"],
		Author:    fm.fields["author"],
		Digest:    fm.fields["digest"],
		Cover:     fm.fields["cover"],
		SourceURL: fm.fields["source"],
		Meta:      fm.meta,
		source:    bytes.Clone(body),
		offset:    fm.lines + first - 1,
	}
	for i, c := range d.source {
		if c == '\n' {
			d.newlines = append(d.newlines, i)
		}
	}
	markdown := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote, beyond{}))
	d.root = markdown.Parser().Parse(text.NewReader(d.source))
	d.takeTitle()
	d.scan()
	return d, nil
}

// takeTitle makes the first level-one heading the title, or drops it where it only repeats the title: WeChat shows the
// title above the text itself.
func (d *Document) takeTitle() {
	for n := d.root.FirstChild(); n != nil; n = n.NextSibling() {
		h, ok := n.(*ast.Heading)
		if !ok || h.Level != 1 {
			continue
		}
		title := strings.Join(strings.Fields(d.plain(h)), " ")
		if d.Title == "" {
			d.Title = title
		}
		if d.Title == title {
			d.root.RemoveChild(d.root, h)
		}
		return
	}
}

// scan collects the pictures and finds out whether there is anything to read at all.
func (d *Document) scan() {
	d.lines = map[string]int{}
	add := func(n ast.Node, ref string) {
		d.hasBody = true
		if _, seen := d.lines[ref]; ref != "" && !seen && !onWeChat(ref) {
			d.lines[ref] = d.line(n)
			d.pictures = append(d.pictures, ref)
		}
	}
	_ = ast.Walk(d.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Image:
			add(n, unescape(n.Destination))
		case *formula, *formulaBlock, *drawing:
			d.hasBody = true
		case *ast.HTMLBlock:
			for _, ref := range rawPictures(d.blockText(n)) {
				add(n, ref)
			}
			d.hasBody = d.hasBody || rawHasText(d.blockText(n))
		case *ast.RawHTML:
			d.hasBody = d.hasBody || opensSVG(n.Segments.Value(d.source))
			for _, ref := range rawPictures(string(n.Segments.Value(d.source))) {
				add(n, ref)
			}
		case *ast.Text:
			d.hasBody = d.hasBody || len(bytes.TrimSpace(n.Segment.Value(d.source))) > 0
		case *ast.AutoLink:
			d.hasBody = true
		case *ast.CodeBlock, *ast.FencedCodeBlock:
			d.hasBody = d.hasBody || strings.TrimSpace(d.blockText(n)) != ""
		}
		return ast.WalkContinue, nil
	})
}

// Pictures are the references of the pictures in the text, in order, each once, exactly as they must be keys of
// [RenderOptions].Pictures. Pictures that are on WeChat's own hosts already are not among them; nor is Cover.
func (d *Document) Pictures() []string { return slices.Clone(d.pictures) }

// Check reports everything that the platform would refuse about the fields, and an empty body, all problems at once.
// It counts characters as Unicode code points.
//
// Errors: [*FieldError] with the kinds [ErrEmpty] and [ErrTooLong], joined.
func (d *Document) Check() error {
	errs := []error{
		need("title", d.Title),
		atMost("title", utf8.RuneCountInString(d.Title), MaxTitle),
		atMost("author", utf8.RuneCountInString(d.Author), MaxAuthor),
		atMost("digest", utf8.RuneCountInString(d.Digest), MaxDigest),
		atMost("source", len(d.SourceURL), MaxSource),
	}
	if d.SourceURL != "" {
		u, err := url.Parse(d.SourceURL)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			errs = append(errs, &FieldError{Field: "source", Err: errors.New("must be a whole http or https address")})
		}
	}
	if !d.hasBody {
		errs = append(errs, &FieldError{Field: "body", Err: ErrEmpty})
	}
	return errors.Join(errs...)
}

func need(field, value string) error {
	if strings.TrimSpace(value) == "" {
		return &FieldError{Field: field, Err: ErrEmpty}
	}
	return nil
}

func atMost(field string, count, limit int) error {
	if count > limit {
		return &FieldError{Field: field, Count: count, Limit: limit, Err: ErrTooLong}
	}
	return nil
}

// String names the document for a log line.
func (d *Document) String() string {
	keys := slices.Sorted(maps.Keys(d.Meta))
	return fmt.Sprintf("article.Document{%q, %d pictures, meta %v}", d.Title, len(d.pictures), keys)
}

// blockText is the raw text of a code or HTML block.
func (d *Document) blockText(n ast.Node) string {
	var b strings.Builder
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		b.Write(line.Value(d.source))
	}
	if h, ok := n.(*ast.HTMLBlock); ok && h.HasClosure() {
		b.Write(h.ClosureLine.Value(d.source))
	}
	return b.String()
}

// plain is the text of a node without its markup.
func (d *Document) plain(n ast.Node) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			if c.IsRaw() || n.Kind() == ast.KindCodeSpan {
				b.Write(c.Segment.Value(d.source))
			} else {
				b.WriteString(unescape(c.Segment.Value(d.source)))
			}
			if c.SoftLineBreak() || c.HardLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(c.Value)
		case *formula:
			b.WriteString("$" + c.tex + "$")
		case *ast.AutoLink:
			b.Write(c.Label(d.source))
		default:
			b.WriteString(d.plain(c))
		}
	}
	return b.String()
}

// line is where a node stands in the file, for notes; 0 when it is not known.
func (d *Document) line(n ast.Node) int {
	for ; n != nil; n = n.Parent() {
		if pos := start(n); pos >= 0 && pos <= len(d.source) {
			line, _ := slices.BinarySearch(d.newlines, pos)
			return d.offset + line + 1
		}
	}
	return 0
}

// start is where in the source a node begins, -1 when neither it nor what is in it says so.
func start(n ast.Node) int {
	switch n := n.(type) {
	case *ast.RawHTML:
		if n.Segments.Len() > 0 {
			return n.Segments.At(0).Start
		}
	case *ast.Text:
		return n.Segment.Start
	case *ast.Document:
		return -1
	}
	if pos := n.Pos(); pos >= 0 {
		return pos
	}
	if n.Type() == ast.TypeBlock && n.Lines() != nil && n.Lines().Len() > 0 {
		return n.Lines().At(0).Start
	}
	if c := n.FirstChild(); c != nil {
		return start(c)
	}
	return -1
}
