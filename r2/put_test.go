package r2_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"io/fs"
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

func TestPutIsRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		key  string
		body io.Reader
		opts r2.PutOptions
		want string
	}{
		"no key":             {want: "key is empty"},
		"long key":           {key: strings.Repeat("k", 1025), want: "1025 bytes, the limit is 1024"},
		"dot":                {key: "a/./b", want: `segment "."`},
		"two dots":           {key: "../b", want: `segment ".."`},
		"not UTF-8":          {key: "a\xff", want: "UTF-8"},
		"no body":            {key: "k", body: nil, want: "body is nil"},
		"both conditions":    {key: "k", opts: r2.PutOptions{IfAbsent: true, IfMatch: "x"}, want: "IfMatch: not together"},
		"part too small":     {key: "k", opts: r2.PutOptions{PartSize: 5*mib - 1}, want: "PartSize: 5242879 is not in 5242880"},
		"size":               {key: "k", opts: r2.PutOptions{Size: -1}, want: "Size: -1 is negative"},
		"another size":       {key: "k", opts: r2.PutOptions{Size: 7}, want: "Size: body has 5 bytes, not 7"},
		"too large":          {key: "k", body: streamed{strings.NewReader("")}, opts: r2.PutOptions{Size: 5 << 40}, want: "the limit of an object"},
		"stream, condition":  {key: "k", body: streamed{strings.NewReader("")}, opts: r2.PutOptions{Size: 65 * mib, IfAbsent: true}, want: "a stream may have"},
		"verify":             {key: "k", opts: r2.PutOptions{Verify: 9}, want: "Verify: 9"},
		"content type":       {key: "k", opts: r2.PutOptions{ContentType: "a\r\nb"}, want: "ContentType: "},
		"aws-chunked":        {key: "k", opts: r2.PutOptions{ContentEncoding: "aws-chunked"}, want: "ContentEncoding"},
		"metadata":           {key: "k", opts: r2.PutOptions{Metadata: map[string]string{"a": strings.Repeat("v", 8192)}}, want: "8193 bytes as they are sent, the limit is 8192"},
		"name of metadata":   {key: "k", opts: r2.PutOptions{Metadata: map[string]string{"a b": ""}}, want: `Metadata: "a b"`},
		"metadata twice":     {key: "k", opts: r2.PutOptions{Metadata: map[string]string{"a": "", "A": ""}}, want: "twice"},
		"metadata not UTF-8": {key: "k", opts: r2.PutOptions{Metadata: map[string]string{"a": "\xff"}}, want: "UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := opened(t, r2test.Options{})
			body := tt.body
			if body == nil && name != "no body" {
				body = strings.NewReader("hello")
			}
			_, err := c.Put(t.Context(), tt.key, body, &tt.opts)
			require.ErrorIs(t, err, r2.ErrInput)
			assert.ErrorContains(t, err, tt.want)
			assert.NotErrorIs(t, err, r2.ErrUnknownOutcome)
			assert.Zero(t, srv.Calls(""))
		})
	}
}

func TestLimitsAreReached(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	key := strings.Repeat("k", 1024)
	_, err := c.Put(t.Context(), key, strings.NewReader("x"), &r2.PutOptions{Metadata: map[string]string{"a": strings.Repeat("v", 8191)}})
	require.NoError(t, err)
	assert.Equal(t, key, srv.Objects()[0].Key)
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	in := map[string]string{
		"Plain": "value, with; marks", "unicode": "图片 é", "long": strings.Repeat("图", 200), "blank": " x ", "empty": "",
		"looks-encoded": "=?utf-8?q?x?=", "control": "a\nb",
	}
	info, err := c.Put(t.Context(), "key", strings.NewReader("x"), &r2.PutOptions{Metadata: in})
	require.NoError(t, err)
	got, err := c.Head(t.Context(), "key")
	require.NoError(t, err)
	want := map[string]string{"plain": in["Plain"]}
	for _, name := range []string{"unicode", "long", "blank", "looks-encoded", "control", "empty"} {
		want[name] = in[name]
	}
	assert.Equal(t, want, got.Metadata)
	assert.Equal(t, want, info.Metadata)
	stored := srv.Objects()[0].Metadata
	assert.Equal(t, "=?utf-8?b?5Zu+54mHIMOp?=", stored["unicode"], "RFC 2047")
	for word := range strings.FieldsSeq(stored["long"]) {
		assert.LessOrEqual(t, len(word), 75)
	}
	assert.Len(t, in, 7, "the caller's map is as it was")
}

