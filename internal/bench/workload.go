package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// workload is one stream, in memory.
type workload struct {
	body      []byte
	chunks    int
	lines     int // blank ones included
	textBytes int // of the answer, reasoning not counted
}

// form is how a provider writes a chunk: a format with the chunk's number, content and reasoning, JSON-quoted or null.
type form struct {
	name, chunk, last string
	answerOnly        bool
}

// forms are DeepSeek's, where one text differs from chunk to chunk, and OpenAI's, where a random "obfuscation" differs
// too, so that no chunk is like the one before.
func forms() []form {
	return []form{
		{
			name:  "DeepSeek's form",
			chunk: `{"id":"4bca6ed8-0bc1-4b3e-9f4c-1c5a8f9a2f11","object":"chat.completion.chunk","created":1769000000,"model":"deepseek-reasoner","system_fingerprint":"fp_eaab8d114b_prod0820","choices":[{"index":0,"delta":{"content":%[2]s,"reasoning_content":%[3]s},"logprobs":null,"finish_reason":null}],"usage":null}`,
			last:  `{"id":"4bca6ed8-0bc1-4b3e-9f4c-1c5a8f9a2f11","object":"chat.completion.chunk","created":1769000000,"model":"deepseek-reasoner","choices":[{"index":0,"delta":{"content":"","reasoning_content":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":20000,"total_tokens":20010}}`,
		},
		{
			name:  "OpenAI's form",
			chunk: `{"id":"chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG","object":"chat.completion.chunk","created":1769000000,"model":"gpt-4o-2024-08-06","service_tier":"default","system_fingerprint":"fp_50cad350e4","choices":[{"index":0,"delta":{"content":%[2]s,"reasoning_content":%[3]s},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"%08[1]x"}`,
			last:  `{"id":"chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG","object":"chat.completion.chunk","created":1769000000,"model":"gpt-4o-2024-08-06","service_tier":"default","system_fingerprint":"fp_50cad350e4","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null,"obfuscation":"ab"}`,
		},
	}
}

// newWorkload writes a stream: first reasoning, then the answer, in Chinese and English, with escapes.
func newWorkload(f form, chunks int) *workload {
	pieces := []string{"天空", "是蓝色的", " because", " of \"Rayleigh\"", " scattering", "，也就是说", "\n\n- ", "短波长 <&>"}
	w := &workload{chunks: chunks}
	var b bytes.Buffer
	for i := range chunks {
		piece := pieces[i%len(pieces)]
		quoted, _ := json.Marshal(piece) // a string can be encoded
		content, reasoning := "null", string(quoted)
		if i >= chunks/2 || f.answerOnly {
			content, reasoning = string(quoted), "null"
			w.textBytes += len(piece)
		}
		fmt.Fprintf(&b, "data: "+f.chunk+"\n\n", uint32(i)*2654435761, content, reasoning) // scrambled
	}
	b.WriteString("data: " + f.last + "\n\ndata: [DONE]\n\n")
	w.body = b.Bytes()
	w.lines = bytes.Count(w.body, []byte{'\n'})
	return w
}

func (w *workload) client() *http.Client { return &http.Client{Transport: w} }

// RoundTrip answers every request with the stream.
func (w *workload) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header: http.Header{"Content-Type": {"text/event-stream"}},
		Body:   io.NopCloser(bytes.NewReader(w.body)), ContentLength: -1,
	}, nil
}
