package llm_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/tinygguf"
	"github.com/kitroll/kitroll/llm"
)

// ollama is a real server, with two models that were made for this run.
type ollama struct {
	base   string
	client *llm.Client
	plain  string // a model for plain chat
	tools  string // the same, with a template that thinks and calls tools
}

// TestOllama speaks to a real server. .ci/ollama builds one, starts it and runs this test.
//
//nolint:paralleltest // the server has two cores at best, and answers one after the other
func TestOllama(t *testing.T) {
	base := os.Getenv("KITROLL_OLLAMA")
	if base == "" {
		t.Skip("needs KITROLL_OLLAMA, the base URL of an Ollama server (written for v0.17.4) in which it may make and delete models, such as http://127.0.0.1:11434/v1; .ci/ollama sets all that up")
	}
	o := newOllama(t, base)
	for _, tt := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"stream", o.stream},
		{"stream without usage", o.streamWithoutUsage},
		{"cancel", o.cancel},
		{"leave early", o.leave},
		{"chat", o.chat},
		{"n is ignored", o.n},
		{"models", o.models},
		{"no such model", o.noModel},
		{"reasoning", o.reasoning},
		{"JSON schema", o.schema},
		{"tools", o.toolCalls},
		{"responses", o.responses},
	} {
		t.Run(tt.name, tt.run)
	}
}

func (o *ollama) request(model string) *llm.Request {
	return &llm.Request{Model: model, MaxTokens: 5, Messages: []llm.Message{llm.System("Be brief."), llm.User("天空为什么是蓝色的？ Why is the sky blue?")}}
}

func (o *ollama) stream(t *testing.T) {
	t.Helper()
	for _, model := range []string{o.plain, o.tools} {
		s := o.client.Stream(t.Context(), o.request(model))
		var kinds []llm.Kind
		for ev, err := range s.Events() {
			require.NoError(t, err)
			if !slices.Contains(kinds, ev.Kind) {
				kinds = append(kinds, ev.Kind)
			}
		}
		require.Equal(t, []llm.Kind{llm.KindFinish, llm.KindUsage}, kinds[len(kinds)-2:])
		resp := s.Response()
		require.NotEmpty(t, resp.Text()+resp.Reasoning())
		require.Contains(t, []llm.Finish{llm.FinishStop, llm.FinishLength}, resp.Finish())
		require.Positive(t, resp.Usage.Prompt)
		require.True(t, resp.Usage.Completion > 0 && resp.Usage.Completion <= 5, "%+v", resp.Usage)
		require.Equal(t, resp.Usage.Prompt+resp.Usage.Completion, resp.Usage.Total)
		require.WithinDuration(t, time.Now(), resp.Created, time.Hour)
	}
}

func (o *ollama) streamWithoutUsage(t *testing.T) {
	t.Helper()
	r := o.request(o.plain)
	r.Extra = map[string]any{"stream_options": nil}
	s := o.client.Stream(t.Context(), r)
	text, err := drain(s)
	require.NoError(t, err)
	require.NotEmpty(t, text)
	require.Nil(t, s.Response().Usage)
}

// long asks for an answer of ten times the context, 20,480 tokens, the most that this server gives.
func (o *ollama) long() *llm.Request {
	r := o.request(o.plain)
	r.MaxTokens = 1_000_000
	return r
}

// free asks for another answer. A server that gives one at a time, and has not seen that nobody reads the long one any
// more, would not come to it in time.
func (o *ollama) free(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	_, err := o.client.Chat(ctx, o.request(o.plain))
	require.NoError(t, err)
}

