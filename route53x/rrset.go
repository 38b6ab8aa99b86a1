package route53x

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Key is what tells record sets of a zone apart. Keys of canonical sets can be compared with ==.
type Key struct {
	Name          Name   `json:"name"`
	Type          Type   `json:"type"`
	SetIdentifier string `json:"setIdentifier,omitempty"` // "" for a simple set
}

// String is "www.example.com. A" or "www.example.com. A [blue]", the name as in zone files.
func (k Key) String() string {
	s := k.Name.ZoneFile() + " " + string(k.Type)
	if k.SetIdentifier != "" {
		s += fmt.Sprintf(" [%s]", strings.Trim(fmt.Sprintf("%q", k.SetIdentifier), `"`))
	}
	return s
}

// RRSet is a record set: all values of one name and type, or, with a routing policy, one of several such sets.
type RRSet struct {
	Name          Name
	Type          Type
	SetIdentifier string   // 1 to 128 characters where there is a Routing, else ""
	TTL           uint32   // seconds; 0 where there is an Alias
	Values        []string // as Route 53 has them, see [Type.CanonicalValue]; none where there is an Alias
	Alias         *Alias
	Routing       Routing // nil is a simple set
	HealthCheck   string  // its ID
}

// Key is what tells the set from the others of its zone, as it is spelt there.
func (s RRSet) Key() Key { return Key{s.Name, s.Type, s.SetIdentifier} }

// String is the set in one line, for people: "www.example.com. A 300 192.0.2.1".
func (s RRSet) String() string {
	out := s.Key().String()
	if s.Alias != nil {
		out += " alias of " + s.Alias.Target.ZoneFile() + " in " + s.Alias.ZoneID
	} else {
		out += fmt.Sprintf(" %d %s", s.TTL, strings.Join(s.Values, ", "))
	}
	if s.Routing != nil {
		out += " (" + routingText(s) + ")"
	}
	return out
}

// Alias points at an AWS resource, or at another set of the same zone and type.
type Alias struct {
	ZoneID               string `json:"zoneId"` // the target's hosted zone, "Z2FDTNDATAQYW2" for CloudFront (unverified)
	Target               Name   `json:"target"`
	EvaluateTargetHealth bool   `json:"evaluateTargetHealth,omitempty"`
}

// wireSet is the JSON of a set.
type wireSet struct {
	Key
	TTL         uint32          `json:"ttl,omitempty"`
	Values      []string        `json:"values,omitempty"`
	Alias       *Alias          `json:"alias,omitempty"`
	Policy      string          `json:"policy,omitempty"`
	Routing     json.RawMessage `json:"routing,omitempty"`
	HealthCheck string          `json:"healthCheck,omitempty"`
}

