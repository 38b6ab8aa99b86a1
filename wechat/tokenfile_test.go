package wechat_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

func TestTokenFile(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "tokens.json")
	file := wechat.NewTokenFile(path)
	_, ok, err := file.Get(ctx, "k")
	require.NoError(t, err)
	assert.False(t, ok, "no file, no token")
	until := time.Now().Add(time.Hour).Round(time.Second)
	require.NoError(t, file.Set(ctx, "k", wechat.Token{Value: "t0ken", Expires: until}, time.Hour))
	require.NoError(t, file.Set(ctx, "other", wechat.Token{Value: "another", Expires: until}, time.Hour))
	tok, ok, err := wechat.NewTokenFile(path).Get(ctx, "k")
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, "t0ken", tok.Value)
	assert.True(t, until.Equal(tok.Expires))
	_, ok, err = file.Get(ctx, "none")
	require.NoError(t, err)
	assert.False(t, ok)
	if runtime.GOOS != "windows" {
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "it holds tokens")
	}

	require.NoError(t, os.WriteFile(path, []byte(`{"k":`), 0o600))
	_, _, err = file.Get(ctx, "k")
	require.ErrorContains(t, err, "token file")
	require.NoError(t, file.Set(ctx, "k", wechat.Token{Value: "new", Expires: until}, time.Hour), "a broken file begins anew")
	tok, ok, err = file.Get(ctx, "k")
	require.NoError(t, err)
	assert.True(t, ok && tok.Value == "new")
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", file, file, file), "new")
	require.Error(t, wechat.NewTokenFile(filepath.Join(path, "below a file")).Set(ctx, "k", tok, time.Hour))
}

func TestTokenFileLock(t *testing.T) {
	t.Parallel()
	file := wechat.NewTokenFile(filepath.Join(t.TempDir(), "tokens.json"))
	unlock, err := file.Lock(t.Context(), "k")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = file.Lock(ctx, "k")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	unlock()
	inside, most := 0, 0
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			unlock, err := file.Lock(t.Context(), "k")
			if !assert.NoError(t, err) {
				return
			}
			mu.Lock()
			inside++
			most = max(most, inside)
			mu.Unlock()
			runtime.Gosched()
			mu.Lock()
			inside--
			mu.Unlock()
			unlock()
		})
	}
	wg.Wait()
	assert.Equal(t, 1, most)
	_, err = wechat.NewTokenFile(filepath.Join(t.TempDir(), "no", "folder")).Lock(t.Context(), "k")
	require.ErrorIs(t, err, os.ErrNotExist)
}

const tokenFileOfChild = "KITROLL_TEST_TOKEN_FILE"

// TestTokenFileChild is the second process of TestTokenFileTwoProcesses, and nothing in the first one.
func TestTokenFileChild(t *testing.T) {
	t.Parallel()
	path := os.Getenv(tokenFileOfChild)
	if path == "" {
		return
	}
	file := wechat.NewTokenFile(path)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := file.Lock(ctx, "k")
	require.ErrorIs(t, err, context.DeadlineExceeded, "the first process has it")
	fmt.Println("waiting")
	unlock, err := file.Lock(t.Context(), "k")
	require.NoError(t, err)
	defer unlock()
	tok, ok, err := file.Get(t.Context(), "k")
	require.NoError(t, err)
	require.True(t, ok)
	require.NoError(t, file.Set(t.Context(), "k2", wechat.Token{Value: tok.Value + " seen", Expires: tok.Expires}, time.Hour))
}

func TestTokenFileTwoProcesses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tokens.json")
	file := wechat.NewTokenFile(path)
	unlock, err := file.Lock(t.Context(), "k")
	require.NoError(t, err)
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTokenFileChild$", "-test.v")
	child.Env = append(os.Environ(), tokenFileOfChild+"="+path)
	out := &waitingFor{text: "waiting", seen: make(chan struct{})}
	child.Stdout, child.Stderr = out, out
	require.NoError(t, child.Start())
	select {
	case <-out.seen:
	case <-time.After(time.Minute):
		t.Error("the child did not get as far")
	}
	require.NoError(t, file.Set(t.Context(), "k", wechat.Token{Value: "A", Expires: time.Now().Add(time.Hour)}, time.Hour))
	unlock()
	require.NoError(t, child.Wait(), "%s", out)
	tok, ok, err := file.Get(t.Context(), "k2")
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, "A seen", tok.Value)
}

// waitingFor closes seen once the text has been written.
type waitingFor struct {
	mu   sync.Mutex
	all  bytes.Buffer
	text string
	seen chan struct{}
	done bool
}

func (w *waitingFor) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all.Write(p)
	if !w.done && bytes.Contains(w.all.Bytes(), []byte(w.text)) {
		w.done = true
		close(w.seen)
	}
	return len(p), nil
}

func (w *waitingFor) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all.String()
}

// A program that is started again finds its token.
func TestTokenFileOverRestarts(t *testing.T) {
	t.Parallel()
	srv := wechattest.NewServer()
	defer srv.Close()
	file := wechat.NewTokenFile(filepath.Join(t.TempDir(), "tokens.json"))
	for range 4 {
		_, err := another(t, srv, func(cfg *wechat.Config) { cfg.Store, cfg.Locker = file, file }).DraftCount(t.Context())
		require.NoError(t, err)
	}
	assert.Equal(t, 1, srv.Calls(opToken))
}
