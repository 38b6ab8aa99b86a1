package transfer

import (
	"context"
	"errors"
	"fmt"

	"github.com/kitroll/kitroll/route53x"
)

// change is something that is altered at a registrar, and can be seen there.
type change struct {
	name string // in the state; tells it from all others
	text string // what is about to happen
	zh   string
	reg  Registrar // that knows the task
	// seen finds out whether it has happened. It is asked before the call, after its end, and when its answer was lost.
	seen func(ctx context.Context) (bool, error)
	send func(ctx context.Context) (task string, err error)
	// money: only a clear refusal says that nothing happened.
	money bool
	// trust: the platform's word that the task is done is enough; it may not show.
	trust        bool
	hint, hintZH string
}

// change makes a change once. The result is done when it is to be seen.
func (w *walk) change(ctx context.Context, c change) (result, error) {
	if w.s.Call != nil && w.s.Call.Name != c.name {
		w.s.Call = nil // of a step that was left
	}
	call := w.s.Call
	if call != nil && call.Task != "" && call.Ended.IsZero() {
		if res, err := w.follow(ctx, c); err != nil || !res.done {
			return res, err
		}
	}
	seen := c.trust && call != nil && !call.Ended.IsZero()
	if !seen {
		var err error
		if seen, err = c.seen(ctx); err != nil {
			return result{}, err
		}
	}
	t, now := w.r.cfg.Timing, w.r.now()
	switch {
	case seen:
		if call == nil {
			w.event(EventFound, "done already: "+c.text, "")
		}
		w.s.Call = nil
		return result{done: true}, nil
	case call == nil:
		w.s.Call = &Call{Name: c.name, Begun: now, Tries: 1}
		return w.send(ctx, c)
	case !call.Ended.IsZero() && now.Sub(call.Ended) < t.Show:
		return w.again(t.Poll, "the platform says that it is done, and it does not show yet: "+c.text), nil
	case !call.Ended.IsZero():
		w.s.Call = nil
		return result{}, &Error{
			Kind: ErrTaskFailed, Hint: c.hint, HintZH: c.hintZH,
			Text: fmt.Sprintf("%s: the platform says that it is done, and after %s it does not show: look at its console, then run again", c.text, t.Show),
		}
	case now.Sub(call.Begun) < t.Settle:
		w.event(EventLost, "whether this left, and what came of it, is not known; looking it up: "+c.text, "")
		return result{after: min(t.Settle-now.Sub(call.Begun), t.Settle/4)}, nil
	}
	// It would show by now. All that stands before the call is looked at again.
	w.s.Call = nil
	w.event(EventFound, "nothing came of it, so that it can be done again: "+c.text, "")
	return result{}, nil
}

// send is the only place from which a change leaves.
func (w *walk) send(ctx context.Context, c change) (result, error) {
	if err := w.save(ctx); err != nil {
		w.s.Call = nil // nothing left
		return result{}, err
	}
	w.changed = true
	w.event(EventCall, c.text, c.zh)
	task, err := c.send(ctx)
	switch {
	case err == nil:
		w.s.Call.Task = task
		if task == "" {
			w.s.Call.Ended = w.r.now()
		}
		return result{}, w.save(ctx) // before the first look at the task
	case w.unknown(ctx, err), c.money && !refused(err):
		w.event(EventLost, fmt.Sprintf("no answer that says what came of it (%v): %s", err, c.text), "")
		return result{after: w.r.cfg.Timing.Poll}, context.Cause(ctx)
	}
	w.s.Call = nil
	if errors.Is(err, route53x.ErrThrottled) {
		return result{}, err
	}
	return result{}, &Error{Kind: ErrRefused, Text: c.text, Err: err, Hint: c.hint, HintZH: c.hintZH}
}

// refused tells errors that say clearly that there is no order.
func refused(err error) bool {
	for _, kind := range []error{
		route53x.ErrInvalid, route53x.ErrLimit, route53x.ErrNotTransferable, route53x.ErrUnsupported, route53x.ErrThrottled, route53x.ErrNotFound,
	} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// follow looks at a task that is under way.
func (w *walk) follow(ctx context.Context, c change) (result, error) {
	state, reason, err := c.reg.TaskState(ctx, w.s.Domain, w.s.Call.Task)
	if err != nil {
		return result{}, err
	}
	switch state {
	case Done:
		w.s.Call.Ended = w.r.now()
		return result{done: true}, nil
	case Failed:
		w.s.Call = nil
		e := &Error{Kind: ErrTaskFailed, Text: c.text + " did not work: see to its reason, then run again", Hint: c.hint, HintZH: c.hintZH}
		if reason != "" {
			e.Reasons = []string{reason}
		}
		return result{}, e
	}
	return w.again(w.r.cfg.Timing.Poll, "under way: "+c.text), nil
}
