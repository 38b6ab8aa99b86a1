package r2_test

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

// discarding answers a PUT without a server, so that what is measured is the client.
func discarding(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_, _ = io.Copy(io.Discard, req.Body)
		_ = req.Body.Close()
	}
	return &http.Response{
		StatusCode: http.StatusOK, ProtoMajor: 1, Header: http.Header{"Etag": req.Header["X-Want"]}, Body: http.NoBody, Request: req,
	}, nil
}

func BenchmarkPutSmallObjects(b *testing.B) {
	for name, size := range map[string]int{"100KiB": 100 * kib, "1MiB": mib} {
		for _, verify := range []r2.Verify{r2.VerifyNone, r2.VerifyETag} {
			b.Run(name+"/"+map[r2.Verify]string{r2.VerifyNone: "plain", r2.VerifyETag: "verified"}[verify], func(b *testing.B) {
				srv := r2test.NewServer()
				defer srv.Close()
				cfg := srv.Config()
				data := random(size)
				info, err := client(b, srv).Put(b.Context(), "probe", bytes.NewReader(data), nil)
				require.NoError(b, err)
				cfg.HTTPClient = &http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
					resp, err := discarding(req)
					resp.Header.Set("Etag", strconv.Quote(info.ETag))
					return resp, err
				})}
				c, err := r2.New(cfg)
				require.NoError(b, err)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for n := 0; b.Loop(); n++ {
					_, err := c.Put(b.Context(), strconv.Itoa(n), bytes.NewReader(data), &r2.PutOptions{Verify: verify})
					require.NoError(b, err)
				}
			})
		}
	}
}
