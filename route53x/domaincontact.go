package route53x

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/mail"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53domains/types"

	"github.com/kitroll/kitroll/internal/secret"
)

// ContactType says what a contact is.
type ContactType string

// The types of contacts.
const (
	ContactPerson      ContactType = "PERSON"
	ContactCompany     ContactType = "COMPANY"
	ContactAssociation ContactType = "ASSOCIATION"
	ContactPublicBody  ContactType = "PUBLIC_BODY"
	ContactReseller    ContactType = "RESELLER"
)

// Contact is a person or an organization that is answerable for a domain. It can be read from JSON; however it is printed,
// logged or written, it shows its type, its country and which fields are set, and nothing else.
type Contact struct {
	Type         ContactType `json:"type"` // default ContactPerson
	FirstName    string      `json:"firstName"`
	LastName     string      `json:"lastName"`
	Organization string      `json:"organization"` // required unless Type is ContactPerson
	Email        string      `json:"email"`
	Phone        string      `json:"phone"` // "+86.1012345678": country, a dot, the number
	Fax          string      `json:"fax"`   // likewise; optional
	Address1     string      `json:"address1"`
	Address2     string      `json:"address2"` // optional
	City         string      `json:"city"`
	State        string      `json:"state"` // required for the US, Canada and Australia (unverified for others)
	Zip          string      `json:"zip"`
	Country      string      `json:"country"` // two letters, ISO 3166: "CN"
	// Extra are what some TLDs ask for, by the names of the API: "SG_ID_NUMBER". Which TLD asks for which, the API says.
	Extra map[string]string `json:"extra"`
}

// Contacts are the contacts of a domain. They print as [Contact] does.
type Contacts struct {
	Registrant Contact  `json:"registrant"` // the holder: reads the mail that asks for consent
	Admin      Contact  `json:"admin"`
	Tech       Contact  `json:"tech"`
	Billing    *Contact `json:"billing"` // nil: none is sent
}

// SameContact is c in every role.
func SameContact(c Contact) Contacts { return Contacts{Registrant: c, Admin: c, Tech: c} }

func (c Contact) safe() secret.Fields {
	fields := secret.Fields{"route53x.Contact", "Type", string(c.kind()), "Country", c.Country}
	for _, f := range c.fields() {
		if f.value != "" {
			fields = append(fields, f.name, secret.Hidden)
		}
	}
	if len(c.Extra) > 0 {
		fields = append(fields, "Extra", slices.Sorted(maps.Keys(c.Extra)))
	}
	return fields
}

func (c Contact) kind() ContactType {
	if c.Type == "" {
		return ContactPerson
	}
	return c.Type
}

type contactField struct {
	name, value string
	most        int // bytes, by the API reference
	optional    bool
}

// fields are those that say who it is.
func (c Contact) fields() []contactField {
	return []contactField{
		{"FirstName", c.FirstName, 255, false},
		{"LastName", c.LastName, 255, false},
		{"Organization", c.Organization, 255, c.kind() == ContactPerson},
		{"Email", c.Email, 254, false},
		{"Phone", c.Phone, 30, false},
		{"Fax", c.Fax, 30, true},
		{"Address1", c.Address1, 255, false},
		{"Address2", c.Address2, 255, true},
		{"City", c.City, 255, false},
		{"State", c.State, 255, !slices.Contains([]string{"US", "CA", "AU"}, c.Country)},
		{"Zip", c.Zip, 255, slices.Contains([]string{"HK", "MO", "AE", "IE"}, c.Country)}, // places without postal codes
	}
}

// String names the type, the country and the fields that are set.
func (c Contact) String() string { return c.safe().String() }

// GoString is String.
func (c Contact) GoString() string { return c.String() }

// Format prints String for every verb.
func (c Contact) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }

// LogValue is String's fields.
func (c Contact) LogValue() slog.Value { return c.safe().LogValue() }

// MarshalJSON gives String as a JSON string: a contact is read from JSON and never written to it.
func (c Contact) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// String is that of the four contacts.
func (c Contacts) String() string {
	text := fmt.Sprintf("route53x.Contacts{Registrant: %v, Admin: %v, Tech: %v", c.Registrant, c.Admin, c.Tech)
	if c.Billing != nil {
		text += fmt.Sprintf(", Billing: %v", *c.Billing)
	}
	return text + "}"
}

// GoString is String.
func (c Contacts) GoString() string { return c.String() }

// Format prints String for every verb.
func (c Contacts) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, c.String()) }

// LogValue is String.
func (c Contacts) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON gives String as a JSON string.
func (c Contacts) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// roles are the contacts that are sent, by their names.
func (c Contacts) roles() map[string]Contact {
	roles := map[string]Contact{"Registrant": c.Registrant, "Admin": c.Admin, "Tech": c.Tech}
	if c.Billing != nil {
		roles["Billing"] = *c.Billing
	}
	return roles
}

