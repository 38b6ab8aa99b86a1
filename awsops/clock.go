package awsops

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/kitroll/kitroll/internal/awscall"
)

// Clock is time as a client sees it. nil in a Config is that of the machine; the fakes have one on which hours pass at once.
// Sleep ends early with the cause of ctx.
type Clock interface {
	Now() time.Time
	Sleep(ctx context.Context, d time.Duration) error
}

// MachineClock is the clock of the machine.
func MachineClock() Clock { return awscall.Machine{} }

// Jitter is d, up to a fifth shorter or longer, so that many who wait do not ask at the same moment.
func Jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64()))
}
