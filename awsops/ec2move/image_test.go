package ec2move_test

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

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

// Trap 3: InvalidAMIID.NotFound right after create is lag; after the grace window it may mean Allowed AMIs.
func TestTrap3NotFoundIsLagThenAHint(t *testing.T) {
	t.Parallel()
	t.Run("lag", func(t *testing.T) {
		t.Parallel()
		cloud := newCloud(t, func(o *ec2movetest.Options) { o.Lag = 8 })
		c := newClient(t, cloud)
		_, err := run(t, c.Run(t.Context(), planned(t, c, plainSpec())))
		require.NoError(t, err)
	})
	t.Run("for good", func(t *testing.T) {
		t.Parallel()
		cloud := newCloud(t, func(o *ec2movetest.Options) { o.Lag = 1 << 20 })
		c := newClient(t, cloud)
		st := ec2move.State{Spec: plainSpec(), Steps: map[ec2move.StepID]ec2move.Progress{}}
		for _, id := range []ec2move.StepID{ec2move.StepCheck, ec2move.StepKeyPair, ec2move.StepPrefixLists, ec2move.StepGroups} {
			st.Steps[id] = ec2move.Progress{Phase: ec2move.Done}
		}
		began := cloud.Clock().Now()
		_, err := run(t, c.Resume(t.Context(), st))
		require.ErrorIs(t, err, awsops.ErrGone)
		require.ErrorContains(t, err, "Allowed AMIs")
		waited := cloud.Clock().Now().Sub(began)
		assert.GreaterOrEqual(t, waited, 5*time.Minute)
		assert.Less(t, waited, 7*time.Minute)
		assert.Equal(t, 1, cloud.Calls("CreateImage"))
	})
}

// Trap 6: InvalidAMIName.Duplicate of our own first try is adopted; of somebody else's image it is a Conflict.
func TestTrap6DuplicateIsAdoptedOrAConflict(t *testing.T) {
	t.Parallel()
	name := plainSpec().Name(ec2move.StepImage, "", 0)
	create := func(t *testing.T, cloud *ec2movetest.Cloud, instance string, tags map[string]string) {
		t.Helper()
		in := &ec2.CreateImageInput{InstanceId: &instance, Name: &name}
		if tags != nil {
			spec := types.TagSpecification{ResourceType: types.ResourceTypeImage}
			for k, v := range tags {
				spec.Tags = append(spec.Tags, types.Tag{Key: aws.String(k), Value: aws.String(v)})
			}
			in.TagSpecifications = []types.TagSpecification{spec}
		}
		_, err := cloud.Region(home).CreateImage(t.Context(), in)
		require.NoError(t, err)
	}
	t.Run("our own, whose answer was lost", func(t *testing.T) {
		t.Parallel()
		cloud := newCloud(t, func(o *ec2movetest.Options) { o.Lag = 5 })
		cloud.LoseNext("CreateImage")
		c := newClient(t, cloud)
		_, err := run(t, c.Run(t.Context(), planned(t, c, plainSpec())))
		require.NoError(t, err)
		assert.Equal(t, 1, cloud.Made(home).Images)
		assert.Equal(t, 2, cloud.Calls("CreateImage"), "the second is refused for the name")
		assert.Equal(t, 1, cloud.Reboots(home, server))
	})
	t.Run("somebody else's", func(t *testing.T) {
		t.Parallel()
		cloud := newCloud(t)
		create(t, cloud, server, nil)
		c := newClient(t, cloud)
		plan, err := c.Plan(t.Context(), plainSpec())
		require.NoError(t, err)
		plan.Findings = nil // made a moment after the plan
		_, err = run(t, c.Run(t.Context(), plan))
		require.ErrorIs(t, err, awsops.ErrConflict)
		require.ErrorContains(t, err, ec2move.TagMove)
		assert.Equal(t, 1, cloud.Made(home).Images)
	})
	t.Run("of another instance", func(t *testing.T) {
		t.Parallel()
		cloud := newCloud(t)
		w := world()
		other := w.Regions[home].Instances[0]
		other.ID, other.Profile, other.Groups, other.Volumes = "i-0fffffffffffffff1", "", nil, []ec2movetest.Volume{{ID: "vol-0fffffffffffffff1", GiB: 8, Device: "/dev/xvda"}}
		require.NoError(t, cloud.Add(ec2movetest.World{Regions: map[string]*ec2movetest.Area{home: {Instances: []ec2movetest.Instance{other}}}}))
		create(t, cloud, other.ID, map[string]string{ec2move.TagMove: "web-1"})
		c := newClient(t, cloud)
		plan, err := c.Plan(t.Context(), plainSpec())
		require.NoError(t, err)
		plan.Findings = nil
		_, err = run(t, c.Run(t.Context(), plan))
		require.ErrorIs(t, err, awsops.ErrConflict)
		require.ErrorContains(t, err, other.ID)
	})
	t.Run("one that nobody sees", func(t *testing.T) {
		t.Parallel()
		cloud := newCloud(t, func(o *ec2movetest.Options) { o.Lag = 60 })
		create(t, cloud, server, nil)
		c := newClient(t, cloud)
		st, err := c.Find(t.Context(), plainSpec())
		require.NoError(t, err)
		for _, id := range []ec2move.StepID{ec2move.StepKeyPair, ec2move.StepGroups} {
			st.Steps[id] = ec2move.Progress{Phase: ec2move.Done}
		}
		_, err = run(t, c.Resume(t.Context(), st))
		require.ErrorIs(t, err, awsops.ErrConflict)
		require.ErrorContains(t, err, name)
		require.ErrorContains(t, err, "State.Retry")
	})
}

