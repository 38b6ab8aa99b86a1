package ec2move

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// lookAtGroups: which groups will the copy have?
func (p *planner) lookAtGroups() {
	if given := p.spec.To.Groups; len(given) > 0 {
		for _, id := range given {
			i := slices.IndexFunc(p.given, func(g types.SecurityGroup) bool { return aws.ToString(g.GroupId) == id })
			switch {
			case i < 0:
				p.found(Stop, "group-not-found", "make it, or leave Target.Groups empty", "there is no security group %s in %s", id, p.spec.To.Region)
			case len(p.subnets) > 0 && aws.ToString(p.given[i].VpcId) != aws.ToString(p.subnets[0].VpcId):
				p.found(Stop, "group-elsewhere", "choose a group of that VPC", "security group %s is in %s, and the copy goes to %s", id, aws.ToString(p.given[i].VpcId), aws.ToString(p.subnets[0].VpcId))
			}
		}
		return
	}
	s := p.plan.Source
	for _, id := range s.Groups {
		if !slices.Contains(idsOf(p.groups), id) {
			p.found(Stop, "group-not-read", "allow ec2:DescribeSecurityGroups, or name groups in Target.Groups", "the source's security group %s is not shown to the caller: there is nothing to copy", id)
		}
	}
	if len(p.groups) > 0 {
		more := ""
		if n := len(p.groups) - len(s.Groups); n > 0 {
			more = ", with those that their rules name"
		}
		p.found(Note, "groups-copied", "", "to be made in %[2]s: %[1]s%[3]s", count(len(p.groups), "security group"), p.spec.To.Region, more)
	}
	if len(s.Groups) > defaultGroups {
		p.found(Warn, "groups-quota", "have the quota raised in the new Region", "the source has %d security groups, and %d is the default quota", len(s.Groups), defaultGroups)
	}
	for _, l := range p.lists {
		switch name := aws.ToString(l.PrefixListName); {
		case aws.ToString(l.OwnerId) == ownerAWS:
			if !l.There {
				p.found(Warn, "prefix-list-missing", "allow by other means what the rules allowed", "%s has no prefix list %s of AWS: its rules are left out", p.spec.To.Region, p.nameThere(name))
			}
		case aws.ToBool(l.IpamPrefixListResolverSyncEnabled):
			p.found(Warn, "prefix-list-synced", "set up IPAM in the new Region", "prefix list %s follows an IPAM resolver; its copy stays as it is", name)
		default:
			p.found(Note, "prefix-list-copied", "", "prefix list %s (%s) is made in %s", name, strconv.Itoa(l.Entries)+" of "+strconv.Itoa(int(aws.ToInt32(l.MaxEntries)))+" entries", p.spec.To.Region)
		}
	}
}

const (
	defaultGroups = 5  // of a network interface
	defaultRules  = 60 // of a group, each way, for IPv4 and IPv6 each
)

// lookAtRules: which of them cannot be carried, and which will mean something else?
func (p *planner) lookAtRules() {
	lists := map[string]listFact{}
	for _, l := range p.lists {
		lists[aws.ToString(l.PrefixListId)] = l
	}
	for i := range p.groups {
		g := &p.groups[i]
		var private []string
		for r := range g.rules() {
			l, known := lists[r.Peer]
			switch {
			case r.Kind == group && r.foreign != "":
				p.found(Warn, "rule-lost", "connect the new VPC likewise, and add the rule by hand", "%s (%s): the rule %v names a group %s, and is left out", g.ID, g.Name, r, r.foreign)
			case r.Kind == prefixList && !known:
				p.found(Warn, "rule-lost", "add the rule by hand", "%s (%s): the rule %v names a prefix list that is not shown to the caller, and is left out", g.ID, g.Name, r)
			case r.Kind == prefixList && aws.ToString(l.OwnerId) == ownerAWS && !l.There:
				p.found(Warn, "rule-lost", "add the rule by hand", "%s (%s): the rule %v is left out, for want of its prefix list", g.ID, g.Name, r)
			case (r.Kind == ipv4 || r.Kind == ipv6) && isPrivate(r.Peer):
				private = append(private, r.String())
			}
		}
		if len(private) > 0 {
			p.found(Warn, "private-range", "look whether the range means the same in the new VPC", "%s (%s): rules are copied that name private ranges: %s", g.ID, g.Name, strings.Join(private, "; "))
		}
		for _, way := range []struct {
			name  string
			rules []rule
		}{{"in", g.Ingress}, {"out", g.Egress}} {
			if n := weigh(way.rules, lists); n > defaultRules {
				p.found(Warn, "rules-quota", "have the quota raised in the new Region, or take rules together", "%s (%s) has rules of weight %d %s, and %d is the default quota", g.ID, g.Name, n, way.name, defaultRules)
			}
		}
	}
}

// weigh counts rules as the quota does: for IPv4 and IPv6 apart, groups and prefix lists for both, a customer's prefix list with
// its maximum of entries. The weights of AWS's own lists are not in the API; that of CloudFront's is 55 by AWS's documentation.
func weigh(rules []rule, lists map[string]listFact) int {
	v4, v6 := 0, 0
	for _, r := range rules {
		switch r.Kind {
		case ipv4:
			v4++
		case ipv6:
			v6++
		case group:
			v4++
			v6++
		case prefixList:
			weight := 1
			switch l := lists[r.Peer]; {
			case aws.ToString(l.OwnerId) != ownerAWS:
				weight = max(int(aws.ToInt32(l.MaxEntries)), 1)
			case strings.HasSuffix(aws.ToString(l.PrefixListName), ".cloudfront.origin-facing"):
				weight = 55
			}
			if aws.ToString(lists[r.Peer].AddressFamily) == "IPv6" {
				v6 += weight
			} else {
				v4 += weight
			}
		}
	}
	return max(v4, v6)
}

func isPrivate(cidr string) bool {
	prefix, err := netip.ParsePrefix(cidr)
	return err == nil && prefix.Addr().IsPrivate()
}
