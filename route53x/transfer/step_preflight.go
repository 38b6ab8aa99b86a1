package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"
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
		return w.wait(until, t.PollSlow, "a transfer is pending, and the new registrar shows no order of it yet"), nil
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

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
