package route53x_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"
)

// authority is a name server of one zone as RFC 1034 has it: wildcards, empty names, delegations with glue, CNAMEs
// followed within the zone. Answers that do not fit are cut.
type authority struct {
	zone string

	mu     sync.Mutex
	rrs    map[string][]dns.RR // by owner; empty names have an empty slice
	serial uint32
	asked  []dns.Question
	// twist changes an answer, or makes it none (nil).
	twist func(q *dns.Msg, tcp bool, m *dns.Msg) *dns.Msg
}

// newAuthority serves a zone file without an SOA, which it makes.
func newAuthority(tb testing.TB, zone, file string) *authority {
	tb.Helper()
	a := &authority{zone: dns.Fqdn(zone), rrs: map[string][]dns.RR{}, serial: 1}
	zp := dns.NewZoneParser(strings.NewReader("$ORIGIN "+a.zone+"\n$TTL 300\n"+file), a.zone, "")
	for rr, ok := zp.Next(); ok; rr, ok = zp.Next() {
		name := dns.CanonicalName(rr.Header().Name)
		a.rrs[name] = append(a.rrs[name], rr)
		require.True(tb, dns.IsSubDomain(a.zone, name), "%s is not in the zone", name)
		for n := name; n != a.zone; {
			if n = parentOf(n); a.rrs[n] == nil {
				a.rrs[n] = []dns.RR{}
			}
		}
	}
	require.NoError(tb, zp.Err())
	return a
}

func (a *authority) of(name string, qtype uint16) []dns.RR {
	var found []dns.RR
	for _, rr := range a.rrs[name] {
		if rr.Header().Rrtype == qtype {
			found = append(found, rr)
		}
	}
	return found
}

func (a *authority) soa() dns.RR {
	return &dns.SOA{
		Hdr: dns.RR_Header{Name: a.zone, Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: 900},
		Ns:  "ns.example.", Mbox: "hostmaster.example.", Serial: a.serial, Refresh: 7200, Retry: 900, Expire: 1209600, Minttl: 300,
	}
}

// answer is what the server says.
func (a *authority) answer(q *dns.Msg, tcp bool) *dns.Msg {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, q.Question[0])
	m := new(dns.Msg).SetReply(q)
	m.RecursionDesired = false
	size := dns.MinMsgSize
	if opt := q.IsEdns0(); opt != nil {
		size = int(opt.UDPSize())
		m.SetEdns0(1232, false)
	}
	a.fill(m, dns.CanonicalName(q.Question[0].Name), q.Question[0].Qtype)
	if !tcp {
		m.Truncate(size)
	}
	if a.twist != nil {
		m = a.twist(q, tcp, m)
	}
	return m
}

func (a *authority) fill(m *dns.Msg, name string, qtype uint16) {
	if !dns.IsSubDomain(a.zone, name) {
		m.Rcode = dns.RcodeRefused
		return
	}
	for below := dns.CountLabel(name) - dns.CountLabel(a.zone) - 1; below >= 0; below-- { // from the zone downwards
		i, _ := dns.PrevLabel(name, dns.CountLabel(name)-below)
		cut := name[i:]
		if ns := a.of(cut, dns.TypeNS); len(ns) > 0 && (cut != name || qtype != dns.TypeDS) {
			m.Ns = ns
			for _, rr := range ns {
				host := dns.CanonicalName(rr.(*dns.NS).Ns) //nolint:errcheck // of picks by type
				m.Extra = append(append(m.Extra, a.of(host, dns.TypeA)...), a.of(host, dns.TypeAAAA)...)
			}
			return
		}
	}
	m.Authoritative = true
	for range 8 {
		node, exists := a.rrs[name]
		if !exists {
			node = a.wildcard(name)
		}
		if qtype == dns.TypeSOA && name == a.zone {
			m.Answer = append(m.Answer, a.soa())
			return
		}
		var alias *dns.CNAME
		had := len(m.Answer)
		for _, rr := range node {
			if c, ok := rr.(*dns.CNAME); ok && qtype != dns.TypeCNAME {
				alias = c
			} else if rr.Header().Rrtype != qtype {
				continue
			}
			own := dns.Copy(rr)
			own.Header().Name = name
			m.Answer = append(m.Answer, own)
		}
		if alias == nil {
			if len(m.Answer) == had {
				m.Ns = []dns.RR{a.soa()}
			}
			if node == nil {
				m.Rcode = dns.RcodeNameError
			}
			return
		}
		if name = dns.CanonicalName(alias.Target); !dns.IsSubDomain(a.zone, name) {
			return
		}
	}
}

