package main

import (
	"errors"
	"io"
	"slices"
	"strings"
)

// fine tells an answer that was read in full and without an error.
func (o outcome) fine() bool {
	return o.err == nil && o.complete() && o.clean()
}

// complete tells an answer of which nothing is missing, whether or not there is an error.
func (o outcome) complete() bool {
	finish := "stop"
	if o.row.tools {
		finish = "tool_calls"
	}
	return o.text == o.row.whole && o.finish == finish && slices.Equal(o.calls, o.row.calls)
}

// failed tells an error that was reported, with the text that came before it.
func (o outcome) failed() bool { return o.err != nil && o.text == o.row.whole && o.clean() }

// cut tells an answer that was reported as cut off.
func (o outcome) cut() bool { return o.failed() && errors.Is(o.err, io.ErrUnexpectedEOF) }

// clean tells that the client came to an end by itself and left nothing behind.
func (o outcome) clean() bool { return !o.stopped && o.routines == 0 && o.conns == 0 }

// reported wants an error from which a program learns what the row has to tell.
func reported(o outcome) bool { return o.failed() && o.says(o.row.learn...) }

// parsed wants it in a text for people: not as the JSON that it came in, and not among the leavings of a broken format.
func parsed(o outcome) bool {
	if !reported(o) {
		return false
	}
	text := o.err.Error()
	return strings.Contains(text, "the words") && !strings.Contains(text, "{") && !strings.Contains(text, "%!")
}

// secret wants the server's words without the key in them.
func secret(o outcome) bool {
	return o.failed() && strings.Contains(o.err.Error(), "Incorrect API key") && !o.says(key)
}

// bounded wants a line beyond all measure refused, with a word on why.
func bounded(o outcome) bool {
	if o.err == nil || !o.clean() {
		return false
	}
	for word := range strings.FieldsFuncSeq(o.err.Error(), func(r rune) bool { return r == ' ' || r == ':' }) {
		if word == "long" || word == "longer" || word == "limit" || word == "large" {
			return true
		}
	}
	return false
}
