package sse_test

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/unicode"
)

// FuzzReader compares the reader with a plain reading of the standard over the whole text, however the bytes are cut.
func FuzzReader(f *testing.F) {
	for _, s := range []string{
		"data: a\n\n", "data: a\n\ndata: b\n\ndata: \xff\n\ndata: c\r\n\ndata: d\r\rdata: e\n\nid: 1\n\ndata: f\n\n", "\uFEFFdata:1\r\r\uFEFFdata:2\n\n", "id: 1\nevent: e\ndata\ndata:x\r\n\r\n", "data: \xe4\xbd\n\n", ":c\nretry: 1\n\nid:\x00\n\n",
	} {
		f.Add(s, 3)
	}
	f.Fuzz(func(t *testing.T, in string, cut int) {
		want := reference(in)
		whole, _, err := collect(t, strings.NewReader(in), nil)
		require.NoError(t, err)
		require.Equal(t, want, whole)
		bytewise, _, err := collect(t, iotest.OneByteReader(strings.NewReader(in)), nil)
		require.NoError(t, err)
		require.Equal(t, want, bytewise)
		if cut >= 0 && cut <= len(in) {
			parts, _, err := collect(t, io.MultiReader(strings.NewReader(in[:cut]), strings.NewReader(in[cut:])), nil)
			require.NoError(t, err)
			require.Equal(t, want, parts)
		}
		for _, e := range want {
			require.True(t, utf8.ValidString(e.Data))
		}
	})
}

// reference is the standard's algorithm with all the text in hand.
func reference(in string) (events []ev) {
	in, _ = unicode.UTF8.NewDecoder().String(in)
	in = strings.TrimPrefix(in, "\uFEFF")
	in = strings.ReplaceAll(strings.ReplaceAll(in, "\r\n", "\n"), "\r", "\n")
	lines := strings.Split(in, "\n")
	var data, typ, id string
	for _, line := range lines[:len(lines)-1] {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "":
			if data != "" {
				if typ == "message" {
					typ = ""
				}
				events = append(events, ev{Type: typ, ID: id, Data: strings.TrimSuffix(data, "\n")})
			}
			data, typ = "", ""
		case name == "data":
			data += value + "\n"
		case name == "event":
			typ = value
		case name == "id" && !strings.Contains(value, "\x00"):
			id = value
		}
	}
	return events
}
