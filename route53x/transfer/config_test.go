package transfer_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/transfer"
)

func TestNewSaysAllAtOnce(t *testing.T) {
	t.Parallel()
	_, err := transfer.New(transfer.Config{Domain: "com", Filing: "maybe", Consent: map[transfer.Step]string{"lunch": "yes"}})
	require.ErrorIs(t, err, transfer.ErrInvalid)
	for _, text := range []string{
		`"com" is not a domain`, "From is not set", "To is not set", "Source is not set", "Zones is not set", "Records is not set", "DNS is not set",
		"Journal is not set", "MaxPrice is not set", `"maybe"`, `no step "lunch"`,
	} {
		assert.Contains(t, err.Error(), text)
	}
	cfg := newWorld().config()
	cfg.Domain = "Example.COM."
	r, err := transfer.New(cfg)
	require.NoError(t, err)
	s, err := r.Load(t.Context())
	require.NoError(t, err)
	assert.Equal(t, domain, s.Domain)
	assert.Equal(t, transfer.StepPreflight, s.Step)
	assert.NotEqual(t, r.Reference(0), r.Reference(1))
	assert.LessOrEqual(t, len(r.Reference(0)), 128)
}

func TestSteps(t *testing.T) {
	t.Parallel()
	require.Len(t, transfer.Steps(), 17)
	for i, s := range transfer.Steps() {
		assert.Equal(t, i, s.Number())
		got, err := transfer.ParseStep(string(s))
		require.NoError(t, err)
		assert.Equal(t, s, got)
		en, zh := s.Title()
		assert.NotEqual(t, string(s), en)
		assert.NotEqual(t, en, zh)
	}
	_, err := transfer.ParseStep("lunch")
	assert.Error(t, err)
	assert.True(t, transfer.StepVerify.Before(transfer.StepSwitch))
	assert.False(t, transfer.StepEnd.Before(transfer.StepAfter))
}

func TestStatesOfOthers(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r, err := transfer.New(w.config())
	require.NoError(t, err)
	s, err := r.Load(t.Context())
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		alter func(*transfer.State)
		kind  error
	}{
		"version": {func(s *transfer.State) { s.Version = 9 }, transfer.ErrOtherMove},
		"domain":  {func(s *transfer.State) { s.Domain = "example.org" }, transfer.ErrOtherMove},
		"move":    {func(s *transfer.State) { s.ID = "another" }, transfer.ErrOtherMove},
		"step":    {func(s *transfer.State) { s.Step = "lunch" }, transfer.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other := s
			tt.alter(&other)
			_, _, err := r.Advance(t.Context(), other)
			require.ErrorIs(t, err, tt.kind)
			_, err = r.Plan(t.Context(), other)
			require.ErrorIs(t, err, tt.kind)
			_, err = r.PlanUndo(t.Context(), other, transfer.StepZone)
			require.ErrorIs(t, err, tt.kind)
			_, err = r.Answer(t.Context(), other, transfer.Question{}, "")
			require.ErrorIs(t, err, tt.kind)
		})
	}
}

// Advance does not alter what it was given, so that a caller can try again with it.
func TestAdvanceLeavesItsStateAlone(t *testing.T) {
	t.Parallel()
	w := newSigned()
	r, err := transfer.New(w.config())
	require.NoError(t, err)
	s, err := r.Load(t.Context())
	require.NoError(t, err)
	for range 200 {
		before, err := json.Marshal(s)
		require.NoError(t, err)
		next, n, err := r.Advance(t.Context(), s)
		require.NoError(t, err)
		after, err := json.Marshal(s)
		require.NoError(t, err)
		require.JSONEq(t, string(before), string(after))
		require.NoError(t, w.sleep(t.Context(), n.After))
		if s = next; n.Done {
			break
		}
	}
	assert.Equal(t, transfer.StepEnd, s.Step)
}

