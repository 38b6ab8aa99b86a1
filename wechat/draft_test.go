package wechat_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

func TestDraftLimits(t *testing.T) {
	t.Parallel()
	const img = `<img src="https://mmbiz.qpic.cn/a/0">`
	news := func(change func(*wechat.Article)) wechat.Article {
		a := wechat.Article{Title: "标题", Content: "<p>正文</p>", Cover: "FakeMaterial_000001"}
		change(&a)
		return a
	}
	pics := func(change func(*wechat.PicPost)) wechat.PicPost {
		p := wechat.PicPost{Title: "标题", Images: []wechat.MediaID{"FakeMaterial_000001"}}
		change(&p)
		return p
	}
	for name, tt := range map[string]struct {
		post wechat.Post
		want string // "" = taken, by the fake as well
	}{
		"title of 32":           {post: news(func(a *wechat.Article) { a.Title = strings.Repeat("字", 32) })},
		"title of 33":           {post: news(func(a *wechat.Article) { a.Title = strings.Repeat("字", 33) }), want: "posts[0].Title: 33 characters, at most 32"},
		"title of 32 emoji":     {post: news(func(a *wechat.Article) { a.Title = strings.Repeat("😀", 32) })},
		"no title":              {post: news(func(a *wechat.Article) { a.Title = " " }), want: "posts[0].Title is required"},
		"author of 16":          {post: news(func(a *wechat.Article) { a.Author = strings.Repeat("字", 16) })},
		"author of 17":          {post: news(func(a *wechat.Article) { a.Author = strings.Repeat("字", 17) }), want: "posts[0].Author: 17 characters, at most 16"},
		"digest of 128":         {post: news(func(a *wechat.Article) { a.Digest = strings.Repeat("字", 128) })},
		"digest of 129":         {post: news(func(a *wechat.Article) { a.Digest = strings.Repeat("字", 129) }), want: "posts[0].Digest: 129 characters, at most 128"},
		"no content":            {post: news(func(a *wechat.Article) { a.Content = "" }), want: "posts[0].Content is required"},
		"30,000 characters":     {post: news(func(a *wechat.Article) { a.Content = strings.Repeat("字", 30_000) })},
		"just below 1 MiB":      {post: news(func(a *wechat.Article) { a.Content = strings.Repeat("a", 1<<20-1) })},
		"1 MiB":                 {post: news(func(a *wechat.Article) { a.Content = strings.Repeat("a", 1<<20) }), want: "posts[0].Content: 1048576 bytes"},
		"no cover":              {post: news(func(a *wechat.Article) { a.Cover = "" }), want: "posts[0].Cover is required"},
		"source":                {post: news(func(a *wechat.Article) { a.SourceURL = "https://example.com/a?b=c" })},
		"source without host":   {post: news(func(a *wechat.Article) { a.SourceURL = "/a" }), want: "posts[0].SourceURL: want an absolute"},
		"source of 1,025 bytes": {post: news(func(a *wechat.Article) { a.SourceURL = "https://e.cn/" + strings.Repeat("a", 1012) }), want: "posts[0].SourceURL: 1025 bytes"},
		"crop":                  {post: news(func(a *wechat.Article) { a.Crop11 = &wechat.Crop{X2: 1, Y2: 1} })},
		"crop upside down":      {post: news(func(a *wechat.Article) { a.Crop235 = &wechat.Crop{X1: 0.5, X2: 0.2, Y2: 1} }), want: "posts[0].Crop235"},
		"fans without comments": {post: news(func(a *wechat.Article) { a.FansOnlyComment = true }), want: "needs OpenComment"},
		"picture of WeChat":     {post: news(func(a *wechat.Article) { a.Content = img + `<img data-src='http://mmbiz.qlogo.cn/x'/>` })},
		"picture from elsewhere": {
			post: news(func(a *wechat.Article) {
				a.Content = img + `<IMG alt="a>b" src='https://example.com/a.png?x=1&amp;y=2'>`
			}),
			want: `"https://example.com/a.png?x=1&y=2" is not on WeChat's hosts`,
		},
		"picture with a host that looks like it": {
			post: news(func(a *wechat.Article) { a.Content = `<img src=https://mmbiz.qpic.cn.example.com/a>` }), want: "mmbiz.qpic.cn.example.com",
		},
		"picture as data":      {post: news(func(a *wechat.Article) { a.Content = `<img src="data:image/png;base64,AA">` }), want: "data:image/png"},
		"picture without src":  {post: news(func(a *wechat.Article) { a.Content = `<p>a<img width="1"></p>` }), want: `the picture ""`},
		"picture in a comment": {post: news(func(a *wechat.Article) { a.Content = `a<!-- <img src="x"> -->` })},
		"not a picture":        {post: news(func(a *wechat.Article) { a.Content = `<p>&lt;img src="x"&gt; <imgx src="x"></p>` })},
		"nil article":          {post: (*wechat.Article)(nil), want: "posts[0].Post is nil"},
		"nil":                  {post: nil, want: "posts[0].Post is nil"},
		"pictures":             {post: pics(func(*wechat.PicPost) {})},
		"no pictures":          {post: pics(func(p *wechat.PicPost) { p.Images = nil }), want: "posts[0].Images: 0 given, want 1 to 20"},
		"21 pictures":          {post: pics(func(p *wechat.PicPost) { p.Images = make([]wechat.MediaID, 21) }), want: "posts[0].Images: 21 given"},
		"a ratio that there is not": {post: pics(func(p *wechat.PicPost) {
			p.Covers = []wechat.CoverCrop{{Ratio: "4_3", Crop: wechat.Crop{X2: 1, Y2: 1}}}
		}), want: `the ratio "4_3"`},
		"pictures with a good cover": {post: &wechat.PicPost{Title: "t", Images: []wechat.MediaID{"FakeMaterial_000001"}, Covers: []wechat.CoverCrop{{Ratio: "1_1", Crop: wechat.Crop{X2: 1, Y2: 1}}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := account(t, wechattest.Options{})
			cover(t, c)
			id, err := c.CreateDraft(t.Context(), tt.post)
			if tt.want == "" {
				require.NoError(t, err)
				require.Len(t, srv.Drafts(), 1)
				assert.Equal(t, srv.Drafts()[0].ID, id)
				return
			}
			require.ErrorIs(t, err, wechat.ErrInput)
			assert.Contains(t, err.Error(), tt.want)
			assert.Zero(t, srv.Calls("draft/add"), "nothing was sent")
		})
	}
}

func TestDraftProblemsComeTogether(t *testing.T) {
	t.Parallel()
	_, c := account(t, wechattest.Options{})
	_, err := c.CreateDraft(t.Context(), wechat.Article{Author: strings.Repeat("a", 17)}, wechat.PicPost{})
	for _, want := range []string{"posts[0].Title", "posts[0].Author", "posts[0].Content", "posts[0].Cover", "posts[1].Title", "posts[1].Images"} {
		assert.ErrorContains(t, err, want)
	}
	_, err = c.CreateDraft(t.Context())
	require.ErrorContains(t, err, "posts: 0 given, a draft holds 1 to 8")
	_, err = c.CreateDraft(t.Context(), make([]wechat.Post, 9)...)
	require.ErrorContains(t, err, "posts: 9 given")
}

// Trap 17: a digest belongs to a draft of one post.
func TestDraftOfSeveral(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	a := wechat.Article{Title: "一", Content: "<p>正文</p>", Cover: cover(t, c)}
	b := a
	b.Title, b.Digest = "二", "摘要"
	_, err := c.CreateDraft(t.Context(), a, b)
	require.ErrorContains(t, err, "posts[1].Digest")
	b.Digest = ""
	id, err := c.CreateDraft(t.Context(), a, &b)
	require.NoError(t, err)
	d, err := c.Draft(t.Context(), id)
	require.NoError(t, err)
	require.Len(t, d.Articles, 2)
	assert.Equal(t, "二", d.Articles[1].Title)
	assert.True(t, strings.HasPrefix(d.Articles[1].TempURL, "https://mp.weixin.qq.com/"))
	assert.Len(t, srv.Drafts(), 1)
}

func TestDraftOutcome(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault   func(*wechattest.Server)
		unknown bool
		drafts  int
	}{
		"answer lost":           {fault: func(s *wechattest.Server) { s.LoseNext("draft/add") }, unknown: true, drafts: 1},
		"dropped before":        {fault: func(s *wechattest.Server) { s.DropNext("draft/add") }, unknown: true},
		"a proxy's page":        {fault: func(s *wechattest.Server) { s.AnswerNext("draft/add", 504, nil, "<html>") }, unknown: true},
		"system busy":           {fault: func(s *wechattest.Server) { s.FailNext("draft/add", -1) }, unknown: true},
		"no media_id":           {fault: func(s *wechattest.Server) { s.AnswerNext("draft/add", 200, nil, "{}") }, unknown: true},
		"refused":               {fault: func(s *wechattest.Server) { s.FailNext("draft/add", 45003) }},
		"too many":              {fault: func(s *wechattest.Server) { s.FailNext("draft/add", 45009) }},
		"the token's own fault": {fault: func(s *wechattest.Server) { s.RevokeTokens(); s.DropNext("stable_token") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := account(t, wechattest.Options{})
			a := wechat.Article{Title: "标题", Content: "<p>正文</p>", Cover: cover(t, c)}
			tt.fault(srv)
			_, err := c.CreateDraft(t.Context(), a)
			require.Error(t, err)
			assert.Equal(t, tt.unknown, errors.Is(err, wechat.ErrUnknownOutcome), "%v", err)
			assert.Equal(t, 1, srv.Calls("draft/add"), "never repeated")
			assert.Len(t, srv.Drafts(), tt.drafts)
			_, typed := errors.AsType[*wechat.Error](err)
			assert.True(t, typed || name == "no media_id", "the cause is kept: %v", err)
		})
	}
}

