package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/transfer"
)

// upTo makes the move up to a step and stops before it; of StepApprove, after the order is placed.
func upTo(t *testing.T, w *world, before transfer.Step) (*transfer.Runner, transfer.State) {
	t.Helper()
	cfg := w.config()
	events, err := w.run(t, cfg, &transfer.RunOptions{Before: before})
	require.NoError(t, err, texts(events))
	r, err := transfer.New(cfg)
	require.NoError(t, err)
	s, err := r.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, before, s.Step)
	return r, s
}

// asBefore is whether everything is as it was before the move.
func asBefore(t *testing.T, w *world, name string) {
	t.Helper()
	assert.Equal(t, "old", w.at, name)
	assert.Equal(t, oldNS, w.ns, name)
	assert.Equal(t, oldNS, w.seen(w.clock()), name)
	assert.True(t, w.status[transfer.TransferLock], name)
	assert.True(t, w.status[transfer.UpdateLock], name)
	assert.Empty(t, w.zones, name)
	assert.Zero(t, w.charge, name)
}

func TestUndoFromEachStep(t *testing.T) {
	t.Parallel()
	for _, before := range transfer.Steps() {
		if before == transfer.StepPreflight || transfer.StepApprove.Before(before) {
			continue
		}
		t.Run(string(before), func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			r, s := upTo(t, w, before)
			p, err := r.PlanUndo(t.Context(), s, transfer.StepZone)
			require.NoError(t, err)
			assert.Empty(t, p.Refused)
			t.Log("\n" + p.String())
			_, err = r.BeginUndo(t.Context(), s, transfer.StepZone)
			require.NoError(t, err)
			events, err := w.run(t, w.config(), nil)
			require.NoError(t, err, texts(events))
			asBefore(t, w, texts(events))
			if before == transfer.StepApprove {
				assert.Equal(t, "failed", w.last().state)
			}
			// And forward again, to the end.
			_, err = w.run(t, w.config(), nil)
			require.NoError(t, err)
			assert.Equal(t, "new", w.at)
			assert.Equal(t, w.price, w.charge)
		})
	}
}

// While resolvers may have the new name servers, the records stay.
func TestUndoWaitsBeforeItRemovesRecords(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r, s := upTo(t, w, transfer.StepFiling)
	_, err := r.BeginUndo(t.Context(), s, transfer.StepZone)
	require.NoError(t, err)
	var back, gone time.Time
	_, err = w.run(t, w.config(), &transfer.RunOptions{Sleep: func(ctx context.Context, d time.Duration) error {
		if err := w.sleep(ctx, d); err != nil {
			return err
		}
		if len(w.zones) > 0 && slices.Equal(w.seen(w.now), oldNS) && back.IsZero() {
			back = w.now
		}
		return nil
	}})
	require.NoError(t, err)
	gone = w.clock()
	assert.Empty(t, w.zones)
	assert.GreaterOrEqual(t, gone.Sub(back), 48*time.Hour)
}

func TestUndoOfTheSwitchAlone(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r, s := upTo(t, w, transfer.StepFiling)
	began := w.clock()
	_, err := r.BeginUndo(t.Context(), s, transfer.StepSwitch)
	require.NoError(t, err)
	_, err = w.run(t, w.config(), nil)
	require.NoError(t, err)
	assert.Equal(t, oldNS, w.ns)
	assert.Len(t, w.zones, 1, "the zone stays")
	assert.Less(t, w.clock().Sub(began), time.Hour, "nothing is removed, so that nothing is waited for")
	s = w.journal.states[domain]
	assert.Equal(t, transfer.StepSwitch, s.Step)
	assert.Empty(t, s.Consents, "the switch needs another consent")
}

// What can no longer be undone is refused with its reason, and nothing is changed.
func TestNoWayBack(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		before transfer.Step
		plant  func(w *world, r *transfer.Runner, s *transfer.State)
		to     transfer.Step
		reason string
	}{
		"the domain has left":      {before: transfer.StepFinish, to: transfer.StepZone, reason: "the domain has left for the new registrar: it can be moved again after 60 days"},
		"a step that has no undo":  {before: transfer.StepAfter, to: transfer.StepApprove, reason: `"approve" cannot be undone by itself`},
		"the old zone is gone":     {before: transfer.StepFiling, to: transfer.StepZone, plant: func(w *world, _ *transfer.Runner, _ *transfer.State) { w.at = "new" }, reason: "the old name servers do not answer for the zone any more"},
		"old name servers unknown": {before: transfer.StepFiling, to: transfer.StepSwitch, plant: func(_ *world, _ *transfer.Runner, s *transfer.State) { s.Old.Nameservers = nil }, reason: "the old name servers are not known, because the state was lost: name them in OldNameservers"},
		"somebody else's change": {before: transfer.StepVerify, to: transfer.StepZone, plant: func(w *world, _ *transfer.Runner, _ *transfer.State) {
			for _, h := range w.zones {
				set := h.sets[w.source[0].Key()]
				set.Values = []string{"203.0.113.7"}
				h.sets[set.Key()] = set
			}
		}, reason: "somebody else has changed example.com. A since it was written"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			r, s := upTo(t, w, tt.before)
			if tt.plant != nil {
				tt.plant(w, r, &s)
			}
			saves := w.journal.saves
			p, err := r.PlanUndo(t.Context(), s, tt.to)
			require.NoError(t, err)
			assert.Contains(t, p.String(), "x "+tt.reason)
			_, err = r.BeginUndo(t.Context(), s, tt.to)
			require.ErrorIs(t, err, transfer.ErrCannotUndo)
			assert.Contains(t, err.Error(), tt.reason)
			assert.Equal(t, saves, w.journal.saves)
		})
	}
}

