package article

import (
	"bytes"
	"html"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// TeXSource is a RenderOptions.Math that shows a formula as it is written: TeX between dollars, in the type of code.
func TeXSource(tex string, display bool) (string, error) {
	if display {
		return "<code>$$" + html.EscapeString(tex) + "$$</code>", nil
	}
	return "<code>$" + html.EscapeString(tex) + "$</code>", nil
}

// formula is TeX in the text: $…$, $$…$$, or a block between two lines $$.
type formula struct {
	ast.BaseInline

	tex     string
	display bool
}

// formulaBlock is a formula that stands by itself. Its lines are the TeX.
type formulaBlock struct {
	ast.BaseBlock

	closed bool
}

// drawing is what an SVG in a paragraph is: raw HTML, of which the whole is one node. As a block it is an HTML block.
type drawing struct {
	ast.BaseBlock

	depth int // <svg> that are open
}

func (*formula) Kind() ast.NodeKind      { return ast.KindString }
func (*formulaBlock) Kind() ast.NodeKind { return ast.KindCodeBlock }
func (*drawing) Kind() ast.NodeKind      { return ast.KindHTMLBlock }

// Dump is for goldmark's debugging.
func (n *formula) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

// Dump is for goldmark's debugging.
func (n *formulaBlock) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

// Dump is for goldmark's debugging.
func (n *drawing) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

// IsRaw keeps goldmark from looking for Markdown in a formula.
func (*formulaBlock) IsRaw() bool { return true }

// IsRaw keeps goldmark from looking for Markdown in a drawing.
func (*drawing) IsRaw() bool { return true }

// beyond is what an article may hold beyond Markdown: formulas, and drawings that a blank line does not end.
type beyond struct{}

func (beyond) Extend(m goldmark.Markdown) {
	m.Parser().AddOptions(
		parser.WithBlockParsers(util.Prioritized(formulaBlocks{}, 650), util.Prioritized(drawings{}, 850)),
		parser.WithInlineParsers(util.Prioritized(formulas{}, 150), util.Prioritized(inlineDrawings{}, 350)),
	)
}

type formulas struct{}

func (formulas) Trigger() []byte { return []byte{'$'} }

func (formulas) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	if before := block.PrecendingCharacter(); before == '$' || before < 0x80 && wordByte(byte(before)) {
		return nil
	}
	line, _ := block.PeekLine()
	if tex, n := displayed(line); n > 0 {
		block.Advance(n)
		return &formula{tex: tex, display: true}
	}
	tex, n := inlineTeX(line)
	if n == 0 {
		return nil
	}
	block.Advance(n)
	return &formula{tex: tex}
}

func displayed(line []byte) (tex string, n int) {
	rest, ok := bytes.CutPrefix(line, []byte("$$"))
	end := bytes.Index(rest, []byte("$$"))
	if !ok || end < 0 {
		return "", 0
	}
	tex = strings.TrimSpace(string(rest[:end]))
	if tex == "" || strings.Contains(tex, "$") {
		return "", 0
	}
	return tex, end + 4
}

// inlineTeX is what stands between two dollars, if that is a formula and not two sums of money or two variables of a
// shell: no space inside of either dollar, no letter or digit behind the second, and something in it that only
// mathematics has, or a single letter.
func inlineTeX(line []byte) (tex string, n int) {
	if len(line) < 3 || line[1] == ' ' || line[1] == '\t' || line[1] == '$' {
		return "", 0
	}
	for i := 1; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
			continue
		case '$':
		default:
			continue
		}
		if line[i-1] == ' ' || i+1 < len(line) && (wordByte(line[i+1]) || line[i+1] == '{' || line[i+1] == '(') {
			return "", 0
		}
		tex = string(line[1:i])
		letter := len(tex) == 1 && ('a' <= tex[0]|0x20 && tex[0]|0x20 <= 'z')
		if !letter && !strings.ContainsAny(tex, `\^_{=`) {
			return "", 0
		}
		return tex, i + 1
	}
	return "", 0
}

func wordByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' || c == '\\'
}

type formulaBlocks struct{}

func (formulaBlocks) Trigger() []byte { return []byte{'$'} }

func (formulaBlocks) Open(_ ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	pos := pc.BlockOffset()
	if pos < 0 || !bytes.HasPrefix(line[pos:], []byte("$$")) {
		return nil, parser.NoChildren
	}
	n := &formulaBlock{}
	from := pos + 2
	rest := bytes.TrimRight(line[from:], " \t\n")
	switch end := bytes.Index(rest, []byte("$$")); {
	case end >= 0 && end+2 == len(rest) && len(bytes.TrimSpace(rest[:end])) > 0:
		rest, n.closed = rest[:end], true
	case end >= 0, !bytes.Contains(reader.Source()[segment.Stop:], []byte("$$")):
		return nil, parser.NoChildren // there is more in this line, or it never ends
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		at := segment.Start - segment.Padding + from
		stop := segment.Stop
		if n.closed {
			stop = at + len(rest)
		}
		n.Lines().Append(text.NewSegment(at, stop))
	}
	reader.AdvanceToEOL()
	return n, parser.NoChildren
}

