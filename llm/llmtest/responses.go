package llmtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/kitroll/kitroll/llm"
)

// POST /responses: the same scripts as chat completions, behind the newer protocol. It is stateless, as clients that send
// "store": false want it.

type responsesWire struct {
	Model string          `json:"model"`
	Input json.RawMessage `json:"input"`
	Tools []struct {
		Type        string          `json:"type"`
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parameters"`
		Strict      *bool           `json:"strict"`
	} `json:"tools"`
	ToolChoice json.RawMessage `json:"tool_choice"`
	Stream     bool            `json:"stream"`
	Reasoning  struct {
		Effort string `json:"effort"`
	} `json:"reasoning"`
	Include         []string `json:"include"`
	MaxOutputTokens int      `json:"max_output_tokens"`
	Temperature     *float64 `json:"temperature"`
	Store           *bool    `json:"store"`
}

type responsesInput struct {
	Type      string          `json:"type"`
	Role      string          `json:"role"`
	Content   json.RawMessage `json:"content"`
	CallID    string          `json:"call_id"`
	Name      string          `json:"name"`
	Arguments string          `json:"arguments"`
	Output    *string         `json:"output"`
	Sealed    string          `json:"encrypted_content"`
}

func (s *Server) responses(w http.ResponseWriter, r *http.Request, body []byte) {
	var wire responsesWire
	if !s.parse(w, r, body, &wire) {
		return
	}
	var members map[string]json.RawMessage
	_ = json.Unmarshal(body, &members) // it is an object: it has been read as one
	req, refusal := s.checkResponses(wire, members)
	if refusal != nil {
		s.fail(w, *refusal)
		return
	}
	req.Header, req.Raw = r.Header.Clone(), body
	a, f, id := s.answer(req)
	if a.Error != nil {
		s.fail(w, *a.Error)
		return
	}
	t := &responsesTalk{
		talk:   &talk{w: w, r: r, req: req, a: a, shape: s.shape, id: id, created: s.opts.Now().Unix(), key: s.opts.Key},
		sealed: slices.Contains(wire.Include, "reasoning.encrypted_content"), fault: f,
	}
	t.serve()
}

// checkResponses refuses what the platform does, unknown members included, and reads the rest as a chat.
func (s *Server) checkResponses(w responsesWire, members map[string]json.RawMessage) (req ChatRequest, refusal *APIError) {
	for _, name := range []string{"messages", "n", "stop", "seed", "max_tokens", "max_completion_tokens", "response_format", "reasoning_effort"} {
		if members[name] != nil {
			return req, new(unknownParameter(name))
		}
	}
	req = ChatRequest{Model: w.Model, Stream: w.Stream, MaxTokens: w.MaxOutputTokens, Temperature: w.Temperature, N: 1, Effort: w.Reasoning.Effort}
	switch {
	case w.Model == "":
		return req, new(missing("model"))
	case !slices.Contains(s.opts.Models, w.Model):
		return req, new(noModel(w.Model))
	case len(w.Input) == 0:
		return req, new(missing("input"))
	case w.MaxOutputTokens != 0 && w.MaxOutputTokens < 16:
		return req, &APIError{Param: "max_output_tokens", Code: "integer_below_min_value", Message: "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16."}
	}
	for i, t := range w.Tools {
		param := fmt.Sprintf("tools[%d]", i)
		switch {
		case t.Type != "function" || t.Name == "":
			return req, new(missing(param + ".name"))
		case t.Strict == nil || *t.Strict: // strict is the default here
			if !strings.Contains(string(t.Parameters), `"additionalProperties":false`) {
				return req, &APIError{
					Param: param + ".parameters", Code: "invalid_function_parameters",
					Message: "Invalid schema for function '" + t.Name + "': In context=(), 'additionalProperties' is required to be supplied and to be false.",
				}
			}
		}
		req.Tools = append(req.Tools, llm.Tool{Name: t.Name, Description: t.Description, Parameters: t.Parameters, Strict: t.Strict == nil || *t.Strict})
	}
	var text string
	if json.Unmarshal(w.Input, &text) == nil {
		req.Messages = []ChatMessage{{Role: "user", Text: text}}
		return req, nil
	}
	var input []json.RawMessage
	if json.Unmarshal(w.Input, &input) != nil || len(input) == 0 {
		return req, &APIError{Param: "input", Code: "invalid_type", Message: "Invalid type for 'input': expected one of a string or array of objects."}
	}
	for i, raw := range input {
		if e := s.readItem(&req, raw, fmt.Sprintf("input[%d]", i)); e != nil {
			return req, e
		}
	}
	if e := checkTurns(req.Messages); e != nil {
		return req, &APIError{Param: "input", Message: "No tool output found for function call."}
	}
	return req, nil
}

