package article_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/kitroll/kitroll/wechat/article"
)

// What survives at WeChat, row by row, and what becomes of the rest.
func TestRender(t *testing.T) {
	t.Parallel()
	const img = `<img src="https://mmbiz.qpic.cn/mmbiz_png/pic0/0?wx_fmt=png&amp;from=appmsg"`
	for name, tt := range map[string]struct {
		md, want string
		note     string
	}{
		"emphasis":            {"a **b** *c* ~~d~~ `e`", "<p>a <strong>b</strong> <em>c</em> <del>d</del> <code>e</code></p>", ""},
		"escapes":             {`a < b & c \*d\* &lt;e&gt; &copy; &#x4f60;`, "<p>a &lt; b &amp; c *d* &lt;e&gt; © 你</p>", ""},
		"hard break":          {"a  \nb\\\nc", "<p>a<br>b<br>c</p>", ""},
		"chinese line break":  {"你好\n世界，\nGo 与\nGo\n很 **好**\n的", "<p>你好世界，Go 与 Go 很 <strong>好</strong>的</p>", ""},
		"headings":            {"## a\n###### b", "<h2>a</h2><h6>b</h6>", ""},
		"quote":               {"> a\n>\n> > b", "<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote>", ""},
		"rule":                {"a\n\n---\n\nb", "<p>a</p><hr><p>b</p>", ""},
		"article link stays":  {"[a](https://mp.weixin.qq.com/s/X) [b](http://mp.weixin.qq.com/s?__biz=M&mid=1)", `<p><a href="https://mp.weixin.qq.com/s/X">a</a> <a href="https://mp.weixin.qq.com/s?__biz=M&amp;mid=1">b</a></p>`, ""},
		"lookalike link":      {"[a](https://mp.weixin.qq.com.evil.com/s/X)", "<p><span>a</span><sup>[1]</sup></p><section><section>引用链接</section><section>[1] a: https://mp.weixin.qq.com.evil.com/s/X</section></section>", "became a reference"},
		"link with a user":    {"[a](https://u:p@mp.weixin.qq.com/s/X)", "<p><span>a</span><sup>[1]</sup></p><section><section>引用链接</section><section>[1] a: https://u:p@mp.weixin.qq.com/s/X</section></section>", "became a reference"},
		"no article":          {"[a](https://mp.weixin.qq.com/mp/x)", "<p><span>a</span><sup>[1]</sup></p><section><section>引用链接</section><section>[1] a: https://mp.weixin.qq.com/mp/x</section></section>", "became a reference"},
		"links are numbered":  {"[a](https://e.com/1) [b](https://e.com/2) [c](https://e.com/1)", "<p><span>a</span><sup>[1]</sup> <span>b</span><sup>[2]</sup> <span>c</span><sup>[1]</sup></p><section><section>引用链接</section><section>[1] a: https://e.com/1</section><section>[2] b: https://e.com/2</section></section>", "became a reference"},
		"bare link":           {"https://e.com/a?b&c", "<p><span>https://e.com/a?b&amp;c</span></p>", "stays as text"},
		"mail":                {"<a@e.com> [mir](mailto:b@e.com)", "<p>a@e.com mir (b@e.com)</p>", ""},
		"script link":         {"[a](javascript:alert(1))", "<p>a</p>", "leads nowhere"},
		"relative link":       {"[a](other.md)", "<p>a</p>", "leads nowhere"},
		"picture alone":       {`![alt](a.png "cap")`, "<section>" + img + ` alt="alt"><section>cap</section></section>`, ""},
		"picture in text":     {"x ![](a.png)", "<p>x " + img + "></p>", ""},
		"picture with a link": {"[![i](a.png)](https://e.com)", "<p><span>" + img + ` alt="i"></span><sup>[1]</sup></p><section><section>引用链接</section><section>[1] i: https://e.com</section></section>`, "became a reference"},
		"upper-case scheme":   {"![](HTTP://mmbiz.qlogo.cn/x/0) [a](HTTP://mp.weixin.qq.com/s/X)", `<p><img src="https://mmbiz.qlogo.cn/x/0"> <a href="https://mp.weixin.qq.com/s/X">a</a></p>`, ""},
		"picture at wechat":   {"![](http://mmbiz.qlogo.cn/x/0)", `<section><img src="https://mmbiz.qlogo.cn/x/0"></section>`, ""},
		"list":                {"- a\n- b", "<ul><li>a</li><li>b</li></ul>", ""},
		"ordered list":        {"1. a\n2. b", "<ol><li>a</li><li>b</li></ol>", ""},
		"list from 3":         {"3. a\n4. b", "<section><section><span>3.</span>a</section><section><span>4.</span>b</section></section>", ""},
		"loose list":          {"- a\n\n- b\n\n  c", "<ul><li>a</li><li>b<section>c</section></li></ul>", ""},
		"nested list":         {"- a\n  1. b\n  2. c\n     - d", "<ul><li>a<section><section><span>1.</span>b</section><section><span>2.</span>c</section><section><section><section><span>▪</span>d</section></section></section></section></li></ul>", "indented lines"},
		"list in a quote":     {"> - a\n>   - b", "<blockquote><ul><li>a<section><section><span>◦</span>b</section></section></li></ul></blockquote>", "indented lines"},
		"tasks":               {"- [x] a\n- [ ] b", "<section><section><span>☑</span>a</section><section><span>☐</span>b</section></section>", ""},
		"ordered tasks":       {"1. [x] a", "<section><section><span>1. ☑</span>a</section></section>", ""},
		"code in an item":     {"- a\n\n      b", "<ul><li>a<section><code>b</code></section></li></ul>", ""},
		"code":                {"```go\nif a {\n\tb  c\n}\n\n```", "<section><code>if a {<br>&nbsp;&nbsp;&nbsp;&nbsp;b&nbsp;&nbsp;c<br>}</code></section>", ""},
		"quotes":              {"style=\"\" `class=\"x\"` ![a \"b\"](a.png)", "<p>style=&quot;&quot; <code>class=&quot;x&quot;</code> " + img + ` alt="a &quot;b&quot;"></p>`, ""},
		"code is no markup":   {"```\n<b>&amp; **x**\n```", "<section><code>&lt;b&gt;&amp;amp; **x**</code></section>", ""},
		"one leading space":   {"```\n a\nb c \n```", "<section><code>&nbsp;a<br>b c&nbsp;</code></section>", ""},
		"tab stops":           {"```\na\tb\n中文\tc\n```", "<section><code>a&nbsp;&nbsp;&nbsp;b<br>中文&nbsp;&nbsp;c</code></section>", ""},
		"mermaid":             {"```mermaid\ngraph\n```", "<section><code>graph</code></section>", "mermaid is not rendered"},
		"table":               {"a|b\n:-|-:\n1|2", "<section><table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table></section>", ""},
		"table head only":     {"a|b\n-|-", "<section><table><thead><tr><th>a</th><th>b</th></tr></thead></table></section>", ""},
		"footnote":            {"a[^x]\n\n[^x]: b *c*\n\n    d", "<p>a<sup>[注1]</sup></p><section><section>注释</section><section>[注1] b <em>c</em></section><section>d</section></section>", ""},
		"money is no math":    {"from $5 to $6", "<p>from $5 to $6</p>", ""},
		"div":                 {"<div class=\"a\" id=b onclick=\"x()\">\n\n**c**\n\n</div>", "<section><p><strong>c</strong></p></section>", ""},
		"div inline":          {"a <div>b</div> c", "<p>a <span>b</span> c</p>", ""},
		"script":              {"<script>\nalert(1)\n</script>\n\nx", "<p>x</p>", "<script> is left out"},
		"script inline":       {"a <script>alert(1)</script> b", "<p>a  b</p>", "<script> is left out"},
		"script not closed":   {"a <script>alert(1) **b**", "<p>a </p>", "<script> is left out"},
		"style element":       {"<style>p{color:red}</style>\n\nx", "<p>x</p>", "<style> is left out"},
		"iframe":              {"<iframe src=\"https://e.com\"></iframe>\n\nx", "<p>x</p>", "<iframe> is left out"},
		"unknown element":     {"a <blink>b</blink>", "<p>a b</p>", "<blink> is left out"},
		"comment":             {"a <!-- b --> c", "<p>a  c</p>", ""},
		"not closed":          {"<div>\n\na\n\n> <b>b\n\nc", "<section><p>a</p><blockquote><p><strong>b</strong></p></blockquote><p>c</p></section>", ""},
		"stray end":           {"a</section></div></p>b", "<p>ab</p>", ""},
		"stray end block":     {"a\n\n</section></section>\n\nb", "<p>a</p><p>b</p>", ""},
		"p in p":              {"<p>a<p>b</p>", "<p>a</p><p>b</p>", ""},
		"markdown in raw p":   {"<p>\n\na\n\n</p>", "<p></p><p>a</p>", ""},
		"raw list":            {"<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>", ""},
		"raw table":           {"<table><tr><td colspan=2 onclick=x>a</table>", `<section><table><tbody><tr><td colspan="2">a</td></tr></tbody></table></section>`, ""},
		"raw table and text":  {"<table><tr><td>a</table>\n<p>b</p>", "<section><table><tbody><tr><td>a</td></tr></tbody></table></section><p>b</p>", ""},
		"raw pre":             {"<pre>\na\n  b\n</pre>", "<section>a<br>&nbsp;&nbsp;b</section>", ""},
		"raw link":            {`a <a href="https://e.com">b *c*</a> d`, "<p>a <span>b <em>c</em></span><sup>[1]</sup> d</p><section><section>引用链接</section><section>[1] b c: https://e.com</section></section>", "became a reference"},
		"raw picture":         {`<img src="a.png" alt="x&quot;y" class="c" onerror="e()">`, img + ` alt="x&quot;y">`, ""},
		"controls":            {"a\x01b\u2028c\ufeffd", "<p>abcd</p>", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := render(t, tt.md)
			assert.Equal(t, tt.want, bare(out.HTML))
			if tt.note == "" {
				assert.NotContains(t, strings.Join(out.Notes, "\n"), "left out")
			} else {
				assert.Contains(t, strings.Join(out.Notes, "\n"), tt.note)
			}
			holds(t, out.HTML)
		})
	}
}

