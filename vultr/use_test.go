package vultr_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/vultr"
	"github.com/kitroll/kitroll/vultr/vultrtest"
)

func TestSpecsAreCheckedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	c := mocked(t, func(*http.Request) (*http.Response, error) {
		t.Error("sent")
		return answer(500, "", ""), nil
	})
	ctx := t.Context()
	for name, tt := range map[string]struct {
		err  error
		says []string
	}{
		"block":           {second(c.Block().Create(ctx, vultr.BlockSpec{Label: " x"}, nil)), []string{"SizeGB is 0, must be at least 10 for high_perf", "Region", "Label"}},
		"hdd":             {second(c.Block().Ensure(ctx, vultr.BlockSpec{Region: "ewr", SizeGB: 39, Type: vultr.StorageOpt, Label: "x"}, nil)), []string{"must be at least 40"}},
		"type":            {second(c.Block().Create(ctx, vultr.BlockSpec{Region: "ewr", SizeGB: 39, Type: "tape"}, nil)), []string{`Type "tape"`}},
		"object":          {second(c.Object().Create(ctx, vultr.ObjectSpec{}, nil)), []string{"Cluster", "Tier"}},
		"vfs":             {second(c.VFS().Create(ctx, vultr.FileSystemSpec{SizeGB: 9, Label: "a\nb"}, nil)), []string{"Region", "SizeGB is 9", "Label"}},
		"gateway":         {second(c.Gateway().Create(ctx, vultr.GatewaySpec{}, nil)), []string{"Label", "Region", "VPC, PublicIPv4 or PublicIPv6", "Exports"}},
		"no label":        {second(c.Block().Ensure(ctx, vultr.BlockSpec{Region: "ewr", SizeGB: 10}, nil)), []string{"Ensure needs a Label"}},
		"nothing to find": {second(c.Block().Create(ctx, vultr.BlockSpec{Region: "ewr", SizeGB: 10}, &vultr.CreateOptions{FindByLabel: true})), []string{"FindByLabel needs a label"}},
		"rename":          {second(c.VFS().Rename(ctx, "x", "")), []string{"Label is empty"}},
		"bucket":          {c.Object().CreateBucket(ctx, "x", vultr.Bucket{Name: "Aa"}), []string{"Name must be"}},
	} {
		require.ErrorIs(t, tt.err, vultr.ErrInput, name)
		for _, want := range tt.says {
			require.ErrorContains(t, tt.err, want, name)
		}
		assert.False(t, asError(t, tt.err).Sent)
	}
}

func second[T any](_ T, err error) error { return err }

// made is the thing of a call that must not fail: made(call())(t).
func made[T any](thing T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		require.NoError(t, err)
		return thing
	}
}

// Trap 32: shrink and equal size are refused locally, without a request that would change something.
func TestSizesOnlyGrow(t *testing.T) {
	t.Parallel()
	srv, c := open(t, vultrtest.Options{})
	ctx := t.Context()
	b := made(c.Block().Create(ctx, volume(), nil))(t).ID
	f := made(c.VFS().Create(ctx, tree(), nil))(t).ID
	for _, gb := range []int{40, 39, 0, -1} {
		_, err := c.Block().Resize(ctx, b, gb)
		require.ErrorIs(t, err, vultr.ErrInput)
		assert.False(t, asError(t, err).Sent)
	}
	for _, gb := range []int{20, 19, 0, -1} {
		_, err := c.VFS().Resize(ctx, f, gb)
		require.ErrorIs(t, err, vultr.ErrInput)
	}
	assert.Zero(t, srv.Calls(vultrtest.UpdateBlock)+srv.Calls(vultrtest.UpdateVFS))
	grown, err := c.Block().Resize(ctx, b, 41)
	require.NoError(t, err)
	assert.Equal(t, 41, grown.SizeGB)
	wider, err := c.VFS().Resize(ctx, f, 21)
	require.NoError(t, err)
	assert.Equal(t, 21, wider.SizeGB)
	assert.Equal(t, "shared", wider.Label, "a resize keeps the label")

	srv.LoseNext(vultrtest.UpdateBlock)
	grown, err = c.Block().Resize(ctx, b, 50)
	require.NoError(t, err, "the answer was lost, and a look shows the new size")
	assert.Equal(t, 50, grown.SizeGB)
	srv.DropNext(vultrtest.UpdateVFS)
	_, err = c.VFS().Resize(ctx, f, 60)
	require.ErrorIs(t, err, vultr.ErrUnknownOutcome)
	srv.FailNext(vultrtest.UpdateBlock, 400, "Nothing to change")
	_, err = c.Block().Resize(ctx, b, 70)
	require.ErrorIs(t, err, vultr.ErrInput, "that it is so is said, and not so")
}

