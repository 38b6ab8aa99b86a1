package route53x

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// MapOptions are decisions that [MapAliyun] does not take by itself. nil is none of them.
type MapOptions struct {
	// CIDR makes lines answer by network: those of operators, whose networks only the caller knows, and custom ones. nil =
	// such a line is lossy, and its name answers everybody as its default line does.
	CIDR *CIDRLines

	// AliasZone is the hosted zone ID of an AWS resource, by its host name, so that a CNAME that Route 53 cannot have (at the
	// apex, or beside other types) becomes an alias. Names below cloudfront.net are known without it (unverified).
	AliasZone func(target string) (zoneID string, ok bool)

	// Snapshot resolves the target of a CNAME that can be neither a CNAME nor an alias, such as with
	// net.Resolver.LookupNetIP. Giving it is the consent that the addresses of this moment stand in the zone and do not
	// follow the target; the record is lossy all the same, and has to be acknowledged. nil = such a record is unmappable.
	Snapshot func(target string) ([]netip.Addr, error)

	// GTM are names (such as "www.example.com") that Aliyun's traffic manager answers. CNAMEs into it are known without.
	GTM []string
}

// CIDRLines say which networks are whose.
type CIDRLines struct {
	Collection string                    // the ID of a CIDR collection at Route 53
	Prefixes   map[string][]netip.Prefix // by the line's code; its location in the collection has the same name
}

// CIDRLocation is a location that the collection must have before the sets are created.
type CIDRLocation struct {
	Name     string         `json:"name"`
	Prefixes []netip.Prefix `json:"prefixes"`
}

// check reports every problem at once.
func (o *MapOptions) check() []error {
	var errs []error
	if o.CIDR == nil {
		return nil
	}
	if o.CIDR.Collection == "" {
		errs = append(errs, fmt.Errorf("CIDR.Collection is empty"))
	}
	for line, prefixes := range o.CIDR.Prefixes {
		switch {
		case line == "" || line == lineDefault:
			errs = append(errs, fmt.Errorf("CIDR.Prefixes[%q]: the default line has all other networks, and none of its own", line))
		case len(line) > 16:
			errs = append(errs, fmt.Errorf("CIDR.Prefixes[%s]: the name of a location has up to 16 characters", line))
		case len(prefixes) == 0:
			errs = append(errs, fmt.Errorf("CIDR.Prefixes[%s] is empty", line))
		}
		for _, p := range prefixes {
			if !p.IsValid() || p != p.Masked() || p.Addr().Is4() && p.Bits() > 24 || p.Addr().Is6() && p.Bits() > 48 {
				errs = append(errs, fmt.Errorf("CIDR.Prefixes[%s]: %s is not a network of at most /24, or /48 of IPv6", line, p))
			}
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errs
}

// locates tells whether a line has networks of its own.
func (o *MapOptions) locates(line string) bool {
	return o.CIDR != nil && len(o.CIDR.Prefixes[line]) > 0
}

// aliasZone finds the hosted zone of an AWS name.
func (o *MapOptions) aliasZone(target string) (string, bool) {
	host := strings.ToLower(strings.TrimSuffix(target, "."))
	if o.AliasZone != nil {
		if id, ok := o.AliasZone(host); ok && id != "" {
			return id, true
		}
	}
	if strings.HasSuffix(host, ".cloudfront.net") {
		return "Z2FDTNDATAQYW2", true // unverified
	}
	return "", false
}

// isAWS tells names of AWS resources that can be the target of an alias.
func isAWS(target string) bool {
	host := strings.ToLower(strings.TrimSuffix(target, "."))
	return slices.ContainsFunc([]string{
		".cloudfront.net", ".elb.amazonaws.com", ".awsglobalaccelerator.com", ".elasticbeanstalk.com",
	}, func(suffix string) bool { return strings.HasSuffix(host, suffix) }) ||
		strings.Contains(host, ".execute-api.") && strings.HasSuffix(host, ".amazonaws.com") ||
		strings.Contains(host, "s3-website") && strings.HasSuffix(host, ".amazonaws.com")
}
