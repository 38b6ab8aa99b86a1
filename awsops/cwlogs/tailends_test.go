package cwlogs_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/cwlogs"
	"github.com/kitroll/kitroll/awsops/cwlogstest"
)

func TestTailEnds(t *testing.T) {
	t.Parallel()
	t.Run("no such group", func(t *testing.T) {
		t.Parallel()
		srv := cwlogstest.NewServer()
		for _, poll := range []bool{false, true} {
			q := cwlogs.Query{Groups: []string{"/nope"}, Tail: &cwlogs.TailOptions{Poll: poll}}
			_, err := first(client(t, srv).Tail(t.Context(), q))
			assert.ErrorIs(t, err, awsops.ErrGone)
			assert.ErrorContains(t, err, "/nope")
		}
	})
	t.Run("group removed", func(t *testing.T) {
		t.Parallel()
		srv := cwlogstest.NewServer()
		srv.AddGroup("/app")
		begin := srv.Clock.Now()
		srv.Feed(func(_, to time.Time) []cwlogstest.Record {
			if to.Sub(begin) < time.Minute {
				return []cwlogstest.Record{{Group: "/app", Stream: "s", At: to, Message: "there"}}
			}
			return nil
		})
		n := 0
		for _, err := range client(t, srv).Tail(t.Context(), cwlogs.Query{Groups: []string{"/app"}}) {
			if n++; err != nil {
				assert.ErrorIs(t, err, awsops.ErrGone)
				break
			}
			if srv.Clock.Now().Sub(begin) > 50*time.Second {
				srv.RemoveGroup("/app")
				srv.Clock.Advance(20 * time.Second)
			}
		}
		assert.Greater(t, n, 2)
	})
	t.Run("no right", func(t *testing.T) {
		t.Parallel()
		srv := cwlogstest.NewServer()
		srv.AddGroup("/app")
		srv.Deny("FilterLogEvents")
		_, err := first(client(t, srv).Tail(t.Context(), cwlogs.Query{Groups: []string{"/app"}, Start: srv.Clock.Now().Add(-time.Minute)}))
		assert.ErrorIs(t, err, awsops.ErrDenied)
		open, _ := srv.Sessions()
		assert.Zero(t, open)
	})
	t.Run("context", func(t *testing.T) {
		t.Parallel()
		srv := cwlogstest.NewServer()
		srv.AddGroup("/app")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errEnough)
		_, err := first(client(t, srv).Tail(ctx, cwlogs.Query{Groups: []string{"/app"}}))
		assert.ErrorIs(t, err, errEnough)
	})
}

// first is the first event or the error.
func first(events func(func(cwlogs.Event, error) bool)) (cwlogs.Event, error) {
	for e, err := range events {
		return e, err
	}
	return cwlogs.Event{}, nil
}

// broken drops five calls in a row of each hundred, which is more than one call is repeated.
type broken struct {
	*cwlogstest.Server

	n int
}

func (b *broken) FilterLogEvents(ctx context.Context, in *cloudwatchlogs.FilterLogEventsInput, opts ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	if b.n++; b.n%100 >= 95 {
		b.DropNext("FilterLogEvents")
	}
	return b.Server.FilterLogEvents(ctx, in, opts...)
}

// Broken connections, lost answers and failures inside AWS do not end a Tail.
func TestTailTriesAgain(t *testing.T) {
	t.Parallel()
	srv := cwlogstest.NewServer()
	srv.AddGroup("/app")
	srv.Feed(steady("/app", 1, 2, time.Second))
	for range 40 {
		srv.DropNext("FilterLogEvents")
	}
	srv.Set(func(b *cwlogstest.Behaviour) { b.PageSize = 5 }) // so that sweeps fail in their midst
	srv.LoseNext("StartLiveTail")
	for range 5 {
		srv.FailNext("StartLiveTail", "LimitExceededException", "Too many concurrent Live Tail sessions")
	}
	var events []cwlogs.Event
	cfg := srv.Config()
	cfg.API = &broken{Server: srv}
	again, err := cwlogs.New(cfg)
	require.NoError(t, err)
	seen := follow(t, srv, again, cwlogs.Query{Groups: []string{"/app"}}, time.Hour, func(e cwlogs.Event) { events = append(events, e) })
	once(t, events, 2*58*60)
	c := changes(seen)
	assert.Greater(t, c[cwlogs.Waiting], 10)
	assert.Zero(t, c[cwlogs.LiveOff])
	assert.Positive(t, c[cwlogs.LiveTrusted], "it comes back")
	assert.Zero(t, seen[len(seen)-1].Late, "the second look had to find what the first one left out")
}

// A session that says nothing more, as behind a connection that hangs, is replaced.
func TestTailNoticesSilence(t *testing.T) {
	t.Parallel()
	srv := cwlogstest.NewServer()
	srv.AddGroup("/app")
	srv.Feed(steady("/app", 1, 2, time.Second))
	begin := srv.Clock.Now()
	var events []cwlogs.Event
	seen := follow(t, srv, client(t, srv), cwlogs.Query{Groups: []string{"/app"}}, 10*time.Minute, func(e cwlogs.Event) {
		events = append(events, e)
		since := srv.Clock.Now().Sub(begin)
		srv.Set(func(b *cwlogstest.Behaviour) { b.Mute = since > 2*time.Minute && since < 3*time.Minute })
	})
	once(t, events, 2*9*60)
	i := slices.IndexFunc(seen, func(s cwlogs.TailStatus) bool { return s.Change == cwlogs.LiveEnded })
	require.Positive(t, i)
	assert.ErrorContains(t, seen[i].Err, "silent")
	assert.Equal(t, 1, seen[len(seen)-1].Trusted)
}
