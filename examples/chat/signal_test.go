//go:build !windows

package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm/llmtest"
)

// childVariable makes this test's own binary the program: in a terminal, typed to at a prompt as if in one, or through a
// pipe.
const childVariable = "KITROLL_CHAT_CHILD"

func TestMain(m *testing.M) {
	mode := os.Getenv(childVariable)
	switch mode {
	case "":
		os.Exit(m.Run())
	case "terminal": // which main finds out by itself
		main()
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	t := Terminal{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Interactive: mode == "prompt", Signals: signals, Die: os.Exit}
	os.Exit(run(context.Background(), os.Args[1:], t, os.Getenv))
}

// child is the program in a process of its own.
type child struct {
	t      *testing.T
	cmd    *exec.Cmd
	keys   io.WriteCloser
	out    *bufio.Reader
	screen *buffer
}

func (w *world) child(mode string, args ...string) *child {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	c := &child{t: w.t, cmd: exec.CommandContext(ctx, os.Args[0], args...), screen: &buffer{}}
	c.cmd.Env = []string{childVariable + "=" + mode}
	for k, v := range w.env {
		c.cmd.Env = append(c.cmd.Env, k+"="+v)
	}
	var err error
	c.keys, err = c.cmd.StdinPipe()
	require.NoError(w.t, err)
	out, err := c.cmd.StdoutPipe()
	require.NoError(w.t, err)
	c.out, c.cmd.Stderr = bufio.NewReader(out), c.screen
	require.NoError(w.t, c.cmd.Start())
	w.t.Cleanup(func() { cancel(); _ = c.cmd.Wait() })
	return c
}

func (c *child) signal(s os.Signal) {
	c.t.Helper()
	require.NoError(c.t, c.cmd.Process.Signal(s))
}

func (c *child) typed(text string) {
	c.t.Helper()
	_, err := io.WriteString(c.keys, text)
	require.NoError(c.t, err)
}

// read waits for that much of the answer.
func (c *child) read(want string) {
	c.t.Helper()
	got := make([]byte, len(want))
	_, err := io.ReadFull(c.out, got)
	require.NoError(c.t, err, c.screen.String())
	require.Equal(c.t, want, string(got))
}

// shown waits for a text on the screen, for the n-th time.
func (c *child) shown(text string, n int) {
	c.t.Helper()
	require.Eventually(c.t, func() bool { return strings.Count(c.screen.String(), text) >= n }, 30*time.Second, 5*time.Millisecond,
		"%q", text)
}

// end waits for the process and returns the rest of the answer and the exit code.
func (c *child) end() (string, int) {
	c.t.Helper()
	rest, _ := io.ReadAll(c.out)
	_ = c.cmd.Wait()
	return string(rest), c.cmd.ProcessState.ExitCode()
}

// slow makes the model say a word and then take its time, for longer than any test.
func (w *world) slow() { w.llm.Misbehave(llmtest.Stall) }

func TestCtrlCStopsTheAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.slow()
	c := w.child("prompt", "-history", w.path("h.json"))
	c.typed("one\r")
	c.read("one")
	require.Len(t, w.history("h.json").Turns, 1, "the question is kept before its answer is")
	c.signal(os.Interrupt)
	c.shown("stopped; what came is kept; /retry asks again", 1)
	c.shown(prompt, 2)
	turns := w.history("h.json").Turns
	require.Len(t, turns, 2)
	assert.Equal(t, "one", turns[1].Text)
	assert.Equal(t, "stopped by the user", turns[1].Cut)
	c.typed("two\r") // the same process goes on
	c.read("\ntwo\n")
	c.shown(prompt, 3)
	c.typed("/quit\r")
	_, code := c.end()
	assert.Equal(t, exitDone, code)
	assert.Equal(t, []string{"one", "one", "two"}, w.chats()[1], "the part went along")
	assert.Len(t, w.history("h.json").Turns, 4)
}

func TestCtrlCAtThePrompt(t *testing.T) {
	t.Parallel()
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		w := newWorld(t)
		c := w.child("prompt", "-history", w.path("h.json"))
		c.typed("one\r")
		c.read("one\n")
		c.shown(prompt, 2)
		c.signal(sig)
		_, code := c.end()
		assert.Equal(t, exitInterrupted, code)
		assert.Len(t, w.history("h.json").Turns, 2)
	}
}

// SIGTERM during an answer keeps what came, and then ends the program.
func TestTermination(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.slow()
	c := w.child("prompt", "-history", w.path("h.json"))
	c.typed("one\r")
	c.read("one")
	c.signal(syscall.SIGTERM)
	_, code := c.end()
	assert.Equal(t, exitInterrupted, code)
	turns := w.history("h.json").Turns
	require.Len(t, turns, 2)
	assert.Equal(t, "stopped by the user", turns[1].Cut)
}

func TestCtrlCInAPipe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.slow()
	c := w.child("pipe", "-history", w.path("h.json"))
	c.typed("one")
	require.NoError(t, c.keys.Close())
	c.read("one")
	c.signal(os.Interrupt)
	rest, code := c.end()
	assert.Equal(t, exitInterrupted, code)
	assert.Equal(t, "\n", rest)
	assert.NotContains(t, c.screen.String(), "/retry", "there is no prompt for it")
	assert.Equal(t, "stopped by the user", w.history("h.json").Turns[1].Cut)

	c = w.child("pipe") // before anything was said
	c.signal(os.Interrupt)
	_, code = c.end()
	assert.Contains(t, []int{exitInterrupted, -1}, code, "-1: the signal came before the program listened")
}

// A program that cannot stop, here since nobody reads its output, ends by the second Ctrl-C.
func TestSecondCtrlC(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.llm.Misbehave(llmtest.LongLine)
	c := w.child("prompt")
	c.typed("one\r")
	c.read("xxx") // a million will not fit into the pipe
	c.signal(os.Interrupt)
	ended := make(chan struct{})
	go func() { _ = c.cmd.Wait(); close(ended) }()
	select {
	case <-ended:
		require.Fail(t, "one Ctrl-C was not to end it", c.screen.String())
	case <-time.After(300 * time.Millisecond):
	}
	for again := true; again; {
		_ = c.cmd.Process.Signal(os.Interrupt) // two at once would be one
		select {
		case <-ended:
			again = false
		case <-time.After(300 * time.Millisecond):
		}
	}
	assert.Equal(t, exitInterrupted, c.cmd.ProcessState.ExitCode())
}
