package llm_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
)

func TestDecoder_deltas(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in   string
		want llm.DecodedChoice
	}{
		"content":                       {`{"choices":[{"index":0,"delta":{"content":"hi"}}]}`, llm.DecodedChoice{Text: "hi"}},
		"null content":                  {`{"choices":[{"index":0,"delta":{"content":null}}]}`, llm.DecodedChoice{}},
		"content list":                  {`{"choices":[{"delta":{"content":[{"type":"text","text":"a"},"b",{"text":"c","type":"text"}]}}]}`, llm.DecodedChoice{Text: "abc"}},
		"thinking list":                 {`{"choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"a"},"b"]},{"thinking":"c"}]}}]}`, llm.DecodedChoice{Reasoning: "abc"}},
		"reasoning_content comes first": {`{"choices":[{"delta":{"reasoning":"b","reasoning_content":"a"}}]}`, llm.DecodedChoice{Reasoning: "a"}},
		"empty reasoning_content":       {`{"choices":[{"delta":{"reasoning_content":"","reasoning":"b"}}]}`, llm.DecodedChoice{Reasoning: "b"}},
		"refusal":                       {`{"choices":[{"delta":{"refusal":"no"}}]}`, llm.DecodedChoice{Refusal: "no"}},
		"escapes":                       {`{"choices":[{"delta":{"content":"\"\\\/\b\f\n\r\t\u4f60\ud83d\ude00\ud83dx"}}]}`, llm.DecodedChoice{Text: "\"\\/\b\f\n\r\t你😀\uFFFDx"}},
		"escaped name":                  {`{"choices":[{"delta":{"\u0063ontent":"hi"}}]}`, llm.DecodedChoice{Text: "hi"}},
		"index as a text":               {`{"choices":[{"index":"3"}]}`, llm.DecodedChoice{Index: 3}},
		"index as a float":              {`{"choices":[{"index":2.0}]}`, llm.DecodedChoice{Index: 2}},
		"finish":                        {`{"choices":[{"finish_reason":"stop"}]}`, llm.DecodedChoice{Finish: "stop"}},
		"finish null":                   {`{"choices":[{"finish_reason":null}]}`, llm.DecodedChoice{}},
		"message":                       {`{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}`, llm.DecodedChoice{Text: "hi", Finish: "stop", Whole: true}},
		"delta null":                    {`{"choices":[{"delta":null}]}`, llm.DecodedChoice{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := new(llm.Decoder).Decode([]byte(tt.in))
			require.True(t, got.OK)
			require.Equal(t, []llm.DecodedChoice{tt.want}, got.Choices)
		})
	}
}

func TestDecoder_usage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in   string
		want llm.Usage
	}{
		"OpenAI":     {`{"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"prompt_tokens_details":{"cached_tokens":1},"completion_tokens_details":{"reasoning_tokens":2}}}`, llm.Usage{Prompt: 1, Completion: 2, Total: 3, Cached: 1, Reasoning: 2}},
		"DeepSeek":   {`{"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"prompt_cache_hit_tokens":1,"prompt_cache_miss_tokens":0}}`, llm.Usage{Prompt: 1, Completion: 2, Total: 3, Cached: 1}},
		"Kimi":       {`{"choices":[{"usage":{"prompt_tokens":1,"completion_tokens":2,"cached_tokens":1}}]}`, llm.Usage{Prompt: 1, Completion: 2, Total: 3, Cached: 1}},
		"Groq":       {`{"x_groq":{"usage":{"prompt_tokens":1,"total_tokens":1}}}`, llm.Usage{Prompt: 1, Total: 1}},
		"floats":     {`{"usage":{"prompt_tokens":1.0,"completion_tokens":2e0,"reasoning_tokens":2.0}}`, llm.Usage{Prompt: 1, Completion: 2, Total: 3, Reasoning: 2}},
		"null":       {`{"usage":null}`, llm.Usage{}},
		"null later": {`{"choices":[{"usage":{"prompt_tokens":1}}],"usage":null}`, llm.Usage{Prompt: 1, Total: 1}},
		"last wins":  {`{"choices":[{"usage":{"prompt_tokens":1}}],"usage":{"prompt_tokens":2}}`, llm.Usage{Prompt: 2, Total: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := new(llm.Decoder).Decode([]byte(tt.in))
			require.True(t, got.OK)
			require.Equal(t, tt.want, got.Usage)
		})
	}
}

