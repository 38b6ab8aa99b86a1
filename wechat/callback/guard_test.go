package callback_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/callback"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

// slow answers after d with how often it ran.
func slow(d time.Duration, runs *atomic.Int32) func(context.Context, *callback.Push) (callback.Reply, error) {
	return func(ctx context.Context, _ *callback.Push) (callback.Reply, error) {
		n := runs.Add(1)
		select {
		case <-time.After(d):
			return callback.TextReply{Text: fmt.Sprintf("run %d", n)}, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// The guard: what the user and the application see of a handler that needs this long.
func TestSlowHandlers(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for name, tt := range map[string]struct {
		takes      time.Duration
		deliveries int
		attempts   int
		text       string // that the user sees
		late       bool
		answered   time.Duration // when the platform has its answer
	}{
		"quick":                          {takes: s, attempts: 1, text: "run 1", answered: s},
		"just in time":                   {takes: 4400 * time.Millisecond, attempts: 1, text: "run 1", answered: 4400 * time.Millisecond},
		"too slow":                       {takes: 5 * s, attempts: 1, late: true, answered: 4500 * time.Millisecond},
		"much too slow":                  {takes: 60 * s, attempts: 1, late: true, answered: 4500 * time.Millisecond},
		"second delivery":                {takes: 8 * s, deliveries: 3, attempts: 2, text: "run 1", answered: 8 * s},
		"third delivery":                 {takes: 13 * s, deliveries: 3, attempts: 3, text: "run 1", answered: 13 * s},
		"slower than three":              {takes: 20 * s, deliveries: 3, attempts: 3, late: true, answered: 14500 * time.Millisecond},
		"slower than two":                {takes: 12 * s, deliveries: 2, attempts: 2, late: true, answered: 9500 * time.Millisecond},
		"between limit and end of first": {takes: 4800 * time.Millisecond, deliveries: 3, attempts: 1, text: "run 1", answered: 4800 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var runs, lates atomic.Int32
				srv, h := account(t, wechattest.Callback{}, callback.Config{
					Deliveries: tt.deliveries, Handle: slow(tt.takes, &runs),
					Late: func(_ context.Context, _ *callback.Push, r callback.Reply) {
						assert.Equal(t, callback.TextReply{Text: "run 1"}, r)
						lates.Add(1)
					},
				})
				began := time.Now()
				d := push(t, srv, wechattest.TextMessage("", "hello"))
				assert.NoError(t, d.Broken)
				assert.Len(t, d.Attempts, tt.attempts)
				assert.Equal(t, tt.answered, time.Since(began))
				if tt.text == "" {
					assert.Nil(t, d.Reply)
					assert.Equal(t, "success", d.Attempts[len(d.Attempts)-1].Body)
				} else if assert.NotNil(t, d.Reply) {
					assert.Equal(t, tt.text, d.Reply.Text)
				}
				require.NoError(t, h.Shutdown(t.Context()))
				assert.EqualValues(t, 1, runs.Load(), "one push is handled once")
				assert.Equal(t, tt.late, lates.Load() == 1)
			})
		})
	}
}

// A platform that does not come back for a reply it did not wait for: the reply is late all the same.
func TestNobodyComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var runs, lates atomic.Int32
		srv, h := account(t, wechattest.Callback{}, callback.Config{
			Deliveries: 3, Handle: slow(7*time.Second, &runs),
			Late: func(context.Context, *callback.Push, callback.Reply) { lates.Add(1) },
		})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		m := hello(time.Now())
		req, err := srv.PushRequest(ctx, m)
		require.NoError(t, err)
		_, err = srv.Callback().Client.Do(req)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		time.Sleep(time.Minute)
		assert.EqualValues(t, 1, lates.Load())
		assert.Nil(t, push(t, srv, m).Reply, "what went to Late is not given as well")
		require.NoError(t, h.Shutdown(t.Context()))
		assert.EqualValues(t, 1, runs.Load())
	})
}

// A late reply without Late is dropped, and the log says so without what the user wrote.
func TestLateReplyIsMissed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int32
		log := &lines{}
		srv, h := account(t, wechattest.Callback{}, callback.Config{Handle: slow(6*time.Second, &runs), Logger: log.logger()})
		push(t, srv, wechattest.TextMessage("", "private words"))
		require.NoError(t, h.Shutdown(t.Context()))
		assert.Contains(t, log.String(), "too late")
		assert.NotContains(t, log.String(), "private words")
	})
}

