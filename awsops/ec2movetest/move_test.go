package ec2movetest_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

// tagged are the tags of what a call makes.
func tagged(kind types.ResourceType, pairs ...string) types.TagSpecification {
	spec := types.TagSpecification{ResourceType: kind}
	for i := 0; i < len(pairs); i += 2 {
		spec.Tags = append(spec.Tags, types.Tag{Key: aws.String(pairs[i]), Value: aws.String(pairs[i+1])})
	}
	return spec
}

func filter(name string, values ...string) types.Filter {
	return types.Filter{Name: aws.String(name), Values: values}
}

// TestMovesByHand goes the way of a move, call by call.
func TestMovesByHand(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	cloud := ec2movetest.New(&ec2movetest.Options{World: new(ec2movetest.Sample())})
	src, dst := cloud.Region(ec2movetest.SampleRegion), cloud.Region("us-east-1")

	found, err := src.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{ec2movetest.SampleInstance}})
	require.NoError(t, err)
	source := found.Reservations[0].Instances[0]
	assert.Equal(t, types.InstanceStateNameRunning, source.State.Name)
	require.Len(t, source.BlockDeviceMappings, 2)

	made, err := src.CreateImage(ctx, &ec2.CreateImageInput{
		InstanceId: source.InstanceId, Name: aws.String("m-web-image"),
		TagSpecifications: []types.TagSpecification{tagged("image", "k", "v"), tagged("snapshot", "k", "v")},
	})
	require.NoError(t, err)
	waitImage := func(in interface {
		DescribeImages(context.Context, *ec2.DescribeImagesInput, ...func(*ec2.Options)) (*ec2.DescribeImagesOutput, error)
	}, id *string,
	) (im types.Image, looks int) {
		t.Helper()
		for {
			out, err := in.DescribeImages(ctx, &ec2.DescribeImagesInput{ImageIds: []string{*id}})
			require.NoError(t, err)
			im = out.Images[0]
			if im.State != types.ImageStatePending {
				return im, looks
			}
			looks++
			cloud.Clock().Advance(15 * time.Second)
		}
	}
	image, looks := waitImage(src, made.ImageId)
	assert.Equal(t, types.ImageStateAvailable, image.State)
	assert.Positive(t, looks)

	copied, err := dst.CopyImage(ctx, &ec2.CopyImageInput{
		Name: aws.String("m-web-copy"), SourceImageId: made.ImageId, SourceRegion: aws.String(ec2movetest.SampleRegion), ClientToken: aws.String("m-web-copy"),
		TagSpecifications: []types.TagSpecification{tagged("snapshot", "k", "v")},
	})
	require.NoError(t, err)
	copyOf, looks := waitImage(dst, copied.ImageId)
	assert.Equal(t, types.ImageStateAvailable, copyOf.State)
	assert.Equal(t, *made.ImageId, *copyOf.SourceImageId)
	assert.GreaterOrEqual(t, looks, 6, "40 GiB at 500 MiB/s")

	subnets, err := dst.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{Filters: []types.Filter{filter("default-for-az", "true")}})
	require.NoError(t, err)
	require.Len(t, subnets.Subnets, 3)
	ran, err := dst.RunInstances(ctx, &ec2.RunInstancesInput{
		ImageId: copied.ImageId, InstanceType: "t3.small", MinCount: aws.Int32(1), MaxCount: aws.Int32(1), SubnetId: subnets.Subnets[0].SubnetId,
		ClientToken: aws.String("m-web-launch"), TagSpecifications: []types.TagSpecification{tagged("instance", "Name", "web"), tagged("volume", "k", "v")},
	})
	require.NoError(t, err)
	id := *ran.Instances[0].InstanceId
	cloud.Clock().Advance(3 * time.Minute)
	status, err := dst.DescribeInstanceStatus(ctx, &ec2.DescribeInstanceStatusInput{InstanceIds: []string{id}})
	require.NoError(t, err)
	assert.Equal(t, types.SummaryStatusOk, status.InstanceStatuses[0].InstanceStatus.Status)

	ip, err := dst.AllocateAddress(ctx, &ec2.AllocateAddressInput{Domain: "vpc", TagSpecifications: []types.TagSpecification{tagged("elastic-ip", "k", "v")}})
	require.NoError(t, err)
	_, err = dst.AssociateAddress(ctx, &ec2.AssociateAddressInput{AllocationId: ip.AllocationId, InstanceId: aws.String(id)})
	require.NoError(t, err)
	found, err = dst.DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: []types.Filter{filter("client-token", "m-web-launch")}})
	require.NoError(t, err)
	launched := found.Reservations[0].Instances[0]
	assert.Equal(t, *ip.PublicIp, *launched.PublicIpAddress)
	assert.Equal(t, "ec2-"+strings.ReplaceAll(*ip.PublicIp, ".", "-")+".compute-1.amazonaws.com", *launched.PublicDnsName)

	meter := cloud.Meter()
	assert.InDelta(t, 46, meter.TransferGiB["eu-central-1 us-east-1"], 0.01)
	assert.Positive(t, meter.InstanceHours["eu-central-1 t3.small"])
	assert.Positive(t, meter.AddressHours)
}
