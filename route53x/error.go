package route53x

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

// The kinds of errors, for errors.Is. ErrNotFound is also fs.ErrNotExist, ErrExists is also fs.ErrExist and
// ErrUnsupported is also errors.ErrUnsupported; a refusal for want of rights is fs.ErrPermission.
var (
	ErrInvalid               = errors.New("not valid")              // Route 53 would refuse it, or did
	ErrLimit                 = errors.New("limit exceeded")         // larger than Route 53 or an option allows
	ErrUnsafe                = errors.New("refused for its extent") // a plan that changes more than it may
	ErrNotFound        error = &kind{"not found", fs.ErrNotExist}
	ErrAmbiguous             = errors.New("more than one fits") // Error.IDs has them all
	ErrExists          error = &kind{"exists already", fs.ErrExist}
	ErrConflict              = errors.New("changed by somebody else")                   // nothing of theirs was overwritten
	ErrThrottled             = errors.New("too many requests")                          // still, after all repeats
	ErrUnknownOutcome        = errors.New("the request left, its outcome is not known") // look before doing it again
	ErrUnsupported     error = &kind{"not supported", errors.ErrUnsupported}
	ErrNotTransferable       = errors.New("the domain cannot be transferred")
)

// kind is a sentinel that is also one of the standard library.
type kind struct {
	text string
	same error
}

func (k *kind) Error() string { return k.text }
func (k *kind) Unwrap() error { return k.same }

// Error is a call that was refused, failed or got no answer. Its text holds no key and no code of a domain.
//
//	if e, ok := errors.AsType[*route53x.Error](err); ok { log.Print(e.Code, e.RequestID, e.Done) }
type Error struct {
	Kind       error         // one of the kinds; nil where none fits
	Op         string        // the API's action, such as "ChangeResourceRecordSets", or what was to be done
	Subject    string        // what it was about: a zone's ID or name, a domain
	Code       string        // the service's, such as "Throttling"; "" when no answer came
	Message    string        // the service's own words
	Status     int           // of HTTP; 0 when no answer came
	RequestID  string        // the service's
	RetryAfter time.Duration // what the service asked for; 0 when it did not
	IDs        []string      // the zones that fit, with ErrAmbiguous
	Keys       []Key         // the sets that are no longer what they were, with ErrConflict
	Batch      int           // of a plan, counted from 1 as in the change's comment; 0 where it is about none
	Done       []int         // the batches that are done, counted likewise
	Err        error         // the cause, where there is one besides the kind
}

func (e *Error) Error() string { return e.words().String() }

const mostKeysShown = 5

// Unwrap returns the kind and the cause.
func (e *Error) Unwrap() []error {
	var errs []error
	if e.Kind != nil {
		errs = append(errs, e.Kind)
	}
	if e.Err != nil {
		errs = append(errs, e.Err)
	}
	return errs
}

// Is matches fs.ErrPermission, for which the package has no kind of its own.
func (e *Error) Is(target error) bool {
	return target == fs.ErrPermission && (e.Status == http.StatusForbidden || e.Status == http.StatusUnauthorized)
}

// LogValue is the error as fields.
func (e *Error) LogValue() slog.Value {
	more := []slog.Attr{slog.String("message", e.Message), slog.Int("status", e.Status)}
	if e.Batch > 0 {
		more = append(more, slog.Int("batch", e.Batch), slog.Any("done", e.Done))
	}
	return e.words().LogValue(more...)
}

func (e *Error) words() awscall.Words {
	var batch string
	if e.Batch > 0 {
		batch = fmt.Sprintf("batch %d (%d done)", e.Batch, len(e.Done))
	}
	return awscall.Words{
		Package: "route53x",
		Where:   []slog.Attr{slog.String("op", e.Op), slog.String("subject", e.Subject)},
		Why:     []string{batch, awscall.Cause(e.Kind), e.Message, awscall.Cause(e.Err), strings.Join(e.IDs, ", "), e.keys()},
		Code:    e.Code, Status: e.Status, Request: e.RequestID,
	}
}

func (e *Error) keys() string {
	var shown []string
	for _, k := range e.Keys[:min(len(e.Keys), mostKeysShown)] {
		shown = append(shown, k.String())
	}
	text := strings.Join(shown, ", ")
	if more := len(e.Keys) - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
