package cdntest

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"syscall"
)

// Internet is names, addresses and ports in memory. It is safe for concurrent use.
type Internet struct {
	resolve func(name string) []netip.Addr // the names of CloudFront itself

	mu     sync.Mutex
	names  map[string][]netip.Addr
	cnames map[string]string
	ports  map[string]*listener
	routes map[string]string // to a real address
	drop   map[string]bool
	conns  map[net.Conn]bool
	closed chan struct{}
}

func newInternet() *Internet {
	return &Internet{
		names: map[string][]netip.Addr{}, cnames: map[string]string{}, ports: map[string]*listener{}, routes: map[string]string{},
		drop: map[string]bool{}, conns: map[net.Conn]bool{}, closed: make(chan struct{}),
	}
}

// SetName gives a name its addresses; none = there is no such name any more.
func (n *Internet) SetName(name string, addresses ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.cnames, name)
	delete(n.names, name)
	for _, a := range addresses {
		n.names[name] = append(n.names[name], netip.MustParseAddr(a))
	}
}

// SetCNAME leads a name to another.
func (n *Internet) SetCNAME(name, target string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.names, name)
	n.cnames[name] = target
}

// Listen opens a port: "203.0.113.10:443". What dials it gets one end of a pipe, the listener the other.
func (n *Internet) Listen(address string) net.Listener {
	l := &listener{conns: make(chan net.Conn), closed: make(chan struct{}), address: address, net: n}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ports[address] = l
	return l
}

// Route leads an address and port to a real one, such as that of a test server on loopback.
func (n *Internet) Route(address, to string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.routes[address] = to
}

// Drop lets a port swallow whatever comes, as a security group does, or no longer.
func (n *Internet) Drop(address string, on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.drop[address] = on
}

// Lookup is a resolver, for cdn.Network.
func (n *Internet) Lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	n.mu.Lock()
	for range 8 {
		target, ok := n.cnames[name]
		if !ok {
			break
		}
		name = target
	}
	addrs := n.names[name]
	n.mu.Unlock()
	if len(addrs) == 0 && n.resolve != nil {
		addrs = n.resolve(name)
	}
	if len(addrs) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return addrs, nil
}

// Dial connects, for cdn.Network.
func (n *Internet) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	fail := func(err error) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: pipeAddr(address), Err: err}
	}
	n.mu.Lock()
	l, route, drop := n.ports[address], n.routes[address], n.drop[address]
	n.mu.Unlock()
	switch {
	case drop:
		select {
		case <-ctx.Done():
		case <-n.closed:
		}
		return fail(os.ErrDeadlineExceeded)
	case route != "":
		return (&net.Dialer{}).DialContext(ctx, network, route)
	case l == nil:
		return fail(os.NewSyscallError("connect", syscall.ECONNREFUSED))
	}
	client, server := net.Pipe()
	n.mu.Lock()
	n.conns[client], n.conns[server] = true, true
	n.mu.Unlock()
	select {
	case l.conns <- server:
		return tracked{client, n}, nil
	case <-l.closed:
		n.forget(client, server)
		return fail(os.NewSyscallError("connect", syscall.ECONNREFUSED))
	case <-ctx.Done():
		n.forget(client, server)
		return fail(fmt.Errorf("%w: %w", os.ErrDeadlineExceeded, context.Cause(ctx)))
	}
}

func (n *Internet) forget(conns ...net.Conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
		delete(n.conns, c)
	}
}

// Close ends every connection and listener.
func (n *Internet) Close() {
	n.mu.Lock()
	select {
	case <-n.closed:
	default:
		close(n.closed)
	}
	for c := range n.conns {
		_ = c.Close()
	}
	listeners := n.ports
	n.ports = map[string]*listener{}
	n.mu.Unlock()
	for _, l := range listeners {
		_ = l.Close()
	}
}

// tracked is a connection that the Internet forgets when it ends.
type tracked struct {
	net.Conn
	net *Internet
}

func (c tracked) Close() error {
	c.net.forget(c.Conn)
	return nil
}

type listener struct {
	conns   chan net.Conn
	closed  chan struct{}
	once    sync.Once
	address string
	net     *Internet
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return tracked{c, l.net}, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.net.mu.Lock()
		defer l.net.mu.Unlock()
		if l.net.ports[l.address] == l {
			delete(l.net.ports, l.address)
		}
	})
	return nil
}

func (l *listener) Addr() net.Addr { return pipeAddr(l.address) }

type pipeAddr string

func (pipeAddr) Network() string  { return "pipe" }
func (a pipeAddr) String() string { return string(a) }
