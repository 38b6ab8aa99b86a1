package ec2move_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

// backUntil takes a move back until it is done or fails, and counts the time.
func backUntil(t *testing.T, c *ec2move.Client, cloud *ec2movetest.Cloud, st ec2move.State) (ec2move.State, time.Duration, error) {
	t.Helper()
	began := cloud.Clock().Now()
	st.Undo = true
	for range 3000 {
		next, more, err := c.Advance(t.Context(), st)
		st = next
		if err != nil || more.Done {
			return st, cloud.Clock().Now().Sub(began), err
		}
		require.NoError(t, cloud.Clock().Sleep(t.Context(), more.After))
	}
	require.Fail(t, "the rollback does not come to an end")
	return st, 0, nil
}

// A group that a network interface is still in is waited for, and given up on with its name; then the rollback goes on.
func TestGroupInUseIsNotTakenBack(t *testing.T) {
	t.Parallel()
	cloud := planCloud(0)
	c := planClient(t, cloud)
	st, err := planUntil(t.Context(), c, cloud.Clock(), planState(t, c, planSpec()), ec2move.StepGroups)
	require.NoError(t, err)
	image, err := cloud.Region(planTo).CopyImage(t.Context(), copyOf(t, cloud))
	require.NoError(t, err)
	cloud.Clock().Advance(time.Hour)
	theirs, err := cloud.Region(planTo).RunInstances(t.Context(), &ec2.RunInstancesInput{
		ImageId: image.ImageId, InstanceType: types.InstanceTypeT3Micro, MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
		SecurityGroupIds: []string{st.Steps[ec2move.StepGroups].IDs["sg-0aaaaaaaaaaaaaaa2"]},
	})
	require.NoError(t, err)

	st, took, err := backUntil(t, c, cloud, st)
	require.ErrorIs(t, err, awsops.ErrConflict)
	assert.ErrorContains(t, err, "in use by eni-")
	assert.ErrorContains(t, err, "rollback")
	assert.Greater(t, took, 5*time.Minute)
	assert.Less(t, took, 45*time.Minute)

	_, err = cloud.Region(planTo).TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{aws.ToString(theirs.Instances[0].InstanceId)}})
	require.NoError(t, err)
	_, _, err = backUntil(t, c, cloud, st)
	require.NoError(t, err)
	assert.Empty(t, oursOf(t, cloud))
}

// A group that somebody's rule names is given up on with what to do, and no rule of theirs is touched.
func TestGroupNamedByAnotherIsNotTakenBack(t *testing.T) {
	t.Parallel()
	cloud := planCloud(0)
	c := planClient(t, cloud)
	st, err := planUntil(t.Context(), c, cloud.Clock(), planState(t, c, planSpec()), ec2move.StepGroups)
	require.NoError(t, err)
	copied := st.Steps[ec2move.StepGroups].IDs["sg-0aaaaaaaaaaaaaaa3"]
	theirs, err := cloud.Region(planTo).CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{GroupName: aws.String("theirs"), Description: aws.String("theirs"), VpcId: aws.String(st.Steps[ec2move.StepGroups].ID)})
	require.NoError(t, err)
	rule := []types.IpPermission{{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(1), ToPort: aws.Int32(1), UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: &copied}}}}
	_, err = cloud.Region(planTo).AuthorizeSecurityGroupIngress(t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{GroupId: theirs.GroupId, IpPermissions: rule})
	require.NoError(t, err)

	st, _, err = backUntil(t, c, cloud, st)
	require.ErrorIs(t, err, awsops.ErrConflict)
	assert.ErrorContains(t, err, copied)
	assert.ErrorContains(t, err, "a rule of a group that is not of this move")
	assert.Len(t, planGroups(t, cloud, planTo, 0)[aws.ToString(theirs.GroupId)].IpPermissions, 1)

	_, err = cloud.Region(planTo).RevokeSecurityGroupIngress(t.Context(), &ec2.RevokeSecurityGroupIngressInput{GroupId: theirs.GroupId, IpPermissions: rule})
	require.NoError(t, err)
	_, _, err = backUntil(t, c, cloud, st)
	require.NoError(t, err)
	assert.Empty(t, oursOf(t, cloud))
}

func oursOf(t *testing.T, cloud *ec2movetest.Cloud) (ids []string) {
	t.Helper()
	for id, g := range planGroups(t, cloud, planTo, 0) {
		if planTags(g.Tags)[ec2move.TagMove] != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// copyOf is a call that copies an image of the source, for somebody else's instance.
func copyOf(t *testing.T, cloud *ec2movetest.Cloud) *ec2.CopyImageInput {
	t.Helper()
	image, err := cloud.Region(planFrom).CreateImage(t.Context(), &ec2.CreateImageInput{InstanceId: aws.String(planInstance), Name: aws.String("theirs"), NoReboot: aws.Bool(true)})
	require.NoError(t, err)
	cloud.Clock().Advance(time.Hour)
	return &ec2.CopyImageInput{SourceImageId: image.ImageId, SourceRegion: aws.String(planFrom), Name: aws.String("theirs")}
}

// What EC2 says is there and never shows is not made again and again: five minutes, and the error names it.
func TestGroupThatIsNeverShown(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]bool{"made by this state": false, "made before, the state lost": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := planCloud(0)
			c := planClient(t, cloud, func(cfg *ec2move.Config) {
				inner := cfg.API
				cfg.API = func(region string) ec2move.API {
					a := altered{API: inner(region), region: region}
					if region == planTo {
						a.groups = func(g *types.SecurityGroup) { g.GroupName = aws.String("hidden") }
					}
					return a
				}
			})
			begin := planState(t, c, planSpec())
			st, err := planUntil(t.Context(), c, cloud.Clock(), begin, ec2move.StepPrefixLists)
			require.NoError(t, err)
			if lost { // the first group is made, and the state is of before
				_, _, err = c.Advance(t.Context(), st)
				require.NoError(t, err)
			}
			began := cloud.Clock().Now()
			_, err = planUntil(t.Context(), c, cloud.Clock(), st, ec2move.StepGroups)
			require.Error(t, err)
			assert.ErrorContains(t, err, "shows it in no list")
			took := cloud.Clock().Now().Sub(began)
			assert.Greater(t, took, 4*time.Minute)
			assert.Less(t, took, 7*time.Minute)
			mine := 0
			for _, g := range planGroups(t, cloud, planTo, 0) {
				if planTags(g.Tags)[ec2move.TagMove] == "web" {
					mine++
				}
			}
			assert.Equal(t, 1, mine)
		})
	}
}
