package r2_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

// job is what a process of its own is to do, and where it writes what came of it.
type job struct {
	AccountID, Bucket, KeyID, Secret, Endpoint, Certificate string

	File    string // PutFile with a journal; else a stream
	Stream  int64  // bytes of a stream of unknown size
	Journal string
	Result  string // path of a file
}

type result struct {
	ETag    string
	Size    int64
	PeakRSS int64 // bytes; 0 where the system does not tell
	Changed bool
}

// child runs in a process of its own. What it prints is seen when it fails.
func child(task string) int {
	data, err := os.ReadFile(task)
	var j job
	if err == nil {
		err = json.Unmarshal(data, &j)
	}
	if err == nil {
		err = j.run(context.Background())
	}
	if err != nil {
		log.Print(err)
		return 1
	}
	return 0
}

func (j job) run(ctx context.Context) error {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(j.Certificate))
	c, err := r2.New(r2.Config{
		AccountID: j.AccountID, Bucket: j.Bucket, AccessKeyID: j.KeyID, SecretAccessKey: j.Secret, Endpoint: j.Endpoint,
		HTTPClient: &http.Client{Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}, WriteBufferSize: 256 << 10, MaxIdleConnsPerHost: 8,
			DisableCompression: true,
		}},
	})
	if err != nil {
		return err
	}
	var out result
	var info r2.Info
	if j.File != "" {
		info, err = c.PutFile(ctx, "big.bin", j.File, &r2.PutFileOptions{Journal: j.Journal})
	} else {
		info, err = c.Put(ctx, "big.bin", io.LimitReader(&noise{}, j.Stream), nil)
	}
	if out.Changed = errors.Is(err, r2.ErrChanged); err != nil && !out.Changed {
		return err
	}
	out.ETag, out.Size, out.PeakRSS = info.ETag, info.Size, peakRSS()
	data, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return os.WriteFile(j.Result, data, 0o600)
}

// noise is bytes that are the same in every process and that nobody has to keep.
type noise struct {
	src *rand.ChaCha8
}

func (n *noise) Read(p []byte) (int, error) {
	if n.src == nil {
		n.src = rand.NewChaCha8([32]byte{7})
	}
	return n.src.Read(p)
}

// peakRSS is the most memory that this process ever had, as Linux tells it.
func peakRSS() int64 {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10
		}
	}
	return 0
}

// far is a fake on a port, with TLS, whose contents are in files: for other processes.
type far struct {
	*r2test.Server

	job    job
	folder string

	mu    sync.Mutex
	parts []int32 // numbers that were sent, since the last reset
}

func farAway(t *testing.T) *far {
	t.Helper()
	f := &far{folder: t.TempDir()}
	var err error
	f.Server, err = r2test.Open(r2test.Options{Spool: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(f.Close)
	ts := httptest.NewUnstartedServer(f)
	ts.Config.ErrorLog = log.New(io.Discard, "", 0) // connections of the dead
	ts.StartTLS()
	t.Cleanup(ts.Close)
	cfg := f.Config()
	var pem bytes.Buffer
	pem.WriteString("-----BEGIN CERTIFICATE-----\n")
	pem.WriteString(base64Lines(ts.Certificate().Raw))
	pem.WriteString("-----END CERTIFICATE-----\n")
	f.job = job{
		AccountID: cfg.AccountID, Bucket: cfg.Bucket, KeyID: cfg.AccessKeyID, Secret: cfg.SecretAccessKey, Endpoint: ts.URL,
		Certificate: pem.String(), Journal: filepath.Join(f.folder, "journal"), Result: filepath.Join(f.folder, "result.json"),
	}
	return f
}

func (f *far) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if n, err := strconv.ParseInt(r.URL.Query().Get("partNumber"), 10, 32); err == nil {
		f.mu.Lock()
		f.parts = append(f.parts, int32(n))
		f.mu.Unlock()
	}
	f.Server.ServeHTTP(w, r)
}

// start begins a process that does the job.
func (f *far) start(t *testing.T) *exec.Cmd {
	t.Helper()
	data, err := json.Marshal(f.job)
	require.NoError(t, err)
	task := filepath.Join(f.folder, "job.json")
	require.NoError(t, os.WriteFile(task, data, 0o600))
	f.mu.Lock()
	f.parts = nil
	f.mu.Unlock()
	_ = os.Remove(f.job.Result)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), "R2_TEST_CHILD="+task)
	cmd.Stderr = os.Stderr
	return cmd
}

