package vultr

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// CreateOptions are those of every Create and Ensure. nil is the defaults.
type CreateOptions struct {
	// FindByLabel looks for the thing when the answer to its creation was lost, was a 429 or a 5xx: what has the same label,
	// place and size, was not there before the call and is not older than it. Exactly one is adopted and returned as if the
	// answer had come. None, or several, is [ErrUnknownOutcome]. It costs a list call before the creation, and up to half a
	// minute of looking after a lost answer. Ensure always does it.
	FindByLabel bool
}

// lookDelays are the pauses between looks for what may have been created: lists are behind at times.
func lookDelays() []time.Duration {
	return []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second}
}

// order is one creation.
type order[T any] struct {
	body  any
	label string
	place string         // region or cluster, for messages and for telling orders apart
	same  func(T) bool   // the label, the place and the size are those of the order
	sits  func(T) bool   // the label and the place are: for Ensure
	fits  func(T) string // why what sits there is not what was ordered; "" = it is
}

// create buys one thing.
func (s *shelf[T]) create(ctx context.Context, o order[T], opts *CreateOptions) (thing T, err error) {
	op := "create-" + s.op
	find := opts != nil && opts.FindByLabel
	var was snapshot
	if find {
		if o.label == "" {
			return thing, refuse(op, "FindByLabel needs a label to find it by")
		}
		if was, err = s.snapshot(ctx, o); err != nil {
			return thing, fmt.Errorf("%w (nothing was created)", err)
		}
	}
	err = s.c.do(ctx, call{
		op: op, method: http.MethodPost, path: s.path, body: o.body,
		hint: fmt.Sprintf("look for %q in %s before you create it again", o.label, o.place),
		read: func(b []byte) error {
			raw, err := object(b, s.keys...)
			if err == nil {
				thing, err = s.read(raw)
			}
			return err
		},
	})
	switch {
	case err == nil:
		s.c.bought.remember(s.keyOf(o), s.head(thing).id)
		return thing, nil
	case !find || !errors.Is(err, ErrUnknownOutcome) || ctx.Err() != nil:
		return thing, err
	}
	return s.adopt(ctx, o, was, err)
}

// snapshot is what was there before a creation.
type snapshot struct {
	ids  map[string]bool
	when time.Time // by the platform's clock, to the second
}

func (s *shelf[T]) snapshot(ctx context.Context, o order[T]) (was snapshot, err error) {
	// Without the platform's own clock, ours decides, and may be a minute ahead.
	was = snapshot{ids: map[string]bool{}, when: time.Now().Add(-time.Minute)}
	first := true
	for thing, err := range s.listSeen(ctx, nil, func(h http.Header) {
		if at, err := http.ParseTime(h.Get("Date")); err == nil && first {
			was.when, first = at, false
		}
	}) {
		if err != nil {
			return was, err
		}
		if o.sits(thing) {
			was.ids[s.head(thing).id] = true
		}
	}
	return was, nil
}

// adopt looks for the one thing that a creation without an answer has left.
func (s *shelf[T]) adopt(ctx context.Context, o order[T], was snapshot, lost error) (none T, err error) {
	for _, pause := range lookDelays() {
		if err := httpcall.Sleep(ctx, pause); err != nil {
			return none, errors.Join(lost, err)
		}
		var found []T
		for thing, err := range s.list(ctx, nil) {
			if err != nil {
				return none, fmt.Errorf("%w (looking for it failed: %w)", lost, err)
			}
			h := s.head(thing)
			// A date to the second is rounded down; an unreadable one proves nothing.
			old := !h.created.IsZero() && h.created.Before(was.when.Truncate(time.Second))
			if o.same(thing) && !was.ids[h.id] && !old {
				found = append(found, thing)
			}
		}
		switch len(found) {
		case 0:
		case 1:
			s.c.bought.remember(s.keyOf(o), s.head(found[0]).id)
			s.c.log.WarnContext(ctx, "vultr: the answer to a creation was lost; what it left was found by its label", "op", "create-"+s.op, "id", s.head(found[0]).id)
			return found[0], nil
		default:
			return none, fmt.Errorf("%w (%d of that label, place and size have appeared since)", lost, len(found))
		}
	}
	return none, lost
}

// ensure finds or buys one thing. Calls of one Client for the same thing wait for each other.
func (s *shelf[T]) ensure(ctx context.Context, o order[T]) (thing T, err error) {
	op := "create-" + s.op
	if o.label == "" {
		return thing, refuse(op, "Ensure needs a Label: it is what the thing is found by")
	}
	key := s.keyOf(o)
	unlock, err := s.c.bought.lock(ctx, key)
	if err != nil {
		return thing, &Error{Op: op, Message: "not sent", Err: err}
	}
	defer unlock()
	var there []T
	for item, err := range s.list(ctx, nil) {
		if err != nil {
			return thing, err
		}
		if o.sits(item) {
			there = append(there, item)
		}
	}
	if len(there) == 0 {
		// A list may not show yet what was bought a moment ago.
		if id := s.c.bought.lately(key); id != "" {
			switch thing, err = s.awaitExistence(ctx, id); {
			case err == nil && o.sits(thing):
				there = append(there, thing)
			case err != nil && !errors.Is(err, fs.ErrNotExist):
				return thing, err
			}
		}
	}
	switch len(there) {
	case 0:
		return s.create(ctx, o, &CreateOptions{FindByLabel: true})
	case 1:
		if why := o.fits(there[0]); why != "" {
			return there[0], conflict(op, fmt.Sprintf("%q in %s is there, but %s", o.label, o.place, why), "change it, or choose another label")
		}
		return there[0], nil
	}
	ids := make([]string, len(there))
	for i, item := range there {
		ids[i] = s.head(item).id
	}
	return thing, conflict(op, fmt.Sprintf("%d things in %s have the label %q: %s", len(there), o.place, o.label, strings.Join(ids, ", ")), "rename or delete all but one")
}

func (s *shelf[T]) keyOf(o order[T]) string { return s.op + "\x00" + o.place + "\x00" + o.label }

// checkLabel is what every label must keep to; the platform's own limit is not documented.
func checkLabel(label string) []string {
	if strings.ContainsFunc(label, unicode.IsControl) || strings.TrimSpace(label) != label {
		return []string{"Label has control characters, or space around it"}
	}
	return nil
}
