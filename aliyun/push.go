package aliyun

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"path"
	"sync"
)

// ReportOptions are the options of [ReportHandler] and [UplinkHandler].
type ReportOptions struct {
	// Token is the secret that pushes have to know: as the last element of the path
	// (https://example.com/sms/reports/TOKEN) or as the password of basic authentication. "" refuses everything.
	Token string

	// AllowFrom, if set, are the addresses that may push. It is the address of the connection that counts: behind a
	// proxy of your own that is the proxy's.
	AllowFrom []netip.Prefix

	Seen   SeenStore    // remembers what was handled; nil = the last 100,000 in memory
	Logger *slog.Logger // Warn for refused pushes and failures; nil = discard
}

// SeenStore remembers keys for as long as pushes may be repeated, which is 16 minutes by the platform's account. Keys
// hold no phone. Several processes behind one address share one.
type SeenStore interface {
	Seen(ctx context.Context, key string) (bool, error)
	Mark(ctx context.Context, key string) error
}

// NewSeen is a SeenStore in memory for the last n keys.
func NewSeen(n int) SeenStore {
	return &memory{keys: map[string]bool{}, ring: make([]string, max(n, 1))}
}

type memory struct {
	mu   sync.Mutex
	keys map[string]bool
	ring []string
	next int
}

func (m *memory) Seen(_ context.Context, key string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.keys[key], nil
}

func (m *memory) Mark(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.keys[key] {
		return nil
	}
	delete(m.keys, m.ring[m.next])
	m.ring[m.next], m.keys[key] = key, true
	m.next = (m.next + 1) % len(m.ring)
	return nil
}

const (
	maxPush     = 1 << 20
	defaultSeen = 100_000
)

// pushHandler takes pushes of one kind.
type pushHandler[T any] struct {
	parse func([]byte) ([]T, error)
	key   func(T) string
	fn    func(context.Context, []T) error
	opts  ReportOptions
	token [sha256.Size]byte

	mu   sync.Mutex
	busy map[string]bool // keys that a push is at
}

func newPushHandler[T any](parse func([]byte) ([]T, error), key func(T) string, fn func(context.Context, []T) error, opts *ReportOptions) http.Handler {
	h := &pushHandler[T]{parse: parse, key: key, fn: fn, busy: map[string]bool{}}
	if opts != nil {
		h.opts = *opts
	}
	if h.opts.Seen == nil {
		h.opts.Seen = NewSeen(defaultSeen)
	}
	if h.opts.Logger == nil {
		h.opts.Logger = slog.New(slog.DiscardHandler)
	}
	h.token = sha256.Sum256([]byte(h.opts.Token))
	return h
}

func (h *pushHandler[T]) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, err := h.take(w, r)
	msg := `{"code":0,"msg":"接收成功"}`
	if status != http.StatusOK {
		h.opts.Logger.WarnContext(r.Context(), "aliyun push refused", slog.Int("status", status), slog.Any("error", err))
		msg = `{"code":1,"msg":"失败"}`
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, msg)
}

// take is the status to answer with.
func (h *pushHandler[T]) take(w http.ResponseWriter, r *http.Request) (int, error) {
	switch {
	case !h.known(r):
		w.Header().Set("WWW-Authenticate", `Basic realm="push"`)
		return http.StatusUnauthorized, errors.New("wrong or no secret")
	case !h.allowed(r):
		return http.StatusForbidden, errors.New("address is not in AllowFrom")
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		return http.StatusMethodNotAllowed, errors.New("not a POST")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPush))
	if err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return http.StatusRequestEntityTooLarge, err
		}
		return http.StatusBadRequest, errors.New("body was cut off")
	}
	items, err := h.parse(body)
	if err != nil {
		return http.StatusBadRequest, err
	}
	return h.handle(r.Context(), items)
}

// known compares the secret in constant time, whatever its length.
func (h *pushHandler[T]) known(r *http.Request) bool {
	inPath := sha256.Sum256([]byte(path.Base(r.URL.Path)))
	_, password, _ := r.BasicAuth()
	inHeader := sha256.Sum256([]byte(password))
	same := subtle.ConstantTimeCompare(inPath[:], h.token[:]) | subtle.ConstantTimeCompare(inHeader[:], h.token[:])
	return h.opts.Token != "" && same == 1
}

func (h *pushHandler[T]) allowed(r *http.Request) bool {
	if len(h.opts.AllowFrom) == 0 {
		return true
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	for _, p := range h.opts.AllowFrom {
		if p.Contains(from.Addr().Unmap()) {
			return true
		}
	}
	return false
}

// handle gives the new items to fn.
func (h *pushHandler[T]) handle(ctx context.Context, items []T) (int, error) {
	var fresh []T
	var keys []string
	defer func() { h.release(keys) }()
	own := map[string]bool{}
	for _, item := range items {
		sum := sha256.Sum256([]byte(h.key(item)))
		key := hex.EncodeToString(sum[:16])
		if own[key] {
			continue
		}
		if !h.claim(key) {
			return http.StatusServiceUnavailable, errors.New("another push of the same is being worked on")
		}
		keys = append(keys, key)
		own[key] = true
		seen, err := h.opts.Seen.Seen(ctx, key)
		if err != nil {
			return http.StatusInternalServerError, err
		}
		if !seen {
			fresh = append(fresh, item)
		}
	}
	if len(fresh) == 0 {
		return http.StatusOK, nil
	}
	if err := h.fn(ctx, fresh); err != nil {
		return http.StatusInternalServerError, err
	}
	for _, key := range keys {
		if err := h.opts.Seen.Mark(ctx, key); err != nil {
			return http.StatusInternalServerError, err
		}
	}
	return http.StatusOK, nil
}

func (h *pushHandler[T]) claim(key string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.busy[key] {
		return false
	}
	h.busy[key] = true
	return true
}

func (h *pushHandler[T]) release(keys []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, key := range keys {
		delete(h.busy, key)
	}
}
