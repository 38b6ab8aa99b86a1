package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
	"github.com/kitroll/kitroll/llm/sse"
)

const llmKey = "sk-chatweb-0123456789abcdef"

// world is a provider on loopback that knows which calls are open, and the page in front of it.
type world struct {
	t     *testing.T
	llm   *llmtest.Server
	base  string // of the provider
	page  *httptest.Server
	url   string   // of the page
	ended chan end // of each call to the provider

	mu   sync.Mutex
	open int
}

// end is when a call to the provider ended, and whether it was ended from here.
type end struct {
	at   time.Time
	gone bool
}

// newWorld opens both; change may change the server before it serves.
func newWorld(t *testing.T, change func(*server)) *world {
	t.Helper()
	srv, err := llmtest.Open(llmtest.Options{Key: llmKey})
	require.NoError(t, err)
	w := &world{t: t, llm: srv, ended: make(chan end, 100)}
	provider := httptest.NewServer(http.HandlerFunc(w.count))
	t.Cleanup(func() { provider.CloseClientConnections(); provider.Close(); srv.Close() })
	w.base = provider.URL + "/v1"
	client, err := llm.New(llm.Config{BaseURL: w.base, Key: llmKey, Retry: llm.Retry{Max: new(0)}})
	require.NoError(t, err)
	s := &server{
		platform: &Platform{Streamer: client, Name: "here", Model: "deepseek-chat"}, system: "Be brief.", markdown: NewMarkdown(),
		pace: pace{heartbeat: time.Minute, write: time.Minute, body: time.Minute}, slots: make(chan struct{}, 2),
	}
	if change != nil {
		change(s)
	}
	h, err := s.handler()
	require.NoError(t, err)
	w.page = httptest.NewServer(h)
	w.url = w.page.URL
	t.Cleanup(func() { w.page.CloseClientConnections(); w.page.Close() })
	return w
}

// count is the provider, with an eye on its open calls.
func (w *world) count(rw http.ResponseWriter, r *http.Request) {
	w.add(1)
	defer func() {
		w.add(-1)
		w.ended <- end{time.Now(), r.Context().Err() != nil}
	}()
	w.llm.ServeHTTP(rw, r)
}

func (w *world) add(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open += n
}

// calls is how many calls to the provider are open.
func (w *world) calls() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.open
}

// says makes the provider give these answers, one after the other, and the last one for ever.
func (w *world) says(answers ...llmtest.Answer) {
	var mu sync.Mutex
	w.llm.OnChat(func(llmtest.ChatRequest) llmtest.Answer {
		mu.Lock()
		defer mu.Unlock()
		a := answers[0]
		if len(answers) > 1 {
			answers = answers[1:]
		}
		return a
	})
}

// endless is an answer that takes longer than any test.
func endless() llmtest.Answer {
	return llmtest.Answer{Text: strings.Repeat("word ", 100_000), Runes: 5, Delay: 20 * time.Millisecond}
}

// request is a question as the page asks it.
func (w *world) request(body string, header ...string) *http.Request {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url+"/chat", strings.NewReader(body))
	require.NoError(w.t, err)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
		req.Header.Set(header[i], header[i+1])
	}
	return req
}

func (w *world) do(req *http.Request) *http.Response {
	w.t.Helper()
	resp, err := w.page.Client().Do(req)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// ask is the question of one message.
func ask(text string) string {
	data, _ := json.Marshal(map[string]any{"messages": []any{map[string]string{"role": "user", "text": text}}})
	return string(data)
}

// event is what came of one event.
type event struct {
	name string
	data map[string]any
}

// events reads a stream to its end.
func (w *world) events(body io.Reader) (out []event) {
	w.t.Helper()
	for ev, err := range sse.NewReader(body, nil).Events() {
		require.NoError(w.t, err)
		e := event{name: ev.Type}
		require.NoError(w.t, json.Unmarshal(ev.Data, &e.data))
		out = append(out, e)
	}
	return out
}

// joined is the text of all events of a name.
func joined(events []event, name, field string) string {
	var b strings.Builder
	for _, e := range events {
		if text, ok := e.data[field].(string); ok && e.name == name {
			b.WriteString(text)
		}
	}
	return b.String()
}
