package article_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/article"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		md   string
		want []string // "line: text", trimmed
	}{
		"nothing":            {"", nil},
		"only blanks":        {"\n \n", nil},
		"one":                {"# a\n\nb", []string{"1: # a\n\nb"}},
		"three":              {"a\n<!-- article -->\nb\n<!--ARTICLE-->\n\n---\ntitle: c\n---\n", []string{"1: a", "3: b", "6: ---\ntitle: c\n---"}},
		"empty parts":        {"<!-- article -->\na\n<!-- article -->\n\n<!-- article -->", []string{"2: a"}},
		"windows":            {"\xef\xbb\xbfa\r\n<!-- article -->\r\n\r\nb\r\n", []string{"1: a", "4: b"}},
		"in a fence":         {"```md\n<!-- article -->\n```\n<!-- article -->\nb", []string{"1: ```md\n<!-- article -->\n```", "5: b"}},
		"a longer fence":     {"~~~~\n~~~\n<!-- article -->\n~~~~~\nb", []string{"1: ~~~~\n~~~\n<!-- article -->\n~~~~~\nb"}},
		"no fence":           {"```a``` b\n<!-- article -->\nc", []string{"1: ```a``` b", "3: c"}},
		"an open fence":      {"```\n<!-- article -->\nb", []string{"1: ```\n<!-- article -->\nb"}},
		"within a line":      {"a <!-- article -->\nb", []string{"1: a <!-- article -->\nb"}},
		"an other comment":   {"a\n<!-- articles -->\nb", []string{"1: a\n<!-- articles -->\nb"}},
		"no end of the last": {"a\n<!-- article -->", []string{"1: a"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, text := range article.Split([]byte(tt.md)) {
				got = append(got, fmt.Sprintf("%d: %s", text.Line, strings.TrimSpace(string(text.Markdown))))
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

const two = `---
title: 一
digest: 摘要
---
![](photo.png) [a](https://e.com)

<!-- article -->

# 二

![](photo.png) ![](tiny.webp) [b](https://e.com)
`

func TestDraftAll(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	p := publisher(t, c, nil)
	var progress []string
	texts := article.Split([]byte(two))
	texts[1].Options = &article.DraftOptions{Author: "乙", Progress: func(done, total int) { progress = append(progress, fmt.Sprintf("%d/%d", done, total)) }}
	id, reports, err := p.DraftAll(t.Context(), texts...)
	require.NoError(t, err)
	require.Len(t, srv.Drafts(), 1)
	draft := srv.Drafts()[0]
	assert.Equal(t, id, draft.ID)
	require.Len(t, draft.Articles, 2)
	assert.Equal(t, [4]string{"一", "二", "", "乙"}, [4]string{draft.Articles[0].Title, draft.Articles[1].Title, draft.Articles[0].Author, draft.Articles[1].Author})
	assert.Empty(t, draft.Articles[0].Digest)
	assert.Len(t, srv.ArticleImages(), 2, "photo.png stands in both and goes once")
	assert.Len(t, srv.Materials(), 1, "and is the cover of both")
	assert.Equal(t, []string{"1/2", "2/2"}, progress)
	require.Len(t, reports, 2)
	assert.Equal(t, []string{
		"the digest is left out: WeChat keeps it for a draft of a single article",
		"line 5: a link became a reference (引用链接): WeChat removes links that leave it",
	}, reports[0].Notes)
	assert.Equal(t, []string{"line 11: a link became a reference (引用链接): WeChat removes links that leave it"}, reports[1].Notes, "the line of the file")
	for i, r := range reports {
		assert.Equal(t, draft.Articles[i].Content, r.Stored)
		assert.Nil(t, r.Difference)
	}

	_, _, err = p.Draft(t.Context(), []byte(two), nil)
	require.ErrorContains(t, err, "2 articles")
	require.ErrorContains(t, err, "DraftAll")
	_, err = p.Update(t.Context(), id, 0, []byte(two), nil)
	require.ErrorContains(t, err, "UpdateAll")
}

// Every problem of every article is found at once, with its number, and nothing is sent.
func TestDraftAllRefusesFirst(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	p := publisher(t, c, nil)
	id, reports, err := p.DraftAll(t.Context(), article.Split([]byte("# 一\n\n![](gone.png)\n<!-- article -->\n---\ntitle: "+strings.Repeat("长", 33)+"\n---\n![](photo.png)"))...)
	assert.Empty(t, id)
	assert.Len(t, reports, 2)
	require.ErrorContains(t, err, "article 1 (一): article: line 3: picture gone.png")
	require.ErrorContains(t, err, "article 2 (长长长")
	require.ErrorIs(t, err, article.ErrTooLong)

	_, _, err = p.DraftAll(t.Context(), article.Split([]byte("# 一\n\nx\n<!-- article -->\n---\ntitle\n---\n"))...)
	require.ErrorContains(t, err, "article 2: article: front matter: line 6")

	_, _, err = p.DraftAll(t.Context())
	require.ErrorIs(t, err, wechat.ErrInput)
	many := make([]article.Text, article.MaxArticles+1)
	for i := range many {
		many[i].Markdown = []byte("# t\n\n![](photo.png)")
	}
	_, _, err = p.DraftAll(t.Context(), many...)
	require.ErrorIs(t, err, wechat.ErrInput)
	assert.Empty(t, srv.Tokens())
	_, reports, err = p.DraftAll(t.Context(), many[1:]...)
	require.NoError(t, err)
	assert.Len(t, reports, article.MaxArticles)
}

// A second article that the platform changed is told from the first, which it left.
func TestDraftAllIsCompared(t *testing.T) {
	t.Parallel()
	_, c := account(t)
	id, reports, err := publisher(t, filter{Client: c, at: 1, old: "<p", new: "<section"}, nil).DraftAll(t.Context(), article.Split([]byte(two))...)
	assert.NotEmpty(t, id)
	require.ErrorContains(t, err, "article 2 (二)")
	d, ok := errorAs[*article.Difference](err)
	require.True(t, ok)
	assert.Nil(t, reports[0].Difference)
	assert.Equal(t, d, reports[1].Difference)
	assert.Equal(t, 11, d.Changes[0].Line)
}

// slow is a platform whose pictures take a second each.
type slow struct{ *wechat.Client }

func (s slow) UploadArticleImage(ctx context.Context, f wechat.File) (string, error) {
	time.Sleep(time.Second)
	return s.Client.UploadArticleImage(ctx, f)
}

// The whole way of an article with 20 pictures takes five latencies of an upload and no more than a tenth above, and
// so do two articles with ten each.
func TestDraftOfTwentyPicturesTime(t *testing.T) {
	t.Parallel()
	for name, sep := range map[string]string{"one article": "\n", "two articles": "\n<!-- article -->\n# u\n\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root, md := folder(t), "# t\n"
			for i := range 20 {
				img := flat(8, 8, noise(20, 1, false).At(i, 0))
				img.Pix[0] = uint8(i)
				root[fmt.Sprintf("%d.png", i)] = fileOf(pngOf(t, img))
				if i == 10 {
					md += sep
				}
				md += fmt.Sprintf("\n![](%d.png)\n", i)
			}
			synctest.Test(t, func(t *testing.T) {
				srv := wechattest.NewServer()
				defer srv.Close()
				c, err := wechat.New(srv.Config())
				require.NoError(t, err)
				cover, err := c.UploadMaterial(t.Context(), wechat.ImageMaterial, wechat.FileBytes("c.png", root["photo.png"].Data), nil)
				require.NoError(t, err)
				p, err := article.New(article.Config{Client: slow{c}, Loader: article.Loader{FS: root}})
				require.NoError(t, err)
				texts := article.Split([]byte(md))
				for i := range texts {
					texts[i].Options = &article.DraftOptions{CoverID: cover.ID}
				}
				began := time.Now()
				_, _, err = p.DraftAll(t.Context(), texts...)
				require.NoError(t, err)
				assert.Len(t, srv.ArticleImages(), 20)
				assert.LessOrEqual(t, time.Since(began), 5*time.Second+500*time.Millisecond)
			})
		})
	}
}

// A cache in a file is what a new process begins with.
func TestFileCache(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	path := filepath.Join(t.TempDir(), "uploaded.json")
	md := []byte("# t\n\n![](photo.png) ![](anim.gif)")
	for restart := range 2 {
		cache, err := article.FileCache(path)
		require.NoError(t, err)
		_, report, err := publisher(t, c, cache).Draft(t.Context(), md, nil)
		require.NoError(t, err)
		assert.Equal(t, restart == 1, report.Pictures[0].Cached && report.Pictures[1].Cached && report.Cover.Cached)
		assert.Len(t, srv.ArticleImages(), 1)
		assert.Len(t, srv.Materials(), 2)
	}
	other := filepath.Join(t.TempDir(), "other.json")
	for text, ok := range map[string]bool{"[1]": false, "{": false, "null": true, "{}": true} {
		write(t, other, text)
		cache, err := article.FileCache(other)
		require.Equal(t, ok, err == nil, text)
		if ok {
			require.NoError(t, cache.Put(t.Context(), "a", "b"))
		} else {
			require.ErrorContains(t, err, "other.json")
		}
	}
	nowhere, err := article.FileCache(filepath.Join(t.TempDir(), "none", "c.json"))
	require.NoError(t, err)
	require.Error(t, nowhere.Put(t.Context(), "a", "b"))
	_, ok, err := nowhere.Get(t.Context(), "a")
	require.NoError(t, err)
	assert.False(t, ok, "what is not written is not known")
}
