package llmtest

import (
	"encoding/json"
	"io"
	"iter"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// talk is one chat answer on its way.
type talk struct {
	w       http.ResponseWriter
	r       *http.Request
	req     ChatRequest
	a       Answer
	shape   shape
	usage   bool // the client asked for a usage chunk
	noise   bool // obfuscation
	id      string
	created int64
	key     string
	sent    int // events
}

type object = map[string]any

// begin sends the header of a stream.
func (t *talk) begin() {
	t.w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	t.w.WriteHeader(http.StatusOK)
	t.flush()
	t.raw(t.shape.greeting)
}

func (t *talk) flush() {
	_ = http.NewResponseController(t.w).Flush() // a writer that cannot flush holds the answer back on purpose
}

// raw writes bytes as they are.
func (t *talk) raw(s string) {
	_, _ = io.WriteString(t.w, s)
	t.flush()
}

func (t *talk) event(v any) {
	t.sent++
	t.raw("data: " + encode(v) + "\n\n")
}

func encode(v any) string {
	data, err := json.Marshal(v)
	if err != nil { // what the package writes can be encoded
		panic(err)
	}
	return string(data)
}

func (t *talk) pause() { sleep(t.r, t.a.Delay) }

func sleep(r *http.Request, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

// envelope is a chunk around choices, in DeepSeek's form where the shape does not say otherwise.
func (t *talk) envelope(choices ...any) object {
	if choices == nil {
		choices = []any{}
	}
	c := object{
		"id": t.id, "object": "chat.completion.chunk", "created": t.created, "model": t.req.Model,
		"system_fingerprint": "fp_llmtest", "choices": choices, "usage": nil,
	}
	if t.noise {
		c["obfuscation"] = strings.Repeat("x", 1+len(choices)) + strconv.Itoa(t.sent%7)
	}
	return c
}

func (t *talk) delta(index int, delta object, finish any) object {
	choice := object{"index": index, "delta": delta, "logprobs": nil, "finish_reason": finish}
	if t.shape.bareChunks && finish == nil {
		delete(choice, "finish_reason")
		delete(choice, "logprobs")
	}
	if text, ok := delta["content"].(string); ok && t.req.LogProbs && text != "" {
		choice["logprobs"] = object{"content": []any{object{"token": text, "logprob": -0.25, "bytes": numbers(text), "top_logprobs": []any{}}}, "refusal": nil}
	}
	return t.envelope(choice)
}

// numbers are the bytes of s as JSON has them.
func numbers(s string) []int {
	out := make([]int, 0, len(s))
	for _, b := range []byte(s) {
		out = append(out, int(b))
	}
	return out
}

// pieces are the deltas of one choice.
func (t *talk) pieces() []object {
	first := object{"role": "assistant", "content": ""}
	maps.Copy(first, t.a.Extra)
	out := []object{first}
	for _, f := range []struct{ name, text string }{
		{"reasoning_content", t.a.Reasoning},
		{"content", t.a.Text},
		{"refusal", t.a.Refusal},
	} {
		for piece := range cut(f.text, t.a.Runes) {
			d := object{f.name: piece}
			if f.name == "reasoning_content" {
				d = t.shape.thought(piece)
			} else if t.shape.listContent && f.name == "content" {
				d = object{"content": []any{object{"type": "text", "text": piece}}}
			}
			if t.shape.roleAlways {
				d["role"] = "assistant"
			}
			out = append(out, d)
		}
	}
	return append(out, t.callPieces()...)
}

// cut is s in pieces of n runes.
func cut(s string, n int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for runes := []rune(s); len(runes) > 0; {
			k := min(n, len(runes))
			if !yield(string(runes[:k])) {
				return
			}
			runes = runes[k:]
		}
	}
}

// chunks streams the answer, every choice's in turn, up to but not including the finish.
func (t *talk) chunks() {
	for _, p := range t.pieces() {
		for index := range t.req.N {
			t.pause()
			if t.r.Context().Err() != nil {
				return
			}
			t.event(t.delta(index, p, nil))
		}
	}
}

// end is finish, usage and [DONE].
func (t *talk) end() {
	t.finish()
	if t.usage && t.shape.usage == usageLast {
		last := t.envelope()
		last["usage"] = t.usageObject()
		t.event(last)
	}
	t.raw("data: [DONE]\n\n")
}

func (t *talk) finish() {
	finish := t.a.Finish
	if t.shape.alwaysStop && finish == "tool_calls" {
		finish = "stop"
	}
	for index := range t.req.N {
		c := t.delta(index, object{}, finish)
		switch t.shape.usage {
		case usageLast:
		case usageFinish:
			c["usage"] = t.usageObject()
		case usageChoice:
			c = t.envelope(object{"index": index, "delta": object{}, "logprobs": nil, "finish_reason": finish, "usage": t.usageObject()})
		case usageGroq:
			c["x_groq"] = object{"id": "req", "usage": t.usageObject()}
		}
		t.event(c)
	}
}

func (t *talk) usageObject() object {
	u := t.a.Usage
	return object{
		"prompt_tokens": u.Prompt, "completion_tokens": u.Completion, "total_tokens": u.Total,
		"prompt_tokens_details":     object{"cached_tokens": u.Cached},
		"completion_tokens_details": object{"reasoning_tokens": u.Reasoning},
	}
}

// completion is the whole answer in one.
func (t *talk) completion() object {
	message := object{"role": "assistant", "content": t.a.Text}
	maps.Copy(message, t.a.Extra)
	if t.a.Reasoning != "" {
		maps.Copy(message, t.shape.thought(t.a.Reasoning))
		if list, ok := message["content"].([]any); ok {
			message["content"] = append(list, object{"type": "text", "text": t.a.Text})
		} else {
			message["content"] = t.a.Text
		}
	}
	if len(t.a.ToolCalls) > 0 {
		message["tool_calls"] = t.wholeCalls()
		if t.a.Text == "" && !t.shape.listContent {
			message["content"] = nil
		}
	}
	if t.a.Refusal != "" {
		message["refusal"], message["content"] = t.a.Refusal, nil
	}
	choices := make([]any, 0, t.req.N)
	for index := range t.req.N {
		choice := object{"index": index, "message": message, "logprobs": nil, "finish_reason": t.a.Finish}
		if t.req.LogProbs {
			choice["logprobs"] = object{"content": []any{object{"token": t.a.Text, "logprob": -0.25, "bytes": numbers(t.a.Text), "top_logprobs": []any{}}}}
		}
		choices = append(choices, choice)
	}
	whole := t.envelope(choices...)
	whole["object"], whole["usage"] = "chat.completion", t.usageObject()
	return whole
}
