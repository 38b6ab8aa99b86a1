package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/atomicfile"
	"github.com/kitroll/kitroll/internal/httpcall"
	"github.com/kitroll/kitroll/vultr"
)

// settleFor is how long the purchase of a run that was killed is looked for, by default: new things may be in no list for
// about that long.
const settleFor = time.Minute

// buyer is what buying takes, the same for every kind.
type buyer struct {
	*Account

	screen io.Writer
	bought *bool // something is there by now
}

// ensure has a thing and waits until it is active. is tells it from others of its kind.
func ensure[ID ~string, Spec, Thing any](
	ctx context.Context, b buyer, name, key string, store vultr.Store[ID, Spec, Thing], spec Spec, is func(Thing) bool, id func(Thing) ID,
) (thing Thing, err error) {
	if err := b.lookForLost(ctx, name, key, func(ctx context.Context) (bool, error) { return exists(store.List(ctx, nil), is) }); err != nil {
		return thing, err
	}
	if err := b.intent.begin(key); err != nil {
		return thing, err
	}
	thing, err = store.Ensure(ctx, spec, nil)
	// What is not known, or was interrupted, stays in the file: the next run looks for it.
	if err == nil || !errors.Is(err, vultr.ErrUnknownOutcome) && ctx.Err() == nil {
		err = errors.Join(err, b.intent.settle(key))
	}
	if err != nil {
		if !*b.bought {
			err = refused(err)
		}
		return thing, err
	}
	*b.bought = true
	fmt.Fprintf(b.screen, "+ %s: %s\n", name, id(thing))
	last := vultr.Status("")
	return store.Wait(ctx, id(thing), &vultr.WaitOptions{Interval: b.pace.Look, Progress: func(p vultr.Progress) {
		if p.Status != last || p.Looks == 1 {
			last = p.Status
			word := string(p.Status)
			if word == "" {
				word = "not to be seen yet"
			}
			fmt.Fprintf(b.screen, "  %s: %s\n", name, word)
		}
	}})
}

func exists[T any](list iter.Seq2[T, error], is func(T) bool) (bool, error) {
	_, ok, err := find(list, is)
	return ok, err
}

// lookForLost waits for what a run before this one was about to buy when it was killed, as long as that may be in no list
// yet. After that, there is nothing.
func (b buyer) lookForLost(ctx context.Context, name, key string, there func(context.Context) (bool, error)) error {
	began, lost := b.intent.list[key]
	if !lost {
		return nil
	}
	settle, look := b.pace.Settle, b.pace.Look
	if settle == 0 {
		settle = settleFor
	}
	if look == 0 {
		look = 3 * time.Second
	}
	for {
		ok, err := there(ctx)
		if err != nil || ok {
			return err
		}
		left := time.Until(began.Add(settle))
		if left <= 0 {
			return nil
		}
		fmt.Fprintf(b.screen, "? %s: an earlier run was about to buy it and never heard the answer; looking for it, %v more\n", name, left.Round(time.Second))
		if err := httpcall.Sleep(ctx, min(look, left)); err != nil {
			return err
		}
	}
}

// carryOut does what the plan says, and prints the lines for the machines.
func (a *Account) carryOut(ctx context.Context, f *flags, p *Plan, t Terminal) error {
	b := buyer{a, t.Err, new(false)}
	var tree vultr.FileSystem
	for _, s := range p.Steps {
		if s.Attach != "" {
			continue
		}
		var err error
		switch s.Kind {
		case vultr.KindBlock:
			err = b.block(ctx, f, p, t.Out)
		case vultr.KindObject:
			err = b.object(ctx, f, p, t.Out)
		case vultr.KindFile:
			tree, err = b.tree(ctx, f, p, t.Out)
		case vultr.KindGateway:
			p.gateway.Exports[0].FileSystem = tree.ID
			err = b.gateway(ctx, f, p, t.Out)
		}
		if err != nil {
			return err
		}
	}
	if !p.changes() {
		fmt.Fprintln(t.Err, "everything was there already: nothing was bought or attached")
	}
	return nil
}

