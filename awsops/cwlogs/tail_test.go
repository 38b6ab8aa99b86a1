package cwlogs_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/cwlogs"
	"github.com/kitroll/kitroll/awsops/cwlogstest"
)

// once asserts that the lines 0 to n-1 of steady came once each, and in order within their streams but for those marked Late.
func once(t *testing.T, events []cwlogs.Event, n int) {
	t.Helper()
	got := map[string]int{}
	last := map[string]time.Time{}
	for _, e := range events {
		got[e.Message]++
		if !e.Late {
			assert.False(t, e.Timestamp.Before(last[e.Stream]), "%s is out of order", e.Message)
			last[e.Stream] = e.Timestamp
		}
	}
	for i := range n {
		require.Equal(t, 1, got[fmt.Sprintf("line %d of the feed", i)], "line %d", i)
	}
}

// A quiet group: live tail has it all, and is handed on at once.
func TestTailIsQuickWhenLiveTailCanBeTrusted(t *testing.T) {
	t.Parallel()
	srv := cwlogstest.NewServer()
	srv.AddGroup("/app")
	srv.Feed(steady("/app", 3, 5, time.Second))
	var events []cwlogs.Event
	var waits []time.Duration
	seen := follow(t, srv, client(t, srv), cwlogs.Query{Groups: []string{"/app"}}, 5*time.Minute, func(e cwlogs.Event) {
		events = append(events, e)
		if e.Live {
			waits = append(waits, srv.Clock.Now().Sub(e.Ingested))
		}
	})
	once(t, events, 5*60*4)
	final := seen[len(seen)-1]
	assert.Greater(t, final.Live, final.Events*8/10)
	assert.Zero(t, final.Late)
	assert.LessOrEqual(t, slices.Max(waits[len(waits)/2:]), 2*time.Second)
	assert.Equal(t, 1, changes(seen)[cwlogs.LiveTrusted])
	t.Logf("%d of %d events live, %v after their ingestion at most", final.Live, final.Events, slices.Max(waits[len(waits)/2:]))
}

// Trap 22: live-tail loss below 500 a second. The fake loses half above 3 a second, and nothing shows it.
func TestTailFindsWhatLiveTailLosesInSilence(t *testing.T) {
	t.Parallel()
	srv := cwlogstest.NewServer()
	srv.AddGroup("/app")
	srv.Set(func(b *cwlogstest.Behaviour) { b.LossAbove = 3 })
	srv.Feed(steady("/app", 3, 20, time.Second))
	var events []cwlogs.Event
	seen := follow(t, srv, client(t, srv), cwlogs.Query{Groups: []string{"/app"}}, 3*time.Minute, func(e cwlogs.Event) { events = append(events, e) })
	once(t, events, 20*120)
	final := seen[len(seen)-1]
	assert.Positive(t, final.Live)
	assert.Positive(t, final.Late, "what live tail lost must come late")

	// A negative TrustLive keeps even then the order.
	events = nil
	srv.Feed(steady("/strict", 3, 20, time.Second))
	q := cwlogs.Query{Groups: []string{"/strict"}, Start: srv.Clock.Now(), Tail: &cwlogs.TailOptions{TrustLive: -1}}
	seen = follow(t, srv, client(t, srv), q, 2*time.Minute, func(e cwlogs.Event) { events = append(events, e) })
	once(t, events, 20*90)
	final = seen[len(seen)-1]
	assert.Zero(t, final.Live)
	assert.Zero(t, final.Late)
}

// Trap 22: 3 h session limit.
func TestTailOutlivesSessions(t *testing.T) {
	t.Parallel()
	srv := cwlogstest.NewServer()
	srv.AddGroup("/app")
	feed := func(from, to time.Time) (out []cwlogstest.Record) {
		for at := from.Add(20*time.Second - 1).Truncate(20 * time.Second); at.Before(to); at = at.Add(20 * time.Second) {
			out = append(out, cwlogstest.Record{Group: "/app", Stream: "s", At: at, Message: at.Format(time.RFC3339)})
		}
		return out
	}
	srv.Feed(feed)
	got := map[string]int{}
	seen := follow(t, srv, client(t, srv), cwlogs.Query{Groups: []string{"/app"}}, 7*time.Hour, func(e cwlogs.Event) { got[e.Message]++ })
	assert.GreaterOrEqual(t, len(got), 7*180-3)
	for m, n := range got {
		assert.Equal(t, 1, n, m)
	}
	c := changes(seen)
	assert.Equal(t, 2, c[cwlogs.LiveEnded])
	assert.Equal(t, 3, c[cwlogs.LiveStarted])
	open, _ := srv.Sessions()
	assert.Zero(t, open, "a session is left open")
}

