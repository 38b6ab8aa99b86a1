package vultr_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/vultr"
)

func TestScalarsInOtherTypes(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]vultr.Scalar{
		`"ewr"`:                       {Text: "ewr", Year: 1, Few: []string{"ewr"}},
		`42`:                          {Text: "42", Whole: 42, Amount: 42, Flag: true, Year: 1, Few: []string{"42"}},
		`"42"`:                        {Text: "42", Whole: 42, Amount: 42, Flag: true, Year: 1, Few: []string{"42"}},
		`10.0`:                        {Text: "10.0", Whole: 10, Amount: 10, Flag: true, Year: 1, Few: []string{"10.0"}},
		`" 0.018 "`:                   {Text: " 0.018 ", Amount: 0.018, Flag: true, Year: 1, Few: []string{" 0.018 "}},
		`9223372036854775807`:         {Text: "9223372036854775807", Whole: math.MaxInt64, Amount: math.MaxInt64, Flag: true, Year: 1, Few: []string{"9223372036854775807"}},
		`1e999`:                       {Text: "1e999", Year: 1, Few: []string{"1e999"}},
		`"NaN"`:                       {Text: "NaN", Year: 1, Few: []string{"NaN"}},
		`null`:                        {Year: 1},
		`true`:                        {Text: "true", Flag: true, Year: 1, Few: []string{"true"}},
		`false`:                       {Text: "false", Year: 1, Few: []string{"false"}},
		`"yes"`:                       {Text: "yes", Flag: true, Year: 1, Few: []string{"yes"}},
		`"no"`:                        {Text: "no", Year: 1, Few: []string{"no"}},
		`{}`:                          {Year: 1},
		`[]`:                          {Year: 1},
		`["a",1,null,["b"],{}]`:       {Year: 1, Few: []string{"a", "1"}},
		`"2026-01-01T00:00:00+00:00"`: {Text: "2026-01-01T00:00:00+00:00", Year: 2026, Few: []string{"2026-01-01T00:00:00+00:00"}},
		`"2026-01-01T00:00:00.123Z"`:  {Text: "2026-01-01T00:00:00.123Z", Year: 2026, Few: []string{"2026-01-01T00:00:00.123Z"}},
		`"2026-01-01 00:00:00"`:       {Text: "2026-01-01 00:00:00", Year: 2026, Few: []string{"2026-01-01 00:00:00"}},
		`"2025-12-31T23:00:00-05:00"`: {Text: "2025-12-31T23:00:00-05:00", Year: 2026, Few: []string{"2025-12-31T23:00:00-05:00"}},
		`"the day before yesterday"`:  {Text: "the day before yesterday", Year: 1, Few: []string{"the day before yesterday"}},
	} {
		got, err := vultr.ScalarOf([]byte(data))
		require.NoError(t, err, data)
		assert.Equal(t, want, got, data)
	}
}

// A field of an odd type does not turn what was bought into an error, nor does it take the other fields along.
func TestOddFieldsAreLeftOut(t *testing.T) {
	t.Parallel()
	raw := []byte(`{"id":7,"size_gb":{"odd":1},"label":["x"],"region":"ewr","cost":"1.50","bootable":"no","attached_to_instance":null,
		"tier":"gold","tags":"one","storage_size":20,"storage_used":null,"billing":[],"network_config":"none","export_config":{},"status":"active",
		"cluster_id":"3","date_created":17,"mount_tag":184467440737095516150,"locations":[{"region":"ams"},"ewr",3]}`)
	b, o, f, g, a, tier, errs := vultr.ReadAny(raw)
	assert.Empty(t, errs)
	assert.Equal(t, vultr.Block{ID: "7", Region: "ewr", CostUSD: 1.5, Status: vultr.Active}, b)
	assert.Equal(t, vultr.ObjectStorage{ID: "7", Region: "ewr", Status: vultr.Active, Cluster: "3"}, o)
	assert.Equal(t, vultr.FileSystem{ID: "7", Region: "ewr", Status: vultr.Active, Tags: []string{"one"}}, f)
	assert.Equal(t, vultr.Gateway{ID: "7", Region: "ewr", Status: vultr.Active, Tags: []string{"one"}}, g)
	assert.Equal(t, "184467440737095516150", a.MountTag)
	assert.Equal(t, []string{"ams", "ewr", "3"}, tier.Locations)
}

