package r2

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// The operations, in S3's words.
const (
	opPut       = "PutObject"
	opGet       = "GetObject"
	opHead      = "HeadObject"
	opDelete    = "DeleteObject"
	opList      = "ListObjectsV2"
	opCreate    = "CreateMultipartUpload"
	opPart      = "UploadPart"
	opComplete  = "CompleteMultipartUpload"
	opAbort     = "AbortMultipartUpload"
	opUploads   = "ListMultipartUploads"
	opDeleteAll = "DeleteObjects"
	opCopy      = "CopyObject"
	opPartCopy  = "UploadPartCopy"
	opListParts = "ListParts"
)

// repeats says when a failed attempt may be made again.
type repeats bool

const (
	harmless    repeats = true  // reads, and writes that have the same effect when done twice
	onlyRefused repeats = false // writes that do not: only when the platform or the network proves that nothing was done
)

// call makes one API call, and repeats it where that is allowed. Its errors are [*Error], or the cause of ctx.
func call[T any](ctx context.Context, c *Client, op, key string, when repeats, do func(context.Context) (T, error)) (T, error) {
	var out T
	err := c.retry.Do(ctx, func(ctx context.Context) error {
		began := time.Now()
		var failure *httpcall.Error
		v, err := do(context.WithValue(ctx, sendFailure{}, &failure))
		if _, body := errors.AsType[*bodyError](err); err != nil && failure != nil && !body {
			err = failure
		}
		out, err = v, withCause(ctx, c.fail(op, key, err))
		c.log.LogAttrs(ctx, slog.LevelDebug, "r2 call", slog.String("op", op), slog.String("key", key),
			slog.Duration("took", time.Since(began)), slog.Any("error", err))
		return err
	}, func(err error) httpcall.Verdict {
		v := verdict(err, when)
		if v.Again {
			c.log.WarnContext(ctx, "r2 call is repeated", "op", op, "key", key, "error", err)
		}
		return v
	})
	return out, err
}

// withCause adds why the context ended, where the SDK noticed before it sent anything and says no more than "canceled".
func withCause(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	if e, ok := errors.AsType[*Error](err); ok && cause != nil && e.Status == 0 && !errors.Is(err, cause) {
		e.Err = fmt.Errorf("%w: %w", cause, e.Err)
	}
	return err
}

// sendFailure is the key of a context under which the failure to get an answer comes back past the SDK, which says no more
// than "canceled" when a context ends: neither why, nor whether anything was sent.
type sendFailure struct{}

// send is the SDK's HTTP client.
func send(hc *http.Client, req *http.Request) (*http.Response, error) {
	resp, err := httpcall.Do(hc, httpcall.PlainBody(req))
	if failure, ok := errors.AsType[*httpcall.Error](err); ok {
		if back, ok := req.Context().Value(sendFailure{}).(**httpcall.Error); ok {
			*back = failure
		}
	}
	return resp, err
}

// verdict judges a failed attempt.
func verdict(err error, when repeats) httpcall.Verdict {
	e, ok := errors.AsType[*Error](err)
	if !ok || errors.Is(err, ErrInput) {
		return httpcall.Verdict{}
	}
	v := httpcall.Verdict{After: e.RetryAfter}
	switch e.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		v.Again = true // refused, so that nothing was done
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout:
		v.Again = when == harmless
	case 0:
		v.Again = !httpcall.MaybeSent(err) || when == harmless
		if _, sent := errors.AsType[*httpcall.Error](err); !sent {
			v.Again = false // nothing of the network: the SDK or the body failed
		}
	}
	return v
}

// lost tells whether a call may have taken effect although it failed.
func lost(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return false
	}
	switch e.Status {
	case 0:
		sent, ok := errors.AsType[*httpcall.Error](err)
		return ok && sent.Sent // else the body failed, or what came back was wrong, and that is known
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout, http.StatusOK:
		return true
	}
	return false
}

// fail makes an [*Error] of what a request or the SDK returned. A context that ended stays visible to errors.Is.
func (c *Client) fail(op, key string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	e := &Error{Op: op, Bucket: c.bucket, Key: key}
	if resp, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && resp.Response != nil && resp.Response.Response != nil {
		e = c.answered(op, key, resp.Response.StatusCode, resp.Response.Header)
	}
	if refusal, ok := errors.AsType[smithy.APIError](err); ok && e.Status != 0 {
		c.explain(e, refusal.ErrorCode(), refusal.ErrorMessage())
		return e
	}
	if e.Status != 0 {
		return e.unexplained()
	}
	if sent, ok := errors.AsType[*httpcall.Error](err); ok {
		e.Err = sent // redacted, without what the SDK puts around it
		return e
	}
	e.Err = httpcall.Redact(err)
	return e
}

// answered begins the error of an answer.
func (c *Client) answered(op, key string, status int, h http.Header) *Error {
	e := &Error{Op: op, Bucket: c.bucket, Key: key, Status: status, RetryAfter: httpcall.RetryAfter(h, c.now())}
	if e.RequestID = h.Get("Cf-Ray"); e.RequestID == "" {
		e.RequestID = h.Get("X-Amz-Request-Id")
	}
	return e
}

// explain adds what the platform said.
func (c *Client) explain(e *Error, code, message string) {
	e.Code, e.Message = code, httpcall.Head([]byte(c.hide(message)), 512)
	if e.Code == "UnknownError" {
		e.Code = "" // the SDK's word for none
	}
	if c.isR2 {
		e.R2Code = number(e.Code, e.Message)
	}
}

// unexplained is for the page of a proxy: its text says nothing that the status does not.
func (e *Error) unexplained() *Error {
	if e.Status < http.StatusBadRequest {
		e.Err = errNotS3
	}
	return e
}

var errNotS3 = errors.New("the answer is not that of an S3")

// notS3 is for an answer that says 200 and lacks what each such answer has, as the page of a proxy does.
func (c *Client) notS3(op, key string) error {
	return &Error{Op: op, Bucket: c.bucket, Key: key, Status: http.StatusOK, Err: errNotS3}
}

// unknown wraps a lost answer.
func unknown(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	out := *e
	out.Err = ErrUnknownOutcome
	if e.Err != nil {
		out.Err = fmt.Errorf("%w: %w", ErrUnknownOutcome, e.Err)
	}
	return &out
}

// invalid is a problem that was found before anything was sent.
func (c *Client) invalid(op, key string, err error) error {
	return &Error{Op: op, Bucket: c.bucket, Key: key, Err: fmt.Errorf("%w: %w", ErrInput, err)}
}
