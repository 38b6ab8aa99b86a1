package cdn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/kitroll/kitroll/awsops"
)

// RetargetPlan is what [Client.Retarget] would do.
type RetargetPlan struct {
	From  string     `json:"from"`
	To    string     `json:"to"`
	Items []Retarget `json:"items"`

	c *Client
}

// Retarget is one distribution that has the origin.
type Retarget struct {
	ID       string   `json:"id"`
	Domain   string   `json:"domain"`
	Aliases  []string `json:"aliases,omitempty"`
	For      string   `json:"for,omitempty"` // Distribution.ID, if this package has made it
	Origins  []string `json:"origins"`       // the IDs of the origins that are turned, within the distribution
	Groups   []string `json:"groups,omitempty"`
	Refused  string   `json:"refused,omitempty"` // why it would not work
	Warnings []string `json:"warnings,omitempty"`
}

// Retarget turns every distribution of the account that has the origin from to the origin to, in groups of origins too, and
// returns how many that were. They need not be made by this package. Everything else stays as it is, and what other writers
// change meanwhile survives. It can be broken off and run again: those that are done are not touched.
//
// Nothing at all is changed if one of them would not work ([ErrOrigin]): an IP address, or the name of an instance that is
// asked by https without the viewer's Host. Deployment takes minutes: see [Client.Wait]; which they were, [Client.PlanRetarget] tells.
//
// Lists lag: a distribution that was made within the last minutes may be missed.
func (c *Client) Retarget(ctx context.Context, from, to string) (n int, err error) {
	p, err := c.PlanRetarget(ctx, from, to)
	if err != nil {
		return 0, err
	}
	done, err := p.Apply(ctx)
	return len(done), err
}

// PlanRetarget finds the distributions that have the origin, and what speaks against turning them. It changes nothing.
func (c *Client) PlanRetarget(ctx context.Context, from, to string) (*RetargetPlan, error) {
	p := &RetargetPlan{From: fold(from), To: fold(to), c: c}
	if p.From == "" || p.From == p.To {
		return nil, invalid("Retarget", from, fmt.Errorf("from %q to %q", from, to))
	}
	if err := checkHost(p.To, false); err != nil {
		return nil, invalid("Retarget", to, err)
	}
	for s, err := range c.summaries(ctx) {
		if err != nil {
			return nil, err
		}
		if len(originsAt(s.Origins, p.From)) == 0 {
			continue
		}
		item, err := c.planOne(ctx, p, s)
		if errors.Is(err, awsops.ErrGone) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if len(item.Origins) > 0 {
			p.Items = append(p.Items, item)
		}
	}
	return p, nil
}

func (c *Client) planOne(ctx context.Context, p *RetargetPlan, s types.DistributionSummary) (Retarget, error) {
	cfg, _, err := c.readConfig(ctx, aws.ToString(s.Id))
	if err != nil {
		return Retarget{}, err
	}
	item := Retarget{
		ID: aws.ToString(s.Id), Domain: aws.ToString(s.DomainName), For: marked(aws.ToString(cfg.Comment)),
		Origins: originsAt(cfg.Origins, p.From),
	}
	if cfg.Aliases != nil {
		item.Aliases = cfg.Aliases.Items
	}
	for _, a := range item.Aliases {
		if fold(a) == p.To {
			item.Refused = p.To + " is its alias: CloudFront would ask itself"
		}
	}
	if cfg.OriginGroups != nil {
		for _, g := range cfg.OriginGroups.Items {
			if g.Members != nil && slices.ContainsFunc(memberIDs(g.Members), func(id string) bool { return slices.Contains(item.Origins, id) }) {
				item.Groups = append(item.Groups, aws.ToString(g.Id))
			}
		}
	}
	return item, c.judgeOne(ctx, p, cfg, &item)
}

// judgeOne applies the rules that need no look at the new origin, with the policies of the behaviour that asks it.
func (c *Client) judgeOne(ctx context.Context, p *RetargetPlan, cfg *types.DistributionConfig, item *Retarget) error {
	if cfg.Origins == nil {
		return nil
	}
	for _, o := range cfg.Origins.Items {
		if fold(aws.ToString(o.DomainName)) != p.From {
			continue
		}
		if o.VpcOriginConfig != nil {
			item.Warnings = append(item.Warnings, fmt.Sprintf("the origin %s is a VPC origin: its name is changed, the instance behind it is not", aws.ToString(o.Id)))
			continue
		}
		if o.CustomOriginConfig == nil {
			item.Refused = fmt.Sprintf("the origin %s is a bucket of S3", aws.ToString(o.Id))
			continue
		}
		protocol := Protocol(o.CustomOriginConfig.OriginProtocolPolicy)
		if protocol == HTTPOnly {
			continue
		}
		forward, err := c.behaviourForwards(ctx, cfg.DefaultCacheBehavior)
		if err != nil && !errors.Is(err, awsops.ErrGone) {
			return err
		}
		problems := localRules(Distribution{Origin: Origin{Domain: p.To}, Aliases: item.Aliases}, way{protocol, forward})
		if len(problems) > 0 {
			item.Refused = strings.Join(problems, "; ")
		}
	}
	return nil
}

// Apply carries the plan out, and returns the IDs of the distributions that it has changed, also when it fails on the way.
func (p *RetargetPlan) Apply(ctx context.Context) (ids []string, err error) {
	for _, item := range p.Items {
		if item.Refused != "" {
			return nil, &Error{Op: "Retarget", Resource: item.ID, Reason: item.Refused + " (nothing was changed)", Err: ErrOrigin}
		}
	}
	for _, item := range p.Items {
		changed := false
		err := p.c.edit(ctx, "Retarget", item.ID, func(cfg *types.DistributionConfig) (bool, error) {
			n := 0
			if cfg.Origins != nil {
				for i := range cfg.Origins.Items {
					if o := &cfg.Origins.Items[i]; fold(aws.ToString(o.DomainName)) == p.From {
						o.DomainName = new(p.To)
						n++
					}
				}
			}
			changed = changed || n > 0
			return n > 0, nil
		})
		if err != nil && !errors.Is(err, awsops.ErrGone) {
			return ids, err
		}
		if changed && err == nil {
			ids = append(ids, item.ID)
		}
	}
	return ids, nil
}

// String is the plan as a person reads it.
func (p *RetargetPlan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "retarget: %s → %s, %d distributions\n", p.From, p.To, len(p.Items))
	for _, i := range p.Items {
		fmt.Fprintf(&b, "  %s %s %s: origins %s", i.ID, i.Domain, strings.Join(i.Aliases, " "), strings.Join(i.Origins, ", "))
		if len(i.Groups) > 0 {
			fmt.Fprintf(&b, ", in groups %s", strings.Join(i.Groups, ", "))
		}
		if i.Refused != "" {
			b.WriteString("; refused: " + i.Refused)
		}
		for _, w := range i.Warnings {
			b.WriteString("; " + w)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// originsAt are the IDs of the origins with a domain.
func originsAt(in *types.Origins, domain string) (ids []string) {
	if in == nil {
		return nil
	}
	for _, o := range in.Items {
		if fold(aws.ToString(o.DomainName)) == domain {
			ids = append(ids, aws.ToString(o.Id))
		}
	}
	return ids
}

func memberIDs(m *types.OriginGroupMembers) (ids []string) {
	for _, x := range m.Items {
		ids = append(ids, aws.ToString(x.OriginId))
	}
	return ids
}
