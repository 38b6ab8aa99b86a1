package route53xtest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

// zoneWithSets has what the batches of these tests run into.
func zoneWithSets(t *testing.T, opts route53xtest.Options) (*route53xtest.Server, string) {
	t.Helper()
	srv := open(t, opts)
	zone := srv.AddZone(route53xtest.ZoneSpec{Name: "example.com"})
	require.NoError(t, srv.Edit(zone,
		create(a("www.example.com.", "192.0.2.1", "192.0.2.2")), create(of("c.example.com.", route53x.CNAME, "www.example.com.")),
		create(weighted("w.example.com.", "one", 1)), create(weighted("w.example.com.", "two", 1)),
	))
	return srv, zone
}

func aliasTo(name, target, zone string) route53x.RRSet {
	return route53x.RRSet{Name: route53x.Name(name), Type: route53x.A, Alias: &route53x.Alias{ZoneID: zone, Target: route53x.Name(target)}}
}

// What Route 53 refuses, the fake refuses, and then nothing of the batch is done.
func TestBatchesAreRefused(t *testing.T) {
	t.Parallel()
	many := func(n int) (out []string) {
		for i := range n {
			out = append(out, fmt.Sprintf("198.51.%d.%d", i/250, i%250))
		}
		return out
	}
	geo := func(id, country string) route53x.RRSet {
		s := a("g.example.com.")
		s.SetIdentifier, s.Routing = id, route53x.Geolocation{Country: country}
		return s
	}
	for name, tt := range map[string]struct {
		ops  []route53x.Op
		want string
	}{
		"create on existing":       {[]route53x.Op{create(a("www.example.com."))}, "already exists"},
		"created twice":            {[]route53x.Op{create(a("a.example.com.")), create(a("A.example.com"))}, "already exists"},
		"delete of nothing":        {[]route53x.Op{remove(a("a.example.com."))}, "not found"},
		"delete with one value":    {[]route53x.Op{remove(a("www.example.com."))}, "do not match"},
		"delete with another TTL":  {[]route53x.Op{remove(route53x.RRSet{Name: "www.example.com.", Type: "A", TTL: 60, Values: []string{"192.0.2.1", "192.0.2.2"}})}, "do not match"},
		"delete twice":             {[]route53x.Op{remove(of("c.example.com.", route53x.CNAME, "www.example.com.")), remove(of("c.example.com.", route53x.CNAME, "www.example.com."))}, "invalid set of changes"},
		"CNAME beside others":      {[]route53x.Op{create(of("www.example.com.", route53x.CNAME, "a."))}, "conflicts with other records"},
		"others beside a CNAME":    {[]route53x.Op{create(a("c.example.com."))}, "conflicts with other records"},
		"CNAME at the apex":        {[]route53x.Op{create(of("example.com.", route53x.CNAME, "a."))}, "not permitted at apex"},
		"DS at the apex":           {[]route53x.Op{create(of("example.com.", route53x.DS, "1 8 2 "+strings.Repeat("ab", 32)))}, "not permitted at apex"},
		"wildcard NS":              {[]route53x.Op{create(of("*.example.com.", route53x.NS, "ns.example.net."))}, "wildcard"},
		"simple beside routed":     {[]route53x.Op{create(a("w.example.com."))}, "another routing policy"},
		"routed beside simple":     {[]route53x.Op{create(weighted("www.example.com.", "x", 1))}, "another routing policy"},
		"one place twice":          {[]route53x.Op{create(geo("1", "CN")), create(geo("2", "CN"))}, "same routing location"},
		"of another zone":          {[]route53x.Op{create(a("www.example.net."))}, "not permitted in zone"},
		"of a zone with that end":  {[]route53x.Op{create(a("www.notexample.com."))}, "not permitted in zone"},
		"no more NS":               {[]route53x.Op{remove(soaOrNS(t, route53x.NS))}, "at least one NS"},
		"no more SOA":              {[]route53x.Op{remove(soaOrNS(t, route53x.SOA))}, "exactly one SOA"},
		"alias to nothing":         {[]route53x.Op{create(aliasTo("a.example.com.", "b.example.com.", "SELF"))}, "target was not found"},
		"alias before its target":  {[]route53x.Op{create(aliasTo("a.example.com.", "b.example.com.", "SELF")), create(a("b.example.com."))}, "target was not found"},
		"neither values nor alias": {[]route53x.Op{create(route53x.RRSet{Name: "a.example.com.", Type: "MX", TTL: 1})}, "InvalidInput"},
		"unknown type":             {[]route53x.Op{create(of("a.example.com.", "LOC", "1 2"))}, "enum value set"},
		"unknown action":           {[]route53x.Op{{Action: "REPLACE", Set: a("a.example.com.")}}, "enum value set"},
		"no address":               {[]route53x.Op{create(a("a.example.com.", "192.0.2.300"))}, "IPAddress"},
		"AAAA is no A":             {[]route53x.Op{create(a("a.example.com.", "2001:db8::1"))}, "IPAddress"},
		"text without quotes":      {[]route53x.Op{create(of("a.example.com.", route53x.TXT, "hello"))}, "quotation marks"},
		"a string of 256":          {[]route53x.Op{create(of("a.example.com.", route53x.TXT, `"`+strings.Repeat("x", 256)+`"`))}, "TooLong"},
		"a text of 4001":           {[]route53x.Op{create(of("a.example.com.", route53x.TXT, strings.Repeat(`"xxxxx" `, 500)+`"x"`))}, "TooLong"},
		"a decimal escape":         {[]route53x.Op{create(of("a.example.com.", route53x.TXT, `"\189"`))}, "octal"},
		"MX without priority":      {[]route53x.Op{create(of("a.example.com.", route53x.MX, "mail.example.com."))}, "InvalidResourceRecord"},
		"a value twice":            {[]route53x.Op{create(a("a.example.com.", "192.0.2.1", "192.0.2.1"))}, "Duplicate Resource Record"},
		"two CNAMEs":               {[]route53x.Op{create(of("a.example.com.", route53x.CNAME, "a.", "b."))}, "exactly one value"},
		"401 values":               {[]route53x.Op{create(a("a.example.com.", many(401)...))}, "more than 400 records"},
		"weight 256":               {[]route53x.Op{create(weighted("a.example.com.", "x", 256))}, "Weight"},
		"no identifier":            {[]route53x.Op{create(weighted("a.example.com.", "", 1))}, "SetIdentifier"},
		"a label of 64":            {[]route53x.Op{create(a(strings.Repeat("x", 64) + ".example.com."))}, "64 bytes"},
		"an NS that is no name":    {[]route53x.Op{{Action: "CREATE", Set: of("a.example.com.", route53x.NS, "not a name")}}, "one domain name"},
		"1001 values":              {[]route53x.Op{create(a("a.example.com.", many(334)...)), create(a("b.example.com.", many(334)...)), create(a("d.example.com.", many(333)...))}, "records limit of 1000"},
		"501 values by UPSERT":     {[]route53x.Op{upsert(a("a.example.com.", many(250)...)), upsert(a("b.example.com.", many(251)...))}, "records limit of 1000"},
		"32,001 characters":        {append(texts("CREATE", 8), create(a("z.example.com.", "1.2.3.4"))), "character limit of 32000"},
		"UPSERT of 16,008":         {append(texts("UPSERT", 4), upsert(a("z.example.com.", "1.2.3.45"))), "character limit of 32000"},
		"everything wrong is said": {[]route53x.Op{create(a("www.example.com.")), remove(a("no.example.com."))}, "not found, Tried to create"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, zone := zoneWithSets(t, route53xtest.Options{})
			for i := range tt.ops {
				if alias := tt.ops[i].Set.Alias; alias != nil {
					tt.ops[i].Set.Alias = &route53x.Alias{ZoneID: zone, Target: alias.Target}
				}
			}
			before := srv.Sets(zone)
			err := srv.Edit(zone, append([]route53x.Op{create(of("fine.example.com.", route53x.PTR, "a."))}, tt.ops...)...)
			if name == "1001 values" || strings.Contains(name, "UPSERT") || strings.Contains(name, "characters") {
				err = srv.Edit(zone, tt.ops...)
			}
			require.ErrorContains(t, err, tt.want)
			assert.Equal(t, before, srv.Sets(zone), "all or nothing")
		})
	}
}

