package llm_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
)

func respond(t *testing.T, body string) *llm.Client {
	t.Helper()
	c, tr := mocked(t, nil)
	tr.RegisterResponder("POST", mockURL, httpmock.NewStringResponder(200, body))
	return c
}

// Answers of several choices come interleaved, and nothing of one may end up in another.
func TestStream_choices(t *testing.T) {
	t.Parallel()
	s := respond(t, strings.ReplaceAll(`data: {"choices":[{"index":1,"delta":{"content":"B1"}},{"index":0,"delta":{"reasoning":"r"}}]}
data: {"choices":[{"index":0,"delta":{"content":"A1"}}]}
data: {"choices":[{"index":1,"delta":{"content":"B2"},"finish_reason":"length"}]}
data: {"choices":[{"index":0,"delta":{"content":"A2"}}]}
data: {"choices":[{"index":0,"delta":{"refusal":"no"},"finish_reason":"content_filter"}]}
data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}
data: [DONE]
`, "\n", "\n\n")).Stream(t.Context(), hello())
	var got []llm.Event
	for ev, err := range s.Events() {
		require.NoError(t, err)
		got = append(got, ev)
	}
	require.Equal(t, []llm.Event{
		{Kind: llm.KindText, Choice: 1, Text: "B1"},
		{Kind: llm.KindReasoning, Text: "r"},
		{Kind: llm.KindText, Text: "A1"},
		{Kind: llm.KindText, Choice: 1, Text: "B2"},
		{Kind: llm.KindText, Text: "A2"},
		{Kind: llm.KindRefusal, Text: "no"},
		{Kind: llm.KindFinish, Finish: "content_filter"},
		{Kind: llm.KindFinish, Choice: 1, Finish: "length"},
		{Kind: llm.KindUsage, Usage: &llm.Usage{Prompt: 1, Completion: 1, Total: 2}},
	}, got)
	resp := s.Response()
	require.Equal(t, "A1A2", resp.Text())
	require.Equal(t, "no", resp.Message().Refusal)
	require.Equal(t, "B1B2", resp.Choices[1].Message.Text())
}

// One choice that has not ended makes the whole answer one that was cut.
func TestStream_oneChoiceCut(t *testing.T) {
	t.Parallel()
	_, err := drain(respond(t, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"},{\"index\":1,\"delta\":{\"content\":\"b\"}}]}\n\ndata: [DONE]\n\n").Stream(t.Context(), hello()))
	require.ErrorIs(t, err, llm.ErrTruncated)
}

func TestStream_oddBodies(t *testing.T) {
	t.Parallel()
	const end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
	for name, tt := range map[string]struct {
		body string
		text string
		kind error
	}{
		"second event that is not JSON":     {body: "data: ping\n\ndata: pong\n\n" + end, kind: llm.ErrServer},
		"not JSON after the first chunk":    {body: "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: ping\n\n" + end, text: "a", kind: llm.ErrServer},
		"broken JSON":                       {body: "data: {\"choices\":[{\"delta\":{\"content\":\"a}\n\n" + end, kind: llm.ErrServer},
		"list with an error":                {body: "data: [{\"error\":{\"message\":\"x\",\"code\":400}}]\n\n" + end + "x", kind: llm.ErrInvalid},
		"named pings":                       {body: "event: ping\ndata: {}\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n" + end, text: "a"},
		"DONE with blanks":                  {body: strings.ReplaceAll(end, "[DONE]", "[DONE]  "), text: ""},
		"DONE alone":                        {body: "data: [DONE]\n\n", kind: llm.ErrTruncated},
		"only pings":                        {body: "data: {}\n\ndata: {}\n\n", kind: llm.ErrTruncated},
		"after DONE":                        {body: end + "data: {\"error\":\"late\"}\n\n"},
		"error after the finish":            {body: strings.ReplaceAll(end, "data: [DONE]", "data: {\"error\":\"late\"}"), kind: llm.ErrServer},
		"comments only":                     {body: ": a\n\n: b\n\n", kind: llm.ErrNotStream},
		"an object without choices":         {body: `{"hello":"world"}`, kind: llm.ErrNotStream},
		"a whole answer, unfinished":        {body: `{"choices":[{"message":{"content":"a"}}]}`, text: "a"},
		"an answer with a mark":             {body: "\uFEFF" + `{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}`, text: "a"},
		"not JSON though it begins so":      {body: `{hello}`, kind: llm.ErrNotStream},
		"last event is [DONE], no line end": {body: strings.TrimRight(end, "\n")},
		"last events without blank lines":   {body: "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\ndata: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\ndata: [DONE]", text: "a"},
		"last event is cut":                 {body: "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"choices\":[{\"delta\":{},\"finish_reason\":\"st", text: "a", kind: llm.ErrTruncated},
		"finish of another provider":        {body: strings.ReplaceAll(end, `"stop"`, `"network_error"`), kind: llm.ErrServer},
		"no resources":                      {body: strings.ReplaceAll(end, `"stop"`, `"insufficient_system_resource"`), kind: llm.ErrOverloaded},
		"complaint without error":           {body: "data: {\"code\":20012,\"message\":\"no\",\"data\":null}\n\n" + end, kind: llm.ErrServer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := respond(t, tt.body).Stream(t.Context(), hello())
			_, err := drain(s)
			if tt.kind == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, tt.kind)
			}
			require.Equal(t, tt.text, s.Response().Text())
		})
	}
}

