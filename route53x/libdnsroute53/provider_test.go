package libdnsroute53_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/libdns/libdns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/libdnsroute53"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

// account is the zone example.com at a fake, with some sets.
func account(t *testing.T, cfg libdnsroute53.Config, file string, more ...route53x.RRSet) (*libdnsroute53.Provider, *route53xtest.Server, string) {
	t.Helper()
	srv := route53xtest.NewServer()
	t.Cleanup(srv.Close)
	client, err := route53x.New(srv.Config())
	require.NoError(t, err)
	zone, _, err := client.EnsureZone(t.Context(), "example.com", "test", nil)
	require.NoError(t, err)
	parsed, issues, err := route53x.ParseZone(strings.NewReader(file), "example.com", nil)
	require.NoError(t, err)
	require.Empty(t, issues)
	for set := range slices.Values(append(parsed.Sets, more...)) {
		require.NoError(t, srv.Edit(zone.ID, route53x.Op{Action: "CREATE", Set: set}))
	}
	if cfg.Store == nil {
		cfg.Store = client
	}
	p, err := libdnsroute53.New(cfg)
	require.NoError(t, err)
	return p, srv, zone.ID
}

// content is the zone without what it had from the beginning.
func content(srv *route53xtest.Server, id string) []string {
	var out []string
	for _, s := range srv.Sets(id) {
		if s.Name != "example.com." || s.Type != route53x.SOA && s.Type != route53x.NS {
			out = append(out, s.String())
		}
	}
	return out
}

// special sets that libdns has no words for.
func special() []route53x.RRSet {
	weighted := func(id, value string) route53x.RRSet {
		return route53x.RRSet{
			Name: "w.example.com.", Type: route53x.A, TTL: 60, Values: []string{value}, SetIdentifier: id, Routing: route53x.Weighted{Weight: 1},
		}
	}
	return []route53x.RRSet{
		weighted("one", "192.0.2.1"), weighted("two", "192.0.2.2"),
		{Name: "cdn.example.com.", Type: route53x.A, Alias: &route53x.Alias{ZoneID: "Z2FDTNDATAQYW2", Target: "d111111abcdef8.cloudfront.net."}},
	}
}

const someRecords = `
@           300 MX    10 mail
@           300 CAA   0 issue "ca.example; x=\"y\""
mail        60  A     192.0.2.25
mail        60  A     192.0.2.26
mail        60  AAAA  2001:db8::25
*           60  TXT   "a \"quote\" and \195\188" "ber"
www         60  CNAME example.com.
_sip._tcp   60  SRV   1 2 5060 mail
_x._tcp.a   60  SRV   1 2 5061 mail
odd         60  SRV   1 2 5062 mail
svc         60  HTTPS 1 . alpn="h2,h3" port=8443
_dns.svc    60  SVCB  1 mail alpn=dot
1.2         60  PTR   mail
host        60  SSHFP 4 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
sub         60  NS    ns.example.net.
now         0   A     192.0.2.1
`

