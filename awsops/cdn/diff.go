package cdn

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

// Change is a setting that is, or was, not as it should be.
type Change struct {
	Setting string `json:"setting"` // "origin domain"
	From    string `json:"from"`
	To      string `json:"to"`
}

// String is the change in one line.
func (c Change) String() string { return fmt.Sprintf("%s: %q → %q", c.Setting, c.From, c.To) }

// setting is one thing that [Distribution] decides: how it reads in a configuration, and how it is carried over to another.
type setting struct {
	name string
	read func(cfg *types.DistributionConfig) string
	copy func(to, from *types.DistributionConfig)
	hide bool // the values are secret
}

// settings are all that Ensure looks at; what else a configuration has belongs to whoever set it.
func settings() []setting {
	return append(append(ofOrigin(), ofBehaviour()...), ofDistribution()...)
}

func ofOrigin() []setting {
	get := func(read func(o *types.Origin) string) func(*types.DistributionConfig) string {
		return func(cfg *types.DistributionConfig) string {
			if o := mainOrigin(cfg); o != nil {
				return read(o)
			}
			return ""
		}
	}
	set := func(write func(to, from *types.Origin)) func(to, from *types.DistributionConfig) {
		return func(to, from *types.DistributionConfig) {
			if a, b := mainOrigin(to), mainOrigin(from); a != nil && b != nil {
				write(a, b)
			}
		}
	}
	return []setting{
		{
			name: "origin domain", read: get(func(o *types.Origin) string { return fold(aws.ToString(o.DomainName)) }),
			copy: set(func(to, from *types.Origin) { to.DomainName = from.DomainName }),
		},
		{
			name: "origin path", read: get(func(o *types.Origin) string { return aws.ToString(o.OriginPath) }),
			copy: set(func(to, from *types.Origin) { to.OriginPath = from.OriginPath }),
		},
		{name: "origin headers", hide: true, read: get(readHeaders), copy: set(func(to, from *types.Origin) { to.CustomHeaders = from.CustomHeaders })},
		{name: "origin connection", read: get(readConnection), copy: set(copyConnection)},
	}
}

