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

const gib = 1024 // MiB

// TestCopyTakesItsTime: Trap 26: time is part of the fake. One copy goes at 500 MiB/s, eight share 2,000.
func TestCopyTakesItsTime(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		copies int
		each   time.Duration
	}{
		"one":   {1, 200 * time.Second},
		"four":  {4, 200 * time.Second},
		"eight": {8, 400 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			used := make([]int64, tt.copies)
			for i := range used {
				used[i] = 100_000
			}
			cloud := ec2movetest.New(&ec2movetest.Options{World: new(volumes(used...)), Setup: -1})
			var ids []string
			for _, id := range snapshots(t, cloud, tt.copies) {
				made, err := copySnapshot(t, cloud, id, nil)
				require.NoError(t, err)
				ids = append(ids, made)
			}
			now, most := cloud.Copying(target)
			assert.Equal(t, []int{tt.copies, tt.copies}, []int{now, most})
			cloud.Clock().Advance(tt.each * 45 / 100)
			s := snapshotOf(t, cloud, target, ids[0])
			assert.Equal(t, "45%", *s.Progress)
			assert.Equal(t, types.SnapshotStatePending, s.State)
			assert.Equal(t, int64(100_000<<20), *s.FullSnapshotSizeInBytes)
			assert.Equal(t, "vol-ffffffff", *s.VolumeId)
			cloud.Clock().Advance(tt.each*55/100 - time.Second)
			assert.Equal(t, "99%", *snapshotOf(t, cloud, target, ids[0]).Progress)
			cloud.Clock().Advance(2 * time.Second)
			for _, id := range ids {
				s := snapshotOf(t, cloud, target, id)
				assert.Equal(t, types.SnapshotStateCompleted, s.State)
				assert.Equal(t, "100%", *s.Progress)
			}
			now, most = cloud.Copying(target)
			assert.Equal(t, []int{0, tt.copies}, []int{now, most})
		})
	}
}

// TestStaggeredCopies: a copy that begins later takes speed from those that run, and gives it back.
func TestStaggeredCopies(t *testing.T) {
	t.Parallel()
	cloud := ec2movetest.New(&ec2movetest.Options{World: new(volumes(100_000, 50_000)), Setup: -1, PairMiB: 500})
	ids := snapshots(t, cloud, 2)
	first, err := copySnapshot(t, cloud, ids[0], nil)
	require.NoError(t, err)
	cloud.Clock().Advance(100 * time.Second) // 50,000 of 100,000 are there
	second, err := copySnapshot(t, cloud, ids[1], nil)
	require.NoError(t, err)
	cloud.Clock().Advance(100 * time.Second) // 25,000 each
	assert.Equal(t, "75%", *snapshotOf(t, cloud, target, first).Progress)
	assert.Equal(t, "50%", *snapshotOf(t, cloud, target, second).Progress)
	cloud.Clock().Advance(101 * time.Second)
	assert.Equal(t, "100%", *snapshotOf(t, cloud, target, first).Progress)
}

// TestTimedCopiesComeFirst: what a time-based copy needs, the others do not get.
func TestTimedCopiesComeFirst(t *testing.T) {
	t.Parallel()
	cloud := ec2movetest.New(&ec2movetest.Options{World: new(volumes(270_000, 100_000)), Setup: -1, PairMiB: 400})
	ids := snapshots(t, cloud, 2)
	_, err := copySnapshot(t, cloud, ids[0], func(in *ec2.CopySnapshotInput) { in.CompletionDurationMinutes = aws.Int32(15) })
	require.NoError(t, err)
	other, err := copySnapshot(t, cloud, ids[1], nil)
	require.NoError(t, err)
	cloud.Clock().Advance(500 * time.Second)
	assert.Equal(t, "50%", *snapshotOf(t, cloud, target, other).Progress, "at 100 MiB/s")
}

// TestTwentyCopies: Trap 9: 20-copy quota with many volumes.
func TestTwentyCopies(t *testing.T) {
	t.Parallel()
	used := make([]int64, 21)
	for i := range used {
		used[i] = 10 * gib
	}
	cloud := ec2movetest.New(&ec2movetest.Options{World: new(volumes(used...))})
	ids := snapshots(t, cloud, 21)
	for _, id := range ids[:20] {
		_, err := copySnapshot(t, cloud, id, nil)
		require.NoError(t, err)
	}
	_, err := copySnapshot(t, cloud, ids[20], nil)
	assert.Equal(t, "ResourceLimitExceeded", code(t, err))
	assert.ErrorContains(t, err, "oo many snapshot copies in progress")
	assert.Equal(t, 1, cloud.Meter().Refused)
	_, err = cloud.Region("ap-south-1").CopySnapshot(t.Context(), &ec2.CopySnapshotInput{SourceRegion: aws.String(source), SourceSnapshotId: aws.String(ids[20])})
	require.NoError(t, err, "another destination has its own quota")
	cloud.Clock().Advance(time.Hour)
	_, err = copySnapshot(t, cloud, ids[20], nil)
	require.NoError(t, err)
}

