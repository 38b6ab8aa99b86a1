package awscall

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// Failure is a call that failed. The packages make their own *Error of it.
type Failure struct {
	Op         string // "CopyImage"
	Code       string // "InvalidAMIName.Duplicate"; empty when AWS said nothing
	Message    string // AWS's words, at most 1,024 bytes
	Status     int    // 0 when no answer came
	RequestID  string
	RetryAfter time.Duration
	Lost       bool  // whatever was asked for may have been done: no answer came, or one that says nothing
	Unknown    bool  // the same of a write that must not be repeated blindly
	Err        error // the cause when there is no code; redacted
}

// Of is the Failure in err. Any other error, which does not come from [Do], is the cause of one.
func Of(err error) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	return &Failure{Op: "call", Err: err}
}

func (f *Failure) Error() string {
	what := cmp.Or(f.Message, f.Code, fmt.Sprintf("HTTP %d", f.Status))
	if f.Err != nil {
		what = f.Err.Error()
	}
	return f.Op + ": " + what
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Cause is the cause for the error of a package; of a call that is unknown, it is also the package's word for that.
func (f *Failure) Cause(unknown error) error {
	switch {
	case !f.Unknown:
		return f.Err
	case f.Err == nil:
		return unknown
	}
	return fmt.Errorf("%w: %w", unknown, f.Err)
}

var (
	errNoAnswer = errors.New("no answer")
	errEmpty    = errors.New("an empty answer") // of a fake, or of what stands before the SDK
)

// explain makes a Failure of what the SDK returned.
func explain(ctx context.Context, op string, err error) *Failure {
	f := &Failure{Op: op}
	if sent, ok := errors.AsType[*httpcall.Error](err); ok {
		f.Err = sent
		return f
	}
	if resp, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && resp.Response != nil && resp.Response.Response != nil {
		f.Status = resp.Response.StatusCode
		f.RetryAfter = httpcall.RetryAfter(resp.Response.Header, timeOfAnswer(resp.Response.Header))
		f.RequestID = resp.Response.Header.Get("X-Amzn-Requestid")
	}
	if resp, ok := errors.AsType[*awshttp.ResponseError](err); ok && resp.ServiceRequestID() != "" {
		f.RequestID = resp.ServiceRequestID()
	}
	switch refusal, ok := errors.AsType[smithy.APIError](err); {
	case ok && refusal.ErrorCode() != "UnknownError":
		f.Code, f.Message = refusal.ErrorCode(), refusal.ErrorMessage()
	case f.Status == 0 && unanswered(err): // of an HTTP client that is not net/http's, or of a fake
		f.Err = fmt.Errorf("%w: %w", errNoAnswer, httpcall.Redact(err))
	case f.Status == 0 || f.Status < http.StatusBadRequest:
		f.Err = httpcall.Redact(err)
	} // else a proxy's page: its text says nothing that the status does not
	if cause := context.Cause(ctx); cause != nil && f.Code == "" && !errors.Is(f.Err, cause) {
		if f.Err == nil {
			f.Err = cause
		} else {
			f.Err = fmt.Errorf("%w: %w", cause, f.Err)
		}
	}
	return f
}

const mostMessage = 1024

// unanswered tells of a request that left, or may have left, by a way that is not net/http's.
func unanswered(err error) bool {
	if _, ok := errors.AsType[*smithyhttp.RequestSendError](err); ok {
		return true
	}
	_, ok := errors.AsType[*smithy.DeserializationError](err)
	return ok
}

// timeOfAnswer is the server's clock, for a Retry-After that is a date.
func timeOfAnswer(h http.Header) time.Time {
	at, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return time.Now()
	}
	return at
}
