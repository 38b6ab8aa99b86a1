package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm/llmtest"
)

// An answer arrives as it is given: reasoning, text, each block as soon as it is whole, and in the end all of it.
func TestAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.says(llmtest.Answer{Reasoning: "hm, hm", Text: "# One\n\ntwo **three**\n\n<b>four</b>"})
	resp := w.do(w.request(`{"messages":[{"role":"user","text":"a"},{"role":"assistant","text":""},{"role":"assistant","text":"b"},{"role":"user","text":"c"}]}`))
	require.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Equal(t, "text/event-stream; charset=utf-8", resp.Header.Get("Content-Type"))
	assert.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
	events := w.events(resp.Body)
	assert.Equal(t, "hm, hm", joined(events, "reasoning", "text"))
	assert.Equal(t, "# One\n\ntwo **three**\n\n<b>four</b>", joined(events, "text", "text"))
	assert.Equal(t, "<h1>One</h1>\n<p>two <strong>three</strong></p>\n", joined(events, "blocks", "html"))
	last := events[len(events)-1]
	assert.Equal(t, "finish", last.name)
	assert.Equal(t, "<h1>One</h1>\n<p>two <strong>three</strong></p>\n<p>&lt;b&gt;four&lt;/b&gt;</p>\n", last.data["html"])
	assert.NotContains(t, last.data, "cut")
	usage, _ := last.data["usage"].(map[string]any)
	assert.EqualValues(t, 39, usage["Completion"])
	w.says(llmtest.Answer{Text: "[a]: <b>\n\n" + strings.Repeat("> ", maxDepth+1) + "<c>\n\nend"})
	events = w.events(w.do(w.request(ask("1"))).Body)
	assert.Equal(t, "<p>[a]: &lt;b&gt;\n\n</p><p>"+strings.Repeat("&gt; ", maxDepth+1)+"&lt;c&gt;\n\n</p>", joined(events, "blocks", "html"))
	assert.Empty(t, events[len(events)-1].data["html"], "the page shows the text")

	sent := string(w.llm.Requests()[0].Body)
	assert.Contains(t, sent, `"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]`)
}

// What breaks off is shown as far as it came, with the reason and what can be done.
func TestBrokenAnswers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fail       func(w *world)
		name, html string
		want       string
	}{
		"cut":     {func(w *world) { w.llm.Misbehave(llmtest.Cut) }, "error", "<p>a <em>long</em> answer</p>\n", "what came is kept"},
		"in 200":  {func(w *world) { w.llm.Misbehave(llmtest.OKError) }, "error", "", "refuses the request"},
		"key":     {func(w *world) { w.llm.Misbehave(llmtest.EchoKey) }, "error", "", "check LLM_KEY"},
		"length":  {func(w *world) { w.says(llmtest.Answer{Text: "half", Finish: "length"}) }, "finish", "<p>half</p>\n", "length limit"},
		"refusal": {func(w *world) { w.says(llmtest.Answer{Refusal: "no"}) }, "finish", "<p>no</p>\n", ""},
		"too long": {func(w *world) {
			w.says(llmtest.Answer{Text: strings.Repeat("x", maxMarkdown+1), Runes: 100_000})
		}, "finish", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			tt.fail(w)
			events := w.events(w.do(w.request(ask("a *long* answer"))).Body)
			last := events[len(events)-1]
			assert.Equal(t, tt.name, last.name)
			assert.Equal(t, tt.html, last.data["html"])
			assert.Contains(t, fmt.Sprint(last.data), tt.want)
			assert.NotContains(t, fmt.Sprint(events), llmKey)
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	many := strings.Repeat(`{"role":"user","text":"x"},`, maxMessages) + `{"role":"user","text":"x"}`
	for name, tt := range map[string]struct {
		body   string
		header []string
		status int
		want   string
	}{
		"not JSON":           {body: "hello", status: 400, want: "not what this page sends"},
		"two values":         {body: ask("a") + ask("b"), status: 400, want: "not what this page sends"},
		"unknown member":     {body: `{"model":"gpt-5","messages":[]}`, status: 400, want: "not what this page sends"},
		"no message":         {body: `{"messages":[]}`, status: 400, want: "no message"},
		"too many":           {body: `{"messages":[` + many + `]}`, status: 400, want: "over 400 messages"},
		"too large":          {body: ask(strings.Repeat("x", maxBody)), status: 413, want: "larger than 1048576 bytes"},
		"system":             {body: `{"messages":[{"role":"system","text":"x"}]}`, status: 400, want: "neither the user's"},
		"last is the model":  {body: `{"messages":[{"role":"assistant","text":"x"}]}`, status: 400, want: "not the user's"},
		"empty":              {body: ask(" "), status: 400, want: "empty"},
		"a form":             {body: ask("a"), header: []string{"Content-Type", "text/plain"}, status: 415, want: "application/json"},
		"another site":       {body: ask("a"), header: []string{"Sec-Fetch-Site", "cross-site"}, status: 403},
		"a neighbour":        {body: ask("a"), header: []string{"Sec-Fetch-Site", "same-site"}, status: 403},
		"another origin":     {body: ask("a"), header: []string{"Origin", "https://evil.example"}, status: 403},
		"no origin":          {body: ask("a"), header: []string{"Origin", "null"}, status: 403},
		"a name led here":    {body: ask("a"), header: []string{"Host", "evil.example:8080"}, status: 421, want: "-host"},
		"one that was named": {body: ask("a"), header: []string{"Host", "Chat.example"}, status: 200},
		"without a port":     {body: ask("a"), header: []string{"Host", "[::1]"}, status: 200},
		"this page":          {body: ask("a"), header: []string{"Sec-Fetch-Site", "same-origin", "Host", "[::1]:80", "Origin", "http://[::1]:80"}, status: 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(s *server) { s.hosts = []string{"chat.example"} })
			resp := w.do(w.request(tt.body, tt.header...))
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			assert.Equal(t, tt.status, resp.StatusCode)
			assert.Contains(t, string(body), tt.want)
			assert.Equal(t, tt.status == http.StatusOK, len(w.llm.Requests()) == 1, "what is refused goes nowhere")
		})
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *server) { s.platform.Model = "<b>evil</b>" })
	for path, want := range map[string]struct {
		status     int
		kind, text string
	}{
		"/": {200, "text/html; charset=utf-8", "&lt;b&gt;evil&lt;/b&gt;"}, "/app.js": {200, "text/javascript; charset=utf-8", "createPolicy"},
		"/style.css": {200, "text/css; charset=utf-8", "prefers-color-scheme"}, "/chat": {405, "text/plain; charset=utf-8", ""},
		"/page/index.html": {404, "text/plain; charset=utf-8", ""}, "/favicon.ico": {404, "text/plain; charset=utf-8", ""},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.page.URL+path, nil)
		require.NoError(t, err)
		resp := w.do(req)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		assert.Equal(t, want.status, resp.StatusCode, path)
		assert.Equal(t, want.kind, resp.Header.Get("Content-Type"), path)
		assert.Contains(t, string(body), want.text, path)
		assert.Contains(t, resp.Header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'", path)
		assert.NotContains(t, resp.Header.Get("Content-Security-Policy"), "unsafe", path)
		assert.Equal(t, "nosniff", resp.Header.Get("X-Content-Type-Options"), path)
		assert.NotContains(t, string(body), llmKey)
	}
}