// Trap 5: an update replaces the whole article, so what was not touched must be sent again.
func TestUpdateDraftKeepsTheRest(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	full := wechat.Article{
		Title: "标题", Author: "作者", Digest: "摘要", Content: `<section style="color:red">正文</section>`, SourceURL: "https://example.com/",
		Cover: cover(t, c), OpenComment: true, FansOnlyComment: true,
		Crop235: &wechat.Crop{X1: 0.25, X2: 1, Y2: 0.5}, Crop11: &wechat.Crop{X2: 0.5, Y2: 1},
	}
	id, err := c.CreateDraft(t.Context(), full)
	require.NoError(t, err)
	require.NoError(t, c.UpdateDraft(t.Context(), id, 0, func(a *wechat.Article) error {
		assert.Equal(t, full, *a)
		a.Title, a.Author, a.Crop11 = "新标题", "", nil
		return nil
	}))
	d, err := c.Draft(t.Context(), id)
	require.NoError(t, err)
	full.Title, full.Author, full.Crop11 = "新标题", "", nil
	assert.Equal(t, full, d.Articles[0].Article())
	assert.Len(t, srv.Drafts(), 1)

	stop := errors.New("changed my mind")
	require.ErrorIs(t, c.UpdateDraft(t.Context(), id, 0, func(*wechat.Article) error { return stop }), stop)
	require.ErrorContains(t, c.UpdateDraft(t.Context(), id, 1, func(*wechat.Article) error { return nil }), "index: 1, the draft has articles 0 to 0")
	require.ErrorIs(t, c.UpdateDraft(t.Context(), id, 0, func(a *wechat.Article) error { a.Title = ""; return nil }), wechat.ErrInput)
	require.ErrorIs(t, c.UpdateDraft(t.Context(), "FakeDraft_none", 0, func(*wechat.Article) error { return nil }), wechat.ErrNotFound)
	assert.Equal(t, 1, srv.Calls("draft/update"))
}

