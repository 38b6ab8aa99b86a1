package cwlogs_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/cwlogs"
	"github.com/kitroll/kitroll/awsops/cwlogstest"
)

// history is three groups of a hundred events each, ten of which share a millisecond.
func history(t *testing.T) (*cwlogstest.Server, time.Time) {
	t.Helper()
	srv := cwlogstest.NewServer()
	begin := srv.Clock.Now()
	for g := range 3 {
		for i := range 100 {
			srv.Write(cwlogstest.Record{
				Group: fmt.Sprint("/g", g), Stream: fmt.Sprint("s", i%4), At: begin.Add(time.Duration(i/10*10+g%2) * time.Second),
				Message: fmt.Sprintf("g%d event %d", g, i),
			})
		}
	}
	srv.Clock.Advance(time.Hour)
	return srv, begin
}

// Trap 22: empty FilterLogEvents pages with a token.
func TestReadGoesPastEmptyPages(t *testing.T) {
	t.Parallel()
	srv, begin := history(t)
	srv.Set(func(b *cwlogstest.Behaviour) { b.Empty, b.PageSize, b.Throttle = 0.6, 7, 0.05 })
	c := client(t, srv)
	q := cwlogs.Query{Groups: []string{"/g0", "/g1", "/g2"}}
	sequence := c.Read(t.Context(), q)
	events := all(t, sequence)
	assert.Len(t, events, 300)
	assert.True(t, slices.IsSortedFunc(events, func(a, b cwlogs.Event) int { return a.Timestamp.Compare(b.Timestamp) }), "not in the order of time")
	assert.Equal(t, "g0 event 0", events[0].Message)
	assert.Equal(t, "g2 event 0", events[10].Message, "in a millisecond, the order of the groups")
	assert.Len(t, all(t, sequence), 300, "a second range begins anew")

	q.NewestFirst, q.Start = true, begin
	events = all(t, c.Read(t.Context(), q))
	assert.Len(t, events, 300)
	assert.True(t, slices.IsSortedFunc(events, func(a, b cwlogs.Event) int { return b.Timestamp.Compare(a.Timestamp) }))
}

func TestReadGoesOnFromEveryCursor(t *testing.T) {
	t.Parallel()
	srv, begin := history(t)
	srv.Set(func(b *cwlogstest.Behaviour) { b.PageSize = 9 })
	c := client(t, srv)
	for _, newest := range []bool{false, true} {
		q := cwlogs.Query{Groups: []string{"/g0", "/g1", "/g2"}, NewestFirst: newest, Start: begin}
		whole := all(t, c.Read(t.Context(), q))
		require.Len(t, whole, 300)
		for i, e := range whole {
			if i%7 != 0 && i < 290 {
				continue
			}
			again := q
			var err error
			again.After, err = cwlogs.ParseCursor(e.Cursor.String())
			require.NoError(t, err)
			assert.Equal(t, messages(whole[i+1:]), messages(all(t, c.Read(t.Context(), again))), "after %d", i)
		}
	}
}

