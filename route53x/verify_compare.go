package route53x

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// compare puts every difference into the report.
func (r *run) compare(all []*inquiry) {
	var found []Difference
	for _, q := range all {
		found = append(found, r.judge(q)...)
		r.ttls(q)
	}
	r.report.Matches = len(all)*len(r.v.New) - r.wrongAnswers(found)
	for _, d := range fold(found) {
		if d.Why != "" {
			r.report.Expected = append(r.report.Expected, d)
		} else {
			r.report.Differences = append(r.report.Differences, d)
		}
	}
	for _, s := range r.servers {
		if s.gone() {
			r.report.Differences = append(r.report.Differences, Difference{
				Name: r.v.Zone, Server: s.addr, Status: Timeout, Text: fmt.Sprintf("given up after %d questions without an answer", s.giveUp),
			})
		}
	}
}

func (r *run) wrongAnswers(found []Difference) int {
	n := 0
	for _, d := range found {
		if slices.Contains(r.v.New, d.Server) {
			n++
		}
	}
	return n
}

// unlike tells whether a question deserves to be asked again. Silence does not: it was asked often enough.
func (r *run) unlike(q *inquiry) bool {
	return slices.ContainsFunc(r.judge(q), func(d Difference) bool { return d.Why == "" && !d.is.silent() })
}

// rotates tells whether the old side gives other values from one time to the next.
func (r *run) rotates(q *inquiry) bool {
	if r.know.rotates(q.question) {
		return true
	}
	for i := range r.v.Old {
		var first *answer
		for _, a := range q.got[i] {
			if !a.ok() || !a.data() {
				continue
			}
			if first != nil && !first.same(a) {
				return true
			}
			first = &a
		}
	}
	return false
}

// judge finds at most one difference a server.
func (r *run) judge(q *inquiry) []Difference {
	var found []Difference
	rotates := r.rotates(q)
	var olds []answer
	for i, s := range r.servers[:len(r.v.Old)] {
		fine := slices.DeleteFunc(slices.Clone(q.got[i]), func(a answer) bool { return !a.ok() })
		switch {
		case len(fine) == 0:
			if a := q.got[i][0]; !s.gone() || !a.silent() {
				found = append(found, r.difference(q, s, answer{}, a))
			}
		case !rotates && len(olds) > 0 && !olds[0].same(fine[0]):
			d := r.difference(q, s, olds[0], fine[0])
			d.Status = Split
			found = append(found, d)
		}
		olds = append(olds, fine...)
	}
	if len(olds) == 0 {
		return found // nothing to compare with, which the differences of the old servers say
	}
	allowed := map[string]bool{}
	if rotates {
		allowed = r.know.known(q.question)
		for _, a := range olds {
			for _, v := range a.values {
				allowed[v] = true
			}
		}
	}
	for i, s := range r.servers[len(r.v.Old):] {
		got := heard(q.got[len(r.v.Old)+i])
		bad := slices.IndexFunc(got, func(a answer) bool { return !asExpected(a, olds, allowed) })
		if bad < 0 || s.gone() && got[bad].silent() {
			continue
		}
		d := r.difference(q, s, olds[0], got[bad])
		if len(got) > 1 && !rotates && slices.ContainsFunc(got, func(a answer) bool { return asExpected(a, olds, nil) }) {
			d.Text = "not each time"
		}
		r.excuse(&d, q, olds[0], got[bad])
		found = append(found, d)
	}
	return found
}

// heard leaves out silence where there were answers.
func heard(got []answer) []answer {
	if slices.ContainsFunc(got, func(a answer) bool { return !a.silent() }) {
		return slices.DeleteFunc(slices.Clone(got), answer.silent)
	}
	return got
}

// asExpected tells whether an answer of a new server is as one of the old side, or made of values that are allowed.
func asExpected(a answer, olds []answer, allowed map[string]bool) bool {
	if !a.ok() {
		return false
	}
	if slices.ContainsFunc(olds, a.same) {
		return true
	}
	return a.data() && a.referral == "" && !slices.ContainsFunc(a.values, func(v string) bool { return !allowed[v] })
}

// difference describes one, with its status.
func (r *run) difference(q *inquiry, s *nameserver, was, is answer) Difference {
	d := Difference{Name: q.as, Type: q.typ, Subnet: q.subnet, Server: s.addr, New: is.String(), was: was, is: is}
	if q.as != q.name {
		d.Probe = q.name
	}
	if s.old && was.status == "" && !was.data() && !is.ok() {
		d.Old, d.New = is.String(), "" // about the old side alone
	} else {
		d.Old = was.String()
	}
	switch {
	case is.status != "":
		d.Status = is.status
	case !is.ok():
		d.Status = Rcode
	case was.data() && is.data():
		d.Status = Value
	case was.data():
		d.Status = Missing
	case is.data():
		d.Status = Extra
	default:
		d.Status = Rcode
	}
	return d
}

