package wechattest_test

import (
	"bytes"
	"context"
	"mime/multipart"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

// publish submits a draft of one article.
func publish(t *testing.T, c *wechat.Client) wechat.PublishID {
	t.Helper()
	job, err := c.Publish(t.Context(), draft(t, c))
	require.NoError(t, err)
	return job.ID()
}

func draft(t *testing.T, c *wechat.Client) wechat.DraftID {
	t.Helper()
	m, err := c.UploadMaterial(t.Context(), wechat.ImageMaterial, wechat.FileBytes("a.png", pngBytes(t)), nil)
	require.NoError(t, err)
	id, err := c.CreateDraft(t.Context(), wechat.Article{Title: "标题", Content: "<p>正文</p>", Cover: m.ID})
	require.NoError(t, err)
	return id
}

func TestEventsComeWhenTheirJobsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, c := open(t, wechattest.Options{PublishAfter: time.Hour})
		id := publish(t, c)
		began := time.Now()
		state, err := srv.Events().PublishEnd(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, time.Hour, time.Since(began))
		assert.Equal(t, wechat.PublishDone, state.Status)
		assert.Len(t, state.URLs, 1)
		again, err := srv.Events().PublishEnd(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, state, again, "it stays to be read")
		assert.Equal(t, time.Hour, time.Since(began))
		polled, err := c.Publication(id).Poll(t.Context())
		require.NoError(t, err)
		assert.Equal(t, state.ArticleID, polled.ArticleID, "as asking tells it")

		srv.LoseNextPush()
		lost, unknown, other := publish(t, c), wechat.PublishID("1"), publish(t, c)
		for _, id := range []wechat.PublishID{lost, unknown} {
			ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
			_, err = srv.Events().PublishEnd(ctx, id)
			require.ErrorIs(t, err, context.DeadlineExceeded, id)
			cancel()
		}
		_, err = srv.Events().PublishEnd(t.Context(), other)
		require.NoError(t, err, "one push was lost and no more")
		_, err = c.Draft(t.Context(), "FakeDraft_000003")
		require.ErrorIs(t, err, wechat.ErrNotFound, "the job itself went on")
	})
}

func TestQuotasOfDeletingAndPublishing(t *testing.T) {
	t.Parallel()
	for op, tt := range map[string]struct {
		body  string
		limit int
		code  int // before the quota is used up
	}{
		"message/mass/delete":    {body: `{"msg_id":1}`, limit: 10, code: 40059},
		"freepublish/delete":     {body: `{"article_id":"x","index":1}`, limit: 10, code: 53600},
		"freepublish/get":        {body: `{"publish_id":"1"}`, limit: 100, code: 53502},
		"freepublish/getarticle": {body: `{"article_id":"x"}`, limit: 100, code: 53600},
		"freepublish/batchget":   {body: `{"offset":0,"count":1}`, limit: 100},
		"freepublish/submit":     {body: `{"media_id":"x"}`, limit: 100, code: 40007},
		"message/mass/preview":   {body: `{"touser":"o"}`, limit: 100, code: 43004},
	} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			srv, _ := open(t, wechattest.Options{})
			for range tt.limit {
				require.Equal(t, tt.code, call(t, srv, op, tt.body))
			}
			assert.Equal(t, 45009, call(t, srv, op, tt.body))
			assert.Equal(t, tt.limit, srv.Used(op))
		})
	}
}

func TestQuotaStartsAnewInBeijing(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 15, 59, 0, 0, time.UTC) // a minute before midnight in Beijing
	srv, c := open(t, wechattest.Options{Now: func() time.Time { return now }})
	srv.SetQuota("draft/count", 2)
	for range 2 {
		_, err := c.DraftCount(t.Context())
		require.NoError(t, err)
	}
	_, err := c.DraftCount(t.Context())
	require.ErrorIs(t, err, wechat.ErrQuota)
	assert.Equal(t, 2, srv.Used("draft/count"))
	now = now.Add(time.Minute)
	_, err = c.DraftCount(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, srv.Used("draft/count"))
}

