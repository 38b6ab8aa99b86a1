package route53xtest

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

func knownType(t string) bool {
	return slices.Contains([]string{
		"SOA", "A", "TXT", "NS", "CNAME", "MX", "NAPTR", "PTR", "SRV", "SPF", "AAAA", "CAA", "DS", "TLSA", "SSHFP", "SVCB", "HTTPS",
	}, t)
}

// shape is what the schema of the API and the rules of a single set say, before the zone is looked at. It brings the
// names to the form in which they are listed.
func (s *Server) shape(c *wireChange) *refusal {
	w := &c.ResourceRecordSet
	if !slices.Contains([]string{"CREATE", "DELETE", "UPSERT"}, c.Action) {
		return invalidInput("Value '%s' at 'action' failed to satisfy constraint: Member must satisfy enum value set: [CREATE, DELETE, UPSERT]", c.Action)
	}
	if !knownType(w.Type) {
		return invalidInput("Value '%s' at 'type' failed to satisfy constraint: Member must satisfy enum value set", w.Type)
	}
	name, err := normal(w.Name)
	if err != nil {
		return invalidBatch(fmt.Sprintf("FATAL problem: %v encountered with '%s'", err, w.Name))
	}
	w.Name = name
	if a := w.AliasTarget; a != nil {
		if a.DNSName, err = normal(a.DNSName); err != nil {
			return invalidBatch(fmt.Sprintf("FATAL problem: %v encountered with '%s'", err, a.DNSName))
		}
	}
	values := 0
	if w.ResourceRecords != nil {
		values = len(w.ResourceRecords.ResourceRecord)
	}
	id := text(w.SetIdentifier)
	invalid := func(what string) *refusal {
		return invalidInput("Invalid request: %s, in the set with name %s, type %s, SetIdentifier %s", what, w.Name, w.Type, id)
	}
	switch {
	case w.TrafficPolicyInstanceId != nil:
		return invalid("sets of a traffic policy are made by its instance")
	case w.AliasTarget != nil && (values > 0 || w.TTL != nil):
		return invalid("Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords]]")
	case w.AliasTarget == nil && (values == 0 || w.TTL == nil):
		return invalid("Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found none")
	case w.TTL != nil && (*w.TTL < 0 || *w.TTL > 1<<31-1):
		return invalid("TTL is not in 0 to 2147483647")
	case policies(*w) > 1:
		return invalid("Expected exactly one of [Weight, Region, Failover, GeoLocation, MultiValueAnswer, CidrRoutingConfig or GeoProximityLocation], but found more than one")
	case policies(*w) == 1 && w.SetIdentifier == nil:
		return invalid("Missing field 'SetIdentifier'")
	case policies(*w) == 0 && w.SetIdentifier != nil:
		return invalid("SetIdentifier without a routing policy")
	case w.SetIdentifier != nil && (id == "" || len(id) > 128):
		return invalid("SetIdentifier is not 1 to 128 characters long")
	case w.Weight != nil && (*w.Weight < 0 || *w.Weight > 255):
		return invalid("Weight is not in 0 to 255")
	case w.Failover != nil && *w.Failover != "PRIMARY" && *w.Failover != "SECONDARY":
		return invalid("Failover is neither PRIMARY nor SECONDARY")
	}
	return nil
}

func policies(w wireSet) (n int) {
	for _, there := range []bool{
		w.Weight != nil, w.Region != nil, w.GeoLocation != nil, w.Failover != nil, w.MultiValueAnswer != nil && *w.MultiValueAnswer,
		w.CidrRoutingConfig != nil, w.GeoProximityLocation != nil,
	} {
		if there {
			n++
		}
	}
	return n
}

// permitted is what the zone and the values of one set say.
func (b *batch) permitted(c wireChange) {
	w := c.ResourceRecordSet
	apex := w.Name == b.zone.name
	switch {
	case !inZone(w.Name, b.zone.name):
		b.say("RRSet with DNS name %s is not permitted in zone %s", w.Name, b.zone.name)
	case apex && (w.Type == "CNAME" || w.Type == "DS"):
		b.say("RRSet of type %s with DNS name %s is not permitted at apex in zone %s", w.Type, w.Name, b.zone.name)
	case !apex && w.Type == "SOA":
		b.say("RRSet of type SOA with DNS name %s is not permitted in zone %s", w.Name, b.zone.name)
	case w.Type == "NS" && strings.HasPrefix(w.Name, `\052.`):
		b.say("RRSet of type NS with DNS name %s is not permitted as a wildcard", w.Name)
	}
	if w.ResourceRecords == nil || c.Action == "DELETE" {
		return
	}
	values := w.ResourceRecords.ResourceRecord
	if w.Type == "CNAME" && len(values) > 1 {
		b.say("RRSet of type CNAME with DNS name %s must have exactly one value", w.Name)
	}
	if most := b.server.opts.MaxValuesPerSet; len(values) > most {
		b.say("Cannot have more than %d records in a RRSet", most)
	}
	seen := map[string]bool{}
	for _, v := range values {
		if err := value(w.Type, v.Value); err != nil {
			b.say("Invalid Resource Record: FATAL problem: %v encountered with '%s'", err, v.Value)
		}
		if seen[v.Value] {
			b.say("Duplicate Resource Record: '%s'", v.Value)
		}
		seen[v.Value] = true
	}
}

