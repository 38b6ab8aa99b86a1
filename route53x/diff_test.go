package route53x_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
)

// base is a zone as Route 53 makes it, with more sets.
func base(more ...route53x.RRSet) []route53x.RRSet {
	return append([]route53x.RRSet{
		simple("example.com.", route53x.NS, 172800, "ns-1.awsdns-1.org."),
		simple("example.com.", route53x.SOA, 900, "ns-1.awsdns-1.org. hm.example.com. 1 7200 900 1209600 86400"),
	}, more...)
}

func host(i int) route53x.RRSet {
	return simple(route53x.Name(fmt.Sprintf("h%05d.example.com.", i)), route53x.A, 60, fmt.Sprintf("192.0.%d.%d", i/256%256, i%256))
}

func hosts(n int) (sets []route53x.RRSet) {
	for i := range n {
		sets = append(sets, host(i))
	}
	return sets
}

func ops(p *route53x.Plan) (all [][]string) {
	for i := range p.Batches {
		var batch []string
		for _, op := range p.Ops(i) {
			batch = append(batch, op.Action+" "+op.Set.Key().String())
		}
		all = append(all, batch)
	}
	return all
}

func TestDiff(t *testing.T) {
	t.Parallel()
	traffic := route53x.RRSet{Name: "t.example.com.", Type: route53x.A, TTL: 60, Values: []string{"192.0.2.1"}, Routing: route53x.TrafficPolicy{Instance: "i"}}
	for name, tt := range map[string]struct {
		have, want []route53x.RRSet
		opts       *route53x.DiffOptions
		text       string
	}{
		"nothing to do, whatever the spelling": {
			have: base(simple(`\052.example.com.`, route53x.TXT, 60, `"ab" "c"`)),
			want: []route53x.RRSet{simple("*.EXAMPLE.com", route53x.TXT, 60, `"a" "bc"`)},
			text: "example.com.: 0 to create, 0 to update, 0 to delete; 0 batches, 0 values, 0 characters\n",
		},
		"one of each": { // trap 7: no UPSERT unless asked for
			have: base(simple("a.example.com.", route53x.A, 60, "192.0.2.1"), simple("b.example.com.", route53x.A, 60, "192.0.2.1")),
			want: []route53x.RRSet{simple("c.example.com.", route53x.A, 60, "192.0.2.3"), simple("a.example.com.", route53x.A, 600, "192.0.2.1", "192.0.2.2")},
			text: "example.com.: 1 to create, 1 to update, 1 to delete; 1 batches, 5 values, 45 characters\n" +
				"~ a.example.com. A 600 192.0.2.1, 192.0.2.2\n    was 60 192.0.2.1\n- b.example.com. A 60 192.0.2.1\n+ c.example.com. A 60 192.0.2.3\n" +
				"! a.example.com. A: the TTL rises from 60 to 600 s: a mistake will last longer\n",
		},
		"unknown sets stay": {
			have: base(host(1)), want: []route53x.RRSet{host(2)}, opts: &route53x.DiffOptions{KeepUnknown: true},
			text: "example.com.: 1 to create, 0 to update, 0 to delete; 1 batches, 1 values, 9 characters\n+ h00002.example.com. A 60 192.0.0.2\n",
		},
		"a filter": {
			have: base(host(1), simple("a.example.com.", route53x.MX, 60, "1 a.")), want: []route53x.RRSet{host(2)},
			opts: &route53x.DiffOptions{Only: func(k route53x.Key) bool { return k.Type == route53x.A }},
			text: "example.com.: 1 to create, 0 to update, 1 to delete; 1 batches, 2 values, 18 characters\n- h00001.example.com. A 60 192.0.0.1\n+ h00002.example.com. A 60 192.0.0.2\n",
		},
		"a traffic policy": { // trap 13
			have: base(traffic), want: []route53x.RRSet{},
			text: "example.com.: 0 to create, 0 to update, 0 to delete; 0 batches, 0 values, 0 characters\n= t.example.com. A: an instance of a traffic policy made it: left alone\n",
		},
		"what a person should see": {
			have: base(
				simple("example.com.", route53x.A, 60, "192.0.2.1"), simple("example.com.", route53x.MX, 60, "1 a."), simple("example.com.", route53x.CAA, 60, `0 issue "a"`),
				simple("example.com.", route53x.TXT, 60, `"v=spf1 " "-all"`), simple("s.example.com.", route53x.NS, 60, "a."), simple("*.example.com.", route53x.A, 60, "192.0.2.1"),
			),
			want: []route53x.RRSet{simple("n.example.com.", route53x.NS, 60, "a."), simple("*.w.example.com.", route53x.A, 60, "192.0.2.1")},
			text: "example.com.: 2 to create, 0 to update, 6 to delete; 1 batches, 8 values, 62 characters\n" +
				"- example.com. A 60 192.0.2.1\n- example.com. CAA 60 0 issue \"a\"\n- example.com. MX 60 1 a.\n- example.com. TXT 60 \"v=spf1 \" \"-all\"\n" +
				"- *.example.com. A 60 192.0.2.1\n+ n.example.com. NS 60 a.\n- s.example.com. NS 60 a.\n+ *.w.example.com. A 60 192.0.2.1\n" +
				"! example.com. A: the zone's own name loses its address\n! example.com. CAA: no CAA is left: any authority may issue certificates\n" +
				"! example.com. MX: no MX is left: mail to this name goes to its address, or nowhere\n! example.com. TXT: v=spf1 is lost: mail may be taken for spam\n" +
				"! *.example.com. A: a wildcard is lost: names that have no set of their own do not exist any more\n" +
				"! n.example.com. NS: a new delegation: names below it that are in this zone are no longer answered from it\n" +
				"! s.example.com. NS: a delegation is lost: names below it are answered from this zone\n! *.w.example.com. A: a new wildcard answers for names that did not exist\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan, err := route53x.Diff(tt.have, tt.want, tt.opts)
			require.NoError(t, err)
			assert.Equal(t, tt.text, plan.String())
		})
	}
}

func TestDiffRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		have, want []route53x.RRSet
		opts       *route53x.DiffOptions
		kind       error
		text       []string
	}{
		"no zone": {kind: route53x.ErrInvalid, text: []string{"which zone?"}},
		"all that is wrong": {
			have: base(), kind: route53x.ErrInvalid,
			want: []route53x.RRSet{simple("a.org.", route53x.A, 1, "192.0.2.1"), host(1), host(1), simple("b.example.com.", route53x.A, 1, "x"), simple("example.com.", route53x.DS, 1, "1 13 2 00")},
			text: []string{"not in the zone", "wanted twice", "not an address", "registrar"},
		},
		"apex CNAME": { // trap 24
			have: base(), want: []route53x.RRSet{simple("example.com.", route53x.CNAME, 1, "a.")}, kind: route53x.ErrInvalid, text: []string{"at the apex"},
		},
		"CNAME beside what stays": {
			have: base(host(1)), want: []route53x.RRSet{simple("h00001.example.com.", route53x.CNAME, 1, "a.")},
			opts: &route53x.DiffOptions{KeepUnknown: true}, kind: route53x.ErrInvalid, text: []string{"beside other types"},
		},
		"routed beside simple": {
			have: base(), want: []route53x.RRSet{simple("r.example.com.", route53x.A, 1, "192.0.2.1"), routed("a", route53x.Weighted{Weight: 1}, "192.0.2.1")},
			kind: route53x.ErrInvalid, text: []string{"beside a simple one"},
		},
		"two policies": {
			have: base(), want: []route53x.RRSet{routed("b", route53x.MultiValue{}, "192.0.2.1"), routed("a", route53x.Weighted{Weight: 1}, "192.0.2.1")},
			kind: route53x.ErrInvalid, text: []string{"one policy"},
		},
		"a traffic policy": {
			have: base(), want: []route53x.RRSet{routed("", route53x.TrafficPolicy{Instance: "i"}, "192.0.2.1")},
			kind: route53x.ErrInvalid, text: []string{"made by its instance"},
		},
		"apex NS": {
			have: base(), want: []route53x.RRSet{simple("example.com.", route53x.NS, 60, "a.")}, kind: route53x.ErrUnsafe, text: []string{"ApexNS"},
		},
		"too many deletes": {have: base(hosts(10)...), want: hosts(6), kind: route53x.ErrUnsafe, text: []string{"delete 4 of 10 sets, more than 30 %"}},
		"an empty file":    {have: base(hosts(10)...), kind: route53x.ErrUnsafe, text: []string{"delete 10 of 10"}},
		"no delete at all": {
			have: base(hosts(10)...), want: hosts(9), opts: &route53x.DiffOptions{Thresholds: route53x.Thresholds{Deletes: new(0.0)}},
			kind: route53x.ErrUnsafe, text: []string{"more than 0 %"},
		},
		"more than a batch holds": {
			have: base(host(0)), want: []route53x.RRSet{simple("h00000.example.com.", route53x.A, 1, "192.0.2.1", "192.0.2.2")},
			opts: &route53x.DiffOptions{Limits: route53x.Limits{BatchElements: 2}}, kind: route53x.ErrLimit, text: []string{"h00000.example.com. A"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan, err := route53x.Diff(tt.have, tt.want, tt.opts)
			require.ErrorIs(t, err, tt.kind)
			for _, text := range tt.text {
				require.ErrorContains(t, err, text)
			}
			if errors.Is(err, route53x.ErrInvalid) {
				assert.Nil(t, plan)
			} else {
				assert.NotEmpty(t, plan.Changes)
				assert.Empty(t, plan.Batches)
			}
		})
	}
}

