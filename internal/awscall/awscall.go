package awscall

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// Repeat says when a failed call may be made again.
type Repeat bool

const (
	// Harmless are reads, and writes that AWS does once however often they are sent: those with a client token, a caller
	// reference, or a state as their content.
	Harmless Repeat = true
	// OnlyRefused are the other writes: again only when AWS or the network proves that nothing was done.
	OnlyRefused Repeat = false
)

// Caller makes calls. A copy with other hooks makes calls of another kind.
type Caller struct {
	Retry httpcall.Retry
	Log   *slog.Logger
	Clock Clock

	// Before, if set, runs before each attempt, after a look at the context; its error ends the call. For rates to keep to.
	Before func(context.Context) error
	// Failed, if set, hears of each attempt that failed, with what the SDK returned, before anything is logged: to say more or
	// less than AWS said, since AWS may repeat what it was sent. Message is not cut yet.
	Failed func(f *Failure, err error)
}

// New makes a Caller. nil options: 4 repeats, no log, the machine's clock.
func New(maxRetries *int, log *slog.Logger, clock Clock) *Caller {
	c := &Caller{
		Retry: httpcall.Retry{Max: *cmp.Or(maxRetries, new(4)), Cap: 20 * time.Second},
		Log:   cmp.Or(log, slog.New(slog.DiscardHandler)),
		Clock: clock,
	}
	if clock == nil {
		c.Clock = Machine{}
	} else {
		c.Retry.Sleep = clock.Sleep
	}
	return c
}

// Do makes a call, and repeats it where that is allowed. An error is a *[Failure]. once has to switch the retryer off: the client
// may be one that the caller made, whose own repeats would lie below these, and would know nothing of what may be repeated.
func Do[I, O, Opt any](ctx context.Context, c *Caller, op string, again Repeat, do func(context.Context, *I, ...func(*Opt)) (*O, error), in *I, once func(*Opt)) (*O, error) {
	var out *O
	err := c.Retry.Do(ctx, func(ctx context.Context) error {
		if err := c.ready(ctx); err != nil {
			return &Failure{Op: op, Err: err}
		}
		began := c.Clock.Now()
		var sent *httpcall.Error
		v, err := do(context.WithValue(ctx, sendFailure{}, &sent), in, once)
		if err == nil && v == nil {
			err = errEmpty
		}
		if err != nil && sent != nil {
			err = sent
		}
		if err != nil {
			err = c.failed(ctx, op, err)
		}
		out = v
		c.Log.DebugContext(ctx, "aws call", "op", op, "took", c.Clock.Now().Sub(began), "error", err)
		return err
	}, func(err error) httpcall.Verdict {
		v := verdict(err, again)
		if v.Again {
			c.Log.WarnContext(ctx, "aws call is repeated", "op", op, "error", err)
		}
		return v
	})
	if err != nil {
		return nil, last(ctx, op, err, again)
	}
	return out, nil
}

func (c *Caller) ready(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != nil || c.Before == nil {
		return cause
	}
	return c.Before(ctx)
}

func (c *Caller) failed(ctx context.Context, op string, err error) *Failure {
	f := explain(ctx, op, err)
	if c.Failed != nil {
		c.Failed(f, err)
	}
	f.Message = httpcall.Head([]byte(f.Message), mostMessage)
	return f
}

// last is what a call has come to after its repeats.
func last(ctx context.Context, op string, err error, again Repeat) *Failure {
	f, ok := errors.AsType[*Failure](err)
	if !ok {
		return &Failure{Op: op, Err: err}
	}
	own := *f
	if _, whole := err.(*Failure); !whole { //nolint:errorlint // one that is wrapped was followed by a pause that the context ended
		own.Err = fmt.Errorf("%w (while waiting to repeat)", context.Cause(ctx))
		if f.Err != nil {
			own.Err = fmt.Errorf("%w: %w", own.Err, f.Err)
		}
	}
	if lost(f) {
		own.Lost, own.Unknown = true, again == OnlyRefused
	}
	return &own
}

// verdict: a throttled call did nothing; one that failed at AWS or on the way may have.
func verdict(err error, again Repeat) httpcall.Verdict {
	f, ok := errors.AsType[*Failure](err)
	if !ok {
		return httpcall.Verdict{}
	}
	v := httpcall.Verdict{After: f.RetryAfter}
	switch {
	case Throttled(f.Code, f.Status):
		v.Again = true
	case lost(f):
		v.Again = again == Harmless
	case f.Status == 0 && f.Code == "":
		sent, ok := errors.AsType[*httpcall.Error](err)
		v.Again = ok && !sent.Sent
	}
	return v
}

// lost tells whether a call may have taken effect although it failed: nothing came back, or an error of the server.
func lost(f *Failure) bool {
	switch {
	case f.Code != "" && Throttled(f.Code, f.Status):
		return false
	case f.Status >= http.StatusInternalServerError, serverFault(f.Code), f.Status > 0 && f.Status < http.StatusBadRequest:
		return true
	case f.Code != "" || f.Status > 0:
		return false
	}
	if sent, ok := errors.AsType[*httpcall.Error](f); ok {
		return sent.Sent
	}
	return errors.Is(f.Err, errNoAnswer) || errors.Is(f.Err, errEmpty)
}
