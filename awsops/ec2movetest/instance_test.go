package ec2movetest_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

// TestPublicNameChanges: Trap 13: public DNS changes on stop/start; an Elastic IP address does not.
func TestPublicNameChanges(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{})
	id := server(t, cloud)
	cycle := func(region, id string) (before, stopped, after types.Instance) {
		before = instanceOf(t, cloud, region, id)
		_, err := cloud.Region(region).StopInstances(t.Context(), &ec2.StopInstancesInput{InstanceIds: []string{id}})
		require.NoError(t, err)
		assert.Equal(t, types.InstanceStateNameStopping, instanceOf(t, cloud, region, id).State.Name)
		_, err = cloud.Region(region).StartInstances(t.Context(), &ec2.StartInstancesInput{InstanceIds: []string{id}})
		assert.Equal(t, "IncorrectInstanceState", code(t, err), "while stopping")
		cloud.Clock().Advance(time.Minute)
		stopped = instanceOf(t, cloud, region, id)
		_, err = cloud.Region(region).StartInstances(t.Context(), &ec2.StartInstancesInput{InstanceIds: []string{id}})
		require.NoError(t, err)
		cloud.Clock().Advance(time.Minute)
		return before, stopped, instanceOf(t, cloud, region, id)
	}
	before, stopped, after := cycle(target, id)
	assert.Equal(t, types.InstanceStateNameStopped, stopped.State.Name)
	assert.Nil(t, stopped.PublicIpAddress)
	assert.Empty(t, *stopped.PublicDnsName)
	assert.Equal(t, types.InstanceStateNameRunning, after.State.Name)
	assert.NotEqual(t, *before.PublicIpAddress, *after.PublicIpAddress)
	assert.NotEqual(t, *before.PublicDnsName, *after.PublicDnsName)
	assert.Equal(t, *before.PrivateIpAddress, *after.PrivateIpAddress)

	before, stopped, after = cycle(source, ec2movetest.SampleInstance)
	assert.Equal(t, *before.PublicIpAddress, *stopped.PublicIpAddress)
	assert.Equal(t, *before.PublicIpAddress, *after.PublicIpAddress)
}

func TestStatusChecks(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{})
	id := server(t, cloud)
	status := func(all bool) types.SummaryStatus {
		out, err := cloud.Region(target).DescribeInstanceStatus(t.Context(), &ec2.DescribeInstanceStatusInput{InstanceIds: []string{id}, IncludeAllInstances: aws.Bool(all)})
		require.NoError(t, err)
		if len(out.InstanceStatuses) == 0 {
			return ""
		}
		return out.InstanceStatuses[0].InstanceStatus.Status
	}
	assert.Equal(t, types.SummaryStatusInitializing, status(false))
	cloud.Clock().Advance(2 * time.Minute)
	assert.Equal(t, types.SummaryStatusOk, status(false))
	cloud.Impair(target, id, true)
	assert.Equal(t, types.SummaryStatusImpaired, status(false))
	_, err := cloud.Region(target).StopInstances(t.Context(), &ec2.StopInstancesInput{InstanceIds: []string{id}})
	require.NoError(t, err)
	assert.Empty(t, status(false), "only running ones are shown")
	assert.Equal(t, types.SummaryStatusNotApplicable, status(true))
}

func TestTermination(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{})
	id := server(t, cloud)
	in := cloud.Region(target)
	protect := func(yes bool) {
		_, err := in.ModifyInstanceAttribute(t.Context(), &ec2.ModifyInstanceAttributeInput{InstanceId: aws.String(id), DisableApiTermination: &types.AttributeBooleanValue{Value: aws.Bool(yes)}})
		require.NoError(t, err)
	}
	terminate := func() error {
		_, err := in.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{id}})
		return err
	}
	ip, err := in.AllocateAddress(t.Context(), &ec2.AllocateAddressInput{})
	require.NoError(t, err)
	_, err = in.AssociateAddress(t.Context(), &ec2.AssociateAddressInput{AllocationId: ip.AllocationId, InstanceId: aws.String(id)})
	require.NoError(t, err)
	protect(true)
	assert.Equal(t, "OperationNotPermitted", code(t, terminate()))
	protect(false)
	require.NoError(t, terminate())
	require.NoError(t, terminate(), "again does nothing")
	assert.Len(t, cloud.Volumes(target), 2, "until it is down")
	cloud.Clock().Advance(time.Minute)
	x := instanceOf(t, cloud, target, id)
	assert.Equal(t, types.InstanceStateNameTerminated, x.State.Name)
	assert.Nil(t, x.SubnetId)
	vols := cloud.Volumes(target)
	require.Len(t, vols, 1, "the one that is not deleted on termination")
	assert.Equal(t, types.VolumeStateAvailable, vols[0].State)
	require.Len(t, cloud.Addresses(target), 1, "the address is still allocated, and billed")
	assert.Nil(t, cloud.Addresses(target)[0].InstanceId)
	cloud.Clock().Advance(time.Hour)
	_, err = in.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{InstanceIds: []string{id}})
	assert.Equal(t, "InvalidInstanceID.NotFound", code(t, err), "after an hour")
}

