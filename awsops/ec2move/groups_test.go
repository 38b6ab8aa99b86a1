package ec2move_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

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

// Trap 11: "Security-group cycles, prefix-list ids per Region, default egress." The copies' rules are the source's, field by
// field, with the IDs of the new Region.
func TestGroupsAreCopiedWithAllTheirRules(t *testing.T) {
	t.Parallel()
	cloud := planCloud(0)
	c := planClient(t, cloud)
	st, err := planUntil(t.Context(), c, cloud.Clock(), planState(t, c, planSpec()), ec2move.StepGroups)
	require.NoError(t, err)
	sameGroups(t, cloud, st, 0)
}

// sameGroups holds the copies against the source's groups, and counts them.
func sameGroups(t *testing.T, cloud *ec2movetest.Cloud, st ec2move.State, lag int) {
	t.Helper()
	ids := maps.Clone(st.Steps[ec2move.StepGroups].IDs)
	require.ElementsMatch(t, []string{"sg-0aaaaaaaaaaaaaaa1", "sg-0aaaaaaaaaaaaaaa2", "sg-0aaaaaaaaaaaaaaa3"}, slices.Collect(maps.Keys(ids)))
	lists := st.Steps[ec2move.StepPrefixLists].IDs
	require.Len(t, lists, 2)
	maps.Copy(ids, lists)
	from, to := planGroups(t, cloud, planFrom, 0), planGroups(t, cloud, planTo, lag)
	mine := 0
	for _, g := range to {
		if planTags(g.Tags)[ec2move.TagMove] == "web" {
			mine++
		}
	}
	assert.Equal(t, 3, mine, "one copy of each")
	for source := range st.Steps[ec2move.StepGroups].IDs {
		was, is := from[source], to[ids[source]]
		assert.Equal(t, planRules(was.IpPermissions, ids), planRules(is.IpPermissions, nil), "in of %s", aws.ToString(was.GroupName))
		assert.Equal(t, planRules(was.IpPermissionsEgress, ids), planRules(is.IpPermissionsEgress, nil), "out of %s", aws.ToString(was.GroupName))
		assert.Equal(t, aws.ToString(was.Description), aws.ToString(is.Description))
		tags := planTags(is.Tags)
		assert.Equal(t, "groups "+source, tags[ec2move.TagStep])
		for key, value := range planTags(was.Tags) {
			assert.Equal(t, value, tags[key])
		}
	}
	sameLists(t, cloud, lists, lag)
}

func sameLists(t *testing.T, cloud *ec2movetest.Cloud, ids map[string]string, lag int) {
	t.Helper()
	for source, there := range ids {
		was, is := planList(t, cloud, planFrom, source, 0), planList(t, cloud, planTo, there, lag)
		assert.NotEqual(t, source, there)
		if aws.ToString(was.OwnerId) == "AWS" {
			assert.Equal(t, aws.ToString(was.PrefixListName), aws.ToString(is.PrefixListName), "the same name, another ID")
			continue
		}
		assert.Equal(t, aws.ToInt32(was.MaxEntries), aws.ToInt32(is.MaxEntries))
		assert.Equal(t, aws.ToString(was.AddressFamily), aws.ToString(is.AddressFamily))
		assert.Equal(t, "it", planTags(is.Tags)["Team"])
		assert.Equal(t, planEntries(t, cloud, planFrom, source), planEntries(t, cloud, planTo, there), "more than 100, with their descriptions")
	}
	all, err := cloud.Region(planTo).DescribeManagedPrefixLists(context.Background(), &ec2.DescribeManagedPrefixListsInput{})
	require.NoError(t, err)
	mine := 0
	for _, l := range all.PrefixLists {
		if planTags(l.Tags)[ec2move.TagMove] == "web" {
			mine++
		}
	}
	assert.Equal(t, 1, mine, "one copy of the customer's list")
}

func planList(t *testing.T, cloud *ec2movetest.Cloud, region, id string, lag int) types.ManagedPrefixList {
	t.Helper()
	for range lag + 1 {
		out, err := cloud.Region(region).DescribeManagedPrefixLists(context.Background(),
			&ec2.DescribeManagedPrefixListsInput{Filters: []types.Filter{{Name: aws.String("prefix-list-id"), Values: []string{id}}}})
		require.NoError(t, err)
		if len(out.PrefixLists) == 1 {
			return out.PrefixLists[0]
		}
	}
	require.Fail(t, "no such list", "%s in %s", id, region)
	return types.ManagedPrefixList{}
}