// Trap 34: a rename keeps the size.
func TestRenames(t *testing.T) {
	t.Parallel()
	srv, c := open(t, vultrtest.Options{})
	ctx := t.Context()
	f := made(c.VFS().Create(ctx, tree(), nil))(t)
	g := made(c.Gateway().Create(ctx, nfs(f.ID), nil))(t)
	b := made(c.Block().Create(ctx, volume(), nil))(t)
	o := made(c.Object().Create(ctx, storage(), nil))(t)

	renamed := made(c.VFS().Rename(ctx, f.ID, "new"))(t)
	assert.Equal(t, "new", renamed.Label)
	assert.Equal(t, 20, renamed.SizeGB)
	assert.Equal(t, "new", made(c.Gateway().Rename(ctx, g.ID, "new"))(t).Label)
	assert.Equal(t, "new", made(c.Block().Rename(ctx, b.ID, "new"))(t).Label)
	assert.Equal(t, "new", made(c.Object().Rename(ctx, o.ID, "new"))(t).Label)
	before := srv.Calls(vultrtest.UpdateVFS) + srv.Calls(vultrtest.UpdateBlock)
	made(c.VFS().Rename(ctx, f.ID, "new"))(t)
	made(c.Block().Rename(ctx, b.ID, "new"))(t)
	made(c.Object().Rename(ctx, o.ID, "new"))(t)
	made(c.Gateway().Rename(ctx, g.ID, "new"))(t)
	assert.Equal(t, before, srv.Calls(vultrtest.UpdateVFS)+srv.Calls(vultrtest.UpdateBlock), "the same label asks for no change")
	assert.Equal(t, 1, srv.Calls(vultrtest.UpdateObject))
	assert.Equal(t, 1, srv.Calls(vultrtest.UpdateGateway))

	srv.LoseNext(vultrtest.UpdateVFS)
	assert.Equal(t, "newer", made(c.VFS().Rename(ctx, f.ID, "newer"))(t).Label)
	srv.FailNext(vultrtest.UpdateBlock, 403, "no")
	_, err := c.Block().Rename(ctx, b.ID, "newer")
	require.ErrorContains(t, err, "storage.block.Update")
}

// A file system whose size the platform does not tell is not renamed: that would set the size.
func TestRenameWithoutAKnownSize(t *testing.T) {
	t.Parallel()
	c := mocked(t, func(r *http.Request) (*http.Response, error) {
		assert.Equal(t, http.MethodGet, r.Method)
		return answer(200, "application/json", `{"id":"x","label":"old"}`), nil
	})
	_, err := c.VFS().Rename(t.Context(), "x", "new")
	require.ErrorIs(t, err, vultr.ErrTemporary)
	assert.False(t, asError(t, err).Sent)
}

// Trap 33: live is true by default for attach and detach.
func TestAttachAndDetachABlock(t *testing.T) {
	t.Parallel()
	bubble(t, vultrtest.Options{AttachAfter: 8 * time.Second}, func(w world) {
		t, srv, c := w.t, w.srv, w.c
		ctx, blocks := t.Context(), c.Block()
		b := made(blocks.Create(ctx, volume(), nil))(t)
		cycle := func(attach *vultr.AttachOptions, detach *vultr.DetachOptions) {
			require.NoError(t, blocks.Attach(ctx, b.ID, vultrtest.DemoInstance, attach))
			now := made(blocks.WaitAttached(ctx, b.ID, vultrtest.DemoInstance, nil))(t)
			assert.Equal(t, "192.0.2.11", now.AttachedIP)
			assert.Equal(t, "web-1", now.AttachedLabel)
			require.NoError(t, blocks.Attach(ctx, b.ID, vultrtest.DemoInstance, attach), "again is a success")
			require.ErrorIs(t, blocks.Attach(ctx, b.ID, vultrtest.DemoInstance2, attach), vultr.ErrConflict)
			require.NoError(t, blocks.Detach(ctx, b.ID, detach))
			made(blocks.WaitAttached(ctx, b.ID, "", nil))(t)
			require.NoError(t, blocks.Detach(ctx, b.ID, detach), "again is a success")
		}
		cycle(nil, nil)
		cycle(&vultr.AttachOptions{Live: new(true)}, &vultr.DetachOptions{})
		assert.Zero(t, srv.Reboots(vultrtest.DemoInstance))
		assert.Equal(t, 2, srv.Calls(vultrtest.AttachBlock))
		cycle(&vultr.AttachOptions{Live: new(false)}, nil)
		assert.Equal(t, 1, srv.Reboots(vultrtest.DemoInstance))
		cycle(nil, &vultr.DetachOptions{Live: new(false)})
		assert.Equal(t, 2, srv.Reboots(vultrtest.DemoInstance))

		require.ErrorIs(t, blocks.Attach(ctx, b.ID, vultrtest.DemoBareMetal, nil), vultr.ErrInput)
		require.ErrorContains(t, blocks.Attach(ctx, b.ID, "nobody", nil), "Invalid instance_id")
	})
}

