package route53x_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

// ofLength is sets of one TXT value, of so many characters as it is sent, quotes included.
func ofLength(n, chars int) (sets []route53x.RRSet) {
	for i := range n {
		text := strings.Repeat("x", chars-2)
		if chars-2 > 255 {
			text = strings.Repeat("x", chars-5) // two strings: two more quotes and a blank
		}
		s := host(i)
		s.Type, s.Values = route53x.TXT, []string{route53x.QuoteTXT(text)}
		sets = append(sets, s)
	}
	return sets
}

// The calls that an import takes, as the server saw them, are as many as can be at least. The figures of others are
// calculated from their rules of batching, and not measured.
func TestCallsOfAnImport(t *testing.T) {
	t.Parallel()
	t.Logf("%-16s %7s %5s | %10s %8s %6s %8s", "sets × chars", "minimum", "calls", "dnscontrol", "octodns", "cli53", "ext-dns")
	for _, tt := range []struct {
		sets, chars, want int
		peers             [4]string
	}{
		{1000, 12, 1, [4]string{"2", "2", "10", "1"}},
		{1000, 60, 2, [4]string{"4", "fails", "10", "2"}},
		{1000, 410, 13, [4]string{"26", "fails", "fails", "13"}},
		{10_000, 12, 10, [4]string{"20", "11", "100", "10"}},
		{10_000, 60, 19, [4]string{"38", "fails", "100", "19"}},
		{10_000, 410, 129, [4]string{"", "", "", ""}},
	} {
		srv, c := fake(t, route53xtest.Options{MaxSets: 20_000})
		zone := zoneWith(t, srv)
		want := ofLength(tt.sets, tt.chars)
		require.Len(t, want[0].Values[0], tt.chars)
		p := towards(t, srv, zone, route53x.DiffOptions{Limits: route53x.Limits{SetsPerZone: 20_000}}, want...)
		result, err := c.Apply(t.Context(), zone, p, nil)
		require.NoError(t, err)
		assert.Len(t, result.Done, tt.want)
		assert.Equal(t, tt.want, p.Cost().LowerBound)
		assert.Equal(t, tt.want, srv.Done(changeSets), "%d × %d", tt.sets, tt.chars)
		requireSame(t, want, own(srv, zone))
		t.Logf("%-16s %7d %5d | %10s %8s %6s %8s", fmt.Sprintf("%d × %d", tt.sets, tt.chars), p.Cost().LowerBound, srv.Done(changeSets),
			tt.peers[0], tt.peers[1], tt.peers[2], tt.peers[3])
		srv.Close()
	}
}

// randomZone is a zone and what it is to become: addresses of one to twenty values, texts from short to DKIM, CNAMEs, aliases, weighted
// groups, and names that change between types that exclude each other.
func randomZone(r *rand.Rand, n int) (have, want []route53x.RRSet) {
	for i := range n {
		name := route53x.Name(fmt.Sprintf("n%d.example.com.", i))
		make1 := func() []route53x.RRSet {
			ttl := uint32(60 + r.IntN(3))
			switch kind := r.IntN(10); {
			case kind < 4:
				var values []string
				for v := range 1 + r.IntN(4)*r.IntN(6) {
					values = append(values, fmt.Sprintf("192.0.2.%d", 200-v))
				}
				return []route53x.RRSet{simple(name, route53x.A, ttl, values...)}
			case kind < 7:
				return []route53x.RRSet{simple(name, route53x.TXT, ttl, route53x.QuoteTXT(strings.Repeat("k", 1+r.IntN([]int{40, 400, 900}[r.IntN(3)]))))}
			case kind < 9:
				return []route53x.RRSet{simple(name, route53x.CNAME, ttl, route53x.Name("target.example.net.").ZoneFile())}
			default:
				var group []route53x.RRSet
				for w := range 1 + r.IntN(3) {
					s := simple(name, route53x.A, ttl, "192.0.2.1")
					s.SetIdentifier, s.Routing = fmt.Sprint(w), route53x.Weighted{Weight: int64(r.IntN(256))}
					group = append(group, s)
				}
				return group
			}
		}
		set := make1()
		switch r.IntN(5) {
		case 0:
			have = append(have, set...)
		case 1:
			want = append(want, set...)
		case 2:
			have, want = append(have, set...), append(want, set...)
		default:
			have, want = append(have, set...), append(want, make1()...)
		}
	}
	return have, want
}

