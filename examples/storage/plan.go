package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/kitroll/kitroll/vultr"
)

// showChoice says what fits and why, and why the others do not.
func showChoice(w io.Writer, c vultr.Choice) {
	names := map[vultr.StorageKind]string{
		vultr.KindBlock: "block volume", vultr.KindObject: "object storage", vultr.KindFile: "file system", vultr.KindGateway: "storage gateway",
	}
	var steps []string
	for _, kind := range c.Steps {
		steps = append(steps, names[kind])
	}
	fmt.Fprintln(w, "choice:", cmp.Or(strings.Join(steps, ", then "), "none"))
	for _, reason := range c.Reasons {
		fmt.Fprintln(w, "  +", reason)
	}
	for _, kind := range []vultr.StorageKind{vultr.KindBlock, vultr.KindObject, vultr.KindFile, vultr.KindGateway} {
		if reason, ok := c.Rejected[kind]; ok {
			fmt.Fprintf(w, "  - no %s: %s\n", names[kind], reason)
		}
	}
}

// Plan is what has to be done, in this order.
type Plan struct {
	Steps []Step

	block   vultr.BlockSpec
	object  vultr.ObjectSpec
	tree    vultr.FileSystemSpec
	gateway vultr.GatewaySpec // its exports lack the file system while that is not there
}

// Step is one thing to be bought, or attached.
type Step struct {
	Kind     vultr.StorageKind
	What     string
	There    string // its ID when it is there already
	Attach   string // an instance, when the step attaches and buys nothing
	Estimate vultr.Estimate
	Final    string // what cannot be undone
}

func (p *Plan) changes() bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool { return s.There == "" })
}

// word is what has to be typed: buying is another matter than attaching.
func (p *Plan) word() string {
	if slices.ContainsFunc(p.Steps, func(s Step) bool { return s.There == "" && s.Attach == "" }) {
		return "buy"
	}
	return "attach"
}

func (p *Plan) show(w io.Writer) {
	fmt.Fprintln(w, "plan:")
	total, unknown, buys := 0.0, false, false
	for _, s := range p.Steps {
		switch {
		case s.There != "" && s.Attach != "":
			fmt.Fprintf(w, "  attached %s\n", s.What)
		case s.Attach != "":
			fmt.Fprintf(w, "  attach   %s\n", s.What)
		case s.There != "":
			fmt.Fprintf(w, "  there    %s (%s)\n", s.What, s.There)
		default:
			fmt.Fprintf(w, "  buy      %s\n           %s\n", s.What, s.Estimate)
			total, unknown, buys = total+s.Estimate.MonthlyUSD, unknown || !s.Estimate.Known, true
		}
	}
	if !buys {
		return
	}
	for _, s := range p.Steps {
		if s.There == "" && s.Final != "" {
			fmt.Fprintln(w, "  mind:    "+s.Final)
		}
	}
	sum := fmt.Sprintf("$%.2f a month", total)
	if unknown {
		sum += " and what the platform names no price of"
	}
	fmt.Fprintln(w, "  in all:  "+sum+", billed from now until it is deleted")
}

// find looks for the thing of this label among those of a list. Several are for Ensure to complain of.
func find[T any](list iter.Seq2[T, error], is func(T) bool) (found T, ok bool, err error) {
	for thing, err := range list {
		if err != nil {
			return found, false, err
		}
		if is(thing) {
			found, ok = thing, true
		}
	}
	return found, ok, nil
}

