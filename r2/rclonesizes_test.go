package r2_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

// Both ways, at every size at which something changes: what rclone has stored is read here, and what is stored here is read by
// rclone, byte for byte, in parts of 16 MiB where there are any.
func TestRcloneReadsWhatWeWriteAndTheOtherWay(t *testing.T) {
	t.Parallel()
	const part = 16 * mib
	sizes := []int64{0, 1, 5*mib - 1, 5 * mib, 5*mib + 1, part - 1, part, part + 1, 2*part - 1, 2 * part, 2*part + 1, 4*part + 1}
	if raceEnabled {
		sizes = sizes[:5] // the rest takes minutes with it: the tests without it make these
	}
	b := openSpooled(t)
	dir := t.TempDir()
	var all noise
	for _, size := range sizes {
		f, err := os.Create(filepath.Join(dir, fmt.Sprint(size)))
		require.NoError(t, err)
		_, err = io.CopyBuffer(struct{ io.Writer }{f}, io.LimitReader(&all, size), make([]byte, mib))
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	plan, err := b.c.PlanSync(t.Context(), os.DirFS(dir), &r2.SyncOptions{Prefix: "ours/", Put: func(string) r2.PutOptions { return r2.PutOptions{PartSize: part} }})
	require.NoError(t, err)
	_, err = b.c.Apply(t.Context(), plan, nil)
	require.NoError(t, err)
	b.upload(t, "copy", dir, "r2:images/theirs")
	_, _, err = b.rc.run(t, "check", "--download", dir, "r2:images/ours")
	require.NoError(t, err, "rclone has fetched what we have stored")
	back := t.TempDir()
	for _, size := range sizes {
		name := fmt.Sprint(size)
		got, err := b.c.GetFile(t.Context(), "theirs/"+name, filepath.Join(back, name), nil)
		require.NoError(t, err, name)
		requireSame(t, filepath.Join(dir, name), filepath.Join(back, name), size)
		ours, err := b.c.Head(t.Context(), "ours/"+name)
		require.NoError(t, err, name)
		assert.Equal(t, size > part, strings.Contains(ours.ETag, "-"), "%s: %s", name, ours.ETag)
		if size != part {
			assert.Equal(t, ours.ETag, got.ETag, "%s: the same parts", name)
		}
	}
	plan, err = b.c.PlanSync(t.Context(), os.DirFS(dir), &r2.SyncOptions{Prefix: "theirs/"})
	require.NoError(t, err)
	assert.Equal(t, len(sizes), plan.Unchanged, "what rclone has stored need not be stored again")
}

// A GiB, both ways.
func TestRcloneGiB(t *testing.T) {
	t.Parallel()
	if raceEnabled {
		return // it takes minutes with it: the tests without it make this one
	}
	b := openSpooled(t)
	dir := t.TempDir()
	path, back := filepath.Join(dir, "sent"), filepath.Join(dir, "back")
	bigFile(t, path)
	_, err := b.c.PutFile(t.Context(), "ours", path, nil)
	require.NoError(t, err)
	_, _, err = b.rc.run(t, "--ignore-checksum", "copyto", "r2:images/ours", back) // the bytes are compared below
	require.NoError(t, err)
	requireSame(t, path, back, 1<<30)
	require.NoError(t, os.Remove(back))

	b.upload(t, "--s3-disable-checksum", "copyto", path, "r2:images/theirs")
	info, err := b.c.GetFile(t.Context(), "theirs", back, nil)
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(info.ETag, "-64"), info.ETag)
	requireSame(t, path, back, 1<<30)
}

// spooled is a fake that keeps nothing in memory, with both clients.
type spooled struct {
	rc *rclone
	c  *r2.Client
}

func openSpooled(t *testing.T) spooled {
	t.Helper()
	srv, c := opened(t, r2test.Options{Spool: t.TempDir()})
	return spooled{newRclone(t, srv), c}
}

func (b spooled) upload(t *testing.T, args ...string) {
	t.Helper()
	_, _, err := b.rc.run(t, append([]string{"--s3-upload-cutoff", "16M", "--s3-chunk-size", "16M", "--s3-no-check-bucket"}, args...)...)
	require.NoError(t, err)
}

func requireSame(t *testing.T, a, b string, size int64) {
	t.Helper()
	x, err := os.Open(a)
	require.NoError(t, err)
	defer x.Close()
	y, err := os.Open(b)
	require.NoError(t, err)
	defer y.Close()
	for _, f := range []*os.File{x, y} {
		stat, err := f.Stat()
		require.NoError(t, err)
		require.Equal(t, size, stat.Size(), f.Name())
	}
	bufs := [][]byte{make([]byte, mib), make([]byte, mib)}
	for off := int64(0); off < size; off += mib {
		n := min(mib, size-off)
		for i, f := range []*os.File{x, y} {
			_, err := f.ReadAt(bufs[i][:n], off)
			require.NoError(t, err)
		}
		require.True(t, bytes.Equal(bufs[0][:n], bufs[1][:n]), "%s: the MiB from %d differs", b, off)
	}
}
