package route53x_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

// inBubble is a zone of one set, whose change is not INSYNC yet, in the bubble's time.
func inBubble(t *testing.T, opts route53xtest.Options) (*route53xtest.Server, *route53x.Client, []string) {
	t.Helper()
	srv := route53xtest.Open(opts)
	t.Cleanup(srv.Close)
	cfg := srv.Config()
	cfg.Clock = nil
	c := client(t, cfg)
	zone := zoneWith(t, srv)
	p := towards(t, srv, zone, small(1), hosts(3)...)
	result, err := c.Apply(t.Context(), zone, p, nil)
	require.NoError(t, err)
	return srv, c, result.ChangeIDs
}

// Trap 16: INSYNC poll at 1 s, ×1.5, cap 5 s; the last change first, and then each earlier one once.
func TestWaitSync(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, c, ids := inBubble(t, route53xtest.Options{})
		began := time.Now()
		var asked []string
		require.NoError(t, c.WaitSync(t.Context(), ids, &route53x.WaitOptions{Progress: func(id, status string) {
			if asked = append(asked, id); status == "INSYNC" {
				asked = append(asked, status)
			}
		}}))
		assert.Equal(t, []string{ids[2], "INSYNC", ids[1], "INSYNC", ids[0], "INSYNC"}, slices.Compact(asked))
		assert.InDelta(t, 30, time.Since(began).Seconds(), 5)
		var pauses []float64
		var last time.Time
		for _, r := range srv.Requests() {
			if r.Action == route53xtest.GetChange {
				if !last.IsZero() {
					pauses = append(pauses, r.At.Sub(last).Seconds())
				}
				last = r.At
			}
		}
		require.Len(t, pauses, 11)
		assert.InDeltaSlice(t, []float64{1, 1.5, 2.25, 3.375, 5, 5, 5, 5, 5, 0, 0}, pauses, 0.001)
	})
}

func TestWaitSyncAsToldTo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, c, ids := inBubble(t, route53xtest.Options{SyncDelay: 10 * time.Second})
		var told []string
		require.NoError(t, c.WaitSync(t.Context(), []string{"/change/" + ids[0]}, &route53x.WaitOptions{
			Interval: 4 * time.Second, Max: 4 * time.Second, Progress: func(id, status string) { told = append(told, id[:1]+status) },
		}))
		assert.Equal(t, []string{"CPENDING", "CPENDING", "CPENDING", "CINSYNC"}, told)
		require.NoError(t, c.WaitSync(t.Context(), nil, nil))
		require.ErrorIs(t, c.WaitSync(t.Context(), []string{"CNONE"}, nil), route53x.ErrNotFound)
		assert.Zero(t, srv.Throttled(""))
	})
}

// Trap 16: a cancelled ctx stops it at once.
func TestWaitSyncStopsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, c, ids := inBubble(t, route53xtest.Options{})
		why := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(6*time.Second, func() { cancel(why) })
		began := time.Now()
		err := c.WaitSync(ctx, ids, nil)
		require.ErrorIs(t, err, why)
		require.ErrorContains(t, err, "still PENDING")
		assert.Equal(t, 6*time.Second, time.Since(began))
	})
}
