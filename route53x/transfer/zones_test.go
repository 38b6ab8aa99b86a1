package transfer_test

import (
	"context"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/transfer"
)

type hosted struct {
	zone route53x.Zone
	sets map[route53x.Key]route53x.RRSet
}

type source struct{ *world }

func (w source) Export(context.Context, string) (transfer.Export, error) {
	defer w.enter()()
	return transfer.Export{Records: len(w.source) + len(w.items), Sets: slices.Clone(w.source), Items: slices.Clone(w.items)}, nil
}

// world3 is the DNS.
type world3 struct{ *world }

func (w *world) seen(at time.Time) []string {
	var ns []string
	for _, p := range w.parent {
		if !at.Before(p.from) {
			ns = p.ns
		}
	}
	return ns
}

func (w world3) Delegation(context.Context, string) (transfer.Delegation, error) {
	defer w.enter()()
	early, late := w.seen(w.now), w.seen(w.now.Add(-20*time.Minute)) // one server is behind
	d := transfer.Delegation{Nameservers: early, Agree: slices.Equal(early, late), TTL: 48 * time.Hour}
	for _, p := range w.parentDS {
		if !w.now.Before(p.from) {
			d.DS, d.DSTTL = nil, 0
			for _, tag := range p.ds {
				d.DS, d.DSTTL = append(d.DS, fmt.Sprintf("%d 13 2 00ff", tag)), 24*time.Hour
			}
		}
	}
	return d, nil
}

func (w world3) NSTTL(_ context.Context, _ string, ns []string) (time.Duration, error) {
	defer w.enter()()
	if slices.Equal(ns, oldNS) && w.at == "new" {
		return 0, fmt.Errorf("REFUSED")
	}
	return 24 * time.Hour, nil
}

func (w world3) Compare(_ context.Context, c transfer.Comparison) (transfer.Verdict, error) {
	defer w.enter()()
	v := transfer.Verdict{Questions: len(c.Sets)}
	for _, h := range w.zones {
		for _, want := range w.source {
			if got, ok := h.sets[want.Key()]; !ok || !got.SameContent(want) {
				v.Differences = append(v.Differences, want.Key().String()+" differs")
			}
		}
		for k := range h.sets {
			if !slices.ContainsFunc(w.source, func(s route53x.RRSet) bool { return s.Key() == k }) && k.Type != route53x.SOA && k.Type != route53x.NS {
				v.Differences = append(v.Differences, k.String()+" is extra")
			}
		}
	}
	return v, nil
}

// zones is Route 53.
type zones struct{ *world }

func notFound() error { return &route53x.Error{Kind: route53x.ErrNotFound, Op: "zone"} }

func (w *zones) FindZone(_ context.Context, _ string, o *route53x.FindZoneOptions) (route53x.Zone, error) {
	defer w.enter()()
	var fit []route53x.Zone
	for _, h := range w.zones {
		if o == nil || o.CallerReference == "" || o.CallerReference == h.zone.CallerReference {
			fit = append(fit, h.zone)
		}
	}
	switch len(fit) {
	case 0:
		return route53x.Zone{}, notFound()
	case 1:
		return fit[0], nil
	}
	return route53x.Zone{}, &route53x.Error{Kind: route53x.ErrAmbiguous, Op: "FindZone", IDs: []string{fit[0].ID, fit[1].ID}}
}

func (w *zones) Zone(_ context.Context, id string) (route53x.Zone, error) {
	defer w.enter()()
	if h, ok := w.zones[id]; ok {
		return h.zone, nil
	}
	return route53x.Zone{}, notFound()
}

func (w *zones) EnsureZone(_ context.Context, name, ref string, _ *route53x.ZoneOptions) (route53x.Zone, bool, error) {
	defer w.enter()()
	for _, h := range w.zones {
		if h.zone.CallerReference == ref {
			return h.zone, false, nil
		}
	}
	if w.references[ref] { // good once for ever
		return route53x.Zone{}, false, &route53x.Error{Kind: route53x.ErrConflict, Op: "CreateHostedZone"}
	}
	return w.addZone(name, ref), true, nil
}

func (w *world) addZone(name, ref string) route53x.Zone {
	w.nextID++
	w.references[ref] = true
	z := route53x.Zone{ID: fmt.Sprintf("Z%d", w.nextID), Name: route53x.Name(name + "."), CallerReference: ref, NameServers: newNS}
	w.zones[z.ID] = &hosted{z, map[route53x.Key]route53x.RRSet{}}
	for _, s := range []route53x.RRSet{
		{Name: z.Name, Type: route53x.SOA, TTL: 900, Values: []string{"ns-1.awsdns.example. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"}},
		{Name: z.Name, Type: route53x.NS, TTL: 172800, Values: []string{"ns-1.awsdns.example.", "ns-2.awsdns.example."}},
	} {
		w.zones[z.ID].sets[s.Key()] = s
	}
	return z
}

func (w *zones) DeleteZone(_ context.Context, id string) error {
	defer w.enter()()
	h, ok := w.zones[id]
	switch {
	case !ok:
		return notFound()
	case len(h.sets) > 2:
		return &route53x.Error{Kind: route53x.ErrConflict, Op: "DeleteHostedZone"}
	}
	delete(w.zones, id)
	return nil
}

func (w *zones) RRSets(_ context.Context, id string, _ *route53x.ListOptions) iter.Seq2[route53x.RRSet, error] {
	return func(yield func(route53x.RRSet, error) bool) {
		defer w.enter()()
		h, ok := w.zones[id]
		if !ok {
			yield(route53x.RRSet{}, notFound())
			return
		}
		for _, s := range h.sets {
			if !yield(s, nil) {
				return
			}
		}
	}
}

func (w *zones) Apply(_ context.Context, id string, p *route53x.Plan, o *route53x.ApplyOptions) (route53x.Result, error) {
	defer w.enter()()
	h := w.zones[id]
	for _, c := range p.Changes {
		now, there := h.sets[c.Key()]
		switch {
		case c.After != nil && there && now.SameContent(*c.After), c.After == nil && !there:
		case c.Before == nil && there, c.Before != nil && (!there || !now.SameContent(*c.Before)):
			return route53x.Result{}, &route53x.Error{Kind: route53x.ErrConflict, Op: "Apply", Keys: []route53x.Key{c.Key()}}
		}
	}
	for _, c := range p.Changes {
		if c.After == nil {
			delete(h.sets, c.Key())
		} else {
			h.sets[c.Key()] = *c.After
		}
	}
	w.nextID++
	change := fmt.Sprintf("C%d", w.nextID)
	o.Progress(route53x.BatchDone{Batch: 1, Of: 1, ChangeID: change})
	return route53x.Result{ChangeIDs: []string{change}, Done: []int{1}}, nil
}

func (w *zones) WaitSync(context.Context, []string, *route53x.WaitOptions) error { return nil }

// memory is a journal that survives what its runner does not.
type memory struct {
	mu     sync.Mutex
	states map[string]transfer.State
	saves  int
}

func (m *memory) Load(_ context.Context, id string) (transfer.State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.states[id]; ok {
		return s, nil
	}
	return transfer.State{}, fs.ErrNotExist
}

func (m *memory) Save(_ context.Context, s transfer.State) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.saves++
	m.states[s.ID] = s
	return nil
}