// excuse sets Why where a difference is there on purpose.
func (r *run) excuse(d *Difference, q *inquiry, was, is answer) {
	if !is.ok() {
		return
	}
	plains := r.know.values[nameAndType{q.as, q.typ}]
	alias := func(t Type) bool { return r.know.aliases[nameAndType{q.as, t}] }
	why := Why("")
	for _, e := range r.v.Expected {
		if e.Name == q.as && (e.Type == "" || e.Type == q.typ) {
			why = e.Why
		}
	}
	switch {
	case why != "" && why != WhyAcknowledged && len(plains) > 0 && !slices.ContainsFunc(plains, func(p plain) bool { return slices.Equal(p, is.values) }):
		d.Text = string(why) + ", but the new answer is not what the sets have"
	case why != "":
		d.Why = why
	case alias(q.typ) && is.data():
		d.Why = WhyAlias
	case (alias(A) || alias(AAAA)) && was.cname() && !is.data() && is.rcode == dns.RcodeSuccess && len(plains) == 0 && !alias(q.typ):
		d.Why = WhyAlias // the old side has a CNAME, which stands for all types
	case (alias(A) || alias(AAAA)) && q.typ == CNAME && was.data() && !is.data() && is.rcode == dns.RcodeSuccess:
		d.Why = WhyAlias // the same CNAME, asked for by its type
	}
}

// fold leaves out what another difference explains: a name that is gone at a server, or there in addition, has another
// RCODE for all types that it never had, and so have the empty names above it; and a CNAME answers for every type.
func fold(found []Difference) []Difference {
	type at struct {
		server netip.AddrPort
		name   Name
	}
	gone, cname := map[at]bool{}, map[at]bool{}
	for _, d := range found {
		if d.Status != Missing && d.Status != Extra && d.Status != Value {
			continue
		}
		if d.Type == CNAME && (d.Why == "" || d.Why == WhyAcknowledged) {
			cname[at{d.Server, d.Name}] = true
		}
		for n := d.Name; d.Status != Value; n = n.parent() {
			gone[at{d.Server, n}] = true
			if n == "." {
				break
			}
		}
	}
	return slices.DeleteFunc(found, func(d Difference) bool {
		switch empty, alias := d.was.ok() && !d.was.data(), d.was.cname(); {
		case !d.is.ok():
			return false
		case d.is.data():
			return d.Type != CNAME && d.is.cname() && (empty || alias) && cname[at{d.Server, d.Name}]
		case alias:
			return d.Type != CNAME && cname[at{d.Server, d.Name}]
		default:
			return d.Status == Rcode && empty && gone[at{d.Server, d.Name}]
		}
	})
}

// ttls notes a TTL that differs.
func (r *run) ttls(q *inquiry) {
	var old, now uint32
	for i, got := range q.got {
		for _, a := range got {
			switch {
			case !a.ok() || !a.data() || a.cname():
			case i < len(r.v.Old):
				old = max(old, a.ttl)
			default:
				now = max(now, a.ttl)
			}
		}
	}
	c := TTLChange{Name: q.as, Type: q.typ, Old: old, New: now}
	if old != now && old != 0 && now != 0 && !slices.Contains(r.report.TTLs, c) {
		r.report.TTLs = append(r.report.TTLs, c)
	}
}

// ExpectProxied are the differences that a zone has which comes from Cloudflare: at each proxied name the world sees
// addresses of Cloudflare, and HTTPS records that Cloudflare makes.
func (z *ZoneFile) ExpectProxied() []Expectation {
	var all []Expectation
	seen := map[Name]bool{}
	for _, k := range z.Proxied {
		if seen[k.Name] {
			continue
		}
		seen[k.Name] = true
		for _, t := range []Type{A, AAAA, CNAME, HTTPS} {
			all = append(all, Expectation{Name: k.Name, Type: t, Why: WhyProxied})
		}
	}
	return all
}

// String is "example.com. A: missing: 192.0.2.1 → NXDOMAIN", without the server.
func (d Difference) String() string {
	var out strings.Builder
	out.WriteString(d.Name.ZoneFile())
	if d.Type != "" {
		out.WriteString(" " + string(d.Type))
	}
	if d.Subnet.IsValid() {
		out.WriteString(" from " + d.Subnet.String())
	}
	out.WriteString(": " + string(d.Status))
	switch {
	case d.Old != "" && d.New != "":
		out.WriteString(": " + d.Old + " → " + d.New)
	case d.Old+d.New != "":
		out.WriteString(": " + d.Old + d.New)
	}
	if d.Text != "" {
		out.WriteString(" (" + d.Text + ")")
	}
	if d.Why != "" {
		out.WriteString(": " + string(d.Why))
	}
	return out.String()
}