func (formulaBlocks) Continue(node ast.Node, reader text.Reader, _ parser.Context) parser.State {
	n, ok := node.(*formulaBlock)
	if !ok || n.closed {
		return parser.Close
	}
	line, segment := reader.PeekLine()
	if rest := bytes.TrimRight(line, " \t\n"); bytes.HasSuffix(rest, []byte("$$")) {
		n.closed = true
		if rest = rest[:len(rest)-2]; len(bytes.TrimSpace(rest)) > 0 {
			n.Lines().Append(text.NewSegmentPadding(segment.Start, max(segment.Start, segment.Start-segment.Padding+len(rest)), segment.Padding))
		}
		reader.AdvanceToEOL()
		return parser.Close
	}
	n.Lines().Append(segment)
	reader.AdvanceToEOL()
	return parser.Continue | parser.NoChildren
}

func (formulaBlocks) Close(ast.Node, text.Reader, parser.Context) {}
func (formulaBlocks) CanInterruptParagraph() bool                 { return true }
func (formulaBlocks) CanAcceptIndentedLine() bool                 { return false }

type drawings struct{}

func (drawings) Trigger() []byte { return []byte{'<'} }

func (drawings) Open(_ ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	pos := pc.BlockOffset()
	if pos < 0 || !opensSVG(line[pos:]) || !bytes.Contains(bytes.ToLower(reader.Source()[segment.Start:]), []byte("</svg")) {
		return nil, parser.NoChildren
	}
	n := &drawing{depth: svgDepth(line)}
	if end, _ := svgEnd(line, 0); end >= 0 && len(bytes.TrimSpace(line[end:])) > 0 {
		return nil, parser.NoChildren // a paragraph that begins with a drawing
	}
	n.Lines().Append(segment)
	reader.AdvanceToEOL()
	return n, parser.NoChildren
}

func (drawings) Continue(node ast.Node, reader text.Reader, _ parser.Context) parser.State {
	n, ok := node.(*drawing)
	if !ok || n.depth <= 0 {
		return parser.Close
	}
	line, segment := reader.PeekLine()
	n.depth += svgDepth(line)
	n.Lines().Append(segment)
	reader.AdvanceToEOL()
	if n.depth <= 0 {
		return parser.Close
	}
	return parser.Continue | parser.NoChildren
}

func (drawings) Close(ast.Node, text.Reader, parser.Context) {}
func (drawings) CanInterruptParagraph() bool                 { return true }
func (drawings) CanAcceptIndentedLine() bool                 { return false }

func opensSVG(line []byte) bool {
	return len(line) > 4 && bytes.EqualFold(line[:4], []byte("<svg")) && strings.IndexByte(" \t\n/>", line[4]) >= 0
}

// svgEnd is where in a line the outermost of the drawings ends that are open, and how many are open at its end.
func svgEnd(line []byte, depth int) (end, open int) {
	for at := range line {
		switch {
		case opensSVG(line[at:]):
			depth++
		case bytes.HasPrefix(bytes.ToLower(line[at:min(len(line), at+5)]), []byte("</svg")):
			if stop := bytes.IndexByte(line[at:], '>'); stop >= 0 {
				if depth--; depth <= 0 {
					return at + stop + 1, 0
				}
			}
		}
	}
	return -1, depth
}

func svgDepth(line []byte) int {
	low := bytes.ToLower(line)
	return bytes.Count(low, []byte("<svg")) - bytes.Count(low, []byte("</svg"))
}

type inlineDrawings struct{}

func (inlineDrawings) Trigger() []byte { return []byte{'<'} }

// Parse takes a whole <svg>…</svg> in a paragraph, as the one piece of raw HTML that it is.
func (inlineDrawings) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, segment := block.PeekLine()
	if !opensSVG(line) {
		return nil
	}
	n := ast.NewRawHTML()
	l, pos := block.Position()
	for depth := 0; line != nil; line, segment = block.PeekLine() {
		var end int
		if end, depth = svgEnd(line, depth); end >= 0 {
			n.Segments.Append(segment.WithStop(segment.Start - segment.Padding + end))
			block.Advance(end)
			return n
		}
		n.Segments.Append(segment)
		block.AdvanceLine()
	}
	block.SetPosition(l, pos)
	return nil
}
