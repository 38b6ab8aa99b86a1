package route53x

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Registrar is Route 53 as a registrar in words of the standard library, for programs that move domains between registrars
// and know none of them. It is safe for concurrent use.
//
// Tasks and operations are the IDs of operations; a task "" is one that had been done before it was asked for.
type Registrar struct {
	domains  *Domains
	contacts Contacts
	limit    Money
	noRenew  bool
}

// Registrar is this account as a registrar. The contacts are those of domains that are brought in.
func (d *Domains) Registrar(c Contacts) *Registrar { return &Registrar{domains: d, contacts: c} }

// LimitPrice makes a copy that orders no transfer above this price, whatever it was told. Without it the consent is the
// caller's affair: TransferDomain pays the price of the list.
func (r *Registrar) LimitPrice(most Money) *Registrar {
	out := *r
	out.limit = most
	return &out
}

// WithoutAutoRenew makes a copy whose domains are not renewed, and paid, each year.
func (r *Registrar) WithoutAutoRenew() *Registrar {
	out := *r
	out.noRenew = true
	return &out
}

// DomainFacts are dates, name servers (lower case, no final dot) and EPP codes of a domain in this account. One that is not
// here is [ErrNotFound].
func (r *Registrar) DomainFacts(ctx context.Context, domain string) (registered, expires time.Time, nameservers, status []string, err error) {
	detail, err := r.domains.Detail(ctx, domain)
	if err != nil {
		return time.Time{}, time.Time{}, nil, nil, err
	}
	for _, s := range detail.Nameservers {
		nameservers = append(nameservers, s.Name)
	}
	return detail.Created, detail.Expires, nameservers, detail.Status, nil
}

// SetNameservers replaces the name servers. They must be outside the domain, since there is no way to give their addresses.
func (r *Registrar) SetNameservers(ctx context.Context, domain string, nameservers []string) (task string, err error) {
	detail, err := r.domains.Detail(ctx, domain)
	if err != nil {
		return "", err
	}
	servers := Nameservers(nameservers...)
	if slices.Equal(nameserverNames(detail.Nameservers), nameserverNames(servers)) {
		return "", nil
	}
	op, err := r.domains.SetNameservers(ctx, domain, servers)
	return op.ID, err
}

// SetLock sets or takes away clientTransferProhibited. Others cannot be set at Route 53: [ErrUnsupported], unless the domain
// is that way already.
func (r *Registrar) SetLock(ctx context.Context, domain, eppStatus string, on bool) (task string, err error) {
	detail, err := r.domains.Detail(ctx, domain)
	switch {
	case err != nil:
		return "", err
	case detail.Has(eppStatus) == on:
		return "", nil
	case !strings.EqualFold(eppStatus, "clientTransferProhibited"):
		err := fmt.Errorf("Route 53 has no call that changes %s", eppStatus)
		return "", &Error{Kind: ErrUnsupported, Op: "SetLock", Subject: domain, Err: err}
	}
	change := r.domains.UnlockTransfer
	if on {
		change = r.domains.LockTransfer
	}
	op, err := change(ctx, domain)
	return op.ID, err
}

// TaskState is "running", "done" or "failed", with the service's words or what a person has to do. The task "" is done.
func (r *Registrar) TaskState(ctx context.Context, domain, task string) (state, reason string, err error) {
	if task == "" {
		return "done", "", nil
	}
	state, reason, err = r.state(ctx, Operation{ID: task, Domain: domain})
	if state == "waiting" {
		state = "running"
	}
	return state, reason, err
}

// OperationState is "running", "waiting" (a person must act: reason says how), "done" or "failed".
func (r *Registrar) OperationState(ctx context.Context, operation string) (state, reason string, err error) {
	return r.state(ctx, Operation{ID: operation})
}

func (r *Registrar) state(ctx context.Context, op Operation) (state, reason string, err error) {
	s, err := r.domains.Poll(ctx, op)
	if err != nil {
		return "", "", err
	}
	reason = s.Message
	action := s.Action()
	switch {
	case s.Status == OperationSuccessful:
		return "done", reason, nil
	case s.Done():
		if reason == "" {
			reason = "the operation is " + string(s.Status) + ", without a reason"
		}
		return "failed", reason, nil
	case action != "" && reason != "":
		return "waiting", action + " (" + reason + ")", nil
	case action != "":
		return "waiting", action, nil
	}
	return "running", reason, nil
}

// DSKeyTags are the tags of the DS records at the registry.
func (r *Registrar) DSKeyTags(ctx context.Context, domain string) ([]uint16, error) {
	detail, err := r.domains.Detail(ctx, domain)
	if err != nil {
		return nil, err
	}
	return keyTags(detail.DNSSECKeys), nil
}

