package llm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
	"github.com/kitroll/kitroll/llm/sse"
)

// Config is what [New] needs.
type Config struct {
	// BaseURL is required: the provider's base, with its version if it has one, such as "https://api.openai.com/v1",
	// "https://api.deepseek.com" or "http://localhost:11434/v1". Nothing but "/chat/completions" and the like is ever
	// added; a trailing slash and a trailing "/chat/completions" or "/responses" are taken off. A query, such as Azure's
	// "?api-version=…", is kept. Plain http with a key is refused unless the host is local (see AllowHTTP).
	BaseURL string
	// Key goes as "Authorization: Bearer …". Empty sends none, as local servers want it.
	Key Key
	// KeyFunc, if set, gives the key of each request in place of Key.
	KeyFunc func(context.Context) (Key, error)
	// Dialect is how the provider writes what others write otherwise. The zero value is the one known for BaseURL's host
	// (see [Dialects]), else [Generic].
	Dialect Dialect
	// HTTPClient is copied; nil = a client of the package's own with the defaults of net/http. Its Timeout must be 0:
	// it would cut long answers. Use Timeouts. Redirects are not followed: a POST must not take a key elsewhere.
	HTTPClient *http.Client
	// Header is added to every request and replaces what the package would send, such as Azure's "api-key".
	Header http.Header
	// Retry says how often a failed call is repeated. The zero value repeats twice.
	Retry Retry
	// Timeouts of streams and whole answers. The zero value has generous defaults.
	Timeouts Timeouts
	// Limits on what is read. The zero value has defaults.
	Limits Limits
	// Attachments is the form in which [File] parts are written. The zero value is the current one.
	Attachments AttachmentForm
	// AllowHTTP sends the key over plain http to any host.
	AllowHTTP bool
	// Logger gets requests and retries at Debug and surprises at Warn, never a key or a text; nil = nothing.
	Logger *slog.Logger
}

// Retry bounds the repeats. A chat request is repeated after a connection that failed, a 408, 409, 429 or 5xx, as long as
// no event has reached the caller; a request for images only when it provably never left, or was refused with 429. A used
// up quota is never repeated. Retry-After is obeyed.
type Retry struct {
	Max      *int          // repeats after the first attempt; nil = 2, new(0) = none
	Base     time.Duration // a random wait up to Base·2ⁿ …; 0 = 500 ms
	Cap      time.Duration // … and at most Cap; 0 = 8 s
	MaxAfter time.Duration // longest Retry-After that is waited for; 0 = 60 s. Beyond it, the error comes at once
}

// Timeouts bound waiting. Each has a default; a negative value turns it off. The time that the caller spends between two
// events never counts.
type Timeouts struct {
	FirstByte time.Duration // of a stream: from sending to the first byte of the answer; 0 = 5 min
	Idle      time.Duration // of a stream: no byte at all; 0 = 2 min
	NoEvent   time.Duration // of a stream: bytes, but only comments and empty events; 0 = 15 min
	Answer    time.Duration // of Chat, Images: the whole call; 0 = 20 min
}

// Limits bound memory, in bytes. 0 = the default.
type Limits struct {
	Line      int   // longest line or event of a stream; 16 MiB
	Body      int64 // an answer that is not streamed; 32 MiB
	ImageBody int64 // an answer that holds images; 128 MiB
	ErrorBody int64 // how much of an error's body is read; 64 KiB
}

// Client talks to one provider. It is safe for concurrent use, starts no goroutine and needs no Close.
type Client struct {
	cfg     Config
	dialect Dialect
	base    *url.URL
	http    *http.Client
	logger  *slog.Logger
}

var (
	_ Streamer       = (*Client)(nil)
	_ Chatter        = (*Client)(nil)
	_ ImageGenerator = (*Client)(nil)
)

// Streamer streams chat completions.
type Streamer interface {
	Stream(ctx context.Context, r *Request) *Stream
}

// Chatter completes a chat in one answer.
type Chatter interface {
	Chat(ctx context.Context, r *Request) (*Response, error)
}

// ImageGenerator makes images.
type ImageGenerator interface {
	Images(ctx context.Context, r *ImageRequest) (*ImageResponse, error)
}