func TestListShapes(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]struct {
		n    int
		next string
		bad  bool
	}{
		`{"gs":[{"id":1},{"id":"b"}],"meta":{"total":2,"links":{"next":"n","prev":""}}}`: {n: 2, next: "n"},
		`{"g":{"id":1}}`:                 {n: 1},
		`{"g":{ }}`:                      {},
		`{"g":[]}`:                       {},
		`{"gs":null}`:                    {},
		`{"gs":null,"meta":{"total":1}}`: {bad: true},
		`{"gs":[{"id":""}]}`:             {bad: true},
		`{"gs":["a"]}`:                   {bad: true},
		`{"gs":7}`:                       {bad: true},
		`{"meta":{"total":0}}`:           {bad: true},
		`{}`:                             {bad: true},
		`null`:                           {bad: true},
		`[{"id":1}]`:                     {bad: true},
		``:                               {bad: true},
		`{"gs":[{"id":1}],"meta":[]}`:    {n: 1},
		`{"gs":[{"id":1}],"meta":{"links":null}}`: {n: 1},
	} {
		n, next, err := vultr.ListOf([]byte(data), "g", "gs")
		assert.Equal(t, want.bad, err != nil, "%s: %v", data, err)
		assert.Equal(t, want.n, n, data)
		assert.Equal(t, want.next, next, data)
	}
}

func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		`{"block":{"id":"x","size_gb":10}}`, `{"id":1}`, `{"block":[{"id":null}]}`, `{"blocks":[{"id":"x"}],"meta":{"links":{"next":"n"}}}`,
		`{"blocks":{"id":"x"}}`, `{"blocks":null}`, `{"block":{"id":"x","ID":""}}`, `[]`, `{"error":"x"}`, `{"block":{"id":{"a":1}}}`, `{"id":"x","storage_size":{"gb":"20"}}`,
		`{"storage_gateway":{"id":"g","export_config":{"id":1,"allowed_ips":"::/0"},"network_config":{"primary":{"vpc":{"vpc_ip_address":"10.1.1.1"}}}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if raw, err := vultr.ObjectOf(data, "block", "storage_gateway"); err == nil {
			require.True(t, json.Valid(raw))
			b, o, fs, g, _, tier, errs := vultr.ReadAny(raw)
			require.Empty(t, errs, "what has an ID can be read")
			require.NotEmpty(t, b.ID, "and its ID is there")
			require.Equal(t, string(b.ID), string(o.ID))
			require.Equal(t, string(b.ID), string(fs.ID))
			require.Equal(t, string(b.ID), string(g.ID))
			for _, money := range []float64{b.CostUSD, fs.MonthlyUSD, g.PendingChargesUSD, tier.MonthlyUSD} {
				require.False(t, math.IsNaN(money) || math.IsInf(money, 0))
			}
		}
		if _, _, err := vultr.ListOf(data, "block", "blocks"); err == nil {
			require.True(t, json.Valid(data))
		}
	})
}

func FuzzScalars(f *testing.F) {
	for _, seed := range []string{`"a"`, `1`, `1e9`, `-0`, `true`, `null`, `[1,"a"]`, `{"a":1}`, `"2026-01-01T00:00:00Z"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := vultr.ScalarOf(data)
		require.Equal(t, json.Valid(data), err == nil, "only what is no JSON is an error")
		require.False(t, math.IsNaN(got.Amount) || math.IsInf(got.Amount, 0))
	})
}
