package ec2move

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

// step is a line of the table. do makes at most one call that changes something, through mutate, and is called again until
// the step is done; so is undo in a rollback, in the opposite order, for every step that is not skipped. find sets the step's Progress by what AWS has, as far as
// that can be known, when the state is lost.
type step struct {
	id   StepID
	skip func(*move) bool // nil = never
	do   func(context.Context, *move) (turn, error)
	undo func(context.Context, *move) (turn, error) // nil = there is nothing to take back
	find func(context.Context, *move) error         // nil = the step is asked by do itself, which looks before it acts
}

// settle is how long something that EC2 has made may stay unseen: reads are eventually consistent, and right after a create one
// in ten answers that there is no such thing (a field report; EC2 names no bound). Within it "not found" means nothing.
const settle = 5 * time.Minute

// turn is what came of one look at a step.
type turn struct {
	after time.Duration // when to look again; not with done
	done  bool
}

// steps in their order.
func steps() []step {
	return []step{
		stepCheck(), stepKeyPair(), stepPrefixLists(), stepGroups(), stepHotImage(), stepHotCopy(), stepTTL(), stepStop(), stepImage(), stepCopy(),
		stepVolumes(), stepLaunch(), stepAttach(), stepReady(), stepAddress(), stepCutover(), stepFinish(),
	}
}

// move is one call of Advance.
type move struct {
	c        *Client
	spec     Spec
	st       *State // to be changed
	step     StepID // at work
	src, dst calls
	events   []awsops.Event
	changed  bool // the one call that changes something was made

	may       func(StepID, Progress) bool // nil = always; false ends the turn before the step does anything: see Fleet
	snapshots []types.Snapshot            // that this turn has seen of the step at work
}

// Advance looks at the first step that is not done, makes at most one call that changes something, and says when to come back.
// It is safe to repeat after a crash at any point, with the state that it returned last, with an older one, or with one that
// [Client.Find] made. Keep the state that it returns even beside an error. The error of a step that AWS has given up on comes
// again until what it names is mended.
func (c *Client) Advance(ctx context.Context, st State) (State, Next, error) {
	return c.advance(ctx, &move{}, st)
}

// advance is Advance with a move that the caller looks into afterwards.
func (c *Client) advance(ctx context.Context, m *move, st State) (State, Next, error) {
	st = st.clone()
	if err := st.Spec.check(); err != nil {
		return st, Next{}, &Error{Err: err}
	}
	m.c, m.spec, m.st, m.src, m.dst = c, st.Spec, &st, c.in(st.Spec.From.Region), c.in(st.Spec.To.Region)
	if st.Undo {
		return m.back(ctx)
	}
	for _, s := range steps() {
		m.step = s.id
		if p := m.progress(); p.Phase == Done || p.Phase == Skipped {
			continue
		}
		if s.skip != nil && s.skip(m) {
			m.set(func(p *Progress) { p.Phase = Skipped })
			continue
		}
		if m.may != nil && !m.may(s.id, m.progress()) {
			return st, Next{Events: m.events}, nil
		}
		m.snapshots = nil
		t, err := s.do(ctx, m)
		full := errors.Is(err, errOneCall)
		if err != nil && !full {
			return st, Next{Events: m.events}, m.explain(err)
		}
		if t.done {
			m.set(func(p *Progress) { p.Phase = Done })
		}
		m.tell()
		if !t.done || m.changed || full {
			return st, Next{After: t.after, Events: m.events}, nil
		}
	}
	return st, Next{Done: true, Events: m.events}, nil
}

// progress is where the step at work stands.
func (m *move) progress() Progress { return m.st.Steps[m.step] }

// of is where another step stands.
func (m *move) of(id StepID) Progress { return m.st.Steps[id] }

// set changes where the step at work stands. Since follows the phase.
func (m *move) set(change func(*Progress)) {
	p := m.st.Steps[m.step]
	was := p.Phase
	change(&p)
	if p.Phase != was || p.Since.IsZero() {
		p.Since = m.now()
	}
	m.st.Steps[m.step] = p
}

func (m *move) now() time.Time { return m.c.cfg.Clock.Now() }

// tell adds an event on the step at work.
func (m *move) tell() {
	p := m.progress()
	e := awsops.Event{Step: string(m.step), Phase: cmp.Or(string(p.Phase), "waiting"), Resource: p.ID, Note: p.Note, Done: p.Done, Total: p.Total, At: m.now()}
	e.ETA = expected(p.Since, e.At, p.Done, p.Total)
	m.events = append(m.events, e)
}

// explain adds the step to an error that does not name it.
func (m *move) explain(err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		if e.Step == "" {
			e.Step = m.step
		}
		return err
	}
	return &Error{Step: m.step, Err: err}
}

