package aliyuntest_test

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
)

// served is a fake with a zone that has one of everything.
func served(t *testing.T, opts aliyuntest.Options) *aliyuntest.Server {
	t.Helper()
	srv, err := aliyuntest.Open(opts)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	srv.AddZone(aliyuntest.Zone{Domain: "example.com", Records: []aliyun.DNSRecord{
		{RR: "@", Type: "A", Value: "192.0.2.1"},
		{RR: "@", Type: "MX", Value: "mx.example.net", Priority: 10},
		{RR: "@", Type: "TXT", Value: `say "hi" \ ` + strings.Repeat("x", 300)},
		{RR: "quoted", Type: "TXT", Value: `"one" "two"`},
		{RR: "www", Type: "A", Value: "192.0.2.10"},
		{RR: "www", Type: "A", Value: "192.0.2.11", Line: "telecom"},
		{RR: "www", Type: "A", Value: "192.0.2.12", Line: "oversea"},
		{RR: "www", Type: "A", Value: "192.0.2.13", Line: "os_asia_sg"},
		{RR: "www", Type: "A", Value: "192.0.2.14", Line: "baidu"},
		{RR: "off", Type: "A", Value: "192.0.2.20", Status: "Disable"},
		{RR: "half", Type: "A", Value: "192.0.2.21", Status: "DISABLE"},
		{RR: "half", Type: "TXT", Value: "x"},
		{RR: "w", Type: "A", Value: "192.0.2.31", LbaStatus: true, Weight: 3},
		{RR: "w", Type: "A", Value: "192.0.2.32", LbaStatus: true, Weight: 1},
		{RR: "two", Type: "A", Value: "192.0.2.41"},
		{RR: "two", Type: "A", Value: "192.0.2.42"},
		{RR: "alias", Type: "CNAME", Value: "two.example.com"},
		{RR: "out", Type: "CNAME", Value: "host.example.net"},
		{RR: "*", Type: "A", Value: "192.0.2.50"},
		{RR: "*.sub", Type: "A", Value: "192.0.2.51"},
		{RR: "deep.er", Type: "A", Value: "192.0.2.52"},
		{RR: "child", Type: "NS", Value: "ns.child.example.com"},
		{RR: "ns.child", Type: "A", Value: "192.0.2.60"},
		{RR: "go", Type: "REDIRECT_URL", Value: "https://example.net"},
		{RR: "_sip._tcp", Type: "SRV", Value: "1 2 5060 sip.example.net"},
		{RR: "@", Type: "CAA", Value: `0 issue "amazon.com"`},
	}})
	return srv
}

func ask(srv *aliyuntest.Server, name string, qtype uint16, from string) *dns.Msg {
	q := new(dns.Msg).SetQuestion(dns.Fqdn(name), qtype)
	q.RecursionDesired = false
	addr, _ := netip.ParseAddr(from)
	return srv.AnswerDNS(q, addr)
}

// data is the answer section in short.
func data(m *dns.Msg) string {
	var all []string
	for _, rr := range m.Answer {
		all = append(all, strings.TrimPrefix(rr.String(), rr.Header().String()))
	}
	slices.Sort(all)
	return strings.Join(all, " | ")
}

