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

// unlock lifts the transfer lock and has an auth code made. The code is looked at and let go: it is a secret.
func (w *walk) unlock(ctx context.Context) (result, error) {
	lift := w.setLock(w.r.cfg.From, TransferLock, false)
	f, err := factsOf(ctx, w.r.cfg.From, w.s.Domain)
	switch {
	case errors.Is(err, fs.ErrNotExist) && w.s.Zone != nil:
		return w.relocate(), nil
	case err != nil:
		return result{}, err
	case f.has("pendingTransfer"): // the state was lost, and the order did not show when the zone was found
		if w.s.Operation, err = w.order(ctx); err == nil && w.s.Operation != "" {
			w.event(EventFound, "the transfer was ordered already: "+w.s.Operation, "")
			return result{to: StepApprove}, nil
		} else if err != nil {
			return result{}, err
		}
		return w.pending(ctx)
	}
	if f.has(TransferLock) || w.s.Call != nil && w.s.Call.Name == lift.name {
		w.s.Old.TransferLock = true
		res, err := w.change(ctx, lift)
		return result{after: res.after}, err
	}
	if w.s.CodeAt.IsZero() {
		return w.requestCode(ctx)
	}
	if w.s.CodeTask != "" {
		switch state, reason, err := w.r.cfg.From.TaskState(ctx, w.s.Domain, w.s.CodeTask); {
		case err != nil:
			return result{}, err
		case state == Failed:
			w.s.CodeTask, w.s.CodeAt = "", time.Time{}
			return result{}, &Error{
				Kind: ErrTaskFailed, Text: "there is no auth code: see to the reason, then run again, and another is asked for", Reasons: nonEmpty(reason),
				Hint: "the console may ask for a code by phone or e-mail first", HintZH: "控制台可能要求先进行手机或邮箱验证",
			}
		}
	}
	code, err := w.r.cfg.From.AuthCode(ctx, w.s.Domain, w.s.CodeTask)
	switch {
	case errors.Is(err, fs.ErrNotExist): // it has expired, or the task is not known
		return w.recode(), nil
	case err != nil:
		return result{}, err
	case code == "":
		return w.again(w.r.cfg.Timing.Poll, "the auth code is being made", ""), nil
	}
	return result{done: true}, nil
}

// relocate is for a domain that has left while it was not looked at.
func (w *walk) relocate() result {
	return w.back(StepZone, "the old registrar does not have the domain any more: finding out where it is", "")
}

// requestCode asks for a code. Asking twice is harmless, so that a lost answer is no more than asked again.
func (w *walk) requestCode(ctx context.Context) (result, error) {
	if w.s.Call == nil || w.s.Call.Name != "authcode" {
		w.s.Call = &Call{Name: "authcode"}
	} else {
		w.event(EventLost, "the answer to the request for a code was lost: asking again, which is harmless", "")
	}
	w.s.Call.Begun = w.r.now()
	w.s.Call.Tries++
	if err := w.save(ctx); err != nil {
		return result{}, err
	}
	w.event(EventCall, "request an auth code", "申请转移密码")
	task, err := w.r.cfg.From.RequestAuthCode(ctx, w.s.Domain)
	if err != nil {
		if w.unknown(ctx, err) {
			return result{after: w.r.cfg.Timing.Poll}, context.Cause(ctx)
		}
		w.s.Call = nil
		return result{}, &Error{
			Kind: ErrRefused, Text: "request an auth code", Err: err,
			Hint: "the console may ask for a code by phone or e-mail first", HintZH: "控制台可能要求先进行手机或邮箱验证",
		}
	}
	w.s.Call, w.s.CodeTask, w.s.CodeAt = nil, task, w.r.now()
	return result{}, w.save(ctx)
}

