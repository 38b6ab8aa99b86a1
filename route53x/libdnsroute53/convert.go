package libdnsroute53

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/libdns/libdns"

	"github.com/kitroll/kitroll/route53x"
)

// wanted is a record that a caller gave, in Route 53's terms. In one that is to be deleted all but the name may be missing.
type wanted struct {
	name  route53x.Name
	typ   route53x.Type
	value string // canonical
	data  string // in place of a value where there is no type, by which to read it
	ttl   time.Duration
}

// read turns a record into Route 53's terms. With pattern, type and value may be missing.
func read(rec libdns.Record, zone route53x.Name, pattern bool) (wanted, error) {
	rr := rec.RR()
	w := wanted{typ: route53x.Type(strings.ToUpper(rr.Type)), ttl: rr.TTL}
	var err error
	if w.name, err = absolute(rr.Name, zone); err != nil {
		return w, err
	}
	switch {
	case rr.TTL < 0 || rr.TTL >= (1<<31)*time.Second:
		return w, fmt.Errorf("TTL %s is not one", rr.TTL)
	case pattern && rr.Data == "":
		return w, nil
	case pattern && rr.Type == "":
		w.data = rr.Data
		return w, nil
	}
	raw, err := value(rec, rr)
	if err == nil {
		w.value, err = w.typ.CanonicalValue(raw)
	}
	return w, err
}

// absolute reads a name of libdns, which is relative to the zone.
func absolute(name string, zone route53x.Name) (route53x.Name, error) {
	n, err := route53x.ParseName(octal(libdns.AbsoluteName(name, zone.ZoneFile())))
	if err != nil {
		return "", err
	}
	if !n.Within(zone) {
		return "", fmt.Errorf("%s is not in the zone %s", n.ZoneFile(), zone.ZoneFile())
	}
	return n, nil
}

