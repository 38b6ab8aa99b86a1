package route53x_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
)

func parse(t *testing.T, text string, opts *route53x.ParseOptions) (sets, issues []string) {
	t.Helper()
	zone, found, err := route53x.ParseZone(strings.NewReader(text), "example.com", opts)
	require.NoError(t, err)
	for _, s := range zone.Sets {
		sets = append(sets, s.String())
	}
	for _, i := range found {
		issues = append(issues, i.String())
	}
	return sets, issues
}

func TestParseZone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text   string
		opts   *route53x.ParseOptions
		sets   []string
		issues []string
	}{
		"nothing":               {text: "\n; only this\n \n"},
		"byte order mark, CRLF": {text: "\ufeff@ 60 A 192.0.2.1\r\n", sets: []string{"example.com. A 60 192.0.2.1"}},
		"TTL and class in any order": {
			text: "a 60 IN A 192.0.2.1\nb IN 1h30M A 192.0.2.1\nc.example.com. in a 192.0.2.1\n",
			sets: []string{"a.example.com. A 60 192.0.2.1", "b.example.com. A 5400 192.0.2.1", "c.example.com. A 5400 192.0.2.1"},
		},
		"$TTL before the last TTL": {
			text: "a 60 A 192.0.2.1\n$TTL 1d\nb A 192.0.2.1\n",
			sets: []string{"a.example.com. A 60 192.0.2.1", "b.example.com. A 86400 192.0.2.1"},
		},
		"minimum of the SOA": {
			text:   "@ IN SOA ns hm ( 1 ; serial\n 7200 900\n 1209600 77 )\nb A 192.0.2.1\n",
			sets:   []string{"b.example.com. A 77 192.0.2.1"},
			issues: []string{`1:1: skipped: SOA of the apex: a zone at Route 53 has its own: "@"`},
		},
		"no TTL at all": {
			text: "b A 192.0.2.1\n", sets: []string{"b.example.com. A 300 192.0.2.1"},
			issues: []string{`1:1: note: no TTL, and none to inherit: 300: "b"`},
		},
		"TTL too large": {text: "b 3000000000 A 192.0.2.1\n", issues: []string{`1:3: wrong: TTL is more than 2147483647 seconds: "3000000000"`}},
		"owner inherited": {
			text: "a 60 A 192.0.2.1\n  A 192.0.2.2\n\tTXT x\n",
			sets: []string{"a.example.com. A 60 192.0.2.1, 192.0.2.2", `a.example.com. TXT 60 "x"`},
		},
		"owner of a bad line is not inherited": {
			text: "a 60 A 192.0.2.1\nb..c 60 A 192.0.2.2\n 60 A 192.0.2.3\n",
			sets: []string{"a.example.com. A 60 192.0.2.1"},
			issues: []string{
				`2:1: wrong: name "b..c.example.com." has an empty label: "b..c"`,
				`3:2: wrong: no owner: the line begins with a blank, and no good record is before it: "60"`,
			},
		},
		"$ORIGIN": {
			text: "$ORIGIN sub\na 60 CNAME b\n$ORIGIN example.com.\nc CNAME @\nd CNAME e.org.\n",
			sets: []string{"c.example.com. CNAME 60 example.com.", "d.example.com. CNAME 60 e.org.", "a.sub.example.com. CNAME 60 b.sub.example.com."},
		},
		"$INCLUDE is refused": {
			text: "$INCLUDE /etc/passwd\na 60 A 192.0.2.1\n", sets: []string{"a.example.com. A 60 192.0.2.1"},
			issues: []string{`1:1: wrong: $INCLUDE is not followed: other files are not opened; put its records here: "$INCLUDE"`},
		},
		"an origin that is not one": { // records must not land under the one before
			text: "$ORIGIN a..b\na 60 A 192.0.2.1\nb.example.com. 60 CNAME c\nd.example.com. 60 A 192.0.2.1\n$ORIGIN example.com.\ne 60 A 192.0.2.1\n",
			sets: []string{"d.example.com. A 60 192.0.2.1", "e.example.com. A 60 192.0.2.1"},
			issues: []string{
				`1:9: wrong: $ORIGIN: name "a..b.example.com." has an empty label: "a..b"`,
				`2:1: wrong: a relative name, and the last $ORIGIN was not readable: "a"`,
				`3:25: wrong: CNAME: bad CNAME Target: "c"`,
			},
		},
		"directives that are not": {
			text: "$MAGIC\n$TTL never\n$ORIGIN\n",
			issues: []string{
				`1:1: wrong: no such directive: "$MAGIC"`,
				`2:6: wrong: $TTL: not a time: seconds, or numbers with w, d, h, m, s: "never"`,
				`3:1: wrong: $ORIGIN takes one name: "$ORIGIN"`,
			},
		},
		"$GENERATE": {
			text: "$TTL 60\n$GENERATE 1-3/2 h$ A 192.0.2.$\n",
			sets: []string{"h1.example.com. A 60 192.0.2.1", "h3.example.com. A 60 192.0.2.3"},
		},
		"$GENERATE of nothing": {text: "$GENERATE 0-65535 \\;\n", issues: []string{`1:1: wrong: $GENERATE makes no record: "$GENERATE"`}},
		"$GENERATE of too much": {
			text: "$GENERATE 0-9999999 h$ A 192.0.2.1\na 60 A 192.0.2.1\n", sets: []string{"a.example.com. A 60 192.0.2.1"},
			issues: []string{`1:11: wrong: $GENERATE: bad range in $GENERATE range: "0-9999999"`},
		},
		"decimal escapes": { // trap 1: \042 is a star here
			text: `\042 60 TXT "\042\"\\" \195\169` + "\n" + `a\032b 60 CNAME x\046y` + "\n",
			sets: []string{`*.example.com. TXT 60 "*\"\\" "\303\251"`, `a\032b.example.com. CNAME 60 x\056y.example.com.`},
		},
		"RFC 3597": {
			text:   "a 60 TYPE65 \\# 3 000100\nb 60 TYPE1 \\# 4 C0000201\nc 60 TYPE65534 \\# 1 00\nd 60 CLASS1 A 192.0.2.1\n",
			sets:   []string{"a.example.com. HTTPS 60 1 .", "b.example.com. A 60 192.0.2.1", "d.example.com. A 60 192.0.2.1"},
			issues: []string{`3:6: unsupported: type 65534: Route 53 does not have it: "TYPE65534"`},
		},
		"types that Route 53 does not have": { // trap 18
			text: "a 60 LOC 51 N 0 E 0m\nb 60 DNAME c\nc 60 ALIAS d\nd 60 CH A 192.0.2.1\ne 60 WHAT x\n",
			issues: []string{
				`1:6: unsupported: type LOC: Route 53 does not have it: "LOC"`,
				`2:6: unsupported: type DNAME: Route 53 does not have it: "DNAME"`,
				`3:6: unsupported: type ALIAS is an invention of providers: at Route 53 an alias does that, and needs the target's hosted zone: "ALIAS"`,
				`4:1: unsupported: class CH: Route 53 has IN only: "d"`,
				`5:6: wrong: neither a TTL, a class nor a type: "WHAT"`,
			},
		},
		"bad lines with their columns": { // trap 19
			text: "a 60 A 300.1.1.1\nb 60 MX ten mail\nc 60 TXT \"open\nd 60 A\ne 60 )\nf 60\nh 60 AAAA ::1\n",
			sets: []string{"h.example.com. AAAA 60 ::1"},
			issues: []string{
				`1:8: wrong: A: bad A A: "300.1.1.1"`,
				`2:9: wrong: MX: bad MX Pref: "ten"`,
				`3:10: wrong: a quoted string does not end on its line: "\"open"`,
				`4:6: wrong: the record has no data: "A"`,
				`5:6: wrong: a parenthesis closes that was not opened: ")"`,
				`6:3: wrong: the line ends before the type of the record: "60"`,
			},
		},
		"parentheses that do not close": {
			text: "a 60 A (\nb 60 A 192.0.2.1\nc 60 A ( 192.0.2.2\n )\nd 60 A ( 192.0.2.3\ne 60 A 192.0.2.4\n",
			sets: []string{"b.example.com. A 60 192.0.2.1", "c.example.com. A 60 192.0.2.2", "e.example.com. A 60 192.0.2.4"},
			issues: []string{
				`1:8: wrong: a parenthesis does not close: "("`,
				`5:8: wrong: a parenthesis does not close: "("`,
			},
		},
		"the apex": { // trap 17
			text: "@ 60 NS ns1.example.net.\nsub 60 NS ns.sub\nns.sub 60 A 192.0.2.53\n@ 60 DS 1 13 2 " + strings.Repeat("00", 32) + "\nsub 60 SOA a b 1 2 3 4 5\n",
			sets: []string{"sub.example.com. NS 60 ns.sub.example.com.", "ns.sub.example.com. A 60 192.0.2.53"},
			issues: []string{
				`1:1: skipped: NS of the apex: a zone at Route 53 has its own: "@"`,
				`4:1: unsupported: the DS of the zone itself belongs to the registrar: "@"`,
				`5:1: wrong: an SOA below the apex: "sub"`,
			},
		},
		"the apex, kept": {
			text: "@ 60 NS ns1\n", opts: &route53x.ParseOptions{KeepApex: true},
			sets: []string{"example.com. NS 60 ns1.example.com."},
		},
		"outside": {text: "a.org. 60 A 192.0.2.1\n", issues: []string{`1:1: wrong: a.org. is not in the zone example.com.: "a.org."`}},
		"one TTL for a set": { // trap 23
			text: "a 600 A 192.0.2.1\na 60 A 192.0.2.2\na 60 A 192.0.2.1\n",
			sets: []string{"a.example.com. A 60 192.0.2.1, 192.0.2.2"},
			issues: []string{
				`2:1: note: a.example.com. A: TTLs differ, and a set has one: the lowest: "a"`,
				`3:1: note: the same record stands there twice: "a"`,
			},
		},
		"what may not stand together": { // traps 24 and 11
			text: "@ 60 CNAME x.org.\na 60 CNAME b\na 60 A 192.0.2.1\n",
			sets: []string{"example.com. CNAME 60 x.org.", "a.example.com. A 60 192.0.2.1", "a.example.com. CNAME 60 b.example.com."},
			issues: []string{
				`1:1: wrong: example.com. CNAME: a CNAME cannot stand at the apex: an alias can, if its target is an AWS resource: "@"`,
				`2:1: wrong: a.example.com. CNAME: a CNAME cannot stand beside other types: "a"`,
			},
		},
		"Cloudflare": { // trap 20
			text: "a.example.com.\t1\tIN\tA\t192.0.2.1 ; web ; AWS server cf_tags=cf-proxied:true\nb.example.com. 1 IN TXT \"a;b\" ; cf_tags=cf-proxied:false\n",
			sets: []string{"a.example.com. A 300 192.0.2.1", `b.example.com. TXT 300 "a;b"`},
			issues: []string{
				`1:1: note: proxied by Cloudflare: the world sees its addresses, the file has the origin: "a.example.com."`,
				`1:1: note: TTL 1 is Cloudflare's automatic: 300: "a.example.com."`,
				`2:1: note: TTL 1 is Cloudflare's automatic: 300: "b.example.com."`,
			},
		},
		"TTL 1 elsewhere": {
			text: "a 1 A 192.0.2.1\n", sets: []string{"a.example.com. A 1 192.0.2.1"},
			issues: []string{`1:1: note: TTL 1: Cloudflare means automatic by that, and this file has no mark of Cloudflare; kept: "a"`},
		},
		"cli53": {
			text: "a 60 A 192.0.2.1 ; AWS routing=\"WEIGHTED\" weight=1 identifier=\"One\"\na 60 A 192.0.2.2 ; AWS routing=\"WEIGHTED\" weight=2 healthCheckId=\"h\" identifier=\"Two\"\n" +
				"@ 86400 AWS ALIAS A d1.cloudfront.net. Z2FDTNDATAQYW2 false\nb 86400 AWS ALIAS A a $self true ; AWS routing=\"FAILOVER\" failover=\"PRIMARY\" identifier=\"x\"\n",
			sets: []string{
				"example.com. A alias of d1.cloudfront.net. in Z2FDTNDATAQYW2",
				`a.example.com. A [One] 60 192.0.2.1 (routing="WEIGHTED" weight=1 identifier="One")`,
				`a.example.com. A [Two] 60 192.0.2.2 (routing="WEIGHTED" weight=2 healthCheckId="h" identifier="Two")`,
				`b.example.com. A [x] alias of a.example.com. in $self (routing="FAILOVER" failover="PRIMARY" identifier="x")`,
			},
		},
		"an identifier with the mark of Cloudflare": {
			text:   "a 1 A 192.0.2.1 ; AWS routing=\"WEIGHTED\" weight=1 identifier=\"cf_tags=\"\n",
			sets:   []string{`a.example.com. A [cf_tags=] 1 192.0.2.1 (routing="WEIGHTED" weight=1 identifier="cf_tags=")`},
			issues: []string{`1:1: note: TTL 1: Cloudflare means automatic by that, and this file has no mark of Cloudflare; kept: "a"`},
		},
		"cli53, wrong": {
			text: "a 60 A 192.0.2.1 ; AWS routing=\"MOON\" identifier=\"One\"\nb 60 A 192.0.2.1 ; AWS routing=\"WEIGHTED\" weight=1\nc 60 A 192.0.2.1 ; AWS load balancer\nd 60 AWS ALIAS A x\n",
			sets: []string{"c.example.com. A 60 192.0.2.1"},
			issues: []string{
				`1:1: wrong: AWS comment: routing "MOON" is not known: "a"`,
				`2:1: wrong: AWS comment: a routing without an identifier of 1 to 128 characters: "b"`,
				`4:10: wrong: an ALIAS has four fields: type, target, hosted zone ID, true or false: "ALIAS"`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sets, issues := parse(t, tt.text, tt.opts)
			assert.Equal(t, tt.sets, sets)
			assert.Equal(t, tt.issues, issues)
		})
	}
}

