package acmx_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/acmx"
)

func TestCheckName(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 63)
	for in, want := range map[string]string{ // "" = refused
		"example.com":                "example.com",
		"Example.COM.":               "example.com",
		"*.example.com":              "*.example.com",
		"*.a.example.com":            "*.a.example.com",
		"xn--mnchen-3ya.example":     "xn--mnchen-3ya.example",
		"a.xn--p1ai":                 "a.xn--p1ai",
		"xn--fiqs8s.xn--fiqs8s":      "xn--fiqs8s.xn--fiqs8s",
		"xn--ls8h.example":           "xn--ls8h.example",
		"0.example":                  "0.example",
		"1-2.example":                "1-2.example",
		long + ".com":                long + ".com",
		"":                           "",
		".":                          "",
		"com":                        "",
		"*.com":                      "",
		"*":                          "",
		"**.example.com":             "",
		"*a.example.com":             "",
		"a.*.example.com":            "",
		"*.*.example.com":            "",
		"a..example.com":             "",
		".example.com":               "",
		"a.example.com..":            "",
		"-a.example.com":             "",
		"a-.example.com":             "",
		"a_b.example.com":            "",
		"a b.example.com":            "",
		"münchen.example":            "",
		"xn--.example":               "",
		"xn--mnchen-.example":        "",
		"xn--99999999999999.example": "",
		"ab--cd.example":             "",
		"192.0.2.1":                  "",
		"2001:db8::1":                "",
		"example.123":                "",
		"https://example.com":        "",
		"example.com:443":            "",
		long + "a.com":               "",
		long + "." + long + "." + long + "." + long[:62]: "",
		long + "." + long + "." + long + "." + long[:61]: long + "." + long + "." + long + "." + long[:61],
	} {
		t.Run(in, func(t *testing.T) {
			t.Parallel()
			got, err := acmx.CheckName(in)
			assert.Equal(t, want, got)
			assert.Equal(t, want == "", err != nil, "%v", err)
		})
	}
}

func FuzzCheckName(f *testing.F) {
	for _, s := range []string{"example.com", "*.example.com", "xn--mnchen-3ya.example", "xn--a-ecp.ru", "a..b", "192.0.2.1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		name, err := acmx.CheckName(raw)
		if err != nil {
			assert.Empty(t, name)
			return
		}
		again, err := acmx.CheckName(name)
		require.NoError(t, err)
		assert.Equal(t, name, again)
		assert.LessOrEqual(t, len(name), 253)
		assert.Empty(t, strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789.-*"))
	})
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	base := spec().Fingerprint()
	assert.Regexp(t, `^[0-9a-f]{32}$`, base)
	for name, tt := range map[string]struct {
		edit func(*acmx.Spec)
		same bool
	}{
		"order and spelling": {edit: func(s *acmx.Spec) { s.Names = []string{"*.EXAMPLE.com.", "Example.com"} }, same: true},
		"tags":               {edit: func(s *acmx.Spec) { s.Tags = map[string]string{"a": "b"} }, same: true},
		"cost":               {edit: func(s *acmx.Spec) { s.MaxCost = 0 }, same: true},
		"names":              {edit: func(s *acmx.Spec) { s.Names = s.Names[:1] }},
		"key":                {edit: func(s *acmx.Spec) { s.Key = acmx.ECP384 }},
		"export":             {edit: func(s *acmx.Spec) { s.Exportable = false }},
		"label":              {edit: func(s *acmx.Spec) { s.Label = "blue" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := spec()
			tt.edit(&s)
			assert.Equal(t, tt.same, s.Fingerprint() == base)
		})
	}
	rsa := acmx.Spec{Names: []string{"example.com"}}
	named := rsa
	named.Key = acmx.RSA2048
	assert.Equal(t, rsa.Fingerprint(), named.Fingerprint(), "the default is RSA")
}
