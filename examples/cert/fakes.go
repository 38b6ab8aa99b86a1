package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/kitroll/kitroll/acmx"
	"github.com/kitroll/kitroll/acmx/acmxtest"
	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

// fakes are the platforms of a run without keys. The authority and Aliyun keep their state in files of dir, as a platform
// would keep it in its data centre: nothing that happened there is undone by a crash here. The authority really asks the
// name server of the other fake for the records.
type fakes struct {
	dir  string
	zone string // the one zone that there is
	ask  func(ctx context.Context, q *dns.Msg) (*dns.Msg, error)
	open []interface{ Close() }
}

func (f *fakes) close() {
	for _, s := range f.open {
		s.Close()
	}
}

// acm is opened last: it asks the name server that is there by then.
func (f *fakes) acm() (acmx.Config, error) {
	srv, err := acmxtest.Open(acmxtest.Options{
		DetailLag: 600 * time.Millisecond, IssueLag: 300 * time.Millisecond, RootInChain: true,
		CNAME: f.lookup, StateFile: filepath.Join(f.dir, "acm.json"),
	})
	if err != nil {
		return acmx.Config{}, fmt.Errorf("the fake of acm: %w", err)
	}
	f.open = append(f.open, srv)
	cfg := srv.Config()
	cfg.CAA = resolver(func(ctx context.Context, q *dns.Msg) (*dns.Msg, error) {
		a, err := f.ask(ctx, q)
		if err == nil && !dns.IsSubDomain(dns.Fqdn(f.zone), q.Question[0].Name) {
			a.Rcode = dns.RcodeSuccess // beyond its one zone there is nothing
		}
		return a, err
	})
	return cfg, nil
}

// lookup is how the authority looks at the DNS.
func (f *fakes) lookup(ctx context.Context, name string) (string, error) {
	q := new(dns.Msg)
	q.SetQuestion(dns.Fqdn(name), dns.TypeCNAME)
	a, err := f.ask(ctx, q)
	if err != nil {
		return "", err
	}
	for _, rr := range a.Answer {
		if c, ok := rr.(*dns.CNAME); ok && strings.EqualFold(c.Hdr.Name, dns.Fqdn(name)) {
			return c.Target, nil
		}
	}
	return "", nil
}

func (f *fakes) aliyun() (aliyun.Config, error) {
	srv, err := aliyuntest.Open(aliyuntest.Options{StateFile: filepath.Join(f.dir, "aliyun.json")})
	if err != nil {
		return aliyun.Config{}, fmt.Errorf("the fake of aliyun: %w", err)
	}
	f.open = append(f.open, srv)
	srv.AddZone(aliyuntest.Zone{Domain: f.zone})
	f.ask = func(_ context.Context, q *dns.Msg) (*dns.Msg, error) {
		return srv.AnswerDNS(q, netip.MustParseAddr("203.0.113.7")), nil
	}
	return srv.Config(), nil
}

// route53 has a zone that is new in every run. The records are in it again by the time they matter: every run sees to them.
func (f *fakes) route53() route53x.Config {
	srv := route53xtest.Open(route53xtest.Options{SyncDelay: -1})
	f.open = append(f.open, srv)
	id := srv.AddZone(route53xtest.ZoneSpec{Name: f.zone})
	f.ask = func(ctx context.Context, q *dns.Msg) (*dns.Msg, error) {
		servers := srv.Nameservers(id)
		if len(servers) == 0 {
			return nil, errors.New("the zone has no name servers")
		}
		a, _, err := srv.Exchange(ctx, q, servers[0]+":53")
		return a, err
	}
	return srv.Config()
}

// parentZone is a zone that holds all the names: their longest common end, of at least two labels.
func parentZone(names []string) string {
	var common []string
	for i, name := range names {
		labels := dns.SplitDomainName(strings.ToLower(strings.TrimPrefix(name, "*.")))
		if i == 0 {
			common = labels
			continue
		}
		n := 0
		for n < len(common) && n < len(labels) && common[len(common)-1-n] == labels[len(labels)-1-n] {
			n++
		}
		common = common[len(common)-n:]
	}
	if len(common) > 2 {
		common = common[len(common)-2:]
	}
	return strings.Join(common, ".")
}
