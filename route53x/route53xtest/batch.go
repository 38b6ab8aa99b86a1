package route53xtest

import (
	"fmt"
	"slices"
	"strings"
)

// batch is the zone as it would be after a batch, and what Route 53 has against it.
type batch struct {
	server   *Server
	zone     *zone
	after    map[key]*set
	byName   map[string]map[key]bool
	touched  []key
	gone     map[key]bool
	messages []string
}

func (b *batch) say(format string, args ...any) {
	b.messages = append(b.messages, fmt.Sprintf(format, args...))
}

func (b *batch) index() {
	b.byName, b.gone = make(map[string]map[key]bool, len(b.after)), map[key]bool{}
	for k := range b.after {
		b.enter(k)
	}
}

func (b *batch) enter(k key) {
	if b.byName[k.name] == nil {
		b.byName[k.name] = make(map[key]bool, 1)
	}
	b.byName[k.name][k] = true
}

// describe names a set in the words of the messages.
func describe(k key) string {
	s := fmt.Sprintf("[name='%s', type='%s'", k.name, k.typ)
	if k.id != "" {
		s += fmt.Sprintf(", set-identifier='%s'", k.id)
	}
	return s + "]"
}

// delete wants the set to be there exactly as it is said to be, and only once.
func (b *batch) delete(w wireSet) {
	k := keyOf(w)
	at := b.after[k]
	switch {
	case b.gone[k]:
		b.say("The request contains an invalid set of changes for a resource record set '%s %s'", k.typ, k.name)
	case at == nil:
		b.say("Tried to delete resource record set %s but it was not found", describe(k))
	case !sameSet(at.wireSet, w):
		b.say("Tried to delete resource record set %s but the values provided do not match the current values", describe(k))
	default:
		delete(b.after, k)
		delete(b.byName[k.name], k)
		b.gone[k] = true
		b.touched = append(b.touched, k)
	}
}

func (b *batch) put(w wireSet, mustBeNew bool) {
	k := keyOf(w)
	if b.after[k] != nil && mustBeNew {
		b.say("Tried to create resource record set %s but it already exists", describe(k))
		return
	}
	if a := w.AliasTarget; a != nil && strings.TrimPrefix(a.HostedZoneId, "/hostedzone/") == b.zone.id {
		target, err := normal(a.DNSName)
		switch {
		case err != nil || !inZone(target, b.zone.name):
			b.say("Tried to create an alias that targets %s, type %s in zone %s, but the alias target name does not lie within the target zone", a.DNSName, k.typ, b.zone.id)
		case !b.has(target, k.typ):
			b.say("Tried to create an alias that targets %s, type %s in zone %s, but that target was not found", a.DNSName, k.typ, b.zone.id)
		}
	}
	b.after[k] = &set{wireSet: w}
	b.enter(k)
	b.touched = append(b.touched, k)
}

func (b *batch) has(name, typ string) bool {
	for k := range b.byName[name] {
		if k.typ == typ {
			return true
		}
	}
	return false
}

// conflicts are about sets that may not be side by side, at the names that the batch touches.
func (b *batch) conflicts() {
	said := map[key]bool{}
	for _, k := range b.touched {
		at := b.after[k]
		if at == nil || said[k] {
			continue
		}
		said[k] = true
		for other := range b.byName[k.name] {
			if other == k {
				continue
			}
			o := b.after[other]
			switch {
			case (k.typ == "CNAME") != (other.typ == "CNAME"):
				b.say("RRSet of type %s with DNS name %s is not permitted as it conflicts with other records with the same DNS name in zone %s", k.typ, k.name, b.zone.name)
			case other.typ != k.typ:
			case policy(at.wireSet) != policy(o.wireSet):
				b.say("RRSet with DNS name %s, type %s, SetIdentifier %s cannot be created as a set with the same name and type and another routing policy exists in zone %s", k.name, k.typ, k.id, b.zone.name)
			case policy(at.wireSet) != "weighted" && policy(at.wireSet) != "multivalue" && place(at.wireSet) == place(o.wireSet):
				b.say("RRSet with DNS name %s, type %s, SetIdentifier %s cannot be created because a set with the same routing location exists in zone %s", k.name, k.typ, k.id, b.zone.name)
			}
		}
	}
}

// essential are the sets that no zone is without.
func (b *batch) essential() {
	if b.after[key{b.zone.name, "SOA", ""}] == nil {
		b.say("A HostedZone must contain exactly one SOA record.")
	}
	if b.after[key{b.zone.name, "NS", ""}] == nil {
		b.say("A HostedZone must contain at least one NS record for the zone itself.")
	}
}

func (b *batch) steps() []step {
	var out []step
	done := map[key]bool{}
	for _, k := range b.touched {
		if !done[k] {
			done[k] = true
			out = append(out, step{k, b.after[k]})
		}
	}
	return out
}

// policy is the word for how a set is routed; "" is a simple one.
func policy(w wireSet) string {
	switch {
	case w.Weight != nil:
		return "weighted"
	case w.Region != nil:
		return "latency"
	case w.GeoLocation != nil:
		return "geo"
	case w.Failover != nil:
		return "failover"
	case w.MultiValueAnswer != nil && *w.MultiValueAnswer:
		return "multivalue"
	case w.CidrRoutingConfig != nil:
		return "cidr"
	case w.GeoProximityLocation != nil:
		return "proximity"
	}
	return ""
}

// place is what two sets of a policy may not share.
func place(w wireSet) string {
	switch {
	case w.Region != nil:
		return *w.Region
	case w.GeoLocation != nil:
		return text(w.GeoLocation.ContinentCode) + "/" + text(w.GeoLocation.CountryCode) + "/" + text(w.GeoLocation.SubdivisionCode)
	case w.Failover != nil:
		return *w.Failover
	case w.CidrRoutingConfig != nil:
		return w.CidrRoutingConfig.CollectionId + "/" + w.CidrRoutingConfig.LocationName
	case w.GeoProximityLocation != nil:
		return fmt.Sprint(text(w.GeoProximityLocation.AWSRegion), text(w.GeoProximityLocation.LocalZoneGroup), w.GeoProximityLocation.Coordinates)
	}
	return keyOf(w).id
}

// sameSet compares to the letter, the order of the values aside.
func sameSet(a, b wireSet) bool {
	values := func(w wireSet) []string {
		var out []string
		if w.ResourceRecords != nil {
			for _, r := range w.ResourceRecords.ResourceRecord {
				out = append(out, r.Value)
			}
		}
		slices.Sort(out)
		return out
	}
	number := func(p *int64) int64 {
		if p == nil {
			return -1
		}
		return *p
	}
	alias := func(w wireSet) wireAlias {
		if w.AliasTarget == nil {
			return wireAlias{}
		}
		out := *w.AliasTarget
		out.HostedZoneId = strings.TrimPrefix(out.HostedZoneId, "/hostedzone/")
		return out
	}
	return slices.Equal(values(a), values(b)) && number(a.TTL) == number(b.TTL) && number(a.Weight) == number(b.Weight) &&
		policy(a) == policy(b) && place(a) == place(b) && alias(a) == alias(b) && text(a.HealthCheckId) == text(b.HealthCheckId) &&
		bias(a) == bias(b) && text(a.TrafficPolicyInstanceId) == text(b.TrafficPolicyInstanceId)
}

func bias(w wireSet) int32 {
	if w.GeoProximityLocation == nil || w.GeoProximityLocation.Bias == nil {
		return 0
	}
	return *w.GeoProximityLocation.Bias
}
