package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/kitroll/kitroll/route53x/transfer"
)

// screen tells a person how the move goes, a line for each thing that happens.
type screen struct {
	w      io.Writer
	events []transfer.Event
	did    int // changes and steps of this run
}

// mark is one character for each kind of event.
func mark(k transfer.EventKind) string {
	switch k {
	case transfer.EventBegin:
		return ">"
	case transfer.EventCall:
		return "*"
	case transfer.EventDone:
		return "+"
	case transfer.EventFound:
		return "="
	case transfer.EventLost:
		return "?"
	case transfer.EventBack:
		return "<"
	case transfer.EventAsk:
		return "$"
	case transfer.EventUndone:
		return "-"
	case transfer.EventAttention, transfer.EventTrouble:
		return "!"
	case transfer.EventWait:
		return "…"
	}
	return " "
}

func (s *screen) show(e transfer.Event) {
	s.events = append(s.events, e)
	if e.Kind != transfer.EventWait && e.Kind != transfer.EventBegin {
		s.did++
	}
	text := e.Text
	if !e.Until.IsZero() {
		text += " (until " + e.Until.Local().Format("Mon 2 Jan 15:04") + ")"
	}
	if e.Kind == transfer.EventAttention && e.TextZH != "" {
		text += " / " + e.TextZH
	}
	fmt.Fprintf(s.w, "%s  %2d %-9s %s %s\n", e.At.Local().Format("Mon 2 Jan 15:04"), e.Step.Number(), e.Step, mark(e.Kind), printable(text))
}

func (s *screen) note(format string, args ...any) { fmt.Fprintf(s.w, format+"\n", args...) }

// printable drops control characters: what a platform says must not be able to drive the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' || r == 0x7f {
			return -1
		}
		return r
	}, text)
}

// explain says what went wrong and what a person can do, in both languages where it is at Aliyun.
func explain(w io.Writer, err error, code int) {
	e, ours := errors.AsType[*transfer.Error](err)
	if !ours || len(e.Reasons) == 0 {
		fmt.Fprintln(w, "error: "+printable(err.Error()))
	} else {
		fmt.Fprintf(w, "error: transfer: %s: %s\n", e.Step, e.Text)
		for _, r := range e.Reasons {
			fmt.Fprintln(w, "  - "+printable(r))
		}
		if e.Err != nil {
			fmt.Fprintln(w, "  "+printable(e.Err.Error()))
		}
	}
	if ours && e.Hint != "" {
		fmt.Fprintln(w, "→ "+e.Hint)
	}
	if ours && e.HintZH != "" {
		fmt.Fprintln(w, "→ "+e.HintZH)
	}
	switch code {
	case exitInput:
		fmt.Fprintln(w, "nothing was changed")
	case exitDecide:
		fmt.Fprintln(w, "a person must decide: run again with the answer, or type it; what is done stays done")
	case exitFailed:
		fmt.Fprintln(w, "run the same command again: what is done is not repeated")
	}
}
