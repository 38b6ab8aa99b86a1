package route53x_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
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
func setsOf(t testing.TB, file string) []route53x.RRSet {
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

// plants are zones and servers that are not as the old ones, and all that Verify may say of them. The second of the two
// new servers, B, has the twist.
var plants = map[string]struct {
	zone     string // of both new servers
	twist    func(q *dns.Msg, tcp bool, m *dns.Msg) *dns.Msg
	want     []string // server, and the difference
	problems []string
}{
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

// told is what a report says, with letters in place of the new servers.
func told(r *route53x.Report, news []netip.AddrPort) (differences, problems []string) {
	for _, d := range r.Differences {
		who := d.Server.String()
		if i := slices.Index(news, d.Server); i >= 0 {
			who = string(rune('A' + i))
		}
		differences = append(differences, who+" "+d.String())
	}
	for _, p := range r.Problems {
		problems = append(problems, fmt.Sprintf("%s %s: %s", p.Check, p.Name.ZoneFile(), p.Text))
	}
	return differences, problems
}

// world has two old servers and two new ones.
func world(t *testing.T, newFile string, oldToo ...string) (n *network, v route53x.Verification, a, b *authority) {
	t.Helper()
	n = newNetwork()
	v = route53x.Verification{Zone: "example.com.", Sets: append(setsOf(t, oldZone), setsOf(t, without(newFile, "* "))...)}
	for _, addr := range []string{"192.0.2.101", "192.0.2.102"} {
		v.Old = append(v.Old, n.add(addr, newAuthority(t, "example.com", oldZone+strings.Join(oldToo, ""))))
	}
	a, b = newAuthority(t, "example.com", newFile), newAuthority(t, "example.com", newFile)
	v.New = []netip.AddrPort{n.add("198.51.100.1", a), n.add("198.51.100.2", b)}
	return n, v, a, b
}

// Every difference that is planted is found, and nothing else. In the bubble no goroutine can be left.
func TestVerifyFindsWhatIsPlanted(t *testing.T) {
	t.Parallel()
	for name, tt := range plants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n, v, _, b := world(t, tt.zone)
				b.twist = tt.twist
				r, err := route53x.Verify(t.Context(), v, &route53x.VerifyOptions{Exchanger: n})
				require.NoError(t, err)
				differences, problems := told(r, v.New)
				assert.ElementsMatch(t, tt.want, differences)
				assert.ElementsMatch(t, tt.problems, problems)
				assert.Equal(t, len(tt.want)+len(tt.problems) == 0, r.OK())
				assert.Equal(t, []string{"ns-1.awsdns-01.org", "ns-2.awsdns-02.com"}, r.NameServers)
				if name == "nothing" {
					assert.Equal(t, 2*r.Questions, r.Matches)
				}
			})
		})
	}
}

func TestVerifyRefusesWhatItCannotCompare(t *testing.T) {
	t.Parallel()
	server := netip.MustParseAddrPort("192.0.2.1:53")
	_, err := route53x.Verify(t.Context(), route53x.Verification{
		Zone: "example.com", Old: []netip.AddrPort{server, server},
		Sets:         []route53x.RRSet{simple("www.example.org.", route53x.A, 60, "192.0.2.1"), simple("a..b.", route53x.A, 60, "192.0.2.1")},
		Expected:     []route53x.Expectation{{Name: "elsewhere."}},
		Validations:  []route53x.RRSet{simple("_x.example.com.", route53x.TXT, 60, `"x"`)},
		Certificates: []route53x.Name{""},
	}, &route53x.VerifyOptions{Types: []route53x.Type{"LOC"}, Tries: -1, Subnets: []netip.Prefix{{}}, Delegation: &route53x.DelegationOptions{Servers: []netip.AddrPort{{}}}})
	require.ErrorIs(t, err, route53x.ErrInvalid)
	for _, part := range []string{
		"new servers: none", "stands there twice", "www.example.org. is not in the zone", "empty label", "elsewhere. is not in", "not a CNAME",
		"certificate: name is empty", "type LOC", "Tries is less", "subnet", "Delegation: ",
	} {
		assert.ErrorContains(t, err, part)
	}
	_, err = route53x.Verify(t.Context(), route53x.Verification{Zone: ".", Old: []netip.AddrPort{server}, New: []netip.AddrPort{server}}, nil)
	require.ErrorContains(t, err, "root")
}