func TestZoneAnswers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		name  string
		qtype uint16
		rcode int
		want  string
		auth  bool
	}{
		"apex":              {"example.com", dns.TypeA, 0, "192.0.2.1", true},
		"case":              {"EXAMPLE.com", dns.TypeA, 0, "192.0.2.1", true},
		"MX":                {"example.com", dns.TypeMX, 0, "10 mx.example.net.", true},
		"SRV":               {"_sip._tcp.example.com", dns.TypeSRV, 0, "1 2 5060 sip.example.net.", true},
		"CAA":               {"example.com", dns.TypeCAA, 0, `0 issue "amazon.com"`, true},
		"TXT in strings":    {"example.com", dns.TypeTXT, 0, `"say \"hi\" \\ ` + strings.Repeat("x", 244) + `" "` + strings.Repeat("x", 56) + `"`, true},
		"TXT with borders":  {"quoted.example.com", dns.TypeTXT, 0, `"one" "two"`, true},
		"NS of the zone":    {"example.com", dns.TypeNS, 0, "dns1.fake-alidns.com. | dns2.fake-alidns.com.", true},
		"no such type":      {"example.com", dns.TypeAAAA, 0, "", true},
		"switched off":      {"off.example.com", dns.TypeA, 0, "192.0.2.50", true}, // not there, so the wildcard answers
		"half switched off": {"half.example.com", dns.TypeA, 0, "", true},
		"wildcard":          {"any.thing.example.com", dns.TypeA, 0, "192.0.2.50", true},
		"nearer wildcard":   {"x.sub.example.com", dns.TypeA, 0, "192.0.2.51", true},
		"empty between":     {"er.example.com", dns.TypeA, 0, "", true},
		"below an empty":    {"no.er.example.com", dns.TypeA, dns.RcodeNameError, "", true},
		"below a name":      {"x.www.example.com", dns.TypeA, dns.RcodeNameError, "", true},
		"CNAME inside":      {"alias.example.com", dns.TypeA, 0, "192.0.2.41 | 192.0.2.42 | two.example.com.", true},
		"CNAME outside":     {"out.example.com", dns.TypeA, 0, "host.example.net.", true},
		"CNAME itself":      {"alias.example.com", dns.TypeCNAME, 0, "two.example.com.", true},
		"redirect":          {"go.example.com", dns.TypeA, 0, "203.0.113.80", true},
		"child":             {"a.child.example.com", dns.TypeA, 0, "", false},
		"another zone":      {"example.org", dns.TypeA, dns.RcodeRefused, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := ask(served(t, aliyuntest.Options{}), tt.name, tt.qtype, "")
			assert.Equal(t, dns.RcodeToString[tt.rcode], dns.RcodeToString[m.Rcode])
			assert.Equal(t, tt.want, data(m))
			assert.Equal(t, tt.auth, m.Authoritative)
			if tt.auth && tt.want == "" {
				require.Len(t, m.Ns, 1)
				assert.Equal(t, dns.TypeSOA, m.Ns[0].Header().Rrtype)
			}
		})
	}
}

func TestReferralHasGlue(t *testing.T) {
	t.Parallel()
	m := ask(served(t, aliyuntest.Options{}), "a.child.example.com", dns.TypeA, "")
	require.Len(t, m.Ns, 1)
	require.Len(t, m.Extra, 1)
	assert.Contains(t, m.Ns[0].String(), "ns.child.example.com.")
	assert.Contains(t, m.Extra[0].String(), "192.0.2.60")
}

// Lines by where the question comes from, or for whom it is asked.
func TestLineOfTheAsker(t *testing.T) {
	t.Parallel()
	srv := served(t, aliyuntest.Options{})
	for from, want := range map[string]string{
		"223.5.5.5": "192.0.2.10", "202.96.128.86": "192.0.2.11", "8.8.8.8": "192.0.2.12", "203.116.1.1": "192.0.2.13", "220.181.108.7": "192.0.2.14",
		"127.0.0.1": "192.0.2.10", "": "192.0.2.10", "198.51.100.1": "192.0.2.12", "::ffff:202.96.128.86": "192.0.2.11",
	} {
		assert.Equal(t, want, data(ask(srv, "www.example.com", dns.TypeA, from)), from)
		if a, err := netip.ParseAddr(from); err == nil && a.Is4() && !a.IsLoopback() {
			q := new(dns.Msg).SetQuestion("www.example.com.", dns.TypeA)
			q.SetEdns0(1232, false)
			q.IsEdns0().Option = append(q.IsEdns0().Option, &dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET, Family: 1, SourceNetmask: 24, Address: net.IP(a.AsSlice())})
			m := srv.AnswerDNS(q, netip.MustParseAddr("127.0.0.1"))
			assert.Equal(t, want, data(m), "subnet of %s", from)
			require.Len(t, m.IsEdns0().Option, 1)
		}
	}
	own := served(t, aliyuntest.Options{Locate: func(netip.Addr) []string { return []string{"telecom"} }})
	assert.Equal(t, "192.0.2.11", data(ask(own, "www.example.com", dns.TypeA, "8.8.8.8")))
}

