package cwlogs_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/cwlogs"
	"github.com/kitroll/kitroll/awsops/cwlogstest"
)

// wrapped puts something between a Tail and its sessions.
type wrapped struct {
	*cwlogstest.Server

	wrap func(cwlogs.LiveStream) cwlogs.LiveStream
}

func (w *wrapped) StartLiveTail(ctx context.Context, in *cloudwatchlogs.StartLiveTailInput, opts ...func(*cloudwatchlogs.Options)) (*cwlogs.LiveSession, error) {
	s, err := w.Server.StartLiveTail(ctx, in, opts...)
	if err == nil {
		s.Stream = w.wrap(s.Stream)
	}
	return s, err
}

func (w *wrapped) client(t *testing.T) *cwlogs.Client {
	t.Helper()
	cfg := w.Config()
	cfg.API = w
	c, err := cwlogs.New(cfg)
	require.NoError(t, err)
	return c
}

// handover has nothing for who only looks, as the SDK's unbuffered channel may not.
type handover struct{ cwlogs.LiveStream }

func (h handover) Next(ctx context.Context, wait time.Duration) (*types.LiveTailSessionUpdate, error) {
	if wait == 0 {
		return nil, nil
	}
	return h.LiveStream.Next(ctx, wait)
}

// A session that nobody listened to for a while was not silent.
func TestTailDoesNotTakeItsOwnAbsenceForSilence(t *testing.T) {
	t.Parallel()
	srv := cwlogstest.NewServer()
	srv.AddGroup("/app")
	srv.Feed(steady("/app", 2, 10, time.Second))
	w := &wrapped{Server: srv, wrap: func(s cwlogs.LiveStream) cwlogs.LiveStream { return handover{s} }}
	n := 0
	seen := follow(t, srv, w.client(t), cwlogs.Query{Groups: []string{"/app"}}, 5*time.Minute, func(cwlogs.Event) {
		if n++; n%500 == 0 {
			srv.Clock.Advance(40 * time.Second)
		}
	})
	assert.Greater(t, n, 1500)
	c := changes(seen)
	assert.Positive(t, c[cwlogs.LiveDoubtful])
	assert.Zero(t, c[cwlogs.LiveEnded])
}

// replay begins with what the session before it said last.
type replay struct {
	cwlogs.LiveStream

	said  *[]types.LiveTailSessionLogEvent
	begun bool
}

func (r *replay) Next(ctx context.Context, wait time.Duration) (*types.LiveTailSessionUpdate, error) {
	u, err := r.LiveStream.Next(ctx, wait)
	if u == nil {
		return u, err
	}
	own := u.SessionResults
	if !r.begun {
		u.SessionResults = append(append([]types.LiveTailSessionLogEvent{}, *r.said...), own...)
	}
	r.begun = true
	*r.said = own
	return u, err
}

// Senders whose clocks are ahead, and a session that repeats the end of the one before it: the sweep is far from there.
func TestTailTakesNothingTwiceFromTwoSessions(t *testing.T) {
	t.Parallel()
	srv := cwlogstest.NewServer()
	srv.AddGroup("/app")
	srv.Set(func(b *cwlogstest.Behaviour) { b.CutAfter = time.Minute })
	feed := steady("/app", 2, 5, 0)
	srv.Feed(func(from, to time.Time) []cwlogstest.Record {
		out := feed(from, to)
		for i := range out {
			out[i].At, out[i].Lag = out[i].At.Add(10*time.Minute), -10*time.Minute
		}
		return out
	})
	var said []types.LiveTailSessionLogEvent
	w := &wrapped{Server: srv, wrap: func(s cwlogs.LiveStream) cwlogs.LiveStream { return &replay{LiveStream: s, said: &said} }}
	got, live := map[string]int{}, 0
	follow(t, srv, w.client(t), cwlogs.Query{Groups: []string{"/app"}}, 20*time.Minute, func(e cwlogs.Event) {
		if got[e.Message]++; e.Live {
			live++
		}
	})
	_, sessions := srv.Sessions()
	assert.Greater(t, sessions, 10)
	assert.Greater(t, live, 1000)
	for m, n := range got {
		require.Equal(t, 1, n, m)
	}
}
