package llm_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
)

func client(tr http.RoundTripper) *http.Client { return &http.Client{Transport: tr} }

func TestRequest_tools(t *testing.T) {
	t.Parallel()
	calls := llm.Message{Role: llm.RoleAssistant, ToolCalls: weather()}
	body, err := bodyOf(t, llm.OpenAI(), &llm.Request{
		Model: "m", Messages: []llm.Message{llm.User("u"), calls, llm.ToolResult("call_b", "rain"), llm.ToolResult("call_a", "sun")},
		Tools: []llm.Tool{weatherTool(), {Name: "now", Strict: true}}, ToolChoice: "now", ParallelToolCalls: new(false), TopLogProbs: new(2),
		Format: &llm.Format{Schema: json.RawMessage(`{"type":"object"}`), Name: "w", Strict: true},
	})
	require.NoError(t, err)
	got, err := json.Marshal(body)
	require.NoError(t, err)
	require.JSONEq(t, `{
		"model": "m", "stream": true, "stream_options": {"include_usage": true, "include_obfuscation": false},
		"messages": [
			{"role": "user", "content": "u"},
			{"role": "assistant", "content": null, "tool_calls": [
				{"id": "call_a", "type": "function", "function": {"name": "get_weather", "arguments": "{\"city\": \"北京 \\\"central\\\"\"}"}, "extra_content": {"google": {"thought_signature": "c2ln"}}},
				{"id": "call_b", "type": "function", "function": {"name": "get_weather", "arguments": "{\"city\": \"Århus\"}"}}]},
			{"role": "tool", "tool_call_id": "call_b", "content": "rain"},
			{"role": "tool", "tool_call_id": "call_a", "content": "sun"}],
		"tools": [
			{"type": "function", "function": {"name": "get_weather", "description": "The weather of a city.", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}},
			{"type": "function", "function": {"name": "now", "strict": true}}],
		"tool_choice": {"type": "function", "function": {"name": "now"}}, "parallel_tool_calls": false,
		"logprobs": true, "top_logprobs": 2,
		"response_format": {"type": "json_schema", "json_schema": {"name": "w", "strict": true, "schema": {"type": "object"}}}
	}`, string(got))
}

// Where a provider does not know schemas, the schema is in the instructions, and the word JSON with it.
func TestRequest_schemaInWords(t *testing.T) {
	t.Parallel()
	body, err := bodyOf(t, llm.DeepSeek(), &llm.Request{
		Model: "m", Messages: []llm.Message{llm.User("u")}, Format: &llm.Format{Schema: json.RawMessage(`{"type":"object"}`)},
	})
	require.NoError(t, err)
	require.Equal(t, map[string]any{"type": "json_object"}, body["response_format"])
	messages, _ := body["messages"].([]any)
	require.Len(t, messages, 2)
	first, _ := messages[0].(map[string]any)
	require.Equal(t, "system", first["role"])
	require.Contains(t, first["content"], "JSON")
	require.Contains(t, first["content"], `{"type":"object"}`)
}

func TestRequest_parts(t *testing.T) {
	t.Parallel()
	body, err := bodyOf(t, llm.Generic(), &llm.Request{Model: "m", Messages: []llm.Message{llm.User("u",
		llm.Audio([]byte("RIFF"), "wav"), llm.Document("a.pdf", []byte("%PDF-1.4")), llm.VideoURL("https://e.com/v.mp4"))}})
	require.NoError(t, err)
	got, err := json.Marshal(body["messages"])
	require.NoError(t, err)
	require.JSONEq(t, `[{"role":"user","content":[
		{"type":"text","text":"u"},
		{"type":"input_audio","input_audio":{"data":"UklGRg==","format":"wav"}},
		{"type":"file","file":{"file_data":"data:application/pdf;base64,JVBERi0xLjQ=","filename":"a.pdf"}},
		{"type":"video_url","video_url":{"url":"https://e.com/v.mp4"}}]}]`, string(got))

	srv := llmtest.NewServer()
	defer srv.Close()
	var others []string
	srv.OnChat(func(r llmtest.ChatRequest) llmtest.Answer {
		others = r.Messages[0].Others
		return llmtest.Answer{Text: "ok"}
	})
	c, err := llm.New(srv.Config())
	require.NoError(t, err)
	_, err = c.Chat(t.Context(), &llm.Request{Model: "gpt-4o", Messages: []llm.Message{llm.User("", llm.Audio([]byte("x"), "mp3"), llm.Document("a", []byte("x")))}})
	require.NoError(t, err)
	require.Equal(t, []string{"input_audio", "file"}, others)
}

