package llm_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
)

// weather is what the tests' model calls: two calls in one answer, with words that need escapes.
func weather() []llm.ToolCall {
	return []llm.ToolCall{
		{ID: "call_a", Name: "get_weather", Arguments: `{"city": "北京 \"central\""}`, Extra: map[string]json.RawMessage{"extra_content": json.RawMessage(`{"google":{"thought_signature":"c2ln"}}`)}},
		{Index: 1, ID: "call_b", Name: "get_weather", Arguments: `{"city": "Århus"}`},
	}
}

func weatherTool() llm.Tool {
	return llm.Tool{
		Name: "get_weather", Description: "The weather of a city.",
		Parameters: json.RawMessage(`{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}`),
	}
}

// TestDialects holds a conversation with tools, reasoning and a schema with each provider's fake, streamed and whole: what
// the caller sees is the same everywhere, and what goes back is what the provider asks for.
func TestDialects(t *testing.T) {
	t.Parallel()
	for _, d := range llm.Dialects() {
		for _, way := range []string{"streamed", "whole"} {
			t.Run(d.Name+", "+way, func(t *testing.T) {
				t.Parallel()
				converse(t, d, way == "streamed")
			})
		}
	}
}

func converse(t *testing.T, d llm.Dialect, streamed bool) {
	t.Helper()
	srv, err := llmtest.Open(llmtest.Options{Dialect: d.Name})
	require.NoError(t, err)
	defer srv.Close()
	var history []llmtest.ChatMessage
	srv.OnChat(func(r llmtest.ChatRequest) llmtest.Answer {
		history = r.Messages
		if r.Messages[len(r.Messages)-1].Role == "tool" {
			return llmtest.Answer{Text: said, Reasoning: thought, Runes: 3}
		}
		return llmtest.Answer{Reasoning: thought, ToolCalls: weather(), Runes: 3, Extra: map[string]any{"reasoning_details": []any{map[string]any{"index": 0, "text": "secret"}}}}
	})
	c, err := llm.New(srv.Config())
	require.NoError(t, err)
	require.Equal(t, d.Name, c.Dialect().Name)

	r := &llm.Request{
		Model: "gpt-4o", MaxTokens: 100, Tools: []llm.Tool{weatherTool()},
		Messages: []llm.Message{{Role: llm.RoleDeveloper, Parts: []llm.Part{llm.Text("Be brief.")}}, llm.User("Weather?")},
		Format:   &llm.Format{Schema: json.RawMessage(`{"type":"object"}`)},
	}
	if d.Thinking.Effort != "" || d.Thinking.On != nil {
		r.Reasoning.Effort = llm.EffortLow
	}
	first := ask(t, c, r, streamed)
	require.Equal(t, llm.FinishToolCalls, first.Finish())
	require.Equal(t, thought, first.Reasoning())
	require.Equal(t, weather(), first.ToolCalls())
	require.NotNil(t, first.Usage)

	r.Messages = append(r.Messages, first.Message(), llm.ToolResult("call_a", "sunny"), llm.ToolResult("call_b", "rain"))
	second := ask(t, c, r, streamed)
	require.Equal(t, said, second.Text())
	require.Equal(t, llm.FinishStop, second.Finish())

	if !d.NoSchema { // else there is one more in front, with the schema
		require.Len(t, history, 5)
	}
	sent := history[len(history)-3]
	require.Equal(t, "assistant", sent.Role)
	require.Contains(t, string(sent.Raw), `"thought_signature":"c2ln"`)
	require.Contains(t, string(sent.Raw), `"reasoning_details":[{"index":0,"text":"secret"}]`)
	want := thought
	if d.Replay == llm.ReplayNever {
		want = ""
	}
	require.Equal(t, want, sent.Reasoning)
	require.Equal(t, "rain", history[len(history)-1].Text)
}

