package route53x_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
)

// ali is a record that is switched on, for everybody, with a TTL of 600.
func ali(rr, typ, value string, edit ...func(*route53x.AliyunRecord)) route53x.AliyunRecord {
	r := route53x.AliyunRecord{RR: rr, Type: typ, Value: value, TTL: 600, Line: "default", Status: "ENABLE"}
	for _, f := range edit {
		f(&r)
	}
	return r
}

func on(line string) func(*route53x.AliyunRecord) {
	return func(r *route53x.AliyunRecord) { r.Line = line }
}

func weighs(n int) func(*route53x.AliyunRecord) {
	return func(r *route53x.AliyunRecord) { r.Weight, r.LbaStatus = n, true }
}

func prio(n int) func(*route53x.AliyunRecord) {
	return func(r *route53x.AliyunRecord) { r.Priority = n }
}

func status(s string) func(*route53x.AliyunRecord) {
	return func(r *route53x.AliyunRecord) { r.Status = s }
}

func ttl(n uint32) func(*route53x.AliyunRecord) {
	return func(r *route53x.AliyunRecord) { r.TTL = n }
}

// mapped is the mapping of records of example.com. It comes out the same whatever their order.
func mapped(t *testing.T, opts *route53x.MapOptions, records ...route53x.AliyunRecord) *route53x.Mapping {
	t.Helper()
	m, err := route53x.MapAliyun("example.com", records, opts)
	require.NoError(t, err)
	require.Len(t, m.Items, len(records), "a record is missing from the report")
	turned := slices.Clone(records)
	slices.Reverse(turned)
	again, err := route53x.MapAliyun("Example.COM.", turned, opts)
	require.NoError(t, err)
	assert.Equal(t, m, again)
	for _, s := range m.Sets {
		c, err := s.Canonical()
		require.NoError(t, err)
		assert.Equal(t, c, s, "a set is not canonical")
	}
	_, err = route53x.Diff(nil, m.Sets, &route53x.DiffOptions{Zone: "example.com"})
	require.NoError(t, err, "Route 53 would refuse the sets")
	return m
}

// mappingTexts are the sets and the classes as short texts.
func mappingTexts(m *route53x.Mapping) (sets, classes []string) {
	for _, s := range m.Sets {
		sets = append(sets, s.String())
	}
	for _, it := range m.Items {
		classes = append(classes, it.Record.RR+" "+it.Record.Type+" "+it.Record.Line+" "+string(it.Class))
	}
	return sets, classes
}

func addrs(list ...string) func(string) ([]netip.Addr, error) {
	return func(string) ([]netip.Addr, error) {
		var out []netip.Addr
		for _, a := range list {
			out = append(out, netip.MustParseAddr(a))
		}
		return out, nil
	}
}

