package route53x

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

// each asks servers one question, all at once.
func (r *run) each(ctx context.Context, servers []*nameserver, name Name, qtype uint16) ([]reply, error) {
	replies := make([]reply, len(servers))
	errs := make([]error, len(servers))
	var wg sync.WaitGroup
	for i, s := range servers {
		wg.Go(func() { replies[i], errs[i] = r.ask(ctx, s, name, qtype, netip.Prefix{}) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return replies, nil
}

func (r *run) newServers() []*nameserver { return r.servers[len(r.v.Old):] }

func (r *run) problem(c Check, n Name, format string, args ...any) {
	r.report.Problems = append(r.report.Problems, Problem{Check: c, Name: n, Text: fmt.Sprintf(format, args...)})
}

func (r *run) note(format string, args ...any) {
	r.report.Notes = append(r.report.Notes, fmt.Sprintf(format, args...))
}

// serials asks for the SOA of each server. 0 is for one that does not tell.
func (r *run) serials(ctx context.Context) ([]uint32, error) {
	replies, err := r.each(ctx, r.servers, r.v.Zone, dns.TypeSOA)
	if err != nil {
		return nil, err
	}
	serials := make([]uint32, len(replies))
	for i, re := range replies {
		a := re.read(r.v.Zone, r.v.Zone, SOA)
		if a.ok() && a.data() {
			for _, rr := range re.msg.Answer {
				if soa, ok := rr.(*dns.SOA); ok {
					serials[i] = soa.Serial
				}
			}
			continue
		}
		if r.servers[i].gone() {
			continue // which has a line of its own
		}
		status := a.status
		if status == "" {
			status = Rcode
		}
		d := Difference{Name: r.v.Zone, Type: SOA, Server: r.servers[i].addr, Status: status, New: a.String(), Text: "does not serve the zone"}
		if status == Timeout || status == Unusable {
			d.Text = ""
		}
		if !slices.ContainsFunc(r.report.Differences, func(o Difference) bool { return o.Type == SOA && o.Server == d.Server }) {
			r.report.Differences = append(r.report.Differences, d)
		}
	}
	return serials, nil
}

func (r *run) checkSerials(before, after []uint32) {
	for i, s := range r.servers {
		if before[i] != after[i] && before[i] != 0 && after[i] != 0 {
			r.problem(CheckSerial, r.v.Zone, "%s went from serial %d to %d meanwhile: verify again", s.addr, before[i], after[i])
		}
		r.report.Servers = append(r.report.Servers, ServerReport{
			Server: s.addr, Old: s.old, Queries: int(s.queries.Load()), Answered: int(s.replies.Load()), Serial: after[i], GaveUp: s.gone(),
		})
	}
	for side, serials := range map[string][]uint32{"old": after[:len(r.v.Old)], "new": after[len(r.v.Old):]} {
		serials = slices.DeleteFunc(slices.Clone(serials), func(n uint32) bool { return n == 0 })
		if len(serials) > 0 && slices.Min(serials) != slices.Max(serials) {
			r.note("the %s servers have serials from %d to %d", side, slices.Min(serials), slices.Max(serials))
		}
	}
	slices.Sort(r.report.Notes)
}

// apex reads the name servers that the zone names itself, on the new side.
func (r *run) apex(ctx context.Context) error {
	replies, err := r.each(ctx, r.newServers(), r.v.Zone, dns.TypeNS)
	if err != nil {
		return err
	}
	var first *answer
	for i, re := range replies {
		a := re.read(r.v.Zone, r.v.Zone, NS)
		switch {
		case !a.ok(): // the question for the SOA tells as much
		case !a.data():
			r.problem(CheckApex, r.v.Zone, "%s has no NS of the zone", r.newServers()[i].addr)
		case first == nil:
			first = &a
		case !first.same(a):
			r.problem(CheckApex, r.v.Zone, "the new servers name different ones: %s and %s", first, a)
		}
	}
	if first != nil {
		for _, v := range first.values {
			r.report.NameServers = append(r.report.NameServers, strings.TrimSuffix(v, "."))
		}
	}
	return nil
}

// checkACM looks for the validation CNAMEs, by name and on each server, whatever else is excused.
func (r *run) checkACM(all []*inquiry) {
	for _, q := range all {
		want, ok := r.know.acm[q.as]
		if !ok || q.typ != CNAME {
			continue
		}
		lost := 0
		for i := range r.newServers() {
			got := heard(q.got[len(r.v.Old)+i])
			if last := got[len(got)-1]; last.ok() && !slices.Equal(last.values, want) {
				lost++
			}
		}
		if lost > 0 {
			r.problem(CheckACM, q.as, "%d of %d new servers do not have CNAME %s: certificates will not renew",
				lost, len(r.v.New), strings.Join(want, ", "))
		}
	}
}

// checkDelegation asks the parent, and compares its DS with the keys of the new servers.
func (r *run) checkDelegation(ctx context.Context) error {
	if r.opts.Delegation == nil {
		r.note("the parent zone was not asked: no DS is known of")
		return nil
	}
	d, err := AskDelegation(ctx, string(r.v.Zone), r.opts.Delegation)
	if ctx.Err() != nil {
		return stopped(ctx)
	}
	if err != nil {
		r.problem(CheckDelegation, r.v.Zone, "%v", err)
		return nil
	}
	r.report.Delegation = &d
	for _, s := range d.Servers {
		if s.Problem != "" {
			r.note("%s, of the parent zone: %s", s.Server, s.Problem)
		}
	}
	if len(d.DS) == 0 {
		return nil
	}
	replies, err := r.each(ctx, r.newServers(), r.v.Zone, dns.TypeDNSKEY)
	if err != nil {
		return err
	}
	var tags []string
	for _, ds := range d.DS {
		tags = append(tags, fmt.Sprintf("%d (algorithm %d)", ds.KeyTag, ds.Algorithm))
	}
	for i, re := range replies {
		if !hasKey(re, d.DS) {
			r.problem(CheckDS, r.v.Zone, "%s has no key for the DS of the parent, %s: have it deleted and wait %s, or sign the zone with that key",
				r.newServers()[i].addr, strings.Join(tags, ", "), d.DSTTL)
		}
	}
	return nil
}

// hasKey tells whether one of the keys in a reply is one that a DS stands for.
func hasKey(re reply, all []DSRecord) bool {
	if re.msg == nil || !re.msg.Authoritative {
		return false
	}
	for _, rr := range re.msg.Answer {
		key, ok := rr.(*dns.DNSKEY)
		if !ok {
			continue
		}
		for _, ds := range all {
			if made := key.ToDS(ds.DigestType); made != nil && made.KeyTag == ds.KeyTag && made.Algorithm == ds.Algorithm &&
				strings.EqualFold(made.Digest, ds.Digest) {
				return true
			}
		}
	}
	return false
}
