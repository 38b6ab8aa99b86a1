package ec2move_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

func planKeyName(t *testing.T) string {
	t.Helper()
	cloud := planCloud(0)
	c := planClient(t, cloud)
	st, err := planUntil(t.Context(), c, cloud.Clock(), planState(t, c, planSpec()), ec2move.StepKeyPair)
	require.NoError(t, err)
	return st.Steps[ec2move.StepKeyPair].ID
}

// A pair that is there under the move's name is taken if it holds the same key, and stops the move if it holds another.
func TestKeyPairUnderTheMovesName(t *testing.T) {
	t.Parallel()
	name := planKeyName(t)
	for test, tt := range map[string]struct {
		key  string
		ours bool
		want error
	}{
		"the same key, of an earlier run":        {key: planKey(1), ours: true},
		"the same key, with a comment, not ours": {key: planKey(1) + " someone@host"},
		"another key":                            {key: planKey(2), want: awsops.ErrConflict},
		"another key with our tag":               {key: planKey(2), ours: true, want: awsops.ErrConflict},
	} {
		t.Run(test, func(t *testing.T) {
			t.Parallel()
			cloud := planCloud(0)
			c := planClient(t, cloud)
			st := planState(t, c, planSpec())
			in := &ec2.ImportKeyPairInput{KeyName: &name, PublicKeyMaterial: []byte(tt.key)}
			if tt.ours {
				in.TagSpecifications = []types.TagSpecification{{ResourceType: types.ResourceTypeKeyPair, Tags: []types.Tag{{Key: aws.String(ec2move.TagMove), Value: aws.String("web")}}}}
			}
			_, err := cloud.Region(planTo).ImportKeyPair(t.Context(), in)
			require.NoError(t, err)

			p, err := c.Plan(t.Context(), planSpec())
			require.NoError(t, err)
			st, err = planUntil(t.Context(), c, cloud.Clock(), st, ec2move.StepKeyPair)
			if tt.want != nil {
				require.ErrorIs(t, err, tt.want)
				assert.ErrorContains(t, err, name)
				assert.NotContains(t, err.Error(), "ssh-ed25519")
				assert.Contains(t, planCodes(p, ec2move.Stop), "name-taken")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, name, st.Steps[ec2move.StepKeyPair].ID)
			assert.Equal(t, 1, cloud.Calls("ImportKeyPair"), "the test's own")
			assert.Contains(t, planCodes(p, ec2move.Note), "already-begun")

			// A rollback removes what has the tag, and else nothing.
			st.Undo = true
			for range 500 {
				next, more, err := c.Advance(t.Context(), st)
				require.NoError(t, err)
				if st = next; more.Done {
					break
				}
				require.NoError(t, cloud.Clock().Sleep(t.Context(), more.After))
			}
			pairs, err := cloud.Region(planTo).DescribeKeyPairs(t.Context(), &ec2.DescribeKeyPairsInput{})
			require.NoError(t, err)
			assert.Equal(t, tt.ours, len(pairs.KeyPairs) == 0)
		})
	}
}

