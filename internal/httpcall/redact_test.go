package httpcall_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/httpcall"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// manyErrors cannot be compared: == on it panics.
type manyErrors []error

func (m manyErrors) Error() string   { return errors.Join(m...).Error() }
func (m manyErrors) Unwrap() []error { return m }

// silent says nothing and hides an error.
type silent struct{ error }

func (silent) Error() string   { return "" }
func (s silent) Unwrap() error { return s.error }

func TestRedact(t *testing.T) {
	t.Parallel()
	const target = "https://user:s3cr3t@platform.fake/send?access_token=s3cr3t#s3cr3t"
	leaky := func(cause error) error { return &url.Error{Op: "Post", URL: target, Err: cause} }

	for name, tt := range map[string]struct {
		err  error
		want string
		is   error
	}{
		"plain":                {err: leaky(io.EOF), want: `Post "https://platform.fake/send": EOF`, is: io.EOF},
		"in itself":            {err: leaky(leaky(io.EOF)), want: `Post "https://platform.fake/send": Post "https://platform.fake/send": EOF`, is: io.EOF},
		"wrapped":              {err: fmt.Errorf("attempt 2: %w", leaky(io.EOF)), want: `attempt 2: Post "https://platform.fake/send": EOF`, is: io.EOF},
		"wrapped, left branch": {err: fmt.Errorf("%w: %w", context.Canceled, leaky(io.EOF)), want: `context canceled: Post "https://platform.fake/send": EOF`, is: context.Canceled},
		"wrapped, its branch":  {err: fmt.Errorf("%w: %w", context.Canceled, leaky(io.EOF)), want: `context canceled: Post "https://platform.fake/send": EOF`, is: io.EOF},
		"joined":               {err: errors.Join(io.EOF, leaky(io.ErrNoProgress)), want: "EOF\nPost \"https://platform.fake/send\": multiple Read calls return no data or error", is: io.EOF},
		"not comparable":       {err: manyErrors{io.EOF, leaky(io.EOF)}, want: "EOF\nPost \"https://platform.fake/send\": EOF", is: io.EOF},
		"text of others":       {err: errors.New("failed to parse Location header \"" + target + "\": bad"), want: `failed to parse Location header "https://platform.fake/send": bad`},
		"below text of others": {err: &url.Error{Op: "Get", URL: "https://platform.fake/send", Err: fmt.Errorf("moved to (%s).", target)}, want: `Get "https://platform.fake/send": moved to (https://platform.fake/send).`},
		"does not parse":       {err: &url.Error{Op: "parse", URL: "https://platform.fake/a b%zz?token=s3cr3t", Err: io.EOF}, want: `parse "(url)": EOF`, is: io.EOF},
		"wrapped, not parsed":  {err: fmt.Errorf("config: %w", &url.Error{Op: "parse", URL: "https://x/ b%zz?token=s3cr3t", Err: io.EOF}), want: `config: parse "(url)": EOF`, is: io.EOF},
		"hidden":               {err: silent{leaky(io.EOF)}, want: "", is: io.EOF},
		"around what is empty": {err: fmt.Errorf("outer %w", silent{leaky(io.EOF)}), want: "outer ", is: io.EOF},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := httpcall.Redact(tt.err)
			assert.Equal(t, tt.want, got.Error())
			if tt.is != nil {
				require.ErrorIs(t, got, tt.is)
			}
			for _, e := range chain(got) {
				for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
					assert.NotContains(t, fmt.Sprintf(verb, e), "s3cr3t", verb)
				}
			}
		})
	}
}

func TestRedactLeavesAloneWhatIsClean(t *testing.T) {
	t.Parallel()
	assert.NoError(t, httpcall.Redact(nil))
	for name, err := range map[string]error{
		"sentinel":  io.EOF,
		"typed":     fmt.Errorf("send: %w", &net.OpError{Op: "read", Err: io.EOF}),
		"URL error": fmt.Errorf("send: %w", &url.Error{Op: "Get", URL: "https://platform.fake/a%2Fb", Err: io.EOF}),
		"joined":    errors.Join(io.EOF, io.ErrNoProgress),
		"plain URL": errors.New("see https://platform.fake/docs."),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := httpcall.Redact(err)
			assert.True(t, got == err, "the very same error: %#v", got) //nolint:errorlint,testifylint // identity is the point
		})
	}
}

func TestRedactURL(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ raw, want string }{
		"query":    {"https://a.fake/p?token=s3cr3t", "https://a.fake/p"},
		"fragment": {"https://a.fake/p#s3cr3t", "https://a.fake/p"},
		"user":     {"https://u:s3cr3t@a.fake:8443/p", "https://a.fake:8443/p"},
		"escapes":  {"https://a.fake/a%2Fb?x=1", "https://a.fake/a%2Fb"},
		"opaque":   {"mailto:s3cr3t@a.fake", "mailto:"},
		"broken":   {"https://a.fake/%zz?token=s3cr3t", "(url)"},
		"nothing":  {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, httpcall.RedactURL(tt.raw))
		})
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("https://a.fake/p", "token", "s3cr3t-value")
	f.Add("https://a.fake/%zz", "", "\x00 \" '")
	f.Add("://", "k", "http://b.fake/?")
	f.Fuzz(func(t *testing.T, base, key, value string) {
		const mark = "s3cr3tmark"
		if strings.ContainsAny(base, "?#") {
			return
		}
		raw := base + "?" + url.QueryEscape(key) + "=" + mark + url.QueryEscape(value)
		inner := &url.Error{Op: "Get", URL: raw, Err: io.EOF}
		for _, err := range []error{inner, fmt.Errorf("a: %w", inner), errors.Join(io.EOF, fmt.Errorf("b %w c", inner))} {
			for _, e := range chain(httpcall.Redact(err)) {
				if strings.Contains(e.Error(), mark) {
					t.Fatalf("%q in %q", raw, e)
				}
			}
		}
	})
}

// chain is every error in the tree below err.
func chain(err error) []error {
	all := []error{err}
	switch e := err.(type) { //nolint:errorlint // a walk
	case interface{ Unwrap() error }:
		if u := e.Unwrap(); u != nil {
			all = append(all, chain(u)...)
		}
	case interface{ Unwrap() []error }:
		for _, u := range e.Unwrap() {
			all = append(all, chain(u)...)
		}
	}
	return all
}

// FuzzRedact holds the hand-written search for URLs to the regular expression that says the same.
func FuzzRedact_search(f *testing.F) {
	urls := regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://[^\s"\x60<>]+`)
	for _, s := range []string{"get https://u:p@e.com/a?token=x: EOF", "1+a.b-C://x?y z://", "://?x", "a://b?c<d://e#f>", "-a://b@c\"d", "\x10://xC-C://x~/?"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want := urls.ReplaceAllStringFunc(s, func(raw string) string {
			if !strings.ContainsAny(raw, "?#@") {
				return raw
			}
			bare := strings.TrimRight(raw, ".,;:)'")
			return httpcall.RedactURL(bare) + raw[len(bare):]
		})
		require.Equal(t, want, httpcall.Redact(errors.New(s)).Error(), "%q", s)
	})
}
