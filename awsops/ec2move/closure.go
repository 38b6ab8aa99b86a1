package ec2move

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

const maxFilterValues = 200 // of one filter

// sourceGroup is a security group of the source, or one that a rule of such a group names.
type sourceGroup struct {
	ID, Name, Desc  string
	Tags            map[string]string
	Ingress, Egress []rule
}

// closure is the source's groups and, over any number of steps, those that their rules name: they must exist before a rule can
// name them. In order of their IDs. Groups of other VPCs and accounts do not belong to it: rules that name them are marked, and
// so are those whose group is gone.
func (m *move) closure(ctx context.Context) ([]sourceGroup, error) {
	known := map[string]*sourceGroup{}
	for ask := m.st.Source.Groups; len(ask) > 0; {
		var found []types.SecurityGroup
		for part := range slices.Chunk(ask, maxFilterValues) {
			some, err := securityGroups(ctx, m, m.src, filter("group-id", part...), filter("vpc-id", m.st.Source.VPCID))
			if err != nil {
				return nil, err
			}
			found = append(found, some...)
		}
		for _, id := range ask {
			known[id] = nil
		}
		for _, g := range found {
			owner, vpc := aws.ToString(g.OwnerId), aws.ToString(g.VpcId)
			known[aws.ToString(g.GroupId)] = &sourceGroup{
				ID: aws.ToString(g.GroupId), Name: aws.ToString(g.GroupName), Desc: aws.ToString(g.Description), Tags: tagMap(g.Tags),
				Ingress: rulesOf(g.IpPermissions, owner, vpc), Egress: rulesOf(g.IpPermissionsEgress, owner, vpc),
			}
		}
		next := map[string]bool{}
		for _, g := range known {
			for r := range g.rules() {
				if _, asked := known[r.Peer]; r.Kind == group && r.foreign == "" && !asked {
					next[r.Peer] = true
				}
			}
		}
		ask = slices.Sorted(maps.Keys(next))
	}
	var out []sourceGroup
	for _, g := range known {
		if g == nil {
			continue
		}
		for r := range g.rules() {
			if r.Kind == group && r.foreign == "" && known[r.Peer] == nil {
				r.foreign = "that is not in the source's VPC"
			}
		}
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b sourceGroup) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}

// rules is every rule of the group, both ways, to be changed in place.
func (g *sourceGroup) rules() iter.Seq[*rule] {
	return func(yield func(*rule) bool) {
		if g == nil {
			return
		}
		for _, list := range [][]rule{g.Ingress, g.Egress} {
			for i := range list {
				if !yield(&list[i]) {
					return
				}
			}
		}
	}
}

// securityGroups is every group that the filters let through.
func securityGroups(ctx context.Context, m *move, in calls, filters ...types.Filter) ([]types.SecurityGroup, error) {
	var out []types.SecurityGroup
	ask := &ec2.DescribeSecurityGroupsInput{Filters: filters}
	for {
		page, err := read(ctx, m, "DescribeSecurityGroups", in.describeSecurityGroups, ask)
		if err != nil {
			return nil, err
		}
		out = append(out, page.SecurityGroups...)
		if aws.ToString(page.NextToken) == "" {
			return out, nil
		}
		ask = &ec2.DescribeSecurityGroupsInput{Filters: filters, NextToken: page.NextToken}
	}
}

// prefixListsOf are the prefix lists that the rules name, in order.
func prefixListsOf(groups []sourceGroup) []string {
	seen := map[string]bool{}
	for i := range groups {
		for r := range groups[i].rules() {
			if r.Kind == prefixList {
				seen[r.Peer] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}
