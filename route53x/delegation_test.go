package route53x_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
)

const digest = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

// internet is a root, a zone "example" with two servers of which one has no glue, "co.example" on the same servers as
// "example", and "net" where the name of that one is.
func internet(t *testing.T) (n *network, opts *route53x.DelegationOptions, tld [2]*authority) {
	t.Helper()
	n = newNetwork()
	root := n.add("192.0.2.1", newAuthority(t, ".", `
example.           172800 NS a.nic.example.
example.           172800 NS b.servers.net.
a.nic.example.     172800 A  192.0.2.11
a.nic.example.     172800 AAAA 2001:db8::11
net.               172800 NS ns.net.
ns.net.            172800 A  192.0.2.21
`))
	file := `
@       NS   a.nic
@       NS   b.servers.net.
a.nic   A    192.0.2.11
shop    172800 NS   ns1.old.example.
shop    172800 NS   NS2.Old.Example.
shop    86400 DS 4711 13 2 ` + digest + `
safe    3600 NS ns1.old
`
	for i, addr := range []string{"192.0.2.11", "192.0.2.12"} {
		tld[i] = newAuthority(t, "example", file)
		n.add(addr, tld[i])
	}
	n.add("192.0.2.21", newAuthority(t, "net", "servers NS ns.servers\nns.servers A 192.0.2.22\n"))
	n.add("192.0.2.22", newAuthority(t, "servers.net", "b A 192.0.2.12\n"))
	return n, &route53x.DelegationOptions{Roots: []netip.AddrPort{root}, Exchanger: n}, tld
}

func TestAskDelegation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, opts, tld := internet(t)
		d, err := route53x.AskDelegation(t.Context(), "Shop.Example", opts)
		require.NoError(t, err)
		servers := []string{"ns1.old.example", "ns2.old.example"}
		ds := []route53x.DSRecord{{KeyTag: 4711, Algorithm: 13, DigestType: 2, Digest: digest}}
		assert.Equal(t, route53x.Delegation{
			Domain: "shop.example.", Parent: "example.", NameServers: servers, TTL: 48 * time.Hour, DS: ds, DSTTL: 24 * time.Hour,
			Servers: []route53x.ServerDelegation{
				{Server: netip.MustParseAddrPort("192.0.2.11:53"), Host: "a.nic.example", NameServers: servers, TTL: 48 * time.Hour, DS: ds, DSTTL: 24 * time.Hour},
				{Server: netip.MustParseAddrPort("192.0.2.12:53"), Host: "b.servers.net", NameServers: servers, TTL: 48 * time.Hour, DS: ds, DSTTL: 24 * time.Hour},
			},
		}, d)
		assert.True(t, d.Agreed())
		assert.True(t, d.Is([]string{"NS2.old.example.", "ns1.old.example"}))
		assert.False(t, d.Is([]string{"ns1.old.example"}))

		// One of the two servers has the new name servers already: not everywhere yet.
		tld[1].rrs["shop.example."] = newAuthority(t, "example", "shop 172800 NS ns-1.awsdns-01.org.\n").rrs["shop.example."]
		d, err = route53x.AskDelegation(t.Context(), "shop.example", opts)
		require.NoError(t, err)
		assert.False(t, d.Agreed())
		assert.False(t, d.Is(servers))
		assert.False(t, d.Is([]string{"ns-1.awsdns-01.org"}))
		assert.Equal(t, []string{"ns-1.awsdns-01.org", "ns1.old.example", "ns2.old.example"}, d.NameServers)
		assert.Equal(t, ds, d.DS, "one server still has it")

		tld[0].rrs["shop.example."] = tld[1].rrs["shop.example."]
		d, err = route53x.AskDelegation(t.Context(), "shop.example", opts)
		require.NoError(t, err)
		assert.True(t, d.Is([]string{"ns-1.awsdns-01.org"}))
		assert.Empty(t, d.DS)
		_, err = json.Marshal(d)
		require.NoError(t, err)

		// A server that is silent is named, and nothing is sure then.
		delete(n.servers, netip.MustParseAddrPort("192.0.2.12:53"))
		d, err = route53x.AskDelegation(t.Context(), "shop.example", opts)
		require.NoError(t, err)
		assert.Equal(t, "no answer in time", d.Servers[1].Problem)
		assert.False(t, d.Is([]string{"ns-1.awsdns-01.org"}))
		assert.False(t, d.Agreed())
	})
}