// errOneCall ends a step's turn when it would make a second call that changes something.
var errOneCall = errors.New("one call that changes something was made")

// once switches the SDK's retryer off, also where the client is one that the caller made: the package repeats calls itself,
// and one without a client token must never be sent twice.
func once(o *ec2.Options) { o.Retryer = aws.NopRetryer{} }

// read makes a call that changes nothing.
func read[I, O any](ctx context.Context, m *move, op string, do func(context.Context, *I, ...func(*ec2.Options)) (*O, error), in *I) (*O, error) {
	out, err := awscall.Do(ctx, m.c.call, op, awscall.Harmless, do, in, once)
	if err != nil {
		return nil, refused(m.step, "", err)
	}
	return out, nil
}

// mutate makes the one call of this turn that changes something. again is Harmless only for calls that EC2 does once however
// often they are sent. resource is what to look at when it fails.
func mutate[I, O any](ctx context.Context, m *move, op, resource string, again awscall.Repeat, do func(context.Context, *I, ...func(*ec2.Options)) (*O, error), in *I) (*O, error) {
	if m.changed {
		return nil, errOneCall
	}
	m.changed = true
	out, err := awscall.Do(ctx, m.c.call, op, again, do, in, once)
	if err != nil {
		return nil, refused(m.step, resource, err)
	}
	return out, nil
}

// lookAgain is the time between two looks at something that is not seen yet.
const lookAgain = 15 * time.Second

// intend guards a call that has no key of its own. The step looks first for what the call makes; not found, it asks here, with a
// word for the call, and makes it only on true. That comes once for each record of an intent, and only to the client that has
// made the record in the turn before, so that the record is kept by then. Whoever finds the record of another process, or its
// own again, cannot know whether the call was made: it looks until the settle window has passed, and then records anew.
//
// A later call of the same step has to leave [Intent] for another phase in between. Where several processes take turns with
// one move, each such call may take a settle window.
func (m *move) intend(call string) (turn, bool) {
	p := m.progress()
	if p.Phase == Intent {
		if p.Note != call {
			return turn{after: lookAgain}, false // one at a time
		}
		if m.c.take(m.intent(p)) {
			return turn{}, true
		}
		if m.now().Sub(p.Since) < settle {
			return turn{after: lookAgain}, false
		}
	} else if !m.settled() {
		return turn{after: lookAgain}, false
	}
	m.set(func(p *Progress) { p.Phase, p.Note, p.Since = Intent, call, time.Time{} })
	m.c.keep(m.intent(m.progress()))
	return turn{}, false
}

// intent names one record of an intent.
func (m *move) intent(p Progress) string {
	return fmt.Sprintf("%s %s %s %d", m.spec.ID, m.step, p.Note, p.Since.UnixNano())
}

// settled tells whether what EC2 does not show can be taken as not there, as far as the state is concerned: it was kept, or was
// found, or the rollback begun, long enough ago. A step that has an [Intent] of its own goes by the time of that as well.
func (m *move) settled() bool {
	since := m.st.Found
	if m.st.Undo {
		since = m.st.UndoAt
	}
	return since.IsZero() || m.now().Sub(since) >= settle
}

// back is Advance of a rollback. The source is started first, if the move has stopped it; then the steps are taken back from
// the last to the first. A step that seems not to have begun is looked at all the same: the process may have ended between its
// call and the record of it. An undo looks by name, token and tag, and is done when nothing is there and the move is settled.
func (m *move) back(ctx context.Context) (State, Next, error) {
	if m.st.UndoAt.IsZero() {
		m.st.UndoAt = m.now()
	}
	for _, s := range undoOrder() {
		m.step = s.id
		if p := m.progress(); p.Phase == Undone || p.Phase == Skipped {
			continue
		}
		if s.skip != nil && s.skip(m) {
			m.set(func(p *Progress) { p.Phase = Skipped })
			continue
		}
		var t turn
		var err error
		if t.done = s.undo == nil; s.undo != nil {
			t, err = s.undo(ctx, m)
		}
		full := errors.Is(err, errOneCall)
		if err != nil && !full {
			return *m.st, Next{Events: m.events}, m.explain(fmt.Errorf("rollback: %w", err))
		}
		if t.done && !full {
			m.set(func(p *Progress) { *p = Progress{Phase: Undone} })
		}
		m.tell()
		if !t.done || m.changed || full {
			return *m.st, Next{After: t.after, Events: m.events}, nil
		}
	}
	return *m.st, Next{Done: true, Events: m.events}, nil
}

// undoOrder is the order of a rollback.
func undoOrder() []step {
	all := steps()
	slices.Reverse(all)
	stop := slices.IndexFunc(all, func(s step) bool { return s.id == StepStop })
	first := all[stop]
	return append([]step{first}, slices.Delete(all, stop, stop+1)...)
}
