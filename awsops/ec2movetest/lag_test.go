package ec2movetest_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

// TestNewThingsAreSeenLate: Trap 3: InvalidAMIID.NotFound right after create is lag. Trap 4: a tag lookup is no proof of
// absence. Of each kind something is made, and looked for by ID, by filter and by tag.
func TestNewThingsAreSeenLate(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	type api = ec2move.API
	for name, tt := range map[string]struct {
		make func(cloud *ec2movetest.Cloud, in api) (id string, err error)
		look func(in api, id string, filters []types.Filter) (int, error)
		code string
	}{
		"image": {
			func(_ *ec2movetest.Cloud, in api) (string, error) {
				out, err := in.CreateImage(ctx, &ec2.CreateImageInput{InstanceId: aws.String(ec2movetest.SampleInstance), Name: aws.String("new"), TagSpecifications: []types.TagSpecification{tagged("image", "k", "new")}})
				return *out.ImageId, err
			},
			func(in api, id string, filters []types.Filter) (int, error) {
				out, err := in.DescribeImages(ctx, &ec2.DescribeImagesInput{ImageIds: ids(id), Filters: filters})
				if err != nil {
					return 0, err
				}
				return len(out.Images), nil
			}, "InvalidAMIID.NotFound",
		},
		"snapshot": {
			func(_ *ec2movetest.Cloud, in api) (string, error) {
				out, err := in.CreateSnapshot(ctx, &ec2.CreateSnapshotInput{VolumeId: aws.String("vol-0aaaaaaaaaaaaaaa3"), TagSpecifications: []types.TagSpecification{tagged("snapshot", "k", "new")}})
				return *out.SnapshotId, err
			},
			func(in api, id string, filters []types.Filter) (int, error) {
				out, err := in.DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{SnapshotIds: ids(id), Filters: filters})
				if err != nil {
					return 0, err
				}
				return len(out.Snapshots), nil
			}, "InvalidSnapshot.NotFound",
		},
		"group": {
			func(_ *ec2movetest.Cloud, in api) (string, error) {
				out, err := in.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{GroupName: aws.String("new"), Description: aws.String("d"), TagSpecifications: []types.TagSpecification{tagged("security-group", "k", "new")}})
				return *out.GroupId, err
			},
			func(in api, id string, filters []types.Filter) (int, error) {
				out, err := in.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: ids(id), Filters: filters})
				if err != nil {
					return 0, err
				}
				return len(out.SecurityGroups), nil
			}, "InvalidGroup.NotFound",
		},
		"address": {
			func(_ *ec2movetest.Cloud, in api) (string, error) {
				out, err := in.AllocateAddress(ctx, &ec2.AllocateAddressInput{TagSpecifications: []types.TagSpecification{tagged("elastic-ip", "k", "new")}})
				return *out.AllocationId, err
			},
			func(in api, id string, filters []types.Filter) (int, error) {
				out, err := in.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{AllocationIds: ids(id), Filters: filters})
				if err != nil {
					return 0, err
				}
				return len(out.Addresses), nil
			}, "InvalidAllocationID.NotFound",
		},
		"volume": {
			func(_ *ec2movetest.Cloud, in api) (string, error) {
				out, err := in.CreateVolume(ctx, &ec2.CreateVolumeInput{AvailabilityZone: aws.String(source + "a"), Size: aws.Int32(1), TagSpecifications: []types.TagSpecification{tagged("volume", "k", "new")}})
				return *out.VolumeId, err
			},
			func(in api, id string, filters []types.Filter) (int, error) {
				out, err := in.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{VolumeIds: ids(id), Filters: filters})
				if err != nil {
					return 0, err
				}
				return len(out.Volumes), nil
			}, "InvalidVolume.NotFound",
		},
		"key pair": {
			func(_ *ec2movetest.Cloud, in api) (string, error) {
				out, err := in.ImportKeyPair(ctx, &ec2.ImportKeyPairInput{KeyName: aws.String("new"), PublicKeyMaterial: []byte(publicKey), TagSpecifications: []types.TagSpecification{tagged("key-pair", "k", "new")}})
				return *out.KeyPairId, err
			},
			func(in api, id string, filters []types.Filter) (int, error) {
				out, err := in.DescribeKeyPairs(ctx, &ec2.DescribeKeyPairsInput{KeyPairIds: ids(id), Filters: filters})
				if err != nil {
					return 0, err
				}
				return len(out.KeyPairs), nil
			}, "InvalidKeyPair.NotFound",
		},
		"prefix list": {
			func(_ *ec2movetest.Cloud, in api) (string, error) {
				out, err := in.CreateManagedPrefixList(ctx, &ec2.CreateManagedPrefixListInput{AddressFamily: aws.String("IPv4"), MaxEntries: aws.Int32(1), PrefixListName: aws.String("new"), TagSpecifications: []types.TagSpecification{tagged("prefix-list", "k", "new")}})
				return *out.PrefixList.PrefixListId, err
			},
			func(in api, id string, filters []types.Filter) (int, error) {
				out, err := in.DescribeManagedPrefixLists(ctx, &ec2.DescribeManagedPrefixListsInput{PrefixListIds: ids(id), Filters: filters})
				if err != nil {
					return 0, err
				}
				return len(out.PrefixLists), nil
			}, "InvalidPrefixListID.NotFound",
		},
		"instance": {
			func(cloud *ec2movetest.Cloud, in api) (string, error) {
				made, err := in.CreateImage(ctx, &ec2.CreateImageInput{InstanceId: aws.String(ec2movetest.SampleInstance), Name: aws.String("new")})
				if err != nil {
					return "", err
				}
				cloud.Clock().Advance(time.Hour)
				input := launchInput(*made.ImageId, nil)
				input.TagSpecifications = []types.TagSpecification{tagged("instance", "k", "new")}
				out, err := in.RunInstances(ctx, input)
				return *out.Instances[0].InstanceId, err
			},
			func(in api, id string, filters []types.Filter) (int, error) {
				out, err := in.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: ids(id), Filters: filters})
				if err != nil {
					return 0, err
				}
				return len(out.Reservations), nil
			}, "InvalidInstanceID.NotFound",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := sample(ec2movetest.Options{Lag: 3})
			in := cloud.Region(source)
			id, err := tt.make(cloud, in)
			require.NoError(t, err)
			_, err = tt.look(in, id, nil)
			assert.Equal(t, tt.code, code(t, err), "by ID")
			for range 2 {
				n, err := tt.look(in, "", []types.Filter{filter("tag:k", "new")})
				require.NoError(t, err)
				assert.Zero(t, n, "by tag")
			}
			n, err := tt.look(in, "", []types.Filter{filter("tag:k", "new")})
			require.NoError(t, err)
			assert.Equal(t, 1, n)
			n, err = tt.look(in, id, []types.Filter{filter("tag-key", "k")})
			require.NoError(t, err)
			assert.Equal(t, 1, n)
			_, err = tt.look(in, "", []types.Filter{filter("colour", "red")})
			assert.Equal(t, "InvalidParameterValue", code(t, err), "a filter that EC2 does not have")
			n, err = tt.look(in, "", []types.Filter{filter("tag:k", "old")})
			require.NoError(t, err)
			assert.Zero(t, n)
		})
	}
}

