package route53x_test

import (
	"context"
	"encoding/json"
	"net/netip"
	"testing"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
)

// canned answers everything with the same message.
type canned struct{ old, other *dns.Msg }

func (c canned) Exchange(_ context.Context, server netip.AddrPort, q *dns.Msg, _ bool) (*dns.Msg, error) {
	m := c.other
	if server.Port() == 1 {
		m = c.old
	}
	m = m.Copy()
	m.Id, m.Response, m.Question = q.Id, true, q.Question
	return m, nil
}

// Whatever servers answer, there is a report that can be printed and kept, and a delegation or an error.
func FuzzVerify(f *testing.F) {
	add := func(a, b string) {
		pack := func(text string) []byte {
			m := new(dns.Msg)
			m.Authoritative = true
			rr, err := dns.NewRR(text)
			require.NoError(f, err)
			m.Answer = []dns.RR{rr}
			m.Ns = []dns.RR{rr}
			wire, err := m.Pack()
			require.NoError(f, err)
			return wire
		}
		f.Add(pack(a), pack(b))
	}
	add("www.example.com. 60 IN A 192.0.2.1", "www.example.com. 60 IN CNAME example.com.")
	add("sub.example.com. 60 IN NS ns.sub.example.com.", `www.example.com. 60 IN CAA 128 tbs "x"`)
	add(`www.example.com. 60 IN HTTPS 1 . alpn="h2" key65000="\000"`, `www.example.com. 60 IN TXT "\000\255" ""`)
	add("example.com. 60 IN SOA a. b. 1 2 3 4 5", "www.example.com. 60 IN TYPE1 \\# 0")
	f.Fuzz(func(t *testing.T, old, other []byte) {
		a, b := new(dns.Msg), new(dns.Msg)
		if a.Unpack(old) != nil || b.Unpack(other) != nil {
			return
		}
		v := route53x.Verification{
			Zone: "example.com.",
			Sets: []route53x.RRSet{
				simple("www.example.com.", route53x.HTTPS, 60, "1 ."), simple("sub.example.com.", route53x.NS, 60, "ns.sub.example.com."),
				simple("_x.example.com.", route53x.CNAME, 60, "_y.acm-validations.aws."),
			},
			Old: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:1")}, New: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:2")},
		}
		ex := canned{a, b}
		d := &route53x.DelegationOptions{Servers: v.New, Exchanger: ex, Rate: -1, Tries: 1}
		r, err := route53x.Verify(t.Context(), v, &route53x.VerifyOptions{Exchanger: ex, Rate: -1, Tries: 1, Rotations: 1, Concurrency: 2, Delegation: d})
		require.NoError(t, err)
		require.NotEmpty(t, r.String())
		data, err := json.Marshal(r)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(data, new(route53x.Report)))
		_, err = route53x.AskDelegation(t.Context(), "sub.example.com", &route53x.DelegationOptions{Roots: v.New, Port: 2, Exchanger: ex, Rate: -1, Tries: 1})
		if err != nil {
			require.NotEmpty(t, err.Error())
		}
	})
}
