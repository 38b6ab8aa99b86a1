package llmtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/kitroll/kitroll/llm"
)

// ChatRequest is what a client asks for.
type ChatRequest struct {
	Model       string
	Messages    []ChatMessage
	Stream      bool
	Temperature *float64
	MaxTokens   int // max_tokens or max_completion_tokens
	N           int
	Tools       []llm.Tool
	ToolChoice  llm.ToolChoice // a word, or the name of a tool
	LogProbs    bool
	Effort      string // reasoning_effort, or the Responses API's
	Header      http.Header
	Raw         json.RawMessage // the whole body
}

// ChatMessage is one message of a request.
type ChatMessage struct {
	Role   string
	Text   string   // the text parts, joined
	Images []string // the addresses of the pictures, data URLs for the most part
	// Others are the types of the parts that are neither text nor picture: input_audio, file, video_url, thinking.
	Others     []string
	Reasoning  string // that came back, under whatever name
	ToolCalls  []llm.ToolCall
	ToolCallID string
	Raw        json.RawMessage
}

// Answer is what the model says.
type Answer struct {
	Reasoning string // comes first, as reasoning_content
	Text      string
	Refusal   string
	ToolCalls []llm.ToolCall // come last
	// Extra are further members of the message, such as annotations. In a stream they come with the first chunk.
	Extra map[string]any
	// Runes is how many runes each chunk holds; 0 = 4.
	Runes int
	// Delay comes before each chunk of a stream, and before an answer that is not streamed.
	Delay time.Duration
	// Finish is the finish_reason; empty = "stop", or "tool_calls" where there are some.
	Finish string
	// Usage is counted by the runes if nil.
	Usage *llm.Usage
	// Error, if set, is all the answer.
	Error *APIError
}

type wireChat struct {
	Model               string          `json:"model"`
	Messages            []wireMessage   `json:"messages"`
	Stream              bool            `json:"stream"`
	Temperature         *float64        `json:"temperature"`
	TopP                *float64        `json:"top_p"`
	MaxTokens           int             `json:"max_tokens"`
	MaxCompletionTokens int             `json:"max_completion_tokens"`
	N                   *int            `json:"n"`
	Stop                json.RawMessage `json:"stop"`
	StreamOptions       *struct {
		IncludeUsage       bool  `json:"include_usage"`
		IncludeObfuscation *bool `json:"include_obfuscation"`
	} `json:"stream_options"`
	Tools           []wireTool      `json:"tools"`
	ToolChoice      json.RawMessage `json:"tool_choice"`
	LogProbs        bool            `json:"logprobs"`
	TopLogProbs     *int            `json:"top_logprobs"`
	ReasoningEffort string          `json:"reasoning_effort"`
	EnableThinking  bool            `json:"enable_thinking"`
	ResponseFormat  struct {
		Type string `json:"type"`
	} `json:"response_format"`
}

type wireMessage struct {
	Role             string          `json:"role"`
	Content          json.RawMessage `json:"content"`
	ToolCalls        []wireCall      `json:"tool_calls"`
	ToolCallID       string          `json:"tool_call_id"`
	ReasoningContent *string         `json:"reasoning_content"`
	Reasoning        *string         `json:"reasoning"`

	raw json.RawMessage
}

// UnmarshalJSON keeps the message as it came beside what is read of it.
func (m *wireMessage) UnmarshalJSON(data []byte) error {
	type plain wireMessage
	m.raw = bytes.Clone(data)
	return json.Unmarshal(data, (*plain)(m))
}

func streams(body []byte) bool {
	var w struct {
		Stream bool `json:"stream"`
	}
	return json.Unmarshal(body, &w) == nil && w.Stream
}

// parse admits a request and reads its body; false = it has been refused.
func (s *Server) parse(w http.ResponseWriter, r *http.Request, body []byte, wire any) bool {
	if !s.admit(w, r, http.MethodPost, body) {
		return false
	}
	if e := s.wrongType(r); e != nil {
		s.fail(w, *e)
		return false
	}
	if err := json.Unmarshal(body, wire); err != nil {
		s.fail(w, APIError{Message: "We could not parse the JSON body of your request."})
		return false
	}
	return true
}