func TestProxiedSets(t *testing.T) {
	t.Parallel()
	zone, _, err := route53x.ParseZone(strings.NewReader("a 1 A 192.0.2.1 ; cf_tags=cf-proxied:true\na 1 A 192.0.2.2 ; cf_tags=cf-proxied:true\n"), "example.com", &route53x.ParseOptions{AutoTTL: 120})
	require.NoError(t, err)
	assert.Equal(t, []route53x.Key{{Name: "a.example.com.", Type: route53x.A}}, zone.Proxied)
	assert.Equal(t, uint32(120), zone.Sets[0].TTL)
}

// Trap 19: a bomb is stopped, in records and in bytes.
func TestParseZoneIsBounded(t *testing.T) {
	t.Parallel()
	bomb := strings.Repeat("$GENERATE 0-60000 h$ 60 A 192.0.2.1\n", 10)
	zone, _, err := route53x.ParseZone(strings.NewReader(bomb), "example.com", &route53x.ParseOptions{MaxRecords: 100})
	require.ErrorIs(t, err, route53x.ErrLimit)
	assert.Len(t, zone.Sets, 100)
	_, _, err = route53x.ParseZone(strings.NewReader(bomb), "example.com", &route53x.ParseOptions{MaxBytes: 100})
	require.ErrorIs(t, err, route53x.ErrLimit)
	_, _, err = route53x.ParseZone(strings.NewReader(""), "", nil)
	require.ErrorContains(t, err, "origin")
	// a million parentheses that do not close are read once
	_, issues, err := route53x.ParseZone(strings.NewReader(strings.Repeat("(\n", 1_000)), "example.com", nil)
	require.NoError(t, err)
	assert.Len(t, issues, 1_000)
}