// wildcard is what stands for a name that does not exist; nil = nothing.
func (a *authority) wildcard(name string) []dns.RR {
	for n := name; n != a.zone; {
		n = parentOf(n)
		if _, exists := a.rrs[n]; exists {
			return a.rrs["*."+n]
		}
	}
	return nil
}

func parentOf(name string) string {
	i, end := dns.NextLabel(name, 0)
	if end {
		return "."
	}
	return name[i:]
}

// listen serves on loopback, UDP and TCP at one port.
func (a *authority) listen(tb testing.TB) netip.AddrPort {
	tb.Helper()
	udp, tcp, addr := freePort(tb)
	for _, s := range []*dns.Server{{PacketConn: udp}, {Listener: tcp}} {
		s.Handler = dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
			if m := a.answer(q, s.Listener != nil); m != nil {
				_ = w.WriteMsg(m)
			}
		})
		up, down := make(chan struct{}), make(chan struct{})
		s.NotifyStartedFunc = func() { close(up) }
		go func() {
			defer close(down)
			_ = s.ActivateAndServe()
		}()
		<-up
		tb.Cleanup(func() {
			_ = s.Shutdown()
			<-down
		})
	}
	return addr
}

// freePort finds a port of loopback that nobody has, for UDP and TCP.
func freePort(tb testing.TB) (net.PacketConn, net.Listener, netip.AddrPort) {
	tb.Helper()
	for range 20 {
		udp, err := net.ListenPacket("udp", "127.0.0.1:0")
		require.NoError(tb, err)
		tcp, err := net.Listen("tcp", udp.LocalAddr().String())
		if err == nil {
			return udp, tcp, netip.MustParseAddrPort(udp.LocalAddr().String())
		}
		_ = udp.Close()
	}
	require.FailNow(tb, "no port is free for UDP and TCP")
	return nil, nil, netip.AddrPort{}
}

// network is an Exchanger without sockets: servers by address, each answer on its way for a while. It works in a bubble
// of testing/synctest.
type network struct {
	latency time.Duration
	servers map[netip.AddrPort]*authority

	mu     sync.Mutex
	flying map[netip.AddrPort]int
	most   map[netip.AddrPort]int // questions on their way to one server at a time
	times  map[netip.AddrPort][]time.Time
}

func newNetwork() *network {
	return &network{
		latency: time.Millisecond, servers: map[netip.AddrPort]*authority{},
		flying: map[netip.AddrPort]int{}, most: map[netip.AddrPort]int{}, times: map[netip.AddrPort][]time.Time{},
	}
}

// add puts a server at an address.
func (n *network) add(addr string, a *authority) netip.AddrPort {
	at := netip.AddrPortFrom(netip.MustParseAddr(addr), 53)
	n.servers[at] = a
	return at
}

// Exchange implements route53x.Exchanger. Messages are packed and read again, as on the wire.
func (n *network) Exchange(ctx context.Context, server netip.AddrPort, q *dns.Msg, tcp bool) (*dns.Msg, error) {
	n.mu.Lock()
	n.flying[server]++
	n.most[server] = max(n.most[server], n.flying[server])
	n.times[server] = append(n.times[server], time.Now())
	n.mu.Unlock()
	defer func() {
		n.mu.Lock()
		n.flying[server]--
		n.mu.Unlock()
	}()
	var m *dns.Msg
	if a := n.servers[server]; a != nil {
		m = a.answer(carried(q), tcp)
	}
	wait := time.NewTimer(n.latency)
	defer wait.Stop()
	if m == nil {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	select {
	case <-wait.C:
		return carried(m), nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func carried(m *dns.Msg) *dns.Msg {
	wire, err := m.Pack()
	if err != nil {
		panic(err)
	}
	out := new(dns.Msg)
	if err := out.Unpack(wire); err != nil {
		panic(errors.Join(err, errors.New(m.String())))
	}
	return out
}
