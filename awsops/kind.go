package awsops

import (
	"errors"
	"net/http"
	"strings"

	"github.com/kitroll/kitroll/internal/awscall"
)

// The kinds of failure that all sub-packages share, for errors.Is with any of their errors. What one package alone knows is
// a sentinel of that package.
var (
	ErrInvalid        = errors.New("invalid input")                            // found here before anything was sent, or by AWS
	ErrUnknownOutcome = errors.New("the request left, its outcome is unknown") // look at the named resource before doing it again
	ErrQuota          = errors.New("quota reached")                            // of the account: a higher one, or patience
	ErrCapacity       = errors.New("AWS has no capacity")                      // of this type, here, now
	ErrDenied         = errors.New("not allowed")                              // by IAM, a service control policy, or wrong keys
	ErrConflict       = errors.New("the state does not allow it")              // or somebody else holds the name, or changed it meanwhile
	ErrFailed         = errors.New("AWS gave up")                              // a state from which nothing comes any more
	ErrGone           = errors.New("there is no such resource")                // or not yet, or no longer
	ErrThrottled      = errors.New("too many requests")                        // after the repeats
)

// KindOf is the kind of an error code of AWS, nil for one that says nothing. status is the HTTP status, 0 if there is none.
// The codes are those of the common errors of the EC2, CloudFront, IAM, Systems Manager and CloudWatch API references
// (read 2026-11).
func KindOf(code string, status int) error {
	switch {
	case awscall.Throttled(code, status):
		return ErrThrottled
	case denied(code):
		return ErrDenied
	case strings.HasPrefix(code, "Insufficient") && strings.HasSuffix(code, "Capacity"):
		return ErrCapacity
	case awscall.Quota(code):
		return ErrQuota
	case conflict(code):
		return ErrConflict
	case gone(code):
		return ErrGone
	case strings.HasPrefix(code, "Invalid"), strings.HasPrefix(code, "Missing"), strings.HasPrefix(code, "Unknown"),
		strings.HasPrefix(code, "Unsupported"), strings.HasPrefix(code, "Validation"), strings.HasPrefix(code, "Malformed"),
		strings.HasSuffix(code, ".Malformed"):
		return ErrInvalid
	}
	return kindOfStatus(status)
}

func kindOfStatus(status int) error {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return ErrDenied
	case http.StatusNotFound:
		return ErrGone
	case http.StatusConflict, http.StatusPreconditionFailed:
		return ErrConflict
	}
	return nil
}

func denied(code string) bool {
	switch code {
	case "UnauthorizedOperation", "AuthFailure", "InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException",
		"InvalidSignatureException", "InvalidAccessKeyId", "OptInRequired", "Blocked", "PendingVerification", "IncompleteSignature",
		"MissingAuthenticationToken", "MissingAuthenticationTokenException", "NotAuthorized":
		return true
	}
	return strings.HasPrefix(code, "AccessDenied") || strings.HasPrefix(code, "ExpiredToken")
}

func conflict(code string) bool {
	switch code {
	case "IdempotentParameterMismatch", "DependencyViolation", "PreconditionFailed", "InvalidIfMatchVersion",
		"DistributionNotDisabled", "DeleteConflict", "DeleteConflictException", "EntityTemporarilyUnmodifiable", "ConcurrentModification",
		"ConcurrentModificationException", "OperationNotPermitted", "ResourceInUseException", "OperationAbortedException":
		return true
	}
	return strings.HasSuffix(code, ".Duplicate") || strings.Contains(code, "AlreadyExists") || strings.HasPrefix(code, "Incorrect") ||
		strings.HasSuffix(code, "InUse")
}

func gone(code string) bool {
	switch code {
	case "IdempotentInstanceTerminated", "InvalidInstanceId", "ParameterNotFound", "InvocationDoesNotExist":
		return true
	}
	return strings.HasSuffix(code, ".NotFound") || strings.HasPrefix(code, "NoSuch") || strings.HasSuffix(code, "NotFoundException") ||
		strings.HasSuffix(code, ".Unavailable")
}
