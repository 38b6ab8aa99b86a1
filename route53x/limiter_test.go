package route53x_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
)

// waits is how long n calls wait in all.
func waits(t *testing.T, l route53x.Limiter, action string, n, changes int) time.Duration {
	t.Helper()
	began := time.Now()
	for range n {
		require.NoError(t, l.Wait(t.Context(), action, changes))
	}
	return time.Since(began).Round(100 * time.Millisecond)
}

// The buckets of the rules of 2026-07-30.
func TestLimiter(t *testing.T) {
	t.Parallel()
	const list, change = "ListResourceRecordSets", "ChangeResourceRecordSets"
	for name, tt := range map[string]struct {
		opts *route53x.LimiterOptions
		run  func(*testing.T, route53x.Limiter) []time.Duration
		want []time.Duration
	}{
		"fifty at once, then ten a second": {
			run: func(t *testing.T, l route53x.Limiter) []time.Duration {
				return []time.Duration{waits(t, l, list, 50, 0), waits(t, l, list, 10, 0), waits(t, l, "GetChange", 10, 0)}
			},
			want: []time.Duration{0, time.Second, time.Second},
		},
		"zones, two a second": {
			run: func(t *testing.T, l route53x.Limiter) []time.Duration {
				return []time.Duration{waits(t, l, "CreateHostedZone", 40, 0), waits(t, l, "CreateHostedZone", 4, 0), waits(t, l, list, 10, 0)}
			},
			want: []time.Duration{0, 2 * time.Second, 0},
		},
		"another account": {
			opts: &route53x.LimiterOptions{Burst: 2, PerSecond: 1},
			run: func(t *testing.T, l route53x.Limiter) []time.Duration {
				return []time.Duration{waits(t, l, list, 2, 0), waits(t, l, list, 3, 0)}
			},
			want: []time.Duration{0, 3 * time.Second},
		},
		"changes that are known": {
			opts: &route53x.LimiterOptions{ChangesPerSecond: 100},
			run: func(t *testing.T, l route53x.Limiter) []time.Duration {
				return []time.Duration{waits(t, l, change, 1, 100), waits(t, l, change, 2, 200)}
			},
			want: []time.Duration{0, 4 * time.Second},
		},
		"changes that are not": {
			run: func(t *testing.T, l route53x.Limiter) []time.Duration {
				first := waits(t, l, change, 5, 1000)
				l.Throttled(change, 1000)
				return []time.Duration{first, waits(t, l, change, 1, 1000)}
			},
			want: []time.Duration{0, 400 * time.Millisecond},
		},
		"throttled: empty and slower": {
			run: func(t *testing.T, l route53x.Limiter) []time.Duration {
				l.Throttled(list, 0)
				first := waits(t, l, list, 1, 0)
				l.Throttled(list, 0)
				return []time.Duration{first, waits(t, l, list, 1, 0)}
			},
			want: []time.Duration{200 * time.Millisecond, 400 * time.Millisecond},
		},
		"and fast again after a minute": {
			run: func(t *testing.T, l route53x.Limiter) []time.Duration {
				l.Throttled(list, 0)
				time.Sleep(time.Minute)
				return []time.Duration{waits(t, l, list, 50, 0), waits(t, l, list, 10, 0)}
			},
			want: []time.Duration{0, time.Second},
		},
		"another action shares the account's": {
			run: func(t *testing.T, l route53x.Limiter) []time.Duration {
				l.Throttled(list, 0)
				return []time.Duration{waits(t, l, "GetChange", 1, 0)}
			},
			want: []time.Duration{200 * time.Millisecond},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { assert.Equal(t, tt.want, tt.run(t, route53x.NewLimiter(tt.opts))) })
		})
	}
}

// Who gives up gives back.
func TestLimiterIsCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := route53x.NewLimiter(&route53x.LimiterOptions{Burst: 1, PerSecond: 1})
		require.NoError(t, l.Wait(t.Context(), "x", 0))
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		for range 5 {
			require.ErrorIs(t, l.Wait(ctx, "x", 0), context.DeadlineExceeded)
		}
		assert.Equal(t, 900*time.Millisecond, waits(t, l, "x", 1, 0))
	})
}
