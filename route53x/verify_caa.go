package route53x

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// maxChain is how many CNAMEs are followed, as resolvers do.
const maxChain = 8

// amazonIssues tells the names by which CAA allows Amazon's authority; the last two are unverified.
func amazonIssues(name string) bool {
	return slices.Contains([]string{"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"}, name)
}

// checkCAA sees to it that Amazon may issue for the names that have a validation CNAME, and for those of the caller.
func (r *run) checkCAA(ctx context.Context) error {
	names := map[Name]bool{}
	for n := range r.know.acm {
		names[n.parent()] = true
	}
	for _, n := range r.v.Certificates {
		names[n] = true
	}
	for _, n := range slices.Sorted(maps.Keys(names)) {
		if err := r.checkName(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// checkName climbs from a name to the zone, as an authority does, until there is a CAA set.
func (r *run) checkName(ctx context.Context, n Name) error {
	wildcard := n.Wildcard()
	at := n
	if wildcard {
		at = n.parent()
	}
	for ; at.Within(r.v.Zone); at = at.parent() {
		set, where, err := r.caa(ctx, at)
		if err != nil {
			return err
		}
		if len(set) == 0 && where == "" {
			continue
		}
		if where != "" {
			r.problem(CheckCAA, n, "CAA of %s: %s", at.ZoneFile(), where)
			return nil
		}
		allowed, wild := permits(set)
		if wildcard && !wild || !wildcard && !allowed {
			r.problem(CheckCAA, n, "CAA of %s does not allow amazon.com to issue", at.ZoneFile())
		} else if !wild {
			r.note("%s: CAA of %s allows amazon.com to issue, but not for wildcards", n.ZoneFile(), at.ZoneFile())
		}
		return nil
	}
	return nil
}

// caa asks the new servers, and follows CNAMEs within the zone. problem is why there is no answer to rely on.
func (r *run) caa(ctx context.Context, at Name) (set []*dns.CAA, problem string, err error) {
	name := at
	for range maxChain {
		replies, err := r.each(ctx, r.newServers(), name, dns.TypeCAA)
		if err != nil {
			return nil, "", err
		}
		i := slices.IndexFunc(replies, func(re reply) bool { return re.read(r.v.Zone, name, CAA).ok() })
		if i < 0 {
			return nil, "no new server answers", nil
		}
		a := replies[i].read(r.v.Zone, name, CAA)
		if !a.cname() {
			for _, rr := range replies[i].msg.Answer {
				if c, ok := rr.(*dns.CAA); ok {
					set = append(set, c)
				}
			}
			return set, "", nil
		}
		target := Name(strings.TrimPrefix(a.values[0], cnameMark))
		if !target.Within(r.v.Zone) {
			r.note("%s is a CNAME out of the zone, where CAA may stand that is not checked", name.ZoneFile())
			return nil, "", nil
		}
		name = target
	}
	return nil, "the CNAMEs do not end", nil
}

// permits reads a CAA set as RFC 8659 has it: for names and for wildcards.
func permits(set []*dns.CAA) (names, wildcards bool) {
	var issue, wild, issueOK, wildOK bool
	for _, c := range set {
		domain, _, _ := strings.Cut(c.Value, ";")
		ok := amazonIssues(strings.ToLower(strings.TrimSpace(domain)))
		switch strings.ToLower(c.Tag) {
		case "issue":
			issue, issueOK = true, issueOK || ok
		case "issuewild":
			wild, wildOK = true, wildOK || ok
		case "iodef", "contactemail", "contactphone", "issuemail", "issuevmc":
		default:
			if c.Flag&128 != 0 {
				return false, false // critical, and nobody knows what it says
			}
		}
	}
	names = !issue || issueOK
	if wild {
		return names, wildOK
	}
	return names, names
}