// code asks for the auth code anew. "" is none that can be used: back to unlock.
func (w *walk) code(ctx context.Context) (string, error) {
	_, _, expires, err := w.r.cfg.From.TransferOutState(ctx, w.s.Domain)
	if err != nil {
		return "", err
	}
	if !expires.IsZero() && !w.r.now().Add(w.r.cfg.Timing.Show).Before(expires) {
		return "", nil
	}
	if w.s.CodeAt.IsZero() {
		return "", nil
	}
	code, err := w.r.cfg.From.AuthCode(ctx, w.s.Domain, w.s.CodeTask)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return code, err
}

func (w *walk) recode() result {
	w.s.CodeTask, w.s.CodeAt = "", time.Time{}
	return w.back(StepUnlock, "the auth code has expired or is not there: another is asked for", "转移密码已过期，重新申请")
}

// check asks the new registrar whether it will take the domain, and for how much.
func (w *walk) check(ctx context.Context) (result, error) {
	code, err := w.code(ctx)
	if err != nil {
		return result{}, err
	}
	if code == "" {
		return w.recode(), nil
	}
	verdict, reason, err := w.r.cfg.To.CheckTransfer(ctx, w.s.Domain, code)
	if err != nil {
		return result{}, err
	}
	switch verdict {
	case Yes:
	case No:
		return result{}, &Error{
			Kind: ErrNotTransferable, Text: "the new registrar will not take it: see to the reason, then run again", Reasons: nonEmpty(reason),
			Hint: "locks, the code and real-name verification are in the Domain console", HintZH: "锁定、转移密码和实名认证可在域名控制台查看",
		}
	default:
		return w.again(w.r.cfg.Timing.PollSlow, "the new registrar does not know yet whether it can take the domain", ""), nil
	}
	price, err := w.price(ctx)
	if err != nil {
		return result{}, err
	}
	w.s.Price = &price
	return result{done: true}, nil
}

// transfer orders the transfer. Nothing that is not a clear refusal is taken for one: the order is looked for, and placed
// again only when there is none.
func (w *walk) transfer(ctx context.Context) (result, error) {
	c := change{
		name: "transfer", text: "order the transfer of " + w.s.Domain, zh: "提交转入 " + w.s.Domain, reg: w.r.cfg.To, money: true,
		seen: func(ctx context.Context) (bool, error) {
			if w.s.Operation != "" {
				return true, nil
			}
			op, err := w.order(ctx)
			w.s.Operation = op
			return op != "", err
		},
	}
	var code string
	if w.s.Call == nil || w.s.Call.Name != c.name {
		var res result
		var err error
		if code, res, err = w.mayOrder(ctx); err != nil || code == "" {
			return res, err
		}
	}
	c.send = func(ctx context.Context) (string, error) {
		if code == "" {
			return "", errors.New("no code") // not reached: a new order goes through mayOrder
		}
		op, err := w.r.cfg.To.TransferDomain(ctx, w.s.Domain, code, slices.Clone(w.s.Zone.Nameservers))
		w.s.Operation = op
		return "", err
	}
	res, err := w.change(ctx, c)
	if res.done && w.s.Operation != "" {
		w.event(EventFound, "the order: "+w.s.Operation, "")
	}
	return res, err
}

// mayOrder is all that has to be so before money is spent. No code, no order.
func (w *walk) mayOrder(ctx context.Context) (code string, res result, err error) {
	f, err := factsOf(ctx, w.r.cfg.From, w.s.Domain)
	if errors.Is(err, fs.ErrNotExist) {
		return "", w.relocate(), nil
	}
	if err != nil {
		return "", res, err
	}
	if f.has("pendingTransfer") {
		if op, err := w.order(ctx); err != nil || op != "" {
			w.s.Operation = op
			return "", result{done: op != ""}, err
		}
		res, err = w.pending(ctx)
		return "", res, err
	}
	price, err := w.price(ctx)
	if err != nil {
		return "", res, err
	}
	w.s.Price = &price
	err = w.consent(StepTransfer, "pay "+price.String(),
		fmt.Sprintf("The transfer of %s costs %s, charged at once and returned if it fails. Type pay %s:", w.s.Domain, price, price),
		fmt.Sprintf("%s 转入费用为 %s，立即扣费，失败退回。输入 pay %s 确认：", w.s.Domain, price, price))
	if err != nil {
		return "", res, err
	}
	if f.has(TransferLock) {
		return "", w.back(StepUnlock, "the domain is locked again", "域名又被锁定"), nil
	}
	if code, err = w.code(ctx); err == nil && code == "" {
		res = w.recode()
	}
	return code, res, err
}

