package llm

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// envelope is an error as some provider writes it. Every field stays raw, since each has been seen as a string, a number,
// null and an object.
type envelope struct {
	Error     json.RawMessage `json:"error"`
	Errors    json.RawMessage `json:"errors"`
	Message   json.RawMessage `json:"message"`
	Msg       json.RawMessage `json:"msg"`
	Detail    json.RawMessage `json:"detail"`
	Code      json.RawMessage `json:"code"`
	Type      json.RawMessage `json:"type"`
	Param     json.RawMessage `json:"param"`
	RequestID json.RawMessage `json:"request_id"`
	Metadata  json.RawMessage `json:"metadata"`
	Status    json.RawMessage `json:"status"`
	XGroq     json.RawMessage `json:"x_groq"`
}

// parseEnvelope fills e from the body of an error answer, or from an event that holds an error. It knows:
//
//	{"error":{"message","type","param","code"}}     OpenAI and most; code a string, a number or null
//	… with "request_id" beside or inside             DashScope and others
//	{"error":"text"}
//	{"error":{"code":502,"metadata":{"raw":…}}}      OpenRouter: raw is what its provider said
//	{"code":20012,"message":…,"data":null}           SiliconFlow; DashScope's native API with a text as code
//	{"object":"error","message",…}                   vLLM
//	{"detail":"…"}, {"detail":[{"loc","msg"}]}       FastAPI servers
//	{"message":["…","…"]}
//	[{"error":{…}}]                                  Gemini (unverified)
//	text and HTML, from proxies
func parseEnvelope(e *Error, body []byte) {
	body = bytes.TrimSpace(body)
	var list []json.RawMessage
	if json.Unmarshal(body, &list) == nil && len(list) > 0 {
		body = list[0]
	}
	var env envelope
	if json.Unmarshal(body, &env) != nil {
		var text string
		if json.Unmarshal(body, &text) != nil {
			text = plain(body)
		}
		e.Message = text
		return
	}
	env.fill(e)
	if e.Message == "" {
		e.Message = httpcall.Head(body, 1000)
	}
}

func (env *envelope) fill(e *Error) {
	e.Code = cmp.Or(scalar(env.Code), e.Code)
	e.Type = cmp.Or(scalar(env.Type), e.Type)
	e.Param = cmp.Or(scalar(env.Param), e.Param)
	e.RequestID = cmp.Or(scalar(env.RequestID), e.RequestID)
	e.Message = cmp.Or(words(env.Message), words(env.Detail), words(env.Msg), e.Message)
	if e.Type == "" && e.Code == "" {
		e.Type = scalar(env.Status) // Google's "status":"INVALID_ARGUMENT"
	}
	for _, inner := range []json.RawMessage{env.XGroq, env.Error} {
		var sub envelope
		switch {
		case isNull(inner):
		case inner[0] == '{' && json.Unmarshal(inner, &sub) == nil:
			sub.fill(e)
		default:
			e.Message = cmp.Or(words(inner), e.Message)
		}
	}
	if e.Message == "" {
		e.Message = words(env.Errors)
	}
	var meta struct {
		Raw json.RawMessage `json:"raw"`
	}
	if !isNull(env.Metadata) && json.Unmarshal(env.Metadata, &meta) == nil && !isNull(meta.Raw) {
		raw := scalar(meta.Raw)
		if raw == "" {
			raw = string(meta.Raw)
		}
		if e.Message != "" {
			raw = e.Message + ": " + raw
		}
		e.Message = raw
	}
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// scalar is a string or number as text; anything else is "".
func scalar(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return n.String()
	}
	return ""
}

// words is a message: a text, or the texts of a list, where FastAPI says which field each is about.
func words(raw json.RawMessage) string {
	if isNull(raw) {
		return ""
	}
	if s := scalar(raw); s != "" {
		return s
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		list = []json.RawMessage{raw}
	}
	var out []string
	for _, item := range list {
		if s := scalar(item); s != "" {
			out = append(out, s)
			continue
		}
		var d struct {
			Loc     []json.RawMessage `json:"loc"`
			Msg     json.RawMessage   `json:"msg"`
			Message json.RawMessage   `json:"message"`
		}
		if json.Unmarshal(item, &d) != nil {
			continue
		}
		text := cmp.Or(scalar(d.Msg), scalar(d.Message))
		if text == "" {
			continue
		}
		var loc []string
		for _, l := range d.Loc {
			loc = append(loc, scalar(l))
		}
		if len(loc) > 0 {
			text = strings.Join(loc, ".") + ": " + text
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

// plain is the text of an answer that is not JSON: of HTML its title.
func plain(body []byte) string {
	text := strings.ToValidUTF8(string(body), "\uFFFD")
	lower := strings.ToLower(text)
	if strings.HasPrefix(lower, "<") && len(lower) == len(text) {
		from := strings.Index(lower, "<title>")
		to := strings.Index(lower, "</title>")
		if from >= 0 && to > from {
			return strings.TrimSpace(text[from+len("<title>"):to]) + " (an HTML page)"
		}
		return "an HTML page: " + cutBytes(text, 200)
	}
	return text
}

// cutBytes is the first n bytes at most, never a part of a rune.
func cutBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