// survives are the attributes that an element may have.
func survives(tag, attr string) bool {
	switch attr {
	case "style":
		return true
	case "src", "alt":
		return tag == "img"
	case "href":
		return tag == "a"
	case "colspan", "rowspan":
		return tag == "td" || tag == "th"
	}
	return slices.Contains([]string{"svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan"}, tag) &&
		!strings.HasPrefix(attr, "on") && !slices.Contains([]string{"id", "class", "href", "xlink:href", "filter", "mask"}, attr)
}

// holds checks what must be true of every result, of the HTML as it is read and of its bytes: nobody who searches them
// for an element or an empty style may find one, be it text.
func holds(tb testing.TB, source string) {
	tb.Helper()
	low := strings.ToLower(source)
	for _, bad := range []string{"<script", "<style", "<iframe", "<link", "<div", "<use", "<defs", "<foreignobject", "<animate", "<math", "<!--", `style=""`, `class="`} {
		require.NotContains(tb, low, bad)
	}
	var open []string
	z := html.NewTokenizer(strings.NewReader(source))
	for z.Next() != html.ErrorToken {
		raw := string(z.Raw()) // before Token, which works in the same bytes
		token := z.Token()
		switch token.Type {
		case html.TextToken:
			require.NotContains(tb, raw, `"`, "a quote in a text is an entity")
		case html.EndTagToken:
			require.NotEmpty(tb, open, "balanced")
			require.Equal(tb, open[len(open)-1], token.Data, "balanced")
			open = open[:len(open)-1]
		case html.StartTagToken:
			if !slices.Contains([]string{"br", "hr", "img"}, token.Data) {
				open = append(open, token.Data)
			}
			holdsTag(tb, token)
		default:
			require.Fail(tb, "neither text nor element", raw)
		}
	}
	require.Empty(tb, open, "balanced")
}