func (f *far) result(t *testing.T) (r result) {
	t.Helper()
	data, err := os.ReadFile(f.job.Result)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &r))
	return r
}

// bigFile is a GiB of which each MiB begins with 32 KiB of noise; the rest is a hole.
func bigFile(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, f.Truncate(1<<30))
	var source noise
	buf := make([]byte, 32*kib)
	for off := int64(0); off < 1<<30; off += mib {
		_, _ = source.Read(buf)
		_, err := f.WriteAt(buf, off)
		require.NoError(t, err)
	}
}

// Trap 15: killed in mid-upload (kill -9): resume sends only missing parts; a changed file is detected. A GiB, ten deaths, at
// the moments that differ.
func TestKilledAtTenPointsOfAGiB(t *testing.T) {
	t.Parallel()
	if raceEnabled {
		return // a GiB takes minutes with it: the tests without it make this one
	}
	f := farAway(t)
	f.job.File = filepath.Join(f.folder, "big.bin")
	bigFile(t, f.job.File)
	cfg := f.Config()
	inside, err := r2.New(cfg)
	require.NoError(t, err)

	var mu sync.Mutex
	var victim *exec.Cmd
	var at fault.Event
	count := 0
	f.Observe(func(e fault.Event) {
		mu.Lock()
		defer mu.Unlock()
		if victim == nil || e.Op != at.Op || e.When != at.When {
			return
		}
		if count++; count == at.N {
			assert.NoError(t, victim.Process.Kill())
			victim = nil
			if e.When == fault.Before { // else what had arrived by now would still take effect
				panic(http.ErrAbortHandler)
			}
		}
	})
	// stored is what the platform has when nothing is on its way any more.
	stored := func() (parts []int32) {
		for u, err := range inside.Uploads(t.Context(), "") {
			require.NoError(t, err)
			have, err := r2.StoredParts(t.Context(), inside, u.Key, u.ID)
			require.NoError(t, err)
			parts = append(parts, have...)
		}
		return parts
	}
	settled := func() []int32 {
		last := stored()
		for { // a part that had arrived whole may still be stored
			time.Sleep(300 * time.Millisecond)
			now := stored()
			if slices.Equal(now, last) {
				return now
			}
			last = now
		}
	}
	twice := 0
	for i, point := range []fault.Event{
		{Op: "CreateMultipartUpload", N: 1, When: fault.Before},
		{Op: "CreateMultipartUpload", N: 1, When: fault.After},
		{Op: "UploadPart", N: 1, When: fault.Before},
		{Op: "UploadPart", N: 1, When: fault.After},
		{Op: "UploadPart", N: 12, When: fault.After},
		{Op: "ListParts", N: 1, When: fault.Before},
		{Op: "UploadPart", N: 15, When: fault.Before},
		{Op: "CompleteMultipartUpload", N: 1, When: fault.Before},
		{Op: "CompleteMultipartUpload", N: 1, When: fault.After},
		{Op: "HeadObject", N: 1, When: fault.Before},
	} {
		before := settled()
		cmd := f.start(t)
		mu.Lock()
		at, count, victim = point, 0, cmd
		require.NoError(t, cmd.Start())
		mu.Unlock()
		require.Error(t, cmd.Wait(), "%d: it is killed at %v", i, point)
		mu.Lock()
		require.Nil(t, victim, "%d: it ended by itself before %v", i, point)
		mu.Unlock()
		f.mu.Lock()
		for _, n := range f.parts {
			if slices.Contains(before, n) {
				twice++
			}
		}
		f.mu.Unlock()
		if point.N == 15 {
			f.changed(t)
		}
	}
	assert.Zero(t, twice, "parts that were there already were sent again")
	assert.Equal(t, 1, f.Writes("big.bin"), "it was complete when the ninth was killed")
	cmd := f.start(t)
	require.NoError(t, cmd.Run())
	assert.Empty(t, f.parts, "the last run had nothing to send")
	require.NoFileExists(t, f.job.Journal)
	assert.EqualValues(t, 1<<30, f.result(t).Size)

	sent, err := os.Open(f.job.File)
	require.NoError(t, err)
	defer sent.Close()
	got := &reading{f: func(off, n int64) (io.ReadCloser, error) { return inside.GetRange(t.Context(), "big.bin", off, n) }}
	require.NoError(t, same(sent, got, 1<<30))
}

