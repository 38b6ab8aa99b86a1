package r2

import (
	"context"
	"sync"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// writers lets one Put at a time write to a key, and the next one begin no sooner than a second after it ended: R2 allows one
// write to a key per second and answers 429 to the others. The zero value is ready.
type writers struct {
	mu   sync.Mutex
	keys map[string]*queue
}

type queue struct {
	turn chan time.Time // holds when the last write ended, zero for none; who takes it may write
	n    int            // how many wait or write
}

// enter waits for the turn of a key. Call leave when done.
func (w *writers) enter(ctx context.Context, key string) (leave func(), err error) {
	w.mu.Lock()
	if w.keys == nil {
		w.keys = map[string]*queue{}
	}
	q := w.keys[key]
	if q == nil {
		q = &queue{turn: make(chan time.Time, 1)}
		q.turn <- time.Time{}
		w.keys[key] = q
	}
	q.n++
	w.mu.Unlock()

	gone := func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if q.n--; q.n == 0 {
			delete(w.keys, key)
		}
	}
	select {
	case last := <-q.turn:
		if wait := time.Until(last.Add(time.Second)); wait > 0 {
			if err := httpcall.Sleep(ctx, wait); err != nil {
				q.turn <- last
				gone()
				return nil, err
			}
		}
		return func() { q.turn <- time.Now(); gone() }, nil
	case <-ctx.Done():
		gone()
		return nil, context.Cause(ctx)
	}
}
