package cdn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

// DeleteOptions is what [Client.Delete] may be told. nil and zero fields are defaults.
type DeleteOptions struct {
	// Force deletes what this package has not made, if it is the distribution's own domain: "d111111abcdef8.cloudfront.net".
	Force    string
	Interval time.Duration      // between looks while it is being disabled; default 20 s
	Progress func(awsops.Event) // told after every look, on the caller's goroutine
}

// Delete disables a distribution, waits until that is deployed, and deletes it. It cannot be undone, and viewers get errors
// from the first step on. What does not carry our [Tag] is refused with [ErrNotOurs], unless o.Force names its domain. One
// that is not there is no error, so that a Delete that was broken off can be run again. If somebody enables it again
// meanwhile, it ends with awsops.ErrConflict.
//
// Source: DeleteDistribution, CloudFront API reference (read 2026-11).
func (c *Client) Delete(ctx context.Context, id string, opts *DeleteOptions) error {
	var o DeleteOptions
	if opts != nil {
		o = *opts
	}
	wait := &WaitOptions{Interval: o.Interval, Progress: o.Progress}
	began, checked, disabled, status := c.caller.Clock.Now(), false, false, "not seen"
	err := awsops.Poll(ctx, c.caller.Clock, interval(wait, 20*time.Second), func(ctx context.Context) (bool, error) {
		d, etag, err := c.read(ctx, id)
		if errors.Is(err, awsops.ErrGone) {
			c.tell(wait, "delete", "gone", id, began)
			return true, nil
		}
		if err != nil {
			return false, err
		}
		status = aws.ToString(d.Status)
		if !checked {
			if err := c.mayDelete(ctx, d, o.Force); err != nil {
				return false, err
			}
			checked = true
		}
		if aws.ToBool(d.DistributionConfig.Enabled) {
			if disabled {
				return false, &Error{Op: "Delete", Resource: id, Reason: "somebody has enabled it again", Err: awsops.ErrConflict}
			}
			disabled = true
			c.tell(wait, "delete", "disabling", id, began)
			return false, c.disable(ctx, id)
		}
		c.tell(wait, "delete", status, id, began)
		if status != Deployed {
			return false, nil
		}
		return c.remove(ctx, id, etag)
	})
	return stopped("Delete", id, "last seen as "+status, err)
}

// remove deletes one that is disabled and deployed. A change in between is seen at the next look.
func (c *Client) remove(ctx context.Context, id, etag string) (done bool, err error) {
	_, err = do(ctx, c, "DeleteDistribution", id, awscall.Harmless, c.api.remove,
		&cloudfront.DeleteDistributionInput{Id: &id, IfMatch: &etag})
	switch {
	case raced(err), code(err) == "DistributionNotDisabled":
		return false, nil
	case errors.Is(err, awsops.ErrGone):
		return true, nil
	}
	return err == nil, err
}

// disable switches it off.
func (c *Client) disable(ctx context.Context, id string) error {
	err := c.edit(ctx, "Delete", id, func(cfg *types.DistributionConfig) (bool, error) {
		was := aws.ToBool(cfg.Enabled)
		cfg.Enabled = new(false)
		return was, nil
	})
	if errors.Is(err, awsops.ErrGone) {
		return nil // the next look says so
	}
	return err
}

// mayDelete asks for our tag. Our mark in the Comment is not enough: a copy of a distribution has it as well.
func (c *Client) mayDelete(ctx context.Context, d *types.Distribution, force string) error {
	domain := aws.ToString(d.DomainName)
	if force != "" {
		if fold(force) == fold(domain) {
			return nil
		}
		return &Error{Op: "Delete", Resource: aws.ToString(d.Id), Reason: fmt.Sprintf("Force is %q, and its domain is %s", force, domain), Err: awsops.ErrInvalid}
	}
	ours, err := c.tagged(ctx, aws.ToString(d.ARN))
	if err != nil {
		return err
	}
	if ours == "" {
		return &Error{Op: "Delete", Resource: aws.ToString(d.Id), Reason: fmt.Sprintf("%s has no tag %s", domain, Tag), Err: ErrNotOurs}
	}
	return nil
}

// tagged is the value of our tag, "" if there is none.
func (c *Client) tagged(ctx context.Context, arn string) (string, error) {
	out, err := do(ctx, c, "ListTagsForResource", arn, awscall.Harmless, c.api.tags,
		&cloudfront.ListTagsForResourceInput{Resource: &arn})
	if err != nil || out.Tags == nil {
		return "", err
	}
	for _, t := range out.Tags.Items {
		if aws.ToString(t.Key) == Tag {
			return aws.ToString(t.Value), nil
		}
	}
	return "", nil
}
