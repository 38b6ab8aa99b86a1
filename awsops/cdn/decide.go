package cdn

import (
	"fmt"
	"slices"
	"strings"
)

// Rule is the line of the table by which a [Decision] was made.
type Rule string

// The rules, in the order in which they are tried.
const (
	RuleUnreachable Rule = "unreachable"  // refused: an IP address, no such name, a private address, both ports closed
	RuleAlias       Rule = "alias"        // https-only, and the viewer's Host is forwarded: the certificate names the aliases
	RuleDomain      Rule = "domain"       // https-only, and the origin's name is sent: the certificate names that
	RuleHTTP        Rule = "http"         // http-only: nothing speaks TLS there
	RuleHTTPInstead Rule = "http-instead" // http-only, with a warning: what is at port 443 would be a 502
	RuleRefused     Rule = "refused"      // none of these works
)

// Decision is how CloudFront should ask an origin, and why.
type Decision struct {
	Rule          Rule     `json:"rule"`
	Protocol      Protocol `json:"protocol,omitempty"`       // empty when refused
	RequestPolicy string   `json:"request_policy,omitempty"` // AllViewer or AllViewerExceptHostHeader
	ForwardHost   bool     `json:"forward_host,omitempty"`   // the viewer's Host reaches the origin: viewers have to use an alias
	Why           string   `json:"why"`
	Warnings      []string `json:"warnings,omitempty"`
	Against       []Reason `json:"against,omitempty"` // why what was tried before does not work
}

// Reason is why one way of asking the origin does not work.
type Reason struct {
	Way string `json:"way"`
	Why string `json:"why"`
}

// Refused tells whether nothing works.
func (d Decision) Refused() bool { return d.Protocol == "" }

// String is the decision in a few lines.
func (d Decision) String() string {
	var b strings.Builder
	if d.Refused() {
		b.WriteString("refused: " + d.Why)
	} else {
		fmt.Fprintf(&b, "%s + %s: %s", d.Protocol, d.RequestPolicy, d.Why)
	}
	for _, r := range d.Against {
		fmt.Fprintf(&b, "\n  not %s: %s", r.Way, r.Why)
	}
	for _, w := range d.Warnings {
		b.WriteString("\n  warning: " + w)
	}
	return b.String()
}

// way is one way of asking the origin.
type way struct {
	protocol Protocol
	forward  bool // the viewer's Host
}

func (w way) policy() string {
	if w.forward {
		return "AllViewer"
	}
	return "AllViewerExceptHostHeader"
}

func (w way) String() string {
	if w.protocol == HTTPOnly {
		return string(w.protocol)
	}
	return string(w.protocol) + " + " + w.policy()
}

// decide goes through the table.
func (p Probe) decide() Decision {
	if p.Problem != "" {
		return Decision{Rule: RuleUnreachable, Why: p.Problem}
	}
	if !p.HTTP.Open && !p.HTTPS.Open {
		return Decision{Rule: RuleUnreachable, Why: fmt.Sprintf("port %d: %s; port %d: %s", p.HTTP.Port, p.HTTP.Problem, p.HTTPS.Port, p.HTTPS.Problem)}
	}
	var d Decision
	try := func(rule Rule, w way, why string) bool {
		problems, warnings := p.judge(w)
		if len(problems) > 0 {
			d.Against = append(d.Against, Reason{w.String(), strings.Join(problems, "; ")})
			return false
		}
		d.Rule, d.Protocol, d.RequestPolicy, d.ForwardHost, d.Why = rule, w.protocol, w.policy(), w.forward, why
		d.Warnings = warnings
		return true
	}
	forward := len(p.Aliases) > 0
	switch {
	case p.HTTPS.Open && forward && try(RuleAlias, way{HTTPSOnly, true},
		"the certificate names "+strings.Join(p.Aliases, ", ")+", so the viewer's Host must reach the origin"):
		d.Warnings = append(d.Warnings, "viewers must use "+strings.Join(p.Aliases, ", ")+": by CloudFront's own domain the certificate fails, with 502")
	case p.HTTPS.Open && try(RuleDomain, way{HTTPSOnly, false}, "the certificate names "+p.Host):
	case p.HTTP.Open && !p.HTTPS.Open && try(RuleHTTP, way{HTTPOnly, forward}, fmt.Sprintf("only port %d is open", p.HTTP.Port)):
	case p.HTTP.Open && p.HTTPS.Open && try(RuleHTTPInstead, way{HTTPOnly, forward},
		fmt.Sprintf("port %d works, and what is at port %d does not", p.HTTP.Port, p.HTTPS.Port)):
		d.Warnings = append(d.Warnings, "between CloudFront and the origin nothing is encrypted")
	default:
		d.Rule, d.Why = RuleRefused, "no way of asking it works"
	}
	if !d.Refused() && isEC2(p.Host) {
		d.Warnings = append(d.Warnings, "the public name of an instance changes when it is stopped and started without an Elastic IP: see Retarget")
	}
	return d
}