func TestTailGoesOnFromItsCursor(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rate int
		lag  time.Duration
		long time.Duration
		set  func(*cwlogstest.Behaviour)
	}{
		"live":      {rate: 5, lag: time.Second},
		"lossy":     {rate: 40, lag: 3 * time.Second, set: func(b *cwlogstest.Behaviour) { b.LossAbove = 10 }},
		"sampled":   {rate: 600, lag: 3 * time.Second, long: time.Minute},
		"late":      {rate: 20, lag: time.Minute},
		"throttled": {rate: 40, lag: time.Second, set: func(b *cwlogstest.Behaviour) { b.Throttle, b.Empty, b.CutAfter = 0.3, 0.3, 30*time.Second }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := cwlogstest.NewServer()
			srv.AddGroup("/app")
			if tt.set != nil {
				srv.Set(tt.set)
			}
			begin := srv.Clock.Now()
			long := cmp.Or(tt.long, 4*time.Minute)
			want := tt.rate * int(long/time.Second)
			feed := steady("/app", 3, tt.rate, tt.lag)
			srv.Feed(func(from, to time.Time) []cwlogstest.Record {
				if end := begin.Add(long); to.After(end) {
					to = end
				}
				return feed(from, to)
			})
			q := cwlogs.Query{Groups: []string{"/app"}, Start: begin}
			got := map[string]int{}
			var saved string
			longest, stops := 0, 0
			for k := 1; len(got) < want && srv.Clock.Now().Sub(begin) < 2*time.Hour; k++ {
				// A new process: all it knows is the text.
				require.NoError(t, q.After.UnmarshalText([]byte(saved)))
				n := 0
				for e, err := range client(t, srv).Tail(t.Context(), q) {
					require.NoError(t, err)
					got[e.Message]++
					if n++; n == k*37 || len(got) == want {
						saved = e.Cursor.String()
						longest, stops = max(longest, len(saved)), stops+1
						break
					}
				}
				srv.Clock.Advance(time.Duration(k%5) * 7 * time.Second)
			}
			assert.Len(t, got, want)
			for m, n := range got {
				require.Equal(t, 1, n, m)
			}
			open, _ := srv.Sessions()
			assert.Zero(t, open)
			t.Logf("%d events, %d stops, a cursor of %d bytes at most", len(got), stops, longest)
		})
	}
}

// Events that are ingested long after their timestamp come late, once, up to Recheck.
func TestTailLooksAgain(t *testing.T) {
	t.Parallel()
	srv := cwlogstest.NewServer()
	srv.AddGroup("/app")
	begin := srv.Clock.Now()
	late := cwlogstest.Record{Group: "/app", Stream: "s", At: begin.Add(time.Minute), Lag: 80 * time.Second, Message: "late"}
	lost := cwlogstest.Record{Group: "/app", Stream: "s", At: begin.Add(time.Minute), Lag: 10 * time.Minute, Message: "too late"}
	srv.Write(late, lost)
	srv.Feed(steady("/app", 1, 1, 0))
	var events []cwlogs.Event
	follow(t, srv, client(t, srv), cwlogs.Query{Groups: []string{"/app"}}, 15*time.Minute, func(e cwlogs.Event) { events = append(events, e) })
	once(t, events, 14*60)
	i := slices.IndexFunc(events, func(e cwlogs.Event) bool { return e.Message == "late" })
	require.Positive(t, i)
	assert.True(t, events[i].Late)
	assert.False(t, events[i].Live)
	assert.NotContains(t, messages(events), "too late", "Recheck has no effect")

	read := all(t, client(t, srv).Read(t.Context(), cwlogs.Query{Groups: []string{"/app"}, Start: begin, Pattern: `"too late"`}))
	assert.Equal(t, []string{"too late"}, messages(read), "a Read has it")
}