// texts is n sets of 4000 characters each.
func texts(action string, n int) (ops []route53x.Op) {
	value := strings.TrimSpace(strings.Repeat(`"`+strings.Repeat("x", 247)+`" `, 16))
	value = value[:len(value)-1] + `x"`
	for i := range n {
		ops = append(ops, route53x.Op{Action: action, Set: of(fmt.Sprintf("t%d.example.com.", i), route53x.TXT, value)})
	}
	return ops
}

func soaOrNS(t *testing.T, typ route53x.Type) route53x.RRSet {
	t.Helper()
	srv, zone := zoneWithSets(t, route53xtest.Options{})
	for _, s := range srv.Sets(zone) {
		if s.Type == typ {
			return s
		}
	}
	require.Fail(t, "no such set")
	return route53x.RRSet{}
}

// The exact bounds fit, and what may be side by side may.
func TestBatchesAreTaken(t *testing.T) {
	t.Parallel()
	thousand := make([]route53x.Op, 0, 1000)
	for i := range 1000 {
		thousand = append(thousand, create(a(fmt.Sprintf("h%d.example.com.", i))))
	}
	for name, ops := range map[string][]route53x.Op{
		"1000 values":           thousand,
		"32,000 characters":     texts("CREATE", 8),
		"UPSERT of 16,000":      texts("UPSERT", 4),
		"swap":                  {create(a("www.example.com.", "192.0.2.9")), remove(a("www.example.com.", "192.0.2.2", "192.0.2.1"))},
		"CNAME to A":            {create(a("c.example.com.")), remove(of("c.example.com.", route53x.CNAME, "www.example.com."))},
		"alias after target":    {create(a("b.example.com.")), create(aliasTo("a.example.com.", "b.example.com.", "SELF"))},
		"a third weighted one":  {create(weighted("w.example.com.", "three", 0))},
		"every byte in a name":  {create(a(`\000\377\054@.example.com.`))},
		"every byte in a text":  {create(of("x.example.com.", route53x.TXT, `"\000\"\\\377"`))},
		"UPSERT of a new one":   {upsert(a("new.example.com."))},
		"NS and DS of a child":  {create(of("k.example.com.", route53x.NS, "ns.example.net.")), create(of("k.example.com.", route53x.DS, "1 8 2 "+strings.Repeat("ab", 32)))},
		"everything of SVCB":    {create(of("s.example.com.", route53x.HTTPS, `1 . alpn="h2,h3" port="8443"`))},
		"CAA, NAPTR, SRV, TLSA": {create(of("example.com.", route53x.CAA, `0 issue "amazon.com"`)), create(of("n.example.com.", route53x.NAPTR, `1 2 "u" "E2U+sip" "!^.*$!sip:a@example.com!" .`)), create(of("_s._tcp.example.com.", route53x.SRV, "1 2 3 www.example.com.")), create(of("_443._tcp.example.com.", route53x.TLSA, "3 1 1 "+strings.Repeat("ab", 32)))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, zone := zoneWithSets(t, route53xtest.Options{})
			for i := range ops {
				if alias := ops[i].Set.Alias; alias != nil {
					ops[i].Set.Alias = &route53x.Alias{ZoneID: zone, Target: alias.Target}
				}
			}
			assert.NoError(t, srv.Edit(zone, ops...))
		})
	}
}

func TestQuotaOfSets(t *testing.T) {
	t.Parallel()
	srv, zone := zoneWithSets(t, route53xtest.Options{MaxSets: 7})
	require.NoError(t, srv.Edit(zone, create(a("7.example.com."))))
	require.ErrorContains(t, srv.Edit(zone, create(a("8.example.com."))), "MAX_RRSETS_BY_ZONE")
	assert.NoError(t, srv.Edit(zone, create(a("8.example.com.")), remove(a("7.example.com."))))
}
