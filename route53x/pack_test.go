package route53x_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
)

func plan(t *testing.T, have, want []route53x.RRSet, limits route53x.Limits) *route53x.Plan {
	t.Helper()
	p, err := route53x.Diff(have, want, &route53x.DiffOptions{
		Zone: "example.com", Limits: limits, Thresholds: route53x.Thresholds{Off: true},
	})
	require.NoError(t, err)
	return p
}

// Trap 9, with the sizes of the sheet of peers: as few batches as can be.
func TestImportsAreAtTheLowerBound(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ sets, chars, want int }{
		"exactly 1000":            {1000, 12, 1},
		"1001":                    {1001, 12, 2},
		"1000 of 32: 32,000":      {1000, 32, 1},
		"1000 of 33":              {1000, 33, 2},
		"1000 of 60":              {1000, 60, 2},
		"1000 of 410, as DKIM is": {1000, 410, 13},
		"10,000 of 12":            {10_000, 12, 10},
		"10,000 of 60":            {10_000, 60, 19},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var changes []route53x.Change
			for i := range tt.sets {
				s := host(i)
				s.Values = []string{strings.Repeat("x", tt.chars)}
				changes = append(changes, route53x.Change{Action: route53x.Create, After: &s})
			}
			batches, err := route53x.Pack(changes, nil)
			require.NoError(t, err)
			assert.Len(t, batches, tt.want)
			assert.Equal(t, tt.want, route53x.LowerBound(changes, nil))
			seen := map[int]bool{}
			for _, b := range batches {
				assert.LessOrEqual(t, b.Elements, route53x.MaxBatchElements)
				assert.LessOrEqual(t, b.Chars, route53x.MaxBatchChars)
				for _, i := range b.Changes {
					assert.False(t, seen[i])
					seen[i] = true
				}
			}
			assert.Len(t, seen, tt.sets)
		})
	}
}

// Large and small ones mixed, creates, updates and deletes: never more than one above the bound.
func TestMixedPlansAreNearTheLowerBound(t *testing.T) {
	t.Parallel()
	var have, want []route53x.RRSet
	for i := range 3000 {
		s := simple(route53x.Name(fmt.Sprintf("h%d.example.com.", i)), route53x.TXT, 60, route53x.QuoteTXT(strings.Repeat("k", 1+i*7919%900)))
		if i%3 != 0 {
			have = append(have, s)
		}
		if s.TTL = 61; i%3 != 1 {
			want = append(want, s)
		}
	}
	p := plan(t, have, want, route53x.Limits{})
	c := p.Cost()
	assert.Equal(t, []int{1000, 1000, 1000}, []int{c.Creates, c.Updates, c.Deletes})
	assert.LessOrEqual(t, c.Batches, c.LowerBound+1)
	last, first := 0, len(p.Batches)
	for i, b := range p.Batches {
		for _, n := range b.Changes {
			if p.Changes[n].Action == route53x.Delete {
				first = min(first, i)
			} else {
				last = i
			}
		}
	}
	assert.LessOrEqual(t, last, first, "trap 12: creates before deletes")
	requireSame(t, want, carryOut(t, have, p))
}

