package vultr

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
	"github.com/kitroll/kitroll/internal/secret"
)

// maxAnswer bounds an answer: 500 objects of a list stay far below.
const maxAnswer = 8 << 20

// call is one request to the platform.
type call struct {
	op     string // the API's name of it
	method string
	path   string
	query  url.Values
	body   any                // nil = none
	read   func([]byte) error // reads the answer of a success; nil = it is not looked at
	hint   string             // for ErrUnknownOutcome: what a person can do
	seen   func(http.Header)  // looks at the headers of a success; may be nil
}

// writes says that the call may change something, and repeatable that it may be sent again although it was seen.
func (w call) writes() bool { return w.method != http.MethodGet }

func (w call) repeatable() bool { return w.method == http.MethodGet || w.method == http.MethodDelete }

// do makes the call, and repeats it where that is safe: a GET or DELETE after a 429, a 5xx or no answer, anything else
// only when it provably never left.
func (c *Client) do(ctx context.Context, what call) error {
	var body []byte
	if what.body != nil {
		var err error
		if body, err = json.Marshal(what.body); err != nil {
			return &Error{Kind: ErrInput, Op: what.op, Message: "cannot be encoded", Err: err}
		}
	}
	attempts := 0
	return c.retry.Do(ctx, func(ctx context.Context) error {
		attempts++
		if err := c.attempt(ctx, what, body, attempts); err != nil {
			return err // not a nil *Error in an error
		}
		return nil
	}, func(err error) httpcall.Verdict {
		e, ok := errors.AsType[*Error](err)
		if !ok {
			return httpcall.Verdict{}
		}
		passing := e.Is(ErrThrottled) || e.Is(ErrTemporary)
		return httpcall.Verdict{Again: passing && (what.repeatable() || !e.Sent), After: e.RetryAfter}
	})
}

// attempt makes the call once, when the limiter lets it.
func (c *Client) attempt(ctx context.Context, what call, body []byte, n int) *Error {
	if err := c.enter(ctx); err != nil {
		return &Error{Op: what.op, Message: "not sent", Err: err}
	}
	defer func() { <-c.slots }()
	began := time.Now()
	e := c.exchange(ctx, what, body)
	attrs := []slog.Attr{slog.String("op", what.op), slog.Int("attempt", n), slog.Duration("took", time.Since(began))}
	if e != nil {
		attrs = append(attrs, slog.Int("status", e.Status), slog.Bool("sent", e.Sent))
	}
	switch {
	case e != nil && (e.Is(ErrTemporary) || e.Is(ErrThrottled) || e.Is(ErrUnknownOutcome)):
		c.log.LogAttrs(ctx, slog.LevelWarn, "vultr call failed", attrs...)
	default:
		c.log.LogAttrs(ctx, slog.LevelDebug, "vultr call", attrs...)
	}
	return e
}

// enter waits for a turn in the second and for a free connection.
func (c *Client) enter(ctx context.Context) error {
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := c.pace.wait(ctx); err != nil {
		<-c.slots
		return err
	}
	return nil
}

// timeoutError says whose patience ended, and is still a context.DeadlineExceeded.
type timeoutError struct{ after time.Duration }

func (e timeoutError) Error() string { return fmt.Sprintf("no answer within %v", e.after) }
func (timeoutError) Unwrap() error   { return context.DeadlineExceeded }
func (timeoutError) Timeout() bool   { return true }

