package r2_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

func TestGetRange(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	require.NoError(t, srv.Put("key", []byte("0123456789")))
	for name, tt := range map[string]struct {
		r    *r2.Range
		want string
		err  string
	}{
		"all":              {want: "0123456789"},
		"middle":           {r: &r2.Range{Offset: 2, Length: 3}, want: "234"},
		"to the end":       {r: &r2.Range{Offset: 7}, want: "789"},
		"from the start":   {r: &r2.Range{}, want: "0123456789"},
		"beyond the end":   {r: &r2.Range{Offset: 8, Length: 100}, want: "89"},
		"the last":         {r: &r2.Range{Offset: -3}, want: "789"},
		"behind the end":   {r: &r2.Range{Offset: 10}, err: "InvalidRange"},
		"negative":         {r: &r2.Range{Length: -1}, err: "Range.Length: -1"},
		"last with length": {r: &r2.Range{Offset: -3, Length: 1}, err: "Range.Length"},
		"overflow":         {r: &r2.Range{Offset: 1<<63 - 1, Length: 5}, err: "Range: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj, err := c.Get(t.Context(), "key", &r2.GetOptions{Range: tt.r})
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			defer obj.Close()
			got, err := io.ReadAll(obj)
			require.NoError(t, err)
			assert.Equal(t, tt.want, string(got))
			assert.EqualValues(t, 10, obj.Size)
			assert.EqualValues(t, len(tt.want), obj.Length)
		})
	}
}

func TestGetIfMatch(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	require.NoError(t, srv.Put("key", []byte("one")))
	info, err := c.Head(t.Context(), "key")
	require.NoError(t, err)
	obj, err := c.Get(t.Context(), "key", &r2.GetOptions{IfMatch: info.ETag})
	require.NoError(t, err)
	require.NoError(t, obj.Close())
	require.NoError(t, srv.Put("key", []byte("two")))
	_, err = c.Get(t.Context(), "key", &r2.GetOptions{IfMatch: info.ETag})
	require.ErrorIs(t, err, r2.ErrPrecondition)
}

// Trap 9: object stored with "Content-Encoding: gzip": round trip without a false length or ETag mismatch.
// R2 unpacks what was stored packed: neither length nor ETag fits what is read, and that is no error.
func TestGzipRoundTrip(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = io.WriteString(w, strings.Repeat("hello ", 1000))
	require.NoError(t, w.Close())
	for name, compresses := range map[string]bool{"own transport": false, "a transport that compresses": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, c := opened(t, r2test.Options{}, through(func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
				if compresses { // as net/http does by itself
					req = req.Clone(req.Context())
					req.Header.Set("Accept-Encoding", "gzip")
					resp, err := next.RoundTrip(req)
					if err == nil && resp.Header.Get("Content-Encoding") == "gzip" && req.Method == http.MethodGet {
						resp.Header.Del("Content-Encoding")
						resp.Header.Del("Content-Length")
						resp.ContentLength = -1
						r, err := gzip.NewReader(resp.Body)
						return resp, errors.Join(err, func() error { resp.Body = io.NopCloser(r); return nil }())
					}
					return resp, err
				}
				return next.RoundTrip(req)
			}))
			info, err := c.Put(t.Context(), "a.txt", bytes.NewReader(packed.Bytes()), &r2.PutOptions{ContentEncoding: "gzip"})
			require.NoError(t, err)
			assert.EqualValues(t, packed.Len(), info.Size)
			obj, err := c.Get(t.Context(), "a.txt", nil)
			require.NoError(t, err)
			defer obj.Close()
			text, err := io.ReadAll(obj)
			require.NoError(t, err)
			assert.Len(t, text, 6000)
			assert.EqualValues(t, -1, obj.Length)
			head, err := c.Head(t.Context(), "a.txt")
			require.NoError(t, err)
			assert.Equal(t, "gzip", head.ContentEncoding)
			assert.Equal(t, info.ETag, head.ETag)

			_, err = c.Put(t.Context(), "b.txt", bytes.NewReader(packed.Bytes()), &r2.PutOptions{ContentEncoding: "gzip", CacheControl: "no-transform"})
			require.NoError(t, err)
			if compresses {
				return
			}
			obj, err = c.Get(t.Context(), "b.txt", nil)
			require.NoError(t, err)
			defer obj.Close()
			assert.EqualValues(t, packed.Len(), obj.Length, "as it is stored")
			assert.Equal(t, "gzip", obj.ContentEncoding)
		})
	}
}

