package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/ec2move"
)

// turn is what one step of the workflow found or did. Its result is kept by DBOS before the next step begins.
type turn struct {
	State  ec2move.State
	After  time.Duration
	Done   bool
	Events []awsops.Event
	Kind   string // of an error that a person has to look at; the state beside it is kept
	Error  string
}

// mover is the workflow and what it works with.
type mover struct {
	client *ec2move.Client
	tell   func(awsops.Event)
	// pace is how long the workflow sleeps when EC2 needs d: d itself, or less for a cloud that is a fake.
	pace func(ctx context.Context, d time.Duration) time.Duration
}

// move is the workflow: one call of Advance is one step. A step that was broken off is run again as a whole when the program
// comes back, which Advance stands at any point.
func (m *mover) move(w dbos.Context, st ec2move.State) (ec2move.State, error) {
	for {
		t, err := dbos.RunAsStep(w, func(ctx context.Context) (turn, error) { return m.turn(ctx, st) },
			dbos.WithStepName("advance"), dbos.WithStepMaxRetries(20), dbos.WithStepBaseInterval(time.Second), dbos.WithStepMaxInterval(time.Minute))
		if err != nil {
			return st, err
		}
		st = t.State
		switch {
		case t.Error != "":
			return st, fmt.Errorf("%s (%s)", t.Error, t.Kind)
		case t.Done:
			return st, nil
		}
		if t.After == 0 {
			continue
		}
		pause, err := dbos.RunAsStep(w, func(ctx context.Context) (time.Duration, error) { return m.pace(ctx, t.After), nil }, dbos.WithStepName("pace"))
		if err != nil {
			return st, err
		}
		if _, err := dbos.Sleep(w, pause); err != nil {
			return st, err
		}
	}
}

func (m *mover) turn(ctx context.Context, st ec2move.State) (turn, error) {
	st, next, err := m.client.Advance(ctx, st)
	for _, e := range next.Events {
		m.tell(e)
	}
	t := turn{State: st, After: next.After, Done: next.Done, Events: next.Events}
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
