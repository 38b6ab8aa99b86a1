package route53x_test

import (
	"fmt"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

// Trap 5: two matches are an ambiguity error, a private zone is never picked by chance. Pages of one zone show whether the
// second one is seen.
func TestFindZone(t *testing.T) {
	t.Parallel()
	srv, c := fake(t, route53xtest.Options{MaxZonePageSize: 1})
	add := func(name string, private bool, ref string) string {
		return srv.AddZone(route53xtest.ZoneSpec{Name: name, Private: private, CallerReference: ref, Comment: "c"})
	}
	one, two := add("two.example", false, "one"), add("two.example", false, "two")
	public, private := add("both.example", false, "pub"), add("both.example", true, "priv")
	hidden := add("hidden.example", true, "hid")
	child := add("kid.both.example", false, "kid")
	for name, tt := range map[string]struct {
		name string
		opts *route53x.FindZoneOptions
		id   string
		ids  []string
		kind error
	}{
		"public by default":       {name: "Both.Example", id: public},
		"private on demand":       {name: "both.example.", opts: &route53x.FindZoneOptions{Visibility: route53x.Private}, id: private},
		"any of both":             {name: "both.example", opts: &route53x.FindZoneOptions{Visibility: route53x.Any}, ids: []string{public, private}, kind: route53x.ErrAmbiguous},
		"private only":            {name: "hidden.example", kind: route53x.ErrNotFound},
		"private only, any":       {name: "hidden.example", opts: &route53x.FindZoneOptions{Visibility: route53x.Any}, id: hidden},
		"two":                     {name: "two.example", ids: []string{one, two}, kind: route53x.ErrAmbiguous},
		"two, by reference":       {name: "two.example", opts: &route53x.FindZoneOptions{CallerReference: "two"}, id: two},
		"none":                    {name: "a.example", kind: fs.ErrNotExist},
		"none, after the last":    {name: "zz.zz", kind: route53x.ErrNotFound},
		"a name in it":            {name: "www.both.example", kind: route53x.ErrNotFound},
		"a name in it, parent":    {name: "_x.www.both.example", opts: &route53x.FindZoneOptions{Parent: true}, id: public},
		"the closest parent":      {name: "_x.kid.both.example", opts: &route53x.FindZoneOptions{Parent: true}, id: child},
		"parents of whom two fit": {name: "www.two.example", opts: &route53x.FindZoneOptions{Parent: true}, ids: []string{one, two}, kind: route53x.ErrAmbiguous},
		"no parent":               {name: "www.example.org", opts: &route53x.FindZoneOptions{Parent: true}, kind: route53x.ErrNotFound},
		"the parent is private":   {name: "www.hidden.example", opts: &route53x.FindZoneOptions{Parent: true}, kind: route53x.ErrNotFound},
		"no name":                 {name: "a..example", kind: route53x.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			z, err := c.FindZone(t.Context(), tt.name, tt.opts)
			if tt.kind != nil {
				require.ErrorIs(t, err, tt.kind)
				var e *route53x.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, tt.ids, e.IDs)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.id, z.ID)
			assert.Equal(t, srv.Nameservers(tt.id), z.NameServers)
			assert.Equal(t, "c", z.Comment)
			assert.Equal(t, int64(2), z.Records)
		})
	}
	seq := c.Zones(t.Context())
	for range 2 {
		n := 0
		for z, err := range seq {
			require.NoError(t, err)
			assert.NotEmpty(t, z.CallerReference)
			n++
		}
		assert.Equal(t, 6, n)
	}
}