// Each server is asked: RD=0, EDNS with 1232 bytes, a CAA and an HTTPS at every name, nothing below delegations.
func TestVerifyQuestions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, v, a, b := world(t, newZone(""))
		a.twist = func(q *dns.Msg, tcp bool, m *dns.Msg) *dns.Msg {
			assert.False(t, q.RecursionDesired)
			assert.False(t, tcp)
			if assert.NotNil(t, q.IsEdns0()) {
				assert.EqualValues(t, 1232, q.IsEdns0().UDPSize())
			}
			return m
		}
		full, err := route53x.Verify(t.Context(), v, &route53x.VerifyOptions{Exchanger: n})
		require.NoError(t, err)
		asked := map[string]bool{}
		probes := map[string]int{}
		for _, q := range a.asked {
			if label, below, _ := strings.Cut(q.Name, "."); strings.HasPrefix(label, "no-such-") {
				probes[below+" "+dns.TypeToString[q.Qtype]]++
				continue
			}
			asked[q.Name+" "+dns.TypeToString[q.Qtype]] = true
		}
		for _, want := range []string{
			"example.com. HTTPS", "www.example.com. CAA", "www.example.com. CNAME", "deep.example.com. A", "b.deep.example.com. A",
			"_sip._tcp.example.com. SRV", "sub.example.com. NS", "signed.example.com. DS", "svc.example.com. HTTPS",
		} {
			assert.True(t, asked[want], want)
		}
		for _, not := range []string{"ns.sub.example.com. A", "sub.example.com. A", "*.wild.example.com. A", "deep.example.com. TXT"} {
			assert.False(t, asked[not], not)
		}
		for _, typ := range []string{"A", "AAAA", "CNAME", "MX", "TXT", "CAA", "NS", "HTTPS"} {
			assert.Equal(t, 1, probes["example.com. "+typ], typ)
			assert.Equal(t, 1, probes["wild.example.com. "+typ], typ)
		}
		before := len(b.asked)
		assert.Len(t, a.asked, before)
		quick, err := route53x.Verify(t.Context(), v, &route53x.VerifyOptions{Exchanger: n, Quick: true})
		require.NoError(t, err)
		assert.True(t, quick.OK())
		assert.Less(t, quick.Questions, full.Questions/2)
		assert.Less(t, len(b.asked)-before, before/2)
	})
}

