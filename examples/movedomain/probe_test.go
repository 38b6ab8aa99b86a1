package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x/transfer"
)

// resolver is somebody's resolver: it keeps what the parent says of the domain for as long as it may, and asks one of the
// name servers that it has. A child-centric one takes the name servers that the zone itself names, and keeps these.
type resolver struct {
	parent   int // the server of the parent that it asks
	child    bool
	validate bool // it checks signatures
	subnet   netip.Prefix

	ns      []string
	nsUntil time.Time
	ds      bool
	dsUntil time.Time
}

type probe struct {
	name string
	typ  uint16
}

// prober asks through many resolvers all the time, and holds each answer against what the old zone said at first.
type prober struct {
	world     *world
	resolvers []*resolver
	probes    []probe
	expected  map[string][]string // by probe and subnet, all answers that are right
	rng       *rand.Rand
	turn      int
	asked     int
	fromOld   int
	fromNew   int
	wrong     []string
	enough    bool // one wrong answer
}

// probes are names of every kind; what was acknowledged as lost is not asked.
func probes() []probe {
	return []probe{
		{"example.com.", dns.TypeA},
		{"example.com.", dns.TypeMX},
		{"example.com.", dns.TypeTXT},
		{"example.com.", dns.TypeCAA},
		{"www.example.com.", dns.TypeA},
		{"api.example.com.", dns.TypeA},
		{"static.example.com.", dns.TypeA},
		{"img.example.com.", dns.TypeCNAME},
		{"old.example.com.", dns.TypeA},
		{"x7.preview.example.com.", dns.TypeA},
		{"_dmarc.example.com.", dns.TypeTXT},
		{"s1._domainkey.example.com.", dns.TypeTXT},
		{"_3f7c2a91d4b8e650.example.com.", dns.TypeCNAME},
		{"_sip._tcp.example.com.", dns.TypeSRV},
		{"item.shop.example.com.", dns.TypeA},
		{"nothing.example.com.", dns.TypeAAAA},
	}
}

func newProber(t *testing.T, w *world) *prober {
	t.Helper()
	p := &prober{world: w, probes: probes(), expected: map[string][]string{}, rng: rand.New(rand.NewPCG(7, 11))}
	for _, subnet := range []string{"223.5.5.0/24", "8.8.8.0/24"} {
		for i := range 8 {
			p.resolvers = append(p.resolvers, &resolver{parent: i % 2, child: i%4 > 1, validate: i > 3, subnet: netip.MustParsePrefix(subnet)})
		}
		for _, q := range p.probes {
			for range 200 { // weighted records take turns
				a, err := p.ask(oldNameservers()[0], q, netip.MustParsePrefix(subnet))
				require.NoError(t, err)
				if key := q.key(netip.MustParsePrefix(subnet)); !slices.Contains(p.expected[key], a) {
					p.expected[key] = append(p.expected[key], a)
				}
			}
		}
	}
	p.fill()
	return p
}

func (q probe) key(subnet netip.Prefix) string { return fmt.Sprint(q.name, q.typ, subnet) }

// fill lets each resolver begin at another moment of its cache.
func (p *prober) fill() {
	now := p.world.clock.Now()
	for _, r := range p.resolvers {
		p.refresh(r, now)
		r.nsUntil = now.Add(time.Duration(p.rng.Int64N(int64(parentTTL * time.Second))))
		r.dsUntil = now.Add(time.Duration(p.rng.Int64N(int64(dsTTL * time.Second))))
	}
}

// refresh asks the parent for what has run out.
func (p *prober) refresh(r *resolver, now time.Time) {
	ns, ds := p.world.registry.view(r.parent, now)
	if !now.Before(r.nsUntil) {
		r.ns, r.nsUntil = ns, now.Add(parentTTL*time.Second)
		if r.child {
			p.adopt(r, now)
		}
	}
	if !now.Before(r.dsUntil) {
		r.ds, r.dsUntil = len(ds) > 0, now.Add(dsTTL*time.Second)
	}
}

// adopt takes the NS set of the zone itself.
func (p *prober) adopt(r *resolver, now time.Time) {
	q := new(dns.Msg)
	q.SetQuestion("example.com.", dns.TypeNS)
	a, err := p.world.Exchange(context.Background(), netip.AddrPortFrom(p.world.addr(r.ns[0]), 53), q, true)
	if err != nil || len(a.Answer) == 0 {
		return
	}
	r.ns = nil
	for _, rr := range a.Answer {
		r.ns = append(r.ns, strings.TrimSuffix(rr.(*dns.NS).Ns, "."))
		r.nsUntil = now.Add(time.Duration(rr.Header().Ttl) * time.Second)
	}
}

