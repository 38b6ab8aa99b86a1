package ec2move

import (
	"errors"
	"log/slog"
	"time"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

// Error is a step that was refused, failed, or whose outcome is unknown. errors.Is finds the kinds of awsops. Its text holds
// no user data and no key.
type Error struct {
	Step       StepID        // empty outside of a step
	Op         string        // EC2's operation, such as "CopyImage"; empty when no call failed
	Code       string        // EC2's, such as "ResourceLimitExceeded"
	Resource   string        // what to look at: "ami-…", "i-…", a name or a tag
	Reason     string        // EC2's words: the message, a StateReason, a snapshot's StateMessage
	RequestID  string        // for AWS's support
	HTTPStatus int           // 0 when no answer came
	RetryAfter time.Duration // what AWS asked for; 0 when it did not
	Hint       string        // what a person can do; may be empty
	Err        error         // the kind or cause; nil when the code says all
}

func (e *Error) Error() string { return e.words().String() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is matches the kinds of awsops by the code.
func (e *Error) Is(kind error) bool {
	if errors.Is(e.Err, awsops.ErrUnknownOutcome) || errors.Is(e.Err, awsops.ErrFailed) {
		return false // Unwrap finds it, and it is that alone
	}
	of := awsops.KindOf(e.Code, e.HTTPStatus)
	return of != nil && errors.Is(of, kind)
}

// LogValue is the error as fields.
func (e *Error) LogValue() slog.Value { return e.words().LogValue() }

func (e *Error) words() awscall.Words {
	return awscall.Words{
		Package: "ec2move",
		Where:   []slog.Attr{slog.String("step", string(e.Step)), slog.String("op", e.Op), slog.String("resource", e.Resource)},
		Why:     []string{awscall.Cause(e.Err), e.Reason},
		Code:    e.Code, Status: e.HTTPStatus, Request: e.RequestID, Hint: e.Hint,
	}
}

// refused makes an [*Error] of a call that failed.
func refused(step StepID, resource string, err error) error {
	f, ok := errors.AsType[*awscall.Failure](err)
	if !ok {
		return err
	}
	return &Error{
		Step: step, Op: f.Op, Code: f.Code, Resource: resource, Reason: f.Message, RequestID: f.RequestID,
		HTTPStatus: f.Status, RetryAfter: f.RetryAfter, Err: f.Cause(awsops.ErrUnknownOutcome),
	}
}
