package route53x

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
)

// question is what every server is asked.
type question struct {
	name   Name // that is asked
	as     Name // the same, or for a probe the wildcard that it would meet
	typ    Type
	subnet netip.Prefix
}

// plain are the values of one set, sorted, in the form in which answers have them.
type plain []string

// knowledge is what the sets say, before anybody is asked.
type knowledge struct {
	zone    Name
	types   map[Name]map[Type]bool
	values  map[nameAndType][]plain // of sets with values; one for each version
	routed  map[nameAndType]bool    // answers of which may differ from one time to the next
	nearby  map[nameAndType]bool    // answers of which depend on where the question comes from
	aliases map[nameAndType]bool    // that lead out of the zone
	cuts    map[Name]bool           // delegations
	acm     map[Name]plain          // validation CNAMEs
}

// learn reads the sets, whose names are valid.
func learn(zone Name, sets, validations []RRSet) *knowledge {
	k := &knowledge{
		zone: zone, types: map[Name]map[Type]bool{}, values: map[nameAndType][]plain{}, routed: map[nameAndType]bool{},
		nearby: map[nameAndType]bool{}, aliases: map[nameAndType]bool{}, cuts: map[Name]bool{}, acm: map[Name]plain{},
	}
	for i, s := range slices.Concat(sets, validations) {
		c, err := s.Canonical()
		c.Name = canonicalKey(s).Name
		at := nameAndType{c.Name, c.Type}
		if !c.Type.Supported() {
			continue
		}
		if k.types[c.Name] == nil {
			k.types[c.Name] = map[Type]bool{}
		}
		k.types[c.Name][c.Type] = true
		switch c.Routing.(type) {
		case nil, TrafficPolicy:
		case Geolocation, GeoProximity, Latency, CIDR:
			k.nearby[at] = true
		default:
			k.routed[at] = true
		}
		if _, ok := c.Routing.(TrafficPolicy); ok { // which may do anything
			k.routed[at], k.nearby[at] = true, true
		}
		if c.Type == NS && c.Name != zone {
			k.cuts[c.Name] = true
		}
		if c.Alias != nil && !c.Alias.Target.Within(zone) {
			k.aliases[at] = true
		}
		if c.Alias != nil || err != nil {
			continue
		}
		v := make(plain, len(c.Values))
		for i, value := range c.Values {
			v[i] = c.Type.compareForm(value)
		}
		slices.Sort(v)
		k.values[at] = append(k.values[at], v)
		if c.Type == CNAME && (i >= len(sets) || isValidation(c)) {
			k.acm[c.Name] = v
		}
	}
	return k
}

// isValidation tells the CNAMEs by which ACM validates.
func isValidation(s RRSet) bool {
	return strings.HasPrefix(string(s.Name), "_") && len(s.Values) == 1 && strings.HasSuffix(s.Values[0], ".acm-validations.aws.")
}

// rotates tells whether the sets let answers to a question differ from one time to the next.
func (k *knowledge) rotates(q question) bool {
	return k.routed[nameAndType{q.as, q.typ}] || k.routed[nameAndType{q.as, CNAME}]
}

// known are all values with which the sets let a question be answered.
func (k *knowledge) known(q question) map[string]bool {
	all := map[string]bool{}
	for _, v := range k.values[nameAndType{q.as, q.typ}] {
		for _, s := range v {
			all[s] = true
		}
	}
	if q.typ != CNAME {
		for _, v := range k.values[nameAndType{q.as, CNAME}] {
			for _, s := range v {
				all[cnameMark+s] = true
			}
		}
	}
	return all
}

// occluded tells names below a delegation: whose servers answer for them.
func (k *knowledge) occluded(n Name) bool {
	for n != k.zone {
		if n = n.parent(); k.cuts[n] && n != k.zone {
			return true
		}
	}
	return false
}

// parent is the name without its first label.
func (n Name) parent() Name {
	if i := strings.IndexByte(string(n), '.'); i >= 0 && i+1 < len(n) {
		return n[i+1:]
	}
	return "."
}

// questions are all that there is to ask, in the order of Route 53's lists.
func (k *knowledge) questions(o VerifyOptions) []question {
	types := map[Name]map[Type]bool{} // by the name that is asked
	as := map[Name]Name{}
	want := func(name, meets Name, t ...Type) {
		if types[name] == nil {
			types[name] = map[Type]bool{}
			as[name] = meets
		}
		for _, t := range t {
			types[name][t] = true
		}
	}
	label := randomLabel()
	probe := func(below Name, t ...Type) {
		if n, err := ParseName(label + "." + string(below)); err == nil { // there may be no room for it
			want(n, Name(`\052.`+string(below)), t...)
		}
	}
	probe(k.zone, o.Types...)
	want(k.zone, k.zone, o.Types...)
	for name, present := range k.types {
		own := make([]Type, 0, len(present))
		for t := range present {
			own = append(own, t)
		}
		switch {
		case k.occluded(name):
			continue
		case k.cuts[name]:
			want(name, name, NS)
			if present[DS] {
				want(name, name, DS)
			}
		case name.Wildcard():
			probe(name.parent(), o.Types...)
			probe(name.parent(), own...)
		case o.Quick:
			want(name, name, own...)
		default:
			want(name, name, o.Types...)
			want(name, name, own...)
		}
		for n := name.parent(); n != k.zone && n.Within(k.zone); n = n.parent() { // one that is empty exists as well
			if !k.cuts[n] && !k.occluded(n) && k.types[n] == nil {
				want(n, n, A)
			}
		}
	}
	var all []question
	for name, present := range types {
		if len(present) == 0 {
			present[A] = true
		}
		for t := range present {
			q := question{name: name, as: as[name], typ: t}
			switch {
			case name == k.zone && (t == SOA || t == NS): // they differ on purpose, and are looked at by themselves
			case k.nearby[nameAndType{q.as, t}], k.nearby[nameAndType{q.as, CNAME}]:
				for _, q.subnet = range o.Subnets {
					all = append(all, q)
				}
			default:
				all = append(all, q)
			}
		}
	}
	slices.SortFunc(all, func(a, b question) int {
		return cmp.Or(cmp.Compare(a.as.sortKey(), b.as.sortKey()), cmp.Compare(a.name, b.name), cmp.Compare(a.typ, b.typ),
			slices.Index(o.Subnets, a.subnet)-slices.Index(o.Subnets, b.subnet))
	})
	return all
}

// randomLabel is one that no zone has.
func randomLabel() string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // never fails
	return "no-such-" + hex.EncodeToString(b[:])
}