// Servers that say other things of DS and TTL: the longest TTL counts, and nothing is sure.
func TestAskDelegationServersDiffer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, opts, tld := internet(t)
		servers := []string{"ns1.old.example", "ns2.old.example"}
		later := newAuthority(t, "example", "shop 60 NS ns1.old\nshop 60 NS ns2.old\n").rrs["shop.example."]
		tld[1].rrs["shop.example."] = later
		d, err := route53x.AskDelegation(t.Context(), "shop.example", opts)
		require.NoError(t, err)
		assert.True(t, d.Is(servers))
		assert.False(t, d.Agreed(), "one has no DS")
		assert.Equal(t, 48*time.Hour, d.TTL)
		assert.Equal(t, 24*time.Hour, d.DSTTL)
		assert.Equal(t, time.Minute, d.Servers[1].TTL)

		tld[1].twist = func(q *dns.Msg, _ bool, m *dns.Msg) *dns.Msg {
			if q.Question[0].Qtype == dns.TypeDS {
				m.Rcode = dns.RcodeRefused
			}
			return m
		}
		d, err = route53x.AskDelegation(t.Context(), "shop.example", opts)
		require.NoError(t, err)
		assert.Equal(t, "it does not tell whether there is a DS: no authority: REFUSED", d.Servers[1].Problem)
		assert.False(t, d.Is(servers))
	})
}

// Servers without glue are found by the caller's resolver, too, and without an address they are named.
func TestAskDelegationResolver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, opts, _ := internet(t)
		opts.Resolver = resolver{"b.servers.net.": "192.0.2.12"}
		d, err := route53x.AskDelegation(t.Context(), "shop.example", opts)
		require.NoError(t, err)
		assert.True(t, d.Agreed())
		opts.Resolver = resolver{}
		d, err = route53x.AskDelegation(t.Context(), "shop.example", opts)
		require.NoError(t, err)
		assert.Len(t, d.Servers, 2)
		assert.Equal(t, "no address: b.servers.net. is not there", d.Servers[1].Problem)
		assert.False(t, d.Agreed())
	})
}

type resolver map[string]string

func (r resolver) LookupNetIP(_ context.Context, network, host string) ([]netip.Addr, error) {
	addr, ok := r[host]
	if !ok || network != "ip4" {
		return nil, fmt.Errorf("%s is not there", host)
	}
	return []netip.Addr{netip.MustParseAddr("::ffff:" + addr)}, nil
}

// Where one server has the zone above as well, a label at a time finds the right parent.
func TestAskDelegationOfZonesOnOneServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, opts, tld := internet(t)
		co := newAuthority(t, "co.example", "@ NS ns\nsmall NS ns9.old.example.\n")
		other := newAuthority(t, "co.example", "ns A 192.0.2.31\nsmall NS ns8.old.example.\n")
		n.add("192.0.2.31", other)
		tld[0].twist = func(q *dns.Msg, tcp bool, m *dns.Msg) *dns.Msg {
			if dns.IsSubDomain("co.example.", q.Question[0].Name) {
				return co.answer(q, tcp)
			}
			return m
		}
		co.rrs["ns.co.example."] = other.rrs["ns.co.example."]
		opts.Resolver = resolver{"ns.co.example.": "192.0.2.31"}
		d, err := route53x.AskDelegation(t.Context(), "small.co.example", opts)
		require.NoError(t, err)
		assert.EqualValues(t, "co.example.", d.Parent)
		assert.Equal(t, []string{"ns8.old.example"}, d.NameServers)

		// A server that has the domain itself says so.
		shop := newAuthority(t, "shop.example", "@ 60 NS ns1.old.example.\n@ 60 NS ns2.old.example.\n")
		tld[0].twist = func(q *dns.Msg, tcp bool, m *dns.Msg) *dns.Msg {
			if q.Question[0].Name == "shop.example." && q.Question[0].Qtype != dns.TypeDS {
				return shop.answer(q, tcp)
			}
			return m
		}
		opts.Resolver = nil
		d, err = route53x.AskDelegation(t.Context(), "shop.example", opts)
		require.NoError(t, err)
		assert.True(t, d.Servers[0].Child)
		assert.Equal(t, time.Minute, d.Servers[0].TTL)
		assert.False(t, d.Servers[1].Child)
	})
}

func TestAskDelegationErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, opts, tld := internet(t)
		for _, absent := range []string{"nobody.example", "a.nobody.example", "shop.nowhere", "nic.example"} {
			_, err := route53x.AskDelegation(t.Context(), absent, opts)
			require.ErrorIs(t, err, route53x.ErrNotFound, absent)
		}
		for domain, o := range map[string]*route53x.DelegationOptions{
			"a..b": nil, ".": nil, "shop.example": {Servers: []netip.AddrPort{}}, "shop2.example": {Roots: []netip.AddrPort{{}}}, "shop3.example": {Tries: -1},
		} {
			_, err := route53x.AskDelegation(t.Context(), domain, o)
			require.ErrorIs(t, err, route53x.ErrInvalid, domain)
		}
		for _, a := range tld {
			a.twist = func(_ *dns.Msg, _ bool, m *dns.Msg) *dns.Msg {
				m.Rcode = dns.RcodeRefused
				return m
			}
		}
		_, err := route53x.AskDelegation(t.Context(), "shop.example", opts)
		require.ErrorContains(t, err, "REFUSED")
		require.NotErrorIs(t, err, route53x.ErrNotFound)

		n.latency = time.Minute
		why := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, why)
		defer cancel()
		_, err = route53x.AskDelegation(ctx, "shop.example", opts)
		require.ErrorIs(t, err, why)
	})
}

