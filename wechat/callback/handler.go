package callback

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/secret"
)

// Handler is the callback URL of one account. It is safe for concurrent use; Shutdown ends it.
type Handler struct {
	cfg     Config
	token   []byte
	ciphers []*Cipher // the present key first
	hide    func(string) string
	memory  memory
}

func (h *Handler) safe() secret.Fields {
	return secret.Fields{"callback.Handler", "AppID", h.cfg.AppID, "Mode", h.cfg.Mode}
}

// String is the account and the mode, without secrets.
func (h *Handler) String() string { return h.safe().String() }

// GoString is the account and the mode, without secrets.
func (h *Handler) GoString() string { return h.safe().String() }

// Format prints the account and the mode, for every verb.
func (h *Handler) Format(s fmt.State, verb rune) { h.safe().Format(s, verb) }

// LogValue is the account and the mode, without secrets.
func (h *Handler) LogValue() slog.Value { return h.safe().LogValue() }

// success is the platform's word for "heard, and nothing to say". It is plain in every mode.
const success = "success"

// ServeHTTP answers the platform: the check of the URL (GET), and pushes (POST).
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	switch r.Method {
	case http.MethodGet:
		h.verifyURL(w, r)
	case http.MethodPost:
		h.push(w, r, time.Now())
	default:
		w.Header().Set("Allow", "GET, POST")
		say(w, http.StatusMethodNotAllowed, "method not allowed")
	}
}

// verifyURL gives echostr back once the signature is known to be right. The signature does not cover echostr: as plain
// text that nobody may sniff it does no harm.
func (h *Handler) verifyURL(w http.ResponseWriter, r *http.Request) {
	q := readQuery(r.URL.RawQuery)
	if err := h.authentic(q); err != nil {
		h.refuse(w, r, err)
		return
	}
	if q.echo == "" {
		h.refuse(w, r, fmt.Errorf("wechat/callback: %w: a GET without echostr", ErrMalformed))
		return
	}
	say(w, http.StatusOK, q.echo)
}

func (h *Handler) push(w http.ResponseWriter, r *http.Request, arrived time.Time) {
	if isProbe(r) {
		say(w, http.StatusOK, success)
		return
	}
	p, q, err := h.open(r)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	f, nth, first, err := h.join(p, q)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	if first {
		go h.run(context.WithoutCancel(r.Context()), p, f)
	}
	h.wait(w, r, p, f, nth, h.cfg.Limit-time.Since(arrived))
}

// wait answers a delivery: with the reply if it comes in time, else with "success", or, if it is not yet the last that
// may pass, not at all.
func (h *Handler) wait(w http.ResponseWriter, r *http.Request, p *Push, f *flight, nth int, limit time.Duration) {
	gone := r.Context().Done()
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-f.done:
	case <-gone:
		return
	case <-t.C:
		if nth >= h.cfg.Deliveries {
			h.memory.ack(f)
			break
		}
		t.Reset(2 * time.Second) // the platform leaves first, unless something stands between
		select {
		case <-f.done:
		case <-gone:
			return
		case <-t.C:
			say(w, http.StatusServiceUnavailable, "not yet")
			return
		}
	}
	answer, again := h.memory.outcome(f)
	switch {
	case again:
		say(w, http.StatusServiceUnavailable, "not yet")
		return
	case len(answer) == 0:
		say(w, http.StatusOK, success)
		return
	}
	if p.key != nil {
		answer = seal(p.key, h.cfg.Token, answer, p.JSON, h.cfg.Now())
	}
	kind := "text/xml; charset=utf-8"
	if p.JSON {
		kind = "application/json; charset=utf-8"
	}
	w.Header().Set("Content-Type", kind)
	if _, err := w.Write(answer); err == nil && r.Context().Err() == nil {
		h.memory.take(f)
	}
}

func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusBadRequest
	switch {
	case errors.Is(err, ErrSignature), errors.Is(err, ErrReplay), errors.Is(err, ErrMode), errors.Is(err, ErrDecrypt):
		status = http.StatusForbidden
	case errors.Is(err, ErrTooLarge):
		status = http.StatusRequestEntityTooLarge
		w.Header().Set("Connection", "close")
	case errors.Is(err, http.ErrServerClosed):
		status = http.StatusServiceUnavailable
	}
	h.cfg.Logger.WarnContext(r.Context(), "request refused", "method", r.Method, "status", status, "error", h.hide(err.Error()))
	say(w, status, "refused")
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

// isProbe tells the question of WeChat's cloud hosting whether this container is up. It is not signed, and its answer
// tells nothing.
func isProbe(r *http.Request) bool {
	if r.URL.RawQuery != "" || r.ContentLength < 1 || r.ContentLength > 256 {
		return false
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 256))
	if err != nil {
		return false
	}
	fields, _, err := parseTree(strings.TrimSpace(string(body)))
	return err == nil && len(fields) == 2 && fields.get("action") == "CheckContainerPath"
}
