package aliyun

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
	"github.com/kitroll/kitroll/internal/secret"
)

// maxMessage bounds what of a platform's message gets into an error, in bytes.
const maxMessage = 300

// mailPattern finds e-mail addresses: those of a domain's contacts are nobody's business.
var mailPattern = regexp.MustCompile(`[^\s@<>"'(),;:]+@[^\s@<>"'(),;:]+\.[A-Za-z]{2,}`)

// redactor takes out of the platform's texts what it may have echoed: the key, phone numbers, template parameters and
// e-mail addresses.
// A text that repeats the string to sign is cut before it, since that holds all of them in another spelling.
func redactor(r Request, key Credentials) func(string) string {
	hidden := []string{key.AccessKeySecret, key.SecurityToken}
	for name, value := range r.Params {
		if !private(r.Product, name) {
			continue
		}
		hidden = append(hidden, value)
		hidden = append(hidden, strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == '\n' })...)
		var v any
		if json.Unmarshal([]byte(value), &v) == nil {
			hidden = append(hidden, leaves(v)...)
		}
	}
	for _, v := range slices.Clone(hidden) {
		hidden = append(hidden, url.QueryEscape(v))
	}
	// A short value may be part of a longer one.
	slices.SortFunc(hidden, func(a, b string) int { return len(b) - len(a) })
	return func(text string) string {
		text = mailPattern.ReplaceAllString(text, secret.Hidden)
		if i := strings.Index(strings.ToLower(text), "string to sign"); i >= 0 {
			text = text[:i] + "string to sign is left out"
		}
		return httpcall.Head([]byte(secret.Scrub(text, hidden...)), maxMessage)
	}
}

// shown is a text of the platform that becomes part of an error or a state: without e-mail addresses, and not endless.
func shown(text string) string {
	return httpcall.Head([]byte(mailPattern.ReplaceAllString(text, secret.Hidden)), maxMessage)
}

// private reports whether a parameter holds what is nobody's business: phones, what they are told, and URLs of files, which
// may have a token.
func private(p Product, name string) bool {
	return strings.Contains(name, "Phone") || strings.Contains(name, "Param") || name == "ObjectPath" ||
		p == GlobeSMSProduct && (name == "To" || name == "Message")
}

// leaves are the strings in a JSON value, which is an object or, of a batch, an array of objects.
func leaves(v any) (out []string) {
	switch v := v.(type) {
	case string:
		out = append(out, v)
	case []any:
		for _, item := range v {
			out = append(out, leaves(item)...)
		}
	case map[string]any:
		for _, item := range v {
			out = append(out, leaves(item)...)
		}
	}
	return out
}

// record logs one attempt: no parameter, no host, no key.
func (c *Client) record(ctx context.Context, r Request, attempt int, took time.Duration, resp *Response, err error) {
	level, attrs := slog.LevelDebug, []slog.Attr{
		slog.String("op", r.Action), slog.Int("attempt", attempt), slog.Duration("took", took),
	}
	if e, ok := errors.AsType[*Error](err); ok {
		if e.Is(ErrTemporary) || e.Is(ErrThrottled) || e.Is(ErrUnknownOutcome) {
			level = slog.LevelWarn
		}
		attrs = append(attrs, slog.Any("error", e))
	}
	if resp != nil {
		attrs = append(attrs, slog.String("code", resp.Code), slog.String("request", resp.RequestID))
	}
	c.log.LogAttrs(ctx, level, "aliyun call", attrs...)
}
