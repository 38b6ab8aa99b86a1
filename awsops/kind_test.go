package awsops_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/kitroll/kitroll/awsops"
)

func TestKindOf(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]error{
		"RequestLimitExceeded":           awsops.ErrThrottled, // no quota, although it ends like one
		"ThrottlingException":            awsops.ErrThrottled,
		"TooManyRequestsException":       awsops.ErrThrottled,
		"PriorRequestNotComplete":        awsops.ErrThrottled,
		"UnauthorizedOperation":          awsops.ErrDenied,
		"AccessDeniedException":          awsops.ErrDenied,
		"ExpiredTokenException":          awsops.ErrDenied,
		"AuthFailure":                    awsops.ErrDenied,
		"InvalidClientTokenId":           awsops.ErrDenied,
		"InsufficientInstanceCapacity":   awsops.ErrCapacity,
		"ResourceLimitExceeded":          awsops.ErrQuota,
		"AddressLimitExceeded":           awsops.ErrQuota,
		"InstanceLimitExceeded":          awsops.ErrQuota,
		"LimitExceededException":         awsops.ErrQuota,
		"TooManyInvalidationsInProgress": awsops.ErrQuota,
		"InvalidAMIName.Duplicate":       awsops.ErrConflict,
		"InvalidGroup.Duplicate":         awsops.ErrConflict,
		"DistributionAlreadyExists":      awsops.ErrConflict,
		"EntityAlreadyExists":            awsops.ErrConflict,
		"IdempotentParameterMismatch":    awsops.ErrConflict,
		"DependencyViolation":            awsops.ErrConflict,
		"PreconditionFailed":             awsops.ErrConflict,
		"IncorrectInstanceState":         awsops.ErrConflict,
		"InvalidAMIID.NotFound":          awsops.ErrGone,
		"InvalidAMIID.Unavailable":       awsops.ErrGone,
		"NoSuchEntity":                   awsops.ErrGone,
		"ResourceNotFoundException":      awsops.ErrGone,
		"InvalidInstanceId":              awsops.ErrGone, // Systems Manager: it is not registered
		"InvalidParameterValue":          awsops.ErrInvalid,
		"MissingParameter":               awsops.ErrInvalid,
		"UnsupportedOperation":           awsops.ErrInvalid,
		"ValidationException":            awsops.ErrInvalid,
		"InvalidViewerCertificate":       awsops.ErrInvalid,
		"InternalError":                  nil,
		"SomethingNew":                   nil,
	} {
		assert.Equal(t, want, awsops.KindOf(code, 0), code)
	}
	for status, want := range map[int]error{
		401: awsops.ErrDenied, 403: awsops.ErrDenied, 404: awsops.ErrGone, 409: awsops.ErrConflict, 412: awsops.ErrConflict,
		429: awsops.ErrThrottled, 400: nil, 500: nil, 0: nil,
	} {
		assert.Equal(t, want, awsops.KindOf("", status), status)
		assert.Equal(t, want, awsops.KindOf("SomethingNew", status), "the status speaks for a code that says nothing: %d", status)
	}
}