func TestTailWithoutLiveTailPollsAndSaysSoOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		prepare func(*cwlogstest.Server)
		q       cwlogs.Query
		says    string
	}{
		"no right":         {prepare: func(s *cwlogstest.Server) { s.Deny("StartLiveTail") }, says: "StartLiveTail"},
		"no right to ARNs": {prepare: func(s *cwlogstest.Server) { s.Deny("DescribeLogGroups") }, says: "DescribeLogGroups"},
		"class":            {prepare: func(s *cwlogstest.Server) { s.SetClass("/app", "INFREQUENT_ACCESS") }, says: "log class"},
		"unmask":           {q: cwlogs.Query{Unmask: true}, says: "unmask"},
		"streams of two":   {q: cwlogs.Query{Groups: []string{"/other"}, Streams: []string{"s0"}}, says: "one group"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := cwlogstest.NewServer()
			srv.AddGroup("/app")
			srv.AddGroup("/other")
			if tt.prepare != nil {
				tt.prepare(srv)
			}
			srv.Feed(steady("/app", 1, 2, time.Second))
			q := tt.q
			q.Groups = append(q.Groups, "/app")
			var events []cwlogs.Event
			seen := follow(t, srv, client(t, srv), q, 3*time.Minute, func(e cwlogs.Event) {
				assert.False(t, e.Live)
				events = append(events, e)
			})
			once(t, events, 2*120)
			assert.Equal(t, 1, changes(seen)[cwlogs.LiveOff])
			i := slices.IndexFunc(seen, func(s cwlogs.TailStatus) bool { return s.Change == cwlogs.LiveOff })
			assert.ErrorContains(t, seen[i].Err, tt.says)
			assert.LessOrEqual(t, srv.Calls("StartLiveTail"), 1)
		})
	}
	t.Run("by wish", func(t *testing.T) {
		t.Parallel()
		srv := cwlogstest.NewServer()
		srv.Feed(steady("/app", 1, 2, time.Second))
		n := 0
		q := cwlogs.Query{Groups: []string{"/app"}, Tail: &cwlogs.TailOptions{Poll: true}}
		seen := follow(t, srv, client(t, srv), q, time.Minute, func(cwlogs.Event) { n++ })
		assert.Positive(t, n)
		assert.Zero(t, srv.Calls("StartLiveTail"))
		assert.Zero(t, changes(seen)[cwlogs.LiveOff])
	})
}

// A transformer makes other messages of the group's events: live tail and FilterLogEvents do not agree, and never will.
func TestTailGivesUpALiveTailThatDoesNotAgree(t *testing.T) {
	t.Parallel()
	srv := cwlogstest.NewServer()
	srv.AddGroup("/app")
	srv.Set(func(b *cwlogstest.Behaviour) { b.Transform = strings.ToUpper })
	srv.Feed(steady("/app", 1, 2, time.Second))
	var events []cwlogs.Event
	seen := follow(t, srv, client(t, srv), cwlogs.Query{Groups: []string{"/app"}}, 15*time.Minute, func(e cwlogs.Event) { events = append(events, e) })
	once(t, events, 2*14*60)
	assert.Equal(t, 1, changes(seen)[cwlogs.LiveOff])
	live := slices.DeleteFunc(slices.Clone(events), func(e cwlogs.Event) bool { return !e.Live })
	assert.NotEmpty(t, live)
	assert.Less(t, live[len(live)-1].Timestamp.Sub(live[0].Timestamp), 4*time.Minute)
}

// Live tail gives no event IDs: lines that are the same in the same millisecond are counted.
func TestTailCountsEqualLines(t *testing.T) {
	t.Parallel()
	for name, loss := range map[string]int{"seen live": 1000, "half lost": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := cwlogstest.NewServer()
			srv.AddGroup("/app")
			srv.Set(func(b *cwlogstest.Behaviour) { b.LossAbove = loss })
			srv.Feed(func(from, to time.Time) (out []cwlogstest.Record) {
				for at := from.Add(time.Second - 1).Truncate(time.Second); at.Before(to); at = at.Add(time.Second) {
					for range 3 {
						out = append(out, cwlogstest.Record{Group: "/app", Stream: "s", At: at, Message: "tick"})
					}
				}
				return out
			})
			got, live := map[time.Time]int{}, 0
			follow(t, srv, client(t, srv), cwlogs.Query{Groups: []string{"/app"}}, 3*time.Minute, func(e cwlogs.Event) {
				if got[e.Timestamp]++; e.Live {
					live++
				}
			})
			assert.Positive(t, live)
			begin := slices.MinFunc(slices.Collect(keys(got)), time.Time.Compare)
			for s := range 150 {
				assert.Equal(t, 3, got[begin.Add(time.Duration(s)*time.Second)])
			}
		})
	}
}

