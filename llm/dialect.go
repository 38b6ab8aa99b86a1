package llm

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Dialect is how one provider writes what the others write otherwise. It is data: dialects.go has those of the providers
// known, [New] picks one by the host, and a caller can change one or write another:
//
//	d := llm.VLLM()
//	d.ReasoningField = "reasoning_content" // before version 0.17
//	client, err := llm.New(llm.Config{BaseURL: "http://gpu:8000/v1", Dialect: d})
//
// What a server sends is read in every known way whatever the dialect, save for what ThinkTags and DoneEnds say: reasoning
// as reasoning_content, reasoning and lists of parts; usage in a chunk, a choice and x_groq; every error envelope.
type Dialect struct {
	Name string // required
	// Hosts are how New knows the provider: "api.example.com", ".example.com" for every host below, ":8000" for a port.
	Hosts []string
	// API is which of the two protocols is spoken.
	API API

	// KeyHeader carries the key as it is; empty = "Authorization: Bearer …".
	KeyHeader string
	// MaxTokensField is where Request.MaxTokens goes; empty = max_tokens.
	MaxTokensField string
	// DeveloperRole: the role developer is known. Otherwise it is sent as system.
	DeveloperRole bool
	// NoStreamOptions: stream_options is refused. Usage is then not asked for.
	NoStreamOptions bool
	// Obfuscates: chunks carry random padding unless it is turned off, which is then done.
	Obfuscates bool
	// ChatStreams: [Client.Chat] asks for a stream and collects it, for servers that refuse some requests otherwise.
	ChatStreams bool
	// NoSchema: response_format json_schema is not known. A [Format] with a schema then asks for json_object and puts the
	// schema into the instructions.
	NoSchema bool
	// NoNamedTool: a ToolChoice that names a tool is not obeyed, and so is refused here.
	NoNamedTool bool
	// Thinking is how [Reasoning] is written, and ThinkingOf that of models whose names begin in some way.
	Thinking   Thinking
	ThinkingOf map[string]Thinking
	// Replay says which reasoning goes back with the history.
	Replay Replay
	// ReplayEmpty: an assistant message with tool calls always has the field, empty where there was no reasoning.
	ReplayEmpty bool
	// ReasoningField is where reasoning goes in a request: a member's name, or "content" for Mistral's list of parts; empty
	// = where it came from, or reasoning_content.
	ReasoningField string
	// Images is how [Client.Images] writes its request.
	Images ImageShape

	// ThinkTags: reasoning may stand in the text between <think> and </think>.
	ThinkTags ThinkTags
	// DoneEnds: [DONE] ends an answer well, also without a finish_reason.
	DoneEnds bool
}

// API is a protocol.
type API int

// The protocols.
const (
	APIChat      API = iota // POST /chat/completions
	APIResponses            // POST /responses, without state at the server
)

// Thinking is how a provider is told to think. A path such as "reasoning.effort" names a member within a member.
type Thinking struct {
	On      map[string]any    // members that turn it on; nil = it needs none
	Off     map[string]any    // members that turn it off; nil = it cannot be
	Effort  string            // path of the effort; empty = there is none
	Efforts map[Effort]string // the provider's word for an effort, where it is another
	Budget  string            // path of the budget in tokens; empty = there is none
}

// Replay is which of a history's reasoning is sent back.
type Replay int

// The rules.
const (
	ReplayToolTurns Replay = iota // that of messages with tool calls: safe with most, required by some
	ReplayNever                   // none
	ReplayLoop                    // that of messages with tool calls after the last user message
	ReplayAll                     // all
)

// ThinkTags is how far tags in the text are read as reasoning.
type ThinkTags int

// The ways. An answer may hold a closing tag only, when the model's template has opened it: with ThinkTagged what came
// before it has been handed out as text by then, and Response has it as reasoning; ThinkOpened knows from the start.
const (
	ThinkPlain  ThinkTags = iota // tags are text
	ThinkTagged                  // <think>…</think> at the beginning of the answer is reasoning
	ThinkOpened                  // the answer begins with reasoning, up to </think>
)

// ImageShape is how a request for images is written.
type ImageShape struct {
	CountField string // empty = n
	MaxCount   int    // images in one call; 0 = the package's own limit, 10
	SizeField  string // empty = size
	// Plain: response_format is never sent, and the answer holds addresses.
	Plain bool
}

// thinking is that of a model.
func (d *Dialect) thinking(model string) Thinking {
	best, found := "", d.Thinking
	name := strings.ToLower(model[strings.LastIndexByte(model, '/')+1:])
	for prefix, t := range d.ThinkingOf {
		if strings.HasPrefix(name, prefix) && len(prefix) > len(best) {
			best, found = prefix, t
		}
	}
	return found
}

// guess finds the dialect of a base URL.
func guess(u *url.URL) Dialect {
	host := strings.ToLower(u.Hostname())
	for _, d := range Dialects() {
		if slices.ContainsFunc(d.Hosts, func(h string) bool {
			switch {
			case strings.HasPrefix(h, ":"):
				return u.Port() == h[1:]
			case strings.HasPrefix(h, "."):
				return strings.HasSuffix(host, h)
			}
			return host == h
		}) {
			return d
		}
	}
	return Generic()
}

func (d *Dialect) check() error {
	var errs []error
	if d.API != APIChat && d.API != APIResponses {
		errs = append(errs, fmt.Errorf("Dialect.API: there is no API %d", d.API))
	}
	if d.Replay < ReplayToolTurns || d.Replay > ReplayAll {
		errs = append(errs, fmt.Errorf("Dialect.Replay: there is no rule %d", d.Replay))
	}
	if d.ThinkTags < ThinkPlain || d.ThinkTags > ThinkOpened {
		errs = append(errs, fmt.Errorf("Dialect.ThinkTags: there is no way %d", d.ThinkTags))
	}
	for _, t := range append([]Thinking{d.Thinking}, values(d.ThinkingOf)...) {
		for _, m := range []map[string]any{t.On, t.Off} {
			if _, err := json.Marshal(m); err != nil {
				errs = append(errs, fmt.Errorf("Dialect.Thinking: %w", err))
			}
		}
	}
	return errors.Join(errs...)
}

func values(m map[string]Thinking) (out []Thinking) {
	for _, t := range m {
		out = append(out, t)
	}
	return out
}
