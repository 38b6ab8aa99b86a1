package route53x_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/need"
	"github.com/kitroll/kitroll/route53x"
)

// plainZone has every type that Route 53 has, and whatever RFC 1035 and its successors let a zone file do. BIND reads it
// too.
const plainZone = `$TTL 1h
@	IN SOA	ns1.old.example. host\.master.example.com. ( 2026112701 ; the serial (of the day)
		2h 15m
		2w 5m )
	NS	ns1.old.example.
	NS	NS2.OLD.example.
@	86400 IN A 192.0.2.1
	86400	A	192.0.2.2
	MX	10 mail
	MX	20 mail.old.example.
	TXT	"v=spf1 mx -all"
	CAA	0 issue "amazon.com"
	CAA	128 issuewild ";"
	CAA	0 iodef "mailto:host\@example.com"
MAIL	1D A	192.0.2.25
	1D AAAA	2001:DB8:0:0::25
four.in.six AAAA ::ffff:192.0.2.1
www	CNAME	@
1.2	PTR	www
_sip._tcp	SRV	1 2 5060 mail
	SRV	1 2 5061 .
e164	NAPTR	100 10 "u" "E2U+sip" "!^(.*)$!sip:\\1@example.com!" .
	NAPTR	100 20 "" "" "" next.e164
spf	SPF	"v=spf1 -all"
sub	NS	ns.sub
sub	DS	( 4711 13 2 00112233445566778899AABBCCDDEEFF
		00112233445566778899aabbccddeeff )
ns.sub	A	192.0.2.53
_443._tcp	TLSA	3 1 1 ( 00112233445566778899aabbccddeeff 00112233445566778899AABBCCDDEEFF )
host	SSHFP	4 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
svc	HTTPS	1 . alpn="h2,h3" port=8443 ipv4hint=192.0.2.1,192.0.2.2
svc	HTTPS	0 other.example.
dns	SVCB	2 target mandatory=alpn alpn=dot no-default-alpn key65333="a\"b\\c\255"
old	TYPE65	\# 3 000100
old	TYPE1	\# 4 C0000201
$ORIGIN deep.example.com.
a.b	TXT	"one" "two\; three" four\ five ( six
	"seven ; no comment" )
quote	TXT	"a \"quote\", a \\ and \195\188ber \042 \000\127\255"
empty	TXT	""
dots\.in.label	A	192.0.2.7
\097bc	A	192.0.2.8
sp\032ace	A	192.0.2.9
at\@home	A	192.0.2.10
*	A	192.0.2.11
not.*.wild	A	192.0.2.12
-.-	A	192.0.2.13
under_score	TXT	( ` + `"` + strings250 + `" "` + strings250 + `" )
$ORIGIN example.com.
$TTL 60
$GENERATE 0-30/10 node-${0,3,d} A 198.51.100.$
$GENERATE 1-2 rev$ CNAME node-${10,3}.deep
`

// strings250 is a long string.
const strings250 = "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789" +
	"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789" +
	"01234567890123456789012345678901234567890123456789"

// awsZone is what only Route 53 has, in the manner of cli53.
const awsZone = `$ORIGIN example.com.
cdn	86400 AWS ALIAS	A d111111abcdef8.cloudfront.net. Z2FDTNDATAQYW2 false
cdn	86400 AWS ALIAS	AAAA d111111abcdef8.cloudfront.net. Z2FDTNDATAQYW2 true
inner	86400 AWS ALIAS	TXT a.b.deep $self false
w	60	A	192.0.2.1 ; AWS routing="WEIGHTED" weight=0 identifier="One"
w	60	A	192.0.2.2 ; AWS routing="WEIGHTED" weight=255 identifier="Tw \"o\"" healthCheckId="hc-1"
l	60	AAAA	2001:db8::1 ; AWS routing="LATENCY" region="eu-central-1" identifier="eu"
g	60	CNAME	cn.example.net. ; AWS routing="GEOLOCATION" countryCode="CN" identifier="cn"
g	60	CNAME	all.example.net. ; AWS routing="GEOLOCATION" countryCode="*" identifier="all"
g2	60	TXT	"state" ; AWS routing="GEOLOCATION" countryCode="US" subdivisionCode="CA" identifier="ca"
g2	60	TXT	"continent" ; AWS routing="GEOLOCATION" continentCode="EU" identifier="eu"
f	60	A	192.0.2.3 ; AWS routing="FAILOVER" failover="PRIMARY" identifier="p" healthCheckId="hc-2"
f	60	A	192.0.2.4 ; AWS routing="FAILOVER" failover="SECONDARY" identifier="s"
m	60	A	192.0.2.5 ; AWS routing="MULTIVALUE" identifier="m1"
m	60	A	192.0.2.6 ; AWS routing="MULTIVALUE" identifier="m2"
`

func keepApex(t *testing.T, file string) (sets []route53x.RRSet, issues []route53x.Issue) {
	t.Helper()
	zone, issues, err := route53x.ParseZone(strings.NewReader(file), "example.com", &route53x.ParseOptions{KeepApex: true})
	require.NoError(t, err)
	return zone.Sets, issues
}

