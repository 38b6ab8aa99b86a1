package main

import (
	"bytes"
	"net/url"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// The limits of what is rendered; what is beyond stays plain. The parser takes time by the square of brackets, links and depth:
// 256 KiB of nothing but either kept it busy for a minute (measured, goldmark 1.8.7).
const (
	maxMarkdown = 128 << 10 // bytes
	maxBrackets = 2000
	maxLinks    = 200
	maxDepth    = 50 // of quotations and lists within one line
)

// Markdown renders a model's Markdown as HTML that a page can take: the model is a stranger, and so is whoever wrote what
// it has read. HTML in it is shown as the text that it is, links lead to the web and to mail or are text, and pictures are
// links: one that loads by itself would tell its server whatever the model was talked into putting into the address.
type Markdown struct{ md goldmark.Markdown }

// NewMarkdown makes a renderer, which is safe for concurrent use.
func NewMarkdown() *Markdown {
	return &Markdown{goldmark.New(
		goldmark.WithExtensions(
			extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)), // a style would need a weaker policy
			extension.Strikethrough, extension.Linkify, extension.TaskList,
		),
		goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(links{}, 1000))),
		goldmark.WithRendererOptions(html.WithHardWraps(), renderer.WithNodeRenderers(util.Prioritized(rawAsText{}, 1))),
	)}
}

// Render returns the HTML of a Markdown text, "" for one that is beyond the limits.
func (m *Markdown) Render(markdown string) string {
	if len(markdown) > maxMarkdown || strings.Count(markdown, "[") > maxBrackets || strings.Count(markdown, "](") > maxLinks {
		return ""
	}
	for line := range strings.Lines(markdown) {
		if depth(line) > maxDepth {
			return ""
		}
	}
	var b bytes.Buffer
	if err := m.md.Convert([]byte(markdown), &b); err != nil {
		return ""
	}
	return b.String()
}

// depth is how many quotations and lists a line begins, at most.
func depth(line string) (n int) {
	for {
		line = strings.TrimLeft(line, " \t0123456789")
		if line == "" || !strings.ContainsRune(">-+*.)", rune(line[0])) {
			return n
		}
		line = line[1:]
		n++
	}
}

// links takes out every link that does not lead to the web or to mail, and makes links of pictures.
type links struct{}

func (links) Transform(doc *ast.Document, reader text.Reader, _ parser.Context) {
	var found []ast.Node
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n.(type) {
		case *ast.Link, *ast.Image, *ast.AutoLink:
			if entering {
				found = append(found, n)
			}
		}
		return ast.WalkContinue, nil
	})
	for _, n := range found {
		switch n := n.(type) {
		case *ast.Link:
			if !follows(n.Destination) || within(n, ast.KindLink) {
				unwrap(n, n.Destination)
				continue
			}
			away(n)
		case *ast.Image:
			if !follows(n.Destination) || within(n, ast.KindLink) {
				unwrap(n, n.Destination)
				continue
			}
			link := ast.NewLink()
			link.Destination, link.Title = n.Destination, n.Title
			away(link)
			moveChildren(n, link)
			if link.ChildCount() == 0 {
				link.AppendChild(link, literal(string(n.Destination)))
			}
			n.Parent().ReplaceChild(n.Parent(), n, link)
		case *ast.AutoLink:
			address := n.URL(reader.Source())
			if n.AutoLinkType == ast.AutoLinkURL && !follows(address) || within(n, ast.KindLink) {
				n.Parent().ReplaceChild(n.Parent(), n, literal(string(n.Label(reader.Source()))))
				continue
			}
			away(n)
		}
	}
}

// follows says whether a link may lead there. Relative ones do not: what is beside this page is no business of a model's.
func follows(destination []byte) bool {
	u, err := url.Parse(string(destination))
	if err != nil {
		return false
	}
	switch u.Scheme {
	case "http", "https":
		return u.Host != ""
	case "mailto":
		return true
	}
	return false
}

// away opens a link elsewhere, and tells that place nothing of this one.
func away(n ast.Node) {
	n.SetAttributeString("target", []byte("_blank"))
	n.SetAttributeString("rel", []byte("noopener noreferrer nofollow"))
}

// unwrap puts what a link says in its place, and where it would have led behind it, so that nothing is hidden.
func unwrap(n ast.Node, destination []byte) {
	parent := n.Parent()
	for c := n.FirstChild(); c != nil; {
		next := c.NextSibling()
		parent.InsertBefore(parent, n, c)
		c = next
	}
	parent.ReplaceChild(parent, n, literal(" ("+head(string(destination), 200)+")"))
}

// literal is text that says what it says: nothing in it is Markdown.
func literal(s string) *ast.String {
	n := ast.NewString([]byte(s))
	n.SetRaw(true)
	return n
}

func moveChildren(from, to ast.Node) {
	for c := from.FirstChild(); c != nil; {
		next := c.NextSibling()
		to.AppendChild(to, c)
		c = next
	}
}

func within(n ast.Node, kind ast.NodeKind) bool {
	for p := n.Parent(); p != nil; p = p.Parent() {
		if p.Kind() == kind {
			return true
		}
	}
	return false
}

// rawAsText writes HTML as the text that it is.
type rawAsText struct{}

func (rawAsText) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindRawHTML, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if raw, ok := n.(*ast.RawHTML); ok && entering {
			escape(w, raw.Segments, source)
		}
		return ast.WalkSkipChildren, nil
	})
	r.Register(ast.KindHTMLBlock, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		block, ok := n.(*ast.HTMLBlock)
		switch {
		case !ok:
		case entering:
			_, _ = w.WriteString("<pre>")
			escape(w, block.Lines(), source)
		default:
			if block.HasClosure() {
				_, _ = w.Write(util.EscapeHTML(block.ClosureLine.Value(source)))
			}
			_, _ = w.WriteString("</pre>\n")
		}
		return ast.WalkContinue, nil
	})
}

func escape(w util.BufWriter, lines *text.Segments, source []byte) {
	for i := range lines.Len() {
		segment := lines.At(i)
		_, _ = w.Write(util.EscapeHTML(segment.Value(source)))
	}
}

// Blocks follows Markdown as it grows, and says how much of it is whole blocks: what stands before the last blank line
// outside of a code fence.
type Blocks struct {
	line  int // where the line that is being written begins
	fence string
	whole int
}

// Grow looks at what has been added to the text, and returns how many of its bytes are whole blocks.
func (b *Blocks) Grow(all string) int {
	for {
		rest := all[b.line:]
		end := strings.IndexByte(rest, '\n')
		if end < 0 {
			return b.whole
		}
		line := strings.TrimSpace(rest[:end])
		b.line += end + 1
		switch mark := fence(line); {
		case b.fence != "":
			if strings.HasPrefix(line, b.fence) && strings.Trim(line, b.fence[:1]) == "" {
				b.fence = ""
			}
		case mark != "":
			b.fence = mark
		case line == "":
			b.whole = b.line
		}
	}
}

// fence is the run of marks with which a line begins or ends a block of code; "" if it does not.
func fence(line string) string {
	for _, mark := range []byte{'`', '~'} {
		n := len(line) - len(strings.TrimLeft(line, string(mark)))
		if n >= 3 && (mark == '~' || !slices.Contains([]byte(line[n:]), '`')) {
			return line[:n]
		}
	}
	return ""
}

// head is the first n runes of a text.
func head(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return text
}