func TestGetRecords(t *testing.T) {
	t.Parallel()
	p, srv, id := account(t, libdnsroute53.Config{}, someRecords, special()...)
	before := srv.Done("")
	records, err := p.GetRecords(t.Context(), "example.com.")
	require.NoError(t, err)
	assert.Equal(t, 3, srv.Done("")-before, "find the zone, look at it, list it")
	ttl := time.Minute
	var apex, rest []libdns.Record
	for _, r := range records {
		if ns, ok := r.(libdns.NS); ok && ns.Name == "@" {
			apex = append(apex, r)
		} else {
			rest = append(rest, r)
		}
	}
	assert.Len(t, apex, 4)
	assert.ElementsMatch(t, []libdns.Record{
		libdns.MX{Name: "@", TTL: 5 * time.Minute, Preference: 10, Target: "mail.example.com."},
		libdns.CAA{Name: "@", TTL: 5 * time.Minute, Tag: "issue", Value: `ca.example; x="y"`},
		libdns.Address{Name: "mail", TTL: ttl, IP: netip.MustParseAddr("192.0.2.25")},
		libdns.Address{Name: "mail", TTL: ttl, IP: netip.MustParseAddr("192.0.2.26")},
		libdns.Address{Name: "mail", TTL: ttl, IP: netip.MustParseAddr("2001:db8::25")},
		libdns.TXT{Name: "*", TTL: ttl, Text: `a "quote" and über`},
		libdns.CNAME{Name: "www", TTL: ttl, Target: "example.com."},
		libdns.SRV{Service: "sip", Transport: "tcp", Name: "@", TTL: ttl, Priority: 1, Weight: 2, Port: 5060, Target: "mail.example.com."},
		libdns.SRV{Service: "x", Transport: "tcp", Name: "a", TTL: ttl, Priority: 1, Weight: 2, Port: 5061, Target: "mail.example.com."},
		libdns.RR{Name: "odd", TTL: ttl, Type: "SRV", Data: "1 2 5062 mail.example.com."},
		libdns.ServiceBinding{Scheme: "https", Name: "svc", TTL: ttl, Priority: 1, Target: ".", Params: libdns.SvcParams{"alpn": {"h2", "h3"}, "port": {"8443"}}},
		libdns.ServiceBinding{Scheme: "dns", Name: "svc", TTL: ttl, Priority: 1, Target: "mail.example.com.", Params: libdns.SvcParams{"alpn": {"dot"}}},
		libdns.RR{Name: "1.2", TTL: ttl, Type: "PTR", Data: "mail.example.com."},
		libdns.RR{Name: "host", TTL: ttl, Type: "SSHFP", Data: "4 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"},
		libdns.NS{Name: "sub", TTL: ttl, Target: "ns.example.net."},
		libdns.Address{Name: "now", TTL: 1, IP: netip.MustParseAddr("192.0.2.1")}, // 0 would be the default when it is given back
		libdnsroute53.Special{Name: "w", Set: special()[0]},
		libdnsroute53.Special{Name: "w", Set: special()[1]},
		libdnsroute53.Special{Name: "cdn", Set: special()[2]},
	}, rest)

	// What was returned can be set again, one by one and all at once, and changes nothing.
	want := content(srv, id)
	changes := srv.Done(route53xtest.ChangeResourceRecordSets)
	set, err := p.SetRecords(t.Context(), "example.com", rest)
	require.NoError(t, err)
	assert.ElementsMatch(t, rest, set)
	for _, r := range rest {
		if _, multi := r.(libdns.Address); multi {
			continue // a part of its set
		}
		_, err := p.SetRecords(t.Context(), "example.com", []libdns.Record{r})
		require.NoError(t, err, "%v", r)
	}
	assert.Equal(t, want, content(srv, id))
	assert.Equal(t, changes, srv.Done(route53xtest.ChangeResourceRecordSets))
}

// libdns/alidns reads 20 records and no more; libdns/route53 lists the zone before each change of a name and type.
func TestLargeZone(t *testing.T) {
	t.Parallel()
	var file strings.Builder
	for i := range 700 {
		fmt.Fprintf(&file, "h%d 60 A 192.0.2.1\n", i)
	}
	p, srv, _ := account(t, libdnsroute53.Config{}, file.String())
	records, err := p.GetRecords(t.Context(), "example.com")
	require.NoError(t, err)
	assert.Len(t, records, 704)
	lists, changes := srv.Done(route53xtest.ListResourceRecordSets), srv.Done(route53xtest.ChangeResourceRecordSets)
	var set []libdns.Record
	for i := range 500 {
		set = append(set, libdns.Address{Name: fmt.Sprintf("h%d", i), TTL: time.Minute, IP: netip.MustParseAddr("192.0.2.2")})
	}
	done, err := p.SetRecords(t.Context(), "example.com", set)
	require.NoError(t, err)
	assert.Equal(t, set, byName(set, done))
	assert.Equal(t, 1, srv.Done(route53xtest.ChangeResourceRecordSets)-changes, "one batch for 500 sets")
	assert.Equal(t, 6, srv.Done(route53xtest.ListResourceRecordSets)-lists, "three pages, and three before the write")
}

