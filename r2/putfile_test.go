package r2_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/atomicfile"
	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

// interrupted is an upload of nine parts of 2 KiB of which the fifth failed, one part at a time.
type interrupted struct {
	srv  *r2test.Server
	c    *r2.Client
	data []byte
	path string
	opts r2.PutFileOptions
}

func interrupt(t *testing.T, opts r2test.Options) *interrupted {
	t.Helper()
	opts.MinPart = kib
	i := &interrupted{data: random(17 * kib)}
	i.srv, i.c = opened(t, opts, func(cfg *r2.Config) { cfg.MaxRetries = new(0) })
	r2.SetMinPart(i.c, kib)
	dir := t.TempDir()
	i.path = filepath.Join(dir, "film.mp4")
	require.NoError(t, os.WriteFile(i.path, i.data, 0o600))
	i.opts = r2.PutFileOptions{PutOptions: r2.PutOptions{PartSize: 2 * kib, Concurrency: 1}, Journal: filepath.Join(dir, "journal")}
	i.srv.Observe(func(e fault.Event) {
		if e.Op == "UploadPart" && e.N == 4 && e.When == fault.After {
			i.srv.AnswerNext("UploadPart", 503, nil, "")
		}
	})
	_, err := i.put(t)
	require.Error(t, err)
	require.Equal(t, 5, i.srv.Calls("UploadPart"))
	require.Equal(t, 1, i.srv.Uploads())
	journal, err := os.ReadFile(i.opts.Journal)
	require.NoError(t, err)
	for _, secret := range []string{i.srv.Config().SecretAccessKey, i.srv.Config().AccessKeyID} {
		require.NotContains(t, string(journal), secret)
	}
	return i
}

func (i *interrupted) put(t *testing.T) (r2.Info, error) {
	t.Helper()
	return i.c.PutFile(t.Context(), "film.mp4", i.path, &i.opts)
}

// done says that the file is stored, by so many parts, and that nothing is left behind.
func (i *interrupted) done(t *testing.T, parts int) {
	t.Helper()
	before := i.srv.Calls("UploadPart")
	info, err := i.put(t)
	require.NoError(t, err)
	assert.Equal(t, parts, i.srv.Calls("UploadPart")-before)
	data, err := os.ReadFile(i.path)
	require.NoError(t, err)
	assert.Equal(t, data, content(t, i.srv, "film.mp4"))
	assert.EqualValues(t, len(data), info.Size)
	assert.Equal(t, "video/mp4", info.ContentType)
	assert.Zero(t, i.srv.Uploads())
	entries, err := os.ReadDir(filepath.Dir(i.path))
	require.NoError(t, err)
	assert.Len(t, entries, 1, "neither the journal nor its lock")
}

// write puts other bytes into the file, with the same time of change if that is wanted.
func (i *interrupted) write(t *testing.T, data []byte, sameTime bool) {
	t.Helper()
	stat, err := os.Stat(i.path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(i.path, data, 0o600))
	at := stat.ModTime()
	if !sameTime {
		at = at.Add(time.Second)
	}
	require.NoError(t, os.Chtimes(i.path, at, at))
}

// Trap 15: resume sends only missing parts.
func TestPutFileResumesWithTheMissingParts(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]r2test.Options{
		"as R2 does": {}, "without ListParts": {NoListParts: true}, "with opaque ETags": {OpaquePartETags: true},
		"with neither": {NoListParts: true, OpaquePartETags: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := interrupt(t, opts)
			var first *r2.Progress
			i.opts.Progress = func(p r2.Progress) {
				if first == nil {
					first = &p
				}
			}
			i.done(t, 5)
			assert.Equal(t, &r2.Progress{Sent: 8 * kib, Total: 17 * kib}, first)
		})
	}
}

// What is not in the journal, since its last line was cut, is known to the platform; with ETags that say nothing it is sent
// again.
func TestPutFileResumesWithAJournalThatWasCut(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		opts  r2test.Options
		parts int
	}{
		"as R2 does":        {parts: 5},
		"opaque":            {opts: r2test.Options{OpaquePartETags: true}, parts: 6},
		"without ListParts": {opts: r2test.Options{NoListParts: true}, parts: 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := interrupt(t, tt.opts)
			data, err := os.ReadFile(i.opts.Journal)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(i.opts.Journal, data[:len(data)-9], 0o600))
			i.done(t, tt.parts)
		})
	}
}

