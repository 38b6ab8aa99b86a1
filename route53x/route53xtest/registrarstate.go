package route53xtest

import (
	"slices"
	"strings"
	"time"

	"github.com/kitroll/kitroll/route53x"
)

// Hook sets the hooks.
func (r *Registrar) Hook(h RegistrarHooks) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hooks = h
}

// FailNext refuses the next call of an action with this code before it has any effect. Several calls queue up.
func (r *Registrar) FailNext(action, code string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail[action] = append(r.fail[action], code)
}

// Maintain puts a TLD under maintenance (TLDInMaintenance), or ends that.
func (r *Registrar) Maintain(tld string, on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.maintenance[tld] = on
}

// Unsure lets the next n questions whether the domain can be transferred be answered with DONT_KNOW.
func (r *Registrar) Unsure(domain string, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unsure[domain] = n
}

// AddElsewhere puts a domain to another registrar. Of one that has no dates it is a year old and has a year to go.
func (r *Registrar) AddElsewhere(e Elsewhere) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.Registered.IsZero() {
		e.Registered = r.clock.Now().AddDate(-1, 0, 0)
	}
	if e.Expires.IsZero() {
		e.Expires = r.clock.Now().AddDate(1, 0, 0)
	}
	e.Status, e.Nameservers = slices.Clone(e.Status), slices.Clone(e.Nameservers)
	r.elsewhere[e.Domain] = e
}

// ElsewhereStatus replaces the EPP codes of a domain at another registrar that AddElsewhere has put there.
func (r *Registrar) ElsewhereStatus(domain string, status ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.elsewhere[domain]
	e.Domain, e.Status = domain, slices.Clone(status)
	r.elsewhere[domain] = e
}

// AddDomain registers a domain in the account, free of charge.
func (r *Registrar) AddDomain(d route53x.DomainDetail, code string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.domains[d.Domain] = &registered{detail: d, code: code}
}

// Domain is a domain of the account.
func (r *Registrar) Domain(domain string) (route53x.DomainDetail, bool) {
	r.Sync()
	r.mu.Lock()
	defer r.mu.Unlock()
	d, ok := r.domains[domain]
	if !ok {
		return route53x.DomainDetail{}, false
	}
	return d.copy(), true
}

// Orders is how many transfers of a domain were ordered and accepted; "" counts all.
func (r *Registrar) Orders(domain string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, op := range r.ops {
		if op.typ == transferIn && (domain == "" || op.domain == domain) {
			n++
		}
	}
	return n
}

// Charges is the money that was taken, oldest first.
func (r *Registrar) Charges() []Charge {
	r.Sync()
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.charges)
}

// Paid is what was taken and not given back, in cents.
func (r *Registrar) Paid() int64 {
	var cents int64
	for _, c := range r.Charges() {
		if c.Refunded.IsZero() {
			cents += c.Price.Cents
		}
	}
	return cents
}

// Advance puts the clock forward and lets everything happen that is due by then. It panics when Options.Clock is none that
// can be put forward.
func (r *Registrar) Advance(d time.Duration) {
	c, ok := r.clock.(interface{ Advance(time.Duration) })
	if !ok {
		panic("route53xtest: the clock of this registrar cannot be put forward")
	}
	c.Advance(d)
	r.Sync()
}

// registered is a domain of the account.
type registered struct {
	detail route53x.DomainDetail
	code   string
	keys   int // IDs given so far
}

func (d *registered) copy() route53x.DomainDetail {
	out := d.detail
	out.Status, out.Nameservers, out.DNSSECKeys = slices.Clone(out.Status), slices.Clone(out.Nameservers), slices.Clone(out.DNSSECKeys)
	return out
}

// set sets or takes away a status, which AddDomain may have brought in any spelling.
func (d *registered) set(status string, on bool) {
	d.detail.Status = slices.DeleteFunc(slices.Clone(d.detail.Status), func(s string) bool {
		return strings.EqualFold(strings.NewReplacer("_", "", " ", "").Replace(s), status)
	})
	if on {
		d.detail.Status = append(d.detail.Status, status)
	}
}