// approve lets the domain go, once the registry has the request, and waits for the new registrar.
func (w *walk) approve(ctx context.Context) (result, error) {
	t := w.r.cfg.Timing
	state, reason, err := w.r.cfg.To.OperationState(ctx, w.s.Operation)
	if err != nil {
		return result{}, err
	}
	switch state {
	case Done:
		w.s.Call = nil
		return result{done: true}, nil
	case Failed:
		w.s.Operation, w.s.Approved, w.s.Call, w.s.Step = "", false, nil, StepCheck
		delete(w.s.Consents, StepTransfer) // another order is another decision
		delete(w.s.Consents, StepApprove)
		return result{}, &Error{
			Kind: ErrTaskFailed, Text: "the transfer has failed, and its price is returned: see to the reason, then run again for a new order with a new consent",
			Reasons: nonEmpty(reason),
		}
	case Waiting:
		w.event(EventAttention, strings.TrimSuffix("a person must act at the new registrar: "+reason, ": "), "需要在新注册商处人工确认，例如查收确认邮件")
	}
	if w.r.cfg.KeepPace || w.s.Approved {
		return w.again(t.PollSlow, "the transfer is under way", ""), nil
	}
	return w.letGo(ctx)
}

// letGo is the fast button.
func (w *walk) letGo(ctx context.Context) (result, error) {
	t := w.r.cfg.Timing
	c := change{
		name: "approve", text: "let the domain go at once", zh: "快速转出", reg: w.r.cfg.From, trust: true,
		seen: func(ctx context.Context) (bool, error) {
			state, err := w.outState(ctx)
			return state == OutDone, err
		},
		send:   func(ctx context.Context) (string, error) { return w.r.cfg.From.ApproveTransferOut(ctx, w.s.Domain) },
		hint:   "quick approval needs the right domain:DomainTransferOutOperation; without it the registry lets go by itself after five days (KeepPace)",
		hintZH: "快速转出需要 domain:DomainTransferOutOperation 权限；不使用时注册局五天后自动放行",
	}
	if w.s.Call == nil || w.s.Call.Name != c.name {
		switch state, err := w.outState(ctx); {
		case err != nil:
			return result{}, err
		case state == OutFailed:
			w.event(EventAttention, "the losing registrar says that the transfer has failed; the new one decides", "原注册商显示转出失败，以新注册商为准")
			return w.again(t.PollSlow, "the transfer is under way", ""), nil
		case state != OutRequested: // quick approval is right in this state only
			return w.again(t.PollSlow, "the registry's request has not reached the losing registrar: "+state, ""), nil
		}
		err := w.consent(StepApprove, "let go",
			fmt.Sprintf("Letting %s go at once cannot be undone. Without it the registry does so in five days. Type let go:", w.s.Domain),
			fmt.Sprintf("%s 快速转出无法撤销；不操作则注册局五天后自动放行。输入 let go 确认：", w.s.Domain))
		if err != nil {
			return result{}, err
		}
	}
	res, err := w.change(ctx, c)
	if err == nil && res.done {
		w.s.Approved = true
	}
	return result{after: res.after}, err
}

// outState is [OutDone] where the losing registrar has forgotten the domain.
func (w *walk) outState(ctx context.Context) (string, error) {
	state, _, _, err := w.r.cfg.From.TransferOutState(ctx, w.s.Domain)
	if errors.Is(err, fs.ErrNotExist) {
		return OutDone, nil
	}
	return state, err
}

