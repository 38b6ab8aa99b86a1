package llm

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// tailWait is how long a stream that has its finish_reason is still read for usage and [DONE].
const tailWait = 10 * time.Second

// silence is why a watch ended a call.
type silence struct {
	what  string
	limit time.Duration
	field string
}

func (s *silence) Error() string {
	return fmt.Sprintf("%s for %v (%s)", s.what, s.limit, s.field)
}

// watch ends a call that makes no progress. It is one timer: it runs while a read waits and rests while the caller works.
type watch struct {
	limits Timeouts
	cancel context.CancelCauseFunc
	timer  *time.Timer

	mu   sync.Mutex
	why  *silence
	body io.Closer
}

func newWatch(limits Timeouts, cancel context.CancelCauseFunc) *watch {
	return &watch{limits: limits, cancel: cancel}
}

// arm lets the call end after d; d < 0 is never.
func (w *watch) arm(d time.Duration, why *silence) {
	if d < 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.why = why
	if w.timer == nil {
		w.timer = time.AfterFunc(d, w.fire)
		return
	}
	w.timer.Reset(d)
}

func (w *watch) disarm() {
	if w.timer != nil {
		w.timer.Stop()
	}
}

func (w *watch) fire() {
	w.mu.Lock()
	why, body := w.why, w.body
	w.mu.Unlock()
	w.cancel(why)
	if body != nil {
		_ = body.Close() // a transport that is not net/http's may not look at the context while it reads
	}
}

// watched is the body of a stream under watch.
type watched struct {
	w       *watch
	body    io.ReadCloser
	begun   bool      // a byte has come
	eof     bool      // the body has been read to its end
	tail    bool      // the answer is complete but for usage and [DONE]
	waiting time.Time // since when no event has come, not counting the caller's time
	idle    silence
	noEvent silence
}

func (w *watch) watch(resp *http.Response) *watched {
	w.mu.Lock()
	w.body = resp.Body
	w.mu.Unlock()
	b := &watched{
		w: w, body: resp.Body,
		idle:    silence{"no byte of the stream", w.limits.Idle, "Timeouts.Idle"},
		noEvent: silence{"no event in the stream", w.limits.NoEvent, "Timeouts.NoEvent"},
	}
	if resp.Header.Get("Content-Encoding") == "gzip" && !resp.Uncompressed {
		b.body = &gunzip{src: resp.Body} // a transport that does not decompress, and a server that does not ask
	}
	return b
}

// progress tells that an event has come.
func (b *watched) progress() { b.waiting = time.Time{} }

func (b *watched) Read(p []byte) (int, error) {
	if b.begun { // before, the limit on the first byte runs since the request was sent
		now := time.Now()
		if b.waiting.IsZero() {
			b.waiting = now
		}
		d, why := b.w.limits.Idle, &b.idle
		if left := b.waiting.Add(b.w.limits.NoEvent).Sub(now); b.w.limits.NoEvent >= 0 && (d < 0 || left < d) {
			d, why = max(left, 0), &b.noEvent
		}
		if b.tail && (d < 0 || d > tailWait) {
			d = tailWait
		}
		b.w.arm(d, why)
	}
	n, err := b.body.Read(p)
	if n > 0 || err != nil {
		b.w.disarm()
		b.begun = true
	}
	b.eof = b.eof || err != nil
	return n, err
}

// Close closes the body. When the answer is complete it first waits a moment for the end of the body, which lets the
// connection be used again; a server that leaves it open is not waited for.
func (b *watched) Close() error {
	if b.tail && !b.eof {
		b.w.arm(50*time.Millisecond, &b.idle)
		_, _ = io.CopyN(io.Discard, b.body, 4<<10)
	}
	b.w.disarm()
	return b.body.Close()
}

type gunzip struct {
	src io.ReadCloser
	zr  *gzip.Reader
}

func (g *gunzip) Read(p []byte) (n int, err error) {
	if g.zr == nil {
		if g.zr, err = gzip.NewReader(g.src); err != nil {
			return 0, err
		}
	}
	return g.zr.Read(p)
}

func (g *gunzip) Close() error { return g.src.Close() }