func TestDecoder_depth(t *testing.T) {
	t.Parallel()
	for _, depth := range []int{9_998, 9_999, 10_000, 10_001} {
		doc := []byte(`{"x":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + `}`)
		require.Equal(t, json.Valid(doc), new(llm.Decoder).Decode(doc).OK, "depth %d", depth)
	}
}

const chunkForm = `{"id":"%s","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":%s,"reasoning_content":%s},"finish_reason":null}],"usage":null%s}`

const callForm = `{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"%s"}}]},"finish_reason":null}]}`

// The template must be in use where it can be, and must not show in the result anywhere.
func TestDecoder_template(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		docs      []string
		templated bool // after the last
	}{
		"text":               {[]string{fmt.Sprintf(chunkForm, "a", `"x"`, "null", ""), fmt.Sprintf(chunkForm, "a", `"y\n你"`, "null", "")}, true},
		"reasoning":          {[]string{fmt.Sprintf(chunkForm, "a", "null", `"x"`, ""), fmt.Sprintf(chunkForm, "a", "null", `"yy"`, "")}, true},
		"from one to other":  {[]string{fmt.Sprintf(chunkForm, "a", "null", `"x"`, ""), fmt.Sprintf(chunkForm, "a", `"x"`, "null", "")}, true},
		"obfuscation":        {[]string{fmt.Sprintf(chunkForm, "a", `"x"`, "null", `,"obfuscation":"1"`), fmt.Sprintf(chunkForm, "a", `"y"`, "null", `,"obfuscation":"2345"`)}, true},
		"text becomes empty": {[]string{fmt.Sprintf(chunkForm, "a", `"x"`, "null", ""), fmt.Sprintf(chunkForm, "a", `""`, "null", ""), fmt.Sprintf(chunkForm, "a", `"z"`, "null", "")}, true},
		"text and more":      {[]string{fmt.Sprintf(chunkForm, "a", `"x"`, "null", ""), fmt.Sprintf(chunkForm, "a", `"x","reasoning":"r"`, "null", "")}, false},
		"quote in the text":  {[]string{fmt.Sprintf(chunkForm, "a", `"x"`, "null", ""), fmt.Sprintf(chunkForm, "a", `"x\"","reasoning_content":null},"finish_reason":"stop"}],"y":["`, "null", "")}, false},
		"text twice":         {[]string{fmt.Sprintf(chunkForm, "a", `"x","content":"y"`, "null", ""), fmt.Sprintf(chunkForm, "a", `"x","content":"z"`, "null", "")}, false},
		"text taken back":    {[]string{fmt.Sprintf(chunkForm, "a", `"x","content":null`, "null", ""), fmt.Sprintf(chunkForm, "a", `"z","content":null`, "null", "")}, false},
		"another id":         {[]string{fmt.Sprintf(chunkForm, "a", `"x"`, "null", ""), fmt.Sprintf(chunkForm, "b", `"x"`, "null", "")}, true},
		"arguments":          {[]string{fmt.Sprintf(callForm, `{\"a`), fmt.Sprintf(callForm, `\": 1}`)}, true},
		"arguments, then id": {[]string{fmt.Sprintf(callForm, "x"), fmt.Sprintf(callForm, `y"},"id":"b","function":{"arguments":"`)}, false},
		"call with a name":   {[]string{`{"choices":[{"delta":{"tool_calls":[{"function":{"name":"f","arguments":"x"}}]}}]}`, `{"choices":[{"delta":{"tool_calls":[{"function":{"name":"f","arguments":"y"}}]}}]}`}, false},
		"arguments as JSON":  {[]string{`{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":{"a":1}}}]}}]}`, `{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":{"a":2}}}]}}]}`}, false},
		"text and an extra":  {[]string{`{"choices":[{"delta":{"content":"a","more":[1]}}]}`, `{"choices":[{"delta":{"content":"b","more":[1]}}]}`}, false},
		"text and logprobs":  {[]string{`{"choices":[{"delta":{"content":"a"},"logprobs":{}}]}`, `{"choices":[{"delta":{"content":"b"},"logprobs":{}}]}`}, false},
		"broken":             {[]string{fmt.Sprintf(chunkForm, "a", `"x"`, "null", ""), fmt.Sprintf(chunkForm, "a", "\"\n\"", "null", "")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			running := new(llm.Decoder)
			for _, doc := range tt.docs {
				require.Equal(t, reference([]byte(doc)), running.Decode([]byte(doc)), doc)
			}
			require.Equal(t, tt.templated, running.Templated())
		})
	}
}

