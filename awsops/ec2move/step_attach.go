package ec2move

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

// stepAttach does what RunInstances cannot: it makes the volumes that were detached, in the zone where the copy runs by now, and
// attaches them; it turns the source/destination check off for a copy that forwards; and it protects the copy as the source was,
// last, so that what fails before can be taken back with fewer calls. What it made goes with the instance in a rollback.
func stepAttach() step {
	return step{id: StepAttach, do: attach}
}

func attach(ctx context.Context, m *move) (turn, error) {
	copied, seen, err := m.copyNow(ctx)
	if err != nil || !seen {
		return turn{after: lookAgain}, err
	}
	switch {
	case !alive(copied):
		return turn{}, m.died(copied)
	case stateOf(copied) == types.InstanceStateNamePending:
		return turn{after: lookAgain}, nil
	}
	ready := true
	for _, v := range m.spec.Volumes {
		done, err := m.attachVolume(ctx, copied, v)
		if err != nil {
			return m.unheardOf(err)
		}
		ready = ready && done
	}
	if !ready {
		return turn{after: lookAgain}, nil
	}
	id := aws.ToString(copied.InstanceId)
	if m.st.Source.Forwards && (copied.SourceDestCheck == nil || *copied.SourceDestCheck) {
		_, err := mutate(ctx, m, "ModifyInstanceAttribute", id, awscall.Harmless, m.dst.modifyInstanceAttribute,
			&ec2.ModifyInstanceAttributeInput{InstanceId: &id, SourceDestCheck: &types.AttributeBooleanValue{Value: aws.Bool(false)}})
		return m.unheardOf(err)
	}
	for _, want := range []struct {
		name types.InstanceAttributeName
		on   bool
	}{
		{types.InstanceAttributeNameDisableApiTermination, m.st.Source.Protected},
		{types.InstanceAttributeNameDisableApiStop, m.st.Source.StopProtected},
	} {
		if !want.on {
			continue
		}
		on, err := m.protected(ctx, id, want.name)
		if err == nil && !on {
			err = m.protect(ctx, id, want.name, true)
		}
		if err != nil || !on {
			return m.unheardOf(err)
		}
	}
	return turn{done: true}, nil
}

// attachVolume makes one volume and attaches it. CreateVolume has a client token, and AttachVolume a state as its effect.
func (m *move) attachVolume(ctx context.Context, to types.Instance, v Volume) (done bool, err error) {
	id := m.progress().IDs[v.ID]
	if id == "" {
		return false, m.makeVolume(ctx, to, v)
	}
	found, err := m.listVolumes(ctx, m.dst, ec2.DescribeVolumesInput{VolumeIds: []string{id}})
	if err != nil && !hasCode(err, "InvalidVolume.NotFound") {
		return false, err
	}
	instance := aws.ToString(to.InstanceId)
	switch i := slices.IndexFunc(found, func(v types.Volume) bool { return aws.ToString(v.VolumeId) == id }); {
	case i < 0 && m.now().Sub(m.progress().Since) < settle:
		return false, nil
	case i < 0:
		return false, &Error{Op: "DescribeVolumes", Code: "InvalidVolume.NotFound", Resource: id, Reason: "EC2 knows no such volume", Err: awsops.ErrGone}
	case found[i].State == types.VolumeStateError:
		return false, &Error{Resource: id, Reason: "the volume is in error", Err: awsops.ErrFailed, Hint: "a key that may not be used is the usual cause; roll back"}
	case found[i].State == types.VolumeStateCreating:
		return false, nil
	case len(found[i].Attachments) > 0:
		at := found[i].Attachments[0]
		if other := aws.ToString(at.InstanceId); other != instance {
			return false, &Error{Resource: id, Reason: "is attached to " + other, Err: awsops.ErrConflict}
		}
		return at.State == types.VolumeAttachmentStateAttached, nil
	}
	_, err = mutate(ctx, m, "AttachVolume", id, awscall.Harmless, m.dst.attachVolume, &ec2.AttachVolumeInput{InstanceId: &instance, VolumeId: &id, Device: &v.Device})
	if hasCode(err, "VolumeInUse", "IncorrectState") { // attached by a first try, or the copy stops and starts: looked at again
		err = nil
	}
	return false, err
}

