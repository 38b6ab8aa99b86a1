package route53x

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// Type is a record type.
type Type string

// The types that Route 53 has. SOA is there in every zone and is never written.
const (
	A     Type = "A"
	AAAA  Type = "AAAA"
	CAA   Type = "CAA"
	CNAME Type = "CNAME"
	DS    Type = "DS"
	HTTPS Type = "HTTPS"
	MX    Type = "MX"
	NAPTR Type = "NAPTR"
	NS    Type = "NS"
	PTR   Type = "PTR"
	SOA   Type = "SOA"
	SPF   Type = "SPF"
	SRV   Type = "SRV"
	SSHFP Type = "SSHFP"
	SVCB  Type = "SVCB"
	TLSA  Type = "TLSA"
	TXT   Type = "TXT"
)

// Supported reports whether Route 53 has the type. LOC, DNAME, URI, CERT, OPENPGPKEY, DNSKEY, NSEC, HINFO, RP and the
// inventions of other providers (ALIAS, ANAME) it has not.
func (t Type) Supported() bool {
	switch t {
	case A, AAAA, CAA, CNAME, DS, HTTPS, MX, NAPTR, NS, PTR, SOA, SPF, SRV, SSHFP, SVCB, TLSA, TXT:
		return true
	}
	return false
}

// CanonicalValue is a value as this package compares and sends it: names lower-case, absolute and with octal escapes,
// addresses in their shortest form, hexadecimal digits lower-case, parameters of HTTPS and SVCB in the order of their
// numbers, strings quoted. The borders of the strings of a TXT value stay where they are. Names are absolute with or
// without a final dot, as they are for Route 53. An error says what is wrong with the value.
func (t Type) CanonicalValue(value string) (string, error) {
	if !t.Supported() {
		return "", fmt.Errorf("type %s: Route 53 does not have it", t)
	}
	switch t { // the most frequent ones without the detour
	case A, AAAA:
		if addr, err := netip.ParseAddr(value); err == nil && addr.Is4() == (t == A) && addr.Zone() == "" {
			return addr.String(), nil
		}
		return "", fmt.Errorf("%s %q is not an address of that kind", t, value)
	case TXT, SPF:
		strs, err := readStrings(value, 8)
		if err != nil {
			return "", fmt.Errorf("%s value: %w", t, err)
		}
		return quoteStrings(strs), nil
	}
	decimal, err := rebase(value, 8, 10)
	if err != nil {
		return "", fmt.Errorf("%s value %q: %w", t, value, err)
	}
	if c := special(decimal); c != "" {
		return "", fmt.Errorf("%s value %q: %q means something in zone files and nothing at Route 53", t, value, c)
	}
	rr, err := parseData(t, decimal, ".")
	if err != nil {
		return "", fmt.Errorf("%s value %q: %w", t, value, err)
	}
	out, err := renderData(rr)
	if err != nil {
		return "", fmt.Errorf("%s value %q: %w", t, value, err)
	}
	return out, nil
}

// special finds what only a zone file gives a meaning to: comments, parentheses, line breaks, and @ for the origin.
func special(data string) string {
	quoted := false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == '\n' || c == '\r' || !quoted && (c == ';' || c == '(' || c == ')'):
			return data[i : i+1]
		case c == '@' && !quoted && (i == 0 || data[i-1] == ' ') && (i+1 == len(data) || data[i+1] == ' '):
			return "@"
		}
	}
	return ""
}

// parseData reads the data of a record in the form of zone files.
func parseData(t Type, data string, origin Name) (dns.RR, error) {
	zp := dns.NewZoneParser(strings.NewReader(". 0 IN "+string(t)+" "+data+"\n"), origin.ZoneFile(), "")
	rr, ok := zp.Next()
	if err := zp.Err(); err != nil {
		return nil, err
	}
	if !ok || rr == nil {
		return nil, errors.New("no data")
	}
	if _, more := zp.Next(); more {
		return nil, errors.New("more than one record")
	}
	if dns.TypeToString[rr.Header().Rrtype] != string(t) {
		return nil, fmt.Errorf("not a record of type %s", t)
	}
	return rr, nil
}

