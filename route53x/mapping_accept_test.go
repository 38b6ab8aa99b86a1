package route53x_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
)

func lossyZone() []route53x.AliyunRecord {
	return []route53x.AliyunRecord{
		ali("www", "A", "192.0.2.1"), ali("www", "A", "192.0.2.2", on("telecom")), ali("old", "REDIRECT_URL", "https://example.net"),
		ali("mail", "A", "192.0.2.3"), ali("off", "A", "192.0.2.4", status("DISABLE")),
	}
}

func ids(items []route53x.MapItem) (out []string) {
	for _, it := range items {
		out = append(out, it.ID)
	}
	return out
}

// Trap 25: one lossy line makes its whole name/type group lossy; apply refuses without acknowledgement.
func TestAcceptRefusesWithoutAcknowledgement(t *testing.T) {
	t.Parallel()
	m := mapped(t, nil, lossyZone()...)
	open := ids(m.Unacknowledged(nil))
	assert.Equal(t, []string{"old/REDIRECT_URL/default/cc4dc462", "www/A/default/ff205b38", "www/A/telecom/b2a2d8a6"}, open)
	for i := range open {
		some := slices.Delete(slices.Clone(open), i, i+1)
		sets, err := m.Accept(some)
		require.ErrorIs(t, err, route53x.ErrUnsafe, "record by record")
		require.ErrorContains(t, err, open[i])
		assert.Nil(t, sets)
		assert.Equal(t, open[i:i+1], ids(m.Unacknowledged(some)))
	}
	sets, err := m.Accept(open)
	require.NoError(t, err)
	assert.Equal(t, m.Sets, sets)
	assert.Empty(t, m.Unacknowledged(open))

	_, err = m.Accept(append(open, "www/A/default/ffffffff"))
	require.ErrorIs(t, err, route53x.ErrInvalid)
	require.ErrorContains(t, err, "ffffffff")
}

// An acknowledgement is of what the record says: a change of the value makes another ID, one of the TTL does not.
func TestIDsAreOfTheContent(t *testing.T) {
	t.Parallel()
	before := ids(mapped(t, nil, lossyZone()...).Unacknowledged(nil))
	same := lossyZone()
	for i := range same {
		same[i].TTL, same[i].ID, same[i].Remark = 60, fmt.Sprint("other", i), "x"
	}
	assert.Equal(t, before, ids(mapped(t, nil, same...).Unacknowledged(nil)))

	changed := lossyZone()
	changed[1].Value = "192.0.2.99"
	assert.Equal(t, []string{"www/A/telecom/d72cbfa7"}, ids(mapped(t, nil, changed...).Unacknowledged(before)))

	// The same record twice: two IDs.
	twice := mapped(t, nil, ali("u", "REDIRECT_URL", "x"), ali("u", "REDIRECT_URL", "x"))
	assert.Len(t, slices.Compact(ids(twice.Unacknowledged(nil))), 2)
	mx := mapped(t, nil, ali("@", "MX", "m.example.net", prio(1), on("search")), ali("@", "MX", "m.example.net", prio(2), on("search")))
	assert.Len(t, slices.Compact(ids(mx.Unacknowledged(nil))), 2)
}

func TestMappingReport(t *testing.T) {
	t.Parallel()
	m := mapped(t, nil, lossyZone()...)
	assert.Equal(t, `example.com.: 5 records: 1 exact, 0 equal, 2 lossy, 1 skipped, 1 unmappable; 2 sets

left out, to be acknowledged:
  old/REDIRECT_URL/default/cc4dc462  "https://example.net"
    REDIRECT_URL is a web server of Aliyun's, and no DNS record
    → an S3 website that redirects, or a CloudFront function, with an alias to it

not as it was, to be acknowledged:
  www/A/default/ff205b38  "192.0.2.1"
    line telecom of the same name and type is lost
  www/A/telecom/b2a2d8a6  "192.0.2.2"
    line telecom is an operator's, and Route 53 knows none: its customers get what the default line has
    → give the operator's networks (MapOptions.CIDR), or acknowledge

skipped:
  off/A/default/66500daa  "192.0.2.4"
    switched off
`, m.String())

	data, err := json.Marshal(m)
	require.NoError(t, err)
	var back route53x.Mapping
	require.NoError(t, json.Unmarshal(data, &back))
	assert.Equal(t, m, &back, "the report does not survive its JSON")
	assert.Contains(t, string(data), `"class":"unmappable"`)
	assert.Contains(t, string(data), `"key":{"name":"www.example.com.","type":"A"}`)
}