func TestModifyInstance(t *testing.T) {
	t.Parallel()
	yes := &types.AttributeBooleanValue{Value: aws.Bool(true)}
	no := &types.AttributeBooleanValue{Value: aws.Bool(false)}
	for name, tt := range map[string]struct {
		in   ec2.ModifyInstanceAttributeInput
		code string
	}{
		"forwarding":         {ec2.ModifyInstanceAttributeInput{SourceDestCheck: no}, ""},
		"stop protection":    {ec2.ModifyInstanceAttributeInput{DisableApiStop: yes}, ""},
		"by name":            {ec2.ModifyInstanceAttributeInput{Attribute: "disableApiTermination", Value: aws.String("true")}, ""},
		"by a wrong name":    {ec2.ModifyInstanceAttributeInput{Attribute: "kernel", Value: aws.String("x")}, "InvalidParameterValue"},
		"two":                {ec2.ModifyInstanceAttributeInput{SourceDestCheck: no, DisableApiStop: yes}, "InvalidParameterCombination"},
		"none":               {ec2.ModifyInstanceAttributeInput{}, "InvalidParameterCombination"},
		"type while running": {ec2.ModifyInstanceAttributeInput{InstanceType: &types.AttributeValue{Value: aws.String("t3.micro")}}, "IncorrectInstanceState"},
		"shutdown":           {ec2.ModifyInstanceAttributeInput{InstanceInitiatedShutdownBehavior: &types.AttributeValue{Value: aws.String("sleep")}}, "InvalidParameterValue"},
		"no group":           {ec2.ModifyInstanceAttributeInput{Groups: []string{"sg-0ccccccccccccccc1"}}, "InvalidGroup.NotFound"},
		"groups":             {ec2.ModifyInstanceAttributeInput{Groups: []string{"sg-0aaaaaaaaaaaaaaa2"}}, ""},
	} {
		cloud := sample(ec2movetest.Options{})
		tt.in.InstanceId = aws.String(ec2movetest.SampleInstance)
		_, err := cloud.Region(source).ModifyInstanceAttribute(t.Context(), &tt.in)
		assert.Equal(t, tt.code, code(t, err), name)
	}
	cloud := sample(ec2movetest.Options{})
	_, err := cloud.Region(source).ModifyInstanceAttribute(t.Context(), &ec2.ModifyInstanceAttributeInput{InstanceId: aws.String(ec2movetest.SampleInstance), DisableApiStop: yes})
	require.NoError(t, err)
	_, err = cloud.Region(source).StopInstances(t.Context(), &ec2.StopInstancesInput{InstanceIds: []string{ec2movetest.SampleInstance}})
	assert.Equal(t, "OperationNotPermitted", code(t, err))
}