// Nothing of this may leave: the error names the field.
func TestRequest_toolsRefused(t *testing.T) {
	t.Parallel()
	say := func(m ...llm.Message) llm.Request { return llm.Request{Model: "m", Messages: m} }
	call := llm.Message{Role: llm.RoleAssistant, ToolCalls: []llm.ToolCall{{ID: "a", Name: "f", Arguments: "{}"}}}
	withCall := func(c llm.ToolCall) llm.Request {
		return say(llm.User("u"), llm.Message{Role: llm.RoleAssistant, ToolCalls: []llm.ToolCall{c}}, llm.ToolResult("a", "r"))
	}
	withTools := func(choice llm.ToolChoice, tools ...llm.Tool) llm.Request {
		r := say(llm.User("u"))
		r.Tools, r.ToolChoice = tools, choice
		return r
	}
	for want, r := range map[string]llm.Request{
		"Messages[1]: 1 of its tool calls have no result":                       say(llm.User("u"), call),
		"Messages[1]: 1 of its tool calls have no result: each needs a ToolRes": say(llm.User("u"), call, llm.User("again")),
		`Messages[0]: ToolCallID: "a" answers no open call`:                     say(llm.ToolResult("a", "r")),
		`Messages[3]: ToolCallID: "a" answers no open call`:                     say(llm.User("u"), call, llm.ToolResult("a", "r"), llm.ToolResult("a", "r")),
		"Messages[1]: ToolCallID: missing":                                      say(llm.User("u"), llm.Message{Role: llm.RoleTool}),
		"ToolCalls: a message of role user has none":                            say(llm.Message{Role: llm.RoleUser, Parts: call.Parts, ToolCalls: call.ToolCalls}),
		"ToolCalls[0]: incomplete":                                              withCall(llm.ToolCall{ID: "a", Name: "f", Arguments: "{}", Incomplete: true}),
		"ToolCalls[0]: ID: missing":                                             withCall(llm.ToolCall{Name: "f", Arguments: "{}"}),
		"ToolCalls[0]: Name: missing":                                           withCall(llm.ToolCall{ID: "a", Arguments: "{}"}),
		"ToolCalls[0]: Arguments: not a JSON object":                            withCall(llm.ToolCall{ID: "a", Name: "f", Arguments: "[1]"}),
		"ToolCalls[1]: a second call has the ID":                                say(llm.User("u"), llm.Message{Role: llm.RoleAssistant, ToolCalls: append(call.ToolCalls, call.ToolCalls...)}),
		"Tools[0]: Name:":                                                       withTools("", llm.Tool{Name: "get weather"}),
		"Tools[1]: a second tool is called f":                                   withTools("", llm.Tool{Name: "f"}, llm.Tool{Name: "f"}),
		"Tools[0]: Parameters: not a JSON object":                               withTools("", llm.Tool{Name: "f", Parameters: json.RawMessage("[]")}),
		`ToolChoice: "required" without Tools`:                                  withTools(llm.ToolChoiceRequired),
		`ToolChoice: "g" is neither`:                                            withTools("g", llm.Tool{Name: "f"}),
		"TopLogProbs: 21 is outside 0 to 20":                                    {Model: "m", Messages: []llm.Message{llm.User("u")}, TopLogProbs: new(21)},
		"Format.Schema: not a JSON object":                                      {Model: "m", Messages: []llm.Message{llm.User("u")}, Format: &llm.Format{Schema: json.RawMessage("1")}},
		"Format.Name":                                                           {Model: "m", Messages: []llm.Message{llm.User("u")}, Format: &llm.Format{Schema: json.RawMessage("{}"), Name: "a b"}},
		"takes no audio":                                                        say(llm.User("u"), llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{llm.Audio([]byte("x"), "wav")}}),
		"the audio lacks":                                                       say(llm.User("u", llm.Audio(nil, "wav"))),
		"the document lacks":                                                    say(llm.User("u", llm.Document("", []byte("x")))),
		"data:video/":                                                           say(llm.User("u", llm.VideoURL("file:///x"))),
	} {
		body, err := bodyOf(t, llm.Generic(), &r)
		require.ErrorIs(t, err, llm.ErrInvalid, want)
		assert.ErrorContains(t, err, want)
		assert.Nil(t, body, "something was sent")
	}
}

