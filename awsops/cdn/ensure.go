package cdn

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

// Result is the distribution that is there now.
type Result struct {
	Details
	Created bool     `json:"created"`           // by this call, as far as is known: one whose answer was lost is found again
	Changed []Change `json:"changed,omitempty"` // by this call
	Differs []Change `json:"differs,omitempty"` // from what was asked for, and left so
	Notes   []string `json:"notes,omitempty"`
	Probe   *Probe   `json:"probe,omitempty"`
}

// Ensure makes the distribution, or finds the one that an earlier call has made for d.ID: it is [Client.Plan] and
// [Plan.Ensure] in one. It returns when CloudFront has taken the configuration; [Client.Wait] waits for its deployment.
//
// One that is there and differs is left as it is, and told in Result.Differs, unless d.Update is set. Changes are made by
// ETag: what another writer has changed meanwhile, or what Distribution has no field for, survives.
//
// However often it is called, and whatever crashes or is lost in between, there is one distribution: CloudFront takes a
// CallerReference once. Since it remembers it, an ID whose distribution was deleted is not to be used again.
//
// Errors are [*Error]: awsops.ErrInvalid with every problem of d, [ErrOrigin] when the origin would not answer
// CloudFront, awsops.ErrConflict (an alias that another distribution has, a deleted ID), awsops.ErrQuota …
//
// Source: CreateDistributionWithTags, UpdateDistribution, CloudFront API reference (read 2026-11).
func (c *Client) Ensure(ctx context.Context, d Distribution) (Result, error) {
	p, err := c.Plan(ctx, d)
	if err != nil {
		return Result{}, err
	}
	return p.Ensure(ctx)
}

// Ensure carries the plan out.
func (p *Plan) Ensure(ctx context.Context) (Result, error) {
	d, r := p.Distribution, Result{Notes: p.Notes, Probe: p.Probe}
	if p.Action == Refuse || p.want == nil {
		return r, &Error{Op: "Ensure", Resource: d.ID, Reason: strings.Join(p.Refused, "; "), Err: p.kind}
	}
	id := p.Existing
	if id == "" {
		made, there, err := p.create(ctx)
		if err != nil {
			return r, err
		}
		if made != nil {
			r.Details, r.Created = *made, true
			return r, nil
		}
		id = there
	}
	return p.reconcile(ctx, id, r)
}

// create makes it, or finds the one that was made before, by its ID.
func (p *Plan) create(ctx context.Context) (made *Details, there string, err error) {
	d, c := p.Distribution, p.c
	in := &cloudfront.CreateDistributionWithTagsInput{DistributionConfigWithTags: &types.DistributionConfigWithTags{DistributionConfig: p.want, Tags: tagsOf(d)}}
	out, err := do(ctx, c, "CreateDistributionWithTags", d.ID, awscall.Harmless, c.api.create, in)
	switch {
	case code(err) == "DistributionAlreadyExists":
		there, err = c.adopt(ctx, d.ID, err)
		return nil, there, err
	case err != nil:
		return nil, "", err
	case out.Distribution == nil || out.Distribution.DistributionConfig == nil:
		return nil, "", &Error{Op: "CreateDistributionWithTags", Resource: d.ID, Reason: "the answer has no distribution", Err: awsops.ErrUnknownOutcome}
	}
	return new(details(out.Distribution, aws.ToString(out.ETag))), "", nil
}

// reconcile compares one that is there, and changes it if that was asked for.
func (p *Plan) reconcile(ctx context.Context, id string, r Result) (Result, error) {
	edit := func(cfg *types.DistributionConfig) (bool, error) {
		r.Differs = differences(cfg, p.want)
		if len(r.Differs) == 0 || !p.Distribution.Update { // after an attempt whose answer was lost, Changed stays
			return false, nil
		}
		r.Changed, r.Differs = r.Differs, nil
		apply(cfg, p.want, r.Changed)
		return true, nil
	}
	if err := p.c.edit(ctx, "Ensure", id, edit); err != nil {
		return r, err
	}
	var err error
	r.Details, err = p.c.Get(ctx, id)
	return r, err
}

// edits is how often a change is made anew because another writer was faster.
const edits = 10

// edit reads the configuration, has it changed, and writes it under its ETag; it begins anew when another writer was faster,
// so that the other's change survives. change returns false when there is nothing to do. An answer that was lost is no
// harm: the second look finds nothing to do.
func (c *Client) edit(ctx context.Context, op, id string, change func(*types.DistributionConfig) (bool, error)) error {
	for n := 0; ; n++ {
		cfg, etag, err := c.readConfig(ctx, id)
		if err != nil {
			return err
		}
		if todo, err := change(cfg); err != nil || !todo {
			return err
		}
		_, err = do(ctx, c, "UpdateDistribution", id, awscall.Harmless, c.api.update,
			&cloudfront.UpdateDistributionInput{Id: &id, IfMatch: &etag, DistributionConfig: cfg})
		if !raced(err) {
			return err
		}
		if n == edits {
			return &Error{Op: op, Resource: id, Code: code(err), Reason: fmt.Sprintf("another writer was faster %d times", n+1), Err: awsops.ErrConflict}
		}
		if err := c.caller.Clock.Sleep(ctx, awsops.Jitter(time.Second)); err != nil {
			return stopped(op, id, "between two attempts", err)
		}
	}
}