func ask(t *testing.T, c *llm.Client, r *llm.Request, streamed bool) *llm.Response {
	t.Helper()
	if !streamed {
		resp, err := c.Chat(t.Context(), r)
		require.NoError(t, err)
		return resp
	}
	s := c.Stream(t.Context(), r)
	var kinds []llm.Kind
	args := map[int]string{}
	for ev, err := range s.Events() {
		require.NoError(t, err)
		if !slices.Contains(kinds, ev.Kind) {
			kinds = append(kinds, ev.Kind)
		}
		switch ev.Kind {
		case llm.KindCallStart:
			assert.NotEmpty(t, ev.Call.Name)
			assert.Empty(t, ev.Call.Arguments)
		case llm.KindCallDelta:
			args[ev.Call.Index] += ev.Text
		case llm.KindCallEnd:
			assert.Equal(t, ev.Call.Arguments, args[ev.Call.Index])
			assert.False(t, ev.Call.Incomplete)
		default:
		}
	}
	if len(args) > 0 {
		assert.Equal(t, []llm.Kind{llm.KindReasoning, llm.KindCallStart, llm.KindCallDelta, llm.KindCallEnd, llm.KindFinish, llm.KindUsage}, kinds)
	}
	return s.Response()
}

// Nobody sees the events of a Chat that streams behind the curtain, so one that breaks is asked again.
func TestDialect_chatThatStreams(t *testing.T) {
	t.Parallel()
	srv, err := llmtest.Open(llmtest.Options{Dialect: "dashscope"})
	require.NoError(t, err)
	defer srv.Close()
	cfg := srv.Config()
	cfg.Retry.Base = time.Millisecond
	c, err := llm.New(cfg)
	require.NoError(t, err)
	srv.Misbehave(llmtest.Cut)
	resp, err := c.Chat(t.Context(), chat())
	require.NoError(t, err)
	require.Equal(t, "Hello", resp.Text())
	require.Len(t, srv.Requests(), 2)
	require.Contains(t, string(srv.Requests()[1].Body), `"stream":true`)
}

// Errors come in each provider's envelope, and their words arrive.
func TestDialects_errors(t *testing.T) {
	t.Parallel()
	for _, d := range llm.Dialects() {
		srv, err := llmtest.Open(llmtest.Options{Dialect: d.Name})
		require.NoError(t, err)
		c, err := llm.New(srv.Config())
		require.NoError(t, err)
		_, err = c.Chat(t.Context(), &llm.Request{Model: "none", Messages: []llm.Message{llm.User("x")}})
		e, ok := errors.AsType[*llm.Error](err)
		require.True(t, ok)
		assert.ErrorIs(t, err, llm.ErrNotFound, d.Name)
		assert.Contains(t, e.Message, "The model `none` does not exist", d.Name)
		srv.Close()
	}
}

func TestDialect_guess(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"https://api.openai.com/v1":                                "openai",
		"https://api.deepseek.com":                                 "deepseek",
		"https://dashscope-intl.aliyuncs.com/compatible-mode/v1":   "dashscope",
		"https://api.moonshot.ai/v1":                               "moonshot",
		"https://open.bigmodel.cn/api/paas/v4":                     "zhipu",
		"https://ark.cn-beijing.volces.com/api/v3":                 "ark",
		"https://API.SiliconFlow.cn/v1":                            "siliconflow",
		"https://openrouter.ai/api/v1":                             "openrouter",
		"https://api.groq.com/openai/v1":                           "groq",
		"https://api.x.ai/v1":                                      "xai",
		"https://api.mistral.ai/v1":                                "mistral",
		"https://generativelanguage.googleapis.com/v1beta/openai/": "gemini",
		"https://r.openai.azure.com/openai/v1/":                    "azure",
		"http://localhost:11434/v1":                                "ollama",
		"http://localhost:8000/v1":                                 "generic",
		"https://notapi.openai.com.example.com/v1":                 "generic",
		"https://evilopenai.azure.com/v1":                          "generic",
	} {
		c, err := llm.New(llm.Config{BaseURL: base})
		require.NoError(t, err)
		require.Equal(t, want, c.Dialect().Name, base)
	}
}

