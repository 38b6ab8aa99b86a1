package route53xtest

import (
	"context"
	"sync/atomic"
	"time"
)

// Clock runs with the machine's time, or that of a testing/synctest bubble, and can be put forward. Sleep puts it forward
// instead of sleeping, so that what waits for hours is done at once. The zero value is ready.
type Clock struct{ ahead atomic.Int64 }

// Now is the machine's time and what the clock was put forward.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// Advance puts the clock forward.
func (c *Clock) Advance(d time.Duration) { c.ahead.Add(int64(max(d, 0))) }

// Sleep puts the clock forward, unless ctx has ended: then the error is its cause.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	c.Advance(d)
	return nil
}
