package acmx

import (
	"context"
	"time"

	"github.com/kitroll/kitroll/internal/poll"
)

// WaitOptions is what the waits may be told. nil is the defaults.
type WaitOptions struct {
	Interval time.Duration // between looks; default 5 s, growing by half up to 30 s
	Progress func(Detail)  // told after every look, on the goroutine of the caller
}

func (o *WaitOptions) orDefault() WaitOptions {
	var out WaitOptions
	if o != nil {
		out = *o
	}
	if out.Interval <= 0 {
		out.Interval = 5 * time.Second
	}
	return out
}

func (o WaitOptions) schedule() poll.Schedule {
	return poll.Schedule{First: o.Interval, Factor: 1.5, Max: max(o.Interval, 30*time.Second)}
}

// Poll looks once. The error of a certificate that is not issued tells why: ErrNotIssued while it is pending,
// ErrValidationFailed, ErrRevoked or ErrExpired when that is final.
func (h *Certificate) Poll(ctx context.Context) (Detail, error) {
	d, err := h.Describe(ctx)
	if err == nil && d.Status != StatusIssued {
		err = &Error{Op: "Poll", ARN: h.arn, Status: d.Status, Reason: d.FailureReason}
	}
	return d, err
}

// Wait looks until the certificate is ISSUED. That all names are proved is not enough: an export right then is refused.
// FAILED, VALIDATION_TIMED_OUT, REVOKED and EXPIRED end it at once, with the kinds of [Certificate.Poll]. It has no time
// limit of its own: when ctx ends, the error wraps its cause, and a later Wait goes on.
func (h *Certificate) Wait(ctx context.Context, opts *WaitOptions) (Detail, error) {
	return h.c.wait(ctx, "Wait", h.arn, opts, func(d Detail) bool { return d.Status == StatusIssued })
}

// wait looks until done says so, and fails when the certificate has come to another end.
func (c *Client) wait(ctx context.Context, op, arn string, opts *WaitOptions, done func(Detail) bool) (Detail, error) {
	o := opts.orDefault()
	var d Detail
	var failure error
	err := poll.Until(ctx, o.schedule(), nil, func(ctx context.Context) (bool, error) {
		d, failure = c.describe(ctx, arn)
		if failure != nil {
			return false, failure
		}
		if o.Progress != nil {
			o.Progress(d)
		}
		if done(d) {
			return true, nil
		}
		failure = d.final(op)
		return false, failure
	})
	if err != nil && failure == nil {
		err = &Error{Op: op, ARN: arn, Message: "last seen as " + string(d.Status), Err: err}
	}
	return d, err
}