// Trap 37: an answer that rotates is asked twice, and more often then.
func TestVerifyRotation(t *testing.T) {
	t.Parallel()
	// turns answers www with one of the addresses after the other.
	turns := func(a *authority, addrs ...string) {
		n := 0
		a.twist = twisted("turn.example.com.", dns.TypeA, func(m *dns.Msg, _ bool) *dns.Msg {
			rr, _ := dns.NewRR("turn.example.com. 60 IN A " + addrs[n%len(addrs)])
			n++
			m.Answer = []dns.RR{rr}
			return m
		})
	}
	file := newZone("turn A 192.0.2.61\n")
	weighted := func(values ...string) []route53x.RRSet {
		var sets []route53x.RRSet
		for _, v := range values {
			s := simple("turn.example.com.", route53x.A, 60, v)
			s.SetIdentifier, s.Routing = v, route53x.Weighted{Weight: 1}
			sets = append(sets, s)
		}
		return sets
	}
	for name, tt := range map[string]struct {
		old, new []string
		sets     []route53x.RRSet
		want     string // of the second new server
	}{
		"the same values":           {old: []string{"192.0.2.61", "192.0.2.62"}, new: []string{"192.0.2.62", "192.0.2.61"}},
		"one more on the new side":  {old: []string{"192.0.2.61", "192.0.2.62"}, new: []string{"192.0.2.61", "192.0.2.63"}, want: "value: 192.0.2.61 → 192.0.2.63"},
		"a third is rare":           {old: []string{"192.0.2.61", "192.0.2.62"}, new: []string{"192.0.2.62", "192.0.2.63"}, sets: weighted("192.0.2.61", "192.0.2.62", "192.0.2.63")},
		"another at times":          {old: []string{"192.0.2.61", "192.0.2.62"}, new: []string{"192.0.2.61", "192.0.2.62", "192.0.2.61", "0.0.0.0"}, want: "value: 192.0.2.61 → 0.0.0.0"},
		"the new side rotates only": {old: []string{"192.0.2.61"}, new: []string{"192.0.2.61", "192.0.2.62"}, want: "value: 192.0.2.61 → 192.0.2.62 (not each time)"},
		"weighted on both sides":    {old: []string{"192.0.2.61"}, new: []string{"192.0.2.61", "192.0.2.62"}, sets: weighted("192.0.2.61", "192.0.2.62")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n, v, a, b := world(t, file, "turn A 192.0.2.61\n")
				if tt.sets != nil {
					v.Sets = slices.DeleteFunc(v.Sets, func(s route53x.RRSet) bool { return s.Name == "turn.example.com." })
					v.Sets = append(v.Sets, tt.sets...)
				}
				for _, addr := range v.Old {
					turns(n.servers[addr], tt.old...)
				}
				turns(a, tt.old...)
				turns(b, tt.new...)
				if name == "the new side rotates only" {
					turns(b, "192.0.2.62", "192.0.2.61")
				}
				r, err := route53x.Verify(t.Context(), v, &route53x.VerifyOptions{Exchanger: n})
				require.NoError(t, err)
				differences, _ := told(r, v.New)
				if tt.want == "" {
					assert.Empty(t, differences)
				} else {
					assert.Equal(t, []string{"B turn.example.com. A: " + tt.want}, differences)
				}
			})
		})
	}
}

// What the old servers do not agree on is not compared in silence.
func TestVerifyOldServersDisagree(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, v, _, _ := world(t, newZone(""))
		n.servers[v.Old[1]] = newAuthority(t, "example.com", without(oldZone, "mail         A "))
		r, err := route53x.Verify(t.Context(), v, &route53x.VerifyOptions{Exchanger: n})
		require.NoError(t, err)
		require.Len(t, r.Differences, 1)
		assert.Equal(t, v.Old[1], r.Differences[0].Server)
		assert.Equal(t, "mail.example.com. A: split: 192.0.2.25 → NODATA", r.Differences[0].String())
	})
}

// Geolocation is asked from China and from elsewhere.
func TestVerifySubnets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, v, a, b := world(t, newZone("geo A 192.0.2.80\n"), "geo A 192.0.2.80\n")
		geo := func(inChina, elsewhere string) func(*dns.Msg, bool, *dns.Msg) *dns.Msg {
			return func(q *dns.Msg, _ bool, m *dns.Msg) *dns.Msg {
				if q.Question[0].Name != "geo.example.com." || q.Question[0].Qtype != dns.TypeA {
					return m
				}
				addr := "192.0.2.255"
				for _, o := range q.IsEdns0().Option {
					if ecs, ok := o.(*dns.EDNS0_SUBNET); ok {
						addr = map[bool]string{true: inChina, false: elsewhere}[ecs.Address.String() == "223.5.5.0"]
						assert.EqualValues(t, 24, ecs.SourceNetmask)
					}
				}
				rr, _ := dns.NewRR("geo.example.com. 60 IN A " + addr)
				m.Answer, m.Rcode = []dns.RR{rr}, dns.RcodeSuccess
				return m
			}
		}
		v.Sets = slices.DeleteFunc(v.Sets, func(s route53x.RRSet) bool { return s.Name == "geo.example.com." })
		for id, r := range map[string]route53x.Geolocation{"cn": {Country: "CN"}, "rest": {Country: "*"}} {
			v.Sets = append(v.Sets, route53x.RRSet{
				Name: "geo.example.com.", Type: route53x.A, TTL: 60, Values: []string{"192.0.2.80"}, Routing: r, SetIdentifier: id,
			})
		}
		for _, addr := range v.Old {
			n.servers[addr].twist = geo("192.0.2.81", "192.0.2.82")
		}
		a.twist, b.twist = geo("192.0.2.81", "192.0.2.82"), geo("192.0.2.82", "192.0.2.82")
		r, err := route53x.Verify(t.Context(), v, &route53x.VerifyOptions{Exchanger: n})
		require.NoError(t, err)
		differences, _ := told(r, v.New)
		assert.Equal(t, []string{"B geo.example.com. A from 223.5.5.0/24: value: 192.0.2.81 → 192.0.2.82"}, differences)
	})
}

