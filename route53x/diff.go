package route53x

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
)

// Thresholds refuse a plan that changes too much of a zone at once, which is more often an empty file than a wish.
type Thresholds struct {
	Updates *float64 // share of the sets that may change; default 0.3
	Deletes *float64 // share of the sets that may go; default 0.3
	MinSets int      // zones with fewer sets are not held to it; default 10
	Off     bool
}

// DiffOptions are the options of [Diff]. nil has the defaults.
type DiffOptions struct {
	Zone        string         // its name; default: that of the SOA among the sets that are there
	ZoneID      string         // takes the place of cli53's "$self" in aliases; default: they stay, and [Client.Apply] does it
	KeepUnknown bool           // sets that are not wanted stay
	Only        func(Key) bool // sets of which it says false are left alone on both sides
	Thresholds  Thresholds
	ApexNS      bool // the NS set of the apex may be changed; it is never deleted
	Upsert      bool // see [PackOptions]
	Limits      Limits
}

// Diff finds what turns the sets of a zone into those that are wanted. It is pure: it asks nobody. Sets with the same
// content, however it is spelt, are no change. The SOA is never touched, nor is what an instance of a traffic policy made;
// the NS set of the apex stays when it is not wanted, and changes with ApexNS only.
//
// Errors: [ErrInvalid] with everything about the wanted sets that Route 53 would refuse, and then there is no plan.
// [ErrUnsafe] when the plan exceeds a threshold or changes the NS of the apex, and [ErrLimit] when it cannot be packed:
// then the plan is returned to be looked at, and has no batches.
func Diff(have, want []RRSet, opts *DiffOptions) (*Plan, error) {
	var o DiffOptions
	if opts != nil {
		o = *opts
	}
	d := differ{opts: o, have: make(map[Key]current, len(have)), want: make(map[Key]RRSet, len(want))}
	if err := d.zone(have); err != nil {
		return nil, fmt.Errorf("route53x: plan: %w: %w", ErrInvalid, err)
	}
	d.read(have)
	if err := d.check(want); err != nil {
		return nil, fmt.Errorf("route53x: plan: %w: %w", ErrInvalid, err)
	}
	plan := &Plan{Zone: d.apex, Upsert: o.Upsert, Limits: o.Limits, Base: digest(d.result(nil)), Changes: []Change{}}
	unsafe := d.changes(plan)
	plan.Result = digest(d.result(plan.Changes))
	plan.Warnings = warnings(d.apex, plan.Changes, o.Limits.orDefaults())
	if n, most := len(d.have)+count(plan.Changes, Create)-count(plan.Changes, Delete), o.Limits.orDefaults().SetsPerZone; n > most {
		plan.Warnings = append(plan.Warnings, Finding{Key{Name: d.apex}, fmt.Sprintf("the zone will have %d sets, and the quota is %d unless it was raised", n, most)})
	}
	if unsafe = errors.Join(unsafe, d.thresholds(plan.Changes)); unsafe != nil {
		return plan, fmt.Errorf("route53x: plan: %w: %w", ErrUnsafe, unsafe)
	}
	var err error
	plan.Batches, err = Pack(plan.Changes, &PackOptions{Limits: o.Limits, Upsert: o.Upsert})
	return plan, err
}

// current is a set that is there, as listed and canonical.
type current struct{ listed, canonical RRSet }

type differ struct {
	opts DiffOptions
	apex Name
	have map[Key]current
	want map[Key]RRSet
}

func (d *differ) zone(have []RRSet) error {
	name := d.opts.Zone
	for _, s := range have {
		if name == "" && strings.EqualFold(string(s.Type), string(SOA)) {
			name = string(s.Name)
		}
	}
	if name == "" {
		return errors.New("which zone? there is neither DiffOptions.Zone nor an SOA")
	}
	var err error
	d.apex, err = ParseName(name)
	return err
}

// read takes what is there as it is: it need not be what this package would allow.
func (d *differ) read(have []RRSet) {
	for _, s := range have {
		c, err := s.Canonical()
		if err != nil {
			c = s
		}
		d.have[canonicalKey(s)] = current{s, c}
	}
}

