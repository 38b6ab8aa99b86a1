package r2test_test

import (
	"crypto/md5"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func putCases() map[string]kase {
	sent := func(key string, h http.Header) func(*testing.T, place) string {
		return func(t *testing.T, p place) string {
			t.Helper()
			return p.say(t, call{method: http.MethodPut, path: p.at(key), body: "x", header: h})
		}
	}
	with := func(name, v string) func(*testing.T, place) string { return sent("key", http.Header{name: {v}}) }
	// over puts where an object is already.
	over := func(h http.Header) func(*testing.T, place) string {
		return func(t *testing.T, p place) string {
			t.Helper()
			p.put(t, "key", "old", nil)
			return sent("key", h)(t, p)
		}
	}
	long := func(length int) func(*testing.T, place) string {
		return func(t *testing.T, p place) string {
			t.Helper()
			return sent(strings.Repeat("k", length-len(p.prefix)), nil)(t, p)
		}
	}
	return map[string]kase{
		"ETag is the MD5": {do: func(t *testing.T, p place) string {
			t.Helper()
			return p.put(t, "key", "hello", nil).header.Get("Etag")
		}, want: fmt.Sprintf(`"%x"`, md5.Sum([]byte("hello")))},
		"if absent, absent":     {do: with("If-None-Match", "*"), want: "200"},
		"if absent, present":    {do: over(http.Header{"If-None-Match": {"*"}}), want: "412 PreconditionFailed"},
		"if match, absent":      {do: with("If-Match", `"0123"`), want: "412 PreconditionFailed"},
		"if match, another":     {do: over(http.Header{"If-Match": {`"0123"`}}), want: "412 PreconditionFailed"},
		"if match, same":        {do: over(http.Header{"If-Match": {fmt.Sprintf(`"%x"`, md5.Sum([]byte("old")))}}), want: "200"},
		"if unmodified":         {do: over(http.Header{"If-Unmodified-Since": {"Mon, 02 Jan 2006 15:04:05 GMT"}}), want: "412 PreconditionFailed"},
		"wrong MD5":             {do: with("Content-Md5", "1B2M2Y8AsgTpgAmY7PhCfg=="), want: "400 BadDigest"},
		"no MD5":                {do: with("Content-Md5", "xx"), want: "400 InvalidDigest"},
		"wrong CRC32":           {do: with("X-Amz-Checksum-Crc32", "AAAAAA=="), want: "501 NotImplemented"},
		"metadata of 8192":      {do: with("X-Amz-Meta-A", strings.Repeat("v", 8191)), want: "200"},
		"metadata of 8193":      {do: with("X-Amz-Meta-A", strings.Repeat("v", 8192)), want: "400 MetadataTooLarge"},
		"key of 1024":           {do: long(1024), want: "200"},
		"key of 1025":           {do: long(1025), want: "400 InvalidObjectName"},
		"ACL private":           {do: with("X-Amz-Acl", "private"), want: "200"},
		"ACL public-read":       {do: with("X-Amz-Acl", "public-read"), want: "501 NotImplemented"},
		"grant":                 {do: with("X-Amz-Grant-Read", "x"), want: "501 NotImplemented"},
		"tags":                  {do: with("X-Amz-Tagging", "a=b"), want: "501 NotImplemented"},
		"object lock":           {do: with("X-Amz-Object-Lock-Mode", "GOVERNANCE"), want: "501 NotImplemented"},
		"SSE-KMS":               {do: with("X-Amz-Server-Side-Encryption", "aws:kms"), want: "501 NotImplemented"},
		"requester pays":        {do: with("X-Amz-Request-Payer", "requester"), want: "501 NotImplemented"},
		"bucket owner":          {do: with("X-Amz-Expected-Bucket-Owner", "x"), want: "501 NotImplemented"},
		"redirect":              {do: with("X-Amz-Website-Redirect-Location", "/"), want: "501 NotImplemented"},
		"aws-chunked":           {do: with("X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"), want: "501 NotImplemented"},
		"class of seldom reads": {do: with("X-Amz-Storage-Class", "STANDARD_IA"), want: "200"},
		"class GLACIER":         {do: with("X-Amz-Storage-Class", "GLACIER"), want: "400 InvalidStorageClass"},
		"query tagging": {do: func(t *testing.T, p place) string {
			t.Helper()
			return p.say(t, call{method: http.MethodPut, path: p.at("key?tagging="), body: "x"})
		}, want: "501 NotImplemented"},
	}
}

func getCases() map[string]kase {
	got := func(method string, h http.Header) func(*testing.T, place) string {
		return func(t *testing.T, p place) string {
			t.Helper()
			p.put(t, "key", "0123456789", nil)
			a := call{method: method, path: p.at("key"), header: h}.to(t, p.Config)
			if a.code != "" {
				return fmt.Sprintf("%d %s", a.status, a.code)
			}
			return strings.TrimSpace(fmt.Sprintf("%d %s %s", a.status, a.body, a.header.Get("Content-Range")))
		}
	}
	span := func(v string) func(*testing.T, place) string { return got(http.MethodGet, http.Header{"Range": {v}}) }
	etag := fmt.Sprintf(`"%x"`, md5.Sum([]byte("0123456789")))
	// kept is the header with which something comes back that was put with it.
	kept := func(name, v string) func(*testing.T, place) string {
		return func(t *testing.T, p place) string {
			t.Helper()
			p.put(t, "key", "x", http.Header{name: {v}})
			return call{method: http.MethodHead, path: p.at("key")}.to(t, p.Config).header.Get(name)
		}
	}
	bare := func(method string) func(*testing.T, place) string {
		return func(t *testing.T, p place) string {
			t.Helper()
			return p.say(t, call{method: method, path: p.at("none")})
		}
	}
	return map[string]kase{
		"whole":                   {do: got(http.MethodGet, nil), want: "200 0123456789"},
		"range":                   {do: span("bytes=2-4"), want: "206 234 bytes 2-4/10"},
		"open range":              {do: span("bytes=7-"), want: "206 789 bytes 7-9/10"},
		"range from the end":      {do: span("bytes=-2"), want: "206 89 bytes 8-9/10"},
		"range past the end":      {do: span("bytes=8-20"), want: "206 89 bytes 8-9/10"},
		"range outside":           {do: span("bytes=10-12"), want: "416 InvalidRange"},
		"if none match, same":     {do: got(http.MethodGet, http.Header{"If-None-Match": {etag}}), want: "304"},
		"if none match, another":  {do: got(http.MethodGet, http.Header{"If-None-Match": {`"0123"`}}), want: "200 0123456789"},
		"if match, another":       {do: got(http.MethodGet, http.Header{"If-Match": {`"0123"`}}), want: "412 PreconditionFailed"},
		"head, if match, another": {do: got(http.MethodHead, http.Header{"If-Match": {`"0123"`}}), want: "412"},
		"absent":                  {do: bare(http.MethodGet), want: "404 NoSuchKey"},
		"head absent":             {do: bare(http.MethodHead), want: "404"},
		"delete absent":           {do: bare(http.MethodDelete), want: "204"},
		"Cache-Control":           {do: kept("Cache-Control", "public, max-age=31536000, immutable"), want: "public, max-age=31536000, immutable"},
		"Content-Disposition":     {do: kept("Content-Disposition", `attachment; filename="a.png"`), want: `attachment; filename="a.png"`},
		"Content-Language":        {do: kept("Content-Language", "zh-CN"), want: "zh-CN"},
		"Content-Type":            {do: kept("Content-Type", "image/webp"), want: "image/webp"},
		"metadata":                {do: kept("X-Amz-Meta-Colour", "blue"), want: "blue"},
		"public": {do: func(t *testing.T, p place) string {
			t.Helper()
			p.put(t, "a b", "seen", nil)
			base, ok := strings.CutSuffix(p.Endpoint, "/s3")
			if !ok {
				base = p.Endpoint + "/cdn-cgi/local/r2"
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/public"+p.at("a%20b"), nil)
			require.NoError(t, err)
			resp, err := p.HTTPClient.Do(req)
			require.NoError(t, err)
			defer resp.Body.Close()
			return text(t, resp.Body)
		}, want: "seen"},
	}
}
