package callback

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"
)

var (
	errTooLong  = errors.New("wechat/callback: the handler has had its time")
	errShutdown = errors.New("wechat/callback: the server is shutting down")
)

const (
	comesBack = 10 * time.Second // within that the platform delivers again, if it does
	sharedGap = 200 * time.Millisecond
)

// run is the life of a push on a goroutine of its own.
func (h *Handler) run(ctx context.Context, p *Push, f *flight) {
	defer h.memory.running.Done()
	ctx, stop := context.WithTimeoutCause(ctx, h.cfg.MaxRun, errTooLong)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if !h.cancellable(f, cancel) {
		cancel(errShutdown)
	}
	defer h.cancellable(f, nil)

	key := h.cfg.AppID + "\x00" + p.identity()
	answer, elsewhere := h.claim(ctx, key)
	if elsewhere {
		h.memory.land(f, p, answer, false)
		return
	}
	reply, err := h.handle(ctx, p)
	again := errors.Is(err, ErrRetry)
	if err == nil && reply != nil {
		answer, err = render(p, reply, h.cfg.Now())
	}
	if err != nil {
		h.cfg.Logger.ErrorContext(ctx, "handler failed", "push", p, "again", again, "error", h.hide(err.Error()))
	}
	h.settle(ctx, key, answer, again)
	acked := h.memory.land(f, p, answer, again)
	if len(answer) == 0 {
		return
	}
	if !acked && !h.missed(ctx, f) {
		return
	}
	h.late(ctx, p, reply)
}

// cancellable enters the run among those that Shutdown ends, or takes it out; false when that has happened.
func (h *Handler) cancellable(f *flight, cancel context.CancelCauseFunc) bool {
	m := &h.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	if cancel == nil {
		delete(m.cancel, f)
		return true
	}
	if m.cancel == nil {
		return false
	}
	m.cancel[f] = cancel
	return true
}

func (h *Handler) handle(ctx context.Context, p *Push) (r Reply, err error) {
	defer func() {
		if v := recover(); v != nil {
			r, err = nil, fmt.Errorf("wechat/callback: panic: %v\n%s", v, debug.Stack())
		}
	}()
	if h.cfg.Jobs != nil {
		tell(h.cfg.Jobs, p.Content)
	}
	if h.cfg.Handle == nil {
		return nil, nil
	}
	return h.cfg.Handle(ctx, p)
}

// missed waits whether a delivery takes the answer: the one that waits at this moment, or the platform's next.
func (h *Handler) missed(ctx context.Context, f *flight) bool {
	t := time.NewTimer(comesBack)
	defer t.Stop()
	select {
	case <-f.taken:
		return false
	case <-t.C:
	case <-ctx.Done():
	}
	return h.memory.lose(f)
}

func (h *Handler) late(ctx context.Context, p *Push, r Reply) {
	if h.cfg.Late == nil {
		h.cfg.Logger.WarnContext(ctx, "reply came too late and is dropped", "push", p)
		return
	}
	defer func() {
		if v := recover(); v != nil {
			h.cfg.Logger.ErrorContext(ctx, "late reply failed", "push", p, "error", h.hide(fmt.Sprintf("panic: %v\n%s", v, debug.Stack())))
		}
	}()
	h.cfg.Late(ctx, p, r)
}

// claim asks the shared memory. elsewhere means that another process has run the handler, or runs it, and answer is what
// it said; nothing if it has not said it in time.
func (h *Handler) claim(ctx context.Context, key string) (answer []byte, elsewhere bool) {
	if h.cfg.Seen == nil {
		return nil, false
	}
	end := time.NewTimer(comesBack)
	defer end.Stop()
	for {
		mine, answer, known, err := h.cfg.Seen.Claim(ctx, key, h.keep())
		switch {
		case err != nil:
			h.cfg.Logger.WarnContext(ctx, "shared memory failed: handled without it", "error", h.hide(err.Error()))
			return nil, false
		case mine:
			return nil, false
		case known:
			return answer, true
		}
		pause := time.NewTimer(sharedGap)
		select {
		case <-pause.C:
		case <-end.C:
			pause.Stop()
			return nil, true
		case <-ctx.Done():
			pause.Stop()
			return nil, true
		}
	}
}

func (h *Handler) settle(ctx context.Context, key string, answer []byte, again bool) {
	if h.cfg.Seen == nil {
		return
	}
	var err error
	if again {
		err = h.cfg.Seen.Release(ctx, key)
	} else {
		err = h.cfg.Seen.Answer(ctx, key, answer, h.keep())
	}
	if err != nil {
		h.cfg.Logger.WarnContext(ctx, "shared memory failed: another process may handle the push again", "error", h.hide(err.Error()))
	}
}

// Shutdown refuses what comes from now on (503: the platform delivers it again, to another process one hopes) and waits
// for the runs of Handle and Late. When ctx ends, it ends their contexts and returns at once, with the cause.
func (h *Handler) Shutdown(ctx context.Context) error {
	m := &h.memory
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	all := make(chan struct{})
	go func() {
		m.running.Wait()
		close(all)
	}()
	select {
	case <-all:
		return nil
	case <-ctx.Done():
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, cancel := range m.cancel {
		cancel(errShutdown)
	}
	m.cancel = nil
	return fmt.Errorf("wechat/callback: shutdown: %w", context.Cause(ctx))
}

var _ http.Handler = (*Handler)(nil)
