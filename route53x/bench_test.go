package route53x_test

import (
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
