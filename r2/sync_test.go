package r2_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

// counted counts the files that are opened.
type counted struct {
	fs.FS

	n *atomic.Int64
}

func (c counted) Open(name string) (fs.File, error) {
	if strings.Contains(name, ".txt") {
		c.n.Add(1)
	}
	return c.FS.Open(name)
}

func mapFS(files map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range files {
		out[name] = &fstest.MapFile{Data: []byte(text), ModTime: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	}
	return out
}

// Trap 17: unchanged = 0 PUTs, one LIST per 1,000, 0 HEADs. 10,000 files of which 10 have changed are 10 PUTs and 10 LISTs.
func TestSyncOfTenThousandFiles(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	files := map[string]string{}
	for n := range 10_000 {
		name := fmt.Sprintf("dir%02d/%04d.txt", n%20, n)
		files[name] = fmt.Sprintf("text %05d", n)
		require.NoError(t, srv.Put("site/"+name, []byte(files[name])))
	}
	require.NoError(t, srv.Put("elsewhere", nil))
	src := mapFS(files)
	for n := range 10 {
		name := fmt.Sprintf("dir%02d/%04d.txt", n, n)
		src[name].Data = fmt.Appendf(nil, "TEXT %05d", n) // of the same size
		src[name].ModTime = src[name].ModTime.Add(time.Hour)
	}
	cache := filepath.Join(t.TempDir(), "hashes.json")
	opts := r2.SyncOptions{Prefix: "site/", Delete: true, Cache: cache}
	plan, err := c.PlanSync(t.Context(), src, &opts)
	require.NoError(t, err)
	assert.Equal(t, 9990, plan.Unchanged)
	require.Len(t, plan.Puts, 10)
	assert.Equal(t, r2.Change{Key: "site/dir00/0000.txt", Path: "dir00/0000.txt", Size: 10, Reason: "content"}, plan.Puts[0])
	report, err := c.Apply(t.Context(), plan, nil)
	require.NoError(t, err)
	assert.Equal(t, r2.Report{Put: 10, Bytes: 100}, report)
	assert.Equal(t, 10, srv.Calls("PutObject"))
	assert.Equal(t, 10, srv.Calls("ListObjectsV2"))
	assert.Equal(t, 20, srv.Calls(""), "neither HEAD nor anything else")

	var read atomic.Int64
	plan, err = c.PlanSync(t.Context(), counted{src, &read}, &opts)
	require.NoError(t, err)
	assert.Equal(t, 10_000, plan.Unchanged)
	assert.Zero(t, read.Load(), "the hashes are remembered")
	report, err = c.Apply(t.Context(), plan, nil)
	require.NoError(t, err)
	assert.Equal(t, r2.Report{}, report)
	assert.Equal(t, 10, srv.Calls("PutObject"))
	assert.Equal(t, 20, srv.Calls("ListObjectsV2"))
	assert.Equal(t, 30, srv.Calls(""))

	name := "dir05/0005.txt"
	src[name].Data = []byte("tExt 00005")
	src[name].ModTime = src[name].ModTime.Add(time.Hour)
	plan, err = c.PlanSync(t.Context(), counted{src, &read}, &opts)
	require.NoError(t, err)
	assert.Len(t, plan.Puts, 1)
	assert.EqualValues(t, 1, read.Load(), "the time of change tells which one to read")
}

// Trap 17: an empty source.
func TestSyncOfAnEmptySource(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	require.NoError(t, srv.Put("a", nil))
	for name, src := range map[string]fs.FS{
		"nothing":       mapFS(nil),
		"ignored files": mapFS(map[string]string{"x.tmp": ""}),
		"a folder":      fstest.MapFS{"dir": &fstest.MapFile{Mode: fs.ModeDir}},
	} {
		_, err := c.PlanSync(t.Context(), src, &r2.SyncOptions{Delete: true, Ignore: func(p string) bool { return strings.HasSuffix(p, ".tmp") }})
		require.ErrorIs(t, err, r2.ErrEmptySource, name)
	}
	_, err := c.PlanSync(t.Context(), os.DirFS(filepath.Join(t.TempDir(), "not mounted")), nil)
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.Zero(t, srv.Calls(""))
}

// Trap 17: MaxDelete.
func TestSyncDeletesNoMoreThanItMay(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		objects, files, most int
		keep                 bool
		no                   bool
	}{
		"none wanted":          {objects: 10, files: 1, keep: true},
		"half":                 {objects: 10, files: 5},
		"more than half":       {objects: 10, files: 4, no: true},
		"more than half, said": {objects: 10, files: 1, most: 9},
		"one too many":         {objects: 10, files: 1, most: 8, no: true},
		"hundred":              {objects: 300, files: 200},
		"more than a hundred":  {objects: 300, files: 199, no: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := opened(t, r2test.Options{})
			files := map[string]string{}
			for n := range tt.objects {
				key := fmt.Sprintf("%04d", n)
				require.NoError(t, srv.Put(key, nil))
				if n < tt.files {
					files[key] = ""
				}
			}
			plan, err := c.PlanSync(t.Context(), mapFS(files), &r2.SyncOptions{Delete: !tt.keep, MaxDelete: tt.most})
			if tt.no {
				require.ErrorIs(t, err, r2.ErrTooManyDeletes)
				assert.Len(t, plan.Deletes, tt.objects-tt.files, "to be looked at")
				_, err = c.Apply(t.Context(), plan, nil)
				require.ErrorIs(t, err, r2.ErrTooManyDeletes)
				assert.Len(t, srv.Objects(), tt.objects)
				return
			}
			require.NoError(t, err)
			report, err := c.Apply(t.Context(), plan, nil)
			require.NoError(t, err)
			want := tt.objects - tt.files
			if tt.keep {
				want = 0
			}
			assert.Equal(t, want, report.Deleted)
			assert.Len(t, srv.Objects(), tt.objects-want)
		})
	}
}

