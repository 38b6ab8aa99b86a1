package route53xtest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/kitroll/kitroll/route53x"
)

type domainInput struct{ DomainName string }

var domainForm = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$`)

// domain is what every call with a domain checks first.
func (r *Registrar) domain(name string) *denial {
	if !domainForm.MatchString(name) {
		return deny("InvalidInput", "[Errors: [%s is not a valid domain name.]]", name)
	}
	tld := route53x.TLDOf(name)
	if _, ok := r.price(tld); !ok {
		return deny("UnsupportedTLD", "The TLD .%s is not supported.", tld)
	}
	return nil
}

func (r *Registrar) price(tld string) (route53x.TLDPrice, bool) {
	i := slices.IndexFunc(r.opts.PriceList, func(p route53x.TLDPrice) bool { return p.TLD == tld })
	if i < 0 {
		return route53x.TLDPrice{}, false
	}
	return r.opts.PriceList[i], true
}

func (r *Registrar) maintained(name string) *denial {
	if tld := route53x.TLDOf(name); r.maintenance[tld] {
		return deny("TLDInMaintenance", "The TLD .%s is under maintenance.", tld)
	}
	return nil
}

type checkInput struct{ DomainName, AuthCode string }

func (r *Registrar) checkTransferability(in checkInput) (any, *denial) {
	if no := r.domain(in.DomainName); no != nil {
		return nil, no
	}
	if no := r.maintained(in.DomainName); no != nil {
		return nil, no
	}
	verdict, message := r.verdict(in)
	return map[string]any{"Transferability": map[string]string{"Transferable": string(verdict)}, "Message": message}, nil
}

func (r *Registrar) verdict(in checkInput) (verdict route53x.TransferVerdict, message string) {
	if r.unsure[in.DomainName] > 0 {
		r.unsure[in.DomainName]--
		return route53x.DontKnow, ""
	}
	if _, ours := r.domains[in.DomainName]; ours {
		return route53x.InOwnAccount, ""
	}
	e, _ := r.lookup(in.DomainName)
	switch {
	case e.OtherAccount:
		return route53x.InAnotherAccount, ""
	case e.Premium:
		return route53x.PremiumDomain, ""
	}
	if reason := r.refusal(in.DomainName, in.AuthCode, r.clock.Now()); reason != "" {
		return route53x.Untransferable, reason
	}
	return route53x.Transferable, ""
}

type transferInput struct {
	DomainName, AuthCode, IdnLangCode                     string
	AdminContact, RegistrantContact, TechContact          *wireContact
	BillingContact                                        *wireContact
	AutoRenew                                             *bool
	DurationInYears                                       *int
	Nameservers                                           []wireNameserver
	PrivacyProtectAdminContact, PrivacyProtectTechContact *bool
	PrivacyProtectRegistrantContact                       *bool
	PrivacyProtectBillingContact                          *bool
}

// transferDomain takes the order and the money. Which of the refusals the platform gives at once, and which let the
// operation fail, is not documented: here the registry's reasons come later, so that callers learn to wait.
func (r *Registrar) transferDomain(in transferInput) (any, *denial) {
	if no := r.checkOrder(in); no != nil {
		return nil, no
	}
	servers, no := readNameservers(in.DomainName, in.Nameservers)
	if no != nil {
		return nil, no
	}
	if no := r.busy(in.DomainName); no != nil {
		return nil, no
	}
	owned := len(r.domains)
	for _, op := range r.ops {
		if op.typ == transferIn && !op.done() {
			owned++
		}
	}
	if owned >= r.opts.MaxDomains {
		return nil, deny("DomainLimitExceeded", "The number of domains has exceeded the limit of %d of the account.", r.opts.MaxDomains)
	}
	if no := r.crowded(); no != nil {
		return nil, no
	}
	op := r.newOperation(in.DomainName, transferIn)
	op.code, op.nameservers = in.AuthCode, servers
	op.contacts = route53x.Contacts{Registrant: in.RegistrantContact.contact(), Admin: in.AdminContact.contact(), Tech: in.TechContact.contact()}
	op.noRenew = in.AutoRenew != nil && !*in.AutoRenew
	op.public = in.PrivacyProtectRegistrantContact != nil && !*in.PrivacyProtectRegistrantContact
	price, _ := r.price(route53x.TLDOf(in.DomainName))
	r.charges = append(r.charges, Charge{Domain: op.domain, Operation: op.id, Price: price.Transfer, At: op.submitted})
	r.startTransfer(op)
	return map[string]string{"OperationId": op.id}, nil
}

// checkOrder is what can be told without the registry.
func (r *Registrar) checkOrder(in transferInput) *denial {
	if no := r.domain(in.DomainName); no != nil {
		return no
	}
	var errs []string
	privacy := map[bool]bool{}
	for _, role := range []struct {
		name     string
		contact  *wireContact
		private  *bool
		required bool
	}{
		{"AdminContact", in.AdminContact, in.PrivacyProtectAdminContact, true},
		{"RegistrantContact", in.RegistrantContact, in.PrivacyProtectRegistrantContact, true},
		{"TechContact", in.TechContact, in.PrivacyProtectTechContact, true},
		{"BillingContact", in.BillingContact, in.PrivacyProtectBillingContact, false},
	} {
		if role.contact == nil {
			if role.required {
				errs = append(errs, role.name+" is required.")
			}
			continue
		}
		privacy[role.private == nil || *role.private] = true
		errs = append(errs, role.contact.problems(role.name)...)
	}
	if len(privacy) > 1 {
		errs = append(errs, "The privacy settings of all contacts must be the same.")
	}
	if len(in.Nameservers) > route53x.MaxNameservers || len(in.Nameservers) == 1 {
		errs = append(errs, fmt.Sprintf("%d name servers are not allowed.", len(in.Nameservers)))
	}
	if in.IdnLangCode != "" || in.DurationInYears != nil && *in.DurationInYears != 1 {
		errs = append(errs, "DurationInYears and IdnLangCode are reserved.")
	}
	if _, ours := r.domains[in.DomainName]; ours {
		errs = append(errs, in.DomainName+" is already registered in this account.")
	}
	if e, ok := r.lookup(in.DomainName); ok && e.Premium {
		errs = append(errs, "Premium domains are not supported.")
	}
	price, _ := r.price(route53x.TLDOf(in.DomainName))
	switch {
	case len(errs) > 0:
		return deny("InvalidInput", "[Errors: [%s]]", strings.Join(errs, ", "))
	case !price.Transfer.Offered():
		return deny("TLDRulesViolation", "The TLD does not support transfers.")
	}
	return nil
}

var (
	wirePhone   = regexp.MustCompile(`^\+\d{1,3}\.\d+$`)
	wireMail    = regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s]+$`)
	wireCountry = regexp.MustCompile(`^[A-Z]{2}$`)
)

