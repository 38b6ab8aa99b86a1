package route53x

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// asker asks questions with patience.
type asker struct {
	ex      Exchanger
	timeout time.Duration
	tries   int
}

// nameserver is one server that is asked, and what it has done so far.
type nameserver struct {
	addr    netip.AddrPort
	old     bool
	pace    pace
	queries atomic.Int64
	replies atomic.Int64 // questions with any answer
	silent  atomic.Int64 // questions without one since the last that had one
	giveUp  int64        // as many of these are enough; 0 = never
}

// gone tells whether the server is given up.
func (s *nameserver) gone() bool { return s.giveUp > 0 && s.silent.Load() >= s.giveUp }

// reply is what came of a question: a message, or the status that stands for none.
type reply struct {
	msg    *dns.Msg
	status Status // "" where there is a message
	text   string
}

// ask puts a question to a server until there is an answer or it has tried enough. Only the end of ctx is an error.
func (a *asker) ask(ctx context.Context, s *nameserver, name Name, qtype uint16, subnet netip.Prefix) (reply, error) {
	if s.gone() {
		return reply{status: Timeout, text: "not asked any more: it did not answer before"}, nil
	}
	var last reply
	edns, heard := true, false
	defer func() {
		if heard {
			s.replies.Add(1)
			s.silent.Store(0)
		} else {
			s.silent.Add(1)
		}
	}()
	for range a.tries {
		q := query(name, qtype, subnet, edns)
		m, err := a.once(ctx, s, q, false)
		if err == nil && m.Truncated {
			heard = true
			if m, err = a.once(ctx, s, q, true); err == nil && m.Truncated {
				err = errors.New("cut as well")
			}
			if err != nil {
				last = reply{status: Truncated, text: "cut over UDP, and over TCP: " + unanswered(err).text}
			}
		} else if err != nil {
			last = unanswered(err)
		}
		if ctx.Err() != nil {
			return reply{}, stopped(ctx)
		}
		if err != nil {
			continue
		}
		heard = true
		last = reply{msg: m}
		switch {
		case edns && noEDNS(m):
			edns = false
		case m.Rcode != dns.RcodeServerFailure: // which may pass
			return last, nil
		}
	}
	return last, nil
}

func stopped(ctx context.Context) error {
	return fmt.Errorf("route53x: stopped asking: %w", context.Cause(ctx))
}

// once is one message there and one back.
func (a *asker) once(ctx context.Context, s *nameserver, q *dns.Msg, tcp bool) (*dns.Msg, error) {
	if err := s.pace.wait(ctx); err != nil {
		return nil, err
	}
	s.queries.Add(1)
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	return a.ex.Exchange(ctx, s.addr, q, tcp)
}

// noEDNS tells whether a server does not know EDNS; an answer that is REFUSED or SERVFAIL is something else.
func noEDNS(m *dns.Msg) bool {
	return m.IsEdns0() == nil && (m.Rcode == dns.RcodeFormatError || m.Rcode == dns.RcodeNotImplemented)
}

// query makes a question as it goes to an authoritative server: no recursion, EDNS with 1232 bytes.
func query(name Name, qtype uint16, subnet netip.Prefix, edns bool) *dns.Msg {
	q := &dns.Msg{Question: []dns.Question{{Name: name.ZoneFile(), Qtype: qtype, Qclass: dns.ClassINET}}}
	q.Id = dns.Id()
	if !edns {
		return q
	}
	q.SetEdns0(udpSize, false)
	if subnet.IsValid() {
		opt := &dns.EDNS0_SUBNET{
			Code: dns.EDNS0SUBNET, Family: 1, SourceNetmask: uint8(subnet.Bits()), Address: subnet.Masked().Addr().AsSlice(),
		}
		if subnet.Addr().Is6() {
			opt.Family = 2
		}
		q.IsEdns0().Option = append(q.IsEdns0().Option, opt)
	}
	return q
}

// unanswered sorts the errors of an Exchanger. The texts leave out the ports at this end, by which no two would be alike.
func unanswered(err error) reply {
	if n, ok := errors.AsType[net.Error](err); errors.Is(err, context.DeadlineExceeded) || ok && n.Timeout() {
		return reply{status: Timeout, text: "no answer in time"}
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err
	}
	return reply{status: Unusable, text: err.Error()}
}

// pace spreads questions evenly.
type pace struct {
	gap  time.Duration // 0 = as they come
	mu   sync.Mutex
	next time.Time
}

func (p *pace) wait(ctx context.Context) error {
	if p.gap <= 0 {
		return ctx.Err()
	}
	p.mu.Lock()
	now := time.Now()
	if p.next.Before(now) {
		p.next = now
	}
	pause := p.next.Sub(now)
	p.next = p.next.Add(p.gap)
	p.mu.Unlock()
	if pause == 0 {
		return ctx.Err()
	}
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// gap is the time between questions at a rate per second; below 0 there is none.
func gap(rate, or float64) time.Duration {
	if rate == 0 {
		rate = or
	}
	if rate < 0 {
		return 0
	}
	return time.Duration(float64(time.Second) / rate)
}
