package r2_test

import (
	"context"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

func TestFS(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	keys := []string{"a.txt", "dir/b.txt", "dir/sub/c d+é.txt", "dir.txt", "empty", "z/y/x/w"}
	for _, key := range append(keys, "both", "both/of/them", "no//path", "trail/", "dir/marker/") {
		text := "content of " + key
		if key == "empty" || strings.HasSuffix(key, "/") {
			text = ""
		}
		require.NoError(t, srv.Put(key, []byte(text)))
	}
	fsys := c.FS(t.Context())
	require.NoError(t, fstest.TestFS(fsys, keys...))
	sub, err := fs.Sub(fsys, "dir")
	require.NoError(t, err)
	require.NoError(t, fstest.TestFS(sub, "b.txt", "sub/c d+é.txt"))

	info, err := fs.Stat(fsys, "both")
	require.NoError(t, err)
	assert.False(t, info.IsDir())
	about, ok := info.Sys().(r2.Info)
	require.True(t, ok)
	assert.Equal(t, srv.Objects()[1].ETag, about.ETag)
	for _, name := range []string{"none", "di", "a.txt/x", "dir/none"} {
		_, err = fsys.Open(name)
		require.ErrorIs(t, err, fs.ErrNotExist, name)
		_, err = fs.Stat(fsys, name)
		require.ErrorIs(t, err, fs.ErrNotExist, name)
		_, err = fs.ReadDir(fsys, name)
		require.ErrorIs(t, err, fs.ErrNotExist, name)
		_, err = fs.ReadFile(fsys, name)
		require.ErrorIs(t, err, fs.ErrNotExist, name)
	}
	for _, name := range []string{"/a.txt", "../x", "dir/", ""} {
		_, err = fsys.Open(name)
		require.ErrorIs(t, err, fs.ErrInvalid, name)
	}
	_, err = fs.ReadFile(fsys, "dir")
	require.ErrorIs(t, err, fs.ErrInvalid)
}

// An empty bucket is an empty folder.
func TestFSOfAnEmptyBucket(t *testing.T) {
	t.Parallel()
	_, c := opened(t, r2test.Options{})
	entries, err := fs.ReadDir(c.FS(t.Context()), ".")
	require.NoError(t, err)
	assert.Empty(t, entries)
}

func TestFSFilesCanSeek(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	data := random(150)
	require.NoError(t, srv.Put("key", data))
	fsys := c.FS(t.Context())
	f, err := fsys.Open("key")
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, iotest.TestReader(f, data), "Read, ReadAt and Seek")

	seeker, ok := f.(io.ReadSeeker)
	require.True(t, ok)
	_, err = seeker.Seek(10, io.SeekStart)
	require.NoError(t, err)
	require.NoError(t, srv.Put("key", make([]byte, 150)))
	_, err = seeker.Read(make([]byte, 1))
	require.ErrorIs(t, err, r2.ErrPrecondition, "it is another version by now")
}

func TestFSFails(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	require.NoError(t, srv.Put("dir/key", []byte("x")))
	ctx, cancel := context.WithCancel(t.Context())
	fsys := c.FS(ctx)
	for op, do := range map[string]func() error{
		"GetObject":     func() error { _, err := fsys.Open("dir/key"); return err },
		"HeadObject":    func() error { _, err := fs.Stat(fsys, "dir/key"); return err },
		"ListObjectsV2": func() error { _, err := fs.ReadDir(fsys, "dir"); return err },
	} {
		srv.AnswerNext(op, 403, nil, "")
		err := do()
		require.ErrorIs(t, err, fs.ErrPermission, op)
		_, isPath := err.(*fs.PathError) //nolint:errorlint // fs promises it
		assert.True(t, isPath)
	}
	cancel()
	_, err := fsys.Open("dir/key")
	require.ErrorIs(t, err, context.Canceled)
}
