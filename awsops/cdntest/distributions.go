package cdntest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/kitroll/kitroll/awsops/awsopstest"
)

// distribution is one as the platform has it.
type distribution struct {
	id, domain, arn, etag string
	config, served        *types.DistributionConfig // as written, and as every edge has it; nil before the first deployment
	changed, deployed     time.Time
	tags                  []types.Tag
	seen                  []sight // what lists show
}

// sight is what lists show from a call on; a nil configuration means nothing.
type sight struct {
	from   int
	config *types.DistributionConfig
}

// settle takes a deployment over that has come to its end.
func (d *distribution) settle(now time.Time) {
	if !now.Before(d.deployed) {
		d.served = d.config
	}
}

func (d *distribution) status(now time.Time) string {
	if now.Before(d.deployed) {
		return "InProgress"
	}
	return "Deployed"
}

// write changes the configuration, which is deployed a while later.
func (f *Fake) write(d *distribution, cfg *types.DistributionConfig) {
	now := f.Clock.Now()
	d.settle(now)
	f.n++
	d.config, d.changed, d.deployed, d.etag = cfg, now, now.Add(f.opts.DeployTime), "ETAG"+strconv.Itoa(f.n)
	d.seen = append(d.seen, sight{f.lists + 1 + f.opts.ListLag, cfg})
}

func (f *Fake) distribution(d *distribution) *types.Distribution {
	now := f.Clock.Now()
	out := &types.Distribution{
		Id: new(d.id), ARN: new(d.arn), DomainName: new(d.domain), Status: new(d.status(now)), LastModifiedTime: new(d.changed),
		DistributionConfig: copyOf(d.config), InProgressInvalidationBatches: new(int32(len(f.running(d.id)))),
	}
	out.AliasICPRecordals = f.recordalsOf(d.config)
	return out
}

func (f *Fake) recordalsOf(cfg *types.DistributionConfig) (out []types.AliasICPRecordal) {
	if f.partition() != "aws-cn" || cfg.Aliases == nil {
		return nil
	}
	for _, a := range cfg.Aliases.Items {
		state := f.recordals[a]
		if state == "" {
			state = types.ICPRecordalStatusPending
		}
		out = append(out, types.AliasICPRecordal{CNAME: new(a), ICPRecordalStatus: state})
	}
	return out
}

func (f *Fake) find(id *string) (*distribution, error) {
	d, ok := f.dists[aws.ToString(id)]
	if !ok {
		return nil, refuse("NoSuchDistribution", "The specified distribution does not exist.")
	}
	return d, nil
}

// CreateDistributionWithTags is the call of the API.
func (f *Fake) CreateDistributionWithTags(ctx context.Context, in *cloudfront.CreateDistributionWithTagsInput, _ ...func(*cloudfront.Options)) (*cloudfront.CreateDistributionWithTagsOutput, error) {
	return awsopstest.Call(ctx, &f.Script, "CreateDistributionWithTags", func() (*cloudfront.CreateDistributionWithTagsOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		with := in.DistributionConfigWithTags
		if with == nil || with.DistributionConfig == nil {
			return nil, refuse("MissingBody", "The request has no configuration.")
		}
		cfg := copyOf(with.DistributionConfig)
		if err := f.checkTags(with.Tags); err != nil {
			return nil, err
		}
		ref := aws.ToString(cfg.CallerReference)
		if id, taken := f.refs[ref]; taken && ref != "" {
			if f.opts.HideID {
				return nil, refuse("DistributionAlreadyExists", "The caller reference that you are using to create a distribution is associated with another distribution.")
			}
			return nil, refuse("DistributionAlreadyExists", "The caller reference that you are using to create a distribution is associated with another distribution. Already exists: %s", id)
		}
		if err := f.check(cfg, ""); err != nil {
			return nil, err
		}
		if f.count() >= f.opts.MaxDistributions {
			return nil, refuse("TooManyDistributions", "Processing your request would cause you to exceed the maximum number of distributions allowed.")
		}
		fill(cfg)
		d := f.add(cfg)
		if with.Tags != nil {
			d.tags = copyOf(with.Tags).Items
		}
		return &cloudfront.CreateDistributionWithTagsOutput{Distribution: f.distribution(d), ETag: new(d.etag), Location: new("/2020-05-31/distribution/" + d.id)}, nil
	})
}

// add makes a distribution of a checked configuration.
func (f *Fake) add(cfg *types.DistributionConfig) *distribution {
	f.n++
	id := fmt.Sprintf("E%013s", strings.ToUpper(strconv.FormatInt(int64(f.n)*7919+100_000_007, 36)))
	d := &distribution{
		id: id, domain: fmt.Sprintf("d%013s.cloudfront.net", strconv.FormatInt(int64(f.n)*104_729+200_000_033, 36)),
		arn: fmt.Sprintf("arn:%s:cloudfront::%s:distribution/%s", f.partition(), f.opts.Account, id),
	}
	f.dists[id] = d
	f.refs[aws.ToString(cfg.CallerReference)] = id
	f.write(d, cfg)
	return d
}

