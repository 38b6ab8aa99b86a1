package ec2move_test

import (
	"errors"
	"fmt"
	"slices"
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

// addressed is a stage whose move ends with its address.
func addressed(t *testing.T, opts *ec2movetest.Options) *stage {
	t.Helper()
	s := newStage(t, opts)
	s.spec.Cutover = nil
	s.spec.Keep.Images = true
	return s
}

// crash runs the move until the call of op, and ends the process before or after its effect.
func (s *stage) crash(t *testing.T, c *ec2move.Client, op string, when any) (kept ec2move.State) {
	t.Helper()
	armed := true
	s.cloud.Observe(func(e awsopstest.Event) {
		if armed && e.Op == op && any(e.When) == when {
			armed = false
			panic("the process ends")
		}
	})
	defer func() {
		require.NotNil(t, recover(), "%s was never called", op)
		kept = s.last
	}()
	_, err := s.run(t, c, nil, nil)
	require.NoError(t, err)
	return kept
}

// Trap 2: "SDK retry of token-less creates (AllocateAddress): exactly one request." Here the answer is lost, and the address
// shows in no list for a while. The test on the wire is that of the core.
func TestTrap2AnAddressWhoseAnswerWasLostIsFoundAndNotAskedForAgain(t *testing.T) {
	t.Parallel()
	for _, lag := range []int{0, 3, 10} {
		t.Run(fmt.Sprint("lag ", lag), func(t *testing.T) {
			t.Parallel()
			s := addressed(t, &ec2movetest.Options{Lag: lag})
			s.cloud.LoseNext("AllocateAddress")
			st, err := s.run(t, s.client(t), nil, nil)
			require.NoError(t, err)
			require.Len(t, s.addresses(t), 1)
			assert.Equal(t, 1, s.cloud.Calls("AllocateAddress"))
			assert.Equal(t, st.Steps[ec2move.StepAddress].ID, aws.ToString(s.addresses(t)[0].AllocationId))
			assert.Equal(t, st.Steps[ec2move.StepLaunch].ID, aws.ToString(s.addresses(t)[0].InstanceId))
		})
	}
}

// A request that never arrived is made again, after a settle window that shows nothing new.
func TestAnAddressThatWasNeverMadeIsAskedForAgain(t *testing.T) {
	t.Parallel()
	s := addressed(t, nil)
	s.cloud.DropNext("AllocateAddress")
	_, err := s.run(t, s.client(t), nil, func(st ec2move.State) bool { return s.cloud.Calls("AllocateAddress") == 1 })
	require.NoError(t, err)
	dropped := s.cloud.Clock().Now()
	_, err = s.run(t, s.client(t), &s.last, nil)
	require.NoError(t, err)
	assert.Equal(t, 2, s.cloud.Calls("AllocateAddress"))
	assert.Len(t, s.addresses(t), 1)
	assert.GreaterOrEqual(t, s.cloud.Clock().Now().Sub(dropped), 5*time.Minute)
}

// Trap 4: "a tag lookup is no proof of absence." Whoever takes the move up after a crash cannot know whether the call was
// made. There is one address in the end, or an error that says what to look at.
func TestTrap4AnAddressIsMadeOnceWhereverTheProcessEnds(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"CreateTags", "AllocateAddress", "AssociateAddress"} {
		for _, when := range []any{awsopstest.Before, awsopstest.After} {
			for _, lag := range []int{0, 3, 10} {
				for _, lost := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s %v lag %d lost %v", op, when, lag, lost), func(t *testing.T) {
						t.Parallel()
						s := addressed(t, &ec2movetest.Options{Lag: lag})
						kept := s.crash(t, s.client(t), op, when)
						c := s.client(t) // another process
						if lost {
							var err error
							kept, err = c.Find(t.Context(), s.spec)
							require.NoError(t, err)
						}
						_, err := s.run(t, c, &kept, nil)
						require.NoError(t, err)
						assert.Len(t, s.addresses(t), 1)
						if when == any(awsopstest.After) || op == "AssociateAddress" {
							assert.Equal(t, 1, s.cloud.Calls("AllocateAddress"))
						}
					})
				}
			}
		}
	}
}

