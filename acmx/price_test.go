package acmx_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/kitroll/kitroll/acmx"
)

func TestEstimate(t *testing.T) {
	t.Parallel()
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	names := []string{"example.com", "www.example.com", "*.example.com"}
	for name, tt := range map[string]struct {
		spec  acmx.Spec
		at    time.Time
		table []acmx.PriceTable
		want  acmx.Money
		every int // days
	}{
		"not exportable":       {spec: acmx.Spec{Names: names}, at: day(2026, 11, 1)},
		"the last day before":  {spec: acmx.Spec{Names: names, Exportable: true}, at: day(2026, 2, 18).Add(-time.Second), want: acmx.Dollars(15 + 15 + 149), every: 335},
		"the first day":        {spec: acmx.Spec{Names: names, Exportable: true}, at: day(2026, 2, 18), want: acmx.Dollars(7 + 7 + 79), every: 153},
		"before there was one": {spec: acmx.Spec{Names: names[:1], Exportable: true}, at: day(2020, 1, 1), want: acmx.Dollars(15), every: 335},
		"one's own, unordered": {
			spec: acmx.Spec{Names: names, Exportable: true}, at: day(2027, 1, 1), want: 250, every: 50,
			table: []acmx.PriceTable{{From: day(2026, 12, 1), Name: 100, Wildcard: 50, Days: 60, Renew: 10}, {From: day(2026, 1, 1), Name: 1, Days: 60}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := tt.spec.Estimate(&acmx.EstimateOptions{At: tt.at, Prices: tt.table})
			assert.Equal(t, tt.want, c.Issue)
			assert.Equal(t, tt.want, c.Renewal, "a renewal costs as much")
			assert.Equal(t, time.Duration(tt.every)*24*time.Hour, c.RenewEvery)
		})
	}
}

func TestCostAsText(t *testing.T) {
	t.Parallel()
	at := &acmx.EstimateOptions{At: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
	assert.Equal(t, "free", acmx.Spec{Names: []string{"example.com"}}.Estimate(at).String())
	c := spec().Estimate(at)
	assert.Equal(t, "$86.00 now (1 × $7.00 + 1 wildcard × $79.00), the same about every 153 days when ACM renews it, "+
		"$205.16 a year; prices of 2026-02-18: third parties that quote AWS, read 2026-11", c.String())
	assert.Equal(t, "$0.05", acmx.Money(5).String())
	assert.Equal(t, "-$12.30", acmx.Money(-1230).String())
}
