package route53x

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// Exchanger carries one question to one server and brings the answer, whatever its RCODE. tcp asks for TCP, after an
// answer over UDP that was cut. Messages that do not answer q, by ID and question, are not for it to return. It returns
// when ctx ends, which has the timeout of one try.
type Exchanger interface {
	Exchange(ctx context.Context, server netip.AddrPort, q *dns.Msg, tcp bool) (*dns.Msg, error)
}

// udpSize is what is offered to servers: it passes every network uncut (DNS flag day 2020).
const udpSize = 1232

// sockets is the Exchanger of the network: a socket of its own for every question, so that each has a port that nobody
// can guess.
type sockets struct{}

// Exchange implements Exchanger.
func (sockets) Exchange(ctx context.Context, server netip.AddrPort, q *dns.Msg, tcp bool) (*dns.Msg, error) {
	network := "udp"
	if tcp {
		network = "tcp"
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, server.String())
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	over := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(over)
		_ = conn.SetDeadline(time.Unix(1, 0)) // a closed one is as good
	})
	defer func() {
		if !stop() {
			<-over
		}
	}()
	co := &dns.Conn{Conn: conn, UDPSize: 4096}
	if err := co.WriteMsg(q); err != nil {
		return nil, because(ctx, err)
	}
	for {
		var head dns.Header
		raw, err := co.ReadMsgHeader(&head)
		if err != nil && len(raw) == 0 {
			if tcp || ctx.Err() != nil || !errors.Is(err, dns.ErrShortRead) {
				return nil, because(ctx, err)
			}
			continue // a packet that is no message
		}
		m := new(dns.Msg)
		err = m.Unpack(raw)
		if err != nil && m.Id == q.Id && m.Response && m.Truncated {
			return &dns.Msg{MsgHdr: m.MsgHdr, Question: q.Question}, nil // cut in the middle of a record
		}
		if err == nil && answers(q, m) {
			return m, nil
		}
		if tcp || err != nil && m.Id == q.Id {
			if err == nil {
				err = errors.New("the message answers another question")
			}
			return nil, err
		}
	}
}

// because prefers what ended the context to the deadline that it set.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// answers tells whether m is the answer to q.
func answers(q, m *dns.Msg) bool {
	if !m.Response || m.Id != q.Id || m.Opcode != q.Opcode {
		return false
	}
	if len(m.Question) == 0 { // as some do that refuse
		return m.Rcode != dns.RcodeSuccess && m.Rcode != dns.RcodeNameError
	}
	a, b := q.Question[0], m.Question[0]
	return len(m.Question) == 1 && a.Qtype == b.Qtype && a.Qclass == b.Qclass && strings.EqualFold(a.Name, b.Name)
}
