package ec2move_test

import (
	"context"
	"slices"
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

// The copy has all that the source has, and that the new Region can have.
func TestTheCopyIsLikeTheSource(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	c := newClient(t, cloud)
	spec := plainSpec()
	spec.Volumes = []ec2move.Volume{{ID: spare, Device: "/dev/sdg"}}
	_, err := run(t, c.Run(t.Context(), planned(t, c, spec)))
	require.NoError(t, err)
	was, is := cloud.Instances(home)[0], cloud.Instances(away)[0]
	assert.Equal(t, types.InstanceStateNameRunning, is.State.Name)
	assert.Equal(t, was.InstanceType, is.InstanceType)
	assert.Equal(t, was.Monitoring.State, is.Monitoring.State)
	assert.Equal(t, was.IamInstanceProfile.Arn, is.IamInstanceProfile.Arn)
	assert.Equal(t, was.MetadataOptions.HttpTokens, is.MetadataOptions.HttpTokens)
	assert.Equal(t, was.MetadataOptions.HttpPutResponseHopLimit, is.MetadataOptions.HttpPutResponseHopLimit)
	assert.Equal(t, was.PrivateDnsNameOptions, is.PrivateDnsNameOptions)
	assert.False(t, *is.SourceDestCheck)
	assert.Equal(t, cloud.UserData(home, server), cloud.UserData(away, *is.InstanceId))
	tags := map[string]string{}
	for _, tag := range is.Tags {
		tags[*tag.Key] = *tag.Value
	}
	assert.Equal(t, map[string]string{"Name": "web-1", "team": "shop", ec2move.TagMove: "web-1", ec2move.TagStep: "launch"}, tags)
	protected, err := cloud.Region(away).DescribeInstanceAttribute(t.Context(),
		&ec2.DescribeInstanceAttributeInput{InstanceId: is.InstanceId, Attribute: types.InstanceAttributeNameDisableApiTermination})
	require.NoError(t, err)
	assert.True(t, *protected.DisableApiTermination.Value)

	devices := map[string]types.EbsInstanceBlockDevice{}
	for _, d := range is.BlockDeviceMappings {
		devices[*d.DeviceName] = *d.Ebs
	}
	assert.Equal(t, []string{"/dev/sdf", "/dev/sdg", "/dev/xvda"}, sortedKeys(devices))
	assert.True(t, *devices["/dev/xvda"].DeleteOnTermination)
	assert.False(t, *devices["/dev/sdf"].DeleteOnTermination)
	for _, v := range cloud.Volumes(away) {
		switch *v.VolumeId {
		case *devices["/dev/xvda"].VolumeId:
			assert.Equal(t, []any{types.VolumeTypeGp3, int32(4000), int32(250), int32(20)}, []any{v.VolumeType, *v.Iops, *v.Throughput, *v.Size})
		case *devices["/dev/sdf"].VolumeId:
			assert.Equal(t, []any{types.VolumeTypeGp2, int32(100)}, []any{v.VolumeType, *v.Size})
		case *devices["/dev/sdg"].VolumeId:
			assert.Equal(t, []any{types.VolumeTypeGp3, int32(30)}, []any{v.VolumeType, *v.Size})
			assert.Equal(t, aws.ToString(is.Placement.AvailabilityZone), *v.AvailabilityZone)
		}
	}
}

// What is asked for otherwise is otherwise.
func TestTheCopyIsOtherwiseWhereAsked(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	c := newClient(t, cloud)
	spec := plainSpec()
	spec.To.InstanceType, spec.UserData, spec.SkipStatusChecks = "m5.large", ec2move.OmitUserData, true
	events, err := run(t, c.Run(t.Context(), planned(t, c, spec)))
	require.NoError(t, err)
	is := cloud.Instances(away)[0]
	assert.Equal(t, types.InstanceType("m5.large"), is.InstanceType)
	assert.Empty(t, cloud.UserData(away, *is.InstanceId))
	assert.Zero(t, cloud.Calls("DescribeInstanceStatus"))
	assert.Contains(t, stepsOf(events), "ready")
}

// Trap 5: Zonal token + changed subnet: no second instance; the subnet is persisted before the call.
func TestTrap5TheSubnetIsKeptBeforeTheCall(t *testing.T) {
	t.Parallel()
	cloud, kept := newCloud(t), &keeper{}
	c := newClient(t, cloud, kept.into)
	var before string
	cloud.Observe(func(e awsopstest.Event) {
		if e.Op == "RunInstances" && e.When == awsopstest.Before {
			before = kept.last.Steps[ec2move.StepLaunch].IDs["subnet"]
		}
	})
	_, err := run(t, c.Run(t.Context(), planned(t, c, plainSpec())))
	require.NoError(t, err)
	assert.Equal(t, aws.ToString(cloud.Instances(away)[0].SubnetId), before)
}

// Trap 5 again: the answer is lost, the state too, and the target is changed to a subnet in another zone.
func TestTrap5AChangedSubnetLaunchesNoSecondInstance(t *testing.T) {
	t.Parallel()
	for _, lag := range []int{0, 10} {
		cloud := newCloud(t, func(o *ec2movetest.Options) { o.Lag = lag })
		c := newClient(t, cloud, func(cfg *ec2move.Config) { cfg.MaxRetries = new(0) })
		plan := planned(t, c, plainSpec())
		cloud.LoseNext("RunInstances")
		_, err := run(t, c.Run(t.Context(), plan))
		require.ErrorContains(t, err, "no answer")
		subnets, err := cloud.Region(away).DescribeSubnets(t.Context(), &ec2.DescribeSubnetsInput{})
		require.NoError(t, err)
		runs := aws.ToString(cloud.Instances(away)[0].SubnetId)
		for _, s := range subnets.Subnets {
			if *s.SubnetId != runs {
				plan.Spec.To.SubnetID = *s.SubnetId
			}
		}
		_, err = run(t, newClient(t, cloud).Run(t.Context(), plan))
		require.ErrorIs(t, err, awsops.ErrConflict, "lag %d", lag)
		require.ErrorContains(t, err, runs)
		assert.Equal(t, 1, cloud.Made(away).Instances)
	}
}

// Trap 5, the other half: without room in one subnet the next is tried, under a token of its own.
func TestTrap5WithoutCapacityTheNextSubnetIsTried(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	tokens := &recorder{}
	c := newClient(t, cloud, func(cfg *ec2move.Config) { cfg.API = tokens.around(cloud) })
	cloud.NoCapacity(away, "", "", 1)
	_, err := run(t, c.Run(t.Context(), planned(t, c, plainSpec())))
	require.NoError(t, err)
	assert.Equal(t, 1, cloud.Made(away).Instances)
	require.Len(t, tokens.runs, 2)
	assert.NotEqual(t, *tokens.runs[0].SubnetId, *tokens.runs[1].SubnetId)
	seen := map[string]string{}
	for _, in := range tokens.runs {
		if subnet, ok := seen[*in.ClientToken]; ok {
			assert.Equal(t, subnet, *in.SubnetId, "one token, one subnet")
		}
		seen[*in.ClientToken] = *in.SubnetId
	}
}

func TestWithoutCapacityAnywhere(t *testing.T) {
	t.Parallel()
	cloud, kept := newCloud(t), &keeper{}
	c := newClient(t, cloud, kept.into)
	cloud.NoCapacity(away, "", "", 3)
	_, err := run(t, c.Run(t.Context(), planned(t, c, plainSpec())))
	require.ErrorIs(t, err, awsops.ErrCapacity)
	assert.Equal(t, 3, cloud.Calls("RunInstances"), "once in each subnet")
	_, err = run(t, c.Resume(t.Context(), *kept.last)) // there is room by now
	require.NoError(t, err)
	assert.Equal(t, 1, cloud.Made(away).Instances)
	assert.Equal(t, 1, cloud.Made(away).Images)
}

func TestWithoutCapacityInTheSubnetThatWasNamed(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	c := newClient(t, cloud)
	out, err := cloud.Region(away).DescribeSubnets(t.Context(), &ec2.DescribeSubnetsInput{})
	require.NoError(t, err)
	spec := plainSpec()
	spec.To.SubnetID = *out.Subnets[0].SubnetId
	cloud.NoCapacity(away, "", "", -1)
	_, err = run(t, c.Run(t.Context(), planned(t, c, spec)))
	require.ErrorIs(t, err, awsops.ErrCapacity)
	assert.Equal(t, 1, cloud.Calls("RunInstances"))
}

// Trap 5 at its worst: the first subnet had no room, the copy runs in the second, EC2 does not show it, the state is lost, and by
// now the first has room.
func TestTrap5ALostStateLooksBeforeItLaunchesAgain(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t, func(o *ec2movetest.Options) { o.Lag = 10 })
	c := newClient(t, cloud)
	plan := planned(t, c, plainSpec())
	cloud.NoCapacity(away, "", "", 1)
	crash := false
	cloud.Observe(func(e awsopstest.Event) {
		if e.Op == "RunInstances" && e.N == 2 && e.When == awsopstest.After && !crash {
			crash = true
			panic(errCrash)
		}
	})
	crashed, err := crashing(t, c.Run(t.Context(), plan))
	require.NoError(t, err)
	require.True(t, crashed)
	require.Equal(t, 1, cloud.Made(away).Instances)
	_, err = run(t, newClient(t, cloud).Run(t.Context(), plan))
	require.NoError(t, err)
	assert.Equal(t, 1, cloud.Made(away).Instances)
	assert.Equal(t, 2, cloud.Calls("RunInstances"))
}

