package llmtest

import (
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// talk is one chat answer on its way.
type talk struct {
	w       http.ResponseWriter
	r       *http.Request
	req     ChatRequest
	a       Answer
	usage   bool // the client asked for a usage chunk
	id      string
	created int64
	key     string
}

type object = map[string]any

// begin sends the header of a stream.
func (t *talk) begin() {
	t.w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	t.w.WriteHeader(http.StatusOK)
	t.flush()
}

func (t *talk) flush() {
	_ = http.NewResponseController(t.w).Flush() // a writer that cannot flush holds the answer back on purpose
}

// raw writes bytes as they are.
func (t *talk) raw(s string) {
	_, _ = io.WriteString(t.w, s)
	t.flush()
}

func (t *talk) event(v any) { t.raw("data: " + encode(v) + "\n\n") }

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

// envelope is a chunk around choices, in DeepSeek's form.
func (t *talk) envelope(choices ...any) object {
	if choices == nil {
		choices = []any{}
	}
	return object{
		"id": t.id, "object": "chat.completion.chunk", "created": t.created, "model": t.req.Model,
		"system_fingerprint": "fp_llmtest", "choices": choices, "usage": nil,
	}
}

func (t *talk) delta(index int, delta object, finish any) object {
	return t.envelope(object{"index": index, "delta": delta, "logprobs": nil, "finish_reason": finish})
}

// pieces are the deltas of one choice.
func (t *talk) pieces() []object {
	out := []object{{"role": "assistant", "content": ""}}
	for _, f := range []struct{ name, text string }{
		{"reasoning_content", t.a.Reasoning},
		{"content", t.a.Text},
		{"refusal", t.a.Refusal},
	} {
		for runes := []rune(f.text); len(runes) > 0; {
			n := min(t.a.Runes, len(runes))
			d := object{f.name: string(runes[:n])}
			if f.name == "reasoning_content" {
				d["content"] = nil
			}
			out = append(out, d)
			runes = runes[n:]
		}
	}
	return out
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
	if t.usage {
		last := t.envelope()
		last["usage"] = t.usageObject()
		t.event(last)
	}
	t.raw("data: [DONE]\n\n")
}

func (t *talk) finish() {
	for index := range t.req.N {
		t.event(t.delta(index, object{}, t.a.Finish))
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
	if t.a.Reasoning != "" {
		message["reasoning_content"] = t.a.Reasoning
	}
	if t.a.Refusal != "" {
		message["refusal"], message["content"] = t.a.Refusal, nil
	}
	choices := make([]any, 0, t.req.N)
	for index := range t.req.N {
		choices = append(choices, object{"index": index, "message": message, "logprobs": nil, "finish_reason": t.a.Finish})
	}
	whole := t.envelope(choices...)
	whole["object"], whole["usage"] = "chat.completion", t.usageObject()
	return whole
}
