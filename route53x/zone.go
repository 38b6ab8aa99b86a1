package route53x

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ParseOptions are the options of [ParseZone]. nil has the defaults.
type ParseOptions struct {
	MaxBytes   int64 // of the file, and of what $GENERATE makes of it; default 16 MiB
	MaxRecords int   // default 100,000, ten times what a zone of Route 53 holds
	// DefaultTTL in seconds is for a record that has none where there is no $TTL, no record with a TTL before it and no
	// SOA; default 300.
	DefaultTTL uint32
	// AutoTTL replaces a TTL of 1, which is Cloudflare's "automatic". 0: 300 in a file that has Cloudflare's tags, and
	// in others a TTL of 1 stays and is noted.
	AutoTTL uint32
	// KeepApex keeps SOA and NS of the zone's own name. A new zone at Route 53 has its own and must not get others, so
	// that they are skipped by default.
	KeepApex bool
}

// ZoneFile is what was read.
type ZoneFile struct {
	Origin Name
	Sets   []RRSet // in the order of Route 53's lists; values in the order of the file
	// Proxied are the sets that Cloudflare answers for with its own addresses: the file has the origin, the world sees
	// something else, so that answers differ on purpose.
	Proxied []Key
}

// ParseZone reads a zone file: BIND's (RFC 1035, with $ORIGIN, $TTL, $GENERATE and the notation of RFC 3597), Cloudflare's
// exports with their cf_tags, and the dialect of cli53, which has aliases as class AWS and routing in comments:
//
//	www  60    IN  A     192.0.2.1 ; AWS routing="WEIGHTED" weight=1 identifier="One"
//	@    86400 AWS ALIAS A d111111abcdef8.cloudfront.net. Z2FDTNDATAQYW2 false
//
// It reads to the end whatever it meets: each line that it cannot use is an [Issue] with line and column, as is everything
// that is not in the result as it was written. $INCLUDE is never followed. Records of one name and type become one set with
// the lowest of their TTLs. Sets that Route 53 would not have side by side (a CNAME beside others, a CNAME at the apex)
// are in the result and are issues that are [Wrong]; [Diff] refuses them.
//
// Errors: those of r; origin is not a name; [ErrLimit], with what was read up to there.
//
// Source: RFC 1035, 2308, 3597; the export of cli53 (read 2026-11).
func ParseZone(r io.Reader, origin string, opts *ParseOptions) (*ZoneFile, []Issue, error) {
	var o ParseOptions
	if opts != nil {
		o = *opts
	}
	o.MaxBytes = cmp.Or(o.MaxBytes, 16<<20)
	o.MaxRecords = cmp.Or(o.MaxRecords, 100_000)
	o.DefaultTTL = cmp.Or(o.DefaultTTL, 300)
	apex, err := ParseName(origin)
	if err != nil {
		return nil, nil, fmt.Errorf("route53x: origin: %w", err)
	}
	src, err := io.ReadAll(io.LimitReader(r, o.MaxBytes+1))
	if err != nil {
		return nil, nil, fmt.Errorf("route53x: zone file: %w", err)
	}
	if int64(len(src)) > o.MaxBytes {
		return nil, nil, fmt.Errorf("route53x: zone file is over %d bytes: %w", o.MaxBytes, ErrLimit)
	}
	p := &zoneParser{opts: o, apex: apex, origin: apex, index: map[Key]int{}, seen: map[seenValue]struct{}{}}
	s := scanner{src: strings.TrimPrefix(string(src), "\ufeff"), line: 1}
	for e := s.next(); e != nil && err == nil; e = s.next() {
		err = p.entry(e)
	}
	p.finish()
	sortIssues(p.issues)
	zone := &ZoneFile{Origin: apex, Proxied: p.proxied}
	for i := range p.sets {
		zone.Sets = append(zone.Sets, p.sets[i].RRSet)
	}
	sortSets(zone.Sets)
	if err != nil {
		err = fmt.Errorf("route53x: zone file: %w", err)
	}
	return zone, p.issues, err
}

// sortSets makes each key once, since a comparison would make two.
func sortSets(sets []RRSet) {
	type keyed struct {
		key string
		set RRSet
	}
	all := make([]keyed, len(sets))
	for i, s := range sets {
		all[i] = keyed{s.Name.sortKey(), s}
	}
	slices.SortStableFunc(all, func(a, b keyed) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.set.Type, b.set.Type), cmp.Compare(a.set.SetIdentifier, b.set.SetIdentifier))
	})
	for i := range all {
		sets[i] = all[i].set
	}
}