// On random zones never more than one call above the bound, and the zone is what was wanted.
func TestCallsOnRandomZones(t *testing.T) {
	t.Parallel()
	above := map[int]int{}
	for _, seed := range []uint64{0, 6, 8, 100, 101} { // the first three are among those that are harder to pack
		r := rand.New(rand.NewPCG(seed, 53))
		srv, c := fake(t, route53xtest.Options{})
		have, want := randomZone(r, 200+r.IntN(2500))
		zone := zoneWith(t, srv, have...)
		p := towards(t, srv, zone, route53x.DiffOptions{}, want...)
		_, err := c.Apply(t.Context(), zone, p, nil)
		require.NoError(t, err)
		requireSame(t, want, own(srv, zone))
		calls, bound := srv.Done(changeSets), p.Cost().LowerBound
		assert.LessOrEqual(t, calls, bound+1, "seed %d", seed)
		above[calls-bound]++
		srv.Close()
	}
	t.Logf("calls above the bound, and of how many zones: %v", above)
}

// The same without calls, on more zones.
func TestBatchesOfRandomZones(t *testing.T) {
	t.Parallel()
	above := map[int]int{}
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 54))
		have, want := randomZone(r, 100+r.IntN(1500))
		p := plan(t, append(base(), have...), want, route53x.Limits{})
		above[len(p.Batches)-p.Cost().LowerBound]++
		assert.LessOrEqual(t, len(p.Batches), p.Cost().LowerBound+1, "seed %d", seed)
	}
	t.Logf("batches above the bound, and of how many zones: %v", above)
}

// Ten thousand sets against all buckets, with as many changes a second as it may be: nothing that is throttled surfaces.
// Trap 14: Throttling is retried with a shrinking bucket; an old 5 rps constant is not used.
func TestImportOfTenThousand(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		sets, calls int
		opts        route53xtest.Options
	}{
		"1000 changes a second":       {9998, 19, route53xtest.Options{}},
		"20 changes a second":         {2998, 6, route53xtest.Options{ChangesPerSecond: 20, ChangesBurst: 1000}},
		"busy for 2 s after a change": {2998, 6, route53xtest.Options{Processing: 2 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.opts.Clock = frozen()
			srv, c := fake(t, tt.opts)
			began := srv.Now()
			zone, _, err := c.EnsureZone(t.Context(), "example.com", "import", nil)
			require.NoError(t, err)
			want := ofLength(tt.sets, 60)
			p := towards(t, srv, zone.ID, route53x.DiffOptions{}, want...)
			result, err := c.Apply(t.Context(), zone.ID, p, nil)
			require.NoError(t, err)
			require.NoError(t, c.WaitSync(t.Context(), result.ChangeIDs, nil))
			requireSame(t, want, own(srv, zone.ID))
			assert.Equal(t, tt.calls, srv.Done(changeSets))
			assert.Empty(t, result.Found)
			t.Logf("%5d sets, %-29s %2d changes, %2d throttled, %3d calls in all, %7.1f s of the server's time",
				tt.sets, name, srv.Done(changeSets), srv.Throttled(""), len(srv.Requests()), srv.Now().Sub(began).Seconds())
		})
	}
}

// Many zones of one account by one client: the limiter keeps to the buckets, so that nothing is throttled; and it takes
// what they have, which is twice the old five a second.
func TestManyZonesAtTheRateOfTheAccount(t *testing.T) {
	t.Parallel()
	srv, c := fake(t, route53xtest.Options{Clock: frozen()})
	began := srv.Now()
	for i := range 60 {
		name := fmt.Sprintf("z%d.example", i)
		zone, _, err := c.EnsureZone(t.Context(), name, "many/"+name, nil)
		require.NoError(t, err)
		want := simple(route53x.Name("www."+name), route53x.A, 60, "192.0.2.1")
		p := towards(t, srv, zone.ID, route53x.DiffOptions{}, want)
		_, err = c.Apply(t.Context(), zone.ID, p, nil)
		require.NoError(t, err)
	}
	took := srv.Now().Sub(began).Seconds()
	assert.Zero(t, srv.Throttled(""))
	assert.InDelta(t, 10, took, 5, "20 zones more than the bucket of CreateHostedZone has, at two a second, and (180−50)/10 of the account")

	other := client(t, srv.Config()) // somebody else, with a limiter that knows nothing of this one
	for i := range 200 {
		for _, c := range []*route53x.Client{c, other} {
			_, _, err := c.Quota(t.Context(), srv.Zones()[i%60])
			require.NoError(t, err)
		}
	}
	t.Logf("two clients for 400 calls: %d throttled, none surfaced", srv.Throttled(""))
	assert.Positive(t, srv.Throttled(""))
}