// judge finds what speaks against a way of asking, and what is only to be known.
func (p Probe) judge(w way) (problems, warnings []string) {
	bad := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if w.protocol == MatchViewer {
		plain, w1 := p.judge(way{HTTPOnly, w.forward})
		secure, w2 := p.judge(way{HTTPSOnly, w.forward})
		return append(plain, secure...), append(w1, w2...)
	}
	if p.Problem != "" {
		return []string{p.Problem}, nil
	}
	port, hosts := p.HTTP, []string{p.Host}
	if w.protocol == HTTPSOnly {
		port = p.HTTPS
	}
	if w.forward {
		hosts = p.Aliases
	}
	switch {
	case !port.Open:
		bad("port %d: %s", port.Port, port.Problem)
		return problems, nil
	case w.protocol == HTTPSOnly && !w.forward && isEC2(p.Host):
		bad("no authority certifies names of EC2")
		return problems, nil
	case w.forward && len(p.Aliases) == 0 && w.protocol == HTTPSOnly:
		bad("the Host of CloudFront's own domain is in no certificate of yours: an alias is needed")
		return problems, nil
	case len(hosts) == 0:
		hosts = []string{p.Host}
	}
	if len(port.Closed) > 0 {
		warnings = append(warnings, fmt.Sprintf("port %d is closed on %s, which CloudFront will try as well", port.Port, strings.Join(port.Closed, ", ")))
	}
	if w.protocol == HTTPSOnly {
		more, w := p.judgeTLS(w, hosts)
		problems, warnings = append(problems, more...), append(warnings, w...)
	}
	if len(problems) > 0 {
		return problems, warnings
	}
	for _, host := range hosts {
		a, ok := p.answer(w.protocol, host)
		switch {
		case !ok:
			bad("not asked as %s", host)
		case a.Loop:
			bad("%s", a.Problem)
		case a.Silent && len(a.Hops) == 0, a.Status == 0 && len(a.Hops) == 0:
			bad("%s", a.Problem)
		default:
			warnings = append(warnings, a.warnings()...)
		}
	}
	return problems, warnings
}

func (a Answer) warnings() (out []string) {
	switch {
	case a.Past:
		out = append(out, "viewers are redirected to the origin itself, past CloudFront: "+strings.Join(a.Hops, ", "))
	case a.Problem != "":
		out = append(out, a.Problem)
	case a.To != "":
		out = append(out, "viewers are redirected to "+a.To)
	}
	if a.Status >= 500 || a.Status == 404 && len(a.Hops) == 1 {
		out = append(out, fmt.Sprintf("it answers %d as %s", a.Status, a.Host))
	}
	return out
}

// judgeTLS is judge for what is before the first byte of HTTP.
func (p Probe) judgeTLS(w way, hosts []string) (problems, warnings []string) {
	if len(p.Versions) > 0 && !slices.Contains(p.Versions, "TLS 1.2") {
		if !slices.Contains(p.Versions, "TLS 1.3") {
			return []string{fmt.Sprintf("it speaks %s only, and CloudFront is told to speak TLS 1.2", strings.Join(p.Versions, ", "))}, nil
		}
		warnings = append(warnings, "it speaks TLS 1.3 only: whether CloudFront does towards origins is unverified; allow TLS 1.2")
	}
	for _, host := range hosts {
		c, ok := p.chain(host)
		switch {
		case !ok:
			problems = append(problems, "no handshake as "+host)
		case !c.Good():
			problems = append(problems, strings.Join(c.Problems, "; "))
		case !c.covers(host) && (!w.forward || !c.covers(p.Host)):
			problems = append(problems, fmt.Sprintf("the certificate is for %s, not for %s", strings.Join(c.Names, ", "), host))
		case c.Days < 14:
			warnings = append(warnings, fmt.Sprintf("the certificate for %s expires in %d days", host, c.Days))
		}
	}
	return slices.Compact(problems), warnings
}

// choose is the first way that works, of those that a distribution allows.
func (p Probe) choose(protocols []Protocol, forwards []bool) (chosen way, warnings []string, against []Reason, ok bool) {
	for _, protocol := range protocols {
		for _, forward := range forwards {
			w := way{protocol, forward}
			problems, warnings := p.judge(w)
			if len(problems) == 0 {
				return w, warnings, against, true
			}
			against = append(against, Reason{w.String(), strings.Join(problems, "; ")})
		}
	}
	return way{}, nil, against, false
}
