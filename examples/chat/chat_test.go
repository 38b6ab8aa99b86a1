package main

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
)

// Without a key and without a network.
func TestDemo(t *testing.T) {
	t.Parallel()
	w := &world{t: t, dir: t.TempDir()}
	got := w.pipe("Why is the sky blue?\n", "-v", "-attach", w.file("notes.md", []byte("# Sky\n")))
	require.Equal(t, exitDone, got.code, got.screen)
	for _, want := range []string{"not a model", "> Why is the sky blue?", "`notes.md`, 6 bytes"} {
		assert.Contains(t, got.out, want)
	}
	assert.True(t, strings.HasSuffix(got.out, "```\n"), got.out)
	for _, want := range []string{"a fake inside this process", "(thinking: This is message 1", "tokens: ", "notes.md (text, 1 line, 6 bytes)"} {
		assert.Contains(t, got.screen, want)
		assert.NotContains(t, got.out, want, "standard output is the answer alone")
	}
	help := w.pipe("", "-h")
	assert.Equal(t, exitDone, help.code)
	for _, want := range []string{"LLM_BASE_URL", "/attach", "130 interrupted", "-history"} {
		assert.Contains(t, help.screen, want)
	}
}

// Every answer has been given in the light of what was said before it.
func TestConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.typed([]string{
		"first", `two \`, "lines", `"""`, "quoted", "", `/help`, `end"""`, `"""short"""`, "", " /etc/passwd",
	}, "-system", "Be brief.")
	require.Equal(t, exitDone, got.code, got.screen)
	var said []string
	for _, m := range w.said(1) {
		said = append(said, m.Role+" "+string(m.Content))
	}
	assert.Equal(t, []string{
		`system "Be brief."`,
		`user "first"`, `assistant "first"`,
		`user "two \nlines"`, `assistant "two \nlines"`,
		`user "quoted\n\n/help\nend"`, `assistant "quoted\n\n/help\nend"`,
		`user "short"`, `assistant "short"`,
		`user "/etc/passwd"`,
	}, said)
	assert.Equal(t, "first\ntwo \nlines\nquoted\n\n/help\nend\nshort\n/etc/passwd\n", got.out)
}

func TestKeys(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		keys string
		want []string // what was sent
		code int
	}{
		"editing":                  {keys: "helo\x1b[Dl\r\x04", want: []string{"hello"}},
		"Ctrl-C at the prompt":     {keys: "one\r half\x03", want: []string{"one"}, code: exitInterrupted},
		"Ctrl-D in several lines":  {keys: "one\\\r\x04"},
		"a paste waits for Enter":  {keys: "\x1b[200~a\rb\r\x1b[201~\r\x04", want: []string{"a\nb"}},
		"a paste is not a command": {keys: "\x1b[200~a\r/quit\r\x1b[201~\rz\r\x04", want: []string{"a\n/quit", "z"}},
		"a line that is too long":  {keys: strings.Repeat("x", 5000) + "\rafter\r\x04", want: []string{"after"}},
		"the end of the input":     {keys: "one\r", want: []string{"one"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			got := w.run(Terminal{In: strings.NewReader(tt.keys), Interactive: true})
			assert.Equal(t, tt.code, got.code, got.screen)
			var sent []string
			for _, line := range w.chats() {
				sent = append(sent, line[len(line)-1])
			}
			assert.Equal(t, tt.want, sent)
		})
	}
}

// chats is what the messages of every chat so far said.
func (w *world) chats() (out [][]string) {
	for i := len(w.talks()); i > 0; i-- {
		var texts []string
		for _, m := range w.said(i) {
			texts = append(texts, text(m.Content))
		}
		out = append(out, texts)
	}
	return out
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		env  map[string]string
		args []string
		in   string
		want string
	}{
		"no such flag":       {args: []string{"-nonsense"}, want: "-nonsense"},
		"an argument":        {args: []string{"hello"}, want: `"hello" is not a flag`},
		"half an address":    {env: map[string]string{"LLM_KEY": llmKey, "LLM_MODEL": "m"}, want: "LLM_BASE_URL is missing"},
		"no model":           {env: map[string]string{"LLM_BASE_URL": "http://localhost:1/v1"}, want: "LLM_MODEL is missing"},
		"a bad address":      {env: map[string]string{"LLM_BASE_URL": "ftp://x", "LLM_MODEL": "m"}, want: "must begin with https://"},
		"nothing said":       {in: " \n", want: "the input is empty"},
		"too much said":      {in: strings.Repeat("x", maxText+1), want: "over 256.0 KiB"},
		"nothing to attach":  {in: "x", args: []string{"-attach", "there-is-none"}, want: "there-is-none does not exist"},
		"no folder for it":   {in: "x", args: []string{"-history", "no/such/h.json"}, want: "there is no folder"},
		"a folder as memory": {in: "x", args: []string{"-history", "."}, want: "not a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{t: t, dir: t.TempDir(), env: tt.env}
			got := w.pipe(tt.in, tt.args...)
			assert.Equal(t, exitInput, got.code)
			assert.Contains(t, got.screen, tt.want)
			assert.Empty(t, got.out)
			assert.NotContains(t, got.screen, llmKey)
		})
	}
}

// Every kind of error says what can be done about it, and a pipe's exit code tells a part from nothing.
func TestErrors(t *testing.T) {
	t.Parallel()
	answer := func(status int, code, message string) func(*llmtest.Server) {
		return func(s *llmtest.Server) {
			s.AnswerNext("chat", status, http.Header{"Content-Type": {"application/json"}, "Retry-After": {"120"}},
				`{"error":{"message":"`+message+`","code":"`+code+`"}}`)
		}
	}
	fault := func(f llmtest.Fault) func(*llmtest.Server) { return func(s *llmtest.Server) { s.Misbehave(f) } }
	for name, tt := range map[string]struct {
		fail func(*llmtest.Server)
		code int
		want string
		out  string
	}{
		"auth":       {fail: answer(401, "invalid_api_key", "no"), code: exitFailed, want: "check LLM_KEY"},
		"quota":      {fail: answer(429, "insufficient_quota", "no"), code: exitFailed, want: "top it up"},
		"rate limit": {fail: answer(429, "rate_limit_exceeded", "no"), code: exitFailed, want: "in 2m0s"},
		"context":    {fail: answer(400, "context_length_exceeded", "no"), code: exitFailed, want: "too long for this model"},
		"filter":     {fail: answer(400, "content_filter", "no"), code: exitFailed, want: "word it differently"},
		"not found":  {fail: answer(404, "model_not_found", "no"), code: exitFailed, want: "/model lists"},
		"overloaded": {fail: answer(503, "overloaded", "no"), code: exitFailed, want: "in 2m0s"},
		"invalid":    {fail: answer(400, "weird", "no"), code: exitFailed, want: "takes no pictures"},
		"a page":     {fail: fault(llmtest.OKHTML), code: exitFailed, want: "a proxy's page"},
		"cut":        {fail: fault(llmtest.Cut), code: exitPartial, want: "what came is kept", out: "a long enough answer\n"},
		"early end":  {fail: fault(llmtest.EarlyEnd), code: exitPartial, want: "what came is kept", out: "a long enough answer\n"},
		"error":      {fail: fault(llmtest.ErrorChunk), code: exitPartial, want: "→ ", out: "a long enough answer\n"},
		"length": {
			fail: func(s *llmtest.Server) {
				s.OnChat(func(llmtest.ChatRequest) llmtest.Answer { return llmtest.Answer{Text: "half", Finish: "length"} })
			},
			code: exitPartial, want: "length limit", out: "half\n",
		},
		"filtered": {
			fail: func(s *llmtest.Server) {
				s.OnChat(func(llmtest.ChatRequest) llmtest.Answer {
					return llmtest.Answer{Text: "half", Finish: "content_filter"}
				})
			},
			code: exitPartial, want: "content filter ended it", out: "half\n",
		},
		"tool": {
			fail: func(s *llmtest.Server) {
				s.OnChat(func(llmtest.ChatRequest) llmtest.Answer {
					return llmtest.Answer{Text: "let me", Finish: "tool_calls"}
				})
			},
			code: exitPartial, want: "this program has none", out: "let me\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tt.fail(w.llm)
			got := w.pipe("a long enough answer", "-history", w.path("h.json"))
			assert.Equal(t, tt.code, got.code, got.screen)
			assert.Contains(t, got.screen, tt.want)
			assert.Equal(t, tt.out, got.out)
			turns := w.history("h.json").Turns
			if tt.code == exitFailed {
				assert.Len(t, turns, 1, "the question is kept")
				return
			}
			require.Len(t, turns, 2)
			assert.Equal(t, strings.TrimSpace(tt.out), turns[1].Text)
			assert.NotEmpty(t, turns[1].Cut, "the part is marked")
		})
	}
}

// A refusal is an answer. Of one without a text nothing goes along with the next message.
func TestRefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.llm.OnChat(func(r llmtest.ChatRequest) llmtest.Answer {
		if len(r.Messages) == 1 {
			return llmtest.Answer{Reasoning: "hm", Refusal: "I will not."}
		}
		return llmtest.Answer{Reasoning: "only thoughts"}
	})
	got := w.typed([]string{"one", "two", "three", "/history"}, "-history", w.path("h.json"))
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Equal(t, "I will not.\n", got.out)
	assert.Contains(t, got.screen, "deepseek-chat> I will not.")
	assert.Equal(t, []string{"one", "two", "three"}, w.chats()[2])
	assert.Equal(t, "I will not.", w.history("h.json").Turns[1].Refusal)
}

// What breaks off is kept, goes along as far as it came, and /retry puts a whole one in its place.
func TestRetry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.llm.Misbehave(llmtest.Cut)
	got := w.typed([]string{"/retry", "the question"}, "-history", w.path("h.json"))
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Contains(t, got.screen, "nothing was asked yet")
	assert.Contains(t, got.screen, "/retry asks again")
	turns := w.history("h.json").Turns
	require.Len(t, turns, 2)
	assert.Contains(t, turns[1].Cut, "cut off")

	w.llm.AnswerNext("chat", 401, nil, `{"error":{"message":"no"}}`)
	w.typed([]string{"/retry"}, "-history", w.path("h.json"))
	assert.Equal(t, turns, w.history("h.json").Turns, "nothing came: the part is still there")

	w.llm.OnChat(func(llmtest.ChatRequest) llmtest.Answer { return llmtest.Answer{Text: "whole"} })
	got = w.typed([]string{"/history", "/retry"}, "-history", w.path("h.json"))
	assert.Contains(t, got.screen, "not whole: llm: chat/completions: the answer was cut off", "the history marks it")
	turns = w.history("h.json").Turns
	require.Len(t, turns, 2)
	assert.Equal(t, "whole", turns[1].Text)
	assert.Empty(t, turns[1].Cut)
	assert.Equal(t, []string{"the question"}, w.chats()[len(w.chats())-1])
}

func TestCommands(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.llm.OnChat(func(r llmtest.ChatRequest) llmtest.Answer {
		if strings.HasPrefix(r.Messages[0].Text, "Based on") {
			return llmtest.Answer{Text: "“Of names.”"}
		}
		return llmtest.Answer{Reasoning: "hm", Text: r.Model, Usage: &llm.Usage{Prompt: 7, Completion: 5, Cached: 3, Reasoning: 2}}
	})
	got := w.typed([]string{
		"/title", "one", "/model", "/model gpt-4o", "two", "/title", "/new", "/new", "three", "/title Third  by   hand",
		"/history", "/history 1", "/history 3", "/history 0", "/attach nowhere.md", "four", "/nonsense", "/help", "/quit", "never said",
	}, "-v", "-history", w.path("h.json"))
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Equal(t, "deepseek-chat\ngpt-4o\ngpt-4o\ngpt-4o\n", got.out)
	for _, want := range []string{
		"nothing was said yet", "* deepseek-chat", "  gpt-4o-mini", "title: Of names", "title: Third by hand",
		"(thinking: hm)", "tokens: 7 in (3 cached), 5 out (2 reasoning), model gpt-4o, request req_",
		"  1  Of names, 4 messages", "  2  Third by hand, 2 messages", "== Of names", "there is no conversation 3", "there is no conversation 0", "error: nowhere.md does not exist",
		"there is no command /nonsense", "/attach FILE…",
	} {
		assert.Contains(t, got.screen, want)
	}
	assert.Equal(t, []string{"one", "deepseek-chat", "two", "gpt-4o", "four"}, w.chats()[len(w.chats())-1], "number 1 went on")
	a, err := OpenArchive(w.path("h.json"))
	require.NoError(t, err)
	assert.Len(t, a.Conversations, 2)
	assert.Equal(t, "Of names", a.Now().Title)
	assert.Equal(t, "hm", a.Now().Turns[1].Reasoning)
	info, err := os.Stat(w.path("h.json"))
	require.NoError(t, err)
	assert.EqualValues(t, 0o600, info.Mode().Perm())
}

// The key is shown nowhere, though the server says it.
func TestSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.llm.Misbehave(llmtest.EchoKey, llmtest.ErrorChunk)
	w.llm.AnswerNext("models", 401, nil, `{"error":{"message":"not `+llmKey+`"}}`)
	got := w.typed([]string{"one", "two", "/model", "/title", "/history"}, "-v", "-history", w.path("h.json"))
	require.Equal(t, exitDone, got.code)
	require.Contains(t, got.screen, "sk-…def", "the server did say it")
	data, err := os.ReadFile(w.path("h.json"))
	require.NoError(t, err)
	assert.NotContains(t, got.out+got.screen+string(data), llmKey)
}
