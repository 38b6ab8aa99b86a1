package aliyun

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// FindingKind is what is wrong with the CORS headers of a URL.
type FindingKind string

// The kinds.
const (
	CORSMissing          FindingKind = "missing"           // no Access-Control-Allow-Origin
	CORSDuplicated       FindingKind = "duplicated"        // more than one: a rule and the origin's own, or two rules
	CORSList             FindingKind = "list"              // a list of origins in one: a rule without CheckOrigin
	CORSOtherOrigin      FindingKind = "other origin"      // another origin than the one that asks
	CORSStarCredentials  FindingKind = "star credentials"  // * together with Allow-Credentials: true
	CORSNoCredentials    FindingKind = "no credentials"    // cookies are wanted, and not allowed
	CORSAnyOrigin        FindingKind = "any origin"        // whatever origin asks is echoed, with credentials: every site may act for your users
	CORSNoVary           FindingKind = "no vary"           // the origin is echoed without Vary: Origin, so that caches mix answers up
	CORSPreflightRefused FindingKind = "preflight refused" // OPTIONS has no 2xx, or no permission in it
	CORSMethodMissing    FindingKind = "method missing"    // the method is not in Allow-Methods
	CORSHeadersMissing   FindingKind = "headers missing"   // a request header is not in Allow-Headers
	CORSLostOnStatus     FindingKind = "lost on status"    // the header is there on 200, and not on 304 or an error page
	CORSOriginSends      FindingKind = "origin sends"      // the origin sends CORS headers too
	CORSRedirected       FindingKind = "redirected"        // the URL leads to another one: probe that
)

// Finding is one thing that is wrong.
type Finding struct {
	Kind   FindingKind `json:"kind"`
	Detail string      `json:"detail"` // for people
}

// Exchange is one request of a probe and what was answered.
type Exchange struct {
	Name    string      `json:"name"` // "GET with origin"
	Method  string      `json:"method"`
	Status  int         `json:"status"`
	Headers http.Header `json:"headers,omitempty"` // those that CORS and caches look at
}

// ProbeReport is what a probe found. No findings = fine.
type ProbeReport struct {
	URL, Origin string // the URL without its query
	Findings    []Finding
	Exchanges   []Exchange

	// Readable says that a script of the origin may read the answer to a plain GET, and Sendable that it may send the
	// Method with the Headers of the options, by the rules of the Fetch standard.
	Readable, Sendable bool
}

// Has reports whether there is a finding of this kind.
func (r ProbeReport) Has(kind FindingKind) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Kind == kind })
}

// String is the report for people.
func (r ProbeReport) String() string {
	var b strings.Builder
	yes := map[bool]string{true: "yes", false: "NO"}
	fmt.Fprintf(&b, "%s, asked by %s\nscripts may read it: %s; may send to it: %s\n", r.URL, r.Origin, yes[r.Readable], yes[r.Sendable])
	for _, e := range r.Exchanges {
		fmt.Fprintf(&b, "  %-22s %d  %s\n", e.Name, e.Status, strings.Join(e.Headers.Values(accessOrigin), " | "))
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "! %s: %s\n", f.Kind, f.Detail)
	}
	return b.String()
}

// ProbeOptions are the options of [ProbeCORS]. nil is all defaults.
type ProbeOptions struct {
	Method      string   // that scripts want to send; "" = POST
	Headers     []string // request headers that they want to send; nil = Content-Type, as for JSON; empty = none
	Credentials bool     // they send cookies
	Foreign     string   // an origin that has no permission; "" = https://cors-probe.invalid
	OriginURL   string   // the same file at the origin, past the CDN; "" = the origin is not asked
}

