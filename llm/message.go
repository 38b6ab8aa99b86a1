package llm

import (
	"encoding/json"
	"strings"
)

// Role is who speaks.
type Role string

// The roles.
const (
	RoleSystem    Role = "system"
	RoleDeveloper Role = "developer" // OpenAI's newer name of system; others refuse it
	RoleUser      Role = "user"
	RoleAssistant Role = "assistant"
	RoleTool      Role = "tool" // the result of a tool call
)

// Message is one turn of a conversation. [System], [User], [Assistant] and [ToolResult] make them; what the model says is
// [Response.Message]. Written as JSON and read again it is the same.
type Message struct {
	Role  Role
	Parts []Part
	// Reasoning is what a model thought before it answered, and ReasoningField the member that it came in. Whether it is
	// sent back is the [Dialect]'s affair: some providers require it on messages with tool calls, some refuse it elsewhere.
	Reasoning, ReasoningField string
	Refusal                   string     // the model's words when it refused; not sent back
	ToolCalls                 []ToolCall // of the assistant
	ToolCallID                string     // of a tool's result: the call that it answers
	Name                      string     // who speaks, where several share a role; optional
	// Extra is what else the server said in a message of the assistant, such as OpenRouter's reasoning_details. It goes back
	// as it came: some providers lose their thread without it. Take it out before another provider gets the history.
	Extra map[string]json.RawMessage
}

// Text joins the text parts.
func (m Message) Text() string {
	if len(m.Parts) == 1 && m.Parts[0].Kind == PartText {
		return m.Parts[0].Text
	}
	var b strings.Builder
	for _, p := range m.Parts {
		if p.Kind == PartText {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

// PartKind is what a [Part] holds.
type PartKind int

// The kinds of parts.
const (
	PartText     PartKind = iota // Text
	PartImage                    // Data or URL, and Detail
	PartFile                     // Name, and Text as the content
	PartAudio                    // Data, and Format
	PartDocument                 // Name, and Data
	PartVideo                    // URL
)

// Part is a piece of a message. [Text], [Image], [ImageURL], [File], [Audio], [Document] and [VideoURL] make them.
type Part struct {
	Kind   PartKind
	Text   string
	Name   string
	Data   []byte
	URL    string
	Detail string // of an image: "low", "high", "auto"; empty = not sent
	Format string // of audio: "wav", "mp3"
}

// System is the instruction that stands before a conversation.
func System(text string) Message { return message(RoleSystem, text) }

// User is what the person says; the parts, pictures and files, follow the text.
func User(text string, parts ...Part) Message { return message(RoleUser, text, parts...) }

// Assistant is what the model said.
func Assistant(text string) Message { return message(RoleAssistant, text) }

// ToolResult is what the tool call with that ID came to.
func ToolResult(id, text string) Message {
	return Message{Role: RoleTool, ToolCallID: id, Parts: []Part{Text(text)}}
}

func message(role Role, text string, parts ...Part) Message {
	m := Message{Role: role, Parts: make([]Part, 0, len(parts)+1)}
	if text != "" || len(parts) == 0 {
		m.Parts = append(m.Parts, Text(text))
	}
	m.Parts = append(m.Parts, parts...)
	return m
}

// Text is a part of plain text.
func Text(text string) Part { return Part{Kind: PartText, Text: text} }

// Image is a picture by its bytes: PNG, JPEG, GIF or WebP. It is sent as a data URL, and data is not copied.
func Image(data []byte) Part { return Part{Kind: PartImage, Data: data} }

// ImageURL is a picture by its https address, or by a data URL.
func ImageURL(u string) Part { return Part{Kind: PartImage, URL: u} }

// File is a text file that goes with the message, written into its text as a block that names it (see
// [AppendAttachments]). A file without content is left out.
func File(name, content string) Part { return Part{Kind: PartFile, Name: name, Text: content} }

// Audio is a recording, in a format such as "wav" or "mp3". data is not copied.
func Audio(data []byte, format string) Part {
	return Part{Kind: PartAudio, Data: data, Format: format}
}

// Document is a file that the provider reads itself, such as a PDF. For text files, [File] works everywhere. data is not
// copied.
func Document(name string, data []byte) Part {
	return Part{Kind: PartDocument, Name: name, Data: data}
}

// VideoURL is a film by its https address or as a data URL. Qwen's models take it.
func VideoURL(u string) Part { return Part{Kind: PartVideo, URL: u} }

// String describes the part without the bytes of a picture.
func (p Part) String() string {
	switch p.Kind {
	case PartImage:
		return "[image]"
	case PartFile:
		return "[file " + p.Name + "]"
	case PartAudio:
		return "[audio]"
	case PartDocument:
		return "[document " + p.Name + "]"
	case PartVideo:
		return "[video]"
	default:
		return p.Text
	}
}