// Trap 7: error / invalid / deregistered / failed end the wait at once, with the StateReason.
func TestTrap7AFailedImageEndsTheWaitWithItsReason(t *testing.T) {
	t.Parallel()
	for _, state := range []types.ImageState{types.ImageStateError, types.ImageStateInvalid, types.ImageStateDeregistered, types.ImageStateFailed, types.ImageStateDisabled} {
		for _, region := range []string{home, away} {
			t.Run(string(state)+" in "+region, func(t *testing.T) {
				t.Parallel()
				cloud, kept := newCloud(t), &keeper{}
				cloud.BreakNextImage(region, state, "Client.InternalError", "the snapshot could not be made: quota of the moon")
				c := newClient(t, cloud, kept.into)
				_, err := run(t, c.Run(t.Context(), planned(t, c, plainSpec())))
				require.ErrorIs(t, err, awsops.ErrFailed)
				e := as(t, err)
				assert.Equal(t, "Client.InternalError", e.Code)
				assert.Contains(t, e.Reason, "quota of the moon")
				assert.Contains(t, e.Reason, string(state))
				assert.True(t, strings.HasPrefix(e.Resource, "ami-"), e.Resource)
				looks := cloud.Calls("DescribeImages")

				_, err = run(t, c.Resume(t.Context(), *kept.last)) // it does not mend by itself
				require.ErrorIs(t, err, awsops.ErrFailed)
				assert.LessOrEqual(t, cloud.Calls("DescribeImages")-looks, 2)

				_, err = run(t, c.Resume(t.Context(), kept.last.Retry()))
				require.NoError(t, err)
				assert.Equal(t, 1, cloud.Count(away).Instances)
				assert.Equal(t, ec2movetest.Counts{Images: 2, Snapshots: 4}, onlyImages(cloud.Made(region)), "one that failed, and one")
			})
		}
	}
}

func onlyImages(c ec2movetest.Counts) ec2movetest.Counts {
	return ec2movetest.Counts{Images: c.Images, Snapshots: c.Snapshots}
}

// Trap 8: KMS fails asynchronously: the snapshot's StateMessage reaches the user.
func TestTrap8AKeyThatMayNotBeUsedIsNamedByTheSnapshot(t *testing.T) {
	t.Parallel()
	cloud, kept := newCloud(t), &keeper{}
	spec := plainSpec()
	c := newClient(t, cloud, kept.into, func(cfg *ec2move.Config) {
		cfg.API = func(region string) ec2move.API { return silent{cloud.Region(region)} }
	})
	spec.To.KMSKey = map[string]string{"": "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"}
	_, err := run(t, c.Run(t.Context(), planned(t, c, spec)))
	require.ErrorIs(t, err, awsops.ErrFailed)
	require.ErrorContains(t, err, "Given key ID is not accessible")
	require.ErrorContains(t, err, "snap-")
	assert.Equal(t, ec2move.StepCopy, as(t, err).Step)
	assert.Equal(t, 1, cloud.Calls("CopyImage"))
}

// silent is EC2 that says nothing of why an image has failed.
type silent struct{ ec2move.API }

