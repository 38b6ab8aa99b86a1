package ec2move_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

// census is all that a move has made and left, a line each, without IDs and times: two moves that came to the same end have the
// same one. It looks until lags are over.
func census(t testing.TB, cloud *ec2movetest.Cloud, id string) []string {
	t.Helper()
	var out []string
	for range 13 { // more than any lag of the tests
		out = nil
		for _, region := range []string{home, away} {
			out = append(out, censusOf(t, cloud.Region(region), region, id)...)
		}
	}
	slices.Sort(out)
	return out
}

func censusOf(t testing.TB, in ec2move.API, region, id string) []string {
	t.Helper()
	ctx := t.Context()
	ours := []types.Filter{{Name: aws.String("tag:" + ec2move.TagMove), Values: []string{id}}}
	var out []string
	add := func(kind string, tags []types.Tag, format string, args ...any) {
		out = append(out, fmt.Sprintf("%s %s %s (%s)", region, kind, fmt.Sprintf(format, args...), words(tags)))
	}
	images, err := in.DescribeImages(ctx, &ec2.DescribeImagesInput{Filters: ours})
	require.NoError(t, err)
	for _, i := range images.Images {
		add("image", i.Tags, "%s %s, %d devices", *i.Name, i.State, len(i.BlockDeviceMappings))
	}
	snapshots, err := in.DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{Filters: ours})
	require.NoError(t, err)
	for _, s := range snapshots.Snapshots {
		add("snapshot", s.Tags, "%s, %d GiB", s.State, *s.VolumeSize)
	}
	instances, err := in.DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: ours})
	require.NoError(t, err)
	for _, r := range instances.Reservations {
		for _, i := range r.Instances {
			if i.State.Name == types.InstanceStateNameTerminated {
				continue
			}
			var groups, devices []string
			for _, g := range i.SecurityGroups {
				groups = append(groups, *g.GroupName)
			}
			for _, d := range i.BlockDeviceMappings {
				devices = append(devices, fmt.Sprintf("%s %s", *d.DeviceName, d.Ebs.Status))
			}
			slices.Sort(groups)
			slices.Sort(devices)
			add("instance", i.Tags, "%s %s in %s, key %s, groups %v, devices %v, check %v", i.State.Name, i.InstanceType, *i.SubnetId,
				aws.ToString(i.KeyName), groups, devices, aws.ToBool(i.SourceDestCheck))
			protected, err := in.DescribeInstanceAttribute(ctx, &ec2.DescribeInstanceAttributeInput{
				InstanceId: i.InstanceId, Attribute: types.InstanceAttributeNameDisableApiTermination,
			})
			require.NoError(t, err)
			add("protection", nil, "%v", aws.ToBool(protected.DisableApiTermination.Value))
		}
	}
	volumes, err := in.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{Filters: ours})
	require.NoError(t, err)
	for _, v := range volumes.Volumes {
		add("volume", v.Tags, "%s %s %d GiB %d IOPS %d MiB/s", v.State, v.VolumeType, *v.Size, aws.ToInt32(v.Iops), aws.ToInt32(v.Throughput))
	}
	groups, err := in.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: ours})
	require.NoError(t, err)
	for _, g := range groups.SecurityGroups {
		add("group", g.Tags, "%s, %d in, %d out", *g.GroupName, len(g.IpPermissions), len(g.IpPermissionsEgress))
	}
	keys, err := in.DescribeKeyPairs(ctx, &ec2.DescribeKeyPairsInput{Filters: ours})
	require.NoError(t, err)
	for _, k := range keys.KeyPairs {
		add("key", k.Tags, "%s %s", *k.KeyName, k.KeyType)
	}
	lists, err := in.DescribeManagedPrefixLists(ctx, &ec2.DescribeManagedPrefixListsInput{})
	require.NoError(t, err)
	for _, l := range lists.PrefixLists {
		if tagOf(l.Tags, ec2move.TagMove) == id {
			add("prefix list", l.Tags, "%s", *l.PrefixListName)
		}
	}
	addresses, err := in.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{})
	require.NoError(t, err)
	for _, a := range addresses.Addresses {
		if tagOf(a.Tags, ec2move.TagMove) == id {
			add("address", a.Tags, "associated %v", a.AssociationId != nil)
		}
	}
	return out
}

func tagOf(tags []types.Tag, key string) string {
	for _, t := range tags {
		if aws.ToString(t.Key) == key {
			return aws.ToString(t.Value)
		}
	}
	return ""
}

// words are tags without times.
func words(tags []types.Tag) string {
	var out []string
	for _, t := range tags {
		if k := aws.ToString(t.Key); k != ec2move.TagAddress && k != ec2move.TagCutover && k != ec2move.TagMove {
			out = append(out, k+"="+aws.ToString(t.Value))
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// stateOfSource is "running", "stopped" …
func stateOfSource(t testing.TB, cloud *ec2movetest.Cloud) string {
	t.Helper()
	out, err := cloud.Region(home).DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{InstanceIds: []string{server}})
	require.NoError(t, err)
	return string(out.Reservations[0].Instances[0].State.Name)
}
