package awscall_test

import (
	"context"
	"sync"
	"time"

	"github.com/aws/smithy-go"
)

// clock is one on which waiting takes no time.
type clock struct {
	mu    sync.Mutex
	slept []time.Duration
}

func (c *clock) Now() time.Time { return time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC) }

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slept = append(c.slept, d)
	return context.Cause(ctx)
}

// refuse is a refusal as the SDK returns it.
func refuse(code, message string) error { return &smithy.GenericAPIError{Code: code, Message: message} }

// once does nothing: nobody repeats a call here but the package.
func once(*opt) {}
