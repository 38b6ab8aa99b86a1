package atomicfile_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/atomicfile"
)

// alone says that nothing but the named files is in the folder: no temporary file stays.
func alone(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	assert.Equal(t, names, got)
}

func TestWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "state")
	for _, content := range []string{"first", "", "third, longer than the others"} {
		require.NoError(t, atomicfile.Write(path, []byte(content), 0o640))
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, content, string(got))
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, fs.FileMode(0o640), info.Mode().Perm())
		alone(t, dir, "state")
	}
}

func TestWriteFails(t *testing.T) {
	t.Parallel()
	t.Run("no such folder", func(t *testing.T) {
		t.Parallel()
		require.ErrorIs(t, atomicfile.Write(filepath.Join(t.TempDir(), "no", "state"), nil, 0o600), fs.ErrNotExist)
	})
	t.Run("a folder is in the way, and nothing stays behind", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(dir, "state"), 0o700))
		require.Error(t, atomicfile.Write(filepath.Join(dir, "state"), []byte("x"), 0o600))
		alone(t, dir, "state")
	})
	t.Run("what cannot be encoded leaves the old content", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		path := filepath.Join(dir, "state.json")
		require.NoError(t, atomicfile.WriteJSON(path, 1))
		require.ErrorContains(t, atomicfile.WriteJSON(path, func() {}), "encode state.json")
		var got int
		require.NoError(t, atomicfile.ReadJSON(path, &got))
		assert.Equal(t, 1, got)
		alone(t, dir, "state.json")
	})
}

func TestReadersSeeOldOrNew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "state")
	content := func(i int) []byte { return bytes.Repeat(fmt.Append(nil, i%10), 1<<16) }
	require.NoError(t, atomicfile.Write(path, content(0), 0o600))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				got, err := os.ReadFile(path)
				if !assert.NoError(t, err) || !assert.Len(t, got, 1<<16) ||
					!assert.Equal(t, len(got), bytes.Count(got, got[:1]), "a part of one and of another") {
					return
				}
			}
		})
	}
	for i := range 50 {
		require.NoError(t, atomicfile.Write(path, content(i), 0o600))
	}
	close(stop)
	wg.Wait()
	alone(t, dir, "state")
}

func TestJSON(t *testing.T) {
	t.Parallel()
	type state struct {
		Steps map[string]int `json:"steps"`
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "state.json")
	want := state{Steps: map[string]int{"draft": 1}}
	require.NoError(t, atomicfile.WriteJSON(path, want))

	data, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, []string{"{", `  "steps": {`, `    "draft": 1`, "  }", "}", ""}, strings.Split(string(data), "\n"), "indented, with a last line feed")
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm(), "its owner's only")

	var got state
	require.NoError(t, atomicfile.ReadJSON(path, &got))
	assert.Equal(t, want, got)
}

func TestReadJSONFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var v any
	require.ErrorIs(t, atomicfile.ReadJSON(filepath.Join(dir, "none.json"), &v), fs.ErrNotExist)

	path := filepath.Join(dir, "bad.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"a":`), 0o600))
	err := atomicfile.ReadJSON(path, &v)
	require.ErrorContains(t, err, "bad.json is not the JSON it should be")
	assert.NotErrorIs(t, err, fs.ErrNotExist)
}

func TestRename(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	from, to := filepath.Join(dir, "new"), filepath.Join(dir, "old")
	require.NoError(t, os.WriteFile(from, []byte("new"), 0o600))
	require.NoError(t, os.WriteFile(to, []byte("old"), 0o600))
	require.NoError(t, atomicfile.Rename(from, to))
	got, err := os.ReadFile(to)
	require.NoError(t, err)
	assert.Equal(t, "new", string(got))
	alone(t, dir, "old")
	require.ErrorIs(t, atomicfile.Rename(from, to), fs.ErrNotExist)
}
