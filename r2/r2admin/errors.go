package r2admin

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// The kinds of failure that the standard library has no word for. For the others errors.Is takes fs.ErrNotExist,
// fs.ErrExist, fs.ErrPermission and errors.ErrUnsupported.
var (
	ErrRateLimited    = errors.New("too many requests")                        // buckets: 50 operations a second
	ErrNotEmpty       = errors.New("the bucket is not empty")                  // a bucket with objects is not deleted
	ErrUnknownOutcome = errors.New("the request left, its outcome is unknown") // look before doing it again
	ErrChanged        = errors.New("it has changed since the plan was made")   // plan again
	ErrZone           = errors.New("no zone for the domain in this account")   // absent, or of another account
	ErrDomain         = errors.New("the domain will not become active")        // blocked, error, or switched off
	ErrInput          = errors.New("invalid input")                            // found here, before anything was sent
)

// Error is a call that was refused, failed or got no answer. Its text never holds the token.
type Error struct {
	Op         string        // such as "CreateBucket"
	Resource   string        // the bucket, or bucket/domain
	Code       int           // Cloudflare's number, such as 10006; 0 when there was none
	Message    string        // the platform's own words
	HTTPStatus int           // 0 when no answer came
	RequestID  string        // the cf-ray header
	RetryAfter time.Duration // what the platform asked for; 0 when it did not
	Err        error         // the cause; nil for a plain refusal
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "r2admin: %s", e.Op)
	if e.Resource != "" {
		b.WriteString(" " + e.Resource)
	}
	var said []string
	if e.Message != "" {
		said = append(said, e.Message)
	}
	if e.Err != nil {
		said = append(said, e.Err.Error())
	}
	if len(said) == 0 {
		said = append(said, strings.ToLower(http.StatusText(e.HTTPStatus)))
	}
	b.WriteString(": " + strings.Join(said, ": "))
	var facts []string
	if e.Code != 0 {
		facts = append(facts, fmt.Sprintf("code %d", e.Code))
	}
	if e.HTTPStatus != 0 {
		facts = append(facts, fmt.Sprintf("HTTP %d", e.HTTPStatus))
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

// The numbers of the API. Source: developers.cloudflare.com/r2/api/error-codes (read 2026-11).
const (
	codeCommonCheck    = 1001 // github.com/cloudflare/terraform-provider-cloudflare/issues/7241 (read 2026-11)
	codeNoSuchBucket   = 10006
	codeNotEmpty       = 10008
	codeNotWellFormed  = 10040
	codeBucketConflict = 10073
)

// Is matches the kinds.
func (e *Error) Is(kind error) bool {
	switch kind {
	case fs.ErrNotExist:
		return e.HTTPStatus == http.StatusNotFound
	case fs.ErrExist:
		return e.HTTPStatus == http.StatusConflict && e.Code != codeNotEmpty
	case fs.ErrPermission:
		return e.HTTPStatus == http.StatusUnauthorized || e.HTTPStatus == http.StatusForbidden
	case errors.ErrUnsupported:
		return e.HTTPStatus == http.StatusNotImplemented
	case ErrRateLimited:
		return e.HTTPStatus == http.StatusTooManyRequests
	case ErrNotEmpty:
		return e.Code == codeNotEmpty
	}
	return false
}

// Hint is what a person can do about it; empty where there is nothing to say.
func (e *Error) Hint() string {
	switch {
	case e.Code == codeNoSuchBucket:
		return "check the name, the account and Config.Jurisdiction: a bucket of a jurisdiction is found only with it"
	case e.Code == codeBucketConflict:
		return "the name is taken, perhaps in another jurisdiction of the account"
	case e.Code == codeNotWellFormed:
		return "the API takes rules in its own shape, not in that of S3"
	case e.Code == codeCommonCheck && strings.Contains(e.Message, "permission check"):
		return "to give a permission for one zone, the API token must have it for that zone itself"
	case e.Is(fs.ErrPermission) && e.Op == "WaitKeys":
		return "Doctor tells what these keys may do, and why they are refused"
	case e.Is(fs.ErrPermission) && e.Op == "VerifyToken":
		return "no token of this owner has this value: it was mistyped, rolled or deleted, or is too new"
	case e.Is(fs.ErrPermission) && e.Op == "TempCredentials":
		return "temporary credentials can do no more than their parent, and the API token must be that parent or have Workers R2 Storage Write"
	case e.Is(fs.ErrPermission) && (strings.HasSuffix(e.Op, "Token") || strings.HasSuffix(e.Op, "Tokens") || e.Op == "ListPermissionGroups"):
		return "the API token needs Account API Tokens Write, or API Tokens Write for tokens of the user; tokens made by CreateToken have neither"
	case e.Is(fs.ErrExist) && e.Op == "CreateEventRule":
		return "one event could fit it and another rule of the queue: see EventRules, or plan with EventOptions.Exact"
	case e.Is(fs.ErrPermission) && e.Op == "Purge":
		return "the API token needs Cache Purge for the zone"
	case e.Is(fs.ErrPermission):
		return "the API token needs Workers R2 Storage Write (Admin Read & Write), for zones also Zone Read; a changed token takes up to a minute to work"
	case e.Is(ErrNotEmpty):
		return "delete its objects and abort its unfinished uploads first"
	}
	return ""
}

// LogValue is the error as fields.
func (e *Error) LogValue() slog.Value {
	return slog.GroupValue(slog.String("op", e.Op), slog.String("resource", e.Resource), slog.Int("code", e.Code),
		slog.String("message", e.Message), slog.Int("status", e.HTTPStatus), slog.String("request_id", e.RequestID))
}

// cut tells whether an answer with a status of success ended too early.
func (e *Error) cut() bool { return e.HTTPStatus/100 == 2 && e.Err != nil }

// invalid is an error that was found before anything was sent.
func invalid(op, resource string, err error) error {
	return &Error{Op: op, Resource: resource, Err: fmt.Errorf("%w: %w", ErrInput, err)}
}