// TestAnImageNeedsRoomForAllItsVolumes: an image of two volumes does not fit into the last place.
func TestAnImageNeedsRoomForAllItsVolumes(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{SnapshotCopies: 3})
	image, _ := copied(t, cloud)
	in := func(name string) *ec2.CopyImageInput {
		return &ec2.CopyImageInput{Name: aws.String(name), SourceImageId: aws.String(image), SourceRegion: aws.String(source)}
	}
	_, err := cloud.Region(target).CopyImage(t.Context(), in("one"))
	require.NoError(t, err)
	_, err = cloud.Region(target).CopyImage(t.Context(), in("two"))
	assert.Equal(t, "ResourceLimitExceeded", code(t, err))
	now, _ := cloud.Copying(target)
	assert.Equal(t, 2, now, "nothing was begun")
}

func TestLaterCopiesAreIncremental(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		between func(t *testing.T, cloud *ec2movetest.Cloud, first string)
		second  func(*ec2.CopySnapshotInput)
		moved   float64 // GiB, of the second
	}{
		"incremental": {moved: 4},
		"earlier copy is gone": {
			between: func(t *testing.T, cloud *ec2movetest.Cloud, first string) {
				t.Helper()
				_, err := cloud.Region(target).DeleteSnapshot(t.Context(), &ec2.DeleteSnapshotInput{SnapshotId: aws.String(first)})
				require.NoError(t, err)
			}, moved: 40,
		},
		"another key": {second: func(in *ec2.CopySnapshotInput) { in.Encrypted = aws.Bool(true) }, moved: 40},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := ec2movetest.New(&ec2movetest.Options{World: new(volumes(40 * gib)), Changed: 0.1})
			first, err := copySnapshot(t, cloud, snapshots(t, cloud, 1)[0], nil)
			require.NoError(t, err)
			cloud.Clock().Advance(time.Hour)
			require.InDelta(t, 40, cloud.Meter().TransferGiB[source+" "+target], 0.001)
			if tt.between != nil {
				tt.between(t, cloud, first)
			}
			id, err := copySnapshot(t, cloud, snapshots(t, cloud, 1)[0], tt.second)
			require.NoError(t, err)
			cloud.Clock().Advance(time.Hour)
			assert.InDelta(t, 40+tt.moved, cloud.Meter().TransferGiB[source+" "+target], 0.001)
			assert.Equal(t, int64(40<<30), *snapshotOf(t, cloud, target, id).FullSnapshotSizeInBytes, "the size is that of the whole")
		})
	}
}

func TestTimeBasedCopies(t *testing.T) {
	t.Parallel()
	cloud := ec2movetest.New(&ec2movetest.Options{World: new(volumes(100*gib, 700*gib, 430*gib, 430*gib, 430*gib, 430*gib, 430*gib)), Setup: -1})
	ids := snapshots(t, cloud, 7)
	within := func(minutes int32) func(*ec2.CopySnapshotInput) {
		return func(in *ec2.CopySnapshotInput) { in.CompletionDurationMinutes = aws.Int32(minutes) }
	}
	for _, bad := range []int32{0, 10, 20, 48*60 + 15} {
		_, err := copySnapshot(t, cloud, ids[0], within(bad))
		assert.Equal(t, "InvalidParameterValue", code(t, err), "%d minutes", bad)
	}
	_, err := copySnapshot(t, cloud, ids[1], within(15))
	assert.Equal(t, "InvalidParameterValue", code(t, err), "over 500 MiB/s")
	id, err := copySnapshot(t, cloud, ids[0], within(15))
	require.NoError(t, err)
	cloud.Clock().Advance(14 * time.Minute)
	s := snapshotOf(t, cloud, target, id)
	assert.Equal(t, "93%", *s.Progress)
	assert.Equal(t, types.TransferTypeTimeBased, s.TransferType)
	assert.Equal(t, int32(15), *s.CompletionDurationMinutes)
	cloud.Clock().Advance(61 * time.Second)
	assert.Equal(t, "100%", *snapshotOf(t, cloud, target, id).Progress)
	assert.InDelta(t, 100, cloud.Meter().TimedGiB, 0.001)

	for _, id := range ids[2:6] { // 489 MiB/s each
		_, err := copySnapshot(t, cloud, id, within(15))
		require.NoError(t, err)
	}
	_, err = copySnapshot(t, cloud, ids[6], within(15))
	assert.Equal(t, "ResourceLimitExceeded", code(t, err), "2,000 MiB/s between two Regions")
}