// ProbeCORS asks a URL as a browser would, and as caches do: a GET with the origin, one without and one with a foreign
// origin, a preflight, a GET that should be answered 304, and one for a file that does not exist. It says what browsers
// refuse and what will fail later. It works with any server. hc nil is a client with a timeout of
// 30 s; redirects are not followed and
// bodies not read.
//
// Errors: [ErrInput] for a URL or origin that is none; [ErrTemporary] for a request without an answer, its cause below;
// the cause of ctx.
//
// Source: the Fetch standard, CORS check and CORS-preflight fetch; help.aliyun.com/document_detail/388460 (read 2026-11).
func ProbeCORS(ctx context.Context, hc *http.Client, rawURL, origin string, opts *ProbeOptions) (ProbeReport, error) {
	p := &probe{ctx: ctx, http: httpcall.Client(hc, &http.Client{Timeout: 30 * time.Second}), url: rawURL, origin: origin}
	if opts != nil {
		p.opts = *opts
	}
	p.opts.Method = orDefault(p.opts.Method, http.MethodPost)
	p.opts.Foreign = orDefault(p.opts.Foreign, "https://cors-probe.invalid")
	if p.opts.Headers == nil {
		p.opts.Headers = []string{"Content-Type"}
	}
	if problems := p.problems(); len(problems) > 0 {
		return ProbeReport{}, badInput(CDNProduct, "ProbeCORS", problems...)
	}
	p.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	p.report = ProbeReport{URL: httpcall.RedactURL(rawURL), Origin: origin}
	err := p.run()
	return p.report, err
}

// probe is one run of ProbeCORS.
type probe struct {
	ctx         context.Context //nolint:containedctx // it lives as long as one call
	http        *http.Client
	url, origin string
	opts        ProbeOptions
	report      ProbeReport
}

func (p *probe) problems() (out []string) {
	for name, raw := range map[string]string{"url": p.url, "OriginURL": p.opts.OriginURL} {
		if u, err := url.Parse(raw); raw != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
			out = append(out, name+" is no http or https URL")
		}
	}
	if p.url == "" {
		out = append(out, "url is empty")
	}
	for name, o := range map[string]string{"origin": p.origin, "Foreign": p.opts.Foreign} {
		if problem := originProblem(o); problem != "" || strings.Contains(o, "*") {
			out = append(out, fmt.Sprintf("%s %q is no origin: scheme://host[:port]", name, o))
		}
	}
	for _, h := range p.opts.Headers {
		if !headerName.MatchString(h) {
			out = append(out, fmt.Sprintf("Headers: %q is no name of a header", h))
		}
	}
	if strings.Trim(p.opts.Method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		out = append(out, fmt.Sprintf("Method %q must be upper-case letters", p.opts.Method))
	}
	slices.Sort(out)
	return out
}

func (p *probe) find(kind FindingKind, format string, args ...any) {
	p.report.Findings = append(p.report.Findings, Finding{kind, fmt.Sprintf(format, args...)})
}

// ask makes one request and notes it.
func (p *probe) ask(name, method, rawURL string, headers map[string]string) (Exchange, error) {
	req, err := http.NewRequestWithContext(p.ctx, method, rawURL, nil)
	if err != nil {
		return Exchange{}, &Error{Kind: ErrInput, Product: CDNProduct, Op: "ProbeCORS", Err: httpcall.Redact(err)}
	}
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	resp, err := httpcall.Do(p.http, req)
	if err != nil {
		e := &Error{Kind: ErrTemporary, Product: CDNProduct, Op: "ProbeCORS", Message: name, Sent: httpcall.MaybeSent(err), Err: httpcall.Redact(err)}
		if p.ctx.Err() != nil {
			e.Kind = nil
		}
		return Exchange{}, e
	}
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // so that a small answer leaves the connection usable
	_ = resp.Body.Close()
	x := Exchange{Name: name, Method: method, Status: resp.StatusCode, Headers: http.Header{}}
	for k, v := range resp.Header {
		if strings.HasPrefix(k, "Access-Control-") || slices.Contains([]string{"Vary", "Etag", "Last-Modified", "Cache-Control", "Age", "Location"}, k) {
			x.Headers[k] = v
		}
	}
	p.report.Exchanges = append(p.report.Exchanges, x)
	return x, nil
}

