package transfer

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// undo takes one look further on the way back. It goes by what is there and not by what was done, so that it too can be
// repeated after a crash at any point.
func (w *walk) undo(ctx context.Context) (Next, error) {
	to := w.s.Undo.To
	for _, back := range []struct {
		step Step // it has to be taken back where the way goes to here or before
		do   func(context.Context) (result, error)
	}{
		{StepTransfer, w.unorder},
		{StepUnlock, w.relock},
		{StepSwitch, w.switchBack},
		{StepDNSSEC, w.resign},
		{StepApply, w.unwrite},
		{StepZone, w.unzone},
	} {
		if back.step.Before(to) || slices.Contains(w.s.Undo.Back, back.step) {
			continue
		}
		if !w.s.Step.Before(back.step) {
			w.s.Step = back.step
		}
		res, err := back.do(ctx)
		if err != nil {
			return Next{}, w.named(back.step, err)
		}
		if res.done {
			w.s.Undo.Back = append(w.s.Undo.Back, back.step)
		}
		if !res.done || w.changed {
			return Next{After: res.after}, nil
		}
	}
	w.s.Step, w.s.Undo, w.s.Call = to, nil, nil
	if !StepExport.Before(to) {
		w.s.Export, w.s.Digest, w.s.Plan = nil, "", nil
	}
	w.unchecked()
	for _, step := range Steps() {
		if !step.Before(to) {
			delete(w.s.Done, step)
			delete(w.s.Consents, step)
		}
	}
	w.event(EventUndone, "the way back is at its end; run again to go forward", "")
	return Next{Done: true}, nil
}

func (w *walk) undone(text string) { w.event(EventUndone, text, "") }

// unorder has the transfer refused by the losing registrar.
func (w *walk) unorder(ctx context.Context) (result, error) {
	t := w.r.cfg.Timing
	if c := w.s.Call; c != nil && c.Name == "transfer" && w.s.Operation == "" {
		op, err := w.order(ctx)
		if err != nil {
			return result{}, err
		}
		w.s.Operation = op
		if op == "" && w.r.now().Sub(c.Begun) < t.Settle {
			w.event(EventLost, "whether the transfer was ordered is not known; looking it up", "")
			return result{after: t.Settle / 4}, nil
		}
		w.s.Call = nil
	}
	if w.s.Operation == "" {
		return result{done: true}, nil
	}
	state, _, err := w.r.cfg.To.OperationState(ctx, w.s.Operation)
	switch {
	case err != nil:
		return result{}, err
	case state == Failed:
		w.undone("the order has ended, and its price is returned")
		w.s.Operation, w.s.Call, w.s.CodeAt, w.s.CodeTask = "", nil, time.Time{}, ""
		return result{done: true}, nil
	case state == Done || w.s.Approved:
		return result{}, &Error{Kind: ErrCannotUndo, Text: w.tooLate()}
	}
	c := change{
		name: "cancel", text: "refuse the transfer", zh: "取消转出", reg: w.r.cfg.From, trust: true,
		seen: func(ctx context.Context) (bool, error) {
			out, err := w.outState(ctx)
			return out == OutFailed || out == OutNone, err
		},
		send:   func(ctx context.Context) (string, error) { return w.r.cfg.From.CancelTransferOut(ctx, w.s.Domain) },
		hint:   "the transfer can also be refused in the Domain console",
		hintZH: "也可在域名控制台取消转出",
	}
	if w.s.Call == nil || w.s.Call.Name != c.name {
		out, err := w.outState(ctx)
		if err != nil {
			return result{}, err
		}
		if out == OutDone {
			return result{}, &Error{Kind: ErrCannotUndo, Text: w.tooLate()}
		}
	}
	res, err := w.change(ctx, c)
	if err != nil || !res.done {
		return result{after: res.after}, err
	}
	w.s.Call = &Call{Name: c.name, Begun: w.r.now(), Ended: w.r.now()} // refused: do not do it again
	return w.again(t.PollSlow, "the transfer is refused, and the new registrar does not know yet"), nil
}

