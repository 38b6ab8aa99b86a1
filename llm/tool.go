package llm

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Tool is a function that the model may ask to have called. Package llm/schema makes one from a Go function.
type Tool struct {
	Name        string // required: letters, digits, _ and -, at most 64
	Description string // what it does and when to use it, for the model
	// Parameters is a JSON Schema of the arguments, an object's; nil = the tool has none.
	Parameters json.RawMessage
	// Strict asks the provider to hold the model to the schema. Few providers do, and those that do want every property
	// required and additionalProperties false.
	Strict bool
}

// ToolChoice says whether the model may, must or must not call a tool. Any value but the three below is the name of the
// one tool that it must call. Empty is the provider's default: it may, if there are tools.
type ToolChoice string

// The choices.
const (
	ToolChoiceAuto     ToolChoice = "auto"     // it may
	ToolChoiceNone     ToolChoice = "none"     // it must not
	ToolChoiceRequired ToolChoice = "required" // it must call one, whichever it likes
)

// ToolCall is the model's wish to have a tool called.
type ToolCall struct {
	Index     int    // its place among the calls of the answer, from 0
	ID        string // goes back with the result, see [ToolResult]; made up where the server gives none
	Name      string // of the tool
	Arguments string // a JSON object, as the model wrote it; "{}" where it wrote nothing
	// Incomplete is a call that was cut off, or that is not JSON: never act on it. It can stand in the response of a stream
	// that failed, and nowhere else.
	Incomplete bool
	// Extra is what else the server said of the call, such as Gemini's extra_content. It is sent back with it.
	Extra map[string]json.RawMessage
}

// Decode reads the arguments into v, which must be a pointer.
func (c *ToolCall) Decode(v any) error {
	if c.Incomplete {
		return fmt.Errorf("tool call %s: incomplete", c.Name)
	}
	if err := json.Unmarshal([]byte(c.Arguments), v); err != nil {
		return fmt.Errorf("tool call %s: arguments: %w", c.Name, err)
	}
	return nil
}

func (c *ToolCall) check() error {
	switch {
	case c.Incomplete:
		return errors.New("incomplete: a call that was cut off cannot be sent back")
	case c.ID == "":
		return errors.New("ID: missing")
	case c.Name == "":
		return errors.New("Name: missing")
	case !isObject(c.Arguments):
		return errors.New("Arguments: not a JSON object")
	}
	return nil
}

// isObject reports whether s is one whole JSON object.
func isObject(s string) bool {
	return strings.HasPrefix(strings.TrimLeft(s, " \t\r\n"), "{") && json.Valid([]byte(s))
}

func (t Tool) check() error {
	if !validName(t.Name) {
		return fmt.Errorf("Name: %q is not 1 to 64 letters, digits, _ and -", t.Name)
	}
	if t.Parameters != nil && !isObject(string(t.Parameters)) {
		return errors.New("Parameters: not a JSON object")
	}
	return nil
}

// validName is OpenAI's rule for the names of tools and schemas, which most others share.
func validName(s string) bool {
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	})
}

// checkTools checks the tools, and the choice among them.
func (r *Request) checkTools() error {
	var errs []error
	names := map[string]bool{}
	for i, t := range r.Tools {
		if err := t.check(); err != nil {
			errs = append(errs, fmt.Errorf("Tools[%d]: %w", i, err))
		} else if names[t.Name] {
			errs = append(errs, fmt.Errorf("Tools[%d]: a second tool is called %s", i, t.Name))
		}
		names[t.Name] = true
	}
	switch r.ToolChoice {
	case "", ToolChoiceNone:
	case ToolChoiceAuto, ToolChoiceRequired:
		if len(r.Tools) == 0 {
			errs = append(errs, fmt.Errorf("ToolChoice: %q without Tools", r.ToolChoice))
		}
	default:
		if !names[string(r.ToolChoice)] {
			errs = append(errs, fmt.Errorf("ToolChoice: %q is neither auto, none or required nor the name of a tool", r.ToolChoice))
		}
	}
	return errors.Join(errs...)
}

// checkTurns finds calls without results and results without calls, which every provider refuses, most with words that
// name neither.
func checkTurns(messages []Message) error {
	open := map[string]bool{}
	from := 0
	for i, m := range messages {
		switch {
		case m.Role == RoleTool:
			if m.ToolCallID == "" {
				return fmt.Errorf("Messages[%d]: ToolCallID: missing", i)
			}
			if !open[m.ToolCallID] {
				return fmt.Errorf("Messages[%d]: ToolCallID: %q answers no open call of the assistant message before", i, m.ToolCallID)
			}
			delete(open, m.ToolCallID)
			continue
		case len(open) > 0:
			return fmt.Errorf("Messages[%d]: %d of its tool calls have no result: each needs a ToolResult before the next message", from, len(open))
		}
		from = i
		for j, c := range m.ToolCalls {
			if err := c.check(); err != nil {
				return fmt.Errorf("Messages[%d]: ToolCalls[%d]: %w", i, j, err)
			}
			if open[c.ID] {
				return fmt.Errorf("Messages[%d]: ToolCalls[%d]: a second call has the ID %q", i, j, c.ID)
			}
			open[c.ID] = true
		}
	}
	if len(open) > 0 {
		return fmt.Errorf("Messages[%d]: %d of its tool calls have no result: each needs a ToolResult", from, len(open))
	}
	return nil
}

type wireTool struct {
	Type     string       `json:"type"`
	Function wireFunction `json:"function"`
}

type wireFunction struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters,omitempty"`
	Strict      bool            `json:"strict,omitempty"`
}

func (t Tool) wire() wireTool {
	return wireTool{Type: "function", Function: wireFunction(t)}
}

// wire is the choice as chat completions have it: a word, or an object that names the tool.
func (c ToolChoice) wire() any {
	switch c {
	case "":
		return nil
	case ToolChoiceAuto, ToolChoiceNone, ToolChoiceRequired:
		return string(c)
	}
	return map[string]any{"type": "function", "function": map[string]string{"name": string(c)}}
}