// byName puts records in the order of others.
func byName(order, records []libdns.Record) []libdns.Record {
	at := map[string]libdns.Record{}
	for _, r := range records {
		at[r.RR().Name] = r
	}
	var out []libdns.Record
	for _, r := range order {
		out = append(out, at[r.RR().Name])
	}
	return out
}

func TestWrite(t *testing.T) {
	t.Parallel()
	text := func(name, text string, ttl time.Duration) libdns.TXT {
		return libdns.TXT{Name: name, Text: text, TTL: ttl}
	}
	addr := func(name, ip string, ttl time.Duration) libdns.Address {
		return libdns.Address{Name: name, IP: netip.MustParseAddr(ip), TTL: ttl}
	}
	long := strings.Repeat(`0"\`, 200)
	const zone = "a 60 A 192.0.2.1\na 60 A 192.0.2.2\nt 120 TXT \"one\" \"two\"\nc 60 CNAME d.\n"
	for name, tt := range map[string]struct {
		op     string
		in     []libdns.Record
		want   []libdns.Record // nil = in
		zone   []string        // beside what is not about the names
		failed error
		text   string
	}{
		"append to a set": {
			op: "append", in: []libdns.Record{addr("a", "192.0.2.3", time.Hour)},
			want: []libdns.Record{addr("a", "192.0.2.3", time.Minute)}, // the set's TTL
			zone: []string{"a.example.com. A 60 192.0.2.1, 192.0.2.2, 192.0.2.3"},
		},
		"append what is there": {
			op: "append", in: []libdns.Record{text("t", "onetwo", 0)}, want: []libdns.Record{text("t", "onetwo", 2*time.Minute)},
			zone: []string{`t.example.com. TXT 120 "one" "two"`},
		},
		"append to nothing": {
			op: "append", in: []libdns.Record{text("_acme-challenge", long, 0), text("_acme-challenge", "b", 0), libdns.MX{Name: "@", Preference: 10, Target: "mail"}},
			want: []libdns.Record{
				text("_acme-challenge", long, 5*time.Minute), text("_acme-challenge", "b", 5*time.Minute), libdns.MX{Name: "@", Preference: 10, Target: "mail.", TTL: 5 * time.Minute},
			},
			zone: []string{"_acme-challenge.example.com. TXT 300 " + route53x.QuoteTXT(long) + `, "b"`, "example.com. MX 300 10 mail."},
		},
		"append a CNAME beside others": {
			op: "append", in: []libdns.Record{libdns.CNAME{Name: "a", Target: "x."}}, failed: route53x.ErrInvalid, text: "CNAME cannot stand beside",
		},
		"set replaces, with the lowest TTL": {
			op: "set", in: []libdns.Record{addr("a", "192.0.2.9", time.Hour), addr("a", "192.0.2.8", time.Minute), addr("b", "2001:db8::1", 1)},
			want: []libdns.Record{addr("a", "192.0.2.9", time.Minute), addr("a", "192.0.2.8", time.Minute), addr("b", "2001:db8::1", 1)},
			zone: []string{"a.example.com. A 60 192.0.2.8, 192.0.2.9", "b.example.com. AAAA 0 2001:db8::1"},
		},
		"set without a TTL keeps the one that is there": {
			op: "set", in: []libdns.Record{text("t", "new", 0)}, want: []libdns.Record{text("t", "new", 2*time.Minute)},
			zone: []string{`t.example.com. TXT 120 "new"`},
		},
		"set opaque ones": {
			op: "set", in: []libdns.Record{
				libdns.RR{Name: "o", Type: "txt", Data: `say "x" \000`, TTL: time.Minute},
				libdns.RR{Name: "o", Type: "CAA", Data: `128 issue "a;b=\"c\""`, TTL: time.Minute},
				libdns.RR{Name: "o", Type: "HTTPS", Data: `1 svc.example.net. alpn=h3`, TTL: time.Minute},
				libdns.RR{Name: "p", Type: "PTR", Data: "host.example.net", TTL: time.Minute},
			},
			want: []libdns.Record{
				libdns.CAA{Name: "o", Flags: 128, Tag: "issue", Value: `a;b="c"`, TTL: time.Minute},
				libdns.ServiceBinding{Scheme: "https", Name: "o", Priority: 1, Target: "svc.example.net.", Params: libdns.SvcParams{"alpn": {"h3"}}, TTL: time.Minute},
				text("o", `say "x" \000`, time.Minute),
				libdns.RR{Name: "p", Type: "PTR", Data: "host.example.net.", TTL: time.Minute},
			},
			zone: []string{
				`o.example.com. CAA 60 128 issue "a;b=\"c\""`, `o.example.com. HTTPS 60 1 svc.example.net. alpn="h3"`, `o.example.com. TXT 60 "say \"x\" \\000"`,
				"p.example.com. PTR 60 host.example.net.",
			},
		},
		"set beside an alias": {
			op: "set", in: []libdns.Record{addr("cdn", "192.0.2.1", 0)}, failed: route53x.ErrUnsupported, text: "cdn.example.com. A is an alias",
		},
		"append to routed sets": {
			op: "append", in: []libdns.Record{addr("x", "192.0.2.1", 0), addr("w", "192.0.2.3", 0)}, failed: route53x.ErrUnsupported, text: "w.example.com. A",
		},
		"a special set that is another": {
			op: "set", in: []libdns.Record{libdnsroute53.Special{Name: "x", Set: route53x.RRSet{Name: "x.example.com.", Type: route53x.A}}}, failed: route53x.ErrUnsupported,
		},
		"the zone's own name servers": {
			op: "set", in: []libdns.Record{libdns.NS{Name: "@", Target: "ns.example.net."}}, failed: route53x.ErrInvalid, text: "not changed here",
		},
		"everything that is wrong": {
			op: "set", in: []libdns.Record{
				libdns.RR{Name: "a", Type: "LOC", Data: "x"},
				libdns.RR{Name: "www.example.org.", Type: "A", Data: "192.0.2.1"},
				libdns.RR{Name: "a", Type: "A", Data: "192.0.2.300"},
				libdns.RR{Name: "a", Type: "CNAME", Data: ""},
				libdns.RR{Name: "a", Type: "MX", Data: "10 x. ; y"},
				libdns.TXT{Name: "a", TTL: -time.Second},
			},
			failed: route53x.ErrInvalid, text: "record 5: TTL",
		},
		"delete one": {
			op: "delete", in: []libdns.Record{addr("a", "192.0.2.1", time.Minute), addr("a", "192.0.2.77", time.Minute), addr("a", "192.0.2.2", time.Hour)},
			want: []libdns.Record{addr("a", "192.0.2.1", time.Minute)}, zone: []string{"a.example.com. A 60 192.0.2.2"},
		},
		"delete by name and type": {
			op: "delete", in: []libdns.Record{libdns.Address{Name: "a"}, libdns.TXT{Name: "t"}},
			want: []libdns.Record{addr("a", "192.0.2.1", time.Minute), addr("a", "192.0.2.2", time.Minute), text("t", "onetwo", 2*time.Minute)},
			zone: []string{},
		},
		"delete by name and value": {
			op: "delete", in: []libdns.Record{libdns.RR{Name: "t", Data: "onetwo"}, libdns.RR{Name: "c", Data: "e."}},
			want: []libdns.Record{text("t", "onetwo", 2*time.Minute)}, zone: []string{},
		},
		"delete by name": {
			op: "delete", in: []libdns.Record{libdns.RR{Name: "c"}, libdns.RR{Name: "@"}},
			want: []libdns.Record{libdns.CNAME{Name: "c", Target: "d.", TTL: time.Minute}}, zone: []string{},
		},
		"delete special ones": {
			op:   "delete",
			in:   []libdns.Record{libdnsroute53.Special{Name: "w", Set: special()[0]}, libdns.RR{Name: "w"}, libdns.RR{Name: "cdn", Type: "A"}},
			want: []libdns.Record{libdnsroute53.Special{Name: "w", Set: special()[0]}}, zone: []string{"w.example.com. A [two] 60 192.0.2.2 (routing=\"WEIGHTED\" weight=1 identifier=\"two\")"},
		},
		"nothing": {op: "set", in: nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, srv, id := account(t, libdnsroute53.Config{}, zone, special()...)
			before, changes := content(srv, id), srv.Done(route53xtest.ChangeResourceRecordSets)
			call := map[string]func(context.Context, string, []libdns.Record) ([]libdns.Record, error){
				"append": p.AppendRecords, "set": p.SetRecords, "delete": p.DeleteRecords,
			}[tt.op]
			got, err := call(t.Context(), "Example.COM.", tt.in)
			if tt.failed != nil {
				require.ErrorIs(t, err, tt.failed)
				require.ErrorContains(t, err, tt.text)
				assert.Empty(t, got)
				assert.Equal(t, before, content(srv, id))
				return
			}
			require.NoError(t, err)
			assert.ElementsMatch(t, tt.want, got)
			assert.LessOrEqual(t, srv.Done(route53xtest.ChangeResourceRecordSets)-changes, 1, "one batch, whatever is in it")
			touched := map[string]bool{}
			for _, r := range tt.in {
				touched[route53xName(r.RR().Name)] = true
			}
			var left []string
			for _, s := range content(srv, id) {
				if touched[strings.Fields(s)[0]] && !slices.Contains(before, s) || slices.Contains(tt.zone, s) {
					left = append(left, s)
				}
			}
			assert.ElementsMatch(t, tt.zone, left)
			if tt.op == "delete" {
				for _, r := range tt.want {
					rr := r.RR()
					for _, s := range content(srv, id) {
						assert.False(t, strings.HasPrefix(s, route53xName(rr.Name)+" "+rr.Type+" ") && strings.Contains(s, rr.Data), "%s is still there", s)
					}
				}
			}
		})
	}
}

func route53xName(name string) string {
	if name == "@" {
		return "example.com."
	}
	return name + ".example.com."
}

// libdns/route53 picks what comes first, be it private.
func TestZones(t *testing.T) {
	t.Parallel()
	srv := route53xtest.NewServer()
	defer srv.Close()
	client, err := route53x.New(srv.Config())
	require.NoError(t, err)
	private := srv.AddZone(route53xtest.ZoneSpec{Name: "example.com", Private: true})
	public := srv.AddZone(route53xtest.ZoneSpec{Name: "example.com"})
	srv.AddZone(route53xtest.ZoneSpec{Name: "example.org"})
	for name, tt := range map[string]struct {
		private bool
		zones   []libdns.Zone
		into    string
	}{
		"public":  {zones: []libdns.Zone{{Name: "example.com."}, {Name: "example.org."}}, into: public},
		"private": {private: true, zones: []libdns.Zone{{Name: "example.com."}}, into: private},
	} {
		p, err := libdnsroute53.New(libdnsroute53.Config{Store: client, Private: tt.private})
		require.NoError(t, err)
		zones, err := p.ListZones(t.Context())
		require.NoError(t, err)
		assert.ElementsMatch(t, tt.zones, zones, name)
		_, err = p.AppendRecords(t.Context(), "example.com", []libdns.Record{libdns.TXT{Name: name, Text: name}})
		require.NoError(t, err)
		assert.Len(t, content(srv, tt.into), 1, name)
	}
	srv.AddZone(route53xtest.ZoneSpec{Name: "example.org"})
	p, err := libdnsroute53.New(libdnsroute53.Config{Store: client})
	require.NoError(t, err)
	_, err = p.GetRecords(t.Context(), "example.org")
	require.ErrorIs(t, err, route53x.ErrAmbiguous)
	_, err = p.GetRecords(t.Context(), "a..b")
	require.ErrorIs(t, err, route53x.ErrInvalid)
	_, err = p.SetRecords(t.Context(), "example.net", []libdns.Record{libdns.TXT{Name: "a", Text: "x"}})
	require.ErrorIs(t, err, route53x.ErrNotFound)

	// A zone that is made anew is found again.
	require.NoError(t, client.DeleteZone(t.Context(), emptied(t, srv, public)))
	_, err = p.GetRecords(t.Context(), "example.com")
	require.ErrorIs(t, err, route53x.ErrNotFound)
	srv.AddZone(route53xtest.ZoneSpec{Name: "example.com"})
	_, err = p.GetRecords(t.Context(), "example.com")
	require.NoError(t, err)
}

// emptied deletes the sets that a test made.
func emptied(t *testing.T, srv *route53xtest.Server, id string) string {
	t.Helper()
	for _, s := range srv.Sets(id) {
		if s.Type == route53x.TXT {
			require.NoError(t, srv.Edit(id, route53x.Op{Action: "DELETE", Set: s}))
		}
	}
	return id
}

// libdns/route53 ends the program where its configuration is wrong.
func TestNew(t *testing.T) {
	t.Parallel()
	_, err := libdnsroute53.New(libdnsroute53.Config{TTL: -1})
	require.ErrorContains(t, err, "Store is required")
	require.ErrorContains(t, err, "TTL")
}

// libdns/route53 waits from 30 s onwards for a change that takes half a minute at most.
func TestWait(t *testing.T) {
	t.Parallel()
	p, srv, _ := account(t, libdnsroute53.Config{Wait: true}, "")
	began := srv.Now()
	_, err := p.AppendRecords(t.Context(), "example.com", []libdns.Record{libdns.TXT{Name: "_acme-challenge", Text: "x"}})
	require.NoError(t, err)
	took := srv.Now().Sub(began)
	assert.GreaterOrEqual(t, took, 30*time.Second)
	assert.Less(t, took, 40*time.Second)
	assert.Positive(t, srv.Done(route53xtest.GetChange))
}

// A proxy's answer, and a lost one.
func TestFailures(t *testing.T) {
	t.Parallel()
	p, srv, id := account(t, libdnsroute53.Config{}, "a 60 A 192.0.2.1\n")
	srv.AnswerNext(route53xtest.ChangeResourceRecordSets, http.StatusForbidden, nil, "<html>no</html>")
	got, err := p.SetRecords(t.Context(), "example.com", []libdns.Record{libdns.TXT{Name: "b", Text: "x"}})
	require.Error(t, err)
	assert.Empty(t, got)
	assert.Equal(t, []string{"a.example.com. A 60 192.0.2.1"}, content(srv, id))

	srv.LoseNext(route53xtest.ChangeResourceRecordSets)
	got, err = p.SetRecords(t.Context(), "example.com", []libdns.Record{libdns.TXT{Name: "b", Text: "x"}})
	require.NoError(t, err, "it was looked up")
	assert.Len(t, got, 1)
	assert.Equal(t, []string{"a.example.com. A 60 192.0.2.1", `b.example.com. TXT 300 "x"`}, content(srv, id))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = p.GetRecords(ctx, "example.com")
	require.ErrorIs(t, err, context.Canceled)
}
