package wechat

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
	"github.com/kitroll/kitroll/internal/secret"
)

// DefaultBaseURL is the platform's nearest host. Its names for a fixed place are sh.api.weixin.qq.com,
// sz.api.weixin.qq.com and hk.api.weixin.qq.com; api2.weixin.qq.com is the one for disasters.
const DefaultBaseURL = "https://api.weixin.qq.com"

// Config is what a [Client] is made from. It is copied. Printing it, in whatever way, shows no secret.
type Config struct {
	AppID  string // required: "wx…", from the console under 设置与开发
	Secret string // the AppSecret; required unless Tokens is set; sent for nothing but the token, and by ClearQuotaWithSecret

	BaseURL    string       // default DefaultBaseURL; a proxy of your own with a fixed IP is a good use of it
	HTTPClient *http.Client // default: 60 s timeout. It is copied, and never follows a redirect to another host
	Tokens     TokenSource  // default: stable_token with AppID and Secret
	Store      TokenStore   // where processes share the token; default: each asks for itself, and gets the same one
	Locker     Locker       // lets one process ask while the others wait; required with LegacyToken, else it saves a request now and then
	MaxRetries *int         // how often a read is repeated after a transient failure; default 2, new(0) = never
	Logger     *slog.Logger // default: discard. Debug: each call, without bodies; Warn: surprises

	// FailoverHosts are where to turn when BaseURL cannot be reached, such as "api2.weixin.qq.com", in order: names, or
	// base URLs. Default: nowhere. The platform's hosts share the token. A request goes to the next one only when it
	// provably never left, Publish and Send included, or is a read; the one that answers is kept for 5 min. A host that
	// swallows connections costs the dial timeout of HTTPClient's transport each time that it is tried, 30 s by default.
	FailoverHosts []string

	// LegacyToken gets tokens by GET /cgi-bin/token, for a proxy or a contract that has nothing else. Each such call kills
	// the token that every other process holds, 5 min later at the latest, and there are 2,000 a day: Store and Locker are
	// required, and all processes must share them. stable_token needs none of that.
	LegacyToken bool

	// Now is the clock for the token's age and for Error.RetryAfter; default time.Now.
	Now func() time.Time
}

func (c Config) safe() secret.Fields {
	return secret.Fields{"wechat.Config", "AppID", c.AppID, "Secret", secret.Mask(c.Secret), "BaseURL", httpcall.RedactURL(c.BaseURL)}
}

// String is the configuration without its secret.
func (c Config) String() string { return c.safe().String() }

// GoString is the configuration without its secret.
func (c Config) GoString() string { return c.safe().String() }

// Format prints the configuration without its secret, for every verb.
func (c Config) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }

// LogValue is the configuration without its secret.
func (c Config) LogValue() slog.Value { return c.safe().LogValue() }

// MarshalJSON gives the configuration as a string without its secret.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// Client talks to one Official Account. It is safe for concurrent use and needs no Close; a token request is the only
// thing that ever outlives a call, by 30 s at most. Make one per account and keep it: it holds the token.
type Client struct {
	appID  string
	hosts  *hosts
	hc     *http.Client
	tokens TokenSource
	cached *cachedTokens // the same, when it is ours
	retry  httpcall.Retry

	replacements int // of a refused token within one call

	log    *slog.Logger
	now    func() time.Time
	secret func() string       // nil = there is none; a function, so that nothing prints it
	hide   func(string) string // takes the secret out of a text
}

// New checks cfg and makes a client. It does no I/O. Its error joins every problem found, each naming its field.
func New(cfg Config) (*Client, error) {
	var problems []error
	if cfg.AppID == "" {
		problems = append(problems, errors.New("AppID is required"))
	}
	if cfg.Secret == "" && cfg.Tokens == nil {
		problems = append(problems, errors.New("Secret is required (or Tokens, where a service of yours gives out tokens)"))
	}
	var bases []string
	base, err := checkBase("BaseURL", cmp.Or(cfg.BaseURL, DefaultBaseURL), "")
	if err != nil {
		problems = append(problems, err)
	}
	bases = append(bases, base)
	for i, host := range cfg.FailoverHosts {
		other, err := checkBase(fmt.Sprintf("FailoverHosts[%d]", i), host, "https")
		if err != nil {
			problems = append(problems, err)
		}
		bases = append(bases, other)
	}
	problems = append(problems, cfg.checkTokens()...)
	retries := *cmp.Or(cfg.MaxRetries, new(2))
	if retries < 0 || retries > 10 {
		problems = append(problems, fmt.Errorf("MaxRetries: %d is not in 0 to 10", retries))
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("wechat: config: %w", errors.Join(problems...))
	}
	c := &Client{
		appID:  cfg.AppID,
		hosts:  &hosts{bases: bases},
		hc:     httpcall.Client(cfg.HTTPClient, &http.Client{Timeout: time.Minute}),
		tokens: cfg.Tokens,
		retry:  httpcall.Retry{Max: retries},
		log:    cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler)),
		now:    cfg.Now,
		hide:   func(text string) string { return secret.Scrub(text, cfg.Secret, url.QueryEscape(cfg.Secret)) },
	}
	c.replacements = 1
	if cfg.Store != nil {
		c.replacements = 2
	}
	if cfg.Secret != "" {
		c.secret = func() string { return cfg.Secret }
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.tokens == nil {
		c.cached = newCachedTokens(c, sharedTokens{
			platform: platformTokens{c, cfg.LegacyToken}, store: cfg.Store, locker: cfg.Locker, log: c.log, now: c.now,
		}, cfg.Now == nil)
		c.tokens = c.cached
	}
	return c, nil
}

// checkTokens finds settings that contradict each other.
func (c Config) checkTokens() (problems []error) {
	if c.Tokens != nil && (c.Store != nil || c.Locker != nil || c.LegacyToken) {
		problems = append(problems, errors.New("Tokens: a source of your own leaves nothing for Store, Locker and LegacyToken to do"))
	}
	if c.LegacyToken && (c.Store == nil || c.Locker == nil) {
		problems = append(problems, errors.New("LegacyToken: Store and Locker are required, or each process kills the token of the others"))
	}
	return problems
}

func (c *Client) safe() secret.Fields {
	return secret.Fields{"wechat.Client", "AppID", c.appID, "BaseURL", c.hosts.bases[0]}
}

// String is the account and the host, without secrets.
func (c *Client) String() string { return c.safe().String() }

// GoString is the account and the host, without secrets.
func (c *Client) GoString() string { return c.safe().String() }

// Format prints the account and the host, for every verb.
func (c *Client) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }

// LogValue is the account and the host, without secrets.
func (c *Client) LogValue() slog.Value { return c.safe().LogValue() }
