package vultr

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"
)

// BlockID names a block volume.
type BlockID string

// InstanceID names a Cloud Compute or Bare Metal instance.
type InstanceID string

// BlockType is what a block volume is stored on.
type BlockType string

// The types. An empty one means HighPerf.
const (
	HighPerf   BlockType = "high_perf"   // NVMe, from 10 GB: 10,000 IOPS, 400 MiB/s a volume
	StorageOpt BlockType = "storage_opt" // HDD, from 40 GB: 500 IOPS, 100 MiB/s a volume
)

// smallest is the least size in GB that vultr-csi asks for; the greatest are not documented for certain, and are left to
// the platform.
func (t BlockType) smallest() int {
	if t == StorageOpt {
		return 40
	}
	return 10
}

// Block is a block volume: a disk for one instance of its own region.
type Block struct {
	ID       BlockID
	Status   Status
	Region   string // "ewr"
	SizeGB   int
	Type     BlockType
	Label    string
	MountID  string // names the device in the instance, see [Block.Device]
	Bootable bool

	AttachedTo    InstanceID // "" = not attached
	AttachedIP    string
	AttachedLabel string

	CostUSD           float64 // a month (unverified: the API says "cost" only)
	PendingChargesUSD float64 // since the last invoice
	Created           time.Time
}

// Device is the path of the volume in the instance, or "" without a MountID. It is made of the first 20 characters of
// MountID, as virtio cuts serial numbers (partly unverified: look into /dev/disk/by-id).
func (b Block) Device() string {
	if b.MountID == "" {
		return ""
	}
	id := b.MountID
	return "/dev/disk/by-id/virtio-" + id[:min(len(id), 20)]
}

// BlockSpec is a block volume to be bought.
type BlockSpec struct {
	Region string // required, "ewr": that of the instance
	SizeGB int    // required: from 10 with HighPerf, from 40 with StorageOpt
	Label  string // required by Ensure and FindByLabel
	Type   BlockType

	SnapshotID string // "" = empty volume
}

func (s BlockSpec) check() []string {
	var problems []string
	switch s.Type {
	case "", HighPerf, StorageOpt:
		if least := s.Type.smallest(); s.SizeGB < least {
			problems = append(problems, fmt.Sprintf("SizeGB is %d, must be at least %d for %s", s.SizeGB, least, s.kind()))
		}
	default:
		problems = append(problems, fmt.Sprintf("Type %q is neither %s nor %s", s.Type, HighPerf, StorageOpt))
	}
	if s.Region == "" {
		problems = append(problems, "Region is required")
	}
	return append(problems, checkLabel(s.Label)...)
}

func (s BlockSpec) kind() BlockType { return cmp.Or(s.Type, HighPerf) }

type blockWire struct {
	ID       text
	Status   text
	Region   text
	SizeGB   whole `json:"size_gb"`
	Type     text  `json:"block_type"`
	Label    text
	MountID  text `json:"mount_id"`
	Bootable flag

	AttachedTo    text `json:"attached_to_instance"`
	AttachedIP    text `json:"attached_to_instance_ip"`
	AttachedLabel text `json:"attached_to_instance_label"`

	Cost    amount
	Charges amount `json:"pending_charges"`
	Created moment `json:"date_created"`
}

func readBlock(raw json.RawMessage) (Block, error) {
	var w blockWire
	if err := tolerant(raw, &w); err != nil {
		return Block{}, err
	}
	return Block{
		ID: BlockID(w.ID), Status: Status(w.Status), Region: plain(w.Region), SizeGB: int(w.SizeGB), Type: BlockType(w.Type),
		Label: plain(w.Label), MountID: plain(w.MountID), Bootable: bool(w.Bootable),
		AttachedTo: InstanceID(w.AttachedTo), AttachedIP: plain(w.AttachedIP), AttachedLabel: plain(w.AttachedLabel),
		CostUSD: float64(w.Cost), PendingChargesUSD: float64(w.Charges), Created: w.Created.Time,
	}, nil
}

// Blocks is the block storage of the account.
//
// Source: Vultr API v2, /blocks (read 2026-11).
type Blocks struct{ shelf *shelf[Block] }

// Block is the block storage of the account.
func (c *Client) Block() *Blocks {
	return &Blocks{&shelf[Block]{
		c: c, path: "/blocks", op: "block", listOp: "list-blocks", keys: []string{"block"}, listKeys: []string{"blocks"},
		read: readBlock,
		head: func(b Block) head { return head{string(b.ID), b.Label, b.Status, b.Created} },
	}}
}

func (s BlockSpec) order() order[Block] {
	sits := func(b Block) bool { return b.Label == s.Label && b.Region == s.Region }
	return order[Block]{
		body: struct {
			Region   string    `json:"region"`
			SizeGB   int       `json:"size_gb"`
			Label    string    `json:"label,omitempty"`
			Type     BlockType `json:"block_type"`
			Snapshot string    `json:"snapshot_id,omitempty"`
		}{s.Region, s.SizeGB, s.Label, s.kind(), s.SnapshotID},
		label: s.Label, place: s.Region, sits: sits,
		same: func(b Block) bool { return sits(b) && b.SizeGB == s.SizeGB && (b.Type == "" || b.Type == s.kind()) },
		fits: func(b Block) string {
			switch {
			case b.SizeGB < s.SizeGB:
				return fmt.Sprintf("has %d GB and not %d (Resize it)", b.SizeGB, s.SizeGB)
			case b.Type != "" && b.Type != s.kind():
				return fmt.Sprintf("is %s and not %s", b.Type, s.kind())
			}
			return ""
		},
	}
}

// Create buys a volume. It is billed from then on. The request is sent once: after a lost answer, a 429 or a 5xx the
// error is [ErrUnknownOutcome], unless CreateOptions.FindByLabel finds what came of it. The volume is Pending; see Wait.
func (b *Blocks) Create(ctx context.Context, spec BlockSpec, opts *CreateOptions) (Block, error) {
	if problems := spec.check(); len(problems) > 0 {
		return Block{}, refuse("create-block", problems...)
	}
	return b.shelf.create(ctx, spec.order(), opts)
}

// Ensure returns the volume of this label and region, or buys it with FindByLabel. A volume that is larger than asked for
// will do. One that is smaller or of another type is returned with [ErrConflict], and so are several of the label, without
// any. Calls of one Client with the same label and region take turns, and know what the others have bought; two programs
// at the same moment may buy two.
//
// opts is not needed; it is there for the interface.
func (b *Blocks) Ensure(ctx context.Context, spec BlockSpec, _ *CreateOptions) (Block, error) {
	if problems := spec.check(); len(problems) > 0 {
		return Block{}, refuse("create-block", problems...)
	}
	return b.shelf.ensure(ctx, spec.order())
}

// Get returns a volume; fs.ErrNotExist if there is none, as there may seem to be for a while after its creation.
func (b *Blocks) Get(ctx context.Context, id BlockID) (Block, error) {
	return b.shelf.get(ctx, string(id))
}

// List ranges over the volumes of the account, page by page. A range over it begins anew; an error comes once and last. A
// cursor that the platform repeats is an error.
func (b *Blocks) List(ctx context.Context, opts *ListOptions) iter.Seq2[Block, error] {
	return b.shelf.list(ctx, opts)
}

// Wait looks until the volume is active. It has no time limit of its own: bound it with ctx, whose cause is then part of
// the error. [ErrFailed] is a status that will not become active.
func (b *Blocks) Wait(ctx context.Context, id BlockID, opts *WaitOptions) (Block, error) {
	return b.shelf.wait(ctx, string(id), opts, nil)
}
