package main

import (
	"fmt"
	"strings"
	"unicode"
)

// Lang is the language of what the program says and of the page.
type Lang string

// The two languages.
const (
	English Lang = "en"
	Chinese Lang = "zh"
)

// Say picks one of two texts.
func (l Lang) Say(en, zh string) string {
	if l == Chinese {
		return zh
	}
	return en
}

// Sayf is Say with a format; both texts take the same arguments in the same order.
func (l Lang) Sayf(en, zh string, args ...any) string { return fmt.Sprintf(l.Say(en, zh), args...) }

// printable makes one harmless line of a file's name, or of what a platform says: it must not drive the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

// bytesOf is a size for people.
func bytesOf(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1000_000)
}