func TestReadBounds(t *testing.T) {
	t.Parallel()
	srv := cwlogstest.NewServer()
	begin := srv.Clock.Now()
	for i := range 5 {
		srv.Write(cwlogstest.Record{Group: "/app", Stream: fmt.Sprint("s", i%2), At: begin.Add(time.Duration(i) * time.Millisecond), Message: fmt.Sprint("event ", i)})
	}
	srv.Clock.Advance(time.Minute)
	ms := time.Millisecond
	for name, tt := range map[string]struct {
		q    cwlogs.Query
		want []string
	}{
		"start is included, end is not": {q: cwlogs.Query{Start: begin.Add(ms), End: begin.Add(3 * ms)}, want: []string{"event 1", "event 2"}},
		"finer than AWS":                {q: cwlogs.Query{Start: begin.Add(ms / 2), End: begin.Add(2*ms + ms/2)}, want: []string{"event 1", "event 2"}},
		"stream":                        {q: cwlogs.Query{Streams: []string{"s1"}}, want: []string{"event 1", "event 3"}},
		"prefix":                        {q: cwlogs.Query{StreamPrefix: "s1"}, want: []string{"event 1", "event 3"}},
		"pattern":                       {q: cwlogs.Query{Pattern: `?1 ?4`}, want: []string{"event 1", "event 4"}},
		"small pages":                   {q: cwlogs.Query{PageSize: 1}, want: []string{"event 0", "event 1", "event 2", "event 3", "event 4"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := tt.q
			q.Groups = []string{"arn:aws:logs:eu-central-1:123456789012:log-group:/app"}
			events := all(t, client(t, srv).Read(t.Context(), q))
			assert.Equal(t, tt.want, messages(events))
			for _, e := range events {
				assert.Equal(t, q.Groups[0], e.Group)
				assert.NotEmpty(t, e.ID)
				assert.Equal(t, time.UTC, e.Timestamp.Location())
			}
		})
	}
}

func TestQueryProblemsComeTogether(t *testing.T) {
	t.Parallel()
	srv := cwlogstest.NewServer()
	c := client(t, srv)
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprint("/g", i)
	}
	_, err := first(c.Read(t.Context(), cwlogs.Query{
		Groups: []string{"", "a b", "arn:aws:logs:eu-central-1:123456789012:log-group:/app:*", "/x", "/x"}, Streams: slices.Concat(many, []string{"a:b"}), StreamPrefix: "s*",
		Pattern: strings.Repeat("x", 1025), PageSize: 10_001, Start: srv.Clock.Now(), End: srv.Clock.Now(),
	}))
	require.ErrorIs(t, err, awsops.ErrInvalid)
	for _, want := range []string{
		"Groups[0]", "Groups[1]", "Groups[2]", `without ":*"`, "Groups[4]", "named twice", "one of both", "more than 100", "Streams[101]", "StreamPrefix", "Pattern",
		"PageSize", "End: not after Start",
	} {
		assert.ErrorContains(t, err, want)
	}
	_, err = first(c.Tail(t.Context(), cwlogs.Query{
		Groups: many, NewestFirst: true, End: srv.Clock.Now(),
		Tail: &cwlogs.TailOptions{Lag: time.Millisecond, Interval: time.Hour, Recheck: -1, TrustLive: 501, MaxRemembered: 1},
	}))
	require.ErrorIs(t, err, awsops.ErrInvalid)
	for _, want := range []string{"Groups: 101", "NewestFirst", "a Tail has none", "Tail.Lag", "Tail.Interval", "Tail.Recheck", "Tail.TrustLive", "Tail.MaxRemembered"} {
		assert.ErrorContains(t, err, want)
	}
	_, err = first(c.Read(t.Context(), cwlogs.Query{Groups: []string{"/x"}, NewestFirst: true}))
	assert.ErrorContains(t, err, "2024")
	assert.Zero(t, srv.Calls(""), "something was sent")
}

func TestCursorsOfOtherQueriesAreRefused(t *testing.T) {
	t.Parallel()
	srv, begin := history(t)
	c := client(t, srv)
	q := cwlogs.Query{Groups: []string{"/g0"}, Start: begin}
	e, err := first(c.Read(t.Context(), q))
	require.NoError(t, err)
	for name, change := range map[string]func(*cwlogs.Query){
		"groups":  func(q *cwlogs.Query) { q.Groups = []string{"/g1"} },
		"more":    func(q *cwlogs.Query) { q.Groups = []string{"/g0", "/g1"} },
		"streams": func(q *cwlogs.Query) { q.Streams = []string{"s0"} },
		"prefix":  func(q *cwlogs.Query) { q.StreamPrefix = "s" },
		"pattern": func(q *cwlogs.Query) { q.Pattern = "event" },
		"order":   func(q *cwlogs.Query) { q.NewestFirst = true },
	} {
		other := q
		other.After = e.Cursor
		change(&other)
		_, err := first(c.Read(t.Context(), other))
		assert.ErrorIs(t, err, cwlogs.ErrCursor, name)
	}
	q.After, q.End = e.Cursor, begin.Add(time.Second)
	assert.Len(t, all(t, c.Read(t.Context(), q)), 9, "other times are no other query")
}

