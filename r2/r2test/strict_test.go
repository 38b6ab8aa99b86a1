package r2test_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

// refused is a table of calls that do not get through.
type refused map[string]struct {
	call   call
	opts   r2test.Options
	status int
	code   string
}

func (table refused) run(t *testing.T) {
	t.Helper()
	for name, tt := range table {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := open(t, tt.opts)
			if tt.call.method == "" {
				tt.call.method = http.MethodPut
			}
			if tt.call.path == "" {
				tt.call.path = "/images/key"
			}
			a := tt.call.do(t, srv)
			assert.Equal(t, tt.status, a.status, a.body)
			assert.Equal(t, tt.code, a.code)
			assert.NotEmpty(t, a.header.Get("Cf-Ray"))
			if tt.status >= 300 {
				assert.Empty(t, srv.Objects())
			}
		})
	}
}

func TestSignaturesAreVerified(t *testing.T) {
	t.Parallel()
	refused{
		"good":               {call: call{body: "x"}, status: 200},
		"good, us-east-1":    {call: call{body: "x", region: "us-east-1"}, status: 200},
		"odd path":           {call: call{path: "/images/a%20b%2Bc//%E4%B8%AD", body: "x"}, status: 200},
		"unsigned payload":   {call: call{body: "x", header: http.Header{"X-Amz-Content-Sha256": {"UNSIGNED-PAYLOAD"}}}, status: 200},
		"wrong secret":       {call: call{secret: "no"}, status: 403, code: "SignatureDoesNotMatch"},
		"wrong key ID":       {call: call{key: "no"}, status: 401, code: "Unauthorized"},
		"anonymous":          {call: call{unsigned: true}, status: 400, code: "InvalidArgument"},
		"another scheme":     {call: call{after: set("Authorization", "Basic eDp5")}, status: 400, code: "InvalidRequest"},
		"wrong region":       {call: call{region: "mars"}, status: 400, code: "InvalidRegionName"},
		"old":                {call: call{at: time.Now().Add(-16 * time.Minute)}, status: 403, code: "RequestTimeTooSkewed"},
		"of tomorrow":        {call: call{at: time.Now().Add(16 * time.Minute)}, status: 403, code: "RequestTimeTooSkewed"},
		"the server's clock": {opts: r2test.Options{ClockSkew: time.Hour}, status: 403, code: "RequestTimeTooSkewed"},
		"tampered path":      {call: call{after: func(r *http.Request) { r.URL.Path = "/images/other" }}, status: 403, code: "SignatureDoesNotMatch"},
		"tampered query":     {call: call{after: func(r *http.Request) { r.URL.RawQuery = "a=b" }}, status: 403, code: "SignatureDoesNotMatch"},
		"tampered header":    {call: call{header: http.Header{"Content-Type": {"a/b"}}, after: set("Content-Type", "b/c")}, status: 403, code: "SignatureDoesNotMatch"},
		"unsigned header":    {call: call{after: set("X-Amz-Meta-A", "b")}, status: 403, code: "AccessDenied"},
		"rewritten encoding": {call: call{header: http.Header{"Accept-Encoding": {"identity"}}, after: set("Accept-Encoding", "br")}, status: 403, code: "SignatureDoesNotMatch"},
		"tampered body": {call: call{body: "x", after: func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader("y"))
		}}, status: 400, code: "XAmzContentSHA256Mismatch"},
		"session token": {call: call{header: http.Header{"X-Amz-Security-Token": {"x"}}}, status: 401, code: "Unauthorized"},
	}.run(t)
}

func set(name, v string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, v) }
}

func TestPresignedURLsAreVerified(t *testing.T) {
	t.Parallel()
	srv := open(t, r2test.Options{})
	c, err := r2.New(srv.Config())
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		change func(url string) string
		status int
		code   string
	}{
		"good":        {change: func(u string) string { return u }, status: 404, code: "NoSuchKey"},
		"tampered":    {change: replace("/key?", "/kez?"), status: 403, code: "SignatureDoesNotMatch"},
		"8 days":      {change: replace("Expires=60", "Expires=691200"), status: 400, code: "InvalidArgument"},
		"no time":     {change: replace("Expires=60", "Expires=0"), status: 400, code: "ExpiredRequest"},
		"another key": {change: replace(srv.Config().AccessKeyID, "other"), status: 401, code: "Unauthorized"},
		"unsigned":    {change: func(u string) string { u, _, _ = strings.Cut(u, "?"); return u }, status: 400, code: "InvalidArgument"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := c.PresignGet(t.Context(), "key", time.Minute, nil)
			require.NoError(t, err)
			address := strings.TrimPrefix(tt.change(p.URL), srv.URL)
			a := call{method: http.MethodGet, unsigned: true, path: address, after: func(r *http.Request) { r.Header.Del("X-Amz-Content-Sha256") }}.do(t, srv)
			assert.Equal(t, tt.status, a.status, a.body)
			assert.Equal(t, tt.code, a.code)
		})
	}
}

func replace(old, with string) func(string) string {
	return func(u string) string { return strings.Replace(u, old, with, 1) }
}