func TestThresholdsLetPass(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		have, want []route53x.RRSet
		opts       *route53x.DiffOptions
	}{
		"exactly 30 %": {have: base(hosts(10)...), want: hosts(7)},
		"a small zone": {have: base(hosts(9)...)},
		"switched off": {have: base(hosts(20)...), opts: &route53x.DiffOptions{Thresholds: route53x.Thresholds{Off: true}}},
		"apex NS, as told": {
			have: base(), want: []route53x.RRSet{simple("example.com.", route53x.NS, 60, "a.")}, opts: &route53x.DiffOptions{ApexNS: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan, err := route53x.Diff(tt.have, tt.want, tt.opts)
			require.NoError(t, err)
			assert.NotEmpty(t, plan.Batches)
		})
	}
}

// The inverse of a plan leads back, and a plan survives JSON.
func TestInverseAndJSON(t *testing.T) {
	t.Parallel()
	have := base(full()[2:]...)
	want := slices.Clone(have[5:])
	want[0].TTL += 60
	want = append(want, hosts(3)...)
	plan, err := route53x.Diff(have, want, &route53x.DiffOptions{Thresholds: route53x.Thresholds{Off: true}})
	require.NoError(t, err)
	after := carryOut(t, have, plan)
	assert.Equal(t, plan.Result, route53x.DigestOf(after))
	assert.NotEqual(t, plan.Base, plan.Result)

	data, err := json.Marshal(plan)
	require.NoError(t, err)
	var back route53x.Plan
	require.NoError(t, json.Unmarshal(data, &back))
	again, err := json.Marshal(&back)
	require.NoError(t, err)
	assert.JSONEq(t, string(data), string(again))
	assert.Equal(t, plan.String(), back.String())

	inverse, err := back.Inverse()
	require.NoError(t, err)
	assert.Equal(t, inverse.Base, route53x.DigestOf(after))
	restored := carryOut(t, after, inverse)
	assert.Equal(t, plan.Base, route53x.DigestOf(restored))
	requireSame(t, have, restored)
}

// carryOut does what Route 53 does: a DELETE has to repeat what is there, a CREATE must not meet anything.
func carryOut(t *testing.T, have []route53x.RRSet, p *route53x.Plan) []route53x.RRSet {
	t.Helper()
	zone := map[string]route53x.RRSet{}
	key := func(s route53x.RRSet) string {
		n, err := route53x.ParseName(string(s.Name))
		require.NoError(t, err)
		return fmt.Sprint(n, s.Type, s.SetIdentifier)
	}
	for _, s := range have {
		zone[key(s)] = s
	}
	for i := range p.Batches {
		for _, op := range p.Ops(i) {
			there, ok := zone[key(op.Set)]
			if op.Action == "DELETE" {
				require.True(t, ok, op.Set)
				require.Equal(t, there, op.Set)
				delete(zone, key(op.Set))
				continue
			}
			require.Equal(t, op.Action == "UPSERT", ok, op.Set)
			zone[key(op.Set)] = op.Set
		}
	}
	var sets []route53x.RRSet
	for _, s := range zone {
		sets = append(sets, s)
	}
	return sets
}

func TestDigest(t *testing.T) {
	t.Parallel()
	a := base(host(1), simple("t.example.com.", route53x.TXT, 60, `"a" "b"`))
	b := base(simple("T.example.com", route53x.TXT, 60, `"ab"`), host(1))
	b[1].Values = []string{"ns. hm. 2 7200 900 1209600 86400"} // the serial is not content
	assert.Equal(t, route53x.DigestOf(a), route53x.DigestOf(b))
	assert.NotEqual(t, route53x.DigestOf(a), route53x.DigestOf(base(host(2))))
	assert.NotEqual(t, route53x.DigestOf([]route53x.RRSet{simple("t.", route53x.TXT, 1, `"\377"`)}), route53x.DigestOf([]route53x.RRSet{simple("t.", route53x.TXT, 1, `"\376"`)}))
}
