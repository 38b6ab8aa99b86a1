package r2admin_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2admin"
	"github.com/kitroll/kitroll/r2/r2test"
)

// The first three are the examples of the pricing page, the next three its rules for rounding.
func TestEstimateCost(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		standard, infrequent r2admin.ClassUsage
		want                 string
		notes                int
	}{
		"standard storage": {standard: r2admin.ClassUsage{GBMonths: 1000, ClassA: 1000, ClassB: 1e6, RetrievalGB: 1000}, want: "$14.85"},
		"infrequent access": {
			infrequent: r2admin.ClassUsage{GBMonths: 1000, ClassA: 1000, ClassB: 1e6, RetrievalGB: 1000}, want: "$29.90",
		},
		"asset hosting":             {standard: r2admin.ClassUsage{GBMonths: 10, ClassA: 100_000, ClassB: 300e6}, want: "$104.40"},
		"a million and one":         {infrequent: r2admin.ClassUsage{ClassA: 1_000_001}, want: "$18.00"},
		"1.1 GB-months":             {infrequent: r2admin.ClassUsage{GBMonths: 1.1}, want: "$0.02"},
		"1.1 GB read":               {infrequent: r2admin.ClassUsage{RetrievalGB: 1.1}, want: "$0.02"},
		"nothing":                   {want: "$0.00"},
		"just free":                 {standard: r2admin.ClassUsage{GBMonths: 10, ClassA: 1e6, ClassB: 10e6}, want: "$0.00"},
		"a byte too much":           {standard: r2admin.ClassUsage{GBMonths: 10.000000001}, want: "$0.015"},
		"less than a byte too much": {standard: r2admin.ClassUsage{GBMonths: 10.0000000001}, want: "$0.00"},
		"one write too many":        {standard: r2admin.ClassUsage{ClassA: 1_000_001}, want: "$4.50"},
		"one read too many":         {standard: r2admin.ClassUsage{ClassB: 10_000_001}, want: "$0.36"},
		"one read of the cold":      {infrequent: r2admin.ClassUsage{ClassB: 1}, want: "$0.90"},
		"not a number":              {standard: r2admin.ClassUsage{GBMonths: math.NaN(), ClassA: -1, ClassB: 11e6}, want: "$0.36", notes: 2},
		"endless":                   {standard: r2admin.ClassUsage{GBMonths: math.Inf(1)}, infrequent: r2admin.ClassUsage{RetrievalGB: -1}, want: "$0.00", notes: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := r2admin.EstimateCost(r2admin.Usage{Standard: tt.standard, InfrequentAccess: tt.infrequent}, nil)
			assert.Equal(t, tt.want, c.Total.String(), c.String())
			assert.Len(t, c.Notes, tt.notes)
			require.Len(t, c.Lines, 7)
			var sum r2admin.Money
			for _, l := range c.Lines {
				sum += l.Amount
				assert.Equal(t, l.Price*r2admin.Money(max(l.Units-l.Free, 0)), l.Amount, l.String())
				assert.GreaterOrEqual(t, float64(l.Units)*map[string]float64{"million": 1e6}[l.Unit]+float64(l.Units)+1e-9, l.Used)
			}
			assert.Equal(t, sum, c.Total)
			data, err := json.Marshal(c)
			require.NoError(t, err)
			var back r2admin.Cost
			require.NoError(t, json.Unmarshal(data, &back))
			assert.Equal(t, c, back)
		})
	}
}

func TestPricesCanBeOthers(t *testing.T) {
	t.Parallel()
	p := r2admin.DefaultPrices()
	p.Date, p.Standard.GBMonth, p.Standard.FreeGBMonths = "by contract", 10_000, 1000
	u := r2admin.Usage{Standard: r2admin.ClassUsage{GBMonths: 1500}}
	own, public := r2admin.EstimateCost(u, &p), r2admin.EstimateCost(u, nil)
	assert.Equal(t, "$5.00", own.Total.String())
	assert.Equal(t, "by contract", own.Prices)
	assert.Equal(t, "-$17.35", own.Minus(public).String())

	p.Standard.GBMonth, p.InfrequentAccess.GBMonth = math.MaxInt64, math.MaxInt64
	u.InfrequentAccess.GBMonths = 1
	assert.Equal(t, r2admin.Money(math.MaxInt64), r2admin.EstimateCost(u, &p).Total, "it ends where the numbers end")
}

func TestMoney(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]r2admin.Money{
		"0": 0, "14.85": 14_850_000, "0.015": 15_000, "-1": -r2admin.Dollar, `"4.50"`: 4_500_000, "0.000001": 1, "-0.000001": -1, "1000000": 1e12,
	} {
		var m r2admin.Money
		require.NoError(t, json.Unmarshal([]byte(text), &m), text)
		assert.Equal(t, want, m, text)
	}
	for _, text := range []string{"1e3", "0.0000001", `"x"`, `""`, `"."`, `"1."`, `".5"`, `"+1"`, `"1_0"`, `"0x1"`, "9223372036854775807", "true", "{}"} {
		m := r2admin.Dollar
		require.Error(t, json.Unmarshal([]byte(text), &m), text)
		assert.Equal(t, r2admin.Dollar, m, text)
	}
	for want, m := range map[string]r2admin.Money{
		"$0.00": 0, "$0.015": 15_000, "-$1.00": -r2admin.Dollar, "$1.000001": 1_000_001, "-$9223372036854.775808": math.MinInt64,
	} {
		assert.Equal(t, want, m.String())
	}
}

