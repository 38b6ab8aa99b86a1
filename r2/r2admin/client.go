package r2admin

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/cloudflare/cloudflare-go/v7/accounts"
	"github.com/cloudflare/cloudflare-go/v7/cache"
	"github.com/cloudflare/cloudflare-go/v7/option"
	cf "github.com/cloudflare/cloudflare-go/v7/r2"
	"github.com/cloudflare/cloudflare-go/v7/user"
	"github.com/cloudflare/cloudflare-go/v7/zones"

	"github.com/kitroll/kitroll/internal/httpcall"
	"github.com/kitroll/kitroll/internal/secret"
	"github.com/kitroll/kitroll/r2"
)

// Client is the control plane of R2 in one account and jurisdiction. It is safe for concurrent use, starts no goroutine and
// needs no Close.
type Client struct {
	account      string
	jurisdiction r2.Jurisdiction
	token        string // only to be struck out of what a server echoes
	log          *slog.Logger
	retry        httpcall.Retry
	buckets      *cf.BucketService
	zones        *zones.ZoneService
	cache        *cache.CacheService
	tokens       map[TokenOwner]tokenAPI
	temp         *cf.TemporaryCredentialService
}

// New checks cfg and makes a client. It does no I/O and does not read the environment. Its error joins every problem found,
// each naming its field.
func New(cfg Config) (*Client, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("r2admin: config: %w", err)
	}
	c := &Client{
		account: cfg.AccountID, jurisdiction: cfg.Jurisdiction, token: cfg.APIToken,
		log:   cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler)),
		retry: httpcall.Retry{Max: *cmp.Or(cfg.MaxRetries, new(3))},
	}
	// The services of the SDK have no address of their own (only its root package has, and reads it from the environment), and
	// repeat by themselves twice, even after a 409: the first is always given, the second never wanted.
	opts := []option.RequestOption{
		option.WithBaseURL(cmp.Or(cfg.BaseURL, ProductionURL)),
		option.WithAPIToken(cfg.APIToken),
		option.WithMaxRetries(0),
		option.WithHTTPClient(&doer{
			hc:     httpcall.Client(cfg.HTTPClient, &http.Client{Transport: newTransport(), Timeout: time.Minute}),
			secret: cfg.APIToken,
		}),
	}
	c.zones = zones.NewZoneService(opts...)
	c.cache = cache.NewCacheService(opts...)
	c.tokens = map[TokenOwner]tokenAPI{
		OwnerAccount: accountTokens(cfg.AccountID, accounts.NewTokenService(opts...)), OwnerUser: userTokens(user.NewTokenService(opts...)),
	}
	opts = append(opts, option.WithHeader("cf-r2-jurisdiction", cmp.Or(string(cfg.Jurisdiction), "default")))
	c.buckets = cf.NewBucketService(opts...)
	c.temp = cf.NewTemporaryCredentialService(opts...)
	return c, nil
}

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: 90 * time.Second, ForceAttemptHTTP2: true,
	}
}

func (c *Client) safe() secret.Fields {
	return secret.Fields{"r2admin.Client", "AccountID", c.account, "Jurisdiction", c.jurisdiction}
}

// String is the account and the jurisdiction, without the token.
func (c *Client) String() string { return c.safe().String() }

// GoString is the account and the jurisdiction, without the token.
func (c *Client) GoString() string { return c.safe().String() }

// Format prints the account and the jurisdiction, for every verb.
func (c *Client) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }

// LogValue is the account and the jurisdiction, without the token.
func (c *Client) LogValue() slog.Value { return c.safe().LogValue() }

// set fills a parameter of the SDK, whose type it keeps to itself: set(&p.Name.Value, &p.Name.Present, "images").
func set[T any](value *T, present *bool, v T) { *value, *present = v, true }