// fill gives what a configuration has although nobody wrote it, as a read after a creation shows it.
func fill(cfg *types.DistributionConfig) {
	none := func() *int32 { return new(int32(0)) }
	if cfg.Aliases == nil {
		cfg.Aliases = &types.Aliases{Quantity: none()}
	}
	if cfg.CacheBehaviors == nil {
		cfg.CacheBehaviors = &types.CacheBehaviors{Quantity: none()}
	}
	if cfg.CustomErrorResponses == nil {
		cfg.CustomErrorResponses = &types.CustomErrorResponses{Quantity: none()}
	}
	if cfg.OriginGroups == nil {
		cfg.OriginGroups = &types.OriginGroups{Quantity: none()}
	}
	if cfg.Restrictions == nil {
		cfg.Restrictions = &types.Restrictions{GeoRestriction: &types.GeoRestriction{RestrictionType: types.GeoRestrictionTypeNone, Quantity: none()}}
	}
	if cfg.Logging == nil {
		cfg.Logging = &types.LoggingConfig{Enabled: new(false), IncludeCookies: new(false), Bucket: new(""), Prefix: new("")}
	}
	if cfg.ViewerCertificate == nil {
		cfg.ViewerCertificate = &types.ViewerCertificate{CloudFrontDefaultCertificate: new(true)}
	}
	if aws.ToBool(cfg.ViewerCertificate.CloudFrontDefaultCertificate) { // CloudFront sets it, whatever was written
		cfg.ViewerCertificate.MinimumProtocolVersion = types.MinimumProtocolVersionTLSv1
		cfg.ViewerCertificate.SSLSupportMethod = types.SSLSupportMethodVip
	}
	for _, s := range []**string{&cfg.DefaultRootObject, &cfg.WebACLId, &cfg.ContinuousDeploymentPolicyId} {
		if *s == nil {
			*s = new("")
		}
	}
	if cfg.HttpVersion == "" {
		cfg.HttpVersion = types.HttpVersionHttp2
	}
	if cfg.PriceClass == "" {
		cfg.PriceClass = types.PriceClassPriceClassAll
	}
	for _, b := range []**bool{&cfg.IsIPV6Enabled, &cfg.Staging} {
		if *b == nil {
			*b = new(false)
		}
	}
	for i := range cfg.Origins.Items {
		o := &cfg.Origins.Items[i]
		if o.ConnectionAttempts == nil {
			o.ConnectionAttempts, o.ConnectionTimeout = new(int32(3)), new(int32(10))
		}
		if o.CustomHeaders == nil {
			o.CustomHeaders = &types.CustomHeaders{Quantity: none()}
		}
		if o.OriginPath == nil {
			o.OriginPath = new("")
		}
	}
}

// ListDistributions is the call of the API.
func (f *Fake) ListDistributions(ctx context.Context, in *cloudfront.ListDistributionsInput, _ ...func(*cloudfront.Options)) (*cloudfront.ListDistributionsOutput, error) {
	return awsopstest.Call(ctx, &f.Script, "ListDistributions", func() (*cloudfront.ListDistributionsOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if aws.ToString(in.Marker) == "" {
			f.lists++
		}
		var all []types.DistributionSummary
		for id, d := range f.dists {
			if cfg := d.shown(f.lists); cfg != nil {
				all = append(all, f.summary(d, id, cfg))
			} else if d.config == nil {
				delete(f.dists, id) // deleted, and forgotten by lists as well
			}
		}
		slices.SortFunc(all, func(a, b types.DistributionSummary) int { return strings.Compare(*a.Id, *b.Id) })
		page, next := pageOf(all, aws.ToString(in.Marker), size(in.MaxItems, f.opts.PageSize), func(s types.DistributionSummary) string { return *s.Id })
		return &cloudfront.ListDistributionsOutput{DistributionList: &types.DistributionList{
			Items: page, Quantity: new(int32(len(page))), IsTruncated: new(next != ""), NextMarker: text(next),
			Marker: new(aws.ToString(in.Marker)), MaxItems: new(int32(f.opts.PageSize)),
		}}, nil
	})
}

// shown is what a list shows at a call.
func (d *distribution) shown(call int) (cfg *types.DistributionConfig) {
	for _, s := range d.seen {
		if s.from <= call {
			cfg = s.config
		}
	}
	return cfg
}

func (f *Fake) summary(d *distribution, id string, cfg *types.DistributionConfig) types.DistributionSummary {
	c := copyOf(cfg)
	return types.DistributionSummary{
		Id: new(id), ARN: new(d.arn), DomainName: new(d.domain), Status: new(d.status(f.Clock.Now())), LastModifiedTime: new(d.changed),
		Aliases: c.Aliases, CacheBehaviors: c.CacheBehaviors, Comment: c.Comment, CustomErrorResponses: c.CustomErrorResponses,
		DefaultCacheBehavior: c.DefaultCacheBehavior, Enabled: c.Enabled, HttpVersion: c.HttpVersion, IsIPV6Enabled: c.IsIPV6Enabled,
		Origins: c.Origins, OriginGroups: c.OriginGroups, PriceClass: c.PriceClass, Restrictions: c.Restrictions, Staging: c.Staging,
		ViewerCertificate: c.ViewerCertificate, WebACLId: c.WebACLId, AliasICPRecordals: f.recordalsOf(cfg),
	}
}

// pageOf cuts a page out of a sorted list; the marker is the last key of the page before.
func pageOf[T any](all []T, marker string, n int, key func(T) string) (page []T, next string) {
	for _, item := range all {
		if marker != "" && key(item) <= marker {
			continue
		}
		if len(page) == n {
			return page, key(page[n-1])
		}
		page = append(page, item)
	}
	return page, ""
}

func size(asked *int32, most int) int {
	if n := int(aws.ToInt32(asked)); n > 0 {
		return min(n, most)
	}
	return most
}

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
