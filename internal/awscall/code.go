package awscall

import (
	"net/http"
	"strings"
)

// Throttled tells whether AWS refused a call for its rate: nothing was done, and later it will be. status is the HTTP status,
// 0 if there is none. A quota of the account is no rate, also where a service answers 429 to it.
//
// The codes are those of the common errors of the API references of EC2, CloudFront, IAM, Systems Manager, CloudWatch, ACM,
// Route 53 and its domains (read 2026-11).
func Throttled(code string, status int) bool {
	switch code {
	case "RequestLimitExceeded", "TooManyRequestsException", "RequestThrottled", "RequestThrottledException", "SlowDown",
		"BandwidthLimitExceeded", "PriorRequestNotComplete":
		return true
	}
	return strings.HasPrefix(code, "Throttling") || status == http.StatusTooManyRequests && !Quota(code)
}

// Quota tells whether a code that is none of [Throttled] is that of a limit of the account. "LimitExceededException", which
// the SDK takes for a rate, is one.
func Quota(code string) bool {
	for _, end := range []string{"LimitExceeded", "LimitExceededException", "QuotaExceeded", "QuotaExceededException"} {
		if strings.HasSuffix(code, end) {
			return true
		}
	}
	return strings.HasPrefix(code, "TooMany")
}

// serverFault tells of codes of failures inside AWS, which say nothing of what was done.
func serverFault(code string) bool {
	switch code {
	case "InternalError", "InternalFailure", "InternalServerError", "ServiceUnavailable", "Unavailable":
		return true
	}
	return false
}