func (s *Server) readItem(req *ChatRequest, raw json.RawMessage, param string) *APIError {
	var item responsesInput
	if json.Unmarshal(raw, &item) != nil {
		return &APIError{Param: param, Code: "invalid_type", Message: "Invalid type for '" + param + "': expected an object."}
	}
	last := func() *ChatMessage { // the assistant's message that the item is a part of
		if n := len(req.Messages); n > 0 && req.Messages[n-1].Role == "assistant" {
			return &req.Messages[n-1]
		}
		req.Messages = append(req.Messages, ChatMessage{Role: "assistant"})
		return &req.Messages[len(req.Messages)-1]
	}
	switch item.Type {
	case "", "message":
		msg, ok := readContent(item)
		if !ok {
			return &APIError{Param: param + ".content", Code: "invalid_type", Message: "Invalid type for '" + param + ".content'."}
		}
		if item.Role == "assistant" {
			m := last()
			m.Text += msg.Text
			return nil
		}
		if e, ok := oneOf(param+".role", item.Role, "system", "developer", "user"); !ok || item.Role == "" {
			return &e
		}
		msg.Raw = raw
		req.Messages = append(req.Messages, msg)
	case "reasoning":
		if item.Sealed == "" {
			return &APIError{Status: http.StatusNotFound, Param: "input", Message: "Item with id 'rs_1' not found. Items are not persisted when `store` is set to false."}
		}
		text, ok := strings.CutPrefix(item.Sealed, "sealed:")
		if !ok {
			return &APIError{Param: param, Code: "invalid_encrypted_content", Message: "The encrypted content could not be verified."}
		}
		req.Messages = append(req.Messages, ChatMessage{Role: "assistant", Reasoning: text})
	case "function_call":
		m := last()
		m.ToolCalls = append(m.ToolCalls, llm.ToolCall{Index: len(m.ToolCalls), ID: item.CallID, Name: item.Name, Arguments: item.Arguments})
	case "function_call_output":
		if item.Output == nil {
			return new(missing(param + ".output"))
		}
		req.Messages = append(req.Messages, ChatMessage{Role: "tool", ToolCallID: item.CallID, Text: *item.Output})
	default:
		e, _ := oneOf(param, item.Type, "message", "reasoning", "function_call", "function_call_output")
		return &e
	}
	return nil
}

func readContent(item responsesInput) (msg ChatMessage, ok bool) {
	msg.Role = item.Role
	if string(item.Content) != "null" && json.Unmarshal(item.Content, &msg.Text) == nil {
		return msg, true
	}
	var parts []struct {
		Type     string `json:"type"`
		Text     string `json:"text"`
		ImageURL string `json:"image_url"`
		FileData string `json:"file_data"`
	}
	if json.Unmarshal(item.Content, &parts) != nil || len(parts) == 0 {
		return msg, false
	}
	for _, p := range parts {
		switch {
		case p.Type == "input_text" && item.Role != "assistant", p.Type == "output_text" && item.Role == "assistant":
			msg.Text += p.Text
		case p.Type == "input_image" && item.Role == "user" && p.ImageURL != "":
			msg.Images = append(msg.Images, p.ImageURL)
		case p.Type == "input_file" && item.Role == "user" && strings.HasPrefix(p.FileData, "data:"):
			msg.Others = append(msg.Others, p.Type)
		default:
			return msg, false
		}
	}
	return msg, true
}
