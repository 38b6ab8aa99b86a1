package awsops

import (
	"context"
	"fmt"
	"time"
)

// WaitOptions is how long operations are followed. nil and zero fields are defaults.
type WaitOptions struct {
	// Interval is the time between two looks, with a jitter of a fifth; 0 = the default of the operation.
	Interval time.Duration
	// Progress is called after every look, on the caller's goroutine; nil = nobody is told.
	Progress func(Event)
}

// Poll looks until it is done or fails, every interval with a jitter of a fifth. The first look is at once. It has no time
// limit of its own: when ctx ends, the error wraps the cause of ctx. The waiters of the SDK are of no use for this: they give
// up on the first "not found", they poll a failed image until their time is up, and none says why or how far (the SDK's
// sources, read 2026-11).
func Poll(ctx context.Context, clock Clock, interval time.Duration, look func(context.Context) (done bool, err error)) error {
	for {
		if err := context.Cause(ctx); err != nil {
			return fmt.Errorf("stopped waiting: %w", err)
		}
		done, err := look(ctx)
		if done || err != nil {
			return err
		}
		if err := clock.Sleep(ctx, Jitter(interval)); err != nil {
			return fmt.Errorf("stopped waiting: %w", err)
		}
	}
}