// MarshalJSON writes the policy's name beside its fields: "policy":"WEIGHTED","routing":{"weight":1}.
func (s RRSet) MarshalJSON() ([]byte, error) {
	w := wireSet{Key: s.Key(), TTL: s.TTL, Values: s.Values, Alias: s.Alias, HealthCheck: s.HealthCheck}
	if s.Routing != nil {
		var err error
		if w.Routing, err = json.Marshal(s.Routing); err != nil {
			return nil, err
		}
		w.Policy = s.Routing.policy()
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads what MarshalJSON wrote. An unknown policy is an error.
func (s *RRSet) UnmarshalJSON(data []byte) error {
	var w wireSet
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	*s = RRSet{Name: w.Name, Type: w.Type, SetIdentifier: w.SetIdentifier, TTL: w.TTL, Values: w.Values, Alias: w.Alias, HealthCheck: w.HealthCheck}
	if w.Policy == "" {
		return nil
	}
	var err error
	s.Routing, err = decodeRouting(w.Policy, w.Routing)
	return err
}

// Canonical is the set in the form in which sets are compared: name, values and alias target canonical, values sorted.
// Nothing is shared with s. The error lists everything that Route 53 would refuse in the set by itself; what depends on
// other sets or on the zone is checked by [Diff].
func (s RRSet) Canonical() (RRSet, error) {
	var errs []error
	c := RRSet{SetIdentifier: s.SetIdentifier, TTL: s.TTL, Routing: s.Routing, HealthCheck: s.HealthCheck}
	var err error
	if c.Name, err = ParseName(string(s.Name)); err != nil {
		errs = append(errs, err)
	}
	c.Type = Type(strings.ToUpper(string(s.Type)))
	if !c.Type.Supported() {
		errs = append(errs, fmt.Errorf("type %s: Route 53 does not have it", s.Type))
	} else {
		for _, v := range s.Values {
			cv, err := c.Type.CanonicalValue(v)
			if err != nil {
				errs = append(errs, err)
			}
			c.Values = append(c.Values, cv)
		}
	}
	slices.SortFunc(c.Values, func(a, b string) int { return strings.Compare(c.Type.compareForm(a), c.Type.compareForm(b)) })
	if s.Alias != nil {
		a := *s.Alias
		if a.Target, err = ParseName(string(a.Target)); err != nil {
			errs = append(errs, fmt.Errorf("alias: %w", err))
		}
		a.ZoneID = strings.TrimPrefix(a.ZoneID, "/hostedzone/")
		c.Alias = &a
		c.TTL = 0
	}
	errs = append(errs, c.check()...)
	if len(errs) > 0 {
		return c, fmt.Errorf("%s: %w", s.Key(), errors.Join(errs...))
	}
	return c, nil
}

// check is about one canonical set.
func (s RRSet) check() []error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch {
	case s.Alias != nil && len(s.Values) > 0:
		add("an alias has no values")
	case s.Alias != nil && !isZoneID(s.Alias.ZoneID):
		add("the alias does not say in which hosted zone its target is, or %q is no ID", s.Alias.ZoneID)
	case s.Alias == nil && len(s.Values) == 0 && !s.traffic():
		add("the set has neither values nor an alias")
	}
	if s.TTL > 1<<31-1 {
		add("TTL %d is more than 2147483647 seconds", s.TTL)
	}
	for i := 1; i < len(s.Values); i++ {
		if s.Type.compareForm(s.Values[i]) == s.Type.compareForm(s.Values[i-1]) {
			add("value %s stands there twice", s.Values[i])
		}
	}
	if s.Type == CNAME && len(s.Values) > 1 {
		add("a CNAME has one value, not %d", len(s.Values))
	}
	if s.Type == NS && s.Name.Wildcard() {
		add("an NS set may not be a wildcard")
	}
	switch {
	case s.traffic():
	case s.Routing == nil && s.SetIdentifier != "":
		add("a set identifier needs a routing policy")
	case s.Routing != nil && (s.SetIdentifier == "" || len(s.SetIdentifier) > 128):
		add("a routed set needs a set identifier of 1 to 128 characters")
	case strings.ContainsFunc(s.SetIdentifier, notXML):
		add("the set identifier %q has a character that no request can carry", s.SetIdentifier)
	}
	if s.Routing != nil {
		if err := s.Routing.check(); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// notXML are the characters that XML 1.0 does not have, and what is no UTF-8.
func notXML(r rune) bool {
	return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == utf8.RuneError || r == 0xfffe || r == 0xffff
}

// isZoneID: letters and digits, and cli53 writes $self for the zone that the record is in.
func isZoneID(s string) bool {
	return s == selfZone || s != "" && strings.Trim(s, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == ""
}

func (s RRSet) traffic() bool { _, ok := s.Routing.(TrafficPolicy); return ok }

// compareForm joins the strings of a text: their borders are not part of what it says.
func (t Type) compareForm(value string) string {
	if t != TXT && t != SPF {
		return value
	}
	text, err := UnquoteTXT(value)
	if err != nil {
		return value
	}
	return `"` + text // a prefix that no value in another form shares
}

// SameContent reports whether two sets say the same, as Route 53 sees them, whatever their keys: TTL, values in any
// order, alias, policy and health check. Spelling does not matter, see [RRSet.Canonical]; sets that are not valid are
// the same only to the letter.
func (s RRSet) SameContent(o RRSet) bool {
	if s.TTL == o.TTL && slices.Equal(s.Values, o.Values) && s.Type == o.Type && s.sameRest(o) {
		return true
	}
	a, errA := s.Canonical()
	b, errB := o.Canonical()
	return errA == nil && errB == nil && sameCanonical(a, b)
}

func sameCanonical(a, b RRSet) bool {
	return a.TTL == b.TTL && a.sameRest(b) && a.Type == b.Type &&
		slices.EqualFunc(a.Values, b.Values, func(x, y string) bool { return a.Type.compareForm(x) == a.Type.compareForm(y) })
}

func (s RRSet) sameRest(o RRSet) bool {
	return s.Routing == o.Routing && s.HealthCheck == o.HealthCheck &&
		(s.Alias == nil) == (o.Alias == nil) && (s.Alias == nil || *s.Alias == *o.Alias)
}

// SameKey reports whether two sets are the same set of the zone, whatever the spelling of their names.
func (s RRSet) SameKey(o RRSet) bool {
	a, errA := ParseName(string(s.Name))
	b, errB := ParseName(string(o.Name))
	return errA == nil && errB == nil && a == b && strings.EqualFold(string(s.Type), string(o.Type)) && s.SetIdentifier == o.SetIdentifier
}
