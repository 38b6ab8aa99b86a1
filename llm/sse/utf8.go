package sse

import (
	"unicode/utf8"
)

//nolint:gochecknoglobals // constants in all but the language's sense
var (
	colon = []byte{':'}
	bom   = []byte("\uFEFF")
)

// appendText decodes value as the standard's "UTF-8 decode" does and appends it to dst.
func (r *Reader) appendText(dst, value []byte) []byte {
	if r.raw || utf8.Valid(value) {
		return append(dst, value...)
	}
	for len(value) > 0 {
		c, n := utf8.DecodeRune(value)
		if c == utf8.RuneError && n == 1 {
			n = badSequence(value)
		}
		dst = utf8.AppendRune(dst, c)
		value = value[n:]
	}
	return dst
}

// badSequence is how many bytes of a broken sequence one U+FFFD stands for: its longest beginning that could have become
// a rune, else one byte (Unicode, "substitution of maximal subparts"; the Encoding Standard decodes alike).
func badSequence(b []byte) int {
	low, high := byte(0x80), byte(0xBF)
	more := 0
	switch c := b[0]; {
	case c >= 0xC2 && c <= 0xDF:
		more = 1
	case c >= 0xE0 && c <= 0xEF:
		more = 2
		if c == 0xE0 {
			low = 0xA0
		}
		if c == 0xED {
			high = 0x9F
		}
	case c >= 0xF0 && c <= 0xF4:
		more = 3
		if c == 0xF0 {
			low = 0x90
		}
		if c == 0xF4 {
			high = 0x8F
		}
	}
	n := 1
	for n <= more && n < len(b) && b[n] >= low && b[n] <= high {
		n++
		low, high = 0x80, 0xBF
	}
	return n
}
