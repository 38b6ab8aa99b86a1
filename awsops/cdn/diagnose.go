package cdn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/kitroll/kitroll/awsops"
)

// DiagnoseOptions is what [Client.Diagnose] may be told. nil and zero fields are defaults.
type DiagnoseOptions struct {
	Names   []string      // as viewers ask; default the aliases; CloudFront's own domain is always tried
	Path    string        // default "/"
	Timeout time.Duration // of a viewer, default 60 s: CloudFront itself tries an origin for 30 s
	Network Network       // of the viewer; fields that are not set: those of Config.Network
	Origin  *ProbeOptions // how the origin is looked at: Timeout and Network count; nil = as the viewer
}

// Diagnosis is what viewers see, what the origin looks like, and what follows.
type Diagnosis struct {
	ID      string    `json:"id"`
	Domain  string    `json:"domain"`
	Status  string    `json:"status"`
	Enabled bool      `json:"enabled"`
	Origin  string    `json:"origin"` // domain and protocol
	Views   []View    `json:"views,omitempty"`
	Probe   *Probe    `json:"probe,omitempty"` // of the origin; nil if it was not looked at
	Causes  []Cause   `json:"causes,omitempty"`
	At      time.Time `json:"at"`
}

// Cause is one reason why viewers are not served, and what to do about it. The first one is the likeliest.
type Cause struct {
	Code  CauseCode `json:"code"`
	What  string    `json:"what"`
	Fix   string    `json:"fix"`
	Names []string  `json:"names,omitempty"` // of the viewers that it concerns
}

// CauseCode is a cause for programs.
type CauseCode string

// The causes.
const (
	Disabled         CauseCode = "disabled"
	NotDeployed      CauseCode = "not-deployed"
	Recordal         CauseCode = "icp-recordal"       // China: the alias is not approved
	AliasNoName      CauseCode = "alias-no-name"      // the DNS has no record
	AliasElsewhere   CauseCode = "alias-elsewhere"    // DNS does not point here
	AliasNotAttached CauseCode = "alias-not-attached" // to this distribution
	Blocked          CauseCode = "blocked"            // 403 of CloudFront: WAF, geography, signed URLs
	OriginNoName     CauseCode = "origin-no-name"     // 502
	OriginAddress    CauseCode = "origin-address"     // 502 or 504: not of the Internet
	OriginClosed     CauseCode = "origin-closed"      // 502: nothing listens
	OriginSilent     CauseCode = "origin-silent"      // 504: a firewall drops
	OriginSlow       CauseCode = "origin-slow"        // 504: connected, no answer
	OriginFirewall   CauseCode = "origin-firewall"    // 504: it answers here, and not CloudFront
	OriginHandshake  CauseCode = "origin-handshake"   // 502: no TLS there
	OriginTLSVersion CauseCode = "origin-tls-version" // 502
	OriginSelfSigned CauseCode = "origin-self-signed" // 502
	OriginExpired    CauseCode = "origin-expired"     // 502
	OriginChain      CauseCode = "origin-chain"       // 502: not complete, not in order, or not trusted
	OriginName       CauseCode = "origin-name"        // 502: no name of the certificate matches
	HostForwarded    CauseCode = "host-forwarded"     // 502 by CloudFront's own domain only
	RedirectLoop     CauseCode = "redirect-loop"
	OriginAnswers    CauseCode = "origin-answers" // the error is the origin's own
	Unknown          CauseCode = "unknown"
)

// Healthy tells whether every viewer is served who asks as is meant: that CloudFront's own domain fails where the viewer's
// Host is forwarded is no fault, as long as an alias works.
func (d Diagnosis) Healthy() bool {
	served := slices.ContainsFunc(d.Views, func(v View) bool { return !v.Own && v.OK() })
	return !slices.ContainsFunc(d.Causes, func(c Cause) bool { return c.Code != HostForwarded || !served })
}

// String is the diagnosis as a person reads it.
func (d Diagnosis) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "distribution %s (%s): %s, origin %s\n", d.ID, d.Domain, d.Status, d.Origin)
	for _, v := range d.Views {
		fmt.Fprintf(&b, "  %s\n", v)
	}
	if d.Healthy() {
		b.WriteString("every viewer is served\n")
	}
	for _, c := range d.Causes {
		fmt.Fprintf(&b, "%s: %s\n", c.Code, c.What)
		if c.Fix != "" {
			fmt.Fprintf(&b, "  do: %s\n", c.Fix)
		}
	}
	return b.String()
}

