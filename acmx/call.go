package acmx

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"

	"github.com/kitroll/kitroll/internal/awscall"
	"github.com/kitroll/kitroll/internal/secret"
)

// method is one call of the API.
type method[I, O any] func(context.Context, *I, ...func(*acm.Options)) (*O, error)

// action is one call that is about to be made. Without more it is a read, or a write of which a repetition finds the same.
type action struct {
	op, arn string
	// once: a write that ACM does again when it is asked again. It is repeated only when it was refused for its rate, or never
	// left. token: a write that ACM knows again. When the answer to either stays lost, the error is ErrUnknownOutcome.
	once, token bool
	secrets     []string // of the request, since ACM's validation quotes values that it dislikes
}

// call makes a call that may be repeated. Its errors are [*Error].
func call[I, O any](ctx context.Context, c *Client, op, arn string, do method[I, O], in *I) (*O, error) {
	return act(ctx, c, action{op: op, arn: arn}, do, in)
}

// act makes a call, and repeats it where that is allowed. Its errors are [*Error].
func act[I, O any](ctx context.Context, c *Client, a action, do method[I, O], in *I) (*O, error) {
	caller := *c.caller
	caller.Log = caller.Log.With("arn", a.arn)
	caller.Failed = func(f *awscall.Failure, _ error) {
		f.Message = secret.Scrub(f.Message, a.secrets...)
		if f.Status == 0 || f.Code != "" {
			return
		}
		f.Err = errNotACM // what the SDK says of it may quote what is in it
		if cause := context.Cause(ctx); cause != nil {
			f.Err = fmt.Errorf("the answer was not read to its end: %w", cause)
		}
	}
	out, err := awscall.Do(ctx, &caller, a.op, awscall.Repeat(!a.once), do, in, once)
	return out, fail(a, err)
}

// once switches the SDK's retryer off, also where the client is one that the caller made: the package repeats calls itself.
func once(o *acm.Options) { o.Retryer = aws.NopRetryer{} }

var errNotACM = errors.New("the answer is not that of ACM")

// fail makes an [*Error] of a call that failed.
func fail(a action, err error) error {
	if err == nil {
		return nil
	}
	f := awscall.Of(err)
	f.Unknown = f.Lost && (a.once || a.token)
	return &Error{
		Op: f.Op, ARN: a.arn, Code: f.Code, Message: f.Message, HTTPStatus: f.Status, RequestID: f.RequestID, RetryAfter: f.RetryAfter,
		Err: f.Cause(ErrUnknownOutcome),
	}
}

// unknown tells of a write whose answer is lost.
func unknown(err error) bool { return errors.Is(err, ErrUnknownOutcome) }