// Trap 7.
func TestUpsertCountsDouble(t *testing.T) {
	t.Parallel()
	before, after := simple("a.", route53x.A, 1, "192.0.2.1"), simple("a.", route53x.A, 1, "192.0.2.1", "192.0.2.2")
	changes := []route53x.Change{{Action: route53x.Update, Before: &before, After: &after}}
	for name, tt := range map[string]struct {
		upsert          bool
		elements, chars int
		ops             [][]string
	}{
		"compare and swap": {elements: 3, chars: 27, ops: [][]string{{"DELETE a. A", "CREATE a. A"}}},
		"upsert":           {upsert: true, elements: 4, chars: 36, ops: [][]string{{"UPSERT a. A"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			batches, err := route53x.Pack(changes, &route53x.PackOptions{Upsert: tt.upsert})
			require.NoError(t, err)
			assert.Equal(t, []route53x.Batch{{Changes: []int{0}, Elements: tt.elements, Chars: tt.chars}}, batches)
			assert.Equal(t, tt.ops, ops(&route53x.Plan{Changes: changes, Batches: batches, Upsert: tt.upsert}))
		})
	}
}

func TestOrderOfBatches(t *testing.T) {
	t.Parallel()
	a := func(name route53x.Name) route53x.RRSet { return simple(name, route53x.A, 60, "192.0.2.1") }
	cname := func(name route53x.Name) route53x.RRSet { return simple(name, route53x.CNAME, 60, "x.") }
	three := simple("3.example.com.", route53x.A, 60, "192.0.2.1", "192.0.2.2", "192.0.2.3")
	four := simple("4.example.com.", route53x.A, 60, "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4")
	other := simple("other.example.com.", route53x.A, 60, "192.0.2.1", "192.0.2.2")
	for name, tt := range map[string]struct {
		have, want []route53x.RRSet
		elements   int
		ops        [][]string
	}{
		"creates before deletes": { // trap 12
			have: []route53x.RRSet{a("a.example.com.")}, want: []route53x.RRSet{a("b.example.com.")}, elements: 1,
			ops: [][]string{{"CREATE b.example.com. A"}, {"DELETE a.example.com. A"}},
		},
		"a delete does not slip into a gap before a create": {
			have: []route53x.RRSet{a("a.example.com.")}, want: []route53x.RRSet{three, four}, elements: 4,
			ops: [][]string{{"CREATE 4.example.com. A"}, {"DELETE a.example.com. A", "CREATE 3.example.com. A"}},
		},
		"a delete waits, though the first batch has room": {
			have: []route53x.RRSet{a("a.example.com.")}, want: []route53x.RRSet{three, other}, elements: 4,
			ops: [][]string{{"CREATE 3.example.com. A"}, {"DELETE a.example.com. A", "CREATE other.example.com. A"}},
		},
		"an alias after its target": { // trap 10
			want: []route53x.RRSet{alias("a.example.com.", "b.example.com."), alias("b.example.com.", "c.example.com."), a("c.example.com.")}, elements: 1,
			ops: [][]string{{"CREATE c.example.com. A"}, {"CREATE b.example.com. A"}, {"CREATE a.example.com. A"}},
		},
		"an alias after its target, in one batch": {
			want: []route53x.RRSet{alias("a.example.com.", "b.example.com."), a("b.example.com.")}, elements: 9,
			ops: [][]string{{"CREATE b.example.com. A", "CREATE a.example.com. A"}},
		},
		"an alias goes before its target": {
			have: []route53x.RRSet{a("a.example.com."), alias("b.example.com.", "A.example.com")}, elements: 1,
			ops: [][]string{{"DELETE b.example.com. A"}, {"DELETE a.example.com. A"}},
		},
		"CNAME to address": { // trap 11
			have: []route53x.RRSet{cname("b.example.com.")}, want: []route53x.RRSet{a("a.example.com."), a("b.example.com.")}, elements: 2,
			ops: [][]string{{"DELETE b.example.com. CNAME", "CREATE b.example.com. A"}, {"CREATE a.example.com. A"}},
		},
		"address to CNAME": {
			have: []route53x.RRSet{a("b.example.com."), simple("b.example.com.", route53x.MX, 60, "1 a.")}, want: []route53x.RRSet{cname("b.example.com.")}, elements: 3,
			ops: [][]string{{"DELETE b.example.com. A", "DELETE b.example.com. MX", "CREATE b.example.com. CNAME"}},
		},
		"simple to routed": {
			have:     []route53x.RRSet{a("r.example.com.")},
			want:     []route53x.RRSet{a("a.example.com."), routed("1", route53x.Weighted{Weight: 1}, "192.0.2.1"), routed("2", route53x.Weighted{Weight: 1}, "192.0.2.2")},
			elements: 3,
			ops:      [][]string{{"DELETE r.example.com. A", "CREATE r.example.com. A [1]", "CREATE r.example.com. A [2]"}, {"CREATE a.example.com. A"}},
		},
		"one policy to another": {
			have:     []route53x.RRSet{routed("1", route53x.Weighted{Weight: 1}, "192.0.2.1"), routed("2", route53x.Weighted{Weight: 1}, "192.0.2.2")},
			want:     []route53x.RRSet{three, routed("1", route53x.MultiValue{}, "192.0.2.1"), routed("2", route53x.MultiValue{}, "192.0.2.2")},
			elements: 5,
			ops: [][]string{
				{"DELETE r.example.com. A [1]", "DELETE r.example.com. A [2]", "CREATE r.example.com. A [1]", "CREATE r.example.com. A [2]"},
				{"CREATE 3.example.com. A"},
			},
		},
		"a lost alias goes with its target that becomes a CNAME": {
			have:     []route53x.RRSet{a("b.example.com."), alias("a.example.com.", "b.example.com.")},
			want:     []route53x.RRSet{cname("b.example.com."), a("c.example.com.")},
			elements: 3,
			ops:      [][]string{{"DELETE a.example.com. A", "DELETE b.example.com. A", "CREATE b.example.com. CNAME"}, {"CREATE c.example.com. A"}},
		},
		"aliases in a circle are Route 53's to refuse": {
			want: []route53x.RRSet{alias("a.example.com.", "b.example.com."), alias("b.example.com.", "a.example.com.")}, elements: 2,
			ops: [][]string{{"CREATE a.example.com. A", "CREATE b.example.com. A"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := plan(t, tt.have, tt.want, route53x.Limits{BatchElements: tt.elements})
			assert.Equal(t, tt.ops, ops(p))
			requireSame(t, tt.want, carryOut(t, tt.have, p))
		})
	}
}