// Only so many answers at once; the place of one that ended is free.
func TestStreamsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.says(endless())
	first := w.do(w.request(ask("1")))
	w.do(w.request(ask("2")))
	third := w.do(w.request(ask("3")))
	assert.Equal(t, http.StatusServiceUnavailable, third.StatusCode)
	assert.Equal(t, "5", third.Header.Get("Retry-After"))
	first.Body.Close()
	<-w.ended
	require.Eventually(t, func() bool { return w.do(w.request(ask("4"))).StatusCode == http.StatusOK }, 30*time.Second, 20*time.Millisecond)
}

// Whoever goes ends the call: nothing more is paid for.
func TestGoneBrowserEndsTheCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.says(endless())
	ctx, cancel := context.WithCancel(t.Context())
	resp := w.do(w.request(ask("1")).WithContext(ctx))
	line, err := bufio.NewReader(resp.Body).ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, ": begun\n", line)
	require.Eventually(t, func() bool { return w.calls() == 1 }, 30*time.Second, time.Millisecond)
	cancel()
	assert.True(t, (<-w.ended).gone)
	assert.Zero(t, w.calls())
}

// A browser that is there and does not read, as one on a laptop that was shut, does not hold a call for ever.
func TestDeafBrowserEndsTheCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *server) { s.pace.write = 200 * time.Millisecond })
	w.says(llmtest.Answer{Text: strings.Repeat("x", 16<<20), Runes: 1 << 20, Delay: 50 * time.Millisecond}) // no buffer of a socket takes that
	w.speak("application/json", ask("1"), 0)
	assert.True(t, (<-w.ended).gone)
	assert.Zero(t, w.calls())
}

// speak asks by hand, with a number of bytes of the question still to come.
func (w *world) speak(kind, body string, missing int) net.Conn {
	w.t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(w.t.Context(), "tcp", strings.TrimPrefix(w.url, "http://"))
	require.NoError(w.t, err)
	w.t.Cleanup(func() { conn.Close() })
	tcp, ok := conn.(*net.TCPConn)
	require.True(w.t, ok)
	require.NoError(w.t, tcp.SetReadBuffer(64<<10))
	_, err = fmt.Fprintf(conn, "POST /chat HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", kind, len(body)+missing, body)
	require.NoError(w.t, err)
	return conn
}

