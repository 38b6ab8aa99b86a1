package ec2move_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

// things are the resources of the account in a Region, with the name of their move's tag.
func (s *stage) things(t *testing.T, region string) map[string]string {
	t.Helper()
	ctx, in, out := t.Context(), s.cloud.Region(region), map[string]string{}
	put := func(id *string, tags []types.Tag) {
		out[aws.ToString(id)] = ""
		for _, tag := range tags {
			if aws.ToString(tag.Key) == ec2move.TagMove {
				out[aws.ToString(id)] = aws.ToString(tag.Value)
			}
		}
	}
	images, err := in.DescribeImages(ctx, &ec2.DescribeImagesInput{Owners: []string{"self"}})
	require.NoError(t, err)
	for i := range images.Images {
		put(images.Images[i].ImageId, images.Images[i].Tags)
	}
	snapshots, err := in.DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}})
	require.NoError(t, err)
	for i := range snapshots.Snapshots {
		put(snapshots.Snapshots[i].SnapshotId, snapshots.Snapshots[i].Tags)
	}
	volumes, err := in.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{})
	require.NoError(t, err)
	for i := range volumes.Volumes {
		put(volumes.Volumes[i].VolumeId, volumes.Volumes[i].Tags)
	}
	groups, err := in.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{})
	require.NoError(t, err)
	for i := range groups.SecurityGroups {
		put(groups.SecurityGroups[i].GroupId, groups.SecurityGroups[i].Tags)
	}
	lists, err := in.DescribeManagedPrefixLists(ctx, &ec2.DescribeManagedPrefixListsInput{})
	require.NoError(t, err)
	for i := range lists.PrefixLists {
		put(lists.PrefixLists[i].PrefixListId, lists.PrefixLists[i].Tags)
	}
	pairs, err := in.DescribeKeyPairs(ctx, &ec2.DescribeKeyPairsInput{})
	require.NoError(t, err)
	for i := range pairs.KeyPairs {
		put(pairs.KeyPairs[i].KeyPairId, pairs.KeyPairs[i].Tags)
	}
	addresses, err := in.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{})
	require.NoError(t, err)
	for i := range addresses.Addresses {
		put(addresses.Addresses[i].AllocationId, addresses.Addresses[i].Tags)
	}
	instances, err := in.DescribeInstances(ctx, &ec2.DescribeInstancesInput{})
	require.NoError(t, err)
	for _, r := range instances.Reservations {
		for i := range r.Instances {
			if r.Instances[i].State.Name != types.InstanceStateNameTerminated {
				put(r.Instances[i].InstanceId, r.Instances[i].Tags)
			}
		}
	}
	return out
}

// plant makes look-alikes in both Regions: the names of the move without its tag, and the tags of a move whose name is
// longer, of a move whose name is shorter, and of one in other letters.
func (s *stage) plant(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	for _, region := range []string{ec2movetest.SampleRegion, "us-east-1"} {
		in := s.cloud.Region(region)
		for i, tags := range [][]types.Tag{
			{{Key: aws.String("Name"), Value: aws.String("m-web-to-us-image")}},
			{{Key: aws.String(ec2move.TagMove), Value: aws.String("web-to-us-2")}, {Key: aws.String(ec2move.TagStep), Value: aws.String("image")}},
			{{Key: aws.String(ec2move.TagMove), Value: aws.String("web-to")}, {Key: aws.String(ec2move.TagStep), Value: aws.String("copy")}},
			{{Key: aws.String("AWSOPS:Migration"), Value: aws.String("web-to-us")}},
		} {
			spec := func(kind types.ResourceType) []types.TagSpecification {
				return []types.TagSpecification{{ResourceType: kind, Tags: tags}}
			}
			name := fmt.Sprintf("m-web-to-us-%d", i)
			_, err := in.AllocateAddress(ctx, &ec2.AllocateAddressInput{TagSpecifications: spec(types.ResourceTypeElasticIp)})
			require.NoError(t, err)
			vpcs, err := in.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{})
			require.NoError(t, err)
			_, err = in.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{
				GroupName: &name, Description: &name, VpcId: vpcs.Vpcs[0].VpcId, TagSpecifications: spec(types.ResourceTypeSecurityGroup),
			})
			require.NoError(t, err)
			zones, err := in.DescribeAvailabilityZones(ctx, &ec2.DescribeAvailabilityZonesInput{})
			require.NoError(t, err)
			volume, err := in.CreateVolume(ctx, &ec2.CreateVolumeInput{
				AvailabilityZone: zones.AvailabilityZones[0].ZoneName, Size: aws.Int32(1), ClientToken: &name, TagSpecifications: spec(types.ResourceTypeVolume),
			})
			require.NoError(t, err)
			s.cloud.Clock().Advance(1e9 * 60)
			_, err = in.CreateSnapshot(ctx, &ec2.CreateSnapshotInput{VolumeId: volume.VolumeId, TagSpecifications: spec(types.ResourceTypeSnapshot)})
			require.NoError(t, err)
			_, err = in.CreateManagedPrefixList(ctx, &ec2.CreateManagedPrefixListInput{
				PrefixListName: &name, AddressFamily: aws.String("IPv4"), MaxEntries: aws.Int32(1), ClientToken: &name, TagSpecifications: spec(types.ResourceTypePrefixList),
			})
			require.NoError(t, err)
		}
	}
	source := ec2movetest.SampleInstance
	_, err := s.cloud.Region(ec2movetest.SampleRegion).CreateImage(ctx, &ec2.CreateImageInput{InstanceId: &source, Name: aws.String("m-web-to-us"), NoReboot: aws.Bool(true)})
	require.NoError(t, err)
	s.cloud.Clock().Advance(1e9 * 3600)
}

