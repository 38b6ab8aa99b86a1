package httpcall

import (
	"net/url"
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

// sweep cuts the URLs in a text that was formatted by others. It is written by hand: a regular expression would weigh a
// quarter of a megabyte in every program that imports one of the packages.
func sweep(text string) string {
	const mark = "://"
	var b strings.Builder
	for {
		at := strings.Index(text, mark)
		if at < 0 {
			b.WriteString(text)
			return b.String()
		}
		start := at
		for start > 0 && inScheme(text[start-1]) {
			start--
		}
		for start < at && !isLetter(text[start]) {
			start++
		}
		end := at + len(mark)
		for start < at && end < len(text) && !strings.ContainsRune(" \t\n\f\r\"`<>", rune(text[end])) {
			end++
		}
		b.WriteString(text[:start])
		if end > at+len(mark) {
			b.WriteString(cut(text[start:end]))
		} else {
			b.WriteString(text[start:end])
		}
		text = text[end:]
	}
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func inScheme(c byte) bool {
	return isLetter(c) || c >= '0' && c <= '9' || c == '+' || c == '.' || c == '-'
}

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
