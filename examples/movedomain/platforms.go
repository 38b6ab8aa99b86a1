package main

import (
	"context"
	"errors"
	"net/netip"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/transfer"
)

// The registrars know nothing of the runner, and it nothing of them.
var (
	_ transfer.Losing  = (*aliyun.Registrar)(nil)
	_ transfer.Gaining = (*route53x.Registrar)(nil)
	_ transfer.Zones   = (*route53x.Client)(nil)
	_ transfer.Records = (*route53x.Client)(nil)
)

// platforms are the ways to both sides, real or not.
type platforms struct {
	aliyun   aliyun.Config
	zones    route53x.Config
	domains  route53x.DomainsConfig
	contacts route53x.Contacts
	clock    Clock // nil is the machine's

	resolver  route53x.Resolver  // nil is the machine's
	exchanger route53x.Exchanger // nil is the network
	parents   []netip.AddrPort   // nil: they are found from the root
	fake      bool
}

// config connects everything that a move needs but its journal and what a person decides.
func (p platforms) config(domain string) (transfer.Config, error) {
	old, err1 := aliyun.New(p.aliyun)
	zones, err2 := route53x.New(p.zones)
	domains, err3 := route53x.NewDomains(p.domains)
	if err := errors.Join(err1, err2, err3); err != nil {
		return transfer.Config{}, err
	}
	cfg := transfer.Config{
		Domain: domain, To: domains.Registrar(p.contacts), Zones: zones, Records: zones,
		Source:         source{old.DNS()},
		OutcomeUnknown: func(err error) bool { return errors.Is(err, aliyun.ErrUnknownOutcome) },
		DNS: transfer.NewDNS(&transfer.DNSOptions{
			Resolver: p.resolver, Exchanger: p.exchanger,
			Delegation: &route53x.DelegationOptions{Servers: p.parents, Exchanger: p.exchanger, Rate: p.rate()},
			Verify:     &route53x.VerifyOptions{Exchanger: p.exchanger, Rate: p.rate()},
		}),
	}
	cfg.From = old.Registrar()
	if p.clock != nil {
		cfg.From = old.Domains(&aliyun.DomainsOptions{Now: p.clock.Now}).Registrar()
		cfg.Now = p.clock.Now
	}
	return cfg, nil
}

// rate is no limit for name servers that are in this process.
func (p platforms) rate() float64 {
	if p.exchanger != nil {
		return -1
	}
	return 0
}

// source is the zone at Aliyun.
type source struct{ dns *aliyun.DNS }

// Export reads all records, and says what they become.
func (s source) Export(ctx context.Context, domain string) (transfer.Export, error) {
	var records []route53x.AliyunRecord
	for rec, err := range s.dns.Records(ctx, domain, nil) {
		if err != nil {
			return transfer.Export{}, err
		}
		records = append(records, route53x.AliyunRecord(rec))
	}
	m, err := route53x.MapAliyun(domain, records, nil)
	if err != nil {
		return transfer.Export{}, err
	}
	return transfer.FromMapping(m), nil
}