// TestDialect_thinking has a line for each provider and way to think: what goes into the body.
func TestDialect_thinking(t *testing.T) {
	t.Parallel()
	on, off, low, budget := llm.Reasoning{Effort: llm.EffortHigh}, llm.Reasoning{Off: true}, llm.Reasoning{Effort: llm.EffortMinimal}, llm.Reasoning{Budget: 99}
	for name, tt := range map[string]struct {
		d     llm.Dialect
		model string
		r     llm.Reasoning
		want  string // the members added; "" = refused
	}{
		"nothing asked":      {d: llm.DeepSeek(), want: `{}`},
		"openai":             {d: llm.OpenAI(), r: on, want: `{"reasoning_effort":"high"}`},
		"openai off":         {d: llm.OpenAI(), r: off, want: `{"reasoning_effort":"none"}`},
		"openai budget":      {d: llm.OpenAI(), r: budget},
		"deepseek":           {d: llm.DeepSeek(), r: on, want: `{"thinking":{"type":"enabled"},"reasoning_effort":"high"}`},
		"deepseek low":       {d: llm.DeepSeek(), r: low, want: `{"thinking":{"type":"enabled"},"reasoning_effort":"low"}`},
		"deepseek off":       {d: llm.DeepSeek(), r: off, want: `{"thinking":{"type":"disabled"}}`},
		"dashscope":          {d: llm.DashScope(), r: on, want: `{"enable_thinking":true}`},
		"dashscope budget":   {d: llm.DashScope(), r: budget, want: `{"enable_thinking":true,"thinking_budget":99}`},
		"dashscope off":      {d: llm.DashScope(), r: off, want: `{"enable_thinking":false}`},
		"kimi k2.5":          {d: llm.Moonshot(), model: "kimi-k2.5", r: on, want: `{"thinking":{"type":"enabled"}}`},
		"kimi k3":            {d: llm.Moonshot(), model: "kimi-k3", r: on, want: `{"reasoning_effort":"high"}`},
		"kimi k3 off":        {d: llm.Moonshot(), model: "moonshotai/Kimi-K3-turbo", r: off},
		"glm":                {d: llm.Zhipu(), model: "glm-4.6", r: off, want: `{"thinking":{"type":"disabled"}}`},
		"glm 5.3 off":        {d: llm.Zhipu(), model: "glm-5.3", r: off},
		"ark":                {d: llm.Ark(), r: on, want: `{"thinking":{"type":"enabled"}}`},
		"siliconflow budget": {d: llm.SiliconFlow(), r: budget, want: `{"enable_thinking":true,"thinking_budget":99}`},
		"openrouter":         {d: llm.OpenRouter(), r: llm.Reasoning{Effort: llm.EffortMax, Budget: 9}, want: `{"reasoning":{"enabled":true,"effort":"high","max_tokens":9}}`},
		"openrouter off":     {d: llm.OpenRouter(), r: off, want: `{"reasoning":{"enabled":false}}`},
		"groq":               {d: llm.Groq(), r: low, want: `{"reasoning_format":"parsed","reasoning_effort":"low"}`},
		"xai":                {d: llm.XAI(), r: on, want: `{"reasoning_effort":"high"}`},
		"xai off":            {d: llm.XAI(), r: off},
		"mistral":            {d: llm.Mistral(), r: on},
		"gemini":             {d: llm.Gemini(), r: on, want: `{"reasoning_effort":"high"}`},
		"azure":              {d: llm.Azure(), r: on, want: `{"reasoning_effort":"high"}`},
		"ollama off":         {d: llm.Ollama(), r: off, want: `{"reasoning_effort":"none"}`},
		"vllm off":           {d: llm.VLLM(), r: off, want: `{"chat_template_kwargs":{"enable_thinking":false}}`},
		"llama.cpp":          {d: llm.LlamaCPP(), r: on, want: `{"chat_template_kwargs":{"enable_thinking":true}}`},
		"another word":       {d: llm.Generic(), r: llm.Reasoning{Effort: "xhigh"}, want: `{"reasoning_effort":"xhigh"}`},
		"off and effort":     {d: llm.DeepSeek(), r: llm.Reasoning{Off: true, Effort: llm.EffortLow}},
		"negative":           {d: llm.DashScope(), r: llm.Reasoning{Budget: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body, err := bodyOf(t, tt.d, &llm.Request{Model: cmpOr(tt.model, "m"), Messages: []llm.Message{llm.User("u")}, Reasoning: tt.r})
			if tt.want == "" {
				require.ErrorIs(t, err, llm.ErrInvalid)
				require.ErrorContains(t, err, "Reasoning")
				require.Nil(t, body, "something was sent")
				return
			}
			require.NoError(t, err)
			for _, usual := range []string{"model", "messages", "stream", "stream_options"} {
				delete(body, usual)
			}
			got, err := json.Marshal(body)
			require.NoError(t, err)
			require.JSONEq(t, tt.want, string(got))
		})
	}
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// bodyOf is what a request looks like on the wire; nil = nothing was sent.
func bodyOf(t *testing.T, d llm.Dialect, r *llm.Request) (body map[string]any, err error) {
	t.Helper()
	c, err := llm.New(llm.Config{
		BaseURL: "https://api.example.com/v1", Dialect: d,
		HTTPClient: &http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
			require.NoError(t, json.NewDecoder(req.Body).Decode(&body))
			return canned("data: {\"choices\":[{\"delta\":{\"content\":\"ok\"},\"finish_reason\":\"stop\"}]}\n\n").RoundTrip(req)
		})},
	})
	require.NoError(t, err)
	for _, e := range c.Stream(t.Context(), r).Events() {
		err = e
	}
	return body, err
}

