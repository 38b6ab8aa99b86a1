package callback_test

import (
	"bytes"
	"image"
	"image/png"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/callback"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

func onePixel() []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// editor is an account whose jobs take four minutes, with a callback that fills an inbox, and a client for it.
func editor(t *testing.T, cb wechattest.Callback) (*wechattest.Server, *wechat.Client, *wechat.Inbox) {
	t.Helper()
	srv, err := wechattest.Open(wechattest.Options{PublishAfter: 4 * time.Minute})
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	inbox := &wechat.Inbox{}
	h := handler(t, callback.Config{Token: srv.Callback().Token, AppID: srv.AppID(), AESKeys: []string{srv.Callback().AESKey}, Jobs: inbox})
	cb.Handler = h
	require.NoError(t, srv.SetCallback(t.Context(), cb))
	c, err := wechat.New(srv.Config())
	require.NoError(t, err)
	return srv, c, inbox
}

func draft(t *testing.T, c *wechat.Client) wechat.DraftID {
	t.Helper()
	cover, err := c.UploadMaterial(t.Context(), wechat.ImageMaterial, wechat.FileBytes("cover.png", onePixel()), nil)
	require.NoError(t, err)
	id, err := c.CreateDraft(t.Context(), wechat.Article{Title: "标题", Content: "<p>正文</p>", Cover: cover.ID})
	require.NoError(t, err)
	return id
}

// pushAfter has the platform tell of the ends of jobs after a while.
func pushAfter(t *testing.T, srv *wechattest.Server, d time.Duration) <-chan error {
	t.Helper()
	pushed := make(chan error, 1)
	time.AfterFunc(d, func() {
		_, err := srv.PushDue(t.Context())
		pushed <- err
	})
	return pushed
}

// What the platform pushes ends the wait of package wechat, without looks; a push that is lost does not stop it.
func TestPushesEndAWait(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		lost  bool
		looks int // at most
		took  time.Duration
	}{
		"pushed": {looks: 1, took: 4 * time.Minute}, "lost": {lost: true, looks: 12, took: 20 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, c, inbox := editor(t, wechattest.Callback{})
				if tt.lost {
					srv.LoseNextPush()
				}
				job, err := c.Publish(t.Context(), draft(t, c))
				require.NoError(t, err)
				began := time.Now()
				pushed := pushAfter(t, srv, 4*time.Minute)
				out, err := job.Wait(t.Context(), &wechat.WaitOptions{Events: inbox})
				require.NoError(t, err)
				require.NoError(t, <-pushed)
				assert.Len(t, out.URLs, 1)
				assert.LessOrEqual(t, time.Since(began), tt.took)
				assert.LessOrEqual(t, srv.Used("freepublish/get"), tt.looks)
			})
		})
	}
}

// The report of a mass send is in the push alone: through the callback it reaches the wait.
func TestPushesBringTheReport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, c, inbox := editor(t, wechattest.Callback{JSON: true})
		plan, err := c.PlanMass(t.Context(), wechat.ToTag(101), wechat.News{DraftID: draft(t, c)}, nil)
		require.NoError(t, err)
		job, err := plan.Send(t.Context())
		require.NoError(t, err)
		pushed := pushAfter(t, srv, 4*time.Minute)
		out, err := job.Wait(t.Context(), &wechat.WaitOptions{Events: inbox})
		require.NoError(t, err)
		require.NoError(t, <-pushed)
		require.NotNil(t, out.Report)
		assert.Equal(t, 3, out.Report.Sent)
		assert.Len(t, out.Report.Articles, 1)
	})
}