// FuzzDecoder holds the decoder, and its fast path, to encoding/json. The second document comes after the first, and
// after a variation of itself.
func FuzzDecoder(f *testing.F) {
	for _, s := range [][2]string{
		{fmt.Sprintf(chunkForm, "a", `"x"`, "null", ""), fmt.Sprintf(chunkForm, "a", `"y\u00e9"`, "null", "")},
		{fmt.Sprintf(chunkForm, "a", `"x"`, "null", `,"obfuscation":"1"`), fmt.Sprintf(chunkForm, "a", `"y"`, "null", `,"obfuscation":"22"`)},
		{`{"choices":[{"index":"1","delta":{"content":[{"type":"thinking","thinking":[{"text":"a"}]},{"text":"b"}]},"finish_reason":"stop"}]}`, `{"error":null,"x_groq":{"usage":{"prompt_tokens":1}}}`},
		{`{"usage":{"prompt_tokens":1.5e1,"prompt_tokens_details":{"cached_tokens":-0}}}`, `{"object":"error","message":"m","code":400}`},
		{"{\"id\":\"\xff\\ud800\"}", `[{"error":{}}]`},
		{`{"choices":[{"delta":{"content":"a","content":"b"}}],"choices":[]}`, `{"choices":[1,{"message":{"refusal":"r"}},null]}`},
		{"{\"choices\":[{\"delta\":{\"\x80\":[]}}]}", `{}`},
		{fmt.Sprintf(callForm, `x`), fmt.Sprintf(callForm, `y\"z`)},
		{`{"choices":[{"delta":{"tool_calls":[{"index":"0","id":"a","extra_content":{"g":1},"function":{"name":"f","arguments":{"x": 1}}},2,{"id":"b"}],"reasoning_details":[{"text":"t"}]},"logprobs":{"content":[]}}]}`, `{"choices":[{"delta":{"x":1,"tool_calls":[{"y":2}],"z":3,"function_call":{"name":"f","arguments":"{}"}}}]}`},
	} {
		f.Add([]byte(s[0]), []byte(s[1]))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		running := new(llm.Decoder)
		for _, doc := range [][]byte{first, second, first, bytes.ReplaceAll(first, []byte("x"), []byte(`\"`)), second} {
			require.Equal(t, reference(doc), running.Decode(doc), "%q", doc)
		}
	})
}

// reference reads a chunk with encoding/json, member by member.
func reference(doc []byte) llm.Decoded {
	if !json.Valid(doc) {
		return llm.Decoded{}
	}
	out := llm.Decoded{OK: true, IsObject: kindOf(doc) == '{'}
	var usage llm.Usage
	for _, m := range members(doc) {
		switch m.name {
		case "id":
			out.ID = asText(m.value)
		case "model":
			out.Model = asText(m.value)
		case "system_fingerprint":
			out.Fingerprint = asText(m.value)
		case "object":
			out.ObjectError = asText(m.value) == "error"
		case "created":
			out.Created, _ = asInteger(m.value)
		case "usage":
			usage = laterUsage(usage, m.value)
		case "error":
			out.HasError = out.HasError || string(m.value) != "null"
		case "x_groq":
			for _, g := range members(m.value) {
				switch g.name {
				case "usage":
					usage = laterUsage(usage, g.value)
				case "error":
					out.HasError = out.HasError || string(g.value) != "null"
				}
			}
		case "message", "detail", "msg", "code":
			out.Complaint = out.Complaint || string(m.value) != "null"
		case "choices":
			out.HasChoices, out.Choices = kindOf(m.value) == '[', nil
			for _, c := range elements(m.value) {
				if kindOf(c) == '{' {
					out.Choices = append(out.Choices, referenceChoice(c, len(out.Choices), &usage))
				}
			}
		}
	}
	out.Usage = usage
	return out
}

func referenceChoice(doc []byte, position int, usage *llm.Usage) llm.DecodedChoice {
	out := llm.DecodedChoice{Index: position}
	for _, m := range members(doc) {
		switch m.name {
		case "index":
			if n, ok := asInteger(m.value); ok && n >= 0 && n < 1<<31 {
				out.Index = int(n)
			}
		case "finish_reason":
			out.Finish = llm.Finish(asText(m.value))
		case "usage":
			*usage = laterUsage(*usage, m.value)
		case "logprobs":
			out.Logs = ""
			if kindOf(m.value) == '{' {
				out.Logs = string(m.value)
			}
		case "delta", "message":
			out = llm.DecodedChoice{Index: out.Index, Finish: out.Finish, Logs: out.Logs, Whole: m.name == "message"}
			var reason, other, inner string
			for _, d := range members(m.value) {
				switch d.name {
				case "content":
					out.Text, inner = referenceContent(d.value)
				case "reasoning_content":
					reason = asText(d.value)
				case "reasoning":
					other = asText(d.value)
				case "refusal":
					out.Refusal = asText(d.value)
				case "tool_calls":
					out.Calls = nil
					for _, c := range elements(d.value) {
						if kindOf(c) == '{' {
							out.Calls = append(out.Calls, referenceCall(c))
						}
					}
				case "function_call":
					out.Calls = nil
					if kindOf(d.value) == '{' {
						out.Calls = []llm.DecodedCall{{Index: -1}}
						referenceFunction(d.value, &out.Calls[0])
					}
				case "role", "name":
				default:
					out.Extra = referenceExtra(out.Extra, d)
				}
			}
			for _, s := range []string{reason, other, inner} {
				if out.Reasoning == "" {
					out.Reasoning = s
				}
			}
		}
	}
	return out
}