func holdsTag(tb testing.TB, token html.Token) {
	tb.Helper()
	var src string
	for _, a := range token.Attr {
		require.True(tb, survives(token.Data, a.Key), "%s of %s", a.Key, token.Data)
		switch a.Key {
		case "style":
			require.NotRegexp(tb, `(?i)^[\s;]*$|['"&<>\\]|position\s*:|url\(|var\(`, a.Val)
		case "src":
			src = a.Val
		case "href":
			require.Regexp(tb, `^https://mp\.weixin\.qq\.com/s\b`, a.Val)
		}
	}
	if token.Data == "img" {
		require.Regexp(tb, `^https://mmbiz\.(qpic|qlogo)\.cn/`, src)
	}
}

// Trap 29: an entity or a quote inside a style empties the whole attribute.
func TestStyles(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ css, want string }{
		"kept":            {"color:red; margin:0", "color:red;margin:0"},
		"font quotes":     {"font-family:'PingFang SC',&quot;Arial&quot;", "font-family:PingFang SC,Arial"},
		"position":        {"position:fixed;color:red", "color:red"},
		"url":             {"background:url(https://e.com/x.png);color:red", "color:red"},
		"variable":        {"--x:1;color:var(--x);margin:0", "margin:0"},
		"expression":      {"width:expression(alert(1));margin:0", "margin:0"},
		"quote elsewhere": {"content:'x';margin:0", "margin:0"},
		"ampersand":       {"color:red&amp;amp;;margin:0", "margin:0"},
		"escape":          {`color:\72 ed;margin:0`, "margin:0"},
		"nonsense":        {"nonsense;margin:0", "margin:0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := article.Parse([]byte(`a <span style="` + tt.css + `">b</span>`))
			require.NoError(t, err)
			out, err := d.Render(article.RenderOptions{Theme: article.Theme{Name: "bare"}})
			require.NoError(t, err)
			assert.Equal(t, `<section><p>a <span style="`+tt.want+`">b</span></p></section>`, out.HTML)
			assert.Equal(t, name != "kept" && name != "font quotes", len(out.Notes) == 1)
		})
	}
}

