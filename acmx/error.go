package acmx

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/awscall"
)

// The kinds of failure of the calls, for errors.Is. Beside them an [*Error] is fs.ErrNotExist when there is no such
// certificate, and fs.ErrPermission when IAM refused. The kinds of keys and files stand with [DecryptPKCS8].
var (
	ErrInvalid          = errors.New("invalid input")                               // found here, or by ACM
	ErrTooExpensive     = errors.New("costs more than MaxCost allows")              // refused here, nothing was sent
	ErrNotConfirmed     = errors.New("not confirmed")                               // Confirm is not what it has to be
	ErrCAA              = errors.New("CAA records do not allow Amazon to issue")    // found before the purchase, or by ACM
	ErrNotIssued        = errors.New("not issued yet")                              // pending: wait
	ErrValidationFailed = errors.New("the names were not validated")                // FAILED, VALIDATION_TIMED_OUT
	ErrRevoked          = errors.New("revoked")                                     // for ever
	ErrNotExportable    = errors.New("cannot be exported")                          // requested without Exportable
	ErrInUse            = errors.New("in use")                                      // by a load balancer, CloudFront …
	ErrQuota            = errors.New("quota reached")                               // names, certificates, tags
	ErrThrottled        = errors.New("too many requests")                           // after the repeats
	ErrConflict         = errors.New("the state does not allow it")                 // or another change is under way
	ErrUnknownOutcome   = errors.New("the request left, its outcome is unknown")    // look before doing it again
	ErrNoCertificate    = errors.New("no certificate is loaded that may be served") // of a Source
)

// Error is a call that was refused, failed or got no answer, or a certificate that will never be issued. Its text holds
// no key, passphrase or HMAC.
type Error struct {
	Op         string        // the API's operation, such as "RequestCertificate", or the method here, such as "Ensure"
	ARN        string        // of the certificate or endpoint; may be empty
	Code       string        // the platform's, such as "LimitExceededException"
	Message    string        // the platform's own words
	HTTPStatus int           // 0 when no answer came
	RequestID  string        // for AWS's support
	RetryAfter time.Duration // what the platform asked for; 0 when it did not

	Status Status // of the certificate, when that is the failure
	Reason string // ACM's FailureReason beside it, such as "CAA_ERROR"
	Err    error  // the cause or kind; nil for a plain refusal
}

func (e *Error) Error() string { return e.words().String() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is matches the kinds. One error can be of several: a certificate that failed for its CAA records is both
// [ErrValidationFailed] and [ErrCAA].
func (e *Error) Is(kind error) bool {
	switch kind {
	case ErrValidationFailed:
		return e.Status == StatusFailed || e.Status == StatusValidationTimedOut
	case ErrCAA:
		return e.Reason == "CAA_ERROR"
	case ErrRevoked:
		return e.Status == StatusRevoked
	case ErrExpired:
		return e.Status == StatusExpired
	case ErrNotIssued:
		return e.Code == "RequestInProgressException" || e.Status == StatusPending || e.Status == StatusInactive
	case fs.ErrNotExist:
		return e.Code == "ResourceNotFoundException"
	case fs.ErrPermission:
		return e.HTTPStatus == http.StatusForbidden || strings.HasPrefix(e.Code, "AccessDenied") ||
			e.Code == "UnrecognizedClientException" || e.Code == "InvalidSignatureException" || e.Code == "ExpiredTokenException"
	case ErrThrottled:
		return awscall.Throttled(e.Code, e.HTTPStatus)
	case ErrQuota:
		return e.Code == "LimitExceededException" || e.Code == "ServiceQuotaExceededException" || e.Code == "TooManyTagsException"
	case ErrInUse:
		return e.Code == "ResourceInUseException"
	case ErrConflict:
		return e.Code == "ConflictException" || e.Code == "InvalidStateException"
	case ErrInvalid:
		switch e.Code {
		case "ValidationException", "InvalidArnException", "InvalidArgsException", "InvalidParameterException",
			"InvalidDomainValidationOptionsException", "InvalidTagException", "TagPolicyException":
			return true
		}
	}
	return false
}

// Hint is what a person can do about it; empty where there is nothing to say.
func (e *Error) Hint() string {
	switch {
	case e.Reason == "CAA_ERROR":
		return "add a CAA record that allows amazon.com, or remove those that do not, then run it again"
	case e.Reason == "ADDITIONAL_VERIFICATION_REQUIRED":
		return "ask AWS Support to allow this domain"
	case e.Reason == "DOMAIN_NOT_ALLOWED":
		return "a name is on a list of unsafe domains: see VirusTotal and Google Safe Browsing, then ask AWS Support"
	case e.Reason == "INVALID_PUBLIC_DOMAIN":
		return "a name is not under a public suffix"
	case e.Status == StatusValidationTimedOut:
		return "the CNAME was not seen for 72 hours: check that it is in the zone that answers, delete this request and run it again"
	case e.Status == StatusFailed:
		return "correct the reason and run it again: a new request is made"
	case errors.Is(e.Err, ErrTooExpensive):
		return "nothing was requested: raise MaxCost if that is right"
	case errors.Is(e.Err, ErrUnknownOutcome):
		return "look at the certificate before doing it again"
	case e.Code == "LimitExceededException":
		return "ask for a higher quota, or delete what is not needed"
	}
	return ""
}

// LogValue is the error as fields.
func (e *Error) LogValue() slog.Value {
	return e.words().LogValue(slog.String("status", string(e.Status)), slog.String("reason", e.Reason))
}

func (e *Error) words() awscall.Words {
	why := []string{awscall.Cause(e.Err), e.Message}
	if e.Status != "" {
		why[0] = "the certificate is " + string(e.Status)
		if e.Reason != "" {
			why[0] += " (" + e.Reason + ")"
		}
	}
	return awscall.Words{
		Package: "acmx",
		Where:   []slog.Attr{slog.String("op", e.Op), slog.String("arn", e.ARN)},
		Why:     why,
		Code:    e.Code, Status: e.HTTPStatus, Request: e.RequestID, Hint: e.Hint(),
	}
}

// invalid is a problem that was found before anything was sent.
func invalid(op, arn string, err error) error {
	return &Error{Op: op, ARN: arn, Err: fmt.Errorf("%w: %w", ErrInvalid, err)}
}
