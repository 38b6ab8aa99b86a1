package ec2move

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/internal/awscall"
)

// terminate is the rollback of the launch and of what was attached: the copy goes, with its protection lifted before, and then
// every volume in the new Region that this move has made.
func terminate(ctx context.Context, m *move) (turn, error) {
	found, err := m.ofThisMove(ctx)
	if err != nil {
		return turn{}, err
	}
	for _, i := range found {
		id := aws.ToString(i.InstanceId)
		if !m.spec.ours(i.Tags) || stateOf(i) == types.InstanceStateNameTerminated {
			continue
		}
		if stateOf(i) == types.InstanceStateNameShuttingDown {
			return turn{after: lookAgain}, nil
		}
		if lifted, err := m.unprotect(ctx, id); !lifted || err != nil {
			return m.unheardOf(err)
		}
		_, err := mutate(ctx, m, "TerminateInstances", id, awscall.Harmless, m.dst.terminateInstances, &ec2.TerminateInstancesInput{InstanceIds: []string{id}})
		if err != nil && !hasCode(err, "InvalidInstanceID.NotFound") {
			return turn{}, err
		}
		if err == nil {
			m.keep("the copy", removed)
		}
		return turn{after: lookAgain}, nil
	}
	if t := m.unseen("the copy"); !t.done {
		return t, nil
	}
	return m.removeVolumes(ctx)
}

// ofThisMove are all instances in the new Region that this move has launched, by ID, token and tag.
func (m *move) ofThisMove(ctx context.Context) ([]types.Instance, error) {
	found, err := m.listInstances(ctx, m.dst, ec2.DescribeInstancesInput{Filters: m.made(StepLaunch, "")})
	if err != nil {
		return nil, err
	}
	launch := m.of(StepLaunch)
	if launch.ID != "" {
		one, err := m.listInstances(ctx, m.dst, ec2.DescribeInstancesInput{InstanceIds: []string{launch.ID}})
		if err != nil && !hasCode(err, "InvalidInstanceID.NotFound") {
			return nil, err
		}
		found = append(found, one...)
	}
	if subnet := launch.IDs[inSubnet]; subnet != "" {
		token := m.token(subnet, launch.Attempt)
		one, err := m.listInstances(ctx, m.dst, ec2.DescribeInstancesInput{Filters: []types.Filter{filter("client-token", token)}})
		if err != nil {
			return nil, err
		}
		found = append(found, one...)
	}
	return found, nil
}

// unprotect lifts what keeps an instance from being terminated, one attribute a turn.
func (m *move) unprotect(ctx context.Context, id string) (lifted bool, err error) {
	for _, name := range []types.InstanceAttributeName{types.InstanceAttributeNameDisableApiTermination, types.InstanceAttributeNameDisableApiStop} {
		on, err := m.protected(ctx, id, name)
		if err != nil {
			return false, err
		}
		if on {
			return false, m.protect(ctx, id, name, false)
		}
	}
	return true, nil
}

// outliving tells whether there may be volumes of the copy, beside those that were seen and deleted.
func (m *move) outliving() bool {
	n := len(m.spec.Volumes)
	for _, d := range m.st.Source.Devices {
		if !d.DeleteOnTermination {
			n++
		}
	}
	for key, what := range m.progress().IDs {
		if what == removed && strings.HasPrefix(key, "volume ") {
			n--
		}
	}
	return n > 0
}

// removeVolumes deletes what volumes of this move are left: those that were attached later, and those that outlive an instance.
func (m *move) removeVolumes(ctx context.Context) (turn, error) {
	left, err := m.listVolumes(ctx, m.dst, ec2.DescribeVolumesInput{Filters: []types.Filter{filter("tag:"+TagMove, m.spec.ID)}})
	if err != nil {
		return turn{}, err
	}
	waiting := false
	for _, v := range left {
		if !m.spec.ours(v.Tags) || v.State == types.VolumeStateDeleting || v.State == types.VolumeStateDeleted {
			continue
		}
		if v.State == types.VolumeStateInUse || v.State == types.VolumeStateCreating {
			waiting = true
			continue
		}
		id := aws.ToString(v.VolumeId)
		_, err := mutate(ctx, m, "DeleteVolume", id, awscall.Harmless, m.dst.deleteVolume, &ec2.DeleteVolumeInput{VolumeId: &id})
		if err != nil && !hasCode(err, "InvalidVolume.NotFound", "VolumeInUse") {
			return turn{}, err
		}
		if err == nil {
			m.keep("volume "+id, removed)
		}
		return turn{after: lookAgain}, nil
	}
	if waiting {
		return turn{after: lookAgain}, nil
	}
	if m.progress().IDs["volumes"] != removed && m.outliving() {
		return m.unseen("volumes"), nil
	}
	return turn{done: true}, nil
}
