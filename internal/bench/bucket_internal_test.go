package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/json"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

// A race of clients that store something else would be worth nothing. The fake is as strict as R2: signatures, equal parts,
// no checksums that R2 refuses.
func TestBucketClientsStoreWhatTheyAreGiven(t *testing.T) {
	t.Parallel()
	data := make([]byte, 17<<20+1)
	_, _ = rand.NewChaCha8([32]byte{2}).Read(data)
	for name, connect := range bucketClients() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := r2test.NewServer()
			defer srv.Close()
			cfg := srv.Config()
			signer, err := r2.New(cfg)
			require.NoError(t, err)
			put, err := connect(bucketTarget{cfg: cfg, url: func(ctx context.Context, key string) (string, error) {
				signed, err := signer.PresignPut(ctx, key, time.Minute, nil)
				return signed.URL, err
			}})
			require.NoError(t, err)
			for key, size := range map[string]int{"one": 1, "small": 100 << 10, "large": len(data)} {
				require.NoError(t, put(t.Context(), key, io.NewSectionReader(bytes.NewReader(data), 0, int64(size))), key)
				got, ok := srv.Bytes(key)
				require.True(t, ok, key)
				assert.True(t, bytes.Equal(data[:size], got), "%s: other bytes were stored", key)
			}
		})
	}
}

// discardingServer is the server of a run, in this process.
func discardingServer(t *testing.T) discardServer {
	t.Helper()
	stdin, end := io.Pipe()
	out, stdout := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- discard(stdin, stdout) }()
	t.Cleanup(func() {
		_ = end.Close()
		assert.NoError(t, <-done)
	})
	var srv discardServer
	require.NoError(t, json.NewDecoder(out).Decode(&srv))
	return srv
}

// As a process of a run does it, each client with its own server's answers.
func TestJobs(t *testing.T) {
	t.Parallel()
	srv := discardingServer(t)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, writeRandom(file, 20<<20))
	for _, h := range heats() {
		for _, name := range h.clients {
			t.Run(h.title+"/"+name, func(t *testing.T) {
				t.Parallel()
				job := bucketJob{Client: name, Server: srv, Bucket: h.bucket, File: file, Objects: min(h.objects, 20), Size: min(h.size, 1<<20), AtATime: h.atATime}
				if h.objects == 1 {
					job.Size = 20 << 20
				}
				in, err := json.Marshal(job)
				require.NoError(t, err)
				var out bytes.Buffer
				require.NoError(t, upload(bytes.NewReader(in), &out))
				var cost bucketCost
				require.NoError(t, json.Unmarshal(out.Bytes(), &cost))
				assert.Positive(t, cost.Clock)
				assert.Positive(t, cost.Mallocs)
			})
		}
	}
	_, err := bucketJob{Client: "nobody", Server: srv, File: file}.run(t.Context())
	require.ErrorContains(t, err, "nobody")
	_, err = bucketJob{Client: plainBucket, Server: srv, Bucket: discardBucket, File: file, Objects: 1, Size: 21 << 20, AtATime: 1}.run(t.Context())
	require.Error(t, err, "the file is shorter than that")
}

// The server of the rows with an MD5 tells the truth, or ours could not be seen to compare.
func TestDiscardingServer(t *testing.T) {
	t.Parallel()
	srv := discardingServer(t)
	target, err := bucketJob{Server: srv, Bucket: md5Bucket}.target()
	require.NoError(t, err)
	defer target.cfg.HTTPClient.CloseIdleConnections()
	ask := func(bucket, contentMD5 string) (status int, etag string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, srv.URL+"/"+bucket+"/key", strings.NewReader("abc"))
		require.NoError(t, err)
		req.Header.Set("Content-Md5", contentMD5)
		resp, err := target.cfg.HTTPClient.Do(req)
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }()
		return resp.StatusCode, resp.Header.Get("Etag")
	}
	status, etag := ask(md5Bucket, "kAFQmDzST7DWlj99KOF/cg==")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, `"900150983cd24fb0d6963f7d28e17f72"`, etag)
	status, _ = ask(md5Bucket, "AAFQmDzST7DWlj99KOF/cg==")
	assert.Equal(t, http.StatusBadRequest, status)
	status, etag = ask(discardBucket, "")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, `"00000000000000000000000000000000"`, etag)
}