// changed says that a run with another file sends nothing and says why; then the file is as it was.
func (f *far) changed(t *testing.T) {
	t.Helper()
	stat, err := os.Stat(f.job.File)
	require.NoError(t, err)
	file, err := os.OpenFile(f.job.File, os.O_RDWR, 0)
	require.NoError(t, err)
	defer file.Close()
	change := func() {
		var one [1]byte
		_, err := file.ReadAt(one[:], 0)
		require.NoError(t, err)
		one[0] ^= 1
		_, err = file.WriteAt(one[:], 0)
		require.NoError(t, err)
		require.NoError(t, os.Chtimes(f.job.File, stat.ModTime(), stat.ModTime()))
	}
	change()
	require.NoError(t, f.start(t).Run())
	assert.True(t, f.result(t).Changed, "one bit of the first part, at the same size and time")
	assert.Empty(t, f.parts)
	change()
}

// reading reads an object in ranges.
type reading struct {
	f func(off, n int64) (io.ReadCloser, error)
}

func (r *reading) ReadAt(p []byte, off int64) (int, error) {
	body, err := r.f(off, int64(len(p)))
	if err != nil {
		return 0, err
	}
	defer body.Close()
	return io.ReadFull(body, p)
}

func same(a, b io.ReaderAt, size int64) error {
	x, y := make([]byte, 8*mib), make([]byte, 8*mib)
	for off := int64(0); off < size; off += int64(len(x)) {
		if _, err := a.ReadAt(x, off); err != nil {
			return err
		}
		if _, err := b.ReadAt(y, off); err != nil {
			return err
		}
		if !bytes.Equal(x, y) {
			return fmt.Errorf("the %d bytes from %d differ", len(x), off)
		}
	}
	return nil
}

// A stream of unknown size: the buffers are 80 MiB, the documented ceiling is 96 MiB, and the rest of the process is what any
// program needs.
func TestPeakMemoryOfAStreamOfAGiB(t *testing.T) {
	t.Parallel()
	if raceEnabled {
		return // a GiB takes minutes with it: the tests without it make this one
	}
	f := farAway(t)
	f.job.Stream = 1 << 30
	require.NoError(t, f.start(t).Run())
	r := f.result(t)
	assert.EqualValues(t, 1<<30, r.Size)
	assert.True(t, strings.HasSuffix(r.ETag, "-64"), "it went in parts of 16 MiB")
	t.Logf("peak RSS %d MiB", r.PeakRSS>>20)
	const rest = 32 * mib
	assert.Less(t, r.PeakRSS, int64(96*mib+rest))
}

func base64Lines(data []byte) string {
	text := base64.StdEncoding.EncodeToString(data)
	var b strings.Builder
	for chunk := range slices.Chunk([]byte(text), 64) {
		b.Write(chunk)
		b.WriteByte('\n')
	}
	return b.String()
}
