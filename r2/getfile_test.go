package r2_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/atomicfile"
	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

// saved is what a file holds, which is alone in its folder.
func saved(t *testing.T, path string) []byte {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 1)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return data
}

func TestGetFile(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"empty": 0, "one byte": 1, "one range": 2 * kib, "one more": 2*kib + 1, "many": 33 * kib} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := smallParts(t)
			data := random(size)
			put, err := c.Put(t.Context(), "a b.png", bytes.NewReader(data), &r2.PutOptions{Metadata: map[string]string{"a": "é"}})
			require.NoError(t, err)
			path := filepath.Join(t.TempDir(), "file")
			require.NoError(t, os.WriteFile(path, []byte("old"), 0o600))
			var last r2.Progress
			info, err := c.GetFile(t.Context(), "a b.png", path, &r2.GetFileOptions{PartSize: 2 * kib, Perm: 0o640, Progress: func(p r2.Progress) { last = p }})
			require.NoError(t, err)
			assert.Equal(t, data, saved(t, path))
			assert.Equal(t, put.ETag, info.ETag)
			assert.Equal(t, "image/png é", info.ContentType+" "+info.Metadata["a"])
			assert.Equal(t, r2.Progress{Sent: int64(size), Total: int64(size)}, last)
			stat, err := os.Stat(path)
			require.NoError(t, err)
			assert.Equal(t, fs.FileMode(0o640), stat.Mode().Perm())
			assert.Zero(t, srv.Calls("HeadObject"))
		})
	}
}

// An interrupted download goes on with the ranges that are missing.
func TestGetFileResumes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		between func(t *testing.T, srv *r2test.Server, path string)
		opts    r2.GetFileOptions
		calls   int
	}{
		"as it was":        {calls: 6},
		"the same version": {calls: 6, opts: r2.GetFileOptions{IfMatch: "keep"}},
		"overwritten": {calls: 11, between: func(t *testing.T, srv *r2test.Server, _ string) {
			t.Helper()
			require.NoError(t, srv.Put("key", make([]byte, 20*kib)))
		}},
		"its last line was cut": {calls: 7, between: func(t *testing.T, _ *r2test.Server, path string) {
			t.Helper()
			data, err := os.ReadFile(path + ".partial.parts")
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path+".partial.parts", data[:len(data)-2], 0o600))
		}},
		"the journal is none": {calls: 10, between: func(t *testing.T, _ *r2test.Server, path string) {
			t.Helper()
			require.NoError(t, os.WriteFile(path+".partial.parts", []byte("?"), 0o600))
		}},
		"the partial file was cut": {calls: 10, between: func(t *testing.T, _ *r2test.Server, path string) {
			t.Helper()
			require.NoError(t, os.Truncate(path+".partial", kib))
		}},
		"the partial file is gone": {calls: 10, between: func(t *testing.T, _ *r2test.Server, path string) {
			t.Helper()
			require.NoError(t, os.Remove(path+".partial"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := smallParts(t, func(cfg *r2.Config) { cfg.MaxRetries = new(0) })
			require.NoError(t, srv.Put("key", random(20*kib)))
			path := filepath.Join(t.TempDir(), "file")
			tt.opts.PartSize, tt.opts.Concurrency = 2*kib, 1
			srv.Observe(func(e fault.Event) {
				if e.Op == "GetObject" && e.N == 4 && e.When == fault.After {
					srv.AnswerNext("GetObject", 403, nil, "")
				}
			})
			opts := tt.opts
			opts.IfMatch = ""
			_, err := c.GetFile(t.Context(), "key", path, &opts)
			require.ErrorIs(t, err, fs.ErrPermission)
			require.NoFileExists(t, path)
			before := srv.Calls("GetObject")
			if tt.between != nil {
				tt.between(t, srv, path)
			}
			if tt.opts.IfMatch != "" {
				tt.opts.IfMatch = srv.Objects()[0].ETag
			}
			_, err = c.GetFile(t.Context(), "key", path, &tt.opts)
			require.NoError(t, err)
			assert.Equal(t, content(t, srv, "key"), saved(t, path))
			assert.Equal(t, tt.calls, srv.Calls("GetObject")-before)
		})
	}
}

// A range that breaks off is continued where it did.
func TestGetFileContinuesARange(t *testing.T) {
	t.Parallel()
	inBubble(t, r2test.Options{MinPart: kib}, func(t *testing.T, srv *r2test.Server, c *r2.Client) {
		t.Helper()
		require.NoError(t, srv.Put("key", random(10*kib)))
		for range 3 {
			srv.CutNext("GetObject", 1000)
		}
		srv.LoseNext("GetObject")
		path := filepath.Join(t.TempDir(), "file")
		_, err := c.GetFile(t.Context(), "key", path, &r2.GetFileOptions{PartSize: 5 * kib, Concurrency: 1})
		require.NoError(t, err)
		assert.Equal(t, content(t, srv, "key"), saved(t, path))
		for range 20 {
			srv.CutNext("GetObject", 0)
		}
		_, err = c.GetFile(t.Context(), "key", path, nil)
		require.ErrorContains(t, err, "broke off")
		assert.Equal(t, content(t, srv, "key"), readFile(t, path), "the old file is there until the new one is complete")
	})
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return data
}