// bodyOfResponses is the same for the other API.
func bodyOfResponses(t *testing.T, r *llm.Request) (body string, err error) {
	t.Helper()
	c, err := llm.New(llm.Config{
		BaseURL: "https://api.example.com/v1", Dialect: responses(), Retry: llm.Retry{Max: new(0)},
		HTTPClient: &http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
			require.Equal(t, "/v1/responses", req.URL.Path)
			data, err := io.ReadAll(req.Body)
			require.NoError(t, err)
			body = string(data)
			return canned(`data: {"type":"response.completed","response":{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"ok"}]}]}}` + "\n\n").RoundTrip(req)
		})},
	})
	require.NoError(t, err)
	for _, e := range c.Stream(t.Context(), r).Events() {
		err = e
	}
	return body, err
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// TestDialect_replay has a line for each rule: which reasoning of the history goes back, and where it stands.
func TestDialect_replay(t *testing.T) {
	t.Parallel()
	call := func(id, reasoning string) llm.Message {
		return llm.Message{Role: llm.RoleAssistant, Reasoning: reasoning, ReasoningField: "reasoning", ToolCalls: []llm.ToolCall{{ID: id, Name: "f", Arguments: "{}"}}}
	}
	plain := llm.Assistant("ok")
	plain.Reasoning = "plain"
	history := []llm.Message{
		llm.User("1"), call("a", "old"), llm.ToolResult("a", "r"), plain,
		llm.User("2"), call("b", "new"), llm.ToolResult("b", "r"), call("c", ""), llm.ToolResult("c", "r"),
	}
	const none = "-"
	for name, tt := range map[string]struct {
		d     llm.Dialect
		field string
		want  [4]string // of the four assistant messages
	}{
		"never":            {llm.Gemini(), "reasoning", [4]string{none, none, none, none}},
		"as it came":       {llm.Generic(), "reasoning", [4]string{"old", none, "new", none}},
		"deepseek":         {llm.DeepSeek(), "reasoning_content", [4]string{"old", none, "new", ""}},
		"moonshot":         {llm.Moonshot(), "reasoning_content", [4]string{"old", none, "new", ""}},
		"ollama":           {llm.Ollama(), "reasoning", [4]string{"old", none, "new", none}},
		"in the loop only": {llm.Dialect{Name: "V3.2", Replay: llm.ReplayLoop, ReasoningField: "r"}, "r", [4]string{none, none, "new", none}},
		"all":              {llm.Dialect{Name: "x", Replay: llm.ReplayAll, ReasoningField: "r"}, "r", [4]string{"old", "plain", "new", none}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body, err := bodyOf(t, tt.d, &llm.Request{Model: "m", Messages: history})
			require.NoError(t, err)
			var got []string
			for _, m := range listOf(t, body["messages"]) {
				if m["role"] != "assistant" {
					continue
				}
				reasoning, there := m[tt.field].(string)
				if !there {
					reasoning = none
				}
				got = append(got, reasoning)
			}
			require.Equal(t, tt.want[:], got)
		})
	}
	body, err := bodyOf(t, llm.Mistral(), &llm.Request{Model: "m", Messages: history[:3]})
	require.NoError(t, err)
	sent, err := json.Marshal(listOf(t, body["messages"])[1])
	require.NoError(t, err)
	require.JSONEq(t, `{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"old"}]}],"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]}`, string(sent))
}

