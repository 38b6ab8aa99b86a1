package ec2movetest_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

const source, target = ec2movetest.SampleRegion, "us-east-1"

func sample(opts ec2movetest.Options) *ec2movetest.Cloud {
	opts.World = new(ec2movetest.Sample())
	return ec2movetest.New(&opts)
}

// copied makes an image of the sample's server, copies it and waits for both.
func copied(t *testing.T, cloud *ec2movetest.Cloud) (imageID, copyID string) {
	t.Helper()
	made, err := cloud.Region(source).CreateImage(t.Context(), &ec2.CreateImageInput{
		InstanceId: aws.String(ec2movetest.SampleInstance), Name: aws.String("image"), NoReboot: aws.Bool(true),
		TagSpecifications: []types.TagSpecification{tagged("image", "k", "image"), tagged("snapshot", "k", "image")},
	})
	require.NoError(t, err)
	cloud.Clock().Advance(time.Hour)
	out, err := cloud.Region(target).CopyImage(t.Context(), &ec2.CopyImageInput{
		Name: aws.String("copy"), SourceImageId: made.ImageId, SourceRegion: aws.String(source), ClientToken: aws.String("copy"),
		TagSpecifications: []types.TagSpecification{tagged("image", "k", "copy"), tagged("snapshot", "k", "copy")},
	})
	require.NoError(t, err)
	cloud.Clock().Advance(time.Hour)
	return *made.ImageId, *out.ImageId
}

// launchInput launches a copy in the first zone, with the changes given.
func launchInput(image string, change func(*ec2.RunInstancesInput)) *ec2.RunInstancesInput {
	in := &ec2.RunInstancesInput{
		ImageId: aws.String(image), InstanceType: "t3.small", MinCount: aws.Int32(1), MaxCount: aws.Int32(1), ClientToken: aws.String("launch"),
		TagSpecifications: []types.TagSpecification{tagged("instance", "k", "launch"), tagged("volume", "k", "launch")},
	}
	if change != nil {
		change(in)
	}
	return in
}

func TestSnapshotIsTheStateAndNotTheWay(t *testing.T) {
	t.Parallel()
	plain := sample(ec2movetest.Options{})
	_, image := copied(t, plain)
	_, err := plain.Region(target).RunInstances(t.Context(), launchInput(image, nil))
	require.NoError(t, err)
	plain.Clock().Advance(time.Hour)

	long := sample(ec2movetest.Options{})
	long.Clock().Advance(24 * time.Hour)
	waste, err := long.Region(target).CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{GroupName: aws.String("waste"), Description: aws.String("d")})
	require.NoError(t, err)
	_, err = long.Region(target).DeleteSecurityGroup(t.Context(), &ec2.DeleteSecurityGroupInput{GroupId: waste.GroupId})
	require.NoError(t, err)
	_, image = copied(t, long)
	first, err := long.Region(target).RunInstances(t.Context(), launchInput(image, func(in *ec2.RunInstancesInput) {
		in.ClientToken = aws.String("first")
		in.BlockDeviceMappings = []types.BlockDeviceMapping{{DeviceName: aws.String("/dev/sdf"), Ebs: &types.EbsBlockDevice{DeleteOnTermination: aws.Bool(true)}}}
	}))
	require.NoError(t, err)
	long.Clock().Advance(time.Minute)
	_, err = long.Region(target).TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{*first.Instances[0].InstanceId}})
	require.NoError(t, err)
	long.Clock().Advance(time.Minute)
	_, err = long.Region(target).RunInstances(t.Context(), launchInput(image, nil))
	require.NoError(t, err)
	long.Clock().Advance(time.Hour)

	assertSame(t, plain.Snapshot(), long.Snapshot())
	assert.Equal(t, ec2movetest.Counts{Instances: 1, Images: 1, Snapshots: 2, Volumes: 2}, plain.Made(target))
	assert.Equal(t, 2, long.Made(target).Instances)
	assert.Equal(t, plain.Count(target), long.Count(target))

	_, err = long.Region(target).AllocateAddress(t.Context(), &ec2.AllocateAddressInput{})
	require.NoError(t, err)
	assert.NotEqual(t, plain.Snapshot(), long.Snapshot(), "one address more")
}

func TestSameCallsSameIDs(t *testing.T) {
	t.Parallel()
	_, one := copied(t, sample(ec2movetest.Options{}))
	_, two := copied(t, sample(ec2movetest.Options{}))
	assert.Equal(t, one, two)
}

// assertSame names the first line that differs, of texts that are too long to be read.
func assertSame(t *testing.T, want, got string) {
	t.Helper()
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		require.Equal(t, a[i], b[i], "line %d", i+1)
	}
	require.Len(t, b, len(a))
}

// TestManyAtOnce is for the race detector: calls, both ways, while the clock moves and others look.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{})
	front := serve(t, cloud)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			over := client(front, target)
			_, err := cloud.Region(source).CreateImage(t.Context(), &ec2.CreateImageInput{
				InstanceId: aws.String(ec2movetest.SampleInstance), Name: aws.String("image " + string(rune('a'+i))), NoReboot: aws.Bool(true),
			})
			assert.NoError(t, err)
			cloud.Clock().Advance(time.Minute)
			_, err = over.AllocateAddress(t.Context(), &ec2.AllocateAddressInput{})
			assert.NoError(t, err)
			_, err = over.DescribeAddresses(t.Context(), &ec2.DescribeAddressesInput{})
			assert.NoError(t, err)
			assert.NotEmpty(t, cloud.Snapshot())
			assert.Positive(t, cloud.Meter().AddressHours)
		})
	}
	wg.Wait()
	assert.Equal(t, 4, cloud.Made(source).Images)
	assert.Equal(t, 4, cloud.Made(target).Addresses)
}