// All ranges are of one version.
func TestGetFileOfAnObjectThatIsOverwritten(t *testing.T) {
	t.Parallel()
	srv, c := smallParts(t)
	require.NoError(t, srv.Put("key", random(20*kib)))
	srv.Observe(func(e fault.Event) {
		if e.Op == "GetObject" && e.N == 5 && e.When == fault.Before {
			assert.NoError(t, srv.Put("key", make([]byte, 20*kib)))
		}
	})
	path := filepath.Join(t.TempDir(), "file")
	_, err := c.GetFile(t.Context(), "key", path, &r2.GetFileOptions{PartSize: 2 * kib})
	require.ErrorIs(t, err, r2.ErrPrecondition)
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Empty(t, entries)
}

func TestGetFileIsVerified(t *testing.T) {
	t.Parallel()
	damaging := through(func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err == nil && req.Method == http.MethodGet {
			data := make([]byte, resp.ContentLength)
			resp.Body = &plainBody{bytes.NewReader(data)}
		}
		return resp, err
	})
	srv, c := smallParts(t, damaging)
	require.NoError(t, srv.Put("key", random(3*kib)))
	path := filepath.Join(t.TempDir(), "file")
	_, err := c.GetFile(t.Context(), "key", path, nil)
	require.ErrorIs(t, err, r2.ErrCorrupt)
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Empty(t, entries)
	_, err = c.GetFile(t.Context(), "key", path, &r2.GetFileOptions{Verify: r2.VerifyNone})
	require.NoError(t, err)
}

type plainBody struct{ *bytes.Reader }

func (plainBody) Close() error { return nil }

// A server that knows no ranges, and one that unpacks.
func TestGetFileOfOnePiece(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{NoRanges: true})
	r2.SetMinPart(c, kib)
	require.NoError(t, srv.Put("key", random(9*kib)))
	path := filepath.Join(t.TempDir(), "file")
	_, err := c.GetFile(t.Context(), "key", path, &r2.GetFileOptions{PartSize: 2 * kib})
	require.NoError(t, err)
	assert.Equal(t, content(t, srv, "key"), saved(t, path))

	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err = w.Write([]byte(strings.Repeat("hello ", 1000)))
	require.NoError(t, errors.Join(err, w.Close()))
	_, err = c.Put(t.Context(), "text", bytes.NewReader(packed.Bytes()), &r2.PutOptions{ContentEncoding: "gzip"})
	require.NoError(t, err)
	info, err := c.GetFile(t.Context(), "text", path, nil)
	require.NoError(t, err)
	assert.Equal(t, strings.Repeat("hello ", 1000), string(saved(t, path)))
	assert.EqualValues(t, 6000, info.Size)
	_, ranged := smallParts(t)
	_, err = ranged.Put(t.Context(), "text", bytes.NewReader(packed.Bytes()), &r2.PutOptions{ContentEncoding: "gzip"})
	require.NoError(t, err)
	_, err = ranged.GetFile(t.Context(), "text", path, nil)
	require.NoError(t, err)
	assert.Equal(t, packed.Bytes(), saved(t, path), "what is stored")
}

func TestGetFileIsRefused(t *testing.T) {
	t.Parallel()
	srv, c := smallParts(t)
	require.NoError(t, srv.Put("key", random(9*kib)))
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	for name, tt := range map[string]struct {
		key, path string
		opts      r2.GetFileOptions
		want      error
	}{
		"no object":    {key: "none", path: path, want: fs.ErrNotExist},
		"no key":       {path: path, want: r2.ErrInput},
		"a folder":     {key: "key", path: dir, want: r2.ErrInput},
		"no folder":    {key: "key", path: filepath.Join(path, "x", "y"), want: fs.ErrNotExist},
		"ranges":       {key: "key", path: path, opts: r2.GetFileOptions{PartSize: 1}, want: r2.ErrInput},
		"at a time":    {key: "key", path: path, opts: r2.GetFileOptions{Concurrency: 17}, want: r2.ErrInput},
		"verify":       {key: "key", path: path, opts: r2.GetFileOptions{Verify: 9}, want: r2.ErrInput},
		"another ETag": {key: "key", path: path, opts: r2.GetFileOptions{IfMatch: "x"}, want: r2.ErrPrecondition},
	} {
		_, err := c.GetFile(t.Context(), tt.key, tt.path, &tt.opts)
		require.ErrorIs(t, err, tt.want, name)
	}
	unlock, err := atomicfile.TryLock(path + ".partial.lock")
	require.NoError(t, err)
	_, err = c.GetFile(t.Context(), "key", path, nil)
	require.ErrorIs(t, err, atomicfile.ErrLocked)
	require.NoError(t, unlock())
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	_, err = c.GetFile(ctx, "key", path, nil)
	require.ErrorContains(t, err, "enough")
	_, err = c.GetFile(t.Context(), "key", path, nil)
	require.NoError(t, err)
	assert.Equal(t, content(t, srv, "key"), saved(t, path))
}
