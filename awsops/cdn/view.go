package cdn

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// View is what a viewer sees who asks for one name by HTTPS.
type View struct {
	Name      string       `json:"name"`
	Own       bool         `json:"own,omitempty"` // CloudFront's own domain of the distribution
	Addresses []netip.Addr `json:"addresses,omitempty"`
	NoName    bool         `json:"no_name,omitempty"` // the DNS has no such name
	Status    int          `json:"status,omitempty"`  // 0 when no answer came
	XCache    string       `json:"x_cache,omitempty"` // "Miss from cloudfront", "Error from cloudfront" …
	Via       string       `json:"via,omitempty"`
	Server    string       `json:"server,omitempty"`
	Pop       string       `json:"pop,omitempty"`       // edge location
	RequestID string       `json:"request,omitempty"`   // X-Amz-Cf-Id, for AWS's support
	CDN       bool         `json:"cdn"`                 // CloudFront answered, or passed the answer on
	Made      bool         `json:"made,omitempty"`      // CloudFront made the answer itself
	Loop      bool         `json:"loop,omitempty"`      // redirects go round in circles
	Hops      []string     `json:"hops,omitempty"`      // redirects, without queries
	TLS       []string     `json:"tls,omitempty"`       // what a browser would object to
	NotNamed  bool         `json:"not_named,omitempty"` // the certificate shown does not name it
	Problem   string       `json:"problem,omitempty"`   // why there is no answer
	Took      string       `json:"took,omitempty"`
}

// OK tells whether a viewer is served.
func (v View) OK() bool {
	return v.CDN && v.Status > 0 && v.Status < 400 && !v.Loop && len(v.TLS) == 0 && v.Problem == ""
}

// String is the view in one line.
func (v View) String() string {
	switch {
	case v.NoName:
		return v.Name + ": there is no such name in the DNS"
	case v.Problem != "":
		return v.Name + ": " + v.Problem
	}
	by := "not from CloudFront"
	switch {
	case v.Made:
		by = "made by CloudFront"
	case v.CDN:
		by = "from the origin, through CloudFront"
	}
	text := fmt.Sprintf("%s: %d, %s", v.Name, v.Status, by)
	if v.XCache != "" {
		text += ", X-Cache: " + v.XCache
	}
	if v.Loop {
		text += ", redirects go round in circles: " + strings.Join(v.Hops, ", ")
	}
	if len(v.TLS) > 0 {
		text += "; certificate: " + strings.Join(v.TLS, "; ")
	}
	return text
}

// view fetches one name as a viewer does. Redirects are followed within the name.
func (c *Client) view(ctx context.Context, o DiagnoseOptions, name string, own bool) View {
	v := View{Name: name, Own: own}
	began := time.Now()
	defer func() { v.Took = time.Since(began).Round(time.Millisecond).String() }()
	addrs, err := o.Network.lookup(ctx, sample(name))
	switch {
	case unresolved(err), err == nil && len(addrs) == 0:
		v.NoName = true
		return v
	case err != nil:
		v.Problem = "the DNS did not answer: " + plain(err).Error()
		return v
	}
	v.Addresses = addrs
	path, seen := o.Path, map[string]bool{}
	for range maxHops {
		if seen[path] {
			v.Loop = true
			return v
		}
		seen[path] = true
		r, err := o.Network.ask(ctx, o.Timeout, target{
			at: netip.AddrPortFrom(best(addrs), 443), https: true, sni: sample(name), host: sample(name), path: path,
		})
		c.note(&v, o, r)
		if err != nil {
			v.Problem = err.Error()
			if isTimeout(err) {
				v.Problem = fmt.Sprintf("no answer within %s", o.Timeout)
			}
			return v
		}
		next, ok := v.follow(r, path)
		if !ok {
			return v
		}
		path = next
	}
	v.Loop = true
	return v
}

// best is an IPv4 address if there is one: not every place that diagnoses has IPv6.
func best(addrs []netip.Addr) netip.Addr {
	if i := slices.IndexFunc(addrs, netip.Addr.Is4); i >= 0 {
		return addrs[i]
	}
	return addrs[0]
}

// note reads what an answer says of its way.
func (c *Client) note(v *View, o DiagnoseOptions, r reply) {
	v.Status = r.Status
	if r.TLS != nil {
		chain := Chain{Name: sample(v.Name)}
		chain.judge(r.TLS.PeerCertificates, o.Network.Roots, c.caller.Clock.Now())
		v.TLS = chain.Problems
		v.NotNamed = !chain.Match
		if v.NotNamed {
			v.TLS = append(v.TLS, "it is for "+strings.Join(chain.Names, ", "))
		}
	}
	if r.Header == nil {
		return
	}
	get := func(key string) string { return httpcall.Head([]byte(r.Header.Get(key)), 200) }
	v.XCache, v.Via, v.Server, v.Pop, v.RequestID = get("X-Cache"), get("Via"), get("Server"), get("X-Amz-Cf-Pop"), get("X-Amz-Cf-Id")
	v.CDN = strings.Contains(strings.ToLower(v.XCache), "cloudfront") || strings.Contains(v.Via, "(CloudFront)") || v.RequestID != ""
	// "Error from cloudfront" is on errors of the origin as well; what CloudFront makes itself names it as the server.
	v.Made = v.CDN && v.Status >= 400 && strings.EqualFold(v.Server, "CloudFront")
}

// follow tells where a redirect leads, false when that is another name or no redirect.
func (v *View) follow(r reply, path string) (string, bool) {
	location := r.Header.Get("Location")
	if r.Status < 300 || r.Status > 399 || r.Status == http.StatusNotModified || location == "" {
		return "", false
	}
	v.Hops = append(v.Hops, fmt.Sprintf("%d %s", r.Status, httpcall.RedactURL(location)))
	base, err := url.Parse("https://" + sample(v.Name) + path)
	if err != nil {
		return "", false
	}
	to, err := base.Parse(location)
	if err != nil || hostOf(to.Host) != sample(v.Name) {
		return "", false
	}
	return to.RequestURI(), true
}
