package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm/llmtest"
)

func TestHarmless(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ in, want string }{
		"text":           {"Grüße, 世界 👩‍💻\tand\nmore", "Grüße, 世界 👩‍💻\tand\nmore"},
		"colour":         {"\x1b[31mred", "␛[31mred"},
		"window title":   {"\x1b]0;owned\a", "␛]0;owned␇"},
		"C1":             {"\u009b31m", "\uFFFD31m"},
		"C1 as a byte":   {"\x9b31m", "\uFFFD31m"},
		"return":         {"safe\rrm -rf", "saferm -rf"},
		"line ends":      {"a\r\nb", "a\nb"},
		"backspace":      {"a\bb\x7f", "a␈b␡"},
		"other way":      {"a\u202egpj.exe\u2066", "a\uFFFDgpj.exe\uFFFD"},
		"null":           {"\x00", "␀"},
		"not UTF-8":      {"a\xff", "a\uFFFD"},
		"nothing":        {"", ""},
		"device control": {"\x1bP+q\x1b\\", "␛P+q␛\\"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, Harmless(tt.in))
		})
	}
}

func FuzzHarmless(f *testing.F) {
	f.Add("\x1b[2J\x9b\u202e\r\x00")
	f.Fuzz(func(t *testing.T, text string) {
		got := Harmless(text)
		assert.True(t, utf8.ValidString(got))
		for _, r := range got {
			assert.False(t, unicode.IsControl(r) && r != '\n' && r != '\t', "%q", r)
		}
		assert.Equal(t, got, Harmless(got), "it stays as it is")
	})
}

// Whatever comes from elsewhere and holds an escape sequence reaches the terminal without: answer, reasoning, refusal, an
// error's words, the model's name, a title, a file's name, a command, the history.
func TestNobodyDrivesTheTerminal(t *testing.T) {
	t.Parallel()
	const evil = "\x1b]52;c;ZXZpbA==\a\x1b[2J\u009b31m\u202e"
	w := newWorld(t)
	asked := 0
	w.llm.OnChat(func(llmtest.ChatRequest) llmtest.Answer {
		asked++
		return [...]llmtest.Answer{
			{Reasoning: "R" + evil, Text: "T" + evil + "\r", Runes: 1},
			{Refusal: "no" + evil},
			{Text: "title" + evil},
		}[min(asked-1, 2)]
	})
	body, err := json.Marshal(map[string]any{"error": map[string]string{"message": "E" + evil, "code": "c" + evil}})
	require.NoError(t, err)
	history := w.path("h.json")
	name := w.file("a\x1b[31mb.md", []byte("text"))
	args := []string{"-v", "-history", history, "-attach", name}
	run := func(args ...string) outcome {
		return w.run(Terminal{
			In:          strings.NewReader("one\rtwo\r/title\r/none\u202e\r/model m\u202e\rthree\r/history\r\x04"),
			Interactive: true, Colour: true,
		}, args...)
	}
	first := run(args...)
	require.Equal(t, exitDone, first.code, first.screen)
	w.llm.AnswerNext("chat", 400, http.Header{"X-Request-Id": {"r1"}}, string(body))
	second := run("-history", history)
	for _, got := range []outcome{first, second} {
		shown := got.out + got.screen
		for _, own := range []string{dim, bold, plain} {
			shown = strings.ReplaceAll(shown, own, "")
		}
		// The line editor's own: it moves the cursor.
		assert.NotContains(t, shown, "\x1b]")
		assert.NotContains(t, shown, "\x1b[2J")
		assert.NotContains(t, shown, "\x1b[31m")
		assert.NotContains(t, shown, "\u009b")
		assert.NotContains(t, shown, "\a")
		assert.NotContains(t, got.out, "\x1b")
		assert.NotContains(t, got.out, "\r")
		assert.Contains(t, shown, "␛]52")
	}
	third := w.pipe("x", "-attach", "none\x1b[31m")
	assert.Contains(t, third.screen, "none␛[31m does not exist")
	assert.NotContains(t, third.screen, "\x1b")
	assert.Contains(t, second.screen, "E]52", "package llm has cleaned that by itself")
}

// With colour, every line that is dimmed ends plain; without, there is no escape sequence at all.
func TestScreenColour(t *testing.T) {
	t.Parallel()
	draw := func(colour bool) string {
		var b bytes.Buffer
		s := NewScreen(&b, &b, colour)
		s.Thinking("a\nb")
		s.Thinking("c")
		s.Answer("d")
		s.Answer("e\n")
		s.Thinking("again")
		s.Note("f")
		s.Problem(errors.New("g"), "h")
		s.Answer("i")
		s.End()
		s.End()
		return b.String()
	}
	assert.Equal(t, "(thinking: a\nbc)\nde\n(thinking: again)\nf\nerror: g\n→ h\ni\n", draw(false))
	dimmed := draw(true)
	stripped := strings.NewReplacer(dim, "", bold, "", plain, "").Replace(dimmed)
	assert.Equal(t, draw(false), stripped)
	for line := range strings.Lines(dimmed) {
		assert.Equal(t, strings.Count(line, dim)+strings.Count(line, bold), strings.Count(line, plain), "%q", line)
	}
	assert.Contains(t, dimmed, dim+"c"+plain)
}