func planEntries(t *testing.T, cloud *ec2movetest.Cloud, region, id string) map[string]string {
	t.Helper()
	out := map[string]string{}
	in := &ec2.GetManagedPrefixListEntriesInput{PrefixListId: &id}
	for {
		page, err := cloud.Region(region).GetManagedPrefixListEntries(context.Background(), in)
		require.NoError(t, err)
		for _, e := range page.Entries {
			out[aws.ToString(e.Cidr)] = aws.ToString(e.Description)
		}
		if aws.ToString(page.NextToken) == "" {
			return out
		}
		in = &ec2.GetManagedPrefixListEntriesInput{PrefixListId: &id, NextToken: page.NextToken}
	}
}

func planTags(tags []types.Tag) map[string]string {
	out := map[string]string{}
	for _, tag := range tags {
		out[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return out
}

// Every call that changes something, in the three steps: dropped before, done with the answer lost, and done with the process
// dead and its last state lost. What comes of it is what comes of a quiet run.
func TestGroupsAtEveryPointOfACrash(t *testing.T) {
	t.Parallel()
	quiet := planCloud(0)
	c := planClient(t, quiet)
	st := planState(t, c, planSpec())
	before := len(quiet.Order())
	_, err := planUntil(t.Context(), c, quiet.Clock(), st, ec2move.StepGroups)
	require.NoError(t, err)
	calls := 0
	for _, op := range quiet.Order()[before:] {
		if planMutating(op) {
			calls++
		}
	}
	require.GreaterOrEqual(t, calls, 12)
	for _, lag := range []int{0, 3, 10} {
		for _, how := range []string{"dropped", "lost", "dead", "dead, state lost"} {
			t.Run(fmt.Sprintf("lag %d, %s", lag, how), func(t *testing.T) {
				t.Parallel()
				for n := range calls {
					cloud := planCloud(lag)
					crashAt(t, cloud, n, how, lag)
				}
			})
		}
	}
	t.Logf("%d calls × 4 faults × 3 lags: %d points, no group, list or key twice", calls, calls*12)
}

type died struct{}

func crashAt(t *testing.T, cloud *ec2movetest.Cloud, n int, how string, lag int) {
	t.Helper()
	c := planClient(t, cloud)
	begin := planState(t, c, planSpec())
	seen, armed := 0, true
	cloud.Observe(func(e awsopstest.Event) {
		if !planMutating(e.Op) || !armed {
			return
		}
		if e.When == awsopstest.Before {
			seen++
		}
		if seen == n+1 && e.When == awsopstest.After && how != "dropped" {
			armed = false
			panic(died{})
		}
	})
	if how == "dropped" || how == "lost" { // through the script, since the call itself is repeated
		armed = false
		c = planClient(t, cloud, func(cfg *ec2move.Config) {
			inner := cfg.API
			cfg.API = func(region string) ec2move.API {
				return &faulty{API: inner(region), cloud: cloud, n: n, how: how, seen: &seen}
			}
		})
	}
	st := begin
	for {
		var again bool
		func() {
			defer func() {
				if r := recover(); r != nil {
					if _, ok := r.(died); !ok {
						panic(r)
					}
					again = true
				}
			}()
			for range 2000 {
				next, more, err := c.Advance(t.Context(), st)
				if !assert.NoError(t, err, "call %d", n) {
					return
				}
				st = next
				if st.Steps[ec2move.StepGroups].Phase == ec2move.Done {
					return
				}
				_ = cloud.Clock().Sleep(t.Context(), more.After)
			}
		}()
		if !again {
			break
		}
		if how == "dead, state lost" {
			st = begin
		}
	}
	require.Equal(t, ec2move.Done, st.Steps[ec2move.StepGroups].Phase, "call %d", n)
	sameGroups(t, cloud, st, lag)
	for range lag {
		_, _ = cloud.Region(planTo).DescribeKeyPairs(t.Context(), &ec2.DescribeKeyPairsInput{})
	}
	pairs, err := cloud.Region(planTo).DescribeKeyPairs(t.Context(), &ec2.DescribeKeyPairsInput{})
	require.NoError(t, err)
	require.Len(t, pairs.KeyPairs, 1)
	assert.Equal(t, st.Steps[ec2move.StepKeyPair].ID, aws.ToString(pairs.KeyPairs[0].KeyName))
}

// Somebody else's group under a name of the move stops it, before and during.
func TestGroupOfSomebodyElse(t *testing.T) {
	t.Parallel()
	cloud := planCloud(0)
	c := planClient(t, cloud)
	st, err := planUntil(t.Context(), c, cloud.Clock(), planState(t, c, planSpec()), ec2move.StepGroups)
	require.NoError(t, err)
	name := aws.ToString(planGroups(t, cloud, planTo, 0)[st.Steps[ec2move.StepGroups].IDs["sg-0aaaaaaaaaaaaaaa2"]].GroupName)

	cloud = planCloud(0)
	c = planClient(t, cloud)
	vpcs, err := cloud.Region(planTo).DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{})
	require.NoError(t, err)
	theirs, err := cloud.Region(planTo).CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{GroupName: &name, Description: aws.String("mine"), VpcId: vpcs.Vpcs[0].VpcId})
	require.NoError(t, err)
	plan, err := c.Plan(t.Context(), planSpec())
	require.NoError(t, err)
	assert.Contains(t, planCodes(plan, ec2move.Stop), "name-taken")
	st, err = planUntil(t.Context(), c, cloud.Clock(), ec2move.State{Spec: plan.Spec, Source: plan.Source}, ec2move.StepGroups)
	require.ErrorIs(t, err, awsops.ErrConflict)
	e := new(ec2move.Error)
	require.ErrorAs(t, err, &e)
	assert.Equal(t, aws.ToString(theirs.GroupId), e.Resource)
	assert.Equal(t, ec2move.StepGroups, e.Step)

	_, _, err = backUntil(t, c, cloud, st)
	require.NoError(t, err)
	assert.Contains(t, planGroups(t, cloud, planTo, 0), aws.ToString(theirs.GroupId), "trap 29: it has the name, and not the tag")
	assert.Empty(t, oursOf(t, cloud))
}

