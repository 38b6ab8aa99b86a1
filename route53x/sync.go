package route53x

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// WaitOptions are the options of [Client.WaitSync]. nil has the defaults.
type WaitOptions struct {
	Interval time.Duration           // before the second look; default 1 s. Each pause is 1.5 times the one before, up to Max
	Max      time.Duration           // the longest pause; default 5 s
	Progress func(id, status string) // after each look, on the caller's goroutine
}

// WaitSync waits until the changes are INSYNC: on all name servers of Route 53, normally within a minute. It looks at the
// last one until it is, and then at each of the others. It has no timeout of its own: bound it with ctx. No IDs are no
// wait.
//
// Errors: [ErrNotFound] for an ID; else the cause of ctx.
//
// Source: GetChange (read 2026-11).
func (c *Client) WaitSync(ctx context.Context, ids []string, opts *WaitOptions) error {
	var o WaitOptions
	if opts != nil {
		o = *opts
	}
	o.Interval, o.Max = cmp.Or(o.Interval, time.Second), cmp.Or(o.Max, 5*time.Second)
	for _, id := range slices.Backward(ids) {
		if err := c.waitSync(ctx, bareID(id), o); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) waitSync(ctx context.Context, id string, o WaitOptions) error {
	for pause := min(o.Interval, o.Max); ; pause = min(pause*3/2, o.Max) {
		out, err := call(ctx, c, action{op: opGetChange, subject: id, harmless: true}, c.api.getChange, &route53.GetChangeInput{Id: &id})
		if err != nil {
			return err
		}
		if out.ChangeInfo == nil {
			return &Error{Op: opGetChange, Subject: id, Err: errNotRoute53}
		}
		status := out.ChangeInfo.Status
		if o.Progress != nil {
			o.Progress(id, string(status))
		}
		if status == types.ChangeStatusInsync {
			return nil
		}
		if err := c.clock.Sleep(ctx, pause); err != nil {
			return &Error{Op: opGetChange, Subject: id, Err: fmt.Errorf("still %s: %w", status, err)}
		}
	}
}
