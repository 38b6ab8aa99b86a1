package route53xtest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
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

// startTransfer lays out the way of a transfer that was ordered and paid.
func (r *Registrar) startTransfer(op *operation) {
	op.stage = &stage{due: op.submitted.Add(r.opts.Start), finished: func(at time.Time) {
		op.status, op.updated = inProgress, at
		if reason := r.refusal(op.domain, op.code, at); reason != "" {
			r.end(op, at, reason)
			return
		}
		if r.opts.SkipsTheMail {
			r.request(op, at)
			return
		}
		op.mails = 1
		op.stage = &stage{flag: string(route53x.PendingAuthorization), due: at.Add(r.opts.Reading), finished: func(at time.Time) { r.request(op, at) }}
		if r.opts.Reading < 0 || r.opts.Reading > r.opts.ReadingTerm {
			op.stage.due = at.Add(r.opts.ReadingTerm)
			op.stage.finished = func(at time.Time) { r.end(op, at, "The form of authorization was not answered in time.") }
		}
	}}
}

// request takes the request to the registry, which tells the losing registrar.
func (r *Registrar) request(op *operation, at time.Time) {
	op.updated = at
	if reason := r.refusal(op.domain, op.code, at); reason != "" { // the code may have run out, or a lock be back
		r.end(op, at, reason)
		return
	}
	if e, ok := r.elsewhere[op.domain]; ok {
		e.Status = append(slices.Clone(e.Status), "pendingTransfer")
		r.elsewhere[op.domain] = e
	}
	op.stage = &stage{due: at.Add(r.opts.RegistryTerm), finished: func(at time.Time) { r.arrive(op, at) }}
	if hook := r.hooks.Requested; hook != nil {
		r.due = append(r.due, func() { hook(op.domain, at) })
	}
}

// requested reports whether an operation waits for the losing registrar.
func (op *operation) requested() bool {
	return op.typ == transferIn && op.status == inProgress && op.stage != nil && op.stage.flag == ""
}

// arrive ends a transfer well.
func (r *Registrar) arrive(op *operation, at time.Time) {
	e, _ := r.lookup(op.domain)
	d := &registered{code: fmt.Sprintf("aws-%06d-code", r.serial), detail: route53x.DomainDetail{
		Domain: op.domain, Registrar: "Amazon Registrar, Inc.", Created: e.Registered, Updated: at, Expires: e.Expires.AddDate(1, 0, 0),
		AutoRenew: !op.noRenew, Private: !op.public, Contacts: op.contacts,
		// Without name servers in the order the domain has none afterwards. The platform does not say what it does: this
		// is the worst, so that whoever forgets them notices.
		Nameservers: op.nameservers,
		Status:      []string{"clientTransferProhibited", "transferPeriod"},
	}}
	r.domains[op.domain] = d
	delete(r.elsewhere, op.domain)
	r.end(op, at, "")
	r.ended(op.domain, true, at)
	r.delegated(op.domain, op.nameservers, at)
}

func (r *Registrar) ended(domain string, left bool, at time.Time) {
	if hook := r.hooks.Ended; hook != nil {
		r.due = append(r.due, func() { hook(domain, left, at) })
	}
}

func (r *Registrar) delegated(domain string, servers []route53x.Nameserver, at time.Time) {
	if hook := r.hooks.Delegated; hook != nil {
		names := make([]string, len(servers))
		for i, s := range servers {
			names[i] = s.Name
		}
		r.due = append(r.due, func() { hook(domain, names, at) })
	}
}

// Authorize is the holder who agrees to the form of authorization. It reports whether a transfer waited for it.
func (r *Registrar) Authorize(domain string) bool {
	return r.act(domain, func(op *operation) bool {
		if op.flag() != string(route53x.PendingAuthorization) {
			return false
		}
		r.request(op, r.clock.Now())
		return true
	})
}

// Approve is the losing registrar that lets the domain go. It reports whether a request was there.
func (r *Registrar) Approve(domain string) bool {
	return r.act(domain, func(op *operation) bool {
		if !op.requested() {
			return false
		}
		r.arrive(op, r.clock.Now())
		return true
	})
}

// Reject is the losing registrar, or its customer, that keeps the domain. It reports whether a request was there.
func (r *Registrar) Reject(domain, reason string) bool {
	return r.act(domain, func(op *operation) bool {
		if !op.requested() {
			return false
		}
		now := r.clock.Now()
		if e, ok := r.elsewhere[domain]; ok {
			e.Status = slices.DeleteFunc(slices.Clone(e.Status), func(s string) bool { return s == "pendingTransfer" })
			r.elsewhere[domain] = e
		}
		r.end(op, now, cmp.Or(reason, "The transfer was rejected by the current registrar."))
		r.ended(domain, false, now)
		return true
	})
}

// act does something to what runs for a domain, and calls the hooks that come of it.
func (r *Registrar) act(domain string, do func(*operation) bool) bool {
	r.Sync()
	r.mu.Lock()
	op := r.running(domain)
	done := op != nil && op.typ == transferIn && op.held == "" && do(op)
	r.mu.Unlock()
	r.Sync()
	return done
}

// lookup is the registry's view of a domain at another registrar.
func (r *Registrar) lookup(domain string) (Elsewhere, bool) {
	if r.hooks.Lookup != nil {
		return r.hooks.Lookup(domain)
	}
	e, ok := r.elsewhere[domain]
	return e, ok
}

// refusal is why a domain cannot be transferred now, "" = it can.
func (r *Registrar) refusal(domain, code string, at time.Time) string {
	e, ok := r.lookup(domain)
	if !ok {
		return "The domain is not registered."
	}
	for _, s := range e.Status {
		switch strings.ToLower(s) {
		case "clienttransferprohibited", "servertransferprohibited", "pendingdelete", "pendingtransfer", "redemptionperiod":
			return "The domain has the status " + s + "."
		}
	}
	for _, event := range []struct {
		what string
		when time.Time
	}{{"registered", e.Registered}, {"transferred", e.Transferred}, {"restored", e.Restored}} {
		if !event.when.IsZero() && at.Sub(event.when) < route53x.TransferQuarantine {
			return "The domain was " + event.what + " less than 60 days ago."
		}
	}
	if e.AuthCode == "" || e.AuthCode != code {
		return "The authorization code is not valid."
	}
	return ""
}