// Trap 15: a changed file is detected.
func TestPutFileNoticesAChangedFile(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(t *testing.T, i *interrupted){
		"size":    func(t *testing.T, i *interrupted) { t.Helper(); i.write(t, append(i.data, 'x'), true) },
		"time":    func(t *testing.T, i *interrupted) { t.Helper(); i.write(t, i.data, false) },
		"smaller": func(t *testing.T, i *interrupted) { t.Helper(); i.write(t, i.data[:kib], true) },
		"content of a part that was sent": func(t *testing.T, i *interrupted) {
			t.Helper()
			other := bytes.Clone(i.data)
			other[3*kib]++
			i.write(t, other, true)
		},
		"metadata":      func(_ *testing.T, i *interrupted) { i.opts.Metadata = map[string]string{"a": "b"} },
		"cache control": func(_ *testing.T, i *interrupted) { i.opts.CacheControl = "no-store" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := interrupt(t, r2test.Options{})
			change(t, i)
			_, err := i.put(t)
			require.ErrorIs(t, err, r2.ErrChanged)
			assert.Equal(t, 5, i.srv.Calls("UploadPart"), "nothing is sent")
			assert.Equal(t, 1, i.srv.Uploads(), "and nothing is lost")
			require.FileExists(t, i.opts.Journal)

			i.opts.Restart = true
			data, err := os.ReadFile(i.path)
			require.NoError(t, err)
			if len(data) == kib {
				i.done(t, 0)
			} else {
				i.done(t, 9)
			}
		})
	}
}

// A part that has changed but was not sent yet is no change of what was uploaded: with the same size and time nothing tells.
// One that arrived damaged, and whose sender died before it knew, is sent again.
func TestPutFileSendsADamagedPartAgain(t *testing.T) {
	t.Parallel()
	i := interrupt(t, r2test.Options{})
	other := bytes.Clone(i.data)
	other[7*kib]++
	id := i.upload(t).ID
	require.NoError(t, r2.SendPart(t.Context(), i.c, "film.mp4", id, 5, other[8*kib:10*kib]))
	require.NoError(t, r2.SendPart(t.Context(), i.c, "film.mp4", id, 6, other[:2*kib]))
	i.done(t, 4) // the fifth is as it should be
}

func (i *interrupted) upload(t *testing.T) r2.Upload {
	t.Helper()
	u, err := r2.JournalUpload(i.opts.Journal)
	require.NoError(t, err)
	return u
}

// Trap 15: the process ended after the last call had taken effect, and before its answer was seen.
func TestPutFileRecognisesWhatIsComplete(t *testing.T) {
	t.Parallel()
	i := interrupt(t, r2test.Options{})
	i.srv.LoseNext("CompleteMultipartUpload")
	i.srv.AnswerNext("HeadObject", 503, nil, "")
	_, err := i.put(t)
	require.ErrorIs(t, err, r2.ErrUnknownOutcome)
	require.FileExists(t, i.opts.Journal)
	i.done(t, 0)
	assert.Equal(t, 1, i.srv.Writes("film.mp4"))
}

// Somebody else has written the key meanwhile, and our upload is gone: it begins anew.
func TestPutFileBeginsAnewWhatIsForgotten(t *testing.T) {
	t.Parallel()
	for name, between := range map[string]func(t *testing.T, i *interrupted){
		"no object": func(*testing.T, *interrupted) {},
		"another object": func(t *testing.T, i *interrupted) {
			t.Helper()
			require.NoError(t, i.srv.Put("film.mp4", random(17*kib)))
		},
		"another one of so many parts": func(t *testing.T, i *interrupted) {
			t.Helper()
			other := bytes.Clone(i.data)
			other[0]++
			_, err := i.c.Put(t.Context(), "film.mp4", bytes.NewReader(other), &r2.PutOptions{PartSize: 2 * kib})
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := interrupt(t, r2test.Options{})
			require.NoError(t, i.c.Abort(t.Context(), i.upload(t)))
			between(t, i)
			i.done(t, 9)
		})
	}
}

