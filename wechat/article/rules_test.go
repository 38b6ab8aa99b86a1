package article_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/article"
)

// stored sends an article to an account in memory, whose filter is as strict as the platform's, and reads it back.
func stored(t *testing.T, md string) (article.Rendered, string) {
	t.Helper()
	_, c := account(t)
	out := render(t, md)
	cover, err := c.UploadMaterial(t.Context(), wechat.ImageMaterial, wechat.FileBytes("cover.png", pngOf(t, noise(4, 4, false))), nil)
	require.NoError(t, err)
	id, err := c.CreateDraft(t.Context(), wechat.Article{Title: "t", Content: out.HTML, Cover: cover.ID})
	require.NoError(t, err)
	draft, err := c.Draft(t.Context(), id)
	require.NoError(t, err)
	require.NoError(t, article.Verify(out.HTML, draft.Articles[0].Content), "the filter found something")
	return out, draft.Articles[0].Content
}

// What survives at WeChat and what does not, one rule a row: each text breaks the rule as written, and what the account
// then holds keeps it. has and hasNot are searched in the stored HTML, note in the notes.
func TestRules(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		md, has, hasNot, note string // regular expressions
	}{
		"style elements are stripped":                 {"<style>p{color:red}</style>\n\nx", `<p [^>]*>x</p>`, `color:red`, `line 1: <style> is left out`},
		"script elements are stripped":                {"a <script>alert(1)</script>", `>a`, `alert`, `line 1: <script> is left out`},
		"iframes are stripped":                        {"x\n\n<iframe src=\"https://v.example.com\"></iframe>", `>x<`, `v\.example`, `line 3: <iframe> is left out`},
		"link elements are stripped":                  {"x\n\n<link rel=stylesheet href=\"https://e.com/a.css\">", `>x<`, `a\.css`, `line 3: <link> is left out`},
		"class, id and event handlers are stripped":   {`<p class="lead" id="top" onclick="x()">a</p>`, `<p style="[^"]+">a</p>`, `lead|top|onclick`, ``},
		"div with blocks becomes section":             {"<div>\n\n# a\n\nb\n\n</div>\n\nc", `<section><p [^>]*>b</p></section>`, `<div`, ``},
		"position has no effect":                      {`<p style="position:absolute;color:#a33">a</p>`, `color:#a33`, `position`, `parts of a style`},
		"css variables have no effect":                {`<p style="--c:#a33;color:var(--c);margin:0">a</p>`, `margin:0`, `var\(|--c`, `parts of a style`},
		"calc with a variable has no effect":          {`<p style="width:calc(var(--w) + 1px);margin:0">a</p>`, `margin:0`, `calc`, `parts of a style`},
		"pseudo-elements and media queries":           {"<style>p::before{content:x}@media print{p{margin:0}}</style>\n\na", `>a</p>`, `before|@media`, `<style> is left out`},
		"an entity empties the style":                 {`<p style="font-family:&#39;PingFang SC&#39;;color:#a33">a</p>`, `font-family:PingFang SC;color:#a33`, `style=""|&#39;|&quot;`, ``},
		"no style is empty":                           {`<p style="">a <span style=" ; ">b</span></p>`, `<span>b</span>`, `style="[;\s]*"`, ``},
		"links out become numbered footnotes":         {"[a](https://e.com/1) and [b](https://e.com/2)", `>a</span><sup [^>]*>\[1\].*引用链接.*\[2\] b: https://e\.com/2`, `href`, `line 1: a link became a reference`},
		"links to articles of WeChat stay":            {"[a](https://mp.weixin.qq.com/s/AbC)", `<a href="https://mp\.weixin\.qq\.com/s/AbC"[^>]*>a</a>`, `引用链接`, ``},
		"pictures are on WeChat's hosts":              {"![a](https://e.com/a.png) ![b](b.png)", `<img src="https://mmbiz\.qpic\.cn/[^>]*pic1`, `e\.com|b\.png`, ``},
		"data-src is read as src":                     {`<img data-src="lazy.png">`, `<img src="https://mmbiz\.qpic\.cn/`, `data-src`, ``},
		"width and height go into the style":          {`<img src="a.png" width="120" height=80>`, `<img [^>]*style="[^"]*width:120px;height:80px"`, `width="|height="`, ``},
		"nested lists are flattened into sections":    {"- a\n  1. b\n     - c", `<ul [^>]*><li [^>]*>a<section [^>]*><section [^>]*><span [^>]*>1\.</span>b</section>`, `<ol|<ul.*<ul`, `line 2: a list inside a list|lines 2, 3`},
		"a nested list keeps its numbers":             {"1. a\n\n   3. b\n   4. c", `>3\.</span>b.*>4\.</span>c`, ``, ``},
		"no paragraph stands in a list item":          {"- a\n\n- b\n\n  c", `<li [^>]*>b<section`, `<li[^>]*>.*<p[ >]`, ``},
		"line breaks of code are br":                  {"```\na\nb\n```", `a<br>b`, `a\s+b`, ``},
		"leading spaces of code are nbsp":             {"```\na\n  b\n\tc\n```", `<br>&nbsp;&nbsp;b<br>&nbsp;&nbsp;&nbsp;&nbsp;c`, `<br> `, ``},
		"code scrolls sideways":                       {"```\na\n```", `<section style="[^"]*overflow-x:auto[^"]*"><code`, ``, ``},
		"tables have inline borders":                  {"|a|\n|-|\n|b|", `<th style="[^"]*border:1px[^"]*">a</th>.*<td style="[^"]*border:1px[^"]*">b</td>`, ``, ``},
		"tables scroll sideways":                      {"|a|\n|-|\n|b|", `<section style="[^"]*overflow-x:auto[^"]*"><table`, ``, ``},
		"tables of raw HTML have borders and scroll":  {"<table><tr><td>a</td></tr></table>", `<section style="[^"]*overflow-x:auto[^"]*"><table [^>]*>.*<td style="[^"]*border:1px[^"]*">a</td>.*</table></section>`, ``, ``},
		"a text that shows an empty style is no loss": {"`style=\"\"`", `style=&quot;&quot;`, `style=""`, ``},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, got := stored(t, tt.md)
			assert.Regexp(t, "(?s)"+tt.has, got)
			if tt.hasNot != "" {
				assert.NotRegexp(t, "(?s)"+tt.hasNot, got)
			}
			if tt.note == "" {
				assert.NotContains(t, strings.Join(out.Notes, "\n"), "left out")
			} else {
				assert.Regexp(t, tt.note, strings.Join(out.Notes, "\n"))
			}
			holds(t, got)
		})
	}
}

