package route53x_test

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
)

// Trap 20, and what else differs on purpose.
func TestVerifyExpected(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		plant    string // of the new zone
		lost     []string
		expected route53x.Expectation
		sets     func([]route53x.RRSet) []route53x.RRSet
		want     []string // that is left
		excused  int
	}{
		"proxied": {
			plant: "both A 203.0.113.1\n", lost: []string{"both"}, excused: 2, // the file has the origin, Cloudflare answers
			expected: route53x.Expectation{Name: "both.example.com.", Type: route53x.A, Why: route53x.WhyProxied},
			sets: func(s []route53x.RRSet) []route53x.RRSet {
				return append(dropped(s, "both.example.com."), simple("both.example.com.", route53x.A, 300, "203.0.113.1"))
			},
		},
		"proxied, but wrong nevertheless": {
			plant: "both A 203.0.113.2\n", lost: []string{"both"},
			expected: route53x.Expectation{Name: "both.example.com.", Why: route53x.WhyProxied},
			sets: func(s []route53x.RRSet) []route53x.RRSet {
				return append(dropped(s, "both.example.com."), simple("both.example.com.", route53x.A, 300, "203.0.113.1"))
			},
			want: []string{
				"A both.example.com. A: value: 192.0.2.7, 192.0.2.8 → 203.0.113.2 (proxied, but the new answer is not what the sets have)",
				"B both.example.com. A: value: 192.0.2.7, 192.0.2.8 → 203.0.113.2 (proxied, but the new answer is not what the sets have)",
			},
		},
		"acknowledged": {
			lost: []string{"mail         AAAA"}, excused: 2,
			expected: route53x.Expectation{Name: "MAIL.example.com", Type: route53x.AAAA, Why: route53x.WhyAcknowledged},
		},
		"acknowledged for another type": {
			lost:     []string{"mail         AAAA"},
			expected: route53x.Expectation{Name: "mail.example.com.", Type: route53x.A, Why: route53x.WhyAcknowledged},
			want:     []string{"A mail.example.com. AAAA: missing: 2001:db8::25 → NODATA", "B mail.example.com. AAAA: missing: 2001:db8::25 → NODATA"},
		},
		"acknowledged wildcard": {
			lost: []string{"*.wild"}, excused: 4,
			expected: route53x.Expectation{Name: "*.wild.example.com.", Why: route53x.WhyAcknowledged},
		},
		"an alias in place of a CNAME": {
			plant: "www A 203.0.113.5\n", lost: []string{"www"}, excused: 2 * 8, // a CNAME answers for all eight types
			expected: route53x.Expectation{Name: "mail.example.com.", Why: route53x.WhyAcknowledged},
			sets: func(s []route53x.RRSet) []route53x.RRSet {
				s = slices.DeleteFunc(s, func(s route53x.RRSet) bool { return s.Name == "www.example.com." && s.Type == route53x.A })
				return append(s, alias("www.example.com.", "d111111abcdef8.cloudfront.net."))
			},
		},
		"an alias that answers nothing": {
			lost: []string{"www"}, plant: "www TXT x\n", excused: 2 * 6,
			expected: route53x.Expectation{Name: "mail.example.com.", Why: route53x.WhyAcknowledged},
			sets: func(s []route53x.RRSet) []route53x.RRSet {
				return append(s, alias("www.example.com.", "d111111abcdef8.cloudfront.net."))
			},
			want: []string{
				"A www.example.com. A: missing: CNAME example.com. → NODATA", "B www.example.com. A: missing: CNAME example.com. → NODATA",
				`A www.example.com. TXT: value: CNAME example.com. → "x"`, `B www.example.com. TXT: value: CNAME example.com. → "x"`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n, v, _, _ := world(t, newZone(tt.plant, tt.lost...))
				v.Expected = []route53x.Expectation{tt.expected}
				if tt.sets != nil {
					v.Sets = tt.sets(v.Sets)
				}
				r, err := route53x.Verify(t.Context(), v, &route53x.VerifyOptions{Exchanger: n})
				require.NoError(t, err)
				differences, problems := told(r, v.New)
				assert.ElementsMatch(t, tt.want, differences)
				assert.Empty(t, problems)
				assert.Len(t, r.Expected, tt.excused)
				assert.Equal(t, tt.want == nil, r.OK())
			})
		})
	}
}

func dropped(sets []route53x.RRSet, name route53x.Name) []route53x.RRSet {
	return slices.DeleteFunc(sets, func(s route53x.RRSet) bool { return s.Name == name })
}

// An expectation does not excuse a server that is broken, nor the loss of a validation CNAME.
func TestVerifyNeverExcuses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, v, _, b := world(t, newZone("", "_3a1f"))
		v.Expected = []route53x.Expectation{{Name: "_3a1f.example.com.", Why: route53x.WhyAcknowledged}, {Name: "both.example.com.", Why: route53x.WhyAcknowledged}}
		b.twist = twisted("both.example.com.", dns.TypeA, func(m *dns.Msg, _ bool) *dns.Msg {
			m.Rcode = dns.RcodeServerFailure
			return m
		})
		r, err := route53x.Verify(t.Context(), v, &route53x.VerifyOptions{Exchanger: n})
		require.NoError(t, err)
		differences, problems := told(r, v.New)
		assert.Equal(t, []string{"B both.example.com. A: rcode: 192.0.2.7, 192.0.2.8 → SERVFAIL"}, differences)
		assert.Equal(t, []string{"acm _3a1f.example.com.: 2 of 2 new servers do not have CNAME _9c2e.acm-validations.aws.: certificates will not renew"}, problems)
		assert.False(t, r.OK())
	})
}

// Names that ACM told of are looked for although no set has them.
func TestVerifyValidations(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, v, _, _ := world(t, newZone(""))
		v.Validations = []route53x.RRSet{
			simple("_3a1f.example.com", route53x.CNAME, 60, "_9C2E.acm-validations.aws"),
			simple("_77.www.example.com", route53x.CNAME, 60, "_88.acm-validations.aws."),
		}
		v.Certificates = []route53x.Name{"*.mail.example.com."}
		r, err := route53x.Verify(t.Context(), v, &route53x.VerifyOptions{Exchanger: n, Quick: true})
		require.NoError(t, err)
		differences, problems := told(r, v.New)
		assert.Empty(t, differences)
		assert.Equal(t, []string{"acm _77.www.example.com.: 2 of 2 new servers do not have CNAME _88.acm-validations.aws.: certificates will not renew"}, problems)
	})
}
