package vultr

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// AttachOptions are those of [Blocks.Attach]. nil is the defaults.
type AttachOptions struct {
	Live *bool // nil = true. new(false) reboots the instance
}

// DetachOptions are those of [Blocks.Detach]. nil is the defaults.
type DetachOptions struct {
	Live *bool // nil = true. new(false) reboots the instance
}

// Attach gives the volume to an instance of its region; [Blocks.WaitAttached] waits for it. A volume that is attached
// there already is a success without a request; one that is attached elsewhere is [ErrConflict]. After a lost answer the
// volume is looked at once: attached is a success, else the error is [ErrUnknownOutcome].
func (b *Blocks) Attach(ctx context.Context, id BlockID, to InstanceID, opts *AttachOptions) error {
	const op = "attach-block"
	if err := checkID(op, string(id), string(to)); err != nil {
		return err
	}
	at, err := b.Get(ctx, id)
	switch {
	case err != nil:
		return err
	case at.AttachedTo == to:
		return nil
	case at.AttachedTo != "":
		return conflict(op, fmt.Sprintf("%s is attached to %s", id, at.AttachedTo), "detach it first")
	}
	var live *bool
	if opts != nil {
		live = opts.Live
	}
	body := struct {
		Instance InstanceID `json:"instance_id"`
		Live     bool       `json:"live"`
	}{to, live == nil || *live}
	err = b.shelf.c.do(ctx, call{
		op: op, method: http.MethodPost, path: b.shelf.at(string(id), "attach"), body: body,
		hint: "get the volume to see where it is attached",
	})
	return settled(ctx, err, func(ctx context.Context) (bool, error) {
		now, err := b.Get(ctx, id)
		return now.AttachedTo == to, err
	})
}

// Detach takes the volume from its instance, where it should be unmounted before; WaitAttached with "" waits for it. A
// volume that is not attached is a success.
func (b *Blocks) Detach(ctx context.Context, id BlockID, opts *DetachOptions) error {
	const op = "detach-block"
	at, err := b.Get(ctx, id)
	if err != nil || at.AttachedTo == "" {
		return err
	}
	var live *bool
	if opts != nil {
		live = opts.Live
	}
	body := struct {
		Live bool `json:"live"`
	}{live == nil || *live}
	err = b.shelf.c.do(ctx, call{
		op: op, method: http.MethodPost, path: b.shelf.at(string(id), "detach"), body: body,
		hint: "get the volume to see whether it is attached",
	})
	return settled(ctx, err, func(ctx context.Context) (bool, error) {
		now, err := b.Get(ctx, id)
		return now.AttachedTo == "", err
	})
}

// WaitAttached looks until the volume is attached to this instance, or, with "", to none. It has no time limit of its own.
func (b *Blocks) WaitAttached(ctx context.Context, id BlockID, to InstanceID, opts *WaitOptions) (Block, error) {
	look := func(ctx context.Context) (Block, error) { return b.Get(ctx, id) }
	return await(ctx, "get-block", opts, look, func(now Block) (Progress, bool, error) {
		return Progress{ID: string(id), Status: now.Status}, now.AttachedTo == to, nil
	})
}

// Resize grows the volume to gb. The file system on it has to be grown in the instance (growpart, resize2fs). The present
// size is read first: the same or a smaller one is [ErrInput], and no change is asked for.
func (b *Blocks) Resize(ctx context.Context, id BlockID, gb int) (Block, error) {
	now, err := b.Get(ctx, id)
	if err != nil {
		return now, err
	}
	if err := grows("update-block", now.SizeGB, gb); err != nil {
		return now, err
	}
	err = b.shelf.change(ctx, http.MethodPatch, string(id), struct {
		SizeGB int `json:"size_gb"`
	}{gb})
	return b.changed(ctx, id, err, func(b Block) bool { return b.SizeGB == gb })
}

// Rename changes the label. The label that it has is a success without a change.
func (b *Blocks) Rename(ctx context.Context, id BlockID, label string) (Block, error) {
	if err := checkRename("update-block", label); err != nil {
		return Block{}, err
	}
	now, err := b.Get(ctx, id)
	if err != nil || now.Label == label {
		return now, err
	}
	err = b.shelf.change(ctx, http.MethodPatch, string(id), struct {
		Label string `json:"label"`
	}{label})
	return b.changed(ctx, id, err, func(b Block) bool { return b.Label == label })
}

// changed reads a volume after a change of it.
func (b *Blocks) changed(ctx context.Context, id BlockID, err error, is func(Block) bool) (Block, error) {
	return changed(ctx, err, func(ctx context.Context) (Block, error) { return b.Get(ctx, id) }, is)
}

// changed reads a thing after a change of it. "Nothing to change" is what the platform says of a change that is so
// already, perhaps by a request whose answer was lost; it counts only if the thing is as it was wanted.
func changed[T any](ctx context.Context, err error, get func(context.Context) (T, error), is func(T) bool) (T, error) {
	nothing := err != nil && errors.Is(err, ErrInput) && strings.Contains(strings.ToLower(err.Error()), "nothing to change")
	if err != nil && !nothing && (!errors.Is(err, ErrUnknownOutcome) || ctx.Err() != nil) {
		return *new(T), err
	}
	now, lookErr := get(ctx)
	switch {
	case err == nil:
		return now, lookErr
	case lookErr == nil && is(now):
		return now, nil
	}
	return now, err
}

func grows(op string, from, to int) error {
	switch {
	case to == from:
		return refuse(op, fmt.Sprintf("it has %d GB already", from))
	case to < from:
		return refuse(op, fmt.Sprintf("it has %d GB and cannot shrink to %d", from, to))
	}
	return nil
}

func checkRename(op, label string) error {
	problems := checkLabel(label)
	if label == "" {
		problems = append(problems, "Label is empty")
	}
	if len(problems) > 0 {
		return refuse(op, problems...)
	}
	return nil
}

// Delete destroys the volume and all that is on it. A volume that is attached is [ErrConflict] and stays, unless
// DeleteOptions.Force detaches it first. One that is not there is a success.
func (b *Blocks) Delete(ctx context.Context, id BlockID, opts *DeleteOptions) error {
	now, err := b.Get(ctx, id)
	switch {
	case gone(err):
		return b.shelf.remove(ctx, string(id)) // it may be too new to be seen
	case err != nil:
		return err
	case now.AttachedTo == "":
		return b.shelf.remove(ctx, string(id))
	case !force(opts):
		return conflict("delete-block", fmt.Sprintf("%s is attached to %s", id, now.AttachedTo), "unmount and detach it, or use Force")
	}
	if err := b.Detach(ctx, id, nil); err != nil {
		return err
	}
	if _, err := b.WaitAttached(ctx, id, "", waitOf(opts)); err != nil && !gone(err) {
		return err
	}
	return b.shelf.remove(ctx, string(id))
}