// renderData writes the data of a record as Route 53 has it.
func renderData(rr dns.RR) (string, error) {
	w := dataWriter{}
	switch rr := rr.(type) {
	case *dns.A:
		addr, _ := netip.AddrFromSlice(rr.A)
		if addr = addr.Unmap(); !addr.Is4() {
			return "", errors.New("no address")
		}
		w.word(addr.String())
	case *dns.AAAA:
		addr, ok := netip.AddrFromSlice(rr.AAAA)
		if !ok || !addr.Is6() {
			return "", errors.New("no address")
		}
		w.word(addr.String())
	case *dns.CNAME:
		w.name(rr.Target)
	case *dns.NS:
		w.name(rr.Ns)
	case *dns.PTR:
		w.name(rr.Ptr)
	case *dns.MX:
		w.numbers(uint64(rr.Preference))
		w.name(rr.Mx)
	case *dns.SRV:
		w.numbers(uint64(rr.Priority), uint64(rr.Weight), uint64(rr.Port))
		w.name(rr.Target)
	case *dns.SOA:
		w.name(rr.Ns)
		w.name(rr.Mbox)
		w.numbers(uint64(rr.Serial), uint64(rr.Refresh), uint64(rr.Retry), uint64(rr.Expire), uint64(rr.Minttl))
	case *dns.TXT:
		w.strings(rr.Txt...)
	case *dns.SPF:
		w.strings(rr.Txt...)
	case *dns.CAA:
		w.numbers(uint64(rr.Flag))
		w.word(strings.ToLower(rr.Tag))
		w.strings(rr.Value)
	case *dns.NAPTR:
		w.numbers(uint64(rr.Order), uint64(rr.Preference))
		w.strings(rr.Flags, rr.Service, rr.Regexp)
		w.name(rr.Replacement)
	case *dns.DS:
		w.numbers(uint64(rr.KeyTag), uint64(rr.Algorithm), uint64(rr.DigestType))
		w.hex(rr.Digest)
	case *dns.TLSA:
		w.numbers(uint64(rr.Usage), uint64(rr.Selector), uint64(rr.MatchingType))
		w.hex(rr.Certificate)
	case *dns.SSHFP:
		w.numbers(uint64(rr.Algorithm), uint64(rr.Type))
		w.hex(rr.FingerPrint)
	case *dns.SVCB:
		w.service(rr)
	case *dns.HTTPS:
		w.service(&rr.SVCB)
	default:
		return "", fmt.Errorf("type %s: Route 53 does not have it", dns.TypeToString[rr.Header().Rrtype])
	}
	return strings.Join(w.words, " "), w.err
}

// dataWriter collects the words of a value and the first error.
type dataWriter struct {
	words []string
	err   error
}

func (w *dataWriter) word(s string) { w.words = append(w.words, s) }

func (w *dataWriter) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *dataWriter) numbers(ns ...uint64) {
	for _, n := range ns {
		w.word(strconv.FormatUint(n, 10))
	}
}

func (w *dataWriter) name(s string) {
	n, err := parseName(s, 10)
	if err != nil {
		w.fail(err)
	}
	w.word(string(n))
}

// strings takes them as the parser of zone files leaves them, with decimal escapes.
func (w *dataWriter) strings(escaped ...string) {
	plain := make([]string, len(escaped))
	for i, s := range escaped {
		var err error
		if plain[i], err = unescape(s, 10); err != nil {
			w.fail(err)
		}
	}
	w.word(quoteStrings(plain))
}

func (w *dataWriter) hex(s string) {
	if strings.Trim(s, "0123456789abcdefABCDEF") != "" || len(s)%2 != 0 || s == "" {
		w.fail(fmt.Errorf("%q is not an even number of hexadecimal digits", s))
	}
	w.word(strings.ToLower(s))
}

func (w *dataWriter) service(rr *dns.SVCB) {
	w.numbers(uint64(rr.Priority))
	w.name(rr.Target)
	params := slices.Clone(rr.Value)
	slices.SortStableFunc(params, func(a, b dns.SVCBKeyValue) int { return int(a.Key()) - int(b.Key()) })
	for i, p := range params {
		if i > 0 && params[i-1].Key() == p.Key() {
			w.fail(fmt.Errorf("parameter %s stands there twice", p.Key()))
		}
		if p.String() == "" {
			w.word(p.Key().String())
			continue
		}
		octal, err := rebase(p.String(), 10, 8)
		if err != nil {
			w.fail(err)
		}
		w.word(p.Key().String() + `="` + octal + `"`)
	}
}
