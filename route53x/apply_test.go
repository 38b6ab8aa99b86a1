package route53x_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

const (
	changeSets = route53xtest.ChangeResourceRecordSets
	oneEach    = 1 // elements of a batch
)

func small(n int) route53x.DiffOptions {
	return route53x.DiffOptions{Limits: route53x.Limits{BatchElements: n}}
}

// actions are those that the server took, batch by batch, from the comments and sizes.
func comments(srv *route53xtest.Server) (out []string) {
	for _, r := range srv.Requests() {
		if r.Action == changeSets && r.Code == "" {
			_, words, _ := strings.Cut(r.Comment, " batch ")
			out = append(out, fmt.Sprint(words, " ", r.Elements))
		}
	}
	return out
}

func TestApply(t *testing.T) {
	t.Parallel()
	srv, c := fake(t, route53xtest.Options{})
	zone := zoneWith(t, srv, host(0), host(1), host(2))
	changed := host(1)
	changed.Values = []string{"192.0.2.7", "192.0.2.8"}
	p := towards(t, srv, zone, small(3), host(0), changed, host(3))
	var told []route53x.BatchDone
	result, err := c.Apply(t.Context(), zone, p, &route53x.ApplyOptions{Progress: func(b route53x.BatchDone) { told = append(told, b) }})
	require.NoError(t, err)
	requireSame(t, []route53x.RRSet{host(0), changed, host(3)}, own(srv, zone))
	assert.Equal(t, []string{"1/2 3", "2/2 2"}, comments(srv), "an update counts old and new, and no UPSERT double")
	assert.Equal(t, route53x.Result{PlanID: p.ID(), ChangeIDs: result.ChangeIDs, Done: []int{1, 2}}, result)
	assert.Equal(t, []route53x.BatchDone{{1, 2, result.ChangeIDs[0]}, {2, 2, result.ChangeIDs[1]}}, told)
	assert.Contains(t, srv.Requests()[1].Comment, "kitroll plan "+p.ID()+" batch 1/2")
	assert.NotContains(t, result.ChangeIDs[0], "/")
	require.NoError(t, c.WaitSync(t.Context(), result.ChangeIDs, nil))

	again, err := c.Apply(t.Context(), zone, p, nil)
	require.NoError(t, err)
	assert.Equal(t, route53x.Result{PlanID: p.ID(), Done: []int{1, 2}, Found: []int{1, 2}}, again, "done already")
	assert.Equal(t, 2, srv.Calls(changeSets))

	data, err := json.Marshal(p)
	require.NoError(t, err)
	var kept route53x.Plan
	require.NoError(t, json.Unmarshal(data, &kept))
	assert.Equal(t, p.ID(), kept.ID(), "a plan that was kept is the same plan")
	undo, err := kept.Inverse()
	require.NoError(t, err)
	_, err = c.Apply(t.Context(), zone, undo, nil)
	require.NoError(t, err)
	requireSame(t, hosts(3), own(srv, zone))
}

// Trap 7: UPSERT counts double in elements and characters, and overwrites another's edit silently; the default is CREATE or
// DELETE+CREATE.
func TestUpsertOnlyOnWish(t *testing.T) {
	t.Parallel()
	for name, upsert := range map[string]bool{"compare and swap": false, "upsert": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := fake(t, route53xtest.Options{})
			zone := zoneWith(t, srv, host(0))
			ours, theirs := host(0), host(0)
			ours.TTL, theirs.TTL = 1, 2
			p := towards(t, srv, zone, route53x.DiffOptions{Upsert: upsert}, ours)
			before(srv, changeSets, 1, func() {
				assert.NoError(t, srv.Edit(zone, route53x.Op{Action: "DELETE", Set: host(0)}, route53x.Op{Action: "CREATE", Set: theirs}))
			})
			_, err := c.Apply(t.Context(), zone, p, nil)
			if upsert {
				require.NoError(t, err)
				assert.Equal(t, []route53x.RRSet{ours}, own(srv, zone))
				return
			}
			require.ErrorIs(t, err, route53x.ErrConflict)
			assert.Equal(t, []route53x.RRSet{theirs}, own(srv, zone), "nothing of theirs was overwritten")
			var e *route53x.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, []route53x.Key{host(0).Key()}, e.Keys)
			assert.Equal(t, 1, e.Batch)
		})
	}
}

