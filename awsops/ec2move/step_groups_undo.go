package ec2move

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

// deleteGroups takes the copies back: first the rules in which they name each other, since EC2 deletes no group that another
// names, then the groups, when the network interface of the terminated copy has left them.
func deleteGroups(ctx context.Context, m *move) (turn, error) {
	if groupsGiven(m) {
		return turn{done: true}, nil
	}
	vpc, err := m.groupsVPC(ctx)
	if err != nil {
		return turn{}, err
	}
	groups, err := m.closure(ctx) // with the state lost, this is what tells the names
	if err != nil {
		return turn{}, err
	}
	of := slices.Concat(idsOf(groups), slices.Collect(maps.Keys(m.progress().IDs)))
	slices.Sort(of)
	of = slices.Compact(of)
	copies, err := m.copiesOf(ctx, vpc, of)
	if err != nil {
		return turn{}, err
	}
	maps.DeleteFunc(copies, func(_ string, g types.SecurityGroup) bool { return !m.spec.ours(g.Tags) })
	for _, id := range slices.Sorted(maps.Keys(copies)) {
		if t, err := m.revokeCross(ctx, copies[id], copies); !t.done || err != nil {
			return t, err
		}
	}
	var unseen []string
	for _, id := range of {
		if there, ok := copies[id]; ok && m.progress().IDs[id] != removed { // else an old list still shows it
			return m.deleteGroup(ctx, id, aws.ToString(there.GroupId))
		}
		unseen = append(unseen, id)
	}
	return m.allVanished(unseen), nil
}

// revokeCross removes the rules of a copy that name another copy; its own name in them does not keep it.
func (m *move) revokeCross(ctx context.Context, g types.SecurityGroup, copies map[string]types.SecurityGroup) (turn, error) {
	id := aws.ToString(g.GroupId)
	others := map[string]bool{}
	for _, c := range copies {
		others[aws.ToString(c.GroupId)] = aws.ToString(c.GroupId) != id
	}
	cross := func(permissions []types.IpPermission) []rule {
		return slices.DeleteFunc(rulesOf(permissions, "", ""), func(r rule) bool { return r.Kind != group || !others[r.Peer] })
	}
	var err error
	switch in, out := cross(g.IpPermissions), cross(g.IpPermissionsEgress); {
	case len(in) > 0:
		_, err = mutate(ctx, m, "RevokeSecurityGroupIngress", id, awscall.Harmless, m.dst.revokeSecurityGroupIngress,
			&ec2.RevokeSecurityGroupIngressInput{GroupId: &id, IpPermissions: permissionsOf(in)})
	case len(out) > 0:
		_, err = mutate(ctx, m, "RevokeSecurityGroupEgress", id, awscall.Harmless, m.dst.revokeSecurityGroupEgress,
			&ec2.RevokeSecurityGroupEgressInput{GroupId: &id, IpPermissions: permissionsOf(out)})
	default:
		return turn{done: true}, nil
	}
	switch {
	case hasCode(err, "InvalidPermission.NotFound"):
		return m.lagging(id, err)
	case err != nil && !errors.Is(err, awsops.ErrGone):
		return turn{}, err
	}
	return turn{after: time.Second}, nil
}

func (m *move) deleteGroup(ctx context.Context, of, id string) (turn, error) {
	used, err := read(ctx, m, "DescribeNetworkInterfaces", m.dst.describeNetworkInterfaces, &ec2.DescribeNetworkInterfacesInput{Filters: []types.Filter{filter("group-id", id)}})
	if err != nil {
		return turn{}, err
	}
	if len(used.NetworkInterfaces) > 0 {
		var interfaces []string
		for _, n := range used.NetworkInterfaces {
			interfaces = append(interfaces, aws.ToString(n.NetworkInterfaceId))
		}
		if m.since("waits for the network interfaces of "+id) < 2*settle {
			return turn{after: 15 * time.Second}, nil
		}
		m.impatient()
		return turn{}, &Error{
			Resource: id, Err: awsops.ErrConflict, Reason: "in use by " + strings.Join(interfaces, ", "),
			Hint: "take these network interfaces out of the group, and go on",
		}
	}
	_, err = mutate(ctx, m, "DeleteSecurityGroup", id, awscall.Harmless, m.dst.deleteSecurityGroup, &ec2.DeleteSecurityGroupInput{GroupId: &id})
	switch {
	case hasCode(err, "DependencyViolation"):
		if m.since("waits for what still uses "+id) < 2*settle {
			return turn{after: 15 * time.Second}, nil
		}
		m.impatient()
		e, _ := errors.AsType[*Error](err)
		own := *e
		own.Hint = "a rule of a group that is not of this move names it: remove that rule, and go on"
		return turn{}, &own
	case errors.Is(err, awsops.ErrGone): // it is gone and the list is old, or the call has not heard of it yet: the list will tell
		return turn{after: lookAgain}, nil
	case err != nil:
		return turn{}, err
	}
	m.keep(of, removed)
	return turn{after: time.Second}, nil
}
