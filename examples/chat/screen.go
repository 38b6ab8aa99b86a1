package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// Screen is all that the program writes. Whatever it is given, from a model, a server or a file, is made harmless first:
// only the screen itself sends escape sequences.
type Screen struct {
	out, err io.Writer
	colour   bool
	mode     mode
	midLine  bool // the cursor is not at the beginning of a line
}

// mode is what is being streamed.
type mode int

const (
	idle mode = iota
	thinking
	answering
)

// NewScreen writes answers to out and the rest to err.
func NewScreen(out, err io.Writer, colour bool) *Screen {
	return &Screen{out: out, err: err, colour: colour}
}

const (
	dim   = "\x1b[2m"
	bold  = "\x1b[1m"
	plain = "\x1b[0m"
)

// Thinking shows a piece of reasoning, dimmed, or in brackets where there is no colour.
func (s *Screen) Thinking(text string) {
	if s.mode != thinking {
		s.End()
		s.mode = thinking
		s.raw(s.err, s.style(dim, "(thinking: "))
	}
	s.raw(s.err, s.styled(dim, Harmless(text)))
	s.track(text)
}

// Answer shows a piece of the answer.
func (s *Screen) Answer(text string) {
	if s.mode != answering {
		s.End()
		s.mode = answering
	}
	s.raw(s.out, Harmless(text))
	s.track(text)
}

// End ends what is being streamed, on a line of its own.
func (s *Screen) End() {
	switch {
	case s.mode == thinking:
		s.raw(s.err, s.style(dim, ")")+"\n")
	case s.mode == answering && s.midLine:
		s.raw(s.out, "\n")
	}
	s.mode, s.midLine = idle, false
}

// Note says something by the way.
func (s *Screen) Note(format string, args ...any) {
	s.End()
	s.raw(s.err, s.styled(dim, Harmless(fmt.Sprintf(format, args...)))+"\n")
}

// Say says something that was asked for.
func (s *Screen) Say(format string, args ...any) {
	s.End()
	s.raw(s.err, Harmless(fmt.Sprintf(format, args...))+"\n")
}

// Problem says what went wrong and what can be done about it.
func (s *Screen) Problem(err error, advice string) {
	s.End()
	s.raw(s.err, s.style(bold, "error: ")+Harmless(err.Error())+"\n")
	if advice != "" {
		s.raw(s.err, "→ "+Harmless(advice)+"\n")
	}
}

func (s *Screen) style(code, text string) string {
	if !s.colour {
		return text
	}
	return code + text + plain
}

// styled is style for text of several lines: each ends plain, so that whatever ends the program leaves the terminal as it
// was.
func (s *Screen) styled(code, text string) string {
	if !s.colour || text == "" {
		return text
	}
	return code + strings.ReplaceAll(text, "\n", plain+"\n"+code) + plain
}

func (s *Screen) raw(w io.Writer, text string) { _, _ = io.WriteString(w, text) }

func (s *Screen) track(text string) {
	if text != "" {
		s.midLine = !strings.HasSuffix(text, "\n")
	}
}

// Harmless is text that cannot drive a terminal. A control character is shown as its picture (␛ for escape), carriage
// returns are dropped, and what turns the direction of writing, with which a line can be made to read otherwise than it
// is, becomes a replacement character, as bytes do that are no UTF-8.
func Harmless(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r':
			return -1
		case r < ' ':
			return '␀' + r
		case r == 0x7f:
			return '␡'
		case unicode.IsControl(r), r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069:
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