// New checks cfg, reports all that is wrong with it at once, and does no I/O.
func New(cfg Config) (*Client, error) {
	base, err := parseBase(cfg.BaseURL)
	errs := []error{err}
	if base != nil && !cfg.AllowHTTP && base.Scheme == "http" && (cfg.Key != "" || cfg.KeyFunc != nil) && !isLocal(base.Hostname()) {
		errs = append(errs, fmt.Errorf("BaseURL: the key would travel unencrypted to %s: use https, or set AllowHTTP", base.Host))
	}
	if strings.ContainsAny(string(cfg.Key), " \r\n\t\x00") {
		errs = append(errs, errors.New("Key: holds white space; trim it"))
	}
	if cfg.HTTPClient != nil && cfg.HTTPClient.Timeout != 0 {
		errs = append(errs, errors.New("HTTPClient: its Timeout would cut long answers: set it to 0 and use Timeouts"))
	}
	if cfg.Retry.Max != nil && *cfg.Retry.Max < 0 {
		errs = append(errs, fmt.Errorf("Retry.Max: %d is negative", *cfg.Retry.Max))
	}
	if cfg.Limits.Line < 0 || cfg.Limits.Body < 0 || cfg.Limits.ImageBody < 0 || cfg.Limits.ErrorBody < 0 {
		errs = append(errs, errors.New("Limits: a limit is negative"))
	}
	if cfg.Attachments != AttachmentCurrent && cfg.Attachments != AttachmentLegacy {
		errs = append(errs, fmt.Errorf("Attachments: there is no form %d", cfg.Attachments))
	}
	dialect := cfg.Dialect
	if err := dialect.check(); err != nil {
		errs = append(errs, err)
	}
	if dialect.Name == "" && !reflect.ValueOf(dialect).IsZero() {
		errs = append(errs, errors.New("Dialect.Name: missing; begin with one that exists, such as llm.Generic()"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("llm: config: %w", err)
	}
	cfg.Header = cfg.Header.Clone()
	if cfg.Retry.Max != nil {
		cfg.Retry.Max = new(*cfg.Retry.Max)
	}
	cfg.Timeouts = Timeouts{
		FirstByte: orDefault(cfg.Timeouts.FirstByte, 5*time.Minute),
		Idle:      orDefault(cfg.Timeouts.Idle, 2*time.Minute),
		NoEvent:   orDefault(cfg.Timeouts.NoEvent, 15*time.Minute),
		Answer:    orDefault(cfg.Timeouts.Answer, 20*time.Minute),
	}
	cfg.Limits = Limits{
		Line:      orDefault(cfg.Limits.Line, sse.DefaultMaxLine),
		Body:      orDefault(cfg.Limits.Body, 32<<20),
		ImageBody: orDefault(cfg.Limits.ImageBody, 128<<20),
		ErrorBody: orDefault(cfg.Limits.ErrorBody, 64<<10),
	}
	if dialect.Name == "" {
		dialect = guess(base)
	}
	c := &Client{cfg: cfg, dialect: dialect, base: base, logger: cfg.Logger}
	if c.logger == nil {
		c.logger = slog.New(slog.DiscardHandler)
	}
	c.http = httpcall.Client(cfg.HTTPClient, &http.Client{})
	return c, nil
}

func orDefault[T int | int64 | time.Duration](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}

func parseBase(raw string) (*url.URL, error) {
	if strings.TrimSpace(raw) == "" {
		return nil, errors.New("BaseURL: missing; for example https://api.openai.com/v1")
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, errors.New("BaseURL: not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("BaseURL: must begin with https:// or http://")
	case u.Hostname() == "":
		return nil, errors.New("BaseURL: names no host")
	case u.User != nil:
		return nil, errors.New("BaseURL: holds a user name or password; use Key or Header")
	case u.Fragment != "":
		return nil, errors.New("BaseURL: holds a fragment (#…)")
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	u.Path = strings.TrimSuffix(u.Path, "/"+opChat)
	u.Path = strings.TrimSuffix(u.Path, "/"+opResponses)
	u.RawPath = ""
	return u, nil
}

// safeURL is a base as it may be printed: user info and query may hold keys.
func safeURL(raw string) string {
	if raw == "" {
		return ""
	}
	return httpcall.RedactURL(raw)
}

// isLocal tells hosts that are reached without crossing the Internet: loopback and private addresses, names under
// .localhost, .local and .internal, and names without a dot, such as a container's.
func isLocal(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		ip = ip.Unmap()
		return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
	}
	if !strings.Contains(host, ".") {
		return true
	}
	return slices.ContainsFunc([]string{".localhost", ".local", ".internal"}, func(end string) bool {
		return strings.HasSuffix(strings.ToLower(host), end)
	})
}

// endpoint is base + path, with the query that the base came with.
func (c *Client) endpoint(path string) string {
	u := *c.base
	u.Path += path
	return u.String()
}

// Dialect is the one in use.
func (c *Client) Dialect() Dialect { return c.dialect }

// op is the operation of a chat.
func (c *Client) op() string {
	if c.dialect.API == APIResponses {
		return opResponses
	}
	return opChat
}

// key is the key of one request.
func (c *Client) key(ctx context.Context) (Key, error) {
	if c.cfg.KeyFunc == nil {
		return c.cfg.Key, nil
	}
	k, err := c.cfg.KeyFunc(ctx)
	if err != nil {
		return "", fmt.Errorf("get the key: %w", err)
	}
	return k, nil
}