func referenceCall(doc []byte) llm.DecodedCall {
	out := llm.DecodedCall{Index: -1}
	for _, m := range members(doc) {
		switch m.name {
		case "id":
			out.ID = asText(m.value)
		case "index":
			if n, ok := asInteger(m.value); ok && n >= 0 && n < 1<<31 {
				out.Index = int(n)
			}
		case "type":
		case "function":
			referenceFunction(m.value, &out)
		default:
			out.Extra = referenceExtra(out.Extra, m)
		}
	}
	return out
}

func referenceFunction(doc []byte, out *llm.DecodedCall) {
	for _, m := range members(doc) {
		switch m.name {
		case "name":
			out.Name = asText(m.value)
		case "arguments":
			out.Args = asText(m.value)
			if kindOf(m.value) == '{' {
				out.Args = string(m.value)
			}
		}
	}
}

func referenceExtra(before []llm.DecodedMember, m member) []llm.DecodedMember {
	if string(m.value) == "null" {
		return before
	}
	return append(before, llm.DecodedMember{Name: m.name, Value: string(m.value)})
}

func referenceContent(doc []byte) (text, thinking string) {
	if kindOf(doc) != '[' {
		return asText(doc), ""
	}
	for _, part := range elements(doc) {
		text += asText(part)
		for _, m := range members(part) {
			switch m.name {
			case "text":
				text += asText(m.value)
			case "thinking":
				thinking += asText(m.value)
				for _, th := range elements(m.value) {
					thinking += asText(th)
					for _, x := range members(th) {
						if x.name == "text" {
							thinking += asText(x.value)
						}
					}
				}
			}
		}
	}
	return text, thinking
}

func laterUsage(before llm.Usage, doc []byte) llm.Usage {
	var u llm.Usage
	var count func(name string, doc []byte)
	count = func(name string, doc []byte) {
		var dst *int
		switch name {
		case "prompt_tokens", "input_tokens":
			dst = &u.Prompt
		case "completion_tokens", "output_tokens":
			dst = &u.Completion
		case "total_tokens":
			dst = &u.Total
		case "cached_tokens", "prompt_cache_hit_tokens":
			dst = &u.Cached
		case "reasoning_tokens":
			dst = &u.Reasoning
		case "prompt_tokens_details", "completion_tokens_details", "input_tokens_details", "output_tokens_details":
			for _, m := range members(doc) {
				if m.name == "cached_tokens" || m.name == "reasoning_tokens" {
					count(m.name, m.value)
				}
			}
			return
		default:
			return
		}
		n, _ := asInteger(doc)
		*dst = max(*dst, int(n))
	}
	for _, m := range members(doc) {
		count(m.name, m.value)
	}
	if u == (llm.Usage{}) {
		return before
	}
	if u.Total == 0 {
		u.Total = u.Prompt + u.Completion
	}
	return u
}

type member struct {
	name  string
	value json.RawMessage
}

func kindOf(doc []byte) byte { return bytes.TrimLeft(doc, " \t\r\n")[0] }

// members are those of an object, in order and with repetitions; of anything else there are none.
func members(doc []byte) (out []member) {
	if kindOf(doc) != '{' {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(doc))
	_, _ = dec.Token()
	for dec.More() {
		name, _ := dec.Token()
		var v json.RawMessage
		if dec.Decode(&v) != nil {
			return out
		}
		out = append(out, member{fmt.Sprint(name), v})
	}
	return out
}

func elements(doc []byte) (out []json.RawMessage) {
	if kindOf(doc) == '[' {
		_ = json.Unmarshal(doc, &out)
	}
	return out
}

func asText(doc []byte) (s string) {
	if kindOf(doc) == '"' {
		_ = json.Unmarshal(doc, &s)
	}
	return s
}

func asInteger(doc []byte) (int64, bool) {
	switch c := kindOf(doc); {
	case c == '"':
		return llm.ParseInteger([]byte(asText(doc)))
	case c == '-' || c >= '0' && c <= '9':
		n, _ := llm.ParseInteger(bytes.TrimSpace(doc))
		return n, true
	}
	return 0, false
}

func TestParseInteger(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{"0": 0, "15": 15, "15.9": 15, "1e3": 1000, "-2": -2, "123456789012345": 123456789012345, "1e400": 0, "": 0, "x": 0, "NaN": 0} {
		n, _ := llm.ParseInteger([]byte(in))
		assert.Equal(t, want, n, in)
	}
}
