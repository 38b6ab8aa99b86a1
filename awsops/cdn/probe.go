package cdn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// ProbeOptions is what [Client.Probe] may be told. nil and zero fields are defaults.
type ProbeOptions struct {
	Aliases   []string      // names that viewers will use; they are tried as SNI and Host
	HTTPPort  int           // default 80
	HTTPSPort int           // default 443
	Path      string        // what is asked for, default "/"
	Addresses string        // "ipv4" (default), "ipv6" or "dualstack": what CloudFront will use
	Headers   Headers       // sent with each request, as CloudFront will
	Timeout   time.Duration // for each connection, default 10 s, as CloudFront's
	Network   Network       // fields that are not set: those of Config.Network
}

func (o *ProbeOptions) orDefault(own Network) ProbeOptions {
	var out ProbeOptions
	if o != nil {
		out = *o
	}
	out.HTTPPort, out.HTTPSPort = portOr(out.HTTPPort, 80), portOr(out.HTTPSPort, 443)
	out.Path, out.Addresses = cmp.Or(out.Path, "/"), cmp.Or(out.Addresses, "ipv4")
	out.Timeout = cmp.Or(max(out.Timeout, 0), 10*time.Second)
	out.Network = out.Network.or(own)
	aliases := make([]string, 0, len(out.Aliases))
	for _, a := range out.Aliases {
		aliases = append(aliases, fold(a))
	}
	out.Aliases = aliases
	return out
}

// Probe is what an origin looks like to CloudFront, and what follows from it.
type Probe struct {
	Host      string       `json:"host"`
	Aliases   []string     `json:"aliases,omitempty"`
	Addresses []netip.Addr `json:"addresses,omitempty"`
	Problem   string       `json:"problem,omitempty"` // why nothing was connected to: an IP address, no such name …
	HTTP      Port         `json:"http"`
	HTTPS     Port         `json:"https"`
	Versions  []string     `json:"versions,omitempty"` // TLS that the server speaks: "TLS 1.2", "TLS 1.3"
	TLS       []Chain      `json:"tls,omitempty"`      // for the origin's name, then for each alias
	Answers   []Answer     `json:"answers,omitempty"`  // by protocol and Host
	Decision  Decision     `json:"decision"`
	At        time.Time    `json:"at"`
}

// Port is one port of the origin.
type Port struct {
	Port    int        `json:"port"`
	Open    bool       `json:"open"`              // on one address at least
	Problem string     `json:"problem,omitempty"` // "refused" or "no answer": nothing listens, or a firewall drops
	Silent  bool       `json:"silent,omitempty"`  // no answer, which viewers see as 504
	Closed  []string   `json:"closed,omitempty"`  // addresses that do not answer while another does
	at      netip.Addr // the first that is open
}

// Probe looks at a server as CloudFront will, and decides how CloudFront should ask it: it resolves the name, connects to
// both ports on every address, finds the TLS versions, reads the chain of certificates for the origin's name and for each
// alias, and asks for a page by each way, following redirects only while they lead back to these names. It sends a handful
// of GET requests, changes nothing, and makes no call of the API.
//
// What is wrong with the origin is no error: it is in the Probe, with a Decision that refuses. Errors are that ctx ended,
// and options that make no sense.
//
// Source: developer guide of CloudFront, "Requirements for using SSL/TLS certificates with CloudFront", "HTTP 502 status
// code", "Request and response behavior for custom origins" (read 2026-11).
func (c *Client) Probe(ctx context.Context, host string, opts *ProbeOptions) (Probe, error) {
	o := opts.orDefault(c.net)
	p := Probe{
		Host: fold(host), Aliases: o.Aliases, At: c.caller.Clock.Now(),
		HTTP: Port{Port: o.HTTPPort}, HTTPS: Port{Port: o.HTTPSPort},
	}
	if err := o.check(); err != nil {
		return p, invalid("Probe", host, err)
	}
	if p.Problem = p.resolve(ctx, o); p.Problem == "" {
		p.knock(ctx, o, &p.HTTP)
		p.knock(ctx, o, &p.HTTPS)
	}
	if p.HTTPS.Open {
		p.Versions = versions(ctx, o, p.HTTPS, p.Host)
		for _, name := range append([]string{p.Host}, p.Aliases...) {
			p.TLS = append(p.TLS, readChain(ctx, o, p.HTTPS, name, p.At))
		}
	}
	for _, host := range append([]string{p.Host}, p.Aliases...) {
		if p.HTTP.Open {
			p.Answers = append(p.Answers, p.walk(ctx, o, HTTPOnly, host))
		}
		if i := slices.IndexFunc(p.TLS, func(c Chain) bool { return c.Name == host }); i >= 0 && p.TLS[i].Shown {
			p.Answers = append(p.Answers, p.walk(ctx, o, HTTPSOnly, host))
		}
	}
	if err := context.Cause(ctx); err != nil {
		return p, &Error{Op: "Probe", Resource: host, Err: fmt.Errorf("stopped: %w", err)}
	}
	p.Decision = p.decide()
	return p, nil
}

