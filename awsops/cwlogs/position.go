package cwlogs

import (
	"cmp"
	"slices"
)

// mark is one thing that was handed on, or that cannot be handed on again.
type mark struct {
	at   int64  // the event's timestamp, in milliseconds
	key  uint64 // of its ID, or of its content when live
	kind kind
}

type kind uint8

const (
	byID     kind = iota // handed on, known by its ID
	byLive               // handed on from live tail, which tells no ID
	settled              // the ID of a byLive has been found: one of them less
	lastKind = settled
)

// position is how far a reading has come. Below w2 nothing is looked at again; up to w1 everything has been seen once. What
// was handed on above w2 is remembered. Upwards both bounds are included; a reading newest first counts from above and has
// w1 == w2.
type position struct {
	query  uint64
	down   bool
	w1, w2 int64
	// log is appended to and never changed, so that a cursor is no more than a part of it.
	log  []mark
	ids  map[uint64]struct{}
	live map[uint64]int
	top  int64 // the latest time in log, or one that was
}

func newPosition(query uint64, down bool, w int64) *position {
	return &position{query: query, down: down, w1: w, w2: w, ids: map[uint64]struct{}{}, live: map[uint64]int{}, top: w}
}

func resumed(c Cursor) *position {
	p := newPosition(c.query, c.down, c.w2)
	p.w1 = c.w1
	for _, m := range c.log {
		p.put(m)
	}
	return p
}

func (p *position) put(m mark) {
	switch m.kind {
	case byID:
		p.ids[m.key] = struct{}{}
	case byLive:
		p.live[m.key]++
	case settled:
		if p.live[m.key]--; p.live[m.key] <= 0 {
			delete(p.live, m.key)
		}
	}
	p.log = append(p.log, m)
	p.top = max(p.top, m.at)
}

// take tells whether an event that was found by its ID is to be handed on, and remembers it.
func (p *position) take(ms int64, id uint64, content func() uint64) bool {
	if _, seen := p.ids[id]; seen {
		return false
	}
	p.put(mark{at: ms, key: id})
	if len(p.live) == 0 {
		return true
	}
	key := content()
	if p.live[key] == 0 {
		return true
	}
	p.put(mark{at: ms, key: key, kind: settled})
	return false
}

// remembered is how many marks are kept.
func (p *position) remembered() int { return len(p.log) }

// passed moves both bounds to w in a reading that does not look back: what lies there is forgotten. As long as there is
// something to remember behind w, from a cursor, it moves nothing.
func (p *position) passed(w int64) {
	if !p.down && p.top > w {
		return
	}
	p.w1, p.w2 = w, w
	if len(p.ids) > 1024 { // an emptied map keeps its size
		p.ids = map[uint64]struct{}{}
	} else {
		clear(p.ids)
	}
	clear(p.live)
	p.log = p.log[len(p.log):]
}

// forget moves w2 up and drops what lies at or below it. It returns how many live events were never found.
func (p *position) forget(w2 int64) (ghosts int) {
	if w2 <= p.w2 {
		return 0
	}
	p.w2 = w2
	p.w1 = max(p.w1, w2)
	owing := map[uint64]int{}
	kept := make([]mark, 0, len(p.log)/2)
	ids := make(map[uint64]struct{}, len(p.log)/2)
	for _, m := range p.log {
		if m.at > w2 {
			kept = append(kept, m)
			if m.kind == byID {
				ids[m.key] = struct{}{}
			}
			continue
		}
		switch m.kind { // the content's key holds the timestamp: all of one key go together
		case byLive:
			owing[m.key]++
		case settled:
			owing[m.key]--
		case byID:
		}
	}
	for key, n := range owing {
		delete(p.live, key)
		ghosts += max(n, 0)
	}
	p.log, p.ids = kept, ids
	return ghosts
}

func (p *position) cursor() Cursor {
	n := len(p.log)
	return Cursor{query: p.query, down: p.down, w1: p.w1, w2: p.w2, log: p.log[:n:n]}
}

// net is the marks above w2 without what cancels out, in order.
func net(log []mark, w2 int64, down bool) []mark {
	owing := map[uint64]int{}
	for _, m := range log {
		if m.kind == settled {
			owing[m.key]++
		}
	}
	out := make([]mark, 0, len(log))
	for _, m := range log {
		switch {
		case m.kind == settled, !down && m.at <= w2, down && m.at >= w2:
			continue
		case m.kind == byLive && owing[m.key] > 0:
			owing[m.key]--
			continue
		}
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b mark) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.kind, b.kind), cmp.Compare(a.key, b.key))
	})
	return out
}

// FNV-1a, 64 bits: of IDs, which AWS makes.
func hashID(id string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(id) {
		h ^= uint64(id[i])
		h *= 1099511628211
	}
	return h
}
