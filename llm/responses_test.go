package llm_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
)

func responses() llm.Dialect {
	d := llm.OpenAI()
	d.API = llm.APIResponses
	return d
}

// overResponses is a client of the server's /responses, on a real loopback connection.
func overResponses(t *testing.T, srv *llmtest.Server, limits llm.Timeouts) *llm.Client {
	t.Helper()
	web := httptest.NewServer(srv)
	t.Cleanup(web.Close)
	c, err := llm.New(llm.Config{BaseURL: web.URL + "/v1", Key: llmtest.Key, Dialect: responses(), Timeouts: limits, Retry: llm.Retry{Max: new(0)}})
	require.NoError(t, err)
	return c
}

// The same conversation as with chat completions, with the same events and messages; the reasoning comes back sealed.
func TestResponses(t *testing.T) {
	t.Parallel()
	for name, streamed := range map[string]bool{"streamed": true, "whole": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := llmtest.NewServer()
			defer srv.Close()
			var history []llmtest.ChatMessage
			srv.OnChat(func(r llmtest.ChatRequest) llmtest.Answer {
				history = r.Messages
				if r.Messages[len(r.Messages)-1].Role == "tool" {
					return llmtest.Answer{Text: said, Reasoning: thought, Runes: 3}
				}
				calls := weather()
				calls[0].Extra = nil
				return llmtest.Answer{Reasoning: thought, ToolCalls: calls, Runes: 3}
			})
			c := overResponses(t, srv, llm.Timeouts{})
			r := &llm.Request{
				Model: "gpt-4o", Tools: []llm.Tool{weatherTool()}, Reasoning: llm.Reasoning{Effort: llm.EffortLow},
				Messages: []llm.Message{llm.System("Be brief."), llm.User("Weather?", llm.Image([]byte(pixel)))},
			}
			first := ask(t, c, r, streamed)
			require.Equal(t, llm.FinishToolCalls, first.Finish())
			require.Equal(t, thought, first.Reasoning())
			require.Len(t, first.ToolCalls(), 2)
			for i, call := range first.ToolCalls() {
				require.Equal(t, i, call.Index)
				require.Equal(t, weather()[i].ID, call.ID)
				require.Equal(t, weather()[i].Arguments, call.Arguments)
			}
			require.NotZero(t, first.Usage.Reasoning)
			require.NotEmpty(t, first.ID)
			require.False(t, first.Created.IsZero())

			r.Messages = append(r.Messages, first.Message(), llm.ToolResult("call_a", "sunny"), llm.ToolResult("call_b", ""))
			second := ask(t, c, r, streamed)
			require.Equal(t, said, second.Text())
			require.Equal(t, llm.FinishStop, second.Finish())
			require.Len(t, history, 5)
			require.Equal(t, "user", history[1].Role)
			require.Len(t, history[1].Images, 1)
			require.Equal(t, thought, history[2].Reasoning, "the sealed reasoning did not come back")
			require.Len(t, history[2].ToolCalls, 2)

			r.Messages = append(r.Messages, second.Message(), llm.User("Thanks"))
			ask(t, c, r, streamed)
		})
	}
}

