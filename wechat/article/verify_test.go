package article_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat/article"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	const sent = `<section style="color:#333"><p style="margin:0">你好 &amp; 再见</p><img src="https://mmbiz.qpic.cn/mmbiz_png/abc/0?wx_fmt=png&amp;from=appmsg" alt="x" style="width:10px"><p>二</p></section>`
	swap := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(sent) }
	for name, tt := range map[string]struct {
		stored string
		lost   []string // nil = the same
	}{
		"the same":         {stored: sent},
		"data-src":         {stored: swap(`img src=`, `img data-src=`)},
		"data-src and src": {stored: swap(`img src="`, `img src="data:image/gif;base64,AA" data-src="`)},
		"http":             {stored: swap("https://", "http://")},
		"another query":    {stored: swap("?wx_fmt=png&amp;from=appmsg", "?wx_fmt=png&amp;tp=webp")},
		"another size":     {stored: swap("/abc/0", "/abc/640")},
		"entities":         {stored: swap("&amp; 再见", "&#38; &#x518d;见")},
		"attribute order":  {stored: swap(`alt="x" style="width:10px"`, `style="width: 10px;" alt="x" data-w="10"`)},
		"white space":      {stored: swap("</p><p>", "</p>\n<p>", "你好 ", "你好&nbsp;", "<p style", "\n <p style")},

		"a tag is gone":       {swap("<p>二</p>", "二"), []string{"<p>: 2 sent, 1 stored"}},
		"a tag is another":    {swap("<section", "<p", "</section", "</p"), []string{"<p>: 2 sent, 3 stored", "<section>: 1 sent, 0 stored"}},
		"a style is gone":     {swap(` style="margin:0"`, ""), []string{"style=: 3 sent, 2 stored"}},
		"a style is empty":    {swap(`margin:0`, ""), []string{"style=: 3 sent, 2 stored", `style="": 1 stored`}},
		"a picture is gone":   {sent[:strings.Index(sent, "<img")] + sent[strings.Index(sent, "<p>二"):], []string{"<img>: 1 sent, 0 stored", "abc/0 is gone"}},
		"a picture is other":  {swap("/abc/", "/def/"), []string{"abc/0 is gone", "others"}},
		"a picture elsewhere": {swap("mmbiz.qpic.cn", "e.com"), []string{"e.com/mmbiz_png/abc/0 is not on WeChat's hosts"}},
		"text is gone":        {swap("你好 &amp; 再见", "你好"), []string{"the text: 6 characters sent, 3 stored"}},
		"text is other":       {swap("再见", "再会"), []string{"the text"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := article.Verify(sent, tt.stored)
			if tt.lost == nil {
				require.NoError(t, err)
				return
			}
			d, ok := errorAs[*article.Difference](err)
			require.True(t, ok)
			for _, lost := range tt.lost {
				assert.ErrorContains(t, err, lost)
				assert.Contains(t, d.Diff(), lost)
			}
			assert.Equal(t, strings.HasPrefix(tt.lost[0], "the text"), d.Text != "")
		})
	}
}

func TestVerifyDiff(t *testing.T) {
	t.Parallel()
	err := article.Verify("<p>一</p><p>二</p><p>三</p>", "<p>一</p><p>貳</p><p>三</p>")
	d, ok := errorAs[*article.Difference](err)
	require.True(t, ok)
	assert.Equal(t, "the text: 3 characters sent, 3 stored\n- 二\n+ 貳\n", d.Diff())
	var long strings.Builder
	for range 50 {
		long.WriteString("<p>x</p>")
	}
	d, _ = errorAs[*article.Difference](article.Verify(long.String(), ""))
	assert.Contains(t, d.Diff(), "… 30 more")
}
