package vultr

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
)

const (
	perSecond = 30
	// window is a second and what requests may bunch up on their way.
	window = time.Second + 50*time.Millisecond
)

// limiter lets 30 requests begin in any window, the first ones at once, and the others in the order in which they came.
type limiter struct {
	mu   sync.Mutex
	ring [perSecond]time.Time // when the last ones begin; at is the oldest
	at   int
}

func newLimiter() *limiter { return &limiter{} }

// wait returns when the caller may begin. A wait that would outlast the deadline of ctx is not begun.
func (l *limiter) wait(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	l.mu.Lock()
	now := time.Now()
	start := now
	if earliest := l.ring[l.at].Add(window); !l.ring[l.at].IsZero() && earliest.After(start) {
		start = earliest
	}
	if end, ok := ctx.Deadline(); ok && end.Before(start) {
		l.mu.Unlock()
		return fmt.Errorf("%w: the limit of 30 requests a second would keep it waiting for longer", context.DeadlineExceeded)
	}
	l.ring[l.at] = start
	l.at = (l.at + 1) % perSecond
	l.mu.Unlock()
	if start.Equal(now) {
		return nil
	}
	return httpcall.Sleep(ctx, start.Sub(now))
}
