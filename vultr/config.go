package vultr

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
	"github.com/kitroll/kitroll/internal/secret"
)

// Config is everything a [Client] needs. It is copied by [New]; what the caller changes afterwards has no effect.
// Printing a Config, with whatever verb, shows no key.
type Config struct {
	APIKey Secret // required: a key of the account; the platform may tie it to a list of addresses

	BaseURL string // "" = https://api.vultr.com/v2. Plain http only for loopback, or with AllowHTTP

	// AllowHTTP lets BaseURL be plain http beyond loopback. The key then travels in the clear.
	AllowHTTP bool

	// HTTPClient is copied. nil is a pool of the client's own, with keep-alive, which uses no proxy: the package does not
	// read the environment. A redirect is followed for GET only, and only to the same host.
	HTTPClient *http.Client

	Timeout time.Duration // of one attempt, the wait for the limiter not counted; 0 = 30 s. Below 1 s is refused

	// MaxRetries is how often a GET or DELETE is repeated after a 429, a 5xx or no answer, and any call that provably
	// never left. nil = 3; new(0) = never.
	MaxRetries *int

	Logger *slog.Logger // Debug for requests, Warn for surprises; nil = discard
}

const (
	defaultBaseURL    = "https://api.vultr.com/v2"
	defaultTimeout    = 30 * time.Second
	minTimeout        = time.Second
	defaultMaxRetries = 3
	maxInFlight       = 32 // requests at a time of one client, and so its connections
)

// Client calls Vultr's storage API. It is safe for concurrent use, starts no goroutine and needs no Close. All calls of a
// Client share a limit of 30 requests a second, the platform's own, so make one for each key and not one for each call.
type Client struct {
	base    string
	key     Secret
	http    *http.Client
	timeout time.Duration
	retry   httpcall.Retry
	log     *slog.Logger
	pace    *limiter
	slots   chan struct{}
	bought  *ledger
}

// New checks cfg and reports every problem at once, each naming its field. It does no I/O.
func New(cfg Config) (*Client, error) {
	var problems []error
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	c := &Client{
		key:     cfg.APIKey,
		http:    httpcall.Client(cfg.HTTPClient, &http.Client{Transport: newTransport()}),
		timeout: orDefault(cfg.Timeout, defaultTimeout),
		retry:   httpcall.Retry{Max: defaultMaxRetries},
		log:     cfg.Logger,
		pace:    newLimiter(),
		slots:   make(chan struct{}, maxInFlight),
		bought:  newLedger(),
	}
	switch key := string(cfg.APIKey); {
	case key == "":
		report("APIKey is required")
	case strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }):
		report("APIKey holds characters that no key has, perhaps a line end")
	}
	base, err := baseURL(orDefault(cfg.BaseURL, defaultBaseURL), cfg.AllowHTTP)
	if err != nil {
		problems = append(problems, err)
	}
	c.base = base
	if c.timeout < minTimeout {
		report("Timeout is %v, must be at least %v", cfg.Timeout, minTimeout)
	}
	if cfg.MaxRetries != nil {
		c.retry.Max = *cfg.MaxRetries
	}
	if c.retry.Max < 0 {
		report("MaxRetries is %d, must not be negative", c.retry.Max)
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("vultr: config: %w", err)
	}
	return c, nil
}

// baseURL checks where the key is to be sent. Its errors do not show the address, which may hold a password.
func baseURL(raw string, allowHTTP bool) (string, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("BaseURL must be a scheme, a host and a path, nothing else")
	case u.Scheme == "https":
	case u.Scheme != "http":
		return "", fmt.Errorf("BaseURL: scheme %q is neither https nor http", u.Scheme)
	case !allowHTTP && !loopback(u.Hostname()):
		return "", errors.New("BaseURL is plain http: the key would travel in the clear (AllowHTTP permits it)")
	}
	return strings.TrimRight(u.String(), "/"), nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// newTransport is the pool of a client that was given none. It has no Proxy on purpose: reading the environment is the
// caller's business.
func newTransport() *http.Transport {
	return &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		ForceAttemptHTTP2:   true,
		MaxIdleConns:        2 * maxInFlight,
		MaxIdleConnsPerHost: maxInFlight,
		MaxConnsPerHost:     maxInFlight,
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second,
	}
}

func orDefault[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

func (c Config) safe() secret.Fields {
	return secret.Fields{
		"vultr.Config", "APIKey", c.APIKey.String(), "BaseURL", httpcall.RedactURL(c.BaseURL), "Timeout", c.Timeout,
	}
}

// String leaves the key out; so do the other ways to print a Config.
func (c Config) String() string { return c.safe().String() }

// GoString leaves the key out.
func (c Config) GoString() string { return c.safe().String() }

// Format leaves the key out, whatever the verb.
func (c Config) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }

// LogValue leaves the key out.
func (c Config) LogValue() slog.Value { return c.safe().LogValue() }

// MarshalJSON leaves the key out: it is for logs, not for storing a Config.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// String names the address of the API.
func (c Client) String() string { return secret.Fields{"vultr.Client", "BaseURL", c.base}.String() }

// GoString is String.
func (c Client) GoString() string { return c.String() }

// Format is String, whatever the verb.
func (c Client) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(c.String())) }

// LogValue is String.
func (c Client) LogValue() slog.Value { return slog.StringValue(c.String()) }
