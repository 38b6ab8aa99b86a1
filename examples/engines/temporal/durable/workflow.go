package durable

import (
	"context"
	"errors"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/ec2move"
)

// Register tells a worker, or Temporal's test environment, what it can do.
func Register(w worker.Registry, a *Activities) {
	w.RegisterWorkflow(Move)
	w.RegisterActivity(a)
}

// Input is a move that begins, or one that goes on from a state.
type Input struct {
	Spec  ec2move.Spec   `json:"spec"`
	State *ec2move.State `json:"state,omitempty"`
}

// Turn is what one activity found or did.
type Turn struct {
	State ec2move.State `json:"state"`
	After time.Duration `json:"after,omitempty"`
	Done  bool          `json:"done,omitempty"`
	Stop  *Stop         `json:"stop,omitempty"`
}

// Stop is an error that a person has to look at. It is a result and no error of the activity, for the state beside it is to be
// kept.
type Stop struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// Activities are the calls to EC2.
type Activities struct {
	Client *ec2move.Client
	Tell   func(awsops.Event) // nil = nobody
	// Pause is how long the workflow sleeps when EC2 needs d; nil = d. It is for an EC2 that is a fake with a clock of its own.
	Pause func(d time.Duration) time.Duration
}

// Plan is the state from which a move begins. It only reads.
func (a *Activities) Plan(ctx context.Context, spec ec2move.Spec) (Turn, error) {
	p, err := a.Client.Plan(ctx, spec)
	if err != nil {
		return stopped(Turn{}, err)
	}
	var stops []string
	for _, f := range p.Findings {
		if f.Severity == ec2move.Stop {
			stops = append(stops, f.What+" ("+f.Fix+")")
		}
	}
	if len(stops) > 0 {
		return Turn{Stop: &Stop{"plan", "the move would fail: " + strings.Join(stops, "; ")}}, nil
	}
	return Turn{State: ec2move.State{Spec: p.Spec, Source: p.Source}}, nil
}

// Advance makes at most one call that changes something. It may be repeated after a crash at any point. An error is one that
// time can mend, and is retried by the policy of the workflow.
func (a *Activities) Advance(ctx context.Context, st ec2move.State) (Turn, error) {
	st, next, err := a.Client.Advance(ctx, st)
	for _, e := range next.Events {
		if a.Tell != nil {
			a.Tell(e)
		}
	}
	if a.Pause != nil {
		next.After = a.Pause(next.After)
	}
	return stopped(Turn{State: st, After: next.After, Done: next.Done}, err)
}

// stopped is the turn with an error that no repetition mends, or the other error.
func stopped(t Turn, err error) (Turn, error) {
	for _, kind := range []error{
		awsops.ErrUnknownOutcome, awsops.ErrInvalid, awsops.ErrConflict, awsops.ErrDenied, awsops.ErrQuota, awsops.ErrCapacity,
		awsops.ErrFailed, awsops.ErrGone,
	} {
		if errors.Is(err, kind) {
			t.Stop = &Stop{kind.Error(), err.Error()}
			return t, nil
		}
	}
	return t, err
}

// Move is the workflow. The query "state" tells where it stands. When a person has to act it fails with an ApplicationError,
// whose type is the kind and whose detail is the state; started again with that state, it goes on.
func Move(ctx workflow.Context, in Input) (ec2move.State, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 5 * time.Minute,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: 2 * time.Second, MaximumInterval: time.Minute},
	})
	var a *Activities
	var t Turn
	if err := workflow.SetQueryHandler(ctx, "state", func() (ec2move.State, error) { return t.State, nil }); err != nil {
		return t.State, err
	}
	if in.State != nil {
		t.State = *in.State
	} else if err := workflow.ExecuteActivity(ctx, a.Plan, in.Spec).Get(ctx, &t); err != nil {
		return t.State, err
	}
	for t.Stop == nil && !t.Done {
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() { // a copy of a day is some thousand looks
			return t.State, workflow.NewContinueAsNewError(ctx, Move, Input{in.Spec, &t.State})
		}
		next := Turn{}
		if err := workflow.ExecuteActivity(ctx, a.Advance, t.State).Get(ctx, &next); err != nil {
			return t.State, err
		}
		t = next
		if err := workflow.Sleep(ctx, t.After); err != nil {
			return t.State, err
		}
	}
	if t.Stop != nil {
		return t.State, temporal.NewNonRetryableApplicationError(t.Stop.Text, t.Stop.Kind, nil, t.State)
	}
	return t.State, nil
}

// Where is the state that a failed workflow left behind, and what kind of failure it was.
func Where(err error) (st ec2move.State, kind string, ok bool) {
	if e, is := errors.AsType[*temporal.ApplicationError](err); is && e.HasDetails() && e.Details(&st) == nil {
		return st, e.Type(), true
	}
	return st, "", false
}
