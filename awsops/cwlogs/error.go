package cwlogs

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
	"github.com/kitroll/kitroll/internal/httpcall"
)

// What this package alone knows. The other kinds are those of awsops: awsops.ErrGone for a group that is not there,
// awsops.ErrDenied, awsops.ErrThrottled, awsops.ErrQuota, awsops.ErrInvalid.
var (
	// ErrCursor is a cursor that is damaged, or of another query.
	ErrCursor = errors.New("the cursor does not fit")
)

// Error is a call that was refused, failed or got no answer. Its text holds no log line and no key.
type Error struct {
	Op         string // the API's operation, "FilterLogEvents", or the method here, "Tail"
	Resource   string // the group, or the ID of a query; may be empty
	Code       string // AWS's, "ResourceNotFoundException"
	Message    string // AWS's own words
	HTTPStatus int    // 0 when no answer came
	RequestID  string // for AWS's support
	RetryAfter time.Duration
	Unknown    bool  // a write that may have been done
	Err        error // the cause; nil for a plain refusal
}

func (e *Error) Error() string { return e.words().String() }

func (e *Error) words() awscall.Words {
	var unknown string
	if e.Unknown {
		unknown = awsops.ErrUnknownOutcome.Error() + ": look at it before doing it again"
	}
	return awscall.Words{
		Package: "cwlogs",
		Where:   []slog.Attr{slog.String("op", e.Op), slog.String("resource", e.Resource)},
		Why:     []string{unknown, awscall.Cause(e.Err), e.Message},
		Code:    e.Code, Status: e.HTTPStatus, Request: e.RequestID,
	}
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is matches the kinds of awsops.
func (e *Error) Is(kind error) bool {
	if kind == awsops.ErrUnknownOutcome {
		return e.Unknown
	}
	own := awsops.KindOf(e.Code, e.HTTPStatus)
	return own != nil && kind == own
}

// wrap makes an *Error of what a call returned.
func wrap(err error, resource string) error {
	if err == nil {
		return nil
	}
	f, ok := errors.AsType[*awscall.Failure](err)
	if !ok {
		return err
	}
	return &Error{
		Op: f.Op, Resource: resource, Code: f.Code, Message: f.Message, HTTPStatus: f.Status, RequestID: f.RequestID,
		RetryAfter: f.RetryAfter, Unknown: f.Unknown, Err: f.Err,
	}
}

// ended makes an *Error of how a live tail session ended.
func ended(err error) *Error {
	e := &Error{Op: "StartLiveTail"}
	if said, ok := errors.AsType[smithy.APIError](err); ok {
		e.Code, e.Message = said.ErrorCode(), httpcall.Head([]byte(said.ErrorMessage()), 1024)
		return e
	}
	e.Err = httpcall.Redact(err)
	return e
}

// passing tells whether it is worth going on after a failure: it was of the network, of AWS's inside, or of the rate. Wrong
// keys, an unknown host or a refusal are none of these.
func passing(err error) bool {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok:
		return false
	case errors.Is(e, awsops.ErrThrottled), e.HTTPStatus >= http.StatusInternalServerError:
		return true
	case e.Code != "":
		return e.Code == "ServiceUnavailableException" || e.Code == "InternalFailure" || e.Code == "InternalServerError" ||
			e.Code == "SessionStreamingException"
	case e.HTTPStatus >= http.StatusOK && e.HTTPStatus < http.StatusMultipleChoices: // an answer that was cut
		return e.Err != nil
	}
	if _, sent := errors.AsType[*httpcall.Error](e); sent {
		return true
	}
	_, sent := errors.AsType[*smithyhttp.RequestSendError](e)
	return sent
}
