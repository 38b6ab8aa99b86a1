package aliyuntest

import (
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/kitroll/kitroll/aliyun"
)

// redirectServer is where a REDIRECT_URL or FORWARD_URL record sends browsers: the platform's own servers.
const redirectServer = "203.0.113.80"

// ServeDNS makes the fake the name server of its zones: a handler for a server of github.com/miekg/dns, or for one that
// calls it. Answers over UDP are cut to what the question allows.
func (s *Server) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	from := netip.Addr{}
	if ap, err := netip.ParseAddrPort(w.RemoteAddr().String()); err == nil {
		from = ap.Addr()
	}
	m := s.AnswerDNS(q, from)
	if _, udp := w.RemoteAddr().(*net.UDPAddr); udp {
		size := dns.MinMsgSize
		if o := q.IsEdns0(); o != nil {
			size = max(size, int(o.UDPSize()))
		}
		m.Truncate(size)
	}
	_ = w.WriteMsg(m) // a caller that has left
}

// AnswerDNS is the answer to a question that comes from this address, or, if the question says so (EDNS client subnet), is
// asked for another. The line is chosen by that address for each name and type: the most special line that has a record,
// else default. Records that are switched off are not there. Weighted ones take turns by their weights, the others turn
// round. A zone that is not held here, or not any more, is REFUSED.
func (s *Server) AnswerDNS(q *dns.Msg, from netip.Addr) *dns.Msg {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	m := new(dns.Msg)
	m.SetReply(q)
	if len(q.Question) != 1 || q.Opcode != dns.OpcodeQuery || q.Question[0].Qclass != dns.ClassINET {
		m.Rcode = dns.RcodeNotImplemented
		return m
	}
	if o := q.IsEdns0(); o != nil {
		m.SetEdns0(1232, o.Do())
		for _, opt := range o.Option {
			if subnet, ok := opt.(*dns.EDNS0_SUBNET); ok {
				if a, ok := netip.AddrFromSlice(subnet.Address); ok && subnet.SourceNetmask > 0 {
					from = a.Unmap()
				}
				echo := *subnet
				echo.SourceScope = echo.SourceNetmask
				reply := m.IsEdns0()
				reply.Option = append(reply.Option, &echo)
			}
		}
	}
	name := strings.ToLower(strings.TrimSuffix(q.Question[0].Name, "."))
	z := s.zoneOf(name)
	if z == nil || !z.GoneAt.IsZero() && !s.opts.Now().Before(z.GoneAt) {
		m.Rcode = dns.RcodeRefused
		return m
	}
	a := answer{s: s, z: z, m: m, lines: append(slices.Clone(s.opts.Locate(from)), "default")}
	m.Authoritative = true
	a.find(name, q.Question[0].Qtype, 0)
	return m
}

// answer is one answer in the making.
type answer struct {
	s     *Server
	z     *Zone
	m     *dns.Msg
	lines []string
}

// find answers for a name in the zone.
func (a *answer) find(name string, qtype uint16, depth int) {
	rr := strings.TrimSuffix(strings.TrimSuffix(name, a.z.Domain), ".")
	if rr == "" {
		rr = "@"
	}
	if a.refer(rr) {
		return
	}
	owner := rr
	if !a.exists(rr) {
		if owner = a.wildcard(rr); owner == "" {
			a.m.Rcode = dns.RcodeNameError
			a.m.Ns = append(a.m.Ns, a.soa())
			return
		}
	}
	if rr == "@" && (qtype == dns.TypeSOA || qtype == dns.TypeNS) {
		a.apex(qtype)
		return
	}
	found := a.choose(owner, qtype)
	for _, r := range found {
		if record := a.record(name, r); record != nil {
			a.m.Answer = append(a.m.Answer, record)
		}
	}
	switch {
	case len(found) > 0 && found[0].Type == "CNAME" && qtype != dns.TypeCNAME && depth < 8:
		target := strings.ToLower(strings.TrimSuffix(found[0].Value, "."))
		if a.s.zoneOf(target) == a.z {
			a.find(target, qtype, depth+1)
		}
	case len(found) == 0 && depth == 0:
		a.m.Ns = append(a.m.Ns, a.soa())
	}
}

// refer sends to the servers of a child zone.
func (a *answer) refer(rr string) bool {
	if rr == "@" {
		return false
	}
	labels := strings.Split(rr, ".")
	for i := range labels {
		child := strings.Join(labels[i:], ".")
		ns := a.choose(child, dns.TypeNS)
		if len(ns) == 0 || ns[0].Type != "NS" {
			continue
		}
		a.m.Authoritative = len(a.m.Answer) > 0 // behind a CNAME of ours
		for _, r := range ns {
			a.m.Ns = append(a.m.Ns, a.record(child+"."+a.z.Domain, r))
			host := strings.ToLower(strings.TrimSuffix(r.Value, "."))
			if glue, in := strings.CutSuffix(host, "."+a.z.Domain); in {
				for _, t := range []uint16{dns.TypeA, dns.TypeAAAA} {
					for _, g := range a.choose(glue, t) {
						a.m.Extra = append(a.m.Extra, a.record(host, g))
					}
				}
			}
		}
		return true
	}
	return false
}

