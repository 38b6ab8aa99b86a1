package ec2move

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
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

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("ec2move:")
	for _, part := range []string{string(e.Step), e.Op, e.Resource} {
		if part != "" {
			b.WriteString(" " + part)
		}
	}
	switch {
	case e.Err != nil && e.Reason != "":
		fmt.Fprintf(&b, ": %v: %s", e.Err, e.Reason)
	case e.Err != nil:
		fmt.Fprintf(&b, ": %v", e.Err)
	default:
		b.WriteString(": " + e.Reason)
	}
	var facts []string
	if e.Code != "" {
		facts = append(facts, e.Code)
	}
	if e.RequestID != "" {
		facts = append(facts, "request "+e.RequestID)
	}
	if len(facts) > 0 {
		fmt.Fprintf(&b, " (%s)", strings.Join(facts, ", "))
	}
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

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
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("text", e.Error())}
	for _, part := range []struct{ key, value string }{
		{"step", string(e.Step)}, {"op", e.Op}, {"code", e.Code}, {"resource", e.Resource}, {"request_id", e.RequestID},
	} {
		if part.value != "" {
			attrs = append(attrs, slog.String(part.key, part.value))
		}
	}
	return slog.GroupValue(attrs...)
}

// refused makes an [*Error] of a call that failed.
func refused(step StepID, resource string, err error) error {
	f, ok := errors.AsType[*awscall.Failure](err)
	if !ok {
		return err
	}
	e := &Error{
		Step: step, Op: f.Op, Code: f.Code, Resource: resource, Reason: f.Message, RequestID: f.RequestID,
		HTTPStatus: f.Status, RetryAfter: f.RetryAfter, Err: f.Err,
	}
	if f.Unknown {
		e.Err = awsops.ErrUnknownOutcome
		if f.Err != nil {
			e.Err = fmt.Errorf("%w: %w", awsops.ErrUnknownOutcome, f.Err)
		}
	}
	return e
}
