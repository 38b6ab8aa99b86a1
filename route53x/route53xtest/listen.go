package route53xtest

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// listener is one name server on loopback.
type listener struct{ udp, tcp *dns.Server }

// Exchange asks in memory, in the way of a [dns.Client]'s ExchangeContext. addr is a host and a port; where the host is
// a name server of one of the zones, only the zones of that server are answered for. A context that has ended is an
// error.
func (s *Server) Exchange(ctx context.Context, m *dns.Msg, addr string) (*dns.Msg, time.Duration, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, 0, err
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, 0, err
	}
	host = strings.TrimSuffix(host, ".")
	if !s.isServer(host) {
		host = ""
	}
	wire, err := s.reply(m, host, true).Pack() // over the wire and back, so that nothing is shared
	if err != nil {
		return nil, 0, err
	}
	out := new(dns.Msg)
	err = out.Unpack(wire)
	return out, time.Millisecond, err
}

func (s *Server) isServer(host string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, z := range s.zones {
		if slices.Contains(z.servers, host) {
			return true
		}
	}
	return false
}

// ListenDNS serves on a port of loopback, UDP and TCP, until Close: what the name server of that host has, or with ""
// what all have.
func (s *Server) ListenDNS(nameserver string) (netip.AddrPort, error) {
	handler := dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		_ = w.WriteMsg(s.reply(r, nameserver, w.RemoteAddr().Network() == "tcp")) // the one who asked has gone
	})
	var lastErr error
	for range 10 { // the TCP port of the same number may be taken
		udp, err := net.ListenPacket("udp", "127.0.0.1:0") //nolint:noctx // bound at once, on loopback
		if err != nil {
			return netip.AddrPort{}, fmt.Errorf("route53xtest: %w", err)
		}
		tcp, err := net.Listen("tcp", udp.LocalAddr().String()) //nolint:noctx // bound at once, on loopback
		if err != nil {
			lastErr = err
			_ = udp.Close()
			continue
		}
		l := &listener{&dns.Server{PacketConn: udp, Handler: handler}, &dns.Server{Listener: tcp, Handler: handler}}
		for _, srv := range []*dns.Server{l.udp, l.tcp} {
			ready := make(chan struct{})
			srv.NotifyStartedFunc = func() { close(ready) }
			go func() { _ = srv.ActivateAndServe() }() // ends with Close
			<-ready
		}
		s.mu.Lock()
		s.listeners = append(s.listeners, l)
		s.mu.Unlock()
		return netip.ParseAddrPort(udp.LocalAddr().String())
	}
	return netip.AddrPort{}, fmt.Errorf("route53xtest: no port is free for both UDP and TCP: %w", lastErr)
}

func (s *Server) closeListeners() {
	s.mu.Lock()
	all := s.listeners
	s.listeners = nil
	s.mu.Unlock()
	for _, l := range all {
		_ = l.udp.Shutdown()
		_ = l.tcp.Shutdown()
	}
}
