package acmx

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kitroll/kitroll/internal/httpcall"
	"github.com/kitroll/kitroll/internal/secret"
)

// method is one call of the API.
type method[I, O any] func(context.Context, *I, ...func(*acm.Options)) (*O, error)

// call makes one API call. Its errors are [*Error]. What may be repeated was repeated by the SDK.
func call[I, O any](ctx context.Context, c *Client, op, arn string, do method[I, O], in *I, opts ...func(*acm.Options)) (*O, error) {
	began := time.Now()
	out, err := do(ctx, in, opts...)
	if err == nil && out == nil {
		err = errors.New("an empty answer")
	}
	err = fail(ctx, op, arn, err)
	c.log.DebugContext(ctx, "acm call", "op", op, "arn", arn, "took", time.Since(began), "error", err)
	return out, err
}

// fail makes an [*Error] of what the SDK returned. A context that ended stays visible to errors.Is, with its cause.
func fail(ctx context.Context, op, arn string, err error) error {
	if err == nil {
		return nil
	}
	e := &Error{Op: op, ARN: arn}
	if resp, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && resp.Response != nil && resp.Response.Response != nil {
		e.HTTPStatus = resp.Response.StatusCode
		e.RequestID = resp.Response.Header.Get("X-Amzn-Requestid")
		e.RetryAfter = httpcall.RetryAfter(resp.Response.Header, time.Now())
	}
	if refusal, ok := errors.AsType[smithy.APIError](err); ok {
		secrets, _ := ctx.Value(hidden{}).([]string)
		e.Code, e.Message = refusal.ErrorCode(), httpcall.Head([]byte(secret.Scrub(refusal.ErrorMessage(), secrets...)), 512)
		if e.Code == "UnknownError" {
			e.Code = ""
		}
		return e
	}
	if e.HTTPStatus != 0 {
		e.Err = errors.New("the answer is not that of ACM")
		if cause := context.Cause(ctx); cause != nil { // it ended while the answer was read
			e.Err = fmt.Errorf("the answer was not read to its end: %w", cause)
		}
		return e
	}
	e.Err = httpcall.Redact(err)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(e.Err, cause) {
		e.Err = fmt.Errorf("%w: %w", cause, e.Err)
	}
	return e
}

// hidden is the key of a context under which the secrets of a request are, for AWS's validation quotes values that it
// dislikes.
type hidden struct{}

func hiding(ctx context.Context, secrets ...string) context.Context {
	return context.WithValue(ctx, hidden{}, secrets)
}

// lost tells whether a call may have taken effect although it failed: nothing came back, or what came was no word of ACM.
func lost(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return false
	}
	if e.Code != "" && e.HTTPStatus < http.StatusInternalServerError {
		return false
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return false
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return false
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return false
	}
	return true
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
