package wechat_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

func TestUpdatePicPostKeepsTheRest(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	card, err := c.ProductCard(t.Context(), "1", wechat.BarCard, true)
	require.NoError(t, err)
	a, b := cover(t, c), cover(t, c)
	full := wechat.PicPost{
		Title: "图", Content: "正文", Images: []wechat.MediaID{a, b}, OpenComment: true, FansOnlyComment: true, ProductKey: card.Key,
		Covers: []wechat.CoverCrop{
			{Ratio: "1_1", Crop: wechat.Crop{X1: 0.166454, X2: 0.833545, Y2: 1}},
			{Ratio: "2.35_1", Crop: wechat.Crop{Y1: 0.25, X2: 1, Y2: 0.75}},
		},
	}
	id, err := c.CreateDraft(t.Context(), full)
	require.NoError(t, err)
	require.NoError(t, c.UpdatePicPost(t.Context(), id, 0, func(p *wechat.PicPost) error {
		assert.Equal(t, full, *p)
		p.Title, p.FansOnlyComment, p.ProductKey = "新图", false, ""
		p.Images = []wechat.MediaID{b, a} // the other one in front
		p.Covers = p.Covers[:1]
		return nil
	}))
	d, err := c.Draft(t.Context(), id)
	require.NoError(t, err)
	full.Title, full.FansOnlyComment, full.ProductKey = "新图", false, ""
	full.Images, full.Covers = []wechat.MediaID{b, a}, full.Covers[:1]
	assert.Equal(t, full, d.Articles[0].PicPost())
	assert.Len(t, srv.Drafts(), 1)

	assert.NotContains(t, srv.Drafts()[0].Articles[0].Fields, "product_info", "what edit has emptied is gone")
	require.ErrorContains(t, c.UpdatePicPost(t.Context(), makeDraft(t, c), 0, func(*wechat.PicPost) error { return nil }), "use UpdateDraft")
	require.ErrorIs(t, c.UpdatePicPost(t.Context(), id, 0, func(p *wechat.PicPost) error { p.Images = nil; return nil }), wechat.ErrInput)
	assert.Equal(t, 1, srv.Calls("draft/update"))
}

// Trap 5: what edit does not touch goes back as it was stored, with what is not known of it.
func TestUpdatePicPostOnTheWire(t *testing.T) {
	t.Parallel()
	const stored = `"image_info":{"image_list":[{"image_media_id":"M","alt":"x"}]},"cover_info":{"crop_percent_list":[{"ratio":"1_1","x1":0,"y1":0,"x2":1,"y2":1}],"from":"web"}`
	c, w := onTheWire(t, http.StatusOK, `{"errcode":0,"news_item":[{"article_type":"newspic","title":"T","content":"c",`+stored+`,"url":"u","location":{"id":1}}]}`)
	require.NoError(t, c.UpdatePicPost(t.Context(), "D", 0, func(p *wechat.PicPost) error {
		assert.Equal(t, []wechat.CoverCrop{{Ratio: "1_1", Crop: wechat.Crop{X2: 1, Y2: 1}}}, p.Covers, "fractions as numbers are read as well")
		p.Title = "U"
		return nil
	}))
	require.Len(t, w.bodies, 2)
	var sent struct {
		ID       string          `json:"media_id"`
		Index    *int            `json:"index"`
		Articles json.RawMessage `json:"articles"`
	}
	require.NoError(t, json.Unmarshal([]byte(w.bodies[1]), &sent))
	assert.Equal(t, new(0), sent.Index, "0 is sent, not left out")
	assert.JSONEq(t, `{"article_type":"newspic","title":"U","content":"c",`+stored+`,"location":{"id":1},"need_open_comment":0,"only_fans_can_comment":0}`, string(sent.Articles))
}

// Trap 17: a digest belongs to a draft of one post, in an update too.
func TestUpdateDraftOfSeveral(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	a := wechat.Article{Title: "一", Content: "<p>正文</p>", Cover: cover(t, c)}
	pics := wechat.PicPost{Title: "图", Images: []wechat.MediaID{a.Cover}}
	id, err := c.CreateDraft(t.Context(), a, a, pics)
	require.NoError(t, err)
	err = c.UpdateDraft(t.Context(), id, 1, func(a *wechat.Article) error { a.Digest = "摘要"; return nil })
	require.ErrorIs(t, err, wechat.ErrInput)
	require.ErrorContains(t, err, "Digest")
	require.NoError(t, c.UpdateDraft(t.Context(), id, 1, func(a *wechat.Article) error { a.Title = "二"; return nil }))
	require.NoError(t, c.UpdatePicPost(t.Context(), id, 2, func(p *wechat.PicPost) error { p.Title = "三"; return nil }))
	var titles []string
	for _, stored := range srv.Drafts()[0].Articles {
		titles = append(titles, stored.Title)
	}
	assert.Equal(t, []string{"一", "二", "三"}, titles, "each index is its own article, from 0")
}

