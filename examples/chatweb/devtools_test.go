//go:build browser

package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// browser is a headless Chromium, driven by its DevTools protocol over two pipes.
type browser struct {
	t     *testing.T
	write *os.File

	mu     sync.Mutex
	serial int
	wait   map[int]chan frame
	seen   []frame // events
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

func openBrowser(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	require.NoError(t, err, "this test needs Chromium: apt-get install chromium")
	theirs, write, err := os.Pipe()
	require.NoError(t, err)
	read, answers, err := os.Pipe()
	require.NoError(t, err)
	profile, err := os.MkdirTemp("", "chatweb") //nolint:usetesting // the browser's last child may still write into it
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
		"--window-size=900,1100", "--no-first-run", "--disable-background-networking", "--user-data-dir="+profile, "--remote-debugging-pipe")
	cmd.ExtraFiles = []*os.File{theirs, answers} // as descriptors 3 and 4
	require.NoError(t, cmd.Start())
	theirs.Close()
	answers.Close()
	b := &browser{t: t, write: write, wait: map[int]chan frame{}}
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
func (b *browser) listen(r *bufio.Reader) {
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

// call calls a method of the protocol, and reads its result into v unless that is nil.
func (b *browser) call(session, method string, params, v any) {
	b.t.Helper()
	answer := make(chan frame, 1)
	b.mu.Lock()
	b.serial++
	m := frame{ID: b.serial, Session: session, Method: method, Params: params}
	require.NotNil(b.t, b.wait, "the browser has ended")
	b.wait[m.ID] = answer
	data, err := json.Marshal(m)
	if err == nil {
		_, err = b.write.Write(append(data, 0))
	}
	b.mu.Unlock()
	require.NoError(b.t, err)
	select {
	case got, ok := <-answer:
		require.True(b.t, ok, "the browser has ended")
		require.Nil(b.t, got.Error, "%s: %v", method, got.Error)
		if v != nil {
			require.NoError(b.t, json.Unmarshal(got.Result, v))
		}
	case <-time.After(30 * time.Second):
		require.Fail(b.t, "no answer to "+method)
	}
}

// events is what was said of a method, each as it came.
func (b *browser) events(method string) (out []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.seen {
		if m.Method == method {
			out = append(out, fmt.Sprint(m.Params))
		}
	}
	return out
}

// tab is one tab of a browser.
type tab struct {
	*browser
	target, session string
}

type params map[string]any

func (b *browser) open(url string) *tab {
	b.t.Helper()
	t := &tab{browser: b}
	var target struct {
		ID string `json:"targetId"`
	}
	b.call("", "Target.createTarget", params{"url": "about:blank"}, &target)
	var session struct {
		ID string `json:"sessionId"`
	}
	b.call("", "Target.attachToTarget", params{"targetId": target.ID, "flatten": true}, &session)
	t.target, t.session = target.ID, session.ID
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		b.call(t.session, domain+".enable", nil, nil)
	}
	t.visit(url)
	return t
}

func (t *tab) visit(url string) {
	t.t.Helper()
	t.call(t.session, "Page.navigate", params{"url": url}, nil)
	t.until("document.readyState === 'complete' && !!document.getElementById('input')")
}

// eval is the value of an expression in the page.
func (t *tab) eval(expression string) any {
	t.t.Helper()
	var got struct {
		Result struct {
			Value any `json:"value"`
		} `json:"result"`
		Exception any `json:"exceptionDetails"`
	}
	t.call(t.session, "Runtime.evaluate", params{"expression": expression, "returnByValue": true, "awaitPromise": true}, &got)
	require.Nil(t.t, got.Exception, expression)
	return got.Result.Value
}

// until waits until an expression is true.
func (t *tab) until(expression string) {
	t.t.Helper()
	for end := time.Now().Add(30 * time.Second); t.eval(expression) != true; {
		require.True(t.t, time.Now().Before(end), "it did not become true: %s", expression)
		time.Sleep(10 * time.Millisecond)
	}
}

// say types a message and Enter.
func (t *tab) say(text string) {
	t.t.Helper()
	t.eval("document.getElementById('input').focus()")
	t.call(t.session, "Input.insertText", params{"text": text}, nil)
	for _, kind := range []string{"keyDown", "keyUp"} {
		t.call(t.session, "Input.dispatchKeyEvent", params{"type": kind, "key": "Enter", "code": "Enter", "text": "\r", "windowsVirtualKeyCode": 13}, nil)
	}
}

// shoot takes a screenshot into a folder.
func (t *tab) shoot(dir, name, scheme string) {
	t.t.Helper()
	t.call(t.session, "Emulation.setEmulatedMedia", params{"features": []params{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
	t.eval("new Promise(end => requestAnimationFrame(() => requestAnimationFrame(() => end(true))))")
	var shot struct {
		Data string `json:"data"`
	}
	t.call(t.session, "Page.captureScreenshot", params{"captureBeyondViewport": true}, &shot)
	data, err := base64.StdEncoding.DecodeString(shot.Data)
	require.NoError(t.t, err)
	require.True(t.t, strings.HasPrefix(string(data), "\x89PNG"))
	require.NoError(t.t, os.MkdirAll(dir, 0o755))
	require.NoError(t.t, os.WriteFile(filepath.Join(dir, name+".png"), data, 0o600))
}
