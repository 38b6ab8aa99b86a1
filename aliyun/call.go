package aliyun

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// Request is one call of an API of the RPC kind: an action, a version and flat parameters.
type Request struct {
	Product Product           // picks the endpoint
	Version string            // "2017-05-25"
	Action  string            // "SendSms"
	Params  map[string]string // by their names on the wire ("DomainName.1"); empty values are left out

	// Idempotent says that the call may be repeated although it was sent: it reads, or twice is the same as once.
	Idempotent bool
}

// Response is the answer to a call that succeeded.
type Response struct {
	Code, Message, RequestID string // Code is "OK" for SMS; most products leave it and Message out
	Status                   int

	body []byte
}

// Decode reads the answer into v. Numbers in an any keep every digit: they arrive as json.Number.
func (r *Response) Decode(v any) error {
	d := json.NewDecoder(bytes.NewReader(r.body))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("aliyun: decode answer (request %s): %w", r.RequestID, err)
	}
	return nil
}

// Call makes one API call, signed with ACS3-HMAC-SHA256 and sent as POST with its parameters in the query. It is the one
// door to the platform; the methods for text messages go through it.
//
// Every attempt asks for the key anew and has [Config].Timeout. What is repeated is said at [RetryPolicy]. An error is an
// [*Error]; a call that is not Idempotent and may have taken effect is [ErrUnknownOutcome].
//
// Source: ACS3 (V3) signature, API dysmsapi 2017-05-25 (read 2026-11).
func (c *Client) Call(ctx context.Context, r Request) (*Response, error) {
	ep, err := c.target(r)
	if err != nil {
		return nil, err
	}
	var resp *Response
	attempts := 0
	err = c.retry.Do(ctx, func(ctx context.Context) error {
		attempts++
		began := time.Now()
		var err error
		resp, err = c.attempt(ctx, r, ep)
		c.record(ctx, r, attempts, time.Since(began), resp, err)
		return err
	}, func(err error) httpcall.Verdict { return again(r, err) })
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// target checks what can be checked before a key is asked for.
func (c *Client) target(r Request) (endpoint, error) {
	var problems []string
	ep, known := c.endpoints[r.Product]
	if !known {
		problems = append(problems, fmt.Sprintf("Product %q has no endpoint: name its host in Config.Endpoints", r.Product))
	}
	if r.Version == "" {
		problems = append(problems, "Version is empty")
	}
	if r.Action == "" {
		problems = append(problems, "Action is empty")
	}
	for _, value := range []string{r.Version, r.Action} {
		if strings.ContainsFunc(value, func(c rune) bool { return c <= ' ' || c > '~' }) {
			problems = append(problems, "Version and Action must be plain ASCII")
			break
		}
	}
	if len(problems) == 0 {
		return ep, nil
	}
	e := inputError(r.Action, problems...)
	e.Product = r.Product
	return ep, e
}

// again is the word on whether a failed attempt is repeated.
func again(r Request, err error) httpcall.Verdict {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return httpcall.Verdict{}
	}
	refused := e.Is(ErrThrottled)
	passing := e.Is(ErrTemporary) && (r.Idempotent || !e.Sent)
	return httpcall.Verdict{Again: refused || passing, After: e.RetryAfter}
}

// attempt asks for the key and makes the call once.
func (c *Client) attempt(ctx context.Context, r Request, ep endpoint) (*Response, error) {
	fail := func(e *Error) (*Response, error) {
		e.Product, e.Op = r.Product, r.Action
		e.advise()
		return nil, e
	}
	if err := context.Cause(ctx); err != nil {
		return fail(&Error{Message: "not sent", Err: err})
	}
	actx, cancel := context.WithTimeoutCause(ctx, c.timeout, timeoutError{c.timeout})
	defer cancel()
	key, err := c.creds.Credentials(actx)
	if err == nil {
		err = key.check()
	}
	if err != nil {
		return fail(&Error{Kind: ErrAuth, Message: "no key to sign with", Err: httpcall.Redact(err)})
	}
	x, err := c.exchange(actx, r, ep, key)
	switch {
	case err != nil:
		return fail(&Error{Message: "not sent", Err: err})
	case x.err != nil:
		return fail(x.failure(r, ctx.Err() != nil))
	}
	resp, e := x.answer(r, key)
	if e != nil {
		return fail(e)
	}
	return resp, nil
}

// timeoutError says whose patience ended, and is still a context.DeadlineExceeded.
type timeoutError struct{ after time.Duration }

func (e timeoutError) Error() string { return fmt.Sprintf("no answer within %v", e.after) }
func (timeoutError) Unwrap() error   { return context.DeadlineExceeded }
func (timeoutError) Timeout() bool   { return true }