func TestWhatR2DoesNotImplement(t *testing.T) {
	t.Parallel()
	table := refused{
		"acl private":     {call: call{header: http.Header{"X-Amz-Acl": {"private"}}}, status: 200},
		"infrequent":      {call: call{header: http.Header{"X-Amz-Storage-Class": {"STANDARD_IA"}}}, status: 200},
		"glacier":         {call: call{header: http.Header{"X-Amz-Storage-Class": {"GLACIER"}}}, status: 400, code: "InvalidStorageClass"},
		"copy of nothing": {call: call{header: http.Header{"X-Amz-Copy-Source": {"/images/x"}}}, status: 404, code: "NoSuchKey"},
		"tags":            {call: call{path: "/images/key?tagging"}, status: 501, code: "NotImplemented"},
		"form upload":     {call: call{method: http.MethodPost, path: "/images"}, status: 501, code: "NotImplemented"},
		"list of version": {call: call{method: http.MethodGet, path: "/images"}, status: 501, code: "NotImplemented"},
	}
	for name, v := range map[string]string{
		"X-Amz-Acl": "public-read", "X-Amz-Grant-Read": "x", "X-Amz-Tagging": "a=b", "X-Amz-Object-Lock-Mode": "GOVERNANCE",
		"X-Amz-Server-Side-Encryption": "aws:kms", "X-Amz-Request-Payer": "requester", "X-Amz-Expected-Bucket-Owner": "x",
		"X-Amz-Website-Redirect-Location": "/", "X-Amz-Checksum-Crc32": "AAAAAA==", "X-Amz-Trailer": "x-amz-checksum-crc32",
		"X-Amz-Sdk-Checksum-Algorithm": "CRC32", "Content-Encoding": "aws-chunked", "X-Amz-Content-Sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
	} {
		row := table[name]
		row.call, row.status, row.code = call{header: http.Header{name: {v}}}, 501, "NotImplemented"
		table[name] = row
	}
	table.run(t)
}

func TestLimitsOfObjects(t *testing.T) {
	t.Parallel()
	refused{
		"key of 1024":      {call: call{path: "/images/" + strings.Repeat("k", 1024)}, status: 200},
		"key of 1025":      {call: call{path: "/images/" + strings.Repeat("k", 1025)}, status: 400, code: "InvalidObjectName"},
		"metadata of 8192": {call: call{header: http.Header{"X-Amz-Meta-A": {strings.Repeat("v", 8191)}}}, status: 200},
		"metadata of 8193": {call: call{header: http.Header{"X-Amz-Meta-A": {strings.Repeat("v", 8192)}}}, status: 400, code: "MetadataTooLarge"},
		"bad digest":       {call: call{body: "x", header: http.Header{"Content-Md5": {"1B2M2Y8AsgTpgAmY7PhCfg=="}}}, status: 400, code: "BadDigest"},
		"no digest":        {call: call{body: "x", header: http.Header{"Content-Md5": {"xx"}}}, status: 400, code: "InvalidDigest"},
		"no length": {call: call{body: "x", header: http.Header{"X-Amz-Content-Sha256": {"UNSIGNED-PAYLOAD"}}, after: func(r *http.Request) {
			r.ContentLength = -1
		}}, status: 411, code: "MissingContentLength"},
	}.run(t)
}

func TestScope(t *testing.T) {
	t.Parallel()
	calls := map[string]call{
		"ListBuckets":         {method: http.MethodGet, path: "/"},
		"CreateBucket":        {method: http.MethodPut, path: "/another"},
		"HeadBucket":          {method: http.MethodHead, path: "/images"},
		"BucketConfiguration": {method: http.MethodGet, path: "/images?cors"},
		"DeleteBucket":        {method: http.MethodDelete, path: "/images"},
	}
	for op, c := range calls {
		srv := open(t, r2test.Options{})
		assert.Equal(t, 403, c.do(t, srv).status, op)
		assert.Equal(t, 1, srv.Calls(op), op)
	}
	srv := open(t, r2test.Options{})
	assert.Equal(t, 403, call{method: http.MethodGet, path: "/another?list-type=2"}.do(t, srv).status)

	admin := open(t, r2test.Options{Scope: r2test.ScopeAdmin})
	require.NoError(t, admin.Put("key", nil))
	assert.Equal(t, 200, calls["CreateBucket"].do(t, admin).status)
	assert.Equal(t, 409, calls["CreateBucket"].do(t, admin).status)
	assert.Equal(t, 200, calls["HeadBucket"].do(t, admin).status)
	assert.Contains(t, calls["ListBuckets"].do(t, admin).body, "<Name>another</Name>")
	assert.Equal(t, "BucketNotEmpty", calls["DeleteBucket"].do(t, admin).code)
	assert.Equal(t, 200, call{method: http.MethodPut, path: "/another/key"}.do(t, admin).status)
	assert.Len(t, admin.Objects(), 1, "of its own bucket")
	assert.Equal(t, "NoSuchBucket", call{method: http.MethodGet, path: "/none/key"}.do(t, admin).code)
}

