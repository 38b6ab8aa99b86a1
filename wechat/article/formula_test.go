package article_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat/article"
)

// marked shows what was taken for a formula: i for one in a line, d for one that stands by itself.
func marked(tex string, display bool) (string, error) {
	kind := "i"
	if display {
		kind = "d"
	}
	return fmt.Sprintf("<em>%s:%s</em>", kind, strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(tex)), nil
}

func TestFormulas(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ md, want string }{
		"in a line":               {"a $x^2$, b", "<p>a <em>i:x^2</em>, b</p>"},
		"beside Chinese":          {"由$a_1$得", "<p>由<em>i:a_1</em>得</p>"},
		"a letter":                {"let $n$ be", "<p>let <em>i:n</em> be</p>"},
		"no Markdown in it":       {"$a_1*b_2*c$ and *d*", "<p><em>i:a_1*b_2*c</em> and <em>d</em></p>"},
		"less than":               {"$a_1<b$", "<p><em>i:a_1&lt;b</em></p>"},
		"a dollar in it":          {`$\$_1$`, `<p><em>i:\$_1</em></p>`},
		"two dollars in a line":   {"a $$x$$ b", "<p>a <span><em>i:x</em></span> b</p>"},
		"a block":                 {"a\n$$\nx\n\n*y*\n$$\nb", "<p>a</p><section><em>d:x\n\n*y*</em></section><p>b</p>"},
		"a block in one line":     {"$$ x+y $$", "<section><em>d:x+y</em></section>"},
		"a block in a quote":      {"> $$\n> x\n> $$\n>\n> b", "<blockquote><section><em>d:x</em></section><p>b</p></blockquote>"},
		"text around the dollars": {"$$x\ny$$\n\nz", "<section><em>d:x\ny</em></section><p>z</p>"},
		"a block of code":         {"```math\nx^2\n```", "<section><em>d:x^2</em></section>"},
		"other code":              {"```latex\nx^2\n```", "<section><code>x^2</code></section>"},
		"money":                   {"from $5 to $6, US$7_8$9", "<p>from $5 to $6, US$7_8$9</p>"},
		"variables":               {"$PATH:$HOME, $a and $b, ${x} $f(x_1)", "<p>$PATH:$HOME, $a and $b, ${x} $f(x_1)</p>"},
		"escaped":                 {`\$x^2\$`, "<p>$x^2$</p>"},
		"code":                    {"`$x^2$`", "<p><code>$x^2$</code></p>"},
		"not closed":              {"$$\nx\n\nb", "<p>$$ x</p><p>b</p>"},
		"empty":                   {"a $$ b $$$$ c", "<p>a <span><em>i:b</em></span>$$ c</p>"},
		"in a title that stays":   {"# t\n\n## a $x^2$", "<h2>a <em>i:x^2</em></h2>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := article.Parse([]byte(tt.md))
			require.NoError(t, err)
			out, err := d.Render(article.RenderOptions{Math: marked})
			require.NoError(t, err)
			assert.Equal(t, tt.want, bare(out.HTML))
			holds(t, out.HTML)
		})
	}
	d, err := article.Parse([]byte("# Why $x^2$ grows\n\na"))
	require.NoError(t, err)
	assert.Equal(t, "Why $x^2$ grows", d.Title)
}

// Without a function a formula is refused, with its line and what to do; TeXSource shows it as it is written.
func TestFormulaWithoutMath(t *testing.T) {
	t.Parallel()
	const md = "---\ntitle: t\n---\na\n\nb $x^2$\n\n$$\ny\n$$\n"
	d, err := article.Parse([]byte(md))
	require.NoError(t, err)
	_, err = d.Render(article.RenderOptions{})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.ErrorContains(t, err, `line 6: the formula "x^2"`)
	require.ErrorContains(t, err, `line 8: the formula "y"`)
	require.ErrorContains(t, err, `write \$ for a dollar`)

	out, err := d.Render(article.RenderOptions{Math: article.TeXSource})
	require.NoError(t, err)
	assert.Equal(t, "<p>a</p><p>b <code>$x^2$</code></p><section><code>$$y$$</code></section>", bare(out.HTML))
	assert.Equal(t, []string{"lines 6, 8: a formula stays as its source"}, out.Notes)

	_, c := account(t)
	_, _, err = publisher(t, c, nil).Draft(t.Context(), []byte(md+"\n![](photo.png)"), nil)
	require.ErrorContains(t, err, `line 6: the formula "x^2"`)
}

// What a function may give: a drawing as MathJax writes it, a picture, text; the rest is an error with the line.
func TestMath(t *testing.T) {
	t.Parallel()
	render := func(html string, err error) (article.Rendered, error) {
		d, perr := article.Parse([]byte("a\n\n$x^2$"))
		require.NoError(t, perr)
		return d.Render(article.RenderOptions{Theme: article.Theme{Name: "bare"}, Math: func(string, bool) (string, error) { return html, err }})
	}
	for name, tt := range map[string]struct{ html, want string }{
		"MathJax": {
			`<mjx-container class="MathJax" jax="SVG"><svg style="vertical-align: -0.025ex;" xmlns="http://www.w3.org/2000/svg" width="2.282ex" height="1.912ex" role="img" focusable="false" viewBox="0 -833.9 1008.6 844.9"><g stroke="currentColor" fill="currentColor" stroke-width="0" transform="scale(1,-1)"><g data-mml-node="math"><path data-c="1D465" d="M52 289Q59 331"></path></g></g></svg><mjx-assistive-mml><math><mi>x</mi></math></mjx-assistive-mml></mjx-container>`,
			`<svg viewBox="0 -833.9 1008.6 844.9" style="vertical-align:-0.025ex;width:2.282ex;height:1.912ex;max-width:100%" fill="currentColor"><g stroke="currentColor" fill="currentColor" stroke-width="0" transform="scale(1,-1)"><g><path d="M52 289Q59 331"></path></g></g></svg>`,
		},
		"picture": {`<img src="http://mmbiz.qpic.cn/f/0" alt="x" style="width:2em;position:fixed">`, `<img src="https://mmbiz.qpic.cn/f/0" alt="x" style="width:2em">`},
		"text":    {`<i>x</i><sup style="color:#333">2</sup>`, `<i>x</i><sup style="color:#333">2</sup>`},
	} {
		out, err := render(tt.html, nil)
		require.NoError(t, err, name)
		assert.Equal(t, "<section><p>a</p><p>"+tt.want+"</p></section>", out.HTML, name)
	}
	for name, html := range map[string]string{
		"line 3: <math>":        `<math><mi>x</mi></math>`,
		"line 3: <use>":         `<svg><use href="#a"/></svg>`,
		"line 3: <div>":         `<div>x</div>`,
		"picture https://e.com": `<img src="https://e.com/f.png">`,
	} {
		_, err := render(html, nil)
		require.ErrorContains(t, err, name)
	}
	down := errors.New("renderer down")
	_, err := render("", down)
	require.ErrorIs(t, err, down)
	require.NotErrorIs(t, err, errors.ErrUnsupported)
	require.ErrorContains(t, err, `line 3: the formula "x^2": renderer down`)
}
