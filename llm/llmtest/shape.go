package llmtest

import (
	"net/http"
	"strings"
)

// shape is how a provider's answers differ from DeepSeek's form, and its rules from OpenAI's. Only what clients stumble over
// is here. Source: as package llm's dialects.
type shape struct {
	reasoning   string    // the member of the reasoning; empty = reasoning_content
	listContent bool      // content is a list of parts, the reasoning among them
	usage       usageSpot // where the tokens are counted
	roleAlways  bool      // every delta has a role
	bareChunks  bool      // chunks lack finish_reason and logprobs until the end
	emptyIDs    bool      // later pieces of a tool call have "id":""
	wholeCalls  bool      // tool calls come whole and without an index
	alwaysStop  bool      // finish_reason is stop, tool calls or not
	obfuscates  bool      // chunks carry random padding unless told not to
	greeting    string    // comes before the first chunk
	developer   bool      // the role developer is known
	ignoresN    bool      // there is one answer, whatever n says
	keyHeader   string    // empty = Authorization: Bearer
	// replays: a message with tool calls must bring its reasoning back.
	replays bool
	// maxTokens is the one name of the limit; empty = either.
	maxTokens string
	// noSchema: response_format json_schema is refused.
	noSchema bool
	// streamsThought: enable_thinking is refused in a request that is not streamed.
	streamsThought bool
	errorBody      func(APIError) any // nil = OpenAI's
}

type usageSpot int

const (
	usageLast   usageSpot = iota // a chunk of its own, if asked for
	usageFinish                  // in the chunk with the finish_reason
	usageChoice                  // in the choice of that chunk
	usageGroq                    // in x_groq
)

// shapes are by the name of the dialect.
func shapes() map[string]shape {
	return map[string]shape{
		"":            {developer: true},
		"generic":     {},
		"openai":      {developer: true, obfuscates: true, maxTokens: "max_completion_tokens"},
		"deepseek":    {usage: usageFinish, replays: true, noSchema: true, maxTokens: "max_tokens", greeting: ": keep-alive\n\n"},
		"dashscope":   {emptyIDs: true, streamsThought: true, errorBody: withRequestID},
		"moonshot":    {usage: usageChoice, replays: true, noSchema: true, maxTokens: "max_completion_tokens"},
		"zhipu":       {noSchema: true, errorBody: codeAndMessage},
		"ark":         {noSchema: true},
		"siliconflow": {noSchema: true, errorBody: siliconFlowBody},
		"openrouter":  {reasoning: "reasoning", greeting: ": OPENROUTER PROCESSING\n\n", errorBody: openRouterBody},
		"groq":        {reasoning: "reasoning", usage: usageGroq},
		"xai":         {bareChunks: true},
		"mistral":     {listContent: true},
		"gemini":      {wholeCalls: true, alwaysStop: true, errorBody: listBody},
		"azure":       {developer: true, keyHeader: "api-key", greeting: azureGreeting, maxTokens: "max_completion_tokens"},
		"ollama":      {reasoning: "reasoning", roleAlways: true, ignoresN: true, maxTokens: "max_tokens"},
		"vllm":        {reasoning: "reasoning", errorBody: vllmBody},
		"llama.cpp":   {},
	}
}

const azureGreeting = `data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}]}` + "\n\n" +
	`data: {"choices":[{"content_filter_offsets":{},"content_filter_results":{},"finish_reason":null,"index":0}],"id":"","object":""}` + "\n\n"

// thought is a piece of reasoning as a delta.
func (s shape) thought(text string) object {
	switch {
	case s.listContent:
		return object{"content": []any{object{"type": "thinking", "thinking": []any{object{"type": "text", "text": text}}}}}
	case s.reasoning != "":
		return object{"content": "", s.reasoning: text}
	}
	return object{"content": nil, "reasoning_content": text}
}

// refuses checks what the provider asks beyond OpenAI's rules.
func (s shape) refuses(w wireChat) *APIError {
	switch {
	case s.maxTokens == "max_tokens" && w.MaxCompletionTokens > 0:
		return new(unknownParameter("max_completion_tokens")) // some ignore it, which a test would not see
	case s.maxTokens == "max_completion_tokens" && w.MaxTokens > 0:
		return &APIError{
			Param: "max_tokens", Code: "unsupported_parameter",
			Message: "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
		}
	case s.noSchema && w.ResponseFormat.Type == "json_schema":
		return &APIError{Param: "response_format", Message: "This response_format type is unavailable now"}
	case w.ResponseFormat.Type == "json_object" && !mentionsJSON(w.Messages):
		return &APIError{Param: "messages", Message: "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."}
	case s.streamsThought && !w.Stream && w.EnableThinking:
		return &APIError{Code: "invalid_parameter_error", Message: "parameter.enable_thinking must be set to false for non-streaming calls"}
	}
	if !s.replays {
		return nil
	}
	for _, m := range w.Messages {
		if len(m.ToolCalls) > 0 && m.ReasoningContent == nil {
			return &APIError{Message: "thinking is enabled but reasoning_content is missing in assistant tool call message"}
		}
	}
	return nil
}

func mentionsJSON(messages []wireMessage) bool {
	for _, m := range messages {
		if strings.Contains(strings.ToLower(string(m.Content)), "json") {
			return true
		}
	}
	return false
}

func withRequestID(e APIError) any {
	body := e.body()
	body["request_id"] = "dashscope-request"
	return body
}

func codeAndMessage(e APIError) any {
	code := e.Code
	if code == "" || code[0] < '0' || code[0] > '9' {
		code = "1210"
	}
	return object{"error": object{"code": code, "message": e.Message}}
}

func siliconFlowBody(e APIError) any {
	return object{"code": 20012, "message": e.Message, "data": nil}
}

func openRouterBody(e APIError) any {
	return object{"error": object{"code": e.status(), "message": "Provider returned error", "metadata": object{"raw": e.Message, "provider_name": "llmtest"}}}
}

func listBody(e APIError) any {
	return []any{object{"error": object{"code": e.status(), "message": e.Message, "status": "INVALID_ARGUMENT"}}}
}

func vllmBody(e APIError) any {
	return object{"object": "error", "message": e.Message, "type": "BadRequestError", "param": nil, "code": e.status()}
}

func (e APIError) status() int {
	if e.Status == 0 {
		return http.StatusBadRequest
	}
	return e.Status
}
