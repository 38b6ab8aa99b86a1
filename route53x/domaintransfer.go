package route53x

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53domains"
	"github.com/aws/aws-sdk-go-v2/service/route53domains/types"
)

const opTransfer = "TransferDomain"

// Transfer orders the transfer of a domain to Route 53 and returns its operation, for [Domains.Wait]. It costs money and
// cannot be undone from here, so that it wants a consent: make a plan with [Domains.PlanTransfer], show it, and set
// req.Consent to [TransferPlan.Consent]. The price is read again, and nothing is ordered above what was agreed to.
//
// There is one order, whatever happens:
//   - A transfer of the domain that is on its way is returned, with Resumed, and nothing is sent.
//   - TransferDomain is sent once and never repeated.
//   - DuplicateRequest names the operation that runs: it is returned, with Resumed.
//   - When the answer is lost, the operation is looked for among the account's for up to a minute; one that was not there
//     before is ours and is returned, with Resumed. When none is found the error is [ErrUnknownOutcome]: calling Transfer
//     again is safe, since an order that did arrive is found, by the list or by DuplicateRequest.
//
// That a transfer was accepted does not mean that it succeeds: wrong codes, locks and young domains show up in the
// operation, which then fails and is refunded.
//
// Errors: [ErrInvalid] with every problem of the request; [ErrNeedsConsent]; [ErrUnsupported] for the TLD; [ErrLimit] for a
// quota; [ErrExists] when the domain is in this account already; [ErrThrottled]; [ErrUnknownOutcome]; others as an [*Error].
//
// Source: TransferDomain (read 2026-11).
func (d *Domains) Transfer(ctx context.Context, req TransferRequest) (Operation, error) {
	domain, servers, problems := req.check()
	if err := invalidDomain(opTransfer, req.Domain, problems...); err != nil {
		return Operation{}, err
	}
	if err := req.Consent.covers(domain, servers, &req); err != nil {
		return Operation{}, &Error{Kind: ErrNeedsConsent, Op: opTransfer, Subject: domain, Err: err}
	}
	known := map[string]bool{} // the operations that are not ours, should the answer be lost
	landed := false
	for op, err := range d.transfersOf(ctx, domain) {
		if err != nil {
			return Operation{}, err
		}
		if !op.Done() {
			op.Resumed = true
			return op.Operation, nil
		}
		known[op.ID] = true
		landed = landed || op.Status == OperationSuccessful
	}
	if landed { // unless it has left again
		if _, err := d.Detail(ctx, domain); err == nil {
			return Operation{}, &Error{Kind: ErrExists, Op: opTransfer, Subject: domain, Err: errors.New("it is in this account")}
		} else if !errors.Is(err, ErrNotFound) {
			return Operation{}, err
		}
	}
	price, err := d.Price(ctx, TLDOf(domain))
	if err != nil {
		return Operation{}, err
	}
	if !price.Transfer.within(req.Consent.MaxPrice) {
		return Operation{}, &Error{
			Kind: ErrNeedsConsent, Op: opTransfer, Subject: domain,
			Err: fmt.Errorf("the price is %v, agreed was up to %v", price.Transfer, req.Consent.MaxPrice),
		}
	}
	out, err := domainWrite(ctx, d, opTransfer, domain, d.api.transfer, transferInput(domain, servers, &req),
		append(req.Contacts.secrets(), string(req.AuthCode))...)
	switch {
	case err == nil && aws.ToString(out.OperationId) != "":
		return Operation{ID: *out.OperationId, Domain: domain, Type: OpTransferIn}, nil
	case err == nil:
		err = &Error{Kind: ErrUnknownOutcome, Op: opTransfer, Subject: domain, Err: errNotDomains}
	}
	want := Operation{Domain: domain, Type: OpTransferIn}
	return d.settle(ctx, want, err, known, &OperationsOptions{Types: []OperationType{OpTransferIn}})
}

// transfersOf are the transfers of a domain to this account that there ever were, the latest first.
func (d *Domains) transfersOf(ctx context.Context, domain string) iter.Seq2[OperationState, error] {
	return d.operationsOf(ctx, domain, &OperationsOptions{Types: []OperationType{OpTransferIn}})
}

func (d *Domains) operationsOf(ctx context.Context, domain string, opts *OperationsOptions) iter.Seq2[OperationState, error] {
	return func(yield func(OperationState, error) bool) {
		for op, err := range d.Operations(ctx, opts) {
			if (err != nil || strings.EqualFold(op.Domain, domain)) && !yield(op, err) {
				return
			}
		}
	}
}

// FindTransfer is the latest transfer of the domain to this account that was submitted at or after since, whatever became
// of it. It is for those who have lost the ID of their operation; since is by the clock of AWS, so that a few minutes
// should be taken off.
//
// Errors: [ErrNotFound] when there is none: an operation may be missing from the list for a while after it was submitted.
func (d *Domains) FindTransfer(ctx context.Context, domain string, since time.Time) (OperationState, error) {
	name, err := domainName(domain)
	if err != nil {
		return OperationState{}, invalidDomain("ListOperations", domain, err)
	}
	for op, err := range d.operationsOf(ctx, name, &OperationsOptions{Types: []OperationType{OpTransferIn}, Since: since}) {
		if err == nil {
			op.Resumed = true
		}
		return op, err
	}
	none := errors.New("no transfer of it is on the list")
	return OperationState{}, &Error{Kind: ErrNotFound, Op: "ListOperations", Subject: name, Err: none}
}

// covers says in what a consent differs from what is to be done.
func (c TransferConsent) covers(domain string, servers []Nameserver, req *TransferRequest) error {
	switch {
	case c.Domain == "":
		return errors.New("it costs money and cannot be undone: show a plan (PlanTransfer) and set Consent")
	case !strings.EqualFold(c.Domain, domain):
		return fmt.Errorf("the consent is for %s", c.Domain)
	case !c.MaxPrice.Offered():
		return errors.New("the consent has no price")
	case !sameNameservers(c.Nameservers, servers):
		return errors.New("the consent is for other name servers")
	case c.NoAutoRenew != req.NoAutoRenew || c.PublicContacts != req.PublicContacts:
		return errors.New("the consent is for other settings of renewal or privacy")
	}
	return nil
}

func transferInput(domain string, servers []Nameserver, req *TransferRequest) *route53domains.TransferDomainInput {
	private := !req.PublicContacts
	in := &route53domains.TransferDomainInput{
		DomainName: &domain, RegistrantContact: req.Contacts.Registrant.detail(), AdminContact: req.Contacts.Admin.detail(),
		TechContact: req.Contacts.Tech.detail(), Nameservers: sdkNameservers(servers), AutoRenew: new(!req.NoAutoRenew),
		PrivacyProtectRegistrantContact: &private, PrivacyProtectAdminContact: &private, PrivacyProtectTechContact: &private,
	}
	if req.AuthCode != "" {
		in.AuthCode = new(string(req.AuthCode))
	}
	if req.Contacts.Billing != nil {
		in.BillingContact, in.PrivacyProtectBillingContact = req.Contacts.Billing.detail(), &private
	}
	return in
}

func sdkNameservers(servers []Nameserver) []types.Nameserver {
	out := make([]types.Nameserver, len(servers))
	for i, s := range servers {
		out[i].Name = &s.Name
		for _, a := range s.Glue {
			out[i].GlueIps = append(out[i].GlueIps, a.String())
		}
	}
	return out
}