// An older state than the last one does not know of the call at all; the copy's tag does.
func TestAnOlderStateMakesNoSecondAddress(t *testing.T) {
	t.Parallel()
	s := addressed(t, &ec2movetest.Options{Lag: 10})
	older, err := s.run(t, s.client(t), nil, through(ec2move.StepLaunch))
	require.NoError(t, err)
	_, err = s.run(t, s.client(t), &older, func(ec2move.State) bool { return s.cloud.Calls("AllocateAddress") == 1 })
	require.NoError(t, err)
	_, err = s.run(t, s.client(t), &older, nil)
	require.NoError(t, err)
	assert.Equal(t, 1, s.cloud.Calls("AllocateAddress"))
	assert.Len(t, s.addresses(t), 1)
}

// What cannot be cleared up is left to a person: an idle address without tags has come up since, and it may be the one.
func TestAnAddressThatMayBeTheOneStopsTheMove(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		settle func(t *testing.T, s *stage, st *ec2move.State, id string)
		want   int // addresses in the end
	}{
		"it is not": {settle: func(_ *testing.T, _ *stage, st *ec2move.State, _ string) { st.NoAddress = true }, want: 2},
		"it is": {settle: func(t *testing.T, s *stage, _ *ec2move.State, id string) {
			t.Helper()
			_, err := s.cloud.Region("us-east-1").CreateTags(t.Context(), &ec2.CreateTagsInput{Resources: []string{id}, Tags: []types.Tag{
				{Key: aws.String(ec2move.TagMove), Value: &s.spec.ID}, {Key: aws.String(ec2move.TagStep), Value: aws.String("address")},
			}})
			require.NoError(t, err)
		}, want: 1},
		"it is given": {settle: func(_ *testing.T, _ *stage, st *ec2move.State, id string) {
			st.Spec.To.Address, st.Spec.To.AllocationID = ec2move.AddressGiven, id
		}, want: 1},
	} {
		for _, lost := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " lost ", lost), func(t *testing.T) {
				t.Parallel()
				s := addressed(t, nil)
				kept := s.crash(t, s.client(t), "AllocateAddress", awsopstest.Before)
				other, err := s.cloud.Region("us-east-1").AllocateAddress(t.Context(), &ec2.AllocateAddressInput{})
				require.NoError(t, err)
				c := s.client(t)
				if lost {
					kept, err = c.Find(t.Context(), s.spec)
					require.NoError(t, err)
				}
				st, err := s.run(t, c, &kept, nil)
				require.ErrorIs(t, err, awsops.ErrUnknownOutcome)
				require.ErrorContains(t, err, ec2move.TagMove+"=web-to-us", "the tag to look at")
				require.ErrorContains(t, err, aws.ToString(other.AllocationId))
				e, ok := errors.AsType[*ec2move.Error](err)
				require.True(t, ok)
				assert.Equal(t, ec2move.StepAddress, e.Step)
				assert.Contains(t, e.Hint, "NoAddress")
				_, again, err := c.Advance(t.Context(), st)
				require.ErrorIs(t, err, awsops.ErrUnknownOutcome, "as long as nobody has looked")
				assert.Zero(t, again.After)
				calls := s.cloud.Calls("AllocateAddress")

				tt.settle(t, s, &st, aws.ToString(other.AllocationId))
				st, err = s.run(t, c, &st, nil)
				require.NoError(t, err)
				assert.False(t, st.NoAddress, "it is good for one call")
				assert.Len(t, s.addresses(t), tt.want)
				assert.Equal(t, calls+tt.want-1, s.cloud.Calls("AllocateAddress"))
			})
		}
	}
}

func TestAnAddressAboveTheQuota(t *testing.T) {
	t.Parallel()
	s := addressed(t, &ec2movetest.Options{Addresses: 1})
	other, err := s.cloud.Region("us-east-1").AllocateAddress(t.Context(), &ec2.AllocateAddressInput{})
	require.NoError(t, err)
	c := s.client(t)
	st, err := s.run(t, c, nil, nil)
	require.ErrorIs(t, err, awsops.ErrQuota)
	require.ErrorContains(t, err, "L-0263D0A3")
	_, err = s.cloud.Region("us-east-1").ReleaseAddress(t.Context(), &ec2.ReleaseAddressInput{AllocationId: other.AllocationId})
	require.NoError(t, err)
	began := s.cloud.Clock().Now()
	_, err = s.run(t, c, &st, nil)
	require.NoError(t, err)
	assert.Less(t, s.cloud.Clock().Now().Sub(began), time.Minute, "a refusal proves that nothing was made")
	assert.Len(t, s.addresses(t), 1)
}

