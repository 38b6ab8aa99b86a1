package route53x

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53domains"
	"github.com/aws/aws-sdk-go-v2/service/route53domains/types"
)

// OperationType is what an operation does, in the API's words.
type OperationType string

// The types of the operations that this package starts.
const (
	OpTransferIn        OperationType = "TRANSFER_IN_DOMAIN"
	OpUpdateNameservers OperationType = "UPDATE_NAMESERVER"
	OpDomainLock        OperationType = "DOMAIN_LOCK"
	OpAddDNSSEC         OperationType = "ADD_DNSSEC"
	OpRemoveDNSSEC      OperationType = "REMOVE_DNSSEC"
)

// OperationStatus is how far an operation is.
type OperationStatus string

// The statuses. That ERROR is an end, as FAILED is, is unverified.
const (
	OperationSubmitted  OperationStatus = "SUBMITTED"
	OperationInProgress OperationStatus = "IN_PROGRESS"
	OperationError      OperationStatus = "ERROR"
	OperationSuccessful OperationStatus = "SUCCESSFUL"
	OperationFailed     OperationStatus = "FAILED"
)

// StatusFlag says what an operation waits for.
type StatusFlag string

// The flags; "" is none.
const (
	PendingAcceptance          StatusFlag = "PENDING_ACCEPTANCE"
	PendingCustomerAction      StatusFlag = "PENDING_CUSTOMER_ACTION"
	PendingAuthorization       StatusFlag = "PENDING_AUTHORIZATION" // [Domains.ResendAuthorization] sends the mail again
	PendingPaymentVerification StatusFlag = "PENDING_PAYMENT_VERIFICATION"
	PendingSupportCase         StatusFlag = "PENDING_SUPPORT_CASE"
)

// Operation is something that Route 53 does in its own time. Its ID is all that is needed to come back to it after a
// restart: Operation{ID: id}.
type Operation struct {
	ID     string        `json:"id"`
	Domain string        `json:"domain,omitempty"`
	Type   OperationType `json:"type,omitempty"`
	// Resumed: it was running, or done, before it was asked for: the API named it in DuplicateRequest, or it was found in
	// the list of operations. Nothing was ordered a second time.
	Resumed bool `json:"resumed,omitempty"`
}

// OperationState is an [Operation] as it is now.
type OperationState struct {
	Operation

	Status    OperationStatus `json:"status"`
	Flag      StatusFlag      `json:"flag,omitempty"`
	Message   string          `json:"message,omitempty"` // the service's own words, without addresses of mail
	Submitted time.Time       `json:"submitted"`
	Updated   time.Time       `json:"updated"`
}

// Done reports whether the operation has ended, well or not.
func (s OperationState) Done() bool {
	return s.Status == OperationSuccessful || s.Status == OperationFailed || s.Status == OperationError
}

// Err is nil while the operation runs and when it succeeded, else an [*Error] that is [ErrFailed].
func (s OperationState) Err() error {
	if !s.Done() || s.Status == OperationSuccessful {
		return nil
	}
	return &Error{
		Kind: ErrFailed, Op: string(s.Type), Subject: s.Domain, Code: string(s.Status), Message: s.Message, IDs: []string{s.ID},
	}
}

// Action is what a person must do before the operation can go on; "" where nothing is to be done but wait.
func (s OperationState) Action() string {
	if s.Done() {
		return ""
	}
	switch s.Flag {
	case "":
		return ""
	case PendingAuthorization:
		return "the holder must open the mail with the form of authorization and agree; ResendAuthorization sends it again"
	case PendingAcceptance:
		return "the account that receives the domain must accept it"
	case PendingCustomerAction:
		return "the holder must act, for example answer a mail"
	case PendingPaymentVerification:
		return "the payment method of the account must be confirmed in the billing console"
	case PendingSupportCase:
		return "a support case is open: answer it in the support center"
	}
	return "a person must act: " + string(s.Flag)
}

// Poll asks once how far an operation is.
//
// Errors: as an [*Error]. That the operation has failed is none: see [OperationState.Err].
//
// Source: GetOperationDetail (read 2026-11).
func (d *Domains) Poll(ctx context.Context, op Operation) (OperationState, error) {
	if op.ID == "" {
		return OperationState{}, invalidDomain("GetOperationDetail", op.Domain, errors.New("Operation.ID is required"))
	}
	in := &route53domains.GetOperationDetailInput{OperationId: &op.ID}
	out, err := domainRead(ctx, d, "GetOperationDetail", cmp.Or(op.Domain, op.ID), d.api.operation, in)
	if err != nil {
		return OperationState{}, err
	}
	return operationState(op, types.OperationSummary{
		DomainName: out.DomainName, LastUpdatedDate: out.LastUpdatedDate, Message: out.Message, OperationId: out.OperationId,
		Status: out.Status, StatusFlag: out.StatusFlag, SubmittedDate: out.SubmittedDate, Type: out.Type,
	}), nil
}

