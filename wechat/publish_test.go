package wechat_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

const opStatus = "freepublish/get"

func TestPublishAndWait(t *testing.T) {
	t.Parallel()
	for name, numeric := range map[string]bool{"ids as text": false, "ids as numbers": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, c := account(t, wechattest.Options{PublishAfter: time.Minute, NumericIDs: numeric})
				id := makeDraft(t, c)
				job, err := c.Publish(t.Context(), id)
				require.NoError(t, err)
				assert.Len(t, srv.Drafts(), 1, "the draft stays until the job succeeds")
				var seen []wechat.PublishStatus
				out, err := c.Publication(job.ID()).Wait(t.Context(), &wechat.WaitOptions{Progress: func(s wechat.PublishState) { seen = append(seen, s.Status) }})
				require.NoError(t, err)
				assert.NotEmpty(t, out.ArticleID)
				require.Len(t, out.URLs, 1)
				assert.Regexp(t, `^https://mp\.weixin\.qq\.com/s\?__biz=`, out.URLs[0])
				assert.Equal(t, []wechat.PublishStatus{1, 1, 1, 1, 0}, seen, "at 0, 5, 15, 35 and 75 s")
				assert.Empty(t, srv.Drafts())
				assert.Len(t, srv.PublishJobs(), 1)
				_, err = c.Draft(t.Context(), id)
				require.ErrorIs(t, err, wechat.ErrNotFound)
				_, err = c.Publish(t.Context(), id)
				require.ErrorIs(t, err, wechat.ErrNotFound)
			})
		})
	}
}

// Trap 28: a day has 100 looks; waiting all day leaves some of them.
func TestWaitStaysWithinTheQuota(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, c := account(t, wechattest.Options{PublishAfter: 48 * time.Hour})
		job, err := c.Publish(t.Context(), makeDraft(t, c))
		require.NoError(t, err)
		began := time.Now()
		_, err = job.Wait(t.Context(), nil)
		require.ErrorIs(t, err, wechat.ErrPending)
		assert.Contains(t, err.Error(), "last state: publishing")
		assert.Equal(t, 12, srv.Calls(opStatus))
		assert.Greater(t, time.Since(began), 50*time.Minute)
		_, err = job.Wait(t.Context(), &wechat.WaitOptions{MaxPolls: 3, Interval: time.Hour})
		require.ErrorIs(t, err, wechat.ErrPending)
		assert.Equal(t, 15, srv.Calls(opStatus))
		assert.Equal(t, 15, srv.Used(opStatus), "of 100")
	})
}

func TestWaitForgivesTransientFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, c := account(t, wechattest.Options{PublishAfter: time.Minute})
		job, err := c.Publish(t.Context(), makeDraft(t, c))
		require.NoError(t, err)
		srv.FailNext(opStatus, -1)
		srv.DropNext(opStatus)
		srv.AnswerNext(opStatus, 502, nil, "<html>")
		_, err = job.Wait(t.Context(), nil)
		require.NoError(t, err)
		assert.Equal(t, 5, srv.Calls(opStatus), "each used up one look and no more")
	})
}

func TestWaitEnds(t *testing.T) {
	t.Parallel()
	t.Run("by a refusal", func(t *testing.T) {
		t.Parallel()
		_, c := account(t, wechattest.Options{})
		_, err := c.Publication("7").Wait(t.Context(), nil)
		require.ErrorIs(t, err, wechat.ErrNotFound)
		assert.Contains(t, err.Error(), "wechat: publish 7 (last state: not asked yet)")
		_, err = c.Publication("").Wait(t.Context(), nil)
		require.ErrorIs(t, err, wechat.ErrInput)
	})
	t.Run("by the caller", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			_, c := account(t, wechattest.Options{PublishAfter: time.Hour})
			job, err := c.Publish(t.Context(), makeDraft(t, c))
			require.NoError(t, err)
			cause := errors.New("shutting down")
			ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Second, cause)
			defer cancel()
			began := time.Now()
			_, err = job.Wait(ctx, nil)
			require.ErrorIs(t, err, cause)
			assert.Contains(t, err.Error(), "last state: publishing")
			assert.Equal(t, 20*time.Second, time.Since(began))
		})
	})
	t.Run("by the minute's limit only later", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			srv, c := account(t, wechattest.Options{})
			job, err := c.Publish(t.Context(), makeDraft(t, c))
			require.NoError(t, err)
			srv.FailNext(opStatus, 45011)
			began := time.Now()
			_, err = job.Wait(t.Context(), nil)
			require.NoError(t, err)
			assert.Equal(t, 65*time.Second, time.Since(began), "a minute, and the pause")
		})
	})
	t.Run("by an answer that leaves the status out", func(t *testing.T) {
		t.Parallel()
		srv, c := account(t, wechattest.Options{})
		srv.AnswerNext(opStatus, 200, nil, `{"publish_id":"7"}`)
		_, err := c.Publication("7").Poll(t.Context())
		require.ErrorIs(t, err, wechat.ErrTemporary, "0 means published and must not be guessed")
	})
}

