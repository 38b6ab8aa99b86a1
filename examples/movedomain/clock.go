package main

import (
	"context"
	"sync"
	"time"
)

// Clock is the time of a run: the machine's, or one that is put forward where something waits.
type Clock interface {
	Now() time.Time
	Sleep(ctx context.Context, d time.Duration) error
}

// virtual is a clock that stands still until somebody waits.
type virtual struct {
	mu  sync.Mutex
	now time.Time
	// passed is called after the time was put forward, without a lock.
	passed func()
}

func (v *virtual) Now() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now
}

// Advance puts the clock forward.
func (v *virtual) Advance(d time.Duration) {
	v.mu.Lock()
	v.now = v.now.Add(max(d, 0))
	v.mu.Unlock()
	if v.passed != nil {
		v.passed()
	}
}

// Sleep puts the clock forward, an hour at most at a time, so that what is due meanwhile happens when it is due.
func (v *virtual) Sleep(ctx context.Context, d time.Duration) error {
	for d > 0 {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		step := min(d, stride)
		v.Advance(step)
		d -= step
	}
	return context.Cause(ctx)
}

// stride is how far a virtual clock goes at once.
const stride = time.Minute