func (o ProbeOptions) check() error {
	var problems []error
	for _, a := range o.Aliases {
		if err := checkHost(a, true); err != nil {
			problems = append(problems, fmt.Errorf("Aliases: %w", err))
		}
	}
	if !strings.HasPrefix(o.Path, "/") {
		problems = append(problems, fmt.Errorf("Path: %q does not begin with /", o.Path))
	}
	for _, port := range []int{o.HTTPPort, o.HTTPSPort} {
		if port < 1 || port > 65535 {
			problems = append(problems, fmt.Errorf("%d is no port", port))
		}
	}
	if !slices.Contains([]string{"ipv4", "ipv6", "dualstack"}, o.Addresses) {
		problems = append(problems, fmt.Errorf("Addresses: %q is none of ipv4, ipv6, dualstack", o.Addresses))
	}
	return errors.Join(problems...)
}

// resolve finds the addresses that CloudFront would use, and says what is wrong with them.
func (p *Probe) resolve(ctx context.Context, o ProbeOptions) string {
	if err := checkHost(p.Host, false); err != nil {
		return err.Error()
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	all, err := o.Network.lookup(ctx, p.Host)
	switch {
	case unresolved(err), err == nil && len(all) == 0:
		return "there is no such name in the DNS"
	case err != nil:
		return "the DNS did not answer: " + plain(err).Error()
	}
	var wrong, inside []netip.Addr
	for _, a := range all {
		switch {
		case a.Is4() && o.Addresses == "ipv6", !a.Is4() && o.Addresses == "ipv4":
			wrong = append(wrong, a)
		case !public(a):
			inside = append(inside, a)
		default:
			p.Addresses = append(p.Addresses, a)
		}
	}
	switch {
	case len(p.Addresses) > 0:
		return ""
	case len(inside) > 0:
		return fmt.Sprintf("%s is not an address of the Internet: only a VPC origin reaches it", inside[0])
	}
	return fmt.Sprintf("it has no address of the kind %s, only %s: set Origin.Addresses", o.Addresses, wrong[0])
}

// knock connects to one port on every address.
func (p *Probe) knock(ctx context.Context, o ProbeOptions, port *Port) {
	for _, a := range p.Addresses {
		conn, err := o.Network.dial(ctx, o.Timeout, netip.AddrPortFrom(a, uint16(port.Port)))
		if err == nil {
			_ = conn.Close()
			if !port.Open {
				port.Open, port.at = true, a
			}
			continue
		}
		port.Closed = append(port.Closed, a.String())
		if isTimeout(err) {
			port.Problem, port.Silent = "no answer: a firewall or security group that drops, or no machine", true
		} else if !port.Silent {
			port.Problem = "refused: nothing listens there"
		}
	}
	if !port.Open {
		port.Closed = nil
	}
}

// probeOf is the probe that fits a distribution.
func (d Distribution) probeOf() *ProbeOptions {
	o := &ProbeOptions{
		Aliases: d.Aliases, HTTPPort: d.Origin.HTTPPort, HTTPSPort: d.Origin.HTTPSPort, Addresses: d.Origin.Addresses,
		Headers: d.Origin.Headers, Path: d.Origin.Path + "/",
	}
	if d.DefaultRoot != "" {
		o.Path += d.DefaultRoot
	}
	return o
}

// chain is what the server shows for a name.
func (p Probe) chain(name string) (Chain, bool) {
	for _, c := range p.TLS {
		if c.Name == name {
			return c, true
		}
	}
	return Chain{}, false
}

// answer is what the server says by a protocol and Host.
func (p Probe) answer(by Protocol, host string) (Answer, bool) {
	for _, a := range p.Answers {
		if a.Protocol == by && a.Host == host {
			return a, true
		}
	}
	return Answer{}, false
}