func TestPublishFailures(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status wechat.PublishStatus
		idx    []int
		is     error
		text   string
	}{
		"not original": {status: wechat.PublishNotOriginal, idx: []int{1}, is: wechat.ErrContent, text: "originality check failed (articles [1], counted from 1)"},
		"refused":      {status: wechat.PublishRefused, idx: []int{1}, is: wechat.ErrContent, text: "refused by the audit"},
		"failed":       {status: wechat.PublishFailed, text: "failed"},
		"deleted":      {status: wechat.PublishDeleted, is: wechat.ErrNotFound, text: "deleted by the owner"},
		"banned":       {status: wechat.PublishBannedLater, is: wechat.ErrNotFound, text: "banned by the platform"},
		"new number":   {status: 9, text: "publish_status 9"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := account(t, wechattest.Options{PublishAfter: time.Nanosecond})
			srv.FailNextPublish(tt.status, tt.idx...)
			job, err := c.Publish(t.Context(), makeDraft(t, c))
			require.NoError(t, err)
			_, err = job.Wait(t.Context(), &wechat.WaitOptions{Interval: time.Millisecond})
			e, ok := errors.AsType[*wechat.PublishError](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, tt.status, e.State.Status)
			assert.Equal(t, tt.idx, e.State.FailIdx)
			assert.Contains(t, err.Error(), tt.text)
			if tt.is != nil {
				require.ErrorIs(t, err, tt.is)
			}
			assert.Len(t, srv.Drafts(), 1, "the draft stays")
		})
	}
}

// Trap 6: submit has no idempotency key.
func TestSubmitIsNeverRepeated(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault   func(*wechattest.Server)
		unknown bool
		jobs    int
	}{
		"answer lost":    {fault: func(s *wechattest.Server) { s.LoseNext("freepublish/submit") }, unknown: true, jobs: 1},
		"dropped before": {fault: func(s *wechattest.Server) { s.DropNext("freepublish/submit") }, unknown: true},
		"system busy":    {fault: func(s *wechattest.Server) { s.FailNext("freepublish/submit", -1) }, unknown: true},
		"bad gateway":    {fault: func(s *wechattest.Server) { s.AnswerNext("freepublish/submit", 502, nil, "<html>") }, unknown: true},
		"without an id":  {fault: func(s *wechattest.Server) { s.AnswerNext("freepublish/submit", 200, nil, `{"errcode":0}`) }, unknown: true},
		"refused":        {fault: func(s *wechattest.Server) { s.FailNext("freepublish/submit", 53503) }},
		"too often":      {fault: func(s *wechattest.Server) { s.FailNext("freepublish/submit", 53501) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := account(t, wechattest.Options{})
			id := makeDraft(t, c)
			tt.fault(srv)
			_, err := c.Publish(t.Context(), id)
			require.Error(t, err)
			assert.Equal(t, tt.unknown, errors.Is(err, wechat.ErrUnknownOutcome), "%v", err)
			assert.Equal(t, 1, srv.Calls("freepublish/submit"))
			assert.Len(t, srv.PublishJobs(), tt.jobs)
		})
	}
	t.Run("a caller who gives up does not know either", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			srv, c := account(t, wechattest.Options{})
			id := makeDraft(t, c)
			srv.HangNext("freepublish/submit")
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := c.Publish(ctx, id)
			require.ErrorIs(t, err, wechat.ErrUnknownOutcome)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.NotErrorIs(t, err, wechat.ErrTemporary)
		})
	})
}

