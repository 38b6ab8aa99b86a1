package acmx_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/acmx"
	"github.com/kitroll/kitroll/acmx/acmxtest"
)

// zoneCAA are CAA records by name. It counts, and fails for names that are errors.
type zoneCAA struct {
	records map[string][]string
	asked   []string
	err     error
}

func (z *zoneCAA) LookupCAA(_ context.Context, name string) ([]string, error) {
	z.asked = append(z.asked, name)
	return z.records[name], z.err
}

// Trap 46: CAA that forbids Amazon is found before the request. The rules are those of RFC 8659.
func TestCAAIsCheckedBeforeTheRequest(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		names   []string
		records map[string][]string
		cas     []string
		refused string // what the error says; "" = allowed
		at      string
	}{
		"none":                             {names: []string{"a.example.com"}},
		"amazon":                           {names: []string{"example.com"}, records: map[string][]string{"example.com": {`0 issue "amazon.com"`}}, at: "example.com"},
		"another name of Amazon":           {names: []string{"example.com"}, records: map[string][]string{"example.com": {`0 issue "amazontrust.com"`}}, at: "example.com"},
		"one of several":                   {names: []string{"example.com"}, records: map[string][]string{"example.com": {`0 issue "letsencrypt.org"`, `0 issue "amazonaws.com; account=1"`}}, at: "example.com"},
		"another authority":                {names: []string{"example.com"}, records: map[string][]string{"example.com": {`0 issue "letsencrypt.org"`}}, refused: "example.com (by the records of example.com)"},
		"nobody":                           {names: []string{"example.com"}, records: map[string][]string{"example.com": {`0 issue ";"`}}, refused: "example.com"},
		"by a parent":                      {names: []string{"b.a.example.com"}, records: map[string][]string{"example.com": {`0 issue "letsencrypt.org"`}}, refused: "b.a.example.com (by the records of example.com)"},
		"the nearer decides":               {names: []string{"b.a.example.com"}, records: map[string][]string{"a.example.com": {`0 issue "amazon.com"`}, "example.com": {`0 issue ";"`}}, at: "a.example.com"},
		"a nearer one without issue":       {names: []string{"a.example.com"}, records: map[string][]string{"a.example.com": {`0 iodef "mailto:x@example.com"`}, "example.com": {`0 issue ";"`}}, at: "a.example.com"},
		"issuewild is for wildcards":       {names: []string{"example.com", "*.example.com"}, records: map[string][]string{"example.com": {`0 issue "amazon.com"`, `0 issuewild ";"`}}, refused: "*.example.com"},
		"issuewild is not for others":      {names: []string{"example.com"}, records: map[string][]string{"example.com": {`0 issuewild ";"`}}, at: "example.com"},
		"issue rules wildcards without it": {names: []string{"*.example.com"}, records: map[string][]string{"example.com": {`0 issue "letsencrypt.org"`}}, refused: "*.example.com"},
		"a critical tag that is unknown":   {names: []string{"example.com"}, records: map[string][]string{"example.com": {`0 issue "amazon.com"`, `128 tbs "x"`}}, refused: "example.com"},
		"an unknown tag":                   {names: []string{"example.com"}, records: map[string][]string{"example.com": {`0 issue "amazon.com"`, `0 tbs "x"`}}, at: "example.com"},
		"upper case, blanks, no quotes":    {names: []string{"example.com"}, records: map[string][]string{"example.com": {`0 ISSUE  Amazon.COM`}}, at: "example.com"},
		"escapes":                          {names: []string{"example.com"}, records: map[string][]string{"example.com": {`0 issue "am\097zon.com"`}}, at: "example.com"},
		"a list of one's own":              {names: []string{"example.com"}, records: map[string][]string{"example.com": {`0 issue "pki.example"`}}, cas: []string{"pki.example"}, at: "example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			zone := &zoneCAA{records: tt.records}
			srv, c := fake(t, acmxtest.Options{}, func(cfg *acmx.Config) { cfg.CAA, cfg.CAs = zone, tt.cas })
			s := acmx.Spec{Names: tt.names, Key: acmx.ECP256}
			plan, err := c.Plan(t.Context(), s, nil)
			require.NoError(t, err)
			assert.True(t, plan.CAAChecked)
			_, err = c.Ensure(t.Context(), s, srv.Solver(), nil)
			if tt.refused == "" {
				require.NoError(t, err)
				assert.Equal(t, tt.at, plan.CAA[0].At)
				assert.NotContains(t, plan.String(), "do not allow")
				return
			}
			require.ErrorIs(t, err, acmx.ErrCAA)
			assert.ErrorContains(t, err, tt.refused)
			assert.Zero(t, srv.Calls("RequestCertificate"))
			assert.Contains(t, plan.String(), "do not allow")
		})
	}
}

// A look-up that fails is no verdict, and nothing is bought on it.
func TestCAALookupThatFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("SERVFAIL")
	for name, zone := range map[string]*zoneCAA{
		"an error":      {err: broken},
		"no CAA record": {records: map[string][]string{"example.com": {"issue amazon.com"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := fake(t, acmxtest.Options{}, func(cfg *acmx.Config) { cfg.CAA = zone })
			_, err := c.Ensure(t.Context(), spec(), srv.Solver(), nil)
			require.Error(t, err)
			require.NotErrorIs(t, err, acmx.ErrCAA)
			assert.ErrorContains(t, err, "example.com")
			assert.Zero(t, srv.Calls("RequestCertificate"))
		})
	}
}

func TestCAAIsAskedOncePerName(t *testing.T) {
	t.Parallel()
	zone := &zoneCAA{}
	_, c := fake(t, acmxtest.Options{}, func(cfg *acmx.Config) { cfg.CAA = zone })
	_, err := c.Plan(t.Context(), acmx.Spec{Names: []string{"a.example.com", "*.example.com", "b.example.com"}}, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"a.example.com", "example.com", "com", "b.example.com"}, zone.asked)
}

func TestPlanSaysThatCAAWasNotChecked(t *testing.T) {
	t.Parallel()
	_, c := fake(t, acmxtest.Options{})
	plan, err := c.Plan(t.Context(), spec(), nil)
	require.NoError(t, err)
	assert.False(t, plan.CAAChecked)
	assert.Contains(t, plan.String(), "CAA records were not checked")
}

func FuzzParseCAA(f *testing.F) {
	for _, s := range []string{`0 issue "amazon.com"`, `128 issuewild ";"`, `0 iodef mailto:a@b`, `0 issue "a\"b\059"`, `0 issue "`, `300 issue x`, ``, `0 issue "a\`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tag, value, err := acmx.ParseCAA(text)
		if err != nil {
			return
		}
		assert.NotEmpty(t, tag)
		assert.Equal(t, strings.ToLower(tag), tag)
		if strings.ContainsAny(value, "\\\"") || value != strings.TrimSpace(value) {
			return
		}
		again, same, err := acmx.ParseCAA("0 " + tag + ` "` + value + `"`)
		if strings.ContainsAny(tag, "\" \t") || err != nil {
			return
		}
		assert.Equal(t, tag, again)
		assert.Equal(t, value, same)
	})
}