// One link may lead out of WeChat: the one behind 阅读原文.
func TestRuleSourceIsTheOneLinkOut(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	_, _, err := publisher(t, c, nil).Draft(t.Context(), []byte("---\ntitle: t\nsource: https://e.com/post\n---\n![](photo.png) [e](https://e.com)"), nil)
	require.NoError(t, err)
	a := srv.Drafts()[0].Articles[0]
	assert.Equal(t, "https://e.com/post", a.SourceURL)
	assert.NotContains(t, a.Content, "href")
}

// A cover is 2.35 to 1, and its middle is what a square shows.
func TestRuleCoverCrops(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	p := publisher(t, c, nil)
	_, report, err := p.Draft(t.Context(), []byte("# t\n\n![](photo.png)"), nil)
	require.NoError(t, err)
	fields := srv.Drafts()[0].Articles[0].Fields
	assert.JSONEq(t, `"0_0_1_1"`, string(fields["pic_crop_235_1"]))
	assert.JSONEq(t, `"0.287222_0_0.712778_1"`, string(fields["pic_crop_1_1"]))
	square := 900 * (0.712778 - 0.287222)
	assert.InDelta(t, article.CoverHeight, square, 1)

	_, _, err = p.Draft(t.Context(), []byte("# t\n\nx"), &article.DraftOptions{CoverID: report.Cover.ID})
	require.NoError(t, err)
	assert.NotContains(t, srv.Drafts()[1].Articles[0].Fields, "pic_crop_1_1", "what size an ID has is not known here")
}