func TestRenderNeedsPictures(t *testing.T) {
	t.Parallel()
	d, err := article.Parse([]byte("![](a.png) x ![](https://r2.example.com/b.png?X-Sig=SECRET) <img src=c.png>"))
	require.NoError(t, err)
	_, err = d.Render(article.RenderOptions{Pictures: map[string]string{
		"a.png": "https://mmbiz.qpic.cn/a/0", "c.png": "https://mmbiz.qpic.cn.evil.com/c/0",
	}})
	require.ErrorIs(t, err, article.ErrNotUploaded)
	require.ErrorContains(t, err, "r2.example.com/b.png")
	require.ErrorContains(t, err, "c.png")
	require.NotContains(t, err.Error(), "a.png")
	require.NotContains(t, err.Error(), "SECRET")
}

// Every wrapper of blocks becomes a <section>, the one that keeps its looks.
func TestRawWrappers(t *testing.T) {
	t.Parallel()
	for _, tag := range []string{
		"div", "section", "article", "main", "header", "footer", "aside", "nav", "center", "figure", "figcaption", "details",
		"summary", "dl", "dt", "dd", "address",
	} {
		assert.Equal(t, "<section>a</section>", body(t, "<"+tag+">a</"+tag+">"), tag)
	}
	for _, tag := range []string{"script", "style", "iframe", "object", "canvas", "video", "audio", "template", "textarea", "select", "button"} {
		out := render(t, "x\n\n<div><"+tag+">a</"+tag+"></div>")
		assert.Equal(t, "<p>x</p><section></section>", bare(out.HTML), tag)
		assert.Contains(t, strings.Join(out.Notes, ""), "<"+tag+">")
	}
}

func TestRenderNothing(t *testing.T) {
	t.Parallel()
	for _, md := range []string{"# only a title", "<script>y</script>", "[^2]: only a note", "<b></b>"} {
		d, err := article.Parse([]byte(md))
		require.NoError(t, err)
		_, err = d.Render(article.RenderOptions{})
		require.ErrorIs(t, err, article.ErrEmpty, md)
	}
}

func TestHighlight(t *testing.T) {
	t.Parallel()
	d, err := article.Parse([]byte("```go\nx\n```\n\n```txt\ny\n```"))
	require.NoError(t, err)
	out, err := d.Render(article.RenderOptions{
		Theme: article.Theme{Name: "bare"},
		Highlight: func(lang, code string) (string, bool) {
			assert.NotContains(t, code, "<")
			return "<pre class=\"chroma\"><span class=\"k\" style=\"color:#a00\">if  x</span>\n\t<span style=\"position:fixed\">a &lt; b</span><img src=x></b>\n</pre>", lang == "go"
		},
	})
	require.NoError(t, err)
	assert.Equal(t, `<section><section><code><span style="color:#a00">if&nbsp;&nbsp;x</span><br>&nbsp;&nbsp;&nbsp;&nbsp;<span>a &lt; b</span></code></section><section><code>y</code></section></section>`, out.HTML)
	assert.Contains(t, strings.Join(out.Notes, "\n"), "<img> of the highlighter")
	assert.Contains(t, strings.Join(out.Notes, "\n"), "inline styles")
}

func TestRenderLimits(t *testing.T) {
	t.Parallel()
	long := render(t, strings.Repeat("字", article.AdvisedContent))
	assert.Contains(t, strings.Join(long.Notes, "\n"), "officially the platform takes 20000")
	d, err := article.Parse([]byte(strings.Repeat("字", 350_000)))
	require.NoError(t, err)
	_, err = d.Render(article.RenderOptions{})
	require.ErrorIs(t, err, article.ErrTooLong)
	bare := article.RenderOptions{Theme: article.Theme{Name: "bare"}}
	room := article.MaxContent - len("<section><p></p></section>") - 1
	for over := range 2 {
		d, err = article.Parse([]byte(strings.Repeat("a", room+over)))
		require.NoError(t, err)
		out, err := d.Render(bare)
		assert.Equal(t, over == 1, errors.Is(err, article.ErrTooLong))
		assert.Len(t, out.HTML, (1-over)*(article.MaxContent-1))
	}
	d, err = article.Parse([]byte(strings.Repeat("> ", 600) + "x"))
	require.NoError(t, err)
	_, err = d.Render(article.RenderOptions{})
	require.Error(t, err, "nested too deeply is an error and no panic")
}

func TestNotesHaveLines(t *testing.T) {
	t.Parallel()
	out := render(t, "---\ntitle: t\n---\n[a](https://e.com)\n\nx\n\n[b](https://e.com/b)\n\n<script></script>\n")
	assert.Equal(t, []string{
		"lines 4, 8: a link became a reference (引用链接): WeChat removes links that leave it",
		"line 10: <script> is left out with its content",
	}, out.Notes)
}