// Diagnose finds out why viewers of a distribution see a 502, a 504 or a 403, or nothing at all. It reads the
// configuration, fetches a page as a viewer by each alias and by CloudFront's own domain, tells from X-Cache, Via and
// Server who made the answer, and, if something is wrong, looks at the origin as [Client.Probe] does, by the protocol and
// Host that are configured. It changes nothing.
//
// Errors are calls that failed and a context that ended; what is wrong with the distribution is in the Diagnosis.
//
// Source: developer guide of CloudFront, "Troubleshooting error response status codes" (read 2026-11). That Server tells
// CloudFront's own errors from those of the origin is seen in the field, not documented.
func (c *Client) Diagnose(ctx context.Context, id string, opts *DiagnoseOptions) (Diagnosis, error) {
	o := c.diagnoseOptions(opts)
	dist, _, err := c.read(ctx, id)
	if err != nil {
		return Diagnosis{}, err
	}
	cfg := dist.DistributionConfig
	d := Diagnosis{ID: id, Domain: aws.ToString(dist.DomainName), Status: aws.ToString(dist.Status), Enabled: aws.ToBool(cfg.Enabled), At: c.caller.Clock.Now()}
	origin := mainOrigin(cfg)
	if origin != nil {
		d.Origin = aws.ToString(origin.DomainName) + " by " + readConnection(origin)
	}
	x := &examination{d: &d, cfg: cfg, origin: origin, attached: readNames(cfg.Aliases), functions: associations(cfg)}
	for name, state := range recordals(dist.AliasICPRecordals) {
		if c.partition == awsops.China && state != string(types.ICPRecordalStatusApproved) {
			x.add(Recordal, []string{name}, name+": its ICP recordal is "+state, "finish the recordal; until then it is not served")
		}
	}
	names := o.Names
	if len(names) == 0 {
		names = x.attached
	}
	for _, name := range names {
		d.Views = append(d.Views, c.view(ctx, o, fold(name), false))
	}
	d.Views = append(d.Views, c.view(ctx, o, fold(d.Domain), true))
	if cause := context.Cause(ctx); cause != nil {
		return d, &Error{Op: "Diagnose", Resource: id, Err: fmt.Errorf("stopped: %w", cause)}
	}
	if !slices.ContainsFunc(d.Views, func(v View) bool { return !v.OK() }) && d.Enabled && d.Status == Deployed {
		return d, nil
	}
	if x.forward, err = c.behaviourForwards(ctx, cfg.DefaultCacheBehavior); err != nil && !errors.Is(err, awsops.ErrGone) {
		return d, err
	}
	if origin != nil && origin.CustomOriginConfig != nil && d.Enabled {
		x.protocol = Protocol(origin.CustomOriginConfig.OriginProtocolPolicy)
		p, err := c.Probe(ctx, aws.ToString(origin.DomainName), x.probe(o))
		if err != nil && context.Cause(ctx) != nil {
			return d, err
		}
		if err == nil {
			d.Probe = &p
		}
	}
	x.explain()
	return d, nil
}

func (c *Client) diagnoseOptions(opts *DiagnoseOptions) DiagnoseOptions {
	var o DiagnoseOptions
	if opts != nil {
		o = *opts
	}
	o.Path, o.Timeout = cmp.Or(o.Path, "/"), cmp.Or(max(o.Timeout, 0), time.Minute)
	if !strings.HasPrefix(o.Path, "/") {
		o.Path = "/" + o.Path
	}
	o.Network = o.Network.or(c.net)
	return o
}

// examination is what the causes are found from.
type examination struct {
	d         *Diagnosis
	cfg       *types.DistributionConfig
	origin    *types.Origin
	attached  []string // aliases
	functions bool     // Lambda@Edge or a CloudFront function is attached
	forward   bool     // the viewer's Host reaches the origin
	protocol  Protocol
}

func (x *examination) add(code CauseCode, names []string, what, fix string) {
	for i, c := range x.d.Causes {
		if c.Code == code && c.What == what {
			x.d.Causes[i].Names = append(c.Names, names...)
			return
		}
	}
	x.d.Causes = append(x.d.Causes, Cause{code, what, fix, names})
}

// probe is how CloudFront asks the origin.
func (x *examination) probe(o DiagnoseOptions) *ProbeOptions {
	own := x.origin.CustomOriginConfig
	p := &ProbeOptions{
		HTTPPort: int(num(own.HTTPPort, 80)), HTTPSPort: int(num(own.HTTPSPort, 443)), Path: aws.ToString(x.origin.OriginPath) + o.Path,
		Addresses: string(own.IpAddressType), Network: o.Network,
	}
	for _, a := range x.attached {
		if checkHost(a, true) == nil {
			p.Aliases = append(p.Aliases, a)
		}
	}
	if o.Origin != nil {
		p.Timeout, p.Network = o.Origin.Timeout, o.Origin.Network.or(o.Network)
	}
	return p
}

func readNames(a *types.Aliases) (names []string) {
	if a == nil {
		return nil
	}
	for _, n := range a.Items {
		names = append(names, fold(n))
	}
	return names
}

func associations(cfg *types.DistributionConfig) bool {
	b := cfg.DefaultCacheBehavior
	if b == nil {
		return false
	}
	return b.LambdaFunctionAssociations != nil && len(b.LambdaFunctionAssociations.Items) > 0 ||
		b.FunctionAssociations != nil && len(b.FunctionAssociations.Items) > 0
}