// Where parts cannot be listed, it shows only with the first call that an upload is gone or complete.
func TestPutFileWithoutListParts(t *testing.T) {
	t.Parallel()
	i := interrupt(t, r2test.Options{NoListParts: true})
	require.NoError(t, i.c.Abort(t.Context(), i.upload(t)))
	i.done(t, 1+9)

	i = interrupt(t, r2test.Options{NoListParts: true})
	i.srv.LoseNext("CompleteMultipartUpload")
	i.srv.AnswerNext("HeadObject", 503, nil, "")
	_, err := i.put(t)
	require.ErrorIs(t, err, r2.ErrUnknownOutcome)
	i.done(t, 0)
	assert.Equal(t, 1, i.srv.Writes("film.mp4"))
}

func TestPutFileWhileTheFileChanges(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(path string) error{
		"written to": func(path string) error {
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteString("more")
			return errors.Join(err, f.Close())
		},
		"replaced, with the same size and time": func(path string) error {
			stat, err := os.Stat(path)
			return errors.Join(err, atomicfile.Write(path, random(17*kib), 0o600), os.Chtimes(path, stat.ModTime(), stat.ModTime()))
		},
		"removed": os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := smallParts(t)
			path := filepath.Join(t.TempDir(), "film.mp4")
			require.NoError(t, os.WriteFile(path, random(17*kib), 0o600))
			opts := r2.PutFileOptions{PutOptions: r2.PutOptions{PartSize: 2 * kib}, Journal: path + ".journal"}
			srv.Observe(func(e fault.Event) {
				if e.Op == "UploadPart" && e.N == 6 && e.When == fault.Before {
					assert.NoError(t, change(path))
				}
			})
			_, err := c.PutFile(t.Context(), "film.mp4", path, &opts)
			require.ErrorIs(t, err, r2.ErrChanged)
			assert.Empty(t, srv.Objects())
			assert.Zero(t, srv.Uploads())
			require.NoFileExists(t, opts.Journal)
		})
	}
}

func TestPutFileInOneRequest(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	for _, text := range []string{"", "hello"} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		info, err := c.PutFile(t.Context(), text, path, &r2.PutFileOptions{Journal: path + ".journal"})
		if text == "" {
			require.ErrorIs(t, err, r2.ErrInput, "an empty key")
			info, err = c.PutFile(t.Context(), "empty.txt", path, nil)
		}
		require.NoError(t, err)
		assert.Equal(t, text, string(content(t, srv, info.Key)))
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 1)
	_, err = c.PutFile(t.Context(), "hello", path, &r2.PutFileOptions{PutOptions: r2.PutOptions{IfAbsent: true}, Journal: path + ".journal"})
	require.ErrorIs(t, err, fs.ErrExist)
	assert.Zero(t, srv.Calls("CreateMultipartUpload"))
}

func TestPutFileIsRefused(t *testing.T) {
	t.Parallel()
	i := interrupt(t, r2test.Options{})
	other := filepath.Join(t.TempDir(), "junk")
	require.NoError(t, os.WriteFile(other, []byte("{}\n"), 0o600))
	for name, tt := range map[string]struct {
		key, path, journal string
		want               error
		text               string
	}{
		"no file":          {path: i.path + "x", want: fs.ErrNotExist, text: "film.mp4x"},
		"a folder":         {path: filepath.Dir(i.path), want: r2.ErrInput, text: "is no file"},
		"another key":      {key: "other.mp4", want: r2.ErrInput, text: "is of an upload to images/film.mp4"},
		"no journal":       {journal: other, text: "this is no journal"},
		"no such folder":   {journal: filepath.Join(other, "x"), text: "journal"},
		"no key":           {key: "a/../b", want: r2.ErrInput},
		"held by somebody": {text: "locked by another process", want: atomicfile.ErrLocked},
	} {
		opts := i.opts
		if tt.journal != "" {
			opts.Journal = tt.journal
		}
		free := func() error { return nil }
		if tt.want == atomicfile.ErrLocked { //nolint:errorlint // a row of the table
			var err error
			free, err = atomicfile.TryLock(opts.Journal + ".lock")
			require.NoError(t, err)
		}
		key, path := tt.key, tt.path
		if key == "" {
			key = "film.mp4"
		}
		if path == "" {
			path = i.path
		}
		_, err := i.c.PutFile(t.Context(), key, path, &opts)
		require.Error(t, err, name)
		if tt.want != nil {
			require.ErrorIs(t, err, tt.want, name)
		}
		require.ErrorContains(t, err, tt.text, name)
		require.NoError(t, free())
	}
	assert.Equal(t, 5, i.srv.Calls("UploadPart"))
	i.done(t, 5)
}

