package r2test_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func text(t *testing.T, r io.Reader) string {
	t.Helper()
	data, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(data)
}

func listCases() map[string]kase {
	type page struct {
		IsTruncated           bool
		NextContinuationToken string
		Contents              []struct {
			Key  string
			Size int
		}
		CommonPrefixes []struct{ Prefix string }
	}
	// listed is every page of a listing of the keys of the case, as "a b | c", folders with their slash.
	listed := func(query string) func(*testing.T, place) string {
		return func(t *testing.T, p place) string {
			t.Helper()
			for _, key := range []string{"a", "b%20c", "d/1", "d/2", "e"} {
				p.put(t, key, "x", nil)
			}
			var pages []string
			for token := ""; ; {
				q := "/images?list-type=2&prefix=" + url.QueryEscape(p.prefix) + query
				if token != "" {
					q = "/images?continuation-token=" + url.QueryEscape(token) + "&list-type=2&prefix=" + url.QueryEscape(p.prefix) + query
				}
				a := call{method: http.MethodGet, path: strings.ReplaceAll(q, "PREFIX", url.QueryEscape(p.prefix))}.to(t, p.Config)
				if a.code != "" {
					return fmt.Sprintf("%d %s", a.status, a.code)
				}
				var got page
				require.NoError(t, xml.Unmarshal([]byte(a.body), &got), a.body)
				var names []string
				for _, o := range got.Contents {
					require.Equal(t, 1, o.Size)
					names = append(names, strings.TrimPrefix(strings.TrimPrefix(o.Key, p.prefix), url.QueryEscape(p.prefix)))
				}
				for _, dir := range got.CommonPrefixes {
					names = append(names, strings.TrimPrefix(dir.Prefix, p.prefix))
				}
				slices.Sort(names)
				pages = append(pages, strings.Join(names, " "))
				if !got.IsTruncated {
					return strings.Join(pages, " | ")
				}
				require.NotEmpty(t, got.NextContinuationToken)
				require.Less(t, len(pages), 9)
				token = got.NextContinuationToken
			}
		}
	}
	return map[string]kase{
		"all":          {do: listed(""), want: "a b c d/1 d/2 e"},
		"pages":        {do: listed("&max-keys=2"), want: "a b c | d/1 d/2 | e"},
		"folders":      {do: listed("&delimiter=%2F"), want: "a b c d/ e"},
		"folder pages": {do: listed("&delimiter=%2F&max-keys=3"), want: "a b c d/ | e"},
		"start after":  {do: listed("&start-after=PREFIXd%2F1"), want: "d/2 e"},
		"url spelling": {do: listed("&encoding-type=url"), want: "a b+c d/1 d/2 e"},
		"wrong number": {do: listed("&max-keys=x"), want: "400 InvalidMaxKeys"},
	}
}

func multipartCases() map[string]kase {
	const part = 5 << 20
	return map[string]kase{
		"equal":          {do: completed(nil, part, part, 1), want: "200, 10485761 bytes"},
		"one":            {do: completed(nil, 1), want: "200, 1 bytes"},
		"last as large":  {do: completed(nil, part, part), want: "200, 10485760 bytes"},
		"unequal":        {do: completed(nil, part, part+1, part), want: "400 InvalidPart"},
		"first bigger":   {do: completed(nil, part+1, part, 1), want: "400 InvalidPart"},
		"last bigger":    {do: completed(nil, part, part+1), want: "400 InvalidPart"},
		"too small":      {do: completed(nil, part-1, part-1), want: "400 EntityTooSmall"},
		"wrong ETag":     {do: completed(func(b string) string { return strings.Replace(b, "<ETag>", "<ETag>0", 1) }, 1), want: "400 InvalidPart"},
		"out of order":   {do: completed(swap, part, part), want: "200, 10485760 bytes"},
		"missing part":   {do: completed(replace(">1<", ">2<"), 1), want: "400 InvalidPart"},
		"nothing":        {do: completed(func(string) string { return "<CompleteMultipartUpload/>" }, 1), want: "400 MalformedXML"},
		"not even XML":   {do: completed(func(string) string { return "{}" }, 1), want: "400 MalformedXML"},
		"condition":      {do: conditionalComplete, want: "200"},
		"part of none":   {do: plain(http.MethodPut, "key?partNumber=1&uploadId=none"), want: "404 NoSuchUpload"},
		"abort none":     {do: plain(http.MethodDelete, "key?uploadId=none"), want: "404 NoSuchUpload"},
		"complete twice": {do: twice(http.MethodPost), want: "404 NoSuchUpload"},
		"abort twice":    {do: twice(http.MethodDelete), want: "404 NoSuchUpload"},
		"ETag of a part": {do: partETag, want: "the MD5"},
		"parts listed":   {do: onUpload(http.MethodGet), want: "200"},
		"uploads listed": {do: func(t *testing.T, p place) string {
			t.Helper()
			return p.say(t, call{method: http.MethodGet, path: "/images?uploads="})
		}, want: "200"},
		"ETag of a whole": {do: wholeETag, want: `"9affad555af89da9b0bfcd5e45bc93da-1"`},
	}
}