// DeleteDS takes a DS record with this tag away from the registry. Where several have it (one key with several digests),
// call it until the task is "".
func (r *Registrar) DeleteDS(ctx context.Context, domain string, keyTag uint16) (task string, err error) {
	detail, err := r.domains.Detail(ctx, domain)
	if err != nil {
		return "", err
	}
	for _, k := range detail.DNSSECKeys {
		if k.KeyTag == keyTag {
			op, err := r.domains.RemoveDS(ctx, domain, k.ID)
			return op.ID, err
		}
	}
	return "", nil
}

// TransferBlockers says, in sentences, what stands against bringing the domain in that is known on this side: problems of
// the contacts, a TLD that Route 53 does not have, a price above the limit, a domain that is here already.
func (r *Registrar) TransferBlockers(ctx context.Context, domain string) ([]string, error) {
	var out []string
	for _, err := range r.contacts.problems() {
		out = append(out, "the contacts for Route 53 are not complete: "+err.Error())
	}
	price, err := r.domains.Price(ctx, TLDOf(domain))
	switch {
	case errors.Is(err, ErrUnsupported):
		return append(out, "Route 53 does not take domains under "+TLDOf(domain)), nil
	case err != nil:
		return out, err
	case !price.Transfer.Offered():
		out = append(out, "Route 53 takes no transfers of domains under "+TLDOf(domain))
	case r.limit.Offered() && !price.Transfer.within(r.limit):
		out = append(out, fmt.Sprintf("the transfer costs %v, the limit is %v", price.Transfer, r.limit))
	}
	switch _, err := r.domains.Detail(ctx, domain); {
	case err == nil:
		out = append(out, "the domain is registered in this account of AWS already")
	case !errors.Is(err, ErrNotFound):
		return out, err
	}
	return out, nil
}

// TransferPrice is the price of a transfer, in hundredths.
func (r *Registrar) TransferPrice(ctx context.Context, domain string) (cents int64, currency string, err error) {
	price, err := r.domains.Price(ctx, TLDOf(domain))
	if err == nil && !price.Transfer.Offered() {
		err = &Error{Kind: ErrUnsupported, Op: "ListPrices", Subject: domain, Err: errNoTransfers}
	}
	return price.Transfer.Cents, price.Transfer.Currency, err
}

// CheckTransfer is "yes", "no" or "unknown" (ask again: the registry did not answer, or is under maintenance).
func (r *Registrar) CheckTransfer(ctx context.Context, domain, code string) (verdict, reason string, err error) {
	check, err := r.domains.Transferability(ctx, domain, AuthCode(code))
	if err == nil {
		err = check.Err()
	}
	e, ours := errors.AsType[*Error](err)
	switch {
	case err == nil:
		return "yes", "", nil
	case ours && errors.Is(err, ErrAskAgain):
		return "unknown", e.reason(), nil
	case ours && (errors.Is(err, ErrNotTransferable) || errors.Is(err, ErrUnsupported)):
		return "no", e.reason(), nil
	}
	return "", "", err
}

// reason is the error without the operation and the numbers.
func (e *Error) reason() string {
	var words []string
	for _, err := range []error{e.Kind, e.Err} {
		if err != nil {
			words = append(words, err.Error())
		}
	}
	if e.Message != "" {
		words = append(words, e.Message)
	}
	return strings.Join(words, ": ")
}

// TransferDomain orders the transfer at the price of the list, up to the limit of LimitPrice: see [Domains.Transfer], which
// orders once whatever happens. The consent to it is the caller's to have.
func (r *Registrar) TransferDomain(ctx context.Context, domain, code string, nameservers []string) (operation string, err error) {
	limit := r.limit
	if !limit.Offered() {
		price, err := r.domains.Price(ctx, TLDOf(domain))
		if err != nil {
			return "", err
		}
		limit = price.Transfer
	}
	req := TransferRequest{
		Domain: domain, AuthCode: AuthCode(code), Contacts: r.contacts, Nameservers: Nameservers(nameservers...), NoAutoRenew: r.noRenew,
	}
	req.Consent = TransferConsent{
		Domain: strings.TrimSuffix(domain, "."), MaxPrice: limit, Nameservers: req.Nameservers, NoAutoRenew: r.noRenew,
	}
	op, err := r.domains.Transfer(ctx, req)
	return op.ID, err
}

// FindTransfer is the latest transfer of the domain to this account since then (by the clock of AWS), whatever became of it;
// "" = there is none on the list, where an order may be missing for a while.
func (r *Registrar) FindTransfer(ctx context.Context, domain string, since time.Time) (operation string, err error) {
	op, err := r.domains.FindTransfer(ctx, domain, since)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return op.ID, err
}