func ids(id string) []string {
	if id == "" {
		return nil
	}
	return []string{id}
}

func TestNewThingsAreKnownLate(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{WriteLag: 2})
	in := cloud.Region(source)
	made, err := in.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{GroupName: aws.String("new"), Description: aws.String("d")})
	require.NoError(t, err)
	for _, want := range []string{"InvalidGroup.NotFound", "InvalidGroup.NotFound", ""} {
		_, err = in.DeleteSecurityGroup(t.Context(), &ec2.DeleteSecurityGroupInput{GroupId: made.GroupId})
		assert.Equal(t, want, code(t, err))
	}
}

// TestImagesNotAllowed: Trap 3: after the grace window it may mean Allowed AMIs.
func TestImagesNotAllowed(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{})
	require.NoError(t, cloud.Add(ec2movetest.World{Regions: map[string]*ec2movetest.Area{target: {ImagesNotAllowed: true}}}))
	_, image := copied(t, cloud)
	_, err := cloud.Region(target).DescribeImages(t.Context(), &ec2.DescribeImagesInput{ImageIds: []string{image}})
	assert.Equal(t, "InvalidAMIID.NotFound", code(t, err))
	found, err := cloud.Region(target).DescribeImages(t.Context(), &ec2.DescribeImagesInput{Owners: []string{"self"}})
	require.NoError(t, err)
	assert.Empty(t, found.Images)
	_, err = cloud.Region(target).RunInstances(t.Context(), launchInput(image, nil))
	assert.Equal(t, "InvalidAMIID.NotFound", code(t, err))
}

