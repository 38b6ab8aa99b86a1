package route53x

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53domains"
	"github.com/aws/aws-sdk-go-v2/service/route53domains/types"

	"github.com/kitroll/kitroll/internal/secret"
)

// DomainDetail is a domain that is registered in this account. It prints without its contacts.
type DomainDetail struct {
	Domain      string
	Registrar   string
	Created     time.Time
	Updated     time.Time
	Expires     time.Time
	Nameservers []Nameserver
	Status      []string // EPP codes as RFC 5731 and RFC 3915 spell them: "clientTransferProhibited"
	AutoRenew   bool
	Private     bool        // the contacts are hidden in WHOIS, all of them
	DNSSECKeys  []DNSSECKey // of the DS records at the registry
	Contacts    Contacts
}

// Has reports whether the domain has a status, whatever its case.
func (d DomainDetail) Has(status string) bool {
	return slices.ContainsFunc(d.Status, func(s string) bool { return strings.EqualFold(s, status) })
}

// TransferLocked reports whether the domain cannot be transferred away because of a lock or of something that goes on.
func (d DomainDetail) TransferLocked() bool {
	return slices.ContainsFunc([]string{
		"clientTransferProhibited", "serverTransferProhibited", "pendingTransfer", "pendingDelete", "redemptionPeriod",
	}, d.Has)
}

func (d DomainDetail) safe() secret.Fields {
	return secret.Fields{
		"route53x.DomainDetail", "Domain", d.Domain, "Created", d.Created, "Expires", d.Expires,
		"Nameservers", nameserverNames(d.Nameservers), "Status", d.Status, "AutoRenew", d.AutoRenew, "Private", d.Private,
		"DNSSECKeys", len(d.DNSSECKeys), "Contacts", d.Contacts,
	}
}

// String is the domain without its contacts.
func (d DomainDetail) String() string { return d.safe().String() }

// GoString is String.
func (d DomainDetail) GoString() string { return d.String() }

// Format prints String for every verb.
func (d DomainDetail) Format(s fmt.State, verb rune) { d.safe().Format(s, verb) }

// LogValue is String's fields.
func (d DomainDetail) LogValue() slog.Value { return d.safe().LogValue() }

// Detail is what the account knows of a domain that is registered in it.
//
// Errors: [ErrNotFound] for a domain that is not in the account (the API has no code for it and says InvalidInput, which a
// good name gets for no other reason), [ErrUnsupported] for the TLD, others as an [*Error].
//
// Source: GetDomainDetail (read 2026-11).
func (d *Domains) Detail(ctx context.Context, domain string) (DomainDetail, error) {
	const op = "GetDomainDetail"
	name, err := domainName(domain)
	if err != nil {
		return DomainDetail{}, invalidDomain(op, domain, err)
	}
	out, err := domainRead(ctx, d, op, name, d.api.detail, &route53domains.GetDomainDetailInput{DomainName: &name})
	if err != nil {
		if e, ok := errors.AsType[*Error](err); ok && e.Code == "InvalidInput" {
			e.Kind = ErrNotFound
		}
		return DomainDetail{}, err
	}
	detail := DomainDetail{
		Domain: name, Registrar: aws.ToString(out.RegistrarName), Created: aws.ToTime(out.CreationDate),
		Updated: aws.ToTime(out.UpdatedDate), Expires: aws.ToTime(out.ExpirationDate), AutoRenew: aws.ToBool(out.AutoRenew),
		Private: aws.ToBool(out.RegistrantPrivacy) && aws.ToBool(out.AdminPrivacy) && aws.ToBool(out.TechPrivacy),
		Contacts: Contacts{
			Registrant: contactOf(out.RegistrantContact), Admin: contactOf(out.AdminContact), Tech: contactOf(out.TechContact),
		},
	}
	if out.BillingContact != nil {
		detail.Contacts.Billing = new(contactOf(out.BillingContact))
	}
	for _, s := range out.StatusList {
		detail.Status = append(detail.Status, eppStatus(s))
	}
	for _, k := range out.DnssecKeys {
		detail.DNSSECKeys = append(detail.DNSSECKeys, keyOf(k))
	}
	detail.Nameservers = ourNameservers(out.Nameservers)
	return detail, nil
}

func ourNameservers(servers []types.Nameserver) []Nameserver {
	var out []Nameserver
	for _, s := range servers {
		ns := Nameserver{Name: strings.ToLower(strings.TrimSuffix(aws.ToString(s.Name), "."))}
		for _, ip := range s.GlueIps {
			if a, err := netip.ParseAddr(ip); err == nil {
				ns.Glue = append(ns.Glue, a)
			}
		}
		out = append(out, ns)
	}
	return out
}

// eppStatus spells a status as the RFCs do, whatever its case and with the blanks, underlines and addresses that WHOIS and
// RDAP put into it: "client transfer prohibited", "clientTransferProhibited https://icann.org/epp#…". Others stay.
func eppStatus(s string) string {
	text, _, _ := strings.Cut(s, "http")
	plain := strings.NewReplacer(" ", "", "_", "", "-", "").Replace(strings.ToLower(text))
	for _, known := range []string{
		"ok", "inactive", "linked", "pendingCreate", "pendingDelete", "pendingRenew", "pendingTransfer", "pendingUpdate",
		"pendingRestore", "clientDeleteProhibited", "clientHold", "clientRenewProhibited", "clientTransferProhibited",
		"clientUpdateProhibited", "serverDeleteProhibited", "serverHold", "serverRenewProhibited", "serverTransferProhibited",
		"serverUpdateProhibited", "addPeriod", "autoRenewPeriod", "renewPeriod", "transferPeriod", "redemptionPeriod",
	} {
		if plain == strings.ToLower(known) {
			return known
		}
	}
	return strings.TrimSpace(s)
}

// AuthCode is the code with which another registrar may take the domain, once it is unlocked.
//
// Errors: [ErrNotFound] and [ErrUnsupported] as with [Domains.Detail], [ErrAskAgain] when the TLD is under maintenance,
// others as an [*Error].
//
// Source: RetrieveDomainAuthCode (read 2026-11).
func (d *Domains) AuthCode(ctx context.Context, domain string) (AuthCode, error) {
	const op = "RetrieveDomainAuthCode"
	name, err := domainName(domain)
	if err != nil {
		return "", invalidDomain(op, domain, err)
	}
	// Some registries make a new code each time, so that it is not repeated (unverified).
	out, err := domainWrite(ctx, d, op, name, d.api.code, &route53domains.RetrieveDomainAuthCodeInput{DomainName: &name})
	if err != nil {
		return "", err
	}
	return AuthCode(aws.ToString(out.AuthCode)), nil
}
