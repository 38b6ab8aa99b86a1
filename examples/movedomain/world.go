package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

// The zone that is moved when nothing is real: with lines, weights, a record that is switched off, one that validates a
// certificate, and one that no DNS has.
//
//go:embed demo/zone.json
var demoZone []byte

// demoDomain is the domain of the demo.
const demoDomain = "example.com"

// world is everything that a move meets, in this process: Aliyun with its DNS, Route 53 with its registrar and its name
// servers, and the registry between them. They share one clock, which is put forward wherever something waits.
type world struct {
	clock     *virtual
	aliyun    *aliyuntest.Server
	route53   *route53xtest.Server
	registrar *route53xtest.Registrar
	registry  *registry

	mu    sync.Mutex
	hosts map[netip.Addr]string // name servers by their addresses
	addrs map[string]netip.Addr
}

// newWorld opens the fakes, with the demo's domain at Aliyun: both locks on, and DNSSEC. grace is how long the zone there
// answers after the domain has gone; 0 is the fake's own.
func newWorld(grace time.Duration) (*world, error) {
	var records []aliyun.DNSRecord
	if err := json.Unmarshal(demoZone, &records); err != nil {
		return nil, fmt.Errorf("the zone of the demo: %w", err)
	}
	began := time.Now().UTC().Truncate(time.Second)
	w := &world{clock: &virtual{now: began}, registry: &registry{domain: demoDomain}, hosts: map[netip.Addr]string{}, addrs: map[string]netip.Addr{}}
	var err error
	w.aliyun, err = aliyuntest.Open(aliyuntest.Options{Now: w.clock.Now, TaskTime: 40 * time.Second, ZoneGrace: grace})
	if err != nil {
		return nil, err
	}
	w.route53 = route53xtest.Open(route53xtest.Options{Clock: w.clock, Country: country})
	w.registrar = route53xtest.OpenRegistrar(route53xtest.RegistrarOptions{Clock: w.clock})
	w.registrar.Hook(route53xtest.RegistrarHooks{Lookup: w.lookup, Requested: w.requested, Delegated: func(_ string, ns []string, at time.Time) { w.registry.delegate(at, ns) }})
	w.aliyun.AddZone(aliyuntest.Zone{Domain: demoDomain, Records: records, Signed: true})
	w.aliyun.AddDomain(aliyuntest.Domain{
		Name: demoDomain, TransferLock: aliyun.LockOpen, UpdateLock: aliyun.LockOpen,
		DS: []aliyun.DSRecord{{KeyTag: 2371, Algorithm: 13, DigestType: 2, Digest: "c1a0424b97a049f1f9b2ea139cc298533219668164e343bd21203abc4608c02a"}},
	})
	w.sync()
	w.clock.passed = w.sync
	return w, nil
}

func (w *world) close() {
	w.aliyun.Close()
	w.route53.Close()
	w.registrar.Close()
}

// country is where the fake Route 53 takes an address to be, for the networks of which the fake Aliyun knows the lines.
func country(a netip.Addr) (continent, code, state string) {
	for _, p := range []string{"202.96.128.0/24", "210.22.70.0/24", "211.136.0.0/16", "223.5.5.0/24", "114.114.114.0/24"} {
		if netip.MustParsePrefix(p).Contains(a) {
			return "AS", "CN", ""
		}
	}
	if netip.MustParsePrefix("8.8.8.0/24").Contains(a) {
		return "NA", "US", ""
	}
	return "", "", ""
}

// sync is what registry and registrars tell each other.
func (w *world) sync() {
	w.registrar.Sync()
	d, ok := w.aliyun.Domain(demoDomain)
	if !ok {
		return
	}
	now := w.clock.Now()
	switch {
	case d.Gone:
		w.registrar.Approve(demoDomain)
	case d.Out.Status == aliyun.OutFailed:
		w.registrar.Reject(demoDomain, "rejected by the losing registrar")
	}
	if !d.Gone {
		w.registry.delegate(now, d.NameServers)
	}
	w.registry.sign(now, d.DS)
}

