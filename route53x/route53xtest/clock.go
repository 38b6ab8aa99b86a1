package route53xtest

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Clock runs with the machine's time, or that of a testing/synctest bubble, and can be put forward. Sleep puts it forward
// instead of sleeping, so that what waits for hours is done at once. The zero value is ready.
type Clock struct {
	// Frozen is when a clock begins that does not run by itself, however busy the machine is.
	Frozen time.Time

	ahead atomic.Int64
}

// Now is the machine's time, or that at which the clock was frozen, and what it was put forward.
func (c *Clock) Now() time.Time {
	at := c.Frozen
	if at.IsZero() {
		at = time.Now()
	}
	return at.Add(time.Duration(c.ahead.Load()))
}

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

func (s *Server) retrieve(keys aws.Credentials) func(context.Context) (aws.Credentials, error) {
	return func(context.Context) (aws.Credentials, error) { return keys, nil }
}
