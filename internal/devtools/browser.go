// Package devtools drives a headless Chromium by its DevTools protocol, over two pipes, for the tests of pages: what a page
// shows, what its script does, what it may read, and how it looks.
//
// Everything that goes wrong ends the test. Nothing here needs a port or a driver of its own.
package devtools

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"
)

// T is the part of a *testing.T that is needed.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(f func())
	Context() context.Context
}

// patience is how long an answer, or a condition, is waited for.
const patience = 30 * time.Second

// Browser is a headless Chromium. It ends with the test.
type Browser struct {
	t     T
	write *os.File

	mu     sync.Mutex
	serial int
	wait   map[int]chan frame // nil: it has ended
	seen   []frame            // events
}

// frame is one message of the protocol, in either direction.
type frame struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  any             `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// Open starts the browser. A machine without one fails the test: whoever asks for it has built the test with its tag.
func Open(t T) *Browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("this test needs Chromium: apt-get install chromium")
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("start the browser: %v", err)
		}
	}
	theirs, write, err := os.Pipe()
	must(err)
	read, answers, err := os.Pipe()
	must(err)
	profile, err := os.MkdirTemp("", "devtools") // not the test's own folder: the browser's last child may still write into it
	must(err)
	cmd := exec.CommandContext(t.Context(), path, //nolint:gosec // it is Chromium
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
		"--window-size=900,1100", "--no-first-run", "--disable-background-networking", "--user-data-dir="+profile, "--remote-debugging-pipe")
	cmd.ExtraFiles = []*os.File{theirs, answers} // as descriptors 3 and 4
	must(cmd.Start())
	theirs.Close()
	answers.Close()
	b := &Browser{t: t, write: write, wait: map[int]chan frame{}}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b.listen(bufio.NewReader(read))
	}()
	t.Cleanup(func() {
		write.Close() // which ends it
		done := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		done.Stop()
		<-ended
		read.Close()
		_ = os.RemoveAll(profile)
	})
	return b
}

// listen takes in what the browser says, until it ends.
func (b *Browser) listen(r *bufio.Reader) {
	for {
		raw, err := r.ReadBytes(0)
		b.mu.Lock()
		if err != nil {
			for _, c := range b.wait {
				close(c)
			}
			b.wait = nil
			b.mu.Unlock()
			return
		}
		var m frame
		_ = json.Unmarshal(raw[:len(raw)-1], &m) // a message that is none is of no use to anybody
		if c := b.wait[m.ID]; m.ID != 0 && c != nil {
			delete(b.wait, m.ID)
			c <- m
		} else {
			b.seen = append(b.seen, m)
		}
		b.mu.Unlock()
	}
}

// Params are those of a call.
type Params map[string]any

// Call calls a method of the protocol and reads its result into v, unless that is nil. The browser itself has the session "".
func (b *Browser) Call(session, method string, params Params, v any) {
	b.t.Helper()
	answer := make(chan frame, 1)
	if err := b.send(frame{Session: session, Method: method, Params: params}, answer); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	select {
	case got, ok := <-answer:
		switch {
		case !ok:
			b.t.Fatalf("%s: the browser has ended", method)
		case got.Error != nil:
			b.t.Fatalf("%s: %s", method, got.Error.Message)
		}
		if v == nil {
			return
		}
		if err := json.Unmarshal(got.Result, v); err != nil {
			b.t.Fatalf("%s: %v", method, err)
		}
	case <-time.After(patience):
		b.t.Fatalf("no answer to %s", method)
	}
}

func (b *Browser) send(m frame, answer chan frame) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.wait == nil {
		return os.ErrClosed
	}
	b.serial++
	m.ID = b.serial
	b.wait[m.ID] = answer
	data, err := json.Marshal(m)
	if err == nil {
		_, err = b.write.Write(append(data, 0))
	}
	return err
}

// Events is what was said of a method so far, each as it came.
func (b *Browser) Events(method string) (out []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.seen {
		if m.Method == method {
			out = append(out, fmt.Sprint(m.Params))
		}
	}
	return out
}