// After "success" in place of the answer, whoever comes again hears "success" again.
func TestSuccessIsTheFirstAnswerToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int32
		srv, _ := account(t, wechattest.Callback{}, callback.Config{Handle: slow(6*time.Second, &runs)})
		m := wechattest.Message{Type: "text", ID: 7, Created: time.Now(), Fields: []wechattest.Field{wechattest.F("Content", "hello")}}
		assert.Equal(t, "success", push(t, srv, m).Attempts[0].Body)
		time.Sleep(10 * time.Second)
		assert.Equal(t, "success", push(t, srv, m).Attempts[0].Body)
		assert.EqualValues(t, 1, runs.Load())
	})
}

// Duplicates that come at the same time wait for the first, and all get its answer.
func TestConcurrentDuplicates(t *testing.T) {
	t.Parallel()
	for name, cb := range modes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var runs atomic.Int32
				srv, _ := account(t, cb, callback.Config{Handle: slow(3*time.Second, &runs)})
				m := wechattest.Message{Type: "text", ID: 7, Created: time.Now(), Fields: []wechattest.Field{wechattest.F("Content", "hello")}}
				var wg sync.WaitGroup
				for range 20 {
					wg.Go(func() {
						d := push(t, srv, m)
						if assert.NotNil(t, d.Reply) {
							assert.Equal(t, "run 1", d.Reply.Text)
						}
					})
				}
				wg.Wait()
				assert.EqualValues(t, 1, runs.Load())
			})
		})
	}
}

// The memory is as long as a request can be sent again, and no longer.
func TestMemoryForgets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got received
		srv, _ := account(t, wechattest.Callback{}, callback.Config{Handle: got.echo})
		m := hello(time.Now())
		push(t, srv, m)
		time.Sleep(20 * time.Minute)
		push(t, srv, m)
		assert.Len(t, got.pushes(), 1)
		time.Sleep(2 * time.Minute)
		push(t, srv, m)
		assert.Len(t, got.pushes(), 2)
	})
}

func TestWhatIsTheSamePush(t *testing.T) {
	t.Parallel()
	now := time.Now()
	event := func(from, name, key string, at time.Time) wechattest.Message {
		m := wechattest.EventMessage(wechat.OpenID(from), name, wechattest.F("EventKey", key))
		m.Created = at
		return m
	}
	text := func(id int64, at time.Time) wechattest.Message {
		return wechattest.Message{From: "oUser", Type: "text", ID: id, Created: at, Fields: []wechattest.Field{wechattest.F("Content", "x")}}
	}
	for name, tt := range map[string]struct {
		a, b wechattest.Message
		same bool
	}{
		"message again":                   {text(1, now), text(1, now), true},
		"message with another time":       {text(1, now), text(1, now.Add(time.Second)), true},
		"another message":                 {text(1, now), text(2, now), false},
		"event again":                     {event("oUser", "CLICK", "a", now), event("oUser", "CLICK", "a", now), true},
		"event of another user":           {event("oUser", "CLICK", "a", now), event("oOther", "CLICK", "a", now), false},
		"event a second later":            {event("oUser", "CLICK", "a", now), event("oUser", "CLICK", "a", now.Add(time.Second)), false},
		"another event of that second":    {event("oUser", "CLICK", "a", now), event("oUser", "VIEW", "a", now), false},
		"another button of that second":   {event("oUser", "CLICK", "a", now), event("oUser", "CLICK", "b", now), false},
		"event in another case":           {event("oUser", "CLICK", "a", now), event("oUser", "click", "a", now), true},
		"another job of that second":      {job("MASSSENDJOBFINISH", now, wechattest.N("MsgID", 1)), job("MASSSENDJOBFINISH", now, wechattest.N("MsgID", 2)), false},
		"another publish of that second":  {job("PUBLISHJOBFINISH", now, published(1)), job("PUBLISHJOBFINISH", now, published(2)), false},
		"the same publish of that second": {job("PUBLISHJOBFINISH", now, published(1)), job("PUBLISHJOBFINISH", now, published(1)), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got received
			srv, _ := account(t, wechattest.Callback{}, callback.Config{Handle: got.echo})
			push(t, srv, tt.a)
			push(t, srv, tt.b)
			assert.Equal(t, tt.same, len(got.pushes()) == 1)
		})
	}
}