// problems repeats the values that are wrong, as servers do: whoever logs them has leaked them.
func (c *wireContact) problems(role string) (out []string) {
	bad := func(field, value string) {
		out = append(out, fmt.Sprintf("%s %s is not valid: '%s'.", role, field, value))
	}
	required := map[string]string{
		"FirstName": c.FirstName, "LastName": c.LastName, "AddressLine1": c.AddressLine1, "City": c.City, "CountryCode": c.CountryCode,
		"Email": c.Email, "PhoneNumber": c.PhoneNumber,
	}
	for _, field := range []string{"FirstName", "LastName", "AddressLine1", "City", "CountryCode", "Email", "PhoneNumber"} {
		if required[field] == "" {
			out = append(out, role+" "+field+" is required.")
		}
	}
	if !slices.Contains([]string{"PERSON", "COMPANY", "ASSOCIATION", "PUBLIC_BODY", "RESELLER"}, c.ContactType) {
		bad("ContactType", c.ContactType)
	}
	if c.ContactType != "PERSON" && c.OrganizationName == "" {
		out = append(out, role+" OrganizationName is required.")
	}
	if c.Email != "" && !wireMail.MatchString(c.Email) {
		bad("Email", c.Email)
	}
	for field, number := range map[string]string{"PhoneNumber": c.PhoneNumber, "Fax": c.Fax} {
		if number != "" && (!wirePhone.MatchString(number) || len(number) > 30) {
			bad(field, number)
		}
	}
	if c.CountryCode != "" && !wireCountry.MatchString(c.CountryCode) {
		bad("CountryCode", c.CountryCode)
	}
	for _, v := range []string{c.FirstName, c.LastName, c.AddressLine1, c.AddressLine2, c.City, c.State, c.ZipCode, c.OrganizationName} {
		if len(v) > 255 {
			bad("length", v)
		}
	}
	return out
}

// busy names the operation that runs for a domain.
func (r *Registrar) busy(domain string) *denial {
	op := r.running(domain)
	if op == nil {
		return nil
	}
	no := deny("DuplicateRequest", "The request is already in progress for the domain %s.", domain)
	no.requestID = op.id
	return no
}

func (r *Registrar) crowded() *denial {
	n := 0
	for _, op := range r.ops {
		if !op.done() {
			n++
		}
	}
	if n >= r.opts.MaxOperations {
		return deny("OperationLimitExceeded", "The number of operations has exceeded the limit of %d of the account.", r.opts.MaxOperations)
	}
	return nil
}