func TestJoinedETag(t *testing.T) {
	t.Parallel()
	etags, err := partETags(strings.NewReader(`<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"900150983cd24fb0d6963f7d28e17f72"</ETag></Part>` +
		`<Part><ETag>900150983cd24fb0d6963f7d28e17f72</ETag></Part></CompleteMultipartUpload>`))
	require.NoError(t, err)
	one := md5.Sum([]byte("abc"))
	both := md5.Sum(slices.Concat(one[:], one[:]))
	assert.Equal(t, hexOf(both[:])+"-2", joinedETag(etags))
	_, err = partETags(strings.NewReader("<"))
	require.Error(t, err)
}

// A check that lets everything pass would be worth nothing.
func TestPromisesOfUploads(t *testing.T) {
	t.Parallel()
	kept := func() [][]bucketCost {
		out := make([][]bucketCost, len(heats()))
		for i, h := range heats() {
			out[i] = slices.Repeat([]bucketCost{{Clock: 16, CPU: 20, Bytes: 100, Mallocs: 10}}, len(h.clients))
			if h.bucket == discardBucket {
				assert.Equal(t, []string{oursBucket, plainBucket, minioBucket, managerBucket, transferBucket, putObjectBucket}, h.clients)
			}
		}
		out[1][4] = bucketCost{Clock: 16, CPU: 40, Bytes: 1000}
		out[2][5] = bucketCost{Clock: 16, CPU: 40, Mallocs: 100}
		return out
	}
	require.Empty(t, slowUploads(kept()))
	for name, breaks := range map[string]func([][]bucketCost){
		"times the CPU time of minio-go":  func(c [][]bucketCost) { c[0][0].CPU = 24 },
		"manager takes only 1.33 times":   func(c [][]bucketCost) { c[1][0].CPU = 30 },
		"PutObject takes only 1.33 times": func(c [][]bucketCost) { c[2][0].CPU = 30 },
		"PutObject allocates only ":       func(c [][]bucketCost) { c[2][0].Mallocs = 13 },
		"transfermanager allocates only ": func(c [][]bucketCost) { c[1][0].Bytes = 101 },
	} {
		costs := kept()
		breaks(costs)
		broken := slowUploads(costs)
		require.Len(t, broken, 1, name)
		assert.Contains(t, broken[0], name)
	}
}

func TestBucketBoard(t *testing.T) {
	t.Parallel()
	h := heat{objects: 1000, size: 1e6, clients: []string{"a", "b"}}
	best := bucketCost{Clock: 2 * time.Second, CPU: time.Second, Mallocs: 5000, Bytes: 7e6, Peak: 3e6}.
		best(bucketCost{Clock: time.Second, CPU: 2 * time.Second, Mallocs: 6000, Bytes: 6e6, Peak: 4e6})
	lines := strings.Split(h.board([]bucketCost{best, {Clock: 4 * time.Second, CPU: 3 * time.Second, Mallocs: 1e6, Bytes: 1e9}}), "\n")
	assert.Equal(t, []string{"", "a", "1000", "1.00", "1.00x", "5", "6", "4", ""}, cells(lines[2]))
	assert.Equal(t, []string{"", "b", "250", "3.00", "3.00x", "1,000", "1,000", "?", ""}, cells(lines[3]))
}

func cells(line string) []string {
	all := strings.Split(line, "|")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}

func TestPeakMemory(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/status"); err == nil {
		assert.Greater(t, peakMemory(), int64(1<<20))
	} else {
		assert.Zero(t, peakMemory())
	}
	assert.Len(t, slices.Collect(maps.Keys(bucketClients())), 8)
}
