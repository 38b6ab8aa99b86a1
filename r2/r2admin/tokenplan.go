package r2admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxTokenName is how many characters the name of a token may have (unverified).
const maxTokenName = 120

// TokenOptions is what a token is to be.
type TokenOptions struct {
	Name   string     // required: up to 120 characters, and of no other token of the owner
	Access Access     // required
	Owner  TokenOwner // default [OwnerAccount]

	// Buckets is required for AccessObjectRead and AccessObjectWrite, and only for them: the names of buckets in the client's
	// jurisdiction. Tokens for Admin access reach every bucket of the account, in every jurisdiction.
	Buckets []string
	Zone    string // the ID of the zone; required for AccessControlPlane, and only for it

	TTL       time.Duration // how long it works, from NotBefore or from now, in whole seconds; default for ever
	Expires   time.Time     // in place of TTL
	NotBefore time.Time     // default: at once

	AllowIPs []netip.Prefix // where requests may come from; default everywhere
	DenyIPs  []netip.Prefix // and where not from
}

func (o TokenOptions) check(now time.Time) error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if err := checkTokenName(o.Name); err != nil {
		problems = append(problems, err)
	}
	objects, zone := false, false
	switch o.Access {
	case AccessObjectRead, AccessObjectWrite:
		objects = true
	case AccessControlPlane:
		zone = true
	case AccessAdminRead, AccessAdminWrite:
	case "":
		bad("Access is required")
	default:
		bad("Access: %q is none of those there are", string(o.Access))
	}
	switch {
	case objects && len(o.Buckets) == 0:
		bad("Buckets is required for %s", o.Access)
	case !objects && len(o.Buckets) > 0:
		bad("Buckets: %s is not limited to buckets", cmp.Or(o.Access, "this access"))
	}
	for i, name := range o.Buckets {
		if err := checkBucket(name); err != nil {
			bad("Buckets: %w", err)
		} else if slices.Index(o.Buckets, name) != i {
			bad("Buckets: %q is there twice", name)
		}
	}
	switch {
	case zone && !zoneID.MatchString(o.Zone):
		bad("Zone: %q is no ID of a zone", o.Zone)
	case !zone && o.Zone != "":
		bad("Zone: %s has no zone", cmp.Or(o.Access, "this access"))
	}
	if o.TTL < 0 || o.TTL%time.Second != 0 {
		bad("TTL: %v is no number of whole seconds above 0", o.TTL)
	}
	if o.TTL != 0 && !o.Expires.IsZero() {
		bad("TTL and Expires: one of them")
	}
	return errors.Join(append(problems, checkTimes(o.NotBefore, o.Expires, now), checkIPs("AllowIPs", o.AllowIPs), checkIPs("DenyIPs", o.DenyIPs))...)
}

func checkTokenName(name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return errors.New("Name is required: it tells people what the token is for, and finds it again")
	case strings.TrimSpace(name) != name || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return errors.New("Name: it has blanks at an end, or control characters")
	case utf8.RuneCountInString(name) > maxTokenName:
		return fmt.Errorf("Name: it has more than %d characters", maxTokenName)
	}
	return nil
}

func checkTimes(from, until, now time.Time) error {
	switch {
	case until.IsZero():
		return nil
	case !until.After(now):
		return fmt.Errorf("Expires: %s is over", until.Format(time.RFC3339))
	case !until.After(from):
		return errors.New("Expires: it is not after NotBefore")
	}
	return nil
}

func checkIPs(field string, list []netip.Prefix) error {
	for _, p := range list {
		if !p.IsValid() || p != p.Masked() || p.Addr().Is4In6() {
			return fmt.Errorf("%s: %v is no network such as 203.0.113.0/24, whose bits after the mask are 0", field, p)
		}
	}
	return nil
}

// TokenPlan is the token that would be made, for people to read before a credential is there. It is plain JSON and holds no
// secret: it can be stored, reviewed and applied later.
type TokenPlan struct {
	Account   string         `json:"account"`
	Owner     TokenOwner     `json:"owner"`
	Name      string         `json:"name"`
	Policies  []TokenPolicy  `json:"policies"`
	NotBefore time.Time      `json:"notBefore,omitzero"`
	Expires   time.Time      `json:"expires,omitzero"`
	AllowIPs  []netip.Prefix `json:"allowIPs,omitempty"`
	DenyIPs   []netip.Prefix `json:"denyIPs,omitempty"`
	Warnings  []string       `json:"warnings,omitempty"`
}

// String is the plan for people, several lines, the warnings last.
func (p TokenPlan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "token %q of the %s\n", p.Name, p.Owner)
	for _, line := range p.Policies {
		for _, g := range line.Groups {
			fmt.Fprintf(&b, "  %s %s\n", line.Effect, g.Name)
		}
		for _, r := range line.Resources {
			fmt.Fprintf(&b, "    on %s\n", r)
		}
	}
	for _, f := range []struct {
		word string
		at   time.Time
	}{{"from", p.NotBefore}, {"until", p.Expires}} {
		if !f.at.IsZero() {
			fmt.Fprintf(&b, "  %s %s\n", f.word, f.at.Format(time.RFC3339))
		}
	}
	for _, f := range []struct {
		word string
		list []netip.Prefix
	}{{"only from", p.AllowIPs}, {"not from", p.DenyIPs}} {
		for _, ip := range f.list {
			fmt.Fprintf(&b, "  %s %s\n", f.word, ip)
		}
	}
	for _, w := range p.Warnings {
		b.WriteString("! " + w + "\n")
	}
	return b.String()
}

