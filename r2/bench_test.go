package r2_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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

// discardingParts is an S3 that takes parts and forgets them.
type discardingParts struct{}

func (d discardingParts) RoundTrip(req *http.Request) (*http.Response, error) {
	body := ""
	switch q := req.URL.Query(); {
	case req.Method == http.MethodPost && q.Has("uploads"):
		body = "<InitiateMultipartUploadResult><UploadId>x</UploadId></InitiateMultipartUploadResult>"
	case req.Method == http.MethodPost:
		body = "<CompleteMultipartUploadResult><ETag>&quot;x-1&quot;</ETag></CompleteMultipartUploadResult>"
	default:
		_, _ = io.CopyBuffer(struct{ io.Writer }{io.Discard}, req.Body, make([]byte, 256<<10))
		_ = req.Body.Close()
	}
	return &http.Response{
		StatusCode: http.StatusOK, ProtoMajor: 1, Header: http.Header{"Etag": {`"x"`}}, Body: io.NopCloser(strings.NewReader(body)), Request: req,
	}, nil
}

// What the client itself costs for 256 MiB in parts of 16 MiB: of a file without a copy, and of a stream through its buffers.
func BenchmarkPutParts(b *testing.B) {
	path := filepath.Join(b.TempDir(), "file")
	require.NoError(b, os.WriteFile(path, random(256*mib), 0o600))
	for name, tt := range map[string]struct {
		stream bool
		verify r2.Verify
	}{"file": {verify: r2.VerifyNone}, "stream": {stream: true, verify: r2.VerifyNone}} {
		b.Run(name, func(b *testing.B) {
			srv := r2test.NewServer()
			defer srv.Close()
			cfg := srv.Config()
			cfg.HTTPClient = &http.Client{Transport: discardingParts{}}
			c, err := r2.New(cfg)
			require.NoError(b, err)
			b.SetBytes(256 * mib)
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				f, err := os.Open(path)
				require.NoError(b, err)
				var body io.Reader = f
				if tt.stream {
					body = streamed{f}
				}
				_, err = c.Put(b.Context(), strconv.Itoa(n), body, &r2.PutOptions{Verify: tt.verify})
				require.NoError(b, err)
				_ = f.Close()
			}
		})
	}
}

func BenchmarkStripMetadata(b *testing.B) {
	for name, data := range pictures(b) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				_, err := r2.StripMetadata(data)
				require.NoError(b, err)
			}
		})
	}
}

// 10,000 files that have not changed, whose hashes are known.
func BenchmarkPlanSync(b *testing.B) {
	srv := r2test.NewServer()
	defer srv.Close()
	files := map[string]string{}
	for n := range 10_000 {
		files[strconv.Itoa(n)] = "x"
		require.NoError(b, srv.Put(strconv.Itoa(n), []byte("x")))
	}
	src, c := mapFS(files), client(b, srv)
	opts := &r2.SyncOptions{Cache: filepath.Join(b.TempDir(), "cache")}
	b.ReportAllocs()
	for b.Loop() {
		plan, err := c.PlanSync(b.Context(), src, opts)
		require.NoError(b, err)
		require.Equal(b, 10_000, plan.Unchanged)
	}
}
