package httpcall

import (
	"net/url"
	"regexp"
	"strings"
)

// Redact rebuilds an error so that neither its text nor that of any error in its chain holds the query, fragment or
// user info of a URL. net/http puts the whole URL into its errors, and WeChat's and Aliyun's URLs hold tokens and phone
// numbers. An error that holds no such URL is returned as it is. One that does becomes an error with the same text, the
// URLs cut, and the same branches below it: errors.Is still finds a sentinel there, [*url.Error] stays one, but the
// type of an error that wraps one is gone.
func Redact(err error) error {
	clean, _ := redact(err)
	return clean
}

// redact tells whether anything had to go. It walks the chain itself, one error at a time, and compares no errors, since
// some cannot be compared.
func redact(err error) (clean error, changed bool) {
	switch e := err.(type) { //nolint:errorlint // see above
	case nil:
		return nil, false
	case *url.Error:
		inner, changed := redact(e.Err)
		bare := RedactURL(e.URL)
		if !changed && bare == e.URL {
			return err, false
		}
		return &url.Error{Op: e.Op, URL: bare, Err: inner}, true
	case interface{ Unwrap() error }:
		return rebuild(err, e.Unwrap())
	case interface{ Unwrap() []error }:
		return rebuild(err, e.Unwrap()...)
	}
	return rebuild(err)
}

// redacted stands in for an error whose text held a URL with credentials.
type redacted struct {
	text  string
	below []error
}

func (r *redacted) Error() string   { return r.text }
func (r *redacted) Unwrap() []error { return r.below }

func rebuild(err error, below ...error) (clean error, changed bool) {
	text := err.Error()
	kept := make([]error, 0, len(below))
	for _, b := range below {
		c, cut := redact(b)
		if c == nil {
			continue
		}
		if cut {
			text = strings.ReplaceAll(text, b.Error(), c.Error())
		}
		changed = changed || cut
		kept = append(kept, c)
	}
	if swept := sweep(text); changed || swept != text {
		return &redacted{text: swept, below: kept}, true
	}
	return err, false
}

var urls = regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://[^\s"\x60<>]+`)

// sweep cuts the URLs in a text that was formatted by others.
func sweep(text string) string { return urls.ReplaceAllStringFunc(text, cut) }

// cut is RedactURL for a URL in a sentence: it keeps what is spelled unusually but holds nothing, and a closing mark.
func cut(raw string) string {
	if !strings.ContainsAny(raw, "?#@") {
		return raw
	}
	bare := strings.TrimRight(raw, ".,;:)'")
	return RedactURL(bare) + raw[len(bare):]
}

// RedactURL keeps scheme, host and path of a URL, and nothing at all of what does not parse.
func RedactURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "(url)"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}