// Trap 6: a CallerReference from the clock makes a second zone after a lost answer; a derived one gives
// HostedZoneAlreadyExists, and the same zone is found again.
func TestEnsureZone(t *testing.T) {
	t.Parallel()
	srv, c := fake(t, route53xtest.Options{})
	srv.LoseNext(route53xtest.CreateHostedZone)
	srv.DropNext(route53xtest.CreateHostedZone)
	z, _, err := c.EnsureZone(t.Context(), "Example.com", "move-1/example.com", &route53x.ZoneOptions{Comment: "moved"})
	require.NoError(t, err)
	assert.Equal(t, []string{z.ID}, srv.Zones())
	assert.Equal(t, route53x.Zone{
		ID: z.ID, Name: "example.com.", CallerReference: "move-1/example.com", Comment: "moved", NameServers: srv.Nameservers(z.ID), Records: 2,
	}, z)
	again, created, err := c.EnsureZone(t.Context(), "example.com.", "move-1/example.com", nil)
	require.NoError(t, err)
	assert.False(t, created)
	assert.Equal(t, z, again)
	other, created, err := c.EnsureZone(t.Context(), "example.com", "move-2/example.com", nil)
	require.NoError(t, err)
	assert.True(t, created, "another reference is another zone")
	assert.NotEqual(t, z.ID, other.ID)

	_, _, err = c.EnsureZone(t.Context(), "example.net", "move-1/example.com", nil)
	require.ErrorIs(t, err, route53x.ErrConflict, "the reference belongs to another name")
	require.NoError(t, c.DeleteZone(t.Context(), z.ID))
	_, _, err = c.EnsureZone(t.Context(), "example.com", "move-1/example.com", nil)
	require.ErrorIs(t, err, route53x.ErrConflict, "its zone is gone")
	srv.AddZone(route53xtest.ZoneSpec{Name: "private.example", Private: true, CallerReference: "p"})
	_, _, err = c.EnsureZone(t.Context(), "private.example", "p", nil)
	require.ErrorIs(t, err, route53x.ErrConflict)

	for i := range 3 {
		_, _, err = c.EnsureZone(t.Context(), "example.com", fmt.Sprint("more", i), nil)
		require.NoError(t, err)
	}
	_, _, err = c.EnsureZone(t.Context(), "example.com", "one too many", nil)
	require.ErrorIs(t, err, route53x.ErrLimit, "DelegationSetNotAvailable")
	for _, bad := range [][2]string{{"", "r"}, {"example.com", ""}, {"com", "r"}} {
		_, _, err = c.EnsureZone(t.Context(), bad[0], bad[1], nil)
		require.ErrorIs(t, err, route53x.ErrInvalid, bad)
	}
}

func TestDeleteZone(t *testing.T) {
	t.Parallel()
	srv, c := fake(t, route53xtest.Options{})
	zone := zoneWith(t, srv, host(1))
	require.ErrorIs(t, c.DeleteZone(t.Context(), zone), route53x.ErrConflict)
	_, err := c.Apply(t.Context(), zone, towards(t, srv, zone, route53x.DiffOptions{}), nil)
	require.NoError(t, err)
	srv.LoseNext(route53xtest.DeleteHostedZone)
	require.NoError(t, c.DeleteZone(t.Context(), "/hostedzone/"+zone))
	assert.Empty(t, srv.Zones())
	require.ErrorIs(t, c.DeleteZone(t.Context(), zone), route53x.ErrNotFound, "it is not this call that deleted it")
}

func TestQuota(t *testing.T) {
	t.Parallel()
	srv, c := fake(t, route53xtest.Options{MaxSets: 12})
	zone := zoneWith(t, srv, hosts(4)...)
	have, most, err := c.Quota(t.Context(), zone)
	require.NoError(t, err)
	assert.Equal(t, []int64{6, 12}, []int64{have, most})

	limits := route53x.Limits{SetsPerZone: 10, BatchElements: 3}
	_, err = c.Apply(t.Context(), zone, towards(t, srv, zone, route53x.DiffOptions{Limits: limits}, hosts(11)...), nil)
	require.ErrorIs(t, err, route53x.ErrLimit)
	assert.Zero(t, srv.Calls(route53xtest.ChangeResourceRecordSets), "found before anything was changed")
	_, err = c.Apply(t.Context(), zone, towards(t, srv, zone, route53x.DiffOptions{Limits: limits}, hosts(10)...), nil)
	require.NoError(t, err, "the quota was raised")
}
