package ec2movetest

import (
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
		letter := ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z' || ch >= '0' && ch <= '9'
		if !letter && !strings.ContainsRune(" ._-:/()#,@[]+=&;{}!$*", ch) {
			return false
		}
	}
	return true
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