// Trap 20, and what else differs on purpose.
func TestVerifyExpected(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		plant    string // of the new zone
		lost     []string
		expected route53x.Expectation
		sets     func([]route53x.RRSet) []route53x.RRSet
		want     []string // that is left
		excused  int
	}{
		"proxied": {
			plant: "both A 203.0.113.1\n", lost: []string{"both"}, excused: 2, // the file has the origin, Cloudflare answers
			expected: route53x.Expectation{Name: "both.example.com.", Type: route53x.A, Why: route53x.WhyProxied},
			sets: func(s []route53x.RRSet) []route53x.RRSet {
				return append(dropped(s, "both.example.com."), simple("both.example.com.", route53x.A, 300, "203.0.113.1"))
			},
		},
		"proxied, but wrong nevertheless": {
			plant: "both A 203.0.113.2\n", lost: []string{"both"},
			expected: route53x.Expectation{Name: "both.example.com.", Why: route53x.WhyProxied},
			sets: func(s []route53x.RRSet) []route53x.RRSet {
				return append(dropped(s, "both.example.com."), simple("both.example.com.", route53x.A, 300, "203.0.113.1"))
			},
			want: []string{
				"A both.example.com. A: value: 192.0.2.7, 192.0.2.8 → 203.0.113.2 (proxied, but the new answer is not what the sets have)",
				"B both.example.com. A: value: 192.0.2.7, 192.0.2.8 → 203.0.113.2 (proxied, but the new answer is not what the sets have)",
			},
		},
		"acknowledged": {
			lost: []string{"mail         AAAA"}, excused: 2,
			expected: route53x.Expectation{Name: "MAIL.example.com", Type: route53x.AAAA, Why: route53x.WhyAcknowledged},
		},
		"acknowledged for another type": {
			lost:     []string{"mail         AAAA"},
			expected: route53x.Expectation{Name: "mail.example.com.", Type: route53x.A, Why: route53x.WhyAcknowledged},
			want:     []string{"A mail.example.com. AAAA: missing: 2001:db8::25 → NODATA", "B mail.example.com. AAAA: missing: 2001:db8::25 → NODATA"},
		},
		"acknowledged wildcard": {
			lost: []string{"*.wild"}, excused: 4,
			expected: route53x.Expectation{Name: "*.wild.example.com.", Why: route53x.WhyAcknowledged},
		},
		"an alias in place of a CNAME": {
			plant: "www A 203.0.113.5\n", lost: []string{"www"}, excused: 2 * 8, // a CNAME answers for all eight types
			expected: route53x.Expectation{Name: "mail.example.com.", Why: route53x.WhyAcknowledged},
			sets: func(s []route53x.RRSet) []route53x.RRSet {
				s = slices.DeleteFunc(s, func(s route53x.RRSet) bool { return s.Name == "www.example.com." && s.Type == route53x.A })
				return append(s, alias("www.example.com.", "d111111abcdef8.cloudfront.net."))
			},
		},
		"an alias that answers nothing": {
			lost: []string{"www"}, plant: "www TXT x\n", excused: 2 * 6,
			expected: route53x.Expectation{Name: "mail.example.com.", Why: route53x.WhyAcknowledged},
			sets: func(s []route53x.RRSet) []route53x.RRSet {
				return append(s, alias("www.example.com.", "d111111abcdef8.cloudfront.net."))
			},
			want: []string{
				"A www.example.com. A: missing: CNAME example.com. → NODATA", "B www.example.com. A: missing: CNAME example.com. → NODATA",
				`A www.example.com. TXT: value: CNAME example.com. → "x"`, `B www.example.com. TXT: value: CNAME example.com. → "x"`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n, v, _, _ := world(t, newZone(tt.plant, tt.lost...))
				v.Expected = []route53x.Expectation{tt.expected}
				if tt.sets != nil {
					v.Sets = tt.sets(v.Sets)
				}
				r, err := route53x.Verify(t.Context(), v, &route53x.VerifyOptions{Exchanger: n})
				require.NoError(t, err)
				differences, problems := told(r, v.New)
				assert.ElementsMatch(t, tt.want, differences)
				assert.Empty(t, problems)
				assert.Len(t, r.Expected, tt.excused)
				assert.Equal(t, tt.want == nil, r.OK())
			})
		})
	}
}

