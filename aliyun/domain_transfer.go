package aliyun

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// OutStatus is the platform's number for the way of a domain to another registrar. Numbers that are not known are kept.
type OutStatus int

// The steps of the way out.
const (
	OutNone       OutStatus = 0 // nothing was ever begun
	OutPhoneCheck OutStatus = 1
	OutMailCheck  OutStatus = 2
	OutCodeIssued OutStatus = 3
	OutRequested  OutStatus = 4 // the registry has the other registrar's request: it can be approved, or is done by itself in 5 days
	OutDone       OutStatus = 5
	OutFailed     OutStatus = 8 // rejected or cancelled: see Code and Message
)

// String is the step in words, "status 6" for one that is not known.
func (s OutStatus) String() string {
	switch s {
	case OutNone:
		return "none"
	case OutPhoneCheck, OutMailCheck:
		return "checking"
	case OutCodeIssued:
		return "code issued"
	case OutRequested:
		return "requested"
	case OutDone:
		return "done"
	case OutFailed:
		return "failed"
	}
	return "status " + strconv.Itoa(int(s))
}

// TransferOut is how far a domain is on its way to another registrar.
type TransferOut struct {
	Status    OutStatus
	Requested time.Time // when the registry had the request; zero = not yet
	CodeSent  time.Time // when the auth code was issued; zero = not yet
	Expires   time.Time // when the auth code ends; zero = not said
	Code      string    // of a failure, such as "clientRejected"
	Message   string    // of a failure, redacted
}

const outOp = "QueryTransferOutInfo"

// TransferOut asks how far a domain is on its way out. A domain for which nothing was ever begun has [OutNone], whether the
// platform says so with an error or an answer without a status (unverified which).
//
// Source: QueryTransferOutInfo, API Domain 2018-01-29 (read 2026-11; that its times are of UTC+8 is unverified).
func (d *Domains) TransferOut(ctx context.Context, domain string) (TransferOut, error) {
	if problems := domainProblems(domain); problems != nil {
		return TransferOut{}, badInput(DomainProduct, outOp, problems...)
	}
	var a struct {
		Status                                               text
		PendingRequestDate, ExpirationDate, ResultCode       string
		ResultMsg, TransferAuthorizationCodeSendDate         string
		PendingRequestDateLong, TransferAuthCodeSendDateLong text
	}
	err := d.call(ctx, outOp, map[string]string{"DomainName": domain}, true, &a)
	switch {
	case isNotThere(err):
		return TransferOut{}, nil
	case err != nil:
		return TransferOut{}, err
	}
	status, err := strconv.Atoi(string(orDefault(a.Status, "0")))
	if err != nil {
		return TransferOut{}, &Error{
			Product: DomainProduct, Op: outOp, Sent: true, Message: fmt.Sprintf("the status %q is no number", shown(string(a.Status))),
		}
	}
	return TransferOut{
		Status: OutStatus(status), Requested: platformTime(a.PendingRequestDate), Expires: platformTime(a.ExpirationDate),
		CodeSent: platformTime(a.TransferAuthorizationCodeSendDate), Code: shown(a.ResultCode),
		Message: shown(a.ResultMsg),
	}, nil
}

// RequestAuthCode orders the auth code that another registrar wants to see (转移密码). The code is the result of the task:
// [Domains.AuthCode]. Ordering again is safe: it makes another task, and maybe another code. The console asks for a
// confirmation by mail or phone first; whether the API does is unverified.
//
// Source: SaveSingleTaskForQueryingTransferAuthorizationCode, API Domain 2018-01-29 (read 2026-11).
func (d *Domains) RequestAuthCode(ctx context.Context, domain string) (*DomainTask, error) {
	return d.order(ctx, order{op: "SaveSingleTaskForQueryingTransferAuthorizationCode", domain: domain})
}

// AuthCode is the auth code that a task of [Domains.RequestAuthCode] has found, empty while the task runs. The code is a
// key to the domain: it is never printed, and belongs in no journal; the number of the task does.
//
// Errors: [ErrTaskFailed] with the reason; fs.ErrNotExist when the task is not known, or the code has expired: order
// another one.
func (d *Domains) AuthCode(ctx context.Context, domain, taskNo string) (Private, error) {
	state, err := d.Task(domain, taskNo).Poll(ctx)
	if err != nil {
		return Private{}, err
	}
	if err := state.failure(taskNo); err != nil {
		return Private{}, err
	}
	if !state.Done() {
		return Private{}, nil
	}
	if state.Result.Reveal() == "" {
		return Private{}, &Error{Product: DomainProduct, Op: taskOp, TaskNo: taskNo, Sent: true, Message: "the task is done and has no result"}
	}
	out, err := d.TransferOut(ctx, domain)
	if err != nil {
		return Private{}, err
	}
	if !out.Expires.IsZero() && !d.now().Before(out.Expires) {
		e := &Error{
			Product: DomainProduct, Op: taskOp, TaskNo: taskNo, Sent: true,
			Message: "the auth code expired at " + out.Expires.Format(time.DateTime) + " (UTC+8)",
			Hint:    "order another one", HintZH: "转移密码已过期，请重新申请",
		}
		e.setKinds(notThere().kinds)
		return Private{}, e
	}
	return state.Result, nil
}

// ApproveTransferOut is the fast button (快速转出): the domain goes at once instead of after the registry's five days. It is
// possible in [OutRequested] only, which is read first; anything else is [ErrConflict]. It cannot be undone. After
// [ErrUnknownOutcome], [Domains.TransferOut] tells, and ordering again is safe.
//
// Source: SaveSingleTaskForApplyQuickTransferOutOpenly, API Domain 2018-01-29 (read 2026-11). RAM action
// domain:DomainTransferOutOperation.
func (d *Domains) ApproveTransferOut(ctx context.Context, domain string) (*DomainTask, error) {
	const op = "SaveSingleTaskForApplyQuickTransferOutOpenly"
	if err := d.outMustBe(ctx, op, domain, OutRequested); err != nil {
		return nil, err
	}
	return d.order(ctx, order{op: op, domain: domain})
}

// CancelTransferOut orders a transfer out to be cancelled, which is possible until it is done. After [ErrUnknownOutcome],
// [Domains.TransferOut] tells, and ordering again is safe.
//
// Source: SaveSingleTaskForCancelingTransferOut, API Domain 2018-01-29 (read 2026-11).
func (d *Domains) CancelTransferOut(ctx context.Context, domain string) (*DomainTask, error) {
	const op = "SaveSingleTaskForCancelingTransferOut"
	if err := d.outMustBe(ctx, op, domain, OutPhoneCheck, OutMailCheck, OutCodeIssued, OutRequested); err != nil {
		return nil, err
	}
	return d.order(ctx, order{op: op, domain: domain})
}

// outMustBe reads the status and wants one of these.
func (d *Domains) outMustBe(ctx context.Context, op, domain string, wanted ...OutStatus) error {
	out, err := d.TransferOut(ctx, domain)
	if err != nil {
		return err
	}
	if slices.Contains(wanted, out.Status) {
		return nil
	}
	return &Error{
		Kind: ErrConflict, Product: DomainProduct, Op: op,
		Message: fmt.Sprintf("the transfer of %s is in status %d (%s), and must be in %d (%s) for this",
			domain, int(out.Status), out.Status, int(wanted[len(wanted)-1]), wanted[len(wanted)-1]),
		Hint: "look at the transfer again later", HintZH: "当前转出状态不允许此操作，请稍后再查询",
	}
}