func TestTruncatedBodyIsAnError(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder(http.MethodGet, `=~.*`, func(*http.Request) (*http.Response, error) {
		resp := httpmock.NewStringResponse(http.StatusOK, "")
		resp.Body, resp.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader("half"), eof{})), 8
		resp.Header.Set("Content-Length", "8")
		return resp, nil
	})
	_, c := opened(t, r2test.Options{}, func(cfg *r2.Config) { cfg.HTTPClient = &http.Client{Transport: mock} })
	obj, err := c.Get(t.Context(), "key", nil)
	require.NoError(t, err)
	defer obj.Close()
	_, err = io.ReadAll(obj)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestDeleteIsIdempotent(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	require.NoError(t, srv.Put("key", nil))
	require.NoError(t, c.Delete(t.Context(), "key"))
	require.NoError(t, c.Delete(t.Context(), "key"))
	_, err := c.Head(t.Context(), "key")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestList(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	for _, key := range []string{"a/1", "a/2", "a/b/3", "b", "odd \x01+%&é/中", "z/1", "z/2"} {
		require.NoError(t, srv.Put(key, []byte(key)))
	}
	for name, tt := range map[string]struct {
		prefix string
		opts   *r2.ListOptions
		want   []string
		pages  int
	}{
		"all":       {want: []string{"a/1", "a/2", "a/b/3", "b", "odd \x01+%&é/中", "z/1", "z/2"}},
		"prefix":    {prefix: "a/", want: []string{"a/1", "a/2", "a/b/3"}},
		"delimiter": {opts: &r2.ListOptions{Delimiter: "/"}, want: []string{"a/ …", "b", "odd \x01+%&é/ …", "z/ …"}},
		"both":      {prefix: "a/", opts: &r2.ListOptions{Delimiter: "/"}, want: []string{"a/1", "a/2", "a/b/ …"}},
		"pages":     {opts: &r2.ListOptions{PageSize: 2}, want: []string{"a/1", "a/2", "a/b/3", "b", "odd \x01+%&é/中", "z/1", "z/2"}},
		"pages of prefixes": {
			opts: &r2.ListOptions{PageSize: 1, Delimiter: "/"}, want: []string{"a/ …", "b", "odd \x01+%&é/ …", "z/ …"},
		},
		"start after": {opts: &r2.ListOptions{StartAfter: "b"}, want: []string{"odd \x01+%&é/中", "z/1", "z/2"}},
		"nothing":     {prefix: "none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list := c.List(t.Context(), tt.prefix, tt.opts)
			for range 2 { // every range begins anew
				var got []string
				for e, err := range list {
					require.NoError(t, err)
					if e.Prefix {
						e.Key += " …"
					} else {
						assert.EqualValues(t, len(e.Key), e.Size)
						assert.Len(t, e.ETag, 32)
						assert.False(t, e.LastModified.IsZero())
					}
					got = append(got, e.Key)
				}
				assert.Equal(t, tt.want, got)
			}
		})
	}
}

func TestListOfManyPagesStopsEarly(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	for n := range 2100 {
		require.NoError(t, srv.Put(fmt.Sprintf("%04d", n), nil))
	}
	n := 0
	for e, err := range c.List(t.Context(), "", nil) {
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("%04d", n), e.Key)
		n++
	}
	assert.Equal(t, 2100, n)
	assert.Equal(t, 3, srv.Calls("ListObjectsV2"))
	for _, err := range c.List(t.Context(), "", nil) {
		require.NoError(t, err)
		break
	}
	assert.Equal(t, 4, srv.Calls("ListObjectsV2"))
}

func TestListFailsOnceAndLast(t *testing.T) {
	t.Parallel()
	const head = `<?xml version="1.0"?><ListBucketResult><IsTruncated>true</IsTruncated>`
	for name, tt := range map[string]struct {
		body string
		opts *r2.ListOptions
		want string
	}{
		"loop":      {body: head + `<NextContinuationToken>t</NextContinuationToken></ListBucketResult>`, want: "repeats"},
		"no token":  {body: head + `</ListBucketResult>`, want: "no token"},
		"page size": {opts: &r2.ListOptions{PageSize: 1001}, want: "PageSize: 1001"},
		"garbage":   {body: proxyPage[:20], want: "not that of an S3"},
		"a page":    {body: proxyPage, want: "not that of an S3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := opened(t, r2test.Options{}, func(cfg *r2.Config) { cfg.MaxRetries = new(0) })
			srv.AnswerNext("ListObjectsV2", 200, nil, tt.body)
			srv.AnswerNext("ListObjectsV2", 200, nil, tt.body)
			var errs []error
			for _, err := range c.List(t.Context(), "p", tt.opts) {
				errs = append(errs, err)
			}
			require.Len(t, errs, 1)
			require.ErrorContains(t, errs[0], tt.want)
			e, ok := errors.AsType[*r2.Error](errs[0])
			require.True(t, ok)
			assert.Equal(t, "p", e.Key)
		})
	}
}
