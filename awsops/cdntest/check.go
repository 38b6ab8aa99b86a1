package cdntest

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

// check refuses what the platform refuses; own is the ID of the distribution that is updated. Where the documentation names
// no code for a mistake, it is InvalidArgument.
func (f *Fake) check(cfg *types.DistributionConfig, own string) error {
	b := cfg.DefaultCacheBehavior
	switch {
	case aws.ToString(cfg.CallerReference) == "" || cfg.Comment == nil || cfg.Enabled == nil || b == nil || cfg.Origins == nil:
		return refuse("InvalidArgument", "A required field of the configuration is missing.")
	case utf8.RuneCountInString(*cfg.Comment) > 128:
		return refuse("InvalidArgument", "The comment cannot be longer than 128 characters.")
	case cfg.HttpVersion != "" && !slices.Contains(cfg.HttpVersion.Values(), cfg.HttpVersion):
		return refuse("InvalidArgument", "The HTTP version is not valid.")
	case cfg.PriceClass != "" && !slices.Contains(cfg.PriceClass.Values(), cfg.PriceClass):
		return refuse("InvalidArgument", "The price class is not valid.")
	case strings.HasPrefix(aws.ToString(cfg.DefaultRootObject), "/"):
		return refuse("InvalidDefaultRootObject", "The default root object file name is too big or contains an invalid character.")
	}
	if err := f.checkOrigins(cfg); err != nil {
		return err
	}
	if err := f.checkBehaviour(cfg); err != nil {
		return err
	}
	return f.checkAliases(cfg, own)
}

func (f *Fake) checkOrigins(cfg *types.DistributionConfig) error {
	items := cfg.Origins.Items
	if int(aws.ToInt32(cfg.Origins.Quantity)) != len(items) {
		return refuse("InconsistentQuantities", "The value of Quantity and the size of Items don't match.")
	}
	if len(items) == 0 {
		return refuse("InvalidArgument", "There is no origin.")
	}
	ids := map[string]bool{}
	for _, o := range items {
		id := aws.ToString(o.Id)
		if id == "" || ids[id] {
			return refuse("InvalidArgument", "The ID of an origin is missing or not unique.")
		}
		ids[id] = true
		if err := f.checkOrigin(o); err != nil {
			return err
		}
	}
	if cfg.OriginGroups != nil {
		if int(aws.ToInt32(cfg.OriginGroups.Quantity)) != len(cfg.OriginGroups.Items) {
			return refuse("InconsistentQuantities", "The value of Quantity and the size of Items don't match.")
		}
		for _, g := range cfg.OriginGroups.Items {
			for _, m := range g.Members.Items {
				if !ids[aws.ToString(m.OriginId)] {
					return refuse("NoSuchOrigin", "No origin exists with the specified Origin Id.")
				}
			}
			ids[aws.ToString(g.Id)] = true
		}
	}
	if !ids[aws.ToString(cfg.DefaultCacheBehavior.TargetOriginId)] {
		return refuse("NoSuchOrigin", "No origin exists with the specified Origin Id.")
	}
	return nil
}