func dropped(sets []route53x.RRSet, name route53x.Name) []route53x.RRSet {
	return slices.DeleteFunc(sets, func(s route53x.RRSet) bool { return s.Name == name })
}

// An expectation does not excuse a server that is broken, nor the loss of a validation CNAME.
func TestVerifyNeverExcuses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, v, _, b := world(t, newZone("", "_3a1f"))
		v.Expected = []route53x.Expectation{{Name: "_3a1f.example.com.", Why: route53x.WhyAcknowledged}, {Name: "both.example.com.", Why: route53x.WhyAcknowledged}}
		b.twist = twisted("both.example.com.", dns.TypeA, func(m *dns.Msg, _ bool) *dns.Msg {
			m.Rcode = dns.RcodeServerFailure
			return m
		})
		r, err := route53x.Verify(t.Context(), v, &route53x.VerifyOptions{Exchanger: n})
		require.NoError(t, err)
		differences, problems := told(r, v.New)
		assert.Equal(t, []string{"B both.example.com. A: rcode: 192.0.2.7, 192.0.2.8 → SERVFAIL"}, differences)
		assert.Equal(t, []string{"acm _3a1f.example.com.: 2 of 2 new servers do not have CNAME _9c2e.acm-validations.aws.: certificates will not renew"}, problems)
		assert.False(t, r.OK())
	})
}

// Names that ACM told of are looked for although no set has them.
func TestVerifyValidations(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, v, _, _ := world(t, newZone(""))
		v.Validations = []route53x.RRSet{
			simple("_3a1f.example.com", route53x.CNAME, 60, "_9C2E.acm-validations.aws"),
			simple("_77.www.example.com", route53x.CNAME, 60, "_88.acm-validations.aws."),
		}
		v.Certificates = []route53x.Name{"*.mail.example.com."}
		r, err := route53x.Verify(t.Context(), v, &route53x.VerifyOptions{Exchanger: n, Quick: true})
		require.NoError(t, err)
		differences, problems := told(r, v.New)
		assert.Empty(t, differences)
		assert.Equal(t, []string{"acm _77.www.example.com.: 2 of 2 new servers do not have CNAME _88.acm-validations.aws.: certificates will not renew"}, problems)
	})
}

func TestVerifySerials(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, v, _, b := world(t, newZone(""))
		n.servers[v.Old[1]].serial = 7
		b.twist = twisted("wild.example.com.", dns.TypeNone, func(m *dns.Msg, _ bool) *dns.Msg {
			b.serial = 2
			return m
		})
		r, err := route53x.Verify(t.Context(), v, &route53x.VerifyOptions{Exchanger: n})
		require.NoError(t, err)
		_, problems := told(r, v.New)
		assert.Equal(t, []string{"serial example.com.: 198.51.100.2:53 went from serial 1 to 2 meanwhile: verify again"}, problems)
		assert.Contains(t, r.Notes, "the old servers have serials from 1 to 7")
		assert.EqualValues(t, 7, r.Servers[1].Serial)
	})
}

