package transfer

import (
	"cmp"
	"context"
	"fmt"
	"strings"
)

// UndoPlan is what a way back would do. It is made by reads alone.
type UndoPlan struct {
	Domain string     `json:"domain"`
	From   Step       `json:"from"` // where the move stands
	To     Step       `json:"to"`   // the step that will be the first that is not done
	Items  []UndoItem `json:"items"`
	// Refused is why there is no way back, one sentence each; then nothing is undone.
	Refused []string `json:"refused,omitempty"`
}

// UndoItem is one thing that is taken back, in the order of the list.
type UndoItem struct {
	Step   Step   `json:"step"`
	Text   string `json:"text"`
	Manual bool   `json:"manual,omitempty"` // a person has to do it
}

// String is the plan for people.
func (p *UndoPlan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: back from %q to before %q\n", p.Domain, p.From, p.To)
	for _, it := range p.Items {
		who := "-"
		if it.Manual {
			who = "! by hand:"
		}
		fmt.Fprintf(&b, "%s %s\n", who, it.Text)
	}
	if len(p.Items) == 0 {
		b.WriteString("= nothing at any platform has to be taken back\n")
	}
	for _, r := range p.Refused {
		fmt.Fprintf(&b, "x %s\n", r)
	}
	return b.String()
}

// PlanUndo says what [Runner.BeginUndo] would have done: everything from the present step back to and with step to.
func (r *Runner) PlanUndo(ctx context.Context, s State, to Step) (*UndoPlan, error) {
	if err := r.mine(s); err != nil {
		return nil, err
	}
	if to.Number() < 0 || s.Step.Before(to) {
		return nil, &Error{Kind: ErrInvalid, Text: fmt.Sprintf("the move is at %q, and cannot go back to %q", s.Step, to)}
	}
	p := &UndoPlan{Domain: s.Domain, From: s.Step, To: to}
	if StepTransfer.Before(to) && to != s.Step {
		p.Refused = append(p.Refused, fmt.Sprintf("%q cannot be undone by itself: go back to %q or further", to, StepTransfer))
	}
	add := func(step Step, format string, args ...any) {
		p.Items = append(p.Items, UndoItem{Step: step, Text: fmt.Sprintf(format, args...)})
	}
	if err := r.undoOrder(ctx, s, p, add); err != nil {
		return nil, err
	}
	if !StepUnlock.Before(to) && s.Old.TransferLock && !s.Step.Before(StepUnlock) {
		add(StepUnlock, "set the transfer lock again")
	}
	r.undoSwitch(ctx, s, p, add)
	if !StepDNSSEC.Before(to) && len(s.Old.DS) > 0 && !s.Old.DSGoneAt.IsZero() {
		add(StepDNSSEC, "add the DS at the old registrar again: %s", strings.Join(s.Old.DS, "; "))
		p.Items[len(p.Items)-1].Manual = true
	}
	if !StepApply.Before(to) && len(s.Applied) > 0 && s.Zone != nil {
		have, err := r.list(ctx, s.Zone.ID)
		if err != nil {
			return nil, err
		}
		inv, theirs, err := r.inverse(s, have)
		if err != nil {
			return nil, err
		}
		for _, key := range theirs {
			p.Refused = append(p.Refused, "somebody else has changed "+key+" since it was written")
		}
		c := inv.Cost()
		add(StepApply, "take the records back: %d to create, %d to update, %d to delete", c.Creates, c.Updates, c.Deletes)
	}
	switch {
	case StepZone.Before(to) || s.Zone == nil:
	case s.Zone.Created:
		add(StepZone, "delete the hosted zone %s", s.Zone.ID)
	default:
		add(StepZone, "leave the adopted zone %s where it is", s.Zone.ID)
	}
	return p, nil
}

// undoOrder is the part about the transfer itself.
func (r *Runner) undoOrder(ctx context.Context, s State, p *UndoPlan, add func(Step, string, ...any)) error {
	w := &walk{r: r, s: s}
	unknown := s.Call != nil && s.Call.Name == "transfer" && s.Operation == ""
	switch {
	case StepApprove.Before(s.Step) || s.Approved:
		p.Refused = append(p.Refused, w.tooLate())
		return nil
	case StepTransfer.Before(p.To):
		return nil
	case unknown:
		add(StepTransfer, "find out whether the transfer was ordered, and refuse it then")
		return nil
	case s.Operation == "":
		return nil
	}
	state, _, err := r.cfg.To.OperationState(ctx, s.Operation)
	if err != nil {
		return err
	}
	out, err := w.outState(ctx)
	if err != nil {
		return err
	}
	if state == Done || out == OutDone {
		p.Refused = append(p.Refused, w.tooLate())
		return nil
	}
	add(StepTransfer, "refuse the transfer %s at the old registrar; its price is returned", s.Operation)
	return nil
}

// undoSwitch is the part about the name servers.
func (r *Runner) undoSwitch(ctx context.Context, s State, p *UndoPlan, add func(Step, string, ...any)) {
	if StepSwitch.Before(p.To) || len(p.Refused) > 0 || s.Step.Before(StepSwitch) {
		return
	}
	if switched := !s.SwitchedAt.IsZero() || s.Call != nil && s.Call.Name == "switch"; switched {
		if len(s.Old.Nameservers) == 0 {
			p.Refused = append(p.Refused, "the old name servers are not known, because the state was lost: name them in OldNameservers")
			return
		}
		if _, err := r.cfg.DNS.NSTTL(ctx, s.Domain, s.Old.Nameservers); err != nil {
			p.Refused = append(p.Refused, fmt.Sprintf("the old name servers do not answer for the zone any more: %v", err))
		}
		add(StepSwitch, "set the name servers to %s", strings.Join(s.Old.Nameservers, ", "))
		if !StepApply.Before(p.To) {
			add(StepSwitch, "wait up to %s until no resolver has the new name servers", Span(max(cmp.Or(s.Old.ParentTTL, r.cfg.Timing.CacheTTL), s.Old.NSTTL)))
		}
	}
	if s.Old.UpdateLock {
		add(StepSwitch, "set the update lock again")
	}
}

// BeginUndo turns the move around, down to and with step to; [Runner.Run] and [Runner.Advance] then go back. Show what
// [Runner.PlanUndo] says first. Where there is no way back it is [ErrCannotUndo] with the reasons, and nothing changes.
func (r *Runner) BeginUndo(ctx context.Context, s State, to Step) (State, error) {
	if s.Undo != nil && s.Undo.To == to {
		return s, nil
	}
	p, err := r.PlanUndo(ctx, s, to)
	if err != nil {
		return s, err
	}
	if len(p.Refused) > 0 {
		return s, &Error{Kind: ErrCannotUndo, Step: s.Step, Reasons: p.Refused}
	}
	next := s.clone()
	next.Undo = &Undo{To: to, Began: r.now()}
	return next, r.save(ctx, next)
}