// ask asks one name server, and has the answer in one line.
func (p *prober) ask(host string, q probe, subnet netip.Prefix) (string, error) {
	m := new(dns.Msg)
	m.SetQuestion(q.name, q.typ)
	m.RecursionDesired = false
	m.SetEdns0(4096, false)
	m.IsEdns0().Option = append(m.IsEdns0().Option, &dns.EDNS0_SUBNET{
		Code: dns.EDNS0SUBNET, Family: 1, SourceNetmask: uint8(subnet.Bits()), Address: subnet.Addr().AsSlice(),
	})
	a, err := p.world.Exchange(context.Background(), netip.AddrPortFrom(p.world.addr(host), 53), m, true)
	if err != nil {
		return "", err
	}
	rrs := a.Answer
	if len(rrs) == 0 {
		for _, rr := range a.Ns {
			if rr.Header().Rrtype == dns.TypeNS {
				rrs = append(rrs, rr)
			}
		}
	}
	var out []string
	for _, rr := range rrs {
		text := strings.ToLower(strings.TrimPrefix(rr.String(), rr.Header().String()))
		if t, ok := rr.(*dns.TXT); ok {
			text = strings.Join(t.Txt, "")
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return dns.RcodeToString[a.Rcode] + " " + strings.Join(out, " | "), nil
}

// tick is called whenever a minute has passed: every resolver answers two of the questions, each fifth minute.
func (p *prober) tick() {
	now := p.world.clock.Now()
	if p.turn++; p.turn%5 > 0 || p.enough && len(p.wrong) > 0 {
		return
	}
	for i, r := range p.resolvers {
		p.refresh(r, now)
		for n := range 2 {
			q := p.probes[(2*p.turn/5+n+i)%len(p.probes)]
			host := r.ns[p.rng.IntN(len(r.ns))]
			answer, err := p.ask(host, q, r.subnet)
			old := slices.Contains(oldNameservers(), host)
			switch {
			case err != nil:
				answer = err.Error()
			case !old && r.validate && r.ds: // it has a DS, and the new zone is not signed
				answer = "SERVFAIL bogus"
			}
			p.asked++
			if old {
				p.fromOld++
			} else {
				p.fromNew++
			}
			if !slices.Contains(p.expected[q.key(r.subnet)], answer) && len(p.wrong) < 1000 {
				p.wrong = append(p.wrong, fmt.Sprintf("%s resolver %d at %s: %s %s: %s", now.Format("02 15:04"), i, host, q.name, dns.TypeToString[q.typ], answer))
			}
		}
	}
}

// watch makes the move with the prober asking all the time, and goes on to ten days.
func watch(t *testing.T, change func(*transfer.Config)) (*move, *prober) {
	t.Helper()
	const days = 10
	m := newMove(t, time.Minute) // the old zone is gone as soon as the domain is: nobody promises more
	m.change = change
	p := newProber(t, m.world)
	p.enough = change != nil
	m.world.clock.passed = func() {
		m.world.sync()
		p.tick()
	}
	began := m.world.clock.Now()
	events, err := m.run()
	require.NoError(t, err, events)
	for m.world.clock.Now().Before(began.Add(days*24*time.Hour)) && (!p.enough || len(p.wrong) == 0) {
		m.world.clock.Advance(stride)
	}
	return m, p
}

// All through the move, every answer that anybody gets is right: while the caches of the world turn over, while the parent
// zone has one thing on one server and another on the next, and when the old zone goes away with the domain.
func TestNothingResolvesWrongly(t *testing.T) {
	t.Parallel()
	m, p := watch(t, nil)
	m.arrived("")
	t.Logf("%d answers in ten days, %d of the old zone and %d of the new one, %d wrong", p.asked, p.fromOld, p.fromNew, len(p.wrong))
	assert.Empty(t, p.wrong)
	assert.Greater(t, p.fromOld, 5_000)
	assert.Greater(t, p.fromNew, 5_000)
	gone, err := p.ask(oldNameservers()[0], probe{"example.com.", dns.TypeA}, netip.MustParsePrefix("8.8.8.0/24"))
	require.NoError(t, err)
	assert.Equal(t, "REFUSED ", gone, "the old zone is gone by now")
}

// The prober sees what it should: a move that does not wait for the caches of the name servers, and one that does not wait for
// those of the DS.
func TestTheProberSeesHaste(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		dns  hasty
		want string
	}{
		"no wait for the name servers": {hasty{ttl: time.Second}, "REFUSED"},
		"no wait for the DS":           {hasty{ds: time.Second}, "SERVFAIL bogus"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, p := watch(t, func(cfg *transfer.Config) {
				d := tt.dns
				d.DNS = cfg.DNS
				cfg.DNS = d
			})
			require.NotEmpty(t, p.wrong)
			assert.Contains(t, strings.Join(p.wrong, "\n"), tt.want)
		})
	}
}

// hasty says that nothing is kept for long.
type hasty struct {
	transfer.DNS
	ttl, ds time.Duration
}

func (h hasty) Delegation(ctx context.Context, domain string) (transfer.Delegation, error) {
	d, err := h.DNS.Delegation(ctx, domain)
	if h.ttl > 0 {
		d.TTL = h.ttl
	}
	if h.ds > 0 {
		d.DSTTL = h.ds
	}
	return d, err
}

func (h hasty) NSTTL(ctx context.Context, domain string, ns []string) (time.Duration, error) {
	ttl, err := h.DNS.NSTTL(ctx, domain, ns)
	if h.ttl > 0 {
		ttl = h.ttl
	}
	return ttl, err
}