func (f *Fake) checkOrigin(o types.Origin) error {
	domain := aws.ToString(o.DomainName)
	if _, err := netip.ParseAddr(domain); err == nil || domain == "" || !strings.Contains(domain, ".") {
		return refuse("InvalidArgument", "The parameter Origin DomainName does not refer to a valid host name.") // the real code is unverified
	}
	kinds := 0
	for _, set := range []bool{o.CustomOriginConfig != nil, o.S3OriginConfig != nil, o.VpcOriginConfig != nil} {
		if set {
			kinds++
		}
	}
	if kinds != 1 {
		return refuse("InvalidOrigin", "The origin %s must be one of S3, custom and VPC.", aws.ToString(o.Id))
	}
	if o.CustomHeaders != nil && int(aws.ToInt32(o.CustomHeaders.Quantity)) != len(o.CustomHeaders.Items) {
		return refuse("InconsistentQuantities", "The value of Quantity and the size of Items don't match.")
	}
	read, keep := (*int32)(nil), (*int32)(nil)
	if v := o.VpcOriginConfig; v != nil {
		if f.vpcByID(aws.ToString(v.VpcOriginId)) == nil {
			return refuse("EntityNotFound", "The VPC origin %s does not exist.", aws.ToString(v.VpcOriginId))
		}
		read, keep = v.OriginReadTimeout, v.OriginKeepaliveTimeout
	}
	if c := o.CustomOriginConfig; c != nil {
		read, keep = c.OriginReadTimeout, c.OriginKeepaliveTimeout
		for _, p := range []*int32{c.HTTPPort, c.HTTPSPort} {
			if n := aws.ToInt32(p); n != 80 && n != 443 && (n < 1024 || n > 65535) {
				return refuse("InvalidArgument", "The port %d of an origin is not valid.", n)
			}
		}
		if !slices.Contains(c.OriginProtocolPolicy.Values(), c.OriginProtocolPolicy) {
			return refuse("InvalidRequiredProtocol", "The origin protocol policy is missing or not valid.")
		}
		if s := c.OriginSslProtocols; s != nil && int(aws.ToInt32(s.Quantity)) != len(s.Items) {
			return refuse("InconsistentQuantities", "The value of Quantity and the size of Items don't match.")
		}
	}
	if n := aws.ToInt32(read); read != nil && (n < 1 || n > 120) {
		return refuse("InvalidOriginReadTimeout", "The read timeout specified for the origin is not valid.")
	}
	if n := aws.ToInt32(keep); keep != nil && (n < 1 || n > 120) {
		return refuse("InvalidOriginKeepaliveTimeout", "The keep alive timeout specified for the origin is not valid.")
	}
	return nil
}

func (f *Fake) checkBehaviour(cfg *types.DistributionConfig) error {
	b := cfg.DefaultCacheBehavior
	if !slices.Contains(b.ViewerProtocolPolicy.Values(), b.ViewerProtocolPolicy) {
		return refuse("InvalidArgument", "The viewer protocol policy is missing or not valid.")
	}
	if m := b.AllowedMethods; m != nil {
		if int(aws.ToInt32(m.Quantity)) != len(m.Items) || m.CachedMethods == nil || int(aws.ToInt32(m.CachedMethods.Quantity)) != len(m.CachedMethods.Items) {
			return refuse("InconsistentQuantities", "The value of Quantity and the size of Items don't match.")
		}
		if n := len(m.Items); n != 2 && n != 3 && n != 7 {
			return refuse("InvalidArgument", "The allowed methods are none of the three sets.")
		}
	}
	cache, old := aws.ToString(b.CachePolicyId), b.ForwardedValues != nil //nolint:staticcheck // distributions of old have it
	switch {
	case cache == "" && !old:
		return refuse("InvalidArgument", "A cache behavior needs a cache policy.")
	case cache != "" && old:
		return refuse("InvalidArgument", "A cache policy and ForwardedValues exclude each other.")
	case cache != "" && !slices.ContainsFunc(f.cachePolicies, func(p types.CachePolicySummary) bool { return aws.ToString(p.CachePolicy.Id) == cache }):
		return refuse("NoSuchCachePolicy", "The cache policy does not exist.")
	}
	request := aws.ToString(b.OriginRequestPolicyId)
	switch {
	case request != "" && cache == "":
		return refuse("InvalidArgument", "An origin request policy needs a cache policy.")
	case request != "" && !slices.ContainsFunc(f.requestPolicies, func(p types.OriginRequestPolicySummary) bool {
		return aws.ToString(p.OriginRequestPolicy.Id) == request
	}):
		return refuse("NoSuchOriginRequestPolicy", "The origin request policy does not exist.")
	}
	return nil
}

