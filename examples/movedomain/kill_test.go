package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x/transfer"
)

// The process ends before and after each HTTP call that changes something, and its answer is lost; before the
// first and second of each call that reads; with the state kept, and with the state lost too. In the end there is
// one zone, one order, one charge, and the domain with its lock and its name servers. Where that can no longer be told,
// the error is typed.
func TestKillPointsOnTheWire(t *testing.T) {
	t.Parallel()
	dry := newMove(t, 0)
	_, err := dry.run()
	require.NoError(t, err)
	dry.arrived("dry run")

	type result struct{ points, done, ambiguous int }
	var mu sync.Mutex
	rows := map[string]*result{}
	changes := 0
	t.Cleanup(func() {
		t.Logf("%d HTTP calls, %d of them changes", len(dry.wire.calls), changes)
		t.Logf("%-34s %6s %6s %9s", "", "points", "done", "ambiguous")
		for _, key := range slices.Sorted(maps.Keys(rows)) {
			t.Logf("%-34s %6d %6d %9d", key, rows[key].points, rows[key].done, rows[key].ambiguous)
		}
	})
	seen := map[string]int{}
	for n, c := range dry.wire.calls {
		if c.changes {
			changes++
		} else if seen[c.op]++; seen[c.op] > 2 {
			continue // later looks are like the second
		}
		for _, mode := range []string{"state kept", "state lost"} {
			for _, event := range []string{"before", "after", "lost"} {
				if event == "lost" && (!c.changes || mode == "state lost") || event == "after" && !c.changes {
					continue
				}
				name := fmt.Sprintf("%s/%d %s/%s", mode, n, c.op, event)
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					ok := killAt(t, n, mode, event)
					mu.Lock()
					defer mu.Unlock()
					key := fmt.Sprintf("%s  %-6s  %s", mode, event, map[bool]string{true: "changes", false: "reads"}[c.changes])
					if rows[key] == nil {
						rows[key] = &result{}
					}
					rows[key].points++
					if ok {
						rows[key].done++
					} else {
						rows[key].ambiguous++
					}
				})
			}
		}
	}
}

// killAt reports whether the move came to its end; else what happened can no longer be told.
func killAt(t *testing.T, n int, mode, event string) bool {
	t.Helper()
	m := newMove(t, 0)
	m.wire.at, m.wire.event = n, event
	for runs := 0; ; runs++ {
		require.Less(t, runs, 6)
		events, err := m.run()
		m.wire.at = -1
		if err == nil {
			break
		}
		if errors.Is(err, transfer.ErrAmbiguous) {
			return false
		}
		require.True(t, m.wire.dead, "%v after %v", err, events)
		if mode == "state lost" {
			m.book.states = map[string]transfer.State{}
		}
	}
	require.True(t, m.wire.hit)
	if event == "lost" {
		assert.False(t, m.wire.dead)
	}
	d, ok := m.world.registrar.Domain(demoDomain)
	require.True(t, ok)
	require.Len(t, d.Nameservers, 4)
	m.arrived(mode + " " + event)
	return true
}