// Every operation that the bucket in memory knows has a class, so that what was counted there can be priced.
func TestOperationClass(t *testing.T) {
	t.Parallel()
	for class, ops := range map[r2admin.OpClass][]string{
		r2admin.ClassA: {
			"ListBuckets", "CreateBucket", "ListObjectsV2", "PutObject", "CopyObject", "CreateMultipartUpload", "UploadPart", "UploadPartCopy",
			"CompleteMultipartUpload", "ListParts", "ListMultipartUploads", "PutBucketCors", "PutBucketCORS", "putbucket", "LifecycleStorageTierTransition",
		},
		r2admin.ClassB:       {"HeadBucket", "HeadObject", "GetObject", "GetBucketLocation", "UsageSummary"},
		r2admin.ClassFree:    {"DeleteObject", "DeleteObjects", "DeleteBucket", "AbortMultipartUpload"},
		r2admin.ClassUnknown: {"", "PutObjectTagging", "Get"},
	} {
		for _, op := range ops {
			assert.Equal(t, class, r2admin.OperationClass(op), op)
			var u r2admin.ClassUsage
			assert.Equal(t, class != r2admin.ClassUnknown, u.Count(op, 2))
			want := map[r2admin.OpClass]r2admin.ClassUsage{r2admin.ClassA: {ClassA: 2}, r2admin.ClassB: {ClassB: 2}}[class]
			assert.Equal(t, want, u, op)
		}
	}
}

// What the estimate says of a plan is what carrying it out does.
func TestSyncUsage(t *testing.T) {
	t.Parallel()
	_, _, srv := open(t, r2test.Options{})
	c, err := r2.New(srv.Config())
	require.NoError(t, err)
	require.NoError(t, srv.Put("site/gone.txt", []byte("x")))
	require.NoError(t, srv.Put("site/stays.txt", []byte("y")))
	require.NoError(t, srv.Put("site/old.txt", []byte("z")))
	files := fstest.MapFS{
		"stays.txt": {Data: []byte("y")}, "new.txt": {Data: []byte("new")}, "empty.txt": {}, "big.bin": {Data: make([]byte, 64<<20+1)},
	}
	plan, err := c.PlanSync(t.Context(), files, &r2.SyncOptions{Prefix: "site/", Delete: true, MaxDelete: 2})
	require.NoError(t, err)
	u := r2admin.SyncUsage(plan)
	assert.Equal(t, int64(1+1+2+5), u.ClassA)
	assert.Zero(t, u.ClassB)
	assert.InDelta(t, (float64(64<<20)+1+3)/1e9, u.GBMonths, 1e-12)

	before := map[string]int{}
	ops := []string{"PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "DeleteObject", "DeleteObjects", "HeadObject", "GetObject", "ListObjectsV2"}
	for _, op := range ops {
		before[op] = srv.Calls(op)
	}
	_, err = c.Apply(t.Context(), plan, nil)
	require.NoError(t, err)
	var done r2admin.ClassUsage
	for _, op := range ops {
		require.True(t, done.Count(op, int64(srv.Calls(op)-before[op])))
	}
	done.GBMonths = u.GBMonths
	assert.Equal(t, u, done)

	for size, ops := range map[int64]int64{0: 1, 64 << 20: 1, 80 << 20: 2 + 5, 80<<20 + 1: 2 + 6, 1 << 42: 2 + 10_000} {
		assert.Equal(t, ops, r2admin.SyncUsage(r2.Plan{Puts: []r2.Change{{Size: size}}, Deletes: []r2.Change{{Size: 5}}}).ClassA, size)
	}
}

// A gallery of 120 GB that is looked at fifty million times a month.
func ExampleEstimateCost() {
	c := r2admin.EstimateCost(r2admin.Usage{
		Standard:         r2admin.ClassUsage{GBMonths: 119.2, ClassA: 300_000, ClassB: 50_000_000},
		InfrequentAccess: r2admin.ClassUsage{GBMonths: 500, ClassA: 20_000, RetrievalGB: 0.5},
	}, nil)
	fmt.Print(c)
	// Output:
	// Standard storage                 $1.65  120 (119.2 rounded up) - 10 free × $0.015 a GB-month
	// Standard class A                 $0.00  1 (300000 rounded up) - 1 free × $4.50 a million
	// Standard class B                $14.40  50 - 10 free × $0.36 a million
	// Infrequent Access storage        $5.00  500 × $0.01 a GB-month
	// Infrequent Access class A        $9.00  1 (20000 rounded up) × $9.00 a million
	// Infrequent Access class B        $0.00  0 × $0.90 a million
	// Infrequent Access retrieval      $0.01  1 (0.5 rounded up) × $0.01 a GB
	// total                           $30.06  a month, at the prices of 2026-11
}
