package route53x

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53domains"
)

// SetNameservers replaces the name servers of a domain in this account, and so moves its DNS: see to it that they all serve
// the zone first. The work takes minutes; [Domains.Wait] follows it, and the caches of the world follow in the time of the
// parent's TTL, usually two days.
//
// The call is made once. DuplicateRequest gives the operation that runs, with Resumed: it may be setting other servers,
// which [Domains.Detail] tells when it is done. When the answer is lost, the operation is looked for up to a minute.
//
// Errors: [ErrInvalid] with every problem, [ErrNotFound], [ErrUnsupported], [ErrLimit], [ErrThrottled],
// [ErrUnknownOutcome] (Detail tells), others as an [*Error].
//
// Source: UpdateDomainNameservers (read 2026-11).
func (d *Domains) SetNameservers(ctx context.Context, domain string, servers []Nameserver) (Operation, error) {
	const op = "UpdateDomainNameservers"
	name, err := domainName(domain)
	checked, problems := checkNameservers(name, servers)
	if err := invalidDomain(op, domain, append([]error{err}, problems...)...); err != nil {
		return Operation{}, err
	}
	return domainSubmit(ctx, d, op, Operation{Domain: name, Type: OpUpdateNameservers}, func() (*string, error) {
		in := &route53domains.UpdateDomainNameserversInput{DomainName: &name, Nameservers: sdkNameservers(checked)}
		out, err := domainWrite(ctx, d, op, name, d.api.ns, in)
		if err != nil {
			return nil, err
		}
		return out.OperationId, nil
	})
}

// LockTransfer sets clientTransferProhibited, so that no other registrar can take the domain. Errors as with
// [Domains.SetNameservers].
//
// Source: EnableDomainTransferLock (read 2026-11).
func (d *Domains) LockTransfer(ctx context.Context, domain string) (Operation, error) {
	const op = "EnableDomainTransferLock"
	name, err := domainName(domain)
	if err != nil {
		return Operation{}, invalidDomain(op, domain, err)
	}
	return domainSubmit(ctx, d, op, Operation{Domain: name, Type: OpDomainLock}, func() (*string, error) {
		out, err := domainWrite(ctx, d, op, name, d.api.lock, &route53domains.EnableDomainTransferLockInput{DomainName: &name})
		if err != nil {
			return nil, err
		}
		return out.OperationId, nil
	})
}

// UnlockTransfer takes clientTransferProhibited away: whoever has the auth code can then take the domain. Errors as with
// [Domains.SetNameservers].
//
// Source: DisableDomainTransferLock (read 2026-11).
func (d *Domains) UnlockTransfer(ctx context.Context, domain string) (Operation, error) {
	const op = "DisableDomainTransferLock"
	name, err := domainName(domain)
	if err != nil {
		return Operation{}, invalidDomain(op, domain, err)
	}
	return domainSubmit(ctx, d, op, Operation{Domain: name, Type: OpDomainLock}, func() (*string, error) {
		out, err := domainWrite(ctx, d, op, name, d.api.unlock, &route53domains.DisableDomainTransferLockInput{DomainName: &name})
		if err != nil {
			return nil, err
		}
		return out.OperationId, nil
	})
}

// AddDS puts the DS record of a key of the zone to the registry, with the key's flags, algorithm and public key: the registry
// makes the digest. Names in the domain no longer resolve for those who validate when the zone is not signed with this key,
// so that the zone must be signed, and its old records out of all caches, before. Errors as with [Domains.SetNameservers].
//
// Source: AssociateDelegationSignerToDomain (read 2026-11).
func (d *Domains) AddDS(ctx context.Context, domain string, key DNSSECKey) (Operation, error) {
	const op = "AssociateDelegationSignerToDomain"
	name, err := domainName(domain)
	if err := invalidDomain(op, domain, err, key.Check()); err != nil {
		return Operation{}, err
	}
	return domainSubmit(ctx, d, op, Operation{Domain: name, Type: OpAddDNSSEC}, func() (*string, error) {
		in := &route53domains.AssociateDelegationSignerToDomainInput{DomainName: &name, SigningAttributes: key.attributes()}
		out, err := domainWrite(ctx, d, op, name, d.api.addDS, in)
		if err != nil {
			return nil, err
		}
		return out.OperationId, nil
	})
}

