package route53x

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// directive takes a line that begins with a dollar.
func (p *zoneParser) directive(e *entry) error {
	word := strings.ToUpper(e.tokens[0].text)
	args := e.tokens[1:]
	switch word {
	case "$ORIGIN":
		if len(args) != 1 {
			p.issue(Wrong, e.first(), "$ORIGIN takes one name")
			return nil
		}
		origin, err := p.absolute(args[0].text)
		if p.origin = origin; err != nil { // "" then: nothing may land under the one before
			p.issue(Wrong, args[0], "$ORIGIN: %v", err)
		}
	case "$TTL":
		if len(args) != 1 {
			p.issue(Wrong, e.first(), "$TTL takes one time")
			return nil
		}
		ttl, ok, err := parseTTL(strings.ToUpper(args[0].text))
		switch {
		case err != nil:
			p.issue(Wrong, args[0], "$TTL: %v", err)
		case !ok:
			p.issue(Wrong, args[0], "$TTL: not a time: seconds, or numbers with w, d, h, m, s")
		default:
			p.defTTL = &ttl
		}
	case "$INCLUDE":
		p.issue(Wrong, e.first(), "$INCLUDE is not followed: other files are not opened; put its records here")
	case "$GENERATE":
		return p.generate(e)
	default:
		p.issue(Wrong, e.first(), "no such directive")
	}
	return nil
}

// generate expands $GENERATE, up to 65,536 records a line and as many in all as the options allow.
func (p *zoneParser) generate(e *entry) error {
	words := make([]string, len(e.tokens))
	for i, t := range e.tokens {
		words[i] = t.text
	}
	words[0] = "$GENERATE"
	ttl := p.opts.DefaultTTL
	for _, known := range []*uint32{p.soaTTL, p.lastTTL, p.defTTL} {
		if known != nil {
			ttl = *known
		}
	}
	if len(words) > 3 && !hasTTL(words[3:]) { // the parser has a default of its own here, whatever it is told
		words = slices.Insert(words, 3, strconv.FormatUint(uint64(ttl), 10))
	}
	zp := dns.NewZoneParser(strings.NewReader(strings.Join(words, " ")+"\n"), p.origin.ZoneFile(), "")
	made := 0
	for ; ; made++ {
		rr, ok := zp.Next()
		if !ok {
			break
		}
		h := rr.Header()
		t, reason := fileType(dns.TypeToString[h.Rrtype])
		if reason != "" || h.Class != dns.ClassINET {
			p.issue(Unsupported, e.first(), "$GENERATE of class %s and type %s: Route 53 does not have it", dns.ClassToString[h.Class], dns.TypeToString[h.Rrtype])
			return nil
		}
		owner, err := parseName(h.Name, 10)
		value := ""
		if err == nil {
			value, err = renderData(rr)
		}
		if err == nil {
			value, err = t.CanonicalValue(value)
		}
		if err != nil {
			p.issue(Wrong, e.first(), "$GENERATE: %v", err)
			return nil
		}
		if err := p.add(record{at: e.first(), owner: owner, ttl: h.Ttl, typ: t, value: value}); err != nil {
			return err
		}
	}
	if err := zp.Err(); err != nil {
		p.issue(Wrong, culprit(err, e.tokens), "$GENERATE: %s", dataReason(err))
	} else if made == 0 {
		p.issue(Wrong, e.first(), "$GENERATE makes no record")
	}
	return nil
}

// hasTTL looks for a TTL before or behind the class.
func hasTTL(words []string) bool {
	for _, w := range words[:min(2, len(words))] {
		if _, ok, _ := parseTTL(strings.ToUpper(w)); ok {
			return true
		}
		if !isClass(strings.ToUpper(w)) {
			return false
		}
	}
	return false
}

