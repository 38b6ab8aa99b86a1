package route53x

import (
	"fmt"
	"strings"
)

// warnings are what a person should see before a plan is carried out. They come from the changes alone, so that a plan and
// its inverse are looked at alike.
func warnings(apex Name, changes []Change, limits Limits) []Finding {
	made := map[nameAndType]bool{}
	for _, c := range changes {
		if c.After != nil {
			made[nameAndType{c.Key().Name, c.Key().Type}] = true
		}
	}
	var found []Finding
	for _, c := range changes {
		k := c.Key()
		add := func(format string, args ...any) { found = append(found, Finding{k, fmt.Sprintf(format, args...)}) }
		if c.After == nil && !made[nameAndType{k.Name, k.Type}] {
			if text := lost(apex, c); text != "" {
				add("%s", text)
			}
		}
		if c.After != nil {
			warnSet(add, *c.After, limits)
			switch {
			case k.Type == NS && k.Name == apex:
				add("the name servers of the zone itself change: the registrar has to have the same")
			case k.Type == NS && c.Before == nil:
				add("a new delegation: names below it that are in this zone are no longer answered from it")
			case k.Type == NS:
				add("a delegation changes")
			}
		}
		if c.Action == Update && c.Before.Alias == nil && c.After.Alias == nil && c.After.TTL > c.Before.TTL {
			add("the TTL rises from %d to %d s: a mistake will last longer", c.Before.TTL, c.After.TTL)
		}
		if c.Action == Update && c.Before.TTL > 3600 && c.Before.Alias == nil {
			add("resolvers may keep what was there for %d s", c.Before.TTL)
		}
		if c.Action == Create && k.Name.Wildcard() {
			add("a new wildcard answers for names that did not exist")
		}
	}
	return found
}

// lost says what ends with a set that nothing of its name and type replaces.
func lost(apex Name, c Change) string {
	k := c.Key()
	if k.SetIdentifier != "" {
		return "" // others of its name and type may be there
	}
	switch {
	case k.Type == MX:
		return "no MX is left: mail to this name goes to its address, or nowhere"
	case k.Type == NS:
		return "a delegation is lost: names below it are answered from this zone"
	case k.Type == DS:
		return "the DS is lost: the child zone is no longer signed for resolvers"
	case k.Type == CAA:
		return "no CAA is left: any authority may issue certificates"
	case k.Name == apex && (k.Type == A || k.Type == AAAA):
		return "the zone's own name loses its address"
	case k.Name.Wildcard():
		return "a wildcard is lost: names that have no set of their own do not exist any more"
	case k.Type == TXT:
		for _, v := range c.Before.Values {
			text, _ := UnquoteTXT(v)
			for _, prefix := range []string{"v=spf1", "v=DMARC1", "v=DKIM1"} {
				if strings.HasPrefix(text, prefix) {
					return prefix + " is lost: mail may be taken for spam"
				}
			}
		}
	}
	return ""
}

// warnSet is about limits that are not certain enough to refuse for.
func warnSet(add func(string, ...any), s RRSet, limits Limits) {
	if len(s.Values) > limits.ValuesPerSet {
		add("%d values are more than the %d that a set may have", len(s.Values), limits.ValuesPerSet)
	}
	for _, v := range s.Values {
		if (s.Type == TXT || s.Type == SPF) && len(v) > limits.CharsPerTXT {
			add("a value of %d characters is longer than the %d that Route 53 takes", len(v), limits.CharsPerTXT)
		}
	}
}
