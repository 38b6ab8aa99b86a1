package article_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/article"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

// account is an account in memory and a client of it.
func account(t *testing.T) (*wechattest.Server, *wechat.Client) {
	t.Helper()
	srv := wechattest.NewServer()
	t.Cleanup(srv.Close)
	cfg := srv.Config()
	cfg.MaxRetries = new(0)
	c, err := wechat.New(cfg)
	require.NoError(t, err)
	return srv, c
}

func publisher(t *testing.T, c article.Client, cache article.Cache) *article.Publisher {
	t.Helper()
	p, err := article.New(article.Config{Client: c, Loader: article.Loader{FS: folder(t)}, Cache: cache})
	require.NoError(t, err)
	return p
}

// elements are the start tags of some HTML.
func elements(source string) (out []html.Token) {
	z := html.NewTokenizer(strings.NewReader(source))
	for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
		if kind == html.StartTagToken {
			out = append(out, z.Token())
		}
	}
	return out
}

// The whole way, on a text with every element: what the account then holds is what a reader will see.
func TestDraft(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	root := folder(t)
	root["photo.png"] = &fstest.MapFile{Data: padded(pngOf(t, noise(1400, 400, false)), 1_200_000)}
	p, err := article.New(article.Config{Client: c, Loader: article.Loader{FS: root}, Math: article.TeXSource})
	require.NoError(t, err)
	md := read(t, "testdata/full.md")
	var seen []string
	id, report, err := p.Draft(t.Context(), md, &article.DraftOptions{
		Author: "别人", OpenComment: true,
		Progress: func(done, total int) { seen = append(seen, fmt.Sprintf("%d/%d", done, total)) },
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"1/4", "2/4", "3/4", "4/4"}, seen, "tiny.webp stands in the text twice, photo.png too")

	drafts := srv.Drafts()
	require.Len(t, drafts, 1)
	require.Len(t, drafts[0].Articles, 1)
	assert.Equal(t, drafts[0].ID, id)
	a := drafts[0].Articles[0]
	assert.Equal(t, [4]string{"一篇文章的全部元素", "别人", "每一种 Markdown 元素各来一次，看它在微信里是否活得下来。", "https://example.com/full"},
		[4]string{a.Title, a.Author, a.Digest, a.SourceURL})
	assert.Equal(t, "1", string(a.Fields["need_open_comment"]))
	assert.Equal(t, a.Content, report.Stored)
	assert.Equal(t, report.HTML, report.Stored, "the platform found nothing to take out")
	require.NoError(t, article.Verify(report.HTML, a.Content))
	holds(t, a.Content)

	images := srv.ArticleImages()
	require.Len(t, images, 3, "data:, photo.png and tiny.webp: each content once")
	for _, img := range images {
		cfg, kind, err := image.DecodeConfig(bytes.NewReader(img.Data))
		require.NoError(t, err)
		assert.Less(t, len(img.Data), 1_000_000)
		assert.Contains(t, []string{"png", "jpeg"}, kind)
		assert.LessOrEqual(t, cfg.Width, 1280)
	}
	materials := srv.Materials()
	require.Len(t, materials, 2, "the GIF and the cover")
	onHost := 0
	for _, el := range elements(a.Content) {
		if el.Data == "img" {
			onHost++
		}
	}
	assert.Equal(t, 6, onHost, "holds has seen where they are")

	require.Len(t, report.Pictures, 4)
	for i, want := range []article.PictureReport{
		{Ref: report.Pictures[0].Ref, From: "image/png", To: "image/png"},
		{Ref: "photo.png", From: "image/png", To: "image/jpeg", Converted: true},
		{Ref: "anim.gif", From: "image/gif", To: "image/gif", Material: true},
		{Ref: "tiny.webp", From: "image/webp", To: "image/jpeg", Converted: true},
	} {
		got := report.Pictures[i]
		assert.True(t, strings.HasPrefix(got.URL, "https://mmbiz.qpic.cn/"), got.URL)
		assert.Positive(t, got.Bytes)
		want.Uploaded, want.URL, want.Bytes = true, got.URL, got.Bytes
		assert.Equal(t, want, got)
	}
	assert.Equal(t, "photo.png", report.Cover.Ref)
	assert.Equal(t, a.Cover, report.Cover.ID)

	page := string(report.Preview())
	assert.Equal(t, 6, strings.Count(page, `<img src="data:image/`))
	assert.Contains(t, page, "别人")
}