func TestPages(t *testing.T) {
	t.Parallel()
	used := make([]int64, 12)
	cloud := ec2movetest.New(&ec2movetest.Options{World: new(volumes(used...)), PageSize: 4})
	in := cloud.Region(source)
	seen := map[string]bool{}
	pages := 0
	for token := (*string)(nil); ; pages++ {
		out, err := in.DescribeVolumes(t.Context(), &ec2.DescribeVolumesInput{NextToken: token})
		require.NoError(t, err)
		for _, v := range out.Volumes {
			seen[*v.VolumeId] = true
		}
		if token = out.NextToken; token == nil {
			break
		}
	}
	assert.Len(t, seen, 12)
	assert.Equal(t, 2, pages)
	for name, tt := range map[string]struct {
		in   ec2.DescribeVolumesInput
		code string
	}{
		"few":             {ec2.DescribeVolumesInput{MaxResults: aws.Int32(4)}, "InvalidParameterValue"},
		"many":            {ec2.DescribeVolumesInput{MaxResults: aws.Int32(1001)}, "InvalidParameterValue"},
		"with ID":         {ec2.DescribeVolumesInput{MaxResults: aws.Int32(5), VolumeIds: []string{volumeID(0)}}, "InvalidParameterCombination"},
		"token":           {ec2.DescribeVolumesInput{NextToken: aws.String("?")}, "InvalidParameterValue"},
		"no values":       {ec2.DescribeVolumesInput{Filters: []types.Filter{{Name: aws.String("status")}}}, "InvalidParameterValue"},
		"too many values": {ec2.DescribeVolumesInput{Filters: []types.Filter{{Name: aws.String("status"), Values: make([]string, 201)}}}, "FilterLimitExceeded"},
		"malformed ID":    {ec2.DescribeVolumesInput{VolumeIds: []string{"vol-1"}}, "InvalidVolumeID.Malformed"},
	} {
		_, err := in.DescribeVolumes(t.Context(), &tt.in)
		assert.Equal(t, tt.code, code(t, err), name)
	}
}

func TestFilterWildcards(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{})
	for pattern, want := range map[string]int{"web": 1, "w*": 1, "*": 1, "w?b": 1, "w?": 0, "Web": 0, `w\*`: 0, "*b": 1, "**": 1, "": 0} {
		out, err := cloud.Region(source).DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{Filters: []types.Filter{filter("tag:Name", pattern)}})
		require.NoError(t, err)
		assert.Len(t, out.Reservations, want, "%q", pattern)
	}
}

func TestTagsAreChecked(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{})
	many := make([]string, 0, 102)
	for i := range 51 {
		many = append(many, "key"+string(rune('A'+i%26))+string(rune('A'+i/26)), "v")
	}
	long := make([]byte, 256)
	for i := range long {
		long[i] = 'x'
	}
	for name, tt := range map[string]struct {
		tags []string
		code string
	}{
		"fine":       {[]string{"a", "1", "b", ""}, ""},
		"of AWS":     {[]string{"aws:a", "1"}, "InvalidParameterValue"},
		"of AWS too": {[]string{"AWS:a", "1"}, "InvalidParameterValue"},
		"twice":      {[]string{"a", "1", "a", "2"}, "InvalidParameterValue"},
		"no key":     {[]string{"", "1"}, "InvalidParameterValue"},
		"long key":   {[]string{string(long[:128]), "1"}, "InvalidParameterValue"},
		"long value": {[]string{"a", string(long)}, "InvalidParameterValue"},
		"too many":   {many, "TagLimitExceeded"},
	} {
		_, err := cloud.Region(source).CreateTags(t.Context(), &ec2.CreateTagsInput{Resources: []string{"vol-0aaaaaaaaaaaaaaa3"}, Tags: tagged("volume", tt.tags...).Tags})
		assert.Equal(t, tt.code, code(t, err), name)
		_, err = cloud.Region(source).CreateSnapshot(t.Context(), &ec2.CreateSnapshotInput{
			VolumeId: aws.String("vol-0aaaaaaaaaaaaaaa3"), TagSpecifications: []types.TagSpecification{tagged("snapshot", tt.tags...)},
		})
		assert.Equal(t, tt.code, code(t, err), name)
	}
	_, err := cloud.Region(source).CreateTags(t.Context(), &ec2.CreateTagsInput{Resources: []string{"thing-1"}, Tags: tagged("volume", "a", "b").Tags})
	assert.Equal(t, "InvalidID", code(t, err))
	out, err := cloud.Region(source).DescribeVolumes(t.Context(), &ec2.DescribeVolumesInput{Filters: []types.Filter{filter("tag:a", "1")}})
	require.NoError(t, err)
	require.Len(t, out.Volumes, 1)
	assert.Len(t, out.Volumes[0].Tags, 3, "with its Name")
}
