package llm

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// call is one operation: what its attempts share.
type call struct {
	c      *Client
	op     string
	accept string
	body   []byte // nil = a GET
	keys   scrubber
}

// send sends the request once. Any answer but 2xx is an error, and so is none at all.
func (k *call) send(ctx context.Context) (*http.Response, error) {
	key, err := k.c.key(ctx)
	if err != nil {
		return nil, &Error{Op: k.op, Err: err}
	}
	k.keys = k.c.scrubber(key)
	method, body := http.MethodPost, io.Reader(bytes.NewReader(k.body))
	if k.body == nil {
		method, body = http.MethodGet, nil
	}
	req, err := http.NewRequestWithContext(ctx, method, k.c.endpoint("/"+k.op), body)
	if err != nil {
		return nil, &Error{Op: k.op, Err: httpcall.Redact(err)}
	}
	h := req.Header
	if k.body != nil {
		h.Set("Content-Type", "application/json")
	}
	h.Set("Accept", k.accept)
	if k.accept == acceptStream {
		h.Set("Cache-Control", "no-cache") // all that helps against a proxy that holds events back
	}
	h.Set("User-Agent", "kitroll-llm")
	switch name := k.c.dialect.KeyHeader; {
	case key == "":
	case name != "":
		h.Set(name, string(key))
	default:
		h.Set("Authorization", "Bearer "+string(key))
	}
	for name, values := range k.c.cfg.Header {
		h[http.CanonicalHeaderKey(name)] = values
	}
	began := time.Now()
	resp, err := httpcall.DoBody(k.c.http, req)
	if err != nil {
		k.c.logger.DebugContext(ctx, "llm: no answer", "op", k.op, "took", time.Since(began))
		return nil, k.failed(ctx, err)
	}
	k.c.logger.DebugContext(ctx, "llm: answer", "op", k.op, "status", resp.StatusCode, "took", time.Since(began), "request_id", requestID(resp.Header))
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, k.refused(resp)
	}
	return resp, nil
}

const (
	acceptStream = "text/event-stream"
	acceptJSON   = "application/json"
)

// failed is the error of a request that got no answer, or whose answer could not be read to its end.
func (k *call) failed(ctx context.Context, err error) *Error {
	e := &Error{Op: k.op, Err: err, sent: httpcall.MaybeSent(err)}
	if cause := context.Cause(ctx); cause != nil {
		if s, ok := errors.AsType[*silence](cause); ok {
			e.Kind, e.Message, e.Err = ErrIdle, ErrIdle.Error()+": "+s.Error(), s
			return e
		}
		e.Err = ctx.Err()
		if !errors.Is(cause, e.Err) {
			e.Err = fmt.Errorf("%w: %w", e.Err, cause)
		}
		return e
	}
	if _, ok := errors.AsType[*httpcall.Error](err); ok {
		if ue, ok := errors.AsType[*url.Error](err); ok {
			e.Message = k.keys.scrub("no answer: " + ue.Err.Error())
		}
		return e
	}
	e.Kind = ErrTruncated
	e.Message = ErrTruncated.Error()
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		e.Message = k.keys.scrub(ErrTruncated.Error() + ": " + httpcall.Redact(err).Error())
	}
	return e
}

// refused reads the answer that is an error.
func (k *call) refused(resp *http.Response) *Error {
	body := resp.Body
	if resp.Header.Get("Content-Encoding") == "gzip" && !resp.Uncompressed {
		body = &gunzip{src: body}
	}
	data, err := httpcall.Read(body, k.c.cfg.Limits.ErrorBody)
	e := k.fromHeader(resp)
	parseEnvelope(e, data)
	if resp.StatusCode < 400 {
		e.Message = "a redirect is not followed, since it would take the key along"
		if to, err := resp.Location(); err == nil {
			e.Message += "; to " + httpcall.RedactURL(to.String())
		}
	}
	if e.Message == "" {
		e.Message = http.StatusText(resp.StatusCode)
	}
	e.Body = data
	if err != nil && !errors.Is(err, httpcall.ErrTooLarge) {
		e.Err = err
	}
	return k.finish(e)
}

func (k *call) fromHeader(resp *http.Response) *Error {
	return &Error{
		Op: k.op, Status: resp.StatusCode, RequestID: requestID(resp.Header), Limits: rateLimits(resp.Header),
		RetryAfter: httpcall.RetryAfter(resp.Header, time.Now()), again: resp.Header.Get("x-should-retry"),
	}
}

// finish classifies an error that the server reported, and takes the keys out of it.
func (k *call) finish(e *Error) *Error {
	for _, s := range []*string{&e.Message, &e.Code, &e.Type, &e.Param, &e.RequestID} {
		*s = k.keys.scrub(*s)
	}
	e.Body = []byte(k.keys.scrub(string(e.Body)))
	if e.Kind == nil {
		e.Kind = classify(e)
	}
	return e
}

// reported is an error that came in the body of an answer with status 2xx.
func (k *call) reported(resp *http.Response, data []byte) *Error {
	e := k.fromHeader(resp)
	parseEnvelope(e, data)
	e.Body = bytes.Clone(data[:min(len(data), int(k.c.cfg.Limits.ErrorBody))])
	return k.finish(e)
}

// retry is the client's policy for errors that again lets pass.
func (k *call) retry(ctx context.Context, attempt func(context.Context) error, again func(*Error) bool) error {
	r := k.c.cfg.Retry
	policy := httpcall.Retry{Max: *cmp.Or(r.Max, new(2)), Base: r.Base, Cap: r.Cap, MaxAfter: r.MaxAfter}
	return policy.Do(ctx, attempt, func(err error) httpcall.Verdict {
		e, ok := errors.AsType[*Error](err)
		if !ok || !again(e) {
			return httpcall.Verdict{}
		}
		k.c.logger.WarnContext(ctx, "llm: call failed, may be repeated", "op", k.op, "status", e.Status, "kind", e.Kind, "retry_after", e.RetryAfter)
		return httpcall.Verdict{Again: true, After: e.RetryAfter}
	})
}

// passing reports whether the same request may succeed a little later.
func (e *Error) passing() bool {
	switch {
	case isKind(e.Kind, ErrRateLimit, ErrOverloaded, ErrServer):
		return e.again != "false"
	case isKind(e.Kind, ErrTruncated):
		return e.Err != nil // the connection broke; a server that ends an empty answer in peace will do so again
	case e.Kind == nil:
		_, certificate := errors.AsType[*tls.CertificateVerificationError](e.Err)
		_, transport := errors.AsType[*httpcall.Error](e.Err)
		return transport && !certificate
	}
	return e.again == "true" && !isKind(e.Kind, ErrQuota)
}
