package route53x

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53domains"
)

// TransferVerdict is Route 53's word on whether a domain can be brought in.
type TransferVerdict string

// The verdicts.
const (
	Transferable     TransferVerdict = "TRANSFERABLE"
	Untransferable   TransferVerdict = "UNTRANSFERABLE" // Transferability.Message says why
	DontKnow         TransferVerdict = "DONT_KNOW"      // the registry did not answer: ask again, it is not a no
	InOwnAccount     TransferVerdict = "DOMAIN_IN_OWN_ACCOUNT"
	InAnotherAccount TransferVerdict = "DOMAIN_IN_ANOTHER_ACCOUNT" // of AWS: there is another way between accounts
	PremiumDomain    TransferVerdict = "PREMIUM_DOMAIN"            // cannot be transferred to Route 53
)

// Transferability is the answer to [Domains.Transferability].
type Transferability struct {
	Domain  string
	Verdict TransferVerdict // another than those above is kept as it came
	Message string          // the service's own words
}

// Err is nil for a domain that can be transferred, [ErrAskAgain] for DontKnow, and else [ErrNotTransferable], which
// InOwnAccount is too: [ErrExists] tells it from the others.
func (t Transferability) Err() error {
	e := &Error{Kind: ErrNotTransferable, Op: "CheckDomainTransferability", Subject: t.Domain, Message: t.Message}
	switch t.Verdict {
	case Transferable:
		return nil
	case DontKnow:
		e.Kind, e.Err = ErrAskAgain, errors.New("the registry has not answered")
	case InOwnAccount:
		e.Err = errInOwnAccount
	case InAnotherAccount:
		e.Err = errors.New("it is in another account of AWS: transfer it between accounts there")
	case PremiumDomain:
		e.Err = errors.New("premium domains cannot be transferred to Route 53")
	case Untransferable:
		if t.Message == "" {
			e.Err = errors.New("no reason is given: look at its locks, its age (60 days) and the auth code")
		}
	default:
		e.Err = errors.New("the answer " + string(t.Verdict) + " is not known")
	}
	return e
}

var errInOwnAccount = fmt.Errorf("it is in this account: %w", ErrExists)

// Transferability asks whether the domain can be brought in with this code. It costs nothing and changes nothing. The
// answer [DontKnow] is no error here, but one of [Transferability.Err].
//
// Errors: [ErrUnsupported] for the TLD, [ErrAskAgain] when it is under maintenance, [ErrInvalid], others as an [*Error].
//
// Source: CheckDomainTransferability (read 2026-11).
func (d *Domains) Transferability(ctx context.Context, domain string, code AuthCode) (Transferability, error) {
	const op = "CheckDomainTransferability"
	name, err := domainName(domain)
	if err != nil {
		return Transferability{}, invalidDomain(op, domain, err)
	}
	in := &route53domains.CheckDomainTransferabilityInput{DomainName: &name}
	if code != "" {
		in.AuthCode = new(string(code))
	}
	out, err := domainRead(ctx, d, op, name, d.api.check, in, string(code))
	if err != nil {
		return Transferability{}, err
	}
	t := Transferability{Domain: name, Verdict: DontKnow, Message: hideContacts(aws.ToString(out.Message), string(code))}
	if out.Transferability != nil && out.Transferability.Transferable != "" {
		t.Verdict = TransferVerdict(strings.ToUpper(string(out.Transferability.Transferable)))
	}
	if t.Verdict == "UNTRANSFERRABLE" { // as the text of the reference spells it, unlike its list of values
		t.Verdict = Untransferable
	}
	return t, nil
}
