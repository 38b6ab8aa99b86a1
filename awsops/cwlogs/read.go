package cwlogs

import (
	"context"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Read ranges over the events of a query, oldest first or newest first, those of several groups merged in the order of their
// timestamps. Every range over the sequence begins anew, at [Query.After]. An error is yielded once, last; what came before
// it is whole, and the last event's Cursor goes on.
//
// AWS's pages hold up to 10,000 events or 1 MB, and may be empty although more follow: they are read to the end. In memory is
// one page to a group. Transformed groups give their original events. The order within a millisecond is AWS's, by ingestion.
//
// Errors: awsops.ErrInvalid for the query, all problems at once, before anything is sent; awsops.ErrGone for a group that is
// not there; [*Error] as AWS reported it, after the repeats. Source: FilterLogEvents (API reference, read 2026-11).
func (c *Client) Read(ctx context.Context, q Query) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		if err := q.check(false); err != nil {
			yield(Event{}, &Error{Op: "Read", Err: err})
			return
		}
		from, to := bounds(q)
		pos := newPosition(q.identity(), q.NewestFirst, beyond(q.NewestFirst))
		if !q.After.IsZero() {
			pos = resumed(q.After)
			if !q.NewestFirst {
				from = max(from, pos.w2+1)
			} else if last := pos.w1 - 1; to == 0 || last < to {
				to = last
			}
		}
		for r := c.merge(q, from, to); ; {
			ev, s, err := r.next(ctx)
			if err != nil {
				yield(Event{}, err)
				return
			}
			if ev == nil {
				return
			}
			e, ms := event(s, ev), aws.ToInt64(ev.Timestamp)
			if before := edge(ms, q.NewestFirst); before != pos.w1 && (before > pos.w1) != q.NewestFirst {
				pos.passed(before)
			}
			if !pos.take(ms, idOf(&e), func() uint64 { return contentKey(&e) }) {
				continue
			}
			e.Cursor = pos.cursor()
			if !yield(e, nil) {
				return
			}
		}
	}
}

// beyond is a bound that every event is behind.
func beyond(down bool) int64 {
	if down {
		return 1 << 50
	}
	return -1 << 50
}

// edge is the bound just before an event of that time.
func edge(ms int64, down bool) int64 {
	if down {
		return ms + 1
	}
	return ms - 1
}

// bounds are the times of a query in milliseconds, both included, 0 = none.
func bounds(q Query) (from, to int64) {
	if !q.Start.IsZero() {
		from = q.Start.UnixMilli()
		if at(from).Before(q.Start) {
			from++
		}
	}
	if !q.End.IsZero() {
		to = q.End.UnixMilli()
		if !at(to).Before(q.End) {
			to--
		}
	}
	return from, to
}