func (w *walk) tooLate() string {
	return "the domain has left for the new registrar: it can be moved again after 60 days; its name servers can be changed there at any time"
}

// relock sets the transfer lock as it was.
func (w *walk) relock(ctx context.Context) (result, error) {
	if !w.s.Old.TransferLock {
		return result{done: true}, nil
	}
	return w.lockAgain(ctx, TransferLock)
}

func (w *walk) lockAgain(ctx context.Context, status string) (result, error) {
	c := w.setLock(w.r.cfg.From, status, true)
	f, err := factsOf(ctx, w.r.cfg.From, w.s.Domain)
	if err != nil || f.has(status) && (w.s.Call == nil || w.s.Call.Name != c.name) {
		return result{done: err == nil}, err
	}
	res, err := w.change(ctx, c)
	if err == nil && res.done {
		w.undone("locked again: " + status)
	}
	return res, err
}

// switchBack gives the registrar the old name servers again, once these are known to answer, and where records are going
// to be removed it waits until no cache has the new ones.
func (w *walk) switchBack(ctx context.Context) (result, error) {
	if w.s.SwitchedAt.IsZero() && (w.s.Call == nil || w.s.Call.Name != "switch") && !w.s.Undo.Set {
		return w.updateLockAgain(ctx)
	}
	if len(w.s.Old.Nameservers) == 0 {
		return result{}, &Error{Kind: ErrCannotUndo, Text: "the old name servers are not known, because the state was lost: name them in OldNameservers"}
	}
	if !w.s.Undo.Set {
		if _, err := w.r.cfg.DNS.NSTTL(ctx, w.s.Domain, w.s.Old.Nameservers); err != nil {
			return result{}, &Error{
				Kind: ErrCannotUndo, Text: "the old name servers do not answer for the zone any more", Err: err,
				Hint: "put the zone back at its old place first", HintZH: "请先恢复原解析",
			}
		}
		res, err := w.change(ctx, w.setNameservers("switch back", w.s.Old.Nameservers))
		if err != nil || !res.done {
			return result{after: res.after}, err
		}
		w.s.Undo.Set, w.s.Undo.SetAt = true, w.r.now()
		w.undone("the registrar has the old name servers")
	}
	if !StepApply.Before(w.s.Undo.To) {
		if res, err := w.forgotten(ctx); err != nil || !res.done {
			return res, err
		}
	}
	w.s.SwitchedAt, w.s.ParentAt = time.Time{}, time.Time{}
	return w.updateLockAgain(ctx)
}

func (w *walk) updateLockAgain(ctx context.Context) (result, error) {
	if !w.s.Old.UpdateLock {
		return result{done: true}, nil
	}
	return w.lockAgain(ctx, UpdateLock)
}

// forgotten waits until no cache has the new name servers.
func (w *walk) forgotten(ctx context.Context) (result, error) {
	t, now := w.r.cfg.Timing, w.r.now()
	d, err := w.r.cfg.DNS.Delegation(ctx, w.s.Domain)
	if err != nil {
		return result{}, err
	}
	if !d.Agree || !sameHosts(d.Nameservers, w.s.Old.Nameservers) {
		w.s.Undo.BackAt = time.Time{}
		return w.again(t.PollSlow, "not every server of the parent zone has the old name servers again"), nil
	}
	if w.s.Undo.BackAt.IsZero() {
		w.s.Undo.BackAt = now
	}
	own, err := w.r.cfg.DNS.NSTTL(ctx, w.s.Domain, w.s.Zone.Nameservers)
	if err != nil {
		own = t.CacheTTL
	}
	// A change that was on its way when the registrar got the old ones may have shown for a moment: the wait begins when
	// it would have.
	seen := w.s.Undo.BackAt
	if settled := w.s.Undo.SetAt.Add(t.Show); settled.After(seen) {
		seen = settled
	}
	if until := seen.Add(max(cmp.Or(w.s.Old.ParentTTL, t.CacheTTL), own)); now.Before(until) {
		return w.wait(until, t.PollSlow*12, "resolvers may keep the new name servers for so long, so that the records stay"), nil
	}
	return result{done: true}, nil
}
