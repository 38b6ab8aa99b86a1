package ec2movetest

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

type group struct {
	meta

	name, description string
	vpc               string
	in, out           []rule
}

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

func (r *region) createSecurityGroup(in *ec2.CreateSecurityGroupInput) (*ec2.CreateSecurityGroupOutput, error) {
	if err := required("GroupName", in.GroupName, "GroupDescription", in.Description); err != nil {
		return nil, err
	}
	tags, err := tagsFor(in.TagSpecifications, types.ResourceTypeSecurityGroup)
	if err != nil {
		return nil, err
	}
	name := *in.GroupName
	switch {
	case !groupText(name) || strings.TrimSpace(name) != name:
		return nil, refuse("InvalidParameterValue", "Value (%s) for parameter GroupName is invalid. Character sets beyond ASCII are not supported.", name)
	case !groupText(*in.Description):
		return nil, refuse("InvalidParameterValue", "Value (%s) for parameter GroupDescription is invalid. Character sets beyond ASCII are not supported.", *in.Description)
	case strings.HasPrefix(name, "sg-"):
		return nil, refuse("InvalidParameterValue", "Value (%s) for parameter GroupName is invalid. Group names may not be in the format sg-*.", name)
	}
	vpcID := in.VpcId
	if vpcID == nil {
		v, ok := r.mainVPC()
		if !ok {
			return nil, refuse("VPCIdNotSpecified", "No default VPC for this user")
		}
		vpcID = aws.String(v.id)
	}
	v, err := r.vpcs.use("VpcId", vpcID)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(r.groups.all, func(g *group) bool { return g.vpc == v.id && g.name == name }) {
		return nil, refuse("InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", name, v.id)
	}
	g := &group{
		meta: meta{id: r.cloud.id("sg", r.name), tags: tags[types.ResourceTypeSecurityGroup]}, name: name, description: *in.Description, vpc: v.id,
		out: []rule{r.allOut()},
	}
	r.groups.put(r, g)
	return &ec2.CreateSecurityGroupOutput{GroupId: aws.String(g.id), SecurityGroupArn: aws.String(r.cloud.arn("ec2", r.name, "security-group/"+g.id)), Tags: tagList(g.tags)}, nil
}

