package r2admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	cf "github.com/cloudflare/cloudflare-go/v7/r2"
	"github.com/cloudflare/cloudflare-go/v7/zones"

	"github.com/kitroll/kitroll/internal/poll"
)

// Domain is a custom domain of a bucket: a handle that two names make again after a restart.
type Domain struct {
	Bucket string
	Name   string

	c *Client
}

// DomainStatus is how far a domain has come.
type DomainStatus struct {
	Domain    string `json:"domain"`
	Enabled   bool   `json:"enabled"`
	Ownership string `json:"ownership"` // pending, active, deactivated, blocked, error, unknown
	SSL       string `json:"ssl"`       // initializing, pending, active, deactivated, error, unknown
	ZoneID    string `json:"zoneId"`
	ZoneName  string `json:"zoneName"`
	MinTLS    string `json:"minTLS"`
}

// Active tells whether the domain serves the bucket.
func (s DomainStatus) Active() bool { return s.Enabled && s.Ownership == "active" && s.SSL == "active" }

// failed says why no waiting will help; nil while it may.
func (s DomainStatus) failed() error {
	switch {
	case s.Ownership == "blocked":
		return fmt.Errorf("%w: ownership is blocked: release the hold on zone %s", ErrDomain, s.ZoneName)
	case s.Ownership == "error" || s.SSL == "error":
		return fmt.Errorf("%w: ownership is %s, SSL is %s", ErrDomain, s.Ownership, s.SSL)
	case !s.Enabled:
		return fmt.Errorf("%w: it is switched off: EnsureDomain switches it on", ErrDomain)
	}
	return nil
}

// DomainOptions is how a domain serves.
type DomainOptions struct {
	MinTLS string // 1.0, 1.1, 1.2 or 1.3; default that of the platform, 1.0, or what the domain has
}

// Domain gives the handle of a domain without a request.
func (c *Client) Domain(bucket, domain string) *Domain { return &Domain{bucket, domain, c} }

