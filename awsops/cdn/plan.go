package cdn

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/kitroll/kitroll/awsops"
)

// Action is what a [Plan] would do.
type Action string

// The actions.
const (
	Create Action = "create"
	Update Action = "update" // what differs is changed
	Keep   Action = "keep"   // nothing is changed: nothing differs, or Distribution.Update is not set
	Refuse Action = "refuse"
)

// Plan is what [Client.Ensure] would do for a distribution, to be shown before it is done. Headers are in it by name only.
type Plan struct {
	Distribution Distribution `json:"distribution"` // with its defaults
	Action       Action       `json:"action"`
	Existing     string       `json:"existing,omitempty"` // CloudFront's ID
	Protocol     Protocol     `json:"protocol,omitempty"`
	ForwardHost  bool         `json:"forward_host,omitempty"` // the viewer's Host reaches the origin
	Changes      []Change     `json:"changes,omitempty"`      // what differs
	Refused      []string     `json:"refused,omitempty"`      // why nothing will be done
	Notes        []string     `json:"notes,omitempty"`        // what a person should know, one sentence each
	Probe        *Probe       `json:"probe,omitempty"`        // nil when the origin was not looked at

	kind error // of the refusal
	want *types.DistributionConfig
	c    *Client
}

// Plan looks at what is there and at the origin, and says what [Client.Ensure] would do. It changes nothing and costs
// nothing. A doomed configuration is no error here: Action is Refuse, and Refused says why. Errors are an invalid
// distribution, with every problem, and calls that failed.
func (c *Client) Plan(ctx context.Context, d Distribution) (*Plan, error) {
	d = d.normal()
	if err := d.check(c.partition); err != nil {
		return nil, invalid("Plan", d.ID, err)
	}
	existing, err := c.search(ctx, d.ID, false)
	if err != nil {
		return nil, err
	}
	p := &Plan{Distribution: d, Action: Create, Existing: existing, kind: ErrOrigin, c: c}
	var have *types.DistributionConfig
	if existing != "" {
		if have, _, err = c.readConfig(ctx, existing); err != nil {
			return nil, err
		}
		p.Action = Keep
	}
	if err := p.settle(ctx, have); err != nil {
		return nil, err
	}
	if err := p.checkNames(ctx); err != nil {
		return nil, err
	}
	if have != nil && len(p.Refused) == 0 {
		p.Changes = differences(have, p.want)
		if len(p.Changes) > 0 && d.Update {
			p.Action = Update
		}
	}
	if len(p.Refused) > 0 {
		p.Action = Refuse
	}
	p.note()
	return p, nil
}

// settle decides protocol and policies. What is there and is not to be changed is not probed: an origin that is down for a
// moment is no reason to fail.
func (p *Plan) settle(ctx context.Context, have *types.DistributionConfig) error {
	d, c := p.Distribution, p.c
	cache, err := c.cachePolicy(ctx, d.CachePolicy)
	if err != nil {
		return err
	}
	forwards := []bool{true, false}
	if len(d.Aliases) == 0 {
		forwards = []bool{false}
	}
	if cache.forwardHost {
		forwards = []bool{true}
		p.Notes = append(p.Notes, "the cache policy "+cache.name+" sends the viewer's Host to the origin")
	}
	var request policy
	if d.RequestPolicy != "" {
		if request, err = c.requestPolicy(ctx, d.RequestPolicy); err != nil {
			return err
		}
		forwards = []bool{request.forwardHost || cache.forwardHost}
	}
	protocols := []Protocol{HTTPSOnly, HTTPOnly}
	if d.Origin.Protocol != "" {
		protocols = []Protocol{d.Origin.Protocol}
	}

	w := way{protocols[0], forwards[0]}
	switch {
	case d.Origin.VPC != "":
		w.protocol = ""
		p.Notes = append(p.Notes, "a VPC origin cannot be looked at from here: if it is asked by https, its certificate has to name "+
			strings.Join(append(slices.Clone(d.Aliases), d.Origin.Domain), " or "))
	case have != nil && !d.Update:
		if o := mainOrigin(have); d.Origin.Protocol == "" && o != nil && o.CustomOriginConfig != nil {
			w.protocol = Protocol(o.CustomOriginConfig.OriginProtocolPolicy)
		}
		if d.RequestPolicy == "" {
			request = policy{id: aws.ToString(have.DefaultCacheBehavior.OriginRequestPolicyId)}
		}
	case d.Unprobed:
		p.Refused = append(p.Refused, localRules(d, w)...)
		p.Notes = append(p.Notes, "the origin was not looked at")
	default:
		probe, err := c.Probe(ctx, d.Origin.Domain, d.probeOf())
		if err != nil {
			return err
		}
		p.Probe = &probe
		chosen, warnings, against, ok := probe.choose(protocols, forwards)
		if !ok {
			p.refuse(probe, against)
			break
		}
		w = chosen
		p.Notes = append(p.Notes, warnings...)
		for _, r := range against {
			p.Notes = append(p.Notes, "not "+r.Way+": "+r.Why)
		}
	}
	if request.id == "" {
		if request, err = c.requestPolicy(ctx, w.policy()); err != nil {
			return err
		}
	}
	p.Protocol, p.ForwardHost = w.protocol, w.forward
	p.want = d.desired(w.protocol, cache, request)
	return nil
}