// listOf is a JSON list of objects.
func listOf(t *testing.T, v any) (out []map[string]any) {
	t.Helper()
	list, ok := v.([]any)
	require.True(t, ok)
	for _, item := range list {
		object, ok := item.(map[string]any)
		require.True(t, ok)
		out = append(out, object)
	}
	return out
}

// A dialect of one's own is used as it is, and is not changed by a request.
func TestDialect_ofOnesOwn(t *testing.T) {
	t.Parallel()
	d := llm.Generic()
	d.Name, d.MaxTokensField, d.NoStreamOptions = "mine", "limit", true
	d.Thinking = llm.Thinking{On: map[string]any{"think": map[string]any{"on": true}}, Effort: "think.effort"}
	for range 2 {
		body, err := bodyOf(t, d, &llm.Request{Model: "m", Messages: []llm.Message{llm.User("u")}, MaxTokens: 5, Reasoning: llm.Reasoning{Effort: "x"}})
		require.NoError(t, err)
		got, err := json.Marshal(body)
		require.NoError(t, err)
		require.JSONEq(t, `{"model":"m","messages":[{"role":"user","content":"u"}],"stream":true,"limit":5,"think":{"on":true,"effort":"x"}}`, string(got))
	}
	require.Equal(t, map[string]any{"think": map[string]any{"on": true}}, d.Thinking.On)

	for want, bad := range map[string]llm.Dialect{
		"Dialect.Name":      {DeveloperRole: true},
		"Dialect.API":       {Name: "x", API: 7},
		"Dialect.Replay":    {Name: "x", Replay: -1},
		"Dialect.ThinkTags": {Name: "x", ThinkTags: 9},
		"Dialect.Thinking":  {Name: "x", Thinking: llm.Thinking{Off: map[string]any{"f": func() {}}}},
	} {
		_, err := llm.New(llm.Config{BaseURL: "https://api.example.com", Dialect: bad})
		require.ErrorContains(t, err, want)
	}
	_, err := bodyOf(t, llm.LlamaCPP(), &llm.Request{Model: "m", Messages: []llm.Message{llm.User("u")}, Tools: []llm.Tool{weatherTool()}, ToolChoice: "get_weather"})
	require.ErrorContains(t, err, "ToolChoice: llama.cpp does not obey")
}

// A history survives being written down.
func TestMessage_roundTrip(t *testing.T) {
	t.Parallel()
	m := llm.Message{
		Role: llm.RoleAssistant, Reasoning: "r", ReasoningField: "reasoning", ToolCalls: weather(), Parts: []llm.Part{llm.Text("t"), llm.Image([]byte(pixel))},
		Extra: map[string]json.RawMessage{"reasoning_details": json.RawMessage(`[1]`)},
	}
	data, err := json.Marshal(m)
	require.NoError(t, err)
	var again llm.Message
	require.NoError(t, json.Unmarshal(data, &again))
	require.Equal(t, m, again)
}
