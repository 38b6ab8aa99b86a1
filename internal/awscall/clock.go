package awscall

import (
	"context"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// Clock is time as a client sees it. The packages have one of their own in their Config, which satisfies it.
type Clock interface {
	Now() time.Time
	// Sleep ends early with the cause of ctx.
	Sleep(ctx context.Context, d time.Duration) error
}

// Machine is the clock of the machine.
type Machine struct{}

// Now is time.Now.
func (Machine) Now() time.Time { return time.Now() }

// Sleep waits for d or for the end of ctx, whose cause it then returns.
func (Machine) Sleep(ctx context.Context, d time.Duration) error { return httpcall.Sleep(ctx, d) }