// A question that never ends is not waited for, and one that takes its time is not cut off later for it.
func TestSlowQuestion(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *server) { s.pace.body = 200 * time.Millisecond })
	for status, kind := range map[string]string{"400": "application/json", "415": "text/plain"} {
		answer, err := io.ReadAll(w.speak(kind, ask("1")[:10], 100)) // to the end of the connection
		require.NoError(t, err)
		assert.Contains(t, string(answer), "HTTP/1.1 "+status)
	}
	assert.Empty(t, w.llm.Requests())
	w.says(llmtest.Answer{Text: "late", Delay: 400 * time.Millisecond})
	events := w.events(w.do(w.request(ask("2"))).Body)
	assert.Equal(t, "finish", events[len(events)-1].name, "the time for the question is not that of the answer")
}

// A silent line is kept open, and a comment is no event.
func TestHeartbeat(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *server) { s.pace.heartbeat = 10 * time.Millisecond })
	w.says(llmtest.Answer{Text: "a", Delay: 100 * time.Millisecond})
	body, err := io.ReadAll(w.do(w.request(ask("1"))).Body)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, strings.Count(string(body), ": still there\n\n"), 3)
	assert.Equal(t, "a", joined(w.events(strings.NewReader(string(body))), "text", "text"))
}

// The deadline of a stream is not that of the next request on its connection.
func TestConnectionIsUsedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *server) { s.pace.write = time.Second })
	client := w.page.Client()
	resp, err := client.Do(w.request(ask("1")))
	require.NoError(t, err)
	events := w.events(resp.Body)
	resp.Body.Close()
	assert.Equal(t, "finish", events[len(events)-1].name)
	time.Sleep(1200 * time.Millisecond) // the deadline of the first is over
	resp, err = client.Do(w.request("x", "Content-Type", "text/plain"))
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusUnsupportedMediaType, resp.StatusCode)
}

// The program ends when it is told to, and so does what is under way: the page hears of it.
func TestRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.says(endless())
	for name, tt := range map[string]struct {
		args []string
		env  map[string]string
		want string
	}{
		"no such flag":  {args: []string{"-x"}, want: "-x"},
		"an argument":   {args: []string{"x"}, want: "not a flag"},
		"no stream":     {args: []string{"-streams", "0"}, want: "less than 1"},
		"no port":       {args: []string{"-addr", "localhost"}, want: "not an address"},
		"for everybody": {args: []string{"-addr", ":0"}, want: "no login"},
		"half a name":   {env: map[string]string{"LLM_MODEL": "m"}, want: "LLM_BASE_URL is missing"},
		"half, too":     {env: map[string]string{"LLM_BASE_URL": w.base}, want: "LLM_MODEL is missing"},
		"no address":    {env: map[string]string{"LLM_BASE_URL": "ftp://x", "LLM_MODEL": "m"}, want: "https://"},
	} {
		var out, screen strings.Builder
		assert.Equal(t, exitInput, run(t.Context(), tt.args, &out, &screen, func(n string) string { return tt.env[n] }), name)
		assert.Contains(t, screen.String(), tt.want, name)
		assert.Empty(t, out.String(), name)
	}
	var out, help strings.Builder
	assert.Equal(t, exitDone, run(t.Context(), []string{"-h"}, &out, &help, func(string) string { return "" }))
	assert.Contains(t, help.String(), "LLM_BASE_URL")

	env := map[string]string{"LLM_BASE_URL": w.base, "LLM_MODEL": "deepseek-chat", "LLM_KEY": llmKey}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, address := io.Pipe()
	code := make(chan int, 1)
	var screen strings.Builder
	go func() {
		code <- run(ctx, []string{"-addr", "127.0.0.1:0"}, address, &screen, func(n string) string { return env[n] })
	}()
	at, err := bufio.NewReader(r).ReadString('\n')
	require.NoError(t, err)
	w.url = strings.TrimSuffix(at, "/\n")
	resp, err := (&http.Client{}).Do(w.request(ask("1")))
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Eventually(t, func() bool { return w.calls() == 1 }, 30*time.Second, time.Millisecond)
	cancel()
	events := w.events(resp.Body)
	assert.Equal(t, "the program behind this page is ending", events[len(events)-1].data["message"])
	assert.Equal(t, exitDone, <-code)
	assert.NotContains(t, screen.String(), llmKey)
	<-w.ended
}

// Without a key and without a network.
func TestDemo(t *testing.T) {
	t.Parallel()
	p, err := openPlatform(&flags{}, func(string) string { return "" })
	require.NoError(t, err)
	defer p.Close()
	w := newWorld(t, func(s *server) { s.platform = p })
	events := w.events(w.do(w.request(ask("Why is the sky blue?"))).Body)
	assert.Contains(t, joined(events, "reasoning", "text"), "message 1 of this tab")
	last := events[len(events)-1]
	assert.Contains(t, last.data["html"], "<blockquote>\n<p>Why is the sky blue?</p>")
	assert.Contains(t, last.data["html"], "<th>what</th>")
	assert.Contains(t, last.data["html"], "&lt;b&gt;text")
}
