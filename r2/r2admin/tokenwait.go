package r2admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/kitroll/kitroll/internal/poll"
	"github.com/kitroll/kitroll/r2"
)

// WaitKeysOptions is how to wait for keys.
type WaitKeysOptions struct {
	Interval time.Duration // between two looks; default 3 s
	Progress func(Probe)   // after each look, on the caller's goroutine
}

// WaitKeys looks, with a LIST of one key, until R2 takes the keys of data for its bucket. A token that was made, rolled or
// given another bucket takes up to about a minute to work, and is refused until then like one that never will be: 401, or 403 for
// the signature or the permission. It has no timeout of its own: bound it with ctx. Keys that may not list, such as temporary
// ones for a prefix, are never seen to work.
//
// Errors: [*Error] with the last answer: the cause of ctx, fs.ErrNotExist at once when there is no such bucket, and any answer
// that is neither.
func WaitKeys(ctx context.Context, data r2.Config, opts *WaitKeysOptions) error {
	if _, err := r2.New(data); err != nil {
		return invalid("WaitKeys", data.Bucket, err)
	}
	o := *cmp.Or(opts, &WaitKeysOptions{})
	p := newProber(data)
	var last Probe
	err := poll.Until(ctx, poll.Schedule{First: cmp.Or(max(o.Interval, 0), 3*time.Second)}, nil, func(ctx context.Context) (bool, error) {
		look := p.list(ctx, data.Bucket)
		if cause := context.Cause(ctx); cause != nil && look.Status == 0 {
			return false, cause
		}
		if last = look; o.Progress != nil {
			o.Progress(last)
		}
		switch {
		case last.ok():
			return true, nil
		case last.Status == http.StatusUnauthorized, last.denied(), last.Code == "SignatureDoesNotMatch":
			return false, nil
		}
		return false, errors.New("neither yes nor not yet")
	})
	if err != nil {
		return &Error{
			Op: "WaitKeys", Resource: data.Bucket, HTTPStatus: last.Status, RequestID: last.RequestID, Err: err,
			Message: fmt.Sprintf("the last answer: %s %s", cmp.Or(last.Code, "none"), last.Message),
		}
	}
	return nil
}