// RemoveDS takes the DS record with this ID, of [DomainDetail].DNSSECKeys, away from the registry. The zone must stay signed
// until the TTL of the DS, usually a day, is over. Errors as with [Domains.SetNameservers].
//
// Source: DisassociateDelegationSignerFromDomain (read 2026-11).
func (d *Domains) RemoveDS(ctx context.Context, domain, id string) (Operation, error) {
	const op = "DisassociateDelegationSignerFromDomain"
	name, err := domainName(domain)
	if id == "" {
		err = errors.Join(err, errors.New("the ID of the key is required: see DomainDetail.DNSSECKeys"))
	}
	if err := invalidDomain(op, domain, err); err != nil {
		return Operation{}, err
	}
	return domainSubmit(ctx, d, op, Operation{Domain: name, Type: OpRemoveDNSSEC}, func() (*string, error) {
		in := &route53domains.DisassociateDelegationSignerFromDomainInput{DomainName: &name, Id: &id}
		out, err := domainWrite(ctx, d, op, name, d.api.removeDS, in)
		if err != nil {
			return nil, err
		}
		return out.OperationId, nil
	})
}

// domainSubmit makes a call that sets something and returns its operation: that of the answer, that of a DuplicateRequest, or,
// when the answer was lost, the one that was not there before.
func domainSubmit(ctx context.Context, d *Domains, op string, want Operation, call func() (*string, error)) (Operation, error) {
	const lookBack = time.Hour // what is older cannot be taken for ours
	recent := &OperationsOptions{Types: []OperationType{want.Type}, Since: d.clock.Now().Add(-lookBack)}
	known := map[string]bool{}
	for state, err := range d.operationsOf(ctx, want.Domain, recent) {
		if err != nil {
			return Operation{}, err
		}
		known[state.ID] = true
	}
	id, err := call()
	if err == nil && aws.ToString(id) == "" {
		err = &Error{Kind: ErrUnknownOutcome, Op: op, Subject: want.Domain, Err: errNotDomains}
	}
	if err == nil {
		want.ID = *id
		return want, nil
	}
	return d.settle(ctx, want, err, known, recent)
}

// settle finds the operation behind a call whose answer was lost, or that was there already, and gives err back where
// there is none to be found. known are the operations that were there before the call.
func (d *Domains) settle(
	ctx context.Context, want Operation, err error, known map[string]bool, opts *OperationsOptions,
) (Operation, error) {
	switch {
	case errors.Is(err, ErrExists):
		if op, found := d.duplicate(ctx, err, want); found {
			return op, nil
		}
	case !errors.Is(err, ErrUnknownOutcome):
		return Operation{}, err
	}
	var op Operation
	// A ctx that has ended ends the search: the next call finds the operation.
	_ = d.until(ctx, domainPauses{next: time.Second, factor: 2, most: 16 * time.Second, budget: searchTime}, func() (bool, error) {
		for state, lerr := range d.operationsOf(ctx, want.Domain, opts) {
			if lerr != nil {
				return false, nil // the next look may tell
			}
			if !known[state.ID] {
				op = state.Operation
				return true, nil
			}
		}
		return false, nil
	})
	if op.ID == "" {
		return Operation{}, err
	}
	op.Resumed = true
	d.log.WarnContext(ctx, "route53domains: the operation of a call was found whose answer was lost",
		"domain", op.Domain, "operation", op.ID, "type", op.Type)
	return op, nil
}

// duplicate looks at the operation that a DuplicateRequest names. It is the wanted one when type and domain are the same.
func (d *Domains) duplicate(ctx context.Context, err error, want Operation) (Operation, bool) {
	e, ok := errors.AsType[*Error](err)
	if !ok || len(e.IDs) == 0 {
		return Operation{}, false
	}
	state, perr := d.Poll(ctx, Operation{ID: e.IDs[0], Domain: want.Domain, Type: want.Type})
	if perr != nil || state.Type != want.Type || !strings.EqualFold(state.Domain, want.Domain) {
		return Operation{}, false
	}
	state.Resumed = true
	return state.Operation, true
}
