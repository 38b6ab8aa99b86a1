package article_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat/article"
)

const losing = `---
title: t
---
第一段，*斜*体。

![图](a.png)

- 一
- 二，[旧文](https://mp.weixin.qq.com/s/old)

|甲|
|-|
|乙|

<div style="color:#a33;margin:0">

尾

</div>
`

// Whatever the filter takes, the difference says what it was and in which line of the Markdown it stands.
func TestDifferenceHasLines(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		old, new string
		want     article.Change
	}{
		"a picture is removed":     {`<img `, `<imgx `, article.Change{Kind: article.PictureLost, Line: 6, What: "https://mmbiz.qpic.cn/mmbiz_png/pic0/0"}},
		"a picture is elsewhere":   {"mmbiz.qpic.cn", "e.com", article.Change{Kind: article.PictureForeign, Line: 6, What: "https://e.com/mmbiz_png/pic0/0"}},
		"an element is removed":    {`<em style="font-style:italic">斜</em>`, "斜", article.Change{Kind: article.ElementLost, Line: 4, What: "<em>"}},
		"an element is another":    {`<tbody>`, "<tfoot>", article.Change{Kind: article.ElementChanged, Line: 13, What: "<tbody>", Stored: "<tfoot>"}},
		"an element is new":        {`乙`, "<i>乙</i>", article.Change{Kind: article.ElementAdded, Line: 13, What: "<i>"}},
		"a style is emptied":       {`style="color:#a33;margin:0"`, `style=""`, article.Change{Kind: article.StyleEmptied, Line: 15, What: "<section>", Sent: "color:#a33;margin:0"}},
		"a style is removed":       {` style="color:#a33;margin:0"`, ``, article.Change{Kind: article.StyleLost, Line: 15, What: "<section>", Sent: "style"}},
		"a declaration is removed": {`color:#a33;margin:0`, `margin:0`, article.Change{Kind: article.StyleLost, Line: 15, What: "<section>", Sent: "color", Stored: "margin:0"}},
		"a link is removed":        {`<a href="https://mp.weixin.qq.com/s/old"`, `<u`, article.Change{Kind: article.LinkLost, Line: 9, What: "https://mp.weixin.qq.com/s/old"}},
		"a link loses its address": {` href="https://mp.weixin.qq.com/s/old"`, ``, article.Change{Kind: article.LinkLost, Line: 9, What: "https://mp.weixin.qq.com/s/old"}},
		"a text is removed":        {`尾`, ``, article.Change{Kind: article.TextChanged, Line: 17, Sent: "尾"}},
		"a text is changed":        {`二，`, `三，`, article.Change{Kind: article.TextChanged, Line: 9, Sent: "二，旧文", Stored: "三，旧文"}},
		"a text is added":          {`</section></section>`, `</section>广告</section>`, article.Change{Kind: article.TextChanged, Line: 17, Stored: "广告"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := render(t, losing)
			require.NoError(t, out.Verify(out.HTML))
			require.Contains(t, out.HTML, tt.old)
			d, ok := errorAs[*article.Difference](out.Verify(strings.Replace(out.HTML, tt.old, tt.new, 1)))
			require.True(t, ok)
			assert.Contains(t, d.Changes, tt.want)
			assert.NotEmpty(t, d.Lost)
			for _, lang := range []string{"en", "zh"} {
				assert.Contains(t, d.Explain(lang), tt.want.Say(lang))
				assert.Contains(t, d.Explain(lang), tt.want.Hint(lang))
			}
			if tt.want.Kind != article.ElementAdded {
				assert.NotEqual(t, tt.want.Say("en"), tt.want.Say("zh"))
			}
		})
	}
}

func TestDifferenceExplain(t *testing.T) {
	t.Parallel()
	out := render(t, losing)
	d, ok := errorAs[*article.Difference](out.Verify(strings.NewReplacer("二，", "", `style="color:#a33;margin:0"`, `style=""`).Replace(out.HTML)))
	require.True(t, ok)
	assert.Equal(t, `WeChat did not store the article as it was sent:
  line 9: a text was changed
    - 二，旧文
    + 旧文
  line 15: the style of <section> was emptied
What to do:
  • compare the passage with the draft in the console: WeChat took it for markup, or somebody edited it there
  • a quote or an HTML entity anywhere in a style empties all of it: write font names without quotes
`, d.Explain("en"))
	assert.Equal(t, `微信保存的内容与发送的不一致：
  第 9 行：文字被修改
    - 二，旧文
    + 旧文
  第 15 行：<section> 的样式被清空
怎么办：
  • 请在后台对照这一段：它可能被微信当成标记，或有人在后台改过
  • 样式中只要有引号或 HTML 实体，整个 style 都会被清空：字体名不要加引号
`, d.Explain("zh"))
}

