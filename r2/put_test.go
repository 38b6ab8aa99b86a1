package r2_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

var errBroken = errors.New("the disk is broken")

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errBroken }

// bodies are the ways to hand over the same bytes.
func bodies(t *testing.T, data []byte) map[string]func() io.Reader {
	t.Helper()
	path := filepath.Join(t.TempDir(), "body")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return map[string]func() io.Reader{
		"bytes":  func() io.Reader { return bytes.NewReader(data) },
		"buffer": func() io.Reader { return bytes.NewBuffer(bytes.Clone(data)) },
		"stream": func() io.Reader { return streamed{bytes.NewReader(data)} },
		"seeker": func() io.Reader { return seekable{bytes.NewReader(data)} },
		"file": func() io.Reader {
			f, err := os.Open(path)
			require.NoError(t, err)
			t.Cleanup(func() { _ = f.Close() })
			return f
		},
	}
}

// Trap 5: equal parts for every size, and for a stream of unknown size.
// Trap 6: EntityTooSmall never happens: the fake would answer so.
func TestEqualParts(t *testing.T) {
	t.Parallel()
	const part = 2 * kib
	for _, size := range []int{0, 1, kib - 1, kib, kib + 1, part - 1, part, part + 1, 3*part - 1, 3 * part, 3*part + 1, 11*part + 7} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			data := random(size)
			for name, body := range bodies(t, data) {
				srv, c := smallParts(t)
				b := body()
				info, err := c.Put(t.Context(), "key", b, &r2.PutOptions{PartSize: part})
				require.NoError(t, err, name)
				assert.Equal(t, data, append([]byte{}, content(t, srv, "key")...), name)
				assert.EqualValues(t, size, info.Size, name)
				assert.Equal(t, srv.Objects()[0].ETag, info.ETag, name)
				parts := (size + part - 1) / part
				if parts <= 1 {
					parts = 0
				}
				assert.Equal(t, parts, srv.Calls("UploadPart"), name)
				left, err := io.ReadAll(b)
				require.NoError(t, err)
				assert.Empty(t, left, "%s stands at its end", name)
			}
		})
	}
}

// With the platform's own least part.
func TestEqualPartsOfFiveMiB(t *testing.T) {
	t.Parallel()
	for _, size := range []int{5*mib - 1, 5 * mib, 5*mib + 1} {
		srv, c := opened(t, r2test.Options{})
		_, err := c.Put(t.Context(), "key", streamed{bytes.NewReader(random(size))}, &r2.PutOptions{PartSize: 5 * mib})
		require.NoError(t, err)
		assert.Len(t, content(t, srv, "key"), size)
		assert.Equal(t, map[bool]int{true: 2}[size > 5*mib], srv.Calls("UploadPart"))
	}
}

// Trap 5: the part size grows up front so that there are no more than 10,000.
func TestPartSizeGrows(t *testing.T) {
	t.Parallel()
	_, c := opened(t, r2test.Options{})
	for name, tt := range map[string]struct {
		part, size, want int64
	}{
		"unknown":         {size: -1, want: 16 * mib},
		"default":         {size: 10_000 * 16 * mib, want: 16 * mib},
		"one byte more":   {size: 10_000*16*mib + 1, want: 17 * mib},
		"five TiB":        {size: 5<<40 - 5<<30, want: 524 * mib},
		"small parts":     {part: 5 * mib, size: 100 * mib, want: 5 * mib},
		"too small parts": {part: 5 * mib, size: 60_000 * mib, want: 6 * mib},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := r2.PartSize(c, r2.PutOptions{PartSize: tt.part}, tt.size)
			assert.Equal(t, tt.want, got)
			assert.LessOrEqual(t, (tt.size+got-1)/got, int64(10_000))
		})
	}
}

func TestPutReadsFromWhereTheBodyStands(t *testing.T) {
	t.Parallel()
	for _, size := range []int{100, 9 * kib} {
		srv, c := smallParts(t)
		data := random(size)
		body := bytes.NewReader(data)
		_, err := body.Seek(10, io.SeekStart)
		require.NoError(t, err)
		_, err = c.Put(t.Context(), "key", body, &r2.PutOptions{PartSize: 2 * kib})
		require.NoError(t, err)
		assert.Equal(t, data[10:], content(t, srv, "key"))
	}
}

