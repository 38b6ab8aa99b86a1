package ec2move

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

// stepGroups makes copies of the source's security groups and of all that their rules name, with the same rules; Progress.IDs
// has both IDs of each, and ID the VPC. All groups are made before the first rule, since rules may name any of them, in a circle
// too. Names are unique in a VPC, and rules in a group: a second call finds what the first one did.
func stepGroups() step {
	return step{id: StepGroups, skip: groupsGiven, do: makeGroups, undo: deleteGroups}
}

// groupsGiven: the caller has groups in the new VPC already, or the source has none.
func groupsGiven(m *move) bool { return len(m.spec.To.Groups) > 0 || len(m.st.Source.Groups) == 0 }

func makeGroups(ctx context.Context, m *move) (turn, error) {
	vpc, err := m.groupsVPC(ctx)
	if err != nil {
		return turn{}, err
	}
	groups, err := m.closure(ctx)
	if err != nil {
		return turn{}, err
	}
	copies, err := m.copiesOf(ctx, vpc, idsOf(groups))
	if err != nil {
		return turn{}, err
	}
	for _, g := range groups {
		there, ok := copies[g.ID]
		if !ok {
			return m.createGroup(ctx, vpc, g)
		}
		if !m.spec.ours(there.Tags) { // Trap 6 has the like for images: somebody else's is not taken
			return turn{}, &Error{
				Resource: aws.ToString(there.GroupId), Err: awsops.ErrConflict, Reason: "security group " + aws.ToString(there.GroupName) + " is not of this move",
				Hint: "remove or rename it, or give the move another ID",
			}
		}
		m.keep(g.ID, aws.ToString(there.GroupId))
	}
	for _, g := range groups {
		if t, err := m.giveRules(ctx, g, copies[g.ID]); !t.done || err != nil {
			return t, err
		}
	}
	return turn{done: true}, nil
}

// groupsVPC is the VPC of the copies, looked up once.
func (m *move) groupsVPC(ctx context.Context) (string, error) {
	if id := m.progress().ID; id != "" {
		return id, nil
	}
	vpc, err := m.targetVPC(ctx)
	if err == nil {
		m.set(func(p *Progress) { p.ID = vpc })
	}
	return vpc, err
}

// copiesOf are the groups that have the names of the copies, by the IDs of what they are copies of.
func (m *move) copiesOf(ctx context.Context, vpc string, of []string) (map[string]types.SecurityGroup, error) {
	byName := map[string]string{}
	for _, id := range of {
		byName[m.spec.name(StepGroups, id, 0)] = id
	}
	out := map[string]types.SecurityGroup{}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(byName)), maxFilterValues) {
		found, err := securityGroups(ctx, m, m.dst, filter("group-name", part...), filter("vpc-id", vpc))
		if err != nil {
			return nil, err
		}
		for _, g := range found {
			if id, ok := byName[aws.ToString(g.GroupName)]; ok {
				out[id] = g
			}
		}
	}
	return out, nil
}

func (m *move) createGroup(ctx context.Context, vpc string, g sourceGroup) (turn, error) {
	name := m.spec.name(StepGroups, g.ID, 0)
	if m.progress().IDs[g.ID] != "" { // made, and not in the lists yet
		return m.lagging(m.progress().IDs[g.ID], &Error{Resource: m.progress().IDs[g.ID], Reason: "the group that was made is not found", Err: awsops.ErrGone})
	}
	out, err := mutate(ctx, m, "CreateSecurityGroup", name, awscall.Harmless, m.dst.createSecurityGroup, &ec2.CreateSecurityGroupInput{
		GroupName: &name, Description: aws.String(g.Desc), VpcId: &vpc, TagSpecifications: specify(m.tags(g.ID, g.Tags), types.ResourceTypeSecurityGroup),
	})
	switch {
	case hasCode(err, "InvalidGroup.Duplicate"): // of a call that was cut off
		return m.lagging(name, err)
	case err != nil:
		return turn{}, err
	}
	m.keep(g.ID, aws.ToString(out.GroupId))
	m.set(func(p *Progress) { p.Phase = Begun })
	return turn{after: time.Second}, nil
}

// giveRules makes the rules of a copy those of its source, one call at a time: what EC2 put there and the source has not goes,
// what is missing comes.
func (m *move) giveRules(ctx context.Context, g sourceGroup, there types.SecurityGroup) (turn, error) {
	id, owner, vpc := aws.ToString(there.GroupId), aws.ToString(there.OwnerId), aws.ToString(there.VpcId)
	wantIn, wantOut := m.translate(g.Ingress), m.translate(g.Egress)
	haveIn, haveOut := rulesOf(there.IpPermissions, owner, vpc), rulesOf(there.IpPermissionsEgress, owner, vpc)
	var err error
	switch surplus, in, out := common(missing(haveOut, wantOut), defaultEgress()), missing(wantIn, haveIn), missing(wantOut, haveOut); {
	case len(surplus) > 0:
		_, err = mutate(ctx, m, "RevokeSecurityGroupEgress", id, awscall.Harmless, m.dst.revokeSecurityGroupEgress,
			&ec2.RevokeSecurityGroupEgressInput{GroupId: &id, IpPermissions: permissionsOf(surplus)})
	case len(in) > 0:
		_, err = mutate(ctx, m, "AuthorizeSecurityGroupIngress", id, awscall.Harmless, m.dst.authorizeSecurityGroupIngress,
			&ec2.AuthorizeSecurityGroupIngressInput{GroupId: &id, IpPermissions: permissionsOf(in)})
	case len(out) > 0:
		_, err = mutate(ctx, m, "AuthorizeSecurityGroupEgress", id, awscall.Harmless, m.dst.authorizeSecurityGroupEgress,
			&ec2.AuthorizeSecurityGroupEgressInput{GroupId: &id, IpPermissions: permissionsOf(out)})
	default:
		return turn{done: true}, nil
	}
	switch {
	case hasCode(err, "InvalidPermission.Duplicate", "InvalidPermission.NotFound", "InvalidGroup.NotFound", "InvalidGroupId.NotFound"):
		return m.lagging(id, err) // done before, and not shown yet; or a group that was just made
	case err != nil:
		return turn{}, err
	}
	return turn{after: time.Second}, nil
}

// translate puts the new Region's IDs into rules. Those that cannot be carried are left out: the plan has named them.
func (m *move) translate(rules []rule) []rule {
	var out []rule
	for _, r := range rules {
		if r.Kind == group || r.Kind == prefixList {
			ids := m.of(StepGroups).IDs
			if r.Kind == prefixList {
				ids = m.of(StepPrefixLists).IDs
			}
			r.Peer = ids[r.Peer]
			if r.foreign != "" || r.Peer == "" {
				continue
			}
		}
		out = append(out, r)
	}
	return out
}

func idsOf(groups []sourceGroup) []string {
	ids := make([]string, len(groups))
	for i, g := range groups {
		ids[i] = g.ID
	}
	return ids
}
