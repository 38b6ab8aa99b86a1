package vultr

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/poll"
)

// Status is where a thing stands.
type Status string

// The statuses that the platform documents. Others are possible.
const (
	Pending Status = "pending"
	Active  Status = "active"
)

// failed are words that no documentation has for a status (unverified) and after which no waiting helps.
func (s Status) failed() bool {
	word := strings.ToLower(string(s))
	for _, bad := range []string{"fail", "error", "suspend", "terminat", "delet"} {
		if strings.Contains(word, bad) {
			return true
		}
	}
	return false
}

// WaitOptions are those of every wait. nil is the defaults.
type WaitOptions struct {
	Interval time.Duration // between two looks; 0 = 3 s
	// Grace is how long "there is no such thing" is waited out, from the beginning of the wait: new things may answer 404
	// for a while. 0 = 60 s; negative = not at all.
	Grace    time.Duration
	Progress func(Progress) // called after every look, on the caller's goroutine
}

// Progress is one look of a wait.
type Progress struct {
	ID      string
	Status  Status // "" while it is not there yet
	Health  string // of a gateway, as the platform writes it
	Looks   int    // this one included
	Elapsed time.Duration
}

const (
	defaultInterval = 3 * time.Second
	defaultGrace    = time.Minute
)

// await looks until done says so. A thing that is not there is waited for as long as the grace lasts.
func await[T any](ctx context.Context, op string, opts *WaitOptions, look func(context.Context) (T, error), done func(T) (Progress, bool, error)) (thing T, err error) {
	if opts == nil {
		opts = &WaitOptions{}
	}
	began, looks := time.Now(), 0
	var last Progress
	err = poll.Until(ctx, poll.Schedule{First: orDefault(max(opts.Interval, 0), defaultInterval)}, nil, func(ctx context.Context) (bool, error) {
		looks++
		var err error
		thing, err = look(ctx)
		at, over := Progress{}, false
		switch {
		case err == nil:
			at, over, err = done(thing)
		case errors.Is(err, fs.ErrNotExist) && time.Since(began) < orDefault(opts.Grace, defaultGrace):
			err = nil
		}
		at.Looks, at.Elapsed = looks, time.Since(began)
		last = at
		if opts.Progress != nil {
			opts.Progress(at)
		}
		return over, err
	})
	if err == nil {
		return thing, nil
	}
	if _, ours := errors.AsType[*Error](err); ours {
		return thing, err
	}
	return thing, &Error{Op: op, Message: fmt.Sprintf("last status %q", last.Status), Sent: true, Err: err}
}

// wait waits for a thing to be active.
func (s *shelf[T]) wait(ctx context.Context, id string, opts *WaitOptions, health func(T) string) (T, error) {
	op := "get-" + s.op
	if err := checkID(op, id); err != nil {
		return *new(T), err
	}
	look := func(ctx context.Context) (T, error) { return s.get(ctx, id) }
	return await(ctx, op, opts, look, func(thing T) (Progress, bool, error) {
		h := s.head(thing)
		at := Progress{ID: h.id, Status: h.status}
		if health != nil {
			at.Health = health(thing)
		}
		if h.status.failed() {
			return at, false, &Error{Kind: ErrFailed, Op: op, Sent: true, Message: fmt.Sprintf("%s has the status %q", h.id, h.status)}
		}
		return at, strings.EqualFold(string(h.status), string(Active)), nil
	})
}

// awaitExistence gets what was bought a moment ago, whatever its status.
func (s *shelf[T]) awaitExistence(ctx context.Context, id string) (T, error) {
	look := func(ctx context.Context) (T, error) { return s.get(ctx, id) }
	return await(ctx, "get-"+s.op, nil, look, func(thing T) (Progress, bool, error) {
		return Progress{ID: id, Status: s.head(thing).status}, true, nil
	})
}
