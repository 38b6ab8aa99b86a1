package cwlogs

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// sweep hands on what is to be found: first what lies Recheck back and came too late, then what is new.
func (t *tail) sweep(ctx context.Context) error {
	if err := t.again(ctx); err != nil || t.stop {
		return err
	}
	return t.advance(ctx)
}

// again looks a second time at what is Recheck old, a quarter of Recheck at a time, and forgets it.
func (t *tail) again(ctx context.Context) error {
	to := min(t.pos.w1, t.now().Add(-t.opt.Recheck).UnixMilli())
	due := to-t.pos.w2 >= (t.opt.Recheck/4).Milliseconds() || t.full || to == t.pos.w1
	if to <= t.pos.w2 || !due {
		return nil
	}
	r := t.c.merge(t.q, t.pos.w2+1, to)
	for {
		ev, s, err := r.next(ctx)
		if err != nil {
			return t.failed(ctx, err)
		}
		if ev == nil {
			break
		}
		e, ms := event(s, ev), aws.ToInt64(ev.Timestamp)
		if !t.pos.take(ms, idOf(&e), func() uint64 { return contentKey(&e) }) {
			t.status.Repeated++
			continue
		}
		e.Late = true
		e.Sampled = t.live.sampled(&e)
		if !t.give(e) {
			return nil
		}
	}
	t.settle(to)
	return nil
}

// settle forgets what lies up to w2.
func (t *tail) settle(w2 int64) {
	if ghosts := t.pos.forget(w2); ghosts > 0 {
		t.live.disagrees(ghosts)
	}
}

// advance hands on what is new, up to Lag before now, in the order of time.
func (t *tail) advance(ctx context.Context) error {
	to := t.now().Add(-t.opt.Lag).UnixMilli()
	if to <= t.pos.w1 {
		return nil
	}
	// What is older than this is not looked at again, and need not be remembered: a Tail that begins in the past, or was
	// away, reads on like a Read.
	settled := t.now().Add(-t.opt.Recheck).UnixMilli()
	r := t.c.merge(t.q, t.pos.w1+1, to)
	for last := t.pos.w1; ; {
		ev, s, err := r.next(ctx)
		if err != nil {
			t.pos.w1 = max(t.pos.w1, last-1)
			return t.failed(ctx, err)
		}
		if ev == nil {
			break
		}
		e, ms := event(s, ev), aws.ToInt64(ev.Timestamp)
		if ms > last {
			if ms <= settled && t.pos.w2 == t.pos.w1 {
				t.pos.passed(ms - 1)
			}
			if t.pos.remembered() >= t.opt.MaxRemembered {
				t.pos.w1 = max(t.pos.w1, ms-1)
				t.overfull()
				return nil
			}
			last = ms
		}
		if !t.pos.take(ms, idOf(&e), func() uint64 { return contentKey(&e) }) {
			t.status.Repeated++
			continue
		}
		e.Late = t.late.is(&e)
		e.Sampled = t.live.sampled(&e)
		if !t.give(e) {
			return nil
		}
	}
	onlyOnce := settled >= to && t.pos.w2 == t.pos.w1 // Recheck is Lag: there is no second look
	t.pos.w1 = max(t.pos.w1, to)
	if onlyOnce {
		t.settle(to)
	}
	t.pause, t.full = 0, false
	t.late.forget(t.pos.w1)
	t.live.forget(t.pos.w1)
	return nil
}

func (t *tail) overfull() {
	if !t.full {
		t.tell(Full, nil)
	}
	t.full, t.pause = true, 0
}

// failed decides whether a failure ends the Tail.
func (t *tail) failed(ctx context.Context, err error) error {
	if context.Cause(ctx) != nil || !passing(err) {
		return err
	}
	t.pause = min(max(2*t.pause, time.Second), 30*time.Second)
	t.tell(Waiting, err)
	return nil
}

// lateStreams is how far live tail has come in streams of which the sweep has not seen as much. It is small, since live tail
// is handed on only while it is slow.
type lateStreams map[[2]string]int64

func (l *lateStreams) saw(e *Event) {
	if *l == nil {
		*l = lateStreams{}
	}
	key := [2]string{e.Group, e.Stream}
	(*l)[key] = max((*l)[key], e.Timestamp.UnixMilli())
}

// is tells whether a later event of the stream was handed on before.
func (l *lateStreams) is(e *Event) bool {
	return len(*l) > 0 && e.Timestamp.UnixMilli() < (*l)[[2]string{e.Group, e.Stream}]
}

func (l *lateStreams) forget(w1 int64) {
	for key, ms := range *l {
		if ms <= w1 {
			delete(*l, key)
		}
	}
}
