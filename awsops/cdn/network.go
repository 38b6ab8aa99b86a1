package cdn

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// Network is how the Internet is reached. The zero value is the machine's own way. No proxy is used: CloudFront has none.
type Network struct {
	// Lookup gives the addresses of a name; an error that is a *net.DNSError with IsNotFound says that there is no such name.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	// Dial connects to an address and port.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Roots are the authorities that CloudFront is taken to trust; nil = the machine's. CloudFront has Mozilla's list.
	Roots *x509.CertPool
}

func (n Network) or(other Network) Network {
	if n.Lookup == nil {
		n.Lookup = other.Lookup
	}
	if n.Dial == nil {
		n.Dial = other.Dial
	}
	if n.Roots == nil {
		n.Roots = other.Roots
	}
	return n
}

func (n Network) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	var addrs []netip.Addr
	var err error
	if n.Lookup != nil {
		addrs, err = n.Lookup(ctx, host)
	} else {
		addrs, err = net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	}
	if err != nil {
		return nil, err
	}
	out := make([]netip.Addr, 0, len(addrs))
	for _, a := range addrs {
		out = append(out, a.Unmap())
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return slices.Compact(out), nil
}

// dial connects within the time, which counts for all that is done with the connection as well.
func (n Network) dial(ctx context.Context, timeout time.Duration, at netip.AddrPort) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	f := n.Dial
	if f == nil {
		f = (&net.Dialer{}).DialContext
	}
	conn, err := f(ctx, "tcp", at.String())
	if err != nil {
		return nil, err
	}
	return conn, conn.SetDeadline(time.Now().Add(timeout))
}

// target is one request to one address.
type target struct {
	at     netip.AddrPort
	https  bool
	sni    string // also the name that is checked, if verify is set
	host   string // the Host header
	path   string // with its query
	verify bool
	extra  map[string]string // headers
}

// reply is the head of an answer.
type reply struct {
	Status int
	Header http.Header
	TLS    *tls.ConnectionState
}

const maxHead = 256 << 10 // of an answer

// ask sends a GET and reads the head of the answer. Redirects are not followed.
func (n Network) ask(ctx context.Context, timeout time.Duration, t target) (reply, error) {
	conn, err := n.dial(ctx, timeout, t.at)
	if err != nil {
		return reply{}, fmt.Errorf("connect: %w", plain(err))
	}
	defer conn.Close() //nolint:errcheck // the answer was read
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	var out reply
	if t.https {
		secured := tls.Client(conn, &tls.Config{
			ServerName: t.sni, RootCAs: n.Roots, MinVersion: tls.VersionTLS10, CipherSuites: everyCipher(),
			InsecureSkipVerify: !t.verify, //nolint:gosec // the chain is judged apart, with more words than an error has
		})
		if err := secured.HandshakeContext(ctx); err != nil {
			return reply{}, fmt.Errorf("TLS: %w", plain(err))
		}
		state := secured.ConnectionState()
		out.TLS, conn = &state, secured
	}
	req := &http.Request{
		Method: http.MethodGet, Host: t.host, URL: &url.URL{Path: "/"}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"User-Agent": {"kitroll-probe"}, "Accept": {"*/*"}}, Close: true,
	}
	if req.URL, err = url.ParseRequestURI(t.path); err != nil {
		return reply{}, fmt.Errorf("path: %w", err)
	}
	for k, v := range t.extra {
		req.Header.Set(k, v)
	}
	if err := req.Write(conn); err != nil {
		return out, fmt.Errorf("send: %w", plain(err))
	}
	r := bufio.NewReader(io.LimitReader(conn, maxHead))
	for {
		resp, err := http.ReadResponse(r, req)
		if err != nil {
			return out, fmt.Errorf("answer: %w", plain(err))
		}
		_ = resp.Body.Close()
		if resp.StatusCode >= http.StatusOK || resp.StatusCode == http.StatusSwitchingProtocols {
			out.Status, out.Header = resp.StatusCode, resp.Header
			return out, nil
		}
	}
}

// everyCipher is all that Go can speak, so that an old server is told from a closed one.
func everyCipher() []uint16 {
	var ids []uint16
	for _, c := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		ids = append(ids, c.ID)
	}
	return ids
}

// isTimeout tells silence from a refusal.
func isTimeout(err error) bool {
	if t, ok := errors.AsType[net.Error](err); ok && t.Timeout() {
		return true
	}
	return errors.Is(err, context.DeadlineExceeded)
}

// unresolved tells whether a name has no addresses, from a resolver that did not answer.
func unresolved(err error) bool {
	d, ok := errors.AsType[*net.DNSError](err)
	return ok && d.IsNotFound
}

// plain is an error without the addresses of this machine.
func plain(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return httpcall.Redact(op.Err)
	}
	return httpcall.Redact(err)
}

// public tells whether an address can be reached from the Internet.
func public(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate() && !netip.MustParsePrefix("100.64.0.0/10").Contains(a)
}

// hostOf is the name in a Host header or URL, without port and dot, in lower case.
func hostOf(authority string) string {
	host := authority
	if h, _, err := net.SplitHostPort(authority); err == nil {
		host = h
	}
	return fold(host)
}

func fold(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

func portOr(port, other int) int { return cmp.Or(port, other) }
