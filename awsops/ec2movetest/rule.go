package ec2movetest

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// rule is one peer of one permission. EC2 counts them so.
type rule struct {
	id          string
	proto       string
	from, to    int32 // -1 where the protocol has none
	cidr        string
	list, group string
	user        string // the account of group
	description string
	tags        map[string]string
}

// same tells whether two rules let the same through. The description does not matter.
func (a rule) same(b rule) bool {
	return a.proto == b.proto && a.from == b.from && a.to == b.to && a.cidr == b.cidr && a.list == b.list && a.group == b.group
}

// weight is how much a rule counts for the quota: a prefix list with all that it could hold.
func (a rule) weight(r *region) int {
	if l, ok := r.lists.find(a.list); ok {
		return int(l.most)
	}
	return 1
}

func (r *region) allOut() rule {
	return rule{id: r.cloud.id("sgr", r.name), proto: "-1", from: -1, to: -1, cidr: "0.0.0.0/0"}
}

// parseRules makes one rule of each peer.
func (r *region) parseRules(g *group, perms []types.IpPermission) ([]rule, error) {
	if len(perms) == 0 {
		return nil, missing("IpPermissions")
	}
	var out []rule
	for _, p := range perms {
		base, err := parsePermission(p)
		if err != nil {
			return nil, err
		}
		before := len(out)
		add := func(x rule, description *string) error {
			x.description = aws.ToString(description)
			if !groupText(x.description) {
				return refuse("InvalidParameterValue", "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*")
			}
			if slices.ContainsFunc(out, x.same) {
				return refuse("InvalidParameterValue", "The same permission must not appear multiple times")
			}
			out = append(out, x)
			return nil
		}
		for _, peer := range p.IpRanges {
			x := base
			if x.cidr, err = network(aws.ToString(peer.CidrIp), true); err == nil {
				err = add(x, peer.Description)
			}
			if err != nil {
				return nil, err
			}
		}
		for _, peer := range p.Ipv6Ranges {
			x := base
			if x.cidr, err = network(aws.ToString(peer.CidrIpv6), false); err == nil {
				err = add(x, peer.Description)
			}
			if err != nil {
				return nil, err
			}
		}
		for _, peer := range p.PrefixListIds {
			x := base
			l, err := r.lists.use("PrefixListId", peer.PrefixListId)
			if err != nil {
				return nil, err
			}
			x.list = l.id
			if err := add(x, peer.Description); err != nil {
				return nil, err
			}
		}
		for _, peer := range p.UserIdGroupPairs {
			x, err := r.pairRule(g, base, peer)
			if err != nil {
				return nil, err
			}
			if err := add(x, peer.Description); err != nil {
				return nil, err
			}
		}
		if len(out) == before {
			return nil, refuse("MissingParameter", "Either cidrIp, cidrIpv6, prefixListId or sourceSecurityGroup must be specified")
		}
	}
	return out, nil
}

func (r *region) pairRule(g *group, x rule, peer types.UserIdGroupPair) (rule, error) {
	x.user = r.cloud.account
	if peer.UserId != nil && *peer.UserId != r.cloud.account {
		return x, refuse("InvalidGroup.NotFound", "You have specified two resources that belong to different networks.")
	}
	if peer.GroupId == nil {
		return x, missing("GroupId")
	}
	of, err := r.groups.use("GroupId", peer.GroupId)
	if err != nil {
		return x, err
	}
	if of.vpc != g.vpc {
		return x, refuse("InvalidGroup.NotFound", "You have specified two resources that belong to different networks.")
	}
	x.group = of.id
	return x, nil
}

func parsePermission(p types.IpPermission) (rule, error) {
	x := rule{proto: strings.ToLower(aws.ToString(p.IpProtocol)), from: -1, to: -1}
	if name, ok := map[string]string{"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": "-1"}[x.proto]; ok {
		x.proto = name
	}
	var n int
	_, errNumber := fmt.Sscanf(x.proto, "%d", &n)
	switch {
	case x.proto == "":
		return x, missing("IpProtocol")
	case x.proto == "tcp" || x.proto == "udp":
		if p.FromPort == nil || p.ToPort == nil {
			return x, refuse("InvalidParameterValue", "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.")
		}
		x.from, x.to = *p.FromPort, *p.ToPort
		if x.from < 0 || x.to > 65535 || x.from > x.to {
			return x, refuse("InvalidParameterValue", "Invalid TCP/UDP port range (%d:%d)", x.from, x.to)
		}
	case x.proto == "icmp" || x.proto == "icmpv6":
		if p.FromPort != nil {
			x.from = *p.FromPort
		}
		if p.ToPort != nil {
			x.to = *p.ToPort
		}
	case x.proto == "-1": // ports have no meaning
	case errNumber != nil || n < 0 || n > 255:
		return x, refuse("InvalidParameterValue", "Invalid value '%s' for IP protocol. Unknown protocol.", x.proto)
	}
	return x, nil
}

func network(s string, four bool) (string, error) {
	p, err := netip.ParsePrefix(s)
	if err != nil || p.Addr().Is4() != four {
		return "", refuse("InvalidParameterValue", "CIDR block %s is malformed", s)
	}
	return p.Masked().String(), nil
}
