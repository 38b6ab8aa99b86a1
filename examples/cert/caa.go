package main

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// resolver asks a name server one question.
type resolver func(ctx context.Context, q *dns.Msg) (*dns.Msg, error)

// LookupCAA finds the CAA records of a name, which say who may issue for it: asked before anything is paid.
func (r resolver) LookupCAA(ctx context.Context, name string) ([]string, error) {
	q := new(dns.Msg)
	q.SetQuestion(dns.Fqdn(name), dns.TypeCAA)
	a, err := r(ctx, q)
	if err != nil {
		return nil, err
	}
	if a.Rcode != dns.RcodeSuccess && a.Rcode != dns.RcodeNameError {
		return nil, fmt.Errorf("the name server says %s", dns.RcodeToString[a.Rcode])
	}
	var out []string
	for _, rr := range a.Answer {
		if c, ok := rr.(*dns.CAA); ok {
			out = append(out, strings.TrimPrefix(c.String(), c.Hdr.String()))
		}
	}
	return out, nil
}

// The words of -resolver.
const (
	resolverNone   = "none"
	resolverSystem = ""
)

// newResolver is one that asks over the network; nil with -resolver none, or where the system names none.
func newResolver(address string) resolver {
	switch address {
	case resolverNone:
		return nil
	case resolverSystem:
		conf, err := dns.ClientConfigFromFile("/etc/resolv.conf")
		if err != nil || len(conf.Servers) == 0 {
			return nil
		}
		address = net.JoinHostPort(conf.Servers[0], conf.Port)
	default:
		if _, _, err := net.SplitHostPort(address); err != nil {
			address = net.JoinHostPort(address, "53")
		}
	}
	return func(ctx context.Context, q *dns.Msg) (*dns.Msg, error) {
		q.SetEdns0(1232, false)
		udp := dns.Client{Timeout: 5 * time.Second}
		a, _, err := udp.ExchangeContext(ctx, q, address)
		if err == nil && a.Truncated {
			tcp := dns.Client{Net: "tcp", Timeout: 5 * time.Second}
			a, _, err = tcp.ExchangeContext(ctx, q, address)
		}
		return a, err
	}
}
