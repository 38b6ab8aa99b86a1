package ec2movetest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

// code is the code of a refusal, "" for none.
func code(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	refusal, ok := errors.AsType[smithy.APIError](err)
	require.True(t, ok, "%v", err)
	assert.NotEmpty(t, refusal.ErrorMessage())
	return refusal.ErrorCode()
}

// server launches an instance from an image of the sample that was copied.
func server(t *testing.T, cloud *ec2movetest.Cloud) string {
	t.Helper()
	_, image := copied(t, cloud)
	out, err := cloud.Region(target).RunInstances(t.Context(), launchInput(image, nil))
	require.NoError(t, err)
	cloud.Clock().Advance(time.Minute)
	return *out.Instances[0].InstanceId
}

func instanceOf(t *testing.T, cloud *ec2movetest.Cloud, region, id string) types.Instance {
	t.Helper()
	out, err := cloud.Region(region).DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{InstanceIds: []string{id}})
	require.NoError(t, err)
	return out.Reservations[0].Instances[0]
}

func imageOf(t *testing.T, cloud *ec2movetest.Cloud, region, id string) types.Image {
	t.Helper()
	out, err := cloud.Region(region).DescribeImages(t.Context(), &ec2.DescribeImagesInput{ImageIds: []string{id}})
	require.NoError(t, err)
	return out.Images[0]
}

func snapshotOf(t *testing.T, cloud *ec2movetest.Cloud, region, id string) types.Snapshot {
	t.Helper()
	out, err := cloud.Region(region).DescribeSnapshots(t.Context(), &ec2.DescribeSnapshotsInput{SnapshotIds: []string{id}})
	require.NoError(t, err)
	return out.Snapshots[0]
}

// volumes makes a world of detached volumes, each with so many MiB written.
func volumes(used ...int64) ec2movetest.World {
	a := &ec2movetest.Area{}
	for i, mib := range used {
		a.Volumes = append(a.Volumes, ec2movetest.Volume{ID: volumeID(i), GiB: 1000, UsedMiB: mib})
	}
	return ec2movetest.World{Regions: map[string]*ec2movetest.Area{source: a}}
}

func volumeID(i int) string {
	return "vol-0bbbbbbbbbbbbb" + string("0123456789abcdef"[i/16]) + string("0123456789abcdef"[i%16]) + "0"
}

// snapshots takes one of each volume, and waits.
func snapshots(t *testing.T, cloud *ec2movetest.Cloud, n int) []string {
	t.Helper()
	var ids []string
	for i := range n {
		out, err := cloud.Region(source).CreateSnapshot(t.Context(), &ec2.CreateSnapshotInput{VolumeId: aws.String(volumeID(i))})
		require.NoError(t, err)
		ids = append(ids, *out.SnapshotId)
	}
	cloud.Clock().Advance(24 * time.Hour)
	return ids
}

func copySnapshot(t *testing.T, cloud *ec2movetest.Cloud, id string, change func(*ec2.CopySnapshotInput)) (string, error) {
	t.Helper()
	in := &ec2.CopySnapshotInput{SourceRegion: aws.String(source), SourceSnapshotId: aws.String(id)}
	if change != nil {
		change(in)
	}
	out, err := cloud.Region(target).CopySnapshot(t.Context(), in)
	if err != nil {
		return "", err
	}
	return *out.SnapshotId, nil
}

const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaYWJjZGVm me@home"