func TestVolumes(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{})
	in := cloud.Region(source)
	const spare = "vol-0aaaaaaaaaaaaaaa3"
	create := func(change func(*ec2.CreateVolumeInput)) (*ec2.CreateVolumeOutput, error) {
		x := &ec2.CreateVolumeInput{AvailabilityZone: aws.String(source + "a"), Size: aws.Int32(10), VolumeType: "gp3", ClientToken: aws.String("token")}
		if change != nil {
			change(x)
		}
		return in.CreateVolume(t.Context(), x)
	}
	made, err := create(nil)
	require.NoError(t, err)
	assert.Equal(t, types.VolumeStateCreating, made.State)
	again, err := create(nil)
	require.NoError(t, err)
	assert.Equal(t, *made.VolumeId, *again.VolumeId)
	for name, tt := range map[string]struct {
		change func(*ec2.CreateVolumeInput)
		code   string
	}{
		"changed": {func(x *ec2.CreateVolumeInput) { x.Size = aws.Int32(11) }, "IdempotentParameterMismatch"},
		"no zone": {func(x *ec2.CreateVolumeInput) { x.AvailabilityZone = aws.String("us-east-1a"); x.ClientToken = nil }, "InvalidZone.NotFound"},
		"no size": {func(x *ec2.CreateVolumeInput) { x.Size, x.ClientToken = nil, nil }, "MissingParameter"},
		"no snapshot": {func(x *ec2.CreateVolumeInput) {
			x.SnapshotId, x.ClientToken = aws.String("snap-0aaaaaaaaaaaaaaaa"), nil
		}, "InvalidSnapshot.NotFound"},
		"type":       {func(x *ec2.CreateVolumeInput) { x.VolumeType, x.ClientToken = "gp9", nil }, "InvalidParameterValue"},
		"throughput": {func(x *ec2.CreateVolumeInput) { x.Throughput, x.ClientToken = aws.Int32(1000), nil }, "InvalidParameterValue"},
		"multi":      {func(x *ec2.CreateVolumeInput) { x.MultiAttachEnabled, x.ClientToken = aws.Bool(true), nil }, "InvalidParameterCombination"},
		"key alone":  {func(x *ec2.CreateVolumeInput) { x.KmsKeyId, x.ClientToken = aws.String("alias/aws/ebs"), nil }, "InvalidParameterDependency"},
	} {
		_, err := create(tt.change)
		assert.Equal(t, tt.code, code(t, err), name)
	}
	snap, err := in.CreateSnapshot(t.Context(), &ec2.CreateSnapshotInput{VolumeId: aws.String(spare)})
	require.NoError(t, err)
	from := func(gib int32) func(*ec2.CreateVolumeInput) {
		return func(x *ec2.CreateVolumeInput) {
			x.SnapshotId, x.Size, x.ClientToken = snap.SnapshotId, aws.Int32(gib), nil
		}
	}
	_, err = create(from(20))
	assert.Equal(t, "IncorrectState", code(t, err), "the snapshot is pending")
	cloud.Clock().Advance(time.Minute)
	_, err = create(from(19))
	assert.Equal(t, "InvalidParameterValue", code(t, err), "smaller than the snapshot")
	_, err = create(from(20))
	require.NoError(t, err)
	made, err = create(func(x *ec2.CreateVolumeInput) { x.ClientToken = aws.String("later") })
	require.NoError(t, err)
	attach := func(volume, instance, device string) error {
		_, err := in.AttachVolume(t.Context(), &ec2.AttachVolumeInput{VolumeId: aws.String(volume), InstanceId: aws.String(instance), Device: aws.String(device)})
		return err
	}
	remove := func(volume string) error {
		_, err := in.DeleteVolume(t.Context(), &ec2.DeleteVolumeInput{VolumeId: aws.String(volume)})
		return err
	}
	assert.Equal(t, "IncorrectState", code(t, attach(*made.VolumeId, ec2movetest.SampleInstance, "/dev/sdg")), "still creating")
	assert.Equal(t, "InvalidParameterValue", code(t, attach(spare, ec2movetest.SampleInstance, "/dev/sdf")), "taken")
	assert.Equal(t, "InvalidParameterValue", code(t, attach(spare, ec2movetest.SampleInstance, "disk")))
	require.NoError(t, attach(spare, ec2movetest.SampleInstance, "/dev/sdg"))
	assert.Equal(t, "VolumeInUse", code(t, attach(spare, ec2movetest.SampleInstance, "/dev/sdh")))
	assert.Equal(t, "VolumeInUse", code(t, remove(spare)))
	elsewhere, err := create(func(x *ec2.CreateVolumeInput) { x.AvailabilityZone, x.ClientToken = aws.String(source+"b"), nil })
	require.NoError(t, err)
	cloud.Clock().Advance(time.Minute)
	assert.Equal(t, "InvalidVolume.ZoneMismatch", code(t, attach(*elsewhere.VolumeId, ec2movetest.SampleInstance, "/dev/sdi")))
	_, err = in.DetachVolume(t.Context(), &ec2.DetachVolumeInput{VolumeId: aws.String("vol-0aaaaaaaaaaaaaaa1")})
	assert.Equal(t, "OperationNotPermitted", code(t, err), "the root of a running instance")
	_, err = in.DetachVolume(t.Context(), &ec2.DetachVolumeInput{VolumeId: aws.String(spare)})
	require.NoError(t, err)
	_, err = in.DetachVolume(t.Context(), &ec2.DetachVolumeInput{VolumeId: aws.String(spare)})
	assert.Equal(t, "IncorrectState", code(t, err))
	require.NoError(t, remove(spare))
	assert.Equal(t, "InvalidVolume.NotFound", code(t, remove(spare)))
}

