package cdn_test

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"testing"

	"github.com/kitroll/kitroll/awsops/cdn"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// scenario is one kind of origin: what the probe decides, and what viewers see when somebody had not looked.
type scenario struct {
	host    string // default origin
	aliases []string
	setup   func(w *world)

	rule     cdn.Rule
	protocol cdn.Protocol
	forward  bool
	why      string // in Decision.String

	by     cdn.Protocol // as it was configured by hand; empty = no second half
	sends  bool         // the viewer's Host is forwarded
	status int          // what a viewer sees
	cause  cdn.CauseCode
	fix    string // in what to do
}

func both(c tls.Certificate) func(*world) {
	return func(w *world) {
		w.named(origin)
		w.serve(80, nil, ok)
		w.serve(443, showing(c), ok)
	}
}

func only443(c tls.Certificate) func(*world) {
	return func(w *world) {
		w.named(origin)
		w.serve(443, showing(c), ok)
	}
}

func scenarios(t *testing.T) map[string]scenario {
	t.Helper()
	p := public()
	stranger := sign(ca("Private Root"), nil)
	selfSigned := sign(leaf(origin), nil).chain()
	return map[string]scenario{
		"good, for the origin's name": {
			setup: both(good(origin)), rule: cdn.RuleDomain, protocol: cdn.HTTPSOnly, why: "the certificate names origin.example.com",
			by: cdn.HTTPSOnly, status: 200,
		},
		"good, for the alias": {
			aliases: []string{alias}, setup: both(good(alias)), rule: cdn.RuleAlias, protocol: cdn.HTTPSOnly, forward: true,
			why: "the certificate names www.example.com", by: cdn.HTTPSOnly, sends: true, status: 200,
		},
		"for the alias, and Host is not forwarded": {
			aliases: []string{alias}, setup: both(good(alias)), rule: cdn.RuleAlias, protocol: cdn.HTTPSOnly, forward: true,
			why: "so the viewer's Host must reach the origin", by: cdn.HTTPSOnly, status: 502, cause: cdn.OriginName, fix: "forward the viewer's Host with AllViewer",
		},
		"a wildcard for the alias": {
			aliases: []string{"a.shop.example.com"}, setup: both(good("*.shop.example.com")), rule: cdn.RuleAlias, protocol: cdn.HTTPSOnly, forward: true,
			why: "a.shop.example.com", by: cdn.HTTPSOnly, sends: true, status: 200,
		},
		"wrong name, port 80 works": {
			aliases: []string{alias}, setup: both(good("other.example.net")), rule: cdn.RuleHTTPInstead, protocol: cdn.HTTPOnly, forward: true,
			why: "the certificate is for other.example.net, not for www.example.com", by: cdn.HTTPSOnly, sends: true, status: 502, cause: cdn.OriginName, fix: "http-only",
		},
		"wrong name, nothing else": {
			setup: only443(good("other.example.net")), rule: cdn.RuleRefused, why: "the certificate is for other.example.net, not for origin.example.com",
			by: cdn.HTTPSOnly, status: 502, cause: cdn.OriginName, fix: "get a certificate for origin.example.com",
		},
		"self-signed": {
			setup: both(selfSigned), rule: cdn.RuleHTTPInstead, protocol: cdn.HTTPOnly, why: "it is self-signed",
			by: cdn.HTTPSOnly, status: 502, cause: cdn.OriginSelfSigned, fix: "public authority",
		},
		"expired": {
			setup: only443(expired(origin)), rule: cdn.RuleRefused, why: "it expired on 2026-11-01",
			by: cdn.HTTPSOnly, status: 502, cause: cdn.OriginExpired, fix: "renew it",
		},
		"chain not complete": {
			setup: only443(sign(leaf(origin), &p.lower).chain()), rule: cdn.RuleRefused, why: `the certificate of "CN=Test Lower" was not sent`,
			by: cdn.HTTPSOnly, status: 502, cause: cdn.OriginChain, fix: "full chain",
		},
		"chain with a gap above": {
			setup: only443(sign(leaf(origin), &p.lower).chain(p.lower)), rule: cdn.RuleRefused, why: `the certificate of "CN=Test Upper" was not sent`,
			by: cdn.HTTPSOnly, status: 502, cause: cdn.OriginChain,
		},
		"chain not in order": {
			setup: only443(sign(leaf(origin), &p.lower).chain(p.upper, p.lower)), rule: cdn.RuleRefused, why: "the chain is not in order",
			by: cdn.HTTPSOnly, status: 502, cause: cdn.OriginChain,
		},
		"an authority of its own": {
			setup: only443(sign(leaf(origin), &stranger).chain(stranger)), rule: cdn.RuleRefused, why: `the root "CN=Private Root" is not among those that CloudFront trusts`,
			by: cdn.HTTPSOnly, status: 502, cause: cdn.OriginChain, fix: "public authority",
		},
		"TLS 1.0 only": {
			setup: func(w *world) {
				w.named(origin)
				w.serve(443, speaking(good(origin), tls.VersionTLS10, tls.VersionTLS10), ok)
			},
			rule: cdn.RuleRefused, why: "it speaks TLS 1.0 only", by: cdn.HTTPSOnly, status: 502, cause: cdn.OriginTLSVersion, fix: "switch TLS 1.2 on",
		},
		"TLS 1.3 only": {
			setup: func(w *world) {
				w.named(origin)
				w.serve(443, speaking(good(origin), tls.VersionTLS13, tls.VersionTLS13), ok)
			},
			rule: cdn.RuleDomain, protocol: cdn.HTTPSOnly, why: "unverified; allow TLS 1.2",
		},
		"HTTP at port 443": {
			setup: func(w *world) {
				w.named(origin)
				w.serve(443, nil, ok)
			},
			rule: cdn.RuleRefused, why: "no handshake", by: cdn.HTTPSOnly, status: 502, cause: cdn.OriginHandshake,
		},
		"only port 80": {
			setup: func(w *world) {
				w.named(origin)
				w.serve(80, nil, ok)
			},
			rule: cdn.RuleHTTP, protocol: cdn.HTTPOnly, why: "only port 80 is open", by: cdn.HTTPSOnly, status: 502, cause: cdn.OriginClosed, fix: "set the origin's protocol to http-only",
		},
		"port 80 sends everybody to https, which is bad": {
			aliases: []string{alias},
			setup: func(w *world) {
				w.named(origin)
				w.serve(80, nil, to("https://"+alias+"/"))
				w.serve(443, showing(selfSigned), ok)
			},
			rule: cdn.RuleRefused, why: "redirects go round in circles", by: cdn.HTTPOnly, sends: true, status: 301, cause: cdn.RedirectLoop, fix: "serve https at the origin",
		},
		"http to https to http": {
			aliases: []string{alias},
			setup: func(w *world) {
				w.named(origin)
				w.serve(80, nil, to("https://"+alias+"/"))
				w.serve(443, showing(good(alias)), to("http://"+alias+"/"))
			},
			rule: cdn.RuleRefused, why: "redirects go round in circles", by: cdn.HTTPSOnly, sends: true, status: 301, cause: cdn.RedirectLoop, fix: "end the redirect",
		},
		"http to https to http, of the origin's own name": {
			setup: func(w *world) {
				w.named(origin)
				w.serve(80, nil, to("https://"+origin+"/"))
				w.serve(443, showing(good(origin)), to("http://"+origin+"/"))
			},
			rule: cdn.RuleRefused, why: "redirects go round in circles",
		},
		"to itself": {
			aliases: []string{alias},
			setup: func(w *world) {
				w.named(origin)
				w.serve(443, showing(good(alias)), to("/"))
			},
			rule: cdn.RuleRefused, why: "redirects go round in circles", by: cdn.HTTPSOnly, sends: true, status: 301, cause: cdn.RedirectLoop,
		},
		"past CloudFront": {
			setup: func(w *world) {
				w.named(origin)
				w.serve(80, nil, to("https://"+origin+"/"))
				w.serve(443, showing(good(origin)), func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/" {
						to("https://"+origin+"/home")(w, r)
					}
				})
			},
			rule: cdn.RuleDomain, protocol: cdn.HTTPSOnly, why: "viewers are redirected to the origin itself, past CloudFront",
		},
		"both ports closed": {
			setup: func(w *world) { w.named(origin) }, rule: cdn.RuleUnreachable, why: "port 80: refused: nothing listens there; port 443: refused",
			by: cdn.HTTPSOnly, status: 502, cause: cdn.OriginClosed, fix: "start a server",
		},
		"a security group that drops": {
			setup: func(w *world) {
				w.named(origin)
				w.Internet.Drop(address+":80", true)
				w.Internet.Drop(address+":443", true)
			},
			rule: cdn.RuleUnreachable, why: "no answer: a firewall or security group that drops", by: cdn.HTTPOnly, status: 504, cause: cdn.OriginSilent,
			fix: "com.amazonaws.global.cloudfront.origin-facing",
		},
		"a server that hangs": {
			setup: func(w *world) {
				w.named(origin)
				w.serve(80, nil, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
			},
			rule: cdn.RuleRefused, why: "connected, but no answer within", by: cdn.HTTPOnly, status: 504, cause: cdn.OriginSlow, fix: "OriginReadTimeout",
		},
		"no such name": {
			setup: func(*world) {}, rule: cdn.RuleUnreachable, why: "there is no such name in the DNS", by: cdn.HTTPOnly, status: 502, cause: cdn.OriginNoName, fix: "Retarget",
		},
		"a private address": {
			setup: func(w *world) { w.named(origin, "10.0.0.5") }, rule: cdn.RuleUnreachable, why: "only a VPC origin reaches it",
			by: cdn.HTTPOnly, status: 504, cause: cdn.OriginAddress, fix: "VPC origin",
		},
		"IPv6 only": {
			setup: func(w *world) { w.named(origin, "2001:db8::5") }, rule: cdn.RuleUnreachable, why: "set Origin.Addresses",
		},
		"an error of its own": {
			setup: func(w *world) {
				w.named(origin)
				w.serve(80, nil, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
			},
			rule: cdn.RuleHTTP, protocol: cdn.HTTPOnly, why: "it answers 502 as origin.example.com", by: cdn.HTTPOnly, status: 502, cause: cdn.OriginAnswers, fix: "logs of the server",
		},
		"EC2, certificate for the alias": {
			host: ec2Name, aliases: []string{alias},
			setup: func(w *world) {
				w.named(ec2Name)
				w.serve(443, showing(good(alias)), ok)
			},
			rule: cdn.RuleAlias, protocol: cdn.HTTPSOnly, forward: true, why: "changes when it is stopped and started without an Elastic IP", by: cdn.HTTPSOnly, sends: true, status: 200,
		},
		"EC2, the 502 of the default": { // Trap 14: https-only with an EC2 name is refused.
			host: ec2Name,
			setup: func(w *world) {
				w.named(ec2Name)
				w.serve(80, nil, ok)
				w.serve(443, showing(good("shop.example.com")), ok)
			},
			rule: cdn.RuleHTTPInstead, protocol: cdn.HTTPOnly, why: "no authority certifies names of EC2", by: cdn.HTTPSOnly, status: 502, cause: cdn.OriginName, fix: "no authority certifies names of EC2",
		},
		"EC2, only port 443": {
			host: ec2Name,
			setup: func(w *world) {
				w.named(ec2Name)
				w.serve(443, showing(good("shop.example.com")), ok)
			},
			rule: cdn.RuleRefused, why: "no authority certifies names of EC2",
		},
	}
}