// A concurrent editor between plan and apply is detected before the first write.
func TestTheZoneHasToBeThatOfThePlan(t *testing.T) {
	t.Parallel()
	theirs := host(1)
	theirs.TTL = 999
	for name, tt := range map[string]struct {
		edit []route53x.Op
		opts *route53x.ApplyOptions
		want error
		keys int
	}{
		"nobody":                 {},
		"a set of the plan":      {edit: []route53x.Op{{"DELETE", host(1)}, {"CREATE", theirs}}, want: route53x.ErrConflict, keys: 1},
		"a set that is gone":     {edit: []route53x.Op{{"DELETE", host(1)}}, want: route53x.ErrConflict, keys: 1},
		"a set that is to come":  {edit: []route53x.Op{{"CREATE", simple("new.example.com.", route53x.A, 60, "192.0.2.99")}}, want: route53x.ErrConflict, keys: 1},
		"another set":            {edit: []route53x.Op{{"CREATE", host(9)}}, want: route53x.ErrConflict},
		"another set, allowed":   {edit: []route53x.Op{{"CREATE", host(9)}}, opts: &route53x.ApplyOptions{OtherSets: true}},
		"of the plan, though":    {edit: []route53x.Op{{"DELETE", host(1)}}, opts: &route53x.ApplyOptions{OtherSets: true}, want: route53x.ErrConflict, keys: 1},
		"the same as the plan":   {edit: []route53x.Op{{"CREATE", simple("new.example.com.", route53x.A, 60, "192.0.2.1")}}},
		"only spelt differently": {edit: []route53x.Op{{"DELETE", simple("t.example.com.", route53x.TXT, 60, `"ab"`)}, {"CREATE", simple("t.example.com.", route53x.TXT, 60, `"a" "b"`)}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := fake(t, route53xtest.Options{})
			zone := zoneWith(t, srv, host(0), host(1), simple("t.example.com.", route53x.TXT, 60, `"ab"`))
			changed := host(1)
			changed.TTL = 1
			p := towards(t, srv, zone, small(2), host(0), changed, simple("new.example.com.", route53x.A, 60, "192.0.2.1"))
			if len(tt.edit) > 0 {
				require.NoError(t, srv.Edit(zone, tt.edit...))
			}
			edited := own(srv, zone)
			_, err := c.Apply(t.Context(), zone, p, tt.opts)
			if tt.want == nil {
				require.NoError(t, err)
				assert.NotContains(t, own(srv, zone), simple("t.example.com.", route53x.TXT, 60, `"a" "b"`), "deleted as it is spelt there")
				return
			}
			require.ErrorIs(t, err, tt.want)
			var e *route53x.Error
			require.ErrorAs(t, err, &e)
			assert.Len(t, e.Keys, tt.keys)
			assert.Equal(t, edited, own(srv, zone))
			assert.Zero(t, srv.Calls(changeSets))
		})
	}
}

// Trap 8: a repeated CREATE ("already exists"): equal content = success, different content = conflict. So it is with what
// somebody else does while the plan is carried out.
func TestFasterThanThePlan(t *testing.T) {
	t.Parallel()
	other := host(1)
	other.Values = []string{"192.0.2.200"}
	gone := simple("gone.example.com.", route53x.A, 60, "192.0.2.1")
	for name, tt := range map[string]struct {
		edit  []route53x.Op
		want  error
		found []int
		calls int
	}{
		"all of the batch, equal":   {edit: []route53x.Op{{"CREATE", host(0)}, {"CREATE", host(1)}}, found: []int{1}, calls: 3},
		"one of the batch, equal":   {edit: []route53x.Op{{"CREATE", host(1)}}, calls: 4},
		"one of the batch, other":   {edit: []route53x.Op{{"CREATE", other}}, want: route53x.ErrConflict, calls: 1},
		"a CNAME beside it":         {edit: []route53x.Op{{"CREATE", simple(host(0).Name, route53x.CNAME, 1, "a.")}}, want: route53x.ErrConflict, calls: 1},
		"what goes is gone already": {edit: []route53x.Op{{"DELETE", gone}}, found: []int{3}, calls: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := fake(t, route53xtest.Options{})
			zone := zoneWith(t, srv, gone)
			p := towards(t, srv, zone, small(2), hosts(4)...)
			require.Len(t, p.Batches, 3)
			before(srv, changeSets, 1, func() { assert.NoError(t, srv.Edit(zone, tt.edit...)) })
			result, err := c.Apply(t.Context(), zone, p, nil)
			assert.Equal(t, tt.calls, srv.Calls(changeSets))
			if tt.want != nil {
				require.ErrorIs(t, err, tt.want)
				assert.Empty(t, result.Done)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.found, result.Found)
			requireSame(t, hosts(4), own(srv, zone))
		})
	}
}