func keys[V any](m map[time.Time]V) func(yield func(time.Time) bool) {
	return func(yield func(time.Time) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// More than ten groups are several sessions, and every way of naming a group is understood.
func TestTailOfManyGroups(t *testing.T) {
	t.Parallel()
	for name, identify := range map[string]func(string) string{
		"by name":             nil,
		"by ARN":              func(n string) string { return "arn:aws:logs:eu-central-1:123456789012:log-group:" + n },
		"by account and name": func(n string) string { return "123456789012:" + n },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := cwlogstest.NewServer()
			srv.Set(func(b *cwlogstest.Behaviour) { b.Identify = identify })
			var q cwlogs.Query
			for i := range 12 {
				arn := srv.AddGroup(fmt.Sprintf("/g/%d", i))
				if group := fmt.Sprintf("/g/%d", i); i%2 == 0 {
					q.Groups = append(q.Groups, group)
				} else {
					q.Groups = append(q.Groups, arn)
				}
				srv.Feed(steady(fmt.Sprintf("/g/%d", i), 1, 1, 0))
			}
			got, live := map[string]int{}, 0
			seen := follow(t, srv, client(t, srv), q, 2*time.Minute, func(e cwlogs.Event) {
				assert.Contains(t, q.Groups, e.Group)
				if got[e.Group+e.Message]++; e.Live {
					live++
				}
			})
			_, ever := srv.Sessions()
			assert.Equal(t, 2, ever)
			assert.Greater(t, live, len(got)/2)
			for _, group := range q.Groups {
				for i := range 90 {
					assert.Equal(t, 1, got[fmt.Sprintf("%sline %d of the feed", group, i)])
				}
			}
			assert.Equal(t, 2, seen[len(seen)-1].Trusted)
		})
	}
}

// A range body that takes its time holds the Tail up, and nothing is lost or kept in memory meanwhile.
func TestTailWaitsForASlowReader(t *testing.T) {
	t.Parallel()
	srv := cwlogstest.NewServer()
	srv.AddGroup("/app")
	srv.Feed(steady("/app", 2, 10, time.Second))
	var events []cwlogs.Event
	seen := follow(t, srv, client(t, srv), cwlogs.Query{Groups: []string{"/app"}}, 10*time.Minute, func(e cwlogs.Event) {
		if events = append(events, e); len(events)%500 == 0 {
			srv.Clock.Advance(40 * time.Second)
		}
	})
	once(t, events, 10*9*60)
	assert.Positive(t, changes(seen)[cwlogs.LiveDoubtful])
}

// At the ceiling of its memory a Tail falls behind, and loses nothing.
func TestTailAtTheCeiling(t *testing.T) {
	t.Parallel()
	srv := cwlogstest.NewServer()
	srv.AddGroup("/app")
	begin := srv.Clock.Now()
	feed := steady("/app", 4, 110, 5*time.Second)
	srv.Feed(func(from, to time.Time) []cwlogstest.Record {
		if !from.Before(begin.Add(5 * time.Minute)) {
			return nil
		}
		return feed(from, to)
	})
	const most = 2000
	var events []cwlogs.Event
	q := cwlogs.Query{Groups: []string{"/app"}, Tail: &cwlogs.TailOptions{MaxRemembered: most}}
	seen := follow(t, srv, client(t, srv), q, 9*time.Minute, func(e cwlogs.Event) { events = append(events, e) })
	once(t, events, 110*5*60)
	var behind time.Duration
	for _, s := range seen {
		assert.LessOrEqual(t, s.Remembered, most+100)
		behind = max(behind, s.At.Sub(s.Through))
	}
	assert.Positive(t, changes(seen)[cwlogs.Full])
	assert.Less(t, behind, 3*time.Minute, "more than Recheck and a round")
	t.Logf("%v behind at most", behind)
}

// A Tail that begins long ago reads what there is without remembering it.
func TestTailFromThePast(t *testing.T) {
	t.Parallel()
	srv := cwlogstest.NewServer()
	srv.AddGroup("/app")
	begin := srv.Clock.Now()
	srv.Feed(steady("/app", 2, 5, time.Second))
	srv.Clock.Advance(2 * time.Hour)
	var events []cwlogs.Event
	q := cwlogs.Query{Groups: []string{"/app"}, Start: begin}
	seen := follow(t, srv, client(t, srv), q, 3*time.Minute, func(e cwlogs.Event) { events = append(events, e) })
	once(t, events, 5*2*60*60)
	for _, s := range seen {
		assert.Less(t, s.Remembered, 5*160*3)
	}
	assert.Zero(t, changes(seen)[cwlogs.Full])
}
