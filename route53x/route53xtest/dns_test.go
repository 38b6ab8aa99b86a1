package route53xtest_test

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

// answer is what a question gave, in one line: the code, aa or not, and the sections.
func answer(t *testing.T, srv *route53xtest.Server, name string, typ uint16, with ...func(*dns.Msg)) string {
	t.Helper()
	m := new(dns.Msg).SetQuestion(name, typ)
	for _, f := range with {
		f(m)
	}
	r, _, err := srv.Exchange(t.Context(), m, "any:53")
	require.NoError(t, err)
	words := []string{dns.RcodeToString[r.Rcode]}
	if r.Authoritative {
		words = append(words, "aa")
	}
	var records []string
	for _, rr := range r.Answer {
		records = append(records, strings.Join(strings.Fields(rr.String()), " "))
	}
	slices.Sort(records)
	if len(records) > 0 {
		words = append(words, strings.Join(records, "; "))
	}
	if len(r.Ns) > 0 {
		words = append(words, "auth", dns.TypeToString[r.Ns[0].Header().Rrtype])
	}
	return strings.Join(words, " ")
}

func TestNameServers(t *testing.T) {
	t.Parallel()
	srv := open(t, route53xtest.Options{SyncDelay: -1})
	zone := srv.AddZone(route53xtest.ZoneSpec{Name: "example.com"})
	require.NoError(t, srv.Edit(zone,
		create(a("www.example.com.")), create(of(`*.w.example.com.`, route53x.TXT, `"star \"\052"`)), create(a("a.b.c.example.com.")),
		create(of("c1.example.com.", route53x.CNAME, "c2.example.com.")), create(of("c2.example.com.", route53x.CNAME, "www.example.com")),
		create(of("out.example.com.", route53x.CNAME, "www.example.net.")),
		create(of("kid.example.com.", route53x.NS, "ns.kid.example.com.")), create(a("ns.kid.example.com.", "192.0.2.53")),
		create(aliasTo("al.example.com.", "www.example.com.", zone)), create(a(`a\100b.example.com.`)),
	))
	for name, tt := range map[string]struct {
		name string
		typ  uint16
		want string
	}{
		"there":                 {"www.example.com.", dns.TypeA, "NOERROR aa www.example.com. 300 IN A 192.0.2.1"},
		"another case":          {"WWW.example.com.", dns.TypeA, "NOERROR aa WWW.example.com. 300 IN A 192.0.2.1"},
		"another type":          {"www.example.com.", dns.TypeMX, "NOERROR aa auth SOA"},
		"no such name":          {"nope.example.com.", dns.TypeA, "NXDOMAIN aa auth SOA"},
		"between":               {"b.c.example.com.", dns.TypeA, "NOERROR aa auth SOA"},
		"wildcard":              {"x.y.w.example.com.", dns.TypeTXT, `NOERROR aa x.y.w.example.com. 300 IN TXT "star \"*"`},
		"wildcard, other type":  {"x.w.example.com.", dns.TypeA, "NOERROR aa auth SOA"},
		"over the wildcard":     {"w.example.com.", dns.TypeTXT, "NOERROR aa auth SOA"},
		"chain":                 {"c1.example.com.", dns.TypeA, "NOERROR aa c1.example.com. 300 IN CNAME c2.example.com.; c2.example.com. 300 IN CNAME www.example.com.; www.example.com. 300 IN A 192.0.2.1"},
		"CNAME itself":          {"c1.example.com.", dns.TypeCNAME, "NOERROR aa c1.example.com. 300 IN CNAME c2.example.com."},
		"out of the zone":       {"out.example.com.", dns.TypeA, "NOERROR aa out.example.com. 300 IN CNAME www.example.net."},
		"delegation":            {"www.kid.example.com.", dns.TypeA, "NOERROR auth NS"},
		"delegation at the cut": {"kid.example.com.", dns.TypeNS, "NOERROR auth NS"},
		"alias":                 {"al.example.com.", dns.TypeA, "NOERROR aa al.example.com. 300 IN A 192.0.2.1"},
		"odd bytes":             {`a@b.example.com.`, dns.TypeA, `NOERROR aa a\@b.example.com. 300 IN A 192.0.2.1`},
		"another zone":          {"example.org.", dns.TypeA, "REFUSED"},
		"transfer":              {"example.com.", dns.TypeAXFR, "REFUSED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, answer(t, srv, tt.name, tt.typ))
		})
	}
	m := new(dns.Msg).SetQuestion("www.kid.example.com.", dns.TypeA)
	r, _, err := srv.Exchange(t.Context(), m, "any:53")
	require.NoError(t, err)
	require.Len(t, r.Extra, 1, "glue")
	assert.Contains(t, r.Extra[0].String(), "192.0.2.53")
	assert.Len(t, srv.Nameservers(zone), 4)
}