// add puts a record into its set.
func (p *zoneParser) add(rec record) error {
	p.records++
	p.bytes += int64(len(rec.value) + len(rec.owner))
	if p.records > p.opts.MaxRecords || p.bytes > 4*p.opts.MaxBytes {
		return fmt.Errorf("line %d: more than %d records or %d bytes: %w", rec.at.line, p.opts.MaxRecords, p.opts.MaxBytes, ErrLimit)
	}
	apex := rec.owner == p.apex
	switch {
	case !rec.owner.Within(p.apex):
		p.issue(Wrong, rec.at, "%s is not in the zone %s", rec.owner.ZoneFile(), p.apex.ZoneFile())
		return nil
	case rec.typ == SOA && !apex:
		p.issue(Wrong, rec.at, "an SOA below the apex")
		return nil
	case rec.typ == DS && apex:
		p.issue(Unsupported, rec.at, "the DS of the zone itself belongs to the registrar")
		return nil
	case apex && (rec.typ == SOA || rec.typ == NS) && !p.opts.KeepApex:
		p.issue(Skipped, rec.at, "%s of the apex: a zone at Route 53 has its own", rec.typ)
		return nil
	case rec.typ == NS && rec.owner.Wildcard():
		p.issue(Wrong, rec.at, "an NS set may not be a wildcard")
		return nil
	}
	key := Key{rec.owner, rec.typ, rec.id}
	i, ok := p.index[key]
	if !ok {
		i = len(p.sets)
		p.index[key] = i
		p.sets = append(p.sets, fileSet{at: rec.at, RRSet: RRSet{
			Name: rec.owner, Type: rec.typ, SetIdentifier: rec.id, TTL: rec.ttl,
			Alias: rec.alias, Routing: rec.routing, HealthCheck: rec.health,
		}})
	}
	set := &p.sets[i]
	switch {
	case ok && (rec.alias != nil || set.Alias != nil):
		p.issue(Wrong, rec.at, "%s has an alias, and an alias is alone", key)
		return nil
	case ok && (rec.routing != set.Routing || rec.health != set.HealthCheck):
		p.issue(Wrong, rec.at, "%s: routing or health check differ from those in line %d", key, set.at.line)
		return nil
	}
	if rec.alias != nil {
		return nil
	}
	if rec.proxied {
		p.proxy(key, rec.at)
	}
	if rec.ttl != set.TTL && !set.ttlNoted {
		p.issue(Note, rec.at, "%s: TTLs differ, and a set has one: the lowest", key)
		set.ttlNoted = true
	}
	set.TTL = min(set.TTL, rec.ttl)
	seen := seenValue{key, rec.typ.compareForm(rec.value)}
	if _, twice := p.seen[seen]; twice {
		p.issue(Note, rec.at, "the same record stands there twice")
		return nil
	}
	p.seen[seen] = struct{}{}
	set.Values = append(set.Values, rec.value)
	return nil
}

func (p *zoneParser) proxy(key Key, at token) {
	if n := len(p.proxied); n == 0 || p.proxied[n-1] != key {
		p.proxied = append(p.proxied, key)
	}
	p.issue(Note, at, "proxied by Cloudflare: the world sees its addresses, the file has the origin")
}

// finish does what can be done when all is read: automatic TTLs and what may not stand side by side.
func (p *zoneParser) finish() {
	sets := make([]RRSet, len(p.sets))
	for i := range p.sets {
		s := &p.sets[i]
		if s.TTL == 1 && s.Alias == nil {
			switch auto := p.opts.AutoTTL; {
			case auto > 0 || p.cloudflare:
				if s.TTL = auto; auto == 0 {
					s.TTL = 300
				}
				p.issue(Note, s.at, "TTL 1 is Cloudflare's automatic: %d", s.TTL)
			default:
				p.issue(Note, s.at, "TTL 1: Cloudflare means automatic by that, and this file has no mark of Cloudflare; kept")
			}
		}
		sets[i] = s.RRSet
	}
	for _, c := range conflicts(p.apex, sets) {
		p.issue(Wrong, p.sets[p.index[c.key]].at, "%v", c.err)
	}
}

// conflict is a set that cannot be in its zone beside the others.
type conflict struct {
	key Key
	err error
}

// conflicts are in the order of the sets, whose names are canonical.
func conflicts(apex Name, sets []RRSet) []conflict {
	type nameType struct {
		Name
		Type
	}
	types := make(map[Name]map[Type]bool, len(sets))
	simple := make(map[nameType]bool, len(sets))
	policies := map[nameType]string{}
	var found []conflict
	for _, s := range sets {
		if types[s.Name] == nil {
			types[s.Name] = make(map[Type]bool, 1)
		}
		types[s.Name][s.Type] = true
		simple[nameType{s.Name, s.Type}] = simple[nameType{s.Name, s.Type}] || s.Routing == nil
	}
	for _, s := range sets {
		nt := nameType{s.Name, s.Type}
		add := func(reason string) {
			found = append(found, conflict{s.Key(), errors.New(s.Key().String() + ": " + reason)})
		}
		if s.Type == CNAME && s.Name == apex {
			add("a CNAME cannot stand at the apex: an alias can, if its target is an AWS resource")
		} else if s.Type == CNAME && len(types[s.Name]) > 1 {
			add("a CNAME cannot stand beside other types")
		}
		if s.Type == CNAME && len(s.Values) > 1 {
			add("a CNAME has one value")
		}
		if s.Routing == nil {
			continue
		}
		if simple[nt] {
			add("a routed set cannot stand beside a simple one")
		}
		if before := policies[nt]; before != "" && before != s.Routing.policy() {
			add("sets of one name and type have one policy, and there are " + before + " and " + s.Routing.policy())
		}
		policies[nt] = s.Routing.policy()
	}
	return found
}
