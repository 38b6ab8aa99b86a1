package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// terminal is a pseudo-terminal with the program in it.
type terminal struct {
	*child
	keys *os.File
	read chan struct{} // closed when all has been read that the program wrote
}

func (w *world) terminal(env []string, args ...string) *terminal {
	w.t.Helper()
	keys, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { keys.Close() })
	var unlocked, number int32
	for request, argument := range map[uintptr]*int32{syscall.TIOCSPTLCK: &unlocked, syscall.TIOCGPTN: &number} {
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, keys.Fd(), request, uintptr(unsafe.Pointer(argument)))
		require.Zero(w.t, errno)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(w.t, err)
	defer tty.Close()
	c := &child{t: w.t, cmd: exec.CommandContext(w.t.Context(), os.Args[0], args...), screen: &buffer{}}
	c.cmd.Env = append(env, childVariable+"=terminal", "TERM=xterm")
	for k, v := range w.env {
		c.cmd.Env = append(c.cmd.Env, k+"="+v)
	}
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = tty, tty, tty
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(w.t, c.cmd.Start())
	read := make(chan struct{})
	go func() {
		defer close(read)
		buf := make([]byte, 4096)
		for {
			n, err := keys.Read(buf)
			_, _ = c.screen.Write(buf[:n])
			if err != nil {
				return
			}
		}
	}()
	return &terminal{c, keys, read}
}

func (t *terminal) typed(text string) {
	t.t.Helper()
	_, err := t.keys.WriteString(text)
	require.NoError(t.t, err)
}

func (t *terminal) ended() int {
	t.t.Helper()
	done := time.AfterFunc(30*time.Second, func() { _ = t.cmd.Process.Kill() })
	defer done.Stop()
	_ = t.cmd.Wait()
	<-t.read
	return t.cmd.ProcessState.ExitCode()
}

// On a real terminal: line editing, dimmed reasoning, Ctrl-C as a signal during an answer and as a key at the prompt, and
// a terminal that is left as it was.
func TestTerminal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.terminal(nil, "-history", w.path("h.json"))
	c.shown(prompt, 1)
	c.typed("helo\x1b[Dl\r")
	c.shown("hello\r\n", 1) // the answer, which the terminal itself ends with a carriage return
	c.shown(prompt, 2)
	w.slow()
	c.typed("slow\r")
	c.shown("slow", 2)
	c.typed("\x03")
	c.shown("stopped; what came is kept", 1)
	c.shown(prompt, 3)
	assert.Contains(t, c.screen.String(), dim+"deepseek-chat at ")
	c.typed("\x03")
	assert.Equal(t, exitInterrupted, c.ended())
	assert.True(t, strings.HasSuffix(c.screen.String(), "\x1b[?2004l"), "the terminal brackets no pastes any more")
	turns := w.history("h.json").Turns
	require.Len(t, turns, 4)
	assert.Equal(t, "hello", turns[0].Text)
	assert.Equal(t, "stopped by the user", turns[3].Cut)

	c = w.terminal([]string{"NO_COLOR=1"})
	c.shown(prompt, 1)
	c.typed("\x04")
	assert.Equal(t, exitDone, c.ended())
	assert.NotContains(t, c.screen.String(), dim)
}
