// Package pipehttp serves real net/http over in-memory pipes: no port, no kernel, and it works inside a
// testing/synctest bubble, where an httptest server would hang. The fakes are built on it.
package pipehttp

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
)

// Server is an HTTP server that only its own client can reach.
type Server struct {
	// URL is what to use as base URL, such as "http://wechat.fake". Only Client resolves it.
	URL string

	srv      *http.Server
	listener *listener
	tr       *http.Transport
	done     chan struct{}
}

// NewServer serves h under http://host until Close.
func NewServer(host string, h http.Handler) *Server {
	l := &listener{conns: make(chan net.Conn), closed: make(chan struct{})}
	s := &Server{
		URL:      "http://" + host,
		srv:      &http.Server{Handler: h}, //nolint:gosec // in-memory: no slow stranger can connect
		listener: l,
		done:     make(chan struct{}),
	}
	s.tr = &http.Transport{
		DialContext:         l.dial,
		MaxIdleConnsPerHost: 64,
		DisableCompression:  true,
	}
	go func() {
		defer close(s.done)
		_ = s.srv.Serve(l) // always http.ErrServerClosed
	}()
	return s
}

// Client returns a client whose every connection, whatever the host, ends in this server.
func (s *Server) Client() *http.Client { return &http.Client{Transport: s.tr} }

// HTTPSClient is Client for URLs that may also begin with https, so that a fake can be reached under the very URLs of the
// platform. No TLS is spoken: there is nobody on the way to hide from.
func (s *Server) HTTPSClient() *http.Client { return &http.Client{Transport: noTLS{s.tr}} }

// noTLS speaks http where https was asked for. The caller's request stays as it was, and the answer belongs to it: a
// relative Location leads to https again.
type noTLS struct{ next http.RoundTripper }

func (t noTLS) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != "https" {
		return t.next.RoundTrip(req)
	}
	plain := req.Clone(req.Context())
	plain.URL.Scheme = "http"
	resp, err := t.next.RoundTrip(plain)
	if resp != nil {
		resp.Request = req
	}
	return resp, err
}

// Close ends every connection and waits for the accept loop, not for handlers: one of them may be the caller. A
// handler that sleeps should end with the context of its request, or a synctest bubble ends in "deadlock". Close may be
// called again.
func (s *Server) Close() {
	_ = s.srv.Close()
	<-s.done
	_ = s.srv.Close() // a connection that was being accepted during the first one is known by now
	s.tr.CloseIdleConnections()
}

type listener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *listener) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- serverConn{server}:
		return client, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "dial", Net: "pipe", Addr: pipeAddr(addr), Err: errors.New("connection refused: the fake is closed")}
	case <-ctx.Done():
		return nil, &net.OpError{Op: "dial", Net: "pipe", Addr: pipeAddr(addr), Err: context.Cause(ctx)}
	}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *listener) Addr() net.Addr { return pipeAddr("pipe") }

// serverConn ends a connection whose request was answered before its body was read. net/http closes the way out, if
// there is a CloseWrite, and then sleeps for half a second, so that TCP does not throw the answer away; a goroutine that
// sleeps after Close is a leak to goleak and a deadlock to synctest. A pipe has delivered the answer by now: what is left
// is to read on until the caller has had enough, and to leave the way that a handler would.
type serverConn struct{ net.Conn }

func (c serverConn) CloseWrite() error {
	_, _ = io.Copy(io.Discard, c.Conn)
	panic(http.ErrAbortHandler)
}

type pipeAddr string

func (pipeAddr) Network() string  { return "pipe" }
func (a pipeAddr) String() string { return string(a) }
