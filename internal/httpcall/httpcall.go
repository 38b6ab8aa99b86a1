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
	"strings"
	"sync/atomic"
)

// Error is a call that got no response. Its text never holds a query, user info or header.
type Error struct {
	// Sent tells whether the platform may have seen the request. False is a proof: the name could not be resolved, the
	// connection not be made in time or at all, or TLS not be agreed on. True means only that it cannot be ruled out,
	// and is the answer for every error of a transport that is not net/http's and says nothing about the phase.
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
// cause is part of the error, so that errors.Is finds what the caller gave to context.WithCancelCause; when it had ended
// before, nothing is sent. Nor is a header value that net/http would refuse too, but without a word on Sent.
func Do(hc *http.Client, req *http.Request) (*http.Response, error) {
	var asked, got, wrote atomic.Bool // callbacks run on the transport's goroutines
	trace := &httptrace.ClientTrace{
		GetConn:      func(string) { asked.Store(true) },
		GotConn:      func(httptrace.GotConnInfo) { got.Store(true) },
		WroteHeaders: func() { wrote.Store(true) },
		WroteRequest: func(httptrace.WroteRequestInfo) { wrote.Store(true) },
	}
	traced := req.WithContext(httptrace.WithClientTrace(req.Context(), trace))
	return do(hc, traced, func(err error) bool {
		// A transport that asked for a connection and never had one has sent nothing, whatever its error says: a context
		// that ends during the dial, or a TLS alert, looks like any other failure. That of net/http always asks, so that one
		// which did not even ask, since the context or the client's Timeout had ended by then, has sent nothing either.
		noConn := (asked.Load() || tells(hc.Transport)) && !got.Load()
		return wrote.Load() || (!noConn && !neverLeft(err))
	})
}

// DoBody is Do for requests whose body is the request, as with JSON: one of which no byte of the body was asked for has not
// been sent. It does without net/http/httptrace, which brings along 30 kB of reflection. A request without a body is taken
// for sent.
func DoBody(hc *http.Client, req *http.Request) (*http.Response, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return do(hc, req, func(error) bool { return true })
	}
	var read atomic.Bool
	watched := req.WithContext(req.Context()) // a copy
	watched.Body = &watchedBody{req.Body, &read}
	if again := req.GetBody; again != nil {
		watched.GetBody = func() (io.ReadCloser, error) {
			body, err := again()
			if err != nil {
				return nil, err
			}
			return &watchedBody{body, &read}, nil
		}
	}
	return do(hc, watched, func(err error) bool {
		if tells(hc.Transport) {
			return read.Load()
		}
		return !neverLeft(err)
	})
}

// watchedBody remembers that it was read.
type watchedBody struct {
	io.ReadCloser

	read *atomic.Bool
}

func (b *watchedBody) Read(p []byte) (int, error) {
	b.read.Store(true)
	return b.ReadCloser.Read(p)
}

// do sends req. When that fails, sent is asked whether it may have left.
func do(hc *http.Client, req *http.Request, sent func(error) bool) (*http.Response, error) {
	ctx := req.Context()
	if cause := context.Cause(ctx); cause != nil {
		return nil, &Error{Err: cause}
	}
	if name := badHeader(req.Header); name != "" {
		return nil, &Error{Err: fmt.Errorf("header %s holds a control character", name)}
	}
	resp, err := hc.Do(req)
	if err == nil {
		return resp, nil
	}
	left := sent(err)
	err = Redact(err)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	return nil, &Error{Sent: left, Err: err}
}

// MaybeSent reports whether the request behind err may have reached the platform. It is true unless err proves the
// opposite.
func MaybeSent(err error) bool {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Sent
	}
	return true
}

// tells reports whether the silence of a transport means something: net/http's own calls GetConn or GotConn before it
// writes. What wraps it may send by other ways.
func tells(rt http.RoundTripper) bool {
	if rt == nil {
		rt = http.DefaultTransport //nolint:forbidigo // only to ask what it is: the client would use it
	}
	_, own := rt.(*http.Transport)
	return own
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

// badHeader names a header whose value cannot be sent, without its value.
func badHeader(h http.Header) string {
	for name, values := range h {
		for _, v := range values {
			if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
				return name
			}
		}
	}
	return ""
}
