package route53x

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// delegation asks every server of the parent.
func (w *walk) delegation(ctx context.Context) (Delegation, error) {
	d := Delegation{Domain: w.domain, NameServers: []string{}, DS: []DSRecord{}}
	if w.opts.Servers != nil {
		for _, s := range w.opts.Servers {
			d.Servers = append(d.Servers, ServerDelegation{Server: s})
		}
	} else {
		parent, err := w.enclosing(ctx, w.domain.parent(), 0)
		if err != nil {
			return Delegation{}, w.failed(err)
		}
		d.Parent = parent.zone
		if d.Servers, err = w.everyone(ctx, parent); err != nil {
			return Delegation{}, w.failed(err)
		}
	}
	var wg sync.WaitGroup
	for i := range d.Servers {
		if d.Servers[i].Problem == "" {
			wg.Go(func() { w.askParent(ctx, &d.Servers[i]) })
		}
	}
	wg.Wait()
	if ctx.Err() != nil {
		return Delegation{}, stopped(ctx)
	}
	answered := 0
	for _, s := range d.Servers {
		if s.Problem != "" {
			continue
		}
		answered++
		d.NameServers = append(d.NameServers, s.NameServers...)
		d.TTL, d.DSTTL = max(d.TTL, s.TTL), max(d.DSTTL, s.DSTTL)
		d.DS = append(d.DS, s.DS...)
	}
	d.NameServers = hostNames(d.NameServers)
	sortDS(d.DS)
	d.DS = slices.Compact(d.DS)
	if answered == 0 {
		return Delegation{}, w.failed(w.nobody(d.Servers))
	}
	return d, nil
}

// nobody is the error where no server tells of a delegation.
func (w *walk) nobody(servers []ServerDelegation) error {
	var texts []string
	for _, s := range servers {
		if s.Problem == notDelegated {
			return &Error{Kind: ErrNotFound, Op: "delegation", Subject: w.domain.ZoneFile(), Message: "the parent zone does not have it"}
		}
		texts = append(texts, fmt.Sprintf("%s: %s", cmp.Or(s.Host, s.Server.String()), s.Problem))
	}
	return errors.New(strings.Join(texts, "; "))
}

// failed gives an error that is not the package's own its frame.
func (w *walk) failed(err error) error {
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	return &Error{Op: "delegation", Subject: w.domain.ZoneFile(), Err: err}
}

const notDelegated = "there is no delegation of it"

// askParent asks one server for NS and DS.
func (w *walk) askParent(ctx context.Context, s *ServerDelegation) {
	s.NameServers, s.DS = []string{}, []DSRecord{}
	server := w.server(s.Server)
	ns, err := w.ask(ctx, server, w.domain, dns.TypeNS, netip.Prefix{})
	if err != nil {
		s.Problem = err.Error()
		return
	}
	hosts, ttl, child := said(ns, w.domain)
	switch {
	case ns.msg == nil:
		s.Problem = ns.text
	case len(hosts) > 0:
	case ns.msg.Authoritative && (ns.msg.Rcode == dns.RcodeNameError || ns.msg.Rcode == dns.RcodeSuccess):
		s.Problem = notDelegated
	default:
		s.Problem = "no answer to rely on: " + answer{rcode: ns.msg.Rcode}.String()
	}
	if s.Problem != "" {
		return
	}
	ds, err := w.ask(ctx, server, w.domain, dns.TypeDS, netip.Prefix{})
	switch {
	case err != nil:
		s.Problem = err.Error()
	case ds.msg == nil:
		s.Problem = "it does not tell whether there is a DS: " + ds.text
	case ds.msg.Rcode != dns.RcodeSuccess || !ds.msg.Authoritative:
		s.Problem = "it does not tell whether there is a DS: no authority: " + answer{rcode: ds.msg.Rcode}.String()
	}
	if s.Problem != "" {
		return
	}
	for _, h := range hosts {
		s.NameServers = append(s.NameServers, string(h))
	}
	s.NameServers = hostNames(s.NameServers)
	s.TTL, s.Child = ttl, child
	for _, rr := range ds.msg.Answer {
		if d, ok := rr.(*dns.DS); ok && sameName(d.Hdr.Name, w.domain) {
			s.DS = append(s.DS, DSRecord{d.KeyTag, d.Algorithm, d.DigestType, strings.ToLower(d.Digest)})
			s.DSTTL = max(s.DSTTL, seconds(d.Hdr.Ttl))
		}
	}
	sortDS(s.DS)
}

func sortDS(all []DSRecord) {
	slices.SortFunc(all, func(a, b DSRecord) int {
		return cmp.Or(cmp.Compare(a.KeyTag, b.KeyTag), cmp.Compare(a.Algorithm, b.Algorithm), cmp.Compare(a.DigestType, b.DigestType),
			cmp.Compare(a.Digest, b.Digest))
	})
}

func seconds(ttl uint32) time.Duration { return time.Duration(ttl) * time.Second }

func sameName(wire string, n Name) bool {
	parsed, err := parseName(wire, 10)
	return err == nil && parsed == n
}
