package iamrole

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

// Error is a call that was refused, failed or got no answer, or a state that does not allow what was asked. Its kinds are those
// of package awsops.
type Error struct {
	Op         string // the API's operation, such as "CreateRole", or the method here, such as "EnsureInstanceRole"
	Code       string // the platform's, such as "EntityAlreadyExists"
	Resource   string // the name of the role, profile or policy
	Reason     string // the platform's words, or what is in the way
	HTTPStatus int    // 0 when no answer came
	RequestID  string
	RetryAfter time.Duration
	Err        error // the cause or kind; nil for a plain refusal
}

func (e *Error) Error() string { return e.words().String() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is matches the kinds of package awsops.
func (e *Error) Is(kind error) bool {
	k := awsops.KindOf(e.Code, e.HTTPStatus)
	return k != nil && kind == k
}

// Hint is what a person can do about it; empty where there is nothing to say.
func (e *Error) Hint() string {
	switch {
	case strings.Contains(e.Reason, "iam:PassRole"):
		return "whoever gives a role to an instance needs iam:PassRole for it: see Profile.PassRolePolicy"
	case e.Code == "LimitExceeded" && strings.Contains(e.Reason, "PoliciesPerRole"):
		return "detach a policy, or ask for a higher quota"
	case e.Code == "MalformedPolicyDocument" && strings.Contains(strings.ToLower(e.Reason), "principal"):
		return "set Role.Principal: the name of EC2's principal differs by partition"
	case e.Code == "DeleteConflict":
		return "something that is not of this package hangs on it: remove that first"
	}
	return ""
}

// LogValue is the error as fields.
func (e *Error) LogValue() slog.Value { return e.words().LogValue() }

func (e *Error) words() awscall.Words {
	return awscall.Words{
		Package: "iamrole", Where: []slog.Attr{slog.String("op", e.Op), slog.String("resource", e.Resource)},
		Why: []string{awscall.Cause(e.Err), e.Reason}, Code: e.Code, Status: e.HTTPStatus, Request: e.RequestID, Hint: e.Hint(),
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

func codeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

func gone(err error) bool { return codeOf(err) == "NoSuchEntity" }

// conflict is a state that does not allow what was asked.
func conflict(op, resource, format string, args ...any) error {
	return &Error{Op: op, Resource: resource, Reason: fmt.Sprintf(format, args...), Err: awsops.ErrConflict}
}
