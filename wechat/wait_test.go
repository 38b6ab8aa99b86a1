package wechat_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

const opMassStatus = "message/mass/get"

// Traps 18 and 28: the push ends the wait and costs nothing, a missing one is tolerated, and the day's quota is safe.
func TestPublishWaitJoinsPushAndLooks(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		takes    time.Duration // what publishing takes
		events   bool
		lost     bool
		looks    int           // at most
		late     time.Duration // how long after the end Wait may return
		attended time.Duration // how long after the submission Wait is called
	}{
		"push first":              {takes: time.Minute, events: true, looks: 1},
		"push after minutes":      {takes: 299 * time.Second, events: true, looks: 1},
		"push before Wait":        {takes: time.Minute, events: true, looks: 1, attended: time.Hour, late: 59 * time.Minute},
		"push lost":               {takes: 20 * time.Minute, events: true, lost: true, looks: 12, late: 20 * time.Minute},
		"push lost, quick":        {takes: time.Minute, events: true, lost: true, looks: 2, late: 4 * time.Minute},
		"push lost, four hours":   {takes: 4 * time.Hour, events: true, lost: true, looks: 12, late: 30 * time.Minute},
		"no callback":             {takes: 5 * time.Minute, looks: 12, late: 5 * time.Minute},
		"no callback, long":       {takes: 45 * time.Minute, looks: 12, late: 10 * time.Minute},
		"no callback, in a blink": {takes: time.Nanosecond, looks: 2, late: 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, c := account(t, wechattest.Options{PublishAfter: tt.takes})
				if tt.lost {
					srv.LoseNextPush()
				}
				began := time.Now()
				job, err := c.Publish(t.Context(), makeDraft(t, c))
				require.NoError(t, err)
				time.Sleep(tt.attended)
				opts := &wechat.WaitOptions{}
				if tt.events {
					opts.Events = srv.Events()
				}
				out, err := c.Publication(job.ID()).Wait(t.Context(), opts)
				require.NoError(t, err)
				assert.NotEmpty(t, out.ArticleID)
				require.Len(t, out.URLs, 1)
				assert.Regexp(t, `^https://mp\.weixin\.qq\.com/`, out.URLs[0])
				took := time.Since(began)
				assert.GreaterOrEqual(t, took, tt.takes)
				assert.LessOrEqual(t, took, tt.takes+tt.late)
				assert.LessOrEqual(t, srv.Calls(opStatus), tt.looks)
				assert.Equal(t, srv.Calls(opStatus), srv.Used(opStatus))
				t.Logf("%d looks, %s after the end", srv.Calls(opStatus), took-tt.takes)
			})
		})
	}
}

func TestPublishWaitTakesTheReasonFromThePush(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, c := account(t, wechattest.Options{PublishAfter: time.Minute})
		srv.FailNextPublish(wechat.PublishRefused, 1)
		job, err := c.Publish(t.Context(), makeDraft(t, c))
		require.NoError(t, err)
		var seen []wechat.PublishStatus
		_, err = job.Wait(t.Context(), &wechat.WaitOptions{Events: srv.Events(), Progress: func(s wechat.PublishState) { seen = append(seen, s.Status) }})
		e, ok := errors.AsType[*wechat.PublishError](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, []int{1}, e.State.FailIdx)
		require.ErrorIs(t, err, wechat.ErrContent)
		assert.Equal(t, []wechat.PublishStatus{wechat.PublishRunning, wechat.PublishRefused}, seen, "the push counts as progress")
		assert.Equal(t, 1, srv.Calls(opStatus))
	})
}

// pushes is an Events that says what it is told to, at once.
type pushes struct {
	publish wechat.PublishState
	mass    wechat.MassReport
	err     error
}

func (p pushes) PublishEnd(context.Context, wechat.PublishID) (wechat.PublishState, error) {
	return p.publish, p.err
}

func (p pushes) MassEnd(context.Context, wechat.MsgID) (wechat.MassReport, error) {
	return p.mass, p.err
}

