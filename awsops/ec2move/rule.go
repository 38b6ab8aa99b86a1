package ec2move

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// rule is one rule of a security group: one range of ports, one peer. EC2 answers with permissions, which hold several peers.
type rule struct {
	Protocol string // "tcp", "-1"
	From, To int32  // ports, or type and code of ICMP; -1 for all
	Kind     peer
	Peer     string // CIDR or ID
	Desc     string
	foreign  string // why the peer cannot be carried: it belongs to another account or VPC; empty if it can
}

type peer string

const (
	ipv4       peer = "ipv4"
	ipv6       peer = "ipv6"
	prefixList peer = "prefix-list"
	group      peer = "group"
)

// key is the rule without its description: what EC2 takes for the same rule.
func (r rule) key() rule {
	return rule{Protocol: r.Protocol, From: r.From, To: r.To, Kind: r.Kind, Peer: r.Peer}
}

// String is the rule for people: "tcp 443 from 0.0.0.0/0".
func (r rule) String() string {
	text := r.Protocol
	switch {
	case r.Protocol == "-1":
		text = "all traffic"
	case r.From == r.To:
		text += " " + strconv.Itoa(int(r.From))
	default:
		text += " " + strconv.Itoa(int(r.From)) + "–" + strconv.Itoa(int(r.To))
	}
	return text + " with " + r.Peer
}

// rulesOf takes permissions apart, in a fixed order. owner is the account of the group and vpc its VPC.
func rulesOf(permissions []types.IpPermission, owner, vpc string) []rule {
	var out []rule
	for _, p := range permissions {
		base := rule{Protocol: aws.ToString(p.IpProtocol), From: -1, To: -1}
		if p.FromPort != nil {
			base.From = *p.FromPort
		}
		if p.ToPort != nil {
			base.To = *p.ToPort
		}
		add := func(kind peer, id, description *string, foreign string) {
			r := base
			r.Kind, r.Peer, r.Desc, r.foreign = kind, aws.ToString(id), aws.ToString(description), foreign
			out = append(out, r)
		}
		for _, r := range p.IpRanges {
			add(ipv4, r.CidrIp, r.Description, "")
		}
		for _, r := range p.Ipv6Ranges {
			add(ipv6, r.CidrIpv6, r.Description, "")
		}
		for _, r := range p.PrefixListIds {
			add(prefixList, r.PrefixListId, r.Description, "")
		}
		for _, r := range p.UserIdGroupPairs {
			var foreign string
			switch {
			case aws.ToString(r.VpcPeeringConnectionId) != "":
				foreign = "of a peered VPC"
			case aws.ToString(r.UserId) != "" && aws.ToString(r.UserId) != owner:
				foreign = "of another account"
			case aws.ToString(r.VpcId) != "" && aws.ToString(r.VpcId) != vpc:
				foreign = "of another VPC"
			}
			add(group, r.GroupId, r.Description, foreign)
		}
	}
	slices.SortFunc(out, func(a, b rule) int {
		return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Peer, b.Peer))
	})
	return out
}

// permissionsOf puts rules into the form of a call, one permission for each: EC2 merges what belongs together.
func permissionsOf(rules []rule) []types.IpPermission {
	out := make([]types.IpPermission, len(rules))
	for i, r := range rules {
		p := types.IpPermission{IpProtocol: aws.String(r.Protocol)}
		if r.Protocol != "-1" { // all protocols have all ports
			p.FromPort, p.ToPort = aws.Int32(r.From), aws.Int32(r.To)
		}
		id := aws.String(r.Peer)
		var description *string
		if r.Desc != "" {
			description = aws.String(r.Desc)
		}
		switch r.Kind {
		case ipv4:
			p.IpRanges = []types.IpRange{{CidrIp: id, Description: description}}
		case ipv6:
			p.Ipv6Ranges = []types.Ipv6Range{{CidrIpv6: id, Description: description}}
		case prefixList:
			p.PrefixListIds = []types.PrefixListId{{PrefixListId: id, Description: description}}
		case group:
			p.UserIdGroupPairs = []types.UserIdGroupPair{{GroupId: id, Description: description}}
		}
		out[i] = p
	}
	return out
}

// missing are the rules of want that have has not, by their keys.
func missing(want, have []rule) []rule {
	seen := make(map[rule]bool, len(have))
	for _, r := range have {
		seen[r.key()] = true
	}
	var out []rule
	for _, r := range want {
		if !seen[r.key()] {
			seen[r.key()] = true
			out = append(out, r)
		}
	}
	return out
}

// defaultEgress are the rules that EC2 gives to a new group: everything may go out, over IPv6 too if the VPC has it.
func defaultEgress() []rule {
	return []rule{
		{Protocol: "-1", From: -1, To: -1, Kind: ipv4, Peer: "0.0.0.0/0"},
		{Protocol: "-1", From: -1, To: -1, Kind: ipv6, Peer: "::/0"},
	}
}

// common are the rules that both have.
func common(a, b []rule) []rule {
	return slices.DeleteFunc(slices.Clone(a), func(r rule) bool {
		return !slices.ContainsFunc(b, func(o rule) bool { return o.key() == r.key() })
	})
}
