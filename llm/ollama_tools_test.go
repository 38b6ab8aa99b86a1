package llm_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
)

// What the model says is noise, its weights being random; what counts is the form in which it comes.

func (o *ollama) reasoning(t *testing.T) {
	t.Helper()
	resp := ask(t, o.client, o.request(o.tools), true)
	require.NotEmpty(t, resp.Reasoning())
	require.Equal(t, "reasoning", resp.Message().ReasoningField)

	r := o.request(o.tools)
	r.Reasoning.Off = true
	resp = ask(t, o.client, r, true)
	require.Empty(t, resp.Reasoning())
}

// A grammar at the server holds even a model like this one to the schema.
func (o *ollama) schema(t *testing.T) {
	t.Helper()
	for _, streamed := range []bool{true, false} {
		r := o.request(o.plain)
		r.MaxTokens = 60
		r.Format = &llm.Format{Schema: json.RawMessage(`{"type":"object","properties":{"a":{"type":"boolean"}},"required":["a"],"additionalProperties":false}`)}
		resp := ask(t, o.client, r, streamed)
		var got struct{ A *bool }
		require.NoError(t, json.Unmarshal([]byte(resp.Text()), &got), resp.Text())
		require.NotNil(t, got.A)
	}
}

// The history of a conversation with tools is taken, with its reasoning, and the tools are.
func (o *ollama) toolCalls(t *testing.T) {
	t.Helper()
	r := o.request(o.tools)
	r.Tools = []llm.Tool{weatherTool()}
	ask(t, o.client, r, false)
	r.Messages = append(r.Messages,
		llm.Message{Role: llm.RoleAssistant, Reasoning: "hm", ToolCalls: []llm.ToolCall{{ID: "a", Name: "get_weather", Arguments: `{"city":"Århus"}`}}},
		llm.ToolResult("a", "rain"))
	resp := ask(t, o.client, r, false)
	require.NotEmpty(t, resp.Text()+resp.Reasoning())
}

func (o *ollama) responses(t *testing.T) {
	t.Helper()
	d := llm.Ollama()
	d.API = llm.APIResponses
	c, err := llm.New(llm.Config{BaseURL: o.base, Dialect: d})
	require.NoError(t, err)
	for _, streamed := range []bool{true, false} {
		r := o.request(o.tools)
		r.Tools = []llm.Tool{weatherTool()}
		r.MaxTokens = 16 // OpenAI takes no less
		first := ask(t, c, r, streamed)
		require.NotEmpty(t, first.ID)
		require.NotEmpty(t, first.Reasoning())
		require.Positive(t, first.Usage.Prompt)
		require.Positive(t, first.Usage.Completion)
		require.NotEmpty(t, first.Message().Extra["responses.items"], "the reasoning did not come back sealed")
		r.Messages = append(r.Messages, first.Message(), llm.User("More"))
		second := ask(t, c, r, streamed)
		require.NotEmpty(t, second.Text()+second.Reasoning())
	}
	_, err = c.Chat(t.Context(), &llm.Request{Model: "none", Messages: []llm.Message{llm.User("x")}})
	require.ErrorIs(t, err, llm.ErrNotFound)
}
