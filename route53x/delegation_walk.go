package route53x

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

const (
	maxDepth   = 6   // servers whose addresses need servers whose addresses need …
	maxLookups = 200 // addresses that one walk searches for: no zone may keep it busy for ever
)

// walk is one way from the root to a domain's parent.
type walk struct {
	asker
	opts    DelegationOptions
	domain  Name
	cuts    map[Name]*cut // by name; nil = there is none
	lookups int

	mu      sync.Mutex
	servers map[netip.AddrPort]*nameserver
}

// cut is a zone and its servers, as the zone above it tells them.
type cut struct {
	zone  Name
	hosts []Name
	glue  map[Name][]netip.Addr
	roots []netip.AddrPort // in place of hosts
}

// newWalk reports everything that is wrong.
func newWalk(domain string, opts *DelegationOptions) (*walk, error) {
	var o DelegationOptions
	if opts != nil {
		o = *opts
	}
	var errs []error
	name, err := ParseName(domain)
	if err != nil {
		errs = append(errs, err)
	} else if name == "." {
		errs = append(errs, errors.New("nobody delegates the root"))
	}
	if o.Servers != nil && len(o.Servers) == 0 {
		errs = append(errs, errors.New("the Servers of the parent zone are none"))
	}
	for _, s := range slices.Concat(o.Servers, o.Roots) {
		if !s.IsValid() || s.Port() == 0 {
			errs = append(errs, fmt.Errorf("server %s is no address with a port", s))
		}
	}
	if o.Timeout < 0 || o.Tries < 0 {
		errs = append(errs, errors.New("Timeout and Tries are not less than nothing"))
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("route53x: delegation: %w: %w", ErrInvalid, errors.Join(errs...))
	}
	if o.Exchanger == nil {
		o.Exchanger = sockets{}
	}
	o.Port = cmp.Or(o.Port, 53)
	if len(o.Roots) == 0 {
		o.Roots = roots()
	}
	return &walk{
		asker: asker{ex: o.Exchanger, timeout: cmp.Or(o.Timeout, 2*time.Second), tries: cmp.Or(o.Tries, 3)},
		opts:  o, domain: name, cuts: map[Name]*cut{}, servers: map[netip.AddrPort]*nameserver{},
	}, nil
}

// roots are the root servers a to m by IPv4. Source: named.root of IANA (read 2026-11; the last change was in 2023).
func roots() []netip.AddrPort {
	var all []netip.AddrPort
	for _, s := range []string{
		"198.41.0.4", "170.247.170.2", "192.33.4.12", "199.7.91.13", "192.203.230.10", "192.5.5.241", "192.112.36.4",
		"198.97.190.53", "192.36.148.17", "192.58.128.30", "193.0.14.129", "199.7.83.42", "202.12.27.33",
	} {
		all = append(all, netip.AddrPortFrom(netip.MustParseAddr(s), 53))
	}
	return all
}

// server is the one at an address, with its pace.
func (w *walk) server(addr netip.AddrPort) *nameserver {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.servers[addr] == nil {
		w.servers[addr] = &nameserver{addr: addr, giveUp: 3}
		w.servers[addr].pace.gap = gap(w.opts.Rate, 20)
	}
	return w.servers[addr]
}

// enclosing finds the zone that a name is in, from the root downwards: a label at a time, as RFC 9156 has it, so that a
// server that serves several zones of the way hides none of them.
func (w *walk) enclosing(ctx context.Context, name Name, depth int) (*cut, error) {
	at := &cut{zone: ".", roots: w.opts.Roots}
	var way []Name
	for n := name; n != "."; n = n.parent() {
		way = append(way, n)
	}
	for _, n := range slices.Backward(way) {
		next, known := w.cuts[n]
		if !known {
			var err error
			if next, err = w.step(ctx, at, n, depth); err != nil {
				return nil, err
			}
			w.cuts[n] = next
		}
		if next != nil {
			at = next
		}
	}
	return at, nil
}

// step asks the servers of a zone whether a name below is a zone of its own; nil = it is not.
func (w *walk) step(ctx context.Context, at *cut, n Name, depth int) (*cut, error) {
	re, err := w.anyone(ctx, at, n, dns.TypeNS, depth)
	if err != nil {
		return nil, err
	}
	hosts, _, _ := said(re, n)
	if len(hosts) == 0 {
		if re.msg.Rcode == dns.RcodeNameError {
			return nil, &Error{Kind: ErrNotFound, Op: "delegation", Subject: n.ZoneFile(), Message: "the zone " + at.zone.ZoneFile() + " does not have it"}
		}
		return nil, nil //nolint:nilnil // no zone of its own
	}
	c := &cut{zone: n, hosts: hosts, glue: map[Name][]netip.Addr{}}
	for _, rr := range re.msg.Extra {
		host, err := parseName(rr.Header().Name, 10)
		if err != nil || !slices.Contains(hosts, host) || !host.Within(at.zone) {
			continue // what a server says of names that are not its own is not believed
		}
		if addr, ok := address(rr); ok && w.wanted(addr) {
			c.glue[host] = append(c.glue[host], addr)
		}
	}
	return c, nil
}

func address(rr dns.RR) (netip.Addr, bool) {
	switch rr := rr.(type) {
	case *dns.A:
		addr, ok := netip.AddrFromSlice(rr.A.To4())
		return addr, ok
	case *dns.AAAA:
		return netip.AddrFromSlice(rr.AAAA)
	}
	return netip.Addr{}, false
}

func (w *walk) wanted(addr netip.Addr) bool { return addr.Is4() || w.opts.IPv6 }