func TestLostAnswersToAttachments(t *testing.T) {
	t.Parallel()
	srv, c := open(t, vultrtest.Options{})
	ctx := t.Context()
	b := made(c.Block().Create(ctx, volume(), nil))(t)
	f := made(c.VFS().Create(ctx, tree(), nil))(t)
	srv.LoseNext(vultrtest.AttachBlock)
	require.NoError(t, c.Block().Attach(ctx, b.ID, vultrtest.DemoInstance, nil))
	srv.DropNext(vultrtest.DetachBlock)
	require.ErrorIs(t, c.Block().Detach(ctx, b.ID, nil), vultr.ErrUnknownOutcome)
	srv.LoseNext(vultrtest.DetachBlock)
	require.NoError(t, c.Block().Detach(ctx, b.ID, nil))
	srv.DropNext(vultrtest.AttachVFS)
	_, err := c.VFS().Attach(ctx, f.ID, vultrtest.DemoInstance)
	require.ErrorIs(t, err, vultr.ErrUnknownOutcome)
	srv.LoseNext(vultrtest.AttachVFS)
	a := made(c.VFS().Attach(ctx, f.ID, vultrtest.DemoInstance))(t)
	assert.True(t, a.Ready())
	assert.Equal(t, 2, srv.Calls(vultrtest.AttachVFS))
}

func TestAttachAFileSystem(t *testing.T) {
	t.Parallel()
	bubble(t, vultrtest.Options{AttachAfter: 8 * time.Second}, func(w world) {
		t, srv, c := w.t, w.srv, w.c
		ctx, vfs := t.Context(), c.VFS()
		f := made(vfs.Create(ctx, tree(), nil))(t)
		first := made(vfs.Attach(ctx, f.ID, vultrtest.DemoInstance))(t)
		assert.False(t, first.Ready())
		made(vfs.Attach(ctx, f.ID, vultrtest.DemoInstance))(t)
		made(vfs.Attach(ctx, f.ID, vultrtest.DemoInstance2))(t)
		a := made(vfs.WaitAttached(ctx, f.ID, vultrtest.DemoInstance2, nil))(t)
		assert.Regexp(t, `^[1-9]\d*$`, a.MountTag, "the number, every digit")
		all := made(vfs.Attachments(ctx, f.ID))(t)
		assert.Len(t, all, 2)
		_, err := vfs.Attach(ctx, f.ID, vultrtest.DemoBareMetal)
		require.ErrorIs(t, err, vultr.ErrInput)

		// Delete needs every attachment gone.
		err = vfs.Delete(ctx, f.ID, nil)
		require.ErrorIs(t, err, vultr.ErrConflict)
		require.ErrorContains(t, err, "attached to 2 instances")
		assert.Zero(t, srv.Calls(vultrtest.DeleteVFS))
		began := time.Now()
		require.NoError(t, vfs.Delete(ctx, f.ID, &vultr.DeleteOptions{Force: true, Wait: &vultr.WaitOptions{Interval: 5 * time.Second}}))
		assert.Equal(t, 10*time.Second, time.Since(began))
		assert.Empty(t, srv.FileSystems())
		require.NoError(t, vfs.Delete(ctx, f.ID, nil))
		require.NoError(t, vfs.Detach(ctx, f.ID, vultrtest.DemoInstance))
	})
}

// Trap 36's other half: delete of an attached volume is refused without Force.
func TestDeleteOfAnAttachedVolume(t *testing.T) {
	t.Parallel()
	bubble(t, vultrtest.Options{AttachAfter: 8 * time.Second}, func(w world) {
		t, srv, c := w.t, w.srv, w.c
		ctx, blocks := t.Context(), c.Block()
		b := made(blocks.Create(ctx, volume(), nil))(t)
		require.NoError(t, blocks.Attach(ctx, b.ID, vultrtest.DemoInstance, nil))
		made(blocks.WaitAttached(ctx, b.ID, vultrtest.DemoInstance, nil))(t)
		for _, opts := range []*vultr.DeleteOptions{nil, {}} {
			err := blocks.Delete(ctx, b.ID, opts)
			require.ErrorIs(t, err, vultr.ErrConflict)
			require.ErrorContains(t, err, "detach")
			assert.False(t, asError(t, err).Sent)
		}
		assert.Zero(t, srv.Calls(vultrtest.DeleteBlock)+srv.Calls(vultrtest.DetachBlock))
		require.NoError(t, blocks.Delete(ctx, b.ID, &vultr.DeleteOptions{Force: true}))
		assert.Empty(t, srv.Blocks())
		assert.Zero(t, srv.Reboots(vultrtest.DemoInstance))
	})
}
