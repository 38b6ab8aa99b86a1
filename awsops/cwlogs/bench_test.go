package cwlogs_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/kitroll/kitroll/awsops/cwlogs"
	"github.com/kitroll/kitroll/awsops/cwlogstest"
)

// printed is pages that were made before.
type printed struct {
	*cwlogstest.Server

	pages map[string]*cloudwatchlogs.FilterLogEventsOutput // by group and token
}

func (p *printed) FilterLogEvents(_ context.Context, in *cloudwatchlogs.FilterLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	return p.pages[*in.LogGroupIdentifier+aws.ToString(in.NextToken)], nil
}

// benchmarkRead is what a Read costs by itself for each event: merging, remembering, the cursor.
func benchmarkRead(b *testing.B, groups int) {
	b.Helper()
	const events, size = 60_000, 300
	p := &printed{Server: cwlogstest.NewServer(), pages: map[string]*cloudwatchlogs.FilterLogEventsOutput{}}
	var q cwlogs.Query
	for g := range groups {
		name := fmt.Sprint("/g", g)
		q.Groups = append(q.Groups, name)
		for page := range events / groups / size {
			out := &cloudwatchlogs.FilterLogEventsOutput{}
			for i := range size {
				at := 1_700_000_000_000 + int64(page*size+i)
				out.Events = append(out.Events, types.FilteredLogEvent{
					EventId: new(fmt.Sprintf("39%014d%040d", at, g)), Timestamp: &at, IngestionTime: &at, LogStreamName: new("s"),
					Message: new("a line of some forty characters or so"),
				})
			}
			if page+1 < events/groups/size {
				out.NextToken = new(fmt.Sprint("#", page+1))
			}
			token := ""
			if page > 0 {
				token = fmt.Sprint("#", page)
			}
			p.pages[name+token] = out
		}
	}
	cfg := p.Config()
	cfg.API = p
	c, err := cwlogs.New(cfg)
	if err != nil {
		b.Fatal(err)
	}
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
	if n%events != 0 {
		b.Fatal(n)
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