// Lists show a change at once, name servers when it is INSYNC.
func TestNameServersHaveWhatIsInSync(t *testing.T) {
	t.Parallel()
	srv := open(t, route53xtest.Options{Clock: stopped()})
	c := sdk(srv)
	made, err := c.CreateHostedZone(t.Context(), newZone("example.com", "one"))
	require.NoError(t, err)
	zone := strings.TrimPrefix(*made.HostedZone.Id, "/hostedzone/")
	assert.Equal(t, "REFUSED", answer(t, srv, "example.com.", dns.TypeNS))
	srv.Advance(30 * time.Second)
	assert.Contains(t, answer(t, srv, "example.com.", dns.TypeNS), "NOERROR aa example.com. 172800 IN NS")

	_, err = change(t.Context(), c, zone, create(a("www.example.com.")))
	require.NoError(t, err)
	srv.Advance(20 * time.Second)
	_, err = change(t.Context(), c, zone, remove(a("www.example.com.")), create(a("www.example.com.", "192.0.2.2")))
	require.NoError(t, err)
	assert.Len(t, srv.Sets(zone), 3)
	assert.Contains(t, answer(t, srv, "www.example.com.", dns.TypeA), "NXDOMAIN")
	srv.Advance(10 * time.Second)
	assert.Contains(t, answer(t, srv, "www.example.com.", dns.TypeA), "192.0.2.1")
	srv.Advance(20 * time.Second)
	assert.Contains(t, answer(t, srv, "www.example.com.", dns.TypeA), "192.0.2.2")
}

func TestRoutedAnswers(t *testing.T) {
	t.Parallel()
	srv := open(t, route53xtest.Options{SyncDelay: -1, Country: func(a netip.Addr) (string, string, string) {
		if a == netip.MustParseAddr("203.0.113.0") {
			return "AS", "CN", ""
		}
		return "EU", "DE", ""
	}})
	zone := srv.AddZone(route53xtest.ZoneSpec{Name: "example.com"})
	geo := func(id, value string, r route53x.Geolocation) route53x.Op {
		s := a("g.example.com.", value)
		s.SetIdentifier, s.Routing = id, r
		return create(s)
	}
	one, two := weighted("w.example.com.", "1", 3), weighted("w.example.com.", "2", 1)
	two.Values = []string{"192.0.2.2"}
	require.NoError(t, srv.Edit(zone, create(one), create(two),
		geo("cn", "192.0.2.86", route53x.Geolocation{Country: "CN"}), geo("rest", "192.0.2.99", route53x.Geolocation{Country: "*"})))
	count := map[string]int{}
	for range 40 {
		words := strings.Fields(answer(t, srv, "w.example.com.", dns.TypeA))
		count[words[len(words)-1]]++
	}
	assert.Equal(t, map[string]int{"192.0.2.1": 30, "192.0.2.2": 10}, count)
	from := func(ip string) func(*dns.Msg) {
		return func(m *dns.Msg) {
			m.SetEdns0(1232, false)
			m.IsEdns0().Option = append(m.IsEdns0().Option, &dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET, Family: 1, SourceNetmask: 24, Address: net.ParseIP(ip)})
		}
	}
	assert.Contains(t, answer(t, srv, "g.example.com.", dns.TypeA, from("203.0.113.0")), "192.0.2.86")
	assert.Contains(t, answer(t, srv, "g.example.com.", dns.TypeA, from("198.51.100.0")), "192.0.2.99")
	assert.Contains(t, answer(t, srv, "g.example.com.", dns.TypeA), "192.0.2.99")
}

// On loopback an answer that is too long for UDP is cut, and whole over TCP. A server has the zones that it is for.
func TestListen(t *testing.T) {
	t.Parallel()
	srv := open(t, route53xtest.Options{SyncDelay: -1})
	one, two := srv.AddZone(route53xtest.ZoneSpec{Name: "example.com"}), srv.AddZone(route53xtest.ZoneSpec{Name: "example.com"})
	require.NoError(t, srv.Edit(one, create(of("t.example.com.", route53x.TXT, `"`+strings.Repeat("x", 250)+`"`, `"`+strings.Repeat("y", 250)+`"`, `"z"`))))
	addr, err := srv.ListenDNS(srv.Nameservers(one)[1])
	require.NoError(t, err)
	other, err := srv.ListenDNS(srv.Nameservers(two)[0])
	require.NoError(t, err)
	ask := func(network, addr string) *dns.Msg {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		r, _, err := (&dns.Client{Net: network}).ExchangeContext(ctx, new(dns.Msg).SetQuestion("t.example.com.", dns.TypeTXT), addr)
		require.NoError(t, err)
		return r
	}
	assert.True(t, ask("udp", addr.String()).Truncated)
	assert.Len(t, ask("tcp", addr.String()).Answer, 1+1+1)
	assert.Equal(t, dns.RcodeNameError, ask("tcp", other.String()).Rcode)
	r, _, err := srv.Exchange(t.Context(), new(dns.Msg).SetQuestion("t.example.com.", dns.TypeTXT), srv.Nameservers(two)[3]+":53")
	require.NoError(t, err)
	assert.Equal(t, dns.RcodeNameError, r.Rcode)
}