func TestJurisdiction(t *testing.T) {
	t.Parallel()
	srv := open(t, r2test.Options{Jurisdiction: r2.JurisdictionEU})
	cfg := srv.Config()
	c, err := r2.New(cfg)
	require.NoError(t, err)
	_, err = c.Put(t.Context(), "key", strings.NewReader("x"), nil)
	require.NoError(t, err)
	cfg.Endpoint, cfg.Jurisdiction = "", ""
	wrong, err := r2.New(cfg)
	require.NoError(t, err)
	_, err = wrong.Get(t.Context(), "key", nil)
	require.ErrorContains(t, err, "NoSuchBucket")
	require.ErrorContains(t, err, "jurisdiction")
	cfg.AccountID = strings.Repeat("f", 32)
	stranger, err := r2.New(cfg)
	require.NoError(t, err)
	_, err = stranger.Get(t.Context(), "key", nil)
	require.ErrorContains(t, err, "AccessDenied")
}

func TestPartsAreHeldToTheRules(t *testing.T) {
	t.Parallel()
	const kib = 1024
	for name, tt := range map[string]struct {
		sizes []int
		spoil func(body string) string
		code  string
	}{
		"equal":          {sizes: []int{kib, kib, 1}},
		"one":            {sizes: []int{1}},
		"last as large":  {sizes: []int{kib, kib}},
		"unequal":        {sizes: []int{kib, kib + 1, kib}, code: "InvalidPart"},
		"first bigger":   {sizes: []int{2 * kib, kib, 1}, code: "InvalidPart"},
		"last bigger":    {sizes: []int{kib, kib, kib + 1}, code: "InvalidPart"},
		"too small":      {sizes: []int{kib - 1, kib - 1}, code: "EntityTooSmall"},
		"out of order":   {sizes: []int{kib, kib}, spoil: swap},
		"wrong ETag":     {sizes: []int{kib, kib}, spoil: func(b string) string { return strings.Replace(b, `"`, `"0`, 1) }, code: "InvalidPart"},
		"missing part":   {sizes: []int{kib}, spoil: func(b string) string { return strings.Replace(b, ">1<", ">2<", 1) }, code: "InvalidPart"},
		"nothing":        {sizes: []int{kib}, spoil: func(string) string { return "<CompleteMultipartUpload/>" }, code: "MalformedXML"},
		"one part twice": {sizes: []int{kib}, spoil: func(b string) string { return strings.Replace(b, "</Part>", "</Part>"+only(b), 1) }, code: "InvalidPart"},
		"not even XML":   {sizes: []int{kib}, spoil: func(string) string { return "{}" }, code: "MalformedXML"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := open(t, r2test.Options{MinPart: kib})
			created := call{method: http.MethodPost, path: "/images/key?uploads="}.do(t, srv)
			require.Equal(t, 200, created.status)
			var result struct{ UploadId string }
			require.NoError(t, xml.Unmarshal([]byte(created.body), &result))
			var body strings.Builder
			body.WriteString("<CompleteMultipartUpload>")
			for i, size := range tt.sizes {
				path := fmt.Sprintf("/images/key?partNumber=%d&uploadId=%s", i+1, result.UploadId)
				a := call{method: http.MethodPut, path: path, body: strings.Repeat("x", size)}.do(t, srv)
				require.Equal(t, 200, a.status)
				fmt.Fprintf(&body, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", i+1, a.header.Get("Etag"))
			}
			body.WriteString("</CompleteMultipartUpload>")
			text := body.String()
			if tt.spoil != nil {
				text = tt.spoil(text)
			}
			a := call{method: http.MethodPost, path: "/images/key?uploadId=" + result.UploadId, body: text}.do(t, srv)
			assert.Equal(t, tt.code, a.code, a.body)
			if tt.code != "" {
				assert.Equal(t, 1, srv.Uploads())
				assert.Equal(t, 204, call{method: http.MethodDelete, path: "/images/key?uploadId=" + result.UploadId}.do(t, srv).status)
				assert.Empty(t, srv.Objects())
			} else {
				require.Len(t, srv.Objects(), 1)
				assert.True(t, strings.HasSuffix(srv.Objects()[0].ETag, fmt.Sprintf("-%d", len(tt.sizes))))
			}
			assert.Zero(t, srv.Uploads())
			assert.Equal(t, "NoSuchUpload", call{method: http.MethodPost, path: "/images/key?uploadId=" + result.UploadId, body: text}.do(t, srv).code)
		})
	}
	srv := open(t, r2test.Options{})
	assert.Equal(t, "NoSuchUpload", call{method: http.MethodPut, path: "/images/key?partNumber=1&uploadId=none"}.do(t, srv).code)
}

// only is the first part of a list.
func only(b string) string {
	_, rest, _ := strings.Cut(b, "<Part>")
	part, _, _ := strings.Cut(rest, "</Part>")
	return "<Part>" + part + "</Part>"
}

func swap(b string) string {
	first := only(b)
	rest := strings.Replace(b, first, "", 1)
	return strings.Replace(rest, "</CompleteMultipartUpload>", first+"</CompleteMultipartUpload>", 1)
}
