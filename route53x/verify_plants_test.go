package route53x_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
)

// oldZone has something of everything that Verify looks at.
const oldZone = `
@            NS     ns1.old.example.
@            NS     ns2.old.example.
@            A      192.0.2.1
@            MX     10 mail
@            TXT    "v=spf1 mx -all"
@            CAA    0 issue "amazon.com"
@            CAA    0 issue "letsencrypt.org"
www          CNAME  @
dangling     CNAME  nowhere
mail         A      192.0.2.25
mail         AAAA   2001:db8::25
a.b.deep     TXT    "the names above are empty"
both         A      192.0.2.7
both         A      192.0.2.8
quote        TXT    "a \"quote\", \195\188ber" "and more"
*.wild       A      192.0.2.99
*.wild       TXT    "wild"
_3a1f        CNAME  _9c2e.acm-validations.aws.
_sip._tcp    SRV    1 2 5060 mail
svc          HTTPS  1 . alpn="h2,h3" ipv4hint=192.0.2.1
sub          NS     ns.sub
sub          NS     ns2.old.example.
ns.sub       A      192.0.2.53
signed       NS     ns2.old.example.
signed       DS     1 13 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
`

// sets are what a zone file has, with the apex where it is there.
func setsOf(t *testing.T, file string) []route53x.RRSet {
	t.Helper()
	zone, issues, err := route53x.ParseZone(strings.NewReader("$TTL 300\n"+file), "example.com", nil)
	require.NoError(t, err)
	for _, i := range issues {
		require.Equal(t, route53x.Skipped, i.Severity, i.String())
	}
	return zone.Sets
}

// without leaves out the lines of a zone file that begin so.
func without(file string, begin ...string) string {
	var out strings.Builder
	for line := range strings.Lines(file) {
		if !slices.ContainsFunc(begin, func(b string) bool { return strings.HasPrefix(line, b) }) {
			out.WriteString(line)
		}
	}
	return out.String()
}

// newZone is the old one at its new place.
func newZone(plant string, lost ...string) string {
	return without(oldZone, append(lost, "@            NS")...) + "@ NS ns-1.awsdns-01.org.\n@ NS ns-2.awsdns-02.com.\n" + plant
}

// twisted answers questions for one name and type otherwise.
func twisted(name string, qtype uint16, change func(m *dns.Msg, tcp bool) *dns.Msg) func(*dns.Msg, bool, *dns.Msg) *dns.Msg {
	return func(q *dns.Msg, tcp bool, m *dns.Msg) *dns.Msg {
		if strings.EqualFold(q.Question[0].Name, name) && (qtype == dns.TypeNone || qtype == q.Question[0].Qtype) {
			return change(m, tcp)
		}
		return m
	}
}

// plant is a new side that is not as the old one.
type plant struct {
	zone     string // of both new servers
	twist    func(q *dns.Msg, tcp bool, m *dns.Msg) *dns.Msg
	want     []string // server, and the difference
	problems []string
}

