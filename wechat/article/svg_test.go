package article_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat/article"
)

// A drawing of plain shapes stays one: in a block with blank lines, in a paragraph, in a list, inside of raw HTML.
func TestSVG(t *testing.T) {
	t.Parallel()
	const css = `style="width:100%;max-width:100%"`
	for name, tt := range map[string]struct{ md, want, note string }{
		"plain":               {`<svg viewBox="0 0 9 9"><path d="M0 0h9" stroke="#808080"/></svg>`, `<svg viewBox="0 0 9 9" ` + css + ` fill="currentColor"><path d="M0 0h9" stroke="#808080"></path></svg>`, ""},
		"size into the style": {`<svg width="2.5ex" height="40" viewBox="0 0 9 9" style="vertical-align:-0.5ex"><path d="M0"/></svg>`, `<svg viewBox="0 0 9 9" style="width:2.5ex;height:40px;vertical-align:-0.5ex;max-width:100%" fill="currentColor"><path d="M0"></path></svg>`, ""},
		"blank lines":         {"a\n<svg>\n\n<g>\n<circle r=5 />\n\n</g>\n</svg>\n\nb", `<p>a</p><svg ` + css + ` fill="currentColor"><g><circle r="5"></circle></g></svg><p>b</p>`, ""},
		"in a paragraph":      {"a <svg fill=\"none\">\n<rect width=\"3\"/></svg> *b*", `<p>a <svg fill="none" ` + css + `><rect width="3"></rect></svg> <em>b</em></p>`, ""},
		"in a list":           {"- a\n\n  <svg>\n\n  <line x1=1 /></svg>", `<ul><li>a<svg ` + css + ` fill="currentColor"><line x1="1"></line></svg></li></ul>`, ""},
		"inside of raw HTML":  {"<div><svg><ellipse rx=1 /></svg></div>", `<section><svg ` + css + ` fill="currentColor"><ellipse rx="1"></ellipse></svg></section>`, ""},
		"one in the other":    {"<svg><svg x=1><path d=M0 /></svg></svg>", `<svg ` + css + ` fill="currentColor"><svg x="1"><path d="M0"></path></svg></svg>`, ""},
		"text":                {"<svg><text x=1>a <tspan>&lt;b></tspan></text> c</svg>", `<svg ` + css + ` fill="currentColor"><text x="1">a <tspan>&lt;b&gt;</tspan></text></svg>`, ""},
		"what draws nothing":  {`<svg xmlns="http://www.w3.org/2000/svg" id="a" class="b" role="img" data-x="1"><title>t</title><desc>d</desc><path id="p" d="M0"/></svg>`, `<svg ` + css + ` fill="currentColor"><path d="M0"></path></svg>`, ""},
		"a handler":           {`<svg><path d="M0" onclick="x()"/></svg>`, `<svg ` + css + ` fill="currentColor"><path d="M0"></path></svg>`, "line 1: onclick of <path>"},
		"a bad style":         {`<svg><path style="position:fixed;stroke:red" d="M0"/></svg>`, `<svg ` + css + ` fill="currentColor"><path style="stroke:red" d="M0"></path></svg>`, "line 1: parts of a style"},
		"dark ink":            {`<svg><path stroke="#111" d="M0"/></svg>`, `<svg ` + css + ` fill="currentColor"><path stroke="#111" d="M0"></path></svg>`, "line 1: an SVG keeps its colours in the dark mode"},
		"several, and text":   {"<svg><path d=M0 /></svg> a <svg><path d=M1 /></svg>", `<p><svg ` + css + ` fill="currentColor"><path d="M0"></path></svg> a <svg ` + css + ` fill="currentColor"><path d="M1"></path></svg></p>`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := article.Parse([]byte(tt.md))
			require.NoError(t, err)
			out, err := d.Render(article.RenderOptions{Theme: article.Theme{Name: "bare"}})
			require.NoError(t, err)
			assert.Equal(t, "<section>"+tt.want+"</section>", out.HTML)
			if tt.note == "" {
				assert.Empty(t, out.Notes)
			} else {
				assert.Contains(t, strings.Join(out.Notes, "\n"), tt.note)
			}
			holds(t, out.HTML)
			require.NoError(t, out.Verify(out.HTML))
		})
	}
}

// What WeChat would take out of a drawing is refused, all at once, each with its line and what to do.
func TestSVGRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		md   string
		want []string
	}{
		"gradient":       {"x\n\n<svg><defs><linearGradient id=\"g\"/></defs><rect fill=\"url(#g)\"/></svg>", []string{"line 3: <defs> in an SVG", "fill=\"url(#g)\" in an SVG", "plain fill"}},
		"use":            {"<svg><use href=\"#a\"/></svg>", []string{"line 1: <use> in an SVG", "fontCache none"}},
		"filter":         {"<svg><filter id=f></filter><path d=M0 /></svg>", []string{"<filter> in an SVG"}},
		"foreignObject":  {"<svg><foreignObject><p>a</p></foreignObject></svg>", []string{"<foreignObject> in an SVG", "as <text>"}},
		"animation":      {"<svg><circle r=1><animate attributeName=r /></circle></svg>", []string{"<animate> in an SVG", "GIF"}},
		"style":          {"<svg><style>path{fill:red}</style><path d=M0 /></svg>", []string{"<style> in an SVG", "on each shape"}},
		"image":          {"<svg><image href=\"https://e.com/a.png\"/></svg>", []string{"<image> in an SVG", "by itself"}},
		"script":         {"<svg><script>x()</script><path d=M0 /></svg>", []string{"<script> in an SVG"}},
		"link":           {"<svg><a href=\"https://e.com\"><path d=M0 /></a></svg>", []string{"<a> in an SVG"}},
		"nothing":        {"<svg></svg>", []string{"nothing is drawn"}},
		"does not end":   {"a\n\n<svg>\n<path>\n\nb", []string{"line 3: an SVG that does not end"}},
		"MathML":         {"a\n\n<math><mi>x</mi></math>", []string{"line 3: <math>", "write TeX"}},
		"MathML inline":  {"a <math><mi>x</mi></math>", []string{"line 1: <math>"}},
		"several things": {"<svg><use/></svg>\n\n<svg><mask/></svg>\n\n$x^2$\n", []string{"line 1: <use>", "line 3: <mask>", "line 5: the formula \"x^2\""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := article.Parse([]byte(tt.md))
			require.NoError(t, err)
			out, err := d.Render(article.RenderOptions{})
			require.ErrorIs(t, err, errors.ErrUnsupported)
			for _, want := range tt.want {
				require.ErrorContains(t, err, want)
			}
			bad, ok := errorAs[*article.MarkupError](err)
			require.True(t, ok)
			assert.Positive(t, bad.Line)
			assert.NotEmpty(t, bad.Hint)
			assert.Empty(t, out.HTML)
		})
	}
}

// An SVG file cannot be uploaded; the error names its line.
func TestSVGFileIsRefused(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	root := folder(t)
	root["a.svg"] = fileOf([]byte(`<svg xmlns="http://www.w3.org/2000/svg"><path d="M0"/></svg>`))
	p, err := article.New(article.Config{Client: c, Loader: article.Loader{FS: root}})
	require.NoError(t, err)
	_, _, err = p.Draft(t.Context(), []byte("---\ntitle: t\n---\nx\n\n![](a.svg)"), nil)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.ErrorContains(t, err, "line 6: picture a.svg (svg)")
	require.ErrorContains(t, err, "export it as PNG")
	assert.Empty(t, srv.Tokens())
}