func TestCrops(t *testing.T) {
	t.Parallel()
	whole := wechat.Crop{X2: 1, Y2: 1}
	for name, tt := range map[string]struct {
		crop wechat.Crop
		want string // as it goes out; "" = refused
	}{
		"all":                       {crop: whole, want: "0_0_1_1"},
		"six decimals":              {crop: wechat.Crop{X1: 0.1945, X2: 1, Y2: 0.52361237}, want: "0.1945_0_1_0.523612"},
		"small":                     {crop: wechat.Crop{X1: 0.000001, X2: 0.000002, Y2: 1}, want: "0.000001_0_0.000002_1"},
		"thinner than six decimals": {crop: wechat.Crop{X2: 0.0000001, Y2: 1}},
		"nothing":                   {},
		"beyond the edge":           {crop: wechat.Crop{X2: 1.1, Y2: 1}},
		"negative":                  {crop: wechat.Crop{X1: -0.1, X2: 1, Y2: 1}},
		"not a number":              {crop: wechat.Crop{X1: math.NaN(), X2: 1, Y2: 1}},
		"infinite":                  {crop: wechat.Crop{X2: math.Inf(1), Y2: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := account(t, wechattest.Options{})
			id := cover(t, c)
			_, err := c.CreateDraft(t.Context(), wechat.Article{Title: "t", Content: "c", Cover: id, Crop235: &tt.crop})
			_, picErr := c.CreateDraft(t.Context(), wechat.PicPost{Title: "t", Images: []wechat.MediaID{id}, Covers: []wechat.CoverCrop{{Ratio: "16_9", Crop: tt.crop}}})
			if tt.want == "" {
				require.ErrorIs(t, err, wechat.ErrInput)
				require.ErrorIs(t, picErr, wechat.ErrInput)
				assert.Zero(t, srv.Calls("draft/add"))
				return
			}
			require.NoError(t, err)
			require.NoError(t, picErr)
			assert.Equal(t, `"`+tt.want+`"`, string(srv.Drafts()[0].Articles[0].Fields["pic_crop_235_1"]))
		})
	}
	_, c := account(t, wechattest.Options{})
	twice := []wechat.CoverCrop{{Ratio: "1_1", Crop: whole}, {Ratio: "1_1", Crop: whole}}
	_, err := c.CreateDraft(t.Context(), wechat.PicPost{Title: "t", Images: []wechat.MediaID{"M"}, Covers: twice})
	require.ErrorContains(t, err, `the ratio "1_1" twice`)
}

func TestProductCard(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	card, err := c.ProductCard(t.Context(), "2", wechat.BigCard, false)
	require.NoError(t, err, "0 is a look and is sent")
	assert.NotEmpty(t, card.Key)
	assert.Contains(t, card.DOM, card.Key)
	_, err = c.ProductCard(t.Context(), "3", wechat.TextCard, true)
	require.ErrorIs(t, err, wechat.ErrInput)
	assert.Contains(t, err.Error(), "errcode 10170001")
	_, err = c.ProductCard(t.Context(), "", 4, true)
	require.ErrorContains(t, err, "productID is empty")
	require.ErrorContains(t, err, "CardType: 4")
	assert.Equal(t, 2, srv.Calls("channels/ec/service/product/getcardinfo"))

	pics := wechat.PicPost{Title: "t", Images: []wechat.MediaID{cover(t, c)}, ProductKey: "made up"}
	_, err = c.CreateDraft(t.Context(), pics)
	require.ErrorIs(t, err, wechat.ErrInput)
	assert.Contains(t, err.Error(), "errcode 53405")
	_, without := account(t, wechattest.Options{Products: []string{}})
	pics.Images[0] = cover(t, without)
	_, err = without.CreateDraft(t.Context(), pics)
	require.ErrorIs(t, err, wechat.ErrPermission)
}

func TestDraftBoxOpen(t *testing.T) {
	t.Parallel()
	_, c := account(t, wechattest.Options{})
	open, err := c.DraftBoxOpen(t.Context())
	require.NoError(t, err)
	assert.True(t, open)
	c, w := onTheWire(t, http.StatusOK, `{"errcode":0,"is_open":0}`)
	open, err = c.DraftBoxOpen(t.Context())
	require.NoError(t, err)
	assert.False(t, open)
	assert.Equal(t, "1", w.requests[0].URL.Query().Get("checkonly"), "without it the box is opened for ever")
	c, _ = onTheWire(t, http.StatusOK, `{"errcode":0}`)
	_, err = c.DraftBoxOpen(t.Context())
	require.ErrorIs(t, err, wechat.ErrTemporary)
}

func TestDraftsSayWhenTheyWereMade(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	makeDraft(t, c)
	for d, err := range c.Drafts(t.Context(), nil) {
		require.NoError(t, err)
		assert.Equal(t, srv.Drafts()[0].Created.Unix(), d.Created.Unix())
		assert.Equal(t, srv.Drafts()[0].Updated.Unix(), d.Updated.Unix())
	}
}

// Trap 17: the page's 20,000 characters are no limit, but worth a word.
func TestLongContentIsTakenWithAWarning(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		n    int
		warn bool
	}{"20,000": {n: 20_000}, "20,001": {n: 20_001, warn: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, _ := account(t, wechattest.Options{})
			var log bytes.Buffer
			cfg := srv.Config()
			cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
			c, err := wechat.New(cfg)
			require.NoError(t, err)
			_, err = c.CreateDraft(t.Context(), wechat.Article{Title: "t", Cover: cover(t, c), Content: strings.Repeat("字", tt.n)})
			require.NoError(t, err)
			assert.Equal(t, tt.warn, strings.Contains(log.String(), "20,000 characters"), log.String())
		})
	}
}