// plants are zones and servers that are not as the old ones, and all that Verify may say of them. The second of the two
// new servers, B, has the twist.
func plants() map[string]plant {
	return map[string]plant{
		"nothing": {zone: newZone("")},
		"missing": {
			zone: newZone("", "mail "),
			want: []string{
				"A mail.example.com. A: missing: 192.0.2.25 → NXDOMAIN", "B mail.example.com. A: missing: 192.0.2.25 → NXDOMAIN",
				"A mail.example.com. AAAA: missing: 2001:db8::25 → NXDOMAIN", "B mail.example.com. AAAA: missing: 2001:db8::25 → NXDOMAIN",
			},
		},
		"missing below empty names": {
			zone: newZone("", "a.b.deep"),
			want: []string{
				`A a.b.deep.example.com. TXT: missing: "the names above are empty" → NXDOMAIN`,
				`B a.b.deep.example.com. TXT: missing: "the names above are empty" → NXDOMAIN`,
			},
		},
		"one type of several": {
			zone: newZone("", "mail         AAAA"),
			want: []string{"A mail.example.com. AAAA: missing: 2001:db8::25 → NODATA", "B mail.example.com. AAAA: missing: 2001:db8::25 → NODATA"},
		},
		"extra": {
			zone: newZone("added A 192.0.2.44\n"),
			want: []string{"A added.example.com. A: extra: NXDOMAIN → 192.0.2.44", "B added.example.com. A: extra: NXDOMAIN → 192.0.2.44"},
		},
		"value": {
			zone: newZone("both A 192.0.2.9\n", "both         A      192.0.2.8"),
			want: []string{
				"A both.example.com. A: value: 192.0.2.7, 192.0.2.8 → 192.0.2.7, 192.0.2.9",
				"B both.example.com. A: value: 192.0.2.7, 192.0.2.8 → 192.0.2.7, 192.0.2.9",
			},
		},
		"other borders of strings, order and case are no difference": {
			zone: newZone("quote TXT \"a \\\"quote\\\", \\195\" \"\\188berand more\"\nboth A 192.0.2.8\nboth A 192.0.2.7\nWWW CNAME EXAMPLE.com.\n", "quote", "both", "www"),
		},
		"glue": {
			zone: newZone("ns.sub A 192.0.2.54\n", "ns.sub"),
			want: []string{
				"A sub.example.com. NS: value: ns.sub.example.com., ns2.old.example. (ns.sub.example.com. 192.0.2.53) → ns.sub.example.com., ns2.old.example. (ns.sub.example.com. 192.0.2.54)",
				"B sub.example.com. NS: value: ns.sub.example.com., ns2.old.example. (ns.sub.example.com. 192.0.2.53) → ns.sub.example.com., ns2.old.example. (ns.sub.example.com. 192.0.2.54)",
			},
		},
		"wildcard": {
			zone: newZone("", "*.wild       A"),
			want: []string{`A *.wild.example.com. A: missing: 192.0.2.99 → NODATA`, `B *.wild.example.com. A: missing: 192.0.2.99 → NODATA`},
		},
		"a rare type at a wildcard": {
			zone: newZone("*.wild SSHFP 4 1 00112233445566778899aabbccddeeff00112233\n"),
			want: []string{
				"A *.wild.example.com. SSHFP: extra: NODATA → 4 1 00112233445566778899aabbccddeeff00112233",
				"B *.wild.example.com. SSHFP: extra: NODATA → 4 1 00112233445566778899aabbccddeeff00112233",
			},
		},
		"wildcard below the zone that nobody told of": {
			zone: newZone("* AAAA 2001:db8::1\n"),
			want: []string{`A *.example.com. AAAA: extra: NXDOMAIN → 2001:db8::1`, `B *.example.com. AAAA: extra: NXDOMAIN → 2001:db8::1`},
		},
		"ACM validation record dropped": { // trap 26
			zone: newZone("", "_3a1f"),
			want: []string{
				"A _3a1f.example.com. CNAME: missing: _9c2e.acm-validations.aws. → NXDOMAIN",
				"B _3a1f.example.com. CNAME: missing: _9c2e.acm-validations.aws. → NXDOMAIN",
			},
			problems: []string{"acm _3a1f.example.com.: 2 of 2 new servers do not have CNAME _9c2e.acm-validations.aws.: certificates will not renew"},
		},
		"CAA forbids Amazon": { // trap 46
			zone: newZone("", `@            CAA    0 issue "amazon.com"`),
			want: []string{
				`A example.com. CAA: value: 0 issue "amazon.com", 0 issue "letsencrypt.org" → 0 issue "letsencrypt.org"`,
				`B example.com. CAA: value: 0 issue "amazon.com", 0 issue "letsencrypt.org" → 0 issue "letsencrypt.org"`,
			},
			problems: []string{"caa example.com.: CAA of example.com. does not allow amazon.com to issue"},
		},
		"wrong RCODE": {
			zone: newZone(""),
			twist: twisted("both.example.com.", dns.TypeTXT, func(m *dns.Msg, _ bool) *dns.Msg {
				m.Rcode = dns.RcodeNameError
				return m
			}),
			want: []string{"B both.example.com. TXT: rcode: NODATA → NXDOMAIN"},
		},
		"refused": {
			zone: newZone(""),
			twist: twisted("mail.example.com.", dns.TypeMX, func(m *dns.Msg, _ bool) *dns.Msg {
				return &dns.Msg{MsgHdr: dns.MsgHdr{Id: m.Id, Response: true, Rcode: dns.RcodeRefused}} // as some do, without the question
			}),
			want: []string{"B mail.example.com. MX: rcode: NODATA → REFUSED"},
		},
		"no authority": { // trap 37
			zone: newZone(""),
			twist: twisted("both.example.com.", dns.TypeA, func(m *dns.Msg, _ bool) *dns.Msg {
				m.Authoritative = false
				return m
			}),
			want: []string{"B both.example.com. A: noauth: 192.0.2.7, 192.0.2.8 → no authority: 192.0.2.7, 192.0.2.8"},
		},
		"refers upwards": {
			zone: newZone(""),
			twist: twisted("both.example.com.", dns.TypeA, func(m *dns.Msg, _ bool) *dns.Msg {
				m.Authoritative, m.Answer = false, nil
				m.Ns = []dns.RR{&dns.NS{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeNS, Class: dns.ClassINET, Ttl: 60}, Ns: "a.root-servers.net."}}
				return m
			}),
			want: []string{"B both.example.com. A: noauth: 192.0.2.7, 192.0.2.8 → no authority: NODATA"},
		},
		"refers to itself": {
			zone: newZone(""),
			twist: twisted("both.example.com.", dns.TypeA, func(m *dns.Msg, _ bool) *dns.Msg {
				m.Authoritative, m.Answer = false, nil
				m.Ns = []dns.RR{&dns.NS{Hdr: dns.RR_Header{Name: "example.com.", Rrtype: dns.TypeNS, Class: dns.ClassINET, Ttl: 60}, Ns: "ns1.old.example."}}
				return m
			}),
			want: []string{"B both.example.com. A: noauth: 192.0.2.7, 192.0.2.8 → no authority: NODATA"},
		},
		"a CNAME to nothing, with either RCODE": {
			zone: newZone(""),
			twist: twisted("dangling.example.com.", dns.TypeNone, func(m *dns.Msg, _ bool) *dns.Msg {
				m.Rcode = dns.RcodeSuccess
				return m
			}),
		},
		"SERVFAIL that passes": {
			zone: newZone(""),
			twist: func() func(*dns.Msg, bool, *dns.Msg) *dns.Msg {
				n := 0
				return twisted("mail.example.com.", dns.TypeA, func(m *dns.Msg, _ bool) *dns.Msg {
					if n++; n == 1 {
						m.Rcode, m.Answer = dns.RcodeServerFailure, nil
					}
					return m
				})
			}(),
		},
		"a CNAME that is gone, and a fault beside it": {
			zone: newZone("", "www"),
			twist: twisted("www.example.com.", dns.TypeMX, func(m *dns.Msg, _ bool) *dns.Msg {
				m.Rcode = dns.RcodeRefused
				return m
			}),
			want: []string{
				"A www.example.com. CNAME: missing: example.com. → NXDOMAIN", "B www.example.com. CNAME: missing: example.com. → NXDOMAIN",
				"B www.example.com. MX: rcode: CNAME example.com. → REFUSED",
			},
		},
		"truncated over TCP too": {
			zone: newZone(""),
			twist: twisted("quote.example.com.", dns.TypeTXT, func(m *dns.Msg, _ bool) *dns.Msg {
				m.Truncated, m.Answer = true, nil
				return m
			}),
			want: []string{`B quote.example.com. TXT: truncated: "a \"quote\", \303\274ber" "and more" → cut over UDP, and over TCP: cut as well`},
		},
		"truncated over UDP only": { // trap 37
			zone: newZone(""),
			twist: twisted("quote.example.com.", dns.TypeTXT, func(m *dns.Msg, tcp bool) *dns.Msg {
				if !tcp {
					m.Truncated, m.Answer = true, nil
				}
				return m
			}),
		},
		"no answer": {
			zone:  newZone(""),
			twist: twisted("mail.example.com.", dns.TypeA, func(*dns.Msg, bool) *dns.Msg { return nil }),
			want:  []string{"B mail.example.com. A: timeout: 192.0.2.25 → no answer in time"},
		},
		"not each time": {
			zone: newZone(""),
			twist: func() func(*dns.Msg, bool, *dns.Msg) *dns.Msg {
				n := 0
				return twisted("mail.example.com.", dns.TypeA, func(m *dns.Msg, _ bool) *dns.Msg {
					if n++; n == 1 {
						m.Answer = nil
					}
					return m
				})
			}(),
			want: []string{"B mail.example.com. A: missing: 192.0.2.25 → NODATA (not each time)"},
		},
		"no EDNS": {
			zone: newZone(""),
			twist: func(q *dns.Msg, _ bool, m *dns.Msg) *dns.Msg {
				if q.IsEdns0() != nil {
					return &dns.Msg{MsgHdr: dns.MsgHdr{Id: m.Id, Response: true, Rcode: dns.RcodeFormatError}, Question: q.Question}
				}
				return m
			},
		},
		"one of the new servers names others": {
			zone: newZone(""),
			twist: twisted("example.com.", dns.TypeNS, func(m *dns.Msg, _ bool) *dns.Msg {
				m.Answer = m.Answer[:1]
				return m
			}),
			problems: []string{"apex example.com.: the new servers name different ones: ns-1.awsdns-01.org., ns-2.awsdns-02.com. and ns-1.awsdns-01.org."},
		},
	}
}