func TestResponses_onTheWire(t *testing.T) {
	t.Parallel()
	body, err := bodyOfResponses(t, &llm.Request{
		Model: "m", MaxTokens: 20, Tools: []llm.Tool{weatherTool(), {Name: "now", Strict: true}}, ToolChoice: "now", TopLogProbs: new(1),
		Format: &llm.Format{Schema: json.RawMessage(`{"type":"object"}`)}, Reasoning: llm.Reasoning{Effort: llm.EffortHigh},
		Messages: []llm.Message{llm.User("u", llm.Document("a.pdf", []byte("%PDF-1.4")), llm.Image([]byte(pixel))), llm.Assistant("a"), llm.User("v")},
	})
	require.NoError(t, err)
	require.JSONEq(t, `{
		"model": "m", "stream": true, "store": false, "stream_options": {"include_obfuscation": false}, "max_output_tokens": 20, "top_logprobs": 1,
		"include": ["reasoning.encrypted_content", "message.output_text.logprobs"], "reasoning": {"effort": "high", "summary": "auto"},
		"text": {"format": {"type": "json_schema", "name": "answer", "strict": false, "schema": {"type": "object"}}},
		"tool_choice": {"type": "function", "name": "now"},
		"tools": [
			{"type": "function", "name": "get_weather", "strict": false, "description": "The weather of a city.", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}},
			{"type": "function", "name": "now", "strict": true, "parameters": {"type": "object", "properties": {}}}],
		"input": [
			{"type": "message", "role": "user", "content": [
				{"type": "input_text", "text": "u"},
				{"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0xLjQ="},
				{"type": "input_image", "image_url": "data:image/png;base64,`+base64.StdEncoding.EncodeToString([]byte(pixel))+`"}]},
			{"type": "message", "role": "assistant", "content": "a"},
			{"type": "message", "role": "user", "content": "v"}]
	}`, body)

	for field, r := range map[string]llm.Request{
		"N:":                {N: 2},
		"Stop:":             {Stop: []string{"x"}},
		"Seed:":             {Seed: new(1)},
		"Reasoning.Budget:": {Reasoning: llm.Reasoning{Budget: 5}},
		"no audio":          {Messages: []llm.Message{llm.User("u", llm.Audio([]byte("x"), "wav"))}},
	} {
		r.Model = "m"
		if r.Messages == nil {
			r.Messages = []llm.Message{llm.User("u")}
		}
		body, err := bodyOfResponses(t, &r)
		require.ErrorIs(t, err, llm.ErrInvalid)
		assert.ErrorContains(t, err, field)
		assert.Empty(t, body, "something was sent")
	}
}

// How a stream can end, and what is to come of it.
func TestResponses_endings(t *testing.T) {
	t.Parallel()
	for f, tt := range map[llmtest.Fault]struct {
		kind  error
		words string
		text  bool
	}{
		llmtest.EarlyEnd:      {llm.ErrTruncated, "before a finish_reason", true},
		llmtest.Cut:           {llm.ErrTruncated, "", true},
		llmtest.Stall:         {llm.ErrIdle, "Timeouts.Idle", true},
		llmtest.ErrorEvent:    {llm.ErrServer, "the engine broke", true},
		llmtest.ErrorChunk:    {llm.ErrServer, "the engine broke", true},
		llmtest.ToolArgsCut:   {llm.ErrTruncated, "", true},
		llmtest.ToolArgsShort: {llm.ErrTruncated, "the call of get_weather ended", true},
		llmtest.OKError:       {llm.ErrInvalid, "no such thing", false},
		llmtest.OKHTML:        {llm.ErrNotStream, "Maintenance", false},
		llmtest.OKEmpty:       {llm.ErrTruncated, "", false},
		llmtest.OKCutJSON:     {llm.ErrTruncated, "", false},
		llmtest.EchoKey:       {llm.ErrAuth, "sk-…def", false},
	} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			srv := llmtest.NewServer()
			defer srv.Close()
			srv.OnChat(func(llmtest.ChatRequest) llmtest.Answer { return llmtest.Answer{Text: said, ToolCalls: weather()} })
			srv.Misbehave(f)
			s := overResponses(t, srv, llm.Timeouts{Idle: 3 * time.Second}).Stream(t.Context(), chat())
			var last error
			for ev, err := range s.Events() {
				assert.NotEqual(t, llm.KindCallEnd, ev.Kind)
				assert.NotEqual(t, llm.KindFinish, ev.Kind)
				last = err
			}
			require.ErrorIs(t, last, tt.kind)
			require.ErrorContains(t, last, tt.words)
			require.NotContains(t, last.Error(), llmtest.Key)
			if errors.Is(tt.kind, llm.ErrTruncated) {
				require.ErrorIs(t, last, io.ErrUnexpectedEOF)
			}
			if tt.text {
				require.Equal(t, said, s.Response().Text())
			}
			e, ok := errors.AsType[*llm.Error](last)
			require.True(t, ok)
			require.Equal(t, "responses", e.Op)
		})
	}
}