// said reads the NS set of a name out of a reply: of a referral, or, with child, of the answer of a server that serves the
// name itself.
func said(re reply, n Name) (hosts []Name, ttl time.Duration, child bool) {
	if re.msg == nil || re.msg.Rcode != dns.RcodeSuccess {
		return nil, 0, false
	}
	section := re.msg.Ns
	if re.msg.Authoritative && slices.ContainsFunc(re.msg.Answer, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeNS }) {
		section, child = re.msg.Answer, true
	}
	for _, rr := range section {
		if ns, ok := rr.(*dns.NS); ok && sameName(ns.Hdr.Name, n) {
			if host, err := parseName(ns.Ns, 10); err == nil {
				hosts = append(hosts, host)
				ttl = max(ttl, seconds(ns.Hdr.Ttl))
			}
		}
	}
	return hosts, ttl, child && len(hosts) > 0
}

// anyone asks one server of a zone after the other until one answers what can be used.
func (w *walk) anyone(ctx context.Context, at *cut, n Name, qtype uint16, depth int) (reply, error) {
	var wrong []string
	try := func(addr netip.AddrPort) (reply, bool) {
		re, err := w.ask(ctx, w.server(addr), n, qtype, netip.Prefix{})
		if err != nil {
			return re, false
		}
		hosts, _, _ := said(re, n)
		switch {
		case re.msg == nil:
			wrong = append(wrong, fmt.Sprintf("%s: %s", addr.Addr(), re.text))
		case re.msg.Rcode != dns.RcodeSuccess && re.msg.Rcode != dns.RcodeNameError, !re.msg.Authoritative && len(hosts) == 0:
			wrong = append(wrong, fmt.Sprintf("%s: no authority: %s", addr.Addr(), answer{rcode: re.msg.Rcode}))
		default:
			return re, true
		}
		return re, false
	}
	for _, addr := range at.roots {
		if re, ok := try(addr); ok {
			return re, nil
		}
	}
	for _, glued := range []bool{true, false} { // those whose address is known first
		for _, host := range at.hosts {
			if (len(at.glue[host]) > 0) != glued {
				continue
			}
			addrs, err := w.addresses(ctx, at, host, depth)
			if err != nil {
				wrong = append(wrong, fmt.Sprintf("%s: %v", host.ZoneFile(), err))
			}
			for _, addr := range addrs {
				if re, ok := try(addr); ok {
					return re, nil
				}
			}
		}
	}
	if ctx.Err() != nil {
		return reply{}, stopped(ctx)
	}
	return reply{}, fmt.Errorf("no server of %s answers for %s: %s", at.zone.ZoneFile(), n.ZoneFile(), strings.Join(wrong, "; "))
}

// everyone lists all servers of a zone. Those without an address are in it, with their problem.
func (w *walk) everyone(ctx context.Context, at *cut) ([]ServerDelegation, error) {
	var all []ServerDelegation
	for _, addr := range at.roots {
		all = append(all, ServerDelegation{Server: addr})
	}
	for _, host := range at.hosts {
		name := strings.TrimSuffix(string(host), ".")
		addrs, err := w.addresses(ctx, at, host, 0)
		if ctx.Err() != nil {
			return nil, stopped(ctx)
		}
		if err != nil {
			all = append(all, ServerDelegation{Host: name, NameServers: []string{}, DS: []DSRecord{}, Problem: "no address: " + err.Error()})
		}
		for _, addr := range addrs {
			all = append(all, ServerDelegation{Host: name, Server: addr})
		}
	}
	return all, nil
}

// addresses are those of a server: its glue, or what is found out.
func (w *walk) addresses(ctx context.Context, at *cut, host Name, depth int) ([]netip.AddrPort, error) {
	addrs := at.glue[host]
	if len(addrs) == 0 {
		if w.lookups++; depth >= maxDepth || w.lookups > maxLookups {
			return nil, errors.New("the addresses of servers lead to ever more servers")
		}
		var err error
		if w.opts.Resolver != nil {
			addrs, err = w.resolve(ctx, host)
		} else {
			addrs, err = w.search(ctx, host, depth+1)
		}
		if err == nil && len(addrs) == 0 {
			err = errors.New("it has none")
		}
		if err != nil {
			return nil, err
		}
		if at.glue != nil {
			at.glue[host] = addrs
		}
	}
	var all []netip.AddrPort
	for _, a := range addrs {
		all = append(all, netip.AddrPortFrom(a, w.opts.Port))
	}
	return all, nil
}

// resolve asks the caller's resolver.
func (w *walk) resolve(ctx context.Context, host Name) ([]netip.Addr, error) {
	network := "ip4"
	if w.opts.IPv6 {
		network = "ip"
	}
	ctx, cancel := context.WithTimeout(ctx, w.timeout*time.Duration(w.tries))
	defer cancel()
	addrs, err := w.opts.Resolver.LookupNetIP(ctx, network, host.ZoneFile())
	for i, a := range addrs {
		addrs[i] = a.Unmap()
	}
	return addrs, err
}

// search goes the way from the root for the addresses of a host.
func (w *walk) search(ctx context.Context, host Name, depth int) ([]netip.Addr, error) {
	zone, err := w.enclosing(ctx, host, depth)
	if err != nil {
		return nil, err
	}
	var addrs []netip.Addr
	types := []uint16{dns.TypeA}
	if w.opts.IPv6 {
		types = append(types, dns.TypeAAAA)
	}
	for _, t := range types {
		re, err := w.anyone(ctx, zone, host, t, depth)
		if err != nil {
			return nil, err
		}
		for _, rr := range re.msg.Answer {
			if addr, ok := address(rr); ok && sameName(rr.Header().Name, host) {
				addrs = append(addrs, addr)
			}
		}
	}
	return addrs, nil
}
