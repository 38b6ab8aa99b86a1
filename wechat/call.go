package wechat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
	"github.com/kitroll/kitroll/internal/secret"
)

// maxAnswer bounds an answer: 20 drafts of 8 long articles stay far below.
const maxAnswer = 64 << 20

// effect is what a call does to the account, and with it whether it may be repeated.
type effect int

const (
	reads    effect = iota // repeated after a transient failure
	harmless               // a write whose repetition costs nothing: not repeated by us, and its outcome needs no looking for
	writes                 // repeated only when it provably never left; a lost answer is ErrUnknownOutcome
	once                   // never repeated, not even when it never left
)

// call is one request to the platform.
type call struct {
	op     string     // path after /cgi-bin/
	root   bool       // op is the whole path
	get    bool       // GET; else POST
	query  url.Values // without the token
	body   payload
	effect effect
	advice string // for ErrUnknownOutcome: how to find out

	noToken bool // it brings credentials of its own
}

// payload is a body that can be read more than once and whose length is known: WeChat answers 412 to a chunked one.
type payload struct {
	contentType string
	parts       [][]byte
}

func (p payload) len() (n int64) {
	for _, part := range p.parts {
		n += int64(len(part))
	}
	return n
}

func (p payload) open() (io.ReadCloser, error) {
	readers := make([]io.Reader, len(p.parts))
	for i, part := range p.parts {
		readers[i] = bytes.NewReader(part)
	}
	return io.NopCloser(io.MultiReader(readers...)), nil
}

// post is a call with a JSON body.
func (c *Client) post(ctx context.Context, what call, in, out any) error {
	data, err := encodeJSON(in)
	if err != nil {
		return fmt.Errorf("wechat: %s: encode: %w", what.op, err)
	}
	what.body = payload{contentType: "application/json", parts: [][]byte{data}}
	return c.do(ctx, what, out)
}

// do makes the call with a token, decodes its answer into out (nil: nothing to decode), repeats it where that is safe,
// and says so when a write was lost.
func (c *Client) do(ctx context.Context, what call, out any) error {
	err := c.retry.Do(ctx, func(ctx context.Context) error { return c.withToken(ctx, what, out) }, func(err error) httpcall.Verdict {
		e, ok := errors.AsType[*Error](err)
		if !ok || !e.Is(ErrTemporary) || e.Op != what.op {
			return httpcall.Verdict{}
		}
		return httpcall.Verdict{Again: what.effect == reads || (what.effect != once && !e.sent)}
	})
	if err == nil || what.effect == reads || what.effect == harmless {
		return err
	}
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Op != what.op || !e.sent {
		return err
	}
	// No answer (a caller who gave up included), a proxy's page, or "system busy", which comes after the effect as well.
	if e.HTTPStatus == 0 || e.Is(ErrTemporary) {
		return unknown(what.op, what.advice, err)
	}
	return err
}

// withToken makes the call once, and once more with a new token when the platform refused the first; with a Store once
// more than that, since what it held may have died together with the first. A refused token is refused before anything
// happens, so that is safe for every call.
func (c *Client) withToken(ctx context.Context, what call, out any) error {
	if what.noToken {
		return c.send(ctx, what, "", out)
	}
	tok, err := c.Token(ctx)
	if err != nil {
		return err
	}
	for replaced := 0; ; replaced++ {
		err = c.send(ctx, what, tok.Value, out)
		e, ok := errors.AsType[*Error](err)
		if !ok || !e.Is(ErrToken) || replaced == c.replacements {
			return err
		}
		c.log.WarnContext(ctx, "wechat refused the access token; asking for another", slog.String("op", what.op), slog.Int("errcode", e.Code), slog.String("rid", e.RID))
		next, tokenErr := c.tokens.Token(ctx, tok.Value)
		switch {
		case tokenErr != nil:
			return fmt.Errorf("%w (after: %w)", tokenErr, err)
		case next.Value == tok.Value:
			return fmt.Errorf("%w: %w", errSameToken, err)
		}
		tok = next
	}
}

// sendTo makes one request. An empty token is for the call that gets one.
func (c *Client) sendTo(ctx context.Context, base string, what call, token string, out any) error {
	query := url.Values{}
	maps.Copy(query, what.query)
	if token != "" {
		query.Set("access_token", token)
	}
	method := http.MethodPost
	if what.get {
		method = http.MethodGet
	}
	at := base + "/cgi-bin/"
	if what.root {
		at = base + "/"
	}
	req, err := http.NewRequestWithContext(ctx, method, at+what.op+"?"+query.Encode(), nil)
	if err != nil {
		return fmt.Errorf("wechat: %s: %w", what.op, httpcall.Redact(err))
	}
	if !what.get {
		req.ContentLength = what.body.len()
		req.GetBody = what.body.open
		req.Body, _ = what.body.open()
		req.Header.Set("Content-Type", what.body.contentType)
	}
	hide := func(text string) string { return c.hide(secret.Scrub(text, token, url.QueryEscape(token))) }
	began := time.Now()
	resp, err := httpcall.Do(c.hc, req) //nolint:bodyclose // httpcall.Read closes it
	if err != nil {
		c.log.DebugContext(ctx, "wechat call got no answer", slog.String("op", what.op), slog.Duration("took", time.Since(began)))
		return noAnswer(ctx, what.op, httpcall.MaybeSent(err), err)
	}
	data, err := httpcall.Read(resp.Body, maxAnswer)
	if err != nil {
		return noAnswer(ctx, what.op, true, err)
	}
	c.log.DebugContext(ctx, "wechat call", slog.String("op", what.op), slog.Int("status", resp.StatusCode), slog.Int("bytes", len(data)), slog.Duration("took", time.Since(began)))
	return c.read(what.op, resp.StatusCode, resp.Header, data, out, hide)
}

// read tells an answer from a refusal. Success often has no errcode at all, and JSON comes as text/plain: the bytes
// decide. The status is looked at first only for what is not JSON.
func (c *Client) read(op string, status int, header http.Header, data []byte, out any, hide func(string) string) error {
	if d, ok := out.(*downloaded); ok && d.take(status, header, data) {
		return nil
	}
	data = bytes.TrimPrefix(bytes.TrimSpace(data), []byte("\ufeff"))
	var a answer
	if err := a.decode(data); err != nil {
		data = withoutControls(data)
		a = answer{}
		if err := a.decode(data); err != nil || status != http.StatusOK && a.Code == 0 {
			return noJSON(op, status, header, data, c.now(), hide)
		}
	}
	if a.Code != 0 {
		return c.refused(op, status, a, hide)
	}
	if status != http.StatusOK {
		return noJSON(op, status, header, data, c.now(), hide)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		e := noJSON(op, status, header, data, c.now(), hide)
		e.Msg = "an answer in an unexpected form: " + strings.TrimPrefix(err.Error(), "json: ")
		return e
	}
	return nil
}

// withoutControls blanks raw control characters, which file names bring into the platform's JSON.
func withoutControls(data []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if r < 0x20 {
			return ' '
		}
		return r
	}, data)
}
