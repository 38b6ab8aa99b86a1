package article_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/article"
)

// The same draft in place: its ID, its other articles, its comments and unknown fields stay; the pictures are not
// uploaded again.
func TestUpdate(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	p := publisher(t, c, article.MemoryCache())
	id, _, err := p.DraftAll(t.Context(), article.Split([]byte(two))...)
	require.NoError(t, err)
	require.NoError(t, c.UpdateDraft(t.Context(), id, 1, func(a *wechat.Article) error { a.OpenComment = true; return nil }))
	before := srv.Drafts()[0]
	images, materials := len(srv.ArticleImages()), len(srv.Materials())

	report, err := p.Update(t.Context(), id, 1, []byte("---\ntitle: 二改\nauthor: 丙\ndigest: d\n---\n改过的。\n\n![](photo.png)"), nil)
	require.NoError(t, err)
	require.Len(t, srv.Drafts(), 1)
	after := srv.Drafts()[0]
	assert.Equal(t, before.Articles[0], after.Articles[0], "the other one is as it was")
	a := after.Articles[1]
	assert.Equal(t, [2]string{"二改", "丙"}, [2]string{a.Title, a.Author})
	assert.Contains(t, a.Content, "改过的。")
	assert.Equal(t, a.Content, report.Stored)
	assert.Equal(t, before.Articles[1].Cover, a.Cover)
	assert.JSONEq(t, "1", string(a.Fields["need_open_comment"]))
	assert.Equal(t, before.Articles[1].Fields["pic_crop_1_1"], a.Fields["pic_crop_1_1"])
	assert.Len(t, srv.ArticleImages(), images)
	assert.Len(t, srv.Materials(), materials)
	assert.Contains(t, report.Notes[0], "digest is left out")

	writes := srv.Calls("draft/update")
	report, err = p.Update(t.Context(), id, 1, []byte("---\ntitle: 二改\nauthor: 丙\n---\n改过的。\n\n![](photo.png)"), nil)
	require.NoError(t, err)
	assert.True(t, report.Unchanged)
	assert.Equal(t, writes, srv.Calls("draft/update"), "nothing to write")
	assert.Equal(t, a.Content, report.Stored)

	report, err = p.Update(t.Context(), id, 1, []byte("# 无图\n\n只有字。"), &article.DraftOptions{FansOnlyComment: true})
	require.NoError(t, err)
	assert.False(t, report.Unchanged)
	assert.Equal(t, a.Cover, srv.Drafts()[0].Articles[1].Cover, "it names no cover: the draft keeps its own")
	assert.Empty(t, srv.Drafts()[0].Articles[1].Author, "the text has none any more")
	assert.JSONEq(t, "1", string(srv.Drafts()[0].Articles[1].Fields["only_fans_can_comment"]))

	_, err = p.Update(t.Context(), id, 1, []byte("---\ntitle: 换\ncover: tiny.webp\n---\nx"), nil)
	require.NoError(t, err)
	assert.NotEqual(t, a.Cover, srv.Drafts()[0].Articles[1].Cover)
	_, err = p.Update(t.Context(), id, 1, []byte("# 换\n\nx"), &article.DraftOptions{CoverID: a.Cover})
	require.NoError(t, err)
	assert.Equal(t, a.Cover, srv.Drafts()[0].Articles[1].Cover)
	assert.Nil(t, srv.Drafts()[0].Articles[1].Fields["pic_crop_1_1"], "the crops were of another cover")
}