// makeVolume looks for the volume, in the zone of the copy, and makes it if EC2 shows none.
func (m *move) makeVolume(ctx context.Context, to types.Instance, v Volume) error {
	if to.Placement == nil || aws.ToString(to.Placement.AvailabilityZone) == "" {
		return errors.New("EC2 does not say in which zone the copy is")
	}
	zone := *to.Placement.AvailabilityZone
	found, err := m.listVolumes(ctx, m.dst, ec2.DescribeVolumesInput{Filters: append(m.made(StepAttach, v.ID), filter("availability-zone", zone))})
	if err != nil {
		return err
	}
	for _, have := range found {
		if have.State != types.VolumeStateDeleting && have.State != types.VolumeStateDeleted && have.State != types.VolumeStateError {
			m.begun(v.ID, aws.ToString(have.VolumeId))
			return nil
		}
	}
	return m.createVolume(ctx, zone, v)
}

// createVolume makes the volume of a copied snapshot, as the source's was.
func (m *move) createVolume(ctx context.Context, zone string, v Volume) error {
	was, err := m.listVolumes(ctx, m.src, ec2.DescribeVolumesInput{VolumeIds: []string{v.ID}})
	if err != nil {
		return err
	}
	if len(was) == 0 {
		return &Error{Op: "DescribeVolumes", Resource: v.ID, Reason: "EC2 knows no such volume", Err: awsops.ErrGone}
	}
	snapshot, err := m.copiedSnapshot(ctx, v)
	if err != nil {
		return err
	}
	token := m.spec.name(StepAttach, v.ID+" "+zone, 0)
	in := &ec2.CreateVolumeInput{
		AvailabilityZone: &zone, SnapshotId: &snapshot, ClientToken: &token, VolumeType: was[0].VolumeType,
		TagSpecifications: specify(m.tags(v.ID, tagMap(was[0].Tags)), types.ResourceTypeVolume),
	}
	switch in.VolumeType {
	case types.VolumeTypeGp3:
		in.Iops, in.Throughput = was[0].Iops, was[0].Throughput
	case types.VolumeTypeIo1, types.VolumeTypeIo2:
		in.Iops = was[0].Iops
	}
	out, err := mutate(ctx, m, "CreateVolume", token, awscall.Harmless, m.dst.createVolume, in)
	if err != nil {
		return err
	}
	m.begun(v.ID, aws.ToString(out.VolumeId))
	return nil
}

// copiedSnapshot is the snapshot that a volume is made of; of a state that was found, by its tags.
func (m *move) copiedSnapshot(ctx context.Context, v Volume) (string, error) {
	if id := m.of(StepVolumes).IDs[copyOf(v.ID)]; id != "" {
		return id, nil
	}
	all, err := m.listSnapshots(ctx, m.dst, ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}, Filters: m.made(StepVolumes, v.ID)})
	if err != nil {
		return "", err
	}
	if len(all) == 0 {
		return "", &Error{Code: "InvalidSnapshot.NotFound", Resource: v.ID, Reason: "EC2 shows no copied snapshot of it", Err: awsops.ErrGone}
	}
	return aws.ToString(firstOf(all).SnapshotId), nil
}

// unheardOf is the turn after a call on something that was made a moment ago: where EC2 does not know it yet, another look.
func (m *move) unheardOf(err error) (turn, error) {
	if hasCode(err, "InvalidInstanceID.NotFound", "InvalidVolume.NotFound", "InvalidSnapshot.NotFound") {
		e, _ := errors.AsType[*Error](err)
		return m.lagging(e.Resource, err)
	}
	return turn{}, err
}

// protected reads one of the attributes that keep an instance from being ended.
func (m *move) protected(ctx context.Context, id string, name types.InstanceAttributeName) (bool, error) {
	out, err := read(ctx, m, "DescribeInstanceAttribute", m.dst.describeInstanceAttribute, &ec2.DescribeInstanceAttributeInput{InstanceId: &id, Attribute: name})
	if err != nil {
		return false, err
	}
	v := out.DisableApiTermination
	if name == types.InstanceAttributeNameDisableApiStop {
		v = out.DisableApiStop
	}
	return v != nil && aws.ToBool(v.Value), nil
}

// protect sets one of them: EC2 takes one attribute a call.
func (m *move) protect(ctx context.Context, id string, name types.InstanceAttributeName, on bool) error {
	in := &ec2.ModifyInstanceAttributeInput{InstanceId: &id}
	if value := (&types.AttributeBooleanValue{Value: &on}); name == types.InstanceAttributeNameDisableApiStop {
		in.DisableApiStop = value
	} else {
		in.DisableApiTermination = value
	}
	_, err := mutate(ctx, m, "ModifyInstanceAttribute", id, awscall.Harmless, m.dst.modifyInstanceAttribute, in)
	return err
}
