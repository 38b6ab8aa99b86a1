package cdn

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
	"github.com/kitroll/kitroll/internal/pages"
)

// policy is a cache policy or an origin request policy.
type policy struct {
	id, name    string
	forwardHost bool // the viewer's Host header reaches the origin
}

// managedCache are the cache policies of AWS. Those of UseOriginCacheControlHeaders have Host in the cache key, and so send
// the viewer's Host to the origin whatever the origin request policy says (developer guide, "Use managed cache policies").
func managedCache() []policy {
	return []policy{
		{"658327ea-f89d-4fab-a63d-7e88639e58f6", "CachingOptimized", false},
		{"4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "CachingDisabled", false},
		{"83da9c7e-98b4-4e11-a168-04f0df8e2c65", "UseOriginCacheControlHeaders", true},
		{"4cc15a8a-d715-48a4-82b8-cc0b614638fe", "UseOriginCacheControlHeaders-QueryStrings", true},
	}
}

// managedRequest are the origin request policies of AWS.
func managedRequest() []policy {
	return []policy{
		{"216adef6-5c7f-47e4-b989-5492eafa07d3", "AllViewer", true},
		{"b689b0a8-53d0-40ab-baf2-68738e2966ac", "AllViewerExceptHostHeader", false},
		{"88a5eaf4-2fd4-4709-b370-b4c650ea3fcf", "CORS-S3Origin", false},
	}
}

// cachePolicy finds a cache policy by name or ID. The managed ones are known; others are looked up.
func (c *Client) cachePolicy(ctx context.Context, ref string) (policy, error) {
	return find(ctx, "ListCachePolicies", ref, managedCache(), func(ctx context.Context, marker string) (pages.Page[policy, string], error) {
		out, err := do(ctx, c, "ListCachePolicies", ref, awscall.Harmless, c.api.cachePolicies, &cloudfront.ListCachePoliciesInput{Marker: optional(marker)})
		if err != nil || out.CachePolicyList == nil {
			return pages.Page[policy, string]{}, err
		}
		var page pages.Page[policy, string]
		for _, s := range out.CachePolicyList.Items {
			if s.CachePolicy != nil && s.CachePolicy.CachePolicyConfig != nil {
				cfg := s.CachePolicy.CachePolicyConfig
				p := policy{id: aws.ToString(s.CachePolicy.Id), name: aws.ToString(cfg.Name)}
				if key := cfg.ParametersInCacheKeyAndForwardedToOrigin; key != nil && key.HeadersConfig != nil {
					p.forwardHost = key.HeadersConfig.HeaderBehavior == types.CachePolicyHeaderBehaviorWhitelist && hasHost(key.HeadersConfig.Headers)
				}
				page.Items = append(page.Items, p)
			}
		}
		page.Next = aws.ToString(out.CachePolicyList.NextMarker)
		page.More = page.Next != ""
		return page, nil
	})
}

// requestPolicy finds an origin request policy by name or ID.
func (c *Client) requestPolicy(ctx context.Context, ref string) (policy, error) {
	return find(ctx, "ListOriginRequestPolicies", ref, managedRequest(), func(ctx context.Context, marker string) (pages.Page[policy, string], error) {
		out, err := do(ctx, c, "ListOriginRequestPolicies", ref, awscall.Harmless, c.api.requestPolicies, &cloudfront.ListOriginRequestPoliciesInput{Marker: optional(marker)})
		if err != nil || out.OriginRequestPolicyList == nil {
			return pages.Page[policy, string]{}, err
		}
		var page pages.Page[policy, string]
		for _, s := range out.OriginRequestPolicyList.Items {
			if s.OriginRequestPolicy != nil && s.OriginRequestPolicy.OriginRequestPolicyConfig != nil {
				cfg := s.OriginRequestPolicy.OriginRequestPolicyConfig
				page.Items = append(page.Items, policy{aws.ToString(s.OriginRequestPolicy.Id), aws.ToString(cfg.Name), requestForwards(cfg.HeadersConfig)})
			}
		}
		page.Next = aws.ToString(out.OriginRequestPolicyList.NextMarker)
		page.More = page.Next != ""
		return page, nil
	})
}

// requestForwards tells whether an origin request policy sends the viewer's Host.
func requestForwards(h *types.OriginRequestPolicyHeadersConfig) bool {
	if h == nil {
		return false
	}
	switch h.HeaderBehavior {
	case types.OriginRequestPolicyHeaderBehaviorAllViewer, types.OriginRequestPolicyHeaderBehaviorAllViewerAndWhitelistCloudFront:
		return true
	case types.OriginRequestPolicyHeaderBehaviorWhitelist:
		return hasHost(h.Headers)
	case types.OriginRequestPolicyHeaderBehaviorAllExcept:
		return !hasHost(h.Headers)
	}
	return false
}

func hasHost(h *types.Headers) bool {
	return h != nil && slices.ContainsFunc(h.Items, func(s string) bool { return strings.EqualFold(s, "Host") })
}

// find looks among the known ones, then page by page.
func find(ctx context.Context, op, ref string, known []policy, fetch func(context.Context, string) (pages.Page[policy, string], error)) (policy, error) {
	// The API's names of the managed ones begin with "Managed-".
	same := func(p policy) bool {
		return p.id == ref || strings.TrimPrefix(p.name, "Managed-") == strings.TrimPrefix(ref, "Managed-")
	}
	if i := slices.IndexFunc(known, same); i >= 0 {
		return known[i], nil
	}
	for p, err := range pages.All(ctx, "", fetch) {
		if err != nil {
			return policy{}, err
		}
		if same(p) {
			return p, nil
		}
	}
	return policy{}, &Error{Op: op, Resource: ref, Reason: "no policy has this name or ID", Err: awsops.ErrGone}
}

// optional is nil for an empty text.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// behaviourForwards tells whether a cache behaviour sends the viewer's Host to the origin, and by what.
func (c *Client) behaviourForwards(ctx context.Context, b *types.DefaultCacheBehavior) (bool, error) {
	if f := b.ForwardedValues; f != nil { //nolint:staticcheck // distributions of old have it
		if hasHost(f.Headers) || f.Headers != nil && slices.Contains(f.Headers.Items, "*") {
			return true, nil
		}
	}
	if id := aws.ToString(b.CachePolicyId); id != "" {
		p, err := c.cachePolicy(ctx, id)
		if err != nil || p.forwardHost {
			return p.forwardHost, err
		}
	}
	if id := aws.ToString(b.OriginRequestPolicyId); id != "" {
		p, err := c.requestPolicy(ctx, id)
		return p.forwardHost, err
	}
	return false, nil
}

// policyName is the name of a managed policy, else the ID.
func policyName(id string) string {
	for _, p := range append(managedCache(), managedRequest()...) {
		if p.id == id {
			return fmt.Sprintf("%s (%s)", p.name, id)
		}
	}
	return id
}