func (p *Plan) refuse(probe Probe, against []Reason) {
	if probe.Decision.Rule == RuleUnreachable {
		p.Refused = append(p.Refused, probe.Host+": "+probe.Decision.Why)
		return
	}
	for _, r := range against {
		p.Refused = append(p.Refused, probe.Host+": not "+r.Way+": "+r.Why)
	}
}

// localRules are those that need no look at the origin.
func localRules(d Distribution, w way) (out []string) {
	secure := w.protocol == HTTPSOnly || w.protocol == MatchViewer
	if secure && !w.forward && isEC2(d.Origin.Domain) {
		out = append(out, d.Origin.Domain+" is a name of EC2, which no authority certifies: every request by https would be a 502; "+
			"forward the viewer's Host, with an alias that the certificate names, or ask by http-only")
	}
	if secure && w.forward && len(d.Aliases) == 0 {
		out = append(out, "the viewer's Host is forwarded, and without an alias that is CloudFront's own domain, "+
			"which is in no certificate of the origin: every request would be a 502")
	}
	return out
}

// checkNames asks for the names of the certificate, if anybody can tell.
func (p *Plan) checkNames(ctx context.Context) error {
	arn := p.Distribution.Certificate.ACM
	switch {
	case arn == "":
		return nil
	case p.c.names == nil:
		p.Notes = append(p.Notes, "whether the certificate names every alias was not checked (Config.Certificates is not set)")
		return nil
	}
	names, err := p.c.names.CertificateNames(ctx, arn)
	if err != nil {
		return &Error{Op: "Plan", Resource: arn, Reason: "the names of the certificate are not known", Err: err}
	}
	for _, a := range p.Distribution.Aliases {
		if !slices.ContainsFunc(names, func(n string) bool { return covers(n, a) }) {
			p.kind = awsops.ErrInvalid
			p.Refused = append(p.Refused, fmt.Sprintf("the certificate is for %s, not for %s: CloudFront refuses it with InvalidViewerCertificate",
				strings.Join(names, ", "), a))
		}
	}
	return nil
}

func (p *Plan) note() {
	d := p.Distribution
	add := func(format string, args ...any) { p.Notes = append(p.Notes, fmt.Sprintf(format, args...)) }
	if p.Action == Keep && len(p.Changes) > 0 {
		add("it differs, and is left as it is: Update is not set")
	}
	for _, a := range d.Aliases {
		kinds := "a record that leads to CloudFront"
		if !d.NoIPv6 {
			kinds = "an A and an AAAA alias record (or a CNAME) that lead to CloudFront"
		}
		add("%s needs %s", a, kinds)
	}
	if p.c.partition == awsops.China {
		add("in China every alias needs an ICP recordal, or it is not served; policies' IDs there are unverified")
	}
}

// String is the plan as a person reads it.
func (p *Plan) String() string {
	var b strings.Builder
	d := p.Distribution
	fmt.Fprintf(&b, "%s: distribution %s", p.Action, d.ID)
	if p.Existing != "" {
		fmt.Fprintf(&b, " (%s)", p.Existing)
	}
	names := strings.Join(d.Aliases, ", ")
	if names == "" {
		names = "CloudFront's own domain"
	}
	fmt.Fprintf(&b, "\n  %s → %s", names, d.Origin.Domain)
	switch {
	case p.Action == Refuse:
	case d.Origin.VPC != "":
		fmt.Fprintf(&b, " by the VPC origin %s", d.Origin.VPC)
	default:
		host := "its own name is sent as Host"
		if p.ForwardHost {
			host = "the viewer's Host is forwarded"
		}
		fmt.Fprintf(&b, " by %s, %s", p.Protocol, host)
	}
	fmt.Fprintf(&b, "\n  cache policy %s, viewers %s, %s, %s\n", d.CachePolicy, d.Viewers, d.HTTPVersion, d.PriceClass)
	for _, r := range p.Refused {
		fmt.Fprintf(&b, "  refused: %s\n", r)
	}
	for _, c := range p.Changes {
		fmt.Fprintf(&b, "  %s\n", c)
	}
	for _, n := range p.Notes {
		fmt.Fprintf(&b, "  note: %s\n", n)
	}
	return b.String()
}
