package r2test_test

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"maps"
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

// begin opens a multipart upload with parts of these sizes.
func begin(t *testing.T, srv *r2test.Server, key string, sizes ...int) (id string) {
	t.Helper()
	created := call{method: http.MethodPost, path: "/images/" + key + "?uploads="}.do(t, srv)
	require.Equal(t, 200, created.status)
	var result struct{ UploadId string }
	require.NoError(t, xml.Unmarshal([]byte(created.body), &result))
	for i, size := range sizes {
		path := fmt.Sprintf("/images/%s?partNumber=%d&uploadId=%s", key, i+1, result.UploadId)
		require.Equal(t, 200, call{method: http.MethodPut, path: path, body: strings.Repeat("x", size)}.do(t, srv).status)
	}
	return result.UploadId
}

func TestListParts(t *testing.T) {
	t.Parallel()
	srv := open(t, r2test.Options{})
	id := begin(t, srv, "key", 3, 2, 1)
	type page struct {
		NextPartNumberMarker int
		IsTruncated          bool
		Part                 []struct {
			PartNumber, Size int
			ETag             string
		}
	}
	read := func(query string) (p page) {
		t.Helper()
		a := call{method: http.MethodGet, path: "/images/key?uploadId=" + id + query}.do(t, srv)
		require.Equal(t, 200, a.status, a.body)
		require.NoError(t, xml.Unmarshal([]byte(a.body), &p))
		return p
	}
	p := read("&max-parts=2")
	require.Len(t, p.Part, 2)
	assert.True(t, p.IsTruncated)
	assert.Equal(t, 2, p.NextPartNumberMarker)
	assert.Equal(t, fmt.Sprintf("%q", fmt.Sprintf("%x", md5.Sum([]byte("xxx")))), p.Part[0].ETag)
	p = read("&part-number-marker=2")
	require.Len(t, p.Part, 1)
	assert.False(t, p.IsTruncated)
	assert.Equal(t, 1, p.Part[0].Size)
	assert.Equal(t, "InvalidArgument", call{method: http.MethodGet, path: "/images/key?uploadId=" + id + "&max-parts=no"}.do(t, srv).code)
	assert.Equal(t, "NoSuchUpload", call{method: http.MethodGet, path: "/images/key?uploadId=none"}.do(t, srv).code)
	assert.Equal(t, "NotImplemented", call{method: http.MethodGet, path: "/images/key?uploadId=x"}.do(t, open(t, r2test.Options{NoListParts: true})).code)
}

func TestListMultipartUploads(t *testing.T) {
	t.Parallel()
	srv := open(t, r2test.Options{})
	ids := []string{begin(t, srv, "b"), begin(t, srv, "a"), begin(t, srv, "b"), begin(t, srv, "c/d")}
	type page struct {
		NextKeyMarker, NextUploadIdMarker string
		IsTruncated                       bool
		Upload                            []struct{ Key, UploadId string }
	}
	read := func(query string) (p page, got []string) {
		t.Helper()
		a := call{method: http.MethodGet, path: "/images?uploads=" + query}.do(t, srv)
		require.Equal(t, 200, a.status, a.body)
		require.NoError(t, xml.Unmarshal([]byte(a.body), &p))
		for _, u := range p.Upload {
			got = append(got, u.UploadId)
		}
		return p, got
	}
	p, got := read("&max-uploads=2")
	assert.Equal(t, []string{ids[1], ids[0]}, got)
	assert.True(t, p.IsTruncated)
	p, got = read("&key-marker=" + p.NextKeyMarker + "&upload-id-marker=" + p.NextUploadIdMarker)
	assert.Equal(t, []string{ids[2], ids[3]}, got)
	assert.False(t, p.IsTruncated)
	assert.Empty(t, p.NextKeyMarker)
	_, got = read("&prefix=c%2F")
	assert.Equal(t, []string{ids[3]}, got)
	_, got = read("&key-marker=b")
	assert.Equal(t, []string{ids[3]}, got)
	assert.Equal(t, "NotImplemented", call{method: http.MethodGet, path: "/images?delimiter=%2F&uploads="}.do(t, srv).code)
	assert.Equal(t, "NotImplemented", call{method: http.MethodGet, path: "/images?uploads="}.do(t, open(t, r2test.Options{NoListParts: true})).code)
}