// Images under the move's names: its own are gone on with, others stop it, and so does another move of the same ID.
func TestPlanAndTheNamesOfImages(t *testing.T) {
	t.Parallel()
	cloud := planCloud(0)
	p, err := planClient(t, cloud).Plan(t.Context(), planSpec())
	require.NoError(t, err)
	var name string
	for _, step := range p.Steps {
		if step.ID == ec2move.StepImage {
			_, err := fmt.Sscanf(step.Calls[0], "CreateImage %s of", &name)
			require.NoError(t, err)
		}
	}
	tag := []types.Tag{{Key: aws.String(ec2move.TagMove), Value: aws.String("web")}}
	for test, tt := range map[string]struct {
		name     string
		tags     []types.Tag
		severity ec2move.Severity
		code     string
	}{
		"ours":                        {name: name, tags: tag, severity: ec2move.Note, code: "already-begun"},
		"without the tag":             {name: name, severity: ec2move.Stop, code: "name-taken"},
		"of a move with the same ID":  {name: "m-web-image-00000000", tags: tag, severity: ec2move.Stop, code: "id-used"},
		"of a move named alike":       {name: "m-web-2-image-00000000", tags: []types.Tag{{Key: aws.String(ec2move.TagMove), Value: aws.String("web-2")}}},
		"a name alike, without a tag": {name: "m-web-image-00000000"},
	} {
		t.Run(test, func(t *testing.T) {
			t.Parallel()
			cloud := planCloud(0)
			in := &ec2.CreateImageInput{InstanceId: aws.String(planInstance), Name: &tt.name, NoReboot: aws.Bool(true)}
			if tt.tags != nil {
				in.TagSpecifications = []types.TagSpecification{{ResourceType: types.ResourceTypeImage, Tags: tt.tags}}
			}
			out, err := cloud.Region(planFrom).CreateImage(t.Context(), in)
			require.NoError(t, err)
			p, err := planClient(t, cloud).Plan(t.Context(), planSpec())
			require.NoError(t, err)
			if tt.code == "" {
				assert.False(t, p.Blocked())
				assert.NotContains(t, p.String(), aws.ToString(out.ImageId))
				return
			}
			assert.Contains(t, planCodes(p, tt.severity), tt.code)
			assert.Contains(t, p.String(), aws.ToString(out.ImageId))
		})
	}
}

// A list that EC2 gives up on ends the move with EC2's words.
func TestPrefixListThatFails(t *testing.T) {
	t.Parallel()
	cloud := planCloud(0)
	failing := false
	c := planClient(t, cloud, func(cfg *ec2move.Config) {
		inner := cfg.API
		cfg.API = func(region string) ec2move.API {
			return altered{API: inner(region), region: region, lists: func(region string, l *types.ManagedPrefixList) {
				if failing && region == planTo && aws.ToString(l.OwnerId) != "AWS" {
					l.State, l.StateMessage = types.PrefixListStateCreateFailed, aws.String("no room for 200 entries")
				}
			}}
		}
	})
	st := planState(t, c, planSpec())
	failing = true
	_, err := planUntil(t.Context(), c, cloud.Clock(), st, ec2move.StepPrefixLists)
	require.ErrorIs(t, err, awsops.ErrFailed)
	assert.ErrorContains(t, err, "no room for 200 entries")
	assert.Equal(t, 1, cloud.Calls("CreateManagedPrefixList"))
}

// Groups that the caller names are taken as they are: nothing is made.
func TestGivenGroupsAreNotCopied(t *testing.T) {
	t.Parallel()
	cloud := planCloud(0, func(w *ec2movetest.World) {
		area(w, planTo).Groups = []ec2movetest.Group{{ID: "sg-0bbbbbbbbbbbbbbb1", Name: "there"}}
	})
	c := planClient(t, cloud)
	s := planSpec()
	s.To.Groups = []string{"sg-0bbbbbbbbbbbbbbb1"}
	p, err := c.Plan(t.Context(), s)
	require.NoError(t, err)
	require.False(t, p.Blocked(), "%s", p)
	st, err := planUntil(t.Context(), c, cloud.Clock(), ec2move.State{Spec: p.Spec, Source: p.Source}, ec2move.StepGroups)
	require.NoError(t, err)
	assert.Equal(t, ec2move.Skipped, st.Steps[ec2move.StepGroups].Phase)
	assert.Equal(t, ec2move.Skipped, st.Steps[ec2move.StepPrefixLists].Phase)
	assert.Zero(t, cloud.Calls("CreateSecurityGroup"))
	assert.Zero(t, cloud.Calls("CreateManagedPrefixList"))
}

// Rules that cannot be carried are left out of the copy, and all others are there.
func TestRulesOfOthersAreLeftOut(t *testing.T) {
	t.Parallel()
	cloud := planCloud(0)
	c := planClient(t, cloud, func(cfg *ec2move.Config) {
		inner := cfg.API
		cfg.API = func(region string) ec2move.API {
			a := altered{API: inner(region), region: region}
			if region == planFrom {
				a.groups = peered
			}
			return a
		}
	})
	st, err := planUntil(t.Context(), c, cloud.Clock(), planState(t, c, planSpec()), ec2move.StepGroups)
	require.NoError(t, err)
	sameGroups(t, cloud, st, 0) // which asks the fake, and so knows nothing of the peered rule
}
