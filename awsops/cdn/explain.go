package cdn

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// explain finds the causes of what was seen, the likeliest first.
func (x *examination) explain() {
	d := x.d
	if !d.Enabled {
		x.add(Disabled, nil, "the distribution is disabled", "enable it, and wait until it is deployed")
		return
	}
	if d.Status != Deployed {
		x.add(NotDeployed, nil, "the distribution is "+d.Status+": edge locations have the old configuration, or none",
			"wait until it is Deployed, then look again")
	}
	for _, v := range d.Views {
		if !v.OK() {
			x.explainView(v)
		}
	}
	if len(d.Causes) == 0 {
		for _, v := range d.Views {
			if !v.OK() {
				x.add(Unknown, []string{v.Name}, v.String(), "ask AWS's support, with the request ID "+v.RequestID)
			}
		}
	}
}

// explainView finds the cause of one view.
func (x *examination) explainView(v View) {
	names := []string{v.Name}
	attached := v.Own || slices.ContainsFunc(x.attached, func(a string) bool { return covers(a, v.Name) })
	switch {
	case v.NoName && v.Own:
		if x.d.Status == Deployed {
			x.add(Unknown, names, "CloudFront's own domain has no addresses",
				"look again in a few minutes; new names take time to be known")
		}
	case v.NoName:
		x.add(AliasNoName, names, v.Name+" has no record in the DNS",
			fmt.Sprintf("add a CNAME to %s, or A and AAAA alias records of Route 53", x.d.Domain))
	case !v.Own && v.Status != 0 && !v.CDN, !v.Own && v.Status == 0:
		x.add(AliasElsewhere, names, fmt.Sprintf("%s leads to %s, which is not CloudFront: %s", v.Name, addresses(v), v),
			fmt.Sprintf("turn its record to %s, and wait out the old TTL", x.d.Domain))
	case !attached:
		x.add(AliasNotAttached, names, v.Name+" leads to CloudFront, and is no alias of this distribution",
			"add it to the aliases, with a certificate of us-east-1 that names it")
	case v.Status == http.StatusForbidden && v.Made:
		x.forbidden(v)
	case v.Loop:
		x.add(RedirectLoop, names, "redirects go round in circles: "+strings.Join(v.Hops, ", "), x.loopFix())
	case v.NotNamed || len(v.TLS) > 0:
		x.add(AliasNotAttached, names,
			fmt.Sprintf("the certificate that CloudFront shows for %s: %s", v.Name, strings.Join(v.TLS, "; ")),
			"attach a certificate of us-east-1 that names it; a change that is being deployed shows the old one")
	case v.Made && (v.Status == http.StatusBadGateway || v.Status == http.StatusGatewayTimeout || v.Status == http.StatusServiceUnavailable):
		x.originFault(v)
	case v.Status >= 400:
		x.add(OriginAnswers, names, fmt.Sprintf("the origin itself answers %d as %s", v.Status, v.Name),
			"look into the logs of the server; CloudFront only passes it on")
	}
}

func addresses(v View) string {
	var out []string
	for _, a := range v.Addresses {
		out = append(out, a.String())
	}
	return strings.Join(out, ", ")
}