func TestRefusesTemporaryUploads(t *testing.T) {
	t.Parallel()
	voice := func(frames int) []byte {
		return append([]byte("#!AMR\n"), bytes.Repeat(append([]byte{0x3c}, make([]byte, 31)...), frames)...)
	}
	for name, tt := range map[string]struct {
		op, kind, file string
		data           []byte
		want           int
	}{
		"image":                     {op: "media/upload", kind: "image", file: "a.png", data: pngBytes(t)},
		"no type":                   {op: "media/upload", file: "a.png", data: pngBytes(t), want: 40004},
		"no such type":              {op: "media/upload", kind: "news", file: "a.png", data: pngBytes(t), want: 40004},
		"bmp is for the library":    {op: "media/upload", kind: "image", file: "a.bmp", data: []byte("BM\x00\x00"), want: 40005},
		"upper case":                {op: "media/upload", kind: "image", file: "a.PNG", data: pngBytes(t), want: 40113},
		"voice of a minute":         {op: "media/upload", kind: "voice", file: "a.amr", data: voice(3000)},
		"voice above a minute":      {op: "media/upload", kind: "voice", file: "a.amr", data: voice(3050), want: 45007},
		"voice above 2 MiB":         {op: "media/upload", kind: "voice", file: "a.amr", data: append(voice(1), make([]byte, 2<<20)...), want: 40010},
		"permanent, above a minute": {op: "material/add_material", kind: "voice", file: "a.amr", data: voice(3050), want: 45007},
		"thumb above 64 KiB":        {op: "media/upload", kind: "thumb", file: "a.jpg", data: append(jpegBytes(t), make([]byte, 64<<10)...), want: 40012},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := open(t, wechattest.Options{})
			tok, err := c.Token(t.Context())
			require.NoError(t, err)
			var body bytes.Buffer
			form := multipart.NewWriter(&body)
			part, err := form.CreateFormFile("media", tt.file)
			require.NoError(t, err)
			_, err = part.Write(tt.data)
			require.NoError(t, err)
			require.NoError(t, form.Close())
			_, answer := post(t, srv, tt.op+"?type="+tt.kind+"&access_token="+tok.Value, form.FormDataContentType(), &body)
			assert.Equal(t, tt.want, errcode(answer))
		})
	}
}

// What a mass send came to, which pages of it are gone and temporary files are all remembered over a restart.
func TestJobsSurviveARestart(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
	opts := wechattest.Options{StateFile: filepath.Join(t.TempDir(), "wechat.json"), Now: func() time.Time { return now }}
	srv, c := open(t, opts)
	m, err := c.UploadTemporary(t.Context(), wechat.ImageMaterial, wechat.FileBytes("a.png", pngBytes(t)))
	require.NoError(t, err)
	srv.CheckNextMass(wechat.CopyrightCheck{State: wechat.CopyrightReprint})
	plan, err := c.PlanMass(t.Context(), wechat.ToTag(101), wechat.News{DraftID: draft(t, c)}, &wechat.MassOptions{SendIgnoreReprint: true})
	require.NoError(t, err)
	job, err := plan.Send(t.Context())
	require.NoError(t, err)
	now = now.Add(time.Minute)
	require.NoError(t, c.SetMassSpeed(t.Context(), wechat.Speed100k))
	before, err := srv.Events().MassEnd(t.Context(), job.ID())
	require.NoError(t, err)
	require.NoError(t, c.DeleteMass(t.Context(), job.ID(), 1))
	srv.Close()

	srv, c = open(t, opts)
	after, err := srv.Events().MassEnd(t.Context(), job.ID())
	require.NoError(t, err)
	assert.Equal(t, before, after)
	assert.Equal(t, wechat.CopyrightReprint, after.Copyright.State)
	assert.Equal(t, 3, after.Sent)
	s, err := c.MassJob(job.ID()).Poll(t.Context())
	require.NoError(t, err)
	assert.Equal(t, wechat.MassDeleted, s.Status)
	set, _, err := c.MassSpeed(t.Context())
	require.NoError(t, err)
	assert.Equal(t, wechat.Speed100k, set)
	d, err := c.Temporary(t.Context(), m.ID)
	require.NoError(t, err)
	assert.Equal(t, pngBytes(t), d.Data)
}
