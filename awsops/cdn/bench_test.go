package cdn_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/cdn"
	"github.com/kitroll/kitroll/awsops/cdntest"
)

// What a whole look at an origin costs: two ports, four versions of TLS, two names.
func BenchmarkProbe(b *testing.B) {
	f, c, err := exampleWorld("www.example.com")
	require.NoError(b, err)
	defer f.Close()
	b.ReportAllocs()
	for b.Loop() {
		p, err := c.Probe(b.Context(), "origin.example.com", &cdn.ProbeOptions{Aliases: []string{"www.example.com"}})
		if err != nil || p.Decision.Refused() {
			b.Fatal(p, err)
		}
	}
}

// What it costs to find one's distribution among others.
func BenchmarkEnsureWhatIsThere(b *testing.B) {
	for _, n := range []int{10, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			f, c, err := exampleWorld()
			require.NoError(b, err)
			defer f.Close()
			for range n {
				f.Add(byHand("origin.example.com", cdn.HTTPOnly, false))
			}
			d := cdn.Distribution{ID: "shop", Origin: cdn.Origin{Domain: "origin.example.com"}}
			_, err = c.Ensure(b.Context(), d)
			require.NoError(b, err)
			before := f.Calls("")
			rounds := 0
			b.ReportAllocs()
			for b.Loop() {
				rounds++
				if _, err := c.Ensure(b.Context(), d); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(f.Calls("")-before)/float64(rounds), "calls/op")
		})
	}
}

func BenchmarkRetarget(b *testing.B) {
	f, err := cdntest.New(cdntest.Options{})
	require.NoError(b, err)
	defer f.Close()
	c, err := cdn.New(f.Config())
	require.NoError(b, err)
	for range 20 {
		f.Add(byHand("a.example.com", cdn.HTTPOnly, false))
	}
	from, to := "a.example.com", "b.example.com"
	b.ReportAllocs()
	for b.Loop() {
		if n, err := c.Retarget(b.Context(), from, to); n != 20 || err != nil {
			b.Fatal(n, err)
		}
		from, to = to, from
	}
}
