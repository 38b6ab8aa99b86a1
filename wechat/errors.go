package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// The kinds of failure, for errors.Is. What the platform's numbers mean is in the table behind [Error.Hint].
var (
	ErrToken          = errors.New("access token refused")                     // a new token was tried already
	ErrConfig         = errors.New("wrong credentials or settings")            // AppID, secret, IP whitelist, base URL
	ErrPermission     = errors.New("not permitted to this account")            // a person must act; also fs.ErrPermission
	ErrQuota          = errors.New("quota of the day used up")                 // until 00:00 in Beijing
	ErrMassQuota      = errors.New("no mass sends left")                       // 45028: 1 a day or 4 a month, not the API's quota
	ErrRateLimited    = errors.New("too many calls in this minute")            // wait for RetryAfter
	ErrNotFound       = errors.New("not found")                                // also fs.ErrNotExist
	ErrInput          = errors.New("invalid input")                            // ours before anything is sent, or the platform's
	ErrDuplicate      = errors.New("conflicts with what was done before")      // 45065 sent already, 48005 in use
	ErrContent        = errors.New("content refused")                          // by a rule or by an audit
	ErrTemporary      = errors.New("temporary failure")                        // no answer, a proxy's page, system busy
	ErrPending        = errors.New("not finished")                             // Wait used up its polls
	ErrUnknownOutcome = errors.New("the request left, its outcome is unknown") // look before doing it again
)

// Error is a call that the platform refused, or that got no answer. Its text never holds the secret or a token.
//
//	if e, ok := errors.AsType[*wechat.Error](err); ok && e.Code == 45009 { time.Sleep(e.RetryAfter) }
type Error struct {
	Op         string        // API path after /cgi-bin/, such as "draft/add"
	Code       int           // errcode, 0 when there was none; it arrives inside an HTTP 200
	Msg        string        // errmsg without its rid, or what went wrong in place of an answer
	RID        string        // the platform's request id; rid/get shows that request for 7 days
	HTTPStatus int           // 0 when no answer came
	Body       string        // the first 512 bytes of an answer that was not the platform's JSON
	RetryAfter time.Duration // 60 s after ErrRateLimited, up to 00:00 in Beijing after ErrQuota, else 0
	MsgID      MsgID         // with 45065: the send that exists already

	cause     error // why there was no answer, redacted
	temporary bool
	sent      bool // whether the platform may have seen the request
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "wechat: %s: %s", e.Op, e.Msg)
	var facts []string
	if e.Code != 0 {
		facts = append(facts, fmt.Sprintf("errcode %d", e.Code))
	} else if e.HTTPStatus != 0 && e.HTTPStatus != http.StatusOK {
		facts = append(facts, fmt.Sprintf("HTTP %d", e.HTTPStatus))
	}
	if e.RID != "" {
		facts = append(facts, "rid "+e.RID)
	}
	if len(facts) > 0 {
		fmt.Fprintf(&b, " (%s)", strings.Join(facts, ", "))
	}
	if e.Body != "" {
		fmt.Fprintf(&b, ": %s", e.Body)
	}
	if hint := e.Hint("en"); hint != "" {
		fmt.Fprintf(&b, ": %s", hint)
	}
	return b.String()
}

// Unwrap returns why there was no answer; nil when there was one.
func (e *Error) Unwrap() error { return e.cause }

// Is matches the kinds of this package, and fs.ErrNotExist and fs.ErrPermission where they fit.
func (e *Error) Is(kind error) bool {
	switch kind {
	case fs.ErrNotExist:
		kind = ErrNotFound
	case fs.ErrPermission:
		kind = ErrPermission
	case ErrTemporary:
		if e.temporary {
			return true
		}
	}
	for _, class := range e.classes() {
		if class.kind() == kind {
			return true
		}
	}
	return false
}

// classes are those of the code; without a code those of the HTTP status.
func (e *Error) classes() classes {
	if e.Code != 0 {
		if e.Code == 40001 && (e.Op == opToken || e.Op == opLegacyToken) {
			return classes{classConfig}
		}
		return lookup(e.Code).classes
	}
	switch s := e.HTTPStatus; {
	case s == http.StatusPreconditionFailed, s == http.StatusRequestEntityTooLarge, s == http.StatusLengthRequired:
		return classes{classInput}
	case s == http.StatusTooManyRequests:
		return classes{classRate}
	case s >= 500:
		return classes{classTransient}
	case s >= 300:
		return classes{classConfig} // WeChat answers 200: this is some other server, or a proxy that does not know us
	}
	return nil
}

