package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// switchover gives the registrar the new name servers: the moment from which the world asks the new zone.
func (w *walk) switchover(ctx context.Context) (result, error) {
	if w.s.Call == nil || w.s.Call.Name != "switch" { // once it may have left, only its outcome counts
		if res, err := w.ready(ctx); err != nil || !res.done {
			return res, err
		}
	}
	res, err := w.change(ctx, w.setNameservers("switch", w.s.Zone.Nameservers))
	if res.done {
		w.s.SwitchedAt, w.s.ParentAt = w.r.now(), time.Time{}
	}
	return res, err
}

// ready is all that has to be so before the switch.
func (w *walk) ready(ctx context.Context) (result, error) {
	wait := max(w.s.Old.ParentTTL, w.s.Old.NSTTL)
	err := w.consent(StepSwitch, "switch",
		fmt.Sprintf("The name servers of %s change from %s to %s. It can be undone, and caches keep either for up to %s. Type switch:",
			w.s.Domain, strings.Join(w.s.Old.Nameservers, ", "), strings.Join(w.s.Zone.Nameservers, ", "), Span(wait)),
		fmt.Sprintf("%s 的域名服务器将由 %s 改为 %s。可以撤销，缓存最长保留 %s。输入 switch 确认：",
			w.s.Domain, strings.Join(w.s.Old.Nameservers, "、"), strings.Join(w.s.Zone.Nameservers, "、"), Span(wait)))
	if err != nil {
		return result{}, err
	}
	if res, err := w.unlockUpdate(ctx); err != nil || !res.done {
		return res, err
	}
	if step, stale := w.stale(); stale {
		return w.back(step, "this was looked at too long ago for the switch", "该检查已过期，需重新核对"), nil
	}
	return result{done: true}, nil
}

// unlockUpdate lifts the lock against changes, if it is set: a change that is ordered while it is on fails.
func (w *walk) unlockUpdate(ctx context.Context) (result, error) {
	f, err := factsOf(ctx, w.r.cfg.From, w.s.Domain)
	if err != nil {
		return result{}, err
	}
	lift := w.setLock(w.r.cfg.From, UpdateLock, false)
	if !f.has(UpdateLock) && (w.s.Call == nil || w.s.Call.Name != lift.name) {
		return result{done: true}, nil
	}
	w.s.Old.UpdateLock = true
	res, err := w.change(ctx, lift)
	return result{after: res.after}, err
}

func (w *walk) setNameservers(name string, to []string) change {
	return change{
		name: name, text: "set the name servers to " + strings.Join(to, ", "), zh: "修改域名服务器", reg: w.r.cfg.From,
		seen: func(ctx context.Context) (bool, error) {
			f, err := factsOf(ctx, w.r.cfg.From, w.s.Domain)
			return sameHosts(f.nameservers, to), err
		},
		send: func(ctx context.Context) (string, error) {
			return w.r.cfg.From.SetNameservers(ctx, w.s.Domain, slices.Clone(to))
		},
		hint:   "see whether a lock (clientUpdateProhibited) or an unfinished real-name verification stands against it",
		hintZH: "请检查是否开启了禁止更新锁，或实名认证未完成",
	}
}

func (w *walk) setLock(reg Registrar, status string, on bool) change {
	text, zh := "lift "+status, "解除锁定 "+status
	if on {
		text, zh = "set "+status, "设置锁定 "+status
	}
	return change{
		name: fmt.Sprintf("lock:%s:%t", status, on), text: text, zh: zh, reg: reg,
		seen: func(ctx context.Context) (bool, error) {
			f, err := factsOf(ctx, reg, w.s.Domain)
			return f.has(status) == on, err
		},
		send:   func(ctx context.Context) (string, error) { return reg.SetLock(ctx, w.s.Domain, status, on) },
		hint:   "the lock can also be changed in the console of the registrar",
		hintZH: "也可在域名控制台的“安全设置”中修改该锁定",
	}
}

// propagate waits until every server of the parent has the new name servers, and then until what resolvers had of the
// old ones has run out everywhere.
func (w *walk) propagate(ctx context.Context) (result, error) {
	t, now := w.r.cfg.Timing, w.r.now()
	d, err := w.r.cfg.DNS.Delegation(ctx, w.s.Domain)
	if err != nil {
		return result{}, err
	}
	if !d.Agree || !sameHosts(d.Nameservers, w.s.Zone.Nameservers) {
		w.s.ParentAt = time.Time{}
		return w.unlike(ctx)
	}
	if w.s.ParentAt.IsZero() {
		w.s.ParentAt = now
	}
	wait := max(cmp.Or(w.s.Old.ParentTTL, t.CacheTTL), cmp.Or(w.s.Old.NSTTL, t.CacheTTL))
	if until := w.s.ParentAt.Add(wait); now.Before(until) {
		return w.wait(until, t.PollSlow*12, "every server of the parent zone has the new name servers; resolvers may keep the old ones for so long"), nil
	}
	return result{done: true}, nil
}

// unlike is a parent zone that does not have the new name servers, or not everywhere.
func (w *walk) unlike(ctx context.Context) (result, error) {
	t := w.r.cfg.Timing
	if w.r.now().Sub(w.s.SwitchedAt) >= t.Show {
		f, err := factsOf(ctx, w.r.cfg.From, w.s.Domain)
		if errors.Is(err, fs.ErrNotExist) {
			return w.relocate(), nil
		}
		if err != nil {
			return result{}, err
		}
		if !sameHosts(f.nameservers, w.s.Zone.Nameservers) {
			delete(w.s.Consents, StepSwitch)
			w.s.Step = StepExport
			return result{}, &Error{
				Kind: ErrBlocked, Text: fmt.Sprintf("the registrar has other name servers again (%s): somebody has changed them. Run again to go on from the export, with a new consent", strings.Join(f.nameservers, ", ")),
				Hint: "see the domain's log in the Domain console", HintZH: "请在域名控制台查看操作记录",
			}
		}
	}
	return w.again(t.PollSlow, "not every server of the parent zone has the new name servers"), nil
}

// filing is a statement that no platform can make.
func (w *walk) filing(context.Context) (result, error) {
	if w.s.Filing == "" {
		w.s.Filing = w.r.cfg.Filing
	}
	if w.s.Filing == "" {
		return result{}, &Error{Kind: ErrNeedsStatement, Text: "say what becomes of the ICP filing: a domain at a registrar outside China cannot have one", Question: filingQuestion()}
	}
	return result{done: true}, nil
}

func filingQuestion() *Question {
	q := &Question{
		Step: StepFiling, Kind: AskFiling,
		Text:   "Has the domain an ICP filing? At a registrar outside China it cannot keep one. Type none, cancelled, moved, or accept (that it is lost):",
		TextZH: "该域名是否有 ICP 备案？转出境外注册商后无法保留备案。输入 none（无）、cancelled（已注销）、moved（已迁移）或 accept（接受失效）：",
	}
	for _, f := range filings() {
		q.Options = append(q.Options, string(f))
	}
	return q
}

// Span is a duration for people, as plans have it: "3 days", rounded.
func Span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", (d+12*time.Hour)/(24*time.Hour))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", (d+30*time.Minute)/time.Hour)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d minutes", (d+30*time.Second)/time.Minute)
	}
	return fmt.Sprintf("%d seconds", d/time.Second)
}
