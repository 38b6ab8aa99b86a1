package cwlogs_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/cwlogs"
	"github.com/kitroll/kitroll/awsops/cwlogstest"
)

// Trap 22: empty FilterLogEvents pages with a token; live-tail loss; 3 h session limit. 2,000 events a second, of which live
// tail shows at most 500 and loses half in silence, through sessions that break every 20 s, with 30 % of the calls refused.
func TestTailHandsOnEachEventOnceInOrder(t *testing.T) {
	t.Parallel()
	const rate, seconds, streams = 2000, 75, 7
	srv := cwlogstest.NewServer()
	srv.AddGroup("/load")
	srv.Set(func(b *cwlogstest.Behaviour) { b.Throttle, b.Empty, b.CutAfter = 0.3, 0.2, 20*time.Second })
	feed := steady("/load", streams, rate, 8*time.Second)
	start := srv.Clock.Now()
	written := 0
	srv.Feed(func(from, to time.Time) []cwlogstest.Record {
		if to.Sub(start) > seconds*time.Second {
			to = start.Add(seconds * time.Second)
		}
		if !from.Before(to) {
			return nil
		}
		out := feed(from, to)
		written += len(out)
		return out
	})
	var before, peak runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)

	got := make([]int32, rate*seconds+rate)
	last := map[string]time.Time{}
	disorder, events, sampled := 0, 0, 0
	remembered := 0
	q := cwlogs.Query{Groups: []string{"/load"}, Start: start, Tail: &cwlogs.TailOptions{Recheck: 40 * time.Second}}
	seen := follow(t, srv, client(t, srv), q, seconds*time.Second+4*time.Minute, func(e cwlogs.Event) {
		var n int
		_, err := fmt.Sscanf(e.Message, "line %d", &n)
		require.NoError(t, err)
		got[n]++
		if e.Timestamp.Before(last[e.Stream]) {
			disorder++
		}
		last[e.Stream] = e.Timestamp
		if e.Sampled {
			sampled++
		}
		if events++; events%20_000 == 0 {
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			peak.HeapAlloc = max(peak.HeapAlloc, now.HeapAlloc)
		}
	})
	for _, s := range seen {
		remembered = max(remembered, s.Remembered)
	}
	for n := range written {
		if got[n] != 1 {
			require.Equal(t, int32(1), got[n], "line %d", n)
		}
	}
	assert.GreaterOrEqual(t, written, rate*60)
	assert.Equal(t, written, events)
	assert.Zero(t, disorder)
	assert.Greater(t, sampled, written/2, "the sampling is not reported")
	c := changes(seen)
	_, sessions := srv.Sessions()
	assert.Positive(t, c[cwlogs.LiveSampled], "the fake did not sample")
	assert.Greater(t, sessions, 3)
	final := seen[len(seen)-1]
	t.Logf("%d events, %d remembered at most, heap %d MB before and %d MB at most (the fake's own %d events in it), %d sessions, %d calls, %v",
		events, remembered, before.HeapAlloc>>20, peak.HeapAlloc>>20, written, sessions, srv.Calls(""), c)
	assert.Less(t, remembered, rate*60, "Recheck, and a quarter of it")
	assert.Equal(t, int64(events), final.Events)
}