func TestUpdateDraftOnTheWire(t *testing.T) {
	t.Parallel()
	srv, _ := account(t, wechattest.Options{})
	srv.AnswerNext("draft/get", http.StatusOK, nil, `{"news_item":[{"title":"T","content":"<p style=\"font-family:&#39;PingFang&#39;\">a &amp; b</p><img src=\"https://old.example/x.png\">",`+
		`"thumb_media_id":"M","url":"http://mp.weixin.qq.com/s","show_cover_pic":0,"need_open_comment":1,"only_fans_can_comment":0,"something_new":{"a":1}}]}`)
	srv.AnswerNext("draft/update", http.StatusOK, nil, `{"errcode":0}`)
	var body string
	hc := srv.Client()
	next := hc.Transport
	hc.Transport = roundTrip(func(req *http.Request) (*http.Response, error) {
		if strings.HasSuffix(req.URL.Path, "draft/update") {
			body = readAll(t, req)
		}
		return next.RoundTrip(req)
	})
	cfg := srv.Config()
	cfg.HTTPClient = hc
	c, err := wechat.New(cfg)
	require.NoError(t, err)
	require.NoError(t, c.UpdateDraft(t.Context(), "D", 0, func(a *wechat.Article) error { a.Title = "U"; return nil }))
	var sent struct {
		Articles map[string]any `json:"articles"`
	}
	require.NoError(t, json.Unmarshal([]byte(body), &sent))
	assert.Equal(t, map[string]any{
		"article_type": "news", "title": "U", "thumb_media_id": "M", "need_open_comment": 1., "only_fans_can_comment": 0.,
		"content":       `<p style="font-family:'PingFang'">a &amp; b</p><img src="https://old.example/x.png">`,
		"something_new": map[string]any{"a": 1.},
	}, sent.Articles, "unknown fields stay, entities in styles are decoded, a picture that was there is no error")
}