// deleting is a DeleteObjects of these keys.
func deleting(keys ...string) call {
	var b strings.Builder
	b.WriteString("<Delete>")
	for _, key := range keys {
		fmt.Fprintf(&b, "<Object><Key>%s</Key></Object>", key)
	}
	b.WriteString("</Delete>")
	sum := md5.Sum([]byte(b.String()))
	return call{method: http.MethodPost, path: "/images?delete=", body: b.String(), header: http.Header{
		"Content-Md5": {base64.StdEncoding.EncodeToString(sum[:])},
	}}
}

func TestDeleteObjects(t *testing.T) {
	t.Parallel()
	srv := open(t, r2test.Options{LockedPrefix: "kept/"})
	for _, key := range []string{"a", "b", "kept/c", "d"} {
		require.NoError(t, srv.Put(key, []byte("x")))
	}
	srv.FailDelete("b", "InternalError")
	a := deleting("a", "b", "kept/c", "none").do(t, srv)
	require.Equal(t, 200, a.status, a.body)
	var result struct {
		Deleted []struct{ Key string }
		Error   []struct{ Key, Code string }
	}
	require.NoError(t, xml.Unmarshal([]byte(a.body), &result))
	assert.Equal(t, []struct{ Key string }{{"a"}, {"none"}}, result.Deleted)
	assert.Equal(t, []struct{ Key, Code string }{{"b", "InternalError"}, {"kept/c", "ObjectLockedByBucketPolicy"}}, result.Error)
	assert.Len(t, srv.Objects(), 3)

	refused{
		"1001 keys":    {call: deleting(make([]string, 1001)...), status: 400, code: "MalformedXML"},
		"no keys":      {call: deleting(), status: 400, code: "MalformedXML"},
		"without MD5":  {call: call{method: http.MethodPost, path: "/images?delete=", body: "<Delete><Object><Key>a</Key></Object></Delete>"}, status: 400, code: "InvalidRequest"},
		"with a CRC32": {call: call{method: http.MethodPost, path: "/images?delete=", header: http.Header{"X-Amz-Checksum-Crc32": {"AAAAAA=="}}}, status: 501, code: "NotImplemented"},
	}.run(t)
	assert.Equal(t, "ObjectLockedByBucketPolicy", call{method: http.MethodDelete, path: "/images/kept/c"}.do(t, srv).code)
	assert.Equal(t, "ObjectLockedByBucketPolicy", call{method: http.MethodPut, path: "/images/kept/c"}.do(t, srv).code)
	assert.Equal(t, 200, call{method: http.MethodPut, path: "/images/kept/new"}.do(t, srv).status)
}

