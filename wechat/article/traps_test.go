package article_test

import (
	"context"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/article"
)

// The traps that others fell into, as far as articles are concerned.

// A picture's real name may have no extension, or the wrong one, or one in capitals: the platform goes by it.
func TestTrapFileNames(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	root := folder(t)
	data := root["photo.png"].Data
	for i, name := range []string{"noextension", "wrong.jpg", "CAPITALS.PNG", `quo"te.png`, "照片.png"} {
		root[name] = fileOf(append(slices.Clip(data), byte(i)))
	}
	p, err := article.New(article.Config{Client: c, Loader: article.Loader{FS: root}})
	require.NoError(t, err)
	_, _, err = p.Draft(t.Context(), []byte("# t\n\n![](noextension) ![](wrong.jpg) ![](CAPITALS.PNG) ![](<quo\"te.png>) ![](照片.png)"), nil)
	require.NoError(t, err)
	require.Len(t, srv.ArticleImages(), 5)
	for _, img := range srv.ArticleImages() {
		assert.Equal(t, ".png", path.Ext(img.Name), "by its content")
	}
}

// Line separators and control characters break the platform's JSON reader; a title and a text may hold them.
func TestTrapCharacters(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	_, _, err := publisher(t, c, nil).Draft(t.Context(), []byte("# 题<b>&\u2028\n\na\u2028b\u2029c\x08d \u4f60 < & ![](photo.png)"), nil)
	require.NoError(t, err)
	a := srv.Drafts()[0].Articles[0]
	assert.NotContains(t, a.Content, `\u`)
	assert.Contains(t, a.Content, "abcd 你 &lt; &amp;")
}

// uploadimg answers with http addresses; an article needs https.
func TestTrapHTTPAddresses(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	_, report, err := publisher(t, plainHTTP{c}, nil).Draft(t.Context(), []byte("# t\n\n![](photo.png)"), nil)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(report.Pictures[0].URL, "https://"))
	assert.NotContains(t, srv.Drafts()[0].Articles[0].Content, "http://")
}

type plainHTTP struct{ *wechat.Client }

func (p plainHTTP) UploadArticleImage(ctx context.Context, f wechat.File) (string, error) {
	url, err := p.Client.UploadArticleImage(ctx, f)
	return "http://" + strings.TrimPrefix(url, "https://"), err
}

// An update counts articles from 0, replaces a whole one, and must not clear what the text does not speak of.
func TestTrapUpdateClearsFields(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	p := publisher(t, c, nil)
	id, _, err := p.Draft(t.Context(), []byte("# t\n\n![](photo.png)"), &article.DraftOptions{OpenComment: true, FansOnlyComment: true})
	require.NoError(t, err)
	_, err = p.Update(t.Context(), id, 0, []byte("# u\n\n![](photo.png)"), nil)
	require.NoError(t, err)
	fields := srv.Drafts()[0].Articles[0].Fields
	for name, want := range map[string]string{"need_open_comment": "1", "only_fans_can_comment": "1", "pic_crop_1_1": `"0.287222_0_0.712778_1"`, "title": `"u"`} {
		assert.JSONEq(t, want, string(fields[name]), name)
	}
}

// A draft that was published is gone: an update says so, and makes no other draft in its place.
func TestTrapDraftIsConsumed(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	p := publisher(t, c, nil)
	md := []byte("# t\n\n![](photo.png)")
	id, _, err := p.Draft(t.Context(), md, nil)
	require.NoError(t, err)
	require.NoError(t, c.DeleteDraft(t.Context(), id))
	_, err = p.Update(t.Context(), id, 0, md, nil)
	require.ErrorIs(t, err, wechat.ErrNotFound)
	assert.Empty(t, srv.Drafts())
}

// A digest is for a draft of a single article; limits count characters; what is stored is read back, not believed.
func TestTrapDigestAndLimits(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	p := publisher(t, c, nil)
	title, digest := strings.Repeat("题", article.MaxTitle), strings.Repeat("摘", article.MaxDigest)
	md := []byte("---\ntitle: " + title + "\ndigest: " + digest + "\n---\n![](photo.png)")
	_, report, err := p.Draft(t.Context(), md, nil)
	require.NoError(t, err)
	assert.Equal(t, digest, srv.Drafts()[0].Articles[0].Digest)
	assert.Empty(t, report.Notes)
	_, reports, err := p.DraftAll(t.Context(), article.Text{Markdown: md}, article.Text{Markdown: md})
	require.NoError(t, err)
	assert.Contains(t, reports[0].Notes[0], "digest is left out")
	assert.Equal(t, 2, srv.Calls("draft/get"))
}

// No quote and no entity gets into a style, from wherever it comes: a theme, raw HTML, a highlighter, a formula.
func TestTrapStyles(t *testing.T) {
	t.Parallel()
	d, err := article.Parse([]byte("<p style=\"font-family:&quot;A B&quot;,'C';content:'x';color:#333\">a</p>\n\n```go\nx\n```\n\n$x^2$\n\n<svg font-family=\"'A'\" style=\"font-family:'A'\"><text style='font-family:\"B\"'>a</text></svg>"))
	require.NoError(t, err)
	hook := `<span style="font-family:'A';color:#333">x</span>`
	out, err := d.Render(article.RenderOptions{
		Highlight: func(string, string) (string, bool) { return hook, true },
		Math:      func(string, bool) (string, error) { return hook, nil },
	})
	require.NoError(t, err)
	assert.NotRegexp(t, `style="[^"]*(&|')[^"]*"|style=""`, out.HTML)
	assert.Equal(t, 3, strings.Count(out.HTML, "color:#333"), "what is good about a style stays")
	holds(t, out.HTML)
}

// A picture is never sent in chunks, which the platform answers with 412.
func TestTrapContentLength(t *testing.T) {
	t.Parallel()
	srv, _ := account(t)
	cfg := srv.Config()
	seen := &lengths{next: cfg.HTTPClient.Transport}
	cfg.HTTPClient = &http.Client{Transport: seen}
	c, err := wechat.New(cfg)
	require.NoError(t, err)
	_, _, err = publisher(t, c, nil).Draft(t.Context(), []byte("# t\n\n![](photo.png) ![](anim.gif)"), nil)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, int(seen.posts.Load()), 5, "token, two pictures, a cover, a draft")
	assert.Zero(t, seen.without.Load())
}

type lengths struct {
	next           http.RoundTripper
	posts, without atomic.Int32
}

func (l *lengths) RoundTrip(req *http.Request) (*http.Response, error) {
	l.posts.Add(1)
	if req.ContentLength <= 0 {
		l.without.Add(1)
	}
	return l.next.RoundTrip(req)
}
