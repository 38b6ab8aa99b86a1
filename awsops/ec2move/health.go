package ec2move

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
)

const (
	healthEvery   = 10 * time.Second // between two checks
	healthTimes   = 3                // in a row
	healthTimeout = 15 * time.Second // of one check, redirects included
	healthBody    = 64 << 10         // what Contains is looked for in
	healthHops    = 5                // redirects
)

// HTTPHealth is the [HealthChecker] that a Config without one gets: a GET of the check's URL whose connection goes to the
// address, whatever DNS says, with the URL's host in Host and SNI. Certificates are verified for that host, so a copy whose
// certificate does not come along fails before any visitor sees it. A redirect to the same host is followed, to the same
// address, at most five times; one to another host is not: it is the answer. Nothing of a proxy is used, and no connection is
// kept. One check takes at most 15 s.
type HTTPHealth struct {
	// TLS is for certificates of a private authority, by its RootCAs; nil = the machine's authorities. It is copied, its
	// ServerName is not used.
	TLS *tls.Config
	// Dial connects; nil = a net.Dialer. For tests, and for whoever reaches the copy over a tunnel.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Check asks once. Its error says what was wrong: the connection, the certificate, the status, or the text that is missing.
// An empty URL is no check, and passes.
func (h HTTPHealth) Check(ctx context.Context, address netip.Addr, check HealthCheck) error {
	if check.URL == "" {
		return nil
	}
	u, err := check.target()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, healthTimeout, fmt.Errorf("no answer within %v", healthTimeout))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return httpcall.Redact(err)
	}
	req.Header.Set("User-Agent", "kitroll-ec2move")
	transport := h.transport(address)
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		if !strings.EqualFold(next.URL.Hostname(), u.Hostname()) {
			return http.ErrUseLastResponse
		}
		if len(via) > healthHops {
			return fmt.Errorf("more than %d redirects", healthHops)
		}
		return nil
	}}
	resp, err := client.Do(req)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return fmt.Errorf("%v: %w", address, cause)
		}
		return fmt.Errorf("%v: %w", address, httpcall.Redact(err))
	}
	defer func() { _ = resp.Body.Close() }()
	return check.judge(address, resp)
}

// judge compares an answer with what the check wants.
func (c HealthCheck) judge(address netip.Addr, resp *http.Response) error {
	switch {
	case c.Status != 0 && resp.StatusCode != c.Status:
		return fmt.Errorf("%v: HTTP %d in place of %d", address, resp.StatusCode, c.Status)
	case c.Status == 0 && (resp.StatusCode < http.StatusOK || resp.StatusCode >= http.StatusBadRequest):
		return fmt.Errorf("%v: HTTP %d", address, resp.StatusCode)
	case c.Contains == "":
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, healthBody))
	if strings.Contains(string(body), c.Contains) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%v: the body broke off: %w", address, httpcall.Redact(err))
	}
	return fmt.Errorf("%v: HTTP %d, without %q in the first %d kB of the body", address, resp.StatusCode, c.Contains, healthBody>>10)
}

func (h HTTPHealth) transport(address netip.Addr) *http.Transport {
	dial := h.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	t := &http.Transport{
		DisableKeepAlives: true, ForceAttemptHTTP2: true, TLSClientConfig: h.TLS.Clone(),
		DialContext: func(ctx context.Context, network, asked string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(asked)
			if err != nil {
				return nil, err
			}
			return dial(ctx, network, net.JoinHostPort(address.String(), port))
		},
	}
	if t.TLSClientConfig != nil {
		t.TLSClientConfig.ServerName = "" // net/http takes the URL's
	}
	return t
}

// target is the URL of a check.
func (c HealthCheck) target() (*url.URL, error) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil:
		return nil, errors.New("is no URL") // whose text may hold a password
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("scheme %q: http or https", u.Scheme)
	case u.User != nil:
		return nil, errors.New("holds a user or a password, which a plan would print")
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil || u.Hostname() == "" {
		return nil, fmt.Errorf("host %q: the name that visitors use", u.Hostname())
	}
	return u, nil
}

// times is how many checks in a row must pass.
func (c HealthCheck) times() int { return cmp.Or(c.Times, healthTimes) }

// check reports the problems that can be seen without asking anybody.
func (c HealthCheck) check(add func(field, format string, args ...any)) {
	if c.URL != "" {
		if _, err := c.target(); err != nil {
			add("Cutover.Check.URL", "%v", err)
		}
	}
	if c.Status != 0 && (c.Status < 200 || c.Status > 599) {
		add("Cutover.Check.Status", "%d: 200 to 599, or 0", c.Status)
	}
	if c.Times < 0 || c.Times > 100 {
		add("Cutover.Check.Times", "%d: 1 to 100, or 0", c.Times)
	}
}