// Trap 29: "nothing without our migration tag is ever deleted." After the move and after its rollback, all that was there
// before is there still, and nothing of the move is left.
func TestTrap29NothingWithoutTheTagOfTheMoveIsDeleted(t *testing.T) {
	t.Parallel()
	s := newStage(t, &ec2movetest.Options{Addresses: 10})
	s.spec.Volumes = []ec2move.Volume{{ID: "vol-0aaaaaaaaaaaaaaa3", Device: "/dev/sdh"}}
	s.plant(t)
	before := map[string]map[string]string{}
	for _, region := range []string{ec2movetest.SampleRegion, "us-east-1"} {
		before[region] = s.things(t, region)
		require.Greater(t, len(before[region]), 20)
	}
	c := s.client(t)
	st, err := s.run(t, c, nil, nil)
	require.NoError(t, err)
	for region, things := range before {
		now := s.things(t, region)
		for id := range things {
			assert.Contains(t, now, id, "%s, after the move", region)
		}
		for id, move := range now {
			if move == s.spec.ID {
				assert.NotContains(t, id, "ami-", "images go")
				assert.NotContains(t, id, "snap-", "and snapshots")
			}
		}
	}
	require.NoError(t, s.undo(t, c, st))
	for region, things := range before {
		assert.Equal(t, things, s.things(t, region), "%s, after the rollback", region)
	}
	s.asBefore(t)
}

// A move is rolled back from wherever it is, by the state and without one: the account is as it was, and the source runs.
func TestARollbackFromEveryStep(t *testing.T) {
	t.Parallel()
	specs := map[string]func(*ec2move.Spec){
		"reboot": func(*ec2move.Spec) {},
		"stop":   func(s *ec2move.Spec) { s.Capture = ec2move.StopFirst },
		"two-pass": func(s *ec2move.Spec) {
			s.Capture = ec2move.TwoPass
			s.Volumes = []ec2move.Volume{{ID: "vol-0aaaaaaaaaaaaaaa3", Device: "/dev/sdh"}}
		},
	}
	for _, step := range []ec2move.StepID{
		ec2move.StepCheck, ec2move.StepKeyPair, ec2move.StepPrefixLists, ec2move.StepGroups, ec2move.StepHotImage, ec2move.StepHotCopy, ec2move.StepStop, ec2move.StepImage,
		ec2move.StepCopy, ec2move.StepVolumes, ec2move.StepLaunch, ec2move.StepAttach, ec2move.StepReady, ec2move.StepAddress, ec2move.StepCutover, ec2move.StepFinish,
	} {
		for name, set := range specs {
			for _, lost := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %s, lost %v", step, name, lost), func(t *testing.T) {
					t.Parallel()
					s := newStage(t, nil)
					set(&s.spec)
					before := map[string]map[string]string{}
					for _, region := range []string{ec2movetest.SampleRegion, "us-east-1"} {
						before[region] = s.things(t, region)
					}
					st, err := s.run(t, s.client(t), nil, func(st ec2move.State) bool { p := st.Steps[step].Phase; return p != ec2move.Waiting })
					require.NoError(t, err)
					c := s.client(t)
					if lost {
						st, err = c.Find(t.Context(), s.spec)
						require.NoError(t, err)
					}
					require.NoError(t, s.undo(t, c, st))
					for region, things := range before {
						assert.Equal(t, slices.Sorted(maps.Keys(things)), slices.Sorted(maps.Keys(s.things(t, region))), region)
					}
					s.asBefore(t)
				})
			}
		}
	}
}

