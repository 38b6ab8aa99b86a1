package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/kitroll/kitroll/route53x"
)

// DNSOptions are the options of [NewDNS]. nil has the defaults.
type DNSOptions struct {
	// Resolver finds the addresses of name servers; default net.DefaultResolver. It is asked anew each time.
	Resolver route53x.Resolver
	// Port is where name servers listen; default 53.
	Port uint16
	// Delegation and Verify are handed on. Where Verify.Delegation is nil, the parent is asked here only.
	Delegation *route53x.DelegationOptions
	Verify     *route53x.VerifyOptions
	// Exchanger carries the questions about a zone's own NS set; nil = UDP, and TCP where an answer is cut.
	Exchanger route53x.Exchanger
}

// NewDNS asks the name servers themselves, without a cache in between. It writes nothing and keeps nothing.
func NewDNS(opts *DNSOptions) DNS {
	n := &network{}
	if opts != nil {
		n.opts = *opts
	}
	if n.opts.Resolver == nil {
		n.opts.Resolver = net.DefaultResolver
	}
	if n.opts.Exchanger == nil {
		n.opts.Exchanger = plain{}
	}
	return n
}

type network struct{ opts DNSOptions }

func (n *network) Delegation(ctx context.Context, domain string) (Delegation, error) {
	d, err := route53x.AskDelegation(ctx, domain, n.opts.Delegation)
	if err != nil {
		return Delegation{}, err
	}
	out := Delegation{Nameservers: hosts(d.NameServers), Agree: d.Agreed(), TTL: d.TTL, DSTTL: d.DSTTL}
	for _, ds := range d.DS {
		out.DS = append(out.DS, fmt.Sprintf("%d %d %d %s", ds.KeyTag, ds.Algorithm, ds.DigestType, ds.Digest))
	}
	return out, nil
}

// addresses are those of all these name servers; IPv4 where there is one.
func (n *network) addresses(ctx context.Context, nameservers []string) ([]netip.AddrPort, error) {
	var out []netip.AddrPort
	for _, host := range nameservers {
		found, err := n.opts.Resolver.LookupNetIP(ctx, "ip4", host)
		if err != nil || len(found) == 0 {
			return nil, fmt.Errorf("the address of name server %s: %w", host, cmp.Or(err, errors.New("there is none")))
		}
		for _, a := range found {
			out = append(out, netip.AddrPortFrom(a.Unmap(), cmp.Or(n.opts.Port, 53)))
		}
	}
	slices.SortFunc(out, netip.AddrPort.Compare)
	return slices.Compact(out), nil
}

func (n *network) NSTTL(ctx context.Context, domain string, nameservers []string) (time.Duration, error) {
	servers, err := n.addresses(ctx, nameservers)
	if err != nil {
		return 0, err
	}
	var most time.Duration
	var errs []error
	answered := false
	for _, server := range servers {
		ttl, err := n.nsTTL(ctx, server, domain)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", server, err))
			continue
		}
		answered, most = true, max(most, ttl)
	}
	if !answered {
		return 0, fmt.Errorf("no name server answers for %s: %w", domain, errors.Join(errs...))
	}
	return most, nil
}

func (n *network) nsTTL(ctx context.Context, server netip.AddrPort, domain string) (time.Duration, error) {
	q := new(dns.Msg)
	q.SetQuestion(dns.Fqdn(domain), dns.TypeNS)
	q.RecursionDesired = false
	var a *dns.Msg
	var err error
	for try := range 3 {
		one, cancel := context.WithTimeout(ctx, 2*time.Second)
		if a, err = n.opts.Exchanger.Exchange(one, server, q, try > 0 && a != nil && a.Truncated); err == nil && !a.Truncated {
			cancel()
			break
		}
		cancel()
	}
	switch {
	case err != nil:
		return 0, err
	case a.Rcode != dns.RcodeSuccess || !a.Authoritative:
		return 0, fmt.Errorf("it answers %s, authoritative: %t", dns.RcodeToString[a.Rcode], a.Authoritative)
	}
	for _, rr := range a.Answer {
		if ns, ok := rr.(*dns.NS); ok && strings.EqualFold(ns.Hdr.Name, dns.Fqdn(domain)) {
			return time.Duration(ns.Hdr.Ttl) * time.Second, nil
		}
	}
	return 0, errors.New("it has no NS set for the zone")
}

func (n *network) Compare(ctx context.Context, c Comparison) (Verdict, error) {
	zone, err := route53x.ParseName(c.Domain)
	if err != nil {
		return Verdict{}, err
	}
	v := route53x.Verification{Zone: zone, Sets: c.Sets}
	if v.Old, err = n.addresses(ctx, c.Old); err != nil {
		return Verdict{}, err
	}
	if v.New, err = n.addresses(ctx, c.New); err != nil {
		return Verdict{}, err
	}
	for _, it := range c.Items {
		if name, err := route53x.ParseName(it.Name); err == nil {
			v.Expected = append(v.Expected, route53x.Expectation{Name: name, Type: expectedType(it.Type), Why: route53x.WhyAcknowledged})
		}
	}
	report, err := route53x.Verify(ctx, v, n.opts.Verify)
	if err != nil {
		return Verdict{}, err
	}
	out := Verdict{Questions: report.Questions, Text: report.String()}
	for _, d := range report.Differences {
		text := fmt.Sprintf("%s %s at %s: %s: old %s, new %s", d.Name.ZoneFile(), d.Type, d.Server, d.Status, d.Old, d.New)
		out.Differences = append(out.Differences, strings.TrimSuffix(text+" "+d.Text, " "))
	}
	for _, p := range report.Problems {
		out.Differences = append(out.Differences, fmt.Sprintf("%s: %s: %s", p.Check, p.Name.ZoneFile(), p.Text))
	}
	return out, nil
}

// expectedType is "" for what is no type of the DNS, such as REDIRECT_URL: then whatever stands at the name may differ.
func expectedType(t string) route53x.Type {
	if typ := route53x.Type(t); typ.Supported() && typ != route53x.CNAME {
		return typ
	}
	return ""
}

// plain is UDP, or TCP.
type plain struct{}

func (plain) Exchange(ctx context.Context, server netip.AddrPort, q *dns.Msg, tcp bool) (*dns.Msg, error) {
	c := &dns.Client{Net: "udp"}
	if tcp {
		c.Net = "tcp"
	}
	a, _, err := c.ExchangeContext(ctx, q, server.String())
	return a, err
}