// octal turns the decimal escapes of a zone file, in which names are returned, into Route 53's.
func octal(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 10, 8); err == nil {
				fmt.Fprintf(&out, `\%03o`, n)
				i += 3
				continue
			}
		}
		if s[i] == '\\' && i+1 < len(s) {
			out.WriteByte(s[i])
			i++
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

// value is the data of a record as Route 53 writes it. Values of libdns have no escapes: what is text there is escaped
// here. Other data is Route 53's own form, as it is returned.
func value(rec libdns.Record, rr libdns.RR) (string, error) {
	typ := route53x.Type(strings.ToUpper(rr.Type))
	if typ == route53x.CAA {
		if parsed, err := (libdns.RR{Type: "CAA", Data: rr.Data}).Parse(); err == nil {
			if _, own := rec.(libdns.CAA); !own { // its own data quotes as Go does
				rec = parsed
			}
		}
	}
	switch r := rec.(type) {
	case libdns.CAA:
		return fmt.Sprintf("%d %s %s", r.Flags, r.Tag, route53x.QuoteTXT(r.Value)), nil
	case libdns.ServiceBinding:
		target := r.Target
		if target == "" {
			target = "."
		}
		return strings.TrimSpace(fmt.Sprintf("%d %s %s", r.Priority, target, params(r.Params))), nil
	}
	switch {
	case typ == route53x.TXT, typ == route53x.SPF:
		return route53x.QuoteTXT(rr.Data), nil
	case rr.Data == "":
		return "", errors.New("no value")
	}
	return rr.Data, nil
}

// params writes the parameters of HTTPS and SVCB in the order of their names.
func params(all libdns.SvcParams) string {
	var words []string
	for _, key := range slices.Sorted(maps.Keys(all)) {
		values := slices.Clone(all[key])
		if len(values) == 0 || len(values) == 1 && values[0] == "" {
			words = append(words, key)
			continue
		}
		if key == "alpn" { // the only list whose elements may have a comma (RFC 9460, appendix A)
			for i, v := range values {
				values[i] = strings.NewReplacer(`\`, `\\`, `,`, `\,`).Replace(v)
			}
		}
		words = append(words, key+"="+quoted(strings.Join(values, ",")))
	}
	return strings.Join(words, " ")
}

// quoted is one quoted string of Route 53, however long.
func quoted(s string) string {
	var out strings.Builder
	for len(s) > 200 {
		out.WriteString(inner(s[:200]))
		s = s[200:]
	}
	out.WriteString(inner(s))
	return `"` + out.String() + `"`
}

func inner(s string) string {
	q := route53x.QuoteTXT(s)
	return q[1 : len(q)-1]
}

// recordsOf turns a set into records of libdns.
func recordsOf(s route53x.RRSet, zone route53x.Name) []libdns.Record {
	name := libdns.RelativeName(s.Name.ZoneFile(), zone.ZoneFile())
	if special(s) {
		return []libdns.Record{Special{Name: name, Set: s}}
	}
	ttl := time.Duration(s.TTL) * time.Second
	if ttl == 0 {
		ttl = time.Nanosecond // 0 would be the default when it is given back
	}
	records := make([]libdns.Record, 0, len(s.Values))
	for _, v := range s.Values {
		if c, err := s.Type.CanonicalValue(v); err == nil {
			v = c
		}
		records = append(records, record(name, s.Type, ttl, v))
	}
	return records
}

func special(s route53x.RRSet) bool { return s.Alias != nil || s.Routing != nil || s.HealthCheck != "" }

// record turns one canonical value into the type of libdns that it has.
func record(name string, typ route53x.Type, ttl time.Duration, value string) libdns.Record {
	rr := libdns.RR{Name: name, TTL: ttl, Type: string(typ), Data: value}
	switch typ {
	case route53x.TXT:
		if text, err := route53x.UnquoteTXT(value); err == nil {
			return libdns.TXT{Name: name, TTL: ttl, Text: text}
		}
	case route53x.SPF:
		if text, err := route53x.UnquoteTXT(value); err == nil {
			rr.Data = text
		}
		return rr
	case route53x.CAA:
		f := strings.SplitN(value, " ", 3)
		if len(f) == 3 {
			flags, err := strconv.ParseUint(f[0], 10, 8)
			text, err2 := route53x.UnquoteTXT(f[2])
			if err == nil && err2 == nil {
				return libdns.CAA{Name: name, TTL: ttl, Flags: uint8(flags), Tag: f[1], Value: text}
			}
		}
		return rr
	case route53x.HTTPS, route53x.SVCB:
		return binding(rr)
	}
	if parsed, err := rr.Parse(); err == nil && parsed.RR().Name == name {
		return parsed
	}
	return rr
}

// binding reads HTTPS and SVCB; libdns itself would refuse what its parser does not expect in a parameter.
func binding(rr libdns.RR) libdns.Record {
	head := rr
	f := strings.SplitN(rr.Data, " ", 3)
	if len(f) < 2 {
		return rr
	}
	head.Data = f[0] + " " + f[1]
	parsed, err := head.Parse()
	b, ok := parsed.(libdns.ServiceBinding)
	if err != nil || !ok || b.RR().Name != rr.Name {
		return rr
	}
	if len(f) == 3 {
		if b.Params, err = readParams(f[2]); err != nil {
			return rr
		}
	}
	return b
}

// readParams reads what Route 53 has: key="value", in octal escapes.
func readParams(s string) (libdns.SvcParams, error) {
	all := libdns.SvcParams{}
	for s = strings.TrimLeft(s, " "); s != ""; s = strings.TrimLeft(s, " ") {
		end := strings.IndexAny(s, "= ")
		if end < 0 || s[end] == ' ' {
			key, rest, _ := strings.Cut(s, " ")
			all[key], s = []string{}, rest
			continue
		}
		key, rest := s[:end], s[end+1:]
		n := closing(rest)
		text, err := route53x.UnquoteTXT(rest[:n])
		if err != nil {
			return nil, err
		}
		all[key], s = elements(text, key == "alpn"), rest[n:]
	}
	return all, nil
}

// closing is the length of the quoted string with which s begins.
func closing(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(s)
}

// elements splits a list at its commas, which in ALPN may be escaped.
func elements(s string, escapes bool) []string {
	var all []string
	var one strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case escapes && s[i] == '\\' && i+1 < len(s):
			i++
			one.WriteByte(s[i])
		case s[i] == ',':
			all = append(all, one.String())
			one.Reset()
		default:
			one.WriteByte(s[i])
		}
	}
	return append(all, one.String())
}