// secrets are the texts that must not come back in a message.
func (c Contacts) secrets() []string {
	var out []string
	for _, contact := range c.roles() {
		for _, f := range contact.fields() {
			out = append(out, f.value)
		}
		out = append(out, slices.Collect(maps.Values(contact.Extra))...)
	}
	slices.SortFunc(out, func(a, b string) int { return len(b) - len(a) }) // a part of another comes after it
	return slices.Compact(out)
}

var (
	phoneForm   = regexp.MustCompile(`^\+[0-9]{1,3}\.[0-9]{4,25}$`)
	countryForm = regexp.MustCompile(`^[A-Z]{2}$`)
)

// Check finds everything that Route 53 would refuse, role by role and field by field. No value is in the text.
//
// Source: API_domains_ContactDetail, docs.aws.amazon.com/Route53/latest/APIReference (read 2026-11). What a TLD asks for
// besides, only the API knows.
func (c Contacts) Check() error { return errors.Join(c.problems()...) }

func (c Contacts) problems() []error {
	var problems []error
	roles := c.roles()
	for _, role := range slices.Sorted(maps.Keys(roles)) {
		for _, err := range roles[role].problems() {
			problems = append(problems, fmt.Errorf("%s.%w", role, err))
		}
	}
	return problems
}

func (c Contact) problems() []error {
	var out []error
	bad := func(format string, args ...any) { out = append(out, fmt.Errorf(format, args...)) }
	if !slices.Contains(types.ContactType("").Values(), types.ContactType(c.kind())) {
		bad("Type: %q is none of PERSON, COMPANY, ASSOCIATION, PUBLIC_BODY, RESELLER", string(c.Type))
	}
	for _, f := range c.fields() {
		switch {
		case f.value == "" && !f.optional:
			bad("%s is required", f.name)
		case len(f.value) > f.most:
			bad("%s has %d bytes, at most %d are allowed", f.name, len(f.value), f.most)
		case strings.TrimSpace(f.value) != f.value:
			bad("%s begins or ends with a blank", f.name)
		case strings.ContainsFunc(f.value, func(r rune) bool { return r < ' ' || r == 0x7f }):
			bad("%s has a control character", f.name)
		}
	}
	if a, err := mail.ParseAddress(c.Email); c.Email != "" && (err != nil || a.Address != c.Email) {
		bad("Email is not an address such as name@example.com")
	}
	for name, number := range map[string]string{"Phone": c.Phone, "Fax": c.Fax} {
		if number != "" && !phoneForm.MatchString(number) {
			bad("%s: want + country . number, as +86.1012345678", name)
		}
	}
	switch {
	case !countryForm.MatchString(c.Country):
		bad("Country: want two capital letters of ISO 3166, as CN")
	case !slices.Contains(types.CountryCode("").Values(), types.CountryCode(c.Country)):
		bad("Country: Route 53 does not know %q", c.Country)
	}
	for name, value := range c.Extra {
		if name == "" || value == "" || len(value) > 2048 {
			bad("Extra: %q is empty or over 2048 bytes", name)
		}
	}
	slices.SortFunc(out, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return out
}

// detail is the contact in the SDK's form.
func (c Contact) detail() *types.ContactDetail {
	set := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	d := &types.ContactDetail{
		ContactType: types.ContactType(c.kind()), FirstName: set(c.FirstName), LastName: set(c.LastName),
		OrganizationName: set(c.Organization), Email: set(c.Email), PhoneNumber: set(c.Phone), Fax: set(c.Fax),
		AddressLine1: set(c.Address1), AddressLine2: set(c.Address2), City: set(c.City), State: set(c.State),
		ZipCode: set(c.Zip), CountryCode: types.CountryCode(c.Country),
	}
	for _, name := range slices.Sorted(maps.Keys(c.Extra)) {
		d.ExtraParams = append(d.ExtraParams, types.ExtraParam{Name: types.ExtraParamName(name), Value: aws.String(c.Extra[name])})
	}
	return d
}

// contactOf is the SDK's form of a contact as ours.
func contactOf(d *types.ContactDetail) Contact {
	if d == nil {
		return Contact{}
	}
	c := Contact{
		Type: ContactType(d.ContactType), FirstName: aws.ToString(d.FirstName), LastName: aws.ToString(d.LastName),
		Organization: aws.ToString(d.OrganizationName), Email: aws.ToString(d.Email), Phone: aws.ToString(d.PhoneNumber),
		Fax: aws.ToString(d.Fax), Address1: aws.ToString(d.AddressLine1), Address2: aws.ToString(d.AddressLine2),
		City: aws.ToString(d.City), State: aws.ToString(d.State), Zip: aws.ToString(d.ZipCode), Country: string(d.CountryCode),
	}
	for _, p := range d.ExtraParams {
		if c.Extra == nil {
			c.Extra = map[string]string{}
		}
		c.Extra[string(p.Name)] = aws.ToString(p.Value)
	}
	return c
}