func TestBodyThatFails(t *testing.T) {
	t.Parallel()
	whole := random(9 * kib)
	for name, tt := range map[string]struct {
		body io.Reader
		opts r2.PutOptions
		want error
		text string
	}{
		"at once":     {body: failing{}, want: errBroken},
		"in a part":   {body: streamed{io.MultiReader(bytes.NewReader(whole), failing{})}, want: errBroken},
		"too short":   {body: streamed{bytes.NewReader(whole)}, opts: r2.PutOptions{Size: 10 * kib}, text: "body has 9216 bytes, not 10240"},
		"too long":    {body: streamed{bytes.NewReader(whole)}, opts: r2.PutOptions{Size: 8 * kib}, text: "more than 8192"},
		"cut, single": {body: shrinking{bytes.NewReader(whole), 100}, opts: r2.PutOptions{PartSize: 10 * kib}, want: io.ErrUnexpectedEOF},
		"cut, parts":  {body: shrinking{bytes.NewReader(whole), 5 * kib}, want: io.ErrUnexpectedEOF},
		"no progress": {body: idle{}, want: io.ErrNoProgress},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := smallParts(t)
			if tt.opts.PartSize == 0 {
				tt.opts.PartSize = 2 * kib
			}
			_, err := c.Put(t.Context(), "key.bin", tt.body, &tt.opts)
			require.Error(t, err)
			if tt.want != nil {
				require.ErrorIs(t, err, tt.want)
			}
			assert.ErrorContains(t, err, tt.text)
			assert.ErrorContains(t, err, "body")
			require.NotErrorIs(t, err, r2.ErrUnknownOutcome)
			assert.Empty(t, srv.Objects())
			assert.Zero(t, srv.Uploads())
		})
	}
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

// shrinking says how large it is and ends before.
type shrinking struct {
	*bytes.Reader
	until int64
}

func (s shrinking) ReadAt(p []byte, off int64) (int, error) {
	if off >= s.until {
		return 0, io.EOF
	}
	return s.Reader.ReadAt(p[:min(int64(len(p)), s.until-off)], off)
}

// Trap 8: a wrong ETag comes back: an error, and the object is reported corrupt.
func TestCorruptObjectIsReported(t *testing.T) {
	t.Parallel()
	lying := through(func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err == nil && req.Method == http.MethodPut {
			resp.Header.Set("Etag", `"d41d8cd98f00b204e9800998ecf8427e"`)
		}
		return resp, err
	})
	for name, tt := range map[string]struct {
		opts    r2.PutOptions
		foreign bool
		ok      bool
	}{
		"single":                  {},
		"if absent":               {opts: r2.PutOptions{IfAbsent: true}},
		"parts":                   {opts: r2.PutOptions{PartSize: 2 * kib}},
		"not verified":            {opts: r2.PutOptions{Verify: r2.VerifyNone}, ok: true},
		"another S3":              {foreign: true, ok: true},
		"another S3, if wanted":   {foreign: true, opts: r2.PutOptions{Verify: r2.VerifyETag}},
		"parts of another S3 too": {foreign: true, opts: r2.PutOptions{Verify: r2.VerifyETag, PartSize: 2 * kib}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for kind, body := range bodies(t, random(9*kib)) {
				_, c := smallParts(t, lying, func(cfg *r2.Config) {
					if tt.foreign {
						cfg.AccountID = ""
					}
				})
				_, err := c.Put(t.Context(), "key", body(), &tt.opts)
				if tt.ok {
					require.NoError(t, err, kind)
					continue
				}
				require.ErrorIs(t, err, r2.ErrCorrupt, kind)
				require.NotErrorIs(t, err, r2.ErrUnknownOutcome, kind)
				assert.ErrorContains(t, err, "d41d8cd98f00b204e9800998ecf8427e", kind)
			}
		})
	}
}

