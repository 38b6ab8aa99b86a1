package r2test_test

import (
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

func fetch(t *testing.T, srv *r2test.Server, method, url string, header http.Header) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	require.NoError(t, err)
	maps.Copy(req.Header, header)
	resp, err := srv.Client().Do(req)
	require.NoError(t, err)
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	resp.Body = io.NopCloser(strings.NewReader(string(data)))
	return resp
}

func TestPublicSide(t *testing.T) {
	t.Parallel()
	srv := open(t, r2test.Options{CORSOrigins: []string{"https://mine.example"}})
	c, err := r2.New(srv.Config())
	require.NoError(t, err)
	key := "dir/a b.png"
	_, err = c.Put(t.Context(), key, strings.NewReader("hello"), &r2.PutOptions{CacheControl: "max-age=60"})
	require.NoError(t, err)
	url, err := c.PublicURL(key)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(url, srv.PublicURL+"/"))

	resp := fetch(t, srv, http.MethodGet, url, http.Header{"Origin": {"https://other.example"}})
	body, _ := io.ReadAll(resp.Body)
	assert.Equal(t, "hello", string(body))
	assert.Equal(t, "image/png", resp.Header.Get("Content-Type"))
	assert.Equal(t, "max-age=60", resp.Header.Get("Cache-Control"))
	assert.Empty(t, resp.Header.Get("Access-Control-Allow-Origin"))
	resp = fetch(t, srv, http.MethodGet, url, http.Header{"Origin": {"https://mine.example"}, "Range": {"bytes=1-2"}})
	assert.Equal(t, "https://mine.example", resp.Header.Get("Access-Control-Allow-Origin"))
	assert.Equal(t, 206, resp.StatusCode)

	assert.Equal(t, 404, fetch(t, srv, http.MethodGet, srv.PublicURL+"/none", nil).StatusCode)
	assert.Equal(t, 404, fetch(t, srv, http.MethodGet, srv.PublicURL+"/", nil).StatusCode, "there is no listing")
	assert.Equal(t, 405, fetch(t, srv, http.MethodPut, url, nil).StatusCode)
	assert.Equal(t, 5, srv.Calls("public"))
	assert.Equal(t, 404, fetch(t, srv, http.MethodGet, "http://localhost/cdn-cgi/local/r2/public/other/"+key, nil).StatusCode)
}

func TestConditionalReads(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 5e8, time.UTC)
	srv := open(t, r2test.Options{Now: func() time.Time { return now }})
	require.NoError(t, srv.Put("key", []byte("hello")))
	const etag, before, same = `"5d41402abc4b2a76b9719d911017c592"`, "Tue, 24 Nov 2026 11:59:59 GMT", "Tue, 24 Nov 2026 12:00:00 GMT"
	for name, tt := range map[string]struct {
		header, v   string
		read, write int
	}{
		"match":                   {"If-Match", etag, 200, 200},
		"no match":                {"If-Match", `"x"`, 412, 412},
		"none match":              {"If-None-Match", `"x"`, 200, 200},
		"none match, but it does": {"If-None-Match", `"x", ` + etag, 304, 412},
		"none at all":             {"If-None-Match", "*", 304, 412},
		"modified":                {"If-Modified-Since", before, 200, 200},
		"not modified":            {"If-Modified-Since", same, 304, 412},
		"unmodified":              {"If-Unmodified-Since", same, 200, 200},
		"not unmodified":          {"If-Unmodified-Since", before, 412, 412},
	} {
		h := http.Header{tt.header: {tt.v}}
		a := call{method: http.MethodGet, path: "/images/key", header: h}.do(t, srv)
		assert.Equal(t, tt.read, a.status, name)
		assert.Equal(t, tt.write, call{method: http.MethodPut, path: "/images/key", header: h, body: "hello"}.do(t, srv).status, name)
	}
	assert.Equal(t, 412, call{method: http.MethodPut, path: "/images/new", header: http.Header{"If-Match": {"*"}}}.do(t, srv).status)
	a := call{method: http.MethodHead, path: "/images/none"}.do(t, srv)
	assert.Equal(t, 404, a.status)
	assert.Empty(t, a.body)
}

