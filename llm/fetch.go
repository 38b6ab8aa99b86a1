package llm

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// FetchOptions changes [FetchImage]. The zero value is safe.
type FetchOptions struct {
	MaxBytes      int64         // 0 = 32 MiB
	Timeout       time.Duration // of the whole fetch; 0 = 1 min
	AllowLoopback bool          // for tests: also loopback addresses, nothing else private
	// HTTPClient replaces the package's own, and with it the guard against private addresses; its transport is used, its
	// redirect policy is not.
	HTTPClient *http.Client
}

// FetchImage downloads an image from an address that a server gave, and returns its bytes and media type.
//
// The address is a stranger's word, so nothing is taken on trust: only http and https; every connection, redirects
// included, is checked when it is made, after the name has been resolved, and refused when it would go to a private,
// loopback, link-local or otherwise special address (so that a server cannot make this program read a cloud's metadata
// service); no proxy, no key, no cookie; at most five redirects, none from https to http; a size limit; and what comes
// must begin as a PNG, JPEG, GIF, WebP, AVIF or BMP does.
//
// Errors: [ErrInvalid] for an address that is refused, [ErrTooLarge], [ErrIdle] after the timeout, [ErrNotStream] for what is
// no image, else [*Error] with the status. Nothing is repeated.
func FetchImage(ctx context.Context, rawURL string, opts *FetchOptions) (data []byte, mediaType string, err error) {
	o := FetchOptions{}
	if opts != nil {
		o = *opts
	}
	o.MaxBytes, o.Timeout = orDefault(o.MaxBytes, 32<<20), orDefault(o.Timeout, time.Minute)
	fail := func(kind error, status int, cause error) ([]byte, string, error) {
		if s, ok := errors.AsType[*silence](cause); ok {
			kind, cause = ErrIdle, s
		}
		return nil, "", &Error{Op: "fetch image", Status: status, Kind: kind, Message: cause.Error(), Err: cause}
	}
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return fail(ErrInvalid, 0, errors.New("the address is not an http or https URL"))
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.Timeout, &silence{"no whole image", o.Timeout, "FetchOptions.Timeout"})
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, rawURL, nil)
	if err != nil {
		return fail(ErrInvalid, 0, httpcall.Redact(err))
	}
	req.Header.Set("Accept", "image/*")
	hc, done := o.client()
	defer done()
	resp, err := hc.Do(req)
	if err != nil {
		err = httpcall.Redact(err)
		if errors.Is(err, errRefused) {
			return fail(ErrInvalid, 0, err)
		}
		return fail(nil, 0, err)
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		return fail(classify(&Error{Status: max(resp.StatusCode, 300)}), resp.StatusCode, errors.New(http.StatusText(resp.StatusCode)))
	}
	data, err = httpcall.Read(resp.Body, o.MaxBytes)
	switch {
	case errors.Is(err, httpcall.ErrTooLarge):
		return fail(ErrTooLarge, resp.StatusCode, err)
	case err != nil:
		return fail(ErrTruncated, resp.StatusCode, cmp.Or(context.Cause(ctx), err))
	}
	if mediaType = imageType(data); mediaType == "" {
		return fail(ErrNotStream, resp.StatusCode, errors.New("what came is not an image"))
	}
	return data, mediaType, nil
}

var errRefused = errors.New("the address is refused")

func (o *FetchOptions) client() (hc *http.Client, done func()) {
	var transport http.RoundTripper
	done = func() {}
	if o.HTTPClient != nil {
		transport = o.HTTPClient.Transport
	} else {
		dialer := &net.Dialer{Timeout: 15 * time.Second, Control: o.control}
		t := &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: 15 * time.Second, ForceAttemptHTTP2: true}
		transport, done = t, t.CloseIdleConnections
	}
	return &http.Client{Transport: transport, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		switch {
		case len(via) > 5:
			return fmt.Errorf("%w: too many redirects", errRefused)
		case req.URL.Scheme != "https" && (req.URL.Scheme != "http" || via[len(via)-1].URL.Scheme == "https"):
			return fmt.Errorf("%w: a redirect from https to %s", errRefused, req.URL.Scheme)
		}
		req.Header.Del("Referer")
		return nil
	}}, done
}

// control sees the address that a connection is about to be made to: no name can hide behind it.
func (o *FetchOptions) control(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s", errRefused, address)
	}
	ip := ap.Addr().Unmap().WithZone("")
	if o.AllowLoopback && ip.IsLoopback() {
		return nil
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || isSpecial(ip) {
		return fmt.Errorf("%w: %s is not a public address", errRefused, ip)
	}
	return nil
}

// isSpecial tells the global unicast addresses that are not public, or that smuggle an IPv4 address (IANA's
// special-purpose registries, read 2026-11).
func isSpecial(ip netip.Addr) bool {
	for _, block := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32",
		"2002::/16", "3fff::/20", "5f00::/16", "::/96", "fec0::/10",
	} {
		if netip.MustParsePrefix(block).Contains(ip) {
			return true
		}
	}
	return false
}

func imageType(data []byte) string {
	if len(data) >= 12 && string(data[4:8]) == "ftyp" && bytes.Contains(data[8:min(len(data), 40)], []byte("avif")) {
		return "image/avif"
	}
	switch t := http.DetectContentType(data); t {
	case "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp":
		return t
	}
	return ""
}
