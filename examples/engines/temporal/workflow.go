package main

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/ec2move"
)

// Turn is what one activity found or did.
type Turn struct {
	State  ec2move.State   `json:"state"`
	After  time.Duration   `json:"after,omitempty"`
	Done   bool            `json:"done,omitempty"`
	Events []awsops.Event  `json:"events,omitempty"`
	Stop   *Stop           `json:"stop,omitempty"`
}

// Stop is an error that a person has to look at. It is part of the result and no error of the activity, for the state beside it
// is to be kept.
type Stop struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// Activities are the calls to EC2.
type Activities struct{ Client *ec2move.Client }

// Advance makes at most one call that changes something. Temporal runs it at least once: it may be repeated after a crash at any
// point, as ec2move promises. An error is one that time can mend, and is retried by the policy of the workflow.
func (a *Activities) Advance(ctx context.Context, st ec2move.State) (Turn, error) {
	st, next, err := a.Client.Advance(ctx, st)
	t := Turn{State: st, After: next.After, Done: next.Done, Events: next.Events}
	if kind := personal(err); kind != "" {
		t.Stop = &Stop{kind, err.Error()}
		return t, nil
	}
	return t, err
}

// personal is the kind of an error that no repetition mends, or "".
func personal(err error) string {
	for _, kind := range []error{
		awsops.ErrUnknownOutcome, awsops.ErrInvalid, awsops.ErrConflict, awsops.ErrDenied, awsops.ErrQuota, awsops.ErrCapacity,
		awsops.ErrFailed, awsops.ErrGone,
	} {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	return ""
}

// Move is the workflow. Its input is a state with nothing but a Spec and the Source of its plan, or any later one. The query
// "state" tells where it stands. It ends with an ApplicationError, whose type is the kind and whose detail is the state, when a
// person has to act; started again with that state, it goes on.
func Move(ctx workflow.Context, st ec2move.State) (ec2move.State, error) {
	if err := workflow.SetQueryHandler(ctx, "state", func() (ec2move.State, error) { return st, nil }); err != nil {
		return st, err
	}
	calls := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 5 * time.Minute,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: 2 * time.Second, MaximumInterval: time.Minute},
	})
	var a *Activities
	for !workflow.GetInfo(ctx).GetContinueAsNewSuggested() { // a copy of a day is some thousand looks
		var t Turn
		if err := workflow.ExecuteActivity(calls, a.Advance, st).Get(ctx, &t); err != nil {
			return st, err
		}
		st = t.State
		switch {
		case t.Stop != nil:
			return st, temporal.NewNonRetryableApplicationError(t.Stop.Text, t.Stop.Kind, nil, st)
		case t.Done:
			return st, nil
		}
		if err := workflow.Sleep(ctx, t.After); err != nil {
			return st, err
		}
	}
	return st, workflow.NewContinueAsNewError(ctx, Move, st)
}