func (s *Server) chat(w http.ResponseWriter, r *http.Request, body []byte) {
	var wire wireChat
	if !s.parse(w, r, body, &wire) {
		return
	}
	req, refusal := s.checkChat(wire)
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
	t := &talk{
		w: w, r: r, req: req, a: a, shape: s.shape, usage: wire.StreamOptions != nil && wire.StreamOptions.IncludeUsage,
		id: id, created: s.opts.Now().Unix(), key: s.opts.Key,
	}
	if s.shape.obfuscates && (wire.StreamOptions == nil || wire.StreamOptions.IncludeObfuscation == nil || *wire.StreamOptions.IncludeObfuscation) {
		t.noise = true
	}
	switch {
	case f != "":
		t.misbehave(f)
	case req.Stream:
		t.begin()
		t.chunks()
		t.end()
	default:
		t.pause()
		writeJSON(w, http.StatusOK, t.completion())
	}
}

// answer asks the script, fills in what it has left out, and takes the next fault.
func (s *Server) answer(req ChatRequest) (a Answer, f Fault, id string) {
	s.mu.Lock()
	script := s.onChat
	id = fmt.Sprintf("chatcmpl-%06d", s.serial)
	if len(s.faults) > 0 {
		f, s.faults = s.faults[0], s.faults[1:]
	}
	s.mu.Unlock()
	if script == nil {
		script = echo
	}
	a = script(req)
	if a.Finish == "" {
		a.Finish = "stop"
		if len(a.ToolCalls) > 0 {
			a.Finish = "tool_calls"
		}
	}
	if a.Runes <= 0 {
		a.Runes = 4
	}
	if a.Usage == nil {
		a.Usage = countUsage(req, a)
	}
	return a, f, id
}

func (s *Server) wrongType(r *http.Request) *APIError {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return nil
	}
	return &APIError{Status: http.StatusUnsupportedMediaType, Message: "Unsupported content type: '" + r.Header.Get("Content-Type") + "'. This API method only accepts 'application/json' requests."}
}

func (s *Server) checkChat(w wireChat) (ChatRequest, *APIError) {
	req := ChatRequest{
		Model: w.Model, Stream: w.Stream, Temperature: w.Temperature, MaxTokens: max(w.MaxTokens, w.MaxCompletionTokens), N: 1,
		LogProbs: w.LogProbs, Effort: w.ReasoningEffort,
	}
	refuse := func(e APIError) (ChatRequest, *APIError) { return req, &e }
	switch {
	case w.Model == "":
		return refuse(APIError{Message: "you must provide a model parameter"})
	case !slices.Contains(s.opts.Models, w.Model):
		return refuse(noModel(w.Model))
	case strings.HasPrefix(w.Model, "dall-e") || strings.HasPrefix(w.Model, "gpt-image"):
		return refuse(APIError{Status: http.StatusNotFound, Param: "model", Message: "This is not a chat model and thus not supported in the v1/chat/completions endpoint."})
	case len(w.Messages) == 0:
		return refuse(missing("messages"))
	case w.Temperature != nil && (*w.Temperature < 0 || *w.Temperature > 2):
		return refuse(APIError{Param: "temperature", Code: "decimal_above_max_value", Message: "Invalid 'temperature': expected a value between 0 and 2."})
	case w.TopP != nil && (*w.TopP < 0 || *w.TopP > 1):
		return refuse(APIError{Param: "top_p", Code: "decimal_above_max_value", Message: "Invalid 'top_p': expected a value between 0 and 1."})
	case w.MaxTokens < 0 || w.MaxCompletionTokens < 0:
		return refuse(APIError{Param: "max_tokens", Code: "integer_below_min_value", Message: "Invalid 'max_tokens': integer below minimum value."})
	case w.MaxTokens > 0 && w.MaxCompletionTokens > 0:
		return refuse(APIError{Param: "max_tokens", Message: "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."})
	case w.N != nil && (*w.N < 1 || *w.N > 128):
		return refuse(APIError{Param: "n", Code: "integer_out_of_range", Message: "Invalid 'n': expected a value between 1 and 128."})
	case w.StreamOptions != nil && !w.Stream:
		return refuse(APIError{Param: "stream_options", Message: "The 'stream_options' parameter is only allowed when 'stream' is enabled."})
	}
	if w.TopLogProbs != nil && (!w.LogProbs || *w.TopLogProbs < 0 || *w.TopLogProbs > 20) {
		return refuse(APIError{Param: "top_logprobs", Message: "Invalid 'top_logprobs': expected 0 to 20, with 'logprobs' true."})
	}
	if w.N != nil && !s.shape.ignoresN {
		req.N = *w.N
	}
	if e := readTools(w, &req); e != nil {
		return refuse(*e)
	}
	if e := s.shape.refuses(w); e != nil {
		return refuse(*e)
	}
	for i, m := range w.Messages {
		param := fmt.Sprintf("messages.[%d]", i)
		if e, ok := oneOf(param+".role", m.Role, "system", "developer", "user", "assistant", "tool", "function"); !ok || m.Role == "" {
			if m.Role == "" {
				e = missing(param + ".role")
			}
			return refuse(e)
		}
		if m.Role == "developer" && !s.shape.developer {
			return refuse(badValue(param+".role", "Invalid value: 'developer'. Supported values are: 'system', 'assistant', 'user', and 'tool'."))
		}
		msg, ok := parseMessage(m)
		if ok && len(msg.Others) > 0 && m.Role != "user" && (m.Role != "assistant" || !s.shape.listContent) {
			ok = false
		}
		if !ok {
			return refuse(APIError{
				Param: param + ".content", Code: "invalid_type",
				Message: "Invalid type for '" + param + ".content': expected one of a string or array of objects.",
			})
		}
		req.Messages = append(req.Messages, msg)
	}
	if e := checkTurns(req.Messages); e != nil {
		return refuse(*e)
	}
	return req, nil
}

