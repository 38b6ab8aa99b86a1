package route53x_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
)

// Traps 1 and 2: octal at Route 53, decimal in zone files, and all of them.
func TestNames(t *testing.T) {
	t.Parallel()
	label := strings.Repeat("a", 63)
	for name, tt := range map[string]struct {
		in       string
		want     route53x.Name
		zoneFile string
		wrong    string
	}{
		"plain":            {in: "WWW.Example.com", want: "www.example.com.", zoneFile: "www.example.com."},
		"root":             {in: ".", want: ".", zoneFile: "."},
		"listed wildcard":  {in: `\052.example.com.`, want: `\052.example.com.`, zoneFile: "*.example.com."},
		"typed wildcard":   {in: "*.example.com", want: `\052.example.com.`, zoneFile: "*.example.com."},
		"at sign":          {in: `\100.example.com.`, want: `\100.example.com.`, zoneFile: `\064.example.com.`},
		"octal 042":        {in: `\042.example.com.`, want: `\042.example.com.`, zoneFile: `\034.example.com.`},
		"space":            {in: "a b.example.com.", want: `a\040b.example.com.`, zoneFile: `a\032b.example.com.`},
		"dot in a label":   {in: `a\.b.example.com.`, want: `a\056b.example.com.`, zoneFile: `a\046b.example.com.`},
		"escaped letter":   {in: `\127ww.example.com.`, want: `www.example.com.`, zoneFile: `www.example.com.`},
		"slash":            {in: "0/25.2.0.192.in-addr.arpa", want: `0\05725.2.0.192.in-addr.arpa.`, zoneFile: `0\04725.2.0.192.in-addr.arpa.`},
		"high byte":        {in: `\377.com.`, want: `\377.com.`, zoneFile: `\255.com.`},
		"punycode":         {in: "xn--fiqs8s.", want: "xn--fiqs8s.", zoneFile: "xn--fiqs8s."},
		"IDN":              {in: "中国.", wrong: "punycode"},
		"empty":            {in: "", wrong: "empty"},
		"empty label":      {in: "a..b.", wrong: "empty label"},
		"not octal":        {in: `\089.`, wrong: "base 8"},
		"beyond a byte":    {in: `\777.`, wrong: "more than a byte"},
		"half an escape":   {in: `\05`, wrong: "base 8"},
		"lonely backslash": {in: `a\`, wrong: "escapes nothing"},
		"63":               {in: label + ".", want: route53x.Name(label + "."), zoneFile: label + "."},
		"64":               {in: "a" + label, wrong: "63 bytes"},
		"too long":         {in: strings.Repeat(label+".", 4), wrong: "255"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := route53x.ParseName(tt.in)
			if tt.wrong != "" {
				require.ErrorContains(t, err, tt.wrong)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
			assert.Equal(t, tt.zoneFile, got.ZoneFile())
		})
	}
}

func TestWildcardIsTheLeftmostLabel(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{"*.a.com": true, "a*.a.com": false, "b.*.com": false, "*a.com": false} {
		n, err := route53x.ParseName(in)
		require.NoError(t, err)
		assert.Equal(t, want, n.Wildcard(), in)
	}
}

func TestWithin(t *testing.T) {
	t.Parallel()
	assert.True(t, route53x.Name("example.com.").Within("example.com."))
	assert.True(t, route53x.Name("a.example.com.").Within("example.com."))
	assert.False(t, route53x.Name("anexample.com.").Within("example.com."))
	assert.True(t, route53x.Name("com.").Within("."))
}

// Trap 3: cut at 255 bytes before escaping, never inside an escape; compared joined.
func TestTXTIsCutBeforeItIsEscaped(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty":      "",
		"255":        strings.Repeat("a", 255),
		"256":        strings.Repeat("a", 256),
		"all quotes": strings.Repeat(`"`, 600),
		"backslash":  strings.Repeat(`\`, 511),
		"utf-8":      strings.Repeat("é", 300),
		"control":    "\x00\n\x7f tab\t;()",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			value := route53x.QuoteTXT(text)
			got, err := route53x.UnquoteTXT(value)
			require.NoError(t, err)
			assert.Equal(t, text, got)
			canonical, err := route53x.TXT.CanonicalValue(value)
			require.NoError(t, err)
			assert.Equal(t, value, canonical)
			assert.Equal(t, max(1, (len(text)+254)/255), strings.Count(value, `" "`)+1, "strings")
		})
	}
	assert.Equal(t, `"`+strings.Repeat(`\"`, 255)+`" "\""`, route53x.QuoteTXT(strings.Repeat(`"`, 256)))
	assert.Equal(t, `"\303\251"`, route53x.QuoteTXT("é"))

	one := route53x.RRSet{Name: "a.", Type: route53x.TXT, TTL: 1, Values: []string{`"ab" "c"`}}
	two := route53x.RRSet{Name: "A", Type: "txt", TTL: 1, Values: []string{`"a" "\142c"`}}
	assert.True(t, one.SameContent(two))
	assert.True(t, one.SameKey(two))
	two.Values[0] = `"ab" " c"`
	assert.False(t, one.SameContent(two))
}

func TestCanonicalValues(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		t              route53x.Type
		in, out, wrong string
	}{
		"A":                   {t: route53x.A, in: "192.0.2.1", out: "192.0.2.1"},
		"A wants v4":          {t: route53x.A, in: "2001:db8::1", wrong: "not an address of that kind"},
		"AAAA":                {t: route53x.AAAA, in: "2001:0DB8:0:0::1", out: "2001:db8::1"},
		"AAAA wants v6":       {t: route53x.AAAA, in: "192.0.2.1", wrong: "not an address of that kind"},
		"AAAA zone":           {t: route53x.AAAA, in: "fe80::1%eth0", wrong: "not an address of that kind"},
		"CNAME without dot":   {t: route53x.CNAME, in: "WWW.example.com", out: "www.example.com."},
		"CNAME octal":         {t: route53x.CNAME, in: `\100.example.com.`, out: `\100.example.com.`},
		"CNAME at":            {t: route53x.CNAME, in: `@`, wrong: "means something in zone files"},
		"CNAME and more":      {t: route53x.CNAME, in: `a. b.`, wrong: "CNAME value"},
		"MX":                  {t: route53x.MX, in: "10  Mail.example.com", out: "10 mail.example.com."},
		"MX comment":          {t: route53x.MX, in: "10 mail.example.com. ; x", wrong: "zone files"},
		"MX null":             {t: route53x.MX, in: "0 .", out: "0 ."},
		"SRV":                 {t: route53x.SRV, in: "1 2 443 a.b", out: "1 2 443 a.b."},
		"CAA":                 {t: route53x.CAA, in: `0 issue "amazon.com"`, out: `0 issue "amazon.com"`},
		"CAA bare":            {t: route53x.CAA, in: `0 ISSUE amazon.com`, out: `0 issue "amazon.com"`},
		"CAA parameters":      {t: route53x.CAA, in: `0 issue "ca.example; a=b"`, out: `0 issue "ca.example; a=b"`},
		"NAPTR":               {t: route53x.NAPTR, in: `100 10 "U" "SIP+D2U" "!^.*$!sip:a@b!" .`, out: `100 10 "U" "SIP+D2U" "!^.*$!sip:a@b!" .`},
		"DS":                  {t: route53x.DS, in: "12345 13 2 " + strings.Repeat("AB", 32), out: "12345 13 2 " + strings.Repeat("ab", 32)},
		"DS odd":              {t: route53x.DS, in: "12345 13 2 ABC", wrong: "hexadecimal"},
		"SSHFP":               {t: route53x.SSHFP, in: "4 2 AB CD", out: "4 2 abcd"},
		"TLSA":                {t: route53x.TLSA, in: "3 1 1 ABCD", out: "3 1 1 abcd"},
		"HTTPS":               {t: route53x.HTTPS, in: `1 . port=8443 alpn=h2,h3`, out: `1 . alpn="h2,h3" port="8443"`},
		"HTTPS alias":         {t: route53x.HTTPS, in: `0 cdn.example.com`, out: `0 cdn.example.com.`},
		"SVCB no default":     {t: route53x.SVCB, in: `1 a. no-default-alpn alpn="h2"`, out: `1 a. alpn="h2" no-default-alpn`},
		"SVCB twice":          {t: route53x.SVCB, in: `1 a. port=1 port=2`, wrong: "SVCB value"},
		"PTR":                 {t: route53x.PTR, in: "a.B.", out: "a.b."},
		"SPF":                 {t: route53x.SPF, in: `"v=spf1 -all"`, out: `"v=spf1 -all"`},
		"SOA":                 {t: route53x.SOA, in: "ns. hm. 1 7200 900 1209600 86400", out: "ns. hm. 1 7200 900 1209600 86400"},
		"TXT octal":           {t: route53x.TXT, in: `"\052\303"`, out: `"*\303"`},
		"TXT unclosed":        {t: route53x.TXT, in: `"a`, wrong: "does not end"},
		"TXT decimal":         {t: route53x.TXT, in: `"\195"`, wrong: "base 8"},
		"TXT glued":           {t: route53x.TXT, in: `"a""b"`, wrong: "without a blank"},
		"type of elsewhere":   {t: "LOC", in: "x", wrong: "does not have it"},
		"line break in value": {t: route53x.MX, in: "10 a.\n. 0 IN MX 20 b.", wrong: "zone files"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.t.CanonicalValue(tt.in)
			if tt.wrong != "" {
				require.ErrorContains(t, err, tt.wrong)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.out, got)
			again, err := tt.t.CanonicalValue(got)
			require.NoError(t, err)
			assert.Equal(t, got, again)
		})
	}
}
