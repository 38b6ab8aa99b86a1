package transfer

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// EventKind says what an [Event] is.
type EventKind string

// The kinds of events.
const (
	EventBegin     EventKind = "begin"     // a step begins
	EventCall      EventKind = "call"      // a change is about to leave
	EventFound     EventKind = "found"     // something was done already, by an earlier run or by a person
	EventLost      EventKind = "lost"      // an answer was lost: what became of the call is being looked up
	EventDone      EventKind = "done"      // a step is done
	EventWait      EventKind = "wait"      // Until is when it is looked at again
	EventBack      EventKind = "back"      // an earlier step has to be done again
	EventAttention EventKind = "attention" // a person must act at a platform; the move looks again by itself
	EventAsk       EventKind = "ask"       // a person was asked and has answered
	EventTrouble   EventKind = "trouble"   // a call failed and will be tried again
	EventUndone    EventKind = "undone"    // a step was taken back
)

// Event is one thing that happened.
type Event struct {
	At     time.Time `json:"at"`
	Kind   EventKind `json:"kind"`
	Step   Step      `json:"step"`
	Text   string    `json:"text"`
	TextZH string    `json:"textZh,omitempty"` // where a person has to act at Aliyun, or ""
	Until  time.Time `json:"until,omitzero"`
}

// Next is what comes after [Runner.Advance].
type Next struct {
	Done   bool          // the move is at its end, or the way back is
	After  time.Duration // come back then; 0 is at once
	Events []Event       // what this call did and found
}

// RunOptions are the options of [Runner.Run]. nil has the defaults.
type RunOptions struct {
	// Ask answers a [Question]; nil ends the run with the error that has it. It runs on the caller's goroutine.
	Ask func(ctx context.Context, q Question) (answer string, err error)
	// Sleep waits; nil is the real clock. Programs with a clock of their own advance it here.
	Sleep func(ctx context.Context, d time.Duration) error
	// Before stops the run when this step would be next.
	Before Step
	// Retries is how often in a row a call that failed without a kind of this package is tried again, after 30 s, 1, 2,
	// 4 … minutes. Every repetition is safe. Default 5; new(0) is never.
	Retries *int
}

// Journal keeps states. [OpenFile] is one in a file.
type Journal interface {
	// Load returns fs.ErrNotExist where there is none.
	Load(ctx context.Context, id string) (State, error)
	// Save has the state on disk, or wherever it is safe, when it returns.
	Save(ctx context.Context, s State) error
}

// Run takes the move from where the journal has it to its end, with all its waits, and yields what happens. The error
// comes once and last; after it, and after a break, Run goes on where it was. It starts no goroutine and has no time limit
// of its own.
//
// Errors: as of [Runner.Advance], and the cause of ctx.
func (r *Runner) Run(ctx context.Context, opts *RunOptions) iter.Seq2[Event, error] {
	var o RunOptions
	if opts != nil {
		o = *opts
	}
	if o.Sleep == nil {
		o.Sleep = httpcall.Sleep
	}
	return func(yield func(Event, error) bool) {
		s, err := r.Load(ctx)
		if err != nil {
			yield(Event{}, err)
			return
		}
		l := &loop{r: r, o: o, s: s, yield: yield, told: map[string]time.Time{}}
		if err := l.run(ctx); err != nil && !errors.Is(err, errStop) {
			yield(Event{At: r.now(), Step: l.s.Step}, err)
		}
	}
}

// errStop is the caller's break.
var errStop = errors.New("stopped")

type loop struct {
	r        *Runner
	o        RunOptions
	s        State
	yield    func(Event, error) bool
	failures int
	told     map[string]time.Time // of what is being waited for
}

func (l *loop) run(ctx context.Context) error {
	for step := Step(""); ; {
		if l.s.Undo == nil && l.s.Step != step && l.s.Step != StepEnd {
			if l.s.Step == l.o.Before {
				return nil
			}
			step = l.s.Step
			en, zh := step.Title()
			if err := l.tell(Event{At: l.r.now(), Kind: EventBegin, Step: step, Text: en, TextZH: zh}); err != nil {
				return err
			}
		}
		s, next, err := l.r.Advance(ctx, l.s)
		l.s = s
		for _, e := range next.Events {
			if err := l.tell(e); err != nil {
				return err
			}
		}
		if err != nil {
			if next.After, err = l.trouble(ctx, err); err != nil {
				return err
			}
		} else {
			l.failures = 0
		}
		if next.Done {
			return nil
		}
		if next.After > 0 {
			if err := l.o.Sleep(ctx, next.After); err != nil {
				return err
			}
		}
	}
}

// tell yields an event, and one that says again what is being waited for once a day at most.
func (l *loop) tell(e Event) error {
	if e.Kind == EventWait || e.Kind == EventAttention {
		key := string(e.Step) + e.Text
		if at, said := l.told[key]; said && e.At.Sub(at) < 24*time.Hour {
			return nil
		}
		l.told[key] = e.At
	}
	if !l.yield(e, nil) {
		return errStop
	}
	return nil
}

// trouble asks a person, or waits and tries again, or ends the run.
func (l *loop) trouble(ctx context.Context, err error) (time.Duration, error) {
	e, ours := errors.AsType[*Error](err)
	if ours && e.Question != nil && l.o.Ask != nil {
		answer, askErr := l.o.Ask(ctx, *e.Question)
		if askErr != nil {
			return 0, askErr
		}
		s, err := l.r.Answer(ctx, l.s, *e.Question, answer)
		if err != nil {
			return 0, err
		}
		l.s = s
		return 0, l.tell(Event{At: l.r.now(), Kind: EventAsk, Step: s.Step, Text: "answered: " + answer})
	}
	l.failures++
	if ours || ctx.Err() != nil || l.failures > *cmp.Or(l.o.Retries, new(5)) {
		return 0, err
	}
	pause := 30 * time.Second << (l.failures - 1)
	return pause, l.tell(Event{At: l.r.now(), Kind: EventTrouble, Step: l.s.Step, Text: err.Error(), Until: l.r.now().Add(pause)})
}