func (a *answer) enabled(match func(aliyun.DNSRecord) bool) []aliyun.DNSRecord {
	var found []aliyun.DNSRecord
	for _, r := range a.z.Records {
		if !r.Disabled() && match(r) {
			found = append(found, r)
		}
	}
	return found
}

// exists: a name with records on whatever line, or with names below it.
func (a *answer) exists(rr string) bool {
	return rr == "@" || len(a.enabled(func(r aliyun.DNSRecord) bool {
		lower := strings.ToLower(r.RR)
		return lower == rr || strings.HasSuffix(lower, "."+rr)
	})) > 0
}

// wildcard is the * that answers for a name, "" if there is none: the one below the nearest name that exists.
func (a *answer) wildcard(rr string) string {
	labels := strings.Split(rr, ".")
	for i := 1; i <= len(labels); i++ {
		parent, star := strings.Join(labels[i:], "."), "*"
		if parent != "" {
			star = "*." + parent
		}
		if len(a.enabled(func(r aliyun.DNSRecord) bool { return strings.EqualFold(r.RR, star) })) > 0 {
			return star
		}
		if parent == "" || a.exists(parent) {
			return ""
		}
	}
	return ""
}

// choose is the records of a name that answer a question on the first line that has any.
func (a *answer) choose(rr string, qtype uint16) []aliyun.DNSRecord {
	want := dns.TypeToString[qtype]
	for _, line := range a.lines {
		found := a.enabled(func(r aliyun.DNSRecord) bool {
			redirect := strings.HasSuffix(r.Type, "_URL") && want == "A"
			return strings.EqualFold(r.RR, rr) && r.Line == line && (r.Type == want || r.Type == "CNAME" || redirect)
		})
		if len(found) == 0 {
			continue
		}
		key := rr + " " + want + " " + line
		n := a.s.rotation[key]
		a.s.rotation[key]++
		if found[0].LbaStatus || found[0].Type == "CNAME" {
			return []aliyun.DNSRecord{byWeight(found, n)}
		}
		n %= len(found)
		return append(slices.Clone(found[n:]), found[:n]...)
	}
	return nil
}

// byWeight is the record whose turn it is: in as many questions as the weights sum up to, each comes as often as it weighs.
func byWeight(records []aliyun.DNSRecord, n int) aliyun.DNSRecord {
	total := 0
	for _, r := range records {
		total += max(r.Weight, 1)
	}
	n %= total
	for _, r := range records {
		if n -= max(r.Weight, 1); n < 0 {
			return r
		}
	}
	return records[0]
}

func (a *answer) apex(qtype uint16) {
	if qtype == dns.TypeSOA {
		a.m.Answer = append(a.m.Answer, a.soa())
		return
	}
	for _, n := range a.z.NameServers {
		a.m.Answer = append(a.m.Answer, &dns.NS{Hdr: a.header(a.z.Domain, dns.TypeNS, 86400), Ns: dns.Fqdn(n)})
	}
}

func (a *answer) header(name string, t uint16, ttl uint32) dns.RR_Header {
	return dns.RR_Header{Name: dns.Fqdn(name), Rrtype: t, Class: dns.ClassINET, Ttl: ttl}
}

func (a *answer) soa() *dns.SOA {
	return &dns.SOA{
		Hdr: a.header(a.z.Domain, dns.TypeSOA, 600), Ns: dns.Fqdn(a.z.NameServers[0]), Mbox: "hostmaster.fake-alidns.com.",
		Serial: 2026112700, Refresh: 3600, Retry: 1200, Expire: 86400, Minttl: 600,
	}
}

// record is a record on the wire, nil for one that cannot be.
func (a *answer) record(name string, r aliyun.DNSRecord) dns.RR {
	host := dns.Fqdn(strings.ToLower(r.Value))
	h := func(t uint16) dns.RR_Header { return a.header(name, t, r.TTL) }
	switch r.Type {
	case "REDIRECT_URL", "FORWARD_URL":
		return &dns.A{Hdr: h(dns.TypeA), A: net.ParseIP(redirectServer)}
	case "CNAME":
		return &dns.CNAME{Hdr: h(dns.TypeCNAME), Target: host}
	case "NS":
		return &dns.NS{Hdr: h(dns.TypeNS), Ns: host}
	case "MX":
		return &dns.MX{Hdr: h(dns.TypeMX), Preference: uint16(r.Priority), Mx: host}
	case "TXT":
		t := &dns.TXT{Hdr: h(dns.TypeTXT)}
		if quoted := strings.TrimSpace(r.Value); len(quoted) > 1 && quoted[0] == '"' && quoted[len(quoted)-1] == '"' { // borders (unverified)
			if rr, err := dns.NewRR(". 0 IN TXT " + quoted); err == nil {
				*rr.Header() = h(dns.TypeTXT)
				return rr
			}
		}
		text := r.Value
		for len(text) > 255 {
			t.Txt, text = append(t.Txt, escapeText(text[:255])), text[255:]
		}
		t.Txt = append(t.Txt, escapeText(text))
		return t
	}
	value := r.Value
	if r.Type == "SRV" {
		value = dns.Fqdn(value)
	}
	rr, err := dns.NewRR(". " + "0 IN " + r.Type + " " + value)
	if err != nil || rr == nil {
		return nil
	}
	*rr.Header() = h(rr.Header().Rrtype)
	return rr
}

func escapeText(s string) string { return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) }