func full() []route53x.RRSet {
	sets := []route53x.RRSet{
		simple("example.com.", route53x.SOA, 900, "ns-1.awsdns-1.org. hostmaster.example.com. 1 7200 900 1209600 86400"),
		simple("example.com.", route53x.NS, 172800, "ns-1.awsdns-1.org.", "ns-2.awsdns-2.com."),
		simple(`\052.example.com.`, route53x.TXT, 1, `"\000\"\\;()\377"`, `"a" "b"`, `""`),
		simple(`a\040b\056\100.example.com.`, route53x.CNAME, 0, `\100\056x.example.com.`),
		simple("example.com.", route53x.CAA, 60, `0 issue "ca.example; a=b"`),
		simple("n.example.com.", route53x.NAPTR, 60, `100 10 "U" "SIP+D2U" "!^.*$!sip:\\1@b!" .`),
		simple("h.example.com.", route53x.HTTPS, 60, `1 . alpn="h2,h3" port="8443" ipv4hint="192.0.2.1"`),
		simple("s.example.com.", route53x.SSHFP, 60, "4 2 abcd"),
		simple("6.example.com.", route53x.AAAA, 60, "::ffff:192.0.2.1", "2001:db8::1"),
		alias("example.com.", `x\100.example.com.`),
	}
	for name, r := range policies() {
		set := routed(name+` "\é`+"\n", r, "192.0.2.1")
		set.Name = route53x.Name(strings.ReplaceAll(name, " ", "") + ".example.com.")
		set.HealthCheck = "hc;1"
		sets = append(sets, set)
	}
	return sets
}

