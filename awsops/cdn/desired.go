package cdn

import (
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

// originID is the ID of our origin within a distribution.
const originID = "server"

// desired is the configuration that CloudFront is to have, of a normal distribution whose protocol and policies are known.
func (d Distribution) desired(protocol Protocol, cache, request policy) *types.DistributionConfig {
	cfg := &types.DistributionConfig{
		CallerReference: new(reference(d.ID)),
		Comment:         new(d.comment()),
		Enabled:         new(!d.Disabled),
		Origins:         &types.Origins{Quantity: new(int32(1)), Items: []types.Origin{d.origin(protocol)}},
		DefaultCacheBehavior: &types.DefaultCacheBehavior{
			TargetOriginId:       new(originID),
			ViewerProtocolPolicy: types.ViewerProtocolPolicy(d.Viewers),
			AllowedMethods: &types.AllowedMethods{
				Quantity: new(int32(len(d.Methods))), Items: methods(d.Methods),
				CachedMethods: &types.CachedMethods{Quantity: new(int32(2)), Items: []types.Method{types.MethodGet, types.MethodHead}},
			},
			CachePolicyId:         new(cache.id),
			OriginRequestPolicyId: new(request.id),
			Compress:              new(true),
		},
		Aliases:           &types.Aliases{Quantity: new(int32(len(d.Aliases))), Items: slices.Clone(d.Aliases)},
		ViewerCertificate: d.viewerCertificate(),
		HttpVersion:       types.HttpVersion(d.HTTPVersion),
		IsIPV6Enabled:     new(!d.NoIPv6),
		PriceClass:        types.PriceClass(d.PriceClass),
		DefaultRootObject: new(d.DefaultRoot),
		Logging:           &types.LoggingConfig{Enabled: new(false), IncludeCookies: new(false), Bucket: new(""), Prefix: new("")},
	}
	return cfg
}

func methods(names []string) []types.Method {
	out := make([]types.Method, 0, len(names))
	for _, n := range names {
		out = append(out, types.Method(n))
	}
	return out
}

func (d Distribution) origin(protocol Protocol) types.Origin {
	seconds := func(t time.Duration) *int32 { return new(int32(t / time.Second)) }
	o := types.Origin{
		Id: new(originID), DomainName: new(d.Origin.Domain), OriginPath: new(d.Origin.Path), CustomHeaders: &types.CustomHeaders{},
	}
	for _, name := range slices.Sorted(maps.Keys(d.Origin.Headers)) {
		o.CustomHeaders.Items = append(o.CustomHeaders.Items, types.OriginCustomHeader{HeaderName: &name, HeaderValue: new(d.Origin.Headers[name])})
	}
	o.CustomHeaders.Quantity = new(int32(len(o.CustomHeaders.Items)))
	if d.Origin.VPC != "" {
		o.VpcOriginConfig = &types.VpcOriginConfig{
			VpcOriginId: new(d.Origin.VPC), OriginReadTimeout: seconds(d.Origin.ReadTimeout), OriginKeepaliveTimeout: seconds(d.Origin.KeepAlive),
		}
		return o
	}
	o.CustomOriginConfig = &types.CustomOriginConfig{
		HTTPPort: new(int32(d.Origin.HTTPPort)), HTTPSPort: new(int32(d.Origin.HTTPSPort)),
		OriginProtocolPolicy: types.OriginProtocolPolicy(protocol),
		OriginSslProtocols:   &types.OriginSslProtocols{Quantity: new(int32(1)), Items: []types.SslProtocol{types.SslProtocolTLSv12}},
		OriginReadTimeout:    seconds(d.Origin.ReadTimeout), OriginKeepaliveTimeout: seconds(d.Origin.KeepAlive),
		IpAddressType: types.IpAddressType(d.Origin.Addresses),
	}
	return o
}

func (d Distribution) viewerCertificate() *types.ViewerCertificate {
	if len(d.Aliases) == 0 {
		return &types.ViewerCertificate{CloudFrontDefaultCertificate: new(true)}
	}
	v := &types.ViewerCertificate{
		CloudFrontDefaultCertificate: new(false),
		MinimumProtocolVersion:       types.MinimumProtocolVersion(d.Certificate.MinimumProtocol),
		SSLSupportMethod:             types.SSLSupportMethodSniOnly,
	}
	v.ACMCertificateArn, v.IAMCertificateId = optional(d.Certificate.ACM), optional(d.Certificate.IAM)
	return v
}

func tagsOf(d Distribution) *types.Tags {
	out := &types.Tags{Items: []types.Tag{{Key: new(Tag), Value: new(d.ID)}}}
	for _, key := range slices.Sorted(maps.Keys(d.Tags)) {
		out.Items = append(out.Items, types.Tag{Key: &key, Value: new(d.Tags[key])})
	}
	return out
}
