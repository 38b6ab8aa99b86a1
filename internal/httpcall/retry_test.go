package httpcall_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/httpcall"
)

var errBusy = errors.New("busy")

func again(after time.Duration) func(error) httpcall.Verdict {
	return func(error) httpcall.Verdict { return httpcall.Verdict{Again: true, After: after} }
}

func TestRetryCounts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		retry    httpcall.Retry
		fails    int // how many attempts fail
		judge    func(error) httpcall.Verdict
		attempts int
		err      error
	}{
		"zero value repeats nothing": {fails: 9, judge: again(0), attempts: 1, err: errBusy},
		"succeeds at once":           {retry: httpcall.Retry{Max: 3}, judge: again(0), attempts: 1},
		"succeeds at the second":     {retry: httpcall.Retry{Max: 3}, fails: 1, judge: again(0), attempts: 2},
		"succeeds at the last":       {retry: httpcall.Retry{Max: 3}, fails: 3, judge: again(0), attempts: 4},
		"gives up":                   {retry: httpcall.Retry{Max: 3}, fails: 4, judge: again(0), attempts: 4, err: errBusy},
		"verdict says stop": {
			retry: httpcall.Retry{Max: 3}, fails: 4, attempts: 1, err: errBusy,
			judge: func(error) httpcall.Verdict { return httpcall.Verdict{After: time.Second} },
		},
		"asks for too much":   {retry: httpcall.Retry{Max: 3}, fails: 4, judge: again(time.Minute + 1), attempts: 1, err: errBusy},
		"asks for the most":   {retry: httpcall.Retry{Max: 3}, fails: 1, judge: again(time.Minute), attempts: 2},
		"less patient":        {retry: httpcall.Retry{Max: 3, MaxAfter: time.Second}, fails: 4, judge: again(2 * time.Second), attempts: 1, err: errBusy},
		"more patient":        {retry: httpcall.Retry{Max: 3, MaxAfter: time.Hour}, fails: 1, judge: again(30 * time.Minute), attempts: 2},
		"negative is nothing": {retry: httpcall.Retry{Max: -1}, fails: 9, judge: again(0), attempts: 1, err: errBusy},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := 0
				err := tt.retry.Do(t.Context(), func(context.Context) error {
					if n++; n <= tt.fails {
						return errBusy
					}
					return nil
				}, tt.judge)
				require.ErrorIs(t, err, tt.err)
				assert.Equal(t, tt.attempts, n)
			})
		})
	}
}

func TestRetryWaits(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		retry  httpcall.Retry
		after  time.Duration
		atMost []time.Duration // of each pause
		atMin  time.Duration
	}{
		"defaults": {
			retry:  httpcall.Retry{Max: 6},
			atMost: []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 8 * time.Second},
		},
		"own base and cap": {
			retry:  httpcall.Retry{Max: 3, Base: time.Second, Cap: 3 * time.Second},
			atMost: []time.Duration{time.Second, 2 * time.Second, 3 * time.Second},
		},
		"base above cap": {
			retry:  httpcall.Retry{Max: 2, Base: time.Hour, Cap: time.Second},
			atMost: []time.Duration{time.Second, time.Second},
		},
		"the platform's word": {
			retry:  httpcall.Retry{Max: 2},
			after:  30 * time.Second,
			atMost: []time.Duration{30 * time.Second, 30 * time.Second},
			atMin:  30 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				longest := make([]time.Duration, len(tt.atMost))
				for range 200 {
					var at []time.Time
					err := tt.retry.Do(context.Background(), func(context.Context) error {
						at = append(at, time.Now())
						return errBusy
					}, again(tt.after))
					require.ErrorIs(t, err, errBusy)
					require.Len(t, at, len(tt.atMost)+1)
					for i, most := range tt.atMost {
						pause := at[i+1].Sub(at[i])
						require.LessOrEqual(t, pause, most)
						require.Positive(t, pause)
						require.GreaterOrEqual(t, pause, tt.atMin)
						longest[i] = max(longest[i], pause)
					}
				}
				for i, most := range tt.atMost { // full jitter: the room is used (1 in 10⁹ not to, at 200 draws)
					assert.Greater(t, longest[i], most*9/10, "pause %d", i)
				}
			})
		})
	}
}

func TestRetryDoublesWithoutOverflow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const year = 365 * 24 * time.Hour
		start, n := time.Now(), 0
		err := httpcall.Retry{Max: 8, Base: 10 * year, Cap: 10 * year}.Do(context.Background(), func(context.Context) error {
			n++
			return errBusy
		}, again(0))
		require.ErrorIs(t, err, errBusy)
		assert.Equal(t, 9, n)
		assert.Less(t, time.Since(start), 80*year)
	})
}

