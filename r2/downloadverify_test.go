package r2_test

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

// flipping changes one bit of what is fetched, on its way: that of the object at this place. -1 = none.
func flipping(at *int64) func(*r2.Config) {
	return through(func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err != nil || req.Method != http.MethodGet || *at < 0 {
			return resp, err
		}
		first, _, _ := strings.Cut(strings.TrimPrefix(resp.Header.Get("Content-Range"), "bytes "), "-")
		resp.Body = &flipped{ReadCloser: resp.Body, left: *at - number(first)}
		return resp, nil
	})
}

func number(text string) (n int64) {
	for _, c := range text {
		n = 10*n + int64(c-'0')
	}
	return n
}

type flipped struct {
	io.ReadCloser

	left int64
}

func (f *flipped) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	if f.left >= 0 && f.left < int64(n) {
		p[f.left] ^= 1
	}
	f.left -= int64(n)
	return n, err
}

// What was uploaded in parts is compared with the ETag of the parts, as it is written: one bit that changes on the way is seen,
// in the first part, at an edge and in the last one, whatever whole size the parts have.
func TestGetFileOfPartsIsVerified(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		part, size int64
		opts       r2.GetFileOptions
		foreign    bool
		calls      int  // GetObject; 0 = not counted
		odd        bool // of a size that nobody thinks of: it needs UploadPartSize
		blind      bool // not compared
	}{
		"ours":                       {part: 16 * mib, size: 33*mib + 1, calls: 3},
		"of 5 MiB":                   {part: 5 * mib, size: 11 * mib, calls: 3},
		"of 8 MiB, all full":         {part: 8 * mib, size: 16 * mib, calls: 2},
		"one part less a byte":       {part: 5 * mib, size: 10*mib - 1, calls: 2},
		"of 25 MiB, more than asked": {part: 25 * mib, size: 50*mib + 1, calls: 4},
		"of 6 MiB":                   {part: 6 * mib, size: 13 * mib},
		"of 10 MB":                   {part: 10_000_000, size: 21_000_001},
		"of an odd size":             {part: 5*mib + 1, size: 11 * mib, odd: true},
		"an odd size, said":          {part: 5*mib + 1, size: 11 * mib, opts: r2.GetFileOptions{UploadPartSize: 5*mib + 1}, calls: 3},
		"in ranges of its own":       {part: 5 * mib, size: 11 * mib, opts: r2.GetFileOptions{PartSize: 2 * mib}, calls: 6},
		"not wanted":                 {part: 5 * mib, size: 11 * mib, opts: r2.GetFileOptions{Verify: r2.VerifyNone}, blind: true, calls: 1},
		"another S3":                 {part: 5 * mib, size: 11 * mib, foreign: true, blind: true},
		"another S3, if wanted":      {part: 5 * mib, size: 11 * mib, foreign: true, opts: r2.GetFileOptions{Verify: r2.VerifyETag}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := int64(-1)
			srv, c := opened(t, r2test.Options{}, flipping(&at), func(cfg *r2.Config) {
				if tt.foreign {
					cfg.AccountID = ""
				}
			})
			data := random(int(tt.size))
			_, err := c.Put(t.Context(), "key", streamed{bytes.NewReader(data)}, &r2.PutOptions{PartSize: tt.part})
			require.NoError(t, err)
			path := filepath.Join(t.TempDir(), "file")
			_, err = c.GetFile(t.Context(), "key", path, &tt.opts)
			if tt.odd {
				require.ErrorIs(t, err, r2.ErrCorrupt)
				require.ErrorContains(t, err, "UploadPartSize")
				return
			}
			require.NoError(t, err)
			require.True(t, bytes.Equal(data, saved(t, path)))
			if tt.calls > 0 {
				assert.Equal(t, tt.calls, srv.Calls("GetObject"), "in ranges that are the parts")
			}
			places := []int64{0, tt.part - 1, tt.part, tt.size - 1}
			if tt.size > 30*mib || raceEnabled {
				places = places[2:3]
			}
			for _, at = range places {
				_ = os.Remove(path) // of the download before
				_, err = c.GetFile(t.Context(), "key", path, &tt.opts)
				if tt.blind {
					require.NoError(t, err)
					continue
				}
				require.ErrorIs(t, err, r2.ErrCorrupt, "at %d", at)
				entries, err := os.ReadDir(filepath.Dir(path))
				require.NoError(t, err)
				require.Empty(t, entries, "what is corrupt does not stay")
			}
		})
	}
}

