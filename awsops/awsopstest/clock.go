package awsopstest

import (
	"context"
	"sync"
	"time"
)

// Clock is a virtual clock: who sleeps on it moves it on, and returns at once. With several goroutines the latest sleeper
// counts; a program that is to be exact about time runs on one. It satisfies awsops.Clock. The zero value starts at
// 2026-11-02 09:00 UTC, a Monday.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock starts at t.
func NewClock(t time.Time) *Clock { return &Clock{now: t} }

// Now is the virtual time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.time()
}

func (c *Clock) time() time.Time {
	if c.now.IsZero() {
		c.now = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	}
	return c.now
}

// Sleep moves the clock on by d, unless ctx has ended.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.time().Add(max(d, 0))
	return nil
}

// Advance moves the clock on by d.
func (c *Clock) Advance(d time.Duration) { _ = c.Sleep(context.Background(), d) }