func TestReplaceDraft(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	id := makeDraft(t, c)
	require.NoError(t, c.ReplaceDraft(t.Context(), id, 0, wechat.PicPost{Title: "图", Images: []wechat.MediaID{srv.Materials()[0].ID}}))
	d, err := c.Draft(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, "newspic", d.Articles[0].Type)
	assert.Equal(t, []wechat.MediaID{srv.Materials()[0].ID}, d.Articles[0].Images)
	require.ErrorContains(t, c.UpdateDraft(t.Context(), id, 0, func(*wechat.Article) error { return nil }), "newspic")
	e, ok := errors.AsType[*wechat.Error](c.ReplaceDraft(t.Context(), id, 3, wechat.PicPost{Title: "图", Images: []wechat.MediaID{srv.Materials()[0].ID}}))
	require.True(t, ok)
	assert.Equal(t, 40114, e.Code)
	require.ErrorIs(t, c.ReplaceDraft(t.Context(), "", -1, nil), wechat.ErrInput)
}

func TestDraftsListCountDelete(t *testing.T) {
	t.Parallel()
	_, c := account(t, wechattest.Options{})
	var ids []wechat.DraftID
	for range 3 {
		ids = append(ids, makeDraft(t, c))
	}
	list := c.Drafts(t.Context(), &wechat.ListOptions{NoContent: true})
	for range 2 {
		n := 0
		for d, err := range list {
			require.NoError(t, err)
			assert.Equal(t, ids[len(ids)-1-n], d.ID, "newest first")
			assert.Empty(t, d.Articles[0].Content)
			assert.Equal(t, "标题", d.Articles[0].Title)
			assert.False(t, d.Updated.IsZero())
			n++
		}
		assert.Equal(t, 3, n)
	}
	for d, err := range c.Drafts(t.Context(), nil) {
		require.NoError(t, err)
		assert.Equal(t, "<p>正文</p>", d.Articles[0].Content)
		break
	}
	require.NoError(t, c.DeleteDraft(t.Context(), ids[0]))
	n, err := c.DraftCount(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	_, err = c.Draft(t.Context(), ids[0])
	require.ErrorIs(t, err, wechat.ErrNotFound)
	_, err = c.Draft(t.Context(), "")
	require.ErrorIs(t, err, wechat.ErrInput)
}