func TestCopyObject(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		header http.Header
		code   string
		want   string // content type, cache control, metadata a and b
	}{
		"plain":              {want: "image/png,no-store,1,"},
		"replaced":           {header: http.Header{"X-Amz-Metadata-Directive": {"REPLACE"}, "Content-Type": {"a/b"}}, want: "a/b,,,"},
		"merged":             {header: http.Header{"X-Amz-Metadata-Directive": {"MERGE"}, "X-Amz-Meta-B": {"2"}}, want: "image/png,no-store,1,2"},
		"no directive":       {header: http.Header{"X-Amz-Metadata-Directive": {"KEEP"}}, code: "InvalidArgument"},
		"source as wanted":   {header: http.Header{"X-Amz-Copy-Source-If-Match": {`"` + etag("hello") + `"`}}, want: "image/png,no-store,1,"},
		"source changed":     {header: http.Header{"X-Amz-Copy-Source-If-Match": {`"x"`}}, code: "PreconditionFailed"},
		"source not changed": {header: http.Header{"X-Amz-Copy-Source-If-None-Match": {`"` + etag("hello") + `"`}}, code: "PreconditionFailed"},
		"target is there":    {header: http.Header{"Cf-Copy-Destination-If-None-Match": {"*"}}, code: "PreconditionFailed"},
		"no source":          {header: http.Header{"X-Amz-Copy-Source": {"/images/none"}}, code: "NoSuchKey"},
		"no bucket":          {header: http.Header{"X-Amz-Copy-Source": {"images"}}, code: "InvalidArgument"},
		"another bucket":     {header: http.Header{"X-Amz-Copy-Source": {"/other/a%20b"}}, code: "AccessDenied"},
		"a version":          {header: http.Header{"X-Amz-Copy-Source": {"/images/a%20b?versionId=1"}}, code: "NotImplemented"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := open(t, r2test.Options{})
			put := call{method: http.MethodPut, path: "/images/a%20b", body: "hello", header: http.Header{
				"Content-Type": {"image/png"}, "Cache-Control": {"no-store"}, "X-Amz-Meta-A": {"1"},
			}}
			require.Equal(t, 200, put.do(t, srv).status)
			require.NoError(t, srv.Put("to", []byte("old")))
			header := http.Header{"X-Amz-Copy-Source": {"/images/a%20b"}}
			maps.Copy(header, tt.header)
			a := call{method: http.MethodPut, path: "/images/to", header: header}.do(t, srv)
			assert.Equal(t, tt.code, a.code, a.body)
			data, _ := srv.Bytes("to")
			if tt.code != "" {
				assert.Equal(t, "old", string(data))
				return
			}
			assert.Equal(t, "hello", string(data))
			o := srv.Objects()[1]
			assert.Equal(t, tt.want, strings.Join([]string{o.ContentType, o.CacheControl, o.Metadata["a"], o.Metadata["b"]}, ","))
		})
	}
}

func etag(text string) string { return fmt.Sprintf("%x", md5.Sum([]byte(text))) }

