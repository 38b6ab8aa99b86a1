package vultr_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/vultr"
	"github.com/kitroll/kitroll/vultr/vultrtest"
)

func TestObjectStorage(t *testing.T) {
	t.Parallel()
	bubble(t, vultrtest.Options{ActiveAfter: 30 * time.Second}, func(w world) {
		t, srv, c := w.t, w.srv, w.c
		ctx, objects := t.Context(), c.Object()
		o := made(objects.Ensure(ctx, storage(), nil))(t)
		assert.Equal(t, vultr.S3Config{Region: "us-east-1"}, o.S3(), "nothing to connect to while it is pending")
		o = made(objects.Wait(ctx, o.ID, nil))(t)
		s3 := o.S3()
		assert.Equal(t, "https://ewr1.vultrobjects.com", s3.Endpoint)
		assert.Equal(t, "us-east-1", s3.Region)
		assert.False(t, s3.PathStyle)
		assert.NotEmpty(t, s3.AccessKeyID)
		assert.NotEmpty(t, s3.SecretAccessKey.Reveal())
		assert.Equal(t, vultr.TierID("1"), o.Tier.ID)
		assert.InDelta(t, 18, o.Tier.MonthlyUSD, 0)

		fresh := made(objects.RegenerateKeys(ctx, o.ID))(t)
		assert.Equal(t, s3.Endpoint, fresh.Endpoint)
		assert.NotEqual(t, s3.SecretAccessKey, fresh.SecretAccessKey)
		assert.Equal(t, fresh, made(objects.Get(ctx, o.ID))(t).S3())
		srv.LoseNext(vultrtest.RegenerateKeys)
		_, err := objects.RegenerateKeys(ctx, o.ID)
		require.ErrorIs(t, err, vultr.ErrUnknownOutcome)
		assert.Equal(t, 2, srv.Calls(vultrtest.RegenerateKeys), "sent once each")

		_, err = objects.Ensure(ctx, vultr.ObjectSpec{Cluster: "3", Tier: "2", Label: "backups"}, nil)
		require.ErrorIs(t, err, vultr.ErrConflict)
		require.ErrorContains(t, err, "has the tier 1 and not 2")
		_, err = objects.Create(ctx, vultr.ObjectSpec{Cluster: "3", Tier: "99"}, nil)
		require.ErrorIs(t, err, vultr.ErrInput)
	})
}

func TestBuckets(t *testing.T) {
	t.Parallel()
	srv, c := open(t, vultrtest.Options{})
	ctx, objects := t.Context(), c.Object()
	o := made(objects.Create(ctx, storage(), nil))(t)
	assert.Empty(t, made(objects.Buckets(ctx, o.ID))(t))
	require.NoError(t, objects.CreateBucket(ctx, o.ID, vultr.Bucket{Name: "pictures", Versioning: true}))
	require.ErrorIs(t, objects.CreateBucket(ctx, o.ID, vultr.Bucket{Name: "pictures"}), vultr.ErrConflict)
	srv.LoseNext(vultrtest.CreateBucket)
	require.NoError(t, objects.CreateBucket(ctx, o.ID, vultr.Bucket{Name: "backups.2026", ObjectLock: true}))
	srv.DropNext(vultrtest.CreateBucket)
	require.ErrorIs(t, objects.CreateBucket(ctx, o.ID, vultr.Bucket{Name: "never"}), vultr.ErrUnknownOutcome)
	assert.Equal(t, []vultr.Bucket{{Name: "pictures", Versioning: true}, {Name: "backups.2026", ObjectLock: true}}, made(objects.Buckets(ctx, o.ID))(t))

	err := objects.Delete(ctx, o.ID, nil)
	require.ErrorIs(t, err, vultr.ErrConflict)
	require.ErrorContains(t, err, "2 buckets")
	require.NoError(t, objects.DeleteBucket(ctx, o.ID, "pictures"))
	require.NoError(t, objects.DeleteBucket(ctx, o.ID, "pictures"))
	require.ErrorIs(t, objects.Delete(ctx, o.ID, nil), vultr.ErrConflict)
	assert.Equal(t, 1, srv.Count(vultr.KindObject))
	require.NoError(t, objects.Delete(ctx, o.ID, &vultr.DeleteOptions{Force: true}))
	require.NoError(t, objects.Delete(ctx, o.ID, nil))
	assert.Zero(t, srv.Count(vultr.KindObject))
}