func (p *probe) run() error {
	own, err := p.ask("GET with origin", http.MethodGet, p.url, map[string]string{"Origin": p.origin})
	if err != nil {
		return err
	}
	if own.Status >= 300 && own.Status < 400 && own.Headers.Get("Location") != "" {
		p.find(CORSRedirected, "answered with %d to %s", own.Status, httpcall.RedactURL(own.Headers.Get("Location")))
		return nil
	}
	p.report.Readable = own.allows(p.origin, p.opts.Credentials)
	p.judge(own)
	for _, step := range []func(Exchange) error{p.others, p.preflight, p.revalidate, p.errorPage, p.originServer} {
		if err := step(own); err != nil {
			return err
		}
	}
	return nil
}

// allows is the CORS check of the Fetch standard.
func (x Exchange) allows(origin string, credentials bool) bool {
	value := strings.Join(x.Headers.Values(accessOrigin), ", ")
	if value == "*" && !credentials {
		return true
	}
	return value == origin && (!credentials || x.Headers.Get("Access-Control-Allow-Credentials") == "true")
}

// judge looks at the answer to a plain GET.
func (p *probe) judge(own Exchange) {
	values := own.Headers.Values(accessOrigin)
	withCookies := own.Headers.Get("Access-Control-Allow-Credentials") == "true"
	switch {
	case len(values) == 0:
		p.find(CORSMissing, "there is no %s", accessOrigin)
	case len(values) > 1:
		p.find(CORSDuplicated, "%s is there %d times: %s", accessOrigin, len(values), strings.Join(values, " | "))
	case strings.Contains(values[0], ","):
		p.find(CORSList, "%s is a list, %q: check the origin, and send the one that matches", accessOrigin, values[0])
	case values[0] == "*" && withCookies:
		p.find(CORSStarCredentials, "* with Access-Control-Allow-Credentials: true is refused for requests with cookies")
	case values[0] != "*" && values[0] != p.origin:
		p.find(CORSOtherOrigin, "%s is %q", accessOrigin, values[0])
	case p.opts.Credentials && !withCookies:
		p.find(CORSNoCredentials, "Access-Control-Allow-Credentials is not true")
	}
}

// others asks without an origin and with a foreign one: what is echoed depends on the asker, so caches have to know.
func (p *probe) others(own Exchange) error {
	none, err := p.ask("GET without origin", http.MethodGet, p.url, nil)
	if err != nil {
		return err
	}
	foreign, err := p.ask("GET, foreign origin", http.MethodGet, p.url, map[string]string{"Origin": p.opts.Foreign})
	if err != nil {
		return err
	}
	value := own.Headers.Get(accessOrigin)
	if value == "" || value == "*" || len(own.Headers.Values(accessOrigin)) > 1 {
		return nil
	}
	if foreign.Headers.Get(accessOrigin) == p.opts.Foreign && own.Headers.Get("Access-Control-Allow-Credentials") == "true" {
		p.find(CORSAnyOrigin, "%s is allowed too, with cookies", p.opts.Foreign)
	}
	if foreign.Headers.Get(accessOrigin) == value && none.Headers.Get(accessOrigin) == value {
		return nil // always the same
	}
	for _, x := range []Exchange{own, none} {
		if !x.varies() {
			p.find(CORSNoVary, "the origin is echoed, and %s has no Vary: Origin", x.Name)
			break
		}
	}
	return nil
}

func (x Exchange) varies() bool {
	return slices.ContainsFunc(tokens(x.Headers, "Vary"), func(v string) bool { return v == "*" || strings.EqualFold(v, "Origin") })
}

// tokens are the elements of a list header.
func tokens(h http.Header, name string) (out []string) {
	for _, line := range h.Values(name) {
		for t := range strings.SplitSeq(line, ",") {
			if t = strings.TrimSpace(t); t != "" {
				out = append(out, t)
			}
		}
	}
	return out
}

// simple reports whether a browser sends this without asking first. A Content-Type is taken for one that it asks for, as
// that of JSON.
func (o ProbeOptions) simple() bool {
	return len(o.unsafeHeaders()) == 0 && slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodPost}, o.Method)
}

