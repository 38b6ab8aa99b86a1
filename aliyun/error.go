package aliyun

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kinds of errors, for errors.Is. Beside them, an [*Error] is fs.ErrPermission when RAM refused the call, and
// fs.ErrNotExist when the thing asked for is not there.
var (
	ErrAuth        = errors.New("aliyun: key, signature, clock or permission refused")
	ErrConfig      = errors.New("aliyun: sign, template or account not in a state to send")
	ErrInput       = errors.New("aliyun: bad input")
	ErrRateLimited = errors.New("aliyun: flow control of a number") // Level, Permits, RetryAfter
	ErrThrottled   = errors.New("aliyun: calls per second exceeded")
	ErrQuota       = errors.New("aliyun: limit or balance of the account used up")
	ErrContent     = errors.New("aliyun: content refused")
	ErrTemporary   = errors.New("aliyun: temporary failure")

	ErrConflict   = errors.New("aliyun: what is there does not go with it") // a record in the way, a zone that moves, a transfer in another state
	ErrLocked     = errors.New("aliyun: locked against changes")            // the lock comes off first
	ErrTaskFailed = errors.New("aliyun: task failed")                       // queued with success, and then not done: Message has the reason

	// ErrUnknownOutcome is a call that may or may not have taken effect: no answer, an answer cut off, an answer
	// without a code, a 5xx. It is never repeated by the client. For a text message see [SMS.Resolve].
	ErrUnknownOutcome = errors.New("aliyun: outcome unknown")
)

// Level is the window of the flow control that a number has used up.
type Level string

// The windows. Minute and hour are those of the calendar in UTC+8, the day is 24 hours from a send.
const (
	Minute Level = "minute"
	Hour   Level = "hour"
	Day    Level = "day"
)

// Error is every error of a call. Its text and fields hold no key, URL, phone number, template parameter, e-mail address or
// auth code.
type Error struct {
	Kind      error // the main kind, nil when the code is not known; Is answers the others as well
	Product   Product
	Op        string // the action, such as "SendSms"
	TaskNo    string // of a domain task
	Code      string // as the platform wrote it, "" when it did not answer
	Message   string // as the platform wrote it, redacted; of bad input: every problem, each naming its field
	RequestID string

	Hint      string // what a person must do, in English
	HintZH    string // the same in Chinese
	Recommend string // the platform's own link to a diagnosis, redacted; not part of the text

	Level   Level // of ErrRateLimited
	Permits int   // of ErrRateLimited: how many the window allows; 0 = not said

	OutID      string        // of a Send: what to give to [SMS.Resolve],
	At         time.Time     // and when it began
	Status     int           // of HTTP; 0 = no answer
	RetryAfter time.Duration // 0 = not known
	Sent       bool          // false is a proof that the platform never saw the request; true only cannot rule it out
	Err        error         // cause; URLs without their query

	also []error
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("aliyun: ")
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
	for _, part := range []struct{ label, value string }{
		{"", e.Code}, {"HTTP ", e.statusText()}, {"request ", e.RequestID}, {"task ", e.TaskNo}, {"OutID ", e.sendText()},
	} {
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
	if e.Status == 0 || e.Status == 200 {
		return ""
	}
	return strconv.Itoa(e.Status)
}

// sendText is what a person needs to look a send up in the console: its OutID and its day in UTC+8.
func (e *Error) sendText() string {
	switch {
	case !e.Is(ErrUnknownOutcome) || e.OutID == "":
		return ""
	case e.At.IsZero():
		return e.OutID
	}
	return e.OutID + " of " + e.At.In(beijing()).Format(time.DateOnly)
}

// Is reports whether the error is of this kind. One error can be of several: a 5xx after a send is both [ErrTemporary]
// and [ErrUnknownOutcome].
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
		{"task", e.TaskNo},
		{"out_id", e.OutID},
		{"level", string(e.Level)},
		{"hint_zh", e.HintZH},
	} {
		if part.value != "" {
			attrs = append(attrs, slog.String(part.key, part.value))
		}
	}
	if !e.At.IsZero() {
		attrs = append(attrs, slog.Time("at", e.At))
	}
	return slog.GroupValue(attrs...)
}

// inputError is bad input to a text message, noticed before anything was sent.
func inputError(op string, problems ...string) *Error { return badInput(SMSProduct, op, problems...) }

func badInput(p Product, op string, problems ...string) *Error {
	e := &Error{Kind: ErrInput, Product: p, Op: op, Message: strings.Join(problems, "; ")}
	e.advise()
	return e
}