// finish reads back what the new registrar has, and mends it.
func (w *walk) finish(ctx context.Context) (result, error) {
	to := w.r.cfg.To
	f, err := factsOf(ctx, to, w.s.Domain)
	if errors.Is(err, fs.ErrNotExist) {
		return w.again(w.r.cfg.Timing.PollSlow, "the new registrar does not show the domain yet", ""), nil
	}
	if err != nil {
		return result{}, err
	}
	lock := w.setLock(to, TransferLock, true)
	switch {
	case w.s.Call != nil && w.s.Call.Name == "restore" || !sameHosts(f.nameservers, w.s.Zone.Nameservers):
		c := w.setNameservers("restore", w.s.Zone.Nameservers)
		c.reg, c.hint, c.hintZH = to, "", ""
		c.seen = func(ctx context.Context) (bool, error) {
			f, err := factsOf(ctx, to, w.s.Domain)
			return sameHosts(f.nameservers, w.s.Zone.Nameservers), err
		}
		c.send = func(ctx context.Context) (string, error) {
			return to.SetNameservers(ctx, w.s.Domain, slices.Clone(w.s.Zone.Nameservers))
		}
		res, err := w.change(ctx, c)
		return result{after: res.after}, err
	case w.s.Call != nil && w.s.Call.Name == lock.name || !f.has(TransferLock):
		lock.hint, lock.hintZH = "", ""
		res, err := w.change(ctx, lock)
		return result{after: res.after}, err
	}
	return result{done: true}, nil
}

// after looks at everything once more.
func (w *walk) after(ctx context.Context) (result, error) {
	d, err := w.r.cfg.DNS.Delegation(ctx, w.s.Domain)
	if err != nil {
		return result{}, err
	}
	if !d.Agree || !sameHosts(d.Nameservers, w.s.Zone.Nameservers) {
		if since := w.r.now().Sub(w.s.Done[StepFinish]); since < w.r.cfg.Timing.Show {
			return w.again(w.r.cfg.Timing.PollSlow, "the parent zone does not have the name servers everywhere", ""), nil
		}
		return result{}, &Error{
			Kind: ErrDiffers, Text: fmt.Sprintf("the parent zone has %s and not the name servers of the zone: set them at the new registrar, then run again", strings.Join(d.Nameservers, ", ")),
		}
	}
	if _, err := w.r.cfg.DNS.NSTTL(ctx, w.s.Domain, w.s.Zone.Nameservers); err != nil {
		return result{}, err
	}
	missing, err := w.missing(ctx)
	if err != nil {
		return result{}, err
	}
	for _, text := range missing {
		w.event(EventFound, "changed in the new zone since the move began: "+text, "")
	}
	if w.s.KeepUntil.IsZero() {
		w.s.KeepUntil = w.r.now().Add(w.r.cfg.Timing.KeepOld)
	}
	w.event(EventFound, "leave the old zone as it is until "+w.s.KeepUntil.Format(time.RFC3339), "请保留原解析至 "+w.s.KeepUntil.Format(time.RFC3339))
	return result{done: true}, nil
}

// missing are the sets of the export that the zone does not have.
func (w *walk) missing(ctx context.Context) ([]string, error) {
	if w.s.Export == nil { // the state was lost
		return nil, nil
	}
	have, err := w.sets(ctx)
	if err != nil {
		return nil, err
	}
	there := make(map[route53x.Key]route53x.RRSet, len(have))
	for _, set := range have {
		if c, err := set.Canonical(); err == nil {
			there[c.Key()] = c
		}
	}
	var out []string
	for _, want := range w.s.Export.Sets {
		if c, err := want.Canonical(); err == nil && !there[c.Key()].SameContent(c) {
			out = append(out, c.Key().String())
		}
	}
	return out, nil
}

func nonEmpty(reason string) []string {
	if reason == "" {
		return nil
	}
	return []string{reason}
}
