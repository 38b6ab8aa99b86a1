package main

import (
	"bytes"
	"context"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/vultr/vultrtest"
)

// childVariable makes this test's own binary the program, so that a test can kill it.
const childVariable = "KITROLL_STORAGE_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Exit(run(context.Background(), os.Args[1:], Terminal{os.Stdin, os.Stdout, os.Stderr}, os.Getenv, brisk()))
	}
	os.Exit(m.Run())
}

func brisk() Pace { return Pace{Look: 20 * time.Millisecond, Settle: 2 * time.Second} }

const (
	realKey = "REALLOOKINGVULTRKEY0123456789"
	vpc     = "3f1c7e0a-0001-4a6b-8c9d-000000000001"
)

// world is an account on loopback, the environment that names it, and a folder to work in.
type world struct {
	t    *testing.T
	srv  *vultrtest.Server
	env  map[string]string
	out  string
	pace Pace
}

func newWorld(t *testing.T, opts vultrtest.Options) *world {
	t.Helper()
	opts.APIKey, opts.PerSecond = realKey, -1
	srv, err := vultrtest.Open(opts)
	require.NoError(t, err)
	at := httptest.NewServer(srv)
	t.Cleanup(func() { at.Close(); srv.Close() })
	return &world{t: t, srv: srv, out: filepath.Join(t.TempDir(), "out"), pace: brisk(), env: map[string]string{
		"VULTR_API_KEY": realKey, "VULTR_BASE_URL": at.URL + "/v2",
	}}
}

// outcome is what a run left on the terminal.
type outcome struct {
	code        int
	out, screen string
}

// run runs the program with somebody who types these lines.
func (w *world) run(typed string, args ...string) outcome {
	w.t.Helper()
	return w.runIn(w.t.Context(), strings.NewReader(typed), args...)
}

func (w *world) runIn(ctx context.Context, in io.Reader, args ...string) outcome {
	w.t.Helper()
	var out, screen buffer
	code := run(ctx, append([]string{"-out", w.out}, args...), Terminal{in, &out, &screen}, func(name string) string { return w.env[name] }, w.pace)
	return outcome{code, out.String(), screen.String()}
}

// child is the program in a process of its own.
func (w *world) child(args ...string) *exec.Cmd {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), os.Args[0], append([]string{"-out", w.out}, args...)...)
	cmd.Env = append(os.Environ(), childVariable+"=1")
	for k, v := range w.env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	return cmd
}

// buffer takes what several goroutines write.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