// User data that was changed since the plan is not the planned copy's.
func TestUserDataThatChangedIsAConflict(t *testing.T) {
	t.Parallel()
	cloud, kept := newCloud(t), &keeper{}
	c := newClient(t, cloud, kept.into)
	plan := planned(t, c, plainSpec())
	cloud.FailNext("RunInstances", "InternalErrorX", "stop here")
	_, err := run(t, c.Run(t.Context(), plan))
	require.Error(t, err)
	kept.last.Source.UserDataHash = "0000"
	_, err = run(t, c.Resume(t.Context(), *kept.last))
	require.ErrorIs(t, err, awsops.ErrConflict)
	assert.NotContains(t, err.Error(), "hunter2")
	assert.Equal(t, 1, cloud.Calls("RunInstances"))
}

// recorder is around a cloud, and keeps what is launched.
type recorder struct {
	ec2move.API

	runs []*ec2.RunInstancesInput
}

func (r *recorder) around(cloud *ec2movetest.Cloud) func(string) ec2move.API {
	return func(region string) ec2move.API {
		if region != away {
			return cloud.Region(region)
		}
		r.API = cloud.Region(region)
		return r
	}
}

func (r *recorder) RunInstances(ctx context.Context, in *ec2.RunInstancesInput, o ...func(*ec2.Options)) (*ec2.RunInstancesOutput, error) {
	r.runs = append(r.runs, in)
	return r.API.RunInstances(ctx, in, o...)
}

