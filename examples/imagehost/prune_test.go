package main

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
)

// change makes another picture of a file.
func (w *world) change(name string) {
	w.t.Helper()
	var b bytes.Buffer
	require.NoError(w.t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 30, 20))))
	w.file(name, b.Bytes())
}

func (w *world) keys() (keys []string) {
	for _, o := range w.r2.Objects() {
		keys = append(keys, o.Key)
	}
	return keys
}

// A picture that has changed gets another address. The old object stays until -prune deletes it, and Cloudflare forgets it.
func TestChangedPicture(t *testing.T) {
	t.Parallel()
	w := newWorld(t).draw()
	first := w.report()
	old := first.Pictures[3]
	require.Equal(t, "harbour at dusk.jpg", old.Name)
	w.change("harbour at dusk.jpg")
	second := w.done()
	assert.Contains(t, second.screen, "uploaded before, and no file any more: 1; they stay")
	w.once(6)
	fresh := w.report().Pictures[3]
	assert.NotEqual(t, old.URL, fresh.URL)
	assert.Equal(t, "image/png", fresh.Type, "by its content, whatever its name says")

	require.NoError(t, w.r2.Put("sha256/"+zoneID+zoneID+".png", []byte("somebody else's")))
	plan := w.report("-prune", "-plan")
	assert.Equal(t, []string{old.Key}, plan.Deleted)
	assert.Len(t, w.keys(), 7, "a plan deletes nothing")

	got := w.run("-prune", "-max-delete", "0")
	assert.Equal(t, exitInput, got.code)
	assert.Contains(t, got.screen, "would delete 1 objects, and -max-delete is 0")
	got = w.runWith(t.Context(), "host\n", "-prune")
	assert.Equal(t, exitNotConfirmed, got.code, "that is the word for less")
	assert.Len(t, w.keys(), 7)

	got = w.runWith(t.Context(), "delete 1\n", "-prune")
	require.Equal(t, exitDone, got.code, "%s", got.screen)
	assert.Contains(t, got.screen, "- "+old.Key+" is deleted: pages that show it lose it")
	assert.NotContains(t, w.keys(), old.Key)
	assert.Len(t, w.keys(), 6, "what is somebody else's stays")
	assert.Equal(t, []string{old.URL}, w.cloud.Purged())
	again := w.report("-prune")
	assert.True(t, again.NothingNew)
	assert.Equal(t, 1, w.r2.Calls("DeleteObjects"))
}

// What was in the bucket before is never deleted, even if this folder shows it.
func TestPruneLeavesWhatWasThere(t *testing.T) {
	t.Parallel()
	other := newWorld(t).draw()
	other.done()
	w := *other
	w.out = filepath.Join(t.TempDir(), "another")
	assert.True(t, w.report().NothingNew)
	for _, name := range []string{"dunes.png", "copies/dunes again.png", "lighthouse.gif"} {
		require.NoError(t, os.Remove(filepath.Join(w.folder, filepath.FromSlash(name))))
	}
	assert.Empty(t, w.report("-prune").Deleted)
	w.once(5)
	assert.Len(t, other.report("-prune").Deleted, 2, "the one who has put them may delete them")
}

// What somebody else has put there between the plan and the upload is theirs, and what somebody else has deleted is gone.
func TestPruneMeetsOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t).draw()
	theirs := ""
	w.atCall(w.cloud.Script, "CreateDomain", func() {
		c, err := r2.New(w.r2.Config())
		assert.NoError(t, err)
		img, err := c.PutImage(context.WithoutCancel(t.Context()), "x", bytes.NewReader(demo(t, "lighthouse.gif")), &r2.ImageOptions{Strip: true})
		assert.NoError(t, err)
		theirs = img.Key
	})
	r := w.report()
	assert.Equal(t, 4, r.Uploaded)
	assert.Equal(t, 1, r.There)
	w.once(5)
	require.NoError(t, os.Remove(filepath.Join(w.folder, "lighthouse.gif")))
	assert.Empty(t, w.report("-prune").Deleted)
	assert.Contains(t, w.keys(), theirs)

	c, err := r2.New(w.r2.Config())
	require.NoError(t, err)
	require.NoError(t, c.Delete(t.Context(), r.Pictures[3].Key))
	require.NoError(t, os.Remove(filepath.Join(w.folder, r.Pictures[3].Name)))
	assert.Empty(t, w.report("-prune").Deleted)
	assert.Zero(t, w.r2.Calls("DeleteObjects"))
}

// A folder without pictures, or without all it had, does not empty the bucket.
func TestPruneIsGuarded(t *testing.T) {
	t.Parallel()
	w := newWorld(t).draw()
	w.done()
	w.folder = t.TempDir()
	got := w.run("-prune")
	assert.Equal(t, exitInput, got.code)
	assert.Contains(t, got.screen, "no picture to host")
	w.change("one.png")
	got = w.run("-prune", "-max-delete", "4")
	assert.Equal(t, exitInput, got.code)
	assert.Contains(t, got.screen, "would delete 5 objects")
	w.once(5)
}

// The cache that cannot be told is a warning: the objects are gone.
func TestPruneWithoutPurge(t *testing.T) {
	t.Parallel()
	w := newWorld(t).draw()
	w.done()
	w.change("lighthouse.gif")
	w.cloud.AnswerNext("Purge", http.StatusForbidden, nil, `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}`)
	r := w.report("-prune")
	assert.Len(t, r.Deleted, 1)
	require.Len(t, r.Warnings, 1)
	assert.Contains(t, r.Warnings[0], "Cache Purge")
}

// A file that changes within the second in which it was read, keeping its size, is not taken for the old one.
func TestQuickChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	data := demo(t, "dunes.png")
	w.file("a.png", data)
	path := filepath.Join(w.folder, "a.png")
	info, err := os.Stat(path)
	require.NoError(t, err)
	first := w.report().Pictures[0]

	broken := bytes.Clone(data)
	broken[len(broken)-20] ^= 1 // in the data: the picture is another
	w.file("a.png", broken)
	require.NoError(t, os.Chtimes(path, info.ModTime(), info.ModTime()))
	second := w.report()
	assert.Equal(t, 1, second.Read)
	assert.NotEqual(t, first.Key, second.Pictures[0].Key)

	w.age() // by now its time proves something
	w.report()
	old := time.Now().Add(-8 * 24 * time.Hour)
	require.NoError(t, os.Chtimes(path, old, old))
	assert.Equal(t, 1, w.report().Read, "another time is read again")
	assert.Zero(t, w.report().Read)
}