func TestBucketNames(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{
		"abc": true, "a.b-c0": true, "000": true, "ab": false, "Abc": false, "abc-": false, ".abc": false, "a_b": false, "": false, "ab/": false,
	} {
		c := mocked(t, func(*http.Request) (*http.Response, error) { return answer(201, "", ""), nil })
		err := c.Object().CreateBucket(t.Context(), "x", vultr.Bucket{Name: name})
		assert.Equal(t, ok, err == nil, name)
	}
}

func TestClustersAndTiers(t *testing.T) {
	t.Parallel()
	tiers := []vultr.Tier{
		{ID: "1", Name: "Standard", MonthlyUSD: 18, DiskGBUSD: 0.018, EgressUSD: 0.01, OpsPerSecond: 800, Default: true},
		{ID: "9", Name: "Cold", MonthlyUSD: 6, Locations: []string{"ams"}},
	}
	_, c := open(t, vultrtest.Options{Tiers: tiers})
	ctx, objects := t.Context(), c.Object()
	var regions []string
	for cluster, err := range objects.Clusters(ctx, nil) {
		require.NoError(t, err)
		assert.True(t, cluster.Deploy)
		regions = append(regions, fmt.Sprintf("%s %s %s", cluster.ID, cluster.Region, cluster.Hostname))
	}
	assert.Equal(t, "3 ewr ewr1.vultrobjects.com", regions[1])
	all := made(objects.Tiers(ctx))(t)
	require.Len(t, all, 2)
	assert.Equal(t, []string{"sjc", "ewr", "ams", "sgp"}, all[0].Locations)
	assert.True(t, all[0].Default)
	assert.False(t, all[1].Default)
	all[0].Locations = nil
	assert.Equal(t, tiers, all)
	there := made(objects.ClusterTiers(ctx, "3"))(t)
	assert.Len(t, there, 1)
	assert.True(t, slices.ContainsFunc(made(objects.ClusterTiers(ctx, "4"))(t), func(t vultr.Tier) bool { return t.ID == "9" }))
	_, err := objects.ClusterTiers(ctx, "77")
	require.Error(t, err)
}

func TestEstimates(t *testing.T) {
	t.Parallel()
	srv, c := open(t, vultrtest.Options{})
	ctx := t.Context()
	e := made(c.Object().Estimate(ctx, storage(), 500))(t)
	assert.Equal(t, "$18.00 a month (tier Standard: $18.00 flat with 1000 GB, then $0.018 for each GB stored and $0.010 for each GB sent)", e.String())
	assert.InDelta(t, 18+0.018*500, made(c.Object().Estimate(ctx, storage(), 1500))(t).MonthlyUSD, 1e-9)
	assert.False(t, made(c.Object().Estimate(ctx, vultr.ObjectSpec{Tier: "77"}, 0))(t).Known)

	for _, e := range []vultr.Estimate{
		made(c.Block().Estimate(ctx, volume()))(t), made(c.VFS().Estimate(ctx, tree()))(t), made(c.Gateway().Estimate(ctx, vultr.GatewaySpec{}))(t),
	} {
		assert.False(t, e.Known, "an account without anything knows no prices")
		assert.Contains(t, e.String(), "price not known")
		assert.Zero(t, e.MonthlyUSD)
	}
	made(c.Block().Create(ctx, vultr.BlockSpec{Region: "ams", SizeGB: 40, Type: vultr.StorageOpt}, nil))(t)
	assert.False(t, made(c.Block().Estimate(ctx, volume()))(t).Known, "HDD says nothing of NVMe")
	made(c.Block().Create(ctx, vultr.BlockSpec{Region: "ams", SizeGB: 10, Label: "old"}, nil))(t)
	assert.Equal(t, "$4.00 a month (as the volume old in ams, $1.00 for 10 GB)", made(c.Block().Estimate(ctx, volume()))(t).String())
	made(c.Block().Create(ctx, vultr.BlockSpec{Region: "ewr", SizeGB: 20, Label: "near"}, nil))(t)
	assert.Contains(t, made(c.Block().Estimate(ctx, volume()))(t).Basis, "near in ewr", "the same region is nearer the truth")
	made(c.VFS().Create(ctx, tree(), nil))(t)
	assert.InDelta(t, 5, made(c.VFS().Estimate(ctx, vultr.FileSystemSpec{Region: "ewr", SizeGB: 50}))(t).MonthlyUSD, 1e-9)
	bought := srv.Bought(vultr.KindBlock)
	assert.Equal(t, 3, bought, "an estimate buys nothing")

	srv.FailNext(vultrtest.ListBlocks, 403, "no")
	_, err := c.Block().Estimate(ctx, volume())
	require.Error(t, err)
	srv.FailNext(vultrtest.ListTiers, 403, "no")
	_, err = c.Object().Estimate(ctx, storage(), 0)
	require.Error(t, err)
}