// TestAddresses: Trap 2: AllocateAddress has no key of its own: two calls, two addresses.
func TestAddresses(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{Boot: time.Minute})
	_, image := copied(t, cloud)
	in := cloud.Region(target)
	out, err := in.RunInstances(t.Context(), launchInput(image, nil))
	require.NoError(t, err)
	id := out.Instances[0].InstanceId
	var all []*string
	for range 5 {
		a, err := in.AllocateAddress(t.Context(), &ec2.AllocateAddressInput{Domain: "vpc"})
		require.NoError(t, err)
		all = append(all, a.AllocationId)
	}
	_, err = in.AllocateAddress(t.Context(), &ec2.AllocateAddressInput{})
	assert.Equal(t, "AddressLimitExceeded", code(t, err))
	associate := func(a *string, re bool) (*string, error) {
		out, err := in.AssociateAddress(t.Context(), &ec2.AssociateAddressInput{AllocationId: a, InstanceId: id, AllowReassociation: aws.Bool(re)})
		if err != nil {
			return nil, err
		}
		return out.AssociationId, nil
	}
	_, err = associate(all[0], false)
	assert.Equal(t, "IncorrectInstanceState", code(t, err), "pending")
	cloud.Clock().Advance(time.Minute)
	own := *instanceOf(t, cloud, target, *id).PublicIpAddress
	first, err := associate(all[0], false)
	require.NoError(t, err)
	again, err := associate(all[0], false)
	require.NoError(t, err)
	assert.Equal(t, *first, *again)
	_, err = associate(all[1], false)
	assert.Equal(t, "Resource.AlreadyAssociated", code(t, err))
	_, err = associate(all[1], true)
	require.NoError(t, err)
	found, err := in.DescribeAddresses(t.Context(), &ec2.DescribeAddressesInput{Filters: []types.Filter{filter("instance-id", *id)}})
	require.NoError(t, err)
	require.Len(t, found.Addresses, 1)
	assert.Equal(t, *all[1], *found.Addresses[0].AllocationId)
	release := func(a *string) error {
		_, err := in.ReleaseAddress(t.Context(), &ec2.ReleaseAddressInput{AllocationId: a})
		return err
	}
	assert.Equal(t, "InvalidIPAddress.InUse", code(t, release(all[1])))
	_, err = in.DisassociateAddress(t.Context(), &ec2.DisassociateAddressInput{AssociationId: first})
	assert.Equal(t, "InvalidAssociationID.NotFound", code(t, err), "the old one")
	_, err = in.DisassociateAddress(t.Context(), &ec2.DisassociateAddressInput{AssociationId: found.Addresses[0].AssociationId})
	require.NoError(t, err)
	assert.NotEqual(t, own, *instanceOf(t, cloud, target, *id).PublicIpAddress, "a new one of its own")
	for _, a := range all {
		require.NoError(t, release(a))
	}
	assert.Equal(t, "InvalidAllocationID.NotFound", code(t, release(all[0])))
}

func TestMeter(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{Halt: -1, Boot: -1})
	in := cloud.Region(source)
	cloud.Clock().Advance(2 * time.Hour)
	_, err := in.StopInstances(t.Context(), &ec2.StopInstancesInput{InstanceIds: []string{ec2movetest.SampleInstance}})
	require.NoError(t, err)
	cloud.Clock().Advance(3 * time.Hour)
	m := cloud.Meter()
	assert.InDelta(t, 2, m.InstanceHours["eu-central-1 t3.small"], 0.001)
	assert.InDelta(t, 5, m.AddressHours, 0.001, "an Elastic IP address costs while its instance is stopped")
	_, err = in.StartInstances(t.Context(), &ec2.StartInstancesInput{InstanceIds: []string{ec2movetest.SampleInstance}})
	require.NoError(t, err)
	cloud.Clock().Advance(time.Hour)
	assert.InDelta(t, 3, cloud.Meter().InstanceHours["eu-central-1 t3.small"], 0.001)
	assert.InDelta(t, 3, cloud.Meter().InstanceHours["eu-central-1 t3.small"], 0.001, "asking changes nothing")
}
