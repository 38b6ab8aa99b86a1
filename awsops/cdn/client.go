package cdn

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
	"github.com/kitroll/kitroll/internal/secret"
)

// Client is CloudFront in one account. It is safe for concurrent use, starts no goroutine and needs no Close.
type Client struct {
	partition awsops.Partition
	api       calls
	caller    *awscall.Caller
	names     CertificateNames
	net       Network
}

// New checks cfg and makes a client. It does no I/O and reads neither the environment nor ~/.aws. Its error joins every
// problem found, each naming its field.
func New(cfg Config) (*Client, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("cdn: config: %w", err)
	}
	return &Client{
		partition: awsops.PartitionOf(cfg.region()),
		api:       newCalls(cfg),
		caller:    awscall.New(cfg.MaxRetries, cfg.Logger, cfg.Clock),
		names:     cfg.Certificates,
		net:       cfg.Network,
	}, nil
}

func (c *Client) safe() secret.Fields { return secret.Fields{"cdn.Client", "Partition", c.partition} }

// String is the partition.
func (c *Client) String() string { return c.safe().String() }

// GoString is the partition.
func (c *Client) GoString() string { return c.safe().String() }

// Format prints the partition, for every verb.
func (c *Client) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }

// LogValue is the partition.
func (c *Client) LogValue() slog.Value { return c.safe().LogValue() }

// calls is the calls that the package makes. They are method values, and the SDK's client is kept in no field: were it
// reachable from an interface, the linker would keep every operation of CloudFront in every program that uses
// text/template.
type calls struct {
	list   func(context.Context, *cloudfront.ListDistributionsInput, ...func(*cloudfront.Options)) (*cloudfront.ListDistributionsOutput, error)
	get    func(context.Context, *cloudfront.GetDistributionInput, ...func(*cloudfront.Options)) (*cloudfront.GetDistributionOutput, error)
	config func(context.Context, *cloudfront.GetDistributionConfigInput, ...func(*cloudfront.Options)) (*cloudfront.GetDistributionConfigOutput, error)
	tags   func(context.Context, *cloudfront.ListTagsForResourceInput, ...func(*cloudfront.Options)) (*cloudfront.ListTagsForResourceOutput, error)

	create func(context.Context, *cloudfront.CreateDistributionWithTagsInput, ...func(*cloudfront.Options)) (*cloudfront.CreateDistributionWithTagsOutput, error)
	update func(context.Context, *cloudfront.UpdateDistributionInput, ...func(*cloudfront.Options)) (*cloudfront.UpdateDistributionOutput, error)
	remove func(context.Context, *cloudfront.DeleteDistributionInput, ...func(*cloudfront.Options)) (*cloudfront.DeleteDistributionOutput, error)

	invalidate   func(context.Context, *cloudfront.CreateInvalidationInput, ...func(*cloudfront.Options)) (*cloudfront.CreateInvalidationOutput, error)
	invalidation func(context.Context, *cloudfront.GetInvalidationInput, ...func(*cloudfront.Options)) (*cloudfront.GetInvalidationOutput, error)

	cachePolicies   func(context.Context, *cloudfront.ListCachePoliciesInput, ...func(*cloudfront.Options)) (*cloudfront.ListCachePoliciesOutput, error)
	requestPolicies func(context.Context, *cloudfront.ListOriginRequestPoliciesInput, ...func(*cloudfront.Options)) (*cloudfront.ListOriginRequestPoliciesOutput, error)

	createVPC func(context.Context, *cloudfront.CreateVpcOriginInput, ...func(*cloudfront.Options)) (*cloudfront.CreateVpcOriginOutput, error)
	getVPC    func(context.Context, *cloudfront.GetVpcOriginInput, ...func(*cloudfront.Options)) (*cloudfront.GetVpcOriginOutput, error)
	listVPC   func(context.Context, *cloudfront.ListVpcOriginsInput, ...func(*cloudfront.Options)) (*cloudfront.ListVpcOriginsOutput, error)
	removeVPC func(context.Context, *cloudfront.DeleteVpcOriginInput, ...func(*cloudfront.Options)) (*cloudfront.DeleteVpcOriginOutput, error)
}

func newCalls(cfg Config) calls {
	if a := cfg.API; a != nil {
		return calls{
			list: a.ListDistributions, get: a.GetDistribution, config: a.GetDistributionConfig, tags: a.ListTagsForResource,
			create: a.CreateDistributionWithTags, update: a.UpdateDistribution, remove: a.DeleteDistribution,
			invalidate: a.CreateInvalidation, invalidation: a.GetInvalidation,
			cachePolicies: a.ListCachePolicies, requestPolicies: a.ListOriginRequestPolicies,
			createVPC: a.CreateVpcOrigin, getVPC: a.GetVpcOrigin, listVPC: a.ListVpcOrigins, removeVPC: a.DeleteVpcOrigin,
		}
	}
	own := func(o *cloudfront.Options) {
		o.Region = cfg.region()
		o.HTTPClient = awscall.HTTPClient(cfg.AWS)
		o.APIOptions = append(o.APIOptions, awscall.WithoutTraceHeader)
	}
	sdk := cloudfront.NewFromConfig(cfg.AWS, append([]func(*cloudfront.Options){own}, slices.Clone(cfg.Options)...)...)
	return calls{
		list: sdk.ListDistributions, get: sdk.GetDistribution, config: sdk.GetDistributionConfig, tags: sdk.ListTagsForResource,
		create: sdk.CreateDistributionWithTags, update: sdk.UpdateDistribution, remove: sdk.DeleteDistribution,
		invalidate: sdk.CreateInvalidation, invalidation: sdk.GetInvalidation,
		cachePolicies: sdk.ListCachePolicies, requestPolicies: sdk.ListOriginRequestPolicies,
		createVPC: sdk.CreateVpcOrigin, getVPC: sdk.GetVpcOrigin, listVPC: sdk.ListVpcOrigins, removeVPC: sdk.DeleteVpcOrigin,
	}
}

// once switches the SDK's retryer off, also where the client is one that the caller made: the package repeats calls itself.
func once(o *cloudfront.Options) { o.Retryer = aws.NopRetryer{} }

// do makes one call of the API on a resource. Its errors are [*Error].
func do[I, O any](ctx context.Context, c *Client, op, resource string, again awscall.Repeat, f func(context.Context, *I, ...func(*cloudfront.Options)) (*O, error), in *I) (*O, error) {
	out, err := awscall.Do(ctx, c.caller, op, again, f, in, once)
	return out, failed(resource, err)
}
