package main

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/term"
)

// errInterrupted is Ctrl-C at a prompt, or a signal there.
var errInterrupted = errors.New("interrupted")

const (
	prompt = "you> "
	more   = "...> "
	// maxLine is what the editor takes of one line before it drops the rest in silence.
	maxLine = 4096
)

// Keyboard reads lines that somebody types, with line editing. The terminal is raw only while a line is read, so that
// Ctrl-C at any other time is a signal.
type Keyboard struct {
	t      Terminal
	editor *term.Terminal
	ctrlC  *atomic.Bool
}

// NewKeyboard reads from t.
func NewKeyboard(t Terminal) *Keyboard {
	k := &Keyboard{t: t, ctrlC: &atomic.Bool{}}
	k.editor = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{&watched{t.In, k.ctrlC}, t.Err}, "")
	return k
}

// watched notes a Ctrl-C, which the editor reports as the end of the input, as it does Ctrl-D.
type watched struct {
	io.Reader
	ctrlC *atomic.Bool
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	w.ctrlC.Store(n > 0 && bytes.IndexByte(p[:n], 3) >= 0)
	return n, err
}

// Line asks for one line. Ctrl-D, and the end of the input, is io.EOF; Ctrl-C is errInterrupted, as is a signal.
func (k *Keyboard) Line(ask string) (string, error) {
	line, _, err := k.line(ask)
	return line, err
}

func (k *Keyboard) line(ask string) (line string, pasted bool, err error) {
	if k.t.Raw != nil {
		restore, err := k.t.Raw()
		if err != nil {
			return "", false, err
		}
		defer restore()
		k.editor.SetBracketedPasteMode(true)
		defer k.editor.SetBracketedPasteMode(false)
	}
	if k.t.Size != nil {
		if w, h, err := k.t.Size(); err == nil && w > 0 && h > 0 {
			_ = k.editor.SetSize(w, h)
		}
	}
	k.editor.SetPrompt(ask)
	type typed struct {
		line string
		err  error
	}
	got := make(chan typed, 1)
	go func() { // nothing interrupts a Read of a terminal: after a signal this stays behind, and the program ends
		line, err := k.editor.ReadLine()
		got <- typed{line, err}
	}()
	select {
	case in := <-got:
		line, err = in.line, in.err
	case <-k.t.Signals:
		_, _ = io.WriteString(k.t.Err, "\r\n")
		return "", false, errInterrupted
	}
	switch {
	case errors.Is(err, term.ErrPasteIndicator):
		return line, true, nil
	case errors.Is(err, io.EOF):
		_, _ = io.WriteString(k.t.Err, "\r\n") // the prompt stands unfinished on its line
		if k.ctrlC.Load() {
			err = errInterrupted
		}
	}
	return line, false, err
}

// errLongLine is a line that the editor may have cut.
var errLongLine = errors.New("the line has reached the 4096 characters that the editor takes, and may be cut: nothing was sent; use several lines, or put it into a file and /attach that")

// Message asks for a message: one line, or several, when a line ends in a backslash, when they stand between two """, or
// when they were pasted, which an Enter ends.
func (k *Keyboard) Message() (string, error) {
	var lines []string
	ask, quoted := prompt, false
	for {
		line, pasted, err := k.line(ask)
		switch {
		case err != nil:
			return "", err
		case utf8.RuneCountInString(line) >= maxLine:
			return "", errLongLine
		}
		ask = more
		switch {
		case quoted:
			if rest, ended := strings.CutSuffix(line, `"""`); ended {
				return strings.Trim(strings.Join(append(lines, rest), "\n"), "\n"), nil
			}
			lines = append(lines, line)
		case len(lines) == 0 && strings.HasPrefix(line, `"""`):
			rest := line[3:]
			if inner, ended := strings.CutSuffix(rest, `"""`); ended {
				return inner, nil
			}
			lines, quoted = append(lines, rest), true
		case pasted:
			lines = append(lines, line)
		case strings.HasSuffix(line, `\`):
			lines = append(lines, strings.TrimSuffix(line, `\`))
		default:
			return strings.Trim(strings.Join(append(lines, line), "\n"), "\n"), nil
		}
	}
}