// Trap 13, and the rest of what a zone can hold: nothing is lost on the way through a file.
func TestWriteZoneReadsBack(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]*route53x.WriteOptions{"absolute": nil, "relative": {Relative: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			require.NoError(t, route53x.WriteZone(&out, "example.com", slices.Values(full()), opts))
			zone, issues, err := route53x.ParseZone(strings.NewReader(out.String()), "example.com", &route53x.ParseOptions{KeepApex: true})
			require.NoError(t, err)
			for _, i := range issues {
				assert.Equal(t, route53x.Note, i.Severity, "%s", i)
			}
			requireSame(t, full(), zone.Sets)
			assert.Equal(t, opts == nil, strings.Contains(out.String(), "\n*.example.com.\t1\tIN\tTXT"))
		})
	}
}

func requireSame(t *testing.T, want, got []route53x.RRSet) {
	t.Helper()
	byKey := func(sets []route53x.RRSet) map[route53x.Key]route53x.RRSet {
		m := map[route53x.Key]route53x.RRSet{}
		for _, s := range sets {
			c, err := s.Canonical()
			require.NoError(t, err)
			m[c.Key()] = c
		}
		return m
	}
	require.Equal(t, byKey(want), byKey(got))
}

func TestWriteZoneRefuses(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	a := simple("a.example.com.", route53x.A, 60, "192.0.2.1")
	err := route53x.WriteZone(&out, "example.com", slices.Values([]route53x.RRSet{
		a, a, simple("a.org.", route53x.A, 60, "192.0.2.1"), simple("b.example.com.", "LOC", 60, "x"),
	}), nil)
	require.ErrorIs(t, err, route53x.ErrInvalid)
	for _, reason := range []string{"twice", "not in the zone", "does not have it"} {
		require.ErrorContains(t, err, reason)
	}
	assert.Empty(t, out.String())
}