// Trap 23: Instance-profile propagation: only the two known messages are retried.
func TestTrap23OnlyTheTwoMessagesAreRetried(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		code, message string
		times         int
		tries         int
		fails         bool
	}{
		"the name is not known yet": {"InvalidParameterValue", "Value (web) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name", 3, 4, false},
		"the ARN is not known yet":  {"InvalidParameterValue", "Invalid IAM Instance Profile ARN", 3, 4, false},
		"without a role yet":        {"InvalidParameterValue", "IAM Instance Profile \"web\" has no associated IAM Roles", 3, 4, false},
		"for good":                  {"InvalidParameterValue", "Invalid IAM Instance Profile name", 1000, 0, true},
		"another value":             {"InvalidParameterValue", "Invalid value 'x' for InstanceType.", 1, 1, true},
		"the words of another code": {"InvalidParameterCombination", "Invalid IAM Instance Profile name", 1, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := newCloud(t)
			c := newClient(t, cloud)
			plan := planned(t, c, plainSpec())
			for range tt.times {
				cloud.FailNext("RunInstances", tt.code, tt.message)
			}
			_, err := run(t, c.Run(t.Context(), plan))
			if tt.fails {
				require.ErrorIs(t, err, awsops.ErrInvalid)
				assert.Contains(t, as(t, err).Reason, tt.message)
			} else {
				require.NoError(t, err)
			}
			if tt.tries > 0 {
				assert.Equal(t, tt.tries, cloud.Calls("RunInstances"))
			} else {
				assert.InDelta(t, 9, cloud.Calls("RunInstances"), 3, "about two minutes of looks")
			}
		})
	}
}

