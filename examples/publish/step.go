package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrUnknown is the outcome of a request that left and was never answered. Adapters wrap it around the platform's own
// error, because only the platform's package can tell.
var ErrUnknown = errors.New("outcome unknown")

// ErrTooSoon is a repeated request that the platform wants to have later.
var ErrTooSoon = errors.New("too soon")

// StepError names the step that failed, for the operator and the exit code.
type StepError struct {
	Step string
	Err  error
}

func (e *StepError) Error() string { return fmt.Sprintf("%s: %v", kind(e.Step), e.Err) }

// Unwrap returns the cause.
func (e *StepError) Unwrap() error { return e.Err }

// values is what a step leaves in the journal.
type values = map[string]string

// step is one call that must not happen twice.
type step struct {
	name string
	// keys are recorded with the intent, before the call: what a later run needs to look the outcome up.
	keys values
	// do makes the call. An error that is ErrUnknown leaves the intent in the journal; any other takes it back.
	do func(ctx context.Context) (values, error)
	// find looks up what became of a call whose answer was lost, at the time it was begun. It answers found, or not
	// found (then do is safe to call), or an error that is ErrUnknown when the platform cannot tell. nil: the
	// platform offers no look-up at all.
	find func(ctx context.Context, begun Entry) (v values, found bool, err error)
	// advice says what a person can do when the outcome stays unknown.
	advice string
}

// once runs a step unless the journal has it, and never repeats it on a guess.
func (p *Pipeline) once(ctx context.Context, s step) (values, error) {
	e := p.Journal.Step(s.name)
	if !e.Done.IsZero() {
		p.Report.Skip(s.name, e.Values)
		return e.Values, nil
	}
	if !e.Begun.IsZero() && p.Again != kind(s.name) {
		v, found, err := p.lookUp(ctx, s, e)
		if err != nil {
			return nil, err
		}
		if found {
			return v, p.finish(s.name, v)
		}
	}
	if err := p.Journal.Begin(s.name, s.keys); err != nil {
		return nil, &StepError{s.name, err}
	}
	p.Report.Begin(s.name)
	v, err := s.do(ctx)
	switch {
	case err == nil:
		return v, p.finish(s.name, v)
	case !errors.Is(err, ErrUnknown):
		// Refused, or it provably never left: the next run may try again.
		return nil, &StepError{s.name, errors.Join(err, p.Journal.Forget(s.name))}
	case ctx.Err() != nil:
		// Interrupted: there is no time to look now. The intent stays, and the next run looks.
		return nil, &StepError{s.name, err}
	}
	first := err
	v, found, err := p.lookUp(ctx, s, p.Journal.Step(s.name))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w (after: %w)", err, first)
	case found:
		return v, p.finish(s.name, v)
	}
	return nil, &StepError{s.name, errors.Join(fmt.Errorf("the answer was lost, and the look-up shows that nothing happened; run again to go on: %w", withoutKind(first)), p.Journal.Forget(s.name))}
}

func (p *Pipeline) lookUp(ctx context.Context, s step, e Entry) (values, bool, error) {
	p.Report.LookUp(s.name, e.Begun)
	var cause error
	if s.find != nil {
		v, found, err := s.find(ctx, e)
		if err == nil {
			return v, found, nil
		}
		if !errors.Is(err, ErrUnknown) {
			return nil, false, &StepError{s.name, err}
		}
		cause = err
	} else {
		cause = fmt.Errorf("%w: a request of %s was never answered, and the platform has no way to ask", ErrUnknown, e.Begun.Format(time.RFC3339))
	}
	return nil, false, &StepError{s.name, fmt.Errorf("%w. %s", cause, s.advice)}
}

func (p *Pipeline) finish(name string, v values) error {
	if err := p.Journal.Finish(name, v); err != nil {
		return &StepError{name, err}
	}
	p.Report.Done(name, v)
	return nil
}

// kind is the step's name without what tells it from others of its kind: "sms" of "sms:done:1f2e3d4c".
func kind(step string) string {
	head, _, _ := strings.Cut(step, ":")
	return head
}

// withoutKind keeps the text of an error and drops what errors.Is would find in it: once the look-up has settled the
// matter, the outcome is no longer unknown.
func withoutKind(err error) error { return errors.New(err.Error()) }