// lookup is the registry's view of a domain that is not at Route 53.
func (w *world) lookup(domain string) (route53xtest.Elsewhere, bool) {
	d, ok := w.aliyun.Domain(domain)
	if !ok || d.Gone {
		return route53xtest.Elsewhere{Domain: domain, AuthCode: d.Out.AuthCode, Registered: d.Registered, Expires: d.Expires}, ok
	}
	e := route53xtest.Elsewhere{
		Domain: domain, AuthCode: d.Out.AuthCode, Registered: d.Registered, Transferred: d.Transferred, Expires: d.Expires,
		Premium: d.Premium, Nameservers: d.NameServers,
	}
	if d.TransferLock.On() {
		e.Status = append(e.Status, "clientTransferProhibited")
	}
	if d.Out.Status == aliyun.OutRequested {
		e.Status = append(e.Status, "pendingTransfer")
	}
	return e, true
}

// requested is the registry that tells the losing registrar.
func (w *world) requested(domain string, _ time.Time) {
	d, _ := w.aliyun.Domain(domain)
	if err := w.aliyun.ReceiveTransfer(domain, d.Out.AuthCode); err != nil {
		w.registrar.Reject(domain, err.Error())
	}
}

// servers of the parent zone.
func (w *world) parents() []netip.AddrPort {
	var out []netip.AddrPort
	for i := range lags() {
		out = append(out, netip.AddrPortFrom(w.addr(parentHost(i)), 53))
	}
	return out
}

func parentHost(i int) string { return fmt.Sprintf("%c.gtld-servers.example", 'a'+i) }

// addr gives every name server an address of its own.
func (w *world) addr(host string) netip.Addr {
	w.mu.Lock()
	defer w.mu.Unlock()
	if a, ok := w.addrs[host]; ok {
		return a
	}
	a := netip.AddrFrom4([4]byte{198, 18, 0, byte(len(w.addrs) + 1)})
	w.addrs[host], w.hosts[a] = a, host
	return a
}

// LookupNetIP makes the world a resolver of name servers' addresses.
func (w *world) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	return []netip.Addr{w.addr(host)}, nil
}

// Exchange makes the world the network of name servers.
func (w *world) Exchange(ctx context.Context, server netip.AddrPort, q *dns.Msg, _ bool) (*dns.Msg, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	w.mu.Lock()
	host := w.hosts[server.Addr()]
	w.mu.Unlock()
	for i := range lags() {
		if host == parentHost(i) {
			return w.registry.answer(i, w.clock.Now(), q), nil
		}
	}
	if slices.Contains(oldNameservers(), host) {
		return w.aliyun.AnswerDNS(q, netip.MustParseAddr("127.0.0.1")), nil
	}
	if host == "" {
		return nil, errors.New("no server has this address")
	}
	a, _, err := w.route53.Exchange(ctx, q, host+":53")
	return a, err
}

// oldNameservers are those of the fake Aliyun.
func oldNameservers() []string { return []string{"dns1.fake-alidns.com", "dns2.fake-alidns.com"} }

// platforms are the ways to the world.
func (w *world) platforms() platforms {
	return platforms{
		aliyun: w.aliyun.Config(), zones: w.route53.Config(), domains: w.registrar.Config(), contacts: demoContacts(), clock: w.clock,
		resolver: w, exchanger: w, parents: w.parents(), fake: true,
	}
}

// demoContacts are nobody's.
func demoContacts() route53x.Contacts {
	return route53x.SameContact(route53x.Contact{
		Type: route53x.ContactCompany, FirstName: "Demo", LastName: "Holder", Organization: "Example Ltd", Email: "domains@example.com",
		Phone: "+86.1000000000", Address1: "1 Example Road", City: "Beijing", Zip: "100000", Country: "CN",
	})
}
