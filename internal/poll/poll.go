// Package poll waits for something that a platform does in its own time.
package poll

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrBudget reports that the allowed number of polls is used up and the thing is still not done.
var ErrBudget = errors.New("poll budget used up")

// Schedule says when to look. The zero value looks every 15 s for ever.
type Schedule struct {
	First  time.Duration // before the second look; 0 = 15 s. The first look is at once unless Delay is set
	Delay  time.Duration // before the first look
	Factor float64       // each pause is the one before times Factor; below 1 = 1
	Max    time.Duration // longest pause; 0 = no limit
	Polls  int           // how many looks are allowed; 0 = no limit
}

// Until calls look on the caller's goroutine until it says done or fails. It has no time limit of its own: when ctx ends,
// the error wraps the cause of ctx. A value sent on wake (nil = never) ends the present pause early; a closed wake is
// like none, or the pauses would all be gone.
func Until(ctx context.Context, s Schedule, wake <-chan struct{}, look func(context.Context) (done bool, err error)) error {
	pause := s.First
	if pause <= 0 {
		pause = 15 * time.Second
	}
	if s.Max > 0 {
		pause = min(pause, s.Max)
	}
	if err := sleep(ctx, s.Delay, wake); err != nil {
		return err
	}
	for n := 1; ; n++ {
		done, err := look(ctx)
		if done || err != nil {
			return err
		}
		if s.Polls > 0 && n >= s.Polls {
			return fmt.Errorf("%w after %d looks", ErrBudget, n)
		}
		if err := sleep(ctx, pause, wake); err != nil {
			return err
		}
		if s.Factor > 1 {
			pause = time.Duration(float64(pause) * s.Factor)
		}
		if s.Max > 0 {
			pause = min(pause, s.Max)
		}
	}
}

func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) error {
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("stopped waiting: %w", err)
	}
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			return nil
		case _, open := <-wake:
			if open {
				return nil
			}
			wake = nil
		case <-ctx.Done():
			return fmt.Errorf("stopped waiting: %w", context.Cause(ctx))
		}
	}
}
