package cdntest

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/kitroll/kitroll/awsops/awsopstest"
)

// GetDistribution is the call of the API. It does not lag.
func (f *Fake) GetDistribution(ctx context.Context, in *cloudfront.GetDistributionInput, _ ...func(*cloudfront.Options)) (*cloudfront.GetDistributionOutput, error) {
	return awsopstest.Call(ctx, &f.Script, "GetDistribution", func() (*cloudfront.GetDistributionOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		d, err := f.alive(in.Id)
		if err != nil {
			return nil, err
		}
		return &cloudfront.GetDistributionOutput{Distribution: f.distribution(d), ETag: new(d.etag)}, nil
	})
}

// GetDistributionConfig is the call of the API. It does not lag.
func (f *Fake) GetDistributionConfig(ctx context.Context, in *cloudfront.GetDistributionConfigInput, _ ...func(*cloudfront.Options)) (*cloudfront.GetDistributionConfigOutput, error) {
	return awsopstest.Call(ctx, &f.Script, "GetDistributionConfig", func() (*cloudfront.GetDistributionConfigOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		d, err := f.alive(in.Id)
		if err != nil {
			return nil, err
		}
		return &cloudfront.GetDistributionConfigOutput{DistributionConfig: copyOf(d.config), ETag: new(d.etag)}, nil
	})
}

// alive finds one that was not deleted.
func (f *Fake) alive(id *string) (*distribution, error) {
	d, err := f.find(id)
	if err == nil && d.config == nil {
		err = refuse("NoSuchDistribution", "The specified distribution does not exist.")
	}
	if err != nil {
		return nil, err
	}
	d.settle(f.Clock.Now())
	return d, nil
}

// match holds an If-Match to the ETag of the day.
func match(given *string, etag string) error {
	switch {
	case aws.ToString(given) == "":
		return refuse("InvalidIfMatchVersion", "The If-Match version is missing or not valid for the resource.")
	case *given != etag:
		return refuse("PreconditionFailed",
			"The request failed because it didn't meet the preconditions in one or more request-header fields.")
	}
	return nil
}

// UpdateDistribution is the call of the API.
func (f *Fake) UpdateDistribution(ctx context.Context, in *cloudfront.UpdateDistributionInput, _ ...func(*cloudfront.Options)) (*cloudfront.UpdateDistributionOutput, error) {
	return awsopstest.Call(ctx, &f.Script, "UpdateDistribution", func() (*cloudfront.UpdateDistributionOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		d, err := f.alive(in.Id)
		if err != nil {
			return nil, err
		}
		if err := match(in.IfMatch, d.etag); err != nil {
			return nil, err
		}
		if in.DistributionConfig == nil {
			return nil, refuse("MissingBody", "The request has no configuration.")
		}
		cfg := copyOf(in.DistributionConfig)
		if err := whole(cfg, d.config); err != nil {
			return nil, err
		}
		if err := f.check(cfg, d.id); err != nil {
			return nil, err
		}
		fill(cfg)
		f.write(d, cfg)
		return &cloudfront.UpdateDistributionOutput{Distribution: f.distribution(d), ETag: new(d.etag)}, nil
	})
}

// whole refuses an update that was not made of what was read: it would drop what it does not have.
func whole(cfg, was *types.DistributionConfig) error {
	if aws.ToString(cfg.CallerReference) != aws.ToString(was.CallerReference) {
		return refuse("IllegalUpdate", "The update contains modifications that are not allowed.")
	}
	if cfg.CacheBehaviors == nil || cfg.CustomErrorResponses == nil || cfg.OriginGroups == nil || cfg.Restrictions == nil ||
		cfg.Aliases == nil || cfg.WebACLId == nil || cfg.DefaultRootObject == nil || cfg.HttpVersion == "" || cfg.PriceClass == "" || cfg.ViewerCertificate == nil {
		return refuse("IllegalUpdate", "The update lacks fields that the distribution has.")
	}
	return nil
}

// Edit changes a distribution as another writer would, past the ETag.
func (f *Fake) Edit(id string, change func(*types.DistributionConfig)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.dists[id]
	cfg := copyOf(d.config)
	change(cfg)
	fill(cfg)
	f.write(d, cfg)
}

// Add makes a distribution as somebody else would, without our tag, deployed long ago. It returns its ID.
func (f *Fake) Add(cfg *types.DistributionConfig) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	own := copyOf(cfg)
	fill(own)
	d := f.add(own)
	d.deployed, d.served, d.seen = d.changed, own, []sight{{0, own}}
	return d.id
}

// Read is the configuration of a distribution, nil if there is none.
func (f *Fake) Read(id string) *types.DistributionConfig {
	f.mu.Lock()
	defer f.mu.Unlock()
	d, err := f.alive(&id)
	if err != nil {
		return nil
	}
	return copyOf(d.config)
}

// DeleteDistribution is the call of the API.
func (f *Fake) DeleteDistribution(ctx context.Context, in *cloudfront.DeleteDistributionInput, _ ...func(*cloudfront.Options)) (*cloudfront.DeleteDistributionOutput, error) {
	return awsopstest.Call(ctx, &f.Script, "DeleteDistribution", func() (*cloudfront.DeleteDistributionOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		d, err := f.alive(in.Id)
		if err != nil {
			return nil, err
		}
		if err := match(in.IfMatch, d.etag); err != nil {
			return nil, err
		}
		if aws.ToBool(d.config.Enabled) || d.status(f.Clock.Now()) != "Deployed" {
			return nil, refuse("DistributionNotDisabled", "The distribution you are trying to delete has not been disabled.")
		}
		d.config, d.served = nil, nil
		d.seen = append(d.seen, sight{f.lists + 1 + f.opts.ListLag, nil})
		return &cloudfront.DeleteDistributionOutput{}, nil
	})
}

// ListTagsForResource is the call of the API.
func (f *Fake) ListTagsForResource(ctx context.Context, in *cloudfront.ListTagsForResourceInput, _ ...func(*cloudfront.Options)) (*cloudfront.ListTagsForResourceOutput, error) {
	return awsopstest.Call(ctx, &f.Script, "ListTagsForResource", func() (*cloudfront.ListTagsForResourceOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, d := range f.dists {
			if d.arn == aws.ToString(in.Resource) && d.config != nil {
				return &cloudfront.ListTagsForResourceOutput{Tags: copyOf(&types.Tags{Items: d.tags})}, nil
			}
		}
		for _, v := range f.vpc {
			if aws.ToString(v.origin.Arn) == aws.ToString(in.Resource) {
				return &cloudfront.ListTagsForResourceOutput{Tags: copyOf(&types.Tags{Items: v.tags})}, nil
			}
		}
		return nil, refuse("NoSuchResource", "A resource that was specified is not valid.")
	})
}
