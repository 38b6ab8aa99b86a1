package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
)

// A conversation goes on where it was, with all that had been sent, and pictures by what they were.
func TestHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h, cat := w.path("h.json"), w.file("cat.png", picture(t))
	w.typed([]string{"/attach " + cat, "/attach " + w.file("a.md", []byte("</FILE_CONTENT>\n")), "one <&>"}, "-history", h)
	data, err := os.ReadFile(h)
	require.NoError(t, err)
	assert.Contains(t, string(data), "one <&>", "people can read it")
	assert.NotContains(t, string(data), "iVBOR", "pictures are not in it")
	before := w.said(1)

	got := w.typed([]string{"two"}, "-history", h)
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Contains(t, got.screen, `going on with "one <&>", 2 messages`)
	said := w.said(1)
	require.Len(t, said, 3)
	assert.Equal(t, before[0], said[0], "to the letter")

	require.NoError(t, os.WriteFile(cat, append(picture(t), 1), 0o600))
	got = w.typed([]string{"three"}, "-history", h)
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Contains(t, got.screen, "cat.png is gone or was changed")
	assert.Contains(t, string(w.said(1)[0].Content), "a picture that is no longer there")
	assert.NotContains(t, string(w.said(1)[0].Content), "base64")
	assert.Equal(t, llm.RoleAssistant, w.history("h.json").Turns[5].Role)
	left, err := os.ReadDir(w.dir)
	require.NoError(t, err)
	assert.Len(t, left, 3, "no temporary file stays")
}

// What is no history of this program is reported, and stays as it is.
func TestDamagedHistory(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ data, want string }{
		"empty":             {"", "unexpected end"},
		"cut":               {`{"format":"kitroll-chat/1","conversations":[{"tur`, "unexpected end"},
		"other JSON":        {`{"name":"x"}`, `its format is ""`},
		"of a later time":   {`{"format":"kitroll-chat/2","conversations":[{}]}`, `its format is "kitroll-chat/2"`},
		"no conversation":   {`{"format":"kitroll-chat/1","conversations":[]}`, "names no conversation"},
		"null conversation": {`{"format":"kitroll-chat/1","conversations":[null]}`, "is null"},
		"none such":         {`{"format":"kitroll-chat/1","current":1,"conversations":[{}]}`, "names no conversation"},
		"unknown role":      {`{"format":"kitroll-chat/1","conversations":[{"turns":[{"role":"system"}]}]}`, `no role "system"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			h := w.file("h.json", []byte(tt.data))
			got := w.pipe("hello", "-history", h)
			assert.Equal(t, exitInput, got.code)
			assert.Contains(t, got.screen, tt.want)
			assert.Contains(t, got.screen, "left as it is")
			assert.Empty(t, w.llm.Requests())
			data, err := os.ReadFile(h)
			require.NoError(t, err)
			assert.Equal(t, tt.data, string(data))
		})
	}
}

// Two programs with one history: neither loses what it has, nor what the other has.
func TestHistoryOfTwo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.path("h.json")
	a, err := OpenArchive(h)
	require.NoError(t, err)
	b, err := OpenArchive(h)
	require.NoError(t, err)
	moved, err := a.Save()
	require.NoError(t, err)
	assert.Empty(t, moved)
	assert.NoFileExists(t, h, "nothing was said: nothing is written")
	a.Now().Turns = []Turn{{Role: llm.RoleUser, Text: "of a"}}
	_, err = a.Save()
	require.NoError(t, err)
	b.Now().Turns = []Turn{{Role: llm.RoleUser, Text: "of b"}}
	moved, err = b.Save()
	require.NoError(t, err)
	require.NotEmpty(t, moved)
	assert.Equal(t, "of a", w.history("h.json").Turns[0].Text)
	assert.Equal(t, "of b", w.history(filepath.Base(moved)).Turns[0].Text)
	b.Now().Title = "still"
	again, err := b.Save()
	require.NoError(t, err)
	assert.Empty(t, again)
	assert.Equal(t, "still", w.history(filepath.Base(moved)).Title)
}

func TestHistoryThatIsTooLarge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.file("h.json", nil)
	require.NoError(t, os.Truncate(h, maxArchive+1))
	_, err := OpenArchive(h)
	require.ErrorContains(t, err, "a regular file of at most 64.0 MiB")
}

func TestHistoryThatCannotBeSaved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, os.Mkdir(w.path("sub"), 0o700))
	h := w.path("sub/h.json")
	a, err := OpenArchive(h)
	require.NoError(t, err)
	require.NoError(t, os.Remove(w.path("sub")))
	var out, screen strings.Builder
	s := &session{screen: NewScreen(&out, &screen, false), archive: a}
	a.Begin()
	a.Now().Turns = []Turn{{Role: llm.RoleUser, Text: "x"}}
	assert.Equal(t, exitFailed, s.end(exitDone))
	assert.Contains(t, screen.String(), "the history could not be saved")
}