func TestAnAddressThatIsGiven(t *testing.T) {
	t.Parallel()
	s := addressed(t, nil)
	given, err := s.cloud.Region("us-east-1").AllocateAddress(t.Context(), &ec2.AllocateAddressInput{ // by this move, before somebody looked
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeElasticIp, Tags: []types.Tag{
			{Key: aws.String(ec2move.TagMove), Value: &s.spec.ID}, {Key: aws.String(ec2move.TagStep), Value: aws.String("address")},
		}}},
	})
	require.NoError(t, err)
	s.spec.To.Address, s.spec.To.AllocationID = ec2move.AddressGiven, aws.ToString(given.AllocationId)
	c := s.client(t)
	st, err := s.run(t, c, nil, nil)
	require.NoError(t, err)
	assert.Equal(t, 1, s.cloud.Calls("AllocateAddress"), "the test's")
	require.Len(t, s.addresses(t), 1)
	assert.Equal(t, st.Steps[ec2move.StepLaunch].ID, aws.ToString(s.addresses(t)[0].InstanceId))

	require.NoError(t, s.undo(t, c, st))
	require.Len(t, s.addresses(t), 1, "it is not ours to release")
	assert.Empty(t, aws.ToString(s.addresses(t)[0].AssociationId))
	assert.Zero(t, s.cloud.Calls("ReleaseAddress"))
}

func TestAnAddressIsTakenFromNobody(t *testing.T) {
	t.Parallel()
	s := addressed(t, nil)
	given, err := s.cloud.Region("us-east-1").AllocateAddress(t.Context(), &ec2.AllocateAddressInput{})
	require.NoError(t, err)
	s.spec.To.Address, s.spec.To.AllocationID = ec2move.AddressGiven, aws.ToString(given.AllocationId)
	c := s.client(t)
	st, err := s.run(t, c, nil, through(ec2move.StepLaunch))
	require.NoError(t, err)
	shop := s.bystander(t)
	_, err = s.cloud.Region("us-east-1").AssociateAddress(t.Context(), &ec2.AssociateAddressInput{AllocationId: given.AllocationId, InstanceId: &shop})
	require.NoError(t, err)
	_, err = s.run(t, c, &st, nil)
	require.ErrorIs(t, err, awsops.ErrConflict)
	require.ErrorContains(t, err, shop)
	assert.Equal(t, shop, aws.ToString(s.addresses(t)[0].InstanceId))
}

// bystander is an instance of somebody else in the target Region.
func (s *stage) bystander(t *testing.T) string {
	t.Helper()
	dst := s.cloud.Region("us-east-1")
	images, err := dst.DescribeImages(t.Context(), &ec2.DescribeImagesInput{Owners: []string{"self"}})
	require.NoError(t, err)
	require.NotEmpty(t, images.Images)
	subnets, err := dst.DescribeSubnets(t.Context(), &ec2.DescribeSubnetsInput{})
	require.NoError(t, err)
	out, err := dst.RunInstances(t.Context(), &ec2.RunInstancesInput{
		ImageId: images.Images[0].ImageId, InstanceType: "t3.small", MinCount: aws.Int32(1), MaxCount: aws.Int32(1), SubnetId: subnets.Subnets[0].SubnetId,
	})
	require.NoError(t, err)
	s.cloud.Clock().Advance(time.Minute)
	return aws.ToString(out.Instances[0].InstanceId)
}

// The copy is not given its address while it is pending, which EC2 refuses, also when nobody waits for status checks.
func TestAnAddressWaitsUntilTheCopyRuns(t *testing.T) {
	t.Parallel()
	s := addressed(t, &ec2movetest.Options{Boot: 3 * time.Minute})
	s.spec.SkipStatusChecks = true
	_, err := s.run(t, s.client(t), nil, nil)
	require.NoError(t, err)
	assert.Equal(t, 1, s.cloud.Calls("AssociateAddress"))
}

