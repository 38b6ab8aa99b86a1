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

// preflight finds everything that stands against the move before anything is changed.
func (w *walk) preflight(ctx context.Context) (result, error) {
	facts, err := factsOf(ctx, w.r.cfg.From, w.s.Domain)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := factsOf(ctx, w.r.cfg.To, w.s.Domain); err == nil {
			w.event(EventFound, "the domain is at the new registrar already", "")
			return result{done: true}, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return result{}, err
		}
		return result{}, &Error{
			Kind: ErrBlocked, Text: "neither registrar has the domain", Err: err,
			Hint: "check the account of the access key", HintZH: "请检查 AccessKey 所属账号是否持有该域名",
		}
	}
	if err != nil {
		return result{}, err
	}
	if facts.has("pendingTransfer") {
		return w.pending(ctx)
	}
	w.s.PendingAt = time.Time{}
	price, err := w.price(ctx)
	if err != nil {
		return result{}, err
	}
	reasons, err := w.r.blockers(ctx, facts)
	if err != nil {
		return result{}, err
	}
	if len(reasons) > 0 {
		return result{}, &Error{
			Kind: ErrBlocked, Text: "see to all of this, then run again", Reasons: reasons,
			Hint: "real-name verification, locks and e-mail are in the Domain console", HintZH: "实名认证、锁定和邮箱可在域名控制台处理",
		}
	}
	w.s.Price = &price
	w.s.Old.Nameservers = hosts(facts.nameservers)
	w.s.Old.TransferLock, w.s.Old.UpdateLock = facts.has(TransferLock), facts.has(UpdateLock)
	return result{done: true}, nil
}

// pending is a transfer that this state does not know of.
func (w *walk) pending(ctx context.Context) (result, error) {
	op, err := w.order(ctx)
	if err != nil {
		return result{}, err
	}
	if op != "" {
		w.event(EventFound, "a transfer to the new registrar is under way already", "")
		return result{done: true}, nil
	}
	t, now := w.r.cfg.Timing, w.r.now()
	if w.s.PendingAt.IsZero() {
		w.s.PendingAt = now
	}
	if until := w.s.PendingAt.Add(t.Show); now.Before(until) {
		return w.wait(until, t.PollSlow, "a transfer is pending, and the new registrar shows no order of it yet", ""), nil
	}
	return result{}, &Error{
		Kind: ErrAmbiguous, Text: "a transfer is pending that the new registrar knows nothing of: it may go elsewhere. If it is not yours, refuse it; else wait for its end, then run again",
		Hint: "see “transfer out” in the Domain console", HintZH: "请在域名控制台的“转出”中核实该转移请求",
	}
}

// facts are what a registrar knows of the domain.
type facts struct {
	registered, expires time.Time
	nameservers, status []string
}

func (f facts) has(status string) bool {
	return slices.ContainsFunc(f.status, func(s string) bool { return strings.EqualFold(s, status) })
}

func factsOf(ctx context.Context, r Registrar, domain string) (f facts, err error) {
	f.registered, f.expires, f.nameservers, f.status, err = r.DomainFacts(ctx, domain)
	return f, err
}

// blockers are the reasons for which the move cannot be made.
func (r *Runner) blockers(ctx context.Context, f facts) ([]string, error) {
	t, now := r.cfg.Timing, r.now()
	var reasons []string
	add := func(format string, args ...any) { reasons = append(reasons, fmt.Sprintf(format, args...)) }
	if may := f.registered.Add(t.MinAge); now.Before(may) {
		add("the domain was registered on %s and cannot be transferred before %s", day(f.registered), day(may))
	}
	if last := f.expires.Add(-t.MinExpiry); !now.Before(last) {
		add("the domain expires on %s: renew it first", day(f.expires))
	}
	for _, status := range []struct{ name, text string }{
		{"pendingDelete", "it is about to be deleted"},
		{"redemptionPeriod", "it is in its redemption period: restore it, then wait 60 days"},
		{"pendingRestore", "its restoration is under way"},
		{"pendingUpdate", "a change of it is under way"},
		{"serverTransferProhibited", "the registry forbids its transfer: ask the registrar why"},
		{"serverUpdateProhibited", "the registry forbids changes: ask the registrar why"},
		{"serverHold", "the registry has taken it out of the DNS: ask the registrar why"},
		{"clientHold", "the registrar has taken it out of the DNS: real name or payment"},
	} {
		if f.has(status.name) {
			add("status %s: %s", status.name, status.text)
		}
	}
	for _, side := range []any{r.cfg.From, r.cfg.To} {
		if p, ok := side.(Preflight); ok { // the gaining side may know more too, such as contacts that are not complete
			more, err := p.TransferBlockers(ctx, r.cfg.Domain)
			if err != nil {
				return nil, err
			}
			reasons = append(reasons, more...)
		}
	}
	return reasons, nil
}

// price asks for the price and refuses one that is too high.
func (w *walk) price(ctx context.Context) (Money, error) {
	var m Money
	var err error
	m.Cents, m.Currency, err = w.r.cfg.To.TransferPrice(ctx, w.s.Domain)
	if errors.Is(err, errors.ErrUnsupported) {
		return m, &Error{Kind: ErrNotTransferable, Text: "the new registrar does not take domains of this kind", Err: err}
	}
	if err != nil {
		return m, err
	}
	most := w.r.cfg.MaxPrice
	if m.Currency != most.Currency || m.Cents > most.Cents {
		return m, &Error{Kind: ErrTooExpensive, Text: fmt.Sprintf("the transfer costs %s, and at most %s is allowed", m, most)}
	}
	return m, nil
}

