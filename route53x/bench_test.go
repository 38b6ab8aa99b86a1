package route53x_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
)

// A zone of 10,000 records, the most that Route 53 holds without asking.
func BenchmarkParseZone(b *testing.B) {
	var file strings.Builder
	require.NoError(b, route53x.WriteZone(&file, "example.com", slices.Values(hosts(10_000)), nil))
	b.SetBytes(int64(file.Len()))
	b.ReportAllocs()
	for b.Loop() {
		zone, _, err := route53x.ParseZone(strings.NewReader(file.String()), "example.com", nil)
		if err != nil || len(zone.Sets) != 10_000 {
			b.Fatal(err)
		}
	}
}

func BenchmarkDiff(b *testing.B) {
	have, want := base(hosts(10_000)...), hosts(10_100)[100:]
	b.ReportAllocs()
	for b.Loop() {
		plan, err := route53x.Diff(have, want, nil)
		if err != nil || len(plan.Changes) != 200 {
			b.Fatal(err)
		}
	}
}

// A zone of 1000 records with lines, weights and validation CNAMEs.
func BenchmarkMapAliyun(b *testing.B) {
	var records []route53x.AliyunRecord
	for i := range 250 {
		name := fmt.Sprintf("h%d", i)
		records = append(records, ali(name, "A", "192.0.2.1"), ali(name, "A", "198.51.100.1", on("oversea")),
			ali("w"+name, "A", "192.0.2.2", weighs(3)), ali("_x."+name, "CNAME", "_y.acm-validations.aws"))
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := route53x.MapAliyun("example.com", records, nil); err != nil {
			b.Fatal(err)
		}
	}
}
