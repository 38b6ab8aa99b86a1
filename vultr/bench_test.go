package vultr_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kitroll/kitroll/vultr"
)

// A page of 500 volumes, read from memory.
func BenchmarkList(b *testing.B) {
	one := `{"id":"cb676a46-66fd-4dfb-b839-443f2e6c0b60","status":"active","size_gb":40,"region":"ewr","label":"db","block_type":"high_perf",` +
		`"mount_id":"ewr-0123456789abcdef","cost":4,"pending_charges":0.01,"date_created":"2026-01-01T00:00:00+00:00","bootable":false}`
	body := `{"blocks":[` + strings.Repeat(one+",", 499) + one + `],"meta":{"total":500,"links":{"next":"","prev":""}}}`
	// A client to each page, since 30 pages a second are all that one asks for.
	hc := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return answer(200, "application/json", body), nil
	})}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		c, err := vultr.New(vultr.Config{APIKey: apiKey, HTTPClient: hc})
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for _, err := range c.Block().List(b.Context(), nil) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != 500 {
			b.Fatal(n)
		}
	}
}

func BenchmarkChoose(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if vultr.Choose(vultr.Need{Access: vultr.AccessFile, Writers: 3, BareMetal: true}).Kind != vultr.KindGateway {
			b.Fatal()
		}
	}
}
