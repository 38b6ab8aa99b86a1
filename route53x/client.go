package route53x

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/kitroll/kitroll/internal/awscall"
	"github.com/kitroll/kitroll/internal/secret"
)

// Client calls Route 53. It is safe for concurrent use, starts no goroutine and needs no Close. Changes of one zone are
// made one after the other; use one client for them.
type Client struct {
	api     api
	limiter Limiter
	clock   Clock
	caller  *awscall.Caller
	region  string

	mu    sync.Mutex
	locks map[string]chan struct{} // by zone; one that is full is held
}

// api is the calls that the package makes. They are method values, and the SDK's client is kept in no field: were it
// reachable from an interface, the linker would keep every operation of Route 53 in every program.
type api struct {
	zonesByName func(context.Context, *route53.ListHostedZonesByNameInput, ...func(*route53.Options)) (*route53.ListHostedZonesByNameOutput, error)
	zone        func(context.Context, *route53.GetHostedZoneInput, ...func(*route53.Options)) (*route53.GetHostedZoneOutput, error)
	createZone  func(context.Context, *route53.CreateHostedZoneInput, ...func(*route53.Options)) (*route53.CreateHostedZoneOutput, error)
	deleteZone  func(context.Context, *route53.DeleteHostedZoneInput, ...func(*route53.Options)) (*route53.DeleteHostedZoneOutput, error)
	sets        func(context.Context, *route53.ListResourceRecordSetsInput, ...func(*route53.Options)) (*route53.ListResourceRecordSetsOutput, error)
	change      func(context.Context, *route53.ChangeResourceRecordSetsInput, ...func(*route53.Options)) (*route53.ChangeResourceRecordSetsOutput, error)
	getChange   func(context.Context, *route53.GetChangeInput, ...func(*route53.Options)) (*route53.GetChangeOutput, error)
	zoneLimit   func(context.Context, *route53.GetHostedZoneLimitInput, ...func(*route53.Options)) (*route53.GetHostedZoneLimitOutput, error)
}

// New checks cfg and makes a client. It does no I/O and reads neither the environment nor ~/.aws. Its error joins every
// problem found, each naming its field.
func New(cfg Config) (*Client, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("route53x: config: %w", err)
	}
	c := &Client{
		caller: awscall.New(cmp.Or(cfg.MaxRetries, new(8)), cfg.Logger, cfg.Clock), limiter: cfg.Limiter,
		region: cmp.Or(cfg.AWS.Region, "us-east-1"),
		locks:  map[string]chan struct{}{},
	}
	c.caller.Retry.Cap = longestPause
	c.clock = c.caller.Clock
	if c.limiter == nil {
		c.limiter = NewLimiter(&LimiterOptions{Clock: c.clock})
	}
	c.api = newAPI(cfg, c.region)
	return c, nil
}

func newAPI(cfg Config, region string) api {
	var a api
	if cfg.Zones == nil || cfg.Records == nil {
		own := cfg.AWS.Copy()
		own.Region = region
		sdk := route53.NewFromConfig(own, func(o *route53.Options) {
			o.HTTPClient = awscall.HTTPClient(cfg.AWS)
			o.APIOptions = append(o.APIOptions, awscall.WithoutTraceHeader)
		})
		a = api{
			zonesByName: sdk.ListHostedZonesByName, zone: sdk.GetHostedZone, createZone: sdk.CreateHostedZone, deleteZone: sdk.DeleteHostedZone,
			sets: sdk.ListResourceRecordSets, change: sdk.ChangeResourceRecordSets, getChange: sdk.GetChange, zoneLimit: sdk.GetHostedZoneLimit,
		}
	}
	if z := cfg.Zones; z != nil {
		a.zonesByName, a.zone, a.createZone, a.deleteZone = z.ListHostedZonesByName, z.GetHostedZone, z.CreateHostedZone, z.DeleteHostedZone
	}
	if r := cfg.Records; r != nil {
		a.sets, a.change, a.getChange, a.zoneLimit = r.ListResourceRecordSets, r.ChangeResourceRecordSets, r.GetChange, r.GetHostedZoneLimit
	}
	return a
}

// lock waits for its turn at a zone: Route 53 refuses a change while it works on another of the same zone.
func (c *Client) lock(ctx context.Context, zoneID string) (unlock func(), err error) {
	c.mu.Lock()
	turn := c.locks[zoneID]
	if turn == nil {
		turn = make(chan struct{}, 1)
		c.locks[zoneID] = turn
	}
	c.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, &Error{Op: opChange, Subject: zoneID, Err: fmt.Errorf("waiting for another change of the zone: %w", context.Cause(ctx))}
	}
}

func (c *Client) safe() secret.Fields { return secret.Fields{"route53x.Client", "Region", c.region} }

// String is the client without secrets.
func (c *Client) String() string { return c.safe().String() }

// GoString is the client without secrets.
func (c *Client) GoString() string { return c.safe().String() }

// Format prints the client without secrets, for every verb.
func (c *Client) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }

// LogValue is the client without secrets.
func (c *Client) LogValue() slog.Value { return c.safe().LogValue() }