func (p TokenPlan) check(account string, now time.Time) error {
	problems := []error{checkTokenName(p.Name), checkTimes(p.NotBefore, p.Expires, now), checkIPs("AllowIPs", p.AllowIPs), checkIPs("DenyIPs", p.DenyIPs)}
	if p.Account != account {
		problems = append(problems, errors.New("Account: the plan is for another account than this client"))
	}
	if len(p.Policies) == 0 {
		problems = append(problems, errors.New("Policies: there are none"))
	}
	for i, line := range p.Policies {
		if line.Effect != "allow" || len(line.Groups) == 0 || len(line.Resources) == 0 ||
			slices.ContainsFunc(line.Groups, func(g PermissionGroup) bool { return g.ID == "" }) || slices.Contains(line.Resources, "") {
			problems = append(problems, fmt.Errorf("Policies[%d]: want effect allow, groups with IDs, and resources", i))
		}
	}
	return errors.Join(problems...)
}

// PlanToken works out a token with the access that opts ask for and nothing beyond it, and makes none: fmt.Print shows the
// plan, [Client.ApplyToken] makes exactly what it shows. It reads the permission groups, whose IDs it takes by name and kind
// of resource. Every problem of opts is reported before anything is sent, as [ErrInput].
func (c *Client) PlanToken(ctx context.Context, opts *TokenOptions) (TokenPlan, error) {
	o := *cmp.Or(opts, &TokenOptions{})
	_, err := c.tokensOf(&o.Owner)
	now := time.Now()
	if err := errors.Join(o.check(now), err); err != nil {
		return TokenPlan{}, invalid("PlanToken", o.Name, err)
	}
	var all []PermissionGroup
	for g, err := range c.ListPermissionGroups(ctx, &ListPermissionGroupsOptions{Owner: o.Owner}) {
		if err != nil {
			return TokenPlan{}, err
		}
		all = append(all, g)
	}
	p := TokenPlan{
		Account: c.account, Owner: o.Owner, Name: o.Name, AllowIPs: slices.Clone(o.AllowIPs), DenyIPs: slices.Clone(o.DenyIPs),
		NotBefore: utcSeconds(o.NotBefore), Expires: utcSeconds(o.Expires),
	}
	if o.TTL > 0 {
		from := p.NotBefore
		if from.IsZero() {
			from = now
		}
		p.Expires = utcSeconds(from.Add(o.TTL))
	}
	for _, w := range c.wanted(o) {
		line := TokenPolicy{Effect: "allow", Resources: w.resources}
		for _, name := range w.groups {
			g, err := pickGroup(all, name, w.scope)
			if err != nil {
				return TokenPlan{}, &Error{Op: "PlanToken", Resource: o.Name, Err: err}
			}
			line.Groups = append(line.Groups, g)
		}
		p.Policies = append(p.Policies, line)
	}
	p.Warnings = o.warnings(p.Expires)
	return p, nil
}

// utcSeconds is a moment as the API takes it.
func utcSeconds(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(time.Second)
}

func (o TokenOptions) warnings(expires time.Time) []string {
	var out []string
	if expires.IsZero() {
		out = append(out, "it never expires")
	}
	switch o.Access {
	case AccessAdminWrite, AccessControlPlane:
		out = append(out, "it may delete every bucket of the account, and every object")
	case AccessAdminRead:
		out = append(out, "it may read every object of the account")
	}
	return out
}

type wantedPolicy struct {
	scope             string
	groups, resources []string
}

// wanted is the policies for an access. Groups for different kinds of resource do not go into one policy.
// Source: developers.cloudflare.com/r2/api/tokens and /fundamentals/api/how-to/create-via-api (read 2026-11).
func (c *Client) wanted(o TokenOptions) []wantedPolicy {
	account := []string{ScopeOfAccount + "." + c.account}
	switch o.Access {
	case AccessAdminRead:
		return []wantedPolicy{{ScopeOfAccount, []string{groupAdminRead}, account}}
	case AccessAdminWrite:
		return []wantedPolicy{{ScopeOfAccount, []string{groupAdminWrite}, account}}
	case AccessControlPlane:
		zone := []string{ScopeOfZone + "." + o.Zone}
		return []wantedPolicy{{ScopeOfAccount, []string{groupAdminWrite}, account}, {ScopeOfZone, []string{groupZoneRead, groupCachePurge}, zone}}
	}
	var buckets []string
	for _, name := range o.Buckets {
		buckets = append(buckets, fmt.Sprintf("%s.%s_%s_%s", ScopeOfBucket, c.account, cmp.Or(string(c.jurisdiction), "default"), name))
	}
	group := groupItemRead
	if o.Access == AccessObjectWrite {
		group = groupItemWrite
	}
	return []wantedPolicy{{ScopeOfBucket, []string{group}, buckets}}
}
