package libdnsroute53

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/libdns/libdns"

	"github.com/kitroll/kitroll/route53x"
)

const (
	maxAttempts = 5 // of a change that others get ahead of
	fewNames    = 3 // as many are looked up one by one; for more the whole zone is read
	setsOfAName = 20
	inZone      = "libdnsroute53: %s: %w"
)

// nameType tells sets apart.
type nameType struct {
	name route53x.Name
	typ  route53x.Type
}

// edit is what a call wants of the sets that are there.
type edit struct {
	names []route53x.Name // that it is about
	// apply changes the sets and says which records are the call's result when that is done.
	apply func(z *zoneSets) (result []touched, err error)
}

// touched is a record of the result and the set on which it depends.
type touched struct {
	of  nameType
	rec libdns.Record
}

// zoneSets are the sets of the names that a call is about.
type zoneSets struct {
	zone route53x.Name
	sets []route53x.RRSet
}

// AppendRecords adds records to what is there, and changes no record that is: where a set has a TTL already, what is added
// has the same. The result are all records as they are in the zone; one that was there before is among them.
//
// It is done as a whole or, with an error that is no [*PartialError], not at all. Errors: route53x.ErrInvalid for a record
// that is not one, or that is not possible beside what is there; route53x.ErrUnsupported where an alias or a routed set
// has the name and type; route53x.ErrConflict where others kept changing the same sets; those of [route53x.Client.Apply].
func (p *Provider) AppendRecords(ctx context.Context, zone string, recs []libdns.Record) ([]libdns.Record, error) {
	return p.write(ctx, zone, recs, false)
}

// SetRecords makes the given records the only ones of their names and types. Records of other names and types stay; a
// CNAME beside others is refused. Atomicity and errors are those of [Provider.AppendRecords].
func (p *Provider) SetRecords(ctx context.Context, zone string, recs []libdns.Record) ([]libdns.Record, error) {
	return p.write(ctx, zone, recs, true)
}

func (p *Provider) write(ctx context.Context, zone string, recs []libdns.Record, replace bool) ([]libdns.Record, error) {
	return p.change(ctx, zone, func(zone route53x.Name) (edit, error) {
		var errs []error
		var specials []Special
		groups := map[nameType][]wanted{}
		names := map[route53x.Name]bool{}
		for i, rec := range recs {
			if s, ok := rec.(Special); ok {
				specials = append(specials, s)
				continue
			}
			w, err := read(rec, zone, false)
			if err == nil && w.name == zone && (w.typ == route53x.NS || w.typ == route53x.SOA) {
				err = errors.New("SOA and NS of the zone itself are not changed here")
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("record %d: %w", i, err))
				continue
			}
			groups[nameType{w.name, w.typ}] = append(groups[nameType{w.name, w.typ}], w)
			names[w.name] = true
		}
		for _, s := range specials {
			names[s.Set.Name] = true
		}
		if len(errs) > 0 {
			return edit{}, fmt.Errorf("%w: %w", route53x.ErrInvalid, errors.Join(errs...))
		}
		return edit{names: slices.Collect(maps.Keys(names)), apply: func(z *zoneSets) ([]touched, error) {
			var result []touched
			for _, s := range specials {
				if !z.has(s.Set) {
					return nil, fmt.Errorf("%w: %s is not there as it is given, and can only be kept", route53x.ErrUnsupported, s.Set.Key())
				}
				result = append(result, touched{nameType{s.Set.Name, s.Set.Type}, s})
			}
			for _, at := range sorted(groups) {
				done, err := z.put(at, groups[at], replace, p.cfg.TTL)
				if err != nil {
					return nil, err
				}
				result = append(result, done...)
			}
			return result, nil
		}}, nil
	})
}

// DeleteRecords deletes the records that are there as they are given; what is not there is left out of the result. A type,
// TTL or value that is empty fits all. The SOA and the name servers of the zone itself fit nothing. Atomicity and errors
// are those of [Provider.AppendRecords].
func (p *Provider) DeleteRecords(ctx context.Context, zone string, recs []libdns.Record) ([]libdns.Record, error) {
	return p.change(ctx, zone, func(zone route53x.Name) (edit, error) {
		var errs []error
		var patterns []wanted
		var specials []Special
		names := map[route53x.Name]bool{}
		for i, rec := range recs {
			if s, ok := rec.(Special); ok {
				specials = append(specials, s)
				names[s.Set.Name] = true
				continue
			}
			w, err := read(rec, zone, true)
			if err != nil {
				errs = append(errs, fmt.Errorf("record %d: %w", i, err))
			}
			patterns = append(patterns, w)
			names[w.name] = true
		}
		if len(errs) > 0 {
			return edit{}, fmt.Errorf("%w: %w", route53x.ErrInvalid, errors.Join(errs...))
		}
		return edit{names: slices.Collect(maps.Keys(names)), apply: func(z *zoneSets) ([]touched, error) {
			return z.drop(patterns, specials), nil
		}}, nil
	})
}

