package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2/r2test"
)

// childVariable makes this test's own binary the program, so that a test can kill it.
const childVariable = "KITROLL_IMAGEHOST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Exit(run(context.Background(), os.Args[1:], Terminal{os.Stdin, os.Stdout, os.Stderr}, os.Getenv, brisk()))
	}
	os.Exit(m.Run())
}

// drawn are the pictures of the demo, drawn once for all tests.
var drawn = sync.OnceValues(func() (map[string][]byte, error) {
	dir, err := os.MkdirTemp("", "imagehost")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	folder := filepath.Join(dir, "pictures")
	if err := drawPictures(folder); err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	return out, filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err == nil {
			out[filepath.ToSlash(name)], err = os.ReadFile(path)
		}
		return err
	})
})

// demo is one picture of the demo. A copy: tests change it.
func demo(tb testing.TB, name string) []byte {
	tb.Helper()
	pictures, err := drawn()
	require.NoError(tb, err)
	require.NotEmpty(tb, pictures[name])
	return slices.Clone(pictures[name])
}

func brisk() Pace { return Pace{Look: time.Millisecond, Public: &http.Client{Transport: nowhere{}}} }

// nowhere is a network that is not there.
type nowhere struct{}

func (nowhere) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("no network") }

// The secrets of a run. None of them may show anywhere.
const (
	r2Secret = "5f3d0c9b8a7e6d5c4b3a29181706f5e4d3c2b1a09f8e7d6c5b4a392817060504"
	apiToken = "cfut_c0ffee5ac0ffee5ac0ffee5ac0ffee5ac0ffee5a" // the fake's own
)

const (
	zoneID = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
	page1  = "https://www.example.com"
)

// world is an account that the program takes for a real one: on loopback, named by the environment.
type world struct {
	t           *testing.T
	r2          *r2test.Server
	cloud       *r2test.ControlPlane
	env         map[string]string
	folder, out string
	extra       []string // arguments of one test
	public      *http.Client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	srv, err := r2test.Open(r2test.Options{Bucket: "pictures", NoBucket: true, SecretAccessKey: r2Secret})
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	w := &world{t: t, r2: srv, cloud: srv.ControlPlane(), folder: t.TempDir(), out: filepath.Join(t.TempDir(), "out")}
	t.Cleanup(w.cloud.Close)
	w.public = srv.Client()
	require.Equal(t, apiToken, w.cloud.Token)
	w.cloud.AddZone(r2test.Zone{ID: zoneID, Name: "example.com"})
	w.cloud.SetFate("img.example.com", r2test.DomainFate{Looks: 1})
	cfg := srv.Config()
	w.env = map[string]string{
		"R2_ACCOUNT_ID": cfg.AccountID, "R2_BUCKET": "pictures", "R2_ACCESS_KEY_ID": cfg.AccessKeyID, "R2_SECRET_ACCESS_KEY": r2Secret,
		"R2_PUBLIC_BASE": "https://img.example.com", "CLOUDFLARE_API_TOKEN": apiToken,
		"R2_ENDPOINT": loopback(t, srv), "CLOUDFLARE_BASE_URL": loopback(t, w.cloud) + "/client/v4",
	}
	t.Cleanup(func() { noSecrets(t, "", w.out) })
	return w
}

func loopback(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// noSecrets looks for them on the screen and in every file that was written.
func noSecrets(t *testing.T, screen, out string) {
	t.Helper()
	all := map[string]string{"the screen": screen}
	_ = filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			data, err := os.ReadFile(path)
			assert.NoError(t, err)
			all[path] = string(data)
		}
		return nil
	})
	for where, text := range all {
		for _, secret := range []string{r2Secret, apiToken, "X-Amz-Signature"} {
			assert.False(t, strings.Contains(text, secret), "a secret is in %s", where) //nolint:testifylint // NotContains would print it
		}
	}
}

// draw puts the pictures of the demo into the folder.
func (w *world) draw() *world {
	w.t.Helper()
	pictures, err := drawn()
	require.NoError(w.t, err)
	for name, data := range pictures {
		w.file(name, data)
	}
	w.age()
	return w
}

// age makes every file of the folder one of last week, so that its time proves something.
func (w *world) age() {
	w.t.Helper()
	old := time.Now().Add(-7 * 24 * time.Hour)
	require.NoError(w.t, filepath.WalkDir(w.folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return os.Chtimes(path, old, old)
	}))
}

func (w *world) file(name string, data []byte) {
	w.t.Helper()
	path := filepath.Join(w.folder, filepath.FromSlash(name))
	require.NoError(w.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(w.t, os.WriteFile(path, data, 0o600))
}

// result is what a run of the program came to.
type result struct {
	code        int
	out, screen string
}

// run runs the program on the folder, with -yes.
func (w *world) run(args ...string) result {
	return w.runWith(w.t.Context(), "", append([]string{"-yes"}, args...)...)
}

func (w *world) runWith(ctx context.Context, input string, args ...string) result {
	w.t.Helper()
	var out, screen bytes.Buffer
	args = append(append([]string{"-out", w.out}, args...), w.folder)
	pace := brisk()
	pace.Public = w.public
	code := run(ctx, args, Terminal{strings.NewReader(input), &out, &screen}, func(name string) string { return w.env[name] }, pace)
	noSecrets(w.t, out.String()+screen.String(), "")
	return result{code, out.String(), screen.String()}
}

// done runs the program and wants it to succeed.
func (w *world) done(args ...string) result {
	w.t.Helper()
	r := w.run(args...)
	require.Equal(w.t, exitDone, r.code, "%s", r.screen)
	return r
}

// once says that no object was ever written twice, and how many there are.
func (w *world) once(objects int) {
	w.t.Helper()
	got := w.r2.Objects()
	assert.Len(w.t, got, objects)
	for _, o := range got {
		assert.Equal(w.t, 1, o.Writes, "%s", o.Key)
	}
}

// changes are the calls of the control plane that were no reads.
func (w *world) changes() (ops []string) {
	for _, c := range w.cloud.Requests() {
		if c.Method != http.MethodGet {
			ops = append(ops, c.Op)
		}
	}
	return ops
}

// screen is a terminal that is looked at while the program runs.
type screen struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// show is a run that serves its page.
type show struct {
	page, base    string // the addresses of the page and of the bucket
	picture, kind string // one picture, and what a script that may read it finds: type and size
	end           func()
}

var serving = regexp.MustCompile(`the page is at (http://[^/]+)/ and the pictures come from (http://\S+),`)

// begin runs the program on its fakes, with -serve among args, and waits until it serves.
func begin(t *testing.T, args ...string) show {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := &screen{changed: make(chan struct{}, 1)}
	var out bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, args, Terminal{strings.NewReader(""), &out, s}, func(string) string { return "" }, brisk())
	}()
	var at []string
	for at == nil {
		select {
		case <-s.changed:
			at = serving.FindStringSubmatch(s.String())
		case code := <-ended:
			cancel()
			require.Fail(t, "it does not serve", "exit code %d: %s", code, s)
		}
	}
	var links []Link
	resp, err := http.Get(at[1] + "/links.json")
	require.NoError(t, err)
	defer resp.Body.Close()
	require.NoError(t, decode(resp.Body, &links))
	first := links[0]
	return show{
		page: at[1] + "/", base: at[2], picture: first.URL, kind: fmt.Sprintf("%s %d", first.Type, first.Bytes),
		end: func() {
			cancel()
			assert.Equal(t, exitDone, <-ended, "being interrupted is how it ends")
			noSecrets(t, s.String()+out.String(), "")
		},
	}
}