func (c *Client) exchange(ctx context.Context, what call, body []byte) *Error {
	actx, cancel := context.WithTimeoutCause(ctx, c.timeout, timeoutError{c.timeout})
	defer cancel()
	at := c.base + what.path
	if len(what.query) > 0 {
		at += "?" + what.query.Encode()
	}
	var from io.Reader
	if body != nil {
		from = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(actx, what.method, at, from)
	if err != nil {
		return &Error{Kind: ErrInput, Op: what.op, Message: "not sent", Err: httpcall.Redact(err)}
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Authorization", "Bearer "+c.key.Reveal())
	req.Header.Set("Accept", "application/json")
	resp, err := httpcall.Do(c.http, req) //nolint:bodyclose // httpcall.Read closes it
	if err != nil {
		return c.noAnswer(ctx, what, 0, httpcall.MaybeSent(err), err)
	}
	data, err := httpcall.Read(resp.Body, maxAnswer)
	if err != nil {
		return c.noAnswer(ctx, what, resp.StatusCode, true, err)
	}
	return c.judge(what, resp.StatusCode, resp.Header, data)
}

// noAnswer is a call that ended without a whole answer.
func (c *Client) noAnswer(ctx context.Context, what call, status int, sent bool, err error) *Error {
	e := &Error{Op: what.op, Status: status, Sent: sent, Err: err}
	var kinds []error
	if sent && what.writes() {
		kinds, e.Hint = append(kinds, ErrUnknownOutcome), what.hint
	}
	if ctx.Err() == nil && !errors.Is(err, httpcall.ErrTooLarge) { // not when the caller has given up
		kinds = append(kinds, ErrTemporary)
	}
	e.setKinds(kinds...)
	return e
}

// judge tells a success from all else. The status comes first: a proxy's page is not the platform's word.
func (c *Client) judge(what call, status int, header http.Header, data []byte) *Error {
	e := &Error{
		Op: what.op, Status: status, Sent: true, RetryAfter: httpcall.RetryAfter(header, time.Now()),
		RequestID: c.scrub(httpcall.Head([]byte(cmp.Or(header.Get("X-Request-Id"), header.Get("Cf-Ray"))), 80)),
	}
	var env struct{ Error, Message, Code text }
	isObject := tolerant(data, &env) == nil && firstByte(data) == '{'
	if status >= 200 && status < 300 {
		if what.read == nil {
			return nil
		}
		err := what.read(data)
		if err == nil {
			if what.seen != nil {
				what.seen(header)
			}
			return nil
		}
		// The text of the answer stays out of the error: that of an object storage would show its keys.
		e.Message, e.Err = c.describe(status, header, data), err
		if isObject && env.Error != "" {
			e.Message, e.Err = c.scrub(httpcall.Head([]byte(env.Error), 300)), nil
		}
		e.setKinds(kindsOf(http.StatusBadGateway, what.writes())...)
	} else {
		e.setKinds(kindsOf(status, what.writes())...)
		if said := cmp.Or(env.Error, env.Message); isObject && said != "" {
			e.Message, e.Code = c.scrub(httpcall.Head([]byte(said), 300)), c.scrub(httpcall.Head([]byte(env.Code), 60))
		} else {
			e.Message = c.describe(status, header, data)
			if status >= 400 && len(data) > 0 {
				e.Message += ": " + c.scrub(httpcall.Head(data, 200))
			}
		}
	}
	e.Hint = hintFor(status, what.op)
	if e.Is(ErrUnknownOutcome) {
		e.Hint = what.hint
	}
	return e
}

func (c *Client) describe(status int, header http.Header, data []byte) string {
	kind := cmp.Or(httpcall.Head([]byte(header.Get("Content-Type")), 60), "nothing declared")
	return fmt.Sprintf("HTTP %d with %d bytes of %s is no answer of the API", status, len(data), kind)
}

// scrub takes the key out of what a server echoes.
func (c *Client) scrub(text string) string { return secret.Scrub(text, c.key.Reveal()) }

// settled turns a write whose outcome is unknown into a success when a look shows that what it wanted is so. Any other
// error, and an unknown outcome that stays one, is returned as it is.
func settled(ctx context.Context, err error, look func(context.Context) (bool, error)) error {
	if err == nil || !errors.Is(err, ErrUnknownOutcome) || ctx.Err() != nil {
		return err
	}
	if done, lookErr := look(ctx); lookErr == nil && done {
		return nil
	}
	return err
}
