package route53x

import (
	"cmp"
	"slices"
)

// packing is parcels in batches.
type packing struct {
	batches []Batch
	parcels [][]*parcel // by batch
}

func (k *packing) put(p *parcel, at int) {
	for at >= len(k.batches) {
		k.batches, k.parcels = append(k.batches, Batch{}), append(k.parcels, nil)
	}
	b := &k.batches[at]
	b.Elements, b.Chars = b.Elements+p.elements, b.Chars+p.chars
	k.parcels[at] = append(k.parcels[at], p)
	p.batch = at
}

func (b *Batch) holds(p *parcel, l Limits) bool {
	return b.Elements+p.elements <= l.BatchElements && b.Chars+p.chars <= l.BatchChars
}

// earliest is the first batch that a parcel may be in: not before those that it waits for.
func (p *parcel) earliest() int {
	at := 0
	for _, before := range p.after {
		at = max(at, before.batch)
	}
	return at
}

// firstFit puts each parcel into the first batch that has room, in the order given, deletes not before the last create.
func firstFit(all []*parcel, limits Limits) *packing {
	k := &packing{}
	lastCreate, open := 0, 0 // batches before open are full
	for _, p := range all {
		at := max(open, p.earliest())
		if p.phase == deletes {
			at = max(at, lastCreate)
		}
		for at < len(k.batches) && !k.batches[at].holds(p, limits) {
			at++
		}
		k.put(p, at)
		if p.phase == creates {
			lastCreate = max(lastCreate, at)
		}
		for open < len(k.batches)-1 && (k.batches[open].Elements >= limits.BatchElements || k.batches[open].Chars >= limits.BatchChars) {
			open++
		}
	}
	return k
}

// split is by phase.
func split(all []*parcel) (c, d []*parcel) {
	for _, p := range all {
		if p.phase == creates {
			c = append(c, p)
		} else {
			d = append(d, p)
		}
	}
	return c, d
}

// bound is how many batches the parcels are at least.
func bound(all []*parcel, limits Limits) int {
	elements, chars := 0, 0
	for _, p := range all {
		elements, chars = elements+p.elements, chars+p.chars
	}
	up := func(n, d int) int { return (n + d - 1) / d }
	return max(up(elements, limits.BatchElements), up(chars, limits.BatchChars))
}

// better tries to do with fewer batches, from as few as there could be: the last batch with a create is the first one
// with a delete.
func (k *packing) better(c, d []*parcel, limits Limits) *packing {
	least, forCreates, forDeletes := bound(append(slices.Clone(c), d...), limits), bound(c, limits), bound(d, limits)
	for n := max(least, forCreates+forDeletes-1); n < len(k.batches); n++ {
		for shared := max(forCreates, 1); shared <= min(n, n+1-forDeletes); shared++ {
			if found := balance(c, d, shared-1, n, limits); found != nil {
				return found
			}
		}
	}
	return k
}

// balance fills n batches, with the creates up to the shared one and the deletes from there on. Each parcel goes where
// values and characters stay the most even, creates into the shared batch only when no other has room. nil is that they
// do not fit.
func balance(c, d []*parcel, shared, n int, limits Limits) *packing {
	k := &packing{batches: make([]Batch, n), parcels: make([][]*parcel, n)}
	for _, p := range c {
		at := k.evenest(p, p.earliest(), shared, limits)
		if at < 0 {
			at = k.evenest(p, max(p.earliest(), shared), shared+1, limits)
		}
		if at < 0 {
			return nil
		}
		k.put(p, at)
	}
	for _, p := range d {
		at := k.evenest(p, max(p.earliest(), shared), n, limits)
		if at < 0 {
			return nil
		}
		k.put(p, at)
	}
	return k
}

// evenest is the batch from one to before another that is least full with the parcel in it, or -1.
func (k *packing) evenest(p *parcel, from, to int, limits Limits) int {
	best, least := -1, 0.0
	for at := from; at < to; at++ {
		b := &k.batches[at]
		if !b.holds(p, limits) {
			continue
		}
		full := max(float64(b.Elements+p.elements)/float64(limits.BatchElements), float64(b.Chars+p.chars)/float64(limits.BatchChars))
		if best < 0 || full < least {
			best, least = at, full
		}
	}
	return best
}

// inOrder is the batches with their changes in the order in which they are sent. An empty one is none.
func (k *packing) inOrder() []Batch {
	for i, parcels := range k.parcels {
		slices.SortStableFunc(parcels, func(a, b *parcel) int {
			return cmp.Or(cmp.Compare(a.level, b.level), cmp.Compare(a.members[0], b.members[0]))
		})
		for _, p := range parcels {
			k.batches[i].Changes = append(k.batches[i].Changes, p.members...)
		}
	}
	return slices.DeleteFunc(k.batches, func(b Batch) bool { return len(b.Changes) == 0 })
}