func (b buyer) block(ctx context.Context, f *flags, p *Plan, out io.Writer) error {
	spec := p.block
	is := func(v vultr.Block) bool { return v.Label == spec.Label && v.Region == spec.Region }
	volume, err := ensure(ctx, b, "block volume", "block "+spec.Region+" "+spec.Label, b.Blocks, spec, is, func(v vultr.Block) vultr.BlockID { return v.ID })
	if err != nil {
		return err
	}
	blocks := b.client.Block()
	for _, id := range f.instances {
		to := vultr.InstanceID(id)
		if err := blocks.Attach(ctx, volume.ID, to, nil); err != nil {
			return err
		}
		if volume, err = blocks.WaitAttached(ctx, volume.ID, to, &vultr.WaitOptions{Interval: b.pace.Look}); err != nil {
			return err
		}
		fmt.Fprintf(b.screen, "+ attached to %s\n", id)
	}
	if volume.AttachedTo == "" {
		fmt.Fprintln(b.screen, "  not attached: -instance names the machine")
	}
	lines(out, fmt.Sprintf("the instance %s", volume.AttachedTo), vultr.MountBlock(volume, f.dir))
	return nil
}

func (b buyer) object(ctx context.Context, f *flags, p *Plan, out io.Writer) error {
	spec := p.object
	is := func(o vultr.ObjectStorage) bool { return o.Label == spec.Label && o.Cluster == spec.Cluster }
	o, err := ensure(ctx, b, "object storage", "object "+string(spec.Cluster)+" "+spec.Label, b.Objects, spec, is, func(o vultr.ObjectStorage) vultr.ObjectID { return o.ID })
	if err != nil {
		return err
	}
	s3, path := o.S3(), filepath.Join(f.out, "s3.env")
	env := fmt.Sprintf("AWS_ENDPOINT_URL_S3=%s\nAWS_REGION=%s\nAWS_ACCESS_KEY_ID=%s\nAWS_SECRET_ACCESS_KEY=%s\n", s3.Endpoint, s3.Region, s3.AccessKeyID, s3.SecretAccessKey.Reveal())
	if err := atomicfile.Write(path, []byte(env), 0o600); err != nil {
		return err
	}
	fmt.Fprintf(b.screen, "+ %s has the keys: keep it to yourself\n", path)
	fmt.Fprintf(out, "# any S3 client, with the settings of %s\naws s3 ls --endpoint-url %s\n", path, s3.Endpoint)
	return nil
}

func (b buyer) tree(ctx context.Context, f *flags, p *Plan, out io.Writer) (vultr.FileSystem, error) {
	spec := p.tree
	is := func(t vultr.FileSystem) bool { return t.Label == spec.Label && t.Region == spec.Region }
	tree, err := ensure(ctx, b, "file system", "vfs "+spec.Region+" "+spec.Label, b.Trees, spec, is, func(t vultr.FileSystem) vultr.FileSystemID { return t.ID })
	if err != nil || p.gateway.Label != "" {
		return tree, err
	}
	vfs := b.client.VFS()
	for _, id := range f.instances {
		to := vultr.InstanceID(id)
		if _, err := vfs.Attach(ctx, tree.ID, to); err != nil {
			return tree, err
		}
		attachment, err := vfs.WaitAttached(ctx, tree.ID, to, &vultr.WaitOptions{Interval: b.pace.Look})
		if err != nil {
			return tree, err
		}
		fmt.Fprintf(b.screen, "+ attached to %s\n", id)
		lines(out, "the instance "+id, vultr.MountVFS(attachment, f.dir))
	}
	if len(f.instances) == 0 {
		fmt.Fprintln(b.screen, "  not attached: -instance names the machines")
	}
	return tree, nil
}

func (b buyer) gateway(ctx context.Context, f *flags, p *Plan, out io.Writer) error {
	spec := p.gateway
	is := func(g vultr.Gateway) bool { return g.Label == spec.Label && g.Region == spec.Region }
	g, err := ensure(ctx, b, "storage gateway", "gateway "+spec.Region+" "+spec.Label, b.Gateways, spec, is, func(g vultr.Gateway) vultr.GatewayID { return g.ID })
	if err != nil {
		return err
	}
	address := f.address
	if !address.IsValid() && !f.need.Public {
		address = g.VPCAddress
	}
	export := vultr.Export{Path: spec.Exports[0].Path}
	for _, e := range g.Exports {
		if e.FileSystem == spec.Exports[0].FileSystem && e.Path == export.Path {
			export = e
		}
	}
	if address == (netip.Addr{}) {
		fmt.Fprintln(b.screen, "  its address is not known: the customer portal shows it; run again with -address for the lines")
		return nil
	}
	lines(out, "each client of the gateway", vultr.MountExport(g, export, address, f.dir))
	return nil
}

// lines are a part of the script on standard output.
func lines(out io.Writer, where string, ls []string) {
	fmt.Fprintf(out, "# as root on %s\n%s\n", strings.TrimSpace(where), strings.Join(ls, "\n"))
}
