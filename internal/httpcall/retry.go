package httpcall

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Retry is how often and how patiently a call is repeated. The zero value repeats nothing.
type Retry struct {
	Max       int           // repeats after the first attempt
	Base, Cap time.Duration // backoff: a random time up to Base·2ⁿ, at most Cap (full jitter); 0 = 500 ms and 8 s
	MaxAfter  time.Duration // the longest Retry-After that is waited for; 0 = 60 s. Beyond it the error is returned
	// Sleep waits instead of [Sleep], for callers with a clock of their own. Deadlines of a context are not compared then.
	Sleep func(context.Context, time.Duration) error
}

// Verdict is the caller's word on a failed attempt.
type Verdict struct {
	Again bool
	After time.Duration // what the platform asked for; 0 = backoff
}

// Do calls attempt until it succeeds, the verdict on its error says stop, or the repeats are used up. The error of the
// last attempt is returned as it is. A wait that would outlast the deadline of ctx is not begun: the error comes at once.
func (r Retry) Do(ctx context.Context, attempt func(context.Context) error, judge func(error) Verdict) error {
	for n := 0; ; n++ {
		err := attempt(ctx)
		if err == nil || n >= r.Max || ctx.Err() != nil {
			return err
		}
		v := judge(err)
		if !v.Again || v.After > orDefault(r.MaxAfter, time.Minute) {
			return err
		}
		wait := max(v.After, r.backoff(n))
		sleep := r.Sleep
		if sleep == nil {
			sleep = Sleep
			if end, ok := ctx.Deadline(); ok && time.Until(end) < wait {
				return err
			}
		}
		if sleep(ctx, wait) != nil {
			return fmt.Errorf("%w (while waiting to repeat after: %w)", context.Cause(ctx), err)
		}
	}
}

// Pause waits as Do does before it repeats for the n-th time, from 0: for callers whose answers are many verdicts in one. The
// error is the cause of ctx.
func (r Retry) Pause(ctx context.Context, n int) error {
	if r.Sleep != nil {
		return r.Sleep(ctx, r.backoff(n))
	}
	return Sleep(ctx, r.backoff(n))
}

func (r Retry) backoff(n int) time.Duration {
	ceiling, limit := orDefault(r.Base, 500*time.Millisecond), orDefault(r.Cap, 8*time.Second)
	for range n {
		if ceiling > limit/2 { // doubling could also overflow
			ceiling = limit
			break
		}
		ceiling *= 2
	}
	return rand.N(min(ceiling, limit)) + 1
}

func orDefault(d, def time.Duration) time.Duration {
	if d <= 0 {
		return def
	}
	return d
}

// Sleep waits for d or for the end of ctx, whose cause it then returns.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// RetryAfter reads how long the platform asks to wait: "retry-after-ms" (milliseconds), else "Retry-After" in seconds
// or as an HTTP date. 0 means that it does not say, or that the moment has passed. More than a year is cut to a year: it
// is longer than any [Retry] waits, so that the caller hears of it.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	const year = 365 * 24 * time.Hour
	of := func(n float64, unit time.Duration) time.Duration {
		return time.Duration(min(n, float64(year/unit)) * float64(unit))
	}
	if ms, err := strconv.ParseFloat(strings.TrimSpace(h.Get("retry-after-ms")), 64); err == nil && ms > 0 {
		return of(ms, time.Millisecond)
	}
	v := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.ParseFloat(v, 64); err == nil && s > 0 {
		return of(s, time.Second)
	}
	if at, err := http.ParseTime(v); err == nil {
		return min(max(at.Sub(now), 0), year)
	}
	return 0
}