func job(name string, at time.Time, fields ...wechattest.Field) wechattest.Message {
	m := wechattest.EventMessage("oUser", name, fields...)
	m.Created = at
	return m
}

func published(id int64) wechattest.Field {
	return wechattest.G("PublishEventInfo", wechattest.N("publish_id", id), wechattest.N("publish_status", 0))
}

func TestErrorsOfTheHandler(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fail     func() error
		runs     int
		answer   string
		attempts int
	}{
		"an error says nothing":        {fail: func() error { return errors.New("broken: fake-token") }, runs: 1, answer: "success", attempts: 1},
		"a panic too":                  {fail: func() error { panic("broken: fake-token") }, runs: 1, answer: "success", attempts: 1},
		"ErrRetry has it brought anew": {fail: func() error { return fmt.Errorf("database: %w", callback.ErrRetry) }, runs: 3, answer: "not yet", attempts: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := &lines{}
			runs := 0
			srv, _ := account(t, wechattest.Callback{}, callback.Config{
				Logger: log.logger(),
				Handle: func(context.Context, *callback.Push) (callback.Reply, error) { runs++; return nil, tt.fail() },
			})
			d := push(t, srv, wechattest.TextMessage("", "private words"))
			assert.Len(t, d.Attempts, tt.attempts)
			assert.Equal(t, tt.answer, d.Attempts[0].Body)
			assert.Equal(t, tt.runs, runs)
			assert.Contains(t, log.String(), "handler failed")
			assert.NotContains(t, log.String(), "fake-token")
			assert.NotContains(t, log.String(), "private words")
		})
	}
}

// ErrRetry once, and then an answer: the platform's next delivery runs the handler again.
func TestRetryThenAnswer(t *testing.T) {
	t.Parallel()
	runs := 0
	srv, _ := account(t, wechattest.Callback{}, callback.Config{Handle: func(context.Context, *callback.Push) (callback.Reply, error) {
		if runs++; runs == 1 {
			return nil, callback.ErrRetry
		}
		return callback.TextReply{Text: "now"}, nil
	}})
	d := push(t, srv, wechattest.TextMessage("", "hello"))
	require.NoError(t, d.Broken)
	assert.Equal(t, "now", d.Reply.Text)
	assert.Len(t, d.Attempts, 2)
}

func TestShutdown(t *testing.T) {
	t.Parallel()
	t.Run("waits for what runs", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			var runs atomic.Int32
			srv, h := account(t, wechattest.Callback{}, callback.Config{Handle: slow(time.Minute, &runs)})
			began := time.Now()
			push(t, srv, wechattest.TextMessage("", "hello"))
			require.NoError(t, h.Shutdown(t.Context()))
			assert.Equal(t, time.Minute, time.Since(began))
		})
	})
	t.Run("refuses what comes", func(t *testing.T) {
		t.Parallel()
		var got received
		srv, h := account(t, wechattest.Callback{}, callback.Config{Handle: got.echo})
		require.NoError(t, h.Shutdown(t.Context()))
		d := push(t, srv, wechattest.TextMessage("", "hello"))
		assert.Len(t, d.Attempts, 3)
		assert.Equal(t, http.StatusServiceUnavailable, d.Attempts[0].Status)
		assert.Empty(t, got.pushes())
	})
	t.Run("ends what does not end", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ended := make(chan error, 1)
			srv, h := account(t, wechattest.Callback{}, callback.Config{Handle: func(ctx context.Context, _ *callback.Push) (callback.Reply, error) {
				<-ctx.Done()
				ended <- context.Cause(ctx)
				return nil, nil
			}})
			push(t, srv, wechattest.TextMessage("", "hello"))
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			require.ErrorIs(t, h.Shutdown(ctx), context.DeadlineExceeded)
			assert.ErrorContains(t, <-ended, "shutting down")
		})
	})
	t.Run("a run has an end of its own", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ended := make(chan error, 1)
			began := time.Now()
			srv, _ := account(t, wechattest.Callback{}, callback.Config{MaxRun: 30 * time.Second, Handle: func(ctx context.Context, _ *callback.Push) (callback.Reply, error) {
				<-ctx.Done()
				ended <- context.Cause(ctx)
				return nil, nil
			}})
			push(t, srv, wechattest.TextMessage("", "hello"))
			assert.ErrorContains(t, <-ended, "has had its time")
			assert.Equal(t, 30*time.Second, time.Since(began))
		})
	})
}
