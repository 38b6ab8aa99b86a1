package route53x

import (
	"fmt"
	"slices"
	"strings"
)

// Count is how many records are of this class.
func (m *Mapping) Count(c MapClass) int {
	n := 0
	for _, it := range m.Items {
		if it.Class == c {
			n++
		}
	}
	return n
}

// Open reports whether the item has to be acknowledged before anything is written.
func (it MapItem) Open() bool { return it.Class == MapLossy || it.Class == MapUnmappable }

// Unacknowledged are the lossy and unmappable items whose IDs are not among these.
func (m *Mapping) Unacknowledged(ids []string) []MapItem {
	var open []MapItem
	for _, it := range m.Items {
		if it.Open() && !slices.Contains(ids, it.ID) {
			open = append(open, it)
		}
	}
	return open
}

// Accept is the sets, once every lossy and every unmappable record is acknowledged by its ID. An ID says what the record
// says: when it changes at Aliyun, it has to be acknowledged anew. The error is [ErrUnsafe], with the IDs that are missing;
// an ID that no item has is [ErrInvalid], since it was meant for another state of the zone.
func (m *Mapping) Accept(ids []string) ([]RRSet, error) {
	for _, id := range ids {
		if !slices.ContainsFunc(m.Items, func(it MapItem) bool { return it.ID == id }) {
			return nil, fmt.Errorf("route53x: map Aliyun: %w: no record has the ID %q: read the zone again", ErrInvalid, id)
		}
	}
	if open := m.Unacknowledged(ids); len(open) > 0 {
		var missing []string
		for _, it := range open {
			missing = append(missing, it.ID)
		}
		return nil, fmt.Errorf("route53x: map Aliyun: %w: not acknowledged: %s", ErrUnsafe, strings.Join(missing, ", "))
	}
	return slices.Clone(m.Sets), nil
}

// String is the report for people: the counts, what has to be acknowledged, what is left out, and what is worth knowing.
func (m *Mapping) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s: %d records: %d exact, %d equal, %d lossy, %d skipped, %d unmappable; %d sets\n", m.Zone.ZoneFile(), len(m.Items),
		m.Count(MapExact), m.Count(MapEqual), m.Count(MapLossy), m.Count(MapSkipped), m.Count(MapUnmappable), len(m.Sets))
	for _, part := range []struct {
		class MapClass
		title string
	}{
		{MapUnmappable, "left out, to be acknowledged"},
		{MapLossy, "not as it was, to be acknowledged"},
		{MapEqual, "equal"},
		{MapSkipped, "skipped"},
		{MapExact, "exact, with a note"},
	} {
		titled := false
		for _, it := range m.Items {
			if it.Class != part.class || it.Reason == "" {
				continue
			}
			if !titled {
				fmt.Fprintf(&out, "\n%s:\n", part.title)
				titled = true
			}
			fmt.Fprintf(&out, "  %s  %q\n    %s\n", it.ID, strings.ToValidUTF8(clip(it.Record.Value), ""), it.Reason)
			if it.Proposal != "" {
				fmt.Fprintf(&out, "    → %s\n", it.Proposal)
			}
		}
	}
	for i, l := range m.Locations {
		if i == 0 {
			out.WriteString("\nlocations that the CIDR collection must have:\n")
		}
		fmt.Fprintf(&out, "  %s: %d prefixes\n", l.Name, len(l.Prefixes))
	}
	return out.String()
}