// A server that is dead costs a few questions, not all of them, and is one line of the report.
func TestVerifyGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, v, _, _ := world(t, newZone(""))
		delete(n.servers, v.New[1])
		began := time.Now()
		r, err := route53x.Verify(t.Context(), v, &route53x.VerifyOptions{Exchanger: n})
		require.NoError(t, err)
		differences, _ := told(r, v.New)
		assert.ElementsMatch(t, []string{
			"B example.com. SOA: timeout: no answer in time",
			"B example.com.: timeout (given up after 8 questions without an answer)",
		}, differences)
		assert.True(t, r.Servers[3].GaveUp)
		assert.Less(t, r.Servers[3].Queries, 100)
		assert.Less(t, time.Since(began), 2*time.Minute)

		n, v, _, _ = world(t, newZone(""))
		delete(n.servers, v.Old[0])
		delete(n.servers, v.Old[1])
		r, err = route53x.Verify(t.Context(), v, &route53x.VerifyOptions{Exchanger: n})
		require.NoError(t, err)
		assert.Len(t, r.Differences, 4)
		assert.False(t, r.OK())
	})
}

// The rate and the number of questions on their way are held per server.
func TestVerifyPace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, v, _, _ := world(t, newZone(""))
		n.latency = 100 * time.Millisecond
		var progress []int
		r, err := route53x.Verify(t.Context(), v, &route53x.VerifyOptions{
			Exchanger: n, Rate: 50, Concurrency: 3, Progress: func(asked, total int) { progress = append(progress, asked, total) },
		})
		require.NoError(t, err)
		assert.True(t, r.OK())
		for server, times := range n.times {
			assert.LessOrEqual(t, n.most[server], 3)
			assert.Greater(t, len(times), 90)
			for i := range len(times) - 50 {
				assert.GreaterOrEqual(t, times[i+50].Sub(times[i]), time.Second)
			}
		}
		last := progress[len(progress)-2:]
		assert.Equal(t, last[0], last[1])
		assert.Greater(t, last[0], 4*r.Questions) // the old side was asked again for what it has
	})
}

// The end of the context ends everything at once, with its cause.
func TestVerifyStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, v, _, _ := world(t, newZone(""))
		n.latency = time.Second
		why := errors.New("the operator went home")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(1500*time.Millisecond, func() { cancel(why) })
		began := time.Now()
		_, err := route53x.Verify(ctx, v, &route53x.VerifyOptions{Exchanger: n})
		require.ErrorIs(t, err, why)
		assert.Equal(t, 1500*time.Millisecond, time.Since(began))
	})
}

func TestReport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, v, _, b := world(t, newZone("both 60 A 192.0.2.7\nboth 60 A 192.0.2.8\n", "mail", "_3a1f", "both", "*.wild"))
		v.Expected = []route53x.Expectation{{Name: "*.wild.example.com.", Why: route53x.WhyAcknowledged}}
		b.twist = twisted("quote.example.com.", dns.TypeTXT, func(*dns.Msg, bool) *dns.Msg { return nil })
		r, err := route53x.Verify(t.Context(), v, &route53x.VerifyOptions{Exchanger: n})
		require.NoError(t, err)
		assert.Equal(t, `example.com.: 95 questions to 2 old and 2 new servers; 139 answers are the same, 7 differ, 4 differ as expected
! all 2 new servers: _3a1f.example.com. CNAME: missing: _9c2e.acm-validations.aws. → NXDOMAIN
! all 2 new servers: mail.example.com. A: missing: 192.0.2.25 → NXDOMAIN
! all 2 new servers: mail.example.com. AAAA: missing: 2001:db8::25 → NXDOMAIN
! 198.51.100.2:53: quote.example.com. TXT: timeout: "a \"quote\", \303\274ber" "and more" → no answer in time
! _3a1f.example.com.: acm: 2 of 2 new servers do not have CNAME _9c2e.acm-validations.aws.: certificates will not renew
= all 2 new servers: *.wild.example.com. A: missing: 192.0.2.99 → NXDOMAIN: acknowledged
= all 2 new servers: *.wild.example.com. TXT: missing: "wild" → NXDOMAIN: acknowledged
  both.example.com. A: the TTL goes from 300 to 60 s
  the parent zone was not asked: no DS is known of
not OK: leave the name servers as they are
`, r.String())
		data, err := json.Marshal(r)
		require.NoError(t, err)
		var back route53x.Report
		require.NoError(t, json.Unmarshal(data, &back))
		assert.Equal(t, r.String(), back.String())
		assert.Contains(t, string(data), `"why":"acknowledged"`)
	})
}
