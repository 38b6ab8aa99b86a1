package cdn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

// The limits of what may be in progress in one distribution (developer guide, "Quotas", read 2026-11). The first 1,000 paths
// a month cost nothing; a path with * is one path.
const (
	MaxPaths     = 3000
	MaxWildcards = 15
)

// Invalidation drops objects from the caches. Keep Distribution and ID to follow it after a restart: [Client.Invalidation].
type Invalidation struct {
	Distribution string    `json:"distribution"`
	ID           string    `json:"id"`
	Ref          string    `json:"ref"`
	Paths        []string  `json:"paths,omitempty"`
	Status       string    `json:"status"` // "InProgress" or "Completed"
	Created      time.Time `json:"created"`

	c *Client
}

// Invalidate drops what is cached under the paths, in every edge location. ref is chosen by the caller, at most 128
// characters: the same ref with the same paths, in whatever order, is the same invalidation, so that it can be repeated
// after a crash; with other paths CloudFront refuses it (awsops.ErrConflict).
//
// A path begins with /, and may end with *, which stands for anything; * is nowhere else. It has to be written as viewers
// ask for it: with its query if the cache policy has it in the key, with characters above ASCII as %XX. Paths that only
// differ in repetition are sent once.
//
// It takes seconds to minutes: see [Invalidation.Wait]. awsops.ErrQuota when too much is in progress; that is not waited for.
//
// Source: CreateInvalidation, CloudFront API reference (read 2026-11).
func (c *Client) Invalidate(ctx context.Context, id, ref string, paths ...string) (Invalidation, error) {
	sorted := slices.Compact(slices.Sorted(slices.Values(paths)))
	if err := checkPaths(ref, sorted); err != nil {
		return Invalidation{}, invalid("Invalidate", id, err)
	}
	out, err := do(ctx, c, "CreateInvalidation", id, awscall.Harmless, c.api.invalidate, &cloudfront.CreateInvalidationInput{
		DistributionId: &id,
		InvalidationBatch: &types.InvalidationBatch{
			CallerReference: &ref, Paths: &types.Paths{Quantity: new(int32(len(sorted))), Items: sorted},
		},
	})
	if err != nil {
		return Invalidation{}, err
	}
	return c.invalidation(id, out.Invalidation)
}

// Invalidation reads an invalidation by its ID.
func (c *Client) Invalidation(ctx context.Context, distribution, id string) (Invalidation, error) {
	out, err := do(ctx, c, "GetInvalidation", id, awscall.Harmless, c.api.invalidation, &cloudfront.GetInvalidationInput{DistributionId: &distribution, Id: &id})
	if err != nil {
		return Invalidation{}, err
	}
	return c.invalidation(distribution, out.Invalidation)
}

func (c *Client) invalidation(distribution string, in *types.Invalidation) (Invalidation, error) {
	if in == nil {
		return Invalidation{}, &Error{Op: "GetInvalidation", Resource: distribution, Reason: "the answer has no invalidation"}
	}
	out := Invalidation{Distribution: distribution, ID: aws.ToString(in.Id), Status: aws.ToString(in.Status), Created: aws.ToTime(in.CreateTime), c: c}
	if b := in.InvalidationBatch; b != nil {
		out.Ref = aws.ToString(b.CallerReference)
		if b.Paths != nil {
			out.Paths = b.Paths.Items
		}
	}
	return out, nil
}

// Done tells whether every edge location has dropped the objects.
func (i Invalidation) Done() bool { return i.Status == "Completed" }

// Wait looks every 10 s (Interval) until the invalidation is completed. It has no time limit of its own.
func (i Invalidation) Wait(ctx context.Context, opts *WaitOptions) error {
	began := i.c.caller.Clock.Now()
	now := i
	err := awsops.Poll(ctx, i.c.caller.Clock, interval(opts, 10*time.Second), func(ctx context.Context) (bool, error) {
		var err error
		if now, err = i.c.Invalidation(ctx, i.Distribution, i.ID); err != nil {
			return false, err
		}
		i.c.tell(opts, "invalidate", now.Status, i.ID, began)
		return now.Done(), nil
	})
	return stopped("Wait", i.ID, "last seen as "+now.Status, err)
}

// checkPaths finds every problem of a batch.
func checkPaths(ref string, paths []string) error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if ref == "" || len(ref) > 128 {
		bad("ref: 1 to 128 characters")
	}
	if len(paths) == 0 {
		bad("no path")
	}
	if len(paths) > MaxPaths {
		bad("%d paths: %d may be in progress, and one with * at its end counts as one", len(paths), MaxPaths)
	}
	wild := 0
	for _, p := range paths {
		if err := checkPath(p); err != nil {
			problems = append(problems, err)
		}
		if strings.HasSuffix(p, "*") {
			wild++
		}
		if len(problems) > 20 {
			bad("and perhaps more")
			break
		}
	}
	if wild > MaxWildcards {
		bad("%d paths with *: %d may be in progress", wild, MaxWildcards)
	}
	return errors.Join(problems...)
}

func checkPath(p string) error {
	switch {
	case !strings.HasPrefix(p, "/"):
		return fmt.Errorf("%.80q does not begin with /", p)
	case len(p) > 4000:
		return fmt.Errorf("%.80q has more than 4,000 characters", p)
	case strings.Contains(strings.TrimSuffix(p, "*"), "*"):
		return fmt.Errorf("%.80q: * stands at the end only", p)
	}
	for _, r := range p {
		if r <= ' ' || r > '~' || strings.ContainsRune(`"<>\^`+"`{|}", r) {
			return fmt.Errorf("%.80q: %q has to be written as %%XX", p, r)
		}
	}
	return nil
}
