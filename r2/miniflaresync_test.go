//go:build miniflare

package r2_test

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
)

// TestMiniflareFS: the bucket as a file system, held to the rules of package fs.
func TestMiniflareFS(t *testing.T) { //nolint:paralleltest // one after the other: it is slow enough
	c := miniflare(t)
	ctx := t.Context()
	names := []string{"a.txt", "dir/b.txt", "dir/sub/c d+é.txt", "dir.txt", "empty", "z/y/x/w"}
	for _, name := range names {
		_, err := c.Put(ctx, "fs/"+name, strings.NewReader(strings.TrimPrefix("content of "+name, "content of empty")), nil)
		require.NoError(t, err, name)
	}
	fsys, err := fs.Sub(c.FS(ctx), "fs")
	require.NoError(t, err)
	require.NoError(t, fstest.TestFS(fsys, names...))

	data := random(150)
	_, err = c.Put(ctx, "seek/key", strings.NewReader(string(data)), nil)
	require.NoError(t, err)
	f, err := c.FS(ctx).Open("seek/key")
	require.NoError(t, err)
	require.NoError(t, iotest.TestReader(f, data), "Read, ReadAt and Seek")
	require.NoError(t, f.Close())
	for _, name := range []string{"none", "f", "a.txt/x", "dir/none"} {
		_, err = fsys.Open(name)
		require.ErrorIs(t, err, fs.ErrNotExist, name)
	}
}

// TestMiniflareSync: a folder is stored, then what has changed of it, then what is gone; a file in parts is recognised by the
// ETag of its parts.
func TestMiniflareSync(t *testing.T) { //nolint:paralleltest // one after the other: it is slow enough
	c := miniflare(t)
	ctx := t.Context()
	opts := &r2.SyncOptions{Prefix: "site/", Delete: true, Put: func(string) r2.PutOptions { return r2.PutOptions{PartSize: 5 * mib} }}
	src := mapFS(map[string]string{"index.html": "<p>", "a b/é+%.txt": "odd", "dir/x": "1", "dir/y": "2", "film.bin": string(random(11 * mib))})
	for _, step := range []struct {
		change func()
		want   r2.Report
	}{
		{func() {}, r2.Report{Put: 5, Bytes: 11*mib + 8}},
		{func() {}, r2.Report{}},
		{func() { src["dir/x"].Data = []byte("3") }, r2.Report{Put: 1, Bytes: 1}},
		{func() { delete(src, "dir/y"); src["dir/z"] = src["dir/x"] }, r2.Report{Put: 1, Deleted: 1, Bytes: 1}},
	} {
		step.change()
		plan, err := c.PlanSync(ctx, src, opts)
		require.NoError(t, err)
		report, err := c.Apply(ctx, plan, nil)
		require.NoError(t, err)
		require.Equal(t, step.want, report)
	}
	stored, err := fs.Sub(c.FS(ctx), "site")
	require.NoError(t, err)
	for name, f := range src {
		data, err := fs.ReadFile(stored, name)
		require.NoError(t, err, name)
		assert.Equal(t, sha256.Sum256(f.Data), sha256.Sum256(data), name)
	}
	info, err := c.Head(ctx, "site/film.bin")
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(info.ETag, "-3"), "in parts: %s", info.ETag)
}

// TestMiniflareResume: an upload that broke off goes on where it was. miniflare cannot list parts, and its ETags of them say
// nothing: the journal alone knows.
func TestMiniflareResume(t *testing.T) { //nolint:paralleltest // one after the other: it is slow enough
	c := miniflare(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "film.bin")
	want := writeRandom(t, path, 13*mib+1)
	opts := &r2.PutFileOptions{PutOptions: r2.PutOptions{PartSize: 5 * mib, Concurrency: 1}, Journal: filepath.Join(dir, "journal")}

	var mu sync.Mutex
	var sent []string
	most := 1
	broken := miniflare(t, through(func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		if n := req.URL.Query().Get("partNumber"); n != "" {
			mu.Lock()
			defer mu.Unlock()
			if len(sent) == most {
				return nil, errors.New("the cable was pulled")
			}
			sent = append(sent, n)
		}
		return next.RoundTrip(req)
	}))
	_, err := broken.PutFile(t.Context(), "resumed.bin", path, opts)
	require.ErrorContains(t, err, "the cable was pulled")
	_, err = c.Head(t.Context(), "resumed.bin")
	require.ErrorIs(t, err, fs.ErrNotExist)

	sent, most = nil, 100
	info, err := broken.PutFile(t.Context(), "resumed.bin", path, opts)
	require.NoError(t, err)
	assert.Equal(t, []string{"2", "3"}, sent)
	assert.True(t, strings.HasSuffix(info.ETag, "-3"), info.ETag)
	assert.NoFileExists(t, opts.Journal)
	o, err := c.Get(t.Context(), "resumed.bin", nil)
	require.NoError(t, err)
	assert.Equal(t, want, sumOf(t, o))
	require.NoError(t, o.Close())

	// What was sent and has changed since is noticed without the platform's help.
	sent, most = nil, 1
	_, err = broken.PutFile(t.Context(), "resumed.bin", path, opts)
	require.Error(t, err)
	stat, err := os.Stat(path)
	require.NoError(t, err)
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteAt([]byte("other"), mib)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.NoError(t, os.Chtimes(path, stat.ModTime(), stat.ModTime()))
	_, err = broken.PutFile(t.Context(), "resumed.bin", path, opts)
	require.ErrorIs(t, err, r2.ErrChanged)
	require.NoError(t, c.AbortFile(t.Context(), opts.Journal))
}
