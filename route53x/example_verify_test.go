package route53x_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"github.com/kitroll/kitroll/route53x"
)

// table is an Exchanger whose servers have a zone file each. Real code has none: the package asks over the network.
type table map[string]string

func (t table) Exchange(_ context.Context, server netip.AddrPort, q *dns.Msg, _ bool) (*dns.Msg, error) {
	file, ok := t[server.Addr().String()]
	if !ok {
		return nil, errors.New("no route to host")
	}
	m := new(dns.Msg).SetReply(q)
	m.Authoritative = true
	m.Rcode = dns.RcodeNameError
	zp := dns.NewZoneParser(strings.NewReader("$TTL 300\n"+file), "example.com.", "")
	for rr, ok := zp.Next(); ok; rr, ok = zp.Next() {
		if strings.EqualFold(rr.Header().Name, q.Question[0].Name) {
			m.Rcode = dns.RcodeSuccess
			if rr.Header().Rrtype == q.Question[0].Qtype {
				m.Answer = append(m.Answer, rr)
			}
		}
	}
	return m, zp.Err()
}

// Before the name servers change at the registrar, old and new ones are compared.
func ExampleVerify() {
	const soa = "@ SOA ns hm 1 7200 900 1209600 300\n"
	servers := table{
		"192.0.2.1":    soa + "www A 192.0.2.80\nmail A 192.0.2.25\n_3a1f CNAME _9c2e.acm-validations.aws.\n",
		"198.51.100.1": soa + "@ NS ns-1.awsdns-01.org.\nwww A 192.0.2.80\nmail A 192.0.2.52\n",
	}
	old, _, err := route53x.ParseZone(strings.NewReader("$TTL 300\n"+servers["192.0.2.1"]), "example.com", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	report, err := route53x.Verify(context.Background(), route53x.Verification{
		Zone: "example.com.", Sets: old.Sets,
		Old: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:53")},
		New: []netip.AddrPort{netip.MustParseAddrPort("198.51.100.1:53")},
	}, &route53x.VerifyOptions{Exchanger: servers, Rate: -1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(report)
	fmt.Println(report.OK(), report.NameServers)
	// Output:
	// example.com.: 39 questions to 1 old and 1 new servers; 30 answers are the same, 2 differ, 0 differ as expected
	// ! 198.51.100.1:53: _3a1f.example.com. CNAME: missing: _9c2e.acm-validations.aws. → NXDOMAIN
	// ! 198.51.100.1:53: mail.example.com. A: value: 192.0.2.25 → 192.0.2.52
	// ! _3a1f.example.com.: acm: 1 of 1 new servers do not have CNAME _9c2e.acm-validations.aws.: certificates will not renew
	//   the parent zone was not asked: no DS is known of
	// not OK: leave the name servers as they are
	// false [ns-1.awsdns-01.org]
}

// What the servers of the parent zone delegate, each asked by itself.
func ExampleAskDelegation() {
	const parent = "@ NS ns1.old.example.\n@ 86400 DS 4711 13 2 0011\n"
	servers := table{"192.0.2.11": parent, "192.0.2.12": parent}
	d, err := route53x.AskDelegation(context.Background(), "example.com", &route53x.DelegationOptions{ // nil finds the servers from the root
		Servers:   []netip.AddrPort{netip.MustParseAddrPort("192.0.2.11:53"), netip.MustParseAddrPort("192.0.2.12:53")},
		Exchanger: servers, Rate: -1,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.NameServers, d.TTL, d.Agreed())
	for _, ds := range d.DS {
		fmt.Printf("DS %d is kept for %s\n", ds.KeyTag, d.DSTTL)
	}
	fmt.Println(d.Is([]string{"ns-1.awsdns-01.org"}))
	// Output:
	// [ns1.old.example] 5m0s true
	// DS 4711 is kept for 24h0m0s
	// false
}