// TestKeyIsMissedLater: Trap 8: KMS fails asynchronously: the snapshot's StateMessage says why.
func TestKeyIsMissedLater(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{})
	image, _ := copied(t, cloud)
	out, err := cloud.Region(target).CopyImage(t.Context(), &ec2.CopyImageInput{
		Name: aws.String("other"), SourceImageId: aws.String(image), SourceRegion: aws.String(source), Encrypted: aws.Bool(true),
		KmsKeyId:          aws.String("arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000000"),
		TagSpecifications: []types.TagSpecification{tagged("snapshot", "for", "other")},
	})
	require.NoError(t, err, "the call succeeds")
	assert.Equal(t, types.ImageStatePending, imageOf(t, cloud, target, *out.ImageId).State)
	cloud.Clock().Advance(time.Minute)
	im := imageOf(t, cloud, target, *out.ImageId)
	assert.Equal(t, types.ImageStateFailed, im.State)
	assert.NotEmpty(t, *im.StateReason.Message)
	found, err := cloud.Region(target).DescribeSnapshots(t.Context(), &ec2.DescribeSnapshotsInput{Filters: []types.Filter{filter("tag:for", "other")}})
	require.NoError(t, err)
	require.Len(t, found.Snapshots, 2)
	for _, s := range found.Snapshots {
		assert.Equal(t, types.SnapshotStateError, s.State)
		assert.Equal(t, "Given key ID is not accessible", *s.StateMessage)
	}
}

func TestKeysOfCopies(t *testing.T) {
	t.Parallel()
	const own = "arn:aws:kms:us-east-1:123456789012:key/11111111-1111-4111-8111-111111111111"
	for name, tt := range map[string]struct {
		change  func(*ec2.CopyImageInput)
		encrypt bool // by default, in the destination
		code    string
		key     [2]string // of the root, of the encrypted volume: "" none, "aws" AWS's own
	}{
		"as they are":           {key: [2]string{"", "aws"}},
		"by default":            {encrypt: true, key: [2]string{"aws", "aws"}},
		"encrypted":             {change: func(in *ec2.CopyImageInput) { in.Encrypted = aws.Bool(true) }, key: [2]string{"aws", "aws"}},
		"with a key":            {change: func(in *ec2.CopyImageInput) { in.Encrypted, in.KmsKeyId = aws.Bool(true), aws.String(own) }, key: [2]string{own, own}},
		"key without Encrypted": {change: func(in *ec2.CopyImageInput) { in.KmsKeyId = aws.String(own) }, code: "InvalidParameterDependency"},
		"decrypted":             {change: func(in *ec2.CopyImageInput) { in.Encrypted = aws.Bool(false) }, code: "InvalidParameterValue"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := sample(ec2movetest.Options{})
			require.NoError(t, cloud.Add(ec2movetest.World{Regions: map[string]*ec2movetest.Area{target: {Encrypt: tt.encrypt, KMSKeys: []string{own}}}}))
			made, err := cloud.Region(source).CreateImage(t.Context(), &ec2.CreateImageInput{InstanceId: aws.String(ec2movetest.SampleInstance), Name: aws.String("image")})
			require.NoError(t, err)
			cloud.Clock().Advance(time.Hour)
			in := &ec2.CopyImageInput{Name: aws.String("copy"), SourceImageId: made.ImageId, SourceRegion: aws.String(source)}
			if tt.change != nil {
				tt.change(in)
			}
			_, err = cloud.Region(target).CopyImage(t.Context(), in)
			require.Equal(t, tt.code, code(t, err))
			if err != nil {
				return
			}
			def, err := cloud.Region(target).GetEbsDefaultKmsKeyId(t.Context(), nil)
			require.NoError(t, err)
			assert.Equal(t, "alias/aws/ebs", *def.KmsKeyId)
			for i, s := range cloud.Snapshots(target) {
				got := aws.ToString(s.KmsKeyId)
				if tt.key[i] == "aws" {
					assert.NotEmpty(t, got)
					assert.NotEqual(t, own, got)
				} else {
					assert.Equal(t, tt.key[i], got)
				}
			}
		})
	}
}