// A rollback that ends in the middle goes on: by the state that was kept last, at every call that changes something.
func TestARollbackGoesOnAfterACrash(t *testing.T) {
	t.Parallel()
	changes := []string{
		"StartInstances", "DisassociateAddress", "ReleaseAddress", "TerminateInstances", "DeregisterImage", "RevokeSecurityGroupIngress",
		"RevokeSecurityGroupEgress", "DeleteSecurityGroup", "DeleteManagedPrefixList", "DeleteKeyPair",
	}
	for _, op := range changes {
		for _, when := range []any{awsopstest.Before, awsopstest.After} {
			t.Run(fmt.Sprint(op, " ", when), func(t *testing.T) {
				t.Parallel()
				s := newStage(t, nil)
				s.spec.Capture = ec2move.StopFirst
				before := s.things(t, "us-east-1")
				st, err := s.run(t, s.client(t), nil, at("hold"))
				require.NoError(t, err)
				s.last = st
				armed := true
				s.cloud.Observe(func(e awsopstest.Event) {
					if armed && e.Op == op && any(e.When) == when {
						armed = false
						panic("the process ends")
					}
				})
				func() {
					defer func() { require.NotNil(t, recover(), "%s was never called", op) }()
					_ = s.undo(t, s.client(t), st)
				}()
				require.True(t, s.last.Undo)
				require.NoError(t, s.undo(t, s.client(t), s.last))
				assert.Equal(t, before, s.things(t, "us-east-1"))
				s.asBefore(t)
			})
		}
	}
}

func TestARollbackKeepsItsStateBeforeItBegins(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	st, err := s.run(t, s.client(t), nil, through(ec2move.StepReady))
	require.NoError(t, err)
	full := errors.New("the disk is full")
	s.config.Save = func(context.Context, ec2move.State) error { return full }
	calls := s.cloud.Calls("")
	var events int
	for e, err := range s.client(t).Rollback(t.Context(), st) {
		require.ErrorIs(t, err, full)
		assert.Zero(t, e)
		events++
	}
	assert.Equal(t, 1, events, "the error comes once")
	assert.Equal(t, calls, s.cloud.Calls(""), "and nothing was called")
	assert.False(t, st.Undo, "the caller's state is left as it was")
}

func TestARollbackCanBeRangedOverTwiceAndBrokenOff(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	c := s.client(t)
	st, err := s.run(t, c, nil, at("hold"))
	require.NoError(t, err)
	back := c.Rollback(t.Context(), st)
	seen := map[string]bool{}
	for e, err := range back {
		require.NoError(t, err)
		if seen[e.Step] = true; e.Step == string(ec2move.StepAddress) {
			break
		}
	}
	for _, err := range back { // from the same state once more
		require.NoError(t, err)
	}
	s.asBefore(t)
	assert.Empty(t, s.addresses(t))
	for e, err := range back {
		require.NoError(t, err)
		assert.NotEmpty(t, e.Step)
	}
	s.asBefore(t)
}

func TestThereMustBeASourceToGoBackTo(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, s *stage){
		"stopped by somebody": func(t *testing.T, s *stage) {
			t.Helper()
			_, err := s.cloud.Region(ec2movetest.SampleRegion).StopInstances(t.Context(), &ec2.StopInstancesInput{InstanceIds: []string{ec2movetest.SampleInstance}})
			require.NoError(t, err)
		},
		"terminated": func(t *testing.T, s *stage) {
			t.Helper()
			_, err := s.cloud.Region(ec2movetest.SampleRegion).TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{ec2movetest.SampleInstance}})
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, nil)
			c := s.client(t)
			st, err := s.run(t, c, nil, at("hold"))
			require.NoError(t, err)
			end(t, s)
			s.cloud.Clock().Advance(1e9 * 300)
			ip := s.zone.names[www].addresses[0]
			err = s.undo(t, c, st)
			require.Error(t, err)
			assert.True(t, errors.Is(err, awsops.ErrConflict) || errors.Is(err, awsops.ErrGone), "%v", err)
			assert.Equal(t, ip, s.zone.names[www].addresses[0], "visitors stay where they are served")
			assert.Equal(t, "running", string(s.instance(t, "us-east-1", st.Steps[ec2move.StepLaunch].ID).State.Name))
			assert.Len(t, s.addresses(t), 1)
		})
	}
}

func TestFinishKeepsWhatItIsTold(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.spec.Keep.Images = true
	st, err := s.run(t, s.client(t), nil, nil)
	require.NoError(t, err)
	assert.Equal(t, ec2move.Skipped, st.Steps[ec2move.StepFinish].Phase)
	for _, region := range []string{ec2movetest.SampleRegion, "us-east-1"} {
		var images int
		for id := range s.things(t, region) {
			if len(id) > 4 && id[:4] == "ami-" {
				images++
			}
		}
		assert.Equal(t, 1, images, region)
	}
}
