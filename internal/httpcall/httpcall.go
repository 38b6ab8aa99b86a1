// Package httpcall is the one HTTP call that the platform packages share.
//
// It knows nothing of any platform. What it does is what net/http leaves to every caller and every caller gets wrong
// once: bodies are read to a bound, errors never carry a URL that holds credentials, a redirect never takes a key to
// another host, "was it sent?" has an answer, and a retry happens only when the caller's verdict says so.
package httpcall

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
)

// ErrTooLarge reports a body that went on past the limit given to [Read].
var ErrTooLarge = errors.New("body exceeds the limit")

// Error is a call that got no response. Its text never holds a query, user info or header.
type Error struct {
	// Sent tells whether the platform may have seen the request. False is a proof: the name could not be resolved, the
	// connection not be made, or TLS not be agreed on. True means only that it cannot be ruled out.
	Sent bool
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause, already redacted.
func (e *Error) Unwrap() error { return e.Err }

// Client returns a copy of hc (nil: of fallback) that follows a redirect only for GET and HEAD and only to the same
// host, since net/http strips Authorization on the way to another host but neither "api-key" nor a token in the query.
// A redirect that is not followed comes back as the response itself.
func Client(hc, fallback *http.Client) *http.Client {
	if hc == nil {
		hc = fallback
	}
	c := *hc
	c.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		first := via[0]
		same := req.URL.Host == first.URL.Host && req.URL.Scheme == first.URL.Scheme
		if !same || len(via) >= 5 || (first.Method != http.MethodGet && first.Method != http.MethodHead) {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return &c
}

// Do sends req once. An error is an [*Error]: redacted, and with its Sent filled in. When the context has ended, its
// cause is part of the error, so that errors.Is finds what the caller gave to context.WithCancelCause.
func Do(hc *http.Client, req *http.Request) (*http.Response, error) {
	var wrote atomic.Bool // callbacks run on the transport's goroutines
	trace := &httptrace.ClientTrace{
		WroteHeaders: func() { wrote.Store(true) },
		WroteRequest: func(httptrace.WroteRequestInfo) { wrote.Store(true) },
	}
	ctx := req.Context()
	resp, err := hc.Do(req.WithContext(httptrace.WithClientTrace(ctx, trace)))
	if err == nil {
		return resp, nil
	}
	sent := wrote.Load() || !neverLeft(err)
	err = Redact(err)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	return nil, &Error{Sent: sent, Err: err}
}

// MaybeSent reports whether the request behind err may have reached the platform. It is true unless err proves the
// opposite.
func MaybeSent(err error) bool {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Sent
	}
	return true
}

// neverLeft wants proof: an error of the phases before the first byte of the request.
func neverLeft(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return true
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	_, ok := errors.AsType[tls.RecordHeaderError](err)
	return ok
}

// Redact rebuilds every *url.Error in the chain without the query, fragment and user info of its URL. net/http puts the
// whole URL into its errors, and WeChat's and Aliyun's URLs hold tokens and phone numbers. Errors that wrap a
// *url.Error behind text of their own are reduced to the inner cause, because that text already holds the URL.
func Redact(err error) error {
	ue, ok := errors.AsType[*url.Error](err)
	if !ok {
		return err
	}
	return &url.Error{Op: ue.Op, URL: RedactURL(ue.URL), Err: Redact(ue.Err)}
}

// RedactURL keeps scheme, host and path of a URL, and nothing at all of what does not parse.
func RedactURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "(url)"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// Read reads a body to its end and closes it. More than limit bytes give what was read so far and [ErrTooLarge].
func Read(body io.ReadCloser, limit int64) ([]byte, error) {
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return data, fmt.Errorf("read body: %w", Redact(err))
	}
	if int64(len(data)) > limit {
		return data[:limit], fmt.Errorf("%w of %d bytes", ErrTooLarge, limit)
	}
	return data, nil
}

// Head is the beginning of a body for an error text: at most n bytes, one line, printable.
func Head(body []byte, n int) string {
	cut := body[:min(len(body), n)]
	out := make([]rune, 0, len(cut))
	space := false
	for _, r := range string(cut) {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || r == ' ':
			space = len(out) > 0
			continue
		case r < 0x20 || r == 0x7f || r == '\uFFFD':
			continue
		case space:
			out = append(out, ' ')
			space = false
		}
		out = append(out, r)
	}
	if len(body) > n {
		return string(out) + "…"
	}
	return string(out)
}