func plain(method, path string) func(*testing.T, place) string {
	return func(t *testing.T, p place) string {
		t.Helper()
		return p.say(t, call{method: method, path: p.at(path)})
	}
}

// upload begins an upload with parts of these sizes and gives its ID and the body that completes it.
func (p place) upload(t *testing.T, sizes ...int) (id, complete string) {
	t.Helper()
	created := call{method: http.MethodPost, path: p.at("key?uploads=")}.to(t, p.Config)
	require.Equal(t, 200, created.status, created.body)
	var result struct{ UploadId string }
	require.NoError(t, xml.Unmarshal([]byte(created.body), &result))
	id = url.QueryEscape(result.UploadId)
	var body strings.Builder
	body.WriteString("<CompleteMultipartUpload>")
	for i, size := range sizes {
		a := call{
			method: http.MethodPut, path: p.at(fmt.Sprintf("key?partNumber=%d&uploadId=%s", i+1, id)), body: strings.Repeat("x", size),
		}.to(t, p.Config)
		require.Equal(t, 200, a.status, a.body)
		fmt.Fprintf(&body, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", i+1, strings.Trim(a.header.Get("Etag"), `"`))
	}
	return id, body.String() + "</CompleteMultipartUpload>"
}

func completed(spoil func(string) string, sizes ...int) func(*testing.T, place) string {
	return func(t *testing.T, p place) string {
		t.Helper()
		id, body := p.upload(t, sizes...)
		if spoil != nil {
			body = spoil(body)
		}
		said := p.say(t, call{method: http.MethodPost, path: p.at("key?uploadId=" + id), body: body})
		if said != "200" {
			return said
		}
		a := call{method: http.MethodGet, path: p.at("key")}.to(t, p.Config)
		require.Empty(t, strings.Trim(a.body, "x"))
		return fmt.Sprintf("%s, %d bytes", said, len(a.body))
	}
}

// Trap 30: conditionalComplete is why a put-if-absent is never multipart.
func conditionalComplete(t *testing.T, p place) string {
	t.Helper()
	p.put(t, "key", "old", nil)
	id, body := p.upload(t, 1)
	return p.say(t, call{method: http.MethodPost, path: p.at("key?uploadId=" + id), body: body, header: http.Header{"If-None-Match": {"*"}}})
}

// twice completes an upload, or ends it, and does it again.
func twice(method string) func(*testing.T, place) string {
	return func(t *testing.T, p place) string {
		t.Helper()
		id, body := p.upload(t, 1)
		again := call{method: method, path: p.at("key?uploadId=" + id), body: body}
		if method == http.MethodDelete {
			again.body = ""
		}
		require.Contains(t, []string{"200", "204"}, p.say(t, again))
		return p.say(t, again)
	}
}

func onUpload(method string) func(*testing.T, place) string {
	return func(t *testing.T, p place) string {
		t.Helper()
		id, _ := p.upload(t, 1)
		return p.say(t, call{method: method, path: p.at("key?uploadId=" + id)})
	}
}

func partETag(t *testing.T, p place) string {
	t.Helper()
	id, _ := p.upload(t)
	a := call{method: http.MethodPut, path: p.at("key?partNumber=1&uploadId=" + id), body: "x"}.to(t, p.Config)
	if a.header.Get("Etag") != `"9dd4e461268c8034f5c8564e155c67a6"` {
		return "something else"
	}
	return "the MD5"
}

func wholeETag(t *testing.T, p place) string {
	t.Helper()
	id, body := p.upload(t, 1)
	require.Equal(t, "200", p.say(t, call{method: http.MethodPost, path: p.at("key?uploadId=" + id), body: body}))
	return call{method: http.MethodHead, path: p.at("key")}.to(t, p.Config).header.Get("Etag")
}

func copyCases() map[string]kase {
	copied := func(from string, h http.Header) func(*testing.T, place) string {
		return func(t *testing.T, p place) string {
			t.Helper()
			p.put(t, "from", "x", http.Header{"X-Amz-Meta-A": {"old"}})
			p.put(t, "taken", "y", nil)
			header := http.Header{"X-Amz-Copy-Source": {p.at(from)}}
			maps.Copy(header, h)
			to := "to"
			if h.Get("Cf-Copy-Destination-If-None-Match") != "" {
				to = "taken"
			}
			said := p.say(t, call{method: http.MethodPut, path: p.at(to), header: header})
			if said != "200" {
				return said
			}
			a := call{method: http.MethodGet, path: p.at(to)}.to(t, p.Config)
			return strings.TrimSpace(a.body + " " + a.header.Get("X-Amz-Meta-A"))
		}
	}
	return map[string]kase{
		"as it is":               {do: copied("from", nil), want: "x old"},
		"of nothing":             {do: copied("none", nil), want: "404 NoSuchKey"},
		"new metadata":           {do: copied("from", http.Header{"X-Amz-Metadata-Directive": {"REPLACE"}, "X-Amz-Meta-A": {"new"}}), want: "x new"},
		"source is another":      {do: copied("from", http.Header{"X-Amz-Copy-Source-If-Match": {`"0123"`}}), want: "412 PreconditionFailed"},
		"destination is present": {do: copied("from", http.Header{"Cf-Copy-Destination-If-None-Match": {"*"}}), want: "412 PreconditionFailed"},
	}
}

func bucketCases() map[string]kase {
	sent := func(c call) func(*testing.T, place) string {
		return func(t *testing.T, p place) string { t.Helper(); return p.say(t, c) }
	}
	many := func(count int) func(*testing.T, place) string {
		return func(t *testing.T, p place) string {
			t.Helper()
			p.put(t, "0", "x", nil)
			var keys []string
			for i := range count {
				keys = append(keys, fmt.Sprintf("%s%d", p.prefix, i))
			}
			said := p.say(t, deleting(keys...))
			return said + ", then " + p.say(t, call{method: http.MethodGet, path: p.at("0")})
		}
	}
	return map[string]kase{
		"create":           {do: sent(call{method: http.MethodPut, path: "/another"}), want: "403 AccessDenied"},
		"create it again":  {do: sent(call{method: http.MethodPut, path: "/images"}), want: "403 AccessDenied"},
		"head":             {do: sent(call{method: http.MethodHead, path: "/images"}), want: "403"},
		"list all":         {do: sent(call{method: http.MethodGet, path: "/"}), want: "403 AccessDenied"},
		"CORS":             {do: sent(call{method: http.MethodGet, path: "/images?cors="}), want: "403 AccessDenied"},
		"lifecycle":        {do: sent(call{method: http.MethodGet, path: "/images?lifecycle="}), want: "403 AccessDenied"},
		"another":          {do: sent(call{method: http.MethodGet, path: "/another/key"}), want: "403 AccessDenied"},
		"form":             {do: sent(call{method: http.MethodPost, path: "/images"}), want: "501 NotImplemented"},
		"delete 1000 keys": {do: many(1000), want: "200, then 404 NoSuchKey"},
		"delete 1001 keys": {do: many(1001), want: "400 MalformedXML, then 200"},
		"delete by no XML": {do: sent(call{method: http.MethodPost, path: "/images?delete=", body: "{}"}), want: "400 MalformedXML"},
		"delete without MD5": {do: func(t *testing.T, p place) string {
			t.Helper()
			c := deleting(p.prefix + "key")
			c.header = nil
			return p.say(t, c)
		}, want: "400 InvalidRequest"},
	}
}
