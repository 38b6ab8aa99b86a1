package ec2move

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
	"github.com/kitroll/kitroll/internal/secret"
)

// Config is what a [Client] works with.
type Config struct {
	// AWS has the credentials; its Region does not matter. It is not needed with API.
	AWS aws.Config
	// API is EC2 in a Region: for fakes and middleware. nil = one SDK client for each Region, made from AWS.
	API func(region string) API
	// Options are passed to every SDK client.
	Options []func(*ec2.Options)
	// Prices is what [Client.Plan] reckons with; nil = a table with its date.
	Prices PriceBook
	// DNS switches the records of Spec.Cutover, and is needed only with those.
	DNS DNSSwitcher
	// Origins repoints CloudFront, and is needed only with Cutover.Origins.
	Origins OriginRetargeter
	// Health asks the copy; nil = over HTTP by its address.
	Health HealthChecker
	// Save is called by [Client.Run] with the state after every step, and before each call that has no key of its own; an
	// error stops the move before that call. nil = the state is kept nowhere, and found again from AWS.
	Save func(context.Context, State) error
	// Clock is for tests; nil = that of the machine.
	Clock awsops.Clock
	// MaxRetries is how often one call is repeated where that cannot do anything twice; nil = 4.
	MaxRetries *int
	Logger     *slog.Logger // nil = nothing is logged
}

// DNSSwitcher is where the records of a cutover are. Names are in lower case and without final dot; nothing else is changed
// than the A and AAAA sets of these names. The caller's adapter for route53x or another provider satisfies it in a few lines.
type DNSSwitcher interface {
	// Addresses is what the authoritative servers say now, and the TTL. A name without addresses has none, and no error.
	Addresses(ctx context.Context, name string) ([]netip.Addr, time.Duration, error)
	// SetAddresses makes the sets of the name be these, with this TTL, and returns when every authoritative server says so. It
	// may be called again with the same.
	SetAddresses(ctx context.Context, name string, addresses []netip.Addr, ttl time.Duration) error
}

// OriginRetargeter repoints every CloudFront distribution from one origin's name to another. The client of cdn satisfies it.
type OriginRetargeter interface {
	Retarget(ctx context.Context, from, to string) (n int, err error)
}

// HealthChecker asks the copy at an address whether it works.
type HealthChecker interface {
	Check(ctx context.Context, address netip.Addr, check HealthCheck) error
}

// Client moves instances. It is safe for concurrent use, starts no goroutine and needs no Close.
type Client struct {
	cfg  Config
	call *awscall.Caller

	mu      sync.Mutex
	regions map[string]calls
	intents map[string]bool // recorded by this client, and their calls not made yet
}

// keep remembers an intent whose call has not been made.
func (c *Client) keep(intent string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.intents[intent] = true
}

// take tells whether the call of an intent may be made: it is this client's, and has not been made.
func (c *Client) take(intent string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	mine := c.intents[intent]
	delete(c.intents, intent)
	return mine
}

// New checks cfg and makes a client. It does no I/O and reads neither the environment nor ~/.aws.
func New(cfg Config) (*Client, error) {
	if cfg.API == nil && cfg.AWS.Credentials == nil {
		return nil, fmt.Errorf("ec2move: config: %w: AWS.Credentials is nil, and so is API", awsops.ErrInvalid)
	}
	if r := cfg.MaxRetries; r != nil && *r < 0 {
		return nil, fmt.Errorf("ec2move: config: %w: MaxRetries is %d", awsops.ErrInvalid, *r)
	}
	cfg.Logger = cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler))
	c := &Client{cfg: cfg, call: awscall.New(cfg.MaxRetries, cfg.Logger, cfg.Clock), regions: map[string]calls{}, intents: map[string]bool{}}
	c.cfg.Clock = c.call.Clock
	return c, nil
}

// in is EC2 in a Region.
func (c *Client) in(region string) calls {
	c.mu.Lock()
	defer c.mu.Unlock()
	to, ok := c.regions[region]
	if !ok {
		if c.cfg.API != nil {
			to = apiCalls(c.cfg.API(region))
		} else {
			to = sdkCalls(c.cfg.AWS, region, c.cfg.Options)
		}
		c.regions[region] = to
	}
	return to
}

func (c *Client) safe() secret.Fields { return secret.Fields{"ec2move.Client"} }

// String names the type: a client holds credentials.
func (c *Client) String() string { return c.safe().String() }

// GoString is String.
func (c *Client) GoString() string { return c.safe().String() }

// LogValue is String for slog.
func (c *Client) LogValue() slog.Value { return c.safe().LogValue() }

// String names the type: a Config holds credentials.
func (c Config) String() string { return secret.Fields{"ec2move.Config"}.String() }

// GoString is String.
func (c Config) GoString() string { return c.String() }

// LogValue is String for slog.
func (c Config) LogValue() slog.Value { return secret.Fields{"ec2move.Config"}.LogValue() }
