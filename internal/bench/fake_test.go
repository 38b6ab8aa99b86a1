package main_test

import (
	"context"
	"encoding/base64"
	"errors"
	"image/png"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
)

// client is one that others wrote, reduced to what package llmtest serves. That they work on it shows that it is faithful
// to more than our own reading of the API.
type client interface {
	chat(ctx context.Context, r request) (reply, error)
	stream(ctx context.Context, r request) (reply, error)
	image(ctx context.Context, model, prompt string) ([]byte, error)
	models(ctx context.Context) ([]string, error)
	failure(err error) failure
}

type request struct {
	model    string
	user     string
	tool     bool   // offer the tool "weather"
	called   []call // what the model called in its last turn, answered by result
	result   string
	tooHot   bool // an invalid temperature
	numbered int  // n
}

type reply struct {
	texts                     []string // of each choice
	reasoning                 string
	finish                    string
	prompt, completion, total int64 // tokens
	calls                     []call
}

type call struct{ id, name, arguments string }

type failure struct {
	status                    int
	code, typ, param, message string
}

// both opens a server on a port for each of the clients.
func both(t *testing.T, f func(*testing.T, *llmtest.Server, client)) {
	t.Helper()
	for name, open := range map[string]func(base, key string) client{"openai-go": newOfficial, "go-openai": newOther} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := llmtest.NewServer()
			t.Cleanup(srv.Close)
			web := httptest.NewServer(srv)
			t.Cleanup(web.Close)
			f(t, srv, open(web.URL+"/v1", llmtest.Key))
		})
	}
}

func TestFake_chat(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, srv *llmtest.Server, c client) {
		t.Helper()
		srv.OnChat(func(r llmtest.ChatRequest) llmtest.Answer {
			return llmtest.Answer{
				Reasoning: "先想一想", Text: "天空是蓝色的 \"<&>\" \\ 😀: " + r.Messages[0].Text, Finish: "length",
				Usage: &llm.Usage{Prompt: 3, Completion: 20, Total: 23, Reasoning: 4},
			}
		})
		for name, ask := range map[string]func(context.Context, request) (reply, error){"whole": c.chat, "streamed": c.stream} {
			got, err := ask(t.Context(), request{model: "deepseek-reasoner", user: "why?", numbered: 2})
			require.NoError(t, err, name)
			want := "天空是蓝色的 \"<&>\" \\ 😀: why?"
			assert.Equal(t, reply{
				texts: []string{want, want}, reasoning: "先想一想", finish: "length", prompt: 3, completion: 20, total: 23,
			}, got, name)
		}
		require.Len(t, srv.Requests(), 2)
		assert.Equal(t, "/v1/chat/completions", srv.Requests()[1].Path)
	})
}

// A conversation with a tool: the call, its result, the answer.
func TestFake_tools(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, srv *llmtest.Server, c client) {
		t.Helper()
		wish := []llm.ToolCall{
			{Index: 0, ID: "call_1", Name: "weather", Arguments: `{"city":"Paris"}`},
			{Index: 1, ID: "call_2", Name: "weather", Arguments: `{"city":"上海"}`},
		}
		srv.OnChat(func(r llmtest.ChatRequest) llmtest.Answer {
			last := r.Messages[len(r.Messages)-1]
			if last.Role == "tool" {
				return llmtest.Answer{Text: last.Text + " for " + last.ToolCallID}
			}
			if len(r.Tools) != 1 || r.Tools[0].Name != "weather" {
				return llmtest.Answer{Text: "no tool"}
			}
			return llmtest.Answer{ToolCalls: wish}
		})
		for name, ask := range map[string]func(context.Context, request) (reply, error){"whole": c.chat, "streamed": c.stream} {
			r := request{model: "gpt-4o", user: "weather?", tool: true}
			got, err := ask(t.Context(), r)
			require.NoError(t, err, name)
			assert.Equal(t, "tool_calls", got.finish, name)
			require.Equal(t, []call{{"call_1", "weather", `{"city":"Paris"}`}, {"call_2", "weather", `{"city":"上海"}`}}, got.calls, name)
			r.called, r.result = got.calls, "rain"
			got, err = ask(t.Context(), r)
			require.NoError(t, err, name)
			assert.Equal(t, []string{"rain for call_2"}, got.texts, name)
			assert.Equal(t, "stop", got.finish, name)
		}
	})
}

func TestFake_image(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, srv *llmtest.Server, c client) {
		t.Helper()
		data, err := c.image(t.Context(), "dall-e-3", "a cat")
		require.NoError(t, err)
		_, err = png.Decode(strings.NewReader(string(data)))
		require.NoError(t, err)
		assert.Equal(t, 1, srv.ImagesMade())
		_, err = c.image(t.Context(), "gpt-4o", "a cat")
		assert.Equal(t, 400, c.failure(err).status)
		assert.Equal(t, 1, srv.ImagesMade())
	})
}

func TestFake_models(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, _ *llmtest.Server, c client) {
		t.Helper()
		models, err := c.models(t.Context())
		require.NoError(t, err)
		assert.Equal(t, llmtest.DefaultModels(), models)
	})
}

func TestFake_errors(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, srv *llmtest.Server, c client) {
		t.Helper()
		for name, ask := range map[string]func(context.Context, request) (reply, error){"whole": c.chat, "streamed": c.stream} {
			_, err := ask(t.Context(), request{model: "none", user: "x"})
			f := c.failure(err)
			assert.Equal(t, 404, f.status, name)
			assert.Equal(t, "model_not_found", f.code, name)
			assert.Equal(t, "invalid_request_error", f.typ, name)
			assert.Contains(t, f.message, "`none` does not exist", name)

			_, err = ask(t.Context(), request{model: "gpt-4o", user: "x", tooHot: true})
			f = c.failure(err)
			assert.Equal(t, 400, f.status, name)
			assert.Equal(t, "temperature", f.param, name)

			srv.Misbehave(llmtest.EchoKey)
			_, err = ask(t.Context(), request{model: "gpt-4o", user: "x"})
			f = c.failure(err)
			assert.Equal(t, 401, f.status, name)
			assert.Equal(t, "invalid_api_key", f.code, name)
		}
		srv.Misbehave(llmtest.Cut)
		_, err := c.stream(t.Context(), request{model: "gpt-4o", user: "x"})
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	})
}

func decodeImage(b64 string, n int) ([]byte, error) {
	if n != 1 {
		return nil, errors.New("not one image")
	}
	return base64.StdEncoding.DecodeString(b64)
}
