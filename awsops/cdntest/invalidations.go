package cdntest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/kitroll/kitroll/awsops/awsopstest"
)

// The limits of what is in progress in one distribution.
const (
	maxPaths     = 3000
	maxWildcards = 15
)

type invalidation struct {
	id        string
	batch     *types.InvalidationBatch
	made, end time.Time
}

func (f *Fake) running(distribution string) (out []*invalidation) {
	for _, i := range f.invalidations[distribution] {
		if f.Clock.Now().Before(i.end) {
			out = append(out, i)
		}
	}
	return out
}

func (f *Fake) invalidation(i *invalidation) *types.Invalidation {
	status := "InProgress"
	if !f.Clock.Now().Before(i.end) {
		status = "Completed"
	}
	return &types.Invalidation{Id: new(i.id), Status: new(status), CreateTime: new(i.made), InvalidationBatch: copyOf(i.batch)}
}

func wildcards(paths []string) (n int) {
	for _, p := range paths {
		if strings.HasSuffix(p, "*") {
			n++
		}
	}
	return n
}

// CreateInvalidation is the call of the API: the same reference with the same paths is the same invalidation.
func (f *Fake) CreateInvalidation(ctx context.Context, in *cloudfront.CreateInvalidationInput, _ ...func(*cloudfront.Options)) (*cloudfront.CreateInvalidationOutput, error) {
	return awsopstest.Call(ctx, &f.Script, "CreateInvalidation", func() (*cloudfront.CreateInvalidationOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		d, err := f.alive(in.DistributionId)
		if err != nil {
			return nil, err
		}
		b := copyOf(in.InvalidationBatch)
		switch {
		case b == nil || b.Paths == nil || aws.ToString(b.CallerReference) == "":
			return nil, refuse("MissingBody", "The request has no batch.")
		case int(aws.ToInt32(b.Paths.Quantity)) != len(b.Paths.Items):
			return nil, refuse("InconsistentQuantities", "The value of Quantity and the size of Items don't match.")
		case len(b.Paths.Items) > maxPaths:
			return nil, refuse("BatchTooLarge", "Invalidation batch specified is too large.")
		}
		for _, p := range b.Paths.Items {
			if !strings.HasPrefix(p, "/") || strings.Contains(strings.TrimSuffix(p, "*"), "*") {
				return nil, refuse("InvalidArgument", "Your request contains one or more invalid invalidation paths.")
			}
		}
		paths, wild := len(b.Paths.Items), wildcards(b.Paths.Items)
		for _, i := range f.invalidations[d.id] {
			if aws.ToString(i.batch.CallerReference) != *b.CallerReference {
				continue
			}
			if !slices.Equal(slices.Sorted(slices.Values(i.batch.Paths.Items)), slices.Sorted(slices.Values(b.Paths.Items))) {
				return nil, refuse("InvalidationBatchAlreadyExists", "The caller reference is associated with another invalidation batch.")
			}
			return f.created(d, i), nil
		}
		for _, i := range f.running(d.id) {
			paths += len(i.batch.Paths.Items)
			wild += wildcards(i.batch.Paths.Items)
		}
		if paths > maxPaths || wild > maxWildcards {
			return nil, refuse("TooManyInvalidationsInProgress", "Processing your request would exceed the maximum number of invalidations that are in progress.")
		}
		f.n++
		i := &invalidation{id: fmt.Sprintf("I%013d", f.n), batch: b, made: f.Clock.Now(), end: f.Clock.Now().Add(f.opts.InvalidateTime)}
		f.invalidations[d.id] = append(f.invalidations[d.id], i)
		return f.created(d, i), nil
	})
}

func (f *Fake) created(d *distribution, i *invalidation) *cloudfront.CreateInvalidationOutput {
	return &cloudfront.CreateInvalidationOutput{Invalidation: f.invalidation(i), Location: new("/2020-05-31/distribution/" + d.id + "/invalidation/" + i.id)}
}

// GetInvalidation is the call of the API.
func (f *Fake) GetInvalidation(ctx context.Context, in *cloudfront.GetInvalidationInput, _ ...func(*cloudfront.Options)) (*cloudfront.GetInvalidationOutput, error) {
	return awsopstest.Call(ctx, &f.Script, "GetInvalidation", func() (*cloudfront.GetInvalidationOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		d, err := f.alive(in.DistributionId)
		if err != nil {
			return nil, err
		}
		for _, i := range f.invalidations[d.id] {
			if i.id == aws.ToString(in.Id) {
				return &cloudfront.GetInvalidationOutput{Invalidation: f.invalidation(i)}, nil
			}
		}
		return nil, refuse("NoSuchInvalidation", "The specified invalidation does not exist.")
	})
}

// Invalidations is how many there were.
func (f *Fake) Invalidations(distribution string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.invalidations[distribution])
}
