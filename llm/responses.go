package llm

import (
	"encoding/json"
	"errors"
	"fmt"
)

// The Responses API behind the same requests: what /responses calls items, text.format and max_output_tokens. Nothing is
// kept at the server ("store": false); reasoning goes back and forth encrypted, in Message.Extra.
//
// Source: OpenAI API reference, responses and responses-streaming (read 2026-11).

type responsesRequest struct {
	Model             string          `json:"model"`
	Input             []any           `json:"input"`
	Tools             []responsesTool `json:"tools,omitempty"`
	ToolChoice        any             `json:"tool_choice,omitempty"`
	ParallelToolCalls *bool           `json:"parallel_tool_calls,omitempty"`
	Temperature       *float64        `json:"temperature,omitempty"`
	TopP              *float64        `json:"top_p,omitempty"`
	MaxOutputTokens   int             `json:"max_output_tokens,omitempty"`
	TopLogProbs       *int            `json:"top_logprobs,omitempty"`
	Text              any             `json:"text,omitempty"`
	Reasoning         any             `json:"reasoning,omitempty"`
	Include           []string        `json:"include,omitempty"`
	User              string          `json:"user,omitempty"`
	Store             bool            `json:"store"`
	Stream            bool            `json:"stream"`
	StreamOptions     any             `json:"stream_options,omitempty"`
}

// responsesTool always says strict: here the default is true, and most schemas would be refused.
type responsesTool struct {
	Type        string          `json:"type"`
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters"`
	Strict      bool            `json:"strict"`
}

func (c *Client) responsesBody(r *Request, stream bool) ([]byte, error) {
	if err := r.checkResponses(); err != nil {
		return nil, err
	}
	w := responsesRequest{
		Model: r.Model, ToolChoice: r.ToolChoice.wire(), ParallelToolCalls: r.ParallelToolCalls, Temperature: r.Temperature, TopP: r.TopP,
		MaxOutputTokens: r.MaxTokens, TopLogProbs: r.TopLogProbs, User: r.User, Stream: stream,
	}
	for _, t := range r.Tools {
		tool := responsesTool{Type: "function", Name: t.Name, Description: t.Description, Parameters: t.Parameters, Strict: t.Strict}
		if tool.Parameters == nil {
			tool.Parameters = json.RawMessage(`{"type":"object","properties":{}}`)
		}
		w.Tools = append(w.Tools, tool)
	}
	if _, word := w.ToolChoice.(string); w.ToolChoice != nil && !word {
		w.ToolChoice = map[string]string{"type": "function", "name": string(r.ToolChoice)}
	}
	sealed := false
	for _, m := range r.Messages {
		items, reasoning := c.items(m)
		w.Input = append(w.Input, items...)
		sealed = sealed || reasoning
	}
	w.Text = r.Format.responses()
	switch {
	case r.Reasoning.Off:
		w.Reasoning = map[string]any{"effort": "none"}
	case r.Reasoning.Effort != "":
		w.Reasoning = map[string]any{"effort": r.Reasoning.Effort, "summary": "auto"}
		sealed = true
	}
	if sealed { // models that do not reason refuse this
		w.Include = append(w.Include, "reasoning.encrypted_content")
	}
	if r.TopLogProbs != nil {
		w.Include = append(w.Include, "message.output_text.logprobs")
	}
	if stream && c.dialect.Obfuscates {
		w.StreamOptions = map[string]bool{"include_obfuscation": false}
	}
	return mergeExtra(w, r.Extra)
}

// checkResponses refuses what this API has no place for, rather than leave it out.
func (r *Request) checkResponses() error {
	var errs []error
	for field, set := range map[string]bool{
		"N": r.N > 1, "Stop": len(r.Stop) > 0, "Seed": r.Seed != nil, "Reasoning.Budget": r.Reasoning.Budget > 0,
	} {
		if set {
			errs = append(errs, fmt.Errorf("%s: the Responses API has no such setting", field))
		}
	}
	for i, m := range r.Messages {
		for j, p := range m.Parts {
			if p.Kind == PartAudio || p.Kind == PartVideo {
				errs = append(errs, fmt.Errorf("Messages[%d]: Parts[%d]: the Responses API takes no audio or video", i, j))
			}
		}
	}
	return errors.Join(errs...)
}

func (f *Format) responses() any {
	switch {
	case f == nil:
		return nil
	case f.Schema == nil:
		return map[string]any{"format": map[string]string{"type": "json_object"}}
	}
	format := f.wire()
	format["type"] = "json_schema"
	if !f.Strict {
		format["strict"] = false // as with tools, the default is true
	}
	return map[string]any{"format": format}
}

type responsesMessage struct {
	Type    string `json:"type"`
	Role    Role   `json:"role"`
	Content any    `json:"content"` // a text, or parts
}

type responsesPart struct {
	Type     string `json:"type"`
	Text     string `json:"text,omitempty"`
	ImageURL string `json:"image_url,omitempty"`
	Detail   string `json:"detail,omitempty"`
	FileName string `json:"filename,omitempty"`
	FileData string `json:"file_data,omitempty"`
}

type responsesCall struct {
	Type      string `json:"type"`
	CallID    string `json:"call_id"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

// items are what a message is here, and whether its sealed reasoning is among them.
func (c *Client) items(m Message) (items []any, sealed bool) {
	if m.Role == RoleTool {
		return []any{responsesOutput{"function_call_output", m.ToolCallID, m.Text()}}, false
	}
	if raw := m.Extra[itemsExtra]; len(raw) > 0 {
		var kept []json.RawMessage
		if json.Unmarshal(raw, &kept) == nil {
			for _, item := range kept {
				items, sealed = append(items, item), true
			}
		}
	}
	text, others := m.content(c.cfg.Attachments)
	role := m.Role
	if role == RoleDeveloper && !c.dialect.DeveloperRole {
		role = RoleSystem
	}
	switch {
	case len(others) > 0:
		parts := make([]responsesPart, 0, len(others)+1)
		if text != "" {
			parts = append(parts, responsesPart{Type: "input_text", Text: text})
		}
		for _, p := range others {
			switch {
			case p.ImageURL != nil:
				parts = append(parts, responsesPart{Type: "input_image", ImageURL: p.ImageURL.URL, Detail: p.ImageURL.Detail})
			case p.File != nil:
				parts = append(parts, responsesPart{Type: "input_file", FileName: p.File.Name, FileData: p.File.Data})
			}
		}
		items = append(items, responsesMessage{"message", role, parts})
	case text != "" || len(m.ToolCalls) == 0:
		items = append(items, responsesMessage{"message", role, text})
	}
	for _, call := range m.ToolCalls {
		items = append(items, responsesCall{Type: "function_call", CallID: call.ID, Name: call.Name, Arguments: call.Arguments})
	}
	return items, sealed
}

// responsesOutput always has its output, empty or not.
type responsesOutput struct {
	Type   string `json:"type"`
	CallID string `json:"call_id"`
	Output string `json:"output"`
}
