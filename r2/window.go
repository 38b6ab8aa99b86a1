package r2

import (
	"context"
	"errors"
	"net/http"
	"sync"
)

// window is how many parts of one upload may be on their way at a time. R2 is reported to refuse more than two or three of
// one upload for the moment (429, or 503 SlowDown; unverified): a refusal halves the window, and each part that is stored
// after that widens it by one, up to one less than was refused. That number is tried again after every sixteen parts that
// were stored without a refusal, so that a platform whose limit stands is asked in vain once in a while and not with every
// third part, which would use up the repeats of some. A part that waits to be repeated is not on its way.
type window struct {
	most int

	mu    sync.Mutex
	now   int
	limit int // for now
	good  int // parts stored since the limit was set
	busy  int
	cuts  int           // how often it was halved
	room  chan struct{} // closed when somebody has left
}

const raiseAfter = 16 // parts

func newWindow(most int) *window {
	return &window{most: most, now: most, limit: most, room: make(chan struct{})}
}

// enter waits for room. What it returns must be called with the error of the attempt. The error is the cause of ctx.
func (w *window) enter(ctx context.Context) (leave func(*Error), err error) {
	for {
		w.mu.Lock()
		if w.busy < w.now {
			w.busy++
			cuts := w.cuts
			w.mu.Unlock()
			return func(err *Error) { w.leave(err, cuts) }, nil
		}
		room := w.room
		w.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// leave ends an attempt, which began when the window had been halved so often; err is nil when the part was stored. What was
// on its way together and was refused together is one refusal, and the success of what began before it says nothing of
// the time after it.
func (w *window) leave(err *Error, cuts int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy--
	switch {
	case cuts != w.cuts:
	case err == nil:
		if w.good++; w.good%raiseAfter == 0 {
			w.limit = min(w.most, w.limit+1)
		}
		w.now = min(w.limit, w.now+1)
	case err.Status == http.StatusTooManyRequests, err.Status == http.StatusServiceUnavailable:
		w.limit, w.now = max(1, w.now-1), max(1, w.now/2)
		w.good = 0
		w.cuts++
	}
	close(w.room)
	w.room = make(chan struct{})
}

// inWindow makes an attempt when there is room for it.
func inWindow[T any](ctx context.Context, u *upload, op string, attempt func() (T, error)) (T, error) {
	leave, err := u.window.enter(ctx)
	if err != nil {
		return *new(T), err
	}
	out, err := attempt()
	failure, _ := errors.AsType[*Error](u.c.fail(op, u.key, err))
	leave(failure)
	return out, err
}
