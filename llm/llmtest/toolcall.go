package llmtest

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/kitroll/kitroll/llm"
)

type wireTool struct {
	Type     string `json:"type"`
	Function struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parameters"`
		Strict      bool            `json:"strict"`
	} `json:"function"`
}

type wireCall struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

// readTools checks tools and the choice among them.
func readTools(w wireChat, req *ChatRequest) *APIError {
	names := map[string]bool{}
	for i, t := range w.Tools {
		param := fmt.Sprintf("tools[%d]", i)
		switch {
		case t.Type != "function":
			return &APIError{Param: param + ".type", Code: "invalid_value", Message: "Invalid value: '" + t.Type + "'. Supported values are: 'function'."}
		case t.Function.Name == "" || len(t.Function.Name) > 64:
			return &APIError{Param: param + ".function.name", Code: "invalid_value", Message: "Invalid '" + param + ".function.name': expected a string of 1 to 64 characters."}
		}
		names[t.Function.Name] = true
		req.Tools = append(req.Tools, llm.Tool{
			Name: t.Function.Name, Description: t.Function.Description, Parameters: t.Function.Parameters, Strict: t.Function.Strict,
		})
	}
	if len(w.ToolChoice) == 0 {
		return nil
	}
	var word string
	var named struct {
		Type     string `json:"type"`
		Function struct {
			Name string `json:"name"`
		} `json:"function"`
	}
	switch {
	case len(w.Tools) == 0:
		return &APIError{Param: "tool_choice", Message: "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified."}
	case json.Unmarshal(w.ToolChoice, &word) == nil:
		if e, ok := oneOf("tool_choice", word, "none", "auto", "required"); !ok {
			return &e
		}
		req.ToolChoice = llm.ToolChoice(word)
	case json.Unmarshal(w.ToolChoice, &named) == nil && names[named.Function.Name]:
		req.ToolChoice = llm.ToolChoice(named.Function.Name)
	default:
		return &APIError{Param: "tool_choice.function.name", Message: "Invalid value for 'tool_choice': the function is not one of 'tools'."}
	}
	return nil
}

// checkTurns refuses calls without results and results without calls.
func checkTurns(messages []ChatMessage) *APIError {
	open := map[string]bool{}
	unanswered := &APIError{
		Param:   "messages",
		Message: "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'.",
	}
	for i, m := range messages {
		param := fmt.Sprintf("messages.[%d]", i)
		if m.Role == "tool" {
			if !open[m.ToolCallID] {
				return &APIError{Param: param + ".role", Message: "Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'."}
			}
			delete(open, m.ToolCallID)
			continue
		}
		if len(open) > 0 {
			return unanswered
		}
		for j, c := range m.ToolCalls {
			switch {
			case c.ID == "":
				return new(missing(fmt.Sprintf("%s.tool_calls[%d].id", param, j)))
			case c.Name == "":
				return new(missing(fmt.Sprintf("%s.tool_calls[%d].function.name", param, j)))
			case !json.Valid([]byte(c.Arguments)):
				return new(badValue(fmt.Sprintf("%s.tool_calls[%d].function.arguments", param, j), "Invalid JSON in the arguments of a tool call."))
			}
			open[c.ID] = true
		}
	}
	if len(open) > 0 {
		return unanswered
	}
	return nil
}

// callPieces are the deltas of the tool calls: each begins with ID and name, the arguments follow in pieces.
func (t *talk) callPieces() (out []object) {
	for i, c := range t.a.ToolCalls {
		begin := object{"index": i, "id": c.ID, "type": "function", "function": object{"name": c.Name, "arguments": ""}}
		for name, v := range c.Extra {
			begin[name] = v
		}
		if t.shape.wholeCalls {
			begin["function"] = object{"name": c.Name, "arguments": c.Arguments}
			delete(begin, "index")
			out = append(out, object{"tool_calls": []any{begin}})
			continue
		}
		out = append(out, object{"tool_calls": []any{begin}})
		for piece := range cut(c.Arguments, t.a.Runes) {
			d := object{"index": i, "function": object{"arguments": piece}}
			if t.shape.emptyIDs {
				d["id"], d["type"] = "", "function"
			}
			out = append(out, object{"tool_calls": []any{d}})
		}
	}
	return out
}

func (t *talk) wholeCalls() []any {
	var out []any
	for _, c := range t.a.ToolCalls {
		call := object{"id": c.ID, "type": "function", "function": object{"name": c.Name, "arguments": c.Arguments}}
		for name, v := range c.Extra {
			call[name] = v
		}
		out = append(out, call)
	}
	return out
}

// oddCalls streams an answer whose tool calls are written in another way, or break off.
func (t *talk) oddCalls(f Fault) {
	if len(t.a.ToolCalls) == 0 {
		panic(fmt.Sprintf("llmtest: the fault %q is for an answer with ToolCalls", f))
	}
	whole := t.a
	t.a.ToolCalls = nil
	t.begin()
	t.chunks()
	t.a = whole
	for i, c := range t.a.ToolCalls {
		var args any = c.Arguments
		call := object{"index": i, "id": c.ID, "type": "function", "function": object{"name": c.Name, "arguments": args}}
		send := func() { t.event(t.delta(0, object{"tool_calls": []any{call}}, nil)) }
		switch f {
		case ToolArgsObject:
			call["function"] = object{"name": c.Name, "arguments": json.RawMessage(c.Arguments)}
		case ToolSameIndex:
			call["index"] = 0
		case ToolNoIndex:
			delete(call, "index")
		case ToolNoID:
			delete(call, "id")
		case ToolEmptyID:
			call["function"] = object{"arguments": ""}
			send()
			call = object{"index": i, "id": "", "function": object{"name": c.Name}}
			send()
			call = object{"index": i, "id": "", "function": object{"name": "", "arguments": args}}
		case ToolArgsCut, ToolArgsShort:
			call["function"] = object{"name": c.Name, "arguments": c.Arguments[:len(c.Arguments)-2]}
		case ToolArgsBad:
			call["function"] = object{"name": c.Name, "arguments": c.Arguments + "}"}
		}
		send()
		if f == ToolArgsCut {
			return
		}
	}
	if f == ToolFinishStop {
		t.a.Finish = "stop"
	}
	t.end()
}

// fail writes an error as the provider would.
func (s *Server) fail(w http.ResponseWriter, e APIError) {
	if s.shape.errorBody == nil {
		writeError(w, e)
		return
	}
	e.write(w, s.shape.errorBody(e))
}
