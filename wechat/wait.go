package wechat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kitroll/kitroll/internal/poll"
)

// WaitOptions is how Wait looks. nil and zero values are the defaults.
type WaitOptions struct {
	// Interval is the pause before the second look; then it is twice as long each time, up to 10 min (or Interval).
	// Default 5 s. With Events it is 5 min, then up to 30 min.
	Interval time.Duration
	MaxPolls int // how many looks; default 12

	// Events is where the platform's push about the job arrives: it ends the wait early and costs no look. nil = nowhere.
	Events Events

	Progress     func(PublishState) // after every look of Publication.Wait, and the push; on the caller's goroutine
	MassProgress func(MassState)    // after every look of MassJob.Wait, and the push; on the caller's goroutine
}

// schedule keeps to the platform's small quotas: 100 looks a day.
func (o *WaitOptions) schedule() poll.Schedule {
	s := poll.Schedule{First: 5 * time.Second, Factor: 2, Max: 10 * time.Minute, Polls: 12}
	if o == nil {
		return s
	}
	if o.Events != nil {
		s.First, s.Max = 5*time.Minute, 30*time.Minute
	}
	if o.Interval > 0 {
		s.First = o.Interval
		s.Max = max(s.Max, o.Interval)
	}
	if o.MaxPolls > 0 {
		s.Polls = o.MaxPolls
	}
	return s
}

// wait looks until the job is done, and at once when hear returns what the platform pushed about it. look has the
// ears to ask for the push. What hear fails with is told only when the looks were used up as well.
func wait[P any](
	ctx context.Context, opts *WaitOptions,
	hear func(context.Context, Events) (P, error), look func(context.Context, *ears[P]) (bool, error),
) error {
	e := listen(ctx, opts, hear)
	defer e.stop()
	var last error
	err := poll.Until(ctx, opts.schedule(), e.wake, func(ctx context.Context) (bool, error) {
		done, err := look(ctx, e)
		if err == nil || ctx.Err() != nil {
			return done, err
		}
		last = err
		if refused, ok := errors.AsType[*Error](err); ok && refused.Is(ErrRateLimited) {
			return false, e.pause(ctx, refused.RetryAfter)
		}
		if errors.Is(err, ErrTemporary) {
			return false, nil
		}
		return false, err
	})
	if !errors.Is(err, poll.ErrBudget) {
		return err
	}
	for _, why := range []error{last, e.failure()} {
		if why != nil {
			err = fmt.Errorf("%w (%w)", err, why)
		}
	}
	return fmt.Errorf("%w: %w", ErrPending, err)
}

// ears listens for one push on a goroutine of its own, which stop ends and waits for.
type ears[P any] struct {
	wake chan struct{} // gets one value when the push is there
	got  chan P
	fail chan error
	stop func()
	deaf bool // nothing will ever be heard
}

func listen[P any](ctx context.Context, opts *WaitOptions, hear func(context.Context, Events) (P, error)) *ears[P] {
	e := &ears[P]{wake: make(chan struct{}, 1), got: make(chan P, 1), fail: make(chan error, 1), stop: func() {}, deaf: true}
	if opts == nil || opts.Events == nil {
		return e
	}
	ctx, cancel := context.WithCancel(ctx)
	e.deaf = false
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p, err := hear(ctx, opts.Events)
		if err != nil {
			e.fail <- fmt.Errorf("events: %w", err)
			return
		}
		e.got <- p
		e.wake <- struct{}{}
	}()
	e.stop = func() {
		cancel()
		<-ended
	}
	return e
}

// heard is the push, once.
func (e *ears[P]) heard() *P {
	select {
	case p := <-e.got:
		return &p
	default:
		return nil
	}
}

// await is heard with patience. It returns nil when nothing comes.
func (e *ears[P]) await(ctx context.Context, d time.Duration) *P {
	if e.deaf {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case p := <-e.got:
		return &p
	case err := <-e.fail:
		e.fail <- err
	case <-t.C:
	case <-ctx.Done():
	}
	return nil
}

// pause sleeps until the push is there, which it leaves to be heard.
func (e *ears[P]) pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-e.wake:
		e.wake <- struct{}{} // for the pause that follows: nobody else sends
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (e *ears[P]) failure() error {
	select {
	case err := <-e.fail:
		return err
	default:
		return nil
	}
}
