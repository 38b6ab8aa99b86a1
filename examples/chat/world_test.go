package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm/llmtest"
)

const llmKey = "sk-chat-0123456789abcdef"

// world is a provider on loopback, the environment that names it, and a folder to work in.
type world struct {
	t   *testing.T
	llm *llmtest.Server
	env map[string]string
	dir string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	srv, err := llmtest.Open(llmtest.Options{Key: llmKey})
	require.NoError(t, err)
	at := httptest.NewServer(srv)
	t.Cleanup(func() { at.Close(); srv.Close() })
	return &world{t: t, llm: srv, dir: t.TempDir(), env: map[string]string{
		"LLM_BASE_URL": at.URL + "/v1", "LLM_MODEL": "deepseek-chat", "LLM_KEY": llmKey, "LLM_IMAGE_MODEL": "gpt-image-1",
	}}
}

// outcome is what a run left on the terminal.
type outcome struct {
	code        int
	out, screen string
}

// pipe runs the program with a text on standard input.
func (w *world) pipe(text string, args ...string) outcome {
	w.t.Helper()
	return w.run(Terminal{In: strings.NewReader(text)}, args...)
}

// typed runs the program with somebody at the keyboard, who types each of the lines and then Ctrl-D.
func (w *world) typed(lines []string, args ...string) outcome {
	w.t.Helper()
	return w.run(Terminal{In: strings.NewReader(strings.Join(append(lines, "\x04"), "\r")), Interactive: true}, args...)
}

func (w *world) run(t Terminal, args ...string) outcome {
	w.t.Helper()
	var out, screen buffer
	if t.Out == nil {
		t.Out = &out
	}
	t.Err = &screen
	code := run(w.t.Context(), args, t, func(name string) string { return w.env[name] })
	return outcome{code, out.String(), screen.String()}
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

// path is a path in the folder of this world.
func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

// file writes a file and returns its path.
func (w *world) file(name string, data []byte) string {
	w.t.Helper()
	require.NoError(w.t, os.WriteFile(w.path(name), data, 0o600))
	return w.path(name)
}

// history is the conversation that goes on in a history file.
func (w *world) history(name string) *Conversation {
	w.t.Helper()
	a, err := OpenArchive(w.path(name))
	require.NoError(w.t, err)
	return a.Now()
}

// talks are the bodies of the chats that the provider was asked for.
func (w *world) talks() (out [][]byte) {
	for _, r := range w.llm.Requests() {
		if strings.HasSuffix(r.Path, "/chat/completions") {
			out = append(out, r.Body)
		}
	}
	return out
}

// said is what a provider got as the messages of a chat, the n-th from the end.
func (w *world) said(n int) (out []struct {
	Role    string
	Content json.RawMessage
},
) {
	w.t.Helper()
	all := w.talks()
	require.GreaterOrEqual(w.t, len(all), n)
	body := struct{ Messages any }{&out}
	require.NoError(w.t, json.Unmarshal(all[len(all)-n], &body))
	return out
}

func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 3, 2))))
	return b.Bytes()
}