func (s silent) DescribeImages(ctx context.Context, in *ec2.DescribeImagesInput, o ...func(*ec2.Options)) (*ec2.DescribeImagesOutput, error) {
	out, err := s.API.DescribeImages(ctx, in, o...)
	if err == nil {
		for i := range out.Images {
			out.Images[i].StateReason = nil
		}
	}
	return out, err
}

// Trap 9: 20-copy quota with many volumes: ResourceLimitExceeded queues and goes on.
func TestTrap9TheQuotaOfCopiesQueues(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t, func(o *ec2movetest.Options) { o.SnapshotCopies = 2 })
	// Somebody else's copies take all the room.
	others := cloud.Region(away)
	for range 2 {
		_, err := others.CopySnapshot(t.Context(), &ec2.CopySnapshotInput{SourceRegion: aws.String(home), SourceSnapshotId: snapshotOf(t, cloud, "vol-0a1b2c3d4e5f60002")})
		require.NoError(t, err)
	}
	spec := plainSpec()
	spec.Volumes = []ec2move.Volume{{ID: spare, Device: "/dev/sdg"}}
	c := newClient(t, cloud)
	events, err := run(t, c.Run(t.Context(), planned(t, c, spec)))
	require.NoError(t, err)
	queued := 0
	for _, e := range events {
		if e.Phase == string(ec2move.Queued) {
			queued++
		}
	}
	assert.Positive(t, queued)
	_, most := cloud.Copying(away)
	assert.Equal(t, 2, most)
	assert.Equal(t, 1+0, cloud.Made(away).Images)
}

func snapshotOf(t *testing.T, cloud *ec2movetest.Cloud, volume string) *string {
	t.Helper()
	out, err := cloud.Region(home).CreateSnapshot(t.Context(), &ec2.CreateSnapshotInput{VolumeId: &volume})
	require.NoError(t, err)
	for {
		got, err := cloud.Region(home).DescribeSnapshots(t.Context(), &ec2.DescribeSnapshotsInput{SnapshotIds: []string{*out.SnapshotId}})
		require.NoError(t, err)
		if got.Snapshots[0].State == types.SnapshotStateCompleted {
			return out.SnapshotId
		}
		cloud.Clock().Advance(time.Minute)
	}
}

// The second pass copies what has changed since the first, and the source is down for that alone.
func TestTwoPassesStopTheSourceForTheDifference(t *testing.T) {
	t.Parallel()
	down := func(capture ec2move.Capture) time.Duration {
		cloud := newCloud(t)
		spec := plainSpec()
		spec.Capture = capture
		c := newClient(t, cloud)
		plan := planned(t, c, spec)
		var stopped, ready time.Time
		cloud.Observe(func(e awsopstest.Event) {
			if e.Op == "StopInstances" {
				stopped = cloud.Clock().Now()
			}
		})
		for e, err := range c.Run(t.Context(), plan) {
			require.NoError(t, err)
			if e.Step == string(ec2move.StepReady) && e.Phase == string(ec2move.Done) {
				ready = e.At
			}
		}
		require.False(t, stopped.IsZero())
		assert.Equal(t, "stopped", string(cloud.Instances(home)[0].State.Name))
		return ready.Sub(stopped)
	}
	once, twice := down(ec2move.StopFirst), down(ec2move.TwoPass)
	assert.Less(t, twice, once-2*time.Minute, "%v against %v", twice, once)
}

// Progress is told of every volume, and of all together by what is written on them: it never falls, and ends with all.
func TestProgressIsToldPerVolume(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	c := newClient(t, cloud)
	events, err := run(t, c.Run(t.Context(), planned(t, c, plainSpec())))
	require.NoError(t, err)
	volumes, last := map[string]bool{}, int64(0)
	for _, e := range events {
		if e.Step != string(ec2move.StepCopy) || e.Total == 0 {
			continue
		}
		assert.LessOrEqual(t, e.Done, e.Total)
		if strings.HasPrefix(e.Resource, "snap-") {
			volumes[e.Resource] = true
			assert.True(t, e.ETA.IsZero() || e.ETA.After(e.At))
			continue
		}
		assert.GreaterOrEqual(t, e.Done, last)
		last = e.Done
	}
	assert.Len(t, volumes, 2)
	assert.Equal(t, int64(48000)<<20, last, "bytes that are written, not the size of the volumes")
}