// An editor who comes between two batches of a large import is detected in the batch that would run into them, and what
// was done before stays.
func TestAnEditorBetweenBatches(t *testing.T) {
	t.Parallel()
	srv, c := fake(t, route53xtest.Options{})
	zone := zoneWith(t, srv)
	want := ofLength(3000, 60)
	p := towards(t, srv, zone, route53x.DiffOptions{}, want...)
	require.Len(t, p.Batches, 6)
	theirs := *p.Changes[p.Batches[3].Changes[7]].After
	theirs.Values = []string{`"theirs"`}
	before(srv, changeSets, 2, func() { assert.NoError(t, srv.Edit(zone, route53x.Op{Action: "CREATE", Set: theirs})) })
	result, err := c.Apply(t.Context(), zone, p, nil)
	require.ErrorIs(t, err, route53x.ErrConflict)
	assert.Equal(t, []int{1, 2, 3}, result.Done)
	var e *route53x.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, []any{4, []int{1, 2, 3}, []route53x.Key{theirs.Key()}}, []any{e.Batch, e.Done, e.Keys})
	assert.Contains(t, own(srv, zone), theirs, "nothing of theirs was overwritten")
	_, err = c.Apply(t.Context(), zone, p, nil)
	require.ErrorIs(t, err, route53x.ErrConflict, "nor the next time")
	assert.Equal(t, 4, srv.Calls(changeSets))
}

// A lost answer is looked up, and a request that never left is sent again.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(*route53xtest.Server){
		"lost":              func(s *route53xtest.Server) { s.LoseNext(changeSets) },
		"dropped":           func(s *route53xtest.Server) { s.DropNext(changeSets) },
		"lost, twice":       func(s *route53xtest.Server) { s.LoseNext(changeSets); s.LoseNext(changeSets) },
		"a proxy's 502":     func(s *route53xtest.Server) { s.AnswerNext(changeSets, 502, nil, "<html>") },
		"a proxy's success": func(s *route53xtest.Server) { s.AnswerNext(changeSets, 200, nil, "<html></html>") },
		"lost and no look":  func(s *route53xtest.Server) { s.LoseNext(changeSets); s.DropNext(route53xtest.ListResourceRecordSets) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := fake(t, route53xtest.Options{})
			zone := zoneWith(t, srv, host(0))
			changed := host(0)
			changed.TTL = 1
			p := towards(t, srv, zone, small(2), append(hosts(5)[1:], changed)...)
			fault(srv)
			result, err := c.Apply(t.Context(), zone, p, &route53x.ApplyOptions{Confirm: true})
			require.NoError(t, err)
			requireSame(t, append(hosts(5)[1:], changed), own(srv, zone))
			assert.Len(t, result.Done, len(p.Batches))
			if strings.HasPrefix(name, "lost") {
				assert.NotEmpty(t, result.Found)
				assert.Len(t, result.ChangeIDs, len(p.Batches)-len(result.Found)+1, "and one that confirms")
				require.NoError(t, c.WaitSync(t.Context(), result.ChangeIDs, nil))
			}
		})
	}
	srv := route53xtest.NewServer()
	t.Cleanup(srv.Close)
	cfg := srv.Config()
	cfg.MaxRetries = new(0)
	zone := zoneWith(t, srv)
	srv.LoseNext(changeSets)
	before(srv, changeSets, 1, func() { srv.AnswerNext(route53xtest.ListResourceRecordSets, 503, nil, "") })
	p := towards(t, srv, zone, small(1), hosts(2)...)
	_, err := client(t, cfg).Apply(t.Context(), zone, p, nil)
	require.ErrorIs(t, err, route53x.ErrUnknownOutcome, "it could not be looked up")
	_, err = client(t, cfg).Apply(t.Context(), zone, p, nil)
	require.NoError(t, err)
	requireSame(t, hosts(2), own(srv, zone))
}

