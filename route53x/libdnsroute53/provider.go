package libdnsroute53

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/libdns/libdns"

	"github.com/kitroll/kitroll/route53x"
)

// Store is where the zones are. A [*route53x.Client] is one.
type Store interface {
	FindZone(ctx context.Context, name string, opts *route53x.FindZoneOptions) (route53x.Zone, error)
	Zones(ctx context.Context) iter.Seq2[route53x.Zone, error]
	RRSets(ctx context.Context, zoneID string, opts *route53x.ListOptions) iter.Seq2[route53x.RRSet, error]
	Apply(ctx context.Context, zoneID string, p *route53x.Plan, opts *route53x.ApplyOptions) (route53x.Result, error)
	WaitSync(ctx context.Context, ids []string, opts *route53x.WaitOptions) error
}

var _ Store = (*route53x.Client)(nil)

// Config is what a [Provider] is made from.
type Config struct {
	Store   Store         // required
	Private bool          // private zones, in place of the public ones
	TTL     time.Duration // of records that have none, and that are the first of their set; default 5 minutes
	Wait    bool          // a call that changed something returns when all name servers have it
}

// Provider implements the interfaces of libdns. It is safe for concurrent use and starts no goroutine.
type Provider struct {
	cfg Config

	mu    sync.Mutex
	zones map[route53x.Name]*hostedZone
}

var (
	_ libdns.RecordGetter   = (*Provider)(nil)
	_ libdns.RecordAppender = (*Provider)(nil)
	_ libdns.RecordSetter   = (*Provider)(nil)
	_ libdns.RecordDeleter  = (*Provider)(nil)
	_ libdns.ZoneLister     = (*Provider)(nil)
)

// New checks cfg and makes a provider. It does no I/O.
func New(cfg Config) (*Provider, error) {
	var errs []error
	if cfg.Store == nil {
		errs = append(errs, errors.New("Store is required"))
	}
	if cfg.TTL < 0 || cfg.TTL > (1<<31-1)*time.Second {
		errs = append(errs, fmt.Errorf("TTL: %s is not one", cfg.TTL))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("libdnsroute53: config: %w", err)
	}
	cfg.TTL = cmp.Or(cfg.TTL, 5*time.Minute)
	return &Provider{cfg: cfg, zones: map[route53x.Name]*hostedZone{}}, nil
}

// ListZones lists the zones of the account: the public ones, or the private ones with Config.Private. A name that several
// zones have is there once.
func (p *Provider) ListZones(ctx context.Context) ([]libdns.Zone, error) {
	var zones []libdns.Zone
	seen := map[route53x.Name]bool{}
	for z, err := range p.cfg.Store.Zones(ctx) {
		if err != nil {
			return nil, fmt.Errorf("libdnsroute53: zones: %w", err)
		}
		if z.Private == p.cfg.Private && !seen[z.Name] {
			seen[z.Name] = true
			zones = append(zones, libdns.Zone{Name: z.Name.ZoneFile()})
		}
	}
	return zones, nil
}

// GetRecords lists the records of a zone, with one pass over its sets. The SOA is left out; aliases and sets with a routing
// policy are [Special].
func (p *Provider) GetRecords(ctx context.Context, zone string) ([]libdns.Record, error) {
	z, err := p.zone(ctx, zone)
	if err != nil {
		return nil, err
	}
	var records []libdns.Record
	for s, err := range p.cfg.Store.RRSets(ctx, z.id, nil) {
		if err != nil {
			p.forget(z, err)
			return nil, fmt.Errorf("libdnsroute53: records of %s: %w", z.name.ZoneFile(), err)
		}
		if s.Type != route53x.SOA {
			records = append(records, recordsOf(s, z.name)...)
		}
	}
	return records, nil
}

// hostedZone is a zone that was found, and its lock.
type hostedZone struct {
	name route53x.Name
	id   string
	busy chan struct{} // holds one while somebody changes the zone
}

// zone finds a zone once and keeps its ID. It fails where a name has several.
func (p *Provider) zone(ctx context.Context, name string) (*hostedZone, error) {
	parsed, err := route53x.ParseName(name)
	if err != nil {
		return nil, fmt.Errorf("libdnsroute53: zone: %w: %w", route53x.ErrInvalid, err)
	}
	p.mu.Lock()
	z := p.zones[parsed]
	p.mu.Unlock()
	if z != nil {
		return z, nil
	}
	visibility := route53x.Public
	if p.cfg.Private {
		visibility = route53x.Private
	}
	found, err := p.cfg.Store.FindZone(ctx, string(parsed), &route53x.FindZoneOptions{Visibility: visibility})
	if err != nil {
		return nil, fmt.Errorf("libdnsroute53: zone: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if z = p.zones[parsed]; z == nil { // another may have been faster, and has the lock that counts
		z = &hostedZone{name: parsed, id: found.ID, busy: make(chan struct{}, 1)}
		p.zones[parsed] = z
	}
	return z, nil
}

// forget looks for the zone anew after it was not found.
func (p *Provider) forget(z *hostedZone, err error) {
	if !errors.Is(err, route53x.ErrNotFound) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.zones[z.name] == z {
		delete(p.zones, z.name)
	}
}

// lock waits until nobody else of this provider changes the zone.
func (z *hostedZone) lock(ctx context.Context) error {
	select {
	case z.busy <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("libdnsroute53: %s: %w", z.name.ZoneFile(), context.Cause(ctx))
	}
}

func (z *hostedZone) unlock() { <-z.busy }