func TestResponses_finish(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]llm.Finish{"": llm.FinishStop, "length": llm.FinishLength, "content_filter": llm.FinishContentFilter} {
		srv := llmtest.NewServer()
		srv.OnChat(func(llmtest.ChatRequest) llmtest.Answer { return llmtest.Answer{Text: said, Refusal: "no", Finish: in} })
		for _, streamed := range []bool{true, false} {
			resp := ask(t, overResponses(t, srv, llm.Timeouts{}), chat(), streamed)
			require.Equal(t, want, resp.Finish())
			require.Equal(t, "no", resp.Message().Refusal)
		}
		srv.Close()
	}
}

// A server may send fewer events than OpenAI's does: what the end holds beyond them is not lost.
func TestResponses_fewEvents(t *testing.T) {
	t.Parallel()
	const end = `{"type":"response.completed","response":{"status":"completed","output":[{"type":"reasoning","content":[{"type":"reasoning_text","text":"hm"}]},{"type":"message","content":[{"type":"output_text","text":"hello"}]},{"type":"function_call","call_id":"a","name":"f","arguments":"{}"}]}}`
	for name, events := range map[string][]string{
		"the end only":     {end},
		"calls come whole": {`{"type":"response.output_item.done","output_index":2,"item":{"type":"function_call","call_id":"a","name":"f","arguments":"{}"}}`, end},
		"pings":            {`{"type":"ping"}`, `{}`, end, "[DONE]"},
	} {
		web := httptest.NewServer(handler(sending(events...)))
		c, err := llm.New(llm.Config{BaseURL: web.URL, Dialect: responses()})
		require.NoError(t, err)
		s := c.Stream(t.Context(), hello())
		text, err := drain(s)
		require.NoError(t, err, name)
		require.Equal(t, "hello", text, name)
		require.Equal(t, "hm", s.Response().Reasoning(), name)
		require.Equal(t, []llm.ToolCall{{ID: "a", Name: "f", Arguments: "{}"}}, s.Response().ToolCalls(), name)
		web.Close()
	}
}

// FuzzResponsesEvent holds the decoder of events to encoding/json, in turns with that of chunks, which shares its memory.
func FuzzResponsesEvent(f *testing.F) {
	f.Add([]byte(`{"type":"response.output_text.delta","output_index":1,"delta":"a\n\u4f60","logprobs":[]}`))
	f.Add([]byte(`{"type":"response.output_item.done","item":{"type":"function_call"},"output_index":"2"}`))
	f.Add([]byte(`{"type":1,"response":null,"item":[],"delta":{},"type":"error"}`))
	f.Add(fmt.Appendf(nil, chunkForm, "a", `"x"`, "null", ""))
	f.Fuzz(func(t *testing.T, doc []byte) {
		d := new(llm.Decoder)
		for range 2 {
			require.Equal(t, referenceEvent(doc), d.DecodeEvent(doc), "%q", doc)
			require.Equal(t, reference(doc), d.Decode(doc), "%q", doc)
		}
	})
}

func referenceEvent(doc []byte) llm.DecodedEvent {
	if !json.Valid(doc) {
		return llm.DecodedEvent{}
	}
	out := llm.DecodedEvent{OK: true, Complete: kindOf(doc) == '{', Output: -1}
	object := func(raw []byte) string {
		if kindOf(raw) != '{' {
			return ""
		}
		return string(raw)
	}
	for _, m := range members(doc) {
		switch m.name {
		case "type":
			out.Kind = asText(m.value)
		case "delta":
			out.Delta = asText(m.value)
		case "output_index":
			out.Output, _ = asInteger(m.value)
		case "item":
			out.Item = object(m.value)
		case "response":
			out.Whole = object(m.value)
		case "logprobs":
			out.Logs = string(m.value)
		}
	}
	return out
}
