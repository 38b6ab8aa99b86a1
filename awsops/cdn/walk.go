package cdn

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// Answer is what the origin says when it is asked as CloudFront would ask it, by one protocol and one Host. Redirects are
// followed as a viewer would, who comes back through CloudFront for the aliases and goes straight for the origin's name;
// what leads elsewhere is only noted.
type Answer struct {
	Protocol Protocol `json:"protocol"` // [HTTPOnly] or [HTTPSOnly]
	Host     string   `json:"host"`
	Status   int      `json:"status,omitempty"` // of the last answer; 0 when none came
	Hops     []string `json:"hops,omitempty"`   // each request, and where it led: without queries
	Loop     bool     `json:"loop,omitempty"`   // it goes round in circles
	Past     bool     `json:"past,omitempty"`   // viewers are sent to the origin itself, past CloudFront
	To       string   `json:"to,omitempty"`     // the other site that it leads to
	Silent   bool     `json:"silent,omitempty"` // connected, and no answer came in time
	Problem  string   `json:"problem,omitempty"`
}

const maxHops = 10

// step is one request of a walk.
type step struct {
	through bool // CloudFront, which asks by its own protocol and Host
	https   bool
	host    string
	path    string
}

func (s step) String() string {
	scheme := "http"
	if s.https {
		scheme = "https"
	}
	path, _, _ := strings.Cut(s.path, "?")
	return scheme + "://" + s.host + path
}

// walk asks and follows. A loop is a request that was made before: the protocol to the origin is fixed, so that a redirect
// from http to https of the same page ends in the same request again.
func (p *Probe) walk(ctx context.Context, o ProbeOptions, by Protocol, host string) Answer {
	a := Answer{Protocol: by, Host: host}
	at := step{through: true, https: by == HTTPSOnly, host: sample(host), path: o.Path}
	seen := map[step]bool{}
	for range maxHops {
		if seen[at] {
			a.Loop, a.Problem = true, "redirects go round in circles: "+strings.Join(a.Hops, ", ")
			return a
		}
		seen[at] = true
		port := p.HTTP
		if at.https {
			port = p.HTTPS
		}
		if !port.Open {
			a.Problem = fmt.Sprintf("leads to %s, and that port is closed", at)
			return a
		}
		r, err := o.Network.ask(ctx, o.Timeout, target{
			at: netip.AddrPortFrom(port.at, uint16(port.Port)), https: at.https, sni: at.host, host: at.host, path: at.path, extra: o.Headers,
		})
		if err != nil {
			a.Silent, a.Status = isTimeout(err), 0
			a.Problem = "no answer: " + err.Error()
			if a.Silent {
				a.Problem = fmt.Sprintf("connected, but no answer within %s", o.Timeout)
			}
			return a
		}
		a.Status = r.Status
		location := r.Header.Get("Location")
		if r.Status < 300 || r.Status > 399 || r.Status == http.StatusNotModified || location == "" {
			a.Hops = append(a.Hops, fmt.Sprintf("%s → %d", at, r.Status))
			return a
		}
		a.Hops = append(a.Hops, fmt.Sprintf("%s → %d %s", at, r.Status, httpcall.RedactURL(location)))
		next, ok := p.follow(&a, at, location)
		if !ok {
			return a
		}
		at = next
	}
	a.Loop, a.Problem = true, fmt.Sprintf("more than %d redirects", maxHops)
	return a
}

// follow tells where a redirect leads, false when that is none of our names.
func (p *Probe) follow(a *Answer, at step, location string) (step, bool) {
	to, err := url.Parse(location)
	if err != nil {
		a.Problem = "the Location of a redirect is no URL"
		return at, false
	}
	base, err := url.Parse("https://" + at.host + at.path) // viewers use https, whatever CloudFront asks by
	if err != nil {
		a.Problem = "a redirect leads to no URL"
		return at, false
	}
	whole := base.ResolveReference(to)
	if whole.Scheme != "http" && whole.Scheme != "https" {
		a.To = whole.Scheme + ":"
		return at, false
	}
	path, host := whole.RequestURI(), hostOf(whole.Host)
	if to.Host == "" {
		at.path = path
		return at, true
	}
	alias := slices.ContainsFunc(p.Aliases, func(alias string) bool { return covers(alias, host) })
	switch {
	case alias:
		at.through, at.https, at.path = true, a.Protocol == HTTPSOnly, path
		if a.Host == p.Host {
			at.host = p.Host // CloudFront replaces it
		} else {
			at.host = host
		}
		return at, true
	case host == p.Host:
		a.Past = true
		return step{https: whole.Scheme == "https", host: host, path: path}, true
	}
	a.To = host
	return at, false
}