// Hint is what to do about it, in English ("en") or Chinese ("zh"); empty for a code without one.
func (e *Error) Hint(lang string) string {
	if e.Code == 0 {
		return ""
	}
	info := lookup(e.Code)
	if e.Code == 40001 && (e.Op == opToken || e.Op == opLegacyToken) {
		info = lookup(40125) // at the token endpoint this means a wrong secret
	}
	hint := info.en
	if chinese(lang) {
		hint = info.zh
	}
	if e.Code == 40164 {
		if ip := refusedIP.FindStringSubmatch(e.Msg); ip != nil {
			hint = strings.Replace(hint, "{ip}", ip[1], 1)
		}
		hint = strings.Replace(hint, "{ip}", "IP", 1)
	}
	return hint
}

// LogValue is the error as fields.
func (e *Error) LogValue() slog.Value {
	return slog.GroupValue(slog.String("op", e.Op), slog.Int("errcode", e.Code), slog.String("errmsg", e.Msg),
		slog.String("rid", e.RID), slog.Int("http_status", e.HTTPStatus))
}

var (
	refusedIP = regexp.MustCompile(`(?i)invalid ip ([0-9a-f.:]+)`)
	ridInMsg  = regexp.MustCompile(`,?\s*\brid: ?(\S+)`)
)

// refused makes the error of an answer with an errcode.
func (c *Client) refused(op string, status int, a answer, hide func(string) string) *Error {
	e := &Error{Op: op, Code: int(a.Code), Msg: a.Msg, HTTPStatus: status, MsgID: a.MsgID, sent: true}
	if m := ridInMsg.FindStringSubmatch(e.Msg); m != nil {
		e.RID = m[1]
		e.Msg = strings.TrimSpace(strings.Replace(e.Msg, m[0], "", 1))
	}
	e.Msg = httpcall.Head([]byte(hide(e.Msg)), 512)
	switch {
	case e.Is(ErrRateLimited):
		e.RetryAfter = time.Minute
	case e.Is(ErrQuota):
		e.RetryAfter = untilMidnight(c.now())
	case e.Code == 89506:
		e.RetryAfter = 24 * time.Hour
	case e.Code == 89507:
		e.RetryAfter = time.Hour
	}
	return e
}

// noAnswer makes the error of a call that ended without an answer, or with one that could not be read.
func noAnswer(ctx context.Context, op string, sent bool, cause error) *Error {
	return &Error{Op: op, Msg: cause.Error(), cause: cause, temporary: ctx.Err() == nil, sent: sent}
}

// noJSON makes the error of an answer that is not the platform's: a proxy's page, or half of the JSON.
func noJSON(op string, status int, header http.Header, body []byte, now time.Time, hide func(string) string) *Error {
	e := &Error{Op: op, HTTPStatus: status, Msg: "not an answer of WeChat", Body: httpcall.Head([]byte(hide(string(body))), 512), sent: true}
	e.temporary = status == http.StatusOK // the status decides otherwise
	if (op == opToken || op == opLegacyToken) && status == http.StatusOK {
		e.Body = "" // half of the answer may hold the token
	}
	if e.Is(ErrRateLimited) {
		e.RetryAfter = max(httpcall.RetryAfter(header, now), time.Minute)
	}
	return e
}

// untilMidnight is the time to 00:00 in Beijing, where there is no summer time.
func untilMidnight(now time.Time) time.Duration {
	beijing := time.FixedZone("Beijing", 8*60*60)
	t := now.In(beijing)
	return time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, beijing).Sub(t)
}

// unknown says that a write may or may not have happened. It keeps the cause for errors.Is and AsType.
func unknown(op, advice string, cause error) error {
	return fmt.Errorf("wechat: %s: %w: %s (%w)", op, ErrUnknownOutcome, advice, cause)
}

// invalid joins what is wrong with an input; nil when nothing is.
func invalid(op string, problems []error) error {
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("wechat: %s: %w: %w", op, ErrInput, errors.Join(problems...))
}

// answer is what every JSON answer may hold. MsgID comes with 45065 alone.
type answer struct {
	Code  number `json:"errcode"`
	Msg   string `json:"errmsg"`
	MsgID MsgID  `json:"msg_id"`
}

func (a *answer) decode(body []byte) error { return json.Unmarshal(body, a) }
