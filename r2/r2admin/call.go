package r2admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
	"github.com/kitroll/kitroll/internal/secret"
)

// maxBody is the largest answer that is read: 1,000 lifecycle rules are a tenth of it.
const maxBody = 8 << 20

// doer stands between the SDK and net/http, since the SDK reads bodies without bound, loses the status of an answer that is
// not JSON, and takes {"success": false} in a 200 for success. What is no success leaves it as an *Error.
type doer struct {
	hc     *http.Client
	secret string
}

// secrets is what must not come back in a text: the token of the client, and the one that this request is about.
func (d *doer) secrets(req *http.Request) []string {
	return []string{d.secret, strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")}
}

// issues tells whether the answer to a request holds a new credential, so that no text of it may be shown.
func issues(req *http.Request) bool {
	path := req.URL.Path
	return req.Method != http.MethodGet &&
		(strings.HasSuffix(path, "/tokens") || strings.HasSuffix(path, "/value") || strings.HasSuffix(path, "/temp-access-credentials"))
}

// Do sends a request once.
func (d *doer) Do(req *http.Request) (*http.Response, error) {
	resp, err := httpcall.Do(d.hc, req)
	if err != nil {
		e := &Error{Message: "no answer", Err: err}
		if httpcall.MaybeSent(err) && context.Cause(req.Context()) == nil {
			e.Message = "the answer was lost"
		}
		return nil, e
	}
	body, err := httpcall.Read(resp.Body, maxBody)
	if err != nil {
		return nil, &Error{HTTPStatus: resp.StatusCode, Message: "the answer was cut off", Err: err, RequestID: resp.Header.Get("Cf-Ray")}
	}
	var envelope struct {
		Success *bool `json:"success"`
		Errors  []struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
		} `json:"errors"`
	}
	bad := json.Unmarshal(body, &envelope)
	if resp.StatusCode/100 == 2 && bad == nil && envelope.Success != nil && *envelope.Success {
		resp.Body = io.NopCloser(bytes.NewReader(body))
		resp.Header.Set("Content-Type", "application/json") // it is, and the SDK decodes nothing else
		return resp, nil
	}
	e := &Error{
		HTTPStatus: resp.StatusCode, RequestID: resp.Header.Get("Cf-Ray"), RetryAfter: httpcall.RetryAfter(resp.Header, time.Now()),
	}
	switch {
	case len(envelope.Errors) > 0:
		e.Code, e.Message = envelope.Errors[0].Code, secret.Scrub(httpcall.Head([]byte(envelope.Errors[0].Message), 512), d.secrets(req)...)
	case issues(req):
		e.Message = "an answer that is not of this API"
	default:
		e.Message = secret.Scrub(httpcall.Head(body, 512), d.secrets(req)...)
	}
	return nil, e
}

// class says what may be repeated.
type class int

const (
	// harmless: done twice it is the same as done once. Repeated after 429, 5xx and lost connections.
	harmless class = iota
	// once: repeated only when it was refused by 429, or provably never left.
	once
	// minting: as harmless, and the answer is a secret, of which nothing is shown.
	minting
)

// do makes a call of the SDK, with our repeats, and gives its error the name of the operation.
func do[T any](ctx context.Context, c *Client, op, resource string, kind class, fn func(context.Context) (T, error)) (out T, err error) {
	err = c.retry.Do(ctx, func(ctx context.Context) error {
		c.log.DebugContext(ctx, "r2admin call", "op", op, "resource", resource)
		v, err := fn(ctx)
		if err != nil {
			return named(ctx, err, op, resource, kind)
		}
		out = v
		return nil
	}, func(err error) httpcall.Verdict {
		e, ok := errors.AsType[*Error](err)
		if !ok {
			return httpcall.Verdict{}
		}
		again := e.HTTPStatus == http.StatusTooManyRequests || e.HTTPStatus == 0 && !httpcall.MaybeSent(e.Err)
		if kind != once {
			again = again || e.HTTPStatus >= 500 && e.HTTPStatus != http.StatusNotImplemented || e.HTTPStatus == 0 || e.cut()
		}
		if again {
			c.log.WarnContext(ctx, "r2admin repeats", "op", op, "resource", resource, "error", e)
		}
		return httpcall.Verdict{Again: again, After: e.RetryAfter}
	})
	return out, err
}

// named completes the error of an attempt. When the context has ended the SDK hands on the bare error of the context.
func named(ctx context.Context, err error, op, resource string, kind class) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		cause := context.Cause(ctx)
		if cause == nil || !errors.Is(err, ctx.Err()) {
			failed := &Error{Op: op, Resource: resource, Message: "the SDK failed"}
			switch kind { // perhaps at reading the answer, of which the text of err may repeat a part
			case once:
				failed.Err = ErrUnknownOutcome
			case harmless:
				failed.Err = httpcall.Redact(err)
			}
			return failed
		}
		e = &Error{Message: "no answer", Err: cause}
	}
	named := *e
	named.Op, named.Resource = op, resource
	lost := e.HTTPStatus == 0 && httpcall.MaybeSent(e.Err) || e.HTTPStatus >= 500 && e.HTTPStatus != http.StatusNotImplemented || e.cut()
	if kind == once && lost {
		named.Err = ErrUnknownOutcome
		if e.Err != nil {
			named.Err = fmt.Errorf("%w: %w", ErrUnknownOutcome, e.Err)
		}
	}
	return &named
}
