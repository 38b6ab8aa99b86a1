package transfer

import (
	"context"
	"errors"
	"io/fs"
	"time"
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
		return w.again(w.r.cfg.Timing.Poll, "the auth code is being made"), nil
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
		return w.again(w.r.cfg.Timing.PollSlow, "the new registrar does not know yet whether it can take the domain"), nil
	}
	price, err := w.price(ctx)
	if err != nil {
		return result{}, err
	}
	w.s.Price = &price
	return result{done: true}, nil
}
