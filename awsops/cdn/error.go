package cdn

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

// The kinds that this package has beside those of awsops (awsops.ErrInvalid, ErrConflict, ErrGone, ErrQuota …).
var (
	ErrOrigin  = errors.New("CloudFront would not get an answer from this origin") // found by the probe, or by a rule that needs none
	ErrNotOurs = errors.New("not made by this package")                            // it lacks our tag: name it by its domain to delete it
)

// Error is a call that was refused, failed or got no answer, or what was found before any call. Its text holds no key.
type Error struct {
	Op         string        // the API's operation, such as "UpdateDistribution", or the method here, such as "Ensure"
	Code       string        // CloudFront's, such as "PreconditionFailed"; empty when it said nothing
	Resource   string        // the ID, ARN or name that it is about; may be empty
	Reason     string        // CloudFront's own words, or ours
	HTTPStatus int           // 0 when no answer came
	RequestID  string        // for AWS's support
	RetryAfter time.Duration // what CloudFront asked for; 0 when it did not
	Err        error         // the cause or kind; nil for a plain refusal
}

func (e *Error) Error() string { return e.words().String() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is matches the kinds of awsops by CloudFront's code.
func (e *Error) Is(kind error) bool {
	own := kindOf(e.Code, e.HTTPStatus)
	return own != nil && kind == own
}

// kindOf adds to [awsops.KindOf] the codes that CloudFront alone has (errors of the SDK, v1.73.0).
func kindOf(code string, status int) error {
	switch code {
	case "EntityNotFound", "TrustedKeyGroupDoesNotExist", "TrustedSignerDoesNotExist":
		return awsops.ErrGone
	case "IllegalUpdate", "IllegalDelete", "ResourceNotDisabled":
		return awsops.ErrConflict
	case "BatchTooLarge", "InconsistentQuantities", "IllegalOriginAccessConfiguration":
		return awsops.ErrInvalid
	}
	return awsops.KindOf(code, status)
}

// Hint is what a person can do about it, empty if the error says it all.
func (e *Error) Hint() string {
	switch {
	case e.Code == "CNAMEAlreadyExists":
		return "an alias is attached to another distribution, perhaps of another account: detach it there first, or move it by AssociateAlias"
	case e.Code == "InvalidViewerCertificate":
		return "the certificate must be issued, in us-east-1, and name every alias; its key RSA 2048 to 4096 or ECDSA P-256"
	case e.Code == "TooManyInvalidationsInProgress":
		return "wait for those that run, or invalidate one path with * at its end"
	case e.Code == "InvalidationBatchAlreadyExists":
		return "this ref was used for other paths: use a new one"
	case e.Code == "DistributionNotDisabled":
		return "it must be disabled and deployed before it is deleted"
	case errors.Is(e, awsops.ErrQuota):
		return "delete what is not needed, or ask for a higher quota"
	case errors.Is(e.Err, ErrNotOurs):
		return "name its domain to delete it all the same"
	case errors.Is(e.Err, awsops.ErrUnknownOutcome):
		return "run it again: it goes on with what is there"
	}
	return ""
}

// LogValue is the error as fields.
func (e *Error) LogValue() slog.Value { return e.words().LogValue() }

func (e *Error) words() awscall.Words {
	return awscall.Words{
		Package: "cdn", Where: []slog.Attr{slog.String("op", e.Op), slog.String("resource", e.Resource)},
		Why: []string{awscall.Cause(e.Err), e.Reason}, Code: e.Code, Status: e.HTTPStatus, Request: e.RequestID, Hint: e.Hint(),
	}
}

// failed makes an [*Error] of what a call returned.
func failed(resource string, err error) error {
	if err == nil {
		return nil
	}
	f := awscall.Of(err)
	f.Unknown = f.Unknown || f.Lost && writes(f.Op)
	return &Error{
		Op: f.Op, Code: f.Code, Resource: resource, Reason: f.Message, HTTPStatus: f.Status,
		RequestID: f.RequestID, RetryAfter: f.RetryAfter, Err: f.Cause(awsops.ErrUnknownOutcome),
	}
}

// writes tells whether an operation changes something. All of ours may be repeated (but CreateVpcOrigin): they carry a
// reference or an ETag.
func writes(op string) bool {
	return strings.HasPrefix(op, "Create") || strings.HasPrefix(op, "Update") || strings.HasPrefix(op, "Delete")
}

// code is CloudFront's code in err, "" if there is none.
func code(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// raced tells whether an update was refused since another writer was faster.
func raced(err error) bool {
	c := code(err)
	return c == "PreconditionFailed" || c == "InvalidIfMatchVersion"
}

// invalid is a problem that was found before anything was sent.
func invalid(op, resource string, err error) error {
	return &Error{Op: op, Resource: resource, Err: fmt.Errorf("%w: %w", awsops.ErrInvalid, err)}
}

// stopped is a wait that ended with its context, or a failure of ours on the way.
func stopped(op, resource, last string, err error) error {
	if _, ok := errors.AsType[*Error](err); ok || err == nil {
		return err
	}
	return &Error{Op: op, Resource: resource, Reason: last, Err: err}
}
