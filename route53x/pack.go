package route53x

import (
	"cmp"
	"fmt"
	"slices"
)

// Batch is one ChangeResourceRecordSets: all of it is done, or nothing.
type Batch struct {
	Changes  []int `json:"changes"`  // indices into the changes, in the order in which they are sent
	Elements int   `json:"elements"` // values; an alias counts as one
	Chars    int   `json:"chars"`
}

// PackOptions are the options of [Pack]. nil has the defaults.
type PackOptions struct {
	Limits Limits
	// Upsert sends updates as UPSERT, which overwrites what others did meanwhile and counts 2·new values. The default is
	// a compare-and-swap: DELETE of the old and CREATE of the new in one batch, which fails if the set is no longer what
	// it was, and counts old+new.
	Upsert bool
}

// Pack puts the changes of one zone into batches. Within the limits it is first-fit-decreasing over what has to stay
// together: with changes of one size, or a few, there are as many batches as [LowerBound] says. Where that is not so,
// because some changes are many values and others many characters, it tries whether they fit into fewer batches when each
// gets its share of both.
//
//   - Creates and updates come before deletes, so that no name is missing in between.
//   - What excludes each other (a CNAME and other types of its name, a simple and a routed set, two policies) changes in
//     one batch.
//   - The target of an alias is there before the alias, and goes with or after it.
//
// The error is [ErrLimit] where changes that belong together are more than a batch holds.
func Pack(changes []Change, opts *PackOptions) ([]Batch, error) {
	var o PackOptions
	if opts != nil {
		o = *opts
	}
	limits := o.Limits.orDefaults()
	g := group(changes)
	all := g.collect(changes, o.Upsert)
	for _, p := range all {
		if p.elements > limits.BatchElements || p.chars > limits.BatchChars {
			return nil, fmt.Errorf("route53x: %s and %d more, which have to change in one batch, are %d values and %d characters: %w (%d and %d)",
				changes[p.members[0]].Key(), len(p.members)-1, p.elements, p.chars, ErrLimit, limits.BatchElements, limits.BatchChars)
		}
	}
	slices.SortStableFunc(all, func(a, b *parcel) int {
		return cmp.Or(cmp.Compare(a.phase, b.phase), cmp.Compare(a.level, b.level), cmp.Compare(b.weight(limits), a.weight(limits)))
	})
	best := firstFit(all, limits)
	if creates, deletes := split(all); len(best.batches) > bound(all, limits) {
		best = best.better(creates, deletes, limits)
	}
	return best.inOrder(), nil
}

// LowerBound is the number of batches below which no packing of the changes can get, whatever has to stay together.
func LowerBound(changes []Change, opts *PackOptions) int {
	var o PackOptions
	if opts != nil {
		o = *opts
	}
	all := make([]*parcel, len(changes))
	for i, c := range changes {
		e, n := c.size(o.Upsert)
		all[i] = &parcel{elements: e, chars: n}
	}
	return bound(all, o.Limits.orDefaults())
}

// size is what a change counts in a batch.
func (c Change) size(upsert bool) (elements, chars int) {
	count := func(s *RRSet) (e, n int) {
		switch {
		case s == nil:
			return 0, 0
		case s.Alias != nil:
			return 1, 0
		}
		for _, v := range s.Values {
			n += len(v)
		}
		return len(s.Values), n
	}
	oldE, oldC := count(c.Before)
	newE, newC := count(c.After)
	if upsert && c.Action == Update {
		return 2 * newE, 2 * newC
	}
	return oldE + newE, oldC + newC
}

type phase int

const (
	creates phase = iota // and updates
	deletes
)

// parcel is changes that stay together.
type parcel struct {
	members         []int
	after           []*parcel // those that may not come later
	phase           phase
	level           int // how many parcels have to come before, one after the other
	elements, chars int
	batch           int
}

func (p *parcel) weight(l Limits) float64 {
	return max(float64(p.elements)/float64(l.BatchElements), float64(p.chars)/float64(l.BatchChars))
}