// The cursor of a Tail fits a Read, and the other way round.
func TestCursorsFitBothWays(t *testing.T) {
	t.Parallel()
	srv := cwlogstest.NewServer()
	srv.AddGroup("/app")
	srv.Feed(steady("/app", 2, 5, time.Second))
	q := cwlogs.Query{Groups: []string{"/app"}}
	got := map[string]int{}
	n := 0
	for e, err := range client(t, srv).Tail(t.Context(), q) {
		require.NoError(t, err)
		got[e.Message]++
		if n++; n == 1000 {
			q.After = e.Cursor
			assert.True(t, e.Live)
			break
		}
	}
	srv.Clock.Advance(5 * time.Minute)
	for i, e := range all(t, client(t, srv).Read(t.Context(), q)) {
		got[e.Message]++
		if q.After = e.Cursor; i == 300 {
			break
		}
	}
	follow(t, srv, client(t, srv), q, 3*time.Minute, func(e cwlogs.Event) { got[e.Message]++ })
	for i := range 5 * 9 * 60 {
		require.Equal(t, 1, got[fmt.Sprintf("line %d of the feed", i)], i)
	}
}

// looping gives the same token for ever.
type looping struct{ *cwlogstest.Server }

func (looping) FilterLogEvents(context.Context, *cloudwatchlogs.FilterLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	return &cloudwatchlogs.FilterLogEventsOutput{NextToken: new("again"), Events: []types.FilteredLogEvent{{Message: new("m"), Timestamp: new(int64(1))}}}, nil
}

func TestReadFailures(t *testing.T) {
	t.Parallel()
	srv, _ := history(t)
	q := cwlogs.Query{Groups: []string{"/g0"}}
	for name, tt := range map[string]struct {
		prepare func(*cwlogstest.Server)
		want    error
	}{
		"gone":      {prepare: func(s *cwlogstest.Server) { s.RemoveGroup("/g0") }, want: awsops.ErrGone},
		"denied":    {prepare: func(s *cwlogstest.Server) { s.Deny("FilterLogEvents") }, want: awsops.ErrDenied},
		"throttled": {prepare: func(s *cwlogstest.Server) { s.Set(func(b *cwlogstest.Behaviour) { b.Throttle = 1 }) }, want: awsops.ErrThrottled},
		"no answer": {
			prepare: func(s *cwlogstest.Server) {
				for range 5 {
					s.LoseNext("FilterLogEvents")
				}
			}, want: io.ErrUnexpectedEOF,
		},
		"invalid": {
			prepare: func(s *cwlogstest.Server) { s.FailNext("", "InvalidParameterException", "Invalid filter pattern") },
			want:    awsops.ErrInvalid,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, _ := history(t)
			tt.prepare(srv)
			_, err := first(client(t, srv).Read(t.Context(), q))
			require.ErrorIs(t, err, tt.want)
			own, ok := errors.AsType[*cwlogs.Error](err)
			require.True(t, ok)
			assert.Equal(t, "FilterLogEvents", own.Op)
			assert.Equal(t, "/g0", own.Resource)
			assert.NotErrorIs(t, err, awsops.ErrUnknownOutcome, "a read has no outcome")
		})
	}
	cfg := srv.Config()
	cfg.API = looping{srv}
	c, err := cwlogs.New(cfg)
	require.NoError(t, err)
	n := 0
	for _, err = range c.Read(t.Context(), q) {
		n++
	}
	assert.ErrorContains(t, err, "repeats its page token")
	assert.Less(t, n, 5)
}