func TestUploadPartCopy(t *testing.T) {
	t.Parallel()
	srv := open(t, r2test.Options{MinPart: 2})
	require.NoError(t, srv.Put("from", []byte("hello, world")))
	id := begin(t, srv, "to")
	path := func(n int) string { return fmt.Sprintf("/images/to?partNumber=%d&uploadId=%s", n, id) }
	var parts strings.Builder
	for i, span := range []string{"bytes=0-4", "bytes=7-11"} {
		a := call{method: http.MethodPut, path: path(i + 1), header: http.Header{"X-Amz-Copy-Source": {"/images/from"}, "X-Amz-Copy-Source-Range": {span}}}.do(t, srv)
		require.Equal(t, 200, a.status, a.body)
		var result struct{ ETag string }
		require.NoError(t, xml.Unmarshal([]byte(a.body), &result))
		fmt.Fprintf(&parts, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", i+1, result.ETag)
	}
	done := call{method: http.MethodPost, path: "/images/to?uploadId=" + id, body: "<CompleteMultipartUpload>" + parts.String() + "</CompleteMultipartUpload>"}.do(t, srv)
	require.Equal(t, 200, done.status, done.body)
	data, _ := srv.Bytes("to")
	assert.Equal(t, "helloworld", string(data))

	id = begin(t, srv, "to")
	for name, tt := range map[string]struct {
		header http.Header
		code   string
	}{
		"a condition":    {header: http.Header{"X-Amz-Copy-Source-If-Match": {`"x"`}}, code: "NotImplemented"},
		"beyond the end": {header: http.Header{"X-Amz-Copy-Source-Range": {"bytes=0-12"}}, code: "InvalidArgument"},
		"an open range":  {header: http.Header{"X-Amz-Copy-Source-Range": {"bytes=3-"}}, code: "InvalidArgument"},
	} {
		tt.header.Set("X-Amz-Copy-Source", "/images/from")
		assert.Equal(t, tt.code, call{method: http.MethodPut, path: path(1), header: tt.header}.do(t, srv).code, name)
	}
}

func TestCORS(t *testing.T) {
	t.Parallel()
	srv := open(t, r2test.Options{CORS: []r2test.CORSRule{
		{Origins: []string{"https://a.example"}, Methods: []string{"GET"}},
		{
			Origins: []string{"https://*.b.example"}, Methods: []string{"PUT"}, Headers: []string{"content-type"}, ExposeHeaders: []string{"ETag"},
			MaxAge: time.Hour,
		},
	}})
	c, err := r2.New(srv.Config())
	require.NoError(t, err)
	p, err := c.PresignPut(t.Context(), "me.jpg", time.Minute, nil)
	require.NoError(t, err)
	preflight := func(address, origin, method, headers string) *http.Response {
		t.Helper()
		return fetch(t, srv, http.MethodOptions, address, http.Header{
			"Origin": {origin}, "Access-Control-Request-Method": {method}, "Access-Control-Request-Headers": {headers},
		})
	}
	good := preflight(p.URL, "https://x.b.example", "PUT", "Content-Type")
	assert.Equal(t, 204, good.StatusCode, "an unsigned request")
	assert.Equal(t, "https://x.b.example", good.Header.Get("Access-Control-Allow-Origin"))
	assert.Equal(t, "3600", good.Header.Get("Access-Control-Max-Age"))
	for name, bad := range map[string]*http.Response{
		"origin": preflight(p.URL, "https://c.example", "PUT", ""), "method": preflight(p.URL, "https://x.b.example", "DELETE", ""),
		"header": preflight(p.URL, "https://x.b.example", "PUT", "content-type, x-other"), "public": preflight(srv.PublicURL+"/me.jpg", "https://c.example", "GET", ""),
	} {
		assert.Equal(t, 403, bad.StatusCode, name)
		assert.Empty(t, bad.Header.Get("Access-Control-Allow-Origin"), name)
	}
	req, err := http.NewRequestWithContext(t.Context(), p.Method, p.URL, strings.NewReader("…"))
	require.NoError(t, err)
	req.Header = p.Header.Clone()
	req.Header.Set("Origin", "https://x.b.example")
	resp, err := srv.Client().Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, 200, resp.StatusCode)
	assert.Equal(t, "ETag", resp.Header.Get("Access-Control-Expose-Headers"))
	shown := fetch(t, srv, http.MethodGet, srv.PublicURL+"/me.jpg", http.Header{"Origin": {"https://a.example"}})
	assert.Equal(t, "https://a.example", shown.Header.Get("Access-Control-Allow-Origin"))

	for name, rule := range map[string]r2test.CORSRule{
		"a slash at the end": {Origins: []string{"https://a.example/"}}, "two stars": {Origins: []string{"https://*.*"}},
		"no scheme": {Origins: []string{"a.example"}}, "OPTIONS": {Origins: []string{"*"}, Methods: []string{"OPTIONS"}},
	} {
		_, err := r2test.Open(r2test.Options{CORS: []r2test.CORSRule{rule}})
		assert.ErrorContains(t, err, "CORS", name)
	}
}

func TestSpool(t *testing.T) {
	t.Parallel()
	_, err := r2test.Open(r2test.Options{Spool: t.TempDir(), StateFile: "x"})
	require.Error(t, err)
	srv := open(t, r2test.Options{Spool: t.TempDir(), MinPart: 2})
	id := begin(t, srv, "key", 3, 3, 1)
	var parts strings.Builder
	for n, text := range []string{"xxx", "xxx", "x"} {
		fmt.Fprintf(&parts, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", n+1, etag(text))
	}
	done := call{method: http.MethodPost, path: "/images/key?uploadId=" + url.QueryEscape(id), body: "<A>" + parts.String() + "</A>"}.do(t, srv)
	require.Equal(t, 200, done.status, done.body)
	data, ok := srv.Bytes("key")
	assert.True(t, ok)
	assert.Equal(t, "xxxxxxx", string(data))
	require.Equal(t, 200, call{method: http.MethodPut, path: "/images/other", body: "hello"}.do(t, srv).status)
	a := call{method: http.MethodGet, path: "/images/other", header: http.Header{"Range": {"bytes=1-3"}}}.do(t, srv)
	assert.Equal(t, "ell", a.body)
	a = call{method: http.MethodGet, path: "/images/key", header: http.Header{"Range": {"bytes=2-5"}}}.do(t, srv)
	assert.Equal(t, "xxxx", a.body)
	resp := fetch(t, srv, http.MethodGet, srv.PublicURL+"/key", nil)
	assert.EqualValues(t, 7, resp.ContentLength)
}
