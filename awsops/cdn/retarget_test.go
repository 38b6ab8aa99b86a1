package cdn_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/cdn"
	"github.com/kitroll/kitroll/awsops/cdntest"
)

// retargeter is what a package that moves servers asks for.
type retargeter interface {
	Retarget(ctx context.Context, from, to string) (n int, err error)
}

var _ retargeter = (*cdn.Client)(nil)

// grouped is a distribution whose default behaviour asks a group of origins, the second of which is host.
func grouped(host string) *types.DistributionConfig {
	cfg := byHand("first.example.net", cdn.HTTPOnly, false)
	second := byHand(host, cdn.HTTPSOnly, false).Origins.Items[0]
	second.Id = new("o2")
	cfg.Origins.Items = append(cfg.Origins.Items, second)
	cfg.Origins.Quantity = new(int32(2))
	cfg.OriginGroups = &types.OriginGroups{Quantity: new(int32(1)), Items: []types.OriginGroup{{
		Id:               new("g1"),
		FailoverCriteria: &types.OriginGroupFailoverCriteria{StatusCodes: &types.StatusCodes{Quantity: new(int32(1)), Items: []int32{503}}},
		Members:          &types.OriginGroupMembers{Quantity: new(int32(2)), Items: []types.OriginGroupMember{{OriginId: new("o1")}, {OriginId: new("o2")}}},
	}}}
	cfg.DefaultCacheBehavior.TargetOriginId = new("g1")
	return cfg
}

func TestRetarget(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cdntest.Options{PageSize: 2})
	for i := range 3 {
		w.Add(byHand(fmt.Sprintf("o%d.example.net", i), cdn.HTTPSOnly, false))
	}
	single := w.Add(byHand(strings.ToUpper(origin), cdn.HTTPOnly, true, alias))
	group := w.Add(grouped(origin))

	plan, err := w.c.PlanRetarget(t.Context(), origin, "New.example.com.")
	require.NoError(t, err)
	require.Len(t, plan.Items, 2)
	assert.Contains(t, plan.String(), "origin.example.com → new.example.com, 2 distributions")
	assert.Contains(t, plan.String(), alias)
	assert.Contains(t, plan.String(), "in groups g1")
	assert.Zero(t, w.Calls("UpdateDistribution"), "a plan changes nothing")

	ids, err := plan.Apply(t.Context())
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{single, group}, ids)
	assert.Equal(t, "new.example.com", *w.Read(single).Origins.Items[0].DomainName)
	assert.Equal(t, "first.example.net", *w.Read(group).Origins.Items[0].DomainName)
	assert.Equal(t, "new.example.com", *w.Read(group).Origins.Items[1].DomainName)
	assert.Equal(t, "g1", *w.Read(group).DefaultCacheBehavior.TargetOriginId)

	n, err := w.c.Retarget(t.Context(), origin, "new.example.com")
	require.NoError(t, err)
	assert.Zero(t, n, "again: there is nothing left")
	n, err = w.c.Retarget(t.Context(), "new.example.com", origin)
	require.NoError(t, err)
	assert.Equal(t, 2, n, "and back")
}

// A move of an instance: the old public name of EC2 gives way to the new one, where that can work.
func TestRetargetToAnotherInstance(t *testing.T) {
	t.Parallel()
	const next = "ec2-198-51-100-7.us-west-2.compute.amazonaws.com"
	for name, tt := range map[string]struct {
		protocol cdn.Protocol
		forward  bool
		aliases  []string
		refused  string
	}{
		"by http":                             {protocol: cdn.HTTPOnly},
		"by https, through the alias":         {protocol: cdn.HTTPSOnly, forward: true, aliases: []string{alias}},
		"by https":                            {protocol: cdn.HTTPSOnly, refused: "no authority certifies"},
		"as the viewer":                       {protocol: cdn.MatchViewer, refused: "no authority certifies"},
		"by https, Host forwarded, no alias":  {protocol: cdn.HTTPSOnly, forward: true, refused: "CloudFront's own domain"},
		"by https, alias, Host not forwarded": {protocol: cdn.HTTPSOnly, aliases: []string{alias}, refused: "no authority certifies"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, cdntest.Options{})
			good := w.Add(byHand(ec2Name, cdn.HTTPOnly, false))
			id := w.Add(byHand(ec2Name, tt.protocol, tt.forward, tt.aliases...))
			n, err := w.c.Retarget(t.Context(), ec2Name, next)
			if tt.refused != "" {
				require.ErrorIs(t, err, cdn.ErrOrigin)
				require.ErrorContains(t, err, tt.refused)
				assert.Zero(t, n)
				assert.Equal(t, ec2Name, *w.Read(good).Origins.Items[0].DomainName, "nothing at all is changed")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, 2, n)
			assert.Equal(t, next, *w.Read(id).Origins.Items[0].DomainName)
		})
	}
}

// Trap 16: ETag races: re-read and re-apply, the other writer's change survives.
func TestRetargetAmongOtherWriters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cdntest.Options{})
	id := w.Add(byHand(origin, cdn.HTTPOnly, false))
	races := 0
	w.Observe(raceBefore("UpdateDistribution", 4, &races, func() {
		w.Edit(id, func(c *types.DistributionConfig) { c.Comment = new(fmt.Sprint("changed ", races)) })
	}))
	n, err := w.c.Retarget(t.Context(), origin, "new.example.com")
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	assert.Equal(t, "changed 4", *w.Read(id).Comment)
	assert.Equal(t, "new.example.com", *w.Read(id).Origins.Items[0].DomainName)
}

// One that another writer has turned meanwhile, and one that was deleted, are not counted.
func TestRetargetOfWhatHasGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cdntest.Options{ListLag: 3})
	r := distribution()
	r.Unprobed, r.Origin.Protocol = true, cdn.HTTPOnly
	made, err := w.c.Ensure(t.Context(), r)
	require.NoError(t, err)
	for range 4 {
		for _, err := range w.c.List(t.Context()) {
			require.NoError(t, err)
		}
	}
	require.NoError(t, w.c.Delete(t.Context(), made.ID, nil))
	id := w.Add(byHand(origin, cdn.HTTPOnly, false))
	plan, err := w.c.PlanRetarget(t.Context(), origin, "new.example.com")
	require.NoError(t, err)
	require.Len(t, plan.Items, 1, "lists still show the deleted one, as it was")
	w.Edit(id, func(c *types.DistributionConfig) { c.Origins.Items[0].DomainName = new("new.example.com") })
	updates := w.Calls("UpdateDistribution")
	ids, err := plan.Apply(t.Context())
	require.NoError(t, err)
	assert.Empty(t, ids)
	assert.Equal(t, updates, w.Calls("UpdateDistribution"), "what needs no change is not written")
}

func TestRetargetRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cdntest.Options{})
	w.Add(byHand(origin, cdn.HTTPOnly, true, alias))
	for to, kind := range map[string]error{"203.0.113.99": awsops.ErrInvalid, "": awsops.ErrInvalid, origin: awsops.ErrInvalid, "localhost": awsops.ErrInvalid, alias: cdn.ErrOrigin} {
		_, err := w.c.Retarget(t.Context(), origin, to)
		require.ErrorIs(t, err, kind, to)
	}
	assert.Zero(t, w.Calls("UpdateDistribution"))
	w.Observe(func(awsopstest.Event) {})
	w.FailNext("ListDistributions", "AccessDenied", "not authorized")
	_, err := w.c.Retarget(t.Context(), origin, "new.example.com")
	require.ErrorIs(t, err, awsops.ErrDenied)
}