// forbidden explains a 403 that CloudFront made: by all names it is a rule, by one alias it is the alias.
func (x *examination) forbidden(v View) {
	names := []string{v.Name}
	ownToo := slices.ContainsFunc(x.d.Views, func(o View) bool { return o.Own && o.Status == http.StatusForbidden && o.Made })
	if !v.Own && !ownToo {
		x.add(AliasNotAttached, names, v.Name+" is an alias here, and CloudFront does not serve it: another distribution has it at the edge, or this one is not there yet",
			"wait until the distribution is deployed; check that no other distribution or account has the alias")
		return
	}
	var by []string
	if acl := aws.ToString(x.cfg.WebACLId); acl != "" {
		by = append(by, "the web ACL "+acl+" of WAF")
	}
	if r := x.cfg.Restrictions; r != nil && r.GeoRestriction != nil && r.GeoRestriction.RestrictionType != "none" && r.GeoRestriction.RestrictionType != "" {
		by = append(by, "the restriction by country")
	}
	if b := x.cfg.DefaultCacheBehavior; b != nil && (b.TrustedKeyGroups != nil && aws.ToBool(b.TrustedKeyGroups.Enabled) ||
		b.TrustedSigners != nil && aws.ToBool(b.TrustedSigners.Enabled)) {
		by = append(by, "signed URLs, which this request had not")
	}
	if len(by) == 0 {
		by = append(by, "a rule that is not in this configuration: a firewall policy of the organisation, or a function")
	}
	x.add(Blocked, names, "CloudFront refuses the request itself: "+strings.Join(by, ", or "),
		"look into that rule's log with the request ID "+v.RequestID)
}

// originFault explains a 502, 503 or 504 that CloudFront made.
func (x *examination) originFault(v View) {
	names := []string{v.Name}
	p := x.d.Probe
	switch {
	case x.origin != nil && x.origin.VpcOriginConfig != nil:
		x.add(Unknown, names, fmt.Sprintf("CloudFront gets no answer from the VPC origin (%d)", v.Status),
			"it cannot be looked at from here: check the instance's security group for CloudFront's, that the port of the VPC origin listens, and by https that the certificate names the Host")
		return
	case p == nil:
		x.add(Unknown, names, fmt.Sprintf("CloudFront gets no answer from the origin (%d)", v.Status),
			"look at the origin from where it can be reached")
		return
	}
	w := way{x.protocol, x.forward}
	if v.Own && x.forward && w.protocol != HTTPOnly {
		if problems, _ := p.judge(way{HTTPSOnly, true}); len(problems) == 0 || len(p.Aliases) == 0 {
			x.add(HostForwarded, names, "the viewer's Host is forwarded, and CloudFront's own domain is in no certificate of the origin",
				"this is as it must be: viewers have to use an alias")
			return
		}
	}
	if x.connection(v, p, w) || w.protocol != HTTPOnly && x.certificate(v, p, w) {
		return
	}
	x.beyond(v, p, w)
}

// connection explains what happens before TLS and HTTP. It returns false when that is not the cause.
func (x *examination) connection(v View, p *Probe, w way) bool {
	names := []string{v.Name}
	if p.Problem != "" {
		if len(p.Addresses) == 0 && strings.Contains(p.Problem, "DNS") {
			x.add(OriginNoName, names, "the origin "+p.Host+": "+p.Problem,
				"correct the origin's domain; the public name of an instance changes when it is stopped and started: see Retarget")
		} else {
			x.add(OriginAddress, names, "the origin "+p.Host+": "+p.Problem, "give it a public address and name, or use a VPC origin")
		}
		return true
	}
	port := p.HTTPS
	if w.protocol == HTTPOnly || w.protocol == MatchViewer && p.HTTPS.Open {
		port = p.HTTP
	}
	if port.Open {
		return false
	}
	if port.Silent {
		x.add(OriginSilent, names, fmt.Sprintf("port %d of %s: %s", port.Port, p.Host, port.Problem),
			"open the port in the security group, for the managed prefix list com.amazonaws.global.cloudfront.origin-facing at least, and start the machine")
		return true
	}
	fix := "start a server on that port"
	if d := p.Decision; !d.Refused() && d.Protocol != w.protocol {
		fix += fmt.Sprintf(", or set the origin's protocol to %s: %s", d.Protocol, d.Why)
	}
	x.add(OriginClosed, names, fmt.Sprintf("port %d of %s: %s", port.Port, p.Host, port.Problem), fix)
	return true
}

