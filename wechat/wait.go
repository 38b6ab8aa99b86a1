package wechat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
	"github.com/kitroll/kitroll/internal/poll"
)

// WaitOptions is how Wait looks. nil and zero values are the defaults.
type WaitOptions struct {
	Interval time.Duration // before the second look, then twice as long each time up to 5 min (or Interval); default 5 s
	MaxPolls int           // how many looks; default 60

	Progress     func(PublishState) // after every look of Publication.Wait, on the caller's goroutine
	MassProgress func(MassState)    // after every look of MassJob.Wait, on the caller's goroutine
}

// wait polls by the platform's small quotas: 100 looks a day.
func wait(ctx context.Context, opts *WaitOptions, look func(context.Context) (bool, error)) error {
	s := poll.Schedule{First: 5 * time.Second, Factor: 2, Max: 5 * time.Minute, Polls: 60}
	if opts != nil && opts.Interval > 0 {
		s.First = opts.Interval
		s.Max = max(s.Max, opts.Interval)
	}
	if opts != nil && opts.MaxPolls > 0 {
		s.Polls = opts.MaxPolls
	}
	var last error
	err := poll.Until(ctx, s, nil, func(ctx context.Context) (bool, error) {
		done, err := look(ctx)
		if err == nil || ctx.Err() != nil {
			return done, err
		}
		last = err
		if e, ok := errors.AsType[*Error](err); ok && e.Is(ErrRateLimited) {
			return false, httpcall.Sleep(ctx, e.RetryAfter)
		}
		if errors.Is(err, ErrTemporary) {
			return false, nil
		}
		return false, err
	})
	if errors.Is(err, poll.ErrBudget) {
		if last != nil {
			return fmt.Errorf("%w: %w (%w)", ErrPending, err, last)
		}
		return fmt.Errorf("%w: %w", ErrPending, err)
	}
	return err
}