func TestIfAbsentNeverInParts(t *testing.T) {
	t.Parallel()
	srv, c := smallParts(t)
	opts := &r2.PutOptions{IfAbsent: true, PartSize: 2 * kib}
	for name, body := range bodies(t, random(9*kib)) {
		_, err := c.Put(t.Context(), name, body(), opts)
		require.NoError(t, err)
		_, err = c.Put(t.Context(), name, body(), opts)
		require.ErrorIs(t, err, fs.ErrExist)
		require.ErrorIs(t, err, r2.ErrPrecondition)
		assert.Equal(t, 1, srv.Writes(name))
	}
	assert.Zero(t, srv.Calls("CreateMultipartUpload"))
}

// A stream of unknown size that turns out too long for one request.
func TestIfAbsentOfALongStream(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	_, err := c.Put(t.Context(), "key", streamed{io.LimitReader(zeros{}, 64*mib+1)}, &r2.PutOptions{IfAbsent: true})
	require.ErrorIs(t, err, r2.ErrInput)
	assert.Zero(t, srv.Calls(""))
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestIfMatch(t *testing.T) {
	t.Parallel()
	_, c := opened(t, r2test.Options{})
	first, err := c.Put(t.Context(), "key", strings.NewReader("one"), nil)
	require.NoError(t, err)
	_, err = c.Put(t.Context(), "key", strings.NewReader("two"), &r2.PutOptions{IfMatch: first.ETag})
	require.NoError(t, err)
	_, err = c.Put(t.Context(), "key", strings.NewReader("three"), &r2.PutOptions{IfMatch: first.ETag})
	require.ErrorIs(t, err, r2.ErrPrecondition)
	require.NotErrorIs(t, err, fs.ErrExist)
}

func TestContentTypeAndCacheControl(t *testing.T) {
	t.Parallel()
	png := "\x89PNG\r\n\x1a\n0000"
	hashed := r2.ContentKey("", []byte(png))
	for name, tt := range map[string]struct {
		key, body string
		opts      r2.PutOptions
		wantType  string
		wantCache string
	}{
		"extension":       {key: "a.webp", body: "x", wantType: "image/webp"},
		"upper case":      {key: "a.SVG", body: "x", wantType: "image/svg+xml"},
		"sniffed":         {key: "a", body: png, wantType: "image/png"},
		"sniffed svg":     {key: "a", body: "<?xml version='1.0'?>\n<!-- x -->\n<svg xmlns='x'>", wantType: "image/svg+xml"},
		"sniffed avif":    {key: "a", body: "\x00\x00\x00\x1cftypavif0000", wantType: "image/avif"},
		"unknown":         {key: "a.xyz", body: "\x00\x01", wantType: "application/octet-stream"},
		"empty":           {key: "a", body: "", wantType: "text/plain; charset=utf-8"},
		"given":           {key: "a.png", body: png, opts: r2.PutOptions{ContentType: "a/b", CacheControl: "no-store"}, wantType: "a/b", wantCache: "no-store"},
		"hash of content": {key: hashed, body: png, wantType: "image/png", wantCache: r2.Immutable},
		"under a prefix":  {key: "img/" + hashed, body: png, wantType: "image/png", wantCache: r2.Immutable},
		"not a hash":      {key: "sha256/abc.png", body: png, wantType: "image/png"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := opened(t, r2test.Options{})
			_, err := c.Put(t.Context(), tt.key, streamed{strings.NewReader(tt.body)}, &tt.opts)
			require.NoError(t, err)
			o := srv.Objects()[0]
			assert.Equal(t, tt.wantType, o.ContentType)
			assert.Equal(t, tt.wantCache, o.CacheControl)
			info, err := c.Head(t.Context(), tt.key)
			require.NoError(t, err)
			assert.Equal(t, tt.wantCache, info.CacheControl)
		})
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
		assert.Equal(t, want, r2.InFlight(part))
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
