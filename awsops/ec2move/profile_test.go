package ec2move_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

// profiled is an account with the sample's server without a profile, and a second profile.
func profiled(t *testing.T, profile string) (*ec2movetest.Cloud, *ec2move.Client) {
	t.Helper()
	world := ec2movetest.Sample()
	world.Regions[ec2movetest.SampleRegion].Instances[0].Profile = profile
	cloud := ec2movetest.New(&ec2movetest.Options{World: &world})
	c, err := ec2move.New(cloud.Config())
	require.NoError(t, err)
	return cloud, c
}

func TestAttachProfile(t *testing.T) {
	t.Parallel()
	t.Run("once, whether its answer came or not", func(t *testing.T) {
		t.Parallel()
		for _, name := range []string{"web", "arn:aws:iam::123456789012:instance-profile/web"} {
			cloud, c := profiled(t, "")
			cloud.LoseNext("AssociateIamInstanceProfile")
			p := c.Profiles(ec2movetest.SampleRegion, nil)
			require.NoError(t, p.AttachProfile(t.Context(), ec2movetest.SampleInstance, name))
			require.NoError(t, p.AttachProfile(t.Context(), ec2movetest.SampleInstance, name))
			assert.Equal(t, 1, cloud.Calls("AssociateIamInstanceProfile"), name)
		}
	})
	// Trap 23: "instance-profile propagation: only the two known messages are retried."
	t.Run("as soon as EC2 knows it", func(t *testing.T) {
		t.Parallel()
		cloud, c := profiled(t, "")
		cloud.AddProfile("new", 3, 2)
		require.NoError(t, c.Profiles(ec2movetest.SampleRegion, nil).AttachProfile(t.Context(), ec2movetest.SampleInstance, "new"))
		assert.Equal(t, 6, cloud.Calls("AssociateIamInstanceProfile"))
	})
	t.Run("not for ever", func(t *testing.T) {
		t.Parallel()
		cloud, c := profiled(t, "")
		began := cloud.Clock().Now()
		err := c.Profiles(ec2movetest.SampleRegion, nil).AttachProfile(t.Context(), ec2movetest.SampleInstance, "there-is-none")
		require.ErrorIs(t, err, awsops.ErrInvalid)
		assert.Greater(t, cloud.Clock().Now().Sub(began), 2*time.Minute)
	})
	t.Run("another refusal comes back at once", func(t *testing.T) {
		t.Parallel()
		cloud, c := profiled(t, "")
		cloud.FailNext("AssociateIamInstanceProfile", "UnauthorizedOperation", "You are not authorized: iam:PassRole")
		err := c.Profiles(ec2movetest.SampleRegion, nil).AttachProfile(t.Context(), ec2movetest.SampleInstance, "web")
		require.ErrorIs(t, err, awsops.ErrDenied)
		assert.Equal(t, 1, cloud.Calls("AssociateIamInstanceProfile"))
	})
	t.Run("in the place of another only when told", func(t *testing.T) {
		t.Parallel()
		cloud, c := profiled(t, "web")
		cloud.AddProfile("agent", 0, 0)
		err := c.Profiles(ec2movetest.SampleRegion, nil).AttachProfile(t.Context(), ec2movetest.SampleInstance, "agent")
		require.ErrorIs(t, err, awsops.ErrConflict)
		require.ErrorContains(t, err, "instance-profile/web")
		assert.Zero(t, cloud.Calls("ReplaceIamInstanceProfileAssociation"))
		replace := c.Profiles(ec2movetest.SampleRegion, &ec2move.ProfileOptions{Replace: true})
		require.NoError(t, replace.AttachProfile(t.Context(), ec2movetest.SampleInstance, "agent"))
		assert.Equal(t, 1, cloud.Calls("ReplaceIamInstanceProfileAssociation"))
	})
	t.Run("what is none is refused here", func(t *testing.T) {
		t.Parallel()
		cloud, c := profiled(t, "")
		calls := cloud.Calls("")
		p := c.Profiles(ec2movetest.SampleRegion, nil)
		for _, bad := range [][2]string{{"web", "web"}, {ec2movetest.SampleInstance, ""}, {ec2movetest.SampleInstance, "arn:aws:iam::1:role/web"}, {ec2movetest.SampleInstance, strings.Repeat("x", 129)}} {
			require.ErrorIs(t, p.AttachProfile(t.Context(), bad[0], bad[1]), awsops.ErrInvalid, "%q", bad)
		}
		assert.Equal(t, calls, cloud.Calls(""))
	})
}
