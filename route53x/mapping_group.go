package route53x

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// group decides for all records of one name and type at once, since they have one policy at Route 53.
func (m *mapper) group(nt nameAndType) {
	group := m.members[nt]
	byLine := map[string][]member{}
	for _, g := range group {
		line := g.line
		byLine[line] = append(byLine[line], g)
	}
	lines := slices.Sorted(maps.Keys(byLine))
	all := func(class MapClass, reason string) {
		for _, g := range group {
			m.worsen(g.item, class, reason, "")
		}
	}
	kept := map[string][]member{}
	geo, network := false, false
	for _, line := range lines {
		kind, _ := kindOfLine(line)
		switch {
		case kind == plainLine:
			kept[lineDefault] = append(kept[lineDefault], byLine[line]...)
		case m.opts.locates(line):
			kept[line] = byLine[line]
			network = true
		case kind == mainlandLine, kind == abroadLine, kind == geoLine:
			kept[line] = byLine[line]
			geo = true
		}
	}
	if geo && network { // one policy for a name and type: places, since they have more customers than networks
		maps.DeleteFunc(kept, func(line string, _ []member) bool { return m.opts.locates(line) })
		network = false
	}
	lost := false
	for _, line := range lines {
		kind, _ := kindOfLine(line)
		if kind == plainLine || kept[line] != nil {
			continue
		}
		lost = true
		class, reason, proposal := lostLine(line, kind)
		if geo && m.opts.locates(line) {
			class, reason, proposal = MapLossy, "line "+line+" is answered by network, others of the name by place, and a name has one policy", "acknowledge"
		}
		if len(kept) == 0 {
			class, reason = MapUnmappable, reason+", and there is no default line here"
		}
		for _, g := range byLine[line] {
			m.worsen(g.item, class, reason, proposal)
		}
		for _, other := range lines {
			for _, g := range byLine[other] {
				if other != line {
					m.worsen(g.item, MapLossy, "line "+line+" of the same name and type is lost", "")
				}
			}
		}
	}
	switch {
	case len(kept) == 0:
	case network:
		m.byNetwork(nt, kept, all)
	case geo:
		m.byPlace(nt, kept, all)
	default:
		m.simple(nt, kept[lineDefault], lost, all)
	}
}

// simple is a group of the default line alone.
func (m *mapper) simple(nt nameAndType, group []member, lost bool, all func(MapClass, string)) {
	weighted := slices.ContainsFunc(group, func(g member) bool { return g.weighted })
	values := distinct(group)
	switch {
	case weighted && len(values) > 1:
		m.weighted(nt, group, all)
		return
	case len(values) > 1 && (nt.Type == CNAME || slices.ContainsFunc(values, func(g member) bool { return g.alias != nil })):
		if !lost {
			all(MapEqual, "several targets took turns, and each is chosen as often now")
		}
		m.weighted(nt, group, all)
		return
	}
	m.sets = append(m.sets, m.set(nt, group, "", nil))
}

// distinct are the members without those that say the same.
func distinct(group []member) []member {
	seen := map[string]bool{}
	var out []member
	for _, g := range group {
		if key := g.key(); !seen[key] {
			seen[key] = true
			out = append(out, g)
		}
	}
	return out
}

func (g member) key() string {
	if g.alias != nil {
		return "alias " + g.alias.ZoneID + " " + string(g.alias.Target)
	}
	return g.value
}

// weighted is one set for each value, each with its weight.
func (m *mapper) weighted(nt nameAndType, group []member, all func(MapClass, string)) {
	for _, g := range distinct(group) {
		weight := g.weight
		switch {
		case weight < 1:
			weight = 1
		case weight > 255:
			weight = 255
			all(MapLossy, fmt.Sprintf("weight %d is more than the 255 of Route 53", g.weight))
		}
		sum := sha256.Sum256([]byte(g.key()))
		m.sets = append(m.sets, m.set(nt, []member{g}, "aliyun-"+hex.EncodeToString(sum[:4]), Weighted{weight}))
	}
}

