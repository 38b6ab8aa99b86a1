package route53xtest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kitroll/kitroll/route53x"
)

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
		op.stage = &stage{flag: string(route53x.PendingAuthorization), due: at.Add(r.opts.Reading)}
		op.stage.finished = func(at time.Time) { r.request(op, at) }
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