// plan finds out what is there and what is not.
func (a *Account) plan(ctx context.Context, f *flags, c vultr.Choice) (*Plan, error) {
	p := &Plan{}
	for _, kind := range c.Steps {
		var err error
		switch kind {
		case vultr.KindBlock:
			err = a.planBlock(ctx, f, c, p)
		case vultr.KindObject:
			err = a.planObject(ctx, f, p)
		case vultr.KindFile:
			err = a.planTree(ctx, f, c, p)
		case vultr.KindGateway:
			err = a.planGateway(ctx, f, p)
		}
		if err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (a *Account) planBlock(ctx context.Context, f *flags, c vultr.Choice, p *Plan) error {
	least := map[string]int{string(vultr.HighPerf): 10, string(vultr.StorageOpt): 40}[c.Type]
	p.block = vultr.BlockSpec{Region: f.region, SizeGB: max(f.need.SizeGB, least), Label: f.label, Type: vultr.BlockType(c.Type)}
	if len(f.instances) > 1 {
		return inputError{errors.New("-instance: a block volume can be attached to one instance only")}
	}
	there, ok, err := find(a.Blocks.List(ctx, nil), func(b vultr.Block) bool { return b.Label == f.label && b.Region == f.region })
	if err != nil {
		return err
	}
	step := Step{
		Kind: vultr.KindBlock, What: fmt.Sprintf("block volume %q in %s, %d GB, %s", f.label, f.region, p.block.SizeGB, c.Type),
		Final: "a volume grows and never shrinks; deleting it destroys what is on it",
	}
	if ok {
		step.There = string(there.ID)
	} else if step.Estimate, err = a.client.Block().Estimate(ctx, p.block); err != nil {
		return err
	}
	p.Steps = append(p.Steps, step)
	for _, id := range f.instances {
		attach := Step{Kind: vultr.KindBlock, Attach: id, What: fmt.Sprintf("the volume to %s, live: without a reboot", id)}
		if ok && string(there.AttachedTo) == id {
			attach.There = id
		}
		p.Steps = append(p.Steps, attach)
	}
	return nil
}

func (a *Account) planObject(ctx context.Context, f *flags, p *Plan) error {
	objects := a.client.Object()
	cluster, ok, err := find(objects.Clusters(ctx, nil), func(c vultr.Cluster) bool { return c.Region == f.region && c.Deploy })
	if err != nil {
		return err
	}
	if !ok {
		return inputError{fmt.Errorf("-region: there is no object storage to be had in %q", f.region)}
	}
	there, ok, err := find(a.Objects.List(ctx, nil), func(o vultr.ObjectStorage) bool { return o.Label == f.label && o.Cluster == cluster.ID })
	if err != nil {
		return err
	}
	step := Step{Kind: vultr.KindObject, Final: "the flat fee is due even when it is empty; deleting it destroys all objects and keys"}
	if ok {
		step.There, p.object = string(there.ID), vultr.ObjectSpec{Cluster: cluster.ID, Tier: cmp.Or(there.Tier.ID, "?"), Label: f.label}
		step.What = fmt.Sprintf("object storage %q in %s", f.label, cluster.Hostname)
		p.Steps = append(p.Steps, step)
		return nil
	}
	tiers, err := objects.ClusterTiers(ctx, cluster.ID)
	if err != nil {
		return err
	}
	tier, ok := vultr.ChooseTier(f.need, tiers, "")
	if !ok {
		return inputError{fmt.Errorf("-iops: no tier in %s allows %d requests a second", f.region, f.need.IOPS)}
	}
	p.object = vultr.ObjectSpec{Cluster: cluster.ID, Tier: tier.ID, Label: f.label}
	step.What = fmt.Sprintf("object storage %q in %s, tier %s", f.label, cluster.Hostname, cmp.Or(tier.Name, string(tier.ID)))
	if step.Estimate, err = objects.Estimate(ctx, p.object, f.need.SizeGB); err != nil {
		return err
	}
	p.Steps = append(p.Steps, step)
	return nil
}

func (a *Account) planTree(ctx context.Context, f *flags, c vultr.Choice, p *Plan) error {
	p.tree = vultr.FileSystemSpec{Region: f.region, SizeGB: max(f.need.SizeGB, 10), Label: f.label}
	there, ok, err := find(a.Trees.List(ctx, nil), func(t vultr.FileSystem) bool { return t.Label == f.label && t.Region == f.region })
	if err != nil {
		return err
	}
	step := Step{
		Kind: vultr.KindFile, What: fmt.Sprintf("file system %q in %s, %d GB", f.label, f.region, p.tree.SizeGB),
		Final: "a file system grows and never shrinks; deleting it destroys what is in it",
	}
	if ok {
		step.There = string(there.ID)
	} else if step.Estimate, err = a.client.VFS().Estimate(ctx, p.tree); err != nil {
		return err
	}
	p.Steps = append(p.Steps, step)
	if c.Kind == vultr.KindGateway { // its clients attach nothing
		return nil
	}
	var attached []vultr.Attachment
	if ok {
		if attached, err = a.client.VFS().Attachments(ctx, there.ID); err != nil {
			return err
		}
	}
	for _, id := range f.instances {
		attach := Step{Kind: vultr.KindFile, Attach: id, What: "the file system to " + id}
		if slices.ContainsFunc(attached, func(at vultr.Attachment) bool { return string(at.Instance) == id }) {
			attach.There = id
		}
		p.Steps = append(p.Steps, attach)
	}
	return nil
}

func (a *Account) planGateway(ctx context.Context, f *flags, p *Plan) error {
	p.gateway = vultr.GatewaySpec{
		Label: f.label, Region: f.region, VPC: f.vpc, PublicIPv4: f.need.Public, AllowAnyIP: f.openToAll,
		Exports: []vultr.ExportSpec{{Label: f.label, Path: "/" + exportName(f.label), AllowedIPs: f.allow}},
	}
	if f.vpc == "" && !f.need.Public {
		return inputError{errors.New("-vpc is needed for a gateway, or -public with -allow")}
	}
	if f.need.Public && len(f.allow) == 0 && !f.openToAll {
		return inputError{errors.New("-allow is needed for a public gateway: without it, it would be an NFS server for everybody (-open-to-all means that)")}
	}
	there, ok, err := find(a.Gateways.List(ctx, nil), func(g vultr.Gateway) bool { return g.Label == f.label && g.Region == f.region })
	if err != nil {
		return err
	}
	where := "in the VPC " + f.vpc
	if f.need.Public {
		where = "public, open to " + cmp.Or(strings.Join(f.allow, ", "), "everybody")
	}
	step := Step{
		Kind: vultr.KindGateway, What: fmt.Sprintf("storage gateway %q in %s, %s", f.label, f.region, where),
		Final: "NFS is clear text and believes its clients: whoever reaches the gateway from an allowed address reads and writes",
	}
	if ok {
		step.There = string(there.ID)
	} else if step.Estimate, err = a.client.Gateway().Estimate(ctx, p.gateway); err != nil {
		return err
	}
	p.Steps = append(p.Steps, step)
	return nil
}

// exportName makes a name of a path of a label.
func exportName(label string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, label), "-")
}