// byPlace is a set for each place. Mainland China gets a set of its own wherever a wider one would answer it otherwise:
// "oversea" is the world but for the mainland, and Asia has the mainland in it.
func (m *mapper) byPlace(nt nameAndType, kept map[string][]member, all func(MapClass, string)) {
	all(MapEqual, "lines become places, which are the same up to the geo database")
	places := map[Geolocation][]member{}
	asia := false
	for _, line := range slices.Sorted(maps.Keys(kept)) {
		if kind, g := kindOfLine(line); kind != plainLine {
			places[g] = append(places[g], kept[line]...)
			asia = asia || g.Continent == "AS"
		}
	}
	world, mainland := Geolocation{Country: "*"}, Geolocation{Country: "CN"}
	byDefault := kept[lineDefault]
	wide := places[world] != nil || asia
	if places[mainland] == nil && wide {
		if byDefault == nil {
			all(MapLossy, "mainland China had no answer, and gets that of the world or of Asia: Route 53 cannot leave it out")
		} else {
			places[mainland] = byDefault
		}
	}
	if places[world] == nil && byDefault != nil {
		places[world] = byDefault
	}
	for _, g := range slices.SortedFunc(maps.Keys(places), func(a, b Geolocation) int { return strings.Compare(placeID(a), placeID(b)) }) {
		m.sets = append(m.sets, m.routed(nt, places[g], placeID(g), g, all))
	}
}

func placeID(g Geolocation) string {
	switch {
	case g.Country == "*":
		return "aliyun-world"
	case g.Country != "":
		return "aliyun-country-" + strings.ToLower(g.Country)
	}
	return "aliyun-continent-" + strings.ToLower(g.Continent)
}

// byNetwork is a set for each line with networks, and one for all others.
func (m *mapper) byNetwork(nt nameAndType, kept map[string][]member, all func(MapClass, string)) {
	all(MapEqual, "lines become networks, which are the same as far as the prefixes are right and complete")
	for _, line := range slices.Sorted(maps.Keys(kept)) {
		location := line
		if line == lineDefault {
			location = "*"
		} else {
			m.used[line] = true
		}
		m.sets = append(m.sets, m.routed(nt, kept[line], "aliyun-line-"+line, CIDR{m.opts.CIDR.Collection, location}, all))
	}
}

// routed is the set of one place or network. It has no room for a second policy: weights are lost, and several targets.
func (m *mapper) routed(nt nameAndType, group []member, id string, r Routing, all func(MapClass, string)) RRSet {
	values := distinct(group)
	if len(values) > 1 {
		if slices.ContainsFunc(group, func(g member) bool { return g.weighted }) {
			all(MapLossy, "weights and lines at one name need two policies: the weights are lost")
		}
		if nt.Type == CNAME || slices.ContainsFunc(values, func(g member) bool { return g.alias != nil }) {
			all(MapLossy, "a set has one target, and here are several on one line: the first is taken")
			values = values[:1]
		}
	}
	return m.set(nt, values, id, r)
}

// set makes one set of values of one line.
func (m *mapper) set(nt nameAndType, group []member, id string, r Routing) RRSet {
	s := RRSet{Name: nt.Name, Type: nt.Type, SetIdentifier: id, Routing: r, TTL: group[0].ttl}
	if group[0].alias != nil {
		s.Alias, s.TTL = group[0].alias, 0
		return s
	}
	differ := false
	for _, g := range group {
		differ = differ || g.ttl != s.TTL
		s.TTL = min(s.TTL, g.ttl)
	}
	for _, g := range distinct(group) {
		s.Values = append(s.Values, g.value)
	}
	for _, g := range group {
		if differ {
			m.worsen(g.item, MapExact, fmt.Sprintf("TTLs differ, and a set has one: the lowest, %d", s.TTL), "")
		}
	}
	return s
}
