package llm

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// Kinds of errors, for errors.Is.
var (
	ErrAuth           = errors.New("not authorised")                                  // the key is missing, wrong, locked or not allowed this
	ErrQuota          = errors.New("quota or balance used up")                        // a person must pay; never repeated
	ErrRateLimit      = errors.New("rate limit")                                      // too fast; see Error.RetryAfter
	ErrContextLength  = errors.New("context length exceeded")                         // the conversation is too long for the model
	ErrContentFilter  = errors.New("refused by the content filter")                   // request or answer
	ErrNotFound       = errors.New("not found")                                       // model or path; also fs.ErrNotExist
	ErrInvalid        = errors.New("invalid request")                                 // refused by the server, or by this package before anything was sent
	ErrOverloaded     = errors.New("overloaded")                                      // try later
	ErrServer         = errors.New("server error")                                    // the provider or a proxy failed
	ErrTruncated      = fmt.Errorf("the answer was cut off: %w", io.ErrUnexpectedEOF) // what came is in Stream.Response
	ErrIdle           = errors.New("the server went silent")                          // a limit of Timeouts was reached
	ErrTooLarge       = errors.New("the answer exceeds a limit")                      // a limit of Limits was reached
	ErrNotStream      = errors.New("the answer is not what was asked for")            // 200 with HTML or other text: Body has its beginning
	ErrToolCall       = errors.New("the model wrote a tool call that is not JSON")    // its own slip: asking again may help
	ErrUnknownOutcome = errors.New("outcome unknown")                                 // a paid request left and was not answered: it may have been carried out
)

// The operations, as they stand in Error.Op: paths below the base URL.
const (
	opChat      = "chat/completions"
	opResponses = "responses"
	opImages    = "images/generations"
)

// Error is what every call of this package fails with, save for ctx's own end. Not every field is always there.
type Error struct {
	Op         string        // the path, such as "chat/completions"
	Status     int           // HTTP status; 0 = no answer came. 200 with an error inside is common
	Code       string        // the provider's code, numbers as decimals
	Type       string        // the provider's type
	Param      string        // the field of the request that is at fault
	Message    string        // in the provider's words, with any key replaced
	RequestID  string        // for the provider's support
	RetryAfter time.Duration // how long the server asks to wait; 0 = it does not say
	Limits     RateLimits    // as the answer's headers have them
	Body       []byte        // the beginning of an answer that could not be used, with any key replaced
	Kind       error         // one of the Err values
	Err        error         // the cause, if there is one behind Kind

	again string // the header x-should-retry
	sent  bool   // there was no answer, and the request may have arrived
}

// Error is "llm: operation: what was said (status, code, type, param, request id)".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("llm: ")
	if e.Op != "" {
		b.WriteString(e.Op + ": ")
	}
	msg := e.Message
	if msg == "" && e.Err != nil {
		msg = e.Err.Error()
	}
	switch {
	case msg == "" && e.Kind != nil:
		b.WriteString(e.Kind.Error())
	case msg == "":
		b.WriteString("failed")
	default:
		if e.Kind != nil && !strings.Contains(msg, e.Kind.Error()) {
			b.WriteString(e.Kind.Error() + ": ")
		}
		b.WriteString(httpcall.Head([]byte(msg), 1000))
	}
	var notes []string
	if e.Status != 0 {
		notes = append(notes, "status "+strconv.Itoa(e.Status))
	}
	for _, n := range [][2]string{{"code ", e.Code}, {"type ", e.Type}, {"param ", e.Param}, {"request id ", e.RequestID}} {
		if n[1] != "" {
			notes = append(notes, n[0]+httpcall.Head([]byte(n[1]), 200))
		}
	}
	if len(notes) > 0 {
		b.WriteString(" (" + strings.Join(notes, ", ") + ")")
	}
	return b.String()
}

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

// Is maps two kinds of the standard library: fs.ErrNotExist and fs.ErrPermission.
func (e *Error) Is(kind error) bool {
	return kind == fs.ErrNotExist && e.Kind == ErrNotFound || kind == fs.ErrPermission && e.Kind == ErrAuth
}

// isKind compares a kind with others by identity: a kind is never wrapped.
func isKind(kind error, others ...error) bool { return slices.Contains(others, kind) }

// RateLimits is what the headers x-ratelimit-* say. A field is 0 where they do not, or say something that cannot be
// (Azure sends -1).
type RateLimits struct {
	LimitRequests, RemainingRequests int
	LimitTokens, RemainingTokens     int
	ResetRequests, ResetTokens       time.Duration // until the limit is full again
}

func rateLimits(h http.Header) RateLimits {
	number := func(name string) int {
		v := h.Get(name)
		if v == "" {
			return 0
		}
		n, err := strconv.Atoi(strings.TrimSpace(v))
		if err != nil {
			return 0
		}
		return max(n, 0)
	}
	reset := func(name string) time.Duration {
		v := strings.TrimSpace(h.Get(name))
		if v == "" {
			return 0
		}
		if s, err := strconv.ParseFloat(v, 64); err == nil { // Azure: seconds
			if s > 0 && s < 1e9 {
				return time.Duration(s * float64(time.Second))
			}
			return 0
		}
		d, err := time.ParseDuration(v) // OpenAI: 6m0s
		if err != nil {
			return 0
		}
		return max(d, 0)
	}
	return RateLimits{
		LimitRequests: number("X-Ratelimit-Limit-Requests"), RemainingRequests: number("X-Ratelimit-Remaining-Requests"),
		LimitTokens: number("X-Ratelimit-Limit-Tokens"), RemainingTokens: number("X-Ratelimit-Remaining-Tokens"),
		ResetRequests: reset("X-Ratelimit-Reset-Requests"), ResetTokens: reset("X-Ratelimit-Reset-Tokens"),
	}
}

func requestID(h http.Header) string {
	for _, name := range []string{"X-Request-Id", "Request-Id", "X-Siliconcloud-Trace-Id", "X-Generation-Id"} {
		if v := h.Get(name); v != "" {
			return v
		}
	}
	return ""
}