func parseMessage(m wireMessage) (ChatMessage, bool) {
	msg := ChatMessage{Role: m.Role, ToolCallID: m.ToolCallID, Raw: m.raw}
	for _, r := range []*string{m.ReasoningContent, m.Reasoning} {
		if r != nil {
			msg.Reasoning = *r
		}
	}
	for i, c := range m.ToolCalls {
		msg.ToolCalls = append(msg.ToolCalls, llm.ToolCall{Index: i, ID: c.ID, Name: c.Function.Name, Arguments: c.Function.Arguments})
	}
	if m.Role == "assistant" && (len(m.Content) == 0 || string(m.Content) == "null") {
		return msg, true
	}
	if string(m.Content) != "null" && json.Unmarshal(m.Content, &msg.Text) == nil {
		return msg, true
	}
	var parts []struct {
		Type     string  `json:"type"`
		Text     *string `json:"text"`
		ImageURL *struct {
			URL string `json:"url"`
		} `json:"image_url"`
		VideoURL json.RawMessage `json:"video_url"`
		Audio    *struct {
			Data   []byte `json:"data"`
			Format string `json:"format"`
		} `json:"input_audio"`
		File *struct {
			Data string `json:"file_data"`
			Name string `json:"filename"`
		} `json:"file"`
		Thinking []struct {
			Text string `json:"text"`
		} `json:"thinking"`
	}
	if json.Unmarshal(m.Content, &parts) != nil || len(parts) == 0 {
		return msg, false
	}
	for _, p := range parts {
		switch {
		case p.Type == "text" && p.Text != nil:
			msg.Text += *p.Text
		case p.Type == "image_url" && p.ImageURL != nil && m.Role == "user" &&
			(strings.HasPrefix(p.ImageURL.URL, "data:image/") || strings.HasPrefix(p.ImageURL.URL, "http")):
			msg.Images = append(msg.Images, p.ImageURL.URL)
		case p.Type == "input_audio" && p.Audio != nil && len(p.Audio.Data) > 0 && (p.Audio.Format == "wav" || p.Audio.Format == "mp3"),
			p.Type == "file" && p.File != nil && strings.HasPrefix(p.File.Data, "data:") && p.File.Name != "",
			p.Type == "video_url" && len(p.VideoURL) > 0:
			msg.Others = append(msg.Others, p.Type)
		case p.Type == "thinking" && len(p.Thinking) > 0:
			msg.Others = append(msg.Others, p.Type)
			msg.Reasoning += p.Thinking[0].Text
		default:
			return msg, false
		}
	}
	return msg, true
}

// echo is the model of a server without a script.
func echo(r ChatRequest) Answer {
	for _, m := range slices.Backward(r.Messages) {
		if m.Role == "user" && m.Text != "" {
			return Answer{Text: m.Text}
		}
	}
	return Answer{Text: "…"}
}

func countUsage(r ChatRequest, a Answer) *llm.Usage {
	u := &llm.Usage{}
	for _, m := range r.Messages {
		u.Prompt += len([]rune(m.Text))
	}
	u.Reasoning = len([]rune(a.Reasoning))
	u.Completion = u.Reasoning + len([]rune(a.Text)) + len([]rune(a.Refusal))
	for _, c := range a.ToolCalls {
		u.Completion += len([]rune(c.Arguments))
	}
	u.Total = u.Prompt + u.Completion
	return u
}
