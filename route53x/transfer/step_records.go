package transfer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kitroll/kitroll/route53x"
)

// export reads the old zone, and forgets what was checked of an earlier export.
func (w *walk) export(ctx context.Context) (result, error) {
	e, err := w.r.cfg.Source.Export(ctx, w.s.Domain)
	if err != nil {
		return result{}, err
	}
	if e.Records == 0 {
		return result{}, &Error{
			Kind: ErrBlocked, Text: "the old zone has no records: that is more often the wrong account than a wish",
			Hint: "check that the zone is in this account", HintZH: "请确认解析托管在该账号下",
		}
	}
	w.s.Export, w.s.Digest, w.s.Plan = &e, e.Digest(), nil
	w.unchecked()
	w.event(EventFound, fmt.Sprintf("%d records of the old zone become %d record sets", e.Records, len(e.Sets)), "")
	return result{done: true}, nil
}

// unchecked forgets what was seen of the zones.
func (w *walk) unchecked() {
	w.s.VerifiedAt, w.s.SignedAt, w.s.FrozenAt = time.Time{}, time.Time{}, time.Time{}
}

// plan finds what has to be written, once everything that gets lost is acknowledged.
func (w *walk) plan(ctx context.Context) (result, error) {
	if w.s.Export == nil {
		return w.back(StepExport, "the export is not there", ""), nil
	}
	for _, id := range w.r.cfg.Acknowledge {
		if _, ok := w.s.Acknowledged[id]; !ok {
			w.s.Acknowledged[id] = w.r.now()
		}
	}
	if open := w.s.Export.open(w.s.Acknowledged); len(open) > 0 {
		return result{}, &Error{
			Kind: ErrUnacknowledged, Text: fmt.Sprintf("%d records get lost or change: acknowledge each, or alter it in the old zone, then run again", len(open)),
			Reasons: sentences(open), Question: &Question{
				Step: StepMap, Kind: AskAcknowledge, Items: open,
				Text:   "These records cannot be moved as they are. Type the IDs of those that may get lost or change, or all:",
				TextZH: "以下记录无法原样迁移。请输入可以丢失或改变的记录 ID，或输入 all：",
			},
		}
	}
	have, err := w.sets(ctx)
	if err != nil {
		return result{}, err
	}
	p, err := route53x.Diff(have, w.s.Export.Sets, w.r.diff(w.s))
	if err != nil {
		e := &Error{Kind: ErrBlocked, Text: "the records cannot be planned", Err: err}
		if errors.Is(err, route53x.ErrInvalid) {
			e.Hint, e.HintZH = "alter the records in the old zone, then run again", "请在原解析中修改这些记录后重新运行"
		}
		return result{}, e
	}
	w.s.Plan = p
	c := p.Cost()
	w.event(EventFound, fmt.Sprintf("%d sets to create, %d to update, %d to delete, in %d requests", c.Creates, c.Updates, c.Deletes, c.Batches), "")
	return result{done: true}, nil
}

// diff never touches what this move has not written and does not want: an adopted zone may have more, such as the records
// by which certificates are validated.
func (r *Runner) diff(s State) *route53x.DiffOptions {
	ours := map[route53x.Key]bool{}
	for _, p := range s.Applied {
		for _, c := range p.Changes {
			ours[c.Key()] = true
		}
	}
	if s.Export != nil {
		for _, set := range s.Export.Sets {
			if c, err := set.Canonical(); err == nil {
				ours[c.Key()] = true
			}
		}
	}
	return &route53x.DiffOptions{Zone: s.Domain, Only: func(k route53x.Key) bool { return ours[k] }, Thresholds: r.cfg.Thresholds}
}

// sets lists the hosted zone.
func (w *walk) sets(ctx context.Context) ([]route53x.RRSet, error) {
	return w.r.list(ctx, w.s.Zone.ID)
}

func (r *Runner) list(ctx context.Context, zoneID string) ([]route53x.RRSet, error) {
	var sets []route53x.RRSet
	for set, err := range r.cfg.Records.RRSets(ctx, zoneID, nil) {
		if err != nil {
			return nil, err
		}
		sets = append(sets, set)
	}
	return sets, nil
}

// apply carries out the plan. That it is about to is in the state first: what an interrupted run has written can then be
// taken back.
func (w *walk) apply(ctx context.Context) (result, error) {
	if w.s.Plan == nil {
		return w.back(StepMap, "there is no plan", ""), nil
	}
	if w.s.Plan.Empty() {
		return result{done: true}, nil
	}
	if n := len(w.s.Applied); n == 0 || !samePlan(w.s.Applied[n-1], w.s.Plan) {
		w.s.Applied = append(w.s.Applied, w.s.Plan)
	}
	if err := w.save(ctx); err != nil {
		return result{}, err
	}
	c := w.s.Plan.Cost()
	w.event(EventCall, fmt.Sprintf("write %d changes in %d requests", len(w.s.Plan.Changes), c.Batches), "")
	res, err := w.write(ctx, w.s.Plan)
	if errors.Is(err, route53x.ErrConflict) {
		w.s.Step, w.s.Plan = StepMap, nil
		return result{}, &Error{
			Kind: ErrBlocked, Err: err,
			Text: "somebody else changes the new zone at the same time; nothing of theirs was overwritten. Run again, and a new plan is made from what is there now",
		}
	}
	if err != nil {
		return result{}, err
	}
	if n := len(res.Found); n > 0 {
		w.event(EventFound, fmt.Sprintf("%d of the requests had been done before", n), "")
	}
	if err := w.r.cfg.Records.WaitSync(ctx, w.s.Written, nil); err != nil {
		return result{}, err
	}
	w.s.Plan, w.s.Written = nil, nil
	return result{done: true}, nil
}

// write keeps each change ID as it comes.
func (w *walk) write(ctx context.Context, p *route53x.Plan) (route53x.Result, error) {
	var broken error
	res, err := w.r.cfg.Records.Apply(ctx, w.s.Zone.ID, p, &route53x.ApplyOptions{
		OtherSets: true, // those that this move does not touch are the business of others
		Progress: func(b route53x.BatchDone) {
			if b.ChangeID != "" {
				w.s.Written = append(w.s.Written, b.ChangeID)
				broken = errors.Join(broken, w.save(ctx))
			}
		},
	})
	return res, errors.Join(err, broken)
}

func samePlan(a, b *route53x.Plan) bool {
	return a.Base == b.Base && a.Result == b.Result && len(a.Changes) == len(b.Changes)
}

func sentences(items []Item) []string {
	var out []string
	for _, it := range items {
		text := strings.TrimSpace(fmt.Sprintf("%s: %s %s: %s", it.ID, it.Name, it.Type, it.Reason))
		if it.Proposal != "" {
			text += " (" + it.Proposal + ")"
		}
		out = append(out, text)
	}
	return out
}

// acknowledged are the items of which a person has said that they may differ.
func (s State) acknowledged() []Item {
	if s.Export == nil {
		return nil
	}
	known := slices.Collect(maps.Keys(s.Acknowledged))
	return slices.DeleteFunc(slices.Clone(s.Export.Items), func(it Item) bool { return !slices.Contains(known, it.ID) })
}
