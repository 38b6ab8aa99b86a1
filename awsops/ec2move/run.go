package ec2move

import (
	"context"
	"fmt"
	"iter"
	"reflect"
	"strings"

	"github.com/kitroll/kitroll/awsops"
)

// Run makes a planned move, from where it stands: nothing of it is done twice, whoever has begun it. It starts from what
// [Client.Find] sees; who has kept the state goes on with [Client.Resume], which needs fewer reads and no settle window.
//
// It ranges over events, one for every look and step, on the caller's goroutine, and ends after the last step, or with one error
// at the end. Breaking out of the range stops between two calls, and the move goes on where it was when it is run again; so it
// does after the end of ctx, or of the process. A second range over the sequence looks again and goes on.
//
// A plan with a finding of severity Stop is refused with awsops.ErrInvalid. A source that has changed since the plan is an
// *Error of kind awsops.ErrConflict.
func (c *Client) Run(ctx context.Context, p *Plan) iter.Seq2[awsops.Event, error] {
	return func(yield func(awsops.Event, error) bool) {
		if err := p.refusal(); err != nil {
			yield(awsops.Event{}, err)
			return
		}
		st, err := c.find(ctx, p.Spec, &p.Source)
		if err != nil {
			yield(awsops.Event{}, err)
			return
		}
		c.follow(ctx, st, yield)
	}
}

// Resume goes on with a state that was kept: by Config.Save, or from [Client.Advance]. Else it is like Run. A state of a
// rollback goes on with the rollback.
func (c *Client) Resume(ctx context.Context, st State) iter.Seq2[awsops.Event, error] {
	return func(yield func(awsops.Event, error) bool) { c.follow(ctx, st, yield) }
}

// refusal is the error of a plan that cannot be run, nil for one that can.
func (p *Plan) refusal() error {
	if p == nil {
		return &Error{Reason: "the plan is nil", Err: awsops.ErrInvalid}
	}
	var why []string
	for _, f := range p.stops() {
		why = append(why, f.What)
	}
	if len(why) == 0 {
		return nil
	}
	return &Error{Reason: "the plan says that the move would fail: " + strings.Join(why, "; "), Err: awsops.ErrInvalid}
}

// follow is the loop over Advance. What changed is kept before anybody is told of it, and before the next call.
func (c *Client) follow(ctx context.Context, st State, yield func(awsops.Event, error) bool) {
	for {
		if err := context.Cause(ctx); err != nil {
			yield(awsops.Event{}, &Error{Err: fmt.Errorf("stopped: %w", err)})
			return
		}
		next, after, err := c.Advance(ctx, st)
		if saved := c.save(ctx, st, next); err == nil {
			err = saved
		}
		st = next
		for _, e := range after.Events {
			if !yield(e, nil) {
				return
			}
		}
		if err == nil && !after.Done && after.After > 0 {
			if err = c.cfg.Clock.Sleep(ctx, awsops.Jitter(after.After)); err != nil {
				err = &Error{Err: fmt.Errorf("stopped waiting: %w", err)}
			}
		}
		if err != nil {
			yield(awsops.Event{}, err)
			return
		}
		if after.Done {
			return
		}
	}
}

// save keeps a state that has changed, also when ctx has ended: what was just made is not to be forgotten.
func (c *Client) save(ctx context.Context, was, is State) error {
	if c.cfg.Save == nil || reflect.DeepEqual(was, is) {
		return nil
	}
	if err := c.cfg.Save(context.WithoutCancel(ctx), is.clone()); err != nil {
		return &Error{Op: "Save", Resource: is.Spec.ID, Err: fmt.Errorf("the state could not be kept: %w", err)}
	}
	return nil
}
