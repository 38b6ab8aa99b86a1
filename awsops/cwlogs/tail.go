package cwlogs

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/kitroll/kitroll/awsops"
)

// Tail follows the events of a query as they come, from [Query.Start] (default: now) or [Query.After] on, until ctx ends or
// the range is left. Every event that CloudWatch Logs shows within [TailOptions.Recheck] of its timestamp is handed on, and
// none twice.
//
// Live tail is quick and loses: it samples above 500 events a second, drops in silence below that, ends after three hours and
// with every broken connection. FilterLogEvents is complete and late. So a sweep by FilterLogEvents follows [TailOptions.Lag]
// behind the present and hands on, in the order of the timestamps, whatever has not been handed on yet; a second one looks
// again when Recheck has passed. Events of live tail are handed on at once, with Live set, while there is no sign of a loss:
// updates are small and not sampled, none was missed, and the sweep has caught up with the beginning of the session. Else
// they are dropped here, and the sweep brings them.
//
// Each stream is in the order of its timestamps, but for events marked Late: those that became visible after Lag, and those
// that live tail lost while there was no sign of it. With a negative [TailOptions.TrustLive] only the former remain.
//
// Memory: a page to each group, at most 1 MB of text each; at most 8 MB of text to each session while the sweep catches up with
// it; and 70 bytes for each event of the last Recheck, up to MaxRemembered. When that is full, the sweep waits until the oldest can be forgotten: the Tail falls behind, by Recheck at
// most, where nothing need be remembered, and loses nothing. A slow range body does the same; no event waits in memory.
//
// Throttling, broken connections and failures inside AWS do not end a Tail: it tries again, for as long as ctx allows. Errors,
// once and last: awsops.ErrInvalid for the query; awsops.ErrGone for a group that is not there; awsops.ErrDenied for the right
// logs:FilterLogEvents; else the cause of ctx. Without the right logs:StartLiveTail, or logs:DescribeLogGroups for the ARNs
// of groups that are given by name, it polls.
//
// A live tail session is billed by the minute; one follows up to 10 groups. The clock should be right to within Lag: one that
// is ahead makes events late. Source: StartLiveTail and FilterLogEvents (API
// reference, read 2026-11); the silent loss from a field report.
func (c *Client) Tail(ctx context.Context, q Query) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		if err := q.check(true); err != nil {
			yield(Event{}, &Error{Op: "Tail", Err: err})
			return
		}
		t := newTail(c, q)
		t.yield = func(e Event) bool { return yield(e, nil) }
		defer t.close()
		if err := t.run(ctx); err != nil {
			yield(Event{}, err)
		}
	}
}

// tail is one range over a Tail. It runs on the caller's goroutine alone.
type tail struct {
	c     *Client
	q     Query
	opt   TailOptions
	pos   *position
	yield func(Event) bool
	stop  bool // the range was left

	live   liveTail
	late   lateStreams
	status TailStatus
	pause  time.Duration // after a sweep that failed; 0 = it did not
	full   bool
}

func newTail(c *Client, q Query) *tail {
	t := &tail{c: c, q: q, opt: q.Tail.withDefaults()}
	t.live.init(t)
	if !q.After.IsZero() {
		t.pos = resumed(q.After)
		return t
	}
	from, _ := bounds(q)
	if q.Start.IsZero() {
		from = c.caller.Clock.Now().UnixMilli()
	}
	t.pos = newPosition(q.identity(), false, from-1)
	return t
}

func (t *tail) now() time.Time { return t.c.caller.Clock.Now() }

func (t *tail) run(ctx context.Context) error {
	for next := t.now(); !t.stop; {
		if cause := context.Cause(ctx); cause != nil {
			return &Error{Op: "Tail", Err: fmt.Errorf("stopped: %w", cause)}
		}
		if err := t.live.open(ctx); err != nil {
			return err
		}
		if err := t.live.drain(ctx, next.Sub(t.now())); err != nil || t.stop {
			return err
		}
		if t.now().Before(next) {
			continue
		}
		if err := t.sweep(ctx); err != nil || t.stop {
			return err
		}
		t.live.caughtUp()
		t.tell("", nil)
		next = t.now().Add(max(t.opt.Interval, t.pause))
		if t.pause > 0 {
			next = t.now().Add(awsops.Jitter(t.pause))
		}
	}
	return nil
}

// give hands an event on.
func (t *tail) give(e Event) bool {
	e.Cursor = t.pos.cursor()
	t.status.Events++
	if e.Late {
		t.status.Late++
	}
	if !t.yield(e) {
		t.stop = true
	}
	return !t.stop
}

// tell tells what changed.
func (t *tail) tell(change Change, err error) {
	switch change {
	case "":
	case LiveStarted, LiveTrusted, LiveDoubtful: // a busy group comes and goes
		t.c.caller.Log.Debug("cwlogs: tail", "change", string(change))
	default:
		t.c.caller.Log.Warn("cwlogs: tail", "change", string(change), "error", err)
	}
	if t.opt.Progress == nil {
		return
	}
	s := t.status
	s.At, s.Change, s.Err, s.Through = t.now(), change, err, at(t.pos.w1)
	s.Remembered = t.pos.remembered()
	s.Sessions, s.Trusted, s.Held = t.live.count()
	t.opt.Progress(s)
}

func (t *tail) close() { t.live.close() }
