package article_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat/article"
)

// The last line holds by itself: it is not needed as long as the writer makes no mistake.
func TestFinish(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ html, want string }{
		"kept":            {`<section style="margin:0"><p>a</p><hr></section>`, `<section style="margin:0"><p>a</p><hr></section>`},
		"empty style":     {`<p style="">a</p><p style=" ; ">b</p>`, `<p>a</p><p>b</p>`},
		"bad style":       {`<p style="position:fixed">a</p><p style="font-family:&#39;X&#39;">b</p>`, `<p>a</p><p>b</p>`},
		"attributes":      {`<p class="a" id="b" onclick="c()" data-d="e">f</p>`, `<p>f</p>`},
		"others' alt":     {`<p alt="a" colspan="2" src="x">b</p>`, `<p>b</p>`},
		"outside link":    {`<a href="https://e.com">a</a><a href="javascript:b()">b</a>`, `<a>a</a><a>b</a>`},
		"article link":    {`<a href="https://mp.weixin.qq.com/s/X">a</a>`, `<a href="https://mp.weixin.qq.com/s/X">a</a>`},
		"unknown element": {`<div>a<blink>b</blink></div>`, `ab`},
		"code":            {`a<script>b</script><style>c</style><iframe>d</iframe>e`, `ae`},
		"foreign":         {`<svg><a href="https://mp.weixin.qq.com/s/X"><style><p>a</p></style></a></svg>b`, `<svg></svg><p>a</p>b`},
		"drawing":         {`<svg viewBox="0 0 1 1" id="a" onload="b()"><path d="M0" fill="url(#x)"/><use href="#a"/></svg>`, `<svg viewBox="0 0 1 1"><path d="M0"></path></svg>`},
		"formula":         {`<math><mi>a</mi></math>b`, `b`},
		"comment":         {`a<!-- b -->c`, `ac`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := article.Finish(tt.html)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
	_, err := article.Finish(`<img src="https://e.com/a.png?sig=SECRET">`)
	require.ErrorIs(t, err, article.ErrNotUploaded)
	require.NotContains(t, err.Error(), "SECRET")
	_, err = article.Finish(`<img alt="x">`)
	require.ErrorContains(t, err, "lost its address")
}
