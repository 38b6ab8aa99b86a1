package wechattest_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

// A program is killed after each effect and started again: the platform has not forgotten.
func TestStateFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "wechat.json")
	now := time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
	opts := wechattest.Options{StateFile: file, Now: func() time.Time { return now }, PublishAfter: time.Minute}
	srv, c := open(t, opts)
	var kept []string
	srv.Observe(func(e fault.Event) {
		if e.When == fault.After {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			kept = append(kept, e.Op)
			switch e.Op {
			case "draft/add":
				assert.Contains(t, string(data), "FakeDraft_", "written before the answer leaves")
			case "freepublish/submit":
				assert.Contains(t, string(data), `"Jobs": [`)
			}
		}
	})
	url, err := c.UploadArticleImage(t.Context(), wechat.FileBytes("a.png", pngBytes(t)))
	require.NoError(t, err)
	m, err := c.UploadMaterial(t.Context(), wechat.ImageMaterial, wechat.FileBytes("a.png", pngBytes(t)), nil)
	require.NoError(t, err)
	article := wechat.Article{Title: "标题", Content: `<p>正文 &amp; <img src="` + url + `"></p>`, Cover: m.ID}
	id, err := c.CreateDraft(t.Context(), article)
	require.NoError(t, err)
	second, err := c.CreateDraft(t.Context(), article)
	require.NoError(t, err)
	job, err := c.Publish(t.Context(), id)
	require.NoError(t, err)
	p, err := c.PlanMass(t.Context(), wechat.ToEveryone(), wechat.News{DraftID: second}, nil)
	require.NoError(t, err)
	srv.LoseNext("message/mass/sendall")
	_, err = p.Send(t.Context())
	require.ErrorIs(t, err, wechat.ErrUnknownOutcome)
	assert.Contains(t, kept, "message/mass/sendall")
	before, err := c.Draft(t.Context(), id)
	require.NoError(t, err)
	srv.Close()

	srv2, c2 := open(t, opts)
	after, err := c2.Draft(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, before, after)
	assert.Equal(t, srv.Tokens(), srv2.Tokens(), "the token is the same one")
	assert.Equal(t, srv.ArticleImages(), srv2.ArticleImages())
	now = now.Add(2 * time.Minute)
	s, err := c2.Publication(job.ID()).Poll(t.Context())
	require.NoError(t, err)
	assert.Equal(t, wechat.PublishDone, s.Status, "the job went on while nobody looked")
	assert.Empty(t, srv2.Drafts())
	again, err := c2.PlanMass(t.Context(), wechat.ToEveryone(), wechat.News{DraftID: second}, nil)
	require.NoError(t, err)
	sent, err := again.Send(t.Context())
	require.NoError(t, err)
	assert.True(t, sent.Replayed)
	assert.Len(t, srv2.MassJobs(), 1)
	assert.Len(t, srv2.PublishJobs(), 1)

	require.NoError(t, os.WriteFile(file, []byte("{"), 0o600))
	_, err = wechattest.Open(opts)
	require.ErrorContains(t, err, "wechat.json")
}
