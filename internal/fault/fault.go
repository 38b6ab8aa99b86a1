// Package fault lets the fakes misbehave the way networks and platforms do: an answer lost after the effect, a
// connection dropped before it, a proxy's HTML page, a hang. Every fake embeds a [Script], so the same words work on
// all of them.
package fault

import (
	"bytes"
	"cmp"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// When is the moment of an [Event], seen from the platform.
type When string

// The two moments between which the effect of a call takes place.
const (
	Before When = "before" // the request has been read, nothing has happened yet
	After  When = "after"  // the effect is there, the answer has not left
)

// Event is one moment of one call.
type Event struct {
	Op   string // the operation in the fake's own words, such as "draft/add"
	N    int    // the how-manyth call of this operation, from 1
	When When
}

type kind int

const (
	drop kind = iota
	lose
	answer
	hang
	slow
)

type rule struct {
	op     string
	kind   kind
	status int
	header http.Header
	body   string
	delay  time.Duration
}

// Script is a queue of faults, and a counter of calls. The zero value is ready; it is safe for concurrent use.
type Script struct {
	mu        sync.Mutex
	rules     []rule
	calls     map[string]int
	observers []func(Event)
}

// DropNext ends the connection of the next call of op after its request was read and before anything happened. An
// empty op means any call; so it does for the other methods. A call meets at most one fault, and a delay beside it: what
// is queued behind waits for the next call. The transport of net/http repeats a GET by itself when the connection was
// used before: two drops fail it for certain.
func (s *Script) DropNext(op string) { s.add(rule{op: op, kind: drop}) }

// LoseNext lets the next call of op take effect and then ends the connection without an answer.
func (s *Script) LoseNext(op string) { s.add(rule{op: op, kind: lose}) }

// AnswerNext answers the next call of op with this status and body in place of any effect, as a proxy does.
func (s *Script) AnswerNext(op string, status int, header http.Header, body string) {
	s.add(rule{op: op, kind: answer, status: status, header: header, body: body})
}

// HangNext never answers the next call of op; it ends when the caller gives up.
func (s *Script) HangNext(op string) { s.add(rule{op: op, kind: hang}) }

// SlowNext delays the next call of op by d, or until the caller gives up, and then lets it go on: an effect after the
// caller's timeout.
func (s *Script) SlowNext(op string, d time.Duration) { s.add(rule{op: op, kind: slow, delay: d}) }

// Observe calls f at both moments of every call, on the server's goroutine: to count, to wait, or to kill the process. A
// call without effect (dropped, answered in its place, hung) has no After.
func (s *Script) Observe(f func(Event)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.observers = append(s.observers, f)
}

// Calls is how many calls of op have arrived, dropped ones included. An empty op counts all.
func (s *Script) Calls(op string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if op != "" {
		return s.calls[op]
	}
	total := 0
	for _, n := range s.calls {
		total += n
	}
	return total
}

// Serve runs next as the effect of a call of op, with whatever fault is due. The answer is held back until the After
// observers have run.
func (s *Script) Serve(w http.ResponseWriter, r *http.Request, op string, next http.HandlerFunc) {
	s.serve(w, r, op, next, true)
}

// ServeStream is Serve for an answer that is written bit by bit: nothing is held back, and After follows its last byte.
func (s *Script) ServeStream(w http.ResponseWriter, r *http.Request, op string, next http.HandlerFunc) {
	s.serve(w, r, op, next, false)
}

func (s *Script) serve(w http.ResponseWriter, r *http.Request, op string, next http.HandlerFunc, hold bool) {
	due, n, observers := s.take(op)
	tell := func(when When) {
		for _, f := range observers {
			f(Event{Op: op, N: n, When: when})
		}
	}
	tell(Before)
	lost := false
	for _, f := range due {
		switch f.kind {
		case drop:
			_, _ = io.Copy(io.Discard, r.Body)
			panic(http.ErrAbortHandler)
		case hang:
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		case slow:
			delay(r, f.delay)
		case lose:
			lost = true
		case answer:
			_, _ = io.Copy(io.Discard, r.Body)
			maps.Copy(w.Header(), f.header)
			w.WriteHeader(f.status)
			_, _ = io.WriteString(w, f.body)
			return
		}
	}
	if !hold && !lost {
		next(w, r)
		tell(After)
		return
	}
	held := &heldAnswer{header: http.Header{}, status: http.StatusOK}
	next(held, r)
	tell(After)
	if lost {
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), held.header)
	w.WriteHeader(held.status)
	_, _ = w.Write(held.body.Bytes())
}

// delay reads the body first: only then does the server notice a caller that leaves, and a pipe keeps nothing of what
// had not been read by then.
func delay(r *http.Request, d time.Duration) {
	body, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), errReader{err}))
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.Context().Done():
	}
}

// errReader is the end of a body: io.EOF if err is nil.
type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, cmp.Or(e.err, io.EOF) }

// heldAnswer keeps an answer until it may leave. httptest has one too, and with it a command-line flag that no program
// that uses a fake should grow.
type heldAnswer struct {
	header http.Header
	status int
	wrote  bool
	body   bytes.Buffer
}

func (h *heldAnswer) Header() http.Header { return h.header }

func (h *heldAnswer) WriteHeader(status int) {
	if !h.wrote {
		h.status, h.wrote = status, true
	}
}

func (h *heldAnswer) Write(p []byte) (int, error) {
	h.wrote = true
	return h.body.Write(p)
}

func (s *Script) add(r rule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = append(s.rules, r)
}

// take removes what is due on this call: at most one delay, which comes first, and one other fault, so that a queue of a
// drop and a loss fails two calls.
func (s *Script) take(op string) (due []rule, n int, observers []func(Event)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls == nil {
		s.calls = map[string]int{}
	}
	s.calls[op]++
	for _, isDelay := range []bool{true, false} {
		i := slices.IndexFunc(s.rules, func(r rule) bool {
			return (r.op == "" || r.op == op) && (r.kind == slow) == isDelay
		})
		if i >= 0 {
			due = append(due, s.rules[i])
			s.rules = slices.Delete(s.rules, i, i+1)
		}
	}
	return due, s.calls[op], s.observers
}