// checkAliases holds aliases to their certificate, and to one distribution.
func (f *Fake) checkAliases(cfg *types.DistributionConfig, own string) error {
	var aliases []string
	if cfg.Aliases != nil {
		aliases = cfg.Aliases.Items
		if int(aws.ToInt32(cfg.Aliases.Quantity)) != len(aliases) {
			return refuse("InconsistentQuantities", "The value of Quantity and the size of Items don't match.")
		}
	}
	if len(aliases) > f.opts.MaxAliases {
		return refuse("TooManyDistributionCNAMEs", "Your request contains more CNAMEs than are allowed per distribution.")
	}
	for _, a := range aliases {
		taken := f.elsewhere[a]
		for id, d := range f.dists {
			if id != own && d.config != nil && d.config.Aliases != nil && slices.Contains(d.config.Aliases.Items, a) {
				taken = true
			}
		}
		if taken {
			return refuse("CNAMEAlreadyExists",
				"One or more of the CNAMEs you provided are already associated with a different resource.")
		}
	}
	return f.checkCertificate(cfg.ViewerCertificate, aliases)
}

func (f *Fake) checkCertificate(v *types.ViewerCertificate, aliases []string) error {
	bad := func(format string, args ...any) error { return refuse("InvalidViewerCertificate", format, args...) }
	if v == nil || aws.ToBool(v.CloudFrontDefaultCertificate) {
		if len(aliases) > 0 {
			return bad("To add an alternate domain name (CNAME) to a CloudFront distribution, you must attach a trusted certificate that validates your authorization to use the domain name.")
		}
		return nil
	}
	arn, iam := aws.ToString(v.ACMCertificateArn), aws.ToString(v.IAMCertificateId)
	name := arn + iam
	switch parts := strings.Split(arn, ":"); {
	case (arn == "") == (iam == ""):
		return bad("The certificate must be one of ACM or one of IAM.")
	case arn != "" && f.partition() == "aws-cn":
		return bad("ACM certificates are not supported in this partition.")
	case arn != "" && (len(parts) != 6 || parts[3] != "us-east-1" || parts[1] != string(f.partition())):
		return bad("The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, or doesn't include a valid certificate chain.")
	case f.certificates[name] == nil:
		return bad("The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, or doesn't include a valid certificate chain.")
	case v.SSLSupportMethod == "":
		return refuse("InvalidArgument", "SSLSupportMethod is missing.")
	case v.MinimumProtocolVersion == "" || !slices.Contains(v.MinimumProtocolVersion.Values(), v.MinimumProtocolVersion),
		v.SSLSupportMethod == types.SSLSupportMethodSniOnly && v.MinimumProtocolVersion == types.MinimumProtocolVersionSSLv3:
		return refuse("InvalidMinimumProtocolVersion", "The minimum protocol version specified is not valid.")
	}
	for _, a := range aliases {
		if !slices.ContainsFunc(f.certificates[name], func(n string) bool { return matches(n, a) }) {
			return bad("The certificate that is attached to your distribution doesn't cover the alternate domain name (CNAME) that you're trying to add: %s", a)
		}
	}
	return nil
}

// matches tells whether a name of a certificate is good for a host.
func matches(pattern, host string) bool {
	if strings.EqualFold(pattern, host) {
		return true
	}
	_, rest, ok := strings.Cut(host, ".")
	return ok && strings.HasPrefix(pattern, "*.") && strings.EqualFold(pattern[2:], rest)
}

func (f *Fake) checkTags(tags *types.Tags) error {
	if tags == nil {
		return nil
	}
	if len(tags.Items) > 50 {
		return refuse("InvalidTagging", "The tags specified are not valid: more than 50.")
	}
	for _, t := range tags.Items {
		if k := aws.ToString(t.Key); k == "" || strings.HasPrefix(strings.ToLower(k), "aws:") || len(k) > 128 || len(aws.ToString(t.Value)) > 256 {
			return refuse("InvalidTagging", "The tags specified are not valid: %s", fmt.Sprintf("%q", k))
		}
	}
	return nil
}