// Parse, write and parse again is the identity, to the letter, in both ways of writing; and writing again writes the same.
// The zone has every type and, beside those of the file, every policy.
func TestRoundTripOfEverything(t *testing.T) {
	t.Parallel()
	first, issues := keepApex(t, plainZone+awsZone)
	require.Empty(t, issues)
	types := map[route53x.Type]bool{}
	for _, s := range first {
		types[s.Type] = true
	}
	all := []route53x.Type{"A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "SSHFP", "SVCB", "TLSA", "TXT"}
	assert.Equal(t, all, slices.Sorted(maps.Keys(types)))
	for id, r := range policies() {
		s := simple(route53x.Name("p-"+strings.ReplaceAll(id, " ", "-")+".example.com."), route53x.A, 60, "192.0.2.1")
		s.Routing, s.SetIdentifier, s.HealthCheck = r, `the "`+id+`"`, "hc"
		c, err := s.Canonical()
		require.NoError(t, err)
		first = append(first, c)
	}
	want := canonicalText(t, first)
	for name, opts := range map[string]*route53x.WriteOptions{"absolute": nil, "relative": {Relative: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var file, again strings.Builder
			require.NoError(t, route53x.WriteZone(&file, "example.com", slices.Values(first), opts))
			second, issues := keepApex(t, file.String())
			assert.Empty(t, issues)
			assert.Equal(t, want, canonicalText(t, second))
			require.NoError(t, route53x.WriteZone(&again, "example.com", slices.Values(second), opts))
			assert.Equal(t, sortedLines(file.String()), sortedLines(again.String()))
		})
	}
}

func sortedLines(s string) []string { return slices.Sorted(strings.Lines(s)) }

// canonicalText is the canonical sets, borders of strings and all.
func canonicalText(t *testing.T, sets []route53x.RRSet) []string {
	t.Helper()
	var out []string
	for _, s := range sets {
		c, err := s.Canonical()
		require.NoError(t, err)
		data, err := c.MarshalJSON()
		require.NoError(t, err)
		out = append(out, string(data))
	}
	slices.Sort(out)
	return out
}

// The opinion of BIND: named-compilezone reads the same file, and named-rrchecker makes bytes of each record that it wrote.
// These are the bytes of our sets, owner for owner and TTL for TTL.
func TestParseZoneAsBINDDoes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	require.NoError(t, os.WriteFile(in, []byte(plainZone), 0o600))
	compile := exec.Command(need.Program(t, "named-compilezone", "bind9-utils"),
		"-i", "none", "-k", "ignore", "-n", "ignore", "-m", "ignore", "-M", "ignore", "-r", "ignore", "-S", "ignore", "-T", "ignore", "-W", "ignore",
		"-s", "full", "-o", out, "example.com", in)
	said, err := compile.CombinedOutput()
	require.NoError(t, err, string(said))
	compiled, err := os.ReadFile(out)
	require.NoError(t, err)

	var theirs []string
	check := need.Program(t, "named-rrchecker", "bind9")
	for line := range strings.Lines(string(compiled)) {
		fields := strings.SplitN(strings.Join(strings.Fields(line[:strings.IndexAny(line, "\n")]), " "), " ", 4)
		require.Len(t, fields, 4, line)
		owner, ttl := fields[0], fields[1]
		rest := line[strings.Index(line, "IN"):] // as it stands: blanks count in strings
		cmd := exec.Command(check, "-o", ".", "-u")
		cmd.Stdin = strings.NewReader(rest)
		text, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s: %s", line, text)
		theirs = append(theirs, fmt.Sprintf("%s %s %s", wireName(t, owner), ttl, bytesOf(t, string(text))))
	}

	sets, issues := keepApex(t, plainZone)
	require.Empty(t, issues)
	var ours []string
	for _, s := range sets {
		for _, v := range s.Values {
			ours = append(ours, fmt.Sprintf("%s %d %s", wireName(t, s.Name.ZoneFile()), s.TTL, ourBytes(t, s.Type, v)))
		}
	}
	slices.Sort(theirs)
	slices.Sort(ours)
	assert.Equal(t, theirs, ours)
	assert.Greater(t, len(ours), 45)
}

// bytesOf reads "CLASS1 TYPE1 \# 4 01020304": the type and the data. Name servers are made lower-case, as ours are, which
// leaves the lengths of labels alone.
func bytesOf(t *testing.T, unknown string) string {
	t.Helper()
	f := strings.Fields(unknown)
	require.GreaterOrEqual(t, len(f), 4, unknown)
	data, err := hex.DecodeString(strings.Join(f[4:], ""))
	require.NoError(t, err, unknown)
	if f[1] == "TYPE2" {
		data = bytes.ToLower(data)
	}
	return f[1] + " " + hex.EncodeToString(data)
}

// ourBytes makes the same of a value, by way of nothing that read the file: octal escapes to bytes, the rest by the wire
// format of the library.
func ourBytes(t *testing.T, typ route53x.Type, value string) string {
	t.Helper()
	owner := map[bool]route53x.Name{true: ".", false: "x."}[typ == route53x.SOA]
	var file strings.Builder
	require.NoError(t, route53x.WriteZone(&file, ".", slices.Values([]route53x.RRSet{simple(owner, typ, 1, value)}), nil))
	_, data, _ := strings.Cut(file.String(), "\tIN\t")
	rr, err := dns.NewRR(". 1 IN " + data)
	require.NoError(t, err, value)
	buf := make([]byte, 4096)
	n, err := dns.PackRR(rr, buf, 0, nil, false)
	require.NoError(t, err)
	return fmt.Sprintf("TYPE%d %s", rr.Header().Rrtype, hex.EncodeToString(buf[1+2+2+4+2:n]))
}

func wireName(t *testing.T, name string) string {
	t.Helper()
	buf := make([]byte, 300)
	n, err := dns.PackDomainName(dns.CanonicalName(name), buf, 0, nil, false)
	require.NoError(t, err, name)
	return fmt.Sprintf("%q", buf[:n])
}