// zone makes or adopts the hosted zone, and finds out how far an earlier move has come whose state was lost.
func (w *walk) zone(ctx context.Context) (result, error) {
	z, created, err := w.hosted(ctx)
	if err != nil {
		return result{}, err
	}
	if z.Private {
		return result{}, &Error{Kind: ErrInvalid, Text: "zone " + z.ID + " is private: it answers nobody outside its VPCs"}
	}
	if name := strings.TrimSuffix(string(z.Name), "."); name != w.s.Domain {
		return result{}, &Error{Kind: ErrInvalid, Text: fmt.Sprintf("zone %s is that of %s", z.ID, name)}
	}
	if len(z.NameServers) < 2 {
		return result{}, &Error{Kind: ErrInvalid, Text: fmt.Sprintf("zone %s has %d name servers", z.ID, len(z.NameServers))}
	}
	w.s.Zone = &ZoneState{ID: z.ID, Nameservers: hosts(z.NameServers), Created: created}
	return w.locate(ctx)
}

func (w *walk) hosted(ctx context.Context) (z route53x.Zone, created bool, err error) {
	cfg := w.r.cfg
	if cfg.ZoneID != "" {
		z, err = cfg.Zones.Zone(ctx, cfg.ZoneID)
		return z, false, err
	}
	z, others, err := w.r.findZone(ctx)
	switch {
	case err != nil:
		return z, false, err
	case z.ID != "":
		w.event(EventFound, "the zone was made before: "+z.ID, "")
		return z, true, nil
	case len(others) > 0:
		return z, false, &Error{Kind: ErrBlocked, Text: foreignZone(others)}
	}
	w.event(EventCall, "create the hosted zone "+w.s.Domain, "")
	for round := range maxRounds {
		z, _, err = cfg.Zones.EnsureZone(ctx, w.s.Domain, w.r.Reference(round), &route53x.ZoneOptions{Comment: "transfer " + w.s.ID})
		if !errors.Is(err, route53x.ErrConflict) { // a reference is good once for ever: that one was of a zone that undo has deleted
			break
		}
	}
	return z, true, err
}

func foreignZone(ids []string) string {
	return fmt.Sprintf("a zone of that name exists that this move did not make (%s): adopt it by its ID, or delete it", strings.Join(ids, ", "))
}

// findZone finds the zone that this move has made, "" for its ID where there is none, and the IDs of others of its name.
func (r *Runner) findZone(ctx context.Context) (own route53x.Zone, others []string, err error) {
	z, err := r.cfg.Zones.FindZone(ctx, r.cfg.Domain, nil)
	if errors.Is(err, fs.ErrNotExist) {
		return own, nil, nil
	}
	ids := []string{z.ID}
	if e, ok := errors.AsType[*route53x.Error](err); ok && errors.Is(err, route53x.ErrAmbiguous) {
		ids, err = e.IDs, nil
	}
	if err != nil {
		return own, nil, err
	}
	for _, id := range ids {
		if z.ID != id {
			if z, err = r.cfg.Zones.Zone(ctx, id); err != nil {
				return own, nil, err
			}
		}
		ours := false
		for round := range maxRounds {
			ours = ours || z.CallerReference == r.Reference(round)
		}
		if ours {
			own = z
		} else {
			others = append(others, id)
		}
	}
	return own, others, nil
}

// locate finds how far things have come, which is not far where the state is not lost.
func (w *walk) locate(ctx context.Context) (result, error) {
	here, err := factsOf(ctx, w.r.cfg.To, w.s.Domain)
	if err == nil && !here.registered.IsZero() {
		w.event(EventFound, "the domain is at the new registrar: what comes before was done", "")
		return result{to: StepFinish}, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return result{}, err
	}
	op, err := w.order(ctx)
	if err != nil {
		return result{}, err
	}
	if op != "" {
		w.s.Operation = op
		w.event(EventFound, "the transfer was ordered already: "+op, "")
		return result{to: StepApprove}, nil
	}
	there, err := factsOf(ctx, w.r.cfg.From, w.s.Domain)
	if errors.Is(err, fs.ErrNotExist) {
		return w.again(w.r.cfg.Timing.PollSlow, "neither registrar shows the domain at the moment", ""), nil
	}
	if err != nil {
		return result{}, err
	}
	if sameHosts(there.nameservers, w.s.Zone.Nameservers) {
		w.s.Old.Nameservers = w.r.cfg.OldNameservers
		w.s.SwitchedAt = w.r.now()
		w.event(EventFound, "the registrar has the new name servers already; since when is not known, so that the wait begins now", "")
		return result{to: StepPropagate}, nil
	}
	return result{done: true}, nil
}

// order finds an order at the new registrar that has not failed.
func (w *walk) order(ctx context.Context) (string, error) {
	op, err := w.r.cfg.To.FindTransfer(ctx, w.s.Domain, w.r.now().Add(-60*24*time.Hour))
	if err != nil || op == "" {
		return "", err
	}
	state, _, err := w.r.cfg.To.OperationState(ctx, op)
	if err != nil || state == Failed {
		return "", err
	}
	return op, nil
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// String is "15.00 USD".
func (m Money) String() string {
	return fmt.Sprintf("%d.%02d %s", m.Cents/100, m.Cents%100, m.Currency)
}
