package llm

import (
	"encoding/json"
	"fmt"
	"maps"
)

// Request is a chat completion to ask for. It is read before [Client.Stream] and [Client.Chat] return or send anything,
// and never changed.
type Request struct {
	Model             string     // required
	Messages          []Message  // required
	Tools             []Tool     // what the model may call
	ToolChoice        ToolChoice // whether it may, must or must not; empty = the provider's default
	ParallelToolCalls *bool      // several calls in one answer; nil = the provider's default
	Temperature       *float64   // 0 to 2; nil = the provider's default
	TopP              *float64   // 0 to 1; nil = the provider's default
	MaxTokens         int        // of the answer; 0 = the provider's default
	Stop              []string   // texts that end the answer; most providers take up to 4
	Seed              *int       // for answers that can be had again; best effort
	N                 int        // how many answers; 0 = 1. Events then carry Choice
	TopLogProbs       *int       // log probabilities of each token, and of so many others, 0 to 20; nil = none
	Reasoning         Reasoning  // how much the model thinks; zero = the provider's default
	Format            *Format    // the answer as JSON; nil = text
	User              string     // the end user, for the provider's abuse watch; optional
	// Extra goes into the body last and replaces what is there: a provider's own fields, such as {"enable_thinking":
	// true}. A nil value takes a field out: {"stream_options": nil} for servers that refuse it.
	Extra map[string]any
}

// Format asks for an answer in JSON. Package llm/schema makes one from a Go type and checks the answer against it.
type Format struct {
	// Schema is a JSON Schema; nil = any object, for which most providers want the word JSON in a message.
	Schema json.RawMessage
	Name   string // of the schema: letters, digits, _ and -; empty = answer
	// Strict asks the provider to hold the model to the schema, which then must have every property required and
	// additionalProperties false.
	Strict bool
}

type wireRequest struct {
	Model               string             `json:"model"`
	Messages            []wireMessage      `json:"messages"`
	Tools               []wireTool         `json:"tools,omitempty"`
	ToolChoice          any                `json:"tool_choice,omitempty"`
	ParallelToolCalls   *bool              `json:"parallel_tool_calls,omitempty"`
	Temperature         *float64           `json:"temperature,omitempty"`
	TopP                *float64           `json:"top_p,omitempty"`
	Stop                []string           `json:"stop,omitempty"`
	Seed                *int               `json:"seed,omitempty"`
	N                   int                `json:"n,omitempty"`
	LogProbs            bool               `json:"logprobs,omitempty"`
	TopLogProbs         *int               `json:"top_logprobs,omitempty"`
	ResponseFormat      any                `json:"response_format,omitempty"`
	User                string             `json:"user,omitempty"`
	MaxTokens           int                `json:"max_tokens,omitempty"`
	MaxCompletionTokens int                `json:"max_completion_tokens,omitempty"`
	Stream              bool               `json:"stream"`
	StreamOptions       *wireStreamOptions `json:"stream_options,omitempty"`
}

type wireStreamOptions struct {
	IncludeUsage       bool  `json:"include_usage"`
	IncludeObfuscation *bool `json:"include_obfuscation,omitempty"`
}

// body checks r and encodes it.
func (c *Client) body(r *Request, stream bool) ([]byte, error) {
	encode := c.chatBody
	if c.dialect.API == APIResponses {
		encode = c.responsesBody
	}
	err := r.check()
	if err == nil && c.dialect.NoNamedTool && r.ToolChoice.wire() != nil {
		if _, word := r.ToolChoice.wire().(string); !word {
			err = fmt.Errorf("ToolChoice: %s does not obey one that names a tool", c.dialect.Name)
		}
	}
	if err == nil {
		var data []byte
		if data, err = encode(r, stream); err == nil {
			return data, nil
		}
	}
	return nil, &Error{Op: c.op(), Message: "request: " + err.Error(), Kind: ErrInvalid, Err: err}
}

func (c *Client) chatBody(r *Request, stream bool) ([]byte, error) {
	d := &c.dialect
	w := wireRequest{
		Model: r.Model, ToolChoice: r.ToolChoice.wire(), ParallelToolCalls: r.ParallelToolCalls, Temperature: r.Temperature, TopP: r.TopP,
		Stop: r.Stop, Seed: r.Seed, N: r.N, LogProbs: r.TopLogProbs != nil, TopLogProbs: r.TopLogProbs, User: r.User, Stream: stream,
	}
	for _, t := range r.Tools {
		w.Tools = append(w.Tools, t.wire())
	}
	messages := r.Messages
	w.ResponseFormat, messages = d.format(r.Format, messages)
	w.Messages = d.history(messages, c.cfg.Attachments)
	add, err := d.thinking(r.Model).members(r.Reasoning, d.Name)
	if err != nil {
		return nil, err
	}
	switch d.MaxTokensField {
	case "", "max_tokens":
		w.MaxTokens = r.MaxTokens
	case "max_completion_tokens":
		w.MaxCompletionTokens = r.MaxTokens
	default:
		if r.MaxTokens > 0 {
			add = with(add, d.MaxTokensField, r.MaxTokens)
		}
	}
	if stream && !d.NoStreamOptions {
		w.StreamOptions = &wireStreamOptions{IncludeUsage: true}
		if d.Obfuscates {
			w.StreamOptions.IncludeObfuscation = new(false)
		}
	}
	return mergeExtra(w, add, r.Extra)
}

func with(m map[string]any, name string, v any) map[string]any {
	if m == nil {
		m = map[string]any{}
	}
	m[name] = v
	return m
}

// format is the member response_format, and the messages with the schema in them where the provider does not take one.
func (d *Dialect) format(f *Format, messages []Message) (any, []Message) {
	switch {
	case f == nil:
		return nil, messages
	case f.Schema == nil:
		return map[string]any{"type": "json_object"}, messages
	case d.NoSchema:
		hint := System("Answer with one JSON object and nothing else. It must satisfy this JSON Schema:\n" + string(f.Schema))
		return map[string]any{"type": "json_object"}, append([]Message{hint}, messages...)
	}
	return map[string]any{"type": "json_schema", "json_schema": f.wire()}, messages
}

func (f *Format) wire() map[string]any {
	out := map[string]any{"name": "answer", "schema": f.Schema}
	if f.Name != "" {
		out["name"] = f.Name
	}
	if f.Strict {
		out["strict"] = true
	}
	return out
}

// mergeExtra encodes body, with the members of each extra in place of its own.
func mergeExtra(body any, extras ...map[string]any) ([]byte, error) {
	data, err := json.Marshal(body)
	extra := map[string]any{}
	for _, e := range extras {
		maps.Copy(extra, e)
	}
	if err != nil || len(extra) == 0 {
		return data, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, err
	}
	for name, v := range extra {
		if v == nil {
			delete(members, name)
			continue
		}
		raw, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("Extra[%q]: %w", name, err)
		}
		members[name] = raw
	}
	return json.Marshal(members)
}