// groupText is what names and descriptions of groups and rules may hold.
func groupText(s string) bool {
	if len(s) > 255 {
		return false
	}
	for _, ch := range s {
		if !(ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z' || ch >= '0' && ch <= '9' || strings.ContainsRune(" ._-:/()#,@[]+=&;{}!$*", ch)) {
			return false
		}
	}
	return true
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

func (r *region) authorize(id *string, perms []types.IpPermission, specs []types.TagSpecification, out bool) ([]types.SecurityGroupRule, error) {
	g, err := r.groups.use("GroupId", id)
	if err != nil {
		return nil, err
	}
	tags, err := tagsFor(specs, types.ResourceTypeSecurityGroupRule)
	if err != nil {
		return nil, err
	}
	rules, err := r.parseRules(g, perms)
	if err != nil {
		return nil, err
	}
	have := &g.in
	if out {
		have = &g.out
	}
	for _, x := range rules {
		if slices.ContainsFunc(*have, x.same) {
			peer := x.cidr + x.list + x.group
			return nil, refuse("InvalidPermission.Duplicate", "the specified rule \"peer: %s, %s, from port: %d, to port: %d, ALLOW\" already exists", peer, strings.ToUpper(x.proto), x.from, x.to)
		}
	}
	if r.weigh(append(slices.Clone(*have), rules...)) > r.cloud.opts.RulesPerGroup {
		return nil, refuse("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.")
	}
	var made []types.SecurityGroupRule
	for _, x := range rules {
		x.id = r.cloud.id("sgr", r.name)
		x.tags = tags[types.ResourceTypeSecurityGroupRule]
		*have = append(*have, x)
		made = append(made, r.ruleOf(g, x, out))
	}
	return made, nil
}

// weigh is the count of rules that the quota is about: that of IPv4 or that of IPv6, whichever is more, with the others in both.
func (r *region) weigh(rules []rule) int {
	four, six := 0, 0
	for _, x := range rules {
		n := x.weight(r)
		if !strings.Contains(x.cidr, ":") {
			four += n
		}
		if !strings.Contains(x.cidr, ".") {
			six += n
		}
	}
	return max(four, six)
}

func (r *region) ruleOf(g *group, x rule, out bool) types.SecurityGroupRule {
	s := types.SecurityGroupRule{
		Description: optional(x.description), FromPort: aws.Int32(x.from), ToPort: aws.Int32(x.to), GroupId: aws.String(g.id), GroupOwnerId: aws.String(r.cloud.account),
		IpProtocol: aws.String(x.proto), IsEgress: aws.Bool(out), PrefixListId: optional(x.list), SecurityGroupRuleId: aws.String(x.id), Tags: tagList(x.tags),
	}
	switch {
	case strings.Contains(x.cidr, ":"):
		s.CidrIpv6 = aws.String(x.cidr)
	case x.cidr != "":
		s.CidrIpv4 = aws.String(x.cidr)
	case x.group != "":
		s.ReferencedGroupInfo = &types.ReferencedSecurityGroup{GroupId: aws.String(x.group), UserId: aws.String(x.user)}
	}
	return s
}

func (r *region) authorizeSecurityGroupIngress(in *ec2.AuthorizeSecurityGroupIngressInput) (*ec2.AuthorizeSecurityGroupIngressOutput, error) {
	made, err := r.authorize(in.GroupId, in.IpPermissions, in.TagSpecifications, false)
	return &ec2.AuthorizeSecurityGroupIngressOutput{Return: aws.Bool(true), SecurityGroupRules: made}, err
}

func (r *region) authorizeSecurityGroupEgress(in *ec2.AuthorizeSecurityGroupEgressInput) (*ec2.AuthorizeSecurityGroupEgressOutput, error) {
	made, err := r.authorize(in.GroupId, in.IpPermissions, in.TagSpecifications, true)
	return &ec2.AuthorizeSecurityGroupEgressOutput{Return: aws.Bool(true), SecurityGroupRules: made}, err
}

// revoke takes rules away. Of rules that are not there EC2 says so, and fails only if they were named by ID.
func (r *region) revoke(id *string, perms []types.IpPermission, ruleIDs []string, out bool) (gone []types.RevokedSecurityGroupRule, unknown []types.IpPermission, err error) {
	g, err := r.groups.use("GroupId", id)
	if err != nil {
		return nil, nil, err
	}
	have := &g.in
	if out {
		have = &g.out
	}
	if len(perms) > 0 && len(ruleIDs) > 0 {
		return nil, nil, refuse("InvalidParameterCombination", "Permissions and rule IDs may not be specified together")
	}
	drop := map[string]bool{}
	for _, rid := range ruleIDs {
		if !slices.ContainsFunc(*have, func(x rule) bool { return x.id == rid }) {
			return nil, nil, refuse("InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '%s' does not exist", rid)
		}
		drop[rid] = true
	}
	if len(ruleIDs) == 0 {
		rules, err := r.parseRules(g, perms)
		if err != nil {
			return nil, nil, err
		}
		for _, x := range rules {
			i := slices.IndexFunc(*have, x.same)
			if i < 0 {
				unknown = append(unknown, permissions([]rule{x})...)
				continue
			}
			drop[(*have)[i].id] = true
		}
		if len(drop) == 0 {
			return nil, nil, refuse("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
		}
	}
	for _, x := range *have {
		if drop[x.id] {
			gone = append(gone, types.RevokedSecurityGroupRule{
				GroupId: aws.String(g.id), IsEgress: aws.Bool(out), IpProtocol: aws.String(x.proto), SecurityGroupRuleId: aws.String(x.id),
			})
		}
	}
	*have = slices.DeleteFunc(*have, func(x rule) bool { return drop[x.id] })
	return gone, unknown, nil
}

func (r *region) revokeSecurityGroupIngress(in *ec2.RevokeSecurityGroupIngressInput) (*ec2.RevokeSecurityGroupIngressOutput, error) {
	gone, unknown, err := r.revoke(in.GroupId, in.IpPermissions, in.SecurityGroupRuleIds, false)
	return &ec2.RevokeSecurityGroupIngressOutput{Return: aws.Bool(true), RevokedSecurityGroupRules: gone, UnknownIpPermissions: unknown}, err
}

func (r *region) revokeSecurityGroupEgress(in *ec2.RevokeSecurityGroupEgressInput) (*ec2.RevokeSecurityGroupEgressOutput, error) {
	gone, unknown, err := r.revoke(in.GroupId, in.IpPermissions, in.SecurityGroupRuleIds, true)
	return &ec2.RevokeSecurityGroupEgressOutput{Return: aws.Bool(true), RevokedSecurityGroupRules: gone, UnknownIpPermissions: unknown}, err
}

func (r *region) deleteSecurityGroup(in *ec2.DeleteSecurityGroupInput) (*ec2.DeleteSecurityGroupOutput, error) {
	g, err := r.groups.use("GroupId", in.GroupId)
	if err != nil {
		return nil, err
	}
	if g.name == "default" {
		return nil, refuse("CannotDelete", "the specified group: \"%s\" name: \"default\" cannot be deleted by a user", g.id)
	}
	dependent := refuse("DependencyViolation", "resource %s has a dependent object", g.id)
	for _, x := range r.instances.all {
		if x.state != "terminated" && slices.Contains(x.groups, g.id) {
			return nil, dependent
		}
	}
	for _, other := range r.groups.all {
		if other != g && slices.ContainsFunc(slices.Concat(other.in, other.out), func(x rule) bool { return x.group == g.id }) {
			return nil, dependent
		}
	}
	r.groups.remove(g.id)
	return &ec2.DeleteSecurityGroupOutput{GroupId: aws.String(g.id), Return: aws.Bool(true)}, nil
}

func (r *region) describeSecurityGroups(in *ec2.DescribeSecurityGroupsInput) (*ec2.DescribeSecurityGroupsOutput, error) {
	found, err := r.groups.lookup(in.GroupIds, in.Filters, map[string]func(*group) []string{
		"group-id":    func(g *group) []string { return one(g.id) },
		"group-name":  func(g *group) []string { return one(g.name) },
		"description": func(g *group) []string { return one(g.description) },
		"vpc-id":      func(g *group) []string { return one(g.vpc) },
		"owner-id":    func(*group) []string { return one(r.cloud.account) },
		"ip-permission.group-id": func(g *group) (ids []string) {
			for _, x := range g.in {
				ids = append(ids, one(x.group)...)
			}
			return ids
		},
		"egress.ip-permission.group-id": func(g *group) (ids []string) {
			for _, x := range g.out {
				ids = append(ids, one(x.group)...)
			}
			return ids
		},
	})
	if err != nil {
		return nil, err
	}
	found, next, err := page(r, found, in.MaxResults, in.NextToken, len(in.GroupIds) > 0)
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeSecurityGroupsOutput{NextToken: next}
	for _, g := range found {
		out.SecurityGroups = append(out.SecurityGroups, r.describeGroup(g))
	}
	return out, nil
}

func (r *region) describeGroup(g *group) types.SecurityGroup {
	return types.SecurityGroup{
		Description: aws.String(g.description), GroupId: aws.String(g.id), GroupName: aws.String(g.name), IpPermissions: permissions(g.in),
		IpPermissionsEgress: permissions(g.out), OwnerId: aws.String(r.cloud.account), VpcId: aws.String(g.vpc), Tags: tagList(g.tags),
		SecurityGroupArn: aws.String(r.cloud.arn("ec2", r.name, "security-group/"+g.id)),
	}
}

// permissions puts rules of the same protocol and ports together, as EC2 shows them.
func permissions(rules []rule) []types.IpPermission {
	var out []types.IpPermission
	for _, x := range rules {
		i := slices.IndexFunc(out, func(p types.IpPermission) bool {
			return *p.IpProtocol == x.proto && (x.proto == "-1" || *p.FromPort == x.from && *p.ToPort == x.to)
		})
		if i < 0 {
			p := types.IpPermission{IpProtocol: aws.String(x.proto)}
			if x.proto != "-1" {
				p.FromPort, p.ToPort = aws.Int32(x.from), aws.Int32(x.to)
			}
			out = append(out, p)
			i = len(out) - 1
		}
		p := &out[i]
		switch d := optional(x.description); {
		case x.list != "":
			p.PrefixListIds = append(p.PrefixListIds, types.PrefixListId{PrefixListId: aws.String(x.list), Description: d})
		case x.group != "":
			p.UserIdGroupPairs = append(p.UserIdGroupPairs, types.UserIdGroupPair{GroupId: aws.String(x.group), UserId: aws.String(x.user), Description: d})
		case strings.Contains(x.cidr, ":"):
			p.Ipv6Ranges = append(p.Ipv6Ranges, types.Ipv6Range{CidrIpv6: aws.String(x.cidr), Description: d})
		default:
			p.IpRanges = append(p.IpRanges, types.IpRange{CidrIp: aws.String(x.cidr), Description: d})
		}
	}
	return out
}
