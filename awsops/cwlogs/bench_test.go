package cwlogs_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/kitroll/kitroll/awsops/cwlogs"
	"github.com/kitroll/kitroll/awsops/cwlogstest"
)

// The fake's share is in all of these: it makes the pages.
func benchmarkRead(b *testing.B, groups int) {
	b.Helper()
	const events = 60_000
	srv := cwlogstest.NewServer()
	srv.Set(func(x *cwlogstest.Behaviour) { x.Empty = 0 })
	var q cwlogs.Query
	begin := srv.Clock.Now()
	for g := range groups {
		name := fmt.Sprint("/g", g)
		q.Groups = append(q.Groups, name)
		var records []cwlogstest.Record
		for i := range events / groups {
			records = append(records, cwlogstest.Record{Group: name, Stream: "s", At: begin.Add(time.Duration(i) * time.Millisecond), Message: "a line of some forty characters or so"})
		}
		srv.Write(records...)
	}
	srv.Clock.Advance(time.Hour)
	c := client(b, srv)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		for _, err := range c.Read(b.Context(), q) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/event")
}

func BenchmarkReadOneGroup(b *testing.B)       { benchmarkRead(b, 1) }
func BenchmarkMergeTenGroups(b *testing.B)     { benchmarkRead(b, 10) }
func BenchmarkMergeHundredGroups(b *testing.B) { benchmarkRead(b, 100) }

func BenchmarkCursorText(b *testing.B) {
	c := tailCursor(b)
	b.ReportAllocs()
	for b.Loop() {
		if len(c.String()) == 0 {
			b.Fatal("empty")
		}
	}
}

// What a remembered event costs, as B/op over 500,000.
func BenchmarkMemoryOf500000(b *testing.B) {
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		take := cwlogs.Memory(500_000)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/500_000, "B/event")
		runtime.KeepAlive(take)
	}
}

// Looking an event up among 500,000, and remembering it.
func BenchmarkTake(b *testing.B) {
	take := cwlogs.Memory(500_000)
	ids := make([]string, 1<<16)
	for i := range ids {
		ids[i] = fmt.Sprintf("39%014d%040d", i, i)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		take(500_000, ids[i&(1<<16-1)])
		i++
	}
}
