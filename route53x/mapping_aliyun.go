package route53x

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// MapAliyun says what a zone of Alidns becomes at Route 53, record by record, and makes the sets. It is pure, but for the
// resolver that the options may have.
//
// Records of one name, type and line are one set with the lowest of their TTLs; weights become weighted sets. Lines become
// places where Route 53 knows the place: the mainland, the world abroad, continents, countries. Operators, provinces,
// crawlers and custom lines it does not know; what answers them then is the default line, and since a name and type has one
// policy, all records of that name and type are lossy with them. URL records, CNAMEs beside others and names of the traffic
// manager have no counterpart. What is switched off is left out, as is what a zone at Route 53 has of its own.
//
// Nothing lossy or unmappable is decided here: see [Mapping.Accept]. Sets are canonical, and in the order of Route 53's
// lists, as are the items; both come out the same whatever the order of the records.
//
// Errors: [ErrInvalid], with all that is wrong in domain and opts. A record that cannot be is an item, not an error.
//
// Source: the types and lines of Alidns, help.aliyun.com/document_detail/29807 (read 2026-11).
func MapAliyun(domain string, records []AliyunRecord, opts *MapOptions) (*Mapping, error) {
	apex, err := ParseName(domain)
	errs := []error{err}
	m := &mapper{apex: apex, members: map[nameAndType][]member{}, used: map[string]bool{}}
	if opts != nil {
		m.opts = *opts
		errs = append(errs, m.opts.check()...)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("route53x: map Aliyun: %w: %w", ErrInvalid, err)
	}
	records = slices.Clone(records)
	slices.SortStableFunc(records, func(a, b AliyunRecord) int {
		return cmp.Or(cmp.Compare(a.RR, b.RR), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.ID, b.ID))
	})
	for _, r := range records {
		m.read(r)
	}
	m.identify()
	m.cnames()
	for _, nt := range slices.SortedFunc(maps.Keys(m.members), func(a, b nameAndType) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type))
	}) {
		m.group(nt)
	}
	return m.finish()
}

// finish checks the sets as a whole, and sorts.
func (m *mapper) finish() (*Mapping, error) {
	out := &Mapping{Zone: m.apex, Sets: []RRSet{}, Items: m.items}
	for _, s := range m.sets {
		c, err := s.Canonical()
		if err == nil {
			err = fits(m.apex, c)
		}
		if err != nil { // values were read one by one: only a group can be wrong by now
			for _, g := range m.members[nameAndType{s.Name, s.Type}] {
				m.worsen(g.item, MapUnmappable, "Route 53 would refuse the set: "+err.Error(), "acknowledge")
			}
			continue
		}
		out.Sets = append(out.Sets, c)
	}
	sortSets(out.Sets)
	m.exposed(out.Sets)
	if c := conflicts(m.apex, out.Sets); len(c) > 0 {
		return nil, fmt.Errorf("route53x: map Aliyun: %w: %w", ErrInvalid, c[0].err)
	}
	keys := make(map[Name]string, len(out.Items))
	for _, it := range out.Items {
		keys[it.Key.Name] = it.Key.Name.sortKey()
	}
	slices.SortStableFunc(out.Items, func(a, b MapItem) int {
		return cmp.Or(strings.Compare(keys[a.Key.Name], keys[b.Key.Name]), cmp.Compare(a.Key.Type, b.Key.Type), cmp.Compare(a.ID, b.ID))
	})
	for line := range m.used {
		out.Locations = append(out.Locations, CIDRLocation{line, slices.Clone(m.opts.CIDR.Prefixes[line])})
	}
	slices.SortFunc(out.Locations, func(a, b CIDRLocation) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

// exposed finds names that exist no more because their only records are left out: a wildcard answers in their place, and in
// that of the empty names above them.
func (m *mapper) exposed(sets []RRSet) {
	exists := map[Name]bool{}
	for _, s := range sets {
		for n := s.Name; n != m.apex; n = n.parent() {
			exists[n] = true
		}
	}
	for i, it := range m.items {
		if it.Class != MapUnmappable || it.Key.Name == "" {
			continue
		}
		for n := it.Key.Name; n != m.apex && !exists[n]; n = n.parent() {
			if star := `\052.` + n.parent(); exists[star] && n != star {
				m.worsen(i, MapUnmappable, fmt.Sprintf("no other record keeps the name, and the wildcard %s answers in its place", star.ZoneFile()), "")
				break
			}
		}
	}
}