// Content-MD5 lets the platform find out first.
func TestDamagedOnTheWay(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{}, through(func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		if req.Method == http.MethodPut {
			req = req.Clone(req.Context())
			req.Body = io.NopCloser(strings.NewReader("jello"))
		}
		return next.RoundTrip(req)
	}))
	_, err := c.Put(t.Context(), "key", strings.NewReader("hello"), nil)
	require.ErrorIs(t, err, r2.ErrCorrupt)
	assert.Empty(t, srv.Objects())
}

func TestETagOfParts(t *testing.T) {
	t.Parallel()
	_, c := smallParts(t)
	data := random(3 * kib)
	info, err := c.Put(t.Context(), "key", bytes.NewReader(data), &r2.PutOptions{PartSize: 2 * kib})
	require.NoError(t, err)
	a, b := md5.Sum(data[:2*kib]), md5.Sum(data[2*kib:])
	assert.Equal(t, fmt.Sprintf("%x-2", md5.Sum(append(a[:], b[:]...))), info.ETag)
}

// The ETag of the whole is another than that of its parts.
func TestCorruptObjectOfGoodParts(t *testing.T) {
	t.Parallel()
	srv, c := smallParts(t, through(func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err == nil && req.Method == http.MethodPost && req.URL.Query().Has("uploadId") {
			body, _ := io.ReadAll(resp.Body)
			resp.Body = io.NopCloser(strings.NewReader(strings.Replace(string(body), "-5", "-4", 1)))
		}
		return resp, err
	}))
	_, err := c.Put(t.Context(), "key", bytes.NewReader(random(9*kib)), &r2.PutOptions{PartSize: 2 * kib})
	require.ErrorIs(t, err, r2.ErrCorrupt)
	assert.Zero(t, srv.Calls("AbortMultipartUpload"), "it is complete")
}

// Cloudflare's local R2 gives ETags to parts that say nothing. What is stored is verified by that of the whole.
func TestPartsWithOpaqueETags(t *testing.T) {
	t.Parallel()
	for name, body := range bodies(t, random(9*kib)) {
		srv, c := opened(t, r2test.Options{MinPart: kib, OpaquePartETags: true})
		r2.SetMinPart(c, kib)
		srv.LoseNext("CompleteMultipartUpload")
		info, err := c.Put(t.Context(), "key", body(), &r2.PutOptions{PartSize: 2 * kib})
		require.NoError(t, err, name)
		assert.Equal(t, srv.Objects()[0].ETag, info.ETag, name)
		_, err = c.Put(t.Context(), "other", body(), &r2.PutOptions{PartSize: 2 * kib, Verify: r2.VerifyNone})
		require.NoError(t, err, name)
		assert.Equal(t, random(9*kib), content(t, srv, "other"))
	}
	srv, c := opened(t, r2test.Options{MinPart: kib, OpaquePartETags: true}, through(func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		if req.Method == http.MethodPut && req.URL.Query().Get("partNumber") == "2" {
			_, _ = io.Copy(io.Discard, req.Body)
			req = req.Clone(req.Context())
			req.Body = io.NopCloser(io.LimitReader(zeros{}, req.ContentLength))
		}
		return next.RoundTrip(req)
	}))
	r2.SetMinPart(c, kib)
	file := bodies(t, random(9*kib))["file"]
	_, err := c.Put(t.Context(), "key", file(), &r2.PutOptions{PartSize: 2 * kib})
	require.ErrorIs(t, err, r2.ErrCorrupt)
	assert.Len(t, srv.Objects(), 1)
}

func TestStreamOfTooManyParts(t *testing.T) {
	t.Parallel()
	srv, c := smallParts(t)
	r2.SetMaxParts(c, 5)
	opts := &r2.PutOptions{PartSize: kib}
	_, err := c.Put(t.Context(), "key", streamed{bytes.NewReader(random(5 * kib))}, opts)
	require.NoError(t, err)
	_, err = c.Put(t.Context(), "other", streamed{bytes.NewReader(random(5*kib + 1))}, opts)
	require.ErrorIs(t, err, r2.ErrInput)
	assert.ErrorContains(t, err, "set Size or a larger PartSize")
	assert.Zero(t, srv.Uploads())
	opts.Size = 5*kib + 1 // then the parts grow
	_, err = c.Put(t.Context(), "other", streamed{bytes.NewReader(random(5*kib + 1))}, opts)
	require.NoError(t, err)
}