// A second call uploads nothing, and finds out by itself when the cover that it remembers is gone.
func TestDraftAgain(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	p := publisher(t, c, article.MemoryCache())
	md := []byte("# t\n\n![](photo.png) ![](anim.gif) ![](photo.png)")
	id, report, err := p.Draft(t.Context(), md, nil)
	require.NoError(t, err)
	assert.Len(t, srv.ArticleImages(), 1)
	assert.Len(t, srv.Materials(), 2)

	id2, again, err := p.Draft(t.Context(), md, nil)
	require.NoError(t, err)
	assert.NotEqual(t, id, id2)
	assert.Equal(t, report.HTML, again.HTML)
	for _, r := range again.Pictures {
		assert.True(t, r.Cached && !r.Uploaded, r.Ref)
	}
	assert.True(t, again.Cover.Cached)
	assert.Len(t, srv.ArticleImages(), 1, "nothing is uploaded again")
	assert.Len(t, srv.Materials(), 2)

	require.NoError(t, c.DeleteMaterial(t.Context(), report.Cover.ID))
	_, again, err = p.Draft(t.Context(), md, nil)
	require.NoError(t, err)
	assert.False(t, again.Cover.Cached)
	assert.NotEqual(t, report.Cover.ID, again.Cover.ID)
	assert.Len(t, srv.Drafts(), 3, "one for each call")
	_, again, err = p.Draft(t.Context(), md, nil)
	require.NoError(t, err)
	assert.True(t, again.Cover.Cached, "the cache knows the new one")
}

