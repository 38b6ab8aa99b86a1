package callback

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Seen is a memory of answers that several processes share, so that a delivery which reaches another process than the
// first one does not run the handler again. Its keys hold no secret; answers are what the user will see. Where it fails,
// the handler goes by its own memory, and says so in the log.
type Seen interface {
	// Claim takes the key for the caller if nobody has it. Else it returns the answer, or known = false while there is none.
	Claim(ctx context.Context, key string, keep time.Duration) (mine bool, answer []byte, known bool, err error)
	// Answer is what the key's owner has to say; empty for nothing.
	Answer(ctx context.Context, key string, answer []byte, keep time.Duration) error
	// Release gives a claimed key back.
	Release(ctx context.Context, key string) error
}

// flight is a push from its first delivery until it is forgotten. Its lock is the memory's.
type flight struct {
	done       chan struct{} // closed when Handle has ended
	taken      chan struct{} // closed when a delivery has been given the answer
	deliveries int
	acked      bool   // "success" was said in place of the answer
	given      bool   // taken is closed
	again      bool   // Handle wants another delivery
	answer     []byte // the reply, not encrypted; empty = "success". Set before done is closed
}

// maxSeen bounds the memory. At a hundred pushes a second it is twenty minutes.
const maxSeen = 120_000

// memory knows the pushes of the last minutes, and which push each signature in the URL came with.
type memory struct {
	mu      sync.Mutex
	byPush  map[string]*flight
	stamps  map[string]string // identity by timestamp and nonce
	order   []remembered      // oldest first
	cancel  map[*flight]context.CancelCauseFunc
	running sync.WaitGroup
	closed  bool
}

type remembered struct {
	push, stamp string
	until       time.Time
}

// keep is how long a request can come again: from a window ahead of our clock to one behind it.
func (h *Handler) keep() time.Duration { return 2*h.cfg.Window + time.Minute }

// join finds the flight of a push or begins it.
func (h *Handler) join(p *Push, q query) (f *flight, nth int, first bool, err error) {
	id, now := p.identity(), h.cfg.Now()
	m := &h.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget(now)
	if m.closed {
		return nil, 0, false, http.ErrServerClosed
	}
	stamp := ""
	if !p.Encrypted { // msg_signature covers the push; signature is of any push that somebody may write
		stamp = q.timestamp + "\x00" + q.nonce
		if used, ok := m.stamps[stamp]; ok && used != id {
			return nil, 0, false, fmt.Errorf("wechat/callback: %w: the signature of another push", ErrReplay)
		}
	}
	f, known := m.byPush[id]
	if !known {
		f = &flight{done: make(chan struct{}), taken: make(chan struct{})}
		m.byPush[id] = f
		m.running.Add(1)
	}
	if stamp != "" {
		m.stamps[stamp] = id
	}
	if !known || stamp != "" {
		entry := remembered{stamp: stamp, until: now.Add(h.keep())}
		if !known {
			entry.push = id
		}
		m.order = append(m.order, entry)
	}
	f.deliveries++
	return f, f.deliveries, !known, nil
}

// forget drops what cannot come again, and the oldest where there is too much.
func (m *memory) forget(now time.Time) {
	for len(m.order) > 0 && (len(m.order) > maxSeen || now.After(m.order[0].until)) {
		if m.order[0].push != "" {
			delete(m.byPush, m.order[0].push)
		}
		if m.order[0].stamp != "" {
			delete(m.stamps, m.order[0].stamp)
		}
		m.order[0] = remembered{}
		m.order = m.order[1:]
	}
}

// land ends the flight with an answer. With again, the next delivery begins a new one.
func (m *memory) land(f *flight, p *Push, answer []byte, again bool) (acked bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f.answer, f.again = answer, again
	if id := p.identity(); again && m.byPush[id] == f {
		delete(m.byPush, id)
	}
	close(f.done)
	return f.acked
}

// ack decides that the platform hears "success", unless the handler has ended just now.
func (m *memory) ack(f *flight) {
	m.mu.Lock()
	defer m.mu.Unlock()
	select {
	case <-f.done:
	default:
		f.acked = true
	}
}

// outcome is what a delivery is answered with.
func (m *memory) outcome(f *flight) (answer []byte, again bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f.acked {
		return nil, false
	}
	return f.answer, f.again
}

// take notes that the answer has left.
func (m *memory) take(f *flight) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !f.given && !f.acked {
		f.given = true
		close(f.taken)
	}
}

// lose gives up on a delivery that would take the answer: from now on it is "success".
func (m *memory) lose(f *flight) (lost bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f.given {
		return false
	}
	f.acked = true
	return true
}