func TestCopyIsRefused(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{})
	image, _ := copied(t, cloud)
	pending, err := cloud.Region(source).CreateImage(t.Context(), &ec2.CreateImageInput{InstanceId: aws.String(ec2movetest.SampleInstance), Name: aws.String("pending")})
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		change func(*ec2.CopyImageInput)
		code   string
	}{
		"of another partition": {func(in *ec2.CopyImageInput) { in.SourceRegion = aws.String("cn-north-1") }, "InvalidRequest"},
		"no Region":            {func(in *ec2.CopyImageInput) { in.SourceRegion = aws.String("here") }, "InvalidParameterValue"},
		"without Region":       {func(in *ec2.CopyImageInput) { in.SourceRegion = nil }, "MissingParameter"},
		"of nothing":           {func(in *ec2.CopyImageInput) { in.SourceImageId = aws.String("ami-0aaaaaaaaaaaaaaaa") }, "InvalidAMIID.NotFound"},
		"of a pending image":   {func(in *ec2.CopyImageInput) { in.SourceImageId = pending.ImageId }, "InvalidAMIID.Unavailable"},
		"name taken":           {func(in *ec2.CopyImageInput) { in.Name = aws.String("copy") }, "InvalidAMIName.Duplicate"},
		"name short":           {func(in *ec2.CopyImageInput) { in.Name = aws.String("ab") }, "InvalidAMIName.Malformed"},
		"name with a colon":    {func(in *ec2.CopyImageInput) { in.Name = aws.String("a:bc") }, "InvalidAMIName.Malformed"},
		"tags of an instance": {func(in *ec2.CopyImageInput) {
			in.TagSpecifications = []types.TagSpecification{tagged("instance", "k", "v")}
		}, "InvalidParameterValue"},
		"to an Outpost": {func(in *ec2.CopyImageInput) { in.DestinationOutpostArn = aws.String("arn") }, "UnsupportedOperation"},
		"dry run":       {func(in *ec2.CopyImageInput) { in.DryRun = aws.Bool(true) }, "DryRunOperation"},
	} {
		in := &ec2.CopyImageInput{Name: aws.String("other"), SourceImageId: aws.String(image), SourceRegion: aws.String(source)}
		tt.change(in)
		_, err := cloud.Region(target).CopyImage(t.Context(), in)
		assert.Equal(t, tt.code, code(t, err), name)
	}
	assert.Equal(t, 1, cloud.Made(target).Images)
}

func TestDeregisterTakesTheSnapshotsAlong(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{})
	const own = "arn:aws:kms:us-east-1:123456789012:key/11111111-1111-4111-8111-111111111111"
	require.NoError(t, cloud.Add(ec2movetest.World{Regions: map[string]*ec2movetest.Area{target: {KMSKeys: []string{own}}}}))
	image, _ := copied(t, cloud)
	begin := func(name string) string {
		out, err := cloud.Region(target).CopyImage(t.Context(), &ec2.CopyImageInput{
			Name: aws.String(name), SourceImageId: aws.String(image), SourceRegion: aws.String(source), Encrypted: aws.Bool(true), KmsKeyId: aws.String(own),
		})
		require.NoError(t, err)
		cloud.Clock().Advance(31 * time.Second)
		return *out.ImageId
	}
	other := begin("other")
	now, _ := cloud.Copying(target)
	require.Equal(t, 2, now)
	out, err := cloud.Region(target).DeregisterImage(t.Context(), &ec2.DeregisterImageInput{ImageId: aws.String(other), DeleteAssociatedSnapshots: aws.Bool(true)})
	require.NoError(t, err)
	assert.Len(t, out.DeleteSnapshotResults, 2)
	now, _ = cloud.Copying(target)
	assert.Zero(t, now, "the copy is cancelled")
	assert.Equal(t, 2, cloud.Count(target).Snapshots, "those of the first copy")

	left := begin("other") // the name is free again
	_, err = cloud.Region(target).DeregisterImage(t.Context(), &ec2.DeregisterImageInput{ImageId: aws.String(left)})
	require.NoError(t, err)
	cloud.Clock().Advance(time.Hour)
	assert.Equal(t, 4, cloud.Count(target).Snapshots, "without the flag they stay, and are billed")

	held := cloud.Images(target)[0].BlockDeviceMappings[0].Ebs.SnapshotId
	_, err = cloud.Region(target).DeleteSnapshot(t.Context(), &ec2.DeleteSnapshotInput{SnapshotId: held})
	assert.Equal(t, "InvalidSnapshot.InUse", code(t, err))
}

