package route53xtest

import (
	"net/netip"
	"strings"

	"github.com/miekg/dns"
)

// answerer makes one answer. Names are as Route 53 lists them.
type answerer struct {
	server *Server
	zone   *zone
	view   *view
	msg    *dns.Msg
	typ    string
	from   netip.Addr
}

// answer looks a name up; owner is how it was asked for, and stands in the answer.
func (a *answerer) answer(name, owner string, depth int) {
	if a.delegated(name) {
		return
	}
	source := name
	if !a.view.names[name] {
		closest := parent(name)
		for !a.view.names[closest] {
			closest = parent(closest)
		}
		if source = `\052.` + closest; !a.view.names[source] {
			if depth == 0 {
				a.msg.Rcode = dns.RcodeNameError
			}
			a.negative()
			return
		}
	}
	if cname := a.sets(source, "CNAME"); len(cname) > 0 && a.typ != "CNAME" && a.typ != "ANY" {
		a.add(cname, owner)
		if rr, ok := a.msg.Answer[len(a.msg.Answer)-1].(*dns.CNAME); ok && depth < 8 {
			if target, err := fromZoneFile(rr.Target); err == nil && inZone(target, a.zone.name) {
				a.answer(target, rr.Target, depth+1)
			}
		}
		return
	}
	found := a.sets(source, a.typ)
	if len(found) == 0 {
		a.negative()
		return
	}
	a.add(found, owner)
	if len(a.msg.Answer) == 0 {
		a.negative()
	}
}

// delegated answers with a referral where a name is below the NS set of a child.
func (a *answerer) delegated(name string) bool {
	for n := name; n != a.zone.name; n = parent(n) {
		ns := a.sets(n, "NS")
		if len(ns) == 0 || n == name && a.typ == "DS" {
			continue
		}
		a.msg.Authoritative = len(a.msg.Answer) > 0
		a.msg.Ns = a.records(ns, decimal(n))
		for _, rr := range a.msg.Ns {
			host, err := fromZoneFile(rr.(*dns.NS).Ns) //nolint:forcetypeassert,errcheck // records of an NS set
			if err != nil || !inZone(host, a.zone.name) {
				continue
			}
			for _, typ := range []string{"A", "AAAA"} {
				a.msg.Extra = append(a.msg.Extra, a.records(a.sets(host, typ), decimal(host))...)
			}
		}
		return true
	}
	return false
}

func (a *answerer) negative() {
	a.msg.Ns = a.records(a.sets(a.zone.name, "SOA"), decimal(a.zone.name))
}

func (a *answerer) add(sets []*set, owner string) {
	a.msg.Answer = append(a.msg.Answer, a.records(sets, owner)...)
}

// sets are those of a name and type that answer this question: of a routed one those that the policy chooses.
func (a *answerer) sets(name, typ string) []*set {
	var all []*set
	for _, s := range a.view.byName[name] {
		if s.Type == typ || typ == "ANY" {
			all = append(all, s)
		}
	}
	if len(all) == 0 || typ == "ANY" {
		return all
	}
	return a.choose(all)
}

// choose is the routing. Everything is healthy, latency and distance are the same from everywhere, and networks of CIDR
// collections are not known: the first answers there.
func (a *answerer) choose(all []*set) []*set {
	switch policy(all[0].wireSet) {
	case "multivalue":
		return all[:min(len(all), 8)]
	case "weighted":
		total := int64(0)
		for _, s := range all {
			total += *s.Weight
		}
		if total == 0 {
			return all[:1]
		}
		a.server.turn++
		at := a.server.turn % total
		for _, s := range all {
			if at -= *s.Weight; at < 0 {
				return []*set{s}
			}
		}
	case "failover":
		for _, s := range all {
			if *s.Failover == "PRIMARY" {
				return []*set{s}
			}
		}
	case "geo":
		return a.nearest(all)
	}
	return all[:1]
}

// nearest goes from the subdivision to the default.
func (a *answerer) nearest(all []*set) []*set {
	continent, country, subdivision := a.server.opts.Country(a.from)
	for _, want := range []wireGeo{
		{CountryCode: &country, SubdivisionCode: &subdivision}, {CountryCode: &country}, {ContinentCode: &continent}, {CountryCode: new("*")},
	} {
		for _, s := range all {
			g := *s.GeoLocation
			if place(wireSet{GeoLocation: &g}) == place(wireSet{GeoLocation: &want}) && text(want.CountryCode)+text(want.ContinentCode) != "" {
				return []*set{s}
			}
		}
	}
	return nil
}

// records are those of the sets, under the name of the owner. An alias answers with what its target has: within the zone
// that is known, and of other zones the fake knows nothing.
func (a *answerer) records(sets []*set, owner string) []dns.RR {
	var out []dns.RR
	for _, s := range sets {
		if t := s.AliasTarget; t != nil {
			if strings.TrimPrefix(t.HostedZoneId, "/hostedzone/") == a.zone.id && t.DNSName != s.Name {
				out = append(out, a.records(a.sets(t.DNSName, s.Type), owner)...)
			}
			continue
		}
		if s.ResourceRecords == nil {
			continue
		}
		for _, v := range s.ResourceRecords.ResourceRecord {
			rr, err := record(s.Name, s.Type, *s.TTL, v.Value)
			if err != nil {
				continue // it was checked when it came in
			}
			rr.Header().Name = owner
			out = append(out, rr)
		}
	}
	return out
}