func TestStateOutlivesTheServer(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "r2.json")
	opts := r2test.Options{StateFile: path}
	srv := open(t, opts)
	inFile := 0
	srv.Observe(func(e fault.Event) {
		if e.Op == "PutObject" && e.When == fault.After {
			data, err := os.ReadFile(path)
			if err == nil && strings.Contains(string(data), "dir/key") {
				inFile++
			}
		}
	})
	c, err := r2.New(srv.Config())
	require.NoError(t, err)
	for range 2 {
		_, err = c.Put(t.Context(), "dir/key", strings.NewReader("hello"), &r2.PutOptions{ContentType: "a/b", Metadata: map[string]string{"a": "b"}, Verify: r2.VerifyNone})
		require.NoError(t, err)
	}
	assert.Equal(t, 2, inFile, "before the answer leaves")
	srv.Close()

	again := open(t, opts)
	assert.Equal(t, srv.Objects(), again.Objects())
	assert.Equal(t, 2, again.Writes("dir/key"))
	data, ok := again.Bytes("dir/key")
	assert.True(t, ok)
	assert.Equal(t, "hello", string(data))
	c, err = r2.New(again.Config())
	require.NoError(t, err)
	require.NoError(t, c.Delete(t.Context(), "dir/key"))
	assert.Empty(t, open(t, opts).Objects())
	assert.Equal(t, 2, open(t, opts).Writes("dir/key"))

	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	_, err = r2test.Open(opts)
	require.ErrorContains(t, err, "r2test: state")
}

func TestStateThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "gone")
	srv := open(t, r2test.Options{StateFile: filepath.Join(dir, "r2.json")})
	require.ErrorContains(t, srv.Put("key", nil), "r2test: state")
	assert.Equal(t, "InternalError", call{method: http.MethodPut, path: "/images/key"}.do(t, srv).code)
}

func TestTooManyRequests(t *testing.T) {
	t.Parallel()
	srv := open(t, r2test.Options{TooManyEvery: 3})
	var got []int
	for range 6 {
		got = append(got, call{method: http.MethodPut, path: "/images/key"}.do(t, srv).status)
	}
	assert.Equal(t, []int{200, 200, 429, 200, 200, 429}, got)

	now := time.Now()
	srv = open(t, r2test.Options{OneWritePerSecond: true, Now: func() time.Time { return now }})
	put := func(key string) int { return call{method: http.MethodPut, path: "/images/" + key}.do(t, srv).status }
	assert.Equal(t, 200, put("a"))
	assert.Equal(t, 429, put("a"))
	assert.Equal(t, 200, put("b"))
	now = now.Add(time.Second)
	assert.Equal(t, 200, put("a"))
}

func TestLists(t *testing.T) {
	t.Parallel()
	srv := open(t, r2test.Options{})
	for _, key := range []string{"a/1", "a/2", "b c", "d"} {
		require.NoError(t, srv.Put(key, []byte("x")))
	}
	for name, tt := range map[string]struct {
		query string
		want  []string
	}{
		"zero":           {"&max-keys=0", []string{"<KeyCount>0</KeyCount>", "<IsTruncated>false</IsTruncated>"}},
		"beyond":         {"&max-keys=5000", []string{"<MaxKeys>1000</MaxKeys>", "<KeyCount>4</KeyCount>"}},
		"encoded":        {"&encoding-type=url", []string{"<Key>b+c</Key>", "<Key>a/1</Key>", "<EncodingType>url</EncodingType>"}},
		"plain":          {"", []string{"<Key>b c</Key>"}},
		"prefixes":       {"&delimiter=%2F", []string{"<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>", "<KeyCount>3</KeyCount>"}},
		"bad encoding":   {"&encoding-type=x", []string{"InvalidArgument"}},
		"bad token":      {"&continuation-token=%25", []string{"InvalidArgument"}},
		"bad number":     {"&max-keys=x", []string{"InvalidMaxKeys"}},
		"other prefixes": {"&prefix=a%2F&delimiter=%2F", []string{"<Prefix>a/</Prefix>", "<Key>a/1</Key>"}},
	} {
		a := call{method: http.MethodGet, path: "/images?list-type=2" + tt.query}.do(t, srv)
		for _, want := range tt.want {
			assert.Contains(t, a.body, want, name)
		}
	}
}
