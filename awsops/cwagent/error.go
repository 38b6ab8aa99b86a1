package cwagent

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
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

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("cwagent")
	for _, part := range []string{e.Step, e.Op} {
		if part != "" {
			b.WriteString(": " + part)
		}
	}
	if e.Resource != "" {
		b.WriteString(" " + e.Resource)
	}
	b.WriteString(": ")
	switch {
	case e.Err != nil && e.Reason != "":
		fmt.Fprintf(&b, "%v: %s", e.Err, e.Reason)
	case e.Err != nil:
		fmt.Fprint(&b, e.Err)
	case e.Reason != "":
		b.WriteString(e.Reason)
	default:
		b.WriteString("refused")
	}
	var facts []string
	if e.Code != "" {
		facts = append(facts, e.Code)
	}
	if e.Status != "" {
		facts = append(facts, e.Status)
	}
	if e.ExitCode != 0 {
		facts = append(facts, fmt.Sprintf("exit code %d", e.ExitCode))
	}
	if e.HTTPStatus != 0 && e.HTTPStatus != http.StatusBadRequest {
		facts = append(facts, fmt.Sprintf("HTTP %d", e.HTTPStatus))
	}
	if e.RequestID != "" {
		facts = append(facts, "request "+e.RequestID)
	}
	if len(facts) > 0 {
		fmt.Fprintf(&b, " (%s)", strings.Join(facts, ", "))
	}
	return b.String()
}

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
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("text", e.Error())}
	for _, part := range []struct{ key, value string }{
		{"step", e.Step}, {"op", e.Op}, {"resource", e.Resource}, {"code", e.Code}, {"status", e.Status}, {"request_id", e.RequestID},
	} {
		if part.value != "" {
			attrs = append(attrs, slog.String(part.key, part.value))
		}
	}
	return slog.GroupValue(attrs...)
}

// fail makes an [*Error] of a failed call.
func fail(resource string, err error) error {
	if err == nil {
		return nil
	}
	f, ok := errors.AsType[*awscall.Failure](err)
	if !ok {
		return &Error{Resource: resource, Err: err}
	}
	e := &Error{
		Op: f.Op, Code: f.Code, Resource: resource, Reason: f.Message, HTTPStatus: f.Status, RequestID: f.RequestID, RetryAfter: f.RetryAfter, Err: f.Err,
	}
	if f.Unknown {
		e.Err = awsops.ErrUnknownOutcome
		if f.Err != nil {
			e.Err = fmt.Errorf("%w: %w", awsops.ErrUnknownOutcome, f.Err)
		}
	}
	return e
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
