package route53x_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
)

// Names × types × servers in a second on loopback, without a limit of the rate: what Verify, the sockets and the servers of
// this process take together.
func BenchmarkVerify(b *testing.B) {
	var file strings.Builder
	file.WriteString("@ NS ns-1.awsdns-01.org.\n")
	for i := range 250 {
		fmt.Fprintf(&file, "h%d A 192.0.2.%d\n", i, i%250+1)
	}
	zone, _, err := route53x.ParseZone(strings.NewReader("$TTL 300\n"+file.String()), "example.com", nil)
	require.NoError(b, err)
	for name, quick := range map[string]bool{"all types": false, "quick": true} {
		b.Run(name, func(b *testing.B) {
			v := route53x.Verification{Zone: "example.com.", Sets: zone.Sets}
			for i := range 6 {
				addr := newAuthority(b, "example.com", file.String()).listen(b)
				if i < 2 {
					v.Old = append(v.Old, addr)
				} else {
					v.New = append(v.New, addr)
				}
			}
			questions, queries := 0, 0
			began := time.Now()
			b.ReportAllocs()
			for b.Loop() {
				r, err := route53x.Verify(b.Context(), v, &route53x.VerifyOptions{Rate: -1, Quick: quick})
				require.NoError(b, err)
				require.True(b, r.OK(), r.String())
				questions += r.Questions * len(r.Servers)
				for _, s := range r.Servers {
					queries += s.Queries
				}
			}
			b.ReportMetric(float64(questions)/time.Since(began).Seconds(), "names×types×servers/s")
			b.ReportMetric(float64(queries)/time.Since(began).Seconds(), "messages/s")
		})
	}
}
