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

// waiting is waits of one limiter.
type waiting func(action string, n, changes int) time.Duration

// The buckets of the rules of 2026-07-30.
func TestLimiter(t *testing.T) {
	t.Parallel()
	const list, change = "ListResourceRecordSets", "ChangeResourceRecordSets"
	for name, tt := range map[string]struct {
		opts *route53x.LimiterOptions
		run  func(route53x.Limiter, waiting) []time.Duration
		want []time.Duration
	}{
		"fifty at once, then ten a second": {
			run: func(_ route53x.Limiter, wait waiting) []time.Duration {
				return []time.Duration{wait(list, 50, 0), wait(list, 10, 0), wait("GetChange", 10, 0)}
			},
			want: []time.Duration{0, time.Second, time.Second},
		},
		"zones, two a second": {
			run: func(_ route53x.Limiter, wait waiting) []time.Duration {
				return []time.Duration{wait("CreateHostedZone", 40, 0), wait("CreateHostedZone", 4, 0), wait(list, 10, 0)}
			},
			want: []time.Duration{0, 2 * time.Second, 0},
		},
		"another account": {
			opts: &route53x.LimiterOptions{Burst: 2, PerSecond: 1},
			run: func(_ route53x.Limiter, wait waiting) []time.Duration {
				return []time.Duration{wait(list, 2, 0), wait(list, 3, 0)}
			},
			want: []time.Duration{0, 3 * time.Second},
		},
		"changes that are known": {
			opts: &route53x.LimiterOptions{ChangesPerSecond: 100},
			run: func(_ route53x.Limiter, wait waiting) []time.Duration {
				return []time.Duration{wait(change, 1, 100), wait(change, 2, 200)}
			},
			want: []time.Duration{0, 4 * time.Second},
		},
		"changes that are not": {
			run: func(l route53x.Limiter, wait waiting) []time.Duration {
				first := wait(change, 5, 1000)
				l.Throttled(change, 1000)
				return []time.Duration{first, wait(change, 1, 1000)}
			},
			want: []time.Duration{0, 400 * time.Millisecond},
		},
		"throttled: empty and slower": {
			run: func(l route53x.Limiter, wait waiting) []time.Duration {
				l.Throttled(list, 0)
				first := wait(list, 1, 0)
				l.Throttled(list, 0)
				return []time.Duration{first, wait(list, 1, 0)}
			},
			want: []time.Duration{200 * time.Millisecond, 400 * time.Millisecond},
		},
		"and fast again after a minute": {
			run: func(l route53x.Limiter, wait waiting) []time.Duration {
				l.Throttled(list, 0)
				time.Sleep(time.Minute)
				return []time.Duration{wait(list, 50, 0), wait(list, 10, 0)}
			},
			want: []time.Duration{0, time.Second},
		},
		"another action shares the account's": {
			run: func(l route53x.Limiter, wait waiting) []time.Duration {
				l.Throttled(list, 0)
				return []time.Duration{wait("GetChange", 1, 0)}
			},
			want: []time.Duration{200 * time.Millisecond},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := route53x.NewLimiter(tt.opts)
				assert.Equal(t, tt.want, tt.run(l, func(action string, n, changes int) time.Duration { return waits(t, l, action, n, changes) }))
			})
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