func TestRetryAndItsContext(t *testing.T) {
	t.Parallel()
	enough := errors.New("the operator has had enough")
	fail := func(context.Context) error { return errBusy }

	t.Run("a wait past the deadline is not begun", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			err := httpcall.Retry{Max: 3}.Do(ctx, fail, again(11*time.Second))
			assert.Equal(t, errBusy, err, "as it is")
			assert.Zero(t, time.Since(start))
		})
	})
	t.Run("a wait is cut by the end of ctx", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(enough) })
			err := httpcall.Retry{Max: 3}.Do(ctx, fail, again(10*time.Second))
			require.ErrorIs(t, err, enough)
			require.ErrorIs(t, err, errBusy)
			assert.Equal(t, time.Second, time.Since(start))
		})
	})
	t.Run("an ended ctx is not judged", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancelCause(t.Context())
		n := 0
		err := httpcall.Retry{Max: 3}.Do(ctx, func(context.Context) error { n++; cancel(enough); return errBusy }, again(0))
		assert.Equal(t, errBusy, err)
		assert.Equal(t, 1, n)
	})
}

func TestSleep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		require.NoError(t, httpcall.Sleep(t.Context(), time.Minute))
		assert.Equal(t, time.Minute, time.Since(start))

		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errBusy)
		assert.Equal(t, errBusy, httpcall.Sleep(ctx, time.Minute), "the cause")
		assert.Equal(t, time.Minute, time.Since(start))
	})
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	const year = 365 * 24 * time.Hour
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		header map[string]string
		want   time.Duration
	}{
		"nothing":              {},
		"seconds":              {header: map[string]string{"Retry-After": "7"}, want: 7 * time.Second},
		"part of a second":     {header: map[string]string{"Retry-After": " 0.5 "}, want: 500 * time.Millisecond},
		"zero":                 {header: map[string]string{"Retry-After": "0"}},
		"negative":             {header: map[string]string{"Retry-After": "-7"}},
		"not a number":         {header: map[string]string{"Retry-After": "NaN"}},
		"words":                {header: map[string]string{"Retry-After": "soon"}},
		"for ever":             {header: map[string]string{"Retry-After": "1e300"}, want: year},
		"infinite":             {header: map[string]string{"Retry-After": "Inf"}, want: year},
		"date":                 {header: map[string]string{"Retry-After": "Tue, 24 Nov 2026 12:00:30 GMT"}, want: 30 * time.Second},
		"date in the past":     {header: map[string]string{"Retry-After": "Tue, 24 Nov 2026 11:00:00 GMT"}},
		"date far away":        {header: map[string]string{"Retry-After": "Tue, 24 Nov 2476 12:00:30 GMT"}, want: year},
		"milliseconds":         {header: map[string]string{"retry-after-ms": "1500"}, want: 1500 * time.Millisecond},
		"milliseconds first":   {header: map[string]string{"retry-after-ms": "250", "Retry-After": "7"}, want: 250 * time.Millisecond},
		"no milliseconds":      {header: map[string]string{"retry-after-ms": "0", "Retry-After": "7"}, want: 7 * time.Second},
		"milliseconds, words":  {header: map[string]string{"retry-after-ms": "soon", "Retry-After": "7"}, want: 7 * time.Second},
		"milliseconds, no end": {header: map[string]string{"retry-after-ms": "1e300"}, want: year},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{}
			for k, v := range tt.header {
				h.Set(k, v)
			}
			assert.Equal(t, tt.want, httpcall.RetryAfter(h, now))
		})
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("7", "")
	f.Add("Tue, 24 Nov 2026 12:00:30 GMT", "1e9")
	f.Fuzz(func(t *testing.T, after, ms string) {
		h := http.Header{}
		h.Set("Retry-After", after)
		h.Set("retry-after-ms", ms)
		if d := httpcall.RetryAfter(h, time.Unix(0, 0)); d < 0 || d > 366*24*time.Hour {
			t.Fatal(d)
		}
	})
}

func TestPause(t *testing.T) {
	t.Parallel()
	var waited []time.Duration
	r := httpcall.Retry{Base: time.Second, Cap: 4 * time.Second, Sleep: func(_ context.Context, d time.Duration) error {
		waited = append(waited, d)
		return nil
	}}
	for n := range 10 {
		require.NoError(t, r.Pause(t.Context(), n))
	}
	require.Len(t, waited, 10)
	for n, d := range waited {
		assert.Positive(t, d)
		assert.LessOrEqual(t, d, min(time.Second<<n, 4*time.Second)+1)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	require.ErrorContains(t, httpcall.Retry{Base: time.Hour, Cap: time.Hour}.Pause(ctx, 0), "enough")
}
