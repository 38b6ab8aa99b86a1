package llm

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
)

type wireMessage struct {
	Role       Role           `json:"role"`
	Content    any            `json:"content"` // a string, a []wirePart when there is more than text, or null
	ToolCalls  []wireToolCall `json:"tool_calls,omitempty"`
	ToolCallID string         `json:"tool_call_id,omitempty"`
	Name       string         `json:"name,omitempty"`

	extra map[string]json.RawMessage
}

// MarshalJSON writes the members of extra beside the others, which win.
func (w wireMessage) MarshalJSON() ([]byte, error) {
	type plain wireMessage
	return beside(plain(w), w.extra)
}

type wireToolCall struct {
	ID       string       `json:"id"`
	Type     string       `json:"type"`
	Function wireCallBody `json:"function"`

	extra map[string]json.RawMessage
}

type wireCallBody struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

// MarshalJSON writes the members of extra beside the others, which win.
func (w wireToolCall) MarshalJSON() ([]byte, error) {
	type plain wireToolCall
	return beside(plain(w), w.extra)
}

func beside(v any, extra map[string]json.RawMessage) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil || len(extra) == 0 {
		return data, err
	}
	members := maps.Clone(extra)
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, err
	}
	return json.Marshal(members)
}

type wirePart struct {
	Type       string        `json:"type"`
	Text       *string       `json:"text,omitempty"`
	Thinking   []wirePart    `json:"thinking,omitempty"`
	ImageURL   *wireImageURL `json:"image_url,omitempty"`
	VideoURL   *wireImageURL `json:"video_url,omitempty"`
	InputAudio *wireAudio    `json:"input_audio,omitempty"`
	File       *wireFile     `json:"file,omitempty"`
}

type wireImageURL struct {
	URL    string `json:"url"`
	Detail string `json:"detail,omitempty"`
}

type wireAudio struct {
	Data   string `json:"data"`
	Format string `json:"format"`
}

type wireFile struct {
	Data string `json:"file_data"`
	Name string `json:"filename"`
}

// history is the conversation as the provider wants it back.
func (d *Dialect) history(messages []Message, form AttachmentForm) []wireMessage {
	lastUser := 0
	for i, m := range messages {
		if m.Role == RoleUser {
			lastUser = i
		}
	}
	out := make([]wireMessage, 0, len(messages))
	for i, m := range messages {
		w := m.wire(form)
		if w.Role == RoleDeveloper && !d.DeveloperRole {
			w.Role = RoleSystem
		}
		if m.Role == RoleAssistant {
			d.replay(&w, m, i > lastUser)
		}
		out = append(out, w)
	}
	return out
}

// replay puts the reasoning back where the provider wants it.
func (d *Dialect) replay(w *wireMessage, m Message, inLoop bool) {
	wanted := false
	switch d.Replay {
	case ReplayToolTurns:
		wanted = len(m.ToolCalls) > 0
	case ReplayLoop:
		wanted = len(m.ToolCalls) > 0 && inLoop
	case ReplayAll:
		wanted = true
	case ReplayNever:
	}
	if !wanted || m.Reasoning == "" && (!d.ReplayEmpty || len(m.ToolCalls) == 0) {
		return
	}
	field := d.ReasoningField
	if field == "" {
		field = m.ReasoningField
	}
	switch field {
	case "":
		field = defaultReasoningField
	case contentField:
		parts := []wirePart{{Type: "thinking", Thinking: []wirePart{textPart(m.Reasoning)}}}
		if text, ok := w.Content.(string); ok && text != "" {
			parts = append(parts, textPart(text))
		}
		w.Content = parts
		return
	}
	raw, _ := json.Marshal(m.Reasoning) // a string can be encoded
	w.extra = maps.Clone(w.extra)
	if w.extra == nil {
		w.extra = map[string]json.RawMessage{}
	}
	w.extra[field] = raw
}

const (
	defaultReasoningField = "reasoning_content"
	contentField          = "content"
)

func textPart(s string) wirePart { return wirePart{Type: "text", Text: &s} }

// wire is the message but for its reasoning. Content is a text wherever it can be: every server takes that.
func (m Message) wire(form AttachmentForm) wireMessage {
	w := wireMessage{Role: m.Role, Name: m.Name, ToolCallID: m.ToolCallID}
	if m.Role == RoleAssistant {
		w.extra = m.sentBack()
	}
	for _, c := range m.ToolCalls {
		w.ToolCalls = append(w.ToolCalls, wireToolCall{ID: c.ID, Type: "function", Function: wireCallBody{c.Name, c.Arguments}, extra: c.Extra})
	}
	content, others := m.content(form)
	switch {
	case len(others) > 0 && content != "":
		w.Content = append([]wirePart{textPart(content)}, others...)
	case len(others) > 0:
		w.Content = others
	case content != "" || len(m.ToolCalls) == 0:
		w.Content = content
	}
	return w
}

// content is the text of a message, with its files, and the parts that are no text.
func (m Message) content(form AttachmentForm) (string, []wirePart) {
	var text strings.Builder
	var files []Attachment
	var others []wirePart
	for _, p := range m.Parts {
		switch p.Kind {
		case PartFile:
			files = append(files, Attachment{Name: p.Name, Content: p.Text})
		case PartImage:
			others = append(others, wirePart{Type: "image_url", ImageURL: &wireImageURL{URL: p.imageURL(), Detail: p.Detail}})
		case PartVideo:
			others = append(others, wirePart{Type: "video_url", VideoURL: &wireImageURL{URL: p.URL}})
		case PartAudio:
			others = append(others, wirePart{Type: "input_audio", InputAudio: &wireAudio{base64.StdEncoding.EncodeToString(p.Data), p.Format}})
		case PartDocument:
			others = append(others, wirePart{Type: "file", File: &wireFile{p.documentURL(), p.Name}})
		default:
			text.WriteString(p.Text)
		}
	}
	if len(files) > 0 {
		return AppendAttachments(text.String(), form, files...), others
	}
	return text.String(), others
}

func (p Part) imageURL() string {
	if p.URL != "" {
		return p.URL
	}
	return "data:" + http.DetectContentType(p.Data) + ";base64," + base64.StdEncoding.EncodeToString(p.Data)
}

func (p Part) documentURL() string {
	kind, _, _ := strings.Cut(http.DetectContentType(p.Data), ";")
	return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(p.Data)
}

// sentBack is Extra without what means something in an answer only, and without the items of the Responses API.
func (m Message) sentBack() map[string]json.RawMessage {
	out := maps.Clone(m.Extra)
	for _, name := range []string{"annotations", "audio", itemsExtra} {
		delete(out, name)
	}
	return out
}

// itemsExtra is the member of Message.Extra that holds the reasoning items of the Responses API.
const itemsExtra = "responses.items"
