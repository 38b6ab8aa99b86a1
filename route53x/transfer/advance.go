package transfer

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/kitroll/kitroll/route53x"
)

// Advance takes the move one look further: it finds out where things are, makes at most one change at one platform, and
// says when to come back. It may be repeated after a crash at any point, by another process too: a change stands in the
// journal before its call leaves, and one whose end is not known is looked up and not repeated on a guess. Applying the
// plan of a zone is one change, of several requests where the zone is large.
//
// The state is saved in the journal where it changed, and returned even with an error. Give the next call what this one
// returned, or what [Runner.Load] finds.
//
// Errors: a [*Error] with one of the kinds of this package, which needs a person or another config, and then the move goes
// on where it was; other errors are those of the platforms, as they came, and trying again is safe.
func (r *Runner) Advance(ctx context.Context, s State) (State, Next, error) {
	if err := r.mine(s); err != nil {
		return s, Next{}, err
	}
	if err := context.Cause(ctx); err != nil {
		return s, Next{}, err
	}
	w := &walk{r: r, s: s.clone()}
	before := w.s.clone()
	next, err := w.once(ctx)
	if !reflect.DeepEqual(before, w.s) {
		err = errors.Join(err, r.save(ctx, w.s))
	}
	next.Events = w.events
	return w.s, next, err
}

// walk is one Advance.
type walk struct {
	r      *Runner
	s      State
	events []Event
	// changed: a call that changes something has left.
	changed bool
}

// result is what a step came to.
type result struct {
	done  bool
	after time.Duration
	to    Step // go on there instead
}

// once does one step once, forward or back.
func (w *walk) once(ctx context.Context) (Next, error) {
	if w.s.Undo != nil {
		return w.undo(ctx)
	}
	step := w.s.Step
	if step == StepEnd {
		return Next{Done: true}, nil
	}
	res, err := w.steps()[step](ctx)
	if err != nil {
		return Next{}, w.named(step, err)
	}
	switch {
	case res.to != "":
		w.s.Step = res.to
	case res.done:
		w.s.Done[step] = w.r.now()
		w.s.Step = step.next()
		en, zh := step.Title()
		w.event(EventDone, en, zh)
		w.events[len(w.events)-1].Step = step
	}
	return Next{Done: w.s.Step == StepEnd, After: res.after}, nil
}

func (w *walk) steps() map[Step]func(context.Context) (result, error) {
	return map[Step]func(context.Context) (result, error){
		StepPreflight: w.preflight, StepZone: w.zone, StepExport: w.export, StepMap: w.plan, StepApply: w.apply,
		StepVerify: w.verify, StepDNSSEC: w.dnssec, StepFreeze: w.freeze, StepSwitch: w.switchover, StepPropagate: w.propagate,
		StepFiling: w.filing, StepUnlock: w.unlock, StepCheck: w.check, StepTransfer: w.transfer, StepApprove: w.approve,
		StepFinish: w.finish, StepAfter: w.after,
	}
}

// named puts the step into errors of this package.
func (w *walk) named(step Step, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		if e.Step == "" {
			e.Step = step
		}
		return err
	}
	return fmt.Errorf("transfer: %s: %w", step, err)
}

func (w *walk) event(kind EventKind, text, zh string) {
	w.events = append(w.events, Event{At: w.r.now(), Kind: kind, Step: w.s.Step, Text: text, TextZH: zh})
}

// wait comes back at a time, at the latest after most.
func (w *walk) wait(until time.Time, most time.Duration, text string) result {
	w.event(EventWait, text, "")
	w.events[len(w.events)-1].Until = until
	return result{after: max(min(until.Sub(w.r.now()), most), time.Second)}
}

func (w *walk) again(after time.Duration, text string) result {
	return w.wait(w.r.now().Add(after), after, text)
}

// back goes to an earlier step.
func (w *walk) back(to Step, text, zh string) result {
	w.event(EventBack, text, zh)
	return result{to: to}
}

func (w *walk) save(ctx context.Context) error { return w.r.save(ctx, w.s) }

// unknown tells errors after which a call may have had its effect.
func (w *walk) unknown(ctx context.Context, err error) bool {
	return errors.Is(err, route53x.ErrUnknownOutcome) || context.Cause(ctx) != nil ||
		w.r.cfg.OutcomeUnknown != nil && w.r.cfg.OutcomeUnknown(err)
}
