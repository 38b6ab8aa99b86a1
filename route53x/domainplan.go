package route53x

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/kitroll/kitroll/internal/secret"
)

// TransferRequest is a domain that is to be brought in. It prints without code and contacts.
type TransferRequest struct {
	Domain   string
	AuthCode AuthCode // of the registrar that has it; some TLDs have none
	Contacts Contacts
	// Nameservers are required: the four of the hosted zone. What happens to the delegation without them is not
	// documented, and a registrar that loses a domain may stop its DNS at any moment.
	Nameservers []Nameserver
	NoAutoRenew bool // default: it is renewed, and paid, each year
	// PublicContacts shows the contacts in WHOIS, where the TLD lets one hide them. Default: hidden, for all of them alike.
	PublicContacts bool

	// Consent is what somebody agreed to: TransferPlan.Consent of a plan that they have seen.
	Consent TransferConsent
}

func (r TransferRequest) safe() secret.Fields {
	return secret.Fields{
		"route53x.TransferRequest", "Domain", r.Domain, "AuthCode", r.AuthCode, "Contacts", r.Contacts,
		"Nameservers", nameserverNames(r.Nameservers), "NoAutoRenew", r.NoAutoRenew, "PublicContacts", r.PublicContacts,
		"Consent", r.Consent,
	}
}

// String is the request without code and contacts.
func (r TransferRequest) String() string { return r.safe().String() }

// GoString is String.
func (r TransferRequest) GoString() string { return r.String() }

// Format prints String for every verb.
func (r TransferRequest) Format(s fmt.State, verb rune) { r.safe().Format(s, verb) }

// LogValue is String's fields.
func (r TransferRequest) LogValue() slog.Value { return r.safe().LogValue() }

// TransferConsent is what was agreed to. The zero value is no consent. It can be kept as JSON; it has no secret.
type TransferConsent struct {
	Domain         string       `json:"domain"`
	MaxPrice       Money        `json:"maxPrice"` // the transfer is not ordered when it costs more by then
	Nameservers    []Nameserver `json:"nameservers"`
	NoAutoRenew    bool         `json:"noAutoRenew,omitempty"`
	PublicContacts bool         `json:"publicContacts,omitempty"`
}

// TransferPlan is what [Domains.Transfer] would do. String is for the one who decides; it has neither code nor contacts.
type TransferPlan struct {
	Domain         string
	Price          Money // charged when it is ordered, refunded when it fails; no credits
	Nameservers    []Nameserver
	NoAutoRenew    bool
	PublicContacts bool
	Contacts       Contacts
	Check          Transferability
	Running        []OperationState // transfers of this domain that are not done: Transfer would go on with the first
}

// Consent is the consent to this plan, at its price and no higher.
func (p *TransferPlan) Consent() TransferConsent {
	return TransferConsent{p.Domain, p.Price, slices.Clone(p.Nameservers), p.NoAutoRenew, p.PublicContacts}
}

// Err is nil when the transfer can be ordered now, or runs; else why not, as [Transferability.Err] has it, or
// [ErrUnsupported] for a TLD that can be registered and not be brought in.
func (p *TransferPlan) Err() error {
	switch {
	case len(p.Running) > 0:
		return nil
	case !p.Price.Offered():
		return &Error{Kind: ErrUnsupported, Op: "ListPrices", Subject: p.Domain, Err: errNoTransfers}
	}
	return p.Check.Err()
}

// String is the plan in words.
func (p *TransferPlan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "transfer %s to Route 53\n", p.Domain)
	for _, op := range p.Running {
		fmt.Fprintf(&b, "  it is on its way: operation %s, %s since %s; nothing is ordered\n", op.ID, op.Status,
			op.Submitted.UTC().Format("2006-01-02 15:04 MST"))
	}
	if err := p.Err(); err != nil {
		fmt.Fprintf(&b, "  it cannot be ordered now: %v\n", err)
	}
	fmt.Fprintf(&b, "  price: %s, charged when it is ordered, refunded if it fails\n", p.Price)
	fmt.Fprintf(&b, "  name servers: %s\n", strings.Join(nameserverNames(p.Nameservers), " "))
	renewal, whois := "automatic, each year, at the price of then", "hidden where the TLD allows it"
	if p.NoAutoRenew {
		renewal = "not automatic"
	}
	if p.PublicContacts {
		whois = "public"
	}
	fmt.Fprintf(&b, "  renewal: %s\n  contacts in WHOIS: %s\n", renewal, whois)
	roles := p.Contacts.roles()
	for _, role := range []string{"Registrant", "Admin", "Tech", "Billing"} {
		if c, ok := roles[role]; ok {
			fmt.Fprintf(&b, "  %s: %v\n", strings.ToLower(role), c)
		}
	}
	b.WriteString(planWords)
	return b.String()
}

// planWords are what holds for every transfer.
const planWords = `  mail: the holder gets mail and must agree to it, or the transfer does not go on
  cannot be undone: once it is done the domain stays for 60 days; until then the registrar that has it can cancel
  the registrar that loses it may stop its DNS at any moment: the name servers above must serve the zone by then
`

var errNoTransfers = errors.New("Route 53 has no price for a transfer of this TLD")

// check finds every problem of a request that needs no call, and puts it into the form of the API.
func (r *TransferRequest) check() (domain string, servers []Nameserver, problems []error) {
	domain, err := domainName(r.Domain)
	if err != nil {
		problems = append(problems, fmt.Errorf("Domain: %w", err))
	}
	servers, bad := checkNameservers(domain, r.Nameservers)
	problems = append(problems, bad...)
	for _, err := range r.Contacts.problems() {
		problems = append(problems, fmt.Errorf("Contacts.%w", err))
	}
	if strings.ContainsFunc(string(r.AuthCode), func(c rune) bool { return c < ' ' || c == 0x7f }) || len(r.AuthCode) > 1024 {
		problems = append(problems, errors.New("AuthCode has a control character or is over 1024 bytes"))
	}
	return domain, servers, problems
}

// PlanTransfer looks at everything that [Domains.Transfer] depends on and says what it would do. It changes nothing; the
// price list, the transferability and the operations are read. Whether it can be done is [TransferPlan.Err].
//
// Errors: [ErrInvalid] with every problem of the request, [ErrUnsupported] for the TLD, others as an [*Error].
func (d *Domains) PlanTransfer(ctx context.Context, req TransferRequest) (*TransferPlan, error) {
	domain, servers, problems := req.check()
	if err := invalidDomain("PlanTransfer", req.Domain, problems...); err != nil {
		return nil, err
	}
	price, err := d.Price(ctx, TLDOf(domain))
	if err != nil {
		return nil, err
	}
	p := &TransferPlan{
		Domain: domain, Price: price.Transfer, Nameservers: servers, NoAutoRenew: req.NoAutoRenew,
		PublicContacts: req.PublicContacts, Contacts: req.Contacts,
	}
	for op, err := range d.transfersOf(ctx, domain) {
		if err != nil {
			return nil, err
		}
		if !op.Done() {
			p.Running = append(p.Running, op)
		}
	}
	if len(p.Running) == 0 {
		p.Check, err = d.Transferability(ctx, domain, req.AuthCode)
	}
	return p, err
}