// value says what is wrong with a value.
func value(typ, v string) error {
	switch typ {
	case "A", "AAAA":
		a, err := netip.ParseAddr(v)
		if err != nil || a.Is4() != (typ == "A") || a.Zone() != "" {
			return fmt.Errorf("ARRDATAIllegalIPAddress (Value is not a valid address of type %s)", typ)
		}
		return nil
	case "TXT", "SPF":
		_, err := stringsOf(v)
		return err
	case "CNAME", "NS", "PTR":
		if strings.ContainsAny(v, " \t\"") {
			return fmt.Errorf("DomainNameIllegal (Value is not one domain name)")
		}
		_, err := labels(v)
		return err
	}
	_, err := record(".", typ, 0, v)
	return err
}

// stringsOf reads the quoted strings of a text, without their escapes.
func stringsOf(v string) ([]string, error) {
	if len(v) > 4000 {
		return nil, fmt.Errorf("CharacterStringTooLong (Value is too long)")
	}
	var out []string
	for i := 0; i < len(v); i++ {
		if len(out) > 0 {
			if v[i] != ' ' && v[i] != '\t' {
				return nil, fmt.Errorf("InvalidCharacterString (Value should be enclosed in quotation marks and strings be separated by a space)")
			}
			for i < len(v) && (v[i] == ' ' || v[i] == '\t') {
				i++
			}
		}
		if i >= len(v) || v[i] != '"' {
			return nil, fmt.Errorf("InvalidCharacterString (Value should be enclosed in quotation marks)")
		}
		var one []byte
		for i++; i < len(v) && v[i] != '"'; i++ {
			c := v[i]
			switch {
			case c < 0x20 || c >= 0x7f:
				return nil, fmt.Errorf("UnsupportedCharacter (Value contains a character that has to be escaped)")
			case c == '\\' && i+3 < len(v) && octal(v[i+1:i+4]) >= 0:
				c = byte(octal(v[i+1 : i+4]))
				i += 3
			case c == '\\' && i+1 < len(v) && (v[i+1] < '0' || v[i+1] > '9'):
				i++
				c = v[i]
			case c == '\\':
				return nil, fmt.Errorf("InvalidCharacterString (an escape is not three octal digits)")
			}
			one = append(one, c)
		}
		if i >= len(v) {
			return nil, fmt.Errorf("InvalidCharacterString (Value is not enclosed in quotation marks)")
		}
		if len(one) > 255 {
			return nil, fmt.Errorf("CharacterStringTooLong (Value is over 255 bytes)")
		}
		out = append(out, string(one))
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("CharacterStringEmpty (Value is empty)")
	}
	return out, nil
}

// decimal turns the octal escapes of a value into those of zone files.
func decimal(v string) string {
	var out strings.Builder
	for i := 0; i < len(v); i++ {
		switch {
		case v[i] == '\\' && i+3 < len(v) && octal(v[i+1:i+4]) >= 0:
			fmt.Fprintf(&out, `\%03d`, octal(v[i+1:i+4]))
			i += 3
		case v[i] == '\\' && i+1 < len(v):
			out.WriteString(v[i : i+2])
			i++
		default:
			out.WriteByte(v[i])
		}
	}
	return out.String()
}

// record makes the record of a zone file from one of Route 53. Names are absolute, with a final dot or without.
func record(name, typ string, ttl int64, v string) (dns.RR, error) {
	line := fmt.Sprintf("%s %d IN %s %s\n", decimal(name), ttl, typ, decimal(v))
	zp := dns.NewZoneParser(strings.NewReader(line), ".", "")
	rr, _ := zp.Next()
	if err := zp.Err(); err != nil || rr == nil {
		return nil, fmt.Errorf("InvalidResourceRecord (%v)", err) //nolint:errorlint // Route 53's words, for the answer
	}
	return rr, nil
}