// Each case is a line of the table "Aliyun → Route 53", named after it.
func TestAliyunToRoute53(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		records []route53x.AliyunRecord
		opts    *route53x.MapOptions
		sets    []string
		classes []string
		says    []string // in the report
	}{
		"RR @, *, a.b + DomainName": {
			records: []route53x.AliyunRecord{ali("@", "A", "192.0.2.1"), ali("*", "A", "192.0.2.2"), ali("A.b", "A", "192.0.2.3"), ali("*.c", "A", "192.0.2.4")},
			sets: []string{
				"example.com. A 600 192.0.2.1", "*.example.com. A 600 192.0.2.2", "a.b.example.com. A 600 192.0.2.3", "*.c.example.com. A 600 192.0.2.4",
			},
			classes: []string{"@ A default exact", "* A default exact", "A.b A default exact", "*.c A default exact"},
		},
		"RR in Chinese becomes punycode": {
			records: []route53x.AliyunRecord{ali("中文", "CNAME", "中文.example.net")},
			sets:    []string{"xn--fiq228c.example.com. CNAME 600 xn--fiq228c.example.net."},
			classes: []string{"中文 CNAME default exact"},
		},
		"A, AAAA, CNAME, NS (child), CAA, SRV, TXT": {
			records: []route53x.AliyunRecord{
				ali("a", "A", "192.0.2.1"), ali("b", "AAAA", "2001:DB8::1"), ali("c", "CNAME", "Target.example.net"), ali("child", "NS", "ns1.example.net"),
				ali("@", "CAA", `0 issue "letsencrypt.org"`), ali("_sip._tcp", "SRV", "10 60 5060 sip.example.net"), ali("t", "TXT", `say "hi" \ bye`),
			},
			sets: []string{
				`example.com. CAA 600 0 issue "letsencrypt.org"`, "a.example.com. A 600 192.0.2.1", "b.example.com. AAAA 600 2001:db8::1",
				"c.example.com. CNAME 600 target.example.net.", "child.example.com. NS 600 ns1.example.net.", `t.example.com. TXT 600 "say \"hi\" \\ bye"`,
				"_sip._tcp.example.com. SRV 600 10 60 5060 sip.example.net.",
			},
			classes: []string{
				"@ CAA default exact", "a A default exact", "b AAAA default exact", "c CNAME default exact", "child NS default exact", "t TXT default exact",
				"_sip._tcp SRV default exact",
			},
		},
		"TXT is cut at 255 bytes": {
			records: []route53x.AliyunRecord{ali("k", "TXT", strings.Repeat("é", 200))},
			sets:    []string{`k.example.com. TXT 600 "` + strings.Repeat(`\303\251`, 127) + `\303" "\251` + strings.Repeat(`\303\251`, 72) + `"`},
			classes: []string{"k TXT default exact"},
		},
		"TXT with borders of its own": {
			records: []route53x.AliyunRecord{ali("k", "TXT", `"v=DKIM1; " "p=abc"`)},
			sets:    []string{`k.example.com. TXT 600 "v=DKIM1; " "p=abc"`},
			classes: []string{"k TXT default exact"},
			says:    []string{"borders of its strings"},
		},
		"MX Value + Priority": {
			records: []route53x.AliyunRecord{ali("@", "MX", "mx1.example.net", prio(5)), ali("@", "MX", "mx2.example.net", prio(50))},
			sets:    []string{"example.com. MX 600 5 mx1.example.net., 50 mx2.example.net."},
			classes: []string{"@ MX default exact", "@ MX default exact"},
		},
		"MX without Priority is no MX": {
			records: []route53x.AliyunRecord{ali("@", "MX", "mx1.example.net")},
			classes: []string{"@ MX default unmappable"},
			says:    []string{"no priority"},
		},
		"NS at @": {
			records: []route53x.AliyunRecord{ali("@", "NS", "dns1.hichina.com"), ali("@", "SOA", "x"), ali("@", "DS", "1 13 2 AA")},
			classes: []string{"@ DS default skipped", "@ NS default skipped", "@ SOA default skipped"},
			says:    []string{"a zone at Route 53 has its own", "belongs to the registrar"},
		},
		"Status DISABLE, compared without case": { // trap 22
			records: []route53x.AliyunRecord{
				ali("a", "A", "192.0.2.1", status("DISABLE")), ali("b", "A", "192.0.2.1", status("Disable")), ali("c", "A", "192.0.2.1", status("Enable")),
				ali("d", "REDIRECT_URL", "https://example.net", status("disable")), ali("e", "A", "192.0.2.1", status("half")), ali("f", "A", "192.0.2.1", status("")),
			},
			sets: []string{"c.example.com. A 600 192.0.2.1", "f.example.com. A 600 192.0.2.1"},
			classes: []string{
				"a A default skipped", "b A default skipped", "c A default exact", "d REDIRECT_URL default skipped", "e A default unmappable", "f A default exact",
			},
			says: []string{"switched off", `status "half"`},
		},
		"several records, same RR/Type/Line, LbaStatus off": { // trap 23
			records: []route53x.AliyunRecord{
				ali("www", "A", "192.0.2.2", ttl(3600)), ali("www", "A", "192.0.2.1", ttl(60)), ali("WWW", "A", "192.0.2.1", ttl(600)),
			},
			sets:    []string{"www.example.com. A 60 192.0.2.1, 192.0.2.2"},
			classes: []string{"WWW A default exact", "www A default exact", "www A default exact"},
			says:    []string{"TTLs differ, and a set has one: the lowest, 60"},
		},
		"several CNAMEs without weights take turns": {
			records: []route53x.AliyunRecord{ali("w", "CNAME", "a.example.net"), ali("w", "CNAME", "b.example.net")},
			sets: []string{
				`w.example.com. CNAME [aliyun-b1fe97ee] 600 b.example.net. (routing="WEIGHTED" weight=1 identifier="aliyun-b1fe97ee")`,
				`w.example.com. CNAME [aliyun-b23f9794] 600 a.example.net. (routing="WEIGHTED" weight=1 identifier="aliyun-b23f9794")`,
			},
			classes: []string{"w CNAME default equal", "w CNAME default equal"},
		},
		"same with LbaStatus on + Weight": {
			records: []route53x.AliyunRecord{ali("w", "A", "192.0.2.1", weighs(3)), ali("w", "A", "192.0.2.2", weighs(100))},
			sets: []string{
				`w.example.com. A [aliyun-37fcff24] 600 192.0.2.1 (routing="WEIGHTED" weight=3 identifier="aliyun-37fcff24")`,
				`w.example.com. A [aliyun-9a6b2936] 600 192.0.2.2 (routing="WEIGHTED" weight=100 identifier="aliyun-9a6b2936")`,
			},
			classes: []string{"w A default exact", "w A default exact"},
		},
		"a weight beyond 255": {
			records: []route53x.AliyunRecord{ali("w", "A", "192.0.2.1", weighs(300)), ali("w", "A", "192.0.2.2", weighs(1))},
			sets: []string{
				`w.example.com. A [aliyun-37fcff24] 600 192.0.2.1 (routing="WEIGHTED" weight=255 identifier="aliyun-37fcff24")`,
				`w.example.com. A [aliyun-9a6b2936] 600 192.0.2.2 (routing="WEIGHTED" weight=1 identifier="aliyun-9a6b2936")`,
			},
			classes: []string{"w A default lossy", "w A default lossy"},
		},
		"line default only": {
			records: []route53x.AliyunRecord{ali("www", "A", "192.0.2.1"), ali("x", "A", "192.0.2.1", on("")), ali("y", "A", "192.0.2.1", weighs(7))},
			sets:    []string{"www.example.com. A 600 192.0.2.1", "x.example.com. A 600 192.0.2.1", "y.example.com. A 600 192.0.2.1"},
			classes: []string{"www A default exact", "x A  exact", "y A default exact"},
		},
		"default + oversea": {
			records: []route53x.AliyunRecord{ali("www", "A", "192.0.2.1"), ali("www", "A", "198.51.100.1", on("oversea"))},
			sets: []string{
				`www.example.com. A [aliyun-country-cn] 600 192.0.2.1 (routing="GEOLOCATION" countryCode="CN" identifier="aliyun-country-cn")`,
				`www.example.com. A [aliyun-world] 600 198.51.100.1 (routing="GEOLOCATION" countryCode="*" identifier="aliyun-world")`,
			},
			classes: []string{"www A default equal", "www A oversea equal"},
			says:    []string{"up to the geo database"},
		},
		"oversea alone would answer the mainland too": {
			records: []route53x.AliyunRecord{ali("www", "A", "198.51.100.1", on("oversea"))},
			sets:    []string{`www.example.com. A [aliyun-world] 600 198.51.100.1 (routing="GEOLOCATION" countryCode="*" identifier="aliyun-world")`},
			classes: []string{"www A oversea lossy"},
			says:    []string{"mainland China had no answer"},
		},
		"internal": {
			records: []route53x.AliyunRecord{ali("www", "A", "192.0.2.1", on("internal")), ali("x", "A", "192.0.2.1", on("internal")), ali("x", "A", "192.0.2.2")},
			sets: []string{
				`www.example.com. A [aliyun-country-cn] 600 192.0.2.1 (routing="GEOLOCATION" countryCode="CN" identifier="aliyun-country-cn")`,
				`x.example.com. A [aliyun-country-cn] 600 192.0.2.1 (routing="GEOLOCATION" countryCode="CN" identifier="aliyun-country-cn")`,
				`x.example.com. A [aliyun-world] 600 192.0.2.2 (routing="GEOLOCATION" countryCode="*" identifier="aliyun-world")`,
			},
			classes: []string{"www A internal equal", "x A internal equal", "x A default equal"},
		},
		"country/continent lines (os_…)": {
			records: []route53x.AliyunRecord{
				ali("www", "A", "192.0.2.1"), ali("www", "A", "192.0.2.2", on("os_asia")), ali("www", "A", "192.0.2.3", on("os_asia_hk")),
				ali("www", "A", "192.0.2.4", on("os_euro_uk")), ali("us", "A", "192.0.2.5", on("os_namerica_us")),
			},
			sets: []string{
				`us.example.com. A [aliyun-country-us] 600 192.0.2.5 (routing="GEOLOCATION" countryCode="US" identifier="aliyun-country-us")`,
				`www.example.com. A [aliyun-continent-as] 600 192.0.2.2 (routing="GEOLOCATION" continentCode="AS" identifier="aliyun-continent-as")`,
				// Asia has the mainland in it, os_asia has not.
				`www.example.com. A [aliyun-country-cn] 600 192.0.2.1 (routing="GEOLOCATION" countryCode="CN" identifier="aliyun-country-cn")`,
				`www.example.com. A [aliyun-country-gb] 600 192.0.2.4 (routing="GEOLOCATION" countryCode="GB" identifier="aliyun-country-gb")`,
				`www.example.com. A [aliyun-country-hk] 600 192.0.2.3 (routing="GEOLOCATION" countryCode="HK" identifier="aliyun-country-hk")`,
				`www.example.com. A [aliyun-world] 600 192.0.2.1 (routing="GEOLOCATION" countryCode="*" identifier="aliyun-world")`,
			},
			classes: []string{"us A os_namerica_us equal", "www A os_euro_uk equal", "www A os_asia_hk equal", "www A default equal", "www A os_asia equal"},
		},
		"an os_ line that is no place": {
			records: []route53x.AliyunRecord{ali("www", "A", "192.0.2.1"), ali("www", "A", "192.0.2.2", on("os_moon")), ali("www", "A", "192.0.2.2", on("os_asia_xyz"))},
			sets:    []string{"www.example.com. A 600 192.0.2.1"},
			classes: []string{"www A default lossy", "www A os_asia_xyz unmappable", "www A os_moon unmappable"},
		},
		"ISP lines: take default": {
			records: []route53x.AliyunRecord{ali("www", "A", "192.0.2.1"), ali("www", "A", "192.0.2.2", on("telecom")), ali("www", "AAAA", "2001:db8::1")},
			sets:    []string{"www.example.com. A 600 192.0.2.1", "www.example.com. AAAA 600 2001:db8::1"},
			classes: []string{"www A default lossy", "www A telecom lossy", "www AAAA default exact"},
			says:    []string{"an operator's, and Route 53 knows none", "MapOptions.CIDR", "line telecom of the same name and type is lost"},
		},
		"ISP lines without a default line": {
			records: []route53x.AliyunRecord{ali("www", "A", "192.0.2.2", on("telecom")), ali("www", "A", "192.0.2.3", on("unicom"))},
			classes: []string{"www A telecom unmappable", "www A unicom unmappable"},
			says:    []string{"there is no default line here"},
		},
		"ISP lines by CIDR routing with the caller's ISP prefixes": {
			opts:    cidr(map[string]string{"telecom": "203.0.112.0/20", "mobile": "198.51.0.0/16"}),
			records: []route53x.AliyunRecord{ali("www", "A", "192.0.2.1"), ali("www", "A", "192.0.2.2", on("telecom"))},
			sets: []string{
				`www.example.com. A [aliyun-line-default] 600 192.0.2.1 (routing="CIDR" collectionId="col-1" locationName="*" identifier="aliyun-line-default")`,
				`www.example.com. A [aliyun-line-telecom] 600 192.0.2.2 (routing="CIDR" collectionId="col-1" locationName="telecom" identifier="aliyun-line-telecom")`,
			},
			classes: []string{"www A default equal", "www A telecom equal"},
			says:    []string{"as far as the prefixes are right", "telecom: 1 prefixes"},
		},
		"ISP lines of which one has no prefixes": {
			opts:    cidr(map[string]string{"telecom": "203.0.112.0/20"}),
			records: []route53x.AliyunRecord{ali("www", "A", "192.0.2.1"), ali("www", "A", "192.0.2.2", on("telecom")), ali("www", "A", "192.0.2.3", on("unicom"))},
			sets: []string{
				`www.example.com. A [aliyun-line-default] 600 192.0.2.1 (routing="CIDR" collectionId="col-1" locationName="*" identifier="aliyun-line-default")`,
				`www.example.com. A [aliyun-line-telecom] 600 192.0.2.2 (routing="CIDR" collectionId="col-1" locationName="telecom" identifier="aliyun-line-telecom")`,
			},
			classes: []string{"www A default lossy", "www A unicom lossy", "www A telecom lossy"},
		},
		"networks and places at one name": {
			opts:    cidr(map[string]string{"telecom": "203.0.112.0/20"}),
			records: []route53x.AliyunRecord{ali("www", "A", "192.0.2.1"), ali("www", "A", "192.0.2.2", on("telecom")), ali("www", "A", "192.0.2.3", on("oversea"))},
			sets: []string{
				`www.example.com. A [aliyun-country-cn] 600 192.0.2.1 (routing="GEOLOCATION" countryCode="CN" identifier="aliyun-country-cn")`,
				`www.example.com. A [aliyun-world] 600 192.0.2.3 (routing="GEOLOCATION" countryCode="*" identifier="aliyun-world")`,
			},
			classes: []string{"www A default lossy", "www A telecom lossy", "www A oversea lossy"},
			says:    []string{"a name has one policy"},
		},
		"province lines cn_region_*, cn_telecom_*": {
			records: []route53x.AliyunRecord{
				ali("www", "A", "192.0.2.1"), ali("www", "A", "192.0.2.2", on("cn_region_beijing")), ali("www", "A", "192.0.2.3", on("cn_telecom_hainan")),
			},
			sets:    []string{"www.example.com. A 600 192.0.2.1"},
			classes: []string{"www A default lossy", "www A cn_region_beijing unmappable", "www A cn_telecom_hainan unmappable"},
			says:    []string{"parts of the US only"},
		},
		"lines search, google, baidu, biying, aliyun, custom": {
			records: []route53x.AliyunRecord{
				ali("www", "A", "192.0.2.1"), ali("www", "A", "192.0.2.2", on("search")), ali("www", "A", "192.0.2.2", on("google")), ali("www", "A", "192.0.2.2", on("baidu")),
				ali("www", "A", "192.0.2.2", on("biying")), ali("www", "A", "192.0.2.2", on("aliyun")), ali("www", "A", "192.0.2.2", on("aliyun_r_cn-hangzhou")),
				ali("www", "A", "192.0.2.2", on("hra0yc-597")),
			},
			sets: []string{"www.example.com. A 600 192.0.2.1"},
			classes: []string{
				"www A default lossy", "www A aliyun unmappable", "www A aliyun_r_cn-hangzhou unmappable", "www A baidu unmappable", "www A biying unmappable",
				"www A google unmappable", "www A hra0yc-597 unmappable", "www A search unmappable",
			},
			says: []string{"cannot tell crawlers", "Aliyun's own networks", "the account's own"},
		},
		"custom: CIDR": {
			opts:    cidr(map[string]string{"hra0yc-597": "203.0.112.0/24"}),
			records: []route53x.AliyunRecord{ali("www", "A", "192.0.2.2", on("hra0yc-597"))},
			sets: []string{
				`www.example.com. A [aliyun-line-hra0yc-597] 600 192.0.2.2 (routing="CIDR" collectionId="col-1" locationName="hra0yc-597" identifier="aliyun-line-hra0yc-597")`,
			},
			classes: []string{"www A hra0yc-597 equal"},
		},
		"REDIRECT_URL (301/302), FORWARD_URL (frame)": {
			records: []route53x.AliyunRecord{ali("old", "REDIRECT_URL", "https://www.example.com"), ali("frame", "FORWARD_URL", "https://www.example.com")},
			classes: []string{"frame FORWARD_URL default unmappable", "old REDIRECT_URL default unmappable"},
			says:    []string{"CloudFront function"},
		},
		"CNAME at apex: alias if the target is an AWS name": { // trap 24
			records: []route53x.AliyunRecord{ali("@", "CNAME", "d111111abcdef8.cloudfront.net"), ali("@", "MX", "mx.example.net", prio(10))},
			sets: []string{
				"example.com. A alias of d111111abcdef8.cloudfront.net. in Z2FDTNDATAQYW2", "example.com. AAAA alias of d111111abcdef8.cloudfront.net. in Z2FDTNDATAQYW2",
				"example.com. MX 600 10 mx.example.net.",
			},
			classes: []string{"@ CNAME default exact", "@ MX default exact"},
			says:    []string{"an alias answers for it"},
		},
		"CNAME at apex: an AWS name whose zone the caller knows": {
			opts: &route53x.MapOptions{AliasZone: func(target string) (string, bool) {
				return "Z35SXDOTRQ7X7K", target == "lb-1.us-east-1.elb.amazonaws.com"
			}},
			records: []route53x.AliyunRecord{ali("@", "CNAME", "LB-1.us-east-1.elb.amazonaws.com")},
			sets: []string{
				"example.com. A alias of lb-1.us-east-1.elb.amazonaws.com. in Z35SXDOTRQ7X7K", "example.com. AAAA alias of lb-1.us-east-1.elb.amazonaws.com. in Z35SXDOTRQ7X7K",
			},
			classes: []string{"@ CNAME default exact"},
		},
		"CNAME at apex: an AWS name whose zone nobody knows": {
			records: []route53x.AliyunRecord{ali("@", "CNAME", "lb-1.us-east-1.elb.amazonaws.com")},
			classes: []string{"@ CNAME default unmappable"},
			says:    []string{"MapOptions.AliasZone"},
		},
		"CNAME at apex: no snapshot without consent": { // trap 24
			records: []route53x.AliyunRecord{ali("@", "CNAME", "host.example.net"), ali("@", "TXT", "x")},
			sets:    []string{`example.com. TXT 600 "x"`},
			classes: []string{"@ CNAME default unmappable", "@ TXT default exact"},
			says:    []string{"MapOptions.Snapshot"},
		},
		"CNAME at apex: a snapshot of A/AAAA, with consent": { // trap 24
			opts:    &route53x.MapOptions{Snapshot: addrs("192.0.2.8", "2001:db8::8", "192.0.2.7", "::ffff:192.0.2.7")},
			records: []route53x.AliyunRecord{ali("@", "CNAME", "host.example.net", ttl(120))},
			sets:    []string{"example.com. A 120 192.0.2.7, 192.0.2.8", "example.com. AAAA 120 2001:db8::8"},
			classes: []string{"@ CNAME default lossy"},
			says:    []string{"do not follow it"},
		},
		"CNAME at apex: a snapshot that fails": {
			opts:    &route53x.MapOptions{Snapshot: func(string) ([]netip.Addr, error) { return nil, errors.New("no such host") }},
			records: []route53x.AliyunRecord{ali("@", "CNAME", "host.example.net")},
			classes: []string{"@ CNAME default unmappable"},
			says:    []string{"no such host"},
		},
		"CNAME at apex: a snapshot without an address": {
			opts:    &route53x.MapOptions{Snapshot: addrs()},
			records: []route53x.AliyunRecord{ali("@", "CNAME", "host.example.net")},
			classes: []string{"@ CNAME default unmappable"},
		},
		"CNAME next to other types": {
			records: []route53x.AliyunRecord{ali("m", "CNAME", "host.example.net"), ali("m", "MX", "mx.example.net", prio(10))},
			sets:    []string{"m.example.com. MX 600 10 mx.example.net."},
			classes: []string{"m CNAME default unmappable", "m MX default exact"},
			says:    []string{"cannot stand beside other types, and there is MX"},
		},
		"CNAME next to addresses on another line": {
			records: []route53x.AliyunRecord{ali("m", "CNAME", "host.example.net", on("oversea")), ali("m", "A", "192.0.2.1")},
			sets:    []string{"m.example.com. A 600 192.0.2.1"},
			classes: []string{"m A default lossy", "m CNAME oversea unmappable"},
			says:    []string{"a CNAME of the same name, on line oversea, is lost"},
		},
		"CNAME of CloudFront abroad, addresses at home": {
			records: []route53x.AliyunRecord{ali("m", "CNAME", "d1.cloudfront.net", on("oversea")), ali("m", "A", "192.0.2.1"), ali("m", "AAAA", "2001:db8::1")},
			sets: []string{
				`m.example.com. A [aliyun-country-cn] 600 192.0.2.1 (routing="GEOLOCATION" countryCode="CN" identifier="aliyun-country-cn")`,
				`m.example.com. A [aliyun-world] alias of d1.cloudfront.net. in Z2FDTNDATAQYW2 (routing="GEOLOCATION" countryCode="*" identifier="aliyun-world")`,
				`m.example.com. AAAA [aliyun-country-cn] 600 2001:db8::1 (routing="GEOLOCATION" countryCode="CN" identifier="aliyun-country-cn")`,
				`m.example.com. AAAA [aliyun-world] alias of d1.cloudfront.net. in Z2FDTNDATAQYW2 (routing="GEOLOCATION" countryCode="*" identifier="aliyun-world")`,
			},
			classes: []string{"m A default equal", "m AAAA default equal", "m CNAME oversea equal"},
		},
		"CNAMEs by line alone stay CNAMEs": {
			records: []route53x.AliyunRecord{ali("m", "CNAME", "a.example.net", on("oversea")), ali("m", "CNAME", "b.example.net")},
			sets: []string{
				`m.example.com. CNAME [aliyun-country-cn] 600 b.example.net. (routing="GEOLOCATION" countryCode="CN" identifier="aliyun-country-cn")`,
				`m.example.com. CNAME [aliyun-world] 600 a.example.net. (routing="GEOLOCATION" countryCode="*" identifier="aliyun-world")`,
			},
			classes: []string{"m CNAME oversea equal", "m CNAME default equal"},
		},
		"GTM / DNS-SLB names": {
			opts:    &route53x.MapOptions{GTM: []string{"API.example.com"}},
			records: []route53x.AliyunRecord{ali("www", "CNAME", "gtm-cn-abc123.gtm-a2b4.com"), ali("api", "A", "192.0.2.1")},
			classes: []string{"api A default unmappable", "www CNAME default unmappable"},
			says:    []string{"health checks at Route 53"},
		},
		"weights and lines at one name": {
			records: []route53x.AliyunRecord{ali("w", "A", "192.0.2.1", weighs(3)), ali("w", "A", "192.0.2.2", weighs(1)), ali("w", "A", "198.51.100.1", on("oversea"))},
			sets: []string{
				`w.example.com. A [aliyun-country-cn] 600 192.0.2.1, 192.0.2.2 (routing="GEOLOCATION" countryCode="CN" identifier="aliyun-country-cn")`,
				`w.example.com. A [aliyun-world] 600 198.51.100.1 (routing="GEOLOCATION" countryCode="*" identifier="aliyun-world")`,
			},
			classes: []string{"w A default lossy", "w A oversea lossy", "w A default lossy"},
			says:    []string{"the weights are lost"},
		},
		"a name that is left out lets a wildcard answer": {
			records: []route53x.AliyunRecord{
				ali("a.b", "REDIRECT_URL", "https://example.net"), ali("*", "A", "192.0.2.1"), ali("c", "REDIRECT_URL", "https://example.net"), ali("c", "TXT", "x"),
				ali("d.sub", "REDIRECT_URL", "https://example.net"), ali("sub", "A", "192.0.2.2"),
			},
			sets: []string{"*.example.com. A 600 192.0.2.1", `c.example.com. TXT 600 "x"`, "sub.example.com. A 600 192.0.2.2"},
			classes: []string{
				"* A default exact", "a.b REDIRECT_URL default unmappable", "c REDIRECT_URL default unmappable", "c TXT default exact",
				"d.sub REDIRECT_URL default unmappable", "sub A default exact",
			},
			says: []string{"the wildcard *.example.com. answers in its place"},
		},
		"types that Route 53 has not": { // trap 18
			records: []route53x.AliyunRecord{ali("l", "LOC", "51 0 0 N"), ali("u", "URI", `10 1 "x"`)},
			classes: []string{"l LOC default unmappable", "u URI default unmappable"},
			says:    []string{"Route 53 does not have it"},
		},
		"values and names that are none": {
			records: []route53x.AliyunRecord{ali("a", "A", "300.1.1.1"), ali("a..b", "A", "192.0.2.1"), ali("", "A", "192.0.2.1"), ali("*", "NS", "ns.example.net"), ali("x", "SOA", "y")},
			classes: []string{" A default unmappable", "a..b A default unmappable", "* NS default unmappable", "a A default unmappable", "x SOA default unmappable"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := mapped(t, tt.opts, tt.records...)
			sets, classes := mappingTexts(m)
			assert.ElementsMatch(t, tt.sets, sets)
			assert.ElementsMatch(t, tt.classes, classes)
			for _, want := range tt.says {
				assert.Contains(t, m.String(), want)
			}
			for _, it := range m.Items {
				if it.Open() {
					assert.NotEmpty(t, it.Reason, it.ID)
				}
			}
		})
	}
}

func cidr(prefixes map[string]string) *route53x.MapOptions {
	o := &route53x.CIDRLines{Collection: "col-1", Prefixes: map[string][]netip.Prefix{}}
	for line, p := range prefixes {
		o.Prefixes[line] = []netip.Prefix{netip.MustParsePrefix(p)}
	}
	return &route53x.MapOptions{CIDR: o}
}
