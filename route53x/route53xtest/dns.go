package route53xtest

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// ServeDNS answers for the public zones of the account as Route 53's name servers do: with what is INSYNC and nothing
// else. It is a dns.Handler. A zone that is not there, or not INSYNC yet, is REFUSED.
func (s *Server) ServeDNS(w dns.ResponseWriter, r *dns.Msg) {
	tcp := w.RemoteAddr() != nil && strings.HasPrefix(w.RemoteAddr().Network(), "tcp")
	_ = w.WriteMsg(s.reply(r, "", tcp)) // the one who asked has gone
}

// reply answers one question for the zones that the server of that name has; "" has all.
func (s *Server) reply(r *dns.Msg, server string, tcp bool) *dns.Msg {
	m := new(dns.Msg)
	m.SetReply(r)
	m.RecursionAvailable = false
	size := dns.MinMsgSize
	if opt := r.IsEdns0(); opt != nil {
		size = max(size, int(opt.UDPSize()))
		m.SetEdns0(4096, false)
		for _, o := range opt.Option {
			if subnet, ok := o.(*dns.EDNS0_SUBNET); ok {
				back := *subnet
				back.SourceScope = subnet.SourceNetmask
				m.IsEdns0().Option = append(m.IsEdns0().Option, &back)
			}
		}
	}
	switch {
	case r.Opcode != dns.OpcodeQuery || len(r.Question) != 1:
		m.Rcode = dns.RcodeFormatError
		return m
	case r.Question[0].Qclass != dns.ClassINET || r.Question[0].Qtype == dns.TypeAXFR || r.Question[0].Qtype == dns.TypeIXFR:
		m.Rcode = dns.RcodeRefused
		return m
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	name, err := fromZoneFile(r.Question[0].Name)
	z := s.serving(name, server)
	if err != nil || z == nil {
		m.Rcode = dns.RcodeRefused
		return m
	}
	m.Authoritative = true
	a := &answerer{server: s, zone: z, view: z.view(), msg: m, typ: dns.TypeToString[r.Question[0].Qtype], from: subnet(r)}
	a.answer(name, r.Question[0].Name, 0)
	if !tcp {
		m.Truncate(size)
	}
	return m
}

// fromZoneFile reads a name as miekg/dns writes it, with decimal escapes.
func fromZoneFile(name string) (string, error) {
	buf := make([]byte, 256)
	n, err := dns.PackDomainName(name, buf, 0, nil, false)
	if err != nil {
		return "", err
	}
	var out []string
	for i := 0; i < n && buf[i] > 0; i += int(buf[i]) + 1 {
		label := buf[i+1 : i+1+int(buf[i])]
		for j, c := range label {
			label[j] = lower(c)
		}
		out = append(out, string(label))
	}
	return written(out), nil
}

// view is a zone as the name servers look things up in it.
type view struct {
	byName map[string][]*set // in the order of lists
	names  map[string]bool   // all that exist, those between records and the apex too
}

// view is kept until something gets INSYNC.
func (z *zone) view() *view {
	if z.seen != nil {
		return z.seen
	}
	v := &view{byName: make(map[string][]*set, len(z.live)), names: make(map[string]bool, len(z.live))}
	for _, s := range sorted(z.live) {
		v.byName[s.Name] = append(v.byName[s.Name], s)
		for n := s.Name; inZone(n, z.name) && !v.names[n]; n = parent(n) {
			v.names[n] = true
		}
	}
	z.seen = v
	return v
}

// parent is the name without its first label.
func parent(name string) string {
	_, rest, _ := strings.Cut(name, ".")
	if rest == "" {
		return "."
	}
	return rest
}

// serving is the zone with the longest name that holds this one. Of several with one name, a server has but one.
func (s *Server) serving(name, server string) *zone {
	var best *zone
	for _, z := range s.zones {
		if z.private || z.live == nil || !inZone(name, z.name) || server != "" && !slices.Contains(z.servers, server) {
			continue
		}
		if best == nil || len(z.name) > len(best.name) || len(z.name) == len(best.name) && z.id < best.id {
			best = z
		}
	}
	return best
}

// subnet is where the question comes from, if it says so.
func subnet(r *dns.Msg) netip.Addr {
	if opt := r.IsEdns0(); opt != nil {
		for _, o := range opt.Option {
			if ecs, ok := o.(*dns.EDNS0_SUBNET); ok {
				addr, _ := netip.AddrFromSlice(ecs.Address)
				return addr.Unmap()
			}
		}
	}
	return netip.Addr{}
}
