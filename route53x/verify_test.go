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
	for name, tt := range plants() {
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
	for name, tt := range map[string]struct {
		rate    float64
		latency time.Duration
	}{
		"rate":        {rate: 50, latency: 10 * time.Millisecond}, // three at a time would be 300 in a second
		"concurrency": {rate: -1, latency: 100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n, v, _, _ := world(t, newZone(""))
				n.latency = tt.latency
				var progress []int
				r, err := route53x.Verify(t.Context(), v, &route53x.VerifyOptions{
					Exchanger: n, Rate: tt.rate, Concurrency: 3, Progress: func(asked, total int) { progress = append(progress, asked, total) },
				})
				require.NoError(t, err)
				assert.True(t, r.OK())
				for server, times := range n.times {
					assert.LessOrEqual(t, n.most[server], 3)
					if tt.rate < 0 {
						assert.Equal(t, 3, n.most[server])
						continue
					}
					assert.Greater(t, len(times), 90)
					for i := range len(times) - 50 {
						assert.GreaterOrEqual(t, times[i+50].Sub(times[i]), time.Second)
					}
				}
				last := progress[len(progress)-2:]
				assert.Equal(t, last[0], last[1])
				assert.Greater(t, last[0], 4*r.Questions) // the old side was asked again for what it has
			})
		})
	}
}

// A server that answers now and then is not given up: each answer that is missing is named.
func TestVerifyFlaky(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, v, _, b := world(t, newZone(""))
		b.twist = func(q *dns.Msg, _ bool, m *dns.Msg) *dns.Msg {
			if q.Question[0].Qtype == dns.TypeAAAA {
				return nil
			}
			return m
		}
		r, err := route53x.Verify(t.Context(), v, &route53x.VerifyOptions{Exchanger: n, Concurrency: 1})
		require.NoError(t, err)
		assert.False(t, r.Servers[3].GaveUp)
		assert.Greater(t, len(r.Differences), 8)
		for _, d := range r.Differences {
			assert.Equal(t, route53x.AAAA, d.Type)
			assert.Equal(t, route53x.Timeout, d.Status)
		}
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
		assert.Equal(t, `example.com.: 103 questions to 2 old and 2 new servers; 155 answers are the same, 7 differ, 4 differ as expected
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
