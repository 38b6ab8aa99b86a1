package transfer_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x/transfer"
)

// attempt is one run that may crash.
func (w *world) attempt(t *testing.T, cfg transfer.Config, opts *transfer.RunOptions) (crashed bool, err error) {
	t.Helper()
	defer func() {
		if v := recover(); v != nil {
			if _, ours := v.(crash); !ours {
				panic(v)
			}
			crashed = true
		}
	}()
	_, err = w.run(t, cfg, opts)
	return false, err
}

// The process ends before and after every call that the move makes, and the answer of every change is lost; with the state
// kept, and with the state lost as well. Whatever happens, there is one zone, one order and one charge in the end, and the
// domain is where it should be. Where that can no longer be told, the error says so.
func TestKillPoints(t *testing.T) {
	t.Parallel()
	dry := newSigned()
	m := &meter{at: -1}
	crashed, err := dry.attempt(t, m.measured(dry.config()), nil)
	require.NoError(t, err)
	require.False(t, crashed)
	type row struct{ points, done, ambiguous int }
	rows := map[string]*row{}
	at := func(mode, event string, changes bool) *row {
		key := fmt.Sprintf("%-10s  %-6s  %s", mode, event, map[bool]string{true: "changes", false: "reads and saves"}[changes])
		if rows[key] == nil {
			rows[key] = &row{}
		}
		return rows[key]
	}
	seen := map[string]int{}
	for n, c := range m.calls {
		if seen[c.op]++; !c.changes && c.op != "journal.Save" && seen[c.op] > 6 {
			continue // the hundredth look is like the sixth
		}
		for _, mode := range []string{"state kept", "state lost"} {
			for _, event := range []string{"before", "after", "lost", "fails"} {
				switch { // a lost state needs an end of the process, a lost answer a change, and a journal that fails is no crash
				case mode == "state lost" && (event == "lost" || event == "fails"), event == "lost" && !c.changes, event == "fails" && c.changes,
					event == "fails" && c.op == "journal.Save":
					continue
				}
				r := at(mode, event, c.changes)
				r.points++
				if w := end(t, n, c, mode, event); w == nil {
					r.ambiguous++
				} else {
					r.done++
				}
			}
		}
	}
	t.Logf("%d calls, %d of them changes", len(m.calls), len(slices.Collect(changesOf(m.calls))))
	t.Logf("%-36s %6s %6s %9s", "", "points", "done", "ambiguous")
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		t.Logf("%-36s %6d %6d %9d", key, rows[key].points, rows[key].done, rows[key].ambiguous)
	}
}

func changesOf(calls []call) func(func(call) bool) {
	return func(yield func(call) bool) {
		for _, c := range calls {
			if c.changes && !yield(c) {
				return
			}
		}
	}
}

// newSigned is a world with DNSSEC, so that every kind of change is needed.
func newSigned() *world {
	w := newWorld()
	w.ds = []uint16{4711}
	w.parentDS = []parentDS{{epoch().Add(-1e9), w.ds}}
	return w
}

// end makes the move with one thing that happens at call n, and looks at what there is in the end. nil: it cannot be told.
func end(t *testing.T, n int, c call, mode, event string) *world {
	t.Helper()
	name := fmt.Sprintf("%s %s call %d %s", mode, event, n, c.op)
	w := newSigned()
	m := &meter{at: n, event: event}
	runs, crashes := 0, 0
	for ; runs < 8; runs++ {
		crashed, err := w.attempt(t, m.measured(w.config()), nil)
		m.at = -1
		if crashed {
			crashes++
			if mode == "state lost" {
				w.journal.states = map[string]transfer.State{}
			}
			continue
		}
		if err == nil {
			break
		}
		if errors.Is(err, transfer.ErrAmbiguous) {
			return nil
		}
		require.NoError(t, err, name)
	}
	require.True(t, m.hit, name)
	if event == "before" || event == "after" {
		require.Equal(t, 1, crashes, name)
	}
	ok := assert.Equal(t, "new", w.at, name) && assert.Len(t, w.orders, 1, name) && assert.Equal(t, w.price, w.charge, name) &&
		assert.Len(t, w.zones, 1, name) && assert.Equal(t, newNS, w.newNS, name) && assert.True(t, w.newLock, name) &&
		assert.Equal(t, transfer.StepEnd, w.journal.states[domain].Step, name)
	for _, h := range w.zones {
		ok = ok && assert.Len(t, h.sets, 2+len(w.source), name)
	}
	require.True(t, ok, name)
	return w
}