// With VerifyNone the file is not read again, and what changed in it goes unnoticed.
func TestPutFileNotVerified(t *testing.T) {
	t.Parallel()
	i := interrupt(t, r2test.Options{})
	other := bytes.Clone(i.data)
	other[0]++
	i.write(t, other, true)
	i.opts.Verify = r2.VerifyNone
	before := i.srv.Calls("UploadPart")
	_, err := i.put(t)
	require.NoError(t, err)
	assert.Equal(t, 5, i.srv.Calls("UploadPart")-before)
	assert.Equal(t, i.data, content(t, i.srv, "film.mp4"))
}

func TestPutFileWithoutAJournalAborts(t *testing.T) {
	t.Parallel()
	i := interrupt(t, r2test.Options{})
	require.NoError(t, i.c.AbortFile(t.Context(), i.opts.Journal))
	require.NoFileExists(t, i.opts.Journal)
	require.ErrorIs(t, i.c.AbortFile(t.Context(), i.opts.Journal), fs.ErrNotExist)
	assert.Zero(t, i.srv.Uploads())
	i.opts.Journal = ""
	i.srv.AnswerNext("UploadPart", 403, nil, "")
	_, err := i.put(t)
	require.ErrorIs(t, err, fs.ErrPermission)
	assert.Zero(t, i.srv.Uploads())
	i.done(t, 9)
}

// Uploads that nobody goes on with can be found and aborted, in as many pages as it takes.
func TestStaleUploads(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	srv, c := opened(t, r2test.Options{Now: func() time.Time { return now }})
	var keys []string
	for n := range 1002 {
		key := "a b&/" + strings.Repeat("é", n%3+1)
		_, err := r2.BeginUpload(t.Context(), c, key)
		require.NoError(t, err)
		keys = append(keys, key)
	}
	now = now.Add(time.Hour)
	_, err := r2.BeginUpload(t.Context(), c, "new")
	require.NoError(t, err)
	for range 2 { // every range begins anew
		n := 0
		for u, err := range c.Uploads(t.Context(), "a b") {
			require.NoError(t, err)
			assert.Contains(t, keys, u.Key)
			n++
		}
		assert.Equal(t, 1002, n)
	}
	require.Equal(t, 4, srv.Calls("ListMultipartUploads"))
	n := 0
	for u, err := range c.AbortStale(t.Context(), "", time.Hour-time.Second) {
		require.NoError(t, err)
		require.NotEqual(t, "new", u.Key)
		n++
	}
	assert.Equal(t, 1002, n)
	assert.Equal(t, 1, srv.Uploads())
	require.ErrorIs(t, c.Abort(t.Context(), r2.Upload{Key: "new", ID: "none"}), fs.ErrNotExist)
	require.ErrorIs(t, c.Abort(t.Context(), r2.Upload{Key: "new"}), r2.ErrInput)
	srv.AnswerNext("ListMultipartUploads", 403, nil, "")
	for _, err := range c.AbortStale(t.Context(), "", 0) {
		require.ErrorIs(t, err, fs.ErrPermission)
	}
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"version":1,"upload_id":"x","part_size":5}` + "\n" + `{"n":1,"etag":"a"}` + "\n" + `{"n":`))
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "journal")
		require.NoError(t, os.WriteFile(path, data, 0o600))
		parts, err := r2.ReadJournal(path)
		if err == nil {
			assert.NotContains(t, parts, int32(0))
		}
	})
}