// At most one change at a time: each Advance makes one call that changes something, or none.
func TestOneChangeAtATime(t *testing.T) {
	t.Parallel()
	w := newSigned()
	m := &meter{at: -1}
	r, err := transfer.New(m.measured(w.config()))
	require.NoError(t, err)
	s, err := r.Load(t.Context())
	require.NoError(t, err)
	changes := func() (n int) {
		for _, c := range m.calls {
			if c.changes {
				n++
			}
		}
		return n
	}
	for undo := range 2 {
		for done := false; !done; {
			if undo == 0 && s.Step == transfer.StepApprove {
				break
			}
			before := changes()
			var n transfer.Next
			s, n, err = r.Advance(t.Context(), s)
			require.NoError(t, err)
			require.LessOrEqual(t, changes()-before, 1, s.Step)
			require.NoError(t, w.sleep(t.Context(), n.After))
			done = n.Done
		}
		if undo == 0 {
			require.NoError(t, w.sleep(t.Context(), 4*time.Hour))
			s, err = r.BeginUndo(t.Context(), s, transfer.StepZone)
			require.NoError(t, err)
		}
	}
	assert.Equal(t, 8+6, changes(), "forth and back")
}

func TestFileJournal(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "deep", "state.json")
	j, err := transfer.OpenFile(path)
	require.NoError(t, err)
	_, err = transfer.OpenFile(path)
	require.ErrorIs(t, err, transfer.ErrInUse)
	_, err = j.Load(t.Context(), domain)
	require.ErrorIs(t, err, fs.ErrNotExist)

	w := newSigned()
	cfg := w.config()
	cfg.Journal = j
	_, err = w.run(t, cfg, nil)
	require.NoError(t, err)
	require.NoError(t, j.Close())

	j, err = transfer.OpenFile(path)
	require.NoError(t, err)
	s, err := j.Load(t.Context(), domain)
	require.NoError(t, err)
	assert.Equal(t, transfer.StepEnd, s.Step)
	_, err = j.Load(t.Context(), "another")
	require.ErrorIs(t, err, transfer.ErrOtherMove)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.NotContains(t, string(data), authCode)

	for text, kind := range map[string]error{`{"kind": "a shopping list"}`: transfer.ErrOtherMove, `{"kind`: transfer.ErrInvalid} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err = j.Load(t.Context(), domain)
		require.ErrorIs(t, err, kind)
	}
	require.NoError(t, j.Close())
}

// A state that was read back from its JSON is the state: kill points go through a file.
func TestStateIsPlainJSON(t *testing.T) {
	t.Parallel()
	w := newSigned()
	r, err := transfer.New(w.config())
	require.NoError(t, err)
	s, err := r.Load(t.Context())
	require.NoError(t, err)
	for range 400 {
		next, n, err := r.Advance(t.Context(), s)
		require.NoError(t, err)
		data, err := json.Marshal(next)
		require.NoError(t, err)
		assert.NotContains(t, string(data), authCode)
		s = transfer.State{}
		require.NoError(t, json.Unmarshal(data, &s))
		again, err := json.Marshal(s)
		require.NoError(t, err)
		require.JSONEq(t, string(data), string(again))
		require.NoError(t, w.sleep(t.Context(), n.After))
		if n.Done {
			break
		}
	}
	assert.Equal(t, transfer.StepEnd, s.Step)
	assert.Len(t, w.orders, 1)
}