// Trap 24: lists of a push may be empty, and what does not fit is a reason to look and no more.
func TestWaitLooksWhenThePushDoesNotSuffice(t *testing.T) {
	t.Parallel()
	for name, push := range map[string]wechat.PublishState{
		"without addresses": {ID: "100000004", Status: wechat.PublishDone, ArticleID: "A"},
		"another job's":     {ID: "7", Status: wechat.PublishFailed},
		"still going on":    {ID: "100000004", Status: wechat.PublishRunning},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, c := account(t, wechattest.Options{PublishAfter: 10 * time.Second})
				job, err := c.Publish(t.Context(), makeDraft(t, c))
				require.NoError(t, err)
				require.Equal(t, wechat.PublishID("100000004"), job.ID())
				out, err := job.Wait(t.Context(), &wechat.WaitOptions{Events: pushes{publish: push}})
				require.NoError(t, err)
				assert.NotEqual(t, wechat.ArticleID("A"), out.ArticleID)
				assert.Len(t, out.URLs, 1)
				assert.LessOrEqual(t, srv.Calls(opStatus), 3)
			})
		})
	}
	t.Run("http addresses", func(t *testing.T) {
		t.Parallel()
		job := wechat.NewPublication("7", func(context.Context) (wechat.PublishState, error) {
			return wechat.PublishState{ID: "7", Status: wechat.PublishRunning}, nil
		})
		push := wechat.PublishState{ID: "7", URLs: []string{"http://mp.weixin.qq.com/s?__biz=1"}}
		out, err := job.Wait(t.Context(), &wechat.WaitOptions{Events: pushes{publish: push}})
		require.NoError(t, err)
		assert.Equal(t, []string{"https://mp.weixin.qq.com/s?__biz=1"}, out.URLs)
		assert.Equal(t, "http://mp.weixin.qq.com/s?__biz=1", push.URLs[0], "what was pushed is not changed")
	})
}

func TestWaitWithoutEars(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		deaf := errors.New("the queue is closed")
		srv, c := account(t, wechattest.Options{PublishAfter: 6 * time.Minute})
		job, err := c.Publish(t.Context(), makeDraft(t, c))
		require.NoError(t, err)
		_, err = job.Wait(t.Context(), &wechat.WaitOptions{Events: pushes{err: deaf}, MaxPolls: 2, Interval: time.Second})
		require.ErrorIs(t, err, wechat.ErrPending)
		require.ErrorIs(t, err, deaf, "told when the looks are used up")
		_, err = job.Wait(t.Context(), &wechat.WaitOptions{Events: pushes{err: deaf}})
		require.NoError(t, err, "else the looks suffice")
		assert.Equal(t, 2+3, srv.Calls(opStatus))
	})
}

// Wait leaves nothing behind: synctest fails a test whose goroutines stay.
func TestWaitEndsItsListening(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, c := account(t, wechattest.Options{PublishAfter: time.Hour})
		job, err := c.Publish(t.Context(), makeDraft(t, c))
		require.NoError(t, err)
		cause := errors.New("shutting down")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, cause)
		defer cancel()
		_, err = job.Wait(ctx, &wechat.WaitOptions{Events: srv.Events()})
		require.ErrorIs(t, err, cause)
		_, err = job.Wait(t.Context(), &wechat.WaitOptions{Events: &wechat.Inbox{}, MaxPolls: 1})
		require.ErrorIs(t, err, wechat.ErrPending)
		var slow slowToEnd
		_, err = job.Wait(t.Context(), &wechat.WaitOptions{Events: &slow, MaxPolls: 1})
		require.ErrorIs(t, err, wechat.ErrPending)
		assert.True(t, slow.ended.Load(), "Wait has waited for it")
	})
}

// slowToEnd is an Events that hears nothing and takes its time to stop.
type slowToEnd struct {
	wechat.Inbox

	ended atomic.Bool
}

func (s *slowToEnd) PublishEnd(ctx context.Context, _ wechat.PublishID) (wechat.PublishState, error) {
	<-ctx.Done()
	time.Sleep(time.Second)
	s.ended.Store(true)
	return wechat.PublishState{}, ctx.Err()
}

