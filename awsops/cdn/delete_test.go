package cdn_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/cdn"
	"github.com/kitroll/kitroll/awsops/cdntest"
)

func TestDeleteDisablesWaitsAndDeletes(t *testing.T) {
	t.Parallel()
	w := ready(t, cdntest.Options{})
	r, err := w.c.Ensure(t.Context(), distribution())
	require.NoError(t, err)
	var phases []string
	began := w.Clock.Now()
	require.NoError(t, w.c.Delete(t.Context(), r.ID, &cdn.DeleteOptions{Interval: time.Minute, Progress: func(e awsops.Event) { phases = append(phases, e.Phase) }}))
	assert.Zero(t, w.Count())
	assert.Equal(t, "disabling", phases[0])
	assert.Contains(t, phases, "InProgress")
	assert.GreaterOrEqual(t, w.Clock.Now().Sub(began), 4*time.Minute)
	require.NoError(t, w.c.Delete(t.Context(), r.ID, nil), "it can be repeated")
}

// Trap 29: nothing without our migration tag is ever deleted. Here the tag is cdn.Tag; a mark in the comment is not enough.
func TestNothingWithoutOurTagIsDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cdntest.Options{})
	cfg := byHand(origin, cdn.HTTPOnly, false)
	cfg.Comment = new("[awsops:cdn shop]")
	id := w.Add(cfg)
	err := w.c.Delete(t.Context(), id, nil)
	require.ErrorIs(t, err, cdn.ErrNotOurs)
	require.ErrorContains(t, err, "name its domain")
	d, err := w.c.Get(t.Context(), id)
	require.NoError(t, err)
	require.ErrorIs(t, w.c.Delete(t.Context(), id, &cdn.DeleteOptions{Force: "other.cloudfront.net"}), awsops.ErrInvalid)
	assert.True(t, *w.Read(id).Enabled)
	assert.Zero(t, w.Calls("UpdateDistribution"))

	require.NoError(t, w.c.Delete(t.Context(), id, &cdn.DeleteOptions{Force: d.Domain}))
	assert.Zero(t, w.Count())

	endpoint := "arn:aws:ec2:eu-central-1:123456789012:instance/i-1"
	v, err := w.c.EnsureVPCOrigin(t.Context(), cdn.VPCOrigin{ID: "shop", Endpoint: endpoint, Protocol: cdn.HTTPOnly})
	require.NoError(t, err)
	w.FailNext("ListTagsForResource", "AccessDenied", "no")
	require.ErrorIs(t, w.c.DeleteVPCOrigin(t.Context(), v.ID), awsops.ErrDenied, "who may not look at the tags deletes nothing")
	assert.Equal(t, 1, w.VPCCount())
}

func TestDeleteAmongOtherWriters(t *testing.T) {
	t.Parallel()
	w := ready(t, cdntest.Options{})
	r, err := w.c.Ensure(t.Context(), distribution())
	require.NoError(t, err)
	races := 0
	w.Observe(raceBefore("DeleteDistribution", 2, &races, func() {
		w.Edit(r.ID, func(c *types.DistributionConfig) { c.WebACLId = new("theirs") })
	}))
	require.NoError(t, w.c.Delete(t.Context(), r.ID, nil))
	assert.Equal(t, 3, w.Calls("DeleteDistribution"))

	// Whoever enables it again means it.
	d := distribution()
	d.ID = "other"
	r, err = w.c.Ensure(t.Context(), d)
	require.NoError(t, err)
	once := 0
	w.Observe(raceBefore("DeleteDistribution", 1, &once, func() {
		w.Edit(r.ID, func(c *types.DistributionConfig) { c.Enabled = new(true) })
	}))
	require.ErrorIs(t, w.c.Delete(t.Context(), r.ID, nil), awsops.ErrConflict)
	assert.Equal(t, 1, w.Count())
	assert.True(t, *w.Read(r.ID).Enabled)
}

// A wait ends with its context, says where it stood, and can be gone on with.
func TestWaitsEndWithTheirContext(t *testing.T) {
	t.Parallel()
	w := ready(t, cdntest.Options{})
	r, err := w.c.Ensure(t.Context(), distribution())
	require.NoError(t, err)
	why := errors.New("why")
	ctx, cancel := context.WithCancelCause(t.Context())
	looks := 0
	err = w.c.Wait(ctx, r.ID, &cdn.WaitOptions{Progress: func(awsops.Event) {
		if looks++; looks == 3 {
			cancel(why)
		}
	}})
	require.ErrorIs(t, err, why)
	require.ErrorContains(t, err, "last seen as InProgress")
	require.ErrorIs(t, w.c.Delete(ctx, r.ID, nil), why)
	require.NoError(t, w.c.Wait(t.Context(), r.ID, nil))
	require.ErrorIs(t, w.c.Wait(t.Context(), "ENONE", nil), awsops.ErrGone, "it ends at once")
}

// The answers of reads that are lost are asked for again.
func TestReadsAreRepeated(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"ListDistributions", "GetDistribution", "GetDistributionConfig", "ListTagsForResource"} {
		w := ready(t, cdntest.Options{})
		r, err := w.c.Ensure(t.Context(), distribution())
		require.NoError(t, err)
		w.LoseNext(op)
		w.DropNext(op)
		w.FailNext(op, "Throttling", "Rate exceeded")
		_, err = w.c.Ensure(t.Context(), distribution())
		require.NoError(t, err, op)
		require.NoError(t, w.c.Delete(t.Context(), r.ID, nil), op)
	}
}