// TestImagesBreak: Trap 7: states from which nothing comes any more, with the StateReason.
func TestImagesBreak(t *testing.T) {
	t.Parallel()
	for _, state := range []types.ImageState{types.ImageStateError, types.ImageStateInvalid, types.ImageStateDeregistered, types.ImageStateFailed} {
		cloud := sample(ec2movetest.Options{})
		cloud.BreakNextImage(source, state, "Client.InternalError", "an internal error")
		out, err := cloud.Region(source).CreateImage(t.Context(), &ec2.CreateImageInput{InstanceId: aws.String(ec2movetest.SampleInstance), Name: aws.String("image")})
		require.NoError(t, err)
		assert.Equal(t, types.ImageStatePending, imageOf(t, cloud, source, *out.ImageId).State)
		cloud.Clock().Advance(time.Hour)
		im := imageOf(t, cloud, source, *out.ImageId)
		assert.Equal(t, state, im.State)
		assert.Equal(t, "an internal error", *im.StateReason.Message)
		_, err = cloud.Region(source).CreateImage(t.Context(), &ec2.CreateImageInput{InstanceId: aws.String(ec2movetest.SampleInstance), Name: aws.String("image")})
		assert.Equal(t, "InvalidAMIName.Duplicate", code(t, err), "it holds its name")
	}
}

func TestCreateImage(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{NameHold: time.Minute})
	create := func(change func(*ec2.CreateImageInput)) (string, error) {
		in := &ec2.CreateImageInput{InstanceId: aws.String(ec2movetest.SampleInstance), Name: aws.String("image")}
		if change != nil {
			change(in)
		}
		out, err := cloud.Region(source).CreateImage(t.Context(), in)
		if err != nil {
			return "", err
		}
		return *out.ImageId, nil
	}
	id, err := create(nil)
	require.NoError(t, err)
	assert.Equal(t, 1, cloud.Reboots(source, ec2movetest.SampleInstance))
	status, err := cloud.Region(source).DescribeInstanceStatus(t.Context(), &ec2.DescribeInstanceStatusInput{InstanceIds: []string{ec2movetest.SampleInstance}})
	require.NoError(t, err)
	assert.Equal(t, types.SummaryStatusInitializing, status.InstanceStatuses[0].InstanceStatus.Status, "it was restarted")
	_, err = create(func(in *ec2.CreateImageInput) { in.Name, in.NoReboot = aws.String("second"), aws.Bool(true) })
	require.NoError(t, err)
	assert.Equal(t, 1, cloud.Reboots(source, ec2movetest.SampleInstance))
	im := imageOf(t, cloud, source, id)
	assert.Equal(t, ec2movetest.SampleInstance, *im.SourceInstanceId)
	require.Len(t, im.BlockDeviceMappings, 2)
	assert.Nil(t, snapshotOf(t, cloud, source, *im.BlockDeviceMappings[0].Ebs.SnapshotId).FullSnapshotSizeInBytes, "not known yet")

	_, err = create(nil)
	assert.Equal(t, "InvalidAMIName.Duplicate", code(t, err))
	_, err = create(func(in *ec2.CreateImageInput) {
		in.InstanceId = aws.String("i-0aaaaaaaaaaaaaaaa")
		in.Name = aws.String("new")
	})
	assert.Equal(t, "InvalidInstanceID.NotFound", code(t, err))
	_, err = create(func(in *ec2.CreateImageInput) { in.InstanceId = aws.String("i-x"); in.Name = aws.String("new") })
	assert.Equal(t, "InvalidInstanceID.Malformed", code(t, err))

	_, err = cloud.Region(source).DeregisterImage(t.Context(), &ec2.DeregisterImageInput{ImageId: aws.String(id)})
	require.NoError(t, err)
	_, err = create(nil)
	assert.Equal(t, "InvalidAMIName.Duplicate", code(t, err), "a recently deregistered name")
	cloud.Clock().Advance(time.Minute)
	_, err = create(nil)
	require.NoError(t, err)

	_, err = cloud.Region(source).StopInstances(t.Context(), &ec2.StopInstancesInput{InstanceIds: []string{ec2movetest.SampleInstance}})
	require.NoError(t, err)
	_, err = create(func(in *ec2.CreateImageInput) { in.Name = aws.String("while stopping") })
	assert.Equal(t, "IncorrectInstanceState", code(t, err))
}