// Many losses of one kind are one line; without the Markdown there are no lines.
func TestDifferenceIsShort(t *testing.T) {
	t.Parallel()
	out := render(t, strings.Repeat("*a*\n\n", 20))
	stored := strings.NewReplacer(`<em style="font-style:italic">`, "", "</em>", "").Replace(out.HTML)
	d, ok := errorAs[*article.Difference](out.Verify(stored))
	require.True(t, ok)
	assert.Len(t, d.Changes, 20)
	assert.Contains(t, d.Explain("en"), "  lines 1, 3, 5, 7, 9, 11, 13, 15 and 12 more: <em> was removed\n")
	assert.Contains(t, d.Explain("zh"), "  第 1、3、5、7、9、11、13、15 行（另有 12 处）：<em> 被删除\n")
	d, ok = errorAs[*article.Difference](article.Verify(out.HTML, stored))
	require.True(t, ok)
	assert.Contains(t, d.Explain("en"), "  20 times: <em> was removed\n")

	d, ok = errorAs[*article.Difference](article.Verify(out.HTML, strings.Repeat("<p>b</p>", 2000)))
	require.True(t, ok)
	assert.Empty(t, d.Changes, "they have nothing in common")
	assert.Contains(t, d.Explain("en"), "<p>: 20 sent, 2000 stored")
}

// What the platform writes otherwise without a loss is no difference.
func TestVerifyBearsRewriting(t *testing.T) {
	t.Parallel()
	for name, stored := range map[string]string{
		"longhands":      `<p style="border-left-width: 3px; border-left-color: red; margin-top: 0px; margin-left: 0">a</p>`,
		"a shorthand":    `<p style="border: 3px solid red; margin: 0">a</p>`,
		"more than sent": `<p style="margin:0;border-left:3px solid red;visibility:visible;max-width:100%">a</p>`,
	} {
		require.NoError(t, article.Verify(`<p style="margin:0;border-left:3px solid red">a</p>`, stored), name)
	}
	require.ErrorContains(t, article.Verify(`<p style="margin:0;color:red">a</p>`, `<p style="margin:0">a</p>`), "<p> lost color")
	require.NoError(t, article.Verify(`<a href="https://mp.weixin.qq.com/s?__biz=M&amp;mid=1&amp;idx=1&amp;sn=x">a</a>`,
		`<a href="http://mp.weixin.qq.com/s?__biz=M&amp;mid=1&amp;idx=1&amp;sn=x&amp;scene=21#wechat_redirect">a</a>`))
	require.ErrorContains(t, article.Verify(`<a href="https://mp.weixin.qq.com/s/x">a</a>`, `<a href="https://mp.weixin.qq.com/s/y">a</a>`), "link")
	require.NoError(t, article.Verify(`<p>a</p><p>b</p>`, `<p>a<p>b</p></p>`), "texts that are cut otherwise")
}

func FuzzVerify(f *testing.F) {
	f.Add("<p>a</p><p>b</p>", "<p>a</p>")
	f.Add(`<p style="a:b">a<img src="https://mmbiz.qpic.cn/a/0"></p>`, `<img data-src="x"><p style=" ; ">`)
	f.Add("<a href=x>b</a>", "<b>c")
	f.Fuzz(func(t *testing.T, sent, stored string) {
		err := article.Verify(sent, stored)
		if d, ok := errorAs[*article.Difference](err); ok {
			if len(d.Lost) == 0 || d.Explain("en") == "" || d.Explain("zh") == "" || d.Diff() == "" {
				t.Fatalf("a difference that says nothing: %#v", d)
			}
			for _, c := range d.Changes {
				if c.Say("en") == "" || c.Hint("zh") == "" {
					t.Fatalf("a change that says nothing: %#v", c)
				}
			}
		} else if err != nil {
			t.Fatal(err)
		}
	})
}
