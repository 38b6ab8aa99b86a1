package cwmetrics

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

// ErrPartial is a series that CloudWatch did not give whole. What it gave is returned beside the error.
var ErrPartial = errors.New("the data is not complete")

// Error is a call that was refused, failed or got no answer, or an answer with nothing in it. The kinds are those of awsops:
// awsops.ErrGone for a metric without data points, awsops.ErrInvalid, awsops.ErrDenied, awsops.ErrThrottled.
type Error struct {
	Op         string // the API's operation, "GetMetricData", or the method here, "Latest"
	Resource   string // the metric; may be empty
	Code       string // AWS's
	Message    string // AWS's own words
	HTTPStatus int    // 0 when no answer came
	RequestID  string // for AWS's support
	RetryAfter time.Duration
	Err        error // the cause or kind; nil for a plain refusal
}

func (e *Error) Error() string { return e.words().String() }

func (e *Error) words() awscall.Words {
	return awscall.Words{
		Package: "cwmetrics",
		Where:   []slog.Attr{slog.String("op", e.Op), slog.String("resource", e.Resource)},
		Why:     []string{awscall.Cause(e.Err), e.Message},
		Code:    e.Code, Status: e.HTTPStatus, Request: e.RequestID,
	}
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is matches the kinds of awsops.
func (e *Error) Is(kind error) bool {
	own := awsops.KindOf(e.Code, e.HTTPStatus)
	if e.Code == "Forbidden" { // of a single metric, inside an answer
		own = awsops.ErrDenied
	}
	return own != nil && kind == own
}

// wrap makes an *Error of what a call returned.
func wrap(err error, resource string) error {
	f, ok := errors.AsType[*awscall.Failure](err)
	if !ok {
		return err
	}
	return &Error{
		Op: f.Op, Resource: resource, Code: f.Code, Message: f.Message, HTTPStatus: f.Status, RequestID: f.RequestID,
		RetryAfter: f.RetryAfter, Err: f.Err,
	}
}

func invalid(op, resource string, problems ...error) error {
	err := errors.Join(problems...)
	if err == nil {
		return nil
	}
	return &Error{Op: op, Resource: resource, Err: fmt.Errorf("%w: %w", awsops.ErrInvalid, err)}
}