func TestWeightsTakeTurns(t *testing.T) {
	t.Parallel()
	srv := served(t, aliyuntest.Options{})
	count := map[string]int{}
	for range 40 {
		count[data(ask(srv, "w.example.com", dns.TypeA, ""))]++
	}
	assert.Equal(t, map[string]int{"192.0.2.31": 30, "192.0.2.32": 10}, count)
	first := map[string]bool{}
	for range 2 {
		first[ask(srv, "two.example.com", dns.TypeA, "").Answer[0].String()] = true
	}
	assert.Len(t, first, 2, "answers turn round")
}

// After the transfer nobody looks after the zone: some time later it is gone.
func TestZoneGoesAfterItsDomain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := served(t, aliyuntest.Options{ZoneGrace: time.Hour, TaskTime: -1})
		defer srv.Close()
		srv.AddDomain(aliyuntest.Domain{Name: "example.com"})
		srv.ChangeDomain("example.com", func(d *aliyuntest.Domain) {
			d.Out.Status, d.Out.AuthCode, d.Out.Expires = aliyun.OutCodeIssued, "code", time.Now().Add(time.Hour)
		})
		require.NoError(t, srv.ReceiveTransfer("example.com", "code"))
		time.Sleep(5*24*time.Hour + time.Hour - time.Second)
		assert.Equal(t, "192.0.2.1", data(ask(srv, "example.com", dns.TypeA, "")))
		time.Sleep(time.Second)
		assert.Equal(t, dns.RcodeRefused, ask(srv, "example.com", dns.TypeA, "").Rcode)
	})
}

// Over real sockets, cut over UDP and whole over TCP.
func TestServeDNS(t *testing.T) {
	t.Parallel()
	srv := served(t, aliyuntest.Options{})
	for i := range 60 {
		srv.PutRecord("example.com", aliyun.DNSRecord{RR: "big", Type: "A", Value: fmt.Sprintf("192.0.2.%d", 100+i)})
	}
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	l, err := net.Listen("tcp", pc.LocalAddr().String())
	require.NoError(t, err)
	for _, s := range []*dns.Server{{PacketConn: pc, Handler: srv}, {Listener: l, Handler: srv}} {
		done := make(chan error, 1)
		ready := make(chan struct{})
		s.NotifyStartedFunc = func() { close(ready) }
		go func() { done <- s.ActivateAndServe() }()
		<-ready
		t.Cleanup(func() {
			assert.NoError(t, s.Shutdown())
			assert.NoError(t, <-done)
		})
	}
	q := new(dns.Msg).SetQuestion("big.example.com.", dns.TypeA)
	m, _, err := (&dns.Client{}).Exchange(q, pc.LocalAddr().String())
	require.NoError(t, err)
	assert.True(t, m.Truncated)
	m, _, err = (&dns.Client{Net: "tcp"}).Exchange(q, pc.LocalAddr().String())
	require.NoError(t, err)
	assert.Len(t, m.Answer, 60)
	assert.True(t, m.Authoritative)
}

func TestOddQuestions(t *testing.T) {
	t.Parallel()
	srv := served(t, aliyuntest.Options{})
	assert.Equal(t, dns.RcodeNotImplemented, srv.AnswerDNS(new(dns.Msg), netip.Addr{}).Rcode)
	q := new(dns.Msg).SetQuestion("example.com.", dns.TypeA)
	q.Question[0].Qclass = dns.ClassCHAOS
	assert.Equal(t, dns.RcodeNotImplemented, srv.AnswerDNS(q, netip.Addr{}).Rcode)
}
