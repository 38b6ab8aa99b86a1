package iamrole

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/smithy-go"

	"github.com/kitroll/kitroll/awsops"
)

// Propagating tells whether an error of EC2 says that it does not know a profile yet. There are two such messages; whatever
// else EC2 says about a profile is meant as it is said. The code is InvalidParameterValue (IAM user guide,
// "Troubleshooting IAM and Amazon EC2"; read 2026-11).
func Propagating(err error) bool {
	if err == nil {
		return false
	}
	if refusal, ok := errors.AsType[smithy.APIError](err); ok && refusal.ErrorCode() != "InvalidParameterValue" {
		return false
	}
	text := strings.ToLower(err.Error())
	return strings.Contains(text, "invalid iam instance profile name") || strings.Contains(text, "has no associated iam roles")
}

// AttachOptions are what [Client.Attach] may be told. nil and zero fields are defaults.
type AttachOptions struct {
	awsops.WaitOptions               // Interval: 5 seconds
	Within             time.Duration // how long "not yet" is believed; default 2 minutes
}

// Attach calls attach with the profile's name: it is to run an instance with it, or to associate it with one. When EC2 answers
// that it does not know the profile yet (see [Propagating]), attach is called again, for about two minutes; every other error
// comes back at once, as it is.
func (c *Client) Attach(ctx context.Context, p Profile, attach func(ctx context.Context, profile string) error, opts *AttachOptions) error {
	var o AttachOptions
	if opts != nil {
		o = *opts
	}
	if o.Interval <= 0 {
		o.Interval = 5 * time.Second
	}
	if o.Within <= 0 {
		o.Within = 2 * time.Minute
	}
	began := c.caller.Clock.Now()
	var last error
	err := awsops.Poll(ctx, c.caller.Clock, o.Interval, func(ctx context.Context) (bool, error) {
		last = attach(ctx, p.Name)
		now := c.caller.Clock.Now()
		phase := "done"
		switch {
		case last == nil:
		case !Propagating(last), now.Sub(began) > o.Within:
			return false, last
		default:
			phase = "not known to EC2 yet"
		}
		if o.Progress != nil {
			o.Progress(awsops.Event{Step: "attach", Phase: phase, Resource: p.Name, At: now})
		}
		return last == nil, nil
	})
	if err != nil && !errors.Is(err, last) { // ctx ended
		e := &Error{Op: "Attach", Resource: p.Name, Err: err}
		if last != nil {
			e.Reason = last.Error()
		}
		return e
	}
	return err
}