func TestFinish_Normal(t *testing.T) {
	t.Parallel()
	for in, want := range map[llm.Finish]llm.Finish{
		"stop": llm.FinishStop, "function_call": llm.FinishToolCalls, "sensitive": llm.FinishContentFilter,
		"network_error": llm.FinishError, "insufficient_system_resource": llm.FinishError, "something": "something",
	} {
		assert.Equal(t, want, in.Normal())
	}
}

func TestStream_once(t *testing.T) {
	t.Parallel()
	srv := llmtest.NewServer()
	defer srv.Close()
	c, err := llm.New(srv.Config())
	require.NoError(t, err)
	s := c.Stream(t.Context(), chat())
	require.Empty(t, srv.Requests(), "nothing is sent before the loop")
	text, err := drain(s)
	require.NoError(t, err)
	require.Equal(t, "Hello", text)
	_, err = drain(s)
	require.ErrorContains(t, err, "read before")
	require.Equal(t, "Hello", s.Response().Text())
	require.Len(t, srv.Requests(), 1)
}

// Pieces handed out earlier must not change when more comes.
func TestStream_piecesStay(t *testing.T) {
	t.Parallel()
	srv := llmtest.NewServer()
	defer srv.Close()
	long := strings.Repeat("天空是蓝色的 because \"of\" it. ", 500)
	srv.OnChat(func(llmtest.ChatRequest) llmtest.Answer { return llmtest.Answer{Text: long, Runes: 3} })
	c, err := llm.New(srv.Config())
	require.NoError(t, err)
	var pieces []string
	for p, err := range c.Stream(t.Context(), chat()).Text() {
		require.NoError(t, err)
		pieces = append(pieces, p)
	}
	require.Equal(t, long, strings.Join(pieces, ""))
}

// Whatever ends a stream closes what is behind it: the connection, and with it the goroutines of net/http. None is the
// package's own.
func TestStream_leavesNothing(t *testing.T) {
	t.Parallel()
	for name, use := range map[string]func(s *llm.Stream) error{
		"left early": func(s *llm.Stream) error {
			for _, err := range s.Events() {
				return err
			}
			return errors.New("nothing came")
		},
		"text left early": func(s *llm.Stream) error {
			for _, err := range s.Text() {
				return err
			}
			return errors.New("nothing came")
		},
		"never begun": func(*llm.Stream) error { return nil },
		"panic in the loop": func(s *llm.Stream) (err error) {
			defer func() { _ = recover() }()
			for _, err := range s.Events() {
				panic(err)
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			closed := make(chan struct{}, 1)
			tr := httpmock.NewMockTransport()
			tr.RegisterResponder("POST", mockURL, func(r *http.Request) (*http.Response, error) {
				resp := httpmock.NewStringResponse(200, "")
				resp.Body = &endless{closed: closed}
				return resp, nil
			})
			c, err := llm.New(llm.Config{BaseURL: "https://api.example.com/v1", HTTPClient: &http.Client{Transport: tr}})
			require.NoError(t, err)
			require.NoError(t, use(c.Stream(t.Context(), hello())))
			if tr.GetTotalCallCount() > 0 {
				select {
				case <-closed:
				default:
					t.Error("the body is still open")
				}
			}
		})
	}
}

// endless is a stream without an end.
type endless struct{ closed chan struct{} }

func (e *endless) Read(p []byte) (int, error) {
	return copy(p, "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"), nil
}

func (e *endless) Close() error {
	select {
	case e.closed <- struct{}{}:
	default:
	}
	return nil
}

// A thousand streams left early leave nothing: no goroutine, no connection, on either side.
//
//nolint:paralleltest // counts goroutines, which are the whole process's
func TestStream_goroutines(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	var opened, closed atomic.Int32
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n")
			_ = rc.Flush()
			time.Sleep(time.Millisecond)
		}
	}))
	web.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			opened.Add(1)
		case http.StateClosed:
			closed.Add(1)
		default:
		}
	}
	web.Start()
	tr := &http.Transport{}
	c, err := llm.New(llm.Config{BaseURL: web.URL, HTTPClient: &http.Client{Transport: tr}})
	require.NoError(t, err)
	before := runtime.NumGoroutine()
	for range 1000 {
		for _, err := range c.Stream(t.Context(), hello()).Events() {
			require.NoError(t, err)
			break
		}
	}
	require.EqualValues(t, 1000, opened.Load())
	for deadline := time.Now().Add(time.Minute); closed.Load() < opened.Load() || runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		require.True(t, time.Now().Before(deadline), "%d connections opened, %d closed; %d goroutines before, %d now", opened.Load(), closed.Load(), before, runtime.NumGoroutine())
	}

	s := c.Stream(t.Context(), hello())
	for _, err := range s.Events() {
		require.NoError(t, err)
		require.LessOrEqual(t, runtime.NumGoroutine(), before+5, "net/http's two on this side, and its own on the server's")
		break
	}
	tr.CloseIdleConnections()
	web.Close()
	goleak.VerifyNone(t, ignore)
}

// A connection is used again after a whole answer.
func TestStream_keepsConnection(t *testing.T) {
	t.Parallel()
	srv := llmtest.NewServer()
	defer srv.Close()
	connections := map[string]bool{}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connections[r.RemoteAddr] = true
		srv.ServeHTTP(w, r)
		time.Sleep(5 * time.Millisecond) // so that the end of the body comes behind [DONE], in a packet of its own
	}))
	defer web.Close()
	c, err := llm.New(llm.Config{BaseURL: web.URL, Key: llmtest.Key, HTTPClient: &http.Client{Transport: &http.Transport{}}})
	require.NoError(t, err)
	for range 5 {
		_, err := drain(c.Stream(t.Context(), chat()))
		require.NoError(t, err)
	}
	require.Len(t, connections, 1)
}