func (o ProbeOptions) unsafeHeaders() (out []string) {
	for _, h := range o.Headers {
		h = strings.ToLower(h)
		if !slices.Contains([]string{"accept", "accept-language", "content-language"}, h) {
			out = append(out, h)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// preflight asks for the permission to send.
func (p *probe) preflight(own Exchange) error {
	if p.opts.simple() {
		p.report.Sendable = p.report.Readable
		return nil
	}
	headers := map[string]string{"Origin": p.origin, "Access-Control-Request-Method": p.opts.Method}
	if h := p.opts.unsafeHeaders(); len(h) > 0 {
		headers["Access-Control-Request-Headers"] = strings.Join(h, ",")
	}
	x, err := p.ask("OPTIONS (preflight)", http.MethodOptions, p.url, headers)
	if err != nil {
		return err
	}
	allowed := x.allows(p.origin, p.opts.Credentials)
	switch {
	case x.Status < 200 || x.Status > 299:
		p.find(CORSPreflightRefused, "OPTIONS is answered with %d: a rule for OPTIONS or the origin must answer 2xx", x.Status)
		return nil
	case !allowed && p.report.Readable:
		p.find(CORSPreflightRefused, "the answer to OPTIONS does not allow the origin, that to GET does")
		return nil
	}
	permitted := true
	wildcard := func(list []string) bool { return slices.Contains(list, "*") && !p.opts.Credentials }
	methods := tokens(x.Headers, "Access-Control-Allow-Methods")
	if !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodPost}, p.opts.Method) && !wildcard(methods) && !slices.Contains(methods, p.opts.Method) {
		p.find(CORSMethodMissing, "%s is not in Access-Control-Allow-Methods (%s)", p.opts.Method, strings.Join(methods, ", "))
		permitted = false
	}
	list := tokens(x.Headers, "Access-Control-Allow-Headers")
	var missing []string
	for _, h := range p.opts.unsafeHeaders() {
		named := slices.ContainsFunc(list, func(v string) bool { return strings.EqualFold(v, h) })
		if !named && (!wildcard(list) || h == "authorization") { // * does not stand for Authorization
			missing = append(missing, h)
		}
	}
	if len(missing) > 0 {
		p.find(CORSHeadersMissing, "%s is not in Access-Control-Allow-Headers (%s)", strings.Join(missing, ", "), strings.Join(list, ", "))
		permitted = false
	}
	p.report.Sendable = allowed && permitted && p.report.Readable
	return nil
}

// lost notes an answer without the header that the plain one has.
func (p *probe) lost(own, x Exchange, what string) {
	if own.Headers.Get(accessOrigin) != "" && x.Headers.Get(accessOrigin) == "" {
		p.find(CORSLostOnStatus, "%s (%d) has no %s", what, x.Status, accessOrigin)
	}
}

func (p *probe) revalidate(own Exchange) error {
	headers := map[string]string{"Origin": p.origin}
	if tag := own.Headers.Get("Etag"); tag != "" {
		headers["If-None-Match"] = tag
	} else if at := own.Headers.Get("Last-Modified"); at != "" {
		headers["If-Modified-Since"] = at
	} else {
		return nil
	}
	x, err := p.ask("GET if changed", http.MethodGet, p.url, headers)
	if err == nil && x.Status == http.StatusNotModified {
		p.lost(own, x, "the answer that nothing has changed")
	}
	return err
}

func (p *probe) errorPage(own Exchange) error {
	u, err := url.Parse(p.url)
	if err != nil {
		return err // problems has parsed it
	}
	u.RawQuery = ""
	u = u.JoinPath("../cors-probe-" + strings.ToLower(rand.Text()[:8]))
	x, err := p.ask("GET, no such file", http.MethodGet, u.String(), map[string]string{"Origin": p.origin})
	if err == nil && x.Status >= 400 {
		p.lost(own, x, "the error page")
	}
	return err
}

func (p *probe) originServer(Exchange) error {
	if p.opts.OriginURL == "" {
		return nil
	}
	x, err := p.ask("GET past the CDN", http.MethodGet, p.opts.OriginURL, map[string]string{"Origin": p.origin})
	if err == nil && x.Headers.Get(accessOrigin) != "" {
		p.find(CORSOriginSends, "the origin sends %s: %s itself", accessOrigin, x.Headers.Get(accessOrigin))
	}
	return err
}
