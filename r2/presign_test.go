package r2_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

// use makes the presigned request.
func use(t *testing.T, srv *r2test.Server, p r2.Presigned, body string) (status int, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), p.Method, p.URL, strings.NewReader(body))
	require.NoError(t, err)
	req.Header = p.Header.Clone()
	resp, err := srv.Client().Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(data)
}

// Trap 10: the signed Content-Type is in Header.
func TestPresign(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	key := "dir/a b+%?#&é中.png"
	put, err := c.PresignPut(t.Context(), key, time.Minute, &r2.PresignOptions{
		CacheControl: "no-cache", Metadata: map[string]string{"by": "é"}, IfAbsent: true,
	})
	require.NoError(t, err)
	assert.Equal(t, http.Header{
		"Content-Type": {"image/png"}, "Cache-Control": {"no-cache"}, "X-Amz-Meta-By": {"=?utf-8?b?w6k=?="}, "If-None-Match": {"*"},
	}, put.Header)
	status, text := use(t, srv, put, "hello")
	require.Equal(t, 200, status, text)
	status, _ = use(t, srv, put, "hello again")
	assert.Equal(t, 412, status)
	o := srv.Objects()[0]
	assert.Equal(t, key, o.Key)
	assert.Equal(t, "image/png", o.ContentType)
	assert.Equal(t, "no-cache", o.CacheControl)

	get, err := c.PresignGet(t.Context(), key, 7*24*time.Hour, nil)
	require.NoError(t, err)
	assert.Empty(t, get.Header)
	status, text = use(t, srv, get, "")
	assert.Equal(t, 200, status)
	assert.Equal(t, "hello", text)
	assert.Equal(t, 3, srv.Calls(""), "signing is done here")
}

func TestPresignOfAHashedKey(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	p, err := c.PresignPut(t.Context(), r2.ContentKey("a.css", []byte("x")), time.Minute, nil)
	require.NoError(t, err)
	assert.Equal(t, http.Header{"Content-Type": {"text/css; charset=utf-8"}, "Cache-Control": {r2.Immutable}}, p.Header)
	status, text := use(t, srv, p, "x")
	assert.Equal(t, 200, status, text)
}

func TestPresignedURLsExpire(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	srv, c := opened(t, r2test.Options{Now: func() time.Time { return now }})
	require.NoError(t, srv.Put("key", nil))
	p, err := c.PresignGet(t.Context(), "key", time.Minute, nil)
	require.NoError(t, err)
	assert.Contains(t, p.URL, "X-Amz-Date=20261124T120000Z")
	now = now.Add(time.Minute)
	status, _ := use(t, srv, p, "")
	assert.Equal(t, 200, status)
	now = now.Add(time.Second)
	status, text := use(t, srv, p, "")
	assert.Equal(t, 400, status)
	assert.Contains(t, text, "ExpiredRequest")
}

func TestPresignedRequestsAreBound(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	for name, change := range map[string]func(p *r2.Presigned){
		"content type": func(p *r2.Presigned) { p.Header.Set("Content-Type", "text/html") },
		"no type":      func(p *r2.Presigned) { p.Header.Del("Content-Type") },
		"another key":  func(p *r2.Presigned) { p.URL = strings.Replace(p.URL, "key.png", "kez.png", 1) },
		"method":       func(p *r2.Presigned) { p.Method = http.MethodDelete },
		"longer":       func(p *r2.Presigned) { p.URL = strings.Replace(p.URL, "Expires=60", "Expires=61", 1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := c.PresignPut(t.Context(), "key.png", time.Minute, nil)
			require.NoError(t, err)
			change(&p)
			status, text := use(t, srv, p, "x")
			assert.Equal(t, 403, status)
			assert.Contains(t, text, "SignatureDoesNotMatch")
		})
	}
}

// Trap 10: presign over 7 days or on a custom domain is refused locally.
func TestPresignIsRefusedLocally(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	for name, tt := range map[string]struct {
		key  string
		ttl  time.Duration
		opts *r2.PresignOptions
		want string
		get  bool
	}{
		"8 days":            {key: "k", ttl: 8 * 24 * time.Hour, want: "ttl: 192h0m0s"},
		"a second too long": {key: "k", ttl: 7*24*time.Hour + time.Second, want: "ttl"},
		"nothing":           {key: "k", want: "ttl"},
		"not whole":         {key: "k", ttl: 1500 * time.Millisecond, want: "ttl"},
		"dots":              {key: "../k", ttl: time.Minute, want: "segment"},
		"header":            {key: "k", ttl: time.Minute, opts: &r2.PresignOptions{ContentType: "a\nb"}, want: "ContentType"},
		"metadata":          {key: "k", ttl: time.Minute, opts: &r2.PresignOptions{Metadata: map[string]string{"a": strings.Repeat("v", 8192)}}, want: "limit is 8192"},
		"GET":               {key: "k", ttl: time.Minute, opts: &r2.PresignOptions{ContentType: "a/b"}, want: "takes none", get: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := c.PresignPut
			if tt.get {
				f = c.PresignGet
			}
			_, err := f(t.Context(), tt.key, tt.ttl, tt.opts)
			require.ErrorIs(t, err, r2.ErrInput)
			assert.ErrorContains(t, err, tt.want)
		})
	}
	assert.Zero(t, srv.Calls(""))
}

func TestPresignWithATemporaryKey(t *testing.T) {
	t.Parallel()
	_, c := opened(t, r2test.Options{}, func(cfg *r2.Config) { cfg.SessionToken = "a/b+c" })
	p, err := c.PresignGet(t.Context(), "k", time.Minute, nil)
	require.NoError(t, err)
	u, err := url.Parse(p.URL)
	require.NoError(t, err)
	assert.Equal(t, "a/b+c", u.Query().Get("X-Amz-Security-Token"))
}