func TestPlan(t *testing.T) {
	t.Parallel()
	w := newSigned()
	cfg := w.config()
	cfg.Acknowledge, cfg.Filing, cfg.Consent = nil, "", nil
	m := &meter{at: -1}
	r, err := transfer.New(m.measured(cfg))
	require.NoError(t, err)
	s, err := r.Load(t.Context())
	require.NoError(t, err)
	w.blocked = []string{"the real name is not verified"}
	p, err := r.Plan(t.Context(), s)
	require.NoError(t, err)
	for _, c := range m.calls {
		assert.False(t, c.changes, c.op)
		assert.NotEqual(t, "journal.Save", c.op)
	}
	text := p.String()
	for _, want := range []string{
		"example.com: 4 records, 15.00 USD", "? unmappable go-redirect", "the real name is not verified", "type pay 15.00 USD", "4711 13 2 00ff", "dnssec    24 hours",
		"propagate 2 days", "order the transfer: 15.00 USD", "+ example.com. A 600 192.0.2.1", "备案",
	} {
		assert.Contains(t, text, want)
	}
	data, err := json.Marshal(p)
	require.NoError(t, err)
	var back transfer.Plan
	require.NoError(t, json.Unmarshal(data, &back))
	assert.Equal(t, text, back.String())
	assert.Equal(t, []string{"go-redirect"}, p.Open)

	w.blocked = nil
	_, s = upTo(t, w, transfer.StepFiling)
	p, err = r.Plan(t.Context(), s)
	require.NoError(t, err)
	assert.Nil(t, p.Changes, "the old zone is not read any more")
	assert.True(t, p.Steps[8].Done)
	assert.False(t, p.Steps[10].Done)
	assert.NotContains(t, p.String(), "type switch")
}

// Whatever stands against the move is in the plan, and no error.
func TestPlanHasBlockers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		plant func(w *world, cfg *transfer.Config)
		want  string
	}{
		"price": {func(w *world, _ *transfer.Config) { w.price = 9900 }, "costs 99.00 USD"},
		"zone":  {func(w *world, _ *transfer.Config) { w.addZone(domain, "by hand") }, "adopt it by its ID"},
		"gone":  {func(w *world, _ *transfer.Config) { w.at = "new" }, "the old registrar does not have the domain"},
		"records": {func(w *world, _ *transfer.Config) {
			w.source = append(w.source, route53x.RRSet{Name: "example.com.", Type: route53x.CNAME, TTL: 1, Values: []string{"a.example.net."}})
		}, "CNAME"},
		"status": {func(w *world, _ *transfer.Config) { w.status["pendingDelete"] = true }, "about to be deleted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			cfg := w.config()
			tt.plant(w, &cfg)
			r, err := transfer.New(cfg)
			require.NoError(t, err)
			s, err := r.Load(t.Context())
			require.NoError(t, err)
			p, err := r.Plan(t.Context(), s)
			require.NoError(t, err)
			assert.Contains(t, strings.Join(p.Blockers, "\n"), tt.want)
		})
	}
}

// A journal that cannot be written stops the move before its change, not after.
func TestNothingLeavesWithoutTheJournal(t *testing.T) {
	t.Parallel()
	dry := newSigned()
	m := &meter{at: -1}
	_, err := dry.attempt(t, m.measured(dry.config()), nil)
	require.NoError(t, err)
	for n, c := range m.calls {
		if c.op != "journal.Save" || n+1 >= len(m.calls) || !m.calls[n+1].changes || m.calls[n+1].op == "zones.EnsureZone" {
			continue
		}
		w := newSigned()
		broken := &meter{at: n, event: "fails"}
		_, err := w.attempt(t, broken.measured(w.config()), &transfer.RunOptions{Retries: new(0)})
		require.ErrorContains(t, err, "transfer: journal: connection refused")
		for _, later := range broken.calls[n:] {
			require.False(t, later.changes, "%s has left", later.op)
		}
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	cause := errors.New("HTTP 503")
	err := error(&transfer.Error{Kind: transfer.ErrBlocked, Step: transfer.StepZone, Text: "see to it", Reasons: []string{"one", "two"}, Err: cause})
	assert.Equal(t, "transfer: zone: see to it: one; two: HTTP 503", err.Error())
	require.ErrorIs(t, err, transfer.ErrBlocked)
	require.ErrorIs(t, err, cause)
	assert.Equal(t, "transfer: costs more than allowed", (&transfer.Error{Kind: transfer.ErrTooExpensive}).Error())
	assert.Equal(t, "15.05 USD", transfer.Money{Cents: 1505, Currency: "USD"}.String())
}
