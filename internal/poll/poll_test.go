package poll_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/poll"
)

func TestUntilLooksOnSchedule(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for name, tt := range map[string]struct {
		schedule poll.Schedule
		want     []time.Duration // when it looks, counted from the start; done at the last
	}{
		"zero value":            {want: []time.Duration{0, 15 * s, 30 * s, 45 * s}},
		"own pace":              {schedule: poll.Schedule{First: 2 * s}, want: []time.Duration{0, 2 * s, 4 * s}},
		"delay":                 {schedule: poll.Schedule{Delay: 5 * s, First: 2 * s}, want: []time.Duration{5 * s, 7 * s}},
		"growing":               {schedule: poll.Schedule{First: s, Factor: 2}, want: []time.Duration{0, s, 3 * s, 7 * s}},
		"growing to a limit":    {schedule: poll.Schedule{First: s, Factor: 2, Max: 3 * s}, want: []time.Duration{0, s, 3 * s, 6 * s, 9 * s}},
		"limit below the first": {schedule: poll.Schedule{First: 10 * s, Max: 3 * s}, want: []time.Duration{0, 3 * s, 6 * s}},
		"limit below default":   {schedule: poll.Schedule{Max: 3 * s}, want: []time.Duration{0, 3 * s}},
		"factor below one":      {schedule: poll.Schedule{First: 2 * s, Factor: 0.5}, want: []time.Duration{0, 2 * s, 4 * s}},
		"enough polls":          {schedule: poll.Schedule{First: s, Polls: 3}, want: []time.Duration{0, s, 2 * s}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				var got []time.Duration
				require.NoError(t, poll.Until(t.Context(), tt.schedule, nil, func(context.Context) (bool, error) {
					got = append(got, time.Since(start))
					return len(got) == len(tt.want), nil
				}))
				assert.Equal(t, tt.want, got)
				assert.Equal(t, tt.want[len(tt.want)-1], time.Since(start), "no pause after the last look")
			})
		})
	}
}

func TestUntilEnds(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	never := func(context.Context) (bool, error) { return false, nil }

	t.Run("with the error of a look, as it is", func(t *testing.T) {
		t.Parallel()
		n := 0
		err := poll.Until(t.Context(), poll.Schedule{}, nil, func(context.Context) (bool, error) { n++; return false, broken })
		assert.Equal(t, broken, err)
		assert.Equal(t, 1, n)
	})
	t.Run("when the polls are used up, without a last pause", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			err := poll.Until(t.Context(), poll.Schedule{First: time.Second, Polls: 3}, nil, never)
			require.ErrorIs(t, err, poll.ErrBudget)
			require.EqualError(t, err, "poll budget used up after 3 looks")
			assert.Equal(t, 2*time.Second, time.Since(start))
		})
	})
	t.Run("before the first look when ctx had ended", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(broken)
		n := 0
		err := poll.Until(ctx, poll.Schedule{}, nil, func(context.Context) (bool, error) { n++; return true, nil })
		require.ErrorIs(t, err, broken)
		assert.Zero(t, n)
	})
	t.Run("in a pause, with the cause", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(20*time.Second, func() { cancel(broken) })
			require.ErrorIs(t, poll.Until(ctx, poll.Schedule{}, nil, never), broken)
			assert.Equal(t, 20*time.Second, time.Since(start))
		})
	})
	t.Run("in the delay", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			err := poll.Until(ctx, poll.Schedule{Delay: time.Hour}, nil, never)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		})
	})
	t.Run("done, though ctx ended during the look", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		require.NoError(t, poll.Until(ctx, poll.Schedule{}, nil, func(context.Context) (bool, error) { cancel(); return true, nil }))
	})
}

func TestUntilPassesItsContext(t *testing.T) {
	t.Parallel()
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "v")
	require.NoError(t, poll.Until(ctx, poll.Schedule{}, nil, func(ctx context.Context) (bool, error) {
		assert.Equal(t, "v", ctx.Value(key{}))
		return true, nil
	}))
}

func TestWake(t *testing.T) {
	t.Parallel()
	t.Run("ends one pause", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			start, wake := time.Now(), make(chan struct{}, 1)
			time.AfterFunc(4*time.Second, func() { wake <- struct{}{} })
			var got []time.Duration
			require.NoError(t, poll.Until(t.Context(), poll.Schedule{First: 10 * time.Second}, wake, func(context.Context) (bool, error) {
				got = append(got, time.Since(start))
				return len(got) == 3, nil
			}))
			assert.Equal(t, []time.Duration{0, 4 * time.Second, 14 * time.Second}, got)
		})
	})
	t.Run("ends the delay", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			start, wake := time.Now(), make(chan struct{}, 1)
			wake <- struct{}{}
			require.NoError(t, poll.Until(t.Context(), poll.Schedule{Delay: time.Hour}, wake, func(context.Context) (bool, error) { return true, nil }))
			assert.Zero(t, time.Since(start))
		})
	})
	t.Run("closed is like none", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			start, wake := time.Now(), make(chan struct{})
			close(wake)
			n := 0
			require.NoError(t, poll.Until(t.Context(), poll.Schedule{First: time.Second}, wake, func(context.Context) (bool, error) {
				n++
				return n == 4, nil
			}))
			assert.Equal(t, 3*time.Second, time.Since(start))
		})
	})
}