func TestUndoAfterTheApproval(t *testing.T) {
	t.Parallel()
	w := newWorld()
	cfg := w.config()
	stop := errors.New("stop")
	_, err := w.run(t, cfg, &transfer.RunOptions{Sleep: func(ctx context.Context, d time.Duration) error {
		if w.approved > 0 {
			return stop
		}
		return w.sleep(ctx, d)
	}})
	require.ErrorIs(t, err, stop)
	r, err := transfer.New(cfg)
	require.NoError(t, err)
	s, err := r.Load(t.Context())
	require.NoError(t, err)
	_, err = r.BeginUndo(t.Context(), s, transfer.StepTransfer)
	require.ErrorIs(t, err, transfer.ErrCannotUndo)
}

// In an adopted zone, what was there before comes back, and what others wrote stays.
func TestUndoInAnAdoptedZone(t *testing.T) {
	t.Parallel()
	w := newWorld()
	z := w.addZone(domain, "by hand")
	was := route53x.RRSet{Name: "www.example.com.", Type: route53x.CNAME, TTL: 60, Values: []string{"elsewhere.example.net."}}
	theirs := route53x.RRSet{Name: "_x.example.com.", Type: route53x.CNAME, TTL: 60, Values: []string{"_y.acm-validations.aws."}}
	w.zones[z.ID].sets[was.Key()], w.zones[z.ID].sets[theirs.Key()] = was, theirs
	before := maps.Clone(w.zones[z.ID].sets)
	cfg := w.config()
	cfg.ZoneID = z.ID
	cfg.DNS = agreeing{cfg.DNS}
	_, err := w.run(t, cfg, &transfer.RunOptions{Before: transfer.StepSwitch})
	require.NoError(t, err)
	assert.NotEqual(t, before, w.zones[z.ID].sets)
	r, err := transfer.New(cfg)
	require.NoError(t, err)
	s, err := r.Load(t.Context())
	require.NoError(t, err)
	_, err = r.BeginUndo(t.Context(), s, transfer.StepZone)
	require.NoError(t, err)
	_, err = w.run(t, cfg, nil)
	require.NoError(t, err)
	require.Contains(t, w.zones, z.ID, "an adopted zone stays")
	assert.Equal(t, before, w.zones[z.ID].sets)
}

type agreeing struct{ transfer.DNS }

func (agreeing) Compare(context.Context, transfer.Comparison) (transfer.Verdict, error) {
	return transfer.Verdict{Questions: 1}, nil
}

// The way back is killed before and after every call, too.
func TestKillPointsOfUndo(t *testing.T) {
	t.Parallel()
	begin := func() (*world, transfer.Config) {
		w := newWorld()
		r, s := upTo(t, w, transfer.StepApprove)
		require.NoError(t, w.sleep(t.Context(), 4*time.Hour))
		_, err := r.BeginUndo(t.Context(), s, transfer.StepZone)
		require.NoError(t, err)
		return w, w.config()
	}
	w, cfg := begin()
	m := &meter{at: -1}
	_, err := w.attempt(t, m.measured(cfg), nil)
	require.NoError(t, err)
	asBefore(t, w, "dry run")
	points, seen := 0, map[string]int{}
	for n, c := range m.calls {
		if seen[c.op]++; !c.changes && seen[c.op] > 3 {
			continue // the hundredth look is like the third
		}
		for _, event := range []string{"before", "after", "lost"} {
			if event == "lost" && !c.changes {
				continue
			}
			name := fmt.Sprintf("call %d %s %s", n, c.op, event)
			w, cfg := begin()
			m := &meter{at: n, event: event}
			for runs := 0; ; runs++ {
				require.Less(t, runs, 4, name)
				crashed, err := w.attempt(t, m.measured(cfg), &transfer.RunOptions{Before: transfer.StepZone})
				m.at = -1
				if !crashed && err == nil {
					break
				}
			}
			asBefore(t, w, name)
			points++
		}
	}
	t.Logf("%d points of %d calls", points, len(m.calls))
}
