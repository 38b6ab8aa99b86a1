package r2_test

import (
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

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

// Trap 12: key of 1024 and 1025 bytes; metadata of 8192 and 8193: the larger ones are refused above.
func TestLimitsAreReached(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	key := strings.Repeat("k", 1024)
	_, err := c.Put(t.Context(), key, strings.NewReader("x"), &r2.PutOptions{Metadata: map[string]string{"a": strings.Repeat("v", 8191)}})
	require.NoError(t, err)
	assert.Equal(t, key, srv.Objects()[0].Key)
}

// Trap 12: Unicode metadata as RFC 2047.
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

// Trap 30: put-if-absent never goes through multipart (Complete ignores the condition).
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