// Trap 17: symlink.
func TestSyncOfSymlinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "real"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "real", "a"), []byte("hello"), 0o600))
	for link, to := range map[string]string{"file": "real/a", "folder": "real", "loop": "."} {
		require.NoError(t, os.Symlink(to, filepath.Join(dir, link)))
	}
	srv, c := opened(t, r2test.Options{})
	for _, key := range []string{"file", "folder/a", "loop", "old1", "real/b"} {
		require.NoError(t, srv.Put(key, []byte("x")))
	}
	plan, err := c.PlanSync(t.Context(), os.DirFS(dir), &r2.SyncOptions{Delete: true})
	require.NoError(t, err)
	assert.Equal(t, []r2.Skip{{Path: "file", Reason: "symbolic link"}, {Path: "folder", Reason: "symbolic link"}, {Path: "loop", Reason: "symbolic link"}}, plan.Skipped)
	assert.Equal(t, "real/a", plan.Puts[0].Key)
	assert.Equal(t, []r2.Change{{Key: "old1", Size: 1, Reason: "no file"}, {Key: "real/b", Size: 1, Reason: "no file"}}, plan.Deletes, "what is under a link stays")

	plan, err = c.PlanSync(t.Context(), os.DirFS(dir), &r2.SyncOptions{FollowSymlinks: true})
	require.NoError(t, err)
	assert.Equal(t, []r2.Skip{{Path: "folder", Reason: "symbolic link to a folder"}, {Path: "loop", Reason: "symbolic link to a folder"}}, plan.Skipped)
	require.Len(t, plan.Puts, 2)
	assert.Equal(t, r2.Change{Key: "file", Path: "file", Size: 5, Reason: "size"}, plan.Puts[0])
	_, err = c.Apply(t.Context(), plan, nil)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(content(t, srv, "file")))
	require.NoError(t, os.Symlink("nowhere", filepath.Join(dir, "dangling")))
	_, err = c.PlanSync(t.Context(), os.DirFS(dir), &r2.SyncOptions{FollowSymlinks: true})
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// Trap 17: case. Two paths that differ in case only are two objects, and a renamed one is a put and a delete.
func TestSyncKeepsUpperAndLowerCaseApart(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	for _, key := range []string{"Logo.png", "readme", "README", "x"} {
		require.NoError(t, srv.Put(key, []byte("same")))
	}
	plan, err := c.PlanSync(t.Context(), mapFS(map[string]string{"logo.png": "same", "readme": "same", "README": "same", "x": "same"}), &r2.SyncOptions{Delete: true})
	require.NoError(t, err)
	assert.Equal(t, "put logo.png (new, 4 bytes)\ndelete Logo.png (no file, 4 bytes)\n1 to put, 1 to delete, 3 unchanged, 0 skipped", plan.String())
}

func TestSyncComparesObjectsOfParts(t *testing.T) {
	t.Parallel()
	srv, c := smallParts(t)
	data := random(11 * mib)
	other := bytes.Clone(data)
	other[10*mib]++
	for key, o := range map[string]r2.PutOptions{"own": {PartSize: 3 * kib * kib}, "five": {PartSize: 5 * mib}, "odd": {PartSize: 4*mib + 1}, "changed": {PartSize: 5 * mib}} {
		body := data
		if key == "changed" {
			body = other
		}
		_, err := c.Put(t.Context(), key, bytes.NewReader(body), &o)
		require.NoError(t, err)
	}
	src := fstest.MapFS{}
	for _, key := range []string{"own", "five", "odd", "changed"} {
		src[key] = &fstest.MapFile{Data: data, ModTime: time.Unix(1, 0)}
	}
	opts := r2.SyncOptions{
		Put:   func(key string) r2.PutOptions { return map[string]r2.PutOptions{"own": {PartSize: 3 * mib}}[key] },
		Cache: filepath.Join(t.TempDir(), "cache"),
	}
	for range 2 {
		plan, err := c.PlanSync(t.Context(), src, &opts)
		require.NoError(t, err)
		assert.Equal(t, []string{"changed content", "odd content"}, reasons(plan))
	}
	assert.Zero(t, srv.Calls("HeadObject"))
	opts.SizeOnly = true
	plan, err := c.PlanSync(t.Context(), src, &opts)
	require.NoError(t, err)
	assert.Equal(t, 4, plan.Unchanged)
}

