package cwlogs_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/cwlogs"
	"github.com/kitroll/kitroll/awsops/cwlogstest"
)

// tailCursor is the cursor of a Tail with events of every kind behind it.
func tailCursor(tb testing.TB) cwlogs.Cursor {
	tb.Helper()
	srv := cwlogstest.NewServer()
	srv.AddGroup("/app")
	srv.Feed(steady("/app", 2, 5, 3*time.Second))
	n := 0
	for e, err := range client(tb, srv).Tail(tb.Context(), cwlogs.Query{Groups: []string{"/app"}}) {
		require.NoError(tb, err)
		if n++; n == 200 {
			return e.Cursor
		}
	}
	return cwlogs.Cursor{}
}

func TestCursorText(t *testing.T) {
	t.Parallel()
	c := tailCursor(t)
	text := c.String()
	assert.Regexp(t, `^cwl1\.[A-Za-z0-9_-]+$`, text)
	again, err := cwlogs.ParseCursor(text)
	require.NoError(t, err)
	assert.Equal(t, text, again.String())
	assert.False(t, again.IsZero())

	none, err := cwlogs.ParseCursor("")
	require.NoError(t, err)
	assert.True(t, none.IsZero())
	assert.Empty(t, none.String())

	for name, bad := range map[string]string{
		"cut":       text[:len(text)-4],
		"longer":    text + "AAAA",
		"changed":   strings.Replace(text, text[20:21], string('A'+(text[20]-'A'+1)%26), 1),
		"other":     "cwl2." + text[5:],
		"newline":   text[:30] + "\n" + text[30:],
		"no base64": "cwl1.!!!!",
		"empty":     "cwl1.",
	} {
		_, err := cwlogs.ParseCursor(bad)
		assert.ErrorIs(t, err, cwlogs.ErrCursor, name)
	}
	assert.NotContains(t, text, "line", "no log line is in a cursor")
}

// Whatever parses says the same again, and nothing makes the parser fail otherwise.
func FuzzParseCursor(f *testing.F) {
	f.Add("")
	f.Add("cwl1.")
	f.Add(tailCursor(f).String())
	f.Fuzz(func(t *testing.T, text string) {
		c, err := cwlogs.ParseCursor(text)
		if err != nil {
			assert.ErrorIs(t, err, cwlogs.ErrCursor)
			return
		}
		written := c.String()
		again, err := cwlogs.ParseCursor(written)
		require.NoError(t, err)
		assert.Equal(t, written, again.String())
	})
}

// FuzzParseSealed gets past the check sum, to what it protects from.
func FuzzParseSealed(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 2, 4, 2, 1, 2, 3, 4, 5, 6, 7, 8})
	f.Add([]byte{1, 1, 2, 3, 4, 5, 6, 7, 8, 2, 0})
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := cwlogs.ParseCursor(cwlogs.Seal(raw))
		if err != nil {
			assert.ErrorIs(t, err, cwlogs.ErrCursor)
			return
		}
		again, err := cwlogs.ParseCursor(c.String())
		require.NoError(t, err)
		assert.Equal(t, c.String(), again.String())
	})
}
