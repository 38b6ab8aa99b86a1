package r2_test

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/need"
	"github.com/kitroll/kitroll/r2/r2test"
)

// rclone is a client that nobody here wrote, with the fake on a port of its own, over TLS.
type rclone struct {
	program, config, ca string
	browser             *http.Client // of no keys

	mu       sync.Mutex
	requests []string
}

func newRclone(t *testing.T, srv *r2test.Server) *rclone {
	t.Helper()
	rc := &rclone{program: need.Program(t, "rclone", "rclone")}
	front := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &statusWriter{ResponseWriter: w}
		srv.ServeHTTP(answer, r)
		rc.mu.Lock()
		defer rc.mu.Unlock()
		path, _, _ := strings.Cut(r.URL.Path, "?")
		rc.requests = append(rc.requests, fmt.Sprintf("%s %s %d", r.Method, path, answer.status))
	}))
	t.Cleanup(front.Close)
	rc.browser = front.Client()
	dir := t.TempDir()
	cfg := srv.Config()
	rc.config, rc.ca = filepath.Join(dir, "rclone.conf"), filepath.Join(dir, "ca.pem")
	require.NoError(t, os.WriteFile(rc.config, fmt.Appendf(nil, `[r2]
type = s3
provider = Cloudflare
endpoint = %s
region = auto
acl = private
access_key_id = %s
secret_access_key = %s
`, front.URL, cfg.AccessKeyID, cfg.SecretAccessKey), 0o600))
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw})
	require.NoError(t, os.WriteFile(rc.ca, ca, 0o600))
	return rc
}

type statusWriter struct {
	http.ResponseWriter

	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController through, with which the fake ends connections.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// run gives what the command printed and the requests that it took, each with the status of its answer.
func (rc *rclone) run(t *testing.T, args ...string) (out string, requests []string, err error) {
	t.Helper()
	rc.mu.Lock()
	rc.requests = nil
	rc.mu.Unlock()
	args = append([]string{"--config", rc.config, "--ca-cert", rc.ca, "--retries", "1", "--low-level-retries", "1"}, args...)
	cmd := exec.CommandContext(t.Context(), rc.program, args...)
	cmd.Env = []string{"HOME=" + filepath.Dir(rc.config), "NO_PROXY=127.0.0.1"}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err = cmd.Run(); err != nil {
		err = fmt.Errorf("%w: %s", err, stderr.String())
	}
	rc.mu.Lock()
	defer rc.mu.Unlock()
	return stdout.String(), slices.Clone(rc.requests), err
}

// "Access Denied" on uploading with an object-scoped token: rclone creates the bucket first. It is not about the root, and
// no_check_bucket ends it.
func TestRcloneAccessDenied(t *testing.T) {
	t.Parallel()
	srv, _ := opened(t, r2test.Options{})
	require.NoError(t, srv.Put("exists.txt", []byte("old")))
	rc := newRclone(t, srv)
	dir := t.TempDir()
	file := filepath.Join(dir, "new.txt")
	require.NoError(t, os.WriteFile(file, []byte("new"), 0o600))
	for _, tt := range []struct {
		args   []string
		want   []string
		denied bool
	}{
		{args: []string{"copyto", file, "r2:images/new1.txt"}, want: []string{"HEAD /images/new1.txt 404", "PUT /images 403"}, denied: true},
		{args: []string{"copyto", file, "r2:images/dir/new2.txt"}, want: []string{"HEAD /images/dir/new2.txt 404", "PUT /images 403"}, denied: true},
		{args: []string{"copyto", file, "r2:images/exists.txt"}, want: []string{"HEAD /images/exists.txt 200", "PUT /images/exists.txt 200"}},
		{args: []string{"copy", dir, "r2:images/dir2"}, want: []string{"GET /images 200", "PUT /images/dir2/new.txt 200"}},
		{
			args: []string{"copyto", "--s3-no-check-bucket", file, "r2:images/new1.txt"},
			want: []string{"HEAD /images/new1.txt 404", "PUT /images/new1.txt 200"},
		},
		{args: []string{"lsd", "r2:"}, want: []string{"GET / 403"}, denied: true},
	} {
		_, requests, err := rc.run(t, tt.args...)
		if tt.denied {
			require.ErrorContains(t, err, "AccessDenied", tt.args)
			assert.Equal(t, tt.want, requests, tt.args)
			continue
		}
		require.NoError(t, err, tt.args)
		assert.Subset(t, requests, tt.want, tt.args)
		assert.NotContains(t, requests, "PUT /images 403", tt.args)
	}
	assert.Equal(t, "new", string(content(t, srv, "new1.txt")))
	assert.Equal(t, "new", string(content(t, srv, "exists.txt")))
	_, ok := srv.Bytes("dir/new2.txt")
	assert.False(t, ok)
}

// Files of a folder, by one PUT and by parts, come back byte for byte; what is there is not sent again, and what is gone
// is deleted.
func TestRcloneSync(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	rc := newRclone(t, srv)
	dir := t.TempDir()
	files := map[string][]byte{
		"empty.bin": {}, "one.bin": random(1), "dir/a b+c%#&é中.bin": random(1000), "dir/sub/exact.bin": random(5 * mib),
		"parts.bin": random(12*mib + 1),
	}
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, data, 0o600))
	}
	parts := []string{"--s3-upload-cutoff", "5M", "--s3-chunk-size", "5M", "--s3-no-check-bucket"}
	_, _, err := rc.run(t, append(parts, "sync", dir, "r2:images/set")...)
	require.NoError(t, err)
	for name, data := range files {
		require.True(t, bytes.Equal(data, content(t, srv, "set/"+name)), name)
	}
	info, err := c.Head(t.Context(), "set/parts.bin")
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(info.ETag, "-3"), info.ETag)

	_, requests, err := rc.run(t, append(parts, "sync", dir, "r2:images/set")...)
	require.NoError(t, err)
	for _, r := range requests {
		assert.NotRegexp(t, "^(PUT|POST|DELETE)", r, "nothing has changed")
	}

	back := t.TempDir()
	_, _, err = rc.run(t, "sync", "r2:images/set", back)
	require.NoError(t, err)
	for name, data := range files {
		got, err := os.ReadFile(filepath.Join(back, filepath.FromSlash(name)))
		require.NoError(t, err)
		require.True(t, bytes.Equal(data, got), name)
	}
	out, _, err := rc.run(t, "lsf", "--files-only", "-R", "r2:images/set")
	require.NoError(t, err)
	assert.Len(t, strings.Fields(strings.ReplaceAll(out, "a b", "a_b")), len(files), out)

	require.NoError(t, os.Remove(filepath.Join(dir, "one.bin")))
	_, _, err = rc.run(t, append(parts, "sync", dir, "r2:images/set")...)
	require.NoError(t, err)
	_, ok := srv.Bytes("set/one.bin")
	assert.False(t, ok, "it is deleted")
}

// What rclone signs is what the fake takes: a link to an object works without keys.
func TestRcloneLink(t *testing.T) {
	t.Parallel()
	srv, _ := opened(t, r2test.Options{})
	require.NoError(t, srv.Put("dir/a b.txt", []byte("hello")))
	rc := newRclone(t, srv)
	out, _, err := rc.run(t, "link", "--expire", "1m", "r2:images/dir/a b.txt")
	require.NoError(t, err)
	link := strings.TrimSpace(out)
	for address, want := range map[string]int{link: 200, strings.Replace(link, "b.txt", "c.txt", 1): 403} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		require.NoError(t, err)
		resp, err := rc.browser.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, want, resp.StatusCode)
	}
}