func readHeaders(o *types.Origin) string {
	if o.CustomHeaders == nil {
		return ""
	}
	var out []string
	for _, h := range o.CustomHeaders.Items {
		sum := sha256.Sum256([]byte(aws.ToString(h.HeaderValue)))
		out = append(out, strings.ToLower(aws.ToString(h.HeaderName))+" "+hex.EncodeToString(sum[:]))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// readConnection is how the origin is asked, in words.
func readConnection(o *types.Origin) string {
	if v := o.VpcOriginConfig; v != nil {
		return fmt.Sprintf("VPC origin %s, read %d s, keep-alive %d s", aws.ToString(v.VpcOriginId), num(v.OriginReadTimeout, 30), num(v.OriginKeepaliveTimeout, 5))
	}
	c := o.CustomOriginConfig
	if c == nil {
		return "a bucket of S3"
	}
	protocols := ""
	if c.OriginSslProtocols != nil {
		protocols = strings.Join(texts(slices.Sorted(slices.Values(c.OriginSslProtocols.Items))), " ")
	}
	kind := c.IpAddressType
	if kind == "" {
		kind = types.IpAddressTypeIpv4
	}
	return fmt.Sprintf("%s, ports %d and %d, %s, %s, read %d s, keep-alive %d s", c.OriginProtocolPolicy,
		num(c.HTTPPort, 80), num(c.HTTPSPort, 443), protocols, kind, num(c.OriginReadTimeout, 30), num(c.OriginKeepaliveTimeout, 5))
}

// copyConnection carries over what we decide and keeps the rest, such as client certificates towards the origin.
func copyConnection(to, from *types.Origin) {
	if from.VpcOriginConfig != nil || to.CustomOriginConfig == nil || from.CustomOriginConfig == nil {
		to.VpcOriginConfig, to.CustomOriginConfig = from.VpcOriginConfig, from.CustomOriginConfig
		to.S3OriginConfig, to.OriginAccessControlId = nil, nil
		return
	}
	to.VpcOriginConfig = nil
	mtls := to.CustomOriginConfig.OriginMtlsConfig
	own := *from.CustomOriginConfig
	own.OriginMtlsConfig = mtls
	to.CustomOriginConfig = &own
}

func num(n *int32, usual int32) int32 {
	if n == nil {
		return usual
	}
	return *n
}

func ofBehaviour() []setting {
	type b = types.DefaultCacheBehavior
	get := func(read func(*b) string) func(*types.DistributionConfig) string {
		return func(cfg *types.DistributionConfig) string {
			if cfg.DefaultCacheBehavior == nil {
				return ""
			}
			return read(cfg.DefaultCacheBehavior)
		}
	}
	set := func(write func(to, from *b)) func(to, from *types.DistributionConfig) {
		return func(to, from *types.DistributionConfig) { write(to.DefaultCacheBehavior, from.DefaultCacheBehavior) }
	}
	return []setting{
		{
			name: "viewers", read: get(func(x *b) string { return string(x.ViewerProtocolPolicy) }),
			copy: set(func(to, from *b) { to.ViewerProtocolPolicy = from.ViewerProtocolPolicy }),
		},
		{name: "methods", read: get(func(x *b) string {
			if x.AllowedMethods == nil {
				return "GET HEAD"
			}
			return strings.Join(texts(slices.Sorted(slices.Values(x.AllowedMethods.Items))), " ")
		}), copy: set(func(to, from *b) { to.AllowedMethods = from.AllowedMethods })},
		{
			name: "cache policy", read: get(func(x *b) string { return policyName(aws.ToString(x.CachePolicyId)) }),
			copy: set(func(to, from *b) {
				to.CachePolicyId = from.CachePolicyId
				//nolint:staticcheck // what distributions of old have in place of a policy
				to.ForwardedValues, to.MinTTL, to.DefaultTTL, to.MaxTTL = nil, nil, nil, nil
			}),
		},
		{
			name: "origin request policy", read: get(func(x *b) string { return policyName(aws.ToString(x.OriginRequestPolicyId)) }),
			copy: set(func(to, from *b) { to.OriginRequestPolicyId = from.OriginRequestPolicyId }),
		},
	}
}

func ofDistribution() []setting {
	type c = types.DistributionConfig
	return []setting{
		{name: "aliases", read: readAliases, copy: func(to, from *c) { to.Aliases = from.Aliases }},
		{name: "certificate", read: readCertificate, copy: func(to, from *c) { to.ViewerCertificate = from.ViewerCertificate }},
		{name: "HTTP version", read: func(x *c) string { return strings.ToLower(string(x.HttpVersion)) }, copy: func(to, from *c) { to.HttpVersion = from.HttpVersion }},
		{name: "IPv6", read: func(x *c) string { return strconv.FormatBool(aws.ToBool(x.IsIPV6Enabled)) }, copy: func(to, from *c) { to.IsIPV6Enabled = from.IsIPV6Enabled }},
		{name: "price class", read: func(x *c) string { return string(x.PriceClass) }, copy: func(to, from *c) { to.PriceClass = from.PriceClass }},
		{name: "default root", read: func(x *c) string { return aws.ToString(x.DefaultRootObject) }, copy: func(to, from *c) { to.DefaultRootObject = from.DefaultRootObject }},
		{name: "comment", read: func(x *c) string { return aws.ToString(x.Comment) }, copy: func(to, from *c) { to.Comment = from.Comment }},
		{name: "enabled", read: func(x *c) string { return strconv.FormatBool(aws.ToBool(x.Enabled)) }, copy: func(to, from *c) { to.Enabled = from.Enabled }},
	}
}

func readAliases(x *types.DistributionConfig) string {
	if x.Aliases == nil {
		return ""
	}
	var names []string
	for _, a := range x.Aliases.Items {
		names = append(names, fold(a))
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func readCertificate(x *types.DistributionConfig) string {
	v := x.ViewerCertificate
	if v == nil || aws.ToBool(v.CloudFrontDefaultCertificate) {
		return "CloudFront's own"
	}
	return fmt.Sprintf("%s%s, %s, %s", aws.ToString(v.ACMCertificateArn), aws.ToString(v.IAMCertificateId), v.MinimumProtocolVersion, v.SSLSupportMethod)
}

// mainOrigin is the origin that the default behaviour asks; of a group of origins, the first.
func mainOrigin(cfg *types.DistributionConfig) *types.Origin {
	if cfg.DefaultCacheBehavior == nil || cfg.Origins == nil {
		return nil
	}
	id := aws.ToString(cfg.DefaultCacheBehavior.TargetOriginId)
	if cfg.OriginGroups != nil {
		for _, g := range cfg.OriginGroups.Items {
			if aws.ToString(g.Id) == id && g.Members != nil && len(g.Members.Items) > 0 {
				id = aws.ToString(g.Members.Items[0].OriginId)
			}
		}
	}
	for i := range cfg.Origins.Items {
		if aws.ToString(cfg.Origins.Items[i].Id) == id {
			return &cfg.Origins.Items[i]
		}
	}
	return nil
}

// differences are what a configuration lacks. skip names settings that are not compared.
func differences(have, want *types.DistributionConfig, skip ...string) (out []Change) {
	for _, s := range settings() {
		from, to := s.read(have), s.read(want)
		if from == to || slices.Contains(skip, s.name) {
			continue
		}
		if s.hide {
			from, to = "(not shown)", "(not shown)"
		}
		out = append(out, Change{s.name, from, to})
	}
	return out
}

// apply carries the named settings over.
func apply(to, from *types.DistributionConfig, changes []Change) {
	for _, s := range settings() {
		if slices.ContainsFunc(changes, func(c Change) bool { return c.Setting == s.name }) {
			s.copy(to, from)
		}
	}
}
