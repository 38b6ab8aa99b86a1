package llm

import (
	"encoding/base64"
	"net/http"
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
)

// Message is one turn of a conversation. [System], [User] and [Assistant] make them.
type Message struct {
	Role  Role
	Parts []Part
	// Reasoning is what a model thought before it answered. It is kept for the program's sake and not sent back:
	// providers ignore it, or refuse it, on turns without tool calls.
	Reasoning string
	Refusal   string // the model's words when it refused; not sent back either
	Name      string // who speaks, where several share a role; optional
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
	PartText  PartKind = iota // Text
	PartImage                 // Data or URL, and Detail
	PartFile                  // Name, and Text as the content
)

// Part is a piece of a message. [Text], [Image], [ImageURL] and [File] make them.
type Part struct {
	Kind   PartKind
	Text   string
	Name   string
	Data   []byte
	URL    string
	Detail string // of an image: "low", "high", "auto"; empty = not sent
}

// System is the instruction that stands before a conversation.
func System(text string) Message { return message(RoleSystem, text) }

// User is what the person says; the parts, pictures and files, follow the text.
func User(text string, parts ...Part) Message { return message(RoleUser, text, parts...) }

// Assistant is what the model said.
func Assistant(text string) Message { return message(RoleAssistant, text) }

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

// String describes the part without the bytes of a picture.
func (p Part) String() string {
	switch p.Kind {
	case PartImage:
		return "[image]"
	case PartFile:
		return "[file " + p.Name + "]"
	default:
		return p.Text
	}
}

type wireMessage struct {
	Role    Role   `json:"role"`
	Content any    `json:"content"` // a string, or []wirePart when there are pictures: what every server takes
	Name    string `json:"name,omitempty"`
}

type wirePart struct {
	Type     string        `json:"type"`
	Text     *string       `json:"text,omitempty"`
	ImageURL *wireImageURL `json:"image_url,omitempty"`
}

type wireImageURL struct {
	URL    string `json:"url"`
	Detail string `json:"detail,omitempty"`
}

func (m Message) wire(form AttachmentForm) wireMessage {
	w := wireMessage{Role: m.Role, Name: m.Name}
	var text strings.Builder
	var files []Attachment
	var pictures []wirePart
	for _, p := range m.Parts {
		switch p.Kind {
		case PartImage:
			pictures = append(pictures, wirePart{Type: "image_url", ImageURL: &wireImageURL{URL: p.imageURL(), Detail: p.Detail}})
		case PartFile:
			files = append(files, Attachment{Name: p.Name, Content: p.Text})
		default:
			text.WriteString(p.Text)
		}
	}
	content := text.String()
	if len(files) > 0 {
		content = AppendAttachments(content, form, files...)
	}
	if len(pictures) == 0 {
		w.Content = content
		return w
	}
	parts := make([]wirePart, 0, len(pictures)+1)
	if content != "" {
		parts = append(parts, wirePart{Type: "text", Text: &content})
	}
	w.Content = append(parts, pictures...)
	return w
}

func (p Part) imageURL() string {
	if p.URL != "" {
		return p.URL
	}
	return "data:" + http.DetectContentType(p.Data) + ";base64," + base64.StdEncoding.EncodeToString(p.Data)
}
