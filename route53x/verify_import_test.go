package route53x_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

// imported brings sets to a fake of Route 53 and waits until its four name servers have them.
func imported(t *testing.T, opts route53xtest.Options, sets []route53x.RRSet) (*route53xtest.Server, route53x.Zone, []netip.AddrPort) {
	t.Helper()
	srv := route53xtest.Open(opts)
	t.Cleanup(srv.Close)
	client, err := route53x.New(srv.Config())
	require.NoError(t, err)
	zone, _, err := client.EnsureZone(t.Context(), "example.com", "move/example.com", nil)
	require.NoError(t, err)
	var have []route53x.RRSet
	for s, err := range client.RRSets(t.Context(), zone.ID, nil) {
		require.NoError(t, err)
		have = append(have, s)
	}
	plan, err := route53x.Diff(have, sets, nil)
	require.NoError(t, err)
	result, err := client.Apply(t.Context(), zone.ID, plan, nil)
	require.NoError(t, err)
	require.NoError(t, client.WaitSync(t.Context(), result.ChangeIDs, nil))
	var servers []netip.AddrPort
	for _, host := range zone.NameServers {
		addr, err := srv.ListenDNS(host)
		require.NoError(t, err)
		servers = append(servers, addr)
	}
	return srv, zone, servers
}

// The way of a move, from BIND to Route 53: parse, plan, apply, wait, verify. Then somebody changes the new zone.
func TestImportIsWhatBINDServed(t *testing.T) {
	t.Parallel()
	sets := setsOf(t, oldZone)
	srv, zone, news := imported(t, route53xtest.Options{}, sets)
	v := route53x.Verification{Zone: "example.com.", Sets: sets, Old: []netip.AddrPort{named(t, soaLine+oldZone)}, New: news}
	r, err := route53x.Verify(t.Context(), v, &route53x.VerifyOptions{Rate: -1})
	require.NoError(t, err)
	assert.True(t, r.OK(), r.String())
	assert.ElementsMatch(t, zone.NameServers, r.NameServers)
	assert.Empty(t, r.TTLs)
	assert.Equal(t, 4*r.Questions, r.Matches)

	for _, s := range srv.Sets(zone.ID) {
		if s.Name == "mail.example.com." && s.Type == route53x.AAAA {
			changed := s
			changed.Values = []string{"2001:db8::26"}
			require.NoError(t, srv.Edit(zone.ID, route53x.Op{Action: "DELETE", Set: s}, route53x.Op{Action: "CREATE", Set: changed}))
		}
	}
	srv.Advance(time.Minute)
	r, err = route53x.Verify(t.Context(), v, &route53x.VerifyOptions{Rate: -1})
	require.NoError(t, err)
	require.Len(t, r.Differences, 4, r.String())
	assert.Equal(t, "mail.example.com. AAAA: value: 2001:db8::25 → 2001:db8::26", r.Differences[0].String())
}

// A zone with lines, which an old provider answers by where the question comes from, and with weights, at Route 53 as
// geolocation and weighted sets.
func TestImportOfRoutedSets(t *testing.T) {
	t.Parallel()
	inChina := func(a netip.Addr) bool { return netip.MustParsePrefix("223.5.5.0/24").Contains(a) }
	set := func(name route53x.Name, id, value string, r route53x.Routing) route53x.RRSet {
		s := simple(name, route53x.A, 300, value)
		s.SetIdentifier, s.Routing = id, r
		return s
	}
	sets := append(setsOf(t, oldZone),
		set("geo.example.com.", "cn", "192.0.2.81", route53x.Geolocation{Country: "CN"}),
		set("geo.example.com.", "rest", "192.0.2.82", route53x.Geolocation{Country: "*"}),
		set("turn.example.com.", "a", "192.0.2.61", route53x.Weighted{Weight: 5}),
		set("turn.example.com.", "b", "192.0.2.62", route53x.Weighted{Weight: 1}),
	)
	_, _, news := imported(t, route53xtest.Options{Country: func(a netip.Addr) (continent, country, subdivision string) {
		if inChina(a) {
			return "AS", "CN", ""
		}
		return "NA", "US", "VA"
	}}, sets)
	for name, wrong := range map[string]bool{"right": false, "the wrong way round": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			old := newAuthority(t, "example.com", oldZone+"geo A 192.0.2.1\nturn A 192.0.2.61\n")
			turn := 0
			old.twist = func(q *dns.Msg, _ bool, m *dns.Msg) *dns.Msg {
				addr := ""
				switch question := q.Question[0]; {
				case question.Qtype != dns.TypeA:
				case question.Name == "turn.example.com.":
					turn++
					addr = fmt.Sprintf("192.0.2.%d", 61+turn%2)
				case question.Name == "geo.example.com.":
					addr = "192.0.2.82"
					for _, o := range q.IsEdns0().Option {
						if ecs, ok := o.(*dns.EDNS0_SUBNET); ok {
							from, _ := netip.AddrFromSlice(ecs.Address.To4())
							if inChina(from) != wrong {
								addr = "192.0.2.81"
							}
						}
					}
				}
				if addr != "" {
					rr, _ := dns.NewRR(q.Question[0].Name + " 300 IN A " + addr)
					m.Answer = []dns.RR{rr}
				}
				return m
			}
			v := route53x.Verification{Zone: "example.com.", Sets: sets, Old: []netip.AddrPort{old.listen(t)}, New: news}
			r, err := route53x.Verify(t.Context(), v, &route53x.VerifyOptions{Rate: -1})
			require.NoError(t, err)
			assert.Equal(t, !wrong, r.OK(), r.String())
			if wrong {
				assert.Len(t, r.Differences, 2*len(news), "two subnets at four servers: %s", r)
			}
		})
	}
}

