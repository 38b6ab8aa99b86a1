package route53x

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// Action is what a [Change] does.
type Action string

// The actions.
const (
	Create Action = "create"
	Update Action = "update"
	Delete Action = "delete"
)

// Change is one record set that comes, changes or goes.
type Change struct {
	Action Action `json:"action"`
	Before *RRSet `json:"before,omitempty"` // as it was listed, to the letter: a DELETE has to repeat it
	After  *RRSet `json:"after,omitempty"`  // canonical
}

// Key is the canonical key of the set.
func (c Change) Key() Key {
	if c.After != nil {
		return c.After.Key()
	}
	if c.Before == nil {
		return Key{}
	}
	return canonicalKey(*c.Before)
}

func canonicalKey(s RRSet) Key {
	k := s.Key()
	if n, err := ParseName(string(k.Name)); err == nil {
		k.Name = n
	}
	k.Type = Type(strings.ToUpper(string(k.Type)))
	return k
}

// Digest is a fingerprint of all sets of a zone but its SOA, whatever their order and spelling.
type Digest string

// DigestOf makes the fingerprint.
func DigestOf(sets []RRSet) Digest {
	canonical := make([]RRSet, 0, len(sets))
	for _, s := range sets {
		if c, err := s.Canonical(); err == nil {
			s = c
		}
		canonical = append(canonical, s)
	}
	return digest(canonical)
}

// digest sorts the sets, which are canonical.
func digest(canonical []RRSet) Digest {
	sortSets(canonical)
	h := sha256.New()
	for _, s := range canonical {
		if s.Type == SOA {
			continue
		}
		if s.Type == TXT || s.Type == SPF { // borders of strings are not content
			s.Values = append([]string(nil), s.Values...)
			for i, v := range s.Values {
				if text, err := UnquoteTXT(v); err == nil {
					s.Values[i] = QuoteTXT(text)
				}
			}
		}
		data, err := json.Marshal(s)
		if err != nil {
			data = []byte(s.String()) // strings and numbers always marshal
		}
		h.Write(data)
		h.Write([]byte{'\n'})
	}
	return Digest(hex.EncodeToString(h.Sum(nil)))
}

// Finding is about a set that a person should look at.
type Finding struct {
	Key  Key    `json:"key"`
	Text string `json:"text"`
}

// Plan is what [Diff] found: what has to be done, in which batches, and what to look at first. Its JSON is stable and can
// be read back, so that a plan can be reviewed, kept and carried out later; Base then tells whether the zone is still
// the one that it was made for.
type Plan struct {
	Zone     Name      `json:"zone"`
	Base     Digest    `json:"base"`   // of the zone as it was
	Result   Digest    `json:"result"` // of the zone as it will be
	Changes  []Change  `json:"changes"`
	Batches  []Batch   `json:"batches"`
	Warnings []Finding `json:"warnings,omitempty"`
	Skipped  []Finding `json:"skipped,omitempty"` // sets that were left alone though they differ
	Upsert   bool      `json:"upsert,omitempty"`
	Limits   Limits    `json:"limits,omitzero"`
}

// ID is a short fingerprint of the plan, which stands in the comments of its changes.
func (p *Plan) ID() string {
	data, err := json.Marshal(p)
	if err != nil {
		data = []byte(p.Base + p.Result) // strings and numbers always marshal
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:6])
}

// Op is one element of a ChangeBatch.
type Op struct {
	Action string // "CREATE", "DELETE" or "UPSERT"
	Set    RRSet
}

// Ops are the elements of batch i in the order in which they are sent: deletes, aliases before their targets, then the
// rest, targets before their aliases.
func (p *Plan) Ops(i int) []Op { return p.ops(p.Batches[i].Changes) }

func (p *Plan) ops(changes []int) []Op {
	var gone, goneTargets, made, madeAliases []Op
	for _, n := range changes {
		c := p.Changes[n]
		if c.Before != nil && (c.After == nil || !p.Upsert) {
			if op := (Op{"DELETE", *c.Before}); c.Before.Alias != nil {
				gone = append(gone, op)
			} else {
				goneTargets = append(goneTargets, op)
			}
		}
		if c.After == nil {
			continue
		}
		op := Op{"CREATE", *c.After}
		if p.Upsert && c.Before != nil {
			op.Action = "UPSERT"
		}
		if c.After.Alias != nil {
			madeAliases = append(madeAliases, op)
		} else {
			made = append(made, op)
		}
	}
	return append(append(append(gone, goneTargets...), made...), madeAliases...)
}

// Cost is what a plan takes.
type Cost struct {
	Creates, Updates, Deletes int
	Batches, LowerBound       int // requests, and the fewest that there could be
	Elements, Chars           int // as Route 53 counts them
}

// Cost counts.
func (p *Plan) Cost() Cost {
	c := Cost{Batches: len(p.Batches), LowerBound: LowerBound(p.Changes, &PackOptions{Limits: p.Limits, Upsert: p.Upsert})}
	for _, ch := range p.Changes {
		switch ch.Action {
		case Create:
			c.Creates++
		case Update:
			c.Updates++
		case Delete:
			c.Deletes++
		}
		e, n := ch.size(p.Upsert)
		c.Elements, c.Chars = c.Elements+e, c.Chars+n
	}
	return c
}

// Empty reports whether there is nothing to do.
func (p *Plan) Empty() bool { return len(p.Changes) == 0 }

// Inverse undoes the plan, once it is carried out. It has no threshold: what was allowed can be undone. The error is
// [ErrLimit] where the way back does not fit into batches.
func (p *Plan) Inverse() (*Plan, error) {
	inv := &Plan{Zone: p.Zone, Base: p.Result, Result: p.Base, Upsert: p.Upsert, Limits: p.Limits, Changes: make([]Change, len(p.Changes))}
	for i, c := range p.Changes {
		r := Change{Action: c.Action, Before: c.After, After: c.Before}
		switch c.Action {
		case Create:
			r.Action = Delete
		case Delete:
			r.Action = Create
		case Update:
		}
		if r.After != nil {
			if canonical, err := r.After.Canonical(); err == nil {
				r.After = &canonical
			}
		}
		inv.Changes[i] = r
	}
	inv.Warnings = warnings(inv.Zone, inv.Changes, inv.Limits.orDefaults())
	var err error
	inv.Batches, err = Pack(inv.Changes, &PackOptions{Limits: p.Limits, Upsert: p.Upsert})
	return inv, err
}

// String is the plan for people: + creates, ~ updates, - deletes, ! warnings, = what is left alone.
func (p *Plan) String() string {
	c := p.Cost()
	var out strings.Builder
	fmt.Fprintf(&out, "%s: %d to create, %d to update, %d to delete; %d batches, %d values, %d characters\n",
		p.Zone.ZoneFile(), c.Creates, c.Updates, c.Deletes, c.Batches, c.Elements, c.Chars)
	for _, ch := range p.Changes {
		switch {
		case ch.Before == nil:
			fmt.Fprintf(&out, "+ %s\n", ch.After)
		case ch.After == nil:
			fmt.Fprintf(&out, "- %s\n", ch.Before)
		default:
			fmt.Fprintf(&out, "~ %s\n    was %s\n", ch.After, strings.TrimPrefix(ch.Before.String(), ch.Key().String()+" "))
		}
	}
	for _, w := range p.Warnings {
		fmt.Fprintf(&out, "! %s: %s\n", w.Key, w.Text)
	}
	for _, s := range p.Skipped {
		fmt.Fprintf(&out, "= %s: %s\n", s.Key, s.Text)
	}
	return out.String()
}
