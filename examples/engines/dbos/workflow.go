package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/ec2move"
)

// turn is what one step of the workflow found or did. DBOS keeps it before the next step begins.
type turn struct {
	State ec2move.State
	After time.Duration
	Done  bool
	// Kind and Error are of an error that a person has to look at. It is a result and no error of the step, for the state
	// beside it is to be kept.
	Kind, Error string
}

// mover is the workflow and what it works with.
type mover struct {
	client *ec2move.Client
	tell   func(awsops.Event)
	// sleep is how long the workflow sleeps when EC2 needs d: d itself, or less where EC2 is a fake with a clock of its own.
	sleep func(ctx context.Context, d time.Duration) (time.Duration, error)
}

// move is the workflow: the plan is its first step, and each call of Advance one more. A step that was broken off is run again
// as a whole when the program comes back. That is at least once, and Advance makes exactly once of it.
func (m *mover) move(w dbos.Context, spec ec2move.Spec) (ec2move.State, error) {
	st, err := dbos.RunAsStep(w, func(ctx context.Context) (ec2move.State, error) { return m.plan(ctx, spec) }, dbos.WithStepName("plan"))
	for err == nil {
		var t turn
		t, err = dbos.RunAsStep(w, func(ctx context.Context) (turn, error) { return m.advance(ctx, st) }, dbos.WithStepName("advance"),
			dbos.WithStepMaxRetries(20), dbos.WithStepBaseInterval(time.Second), dbos.WithStepMaxInterval(time.Minute))
		if err != nil {
			break
		}
		st = t.State
		switch {
		case t.Error != "":
			return st, fmt.Errorf("%s (%s)", t.Error, t.Kind)
		case t.Done:
			return st, nil
		case t.After > 0:
			err = m.wait(w, t.After)
		}
	}
	return st, err
}

// wait is a step and a durable sleep: after a crash only what is left of it.
func (m *mover) wait(w dbos.Context, d time.Duration) error {
	pause, err := dbos.RunAsStep(w, func(ctx context.Context) (time.Duration, error) { return m.sleep(ctx, d) }, dbos.WithStepName("wait"))
	if err != nil {
		return err
	}
	_, err = dbos.Sleep(w, pause)
	return err
}

// plan is the state from which a move begins. It only reads.
func (m *mover) plan(ctx context.Context, spec ec2move.Spec) (ec2move.State, error) {
	p, err := m.client.Plan(ctx, spec)
	if err != nil {
		return ec2move.State{}, err
	}
	var stops []string
	for _, f := range p.Findings {
		if f.Severity == ec2move.Stop {
			stops = append(stops, f.What+" ("+f.Fix+")")
		}
	}
	if len(stops) > 0 {
		return ec2move.State{}, fmt.Errorf("the move would fail: %s", strings.Join(stops, "; "))
	}
	return ec2move.State{Spec: p.Spec, Source: p.Source}, nil
}

func (m *mover) advance(ctx context.Context, st ec2move.State) (turn, error) {
	st, next, err := m.client.Advance(ctx, st)
	for _, e := range next.Events {
		m.tell(e)
	}
	t := turn{State: st, After: next.After, Done: next.Done}
	if kind := personal(err); kind != nil {
		t.Kind, t.Error = kind.Error(), err.Error()
		return t, nil
	}
	return t, err
}

// personal is the kind of an error that no repetition mends, or nil.
func personal(err error) error {
	for _, kind := range []error{
		awsops.ErrUnknownOutcome, awsops.ErrInvalid, awsops.ErrConflict, awsops.ErrDenied, awsops.ErrQuota, awsops.ErrCapacity,
		awsops.ErrFailed, awsops.ErrGone,
	} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	return nil
}