// Servers whose addresses lead in a circle end the search.
func TestAskDelegationCircle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		root := n.add("192.0.2.1", newAuthority(t, ".", "example. NS ns.other.\nother. NS ns.example.\n"))
		_, err := route53x.AskDelegation(t.Context(), "shop.example", &route53x.DelegationOptions{Roots: []netip.AddrPort{root}, Exchanger: n})
		require.ErrorContains(t, err, "lead to ever more servers")
		assert.Less(t, len(n.times[root]), 50)
	})
}

// Glue for names of others is not believed.
func TestAskDelegationPoison(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, opts, tld := internet(t)
		evil := n.add("192.0.2.66", newAuthority(t, "sub.shop.example", "@ NS ns.evil.example.\nx NS ns.evil.example.\n"))
		shop := newAuthority(t, "shop.example", "sub 60 NS b.servers.net.\n")
		shop.twist = func(_ *dns.Msg, _ bool, m *dns.Msg) *dns.Msg {
			rr, _ := dns.NewRR("b.servers.net. 60 IN A 192.0.2.66")
			m.Extra = append(m.Extra, rr)
			return m
		}
		n.add("192.0.2.13", shop)
		tld[0].rrs["shop.example."] = newAuthority(t, "example", "shop NS ns.shop\n").rrs["shop.example."]
		tld[0].rrs["ns.shop.example."] = newAuthority(t, "example", "ns.shop A 192.0.2.13\n").rrs["ns.shop.example."]
		n.add("192.0.2.12", newAuthority(t, "sub.shop.example", "x NS ns.good.example.\n"))
		d, err := route53x.AskDelegation(t.Context(), "x.sub.shop.example", opts)
		require.NoError(t, err)
		assert.Equal(t, []string{"ns.good.example"}, d.NameServers)
		assert.Empty(t, n.times[evil])
	})
}

// Trap 27: a DS that is left at the parent shuts the gate, unless the new servers have its key.
func TestVerifyDS(t *testing.T) {
	t.Parallel()
	key := &dns.DNSKEY{
		Hdr: dns.RR_Header{Name: "example.com.", Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: 3600}, Flags: 257, Protocol: 3, Algorithm: 13,
	}
	_, err := key.Generate(256)
	require.NoError(t, err)
	ds := key.ToDS(dns.SHA256)
	ds.Hdr.Ttl = 86400
	forged := *ds
	forged.Digest = digest
	problem := func(server string) string {
		return fmt.Sprintf("ds example.com.: %s has no key for the DS of the parent, %d (algorithm 13): have it deleted and wait 24h0m0s, "+
			"or sign the zone with that key", server, ds.KeyTag)
	}
	for name, tt := range map[string]struct {
		parent string
		keys   []int // of the new servers that have the key
		want   []string
	}{
		"no DS": {parent: "example NS ns1.old.example.\n"},
		"a DS": {
			parent: "example NS ns1.old.example.\n" + ds.String() + "\n", keys: []int{0},
			want: []string{problem("198.51.100.2:53")},
		},
		"a DS of another key with the same tag": {
			parent: "example NS ns1.old.example.\n" + forged.String() + "\n", keys: []int{0, 1},
			want: []string{problem("198.51.100.1:53"), problem("198.51.100.2:53")},
		},
		"a DS with its key": {parent: "example NS ns1.old.example.\n" + ds.String() + "\n", keys: []int{0, 1}},
		"no delegation":     {want: []string{"delegation example.com.: route53x: delegation example.com.: not found: the parent zone does not have it"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n, v, a, b := world(t, newZone(""))
				com := n.add("203.0.113.1", newAuthority(t, "com", tt.parent))
				for _, i := range tt.keys {
					s := []*authority{a, b}[i]
					s.rrs["example.com."] = append(s.rrs["example.com."], key)
				}
				r, err := route53x.Verify(t.Context(), v, &route53x.VerifyOptions{
					Exchanger: n, Delegation: &route53x.DelegationOptions{Servers: []netip.AddrPort{com}, Exchanger: n},
				})
				require.NoError(t, err)
				differences, problems := told(r, v.New)
				assert.Empty(t, differences)
				assert.Equal(t, tt.want, problems)
				assert.Equal(t, tt.parent != "", r.Delegation != nil)
			})
		})
	}
}