// Trap 10: an alias after its target, in the same or an earlier batch; in a later one it waits until the target is INSYNC.
func TestAliasesWaitForTheirTargets(t *testing.T) {
	t.Parallel()
	srv, c := fake(t, route53xtest.Options{})
	zone := zoneWith(t, srv)
	al := alias("a.example.com.", host(1).Name)
	al.Alias.ZoneID = zone
	p := towards(t, srv, zone, small(oneEach), host(0), host(1), host(2), al)
	_, err := c.Apply(t.Context(), zone, p, nil)
	require.NoError(t, err)
	log := srv.Requests()
	last := log[len(log)-1]
	sent := slices.IndexFunc(log, func(r route53xtest.Request) bool { return r.Action == changeSets && r.Changes == 1 })
	assert.GreaterOrEqual(t, last.At.Sub(log[sent].At).Seconds(), 29.0)
	assert.Equal(t, "INSYNC", log[len(log)-2].Status)
	assert.Equal(t, changeSets, last.Action)

	one, c := fake(t, route53xtest.Options{})
	zone = zoneWith(t, one)
	al.Alias.ZoneID = zone
	_, err = c.Apply(t.Context(), zone, towards(t, one, zone, route53x.DiffOptions{}, host(1), al), nil)
	require.NoError(t, err)
	assert.Zero(t, one.Calls(route53xtest.GetChange), "one batch needs no wait")
}

// Trap 9 and trap 11 on the wire: what belongs together is one request, and the limits hold.
func TestConflictPairsChangeTogether(t *testing.T) {
	t.Parallel()
	srv, c := fake(t, route53xtest.Options{})
	zone := zoneWith(t, srv, append(hosts(5), simple("x.example.com.", route53x.CNAME, 60, "a."), simple("r.example.com.", route53x.A, 60, "192.0.2.1"))...)
	want := append(hosts(9)[5:], simple("x.example.com.", route53x.A, 60, "192.0.2.1"),
		routed("1", route53x.Weighted{Weight: 1}, "192.0.2.1"), routed("2", route53x.Weighted{Weight: 1}, "192.0.2.2"))
	_, err := c.Apply(t.Context(), zone, towards(t, srv, zone, small(3), want...), nil)
	require.NoError(t, err)
	requireSame(t, want, own(srv, zone))
	for _, r := range srv.Requests() {
		assert.Empty(t, r.Code)
		assert.LessOrEqual(t, r.Elements, 3)
	}
}

func TestPlansThatCannotBeApplied(t *testing.T) {
	t.Parallel()
	srv, c := fake(t, route53xtest.Options{})
	zone := zoneWith(t, srv)
	good := towards(t, srv, zone, route53x.DiffOptions{}, host(0))
	change := func(f func(*route53x.Plan)) *route53x.Plan {
		p := *good
		f(&p)
		return &p
	}
	for name, tt := range map[string]struct {
		plan *route53x.Plan
		want error
	}{
		"none":             {nil, route53x.ErrInvalid},
		"refused by Diff":  {change(func(p *route53x.Plan) { p.Batches = nil }), route53x.ErrUnsafe},
		"twice in batches": {change(func(p *route53x.Plan) { p.Batches = []route53x.Batch{{Changes: []int{0, 0}}} }), route53x.ErrInvalid},
		"not in batches":   {change(func(p *route53x.Plan) { p.Batches = []route53x.Batch{{}} }), route53x.ErrInvalid},
		"out of range":     {change(func(p *route53x.Plan) { p.Batches = []route53x.Batch{{Changes: []int{1}}} }), route53x.ErrInvalid},
		"empty change":     {change(func(p *route53x.Plan) { p.Changes = []route53x.Change{{}} }), route53x.ErrInvalid},
		"another zone":     {change(func(p *route53x.Plan) { p.Zone = "example.net." }), route53x.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.Apply(t.Context(), zone, tt.plan, nil)
			require.ErrorIs(t, err, tt.want)
			assert.Zero(t, srv.Calls(changeSets))
		})
	}
	t.Run("the zone is not there", func(t *testing.T) {
		t.Parallel()
		_, err := c.Apply(t.Context(), "ZNONE", good, nil)
		require.ErrorIs(t, err, route53x.ErrNotFound)
	})
	t.Run("refused by Route 53", func(t *testing.T) {
		t.Parallel()
		srv, c := fake(t, route53xtest.Options{BatchElements: 1})
		zone := zoneWith(t, srv)
		_, err := c.Apply(t.Context(), zone, towards(t, srv, zone, route53x.DiffOptions{}, hosts(2)...), nil)
		require.ErrorIs(t, err, route53x.ErrLimit)
		srv.AnswerNext(changeSets, 400, nil, `<InvalidChangeBatch xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Messages><Message>one</Message>`+
			`<Message>two</Message></Messages><RequestId>r-1</RequestId></InvalidChangeBatch>`)
		_, err = c.Apply(t.Context(), zone, towards(t, srv, zone, route53x.DiffOptions{}, host(0)), nil)
		require.ErrorIs(t, err, route53x.ErrInvalid)
		require.ErrorContains(t, err, "batch 1 (0 done): not valid: one, two (InvalidChangeBatch, request r-1)")
	})
}
