package route53x

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// cnames finds another way for CNAMEs that Route 53 cannot have: at the apex, and beside other types.
func (m *mapper) cnames() {
	var names []Name
	beside := map[Name][]string{}
	for nt := range m.members {
		if nt.Type == CNAME {
			names = append(names, nt.Name)
		} else {
			beside[nt.Name] = append(beside[nt.Name], string(nt.Type))
		}
	}
	slices.Sort(names)
	for _, name := range names {
		others := beside[name]
		slices.Sort(others)
		var why string
		switch {
		case name == m.apex:
			why = "a CNAME cannot stand at the apex"
		case len(others) > 0:
			why = "a CNAME cannot stand beside other types, and there is " + strings.Join(others, ", ")
		default:
			continue
		}
		group := m.members[nameAndType{name, CNAME}]
		delete(m.members, nameAndType{name, CNAME})
		for _, g := range group {
			if !m.replace(name, g, why) {
				m.missing(name, g.line)
			}
		}
	}
}

// replace makes addresses of a CNAME: an alias where AWS answers for the target, a snapshot where the caller consents.
func (m *mapper) replace(name Name, g member, why string) bool {
	target := Name(g.value)
	if id, ok := m.opts.aliasZone(string(target)); ok {
		m.worsen(g.item, MapExact, why+": an alias answers for it", "")
		for _, t := range []Type{A, AAAA} {
			g := g
			g.alias, g.value = &Alias{ZoneID: id, Target: target}, ""
			m.members[nameAndType{name, t}] = append(m.members[nameAndType{name, t}], g)
		}
		return true
	}
	if m.opts.Snapshot == nil {
		proposal := "move what it points at behind an AWS resource, or consent to a snapshot of its addresses (MapOptions.Snapshot)"
		if isAWS(string(target)) {
			proposal = "give the hosted zone of the AWS resource (MapOptions.AliasZone), and it becomes an alias"
		}
		m.worsen(g.item, MapUnmappable, why, proposal)
		return false
	}
	addrs, err := m.opts.Snapshot(strings.TrimSuffix(string(target), "."))
	if err == nil && len(addrs) == 0 {
		err = fmt.Errorf("no address")
	}
	if err != nil {
		m.worsen(g.item, MapUnmappable, fmt.Sprintf("%s, and the snapshot of %s failed: %v", why, target.ZoneFile(), err), "try again, or acknowledge")
		return false
	}
	m.worsen(g.item, MapLossy, fmt.Sprintf("%s: the addresses of %s stand in its place, and do not follow it", why, target.ZoneFile()), "watch the target, or move it behind an AWS resource")
	slices.SortFunc(addrs, netip.Addr.Compare)
	for _, addr := range slices.Compact(addrs) {
		g := g
		t := A
		if addr = addr.Unmap(); addr.Is6() {
			t = AAAA
		}
		g.value = addr.WithZone("").String()
		m.members[nameAndType{name, t}] = append(m.members[nameAndType{name, t}], g)
	}
	return true
}

// missing marks the addresses of a name of which a CNAME on another line is lost: some who ask get another answer.
func (m *mapper) missing(name Name, line string) {
	for _, t := range []Type{A, AAAA} {
		for _, g := range m.members[nameAndType{name, t}] {
			m.worsen(g.item, MapLossy, "a CNAME of the same name, on line "+line+", is lost", "")
		}
	}
}