func TestStream_logProbs(t *testing.T) {
	t.Parallel()
	for name, streamed := range map[string]bool{"streamed": true, "whole": false} {
		srv := llmtest.NewServer()
		srv.OnChat(func(llmtest.ChatRequest) llmtest.Answer { return llmtest.Answer{Text: "你好", Runes: 2} })
		c, err := llm.New(srv.Config())
		require.NoError(t, err)
		resp := ask(t, c, &llm.Request{Model: "gpt-4o", Messages: []llm.Message{llm.User("u")}, TopLogProbs: new(0)}, streamed)
		require.Equal(t, &llm.LogProbs{Content: []llm.LogProb{{Token: "你好", LogProb: -0.25, Bytes: []byte("你好")}}}, resp.Choices[0].LogProbs, name)
		srv.Close()
	}
}

// Members that mean nothing here are kept: lists grow, and pieces of one index and type become one.
func TestStream_extra(t *testing.T) {
	t.Parallel()
	const last = `{"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}`
	for name, tt := range map[string]struct {
		events []string
		want   string
	}{
		"pieces of one": {
			[]string{
				`{"choices":[{"delta":{"reasoning_details":[{"type":"reasoning.text","text":"a","index":0,"signature":null}]}}]}`,
				`{"choices":[{"delta":{"reasoning_details":[{"type":"reasoning.text","text":"b","index":0,"signature":"s"}]}}]}`,
				`{"choices":[{"delta":{"reasoning_details":[{"type":"reasoning.encrypted","data":"c","index":1}]}}]}`,
			},
			`{"reasoning_details":[{"type":"reasoning.text","text":"ab","index":0,"signature":"s"},{"type":"reasoning.encrypted","data":"c","index":1}]}`,
		},
		"without index": {
			[]string{`{"choices":[{"delta":{"x":[{"t":1}]}}]}`, `{"choices":[{"delta":{"x":[{"t":1}]}}]}`},
			`{"x":[{"t":1},{"t":1}]}`,
		},
		"the last counts": {[]string{`{"choices":[{"delta":{"x":{"a":1}}}]}`, `{"choices":[{"delta":{"x":{"a":2}}}]}`, `{"choices":[{"delta":{"x":null}}]}`}, `{"x":{"a":2}}`},
		"list, then not":  {[]string{`{"choices":[{"delta":{"x":[1]}}]}`, `{"choices":[{"delta":{"x":2}}]}`, `{"choices":[{"delta":{"x":[3]}}]}`}, `{"x":[3]}`},
	} {
		c, _ := onLoopback(t, sending(append(tt.events, last)...))
		s := c.Stream(t.Context(), hello())
		_, err := drain(s)
		require.NoError(t, err, name)
		got, err := json.Marshal(s.Response().Message().Extra)
		require.NoError(t, err)
		require.JSONEq(t, tt.want, string(got), name)
	}
}