// EnsureDomain connects a domain to a bucket unless it is connected, and switches it on. It first looks for the zone: the
// longest ending of the domain that is a zone of this account. None is [ErrZone], which says so when the zone is of another
// account. The domain is not active yet when EnsureDomain returns: [Domain.Wait].
//
// Disabling a domain later does not disable the r2.dev address ([Client.SetDevURL]). Overwritten objects stay in the cache of
// the zone until they are purged.
func (c *Client) EnsureDomain(ctx context.Context, bucket, domain string, opts *DomainOptions) (*Domain, error) {
	o := *cmp.Or(opts, &DomainOptions{})
	d := c.Domain(bucket, strings.ToLower(strings.TrimSuffix(domain, ".")))
	err := errors.Join(checkBucket(bucket), checkDomain(d.Name))
	if !slices.Contains([]string{"", "1.0", "1.1", "1.2", "1.3"}, o.MinTLS) {
		err = errors.Join(err, fmt.Errorf("MinTLS: %q is none of 1.0, 1.1, 1.2, 1.3", o.MinTLS))
	}
	if err != nil {
		return nil, invalid("EnsureDomain", d.resource(), err)
	}
	zone, err := c.zoneOf(ctx, d)
	if err != nil {
		return nil, err
	}
	status, err := d.Poll(ctx)
	if err == nil {
		return d, d.adjust(ctx, status, o)
	}
	if e, ok := errors.AsType[*Error](err); !ok || !e.Is(fs.ErrNotExist) || e.Code == codeNoSuchBucket {
		return nil, err
	}
	var p cf.BucketDomainCustomNewParams
	set(&p.AccountID.Value, &p.AccountID.Present, c.account)
	set(&p.Domain.Value, &p.Domain.Present, d.Name)
	set(&p.ZoneID.Value, &p.ZoneID.Present, zone)
	set(&p.Enabled.Value, &p.Enabled.Present, true)
	if o.MinTLS != "" {
		set(&p.MinTLS.Value, &p.MinTLS.Present, cf.BucketDomainCustomNewParamsMinTLS(o.MinTLS))
	}
	_, err = do(ctx, c, "CreateDomain", d.resource(), once, func(ctx context.Context) (*cf.BucketDomainCustomNewResponse, error) {
		return c.buckets.Domains.Custom.New(ctx, bucket, p)
	})
	if errors.Is(err, ErrUnknownOutcome) || errors.Is(err, fs.ErrExist) {
		if status, again := d.Poll(ctx); again == nil { // the lost call, or somebody else, has made it
			return d, d.adjust(ctx, status, o)
		}
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// adjust changes what is other than wanted about a domain that is there.
func (d *Domain) adjust(ctx context.Context, s DomainStatus, o DomainOptions) error {
	if s.Enabled && (o.MinTLS == "" || o.MinTLS == s.MinTLS) {
		return nil
	}
	var p cf.BucketDomainCustomUpdateParams
	set(&p.AccountID.Value, &p.AccountID.Present, d.c.account)
	set(&p.Enabled.Value, &p.Enabled.Present, true)
	if o.MinTLS != "" {
		set(&p.MinTLS.Value, &p.MinTLS.Present, cf.BucketDomainCustomUpdateParamsMinTLS(o.MinTLS))
	}
	_, err := do(ctx, d.c, "UpdateDomain", d.resource(), harmless, func(ctx context.Context) (*cf.BucketDomainCustomUpdateResponse, error) {
		return d.c.buckets.Domains.Custom.Update(ctx, d.Bucket, d.Name, p)
	})
	return err
}

func (d *Domain) resource() string { return d.Bucket + "/" + d.Name }

func checkDomain(name string) error {
	labels := strings.Split(name, ".")
	bad := len(labels) < 2 || len(name) > 253
	for _, l := range labels {
		bad = bad || l == "" || len(l) > 63 || strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-") != ""
	}
	if bad {
		return fmt.Errorf("domain: %q is no name of a host: want img.example.com, other scripts as xn--", name)
	}
	return nil
}

// ZoneID finds the zone that EnsureDomain would put a domain into, without a change: to know before anything is made, and for
// [Client.Purge]. Errors: [*Error], [ErrZone] as of EnsureDomain.
func (c *Client) ZoneID(ctx context.Context, domain string) (string, error) {
	d := c.Domain("", strings.ToLower(strings.TrimSuffix(domain, ".")))
	if err := checkDomain(d.Name); err != nil {
		return "", invalid("ZoneID", d.Name, err)
	}
	return c.zoneOf(ctx, d)
}

// zoneOf finds the zone of a domain in this account.
func (c *Client) zoneOf(ctx context.Context, d *Domain) (id string, err error) {
	foreign := ""
	for name := d.Name; strings.Contains(name, "."); _, name, _ = strings.Cut(name, ".") {
		var p zones.ZoneListParams
		set(&p.Name.Value, &p.Name.Present, name)
		list, err := do(ctx, c, "ListZones", name, harmless, func(ctx context.Context) ([]zones.Zone, error) {
			page, err := c.zones.List(ctx, p)
			if err != nil {
				return nil, err
			}
			return page.Result, nil
		})
		if err != nil {
			return "", err
		}
		for _, z := range list {
			switch {
			case z.Name != name:
			case z.Account.ID == c.account:
				return z.ID, nil
			case foreign == "":
				foreign = name
			}
		}
	}
	e := &Error{Op: "FindZone", Resource: d.Name, Err: ErrZone, Message: "no zone of it is to be seen: add it to the account, and give the token Zone Read"}
	if foreign != "" {
		e.Message = "zone " + foreign + " is in another account: a bucket takes only domains of its own account"
	}
	return "", e
}

// Poll looks once. A domain that is not connected is fs.ErrNotExist.
func (d *Domain) Poll(ctx context.Context) (DomainStatus, error) {
	if err := errors.Join(checkBucket(d.Bucket), checkDomain(d.Name)); err != nil {
		return DomainStatus{}, invalid("GetDomain", d.resource(), err)
	}
	var p cf.BucketDomainCustomGetParams
	set(&p.AccountID.Value, &p.AccountID.Present, d.c.account)
	got, err := do(ctx, d.c, "GetDomain", d.resource(), harmless, func(ctx context.Context) (*cf.BucketDomainCustomGetResponse, error) {
		return d.c.buckets.Domains.Custom.Get(ctx, d.Bucket, d.Name, p)
	})
	if err != nil {
		return DomainStatus{}, err
	}
	return DomainStatus{
		Domain: got.Domain, Enabled: got.Enabled, Ownership: string(got.Status.Ownership), SSL: string(got.Status.SSL),
		ZoneID: got.ZoneID, ZoneName: got.ZoneName, MinTLS: string(got.MinTLS),
	}, nil
}

// WaitOptions is how to wait.
type WaitOptions struct {
	Interval time.Duration      // between two looks; default 10 s
	Progress func(DomainStatus) // after each look, on the caller's goroutine
}

// Wait looks until the domain is active, which takes minutes. Blocked and error end it at once, as [ErrDomain], and so does a
// domain that is switched off. It has no timeout of its own: bound it with ctx. The last status is returned in any case.
func (d *Domain) Wait(ctx context.Context, opts *WaitOptions) (last DomainStatus, err error) {
	o := *cmp.Or(opts, &WaitOptions{})
	err = poll.Until(ctx, poll.Schedule{First: cmp.Or(max(o.Interval, 0), 10*time.Second)}, nil, func(ctx context.Context) (bool, error) {
		status, err := d.Poll(ctx)
		if err != nil {
			return false, err
		}
		last = status
		if o.Progress != nil {
			o.Progress(status)
		}
		return status.Active(), status.failed()
	})
	if _, ok := errors.AsType[*Error](err); err != nil && !ok {
		err = &Error{Op: "WaitDomain", Resource: d.resource(), Err: err, Message: fmt.Sprintf("ownership %q, SSL %q", last.Ownership, last.SSL)}
	}
	return last, err
}

// SetDevURL switches the r2.dev address of a bucket on or off and returns it, without a scheme. It is for development: it is
// throttled, not cached, and apart from custom domains.
func (c *Client) SetDevURL(ctx context.Context, bucket string, on bool) (host string, err error) {
	if err := checkBucket(bucket); err != nil {
		return "", invalid("SetDevURL", bucket, err)
	}
	var p cf.BucketDomainManagedUpdateParams
	set(&p.AccountID.Value, &p.AccountID.Present, c.account)
	set(&p.Enabled.Value, &p.Enabled.Present, on)
	got, err := do(ctx, c, "SetDevURL", bucket, harmless, func(ctx context.Context) (*cf.BucketDomainManagedUpdateResponse, error) {
		return c.buckets.Domains.Managed.Update(ctx, bucket, p)
	})
	if err != nil {
		return "", err
	}
	return got.Domain, nil
}