// certificate explains what happens in the handshake.
func (x *examination) certificate(v View, p *Probe, w way) bool {
	names := []string{v.Name}
	host := p.Host
	if w.forward && !v.Own {
		host = v.Name
	}
	c, ok := p.chain(host)
	if !ok {
		if c, ok = p.chain(p.Host); !ok {
			return false
		}
	}
	instead := ""
	if d := p.Decision; !d.Refused() && (d.Protocol != w.protocol || d.ForwardHost != w.forward) {
		instead = fmt.Sprintf(", or change to %s + %s: %s", d.Protocol, d.RequestPolicy, d.Why)
	}
	why := strings.Join(c.Problems, "; ")
	switch {
	case !c.Shown:
		x.add(OriginHandshake, names, fmt.Sprintf("port %d of %s does not speak TLS: %s", p.HTTPS.Port, p.Host, why),
			"set up TLS there"+instead)
	case !slices.Contains(p.Versions, "TLS 1.2") && !slices.Contains(p.Versions, "TLS 1.3"):
		x.add(OriginTLSVersion, names, "the origin speaks "+strings.Join(p.Versions, ", ")+" only",
			"switch TLS 1.2 on at the server"+instead)
	case c.SelfSigned && !c.Trusted:
		x.add(OriginSelfSigned, names, "the origin's certificate: "+why, "use one of a public authority"+instead)
	case c.Expired:
		x.add(OriginExpired, names, "the origin's certificate: "+why, "renew it"+instead)
	case c.Complete && !c.Trusted:
		x.add(OriginChain, names, "the origin's certificate: "+why, "use one of a public authority"+instead)
	case !c.Good():
		x.add(OriginChain, names, "the origin's certificate: "+why,
			"install the full chain, leaf first, each followed by its issuer"+instead)
	case !c.covers(host) && !c.covers(p.Host):
		fix := "get a certificate for " + host
		switch {
		case c.covers(v.Name) && !w.forward:
			fix = "forward the viewer's Host with AllViewer"
		case isEC2(host):
			fix = "no authority certifies names of EC2: use an alias, forward the viewer's Host, and get a certificate for the alias"
		}
		x.add(OriginName, names,
			fmt.Sprintf("the origin's certificate is for %s, and CloudFront asks for %s", strings.Join(c.Names, ", "), host),
			fix+instead)
	default:
		return false
	}
	return true
}

// beyond explains what cannot be seen at the origin: it answers here.
func (x *examination) beyond(v View, p *Probe, w way) {
	names := []string{v.Name}
	protocol := w.protocol
	if protocol == MatchViewer {
		protocol = HTTPSOnly
	}
	host := p.Host
	if w.forward && !v.Own {
		host = v.Name
	}
	a, _ := p.answer(protocol, host)
	switch {
	case a.Silent:
		x.add(OriginSlow, names,
			fmt.Sprintf("the origin takes the connection and does not answer as %s: %s", host, a.Problem),
			"look why the server hangs; OriginReadTimeout is 30 s unless it is raised, up to 120 s")
	case v.Status == http.StatusGatewayTimeout:
		x.add(OriginFirewall, names, "the origin answers here, and not CloudFront",
			"let the managed prefix list com.amazonaws.global.cloudfront.origin-facing in at the security group and every firewall")
	case x.functions:
		x.add(Unknown, names, "the origin is in order; a function at the edge is attached, whose output may be invalid",
			"look into the function's log in CloudWatch, in the Region of the edge location "+v.Pop)
	default:
		x.add(Unknown, names, fmt.Sprintf("the origin is in order from here, and CloudFront says %d", v.Status),
			"look again: errors are kept for 10 s; then compare the server's ciphers with those that CloudFront has, and ask AWS's support with the request ID "+v.RequestID)
	}
}

// loopFix tells how to end a loop.
func (x *examination) loopFix() string {
	if x.protocol == HTTPOnly {
		return "the origin redirects http to https, and CloudFront asks by http: serve https at the origin with a proper certificate and set https-only, or end the redirect at the origin"
	}
	return "end the redirect at the origin for requests that come through CloudFront"
}