// Trap 29: "Nothing without our migration tag is ever deleted." The rollback of the three steps leaves what looks alike.
func TestGroupsAreTakenBack(t *testing.T) {
	t.Parallel()
	for _, lag := range []int{0, 3} {
		for _, lost := range []bool{false, true} {
			t.Run(fmt.Sprintf("lag %d, state lost %v", lag, lost), func(t *testing.T) {
				t.Parallel()
				cloud := planCloud(lag)
				c := planClient(t, cloud)
				begin := planState(t, c, planSpec())
				was := len(planGroups(t, cloud, planTo, 0))
				st, err := planUntil(t.Context(), c, cloud.Clock(), begin, ec2move.StepGroups)
				require.NoError(t, err)
				vpcs, err := cloud.Region(planTo).DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{})
				require.NoError(t, err)
				_, err = cloud.Region(planTo).CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{
					GroupName: aws.String("m-web-groups-00000000"), Description: aws.String("looks alike"), VpcId: vpcs.Vpcs[0].VpcId,
				})
				require.NoError(t, err)
				_, err = cloud.Region(planTo).ImportKeyPair(t.Context(), &ec2.ImportKeyPairInput{KeyName: aws.String("m-web-key-pair-00000000"), PublicKeyMaterial: []byte(planKey(1))})
				require.NoError(t, err)
				if lost {
					st = begin
				}
				st.Undo = true
				for range 3000 {
					next, more, err := c.Advance(t.Context(), st)
					require.NoError(t, err)
					if st = next; more.Done {
						break
					}
					require.NoError(t, cloud.Clock().Sleep(t.Context(), more.After))
				}
				assert.Len(t, planGroups(t, cloud, planTo, lag), was+1, "the bystander stays")
				for range lag {
					_, _ = cloud.Region(planTo).DescribeKeyPairs(t.Context(), &ec2.DescribeKeyPairsInput{})
				}
				pairs, err := cloud.Region(planTo).DescribeKeyPairs(t.Context(), &ec2.DescribeKeyPairsInput{})
				require.NoError(t, err)
				assert.Len(t, pairs.KeyPairs, 1)
				lists, err := cloud.Region(planTo).DescribeManagedPrefixLists(t.Context(), &ec2.DescribeManagedPrefixListsInput{})
				require.NoError(t, err)
				for _, l := range lists.PrefixLists {
					assert.Equal(t, "AWS", aws.ToString(l.OwnerId))
				}
			})
		}
	}
}
