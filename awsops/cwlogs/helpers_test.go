package cwlogs_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/cwlogs"
	"github.com/kitroll/kitroll/awsops/cwlogstest"
)

var errEnough = errors.New("enough")

func client(tb testing.TB, srv *cwlogstest.Server) *cwlogs.Client {
	tb.Helper()
	c, err := cwlogs.New(srv.Config())
	require.NoError(tb, err)
	return c
}

// all is the events of a range that must not fail.
func all(tb testing.TB, events iter.Seq2[cwlogs.Event, error]) (out []cwlogs.Event) {
	tb.Helper()
	for e, err := range events {
		require.NoError(tb, err)
		out = append(out, e)
	}
	return out
}

func messages(events []cwlogs.Event) (out []string) {
	for _, e := range events {
		out = append(out, e.Message)
	}
	return out
}

// until is a context that ends when the virtual clock has come to a time.
func until(tb testing.TB, srv *cwlogstest.Server, d time.Duration) (context.Context, func() bool) {
	tb.Helper()
	ctx, cancel := context.WithCancelCause(tb.Context())
	tb.Cleanup(func() { cancel(nil) })
	end := srv.Clock.Now().Add(d)
	return ctx, func() bool {
		if srv.Clock.Now().Before(end) {
			return false
		}
		cancel(errEnough)
		return true
	}
}

// follow runs a Tail for so long on the virtual clock. Progress is taken over.
func follow(tb testing.TB, srv *cwlogstest.Server, c *cwlogs.Client, q cwlogs.Query, d time.Duration, each func(cwlogs.Event)) []cwlogs.TailStatus {
	tb.Helper()
	ctx, over := until(tb, srv, d)
	var seen []cwlogs.TailStatus
	opts := cwlogs.TailOptions{}
	if q.Tail != nil {
		opts = *q.Tail
	}
	opts.Progress = func(s cwlogs.TailStatus) {
		seen = append(seen, s)
		over()
	}
	q.Tail = &opts
	for e, err := range c.Tail(ctx, q) {
		if err != nil {
			require.ErrorIs(tb, err, errEnough)
			break
		}
		each(e)
	}
	return seen
}

func changes(seen []cwlogs.TailStatus) map[cwlogs.Change]int {
	out := map[cwlogs.Change]int{}
	for _, s := range seen {
		out[s.Change]++
	}
	return out
}

// steady is a feed of so many events a second, spread over streams, each ingested after up to lag.
func steady(group string, streams, perSecond int, lag time.Duration) func(from, to time.Time) []cwlogstest.Record {
	step := time.Second / time.Duration(perSecond)
	n := 0
	var next time.Time
	return func(from, to time.Time) (out []cwlogstest.Record) {
		if next.IsZero() {
			next = from
		}
		for ; next.Before(to); next = next.Add(step) {
			r := cwlogstest.Record{Group: group, Stream: fmt.Sprint("s", n%streams), At: next, Message: fmt.Sprintf("line %d of the feed", n)}
			if lag > 0 {
				r.Lag = time.Duration(n/streams*7919%1000) * lag / 1000
			}
			n++
			out = append(out, r)
		}
		return out
	}
}
