package ec2movetest

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

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