func TestNoAddressIsWanted(t *testing.T) {
	t.Parallel()
	s := addressed(t, nil)
	s.spec.To.Address = ec2move.AddressNone
	st, err := s.run(t, s.client(t), nil, nil)
	require.NoError(t, err)
	assert.Equal(t, ec2move.Skipped, st.Steps[ec2move.StepAddress].Phase)
	assert.Zero(t, s.cloud.Calls("AllocateAddress"))
}

// Trap 13: "Elastic IP leak on rollback." Wherever the move is when it is rolled back, with or without its state, and
// however late EC2's lists are, no address is left.
func TestTrap13ARollbackLeavesNoAddress(t *testing.T) {
	t.Parallel()
	points := map[string]func(t *testing.T, s *stage) ec2move.State{
		"crash before the call": func(t *testing.T, s *stage) ec2move.State {
			t.Helper()
			return s.crash(t, s.client(t), "AllocateAddress", awsopstest.Before)
		},
		"crash after the call": func(t *testing.T, s *stage) ec2move.State {
			t.Helper()
			return s.crash(t, s.client(t), "AllocateAddress", awsopstest.After)
		},
		"the answer lost": func(t *testing.T, s *stage) ec2move.State {
			t.Helper()
			s.cloud.LoseNext("AllocateAddress")
			st, err := s.run(t, s.client(t), nil, func(ec2move.State) bool { return s.cloud.Calls("AllocateAddress") == 1 })
			require.NoError(t, err)
			return st
		},
		"crash while associating": func(t *testing.T, s *stage) ec2move.State {
			t.Helper()
			return s.crash(t, s.client(t), "AssociateAddress", awsopstest.After)
		},
		"done": func(t *testing.T, s *stage) ec2move.State {
			t.Helper()
			st, err := s.run(t, s.client(t), nil, nil)
			require.NoError(t, err)
			return st
		},
	}
	for name, reach := range points {
		for _, lag := range []int{0, 10} {
			for _, lost := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, lag %d, lost %v", name, lag, lost), func(t *testing.T) {
					t.Parallel()
					s := addressed(t, &ec2movetest.Options{Lag: lag})
					theirs, err := s.cloud.Region("us-east-1").AllocateAddress(t.Context(), &ec2.AllocateAddressInput{
						TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeElasticIp, Tags: []types.Tag{
							{Key: aws.String(ec2move.TagMove), Value: aws.String("web-to-us-2")}, {Key: aws.String(ec2move.TagStep), Value: aws.String("address")},
						}}},
					})
					require.NoError(t, err)
					st := reach(t, s)
					c := s.client(t)
					if lost {
						st, err = c.Find(t.Context(), s.spec)
						require.NoError(t, err)
					}
					require.NoError(t, s.undo(t, c, st))
					left := s.addresses(t)
					for range lag {
						left = s.addresses(t)
					}
					require.Len(t, left, 1, "the other move's stays")
					assert.Equal(t, aws.ToString(theirs.AllocationId), aws.ToString(left[0].AllocationId))
				})
			}
		}
	}
}

// An address of the move that somebody has given to another instance since is not torn away from it.
func TestARollbackDoesNotReleaseAnAddressThatSomebodyUses(t *testing.T) {
	t.Parallel()
	s := addressed(t, nil)
	c := s.client(t)
	st, err := s.run(t, c, nil, nil)
	require.NoError(t, err)
	shop := s.bystander(t)
	ours := s.addresses(t)[0]
	_, err = s.cloud.Region("us-east-1").AssociateAddress(t.Context(), &ec2.AssociateAddressInput{
		AllocationId: ours.AllocationId, InstanceId: &shop, AllowReassociation: aws.Bool(true),
	})
	require.NoError(t, err)
	err = s.undo(t, c, st)
	require.ErrorIs(t, err, awsops.ErrConflict)
	require.ErrorContains(t, err, shop)
	assert.Equal(t, shop, aws.ToString(s.addresses(t)[0].InstanceId))
	assert.True(t, slices.Contains(s.cloud.Order(), "DescribeAddresses"))
}