// What an interrupted download has left behind is compared by the hashes that were made when it was written, and where the last
// of them was cut off, by another look at the file.
func TestGetFileOfPartsIsVerifiedAfterItResumed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		between func(t *testing.T, log string, at *int64)
		corrupt bool
	}{
		"as it was":            {},
		"damaged in the rest":  {between: func(_ *testing.T, _ string, at *int64) { *at = 11 * mib }, corrupt: true},
		"without their hashes": {between: withoutHashes},
		"damaged on the disk, without hashes": {between: func(t *testing.T, log string, at *int64) {
			t.Helper()
			withoutHashes(t, log, at)
			f, err := os.OpenFile(strings.TrimSuffix(log, ".parts"), os.O_WRONLY, 0)
			require.NoError(t, err)
			_, err = f.WriteAt([]byte("damage"), 6*mib)
			require.NoError(t, err)
			require.NoError(t, f.Close())
		}, corrupt: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := int64(-1)
			srv, c := opened(t, r2test.Options{}, flipping(&at), func(cfg *r2.Config) { cfg.MaxRetries = new(0) })
			data := random(12 * mib)
			_, err := c.Put(t.Context(), "key", bytes.NewReader(data), &r2.PutOptions{PartSize: 5 * mib})
			require.NoError(t, err)
			srv.Observe(func(e fault.Event) {
				if e.Op == "GetObject" && e.N == 2 && e.When == fault.After {
					srv.AnswerNext("GetObject", 403, nil, "")
				}
			})
			path := filepath.Join(t.TempDir(), "file")
			_, err = c.GetFile(t.Context(), "key", path, &r2.GetFileOptions{Concurrency: 1})
			require.ErrorIs(t, err, fs.ErrPermission)
			log, err := os.ReadFile(path + ".partial.parts")
			require.NoError(t, err)
			require.Contains(t, string(log), fmt.Sprintf("\n0 %x.\n", md5.Sum(data[:5*mib])), "it was hashed as it was written")
			if tt.between != nil {
				tt.between(t, path+".partial.parts", &at)
			}
			_, err = c.GetFile(t.Context(), "key", path, nil)
			assert.Equal(t, 4, srv.Calls("GetObject"), "one was missing")
			if tt.corrupt {
				require.ErrorIs(t, err, r2.ErrCorrupt)
				return
			}
			require.NoError(t, err)
			assert.True(t, bytes.Equal(data, saved(t, path)))
		})
	}
}

// withoutHashes leaves the numbers alone, as versions before hashes did.
func withoutHashes(t *testing.T, log string, _ *int64) {
	t.Helper()
	data, err := os.ReadFile(log)
	require.NoError(t, err)
	head, rest, _ := strings.Cut(string(data), "\n")
	for line := range strings.Lines(rest) {
		n, _, _ := strings.Cut(line, " ")
		head += "\n" + n + "."
	}
	require.NoError(t, os.WriteFile(log, []byte(head+"\n"), 0o600))
}

// The sizes that are tried, and where they are too many.
func TestSizesOfUploadParts(t *testing.T) {
	t.Parallel()
	_, c := opened(t, r2test.Options{})
	const sum = "d41d8cd98f00b204e9800998ecf8427e"
	for name, tt := range map[string]struct {
		size int64
		etag string
		want []int64
		all  bool
	}{
		"a GiB of ours":         {size: 1 << 30, etag: sum + "-64", want: []int64{16 * mib}, all: true},
		"a GiB of 8 MiB":        {size: 1 << 30, etag: sum + "-128", want: []int64{8 * mib}, all: true},
		"a hundred MiB":         {size: 100 * mib, etag: sum + "-7", want: []int64{16 * mib, 15 * mib, 15_000_000}, all: true},
		"grown":                 {size: 10_000*16*mib + 1, etag: sum + "-9412", want: []int64{17 * mib}, all: true},
		"one part":              {size: 7*mib + 3, etag: sum + "-1", want: []int64{7*mib + 3}, all: true},
		"two of GiBs":           {size: 3 << 30, etag: sum + "-2"},
		"a copy of ours":        {size: 6<<30 - 1, etag: sum + "-6", want: []int64{1 << 30}},
		"none of a whole size":  {size: 1 << 30, etag: sum + "-65", all: true},
		"in one piece":          {size: 7, etag: sum},
		"an ETag of their own":  {size: 1 << 30, etag: "opaque-64"},
		"parts of no number":    {size: 1 << 30, etag: sum + "-x"},
		"nothing in two pieces": {etag: sum + "-2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sizes, all := r2.UploadParts(c, tt.size, tt.etag)
			assert.Equal(t, tt.all, all)
			assert.ElementsMatch(t, tt.want, sizes)
			if len(tt.want) > 0 {
				assert.Equal(t, tt.want[0], sizes[0])
			}
		})
	}
}

// Where the size of the parts cannot be told, the file is taken as it is, and the log says so.
func TestGetFileOfPartsThatCannotBeCompared(t *testing.T) {
	t.Parallel()
	var logs bytes.Buffer
	srv, c := smallParts(t, func(cfg *r2.Config) { cfg.Logger = slog.New(slog.NewTextHandler(&logs, nil)) })
	_, err := c.Put(t.Context(), "key", bytes.NewReader(random(9*kib)), &r2.PutOptions{PartSize: 2 * kib})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "file")
	_, err = c.GetFile(t.Context(), "key", path, nil)
	require.NoError(t, err)
	assert.Equal(t, content(t, srv, "key"), saved(t, path))
	assert.Contains(t, logs.String(), "not compared")
}
