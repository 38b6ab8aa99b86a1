package cwlogs

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// interval is from a time of ingestion to another, both included.
type interval struct{ from, to int64 }

// sample remembers when live tail was sampled, by the times of ingestion.
func (l *liveTail) sample(u *types.LiveTailSessionUpdate) {
	if len(u.SessionResults) == 0 {
		return
	}
	now := interval{from: aws.ToInt64(u.SessionResults[0].IngestionTime)}
	now.to = now.from
	for i := range u.SessionResults {
		ms := aws.ToInt64(u.SessionResults[i].IngestionTime)
		now.from, now.to = min(now.from, ms), max(now.to, ms)
	}
	if n := len(l.sampling); n > 0 && now.from <= l.sampling[n-1].to+2000 || n >= 1000 {
		l.sampling[n-1].to = max(l.sampling[n-1].to, now.to)
		return
	}
	l.sampling = append(l.sampling, now)
}

func (l *liveTail) sampled(e *Event) bool {
	ms := e.Ingested.UnixMilli()
	return slices.ContainsFunc(l.sampling, func(i interval) bool { return i.from <= ms && ms <= i.to })
}

// forget drops the intervals that lie before what can still be found.
func (l *liveTail) forget(w1 int64) {
	old := w1 - l.t.opt.Recheck.Milliseconds()
	l.sampling = slices.DeleteFunc(l.sampling, func(i interval) bool { return i.to < old })
}
