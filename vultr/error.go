package vultr

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kinds of errors, for errors.Is. Beside them, an [*Error] is fs.ErrNotExist for what is not there (404) and
// fs.ErrPermission for what the key may not do (401, 403).
var (
	ErrInput     = errors.New("vultr: bad input")                      // 400, 422, or refused before anything was sent
	ErrConflict  = errors.New("vultr: in conflict with what is there") // 409, in use, or there in another size
	ErrThrottled = errors.New("vultr: too many requests")              // 429
	ErrTemporary = errors.New("vultr: temporary failure")              // 5xx, no answer, an answer that is none of the API
	ErrFailed    = errors.New("vultr: the platform gave up on it")     // a status that will not become active

	// ErrUnknownOutcome is a write that may or may not have taken effect: it was sent and nobody heard the answer, or the
	// answer was a 429, a 5xx or something in a foreign shape. The client never repeats it.
	ErrUnknownOutcome = errors.New("vultr: outcome unknown")
)

// Error is every error of a call. Its text and fields hold no key.
type Error struct {
	Kind       error         // the main kind; Is answers the others as well
	Op         string        // the operation in the API's words, such as "create-block"
	Code       string        // as the platform wrote it; rarely there
	Message    string        // as the platform wrote it; of bad input: every problem, each naming its field
	RequestID  string        // "" if the answer had none
	Hint       string        // what a person must do
	Status     int           // of HTTP; 0 = no answer
	RetryAfter time.Duration // 0 = not said
	Sent       bool          // false is a proof that the platform never saw the request; true only cannot rule it out
	Err        error         // cause; URLs without their query

	also []error
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("vultr: ")
	if e.Op != "" {
		b.WriteString(e.Op + ": ")
	}
	if e.Is(ErrUnknownOutcome) {
		b.WriteString("outcome unknown: ")
	}
	switch {
	case e.Message != "" && e.Err != nil:
		fmt.Fprintf(&b, "%s: %v", e.Message, e.Err)
	case e.Err != nil:
		b.WriteString(e.Err.Error())
	case e.Message != "":
		b.WriteString(e.Message)
	default:
		b.WriteString("refused")
	}
	var where []string
	for _, part := range []struct{ label, value string }{{"", e.Code}, {"HTTP ", e.statusText()}, {"request ", e.RequestID}} {
		if part.value != "" {
			where = append(where, part.label+part.value)
		}
	}
	if len(where) > 0 {
		b.WriteString(" (" + strings.Join(where, ", ") + ")")
	}
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

func (e *Error) statusText() string {
	if e.Status == 0 {
		return ""
	}
	return strconv.Itoa(e.Status)
}

// Is reports whether the error is of this kind. One error can be of several: a 502 after a create is both
// [ErrUnknownOutcome] and [ErrTemporary].
func (e *Error) Is(kind error) bool {
	return kind != nil && (e.Kind == kind || slices.Contains(e.also, kind))
}

// Unwrap returns the cause, such as context.DeadlineExceeded.
func (e *Error) Unwrap() error { return e.Err }

// LogValue is the error as a group.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("text", e.Error()), slog.Bool("sent", e.Sent)}
	for _, part := range []struct{ key, value string }{
		{"op", e.Op},
		{"code", e.Code},
		{"status", e.statusText()},
		{"request", e.RequestID},
	} {
		if part.value != "" {
			attrs = append(attrs, slog.String(part.key, part.value))
		}
	}
	return slog.GroupValue(attrs...)
}

func (e *Error) setKinds(kinds ...error) {
	if len(kinds) > 0 {
		e.Kind, e.also = kinds[0], kinds[1:]
	}
}

// kindsOf are the kinds of a status that is not a success. write says that the request may have changed something.
func kindsOf(status int, write bool) []error {
	var kinds []error
	switch {
	case status == 404:
		kinds = []error{fs.ErrNotExist}
	case status == 401 || status == 403:
		kinds = []error{fs.ErrPermission}
	case status == 409:
		kinds = []error{ErrConflict}
	case status == 429:
		kinds = []error{ErrThrottled}
	case status >= 400 && status < 500 && status != 408:
		kinds = []error{ErrInput}
	default: // 5xx, a redirect that was not followed, a time limit of something in between
		kinds = []error{ErrTemporary}
	}
	if write && (kinds[0] == ErrThrottled || kinds[0] == ErrTemporary) { //nolint:errorlint // sentinels of ours
		kinds = append([]error{ErrUnknownOutcome}, kinds...)
	}
	return kinds
}

// refuse is bad input, noticed before anything was sent.
func refuse(op string, problems ...string) *Error {
	return &Error{Kind: ErrInput, Op: op, Message: strings.Join(problems, "; ")}
}

// conflict is a state of things that forbids what was asked for, noticed before it was sent.
func conflict(op, message, hint string) *Error {
	return &Error{Kind: ErrConflict, Op: op, Message: message, Hint: hint}
}
