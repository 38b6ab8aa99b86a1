package r2

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// request is one that the client makes by itself: PutObject, UploadPart, GetObject, HeadObject and DeleteObject, whose answer
// is in its headers or is the object. The SDK makes the others. It would take half a millisecond of CPU and 1,600 allocations
// for each, as much as a body of half a MiB takes under TLS (internal/bench), to find an endpoint, to check, to measure and to
// bind what is the same every time here. The signature is the SDK's for both, and so are connections, repeats and errors.
type request struct {
	op, method, key string
	query           url.Values  // nil = none
	header          http.Header // nil = none; of this request alone
	body            *attempt    // nil = none
}

// setIf sets a header to a value that is not empty.
func setIf(h http.Header, name, value string) {
	if value != "" {
		h[name] = []string{value}
	}
}

const (
	metaPrefix    = "X-Amz-Meta-"
	unsigned      = "UNSIGNED-PAYLOAD"
	emptySHA256   = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	maxErrorBody  = 64 << 10
	clientVersion = "kitroll-r2"
)

// do sends a request once. The body of the answer, which is one of 2xx, is to be closed. An error is an [*Error], or an
// [*httpcall.Error] when no answer came.
func (c *Client) do(ctx context.Context, r request) (*http.Response, error) {
	if r.header == nil {
		r.header = http.Header{}
	}
	req := (&http.Request{
		Method: r.method, URL: c.object(r.key), Host: c.endpoint.Host, Header: r.header, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	req.URL.RawQuery = r.query.Encode()
	payload := emptySHA256
	if r.body != nil {
		if r.body.size > 0 { // else a body would make it chunked
			req.Body, req.ContentLength = r.body, r.body.size
		}
		payload = unsigned
		if c.endpoint.Scheme != "https" {
			var err error
			if payload, err = r.body.sha256(); err != nil {
				return nil, err
			}
		}
	}
	r.header["X-Amz-Content-Sha256"] = []string{payload}
	r.header["User-Agent"] = []string{clientVersion}
	if err := c.signer.SignHTTP(ctx, c.keys, req, payload, "s3", c.region, time.Now()); err != nil {
		return nil, err
	}
	resp, err := httpcall.Do(c.http, req)
	switch {
	case err != nil:
		return nil, err
	case resp.StatusCode < http.StatusOK || resp.StatusCode >= http.StatusMultipleChoices:
		return nil, c.refusal(r, resp)
	}
	return resp, nil
}

// done is do for a call whose answer is its headers.
func (c *Client) done(ctx context.Context, r request) (http.Header, error) {
	resp, err := c.do(ctx, r)
	if err != nil {
		return nil, err
	}
	_, _ = io.CopyN(io.Discard, resp.Body, maxErrorBody) // so that the connection can be used again
	_ = resp.Body.Close()
	return resp.Header, nil
}

// object is the address of an object, in which the path is spelled as it is signed.
func (c *Client) object(key string) *url.URL {
	u := *c.endpoint
	dir := u.Path + "/" + c.bucket + "/"
	u.Path, u.RawPath = dir+key, dir+escapeKey(key)
	return &u
}

// refusal makes an [*Error] of an answer that is none of 2xx.
func (c *Client) refusal(r request, resp *http.Response) error {
	e := c.answered(r.op, r.key, resp.StatusCode, resp.Header)
	text, err := httpcall.Read(resp.Body, maxErrorBody)
	var code, message string
	if err == nil {
		code, message, err = parseError(text, resp.StatusCode)
	}
	if err != nil {
		return e.unexplained()
	}
	c.explain(e, code, message)
	return e
}

// parseError reads the error of an S3. One without a body, as that of a HEAD, has a code made from the status, such as
// "NotFound". Not XML is an error.
func parseError(text []byte, status int) (code, message string, err error) {
	var said struct {
		Code    string `xml:"Code"`
		Message string `xml:"Message"`
	}
	if err := xml.Unmarshal(text, &said); err != nil && !errors.Is(err, io.EOF) {
		return "", "", err
	}
	if said.Code == "" && said.Message == "" {
		said.Message = http.StatusText(status)
		said.Code = strings.ReplaceAll(said.Message, " ", "")
	}
	return said.Code, said.Message, nil
}

// infoOf is what the headers of a GET or a HEAD tell of an object. Size is what comes, -1 where that is not known.
func infoOf(key string, h http.Header) Info {
	info := Info{
		Key: key, Size: -1, ETag: etagOf(h), ContentType: h.Get("Content-Type"), CacheControl: h.Get("Cache-Control"),
		ContentEncoding: h.Get("Content-Encoding"),
	}
	if n, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64); err == nil {
		info.Size = n
	}
	if at, err := http.ParseTime(h.Get("Last-Modified")); err == nil {
		info.LastModified = at
	}
	meta := map[string]string{}
	for name, values := range h {
		if name, ok := strings.CutPrefix(textproto.CanonicalMIMEHeaderKey(name), metaPrefix); ok && len(values) > 0 {
			meta[name] = values[0]
		}
	}
	info.Metadata = decodeMetadata(meta)
	return info
}
