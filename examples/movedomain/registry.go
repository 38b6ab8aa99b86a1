package main

import (
	"slices"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/kitroll/kitroll/aliyun"
)

// The TTLs of the parent zone, those of .com.
const (
	parentTTL = 172800
	dsTTL     = 86400
)

// registry is the parent zone with its name servers. What the registrar changes reaches one of them after five minutes and
// the other after twenty.
type registry struct {
	domain string
	mu     sync.Mutex
	ns     []delegated
	ds     []signed
}

type delegated struct {
	at time.Time
	ns []string
}

type signed struct {
	at time.Time
	ds []aliyun.DSRecord
}

// lags are how late each server of the parent is.
func lags() []time.Duration { return []time.Duration{5 * time.Minute, 20 * time.Minute} }

// delegate has the registrar's present name servers. The same again is no change.
func (r *registry) delegate(at time.Time, ns []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.ns); n == 0 || !slices.Equal(r.ns[n-1].ns, ns) {
		r.ns = append(r.ns, delegated{at, slices.Clone(ns)})
	}
}

// sign has the registrar's present DS records.
func (r *registry) sign(at time.Time, ds []aliyun.DSRecord) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.ds); n == 0 || !slices.Equal(r.ds[n-1].ds, ds) {
		r.ds = append(r.ds, signed{at, slices.Clone(ds)})
	}
}

// view is what server i has at a time.
func (r *registry) view(i int, now time.Time) (ns []string, ds []aliyun.DSRecord) {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := now.Add(-lags()[i])
	for n, d := range r.ns {
		if n == 0 || !d.at.After(seen) {
			ns = d.ns
		}
	}
	for n, d := range r.ds {
		if n == 0 || !d.at.After(seen) {
			ds = d.ds
		}
	}
	return ns, ds
}

// answer is what server i of the parent zone says: a referral for the domain and what is below it, its DS with authority.
func (r *registry) answer(i int, now time.Time, q *dns.Msg) *dns.Msg {
	m := new(dns.Msg)
	m.SetReply(q)
	if q.IsEdns0() != nil {
		m.SetEdns0(1232, false)
	}
	if len(q.Question) != 1 || !dns.IsSubDomain(dns.Fqdn(r.domain), q.Question[0].Name) {
		m.Rcode = dns.RcodeRefused
		return m
	}
	ns, ds := r.view(i, now)
	name := dns.Fqdn(r.domain)
	header := func(t uint16, ttl uint32) dns.RR_Header {
		return dns.RR_Header{Name: name, Rrtype: t, Class: dns.ClassINET, Ttl: ttl}
	}
	if question := q.Question[0]; question.Qtype == dns.TypeDS && question.Name == name {
		m.Authoritative = true
		for _, d := range ds {
			m.Answer = append(m.Answer, &dns.DS{Hdr: header(dns.TypeDS, dsTTL), KeyTag: d.KeyTag, Algorithm: d.Algorithm, DigestType: d.DigestType, Digest: d.Digest})
		}
		return m
	}
	for _, host := range ns {
		m.Ns = append(m.Ns, &dns.NS{Hdr: header(dns.TypeNS, parentTTL), Ns: dns.Fqdn(host)})
	}
	return m
}
