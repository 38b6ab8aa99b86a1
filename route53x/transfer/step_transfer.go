package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

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
		return w.again(t.PollSlow, "the transfer is under way"), nil
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
			return w.again(t.PollSlow, "the transfer is under way"), nil
		case state != OutRequested: // quick approval is right in this state only
			return w.again(t.PollSlow, "the registry's request has not reached the losing registrar: "+state), nil
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
