package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
)

// text is the text of a message's content, in either of its forms.
func text(content json.RawMessage) string {
	var s string
	if json.Unmarshal(content, &s) == nil {
		return s
	}
	var parts []struct{ Text string }
	_ = json.Unmarshal(content, &parts)
	if len(parts) == 0 {
		return ""
	}
	return parts[0].Text
}

func TestAttach(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	notes, cat := w.file("my notes.md", []byte("line\nline\n")), w.file("cat.png", picture(t))
	got := w.typed([]string{
		"/attach", "/attach " + notes, "/attach '" + notes + "' " + cat, "/attach -", "/attach " + notes, `/attach "` + cat + `"`, "look",
		"and now?",
	})
	require.Equal(t, exitDone, got.code, got.screen)
	for _, want := range []string{
		"nothing is attached", "attached: my notes.md (text, 2 lines, 10 bytes)",
		"with the next message goes:", "sent with: my notes.md (text, 2 lines, 10 bytes), cat.png (picture, image/png, ",
	} {
		assert.Contains(t, got.screen, want)
	}
	said := w.said(1)
	require.Len(t, said, 3)
	rest, files := llm.ParseAttachments(text(said[0].Content))
	assert.Equal(t, "look", rest)
	require.Len(t, files, 1)
	assert.Equal(t, "my notes.md", files[0].Name)
	assert.Equal(t, "line\nline\n", files[0].Content)
	assert.Contains(t, string(said[0].Content), `"url":"data:image/png;base64,`)
	assert.JSONEq(t, `"and now?"`, string(said[2].Content), "what was sent is not sent again")
}

func TestAttachmentLimits(t *testing.T) {
	t.Parallel()
	w := &world{t: t, dir: t.TempDir()}
	png := picture(t)
	big := append(bytes.Clone(png), make([]byte, maxPicture-len(png))...)
	for name, tt := range map[string]struct {
		data []byte
		err  string
	}{
		"text":         {data: bytes.Repeat([]byte("x"), maxText)},
		"long text":    {data: bytes.Repeat([]byte("x"), maxText+1), err: "over the limit of 256.0 KiB for a text"},
		"picture":      {data: big},
		"big picture":  {data: append(big, 0), err: "over the limit of 10.0 MiB"},
		"empty":        {data: nil, err: "is empty"},
		"binary":       {data: []byte("\x7fELF\x00\x01"), err: "neither a text in UTF-8 nor a picture"},
		"other letter": {data: []byte("caf\xe9"), err: "neither a text in UTF-8 nor a picture"},
		"drawing":      {data: []byte("<svg xmlns='http://www.w3.org/2000/svg'/>")},
		"PDF":          {data: []byte("%PDF-1.7\n\x00"), err: "neither a text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var a Attachments
			_, err := a.Add(w.file(strings.ReplaceAll(name, " ", "-"), tt.data))
			if tt.err == "" {
				require.NoError(t, err)
				assert.Equal(t, 1, a.Len())
				return
			}
			require.ErrorContains(t, err, tt.err)
			assert.Zero(t, a.Len())
		})
	}
	var a Attachments
	_, err := a.Add(w.dir)
	require.ErrorContains(t, err, "not a regular file")
	_, err = a.Add(os.DevNull)
	require.ErrorContains(t, err, "not a regular file")
	path := w.file("full.png", big)
	for range 2 {
		_, err = a.Add(path)
		require.NoError(t, err)
	}
	_, err = a.Add(w.file("one-more", []byte("x")))
	require.ErrorContains(t, err, "the message would have over 20.0 MiB")
	a = Attachments{}
	small := w.file("small", []byte("x"))
	for range maxAttachments {
		_, err = a.Add(small)
		require.NoError(t, err)
	}
	_, err = a.Add(small)
	require.ErrorContains(t, err, "20 files is what one message takes")
}

func TestPaths(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	there := filepath.Join(dir, "it's here")
	require.NoError(t, os.WriteFile(there, nil, 0o600))
	for name, tt := range map[string]struct {
		arg  string
		want []string
	}{
		"two":               {"a.md  b.md", []string{"a.md", "b.md"}},
		"quotes":            {`"a b" 'c "d"'`, []string{"a b", `c "d"`}},
		"within":            {`a" "b`, []string{"a b"}},
		"unended":           {`"a b`, []string{"a b"}},
		"empty":             {`""`, []string{""}},
		"a file as it is":   {there, []string{there}},
		"backslashes, too":  {`C:\a\b`, []string{`C:\a\b`}},
		"nothing but space": {"  ", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, paths(tt.arg))
		})
	}
}