func reasons(p r2.Plan) (out []string) {
	for _, change := range p.Puts {
		out = append(out, change.Key+" "+change.Reason)
	}
	return out
}

func TestSyncLeavesAlone(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	for _, key := range []string{"p/.git/config", "p/a.tmp", "p/folder/", "p/gone", "p/one", "p/two", "pp/x", "other"} {
		require.NoError(t, srv.Put(key, nil))
	}
	opts := &r2.SyncOptions{Prefix: "p/", Delete: true, Ignore: func(p string) bool { return p == ".git" || strings.HasSuffix(p, ".tmp") }}
	plan, err := c.PlanSync(t.Context(), mapFS(map[string]string{".git/HEAD": "x", "one": "", "two": "", "b.tmp": "x"}), opts)
	require.NoError(t, err)
	assert.Empty(t, plan.Puts)
	assert.Equal(t, []r2.Change{{Key: "p/gone", Reason: "no file"}}, plan.Deletes)
	_, err = c.PlanSync(t.Context(), mapFS(map[string]string{"a": ""}), &r2.SyncOptions{Prefix: "p"})
	require.ErrorIs(t, err, r2.ErrInput)
	_, err = c.PlanSync(t.Context(), mapFS(map[string]string{"a": ""}), &r2.SyncOptions{MaxDelete: 1})
	require.ErrorIs(t, err, r2.ErrInput)
	_, err = c.PlanSync(t.Context(), mapFS(map[string]string{strings.Repeat("a", 600) + "/" + strings.Repeat("b", 600): "", "fine": ""}), nil)
	require.ErrorIs(t, err, r2.ErrInput)
}

func TestSyncThatFails(t *testing.T) {
	t.Parallel()
	inBubble(t, r2test.Options{}, func(t *testing.T, srv *r2test.Server, c *r2.Client) {
		t.Helper()
		require.NoError(t, srv.Put("old", nil))
		require.NoError(t, srv.Put("a", []byte("x")))
		src := mapFS(map[string]string{"a": "new", "b": "new", "c": "new", "d": "new", "e": ""})
		plan, err := c.PlanSync(t.Context(), src, &r2.SyncOptions{Delete: true})
		require.NoError(t, err)
		src["b"].Data = []byte("longer")
		src["e"].Data = []byte("no longer empty")
		delete(src, "d")
		var told []string
		report, err := c.Apply(t.Context(), plan, &r2.ApplyOptions{Concurrency: 1, Progress: func(p r2.SyncProgress) {
			told = append(told, fmt.Sprint(p.Key, " ", p.Err == nil, " ", p.Done, "/", p.Total))
		}})
		require.ErrorContains(t, err, "3 of 6 changes failed")
		require.ErrorIs(t, report.Failed[1].Err, fs.ErrNotExist)
		assert.Equal(t, []string{"a true 1/6", "b false 2/6", "c true 3/6", "d false 4/6", "e false 5/6"}, told)
		assert.Equal(t, 2, report.Put)
		_, there := srv.Bytes("old")
		assert.True(t, there, "nothing is deleted unless all is stored")

		plan, err = c.PlanSync(t.Context(), src, &r2.SyncOptions{Delete: true})
		require.NoError(t, err)
		report, err = c.Apply(t.Context(), plan, nil)
		require.NoError(t, err)
		assert.Equal(t, 2, report.Put, "what was left")
		assert.Equal(t, 1, report.Deleted)
	})
}

func TestSyncEndsWhereNothingIsAllowed(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	files := map[string]string{}
	for n := range 500 {
		files[fmt.Sprintf("%03d", n)] = "x"
		srv.AnswerNext("PutObject", 403, nil, "")
	}
	plan, err := c.PlanSync(t.Context(), mapFS(files), nil)
	require.NoError(t, err)
	_, err = c.Apply(t.Context(), plan, nil)
	require.ErrorIs(t, err, fs.ErrPermission)
	assert.Less(t, srv.Calls("PutObject"), 100)

	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	_, err = c.Apply(ctx, plan, nil)
	require.ErrorContains(t, err, "enough")
	_, err = c.PlanSync(ctx, mapFS(files), nil)
	require.ErrorContains(t, err, "enough")
	_, err = c.Apply(t.Context(), r2.Plan{Puts: plan.Puts}, nil)
	require.ErrorIs(t, err, r2.ErrInput)
	_, err = c.Apply(t.Context(), plan, &r2.ApplyOptions{Concurrency: 65})
	require.ErrorIs(t, err, r2.ErrInput)
}