func operationState(op Operation, out types.OperationSummary) OperationState {
	if out.OperationId != nil {
		op.ID = *out.OperationId
	}
	if out.DomainName != nil {
		op.Domain = *out.DomainName
	}
	if out.Type != "" {
		op.Type = OperationType(out.Type)
	}
	return OperationState{
		Operation: op, Status: OperationStatus(out.Status), Flag: StatusFlag(out.StatusFlag),
		Message:   hideContacts(aws.ToString(out.Message)),
		Submitted: aws.ToTime(out.SubmittedDate), Updated: aws.ToTime(out.LastUpdatedDate),
	}
}

// OperationWaitOptions are the options of [Domains.Wait]. nil has the defaults.
type OperationWaitOptions struct {
	Interval    time.Duration // before the second look; default 5 s, and half as long again each time
	MaxInterval time.Duration // default 10 min: a transfer takes days
	// MaxFailures is how many looks in a row may fail for reasons that pass by (throttled, no answer, HTTP 5xx) before the
	// wait ends with that error; default 10.
	MaxFailures int
}

// Wait ranges over the states of an operation: the first that it sees, every other that differs from the one before, the
// last when the operation has ended. A failed operation is the last pair, with its error ([ErrFailed]) beside its state.
// What a person has to do is [OperationState.Action]. Breaking off ends the wait and leaves the operation alone; every
// range begins anew. It has no timeout of its own: bound it with ctx.
func (d *Domains) Wait(ctx context.Context, op Operation, opts *OperationWaitOptions) iter.Seq2[OperationState, error] {
	var o OperationWaitOptions
	if opts != nil {
		o = *opts
	}
	pauses := domainPauses{next: cmp.Or(o.Interval, 5*time.Second), factor: 1.5, most: cmp.Or(o.MaxInterval, 10*time.Minute)}
	most := cmp.Or(o.MaxFailures, 10)
	return func(yield func(OperationState, error) bool) {
		var last OperationState
		failures := 0
		err := d.until(ctx, pauses, func() (bool, error) {
			state, err := d.Poll(ctx, op)
			if err != nil {
				if failures++; failures <= most && transient(ctx, err) {
					d.log.WarnContext(ctx, "route53domains: the state of an operation is not known just now", "operation", op.ID, "error", err)
					return false, nil
				}
				return true, err
			}
			failures = 0
			if failed := state.Err(); failed != nil {
				yield(state, failed)
				return true, nil
			}
			changed := state.Status != last.Status || state.Flag != last.Flag || state.Message != last.Message
			last = state
			return (changed && !yield(state, nil)) || state.Done(), nil
		})
		if err != nil {
			if _, own := errors.AsType[*Error](err); !own {
				err = &Error{
					Op: "GetOperationDetail", Subject: cmp.Or(op.Domain, op.ID),
					Err: fmt.Errorf("stopped waiting for operation %s, last seen %s: %w", op.ID, cmp.Or(string(last.Status), "never"), err),
				}
			}
			yield(OperationState{}, err)
		}
	}
}

// domainPauses are the pauses between looks.
type domainPauses struct {
	next, most time.Duration
	factor     float64
	budget     time.Duration // of all pauses together; 0 = no end
}

// until looks until that says done or fails, or the budget is used up, which is no error. Its pauses are the clock's.
func (d *Domains) until(ctx context.Context, p domainPauses, look func() (done bool, err error)) error {
	for spent := time.Duration(0); ; {
		done, err := look()
		if done || err != nil {
			return err
		}
		pause := min(p.next, p.most)
		if spent += pause; p.budget > 0 && spent > p.budget {
			return nil
		}
		if err := d.clock.Sleep(ctx, pause); err != nil {
			return err
		}
		p.next = min(time.Duration(float64(pause)*p.factor), p.most)
	}
}

// ResendAuthorization sends the mail with the form of authorization again, for an operation that is [PendingAuthorization].
// The mail of before is then no longer good (unverified).
//
// Errors: [ErrInvalid] for an operation that waits for none, others as an [*Error].
//
// Source: ResendOperationAuthorization (read 2026-11).
func (d *Domains) ResendAuthorization(ctx context.Context, op Operation) error {
	const name = "ResendOperationAuthorization"
	if op.ID == "" {
		return invalidDomain(name, op.Domain, errors.New("Operation.ID is required"))
	}
	in := &route53domains.ResendOperationAuthorizationInput{OperationId: &op.ID}
	_, err := domainWrite(ctx, d, name, cmp.Or(op.Domain, op.ID), d.api.resend, in)
	return err
}