func (o *ollama) cancel(t *testing.T) {
	t.Helper()
	why := errors.New("the reader has seen enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	s := o.client.Stream(ctx, o.long())
	n := 0
	var last error
	for ev, err := range s.Events() {
		if last = err; err != nil {
			require.Empty(t, ev)
			continue
		}
		require.NotEqual(t, llm.KindFinish, ev.Kind, "it went on to its end")
		if n++; n == 3 {
			cancel(why)
		}
	}
	require.ErrorIs(t, last, why)
	require.ErrorIs(t, last, context.Canceled)
	require.NotEmpty(t, s.Response().Text())
	o.free(t)
}

func (o *ollama) leave(t *testing.T) {
	t.Helper()
	for text, err := range o.client.Stream(t.Context(), o.long()).Text() {
		require.NoError(t, err)
		require.NotEmpty(t, text)
		break
	}
	o.free(t)
}

func (o *ollama) chat(t *testing.T) {
	t.Helper()
	resp, err := o.client.Chat(t.Context(), o.request(o.plain))
	require.NoError(t, err)
	require.NotEmpty(t, resp.Text())
	require.Equal(t, llm.FinishLength, resp.Finish())
	require.Equal(t, 5, resp.Usage.Completion)
}

func (o *ollama) n(t *testing.T) {
	t.Helper()
	r := o.request(o.plain)
	r.N = 3
	resp, err := o.client.Chat(t.Context(), r)
	require.NoError(t, err)
	require.Len(t, resp.Choices, 1)
}

func (o *ollama) models(t *testing.T) {
	t.Helper()
	ours := func(n llm.ModelName) bool { return n.Family == "kitroll" }
	models, err := listed(t, o.client.Models(t.Context(), &llm.ModelsOptions{Match: ours}))
	require.NoError(t, err)
	require.Equal(t, []string{o.tools, o.plain}, ids(models))
	for _, m := range models {
		require.WithinDuration(t, time.Now(), m.Created, time.Hour)
		require.Equal(t, "library", m.OwnedBy)
		require.Equal(t, "latest", m.Name().Tag)
	}
}

func (o *ollama) noModel(t *testing.T) {
	t.Helper()
	_, err := o.client.Chat(t.Context(), o.request("kitroll-no-such"))
	require.ErrorIs(t, err, llm.ErrNotFound)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "kitroll-no-such")
	_, err = drain(o.client.Stream(t.Context(), o.request("kitroll-no-such")))
	require.ErrorIs(t, err, llm.ErrNotFound)
}

// newOllama makes the models, and lets the end of the test delete them.
func newOllama(t *testing.T, base string) *ollama {
	t.Helper()
	c, err := llm.New(llm.Config{BaseURL: base, Dialect: llm.Ollama()})
	require.NoError(t, err)
	native := strings.TrimSuffix(strings.TrimSuffix(base, "/"), "/v1")
	file := tinygguf.Model(7)
	sum := sha256.Sum256(file)
	digest := "sha256:" + hex.EncodeToString(sum[:])
	nativeCall(t, http.MethodPost, native+"/api/blobs/"+digest, file)
	o := &ollama{base: base, client: c, plain: "kitroll-tiny:latest", tools: "kitroll-tiny-tools:latest"}
	for model, template := range map[string]string{
		o.plain: "{{ range .Messages }}{{ .Role }}: {{ .Content }}\n{{ end }}assistant: ",
		o.tools: `{{ if .Tools }}tools {{ .Tools }} <tool_call>{{ end }}{{ range .Messages }}{{ .Role }}: ` +
			`{{ if and (eq .Role "assistant") .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ .Content }}` +
			`{{ range .ToolCalls }}<tool_call>{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}</tool_call>{{ end }}` +
			"\n{{ end }}assistant: <think>",
	} {
		body, err := json.Marshal(map[string]any{
			"model": model, "files": map[string]string{"tiny.gguf": digest}, "template": template, "stream": false,
			"parameters": map[string]any{"num_predict": 24, "num_ctx": 2048},
		})
		require.NoError(t, err)
		nativeCall(t, http.MethodPost, native+"/api/create", body)
		t.Cleanup(func() { nativeCall(t, http.MethodDelete, native+"/api/delete", []byte(`{"model":"`+model+`"}`)) })
	}
	return o
}

// nativeCall is a call of Ollama's own API.
func nativeCall(t *testing.T, method, url string, body []byte) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // which has ended in a cleanup
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Less(t, resp.StatusCode, 300, "%s %s: %s", method, url, data)
}
