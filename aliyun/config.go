package aliyun

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
	"github.com/kitroll/kitroll/internal/secret"
)

// Config is everything a [Client] needs. It is copied by [New]; what the caller changes afterwards has no effect.
//
// The key is given either as AccessKeyID and AccessKeySecret (with SecurityToken for a temporary one) or as
// Credentials, not both. Printing a Config, with whatever verb, shows no secret.
type Config struct {
	AccessKeyID     string
	AccessKeySecret string
	SecurityToken   string // of a temporary key (STS)

	// Credentials is asked before every attempt, so that a key that rotates is never used past its time.
	Credentials CredentialsProvider

	// Region picks the endpoint; "" is cn-hangzhou. All cn-* regions of the SMS product share one host, except
	// cn-beijing and cn-hongkong.
	Region string

	// Endpoints overrides the host of a product: "dysmsapi.aliyuncs.com", "https://proxy.example.com",
	// "http://127.0.0.1:8080". A product that the package does not know can be called once its host is named here.
	Endpoints map[Product]string

	// AllowHTTP lets an endpoint be plain http beyond loopback. Phone numbers, codes and the token of a temporary key
	// then travel in the clear.
	AllowHTTP bool

	// HTTPClient is copied. nil is a pool of the client's own, which uses no proxy: the package does not read the
	// environment. Redirects are not followed, whatever the client says.
	HTTPClient *http.Client

	Timeout time.Duration // of one attempt, key included; 0 = 10 s. Below 1 s is refused: the platform asks for no less
	Retry   RetryPolicy   // see [RetryPolicy] for what is retried
	Logger  *slog.Logger  // Debug for requests, Warn for surprises, neither with phones or parameters; nil = discard
}

// RetryPolicy is how often and how patiently [Client.Call] repeats itself. A read ([Request].Idempotent) is repeated
// after [ErrThrottled] and [ErrTemporary]. Anything else is repeated only when the gateway refused it (ErrThrottled) or
// when it provably never left. The flow control of single numbers ([ErrRateLimited]) is never waited out.
type RetryPolicy struct {
	Attempts int           // in all; 0 = 3, 1 = no repeat
	MinDelay time.Duration // ceiling of the first random pause, doubled each time; 0 = 500 ms
	MaxDelay time.Duration // ceiling of all random pauses; 0 = 8 s
}

// Defaults of [Config].
const (
	defaultRegion   = "cn-hangzhou"
	defaultTimeout  = 10 * time.Second
	minTimeout      = time.Second
	defaultAttempts = 3
	idlePerHost     = 64 // connections kept per host: no fewer than a busy program has workers
)

// Client calls Aliyun's APIs. It is safe for concurrent use, starts no goroutine and needs no Close.
type Client struct {
	region    string
	endpoints map[Product]endpoint
	creds     CredentialsProvider
	http      *http.Client
	timeout   time.Duration
	retry     httpcall.Retry
	log       *slog.Logger
}

// New checks cfg and reports every problem at once, each naming its field. It does no I/O.
func New(cfg Config) (*Client, error) {
	c := &Client{
		region:  orDefault(cfg.Region, defaultRegion),
		timeout: orDefault(cfg.Timeout, defaultTimeout),
		http:    httpcall.Client(cfg.HTTPClient, &http.Client{Transport: newTransport()}),
		log:     cfg.Logger,
		retry: httpcall.Retry{
			Max:  orDefault(cfg.Retry.Attempts, defaultAttempts) - 1,
			Base: cfg.Retry.MinDelay,
			Cap:  cfg.Retry.MaxDelay,
		},
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	var problems []error
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }

	creds, err := cfg.provider()
	if err != nil {
		problems = append(problems, err)
	}
	c.creds = creds
	c.endpoints, err = endpointsFor(c.region, cfg.Endpoints, cfg.AllowHTTP)
	if err != nil {
		problems = append(problems, err)
	}
	if c.timeout < minTimeout {
		report("Timeout is %v, must be at least %v", cfg.Timeout, minTimeout)
	}
	if cfg.Retry.Attempts < 0 {
		report("Retry.Attempts is %d, must not be negative", cfg.Retry.Attempts)
	}
	if cfg.Retry.MinDelay < 0 || cfg.Retry.MaxDelay < 0 {
		report("Retry.MinDelay and Retry.MaxDelay must not be negative")
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("aliyun: config: %w", err)
	}
	return c, nil
}

// provider is the one source of keys that cfg names.
func (c Config) provider() (CredentialsProvider, error) {
	direct := Credentials{AccessKeyID: c.AccessKeyID, AccessKeySecret: c.AccessKeySecret, SecurityToken: c.SecurityToken}
	switch {
	case c.Credentials != nil && direct != (Credentials{}):
		return nil, errors.New("Credentials is set together with AccessKeyID, AccessKeySecret or SecurityToken: set one of the two")
	case c.Credentials != nil:
		return c.Credentials, nil
	}
	if err := direct.check(); err != nil {
		return nil, err
	}
	return StaticCredentials(direct), nil
}

// newTransport is the pool of a client that was given none. It has no Proxy on purpose: reading the environment is the
// caller's business.
func newTransport() *http.Transport {
	return &http.Transport{
		ForceAttemptHTTP2:   true,
		MaxIdleConns:        2 * idlePerHost,
		MaxIdleConnsPerHost: idlePerHost,
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: defaultTimeout,
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
		"aliyun.Config", "AccessKeyID", secret.Tail(c.AccessKeyID, 4), "AccessKeySecret", secret.Mask(c.AccessKeySecret),
		"SecurityToken", secret.Mask(c.SecurityToken), "Region", c.Region, "Timeout", c.Timeout,
	}
}

// String leaves the secrets out; so do the other ways to print a Config.
func (c Config) String() string { return c.safe().String() }

// GoString leaves the secrets out.
func (c Config) GoString() string { return c.safe().String() }

// Format leaves the secrets out, whatever the verb.
func (c Config) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }

// LogValue leaves the secrets out.
func (c Config) LogValue() slog.Value { return c.safe().LogValue() }

// MarshalJSON leaves the secrets out: it is for logs, not for storing a Config.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// String names the region.
func (c Client) String() string { return secret.Fields{"aliyun.Client", "Region", c.region}.String() }

// GoString is String.
func (c Client) GoString() string { return c.String() }

// Format is String, whatever the verb.
func (c Client) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(c.String())) }

// LogValue is String.
func (c Client) LogValue() slog.Value { return slog.StringValue(c.String()) }