// Four parts on their way and one being filled, for a stream; what waits is not read.
func TestStreamsAreReadNoFurtherThanTheirBuffers(t *testing.T) {
	t.Parallel()
	inBubble(t, r2test.Options{MinPart: kib}, func(t *testing.T, srv *r2test.Server, c *r2.Client) {
		t.Helper()
		for range 4 {
			srv.HangNext("UploadPart")
		}
		ctx, cancel := context.WithCancel(t.Context())
		var read atomic.Int64
		done := make(chan error)
		go func() {
			_, err := c.Put(ctx, "key", &counting{r: zeros{}, n: &read}, &r2.PutOptions{PartSize: 2 * kib})
			done <- err
		}()
		synctest.Wait()
		assert.EqualValues(t, 5*2*kib+1, read.Load())
		assert.Equal(t, 4, srv.Calls("UploadPart"))
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
	})
	for part, want := range map[int64]int64{5 * mib: 4, 16 * mib: 4, 19 * mib: 4, 20 * mib: 3, 32 * mib: 2, 48 * mib: 1, 500 * mib: 1} {
		assert.Equal(t, want, r2.InFlight(part, 4))
		if part <= 48*mib {
			assert.LessOrEqual(t, part*(want+1), int64(96*mib))
		}
	}
}

type counting struct {
	r io.Reader
	n *atomic.Int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// A body that fails ends the parts that are on their way.
func TestBodyThatFailsBesideAPartThatHangs(t *testing.T) {
	t.Parallel()
	srv, c := smallParts(t)
	srv.HangNext("UploadPart")
	_, err := c.Put(t.Context(), "key", streamed{io.MultiReader(bytes.NewReader(random(9*kib)), failing{})}, &r2.PutOptions{PartSize: 2 * kib})
	require.ErrorIs(t, err, errBroken)
	assert.Zero(t, srv.Uploads())
}

// The files of /proc say that they are empty.
func TestBodyThatSaysItIsEmpty(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	_, err := c.Put(t.Context(), "key", modest{strings.NewReader("hello")}, nil)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(content(t, srv, "key")))
}

type modest struct{ io.Reader }

func (modest) Seek(int64, int) (int64, error) { return 0, nil }

// An attempt that was answered early may still be reading when all is over, while the bytes may be used for something else.
func TestNothingReadsTheBodyAfterwards(t *testing.T) {
	t.Parallel()
	var bodies []io.Reader
	_, c := opened(t, r2test.Options{}, through(func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		if bodies = append(bodies, req.Body); len(bodies) == 1 {
			return &http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{}, Body: http.NoBody, Request: req}, nil
		}
		return next.RoundTrip(req)
	}))
	_, err := c.Put(t.Context(), "key", strings.NewReader("hello"), nil)
	require.NoError(t, err)
	require.Len(t, bodies, 2)
	n, err := bodies[0].Read(make([]byte, 5))
	require.Error(t, err)
	assert.Zero(t, n)
}

// Trap 16: a cancelled ctx aborts the upload with a fresh context; TestMain checks that no goroutine is left.
func TestCancelledPutAborts(t *testing.T) {
	t.Parallel()
	srv, c := smallParts(t)
	why := errors.New("changed my mind")
	ctx, cancel := context.WithCancelCause(t.Context())
	srv.HangNext("UploadPart")
	srv.Observe(func(e fault.Event) {
		if e.Op == "UploadPart" && e.N == 2 {
			cancel(why)
		}
	})
	_, err := c.Put(ctx, "key", bytes.NewReader(random(20*kib)), &r2.PutOptions{PartSize: 2 * kib})
	require.ErrorIs(t, err, why)
	assert.Equal(t, 1, srv.Calls("AbortMultipartUpload"))
	assert.Zero(t, srv.Uploads())
	assert.Empty(t, srv.Objects())
}