// failure is an exchange that ended without a whole answer.
func (x *exchange) failure(r Request, callerLeft bool) *Error {
	e := &Error{Status: x.status, Sent: httpcall.MaybeSent(x.err), Err: x.err, RequestID: x.header.Get("X-Acs-Request-Id")}
	var kinds []error
	if e.Sent && !r.Idempotent {
		kinds = append(kinds, ErrUnknownOutcome)
	}
	if !callerLeft && !errors.Is(x.err, httpcall.ErrTooLarge) {
		kinds = append(kinds, ErrTemporary)
	}
	e.setKinds(kinds)
	return e
}

func (e *Error) setKinds(kinds []error) {
	if len(kinds) > 0 {
		e.Kind, e.also = kinds[0], kinds[1:]
	}
}

// text is a JSON string or number: the platform's answers do not agree among themselves.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	if n := json.Number(""); b[0] != '"' {
		if err := json.Unmarshal(b, &n); err != nil {
			return err
		}
		*t = text(n)
		return nil
	}
	return json.Unmarshal(b, (*string)(t))
}

// answer judges a whole answer. The status comes first, because a proxy's page is not the platform's word.
func (x *exchange) answer(r Request, key Credentials) (*Response, *Error) {
	var env struct{ Code, Message, RequestID, Recommend, ResponseCode, ResponseDescription text }
	isObject := json.Unmarshal(x.body, &env) == nil && len(bytes.TrimSpace(x.body)) > 0 && bytes.TrimSpace(x.body)[0] == '{'
	if env.Code == "" && r.Product == GlobeSMSProduct { // its own name for it; errors of the gateway have Code
		env.Code, env.Message = env.ResponseCode, env.ResponseDescription
	}
	requestID := cmp.Or(string(env.RequestID), x.header.Get("X-Acs-Request-Id"))
	good := x.status >= 200 && x.status < 300 && isObject
	switch {
	case good && r.Product.codeInAnswer():
		good = env.Code == "OK"
	case good:
		good = requestID != "" && (env.Code == "" || env.Code == "OK" || env.Code == "200")
	}
	if good {
		return &Response{Code: string(env.Code), Message: string(env.Message), RequestID: requestID, Status: x.status, body: x.body}, nil
	}
	scrub := redactor(r, key)
	e := &Error{
		Code: scrub(string(env.Code)), RequestID: scrub(requestID), Recommend: scrub(string(env.Recommend)),
		Status: x.status, Sent: true, RetryAfter: retryAfter(x.header),
	}
	if env.Code == "" || env.Code == "OK" {
		e.Code = ""
		e.Message = fmt.Sprintf("HTTP %d with %d bytes of %s is no answer of the API",
			x.status, len(x.body), cmp.Or(httpcall.Head([]byte(x.header.Get("Content-Type")), 60), "nothing declared"))
		e.setKinds(x.kindsWithoutCode(r))
		return nil, e
	}
	e.Message = cmp.Or(scrub(string(env.Message)), e.Code)
	v := judgeCode(e.Code)
	if len(v.kinds) == 0 && x.status >= 500 {
		v.kinds = []error{ErrTemporary}
	}
	if v.is(ErrTemporary) && !r.Idempotent {
		v.kinds = []error{ErrUnknownOutcome, ErrTemporary}
	}
	e.setKinds(v.kinds)
	e.Hint, e.HintZH = v.en, v.zh
	if v.is(ErrRateLimited) {
		e.Level, e.Permits = flowControl(e.Code, string(env.Message))
		e.RetryAfter = e.Level.until(time.Now())
	}
	return nil, e
}

func (x *exchange) kindsWithoutCode(r Request) (kinds []error) {
	if !r.Idempotent {
		kinds = append(kinds, ErrUnknownOutcome)
	}
	switch {
	case x.status >= 500:
		kinds = append(kinds, ErrTemporary)
	case x.status == http.StatusTooManyRequests && r.Idempotent:
		kinds = append(kinds, ErrThrottled)
	}
	return kinds
}

var timeLeft = regexp.MustCompile(`TimeLeft:(\d{1,9})`)

// retryAfter is how long the gateway asks to wait: TimeLeft of its rate limit headers in milliseconds, else Retry-After.
func retryAfter(h http.Header) time.Duration {
	var longest time.Duration
	for _, name := range []string{"X-Ratelimit-User-Api", "X-Ratelimit-User"} {
		if m := timeLeft.FindStringSubmatch(h.Get(name)); m != nil {
			ms, _ := strconv.Atoi(m[1]) // at most nine digits
			longest = max(longest, time.Duration(ms)*time.Millisecond)
		}
	}
	return cmp.Or(longest, httpcall.RetryAfter(h, time.Now()))
}