func TestUpdateAll(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	p := publisher(t, c, article.MemoryCache())
	id, first, err := p.DraftAll(t.Context(), article.Split([]byte(two))...)
	require.NoError(t, err)
	writes := srv.Calls("draft/update")
	texts := article.Split([]byte(two))
	texts[1].Markdown = append(texts[1].Markdown, "\n\n尾"...)
	reports, err := p.UpdateAll(t.Context(), id, texts...)
	require.NoError(t, err)
	assert.Equal(t, [2]bool{true, false}, [2]bool{reports[0].Unchanged, reports[1].Unchanged})
	assert.Equal(t, writes+1, srv.Calls("draft/update"), "one of two is written")
	assert.Equal(t, first[0].HTML, srv.Drafts()[0].Articles[0].Content)
	assert.Contains(t, srv.Drafts()[0].Articles[1].Content, "尾")

	_, err = p.UpdateAll(t.Context(), id, texts[0])
	require.ErrorIs(t, err, wechat.ErrInput)
	require.ErrorContains(t, err, "it has 2 articles, 1 were given")
}

func TestUpdateRefuses(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	p := publisher(t, c, article.MemoryCache())
	md := []byte("# t\n\n![](photo.png)")
	_, err := p.Update(t.Context(), "none", 0, []byte("# t\n\n![](gone.png)"), nil)
	require.ErrorContains(t, err, "gone.png")
	assert.Empty(t, srv.Tokens(), "the text comes first")
	_, err = p.Update(t.Context(), "none", 0, md, nil)
	require.ErrorIs(t, err, wechat.ErrNotFound)
	assert.Empty(t, srv.ArticleImages(), "and the draft before the pictures")

	id, report, err := p.Draft(t.Context(), md, nil)
	require.NoError(t, err)
	for _, index := range []int{-1, 1} {
		_, err = p.Update(t.Context(), id, index, md, nil)
		require.ErrorIs(t, err, wechat.ErrInput)
	}
	srv.FailNext("draft/update", 45009)
	_, err = p.Update(t.Context(), id, 0, []byte("# u\n\n![](photo.png)"), nil)
	require.ErrorIs(t, err, wechat.ErrQuota)
	srv.LoseNext("draft/update")
	_, err = p.Update(t.Context(), id, 0, []byte("# u\n\n![](photo.png)"), nil)
	require.ErrorIs(t, err, wechat.ErrUnknownOutcome)
	again, err := p.Update(t.Context(), id, 0, []byte("# u\n\n![](photo.png)"), nil)
	require.NoError(t, err)
	assert.True(t, again.Unchanged, "it had been written; saying it again is safe")

	require.NoError(t, c.DeleteMaterial(t.Context(), report.Cover.ID))
	again, err = p.Update(t.Context(), id, 0, []byte("# v\n\n![](photo.png)"), nil)
	require.NoError(t, err)
	assert.NotEqual(t, report.Cover.ID, again.Cover.ID, "the cover that the cache knew is gone")

	pics, err := c.CreateDraft(t.Context(), wechat.PicPost{Title: "t", Images: []wechat.MediaID{again.Cover.ID}})
	require.NoError(t, err)
	_, err = p.Update(t.Context(), pics, 0, md, nil)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.ErrorContains(t, err, "newspic")
}

func TestUpdateIsCompared(t *testing.T) {
	t.Parallel()
	_, c := account(t)
	id, _, err := publisher(t, c, nil).Draft(t.Context(), []byte("# t\n\n![](photo.png)"), nil)
	require.NoError(t, err)
	report, err := publisher(t, filter{Client: c, old: "正文", new: ""}, nil).Update(t.Context(), id, 0, []byte("# t\n\n![](photo.png)\n\n正文"), nil)
	d, ok := errorAs[*article.Difference](err)
	require.True(t, ok)
	assert.Equal(t, d, report.Difference)
	assert.Equal(t, article.Change{Kind: article.TextChanged, Line: 5, Sent: "正文"}, d.Changes[len(d.Changes)-1])
	srvErr := errors.New("read failed")
	_, err = publisher(t, filter{Client: c, fail: srvErr, after: 1, reads: new(0)}, nil).Update(t.Context(), id, 0, []byte("# t\n\n![](photo.png)\n\n又改"), nil)
	require.ErrorIs(t, err, srvErr)
	require.ErrorContains(t, err, "was updated")
}
