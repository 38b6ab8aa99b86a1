package cwagent

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

// The kinds of failure that only this package knows, for errors.Is; the others are those of package awsops, and
// errors.ErrUnsupported for a system that there is no package for.
var (
	ErrNotOnline     = errors.New("Systems Manager does not reach the instance")
	ErrNotInstalled  = errors.New("the agent is not installed")
	ErrNotConfigured = errors.New("the agent is not configured")
	ErrSignature     = errors.New("the package is not signed by the pinned key") // nothing of it was run
	ErrNoArrival     = errors.New("no data point has arrived")
)

// Error is a call that was refused, failed or got no answer, a command that did not succeed, or a state that does not allow
// what was asked.
type Error struct {
	Step       string // of Install, or "status", "restart", "log", "remove"
	Op         string // the API's operation, such as "SendCommand"; empty when none failed
	Code       string // the platform's, such as "InvalidInstanceId"
	Resource   string // the instance, the command or the parameter
	Reason     string // the platform's words, or what is in the way
	Status     string // of the command, such as "Delivery Timed Out"
	ExitCode   int    // of the program on the instance; 0 when there was none
	Output     string // the end of what it printed, at most 4,000 bytes; not in the text of the error
	HTTPStatus int    // 0 when no answer came
	RequestID  string
	RetryAfter time.Duration
	Err        error // the cause or kind; nil for a plain refusal
}

func (e *Error) Error() string { return e.words().String() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is matches the kinds of package awsops, and [ErrNotOnline] for an instance that is not registered.
func (e *Error) Is(kind error) bool {
	if kind == ErrNotOnline {
		return e.Code == "InvalidInstanceId"
	}
	k := awsops.KindOf(e.Code, e.HTTPStatus)
	return k != nil && kind == k
}

// LogValue is the error as fields, without the output.
func (e *Error) LogValue() slog.Value { return e.words().LogValue(slog.String("status", e.Status)) }

func (e *Error) words() awscall.Words {
	facts := []string{e.Status}
	if e.ExitCode != 0 {
		facts = append(facts, fmt.Sprintf("exit code %d", e.ExitCode))
	}
	return awscall.Words{
		Package: "cwagent",
		Where:   []slog.Attr{slog.String("step", e.Step), slog.String("op", e.Op), slog.String("resource", e.Resource)},
		Why:     []string{awscall.Cause(e.Err), e.Reason},
		Code:    e.Code, Status: e.HTTPStatus, Request: e.RequestID, Facts: facts,
	}
}

// fail makes an [*Error] of a failed call.
func fail(resource string, err error) error {
	if err == nil {
		return nil
	}
	f := awscall.Of(err)
	return &Error{
		Op: f.Op, Code: f.Code, Resource: resource, Reason: f.Message, HTTPStatus: f.Status, RequestID: f.RequestID, RetryAfter: f.RetryAfter, Err: f.Cause(awsops.ErrUnknownOutcome),
	}
}

// at gives an error its step, if it has none.
func at(step, instance string, err error) error {
	if err == nil {
		return nil
	}
	e, ok := err.(*Error) //nolint:errorlint // one that is wrapped keeps what it is wrapped in
	if !ok {
		return &Error{Step: step, Resource: instance, Err: err}
	}
	if e.Step != "" {
		return err
	}
	own := *e
	own.Step = step
	if own.Resource == "" {
		own.Resource = instance
	}
	return &own
}

func codeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}
