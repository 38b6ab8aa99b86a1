package vultr

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Attachment is a file system given to an instance.
type Attachment struct {
	FileSystem FileSystemID
	Instance   InstanceID
	State      string // as the platform writes it; its words are not documented
	MountTag   string // what virtiofs mounts; "" until there is one. The platform writes a number
}

// Ready reports whether it can be mounted: it has a mount tag, and its state is no word of something under way
// ("pending", "attaching").
func (a Attachment) Ready() bool {
	return a.MountTag != "" && a.MountTag != "0" && a.State != "" && !strings.HasSuffix(strings.ToLower(a.State), "ing")
}

func readAttachment(raw json.RawMessage) (Attachment, error) {
	var w struct {
		FileSystem text `json:"vfs_id"`
		State      text `json:"state"`
		Instance   text `json:"target_id"`
		Tag        text `json:"mount_tag"`
	}
	if err := tolerant(raw, &w); err != nil {
		return Attachment{}, err
	}
	return Attachment{FileSystemID(w.FileSystem), InstanceID(w.Instance), plain(w.State), plain(w.Tag)}, nil
}

// Attachments returns the instances that a file system is attached to.
func (f *FileSystems) Attachments(ctx context.Context, id FileSystemID) (list []Attachment, err error) {
	const op = "list-vfs-attachments"
	if err := checkID(op, string(id)); err != nil {
		return nil, err
	}
	err = f.shelf.c.do(ctx, call{op: op, method: http.MethodGet, path: f.shelf.at(string(id), "attachments"), read: func(b []byte) error {
		raws, _, err := objects(b, "target_id", "attachments", "vfs_attachments", "attachment")
		if err != nil {
			return err
		}
		list = make([]Attachment, 0, len(raws))
		for _, raw := range raws {
			a, err := readAttachment(raw)
			if err != nil {
				return err
			}
			list = append(list, a)
		}
		return nil
	}})
	return list, err
}

// Attachment returns how a file system is attached to one instance; fs.ErrNotExist if it is not.
func (f *FileSystems) Attachment(ctx context.Context, id FileSystemID, instance InstanceID) (a Attachment, err error) {
	const op = "get-vfs-attachment"
	if err := checkID(op, string(id), string(instance)); err != nil {
		return a, err
	}
	err = f.shelf.c.do(ctx, call{op: op, method: http.MethodGet, path: f.attachmentPath(id, instance), read: func(b []byte) error {
		raw, err := objectNamed(b, "target_id", "attachment", "vfs_attachment")
		if err == nil {
			a, err = readAttachment(raw)
		}
		return err
	}})
	return a, err
}

func (f *FileSystems) attachmentPath(id FileSystemID, instance InstanceID) string {
	return f.shelf.at(string(id), "attachments", string(instance))
}

// Attach gives a file system to an instance of its region; one that has it is a success. What it returns is read after
// the request, and rarely ready yet: see WaitAttached. Bare Metal cannot have one; see [Gateways].
func (f *FileSystems) Attach(ctx context.Context, id FileSystemID, instance InstanceID) (Attachment, error) {
	a, err := f.Attachment(ctx, id, instance)
	if err == nil || !gone(err) {
		return a, err
	}
	err = f.shelf.c.do(ctx, call{
		op: "attach-vfs", method: http.MethodPut, path: f.attachmentPath(id, instance), hint: "get the attachment to see whether it is there",
	})
	err = settled(ctx, err, func(ctx context.Context) (bool, error) {
		_, err := f.Attachment(ctx, id, instance)
		return err == nil, err
	})
	if err != nil {
		return Attachment{}, err
	}
	if a, err = f.Attachment(ctx, id, instance); gone(err) { // not to be seen yet
		return Attachment{FileSystem: id, Instance: instance}, nil
	}
	return a, err
}

// Detach takes a file system from an instance, where it should be unmounted before. One that is not attached is a success.
// It is gone when [FileSystems.Attachment] says fs.ErrNotExist.
func (f *FileSystems) Detach(ctx context.Context, id FileSystemID, instance InstanceID) error {
	const op = "detach-vfs"
	if err := checkID(op, string(id), string(instance)); err != nil {
		return err
	}
	err := f.shelf.c.do(ctx, call{
		op: op, method: http.MethodDelete, path: f.attachmentPath(id, instance), hint: "detach it again: what is gone already is a success",
	})
	if gone(err) {
		return nil
	}
	return err
}

// WaitAttached looks until the attachment is [Attachment.Ready]. It has no time limit of its own.
func (f *FileSystems) WaitAttached(ctx context.Context, id FileSystemID, instance InstanceID, opts *WaitOptions) (Attachment, error) {
	const op = "get-vfs-attachment"
	look := func(ctx context.Context) (Attachment, error) { return f.Attachment(ctx, id, instance) }
	return await(ctx, op, opts, look, func(a Attachment) (Progress, bool, error) {
		at := Progress{ID: string(id), Status: Status(a.State)}
		if at.Status.failed() {
			return at, false, &Error{Kind: ErrFailed, Op: op, Sent: true, Message: fmt.Sprintf("the attachment has the state %q", a.State)}
		}
		return at, a.Ready(), nil
	})
}

// Delete destroys the file system and all that is in it. While it is attached somewhere it is [ErrConflict], unless
// DeleteOptions.Force takes the attachments away first. The platform refuses one that a gateway exports: delete the
// export, or the gateway, first. One that is not there is a success.
func (f *FileSystems) Delete(ctx context.Context, id FileSystemID, opts *DeleteOptions) error {
	list, err := f.Attachments(ctx, id)
	switch {
	case gone(err):
	case err != nil:
		return err
	case len(list) > 0 && !force(opts):
		return conflict("delete-vfs", fmt.Sprintf("%s is attached to %d instances, such as %s", id, len(list), list[0].Instance), "unmount and detach it everywhere, or use Force")
	case len(list) > 0:
		for _, a := range list {
			if err := f.Detach(ctx, id, a.Instance); err != nil {
				return err
			}
		}
		look := func(ctx context.Context) ([]Attachment, error) { return f.Attachments(ctx, id) }
		_, err := await(ctx, "list-vfs-attachments", waitOf(opts), look, func(left []Attachment) (Progress, bool, error) {
			return Progress{ID: string(id)}, len(left) == 0, nil
		})
		if err != nil && !gone(err) {
			return err
		}
	}
	return f.shelf.remove(ctx, string(id))
}
