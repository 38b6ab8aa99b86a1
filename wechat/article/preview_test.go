package article_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/kitroll/kitroll/wechat/article"
)

func TestPreview(t *testing.T) {
	t.Parallel()
	const content = `<section style="margin:0"><p>a &amp; b&nbsp;c</p><img src="https://mmbiz.qpic.cn/a/0?x=1&amp;y=2" alt="q&quot;" style="width:9px"><img src="https://mmbiz.qpic.cn/none/0"></section>`
	page := string(article.Preview(content, "<题>", `a"b`, map[string][]byte{"http://mmbiz.qpic.cn/a/0?x=1&y=2": pngOf(t, noise(2, 2, false))}))
	before, after, _ := strings.Cut(content, "<img")
	assert.Contains(t, page, before, "the HTML as it is")
	assert.Contains(t, page, `<img src="data:image/png;base64,iVBOR`)
	assert.Contains(t, page, `alt="q&#34;" style="width:9px">`)
	assert.Contains(t, page, "图片缺失")
	assert.Contains(t, page, "https://mmbiz.qpic.cn/none/0</span></section>")
	assert.Contains(t, page, "<title>&lt;题&gt;</title>")
	assert.Contains(t, page, "a&#34;b")
	assert.Contains(t, page, "prefers-color-scheme: dark")
	assert.NotContains(t, page, " data-dark=", "there is nothing to recolour")
	assert.NotContains(t, page, "<script")
	assert.NotRegexp(t, `(src|href)="(http|//)`, page, "nothing is loaded")
	assert.NotEmpty(t, after)
	assert.NotContains(t, string(article.Preview("x", "t", "", nil)), `<p class="author">`)
}

// The dark side: what has a colour gets another one, each once, and what stands in a drawing is left alone.
func TestPreviewInTheDark(t *testing.T) {
	t.Parallel()
	page := string(article.Preview(`<p style="color:#404040">a</p><p style="color:#404040">b<br></p><section style="background:#ffffff;border-top:1px solid #000"><svg fill="#000"><path d="M0"></path></svg></section><hr style="margin:0"/>`, "t", "", nil))
	assert.Contains(t, page, `<p style="color:#404040" data-dark="0">a</p><p style="color:#404040" data-dark="0">b<br></p>`)
	assert.Contains(t, page, `<svg fill="#000"><path d="M0"></path></svg></section><hr style="margin:0"/>`)
	inner := string(article.Preview(`<section style="background:#1c3a77"><b style="color:#eeeeee">a</b></section><b style="color:#eeeeee">b</b>`, "t", "", nil))
	assert.Contains(t, inner, `[data-dark="1"] { color:rgb(238,238,238)!important; }`, "it is measured against the box")
	assert.Contains(t, inner, `[data-dark="2"] { color:rgb(163,163,163)!important; }`, "and here against the page")
	for _, when := range []string{"#dark:checked", "#auto:checked"} {
		assert.Contains(t, page, "body:has("+when+`) [data-dark="0"] { color:rgb(163,163,163)!important; }`)
		assert.Contains(t, page, "body:has("+when+`) [data-dark="1"] { background-color:rgb(25,25,25)!important;color:rgb(163,163,163)!important;border-top-color:`)
		assert.Contains(t, page, "body:has("+when+") main { background: rgb(25,25,25); color: rgb(163,163,163); }")
	}
}
