package r2

import (
	"sync/atomic"
	"time"
)

// tracker tells the caller how far a Put has come, on the caller's goroutine. A nil one does nothing.
type tracker struct {
	sent  atomic.Int64
	total int64
	last  int64
	tell  func(Progress)
}

func (t *tracker) counter() *atomic.Int64 {
	if t == nil {
		return nil
	}
	return &t.sent
}

// report never goes back and never beyond the total.
func (t *tracker) report() {
	t.last = max(t.last, t.sent.Load())
	if t.total >= 0 {
		t.last = min(t.last, t.total)
	}
	t.tell(Progress{Sent: t.last, Total: t.total})
}

// end reports the whole.
func (t *tracker) end(size int64) {
	if t != nil {
		t.tell(Progress{Sent: size, Total: size})
	}
}

// ticks is when to report; stop it.
func (t *tracker) ticks() (c <-chan time.Time, stop func()) {
	if t == nil {
		return nil, func() {}
	}
	ticker := time.NewTicker(200 * time.Millisecond)
	return ticker.C, ticker.Stop
}

// during runs f, elsewhere if there is someone to report to meanwhile, and returns when it has ended.
func (t *tracker) during(f func() error) error {
	if t == nil {
		return f()
	}
	done := make(chan error, 1)
	go func() { done <- f() }()
	tick, stop := t.ticks()
	defer stop()
	for {
		select {
		case err := <-done:
			return err
		case <-tick:
			t.report()
		}
	}
}
