package cdn

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
)

// DistributionReads are the calls that look at distributions.
type DistributionReads interface {
	ListDistributions(context.Context, *cloudfront.ListDistributionsInput, ...func(*cloudfront.Options)) (*cloudfront.ListDistributionsOutput, error)
	GetDistribution(context.Context, *cloudfront.GetDistributionInput, ...func(*cloudfront.Options)) (*cloudfront.GetDistributionOutput, error)
	GetDistributionConfig(context.Context, *cloudfront.GetDistributionConfigInput, ...func(*cloudfront.Options)) (*cloudfront.GetDistributionConfigOutput, error)
	ListTagsForResource(context.Context, *cloudfront.ListTagsForResourceInput, ...func(*cloudfront.Options)) (*cloudfront.ListTagsForResourceOutput, error)
}

// DistributionWrites are the calls that make, change and delete distributions.
type DistributionWrites interface {
	CreateDistributionWithTags(context.Context, *cloudfront.CreateDistributionWithTagsInput, ...func(*cloudfront.Options)) (*cloudfront.CreateDistributionWithTagsOutput, error)
	UpdateDistribution(context.Context, *cloudfront.UpdateDistributionInput, ...func(*cloudfront.Options)) (*cloudfront.UpdateDistributionOutput, error)
	DeleteDistribution(context.Context, *cloudfront.DeleteDistributionInput, ...func(*cloudfront.Options)) (*cloudfront.DeleteDistributionOutput, error)
}

// Invalidations are the calls that drop what is cached.
type Invalidations interface {
	CreateInvalidation(context.Context, *cloudfront.CreateInvalidationInput, ...func(*cloudfront.Options)) (*cloudfront.CreateInvalidationOutput, error)
	GetInvalidation(context.Context, *cloudfront.GetInvalidationInput, ...func(*cloudfront.Options)) (*cloudfront.GetInvalidationOutput, error)
}

// Policies are the calls that find policies by name.
type Policies interface {
	ListCachePolicies(context.Context, *cloudfront.ListCachePoliciesInput, ...func(*cloudfront.Options)) (*cloudfront.ListCachePoliciesOutput, error)
	ListOriginRequestPolicies(context.Context, *cloudfront.ListOriginRequestPoliciesInput, ...func(*cloudfront.Options)) (*cloudfront.ListOriginRequestPoliciesOutput, error)
}

// VPCOrigins are the calls for origins in private subnets.
type VPCOrigins interface {
	CreateVpcOrigin(context.Context, *cloudfront.CreateVpcOriginInput, ...func(*cloudfront.Options)) (*cloudfront.CreateVpcOriginOutput, error)
	GetVpcOrigin(context.Context, *cloudfront.GetVpcOriginInput, ...func(*cloudfront.Options)) (*cloudfront.GetVpcOriginOutput, error)
	ListVpcOrigins(context.Context, *cloudfront.ListVpcOriginsInput, ...func(*cloudfront.Options)) (*cloudfront.ListVpcOriginsOutput, error)
	DeleteVpcOrigin(context.Context, *cloudfront.DeleteVpcOriginInput, ...func(*cloudfront.Options)) (*cloudfront.DeleteVpcOriginOutput, error)
}

// API is all calls that the package makes. *cloudfront.Client satisfies it, but should not be put here: in an interface it
// makes the linker keep every operation of CloudFront in a program that also uses text/template. Config.API = nil does not.
type API interface {
	DistributionReads
	DistributionWrites
	Invalidations
	Policies
	VPCOrigins
}
