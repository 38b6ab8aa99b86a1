package cdntest

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/kitroll/kitroll/awsops/awsopstest"
)

// addManaged adds the policies that every account has.
func (f *Fake) addManaged() {
	cache := func(id, name string, headers ...string) {
		h := &types.CachePolicyHeadersConfig{HeaderBehavior: types.CachePolicyHeaderBehaviorNone}
		if len(headers) > 0 {
			h = &types.CachePolicyHeadersConfig{HeaderBehavior: types.CachePolicyHeaderBehaviorWhitelist, Headers: list(headers)}
		}
		f.cachePolicies = append(f.cachePolicies, types.CachePolicySummary{Type: types.CachePolicyTypeManaged, CachePolicy: &types.CachePolicy{
			Id: new(id), CachePolicyConfig: &types.CachePolicyConfig{
				Name: new("Managed-" + name), MinTTL: new(int64(0)),
				ParametersInCacheKeyAndForwardedToOrigin: &types.ParametersInCacheKeyAndForwardedToOrigin{HeadersConfig: h},
			},
		}})
	}
	cache("658327ea-f89d-4fab-a63d-7e88639e58f6", "CachingOptimized")
	cache("4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "CachingDisabled")
	cache("83da9c7e-98b4-4e11-a168-04f0df8e2c65", "UseOriginCacheControlHeaders", "Host", "Origin", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
	cache("4cc15a8a-d715-48a4-82b8-cc0b614638fe", "UseOriginCacheControlHeaders-QueryStrings", "Host", "Origin", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")

	request := func(id, name string, behaviour types.OriginRequestPolicyHeaderBehavior, headers ...string) {
		f.requestPolicies = append(f.requestPolicies, types.OriginRequestPolicySummary{Type: types.OriginRequestPolicyTypeManaged, OriginRequestPolicy: &types.OriginRequestPolicy{
			Id: new(id), OriginRequestPolicyConfig: &types.OriginRequestPolicyConfig{
				Name: new("Managed-" + name), HeadersConfig: &types.OriginRequestPolicyHeadersConfig{HeaderBehavior: behaviour, Headers: list(headers)},
			},
		}})
	}
	request("216adef6-5c7f-47e4-b989-5492eafa07d3", "AllViewer", types.OriginRequestPolicyHeaderBehaviorAllViewer)
	request("b689b0a8-53d0-40ab-baf2-68738e2966ac", "AllViewerExceptHostHeader", types.OriginRequestPolicyHeaderBehaviorAllExcept, "Host")
	request("88a5eaf4-2fd4-4709-b370-b4c650ea3fcf", "CORS-S3Origin", types.OriginRequestPolicyHeaderBehaviorWhitelist, "Origin", "Access-Control-Request-Headers", "Access-Control-Request-Method")
}

func list(names []string) *types.Headers {
	if len(names) == 0 {
		return nil
	}
	return &types.Headers{Items: names, Quantity: new(int32(len(names)))}
}

// AddCachePolicy makes a cache policy of the account, with headers in its key. It returns its ID.
func (f *Fake) AddCachePolicy(name string, headers ...string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", f.n)
	h := &types.CachePolicyHeadersConfig{HeaderBehavior: types.CachePolicyHeaderBehaviorNone}
	if len(headers) > 0 {
		h = &types.CachePolicyHeadersConfig{HeaderBehavior: types.CachePolicyHeaderBehaviorWhitelist, Headers: list(headers)}
	}
	f.cachePolicies = append(f.cachePolicies, types.CachePolicySummary{Type: types.CachePolicyTypeCustom, CachePolicy: &types.CachePolicy{
		Id: new(id), CachePolicyConfig: &types.CachePolicyConfig{
			Name: new(name), MinTTL: new(int64(0)), ParametersInCacheKeyAndForwardedToOrigin: &types.ParametersInCacheKeyAndForwardedToOrigin{HeadersConfig: h},
		},
	}})
	return id
}

// AddRequestPolicy makes an origin request policy of the account. It returns its ID.
func (f *Fake) AddRequestPolicy(name string, behaviour types.OriginRequestPolicyHeaderBehavior, headers ...string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", f.n)
	f.requestPolicies = append(f.requestPolicies, types.OriginRequestPolicySummary{Type: types.OriginRequestPolicyTypeCustom, OriginRequestPolicy: &types.OriginRequestPolicy{
		Id: new(id), OriginRequestPolicyConfig: &types.OriginRequestPolicyConfig{
			Name: new(name), HeadersConfig: &types.OriginRequestPolicyHeadersConfig{HeaderBehavior: behaviour, Headers: list(headers)},
		},
	}})
	return id
}

// ListCachePolicies is the call of the API.
func (f *Fake) ListCachePolicies(ctx context.Context, in *cloudfront.ListCachePoliciesInput, _ ...func(*cloudfront.Options)) (*cloudfront.ListCachePoliciesOutput, error) {
	return awsopstest.Call(ctx, &f.Script, "ListCachePolicies", func() (*cloudfront.ListCachePoliciesOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		var all []types.CachePolicySummary
		for _, p := range f.cachePolicies {
			if in.Type == "" || in.Type == p.Type {
				all = append(all, p)
			}
		}
		page, next := pageInOrder(all, aws.ToString(in.Marker), size(in.MaxItems, f.opts.PageSize), func(p types.CachePolicySummary) string { return *p.CachePolicy.Id })
		return &cloudfront.ListCachePoliciesOutput{CachePolicyList: copyOf(&types.CachePolicyList{Items: page, NextMarker: text(next), Quantity: new(int32(len(page)))})}, nil
	})
}

// ListOriginRequestPolicies is the call of the API.
func (f *Fake) ListOriginRequestPolicies(ctx context.Context, in *cloudfront.ListOriginRequestPoliciesInput, _ ...func(*cloudfront.Options)) (*cloudfront.ListOriginRequestPoliciesOutput, error) {
	return awsopstest.Call(ctx, &f.Script, "ListOriginRequestPolicies", func() (*cloudfront.ListOriginRequestPoliciesOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		var all []types.OriginRequestPolicySummary
		for _, p := range f.requestPolicies {
			if in.Type == "" || in.Type == p.Type {
				all = append(all, p)
			}
		}
		page, next := pageInOrder(all, aws.ToString(in.Marker), size(in.MaxItems, f.opts.PageSize), func(p types.OriginRequestPolicySummary) string { return *p.OriginRequestPolicy.Id })
		return &cloudfront.ListOriginRequestPoliciesOutput{OriginRequestPolicyList: copyOf(&types.OriginRequestPolicyList{Items: page, NextMarker: text(next), Quantity: new(int32(len(page)))})}, nil
	})
}

// pageInOrder is pageOf for a list that is not sorted by its keys.
func pageInOrder[T any](all []T, marker string, n int, key func(T) string) (page []T, next string) {
	begun := marker == ""
	for _, item := range all {
		if !begun {
			begun = key(item) == marker
			continue
		}
		if len(page) == n {
			return page, key(page[n-1])
		}
		page = append(page, item)
	}
	return page, ""
}

// forwardsHost tells whether a behaviour sends the viewer's Host to the origin.
func (f *Fake) forwardsHost(b *types.DefaultCacheBehavior) bool {
	has := func(h *types.Headers) bool {
		if h != nil {
			for _, n := range h.Items {
				if n == "Host" || n == "host" || n == "*" {
					return true
				}
			}
		}
		return false
	}
	if v := b.ForwardedValues; v != nil && has(v.Headers) { //nolint:staticcheck // distributions of old have it
		return true
	}
	for _, p := range f.cachePolicies {
		if aws.ToString(p.CachePolicy.Id) == aws.ToString(b.CachePolicyId) {
			if has(p.CachePolicy.CachePolicyConfig.ParametersInCacheKeyAndForwardedToOrigin.HeadersConfig.Headers) {
				return true
			}
		}
	}
	for _, p := range f.requestPolicies {
		if aws.ToString(p.OriginRequestPolicy.Id) == aws.ToString(b.OriginRequestPolicyId) {
			switch h := p.OriginRequestPolicy.OriginRequestPolicyConfig.HeadersConfig; h.HeaderBehavior {
			case types.OriginRequestPolicyHeaderBehaviorAllViewer, types.OriginRequestPolicyHeaderBehaviorAllViewerAndWhitelistCloudFront:
				return true
			case types.OriginRequestPolicyHeaderBehaviorWhitelist:
				return has(h.Headers)
			case types.OriginRequestPolicyHeaderBehaviorAllExcept:
				return !has(h.Headers)
			case types.OriginRequestPolicyHeaderBehaviorNone:
			}
		}
	}
	return false
}