func FuzzParseZone(f *testing.F) {
	for _, seed := range []string{
		"$ORIGIN a.example.com.\n$TTL 1h\n@ IN SOA ns hm ( 1 2 ; c\n 3 4 5 )\n NS ns\n\\042 TXT \"a\\034\" b\n",
		"a 60 A 192.0.2.1 ; AWS routing=\"WEIGHTED\" weight=1 identifier=\"O\\034ne\"\n",
		"@ 86400 AWS ALIAS A d1.cloudfront.net. Z2FDTNDATAQYW2 false\n$GENERATE 1-3 h${0,3,x} A 192.0.2.$\n",
		"h 1 HTTPS 1 . alpn=h2 key65000=\"\\001\\\"\" ech=AAAA ; cf_tags=cf-proxied:true\n",
		"n NAPTR 1 2 \"u\" \"E2U+sip\" \"!^.*$!\\\\1!\" .\nx TYPE65 \\# 3 000100\nc CAA 0 issue \"a;b\"\nd DS 1 13 2 0a0b\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		opts := &route53x.ParseOptions{KeepApex: true, MaxRecords: 500, MaxBytes: 1 << 16}
		zone, _, err := route53x.ParseZone(strings.NewReader(text), "example.com", opts)
		if err != nil {
			return
		}
		var good []route53x.RRSet
		for _, s := range zone.Sets {
			if c, err := s.Canonical(); err == nil {
				good = append(good, s)
				again, err := c.Canonical()
				require.NoError(t, err)
				require.Equal(t, c, again)
			} else {
				require.ErrorContains(t, err, "a CNAME has one value", "%s", s) // which is one of the issues
			}
		}
		var out strings.Builder
		require.NoError(t, route53x.WriteZone(&out, "example.com", slices.Values(good), nil))
		back, _, err := route53x.ParseZone(strings.NewReader(out.String()), "example.com", &route53x.ParseOptions{KeepApex: true})
		require.NoError(t, err, out.String())
		requireSame(t, good, back.Sets)
	})
}