// A value from the platform cannot forge lines of the report.
func TestReportIsNotForged(t *testing.T) {
	t.Parallel()
	m := mapped(t, nil, ali("u", "REDIRECT_URL", "x\n  exact: all"+strings.Repeat("é", 100)))
	assert.NotContains(t, m.String(), "\n  exact: all")
}

func TestMapAliyunRefusesOptions(t *testing.T) {
	t.Parallel()
	_, err := route53x.MapAliyun("", nil, &route53x.MapOptions{CIDR: &route53x.CIDRLines{Prefixes: map[string][]netip.Prefix{
		"default": nil, "telecom": {netip.MustParsePrefix("192.0.2.1/24")}, "unicom": {}, "mobile": {netip.MustParsePrefix("2001:db8::/64")},
		"a-location-name-too-long": {netip.MustParsePrefix("192.0.2.0/24")}, "edu": {netip.MustParsePrefix("192.0.2.0/25")},
	}}})
	require.ErrorIs(t, err, route53x.ErrInvalid)
	for _, want := range []string{"name is empty", "Collection", "default", "192.0.2.1/24", "[unicom] is empty", "2001:db8::/64", "16 characters", "192.0.2.0/25"} {
		require.ErrorContains(t, err, want)
	}
	m, err := route53x.MapAliyun("example.com", nil, nil)
	require.NoError(t, err)
	assert.Empty(t, m.Sets)
}

// The caller's records stay as they are.
func TestMapAliyunChangesNothingOfTheCallers(t *testing.T) {
	t.Parallel()
	records := lossyZone()
	_, err := route53x.MapAliyun("example.com", records, nil)
	require.NoError(t, err)
	assert.Equal(t, lossyZone(), records)
}

// Trap 26, the mapping half: ACM validation CNAMEs are in the new zone.
func TestValidationRecordsAreMapped(t *testing.T) {
	t.Parallel()
	m := mapped(t, nil, ali("_3f2a.www", "CNAME", "_9b1c.xyz.acm-validations.aws"), ali("_3f2b", "CNAME", "_9b1d.xyz.acm-validations.aws."))
	sets, classes := mappingTexts(m)
	assert.ElementsMatch(t, []string{
		"_3f2a.www.example.com. CNAME 600 _9b1c.xyz.acm-validations.aws.", "_3f2b.example.com. CNAME 600 _9b1d.xyz.acm-validations.aws.",
	}, sets)
	assert.ElementsMatch(t, []string{"_3f2a.www CNAME default exact", "_3f2b CNAME default exact"}, classes)
}

func FuzzMapAliyun(f *testing.F) {
	f.Add("www", "A", "192.0.2.1", "default", "ENABLE", 0, 0, uint32(600))
	f.Add("@", "CNAME", "x.cloudfront.net", "oversea", "", 0, 3, uint32(0))
	f.Add("中", "TXT", `"a" "b\200"`, "os_asia_sg", "Disable", 0, 0, uint32(1<<31))
	f.Add("*", "MX", "m.", "telecom", "enable", 10, 300, uint32(1))
	f.Fuzz(func(t *testing.T, rr, typ, value, line, status string, priority, weight int, ttl uint32) {
		r := route53x.AliyunRecord{RR: rr, Type: typ, Value: value, Line: line, Status: status, Priority: priority, Weight: weight, LbaStatus: weight > 0, TTL: ttl}
		other := ali(rr, typ, value+"1", on("oversea"))
		m, err := route53x.MapAliyun("example.com", []route53x.AliyunRecord{r, other}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Items) != 2 {
			t.Fatal("a record is missing")
		}
		_ = m.String()
		if _, err := route53x.Diff(nil, m.Sets, &route53x.DiffOptions{Zone: "example.com"}); err != nil {
			t.Fatal(err)
		}
		for _, it := range m.Items {
			if it.Open() && it.Reason == "" {
				t.Fatal("no reason")
			}
		}
	})
}
