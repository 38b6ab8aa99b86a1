package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/kitroll/kitroll/route53x"
)

// resign says what a person has to do: no call of the losing registrar adds a DS here.
func (w *walk) resign(context.Context) (result, error) {
	if len(w.s.Old.DS) > 0 && !w.s.Old.DSGoneAt.IsZero() {
		w.event(EventAttention, "to sign the zone again, add this DS at the old registrar: "+strings.Join(w.s.Old.DS, "; "), "如需恢复 DNSSEC，请在原注册商添加 DS："+strings.Join(w.s.Old.DS, "; "))
		w.s.Old.DS, w.s.Old.DSTTL, w.s.Old.DSGoneAt = nil, 0, time.Time{}
	}
	return result{done: true}, nil
}

// unwrite takes back what was written, as far as it is still there as it was written.
func (w *walk) unwrite(ctx context.Context) (result, error) {
	if len(w.s.Applied) == 0 || w.s.Zone == nil {
		return result{done: true}, nil
	}
	have, err := w.sets(ctx)
	if errors.Is(err, fs.ErrNotExist) { // the whole zone is gone
		w.s.Applied, w.s.Written, w.s.Plan = nil, nil, nil
		return result{done: true}, nil
	}
	if err != nil {
		return result{}, err
	}
	p, theirs, err := w.r.inverse(w.s, have)
	if err != nil {
		return result{}, err
	}
	if len(theirs) > 0 {
		return result{}, &Error{Kind: ErrCannotUndo, Text: "somebody else has changed these sets since: put them right by hand, then undo again", Reasons: theirs}
	}
	if !p.Empty() {
		w.event(EventCall, fmt.Sprintf("take back %d changes of records", len(p.Changes)), "")
		w.s.Written, w.changed = nil, true
		if _, err := w.write(ctx, p); err != nil {
			return result{}, err
		}
		if err := w.r.cfg.Records.WaitSync(ctx, w.s.Written, nil); err != nil {
			return result{}, err
		}
		w.undone("the records are as they were")
	}
	w.s.Applied, w.s.Written, w.s.Plan = nil, nil, nil
	return result{done: true}, nil
}

// inverse is the plan that takes back all that was applied, made from what is there now: a run that was interrupted may
// have written a part. theirs are sets that are neither as they were nor as they were written.
func (r *Runner) inverse(s State, have []route53x.RRSet) (p *route53x.Plan, theirs []string, err error) {
	before, after := map[route53x.Key]*route53x.RRSet{}, map[route53x.Key][]*route53x.RRSet{}
	for _, applied := range s.Applied {
		for _, c := range applied.Changes {
			k := c.Key()
			if _, known := before[k]; !known {
				before[k] = c.Before
			}
			after[k] = append(after[k], c.Before, c.After)
		}
	}
	there := map[route53x.Key]*route53x.RRSet{}
	for _, set := range have {
		c, err := set.Canonical()
		if err != nil {
			c = set
		}
		if _, ours := before[c.Key()]; ours {
			there[c.Key()] = &set
		}
	}
	var want []route53x.RRSet
	for k, was := range before {
		if was != nil {
			want = append(want, *was)
		}
		if !slices.ContainsFunc(after[k], func(known *route53x.RRSet) bool { return sameSet(known, there[k]) }) {
			theirs = append(theirs, k.String())
		}
	}
	slices.Sort(theirs)
	p, err = route53x.Diff(have, want, &route53x.DiffOptions{
		Zone: s.Domain, Thresholds: route53x.Thresholds{Off: true},
		Only: func(k route53x.Key) bool { _, ours := before[k]; return ours },
	})
	return p, theirs, err
}

func sameSet(a, b *route53x.RRSet) bool {
	return a == nil && b == nil || a != nil && b != nil && a.SameContent(*b)
}

// unzone deletes the zone, if this move made it.
func (w *walk) unzone(ctx context.Context) (result, error) {
	if w.s.Zone == nil || !w.s.Zone.Created {
		w.s.Zone = nil
		return result{done: true}, nil
	}
	w.event(EventCall, "delete the hosted zone "+w.s.Zone.ID, "")
	w.changed = true
	err := w.r.cfg.Zones.DeleteZone(ctx, w.s.Zone.ID)
	if errors.Is(err, route53x.ErrConflict) {
		return result{}, &Error{Kind: ErrCannotUndo, Text: "the zone has record sets that this move has not written: delete them or keep the zone", Err: err}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return result{}, err
	}
	w.undone("the hosted zone is gone")
	w.s.Zone = nil
	return result{done: true}, nil
}
