package vultr

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"time"
)

// FileSystemID names a file system (VFS).
type FileSystemID string

// smallestFileSystem is the least size in GB that vultr-csi asks for.
const smallestFileSystem = 10

// FileSystem is a Vultr File System: a POSIX tree that many instances of its region write to, mounted with virtiofs, which
// is not NFS.
type FileSystem struct {
	ID       FileSystemID
	Region   string
	Label    string
	Status   Status
	SizeGB   int
	UsedGB   float64
	Used     int64  // bytes
	DiskType string // "nvme"
	Tags     []string

	MonthlyUSD float64 // what the platform says that it costs
	ChargesUSD float64 // since the last invoice
	Created    time.Time
}

// FileSystemSpec is a file system to be bought.
type FileSystemSpec struct {
	Region   string // required: that of the instances
	SizeGB   int    // required, from 10
	Label    string // required by Ensure and FindByLabel
	DiskType string // "" = "nvme", the only one that is known
	Tags     []string
}

func (s FileSystemSpec) check() []string {
	var problems []string
	if s.Region == "" {
		problems = append(problems, "Region is required")
	}
	if s.SizeGB < smallestFileSystem {
		problems = append(problems, fmt.Sprintf("SizeGB is %d, must be at least %d", s.SizeGB, smallestFileSystem))
	}
	return append(problems, checkLabel(s.Label)...)
}

type sizeWire struct {
	GB    amount
	Bytes whole
}

type fileSystemWire struct {
	ID       text
	Region   text
	Label    text
	Status   text
	Size     sizeWire `json:"storage_size"`
	Used     sizeWire `json:"storage_used"`
	DiskType text     `json:"disk_type"`
	Tags     few[text]
	Billing  struct{ Charges, Monthly amount }
	Created  moment `json:"date_created"`
}

func readFileSystem(raw json.RawMessage) (FileSystem, error) {
	var w fileSystemWire
	if err := tolerant(raw, &w); err != nil {
		return FileSystem{}, err
	}
	return FileSystem{
		ID: FileSystemID(w.ID), Region: plain(w.Region), Label: plain(w.Label), Status: Status(w.Status),
		SizeGB: int(w.Size.GB), UsedGB: float64(w.Used.GB), Used: int64(w.Used.Bytes), DiskType: plain(w.DiskType), Tags: w.Tags.strings(plain),
		MonthlyUSD: float64(w.Billing.Monthly), ChargesUSD: float64(w.Billing.Charges), Created: w.Created.Time,
	}, nil
}

// FileSystems is the file systems of the account.
//
// Source: Vultr API v2, /vfs (read 2026-11).
type FileSystems struct{ shelf *shelf[FileSystem] }

// VFS is the file systems of the account.
func (c *Client) VFS() *FileSystems {
	return &FileSystems{&shelf[FileSystem]{
		c: c, path: "/vfs", op: "vfs", listOp: "list-vfs", keys: []string{"vfs"}, listKeys: []string{"vfs"},
		read: readFileSystem,
		head: func(f FileSystem) head { return head{string(f.ID), f.Label, f.Status, f.Created} },
	}}
}

type sizeBody struct {
	GB int `json:"gb"`
}

func (s FileSystemSpec) order() order[FileSystem] {
	sits := func(f FileSystem) bool { return f.Label == s.Label && f.Region == s.Region }
	return order[FileSystem]{
		body: struct {
			Region   string   `json:"region"`
			Label    string   `json:"label,omitempty"`
			Size     sizeBody `json:"storage_size"`
			DiskType string   `json:"disk_type"`
			Tags     []string `json:"tags,omitempty"`
		}{s.Region, s.Label, sizeBody{s.SizeGB}, cmp.Or(s.DiskType, "nvme"), slices.Clone(s.Tags)},
		label: s.Label, place: s.Region, sits: sits,
		same: func(f FileSystem) bool { return sits(f) && f.SizeGB == s.SizeGB },
		fits: func(f FileSystem) string {
			if f.SizeGB < s.SizeGB {
				return fmt.Sprintf("has %d GB and not %d (Resize it)", f.SizeGB, s.SizeGB)
			}
			return ""
		},
	}
}

// Create buys a file system. It is billed from then on. See [Blocks.Create] for lost answers. It is Pending; see Wait.
func (f *FileSystems) Create(ctx context.Context, spec FileSystemSpec, opts *CreateOptions) (FileSystem, error) {
	if problems := spec.check(); len(problems) > 0 {
		return FileSystem{}, refuse("create-vfs", problems...)
	}
	return f.shelf.create(ctx, spec.order(), opts)
}

// Ensure returns the file system of this label and region, or buys it. A larger one will do; a smaller one is returned
// with [ErrConflict]. Otherwise as [Blocks.Ensure].
func (f *FileSystems) Ensure(ctx context.Context, spec FileSystemSpec, _ *CreateOptions) (FileSystem, error) {
	if problems := spec.check(); len(problems) > 0 {
		return FileSystem{}, refuse("create-vfs", problems...)
	}
	return f.shelf.ensure(ctx, spec.order())
}

// Get returns a file system; fs.ErrNotExist if there is none, as there may seem to be for a while after its creation.
func (f *FileSystems) Get(ctx context.Context, id FileSystemID) (FileSystem, error) {
	return f.shelf.get(ctx, string(id))
}

// List ranges over the file systems of the account, as [Blocks.List].
func (f *FileSystems) List(ctx context.Context, opts *ListOptions) iter.Seq2[FileSystem, error] {
	return f.shelf.list(ctx, opts)
}

// Wait looks until the file system is active, as [Blocks.Wait].
func (f *FileSystems) Wait(ctx context.Context, id FileSystemID, opts *WaitOptions) (FileSystem, error) {
	return f.shelf.wait(ctx, string(id), opts, nil)
}

// Resize grows the file system to gb. The present size is read first: the same or a smaller one is [ErrInput], and no
// change is asked for. The label goes along, since a change sets both.
func (f *FileSystems) Resize(ctx context.Context, id FileSystemID, gb int) (FileSystem, error) {
	now, err := f.Get(ctx, id)
	if err != nil {
		return now, err
	}
	if err := grows("update-vfs", now.SizeGB, gb); err != nil {
		return now, err
	}
	return f.set(ctx, id, now.Label, gb)
}

// Rename changes the label. The present size goes along, since a change sets both and none would be 0 GB. The label that
// it has is a success without a change.
func (f *FileSystems) Rename(ctx context.Context, id FileSystemID, label string) (FileSystem, error) {
	if err := checkRename("update-vfs", label); err != nil {
		return FileSystem{}, err
	}
	now, err := f.Get(ctx, id)
	if err != nil || now.Label == label {
		return now, err
	}
	if now.SizeGB <= 0 {
		return now, &Error{Kind: ErrTemporary, Op: "update-vfs", Message: "not sent: the platform does not say how large it is, and a rename sets the size"}
	}
	return f.set(ctx, id, label, now.SizeGB)
}

func (f *FileSystems) set(ctx context.Context, id FileSystemID, label string, gb int) (FileSystem, error) {
	err := f.shelf.change(ctx, http.MethodPut, string(id), struct {
		Label string   `json:"label"`
		Size  sizeBody `json:"storage_size"`
	}{label, sizeBody{gb}})
	return changed(ctx, err, func(ctx context.Context) (FileSystem, error) { return f.Get(ctx, id) },
		func(now FileSystem) bool { return now.Label == label && now.SizeGB == gb })
}