// CAA is read as an authority reads it, up from the name and along its CNAMEs.
func TestVerifyCAA(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		caa   string // of both sides
		certs []route53x.Name
		want  []string
		note  string
	}{
		"none":                         {certs: []route53x.Name{"a.example.com."}},
		"another authority":            {caa: `@ CAA 0 issue "letsencrypt.org"`, certs: []route53x.Name{"a.example.com."}, want: []string{"a.example.com. example.com."}},
		"Amazon, with parameters":      {caa: `@ CAA 0 issue " AmazonTrust.com ; x=y"`, certs: []route53x.Name{"a.example.com."}},
		"nobody":                       {caa: `@ CAA 0 issue ";"`, certs: []route53x.Name{"*.a.example.com."}, want: []string{"*.a.example.com. example.com."}},
		"no word of issuing":           {caa: `@ CAA 0 iodef "mailto:x@example.com"`, certs: []route53x.Name{"a.example.com."}},
		"something critical":           {caa: `@ CAA 128 tbs "unknown"`, certs: []route53x.Name{"a.example.com."}, want: []string{"a.example.com. example.com."}},
		"something not critical":       {caa: `@ CAA 0 tbs "unknown"`, certs: []route53x.Name{"a.example.com."}},
		"the nearest counts":           {caa: "@ CAA 0 issue \"letsencrypt.org\"\na CAA 0 issue \"amazon.com\"", certs: []route53x.Name{"x.a.example.com."}},
		"wildcards for themselves":     {caa: "@ CAA 0 issue \"letsencrypt.org\"\n@ CAA 0 issuewild \"amazon.com\"", certs: []route53x.Name{"*.example.com.", "example.com."}, want: []string{"example.com. example.com."}},
		"no wildcards":                 {caa: "@ CAA 0 issue \"amazon.com\"\n@ CAA 0 issuewild \";\"", certs: []route53x.Name{"*.example.com.", "example.com."}, want: []string{"*.example.com. example.com."}, note: "but not for wildcards"},
		"a wildcard's own set is none": {caa: "*.a CAA 0 issue \"letsencrypt.org\"", certs: []route53x.Name{"*.a.example.com."}},
		"along a CNAME":                {caa: "c CNAME d\nd CAA 0 issue \"letsencrypt.org\"", certs: []route53x.Name{"c.example.com."}, want: []string{"c.example.com. c.example.com."}},
		"out of the zone":              {caa: "c CNAME d.example.net.", certs: []route53x.Name{"c.example.com."}, note: "c.example.com. is a CNAME out of the zone"},
		"in a circle":                  {caa: "c CNAME d\nd CNAME c", certs: []route53x.Name{"c.example.com."}, want: []string{"c.example.com. c.example.com."}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := "@ NS ns-1.awsdns-01.org.\na A 192.0.2.1\n" + tt.caa + "\n"
			n := newNetwork()
			v := route53x.Verification{
				Zone: "example.com.", Sets: setsOf(t, file[len("@ NS ns-1.awsdns-01.org.\n"):]), Certificates: tt.certs,
				Old: []netip.AddrPort{n.add("192.0.2.1", newAuthority(t, "example.com", file))},
				New: []netip.AddrPort{n.add("192.0.2.2", newAuthority(t, "example.com", file))},
			}
			r, err := route53x.Verify(t.Context(), v, &route53x.VerifyOptions{Exchanger: n, Rate: -1, Quick: true})
			require.NoError(t, err)
			assert.Empty(t, r.Differences)
			var got []string
			for _, p := range r.Problems {
				require.Equal(t, route53x.CheckCAA, p.Check)
				var at string
				_, err := fmt.Sscanf(p.Text, "CAA of %s", &at)
				require.NoError(t, err)
				if at[len(at)-1] == ':' {
					at = at[:len(at)-1]
				}
				got = append(got, p.Name.ZoneFile()+" "+at)
			}
			assert.Equal(t, tt.want, got)
			assert.Contains(t, fmt.Sprint(r.Notes), tt.note)
		})
	}
}
