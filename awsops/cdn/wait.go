package cdn

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/kitroll/kitroll/awsops"
)

// WaitOptions is what the waits may be told. nil is the defaults.
type WaitOptions = awsops.WaitOptions

// Deployed is the status of what every edge location has.
const Deployed = "Deployed"

func interval(opts *WaitOptions, usual time.Duration) time.Duration {
	if opts == nil {
		return usual
	}
	return cmp.Or(max(opts.Interval, 0), usual)
}

// Wait looks every 20 s (Interval) until the distribution is deployed. It ends at once when there is no such distribution.
// A change usually takes minutes; half an hour has been seen. The SDK's own waiter pauses for up to 35 minutes between
// two looks. Wait has no time limit of its own: when ctx ends, the error wraps its cause, and a later Wait goes on.
func (c *Client) Wait(ctx context.Context, id string, opts *WaitOptions) error {
	status := "not seen"
	began := c.caller.Clock.Now()
	err := awsops.Poll(ctx, c.caller.Clock, interval(opts, 20*time.Second), func(ctx context.Context) (bool, error) {
		d, _, err := c.read(ctx, id)
		if err != nil {
			return false, err
		}
		status = aws.ToString(d.Status)
		c.tell(opts, "deploy", status, id, began)
		return status == Deployed, nil
	})
	return stopped("Wait", id, fmt.Sprintf("last seen as %s, %s after the first look", status, c.caller.Clock.Now().Sub(began).Round(time.Second)), err)
}

// tell reports one look.
func (c *Client) tell(opts *WaitOptions, step, phase, resource string, began time.Time) {
	if opts == nil || opts.Progress == nil {
		return
	}
	now := c.caller.Clock.Now()
	opts.Progress(awsops.Event{Step: step, Phase: phase, Resource: resource, Done: int64(now.Sub(began) / time.Second), At: now})
}
