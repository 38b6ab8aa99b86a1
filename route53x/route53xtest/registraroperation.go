package route53xtest

import (
	"cmp"
	"fmt"
	"time"

	"github.com/kitroll/kitroll/route53x"
)

const (
	transferIn = string(route53x.OpTransferIn)

	submitted  = string(route53x.OperationSubmitted)
	inProgress = string(route53x.OperationInProgress)
	successful = string(route53x.OperationSuccessful)
	failed     = string(route53x.OperationFailed)
)

// stage is one stretch of an operation. It ends when it is due, or when something from outside lets it end.
type stage struct {
	flag     string // shown meanwhile
	due      time.Time
	finished func(time.Time) // what happens at its end, with the lock held; it sets the next stage
}

type operation struct {
	id, domain, typ    string
	status, message    string
	submitted, updated time.Time
	stage              *stage
	held               string // the flag of Hold
	heldAt             time.Time
	heldMessage        string

	code        string // of a transfer
	nameservers []route53x.Nameserver
	contacts    route53x.Contacts
	noRenew     bool
	public      bool
	mails       int
}

func (op *operation) done() bool { return op.status == successful || op.status == failed }

// flag is what the operation waits for.
func (op *operation) flag() string {
	switch {
	case op.done():
		return ""
	case op.held != "":
		return op.held
	case op.stage != nil:
		return op.stage.flag
	}
	return ""
}

// newOperation is one that begins now.
func (r *Registrar) newOperation(domain, typ string) *operation {
	r.serial++
	now := r.clock.Now().Truncate(time.Millisecond)
	op := &operation{
		id: fmt.Sprintf("%08x-7a3e-4c1d-9b52-%012x", r.serial, r.serial*7919), domain: domain, typ: typ,
		status: submitted, submitted: now, updated: now,
	}
	r.ops = append(r.ops, op)
	return op
}

// change is an operation that does one thing after a while. work says why it fails, "" = it does not.
func (r *Registrar) change(domain, typ string, work func(at time.Time) string) *operation {
	op := r.newOperation(domain, typ)
	op.stage = &stage{due: op.submitted.Add(r.opts.Start), finished: func(at time.Time) {
		op.status, op.updated = inProgress, at
		op.stage = &stage{due: at.Add(r.opts.Work), finished: func(at time.Time) { r.end(op, at, work(at)) }}
	}}
	return op
}

// end ends an operation. Of a transfer that failed the money is given back.
func (r *Registrar) end(op *operation, at time.Time, reason string) {
	op.status, op.message, op.updated, op.stage = successful, "", at, nil
	if reason == "" {
		return
	}
	op.status, op.message = failed, reason
	for i := range r.charges {
		if r.charges[i].Operation == op.id {
			r.charges[i].Refunded = at
		}
	}
}

// running is the operation of a domain that has not ended.
func (r *Registrar) running(domain string) *operation {
	for _, op := range r.ops {
		if op.domain == domain && !op.done() {
			return op
		}
	}
	return nil
}

// Sync lets everything happen that is due, and calls the hooks. Every call of the API does so first.
func (r *Registrar) Sync() {
	r.mu.Lock()
	r.advance()
	due := r.due
	r.due = nil
	r.mu.Unlock()
	for _, hook := range due {
		hook()
	}
}

// advance goes through what is due in the order of time.
func (r *Registrar) advance() {
	now := r.clock.Now()
	for {
		var next *operation
		for _, op := range r.ops {
			if op.stage != nil && op.held == "" && !op.stage.due.IsZero() && !op.stage.due.After(now) &&
				(next == nil || op.stage.due.Before(next.stage.due)) {
				next = op
			}
		}
		if next == nil {
			return
		}
		next.stage.finished(next.stage.due)
	}
}

// Hold stops what runs for a domain with a flag, such as PENDING_PAYMENT_VERIFICATION, until [Registrar.Release]. It reports
// whether there is something that runs.
func (r *Registrar) Hold(domain string, flag route53x.StatusFlag, message string) bool {
	r.Sync()
	r.mu.Lock()
	defer r.mu.Unlock()
	op := r.running(domain)
	if op == nil {
		return false
	}
	op.held, op.heldAt, op.heldMessage = string(flag), r.clock.Now(), message
	op.updated = op.heldAt
	return true
}

// Release lets it go on, where it was. It reports whether something was held.
func (r *Registrar) Release(domain string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	op := r.running(domain)
	if op == nil || op.held == "" {
		return false
	}
	now := r.clock.Now()
	if op.stage != nil && !op.stage.due.IsZero() {
		op.stage.due = op.stage.due.Add(now.Sub(op.heldAt))
	}
	op.held, op.heldMessage, op.updated = "", "", now
	return true
}

// Running is the operation that runs for a domain.
func (r *Registrar) Running(domain string) (route53x.OperationState, bool) {
	r.Sync()
	r.mu.Lock()
	defer r.mu.Unlock()
	op := r.running(domain)
	if op == nil {
		return route53x.OperationState{}, false
	}
	return route53x.OperationState{
		Operation: route53x.Operation{ID: op.id, Domain: op.domain, Type: route53x.OperationType(op.typ)},
		Status:    route53x.OperationStatus(op.status), Flag: route53x.StatusFlag(op.flag()),
		Message: cmp.Or(op.heldMessage, op.message), Submitted: op.submitted, Updated: op.updated,
	}, true
}

// Mails is how many times the mail with the form of authorization was sent for a domain.
func (r *Registrar) Mails(domain string) int {
	r.Sync()
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, op := range r.ops {
		if op.domain == domain {
			n += op.mails
		}
	}
	return n
}