// CopyImage takes one key: where volumes are to have several, each gets its own as it is made.
func TestEveryVolumeGetsItsKey(t *testing.T) {
	t.Parallel()
	const first, second = "arn:aws:kms:us-east-1:123456789012:key/11111111-1111-1111-1111-111111111111", "arn:aws:kms:us-east-1:123456789012:key/22222222-2222-2222-2222-222222222222"
	const was = "arn:aws:kms:eu-central-1:123456789012:key/33333333-3333-3333-3333-333333333333"
	for name, tt := range map[string]struct {
		keys map[string]string
		want []string
	}{
		"one for all": {map[string]string{"": first}, []string{first, first, first}},
		"one each":    {map[string]string{was: second, "": first}, []string{first, first, second}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := newCloud(t, func(o *ec2movetest.Options) {
				o.World.Regions[home].KMSKeys, o.World.Regions[away].KMSKeys = []string{was}, []string{first, second}
				data := &o.World.Regions[home].Instances[0].Volumes[1]
				data.Encrypted, data.KMSKey = true, was
			})
			c := newClient(t, cloud)
			spec := plainSpec()
			spec.To.KMSKey, spec.Volumes = tt.keys, []ec2move.Volume{{ID: spare, Device: "/dev/sdg"}}
			_, err := run(t, c.Run(t.Context(), planned(t, c, spec)))
			require.NoError(t, err)
			var got []string
			for _, v := range cloud.Volumes(away) {
				assert.True(t, *v.Encrypted)
				got = append(got, aws.ToString(v.KmsKeyId))
			}
			slices.Sort(got)
			assert.Equal(t, tt.want, got)
		})
	}
}

// EC2 launches, finds that a volume cannot be made, and ends the instance itself; so it looks for a person who ends it.
func TestACopyThatDiesIsSaidSoAndLaunchedAgainOnRequest(t *testing.T) {
	t.Parallel()
	cloud, kept := newCloud(t), &keeper{}
	c := newClient(t, cloud, kept.into)
	for e, err := range c.Run(t.Context(), planned(t, c, plainSpec())) {
		require.NoError(t, err)
		if e.Step == string(ec2move.StepLaunch) && e.Phase == string(ec2move.Done) {
			break
		}
	}
	_, err := cloud.Region(away).TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{kept.last.Steps[ec2move.StepLaunch].ID}})
	require.NoError(t, err)
	for range 2 {
		_, err = run(t, c.Resume(t.Context(), *kept.last))
		require.ErrorIs(t, err, awsops.ErrFailed)
		assert.Contains(t, as(t, err).Hint, "State.Retry")
	}
	_, err = run(t, newClient(t, cloud).Run(t.Context(), planned(t, c, plainSpec()))) // with the state lost
	require.ErrorIs(t, err, awsops.ErrFailed)
	assert.Equal(t, 1, cloud.Made(away).Instances)
	_, err = run(t, c.Resume(t.Context(), kept.last.Retry()))
	require.NoError(t, err)
	assert.Equal(t, 1, cloud.Count(away).Instances)
	assert.Equal(t, 1, cloud.Made(away).Images, "the copy is not made anew")
}

// Status checks that fail for long end the wait, those of a slow start do not.
func TestStatusChecksThatFail(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		until time.Duration
		fails bool
	}{"a slow start": {5 * time.Minute, false}, "for good": {time.Hour, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := newCloud(t)
			c := newClient(t, cloud)
			var began time.Time
			var err error
			for e, failed := range c.Run(t.Context(), planned(t, c, plainSpec())) {
				if err = failed; err != nil {
					break
				}
				switch id := e.Resource; {
				case e.Step == string(ec2move.StepLaunch) && strings.HasPrefix(id, "i-"):
					began = e.At
					cloud.Impair(away, id, true)
				case e.Step == string(ec2move.StepReady) && e.At.Sub(began) > tt.until:
					cloud.Impair(away, id, false)
				}
			}
			if !tt.fails {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, awsops.ErrFailed)
			assert.Contains(t, as(t, err).Reason, "impaired")
		})
	}
}

// The account's Allowed AMIs may exclude the copy: EC2 says then that there is no such image, to RunInstances too.
func TestTrap3AnImageThatIsNotAllowedIsHintedAt(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	c := newClient(t, cloud)
	plan := planned(t, c, plainSpec())
	for range 100 {
		cloud.FailNext("RunInstances", "InvalidAMIID.NotFound", "The image id '[ami-1]' does not exist")
	}
	_, err := run(t, c.Run(t.Context(), plan))
	require.ErrorIs(t, err, awsops.ErrGone)
	require.ErrorContains(t, err, "ImageAllowed")
	assert.InDelta(t, 20, cloud.Calls("RunInstances"), 6, "five minutes of looks")
}
