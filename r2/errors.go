package r2

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The kinds of failure that the standard library has no word for. For the others errors.Is takes fs.ErrNotExist,
// fs.ErrExist, fs.ErrPermission and errors.ErrUnsupported.
var (
	ErrRateLimited    = errors.New("too many requests")                        // R2: more than one write a second to a key
	ErrPrecondition   = errors.New("the condition does not hold")              // IfAbsent or IfMatch; IfAbsent also fs.ErrExist
	ErrCorrupt        = errors.New("what was stored is not what was sent")     // the ETag differs
	ErrUnknownOutcome = errors.New("the request left, its outcome is unknown") // look at the object before doing it again
	ErrChanged        = errors.New("it is not what the upload began with")     // PutFile: the file, or the options
	ErrInput          = errors.New("invalid input")                            // found here, before anything was sent
)

// Error is a call that was refused, failed or got no answer. Its text never holds a key of the account.
//
//	if e, ok := errors.AsType[*r2.Error](err); ok { log.Print(e.Code, e.RequestID) }
type Error struct {
	Op         string        // the S3 operation, such as "PutObject"
	Bucket     string        // always set
	Key        string        // of the object; the prefix of a listing
	Code       string        // S3's, such as "NoSuchKey"; a HEAD has no body and gives but "NotFound" or "Forbidden"
	Message    string        // the platform's own words
	Status     int           // of HTTP; 0 when no answer came
	R2Code     int           // R2's number for Code, such as 10007; 0 when unknown or not R2
	RequestID  string        // R2: the cf-ray header; else x-amz-request-id
	RetryAfter time.Duration // what the platform asked for; 0 when it did not
	Err        error         // the cause: why no answer came, ErrCorrupt, ErrUnknownOutcome; nil for a plain refusal

	ifAbsent bool
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "r2: %s %s", e.Op, e.Bucket)
	if e.Key != "" {
		fmt.Fprintf(&b, "/%s", e.Key)
	}
	b.WriteString(": ")
	switch {
	case e.Err != nil && e.Message != "":
		fmt.Fprintf(&b, "%v: %s", e.Err, e.Message)
	case e.Err != nil:
		fmt.Fprint(&b, e.Err)
	case e.Message != "":
		b.WriteString(e.Message)
	default:
		b.WriteString(strings.ToLower(http.StatusText(e.Status)))
	}
	var facts []string
	if e.Code != "" {
		facts = append(facts, e.Code)
	}
	if e.R2Code != 0 {
		facts = append(facts, strconv.Itoa(e.R2Code))
	}
	if e.Status != 0 {
		facts = append(facts, fmt.Sprintf("HTTP %d", e.Status))
	}
	if e.RequestID != "" {
		facts = append(facts, "request "+e.RequestID)
	}
	if len(facts) > 0 {
		fmt.Fprintf(&b, " (%s)", strings.Join(facts, ", "))
	}
	if hint := e.Hint(); hint != "" {
		b.WriteString(": " + hint)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is matches the kinds.
func (e *Error) Is(kind error) bool {
	switch kind {
	case fs.ErrNotExist:
		return e.Status == http.StatusNotFound
	case fs.ErrExist:
		return e.Code == "BucketConflict" || e.ifAbsent && e.Status == http.StatusPreconditionFailed
	case fs.ErrPermission:
		return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden
	case errors.ErrUnsupported:
		return e.Status == http.StatusNotImplemented
	case ErrRateLimited:
		return e.Status == http.StatusTooManyRequests || e.Code == "SlowDown"
	case ErrPrecondition:
		return e.Status == http.StatusPreconditionFailed
	case ErrCorrupt:
		return e.Code == "BadDigest"
	}
	return false
}

// Hint is what a person can do about it; empty where there is nothing to say.
func (e *Error) Hint() string {
	switch e.Code {
	case "NoSuchBucket":
		return "check the name, the account, and the jurisdiction: a bucket in the EU or FedRAMP is found only through that endpoint (Config.Jurisdiction)"
	case "SignatureDoesNotMatch":
		return "check SecretAccessKey: for an API token of R2 it is the hex SHA-256 of the token's value"
	case "RequestTimeTooSkewed":
		return "set the clock of this machine"
	case "ExpiredRequest":
		return "a presigned URL past its time: make a new one"
	}
	switch e.Status {
	case http.StatusUnauthorized:
		return "check AccessKeyID: for an API token of R2 it is the token's ID; a new token takes up to a minute to work"
	case http.StatusForbidden:
		return "the token needs Object Read & Write for this very bucket; a changed token takes up to a minute to work"
	}
	if errors.Is(e.Err, ErrUnknownOutcome) {
		return "look at the object (Head) before doing it again"
	}
	return ""
}

// LogValue is the error as fields.
func (e *Error) LogValue() slog.Value {
	return slog.GroupValue(slog.String("op", e.Op), slog.String("bucket", e.Bucket), slog.String("key", e.Key),
		slog.String("code", e.Code), slog.String("message", e.Message), slog.Int("status", e.Status),
		slog.Int("r2_code", e.R2Code), slog.String("request_id", e.RequestID))
}

// number is R2's number for a code of S3.
// Source: developers.cloudflare.com/r2/api/error-codes (read 2026-11).
func number(code, message string) int {
	switch code {
	case "InternalError":
		return 10001
	case "Unauthorized":
		return 10002
	case "AccessDenied":
		return 10003
	case "InvalidBucketName":
		return 10005
	case "NoSuchBucket":
		return 10006
	case "NoSuchKey":
		return 10007
	case "EntityTooSmall":
		return 10011
	case "MetadataTooLarge":
		return 10012
	case "IncompleteBody":
		return 10013
	case "InvalidDigest":
		return 10014
	case "ExpiredRequest":
		return 10018
	case "InvalidObjectName":
		return 10020
	case "NoSuchUpload":
		return 10024
	case "InvalidPart":
		if strings.Contains(message, "same length") {
			return 10048
		}
		return 10025
	case "PreconditionFailed":
		return 10031
	case "MissingContentLength":
		return 10033
	case "SignatureDoesNotMatch":
		return 10035
	case "BadDigest":
		return 10037
	case "InvalidRange":
		return 10039
	case "NotEntitled":
		return 10042
	case "ServiceUnavailable":
		return 10043
	case "ClientDisconnect":
		return 10054
	case "TooManyRequests":
		return 10058
	case "ObjectLockedByBucketPolicy":
		return 10069
	case "EntityTooLarge":
		return 100100
	}
	return 0
}