func TestInbox(t *testing.T) {
	t.Parallel()
	t.Run("before and after", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			var inbox wechat.Inbox
			inbox.PublishEnded(wechat.PublishState{ID: "1", Status: wechat.PublishFailed})
			inbox.PublishEnded(wechat.PublishState{ID: "1", Status: wechat.PublishFailed})
			s, err := inbox.PublishEnd(t.Context(), "1")
			require.NoError(t, err)
			assert.Equal(t, wechat.PublishFailed, s.Status)
			var heard atomic.Int32
			var wg sync.WaitGroup
			for range 3 {
				wg.Go(func() {
					r, err := inbox.MassEnd(t.Context(), "9")
					if assert.NoError(t, err) && assert.Equal(t, 5, r.Sent) {
						heard.Add(1)
					}
				})
			}
			synctest.Wait()
			inbox.MassEnded(wechat.MassReport{ID: "8", Sent: 1})
			synctest.Wait()
			assert.Zero(t, heard.Load(), "another job's")
			inbox.MassEnded(wechat.MassReport{ID: "9", Sent: 5})
			wg.Wait()
			assert.Equal(t, int32(3), heard.Load())
		})
	})
	t.Run("gives up with its caller", func(t *testing.T) {
		t.Parallel()
		var inbox wechat.Inbox
		ctx, cancel := context.WithCancelCause(t.Context())
		cause := errors.New("enough")
		cancel(cause)
		_, err := inbox.PublishEnd(ctx, "1")
		require.ErrorIs(t, err, cause)
	})
	t.Run("is bounded", func(t *testing.T) {
		t.Parallel()
		var inbox wechat.Inbox
		for n := range 1001 {
			inbox.MassEnded(wechat.MassReport{ID: wechat.MsgID(fmt.Sprint(n)), Sent: n})
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := inbox.MassEnd(ctx, "0")
		require.ErrorIs(t, err, context.Canceled, "the oldest is forgotten")
		r, err := inbox.MassEnd(ctx, "1")
		require.NoError(t, err)
		assert.Equal(t, 1, r.Sent)
	})
}

// Mass sends: the report with its numbers and addresses is in the push alone.
func TestMassWaitJoinsPushAndLooks(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		takes    time.Duration
		pushedAt time.Duration // after the send; 0 = never
		events   bool
		report   bool
		looks    int
		took     time.Duration
	}{
		"push first":            {takes: time.Minute, events: true, pushedAt: 59 * time.Second, report: true, looks: 1, took: 59 * time.Second},
		"push a little late":    {takes: 4 * time.Minute, events: true, pushedAt: 5*time.Minute + 30*time.Second, report: true, looks: 2, took: 5*time.Minute + 30*time.Second},
		"push too late":         {takes: 4 * time.Minute, events: true, pushedAt: 7 * time.Minute, looks: 2, took: 6 * time.Minute},
		"push lost":             {takes: 4 * time.Minute, events: true, looks: 2, took: 6 * time.Minute},
		"no callback (trap 18)": {takes: 4 * time.Minute, looks: 7, took: 315 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, c := account(t, wechattest.Options{PublishAfter: tt.takes})
				p, err := c.PlanMass(t.Context(), wechat.ToTag(101), wechat.News{DraftID: makeDraft(t, c)}, nil)
				require.NoError(t, err)
				job, err := p.Send(t.Context())
				require.NoError(t, err)
				opts := &wechat.WaitOptions{}
				var inbox wechat.Inbox
				if tt.events {
					opts.Events = &inbox
				}
				if tt.pushedAt > 0 {
					time.AfterFunc(tt.pushedAt, func() { inbox.MassEnded(wechat.MassReport{ID: job.ID(), Status: "send success", Sent: 3}) })
				}
				began := time.Now()
				result, err := job.Wait(t.Context(), opts)
				require.NoError(t, err)
				assert.Equal(t, wechat.MassSent, result.Status)
				assert.Equal(t, tt.report, result.Report != nil)
				assert.Equal(t, tt.took, time.Since(began))
				assert.Equal(t, tt.looks, srv.Calls(opMassStatus))
				time.Sleep(tt.pushedAt)
			})
		})
	}
}

// The minute that a refused look costs is cut short by the push.
func TestWaitHearsThePushWhileItIsHeldBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, c := account(t, wechattest.Options{PublishAfter: 10 * time.Second})
		job, err := c.Publish(t.Context(), makeDraft(t, c))
		require.NoError(t, err)
		srv.FailNext(opStatus, 45011)
		began := time.Now()
		out, err := job.Wait(t.Context(), &wechat.WaitOptions{Events: srv.Events()})
		require.NoError(t, err)
		assert.Len(t, out.URLs, 1)
		assert.Equal(t, 10*time.Second, time.Since(began))
		assert.Equal(t, 1, srv.Calls(opStatus))

		srv.FailNext(opStatus, 45011)
		cause := errors.New("shutting down")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, cause)
		defer cancel()
		_, err = c.Publication("7").Wait(ctx, nil)
		require.ErrorIs(t, err, cause)
	})
}