func sorted(groups map[nameType][]wanted) []nameType {
	return slices.SortedFunc(maps.Keys(groups), func(a, b nameType) int {
		if a.name != b.name {
			return compare(string(a.name), string(b.name))
		}
		return compare(string(a.typ), string(b.typ))
	})
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// change reads, edits and writes, and begins again when somebody else was faster.
func (p *Provider) change(ctx context.Context, zone string, prepare func(route53x.Name) (edit, error)) ([]libdns.Record, error) {
	z, err := p.zone(ctx, zone)
	if err != nil {
		return nil, libdns.AtomicErr(err)
	}
	e, err := prepare(z.name)
	if err != nil {
		return nil, libdns.AtomicErr(fmt.Errorf(inZone, z.name.ZoneFile(), err))
	}
	if len(e.names) == 0 {
		return nil, nil
	}
	if err := z.lock(ctx); err != nil {
		return nil, libdns.AtomicErr(err)
	}
	defer z.unlock()
	for attempt := 1; ; attempt++ {
		result, again, err := p.attempt(ctx, z, e)
		if again && attempt < maxAttempts {
			continue
		}
		p.forget(z, err)
		return result, err
	}
}

// attempt is one try. again: nothing is done, because the sets were changed by somebody else between reading and writing.
func (p *Provider) attempt(ctx context.Context, z *hostedZone, e edit) (records []libdns.Record, again bool, err error) {
	fail := func(err error) error { return fmt.Errorf(inZone, z.name.ZoneFile(), err) }
	have, err := p.sets(ctx, z, e.names)
	if err != nil {
		return nil, false, libdns.AtomicErr(fail(err))
	}
	edited := &zoneSets{zone: z.name, sets: slices.Clone(have)}
	result, err := e.apply(edited)
	if err != nil {
		return nil, false, libdns.AtomicErr(fail(err))
	}
	plan, err := route53x.Diff(have, edited.sets, &route53x.DiffOptions{Zone: string(z.name), Thresholds: route53x.Thresholds{Off: true}})
	if err != nil {
		return nil, false, libdns.AtomicErr(fail(err))
	}
	if len(plan.Changes) > 0 {
		done, err := p.cfg.Store.Apply(ctx, z.id, plan, &route53x.ApplyOptions{OtherSets: true, Confirm: p.cfg.Wait})
		if err != nil && len(done.Done) == 0 && !errors.Is(err, route53x.ErrUnknownOutcome) {
			return nil, errors.Is(err, route53x.ErrConflict), libdns.AtomicErr(fail(err))
		}
		if err != nil {
			partial := &PartialError{Done: finished(plan, done, result), Err: fail(err)}
			return partial.Done, false, partial
		}
		if p.cfg.Wait {
			if err := p.cfg.Store.WaitSync(ctx, done.ChangeIDs, nil); err != nil {
				partial := &PartialError{Done: finished(plan, done, result), Err: fail(err)}
				return partial.Done, false, partial
			}
		}
	}
	for _, t := range result {
		records = append(records, t.rec)
	}
	return records, false, nil
}

// finished are the records whose sets are in batches that are done, or in none.
func finished(plan *route53x.Plan, done route53x.Result, result []touched) []libdns.Record {
	open := map[nameType]bool{}
	for i, b := range plan.Batches {
		for _, c := range b.Changes {
			if !slices.Contains(done.Done, i+1) {
				k := plan.Changes[c].Key()
				open[nameType{k.Name, k.Type}] = true
			}
		}
	}
	var records []libdns.Record
	for _, t := range result {
		if !open[t.of] {
			records = append(records, t.rec)
		}
	}
	return records
}

// sets reads the sets of the names, by their own pages where they are few.
func (p *Provider) sets(ctx context.Context, z *hostedZone, names []route53x.Name) ([]route53x.RRSet, error) {
	of := map[route53x.Name]bool{}
	for _, n := range names {
		of[n] = true
	}
	var sets []route53x.RRSet
	if len(names) > fewNames {
		for s, err := range p.cfg.Store.RRSets(ctx, z.id, nil) {
			if err != nil {
				return nil, err
			}
			if of[s.Name] {
				sets = append(sets, s)
			}
		}
		return sets, nil
	}
	for _, n := range names {
		for s, err := range p.cfg.Store.RRSets(ctx, z.id, &route53x.ListOptions{From: string(n), PageSize: setsOfAName}) {
			if err != nil {
				return nil, err
			}
			if s.Name != n {
				break
			}
			sets = append(sets, s)
		}
	}
	return sets, nil
}

// has tells whether a set is there as it is.
func (z *zoneSets) has(s route53x.RRSet) bool {
	return slices.ContainsFunc(z.sets, func(o route53x.RRSet) bool { return o.SameKey(s) && o.SameContent(s) })
}

// find is the index of the plain set; −1 = there is none. An alias or a routed set in its place is an error.
func (z *zoneSets) find(at nameType) (int, error) {
	for i, s := range z.sets {
		if s.Name == at.name && s.Type == at.typ {
			if special(s) {
				return 0, fmt.Errorf("%w: %s is an alias, or has a routing policy or a health check", route53x.ErrUnsupported, s.Key())
			}
			return i, nil
		}
	}
	return -1, nil
}

// put adds records to a set, or makes them all of it.
func (z *zoneSets) put(at nameType, records []wanted, replace bool, ttl time.Duration) ([]touched, error) {
	i, err := z.find(at)
	if err != nil {
		return nil, err
	}
	if i >= 0 {
		ttl = time.Duration(z.sets[i].TTL) * time.Second
	}
	set := route53x.RRSet{Name: at.name, Type: at.typ, TTL: lowest(records, ttl)}
	if i >= 0 && !replace {
		set.TTL = z.sets[i].TTL
		set.Values = slices.Clone(z.sets[i].Values)
	}
	var result []touched
	for _, w := range records {
		if !hasValue(set, w.value) {
			set.Values = append(set.Values, w.value)
		}
		one := set
		one.Values = []string{w.value}
		t := touched{at, recordsOf(one, z.zone)[0]}
		if !slices.ContainsFunc(result, func(o touched) bool { return o.rec.RR() == t.rec.RR() }) {
			result = append(result, t)
		}
	}
	if i >= 0 {
		z.sets[i] = set
	} else {
		z.sets = append(z.sets, set)
	}
	return result, nil
}

// lowest is the TTL of a set, in seconds.
func lowest(records []wanted, none time.Duration) uint32 {
	ttl := uint32(math.MaxInt32)
	for _, w := range records {
		d := w.ttl
		if d == 0 {
			d = none
		}
		ttl = min(ttl, uint32(d/time.Second))
	}
	return ttl
}

// hasValue compares as Route 53 does: texts without the borders of their strings.
func hasValue(s route53x.RRSet, value string) bool {
	return slices.ContainsFunc(s.Values, func(v string) bool { return sameValue(s.Type, v, value) })
}

func sameValue(t route53x.Type, a, b string) bool {
	x := route53x.RRSet{Name: "x.", Type: t, TTL: 1, Values: []string{a}}
	y := route53x.RRSet{Name: "x.", Type: t, TTL: 1, Values: []string{b}}
	return x.SameContent(y)
}

// drop takes records out of the sets.
func (z *zoneSets) drop(patterns []wanted, specials []Special) []touched {
	var result []touched
	var left []route53x.RRSet
	for _, s := range z.sets {
		at := nameType{s.Name, s.Type}
		switch {
		case special(s):
			same := func(o Special) bool { return o.Set.SameKey(s) && o.Set.SameContent(s) }
			if slices.ContainsFunc(specials, same) {
				result = append(result, touched{at, recordsOf(s, z.zone)[0]})
				continue
			}
		case s.Type == route53x.SOA, s.Type == route53x.NS && s.Name == z.zone:
		default:
			var values []string
			for _, v := range s.Values {
				if slices.ContainsFunc(patterns, func(w wanted) bool { return w.fits(s, v) }) {
					one := s
					one.Values = []string{v}
					result = append(result, touched{at, recordsOf(one, z.zone)[0]})
				} else {
					values = append(values, v)
				}
			}
			if s.Values = values; len(values) == 0 {
				continue
			}
		}
		left = append(left, s)
	}
	z.sets = left
	return result
}

// fits tells whether a record is the one that is to be deleted, or one of those.
func (w wanted) fits(s route53x.RRSet, value string) bool {
	return w.name == s.Name && (w.typ == "" || w.typ == s.Type) && (w.ttl == 0 || uint32(w.ttl/time.Second) == s.TTL) &&
		(w.value == "" || sameValue(s.Type, w.value, value)) && (w.data == "" || record("", s.Type, 0, value).RR().Data == w.data)
}