// check reads what is wanted and lists all that is wrong with it.
func (d *differ) check(want []RRSet) error {
	var errs []error
	var sets []RRSet
	for _, s := range want {
		if d.ignored(canonicalKey(s)) {
			continue
		}
		c, err := s.Canonical()
		if err == nil {
			err = fits(d.apex, c)
		}
		if c.Alias != nil && c.Alias.ZoneID == selfZone && d.opts.ZoneID != "" {
			c.Alias.ZoneID = bareID(d.opts.ZoneID)
		}
		k := c.Key()
		if _, twice := d.want[k]; twice && err == nil {
			err = fmt.Errorf("%s is wanted twice", k)
		}
		if err == nil && c.traffic() && !sameCanonical(d.have[k].canonical, c) {
			err = fmt.Errorf("%s: sets of a traffic policy are made by its instance, not by a plan", k)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		d.want[k] = c
		sets = append(sets, c)
	}
	if len(errs) == 0 {
		sets = append(sets, d.staying()...) // what stays has to get along with what comes
		for _, c := range conflicts(d.apex, sets) {
			errs = append(errs, c.err)
		}
	}
	return errors.Join(errs...)
}

// staying are sets that are there, not wanted, and not going to be deleted.
func (d *differ) staying() []RRSet {
	var sets []RRSet
	for k, at := range d.have {
		if _, wanted := d.want[k]; !wanted && d.stays(k, at) {
			sets = append(sets, at.canonical)
		}
	}
	sortSets(sets)
	return sets
}

func (d *differ) stays(k Key, at current) bool {
	return d.opts.KeepUnknown || d.ignored(k) || at.canonical.traffic() || k.Name == d.apex && k.Type == NS
}

func (d *differ) ignored(k Key) bool {
	return k.Type == SOA || d.opts.Only != nil && !d.opts.Only(k)
}

// changes fills the plan, in the order of Route 53's lists.
func (d *differ) changes(plan *Plan) error {
	keys := make([]RRSet, 0, len(d.have)+len(d.want))
	for k := range d.have {
		keys = append(keys, RRSet{Name: k.Name, Type: k.Type, SetIdentifier: k.SetIdentifier})
	}
	for k := range d.want {
		if _, there := d.have[k]; !there {
			keys = append(keys, RRSet{Name: k.Name, Type: k.Type, SetIdentifier: k.SetIdentifier})
		}
	}
	sortSets(keys)
	var unsafe error
	for _, s := range keys {
		k := s.Key()
		at, there := d.have[k]
		wanted, isWanted := d.want[k]
		switch {
		case d.ignored(k):
		case there && at.canonical.traffic():
			plan.Skipped = append(plan.Skipped, Finding{k, "an instance of a traffic policy made it: left alone"})
		case !there:
			plan.Changes = append(plan.Changes, Change{Action: Create, After: &wanted})
		case isWanted && sameCanonical(at.canonical, wanted):
		case isWanted:
			plan.Changes = append(plan.Changes, Change{Action: Update, Before: &at.listed, After: &wanted})
			if k.Name == d.apex && k.Type == NS && !d.opts.ApexNS {
				unsafe = errors.New("the NS set of the apex changes, which DiffOptions.ApexNS does not allow")
			}
		case d.opts.KeepUnknown:
		case k.Name == d.apex && k.Type == NS:
		default:
			plan.Changes = append(plan.Changes, Change{Action: Delete, Before: &at.listed})
		}
	}
	return unsafe
}

// result is the zone after the changes, canonical.
func (d *differ) result(changes []Change) []RRSet {
	after := make(map[Key]RRSet, len(d.have))
	for k, at := range d.have {
		after[k] = at.canonical
	}
	for _, c := range changes {
		if c.After == nil {
			delete(after, c.Key())
		} else {
			after[c.Key()] = *c.After
		}
	}
	sets := make([]RRSet, 0, len(after))
	for _, s := range after {
		sets = append(sets, s)
	}
	return sets
}

func count(changes []Change, a Action) (n int) {
	for _, c := range changes {
		if c.Action == a {
			n++
		}
	}
	return n
}

// thresholds counts the sets that are not Route 53's own.
func (d *differ) thresholds(changes []Change) error {
	t := d.opts.Thresholds
	total := 0
	for k := range d.have {
		if k.Type != SOA && (k.Type != NS || k.Name != d.apex) {
			total++
		}
	}
	if t.Off || total < cmp.Or(t.MinSets, 10) {
		return nil
	}
	var errs []error
	for _, limit := range []struct {
		action Action
		share  *float64
	}{{Update, t.Updates}, {Delete, t.Deletes}} {
		n, most := count(changes, limit.action), defaultPercentage
		if limit.share != nil {
			most = *limit.share
		}
		if float64(n) > most*float64(total) {
			errs = append(errs, fmt.Errorf("it would %s %d of %d sets, more than %.0f %%", limit.action, n, total, most*100))
		}
	}
	return errors.Join(errs...)
}