// Every problem is found, all at once, before anything is sent.
func TestDraftRefusesFirst(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	p := publisher(t, c, nil)
	id, _, err := p.Draft(t.Context(), []byte("---\ntitle: "+strings.Repeat("长", 33)+"\ncover: nocover.png\n---\n![](photo.png) ![](gone.png) ![](../up.png)"), nil)
	assert.Empty(t, id)
	require.ErrorIs(t, err, article.ErrTooLong)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorIs(t, err, fs.ErrPermission)
	for _, name := range []string{"title", "gone.png", "up.png", "nocover.png"} {
		require.ErrorContains(t, err, name)
	}
	for name, md := range map[string]string{
		"no cover":      "# t\n\ntext",
		"broken front":  "---\ntitle\n---\nx",
		"only one fits": "# t\n\n![](gone.png)",
		"too large":     "# t\n\n![](photo.png)\n\n" + strings.Repeat("字", 350_000),
		"too deep":      "# t\n\n![](photo.png)\n\n" + strings.Repeat("> ", 600) + "x",
		"no body":       "---\ntitle: t\ncover: photo.png\n---\n",
	} {
		_, _, err := p.Draft(t.Context(), []byte(md), nil)
		require.Error(t, err, name)
	}
	_, _, err = p.Draft(t.Context(), []byte("# t\n\ntext"), nil)
	require.ErrorIs(t, err, article.ErrEmpty)
	require.ErrorContains(t, err, "cover")

	stop := errors.New("operator said stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	_, _, err = p.Draft(ctx, []byte("# t\n\n![](photo.png)"), nil)
	require.ErrorIs(t, err, stop)

	assert.Empty(t, srv.Tokens(), "not even a token was asked for")
}

func TestDraftCover(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	p := publisher(t, c, nil)
	first, report, err := p.Draft(t.Context(), []byte("# t\n\n![](tiny.webp) ![](photo.png)"), nil)
	require.NoError(t, err)
	assert.Equal(t, "tiny.webp", report.Cover.Ref, "the first picture of the text")
	cover := srv.Materials()[0]
	cfg, kind, err := image.DecodeConfig(bytes.NewReader(cover.Data))
	require.NoError(t, err)
	assert.Equal(t, [3]any{900, 383, "jpeg"}, [3]any{cfg.Width, cfg.Height, kind})
	assert.NotEmpty(t, first)

	_, report, err = p.Draft(t.Context(), []byte("---\ntitle: t\ncover: tiny.webp\n---\nx"), &article.DraftOptions{Cover: "photo.png", Title: "另题"})
	require.NoError(t, err)
	assert.Equal(t, "photo.png", report.Cover.Ref, "the options come first")
	assert.Equal(t, "另题", report.Title)
	assert.Empty(t, report.Pictures, "a cover is no picture of the text")

	_, report, err = p.Draft(t.Context(), []byte("# t\n\nx"), &article.DraftOptions{CoverID: cover.ID})
	require.NoError(t, err)
	assert.Equal(t, article.CoverReport{ID: cover.ID}, report.Cover)
	assert.Len(t, srv.Materials(), 2)

	before := srv.Calls("draft/add")
	_, _, err = p.Draft(t.Context(), []byte("# t\n\nx"), &article.DraftOptions{CoverID: "none"})
	require.ErrorIs(t, err, wechat.ErrNotFound)
	assert.Equal(t, before+1, srv.Calls("draft/add"), "an ID of the caller's is not ours to replace")
}

// What happens when the answer of one call is lost, or it is refused.
func TestDraftFails(t *testing.T) {
	t.Parallel()
	md := []byte("# t\n\n![](photo.png)")
	t.Run("the answer of draft/add is lost", func(t *testing.T) {
		t.Parallel()
		srv, c := account(t)
		srv.LoseNext("draft/add")
		id, report, err := publisher(t, c, nil).Draft(t.Context(), md, nil)
		require.ErrorIs(t, err, wechat.ErrUnknownOutcome)
		assert.Empty(t, id)
		assert.Len(t, srv.Drafts(), 1, "which is why nothing is tried again")
		assert.NotEmpty(t, report.HTML)
	})
	t.Run("the answer of the cover is lost", func(t *testing.T) {
		t.Parallel()
		srv, c := account(t)
		srv.LoseNext("material/add_material")
		id, report, err := publisher(t, c, nil).Draft(t.Context(), md, nil)
		require.NoError(t, err)
		assert.NotEmpty(t, id)
		require.Len(t, srv.Materials(), 1, "found by its name, not uploaded again")
		assert.Equal(t, srv.Materials()[0].ID, report.Cover.ID)
	})
	t.Run("a picture is refused", func(t *testing.T) {
		t.Parallel()
		srv, c := account(t)
		srv.FailNext("media/uploadimg", 45009)
		id, report, err := publisher(t, c, nil).Draft(t.Context(), md, nil)
		require.ErrorIs(t, err, wechat.ErrQuota)
		require.ErrorContains(t, err, "photo.png")
		assert.Empty(t, id)
		assert.False(t, report.Pictures[0].Uploaded)
		assert.Empty(t, srv.Drafts())
	})
	t.Run("the draft is refused", func(t *testing.T) {
		t.Parallel()
		srv, c := account(t)
		srv.FailNext("draft/add", 45009)
		id, _, err := publisher(t, c, nil).Draft(t.Context(), md, nil)
		require.ErrorIs(t, err, wechat.ErrQuota)
		assert.Empty(t, id)
	})
	t.Run("it cannot be read back", func(t *testing.T) {
		t.Parallel()
		srv, c := account(t)
		srv.FailNext("draft/get", 45009)
		id, report, err := publisher(t, c, nil).Draft(t.Context(), md, nil)
		require.ErrorIs(t, err, wechat.ErrQuota)
		require.ErrorContains(t, err, "exists")
		assert.Equal(t, srv.Drafts()[0].ID, id)
		assert.Empty(t, report.Stored)
	})
}

// filter is a platform that takes something out of what it stores.
type filter struct {
	*wechat.Client

	at       int // which article
	old, new string
	none     bool

	fail  error // of every reading after the first ones
	after int
	reads *int
}

func (f filter) Draft(ctx context.Context, id wechat.DraftID) (*wechat.Draft, error) {
	if f.reads != nil {
		if *f.reads++; *f.reads > f.after {
			return nil, f.fail
		}
	}
	d, err := f.Client.Draft(ctx, id)
	if err != nil {
		return nil, err
	}
	if f.none {
		d.Articles = nil
		return d, nil
	}
	d.Articles[f.at].Content = strings.Replace(d.Articles[f.at].Content, f.old, f.new, 1)
	return d, nil
}

func TestDraftIsCompared(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	md := []byte("# t\n\n正文 **粗** ![](photo.png)")
	id, report, err := publisher(t, filter{Client: c, old: "正文", new: ""}, nil).Draft(t.Context(), md, nil)
	d, ok := errorAs[*article.Difference](err)
	require.True(t, ok, "%v", err)
	assert.Contains(t, d.Diff(), "- 正文 粗")
	assert.Equal(t, srv.Drafts()[0].ID, id, "the draft is there, and the caller must know which")
	assert.NotContains(t, report.Stored, "正文")

	id, _, err = publisher(t, filter{Client: c, none: true}, nil).Draft(t.Context(), md, nil)
	require.ErrorContains(t, err, "0 articles")
	assert.NotEmpty(t, id)
}

func TestNew(t *testing.T) {
	t.Parallel()
	_, err := article.New(article.Config{Concurrency: -1, Theme: article.Theme{Quote: "position:fixed"}})
	for _, part := range []string{"Client", "Concurrency", "Theme", "Quote"} {
		require.ErrorContains(t, err, part)
	}
	require.ErrorIs(t, err, article.ErrStyle)
}

// A reference may be a presigned address; no error of any step may show its signature.
func TestDraftShowsNoSignature(t *testing.T) {
	t.Parallel()
	_, c := account(t)
	p, err := article.New(article.Config{Client: c, Loader: article.Loader{FS: fstest.MapFS{}}})
	require.NoError(t, err)
	_, report, err := p.Draft(t.Context(), []byte("# t\n\n![](http://127.0.0.1:1/a.png?X-Amz-Signature=SECRET)"), nil)
	require.ErrorIs(t, err, fs.ErrPermission)
	assert.NotContains(t, err.Error(), "SECRET")
	assert.Empty(t, report.Pictures)
}