// Trap 13: verified is not callable; drafts stay open to all.
func TestUnverifiedAccount(t *testing.T) {
	t.Parallel()
	_, c := account(t, wechattest.Options{Verified: new(false)})
	id := makeDraft(t, c)
	_, err := c.Publish(t.Context(), id)
	require.ErrorIs(t, err, wechat.ErrPermission)
	assert.NotErrorIs(t, err, wechat.ErrUnknownOutcome)
	assert.Contains(t, err.Error(), "https://developers.weixin.qq.com/console")
	assert.Contains(t, err.Error(), "drafts stay open")
}

// Trap 5: deleting one and deleting all are two methods.
func TestPublishedListAndDelete(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{PublishAfter: time.Nanosecond})
	a := wechat.Article{Title: "一", Content: "<p>正文</p>", Cover: cover(t, c)}
	b := a
	b.Title = "二"
	id, err := c.CreateDraft(t.Context(), a, b)
	require.NoError(t, err)
	job, err := c.Publish(t.Context(), id)
	require.NoError(t, err)
	out, err := job.Wait(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, out.URLs, 2)

	list := c.Published(t.Context(), nil)
	for range 2 {
		n := 0
		for item, err := range list {
			require.NoError(t, err)
			assert.Equal(t, out.ArticleID, item.ID)
			require.Len(t, item.Articles, 2)
			assert.Equal(t, out.URLs[1], item.Articles[1].URL)
			assert.Equal(t, "二", item.Articles[1].Title)
			assert.Contains(t, item.Articles[0].Content, "正文")
			assert.Contains(t, item.Articles[0].CoverURL, "https://mmbiz.qpic.cn/")
			assert.False(t, item.Articles[0].Deleted)
			n++
		}
		assert.Equal(t, 1, n)
	}
	articles, err := c.PublishedArticles(t.Context(), out.ArticleID)
	require.NoError(t, err)
	require.Len(t, articles, 2)
	assert.Equal(t, out.URLs[0], articles[0].URL)
	assert.Equal(t, "<p>正文</p>", articles[1].Content)
	assert.Equal(t, a.Cover, articles[1].Cover)
	_, err = c.PublishedArticles(t.Context(), "")
	require.ErrorIs(t, err, wechat.ErrInput)

	require.ErrorIs(t, c.DeletePublished(t.Context(), out.ArticleID, 0), wechat.ErrInput)
	require.ErrorIs(t, c.DeletePublished(t.Context(), out.ArticleID, -1), wechat.ErrInput)
	require.ErrorIs(t, c.DeletePublished(t.Context(), "", 1), wechat.ErrInput)
	require.ErrorIs(t, c.DeleteAllPublished(t.Context(), ""), wechat.ErrInput)
	assert.Zero(t, srv.Calls("freepublish/delete"))

	require.NoError(t, c.DeletePublished(t.Context(), out.ArticleID, 1))
	require.Len(t, srv.Published(), 1)
	assert.True(t, srv.Published()[0].Articles[0].Deleted)
	assert.False(t, srv.Published()[0].Articles[1].Deleted)
	require.NoError(t, c.DeleteAllPublished(t.Context(), out.ArticleID))
	assert.Empty(t, srv.Published())
	require.ErrorIs(t, c.DeleteAllPublished(t.Context(), out.ArticleID), wechat.ErrNotFound)
	_, err = c.PublishedArticles(t.Context(), out.ArticleID)
	require.ErrorIs(t, err, wechat.ErrNotFound)
}

// A test double of Publisher needs no HTTP.
func TestPublisherDouble(t *testing.T) {
	t.Parallel()
	var p wechat.Publisher = stubPublisher{}
	job, err := p.Publish(t.Context(), "D")
	require.NoError(t, err)
	out, err := job.Wait(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, &wechat.Published{ArticleID: "A", URLs: []string{"https://mp.weixin.qq.com/s/1"}}, out)
}

type stubPublisher struct{}

func (s stubPublisher) Publish(context.Context, wechat.DraftID) (*wechat.Publication, error) {
	return s.Publication("1"), nil
}

func (stubPublisher) Publication(id wechat.PublishID) *wechat.Publication {
	return wechat.NewPublication(id, func(context.Context) (wechat.PublishState, error) {
		return wechat.PublishState{ID: id, ArticleID: "A", URLs: []string{"https://mp.weixin.qq.com/s/1"}}, nil
	})
}
