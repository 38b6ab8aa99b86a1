package llm_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
)

// canned answers every request with the same body.
type canned []byte

func (c canned) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}}, Request: req,
		Body: io.NopCloser(bytes.NewReader(c)), ContentLength: -1,
	}, nil
}

// cannedStream is n chunks in DeepSeek's form; with noise, no chunk is like the one before.
func cannedStream(n int, noise bool) canned {
	var b bytes.Buffer
	for i := range n {
		extra := ""
		if noise {
			extra = fmt.Sprintf(`,"obfuscation":"%08x"`, uint32(i)*2654435761)
		}
		fmt.Fprintf(&b, `data: {"id":"4bca6ed8-0bc1-4b3e-9f4c-1c5a8f9a2f11","object":"chat.completion.chunk","created":1769000000,"model":"deepseek-chat","system_fingerprint":"fp_eaab8d114b_prod0820","choices":[{"index":0,"delta":{"content":"蓝色\n%d","reasoning_content":null},"logprobs":null,"finish_reason":null}],"usage":null%s}`+"\n\n", i%10, extra)
	}
	b.WriteString(`data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n")
	return b.Bytes()
}

func readAll(tb testing.TB, body canned) (events int) {
	tb.Helper()
	c, err := llm.New(llm.Config{BaseURL: "https://api.example.com", HTTPClient: &http.Client{Transport: body}})
	require.NoError(tb, err)
	for _, err := range c.Stream(tb.Context(), &llm.Request{Model: "m", Messages: []llm.Message{llm.User("x")}}).Events() {
		if err != nil {
			require.NoError(tb, err)
		}
		events++
	}
	return events
}

// BenchmarkStream is what a chunk costs through the public iterator. internal/bench compares it with other clients.
func BenchmarkStream(b *testing.B) {
	const chunks = 20_000
	for name, noise := range map[string]bool{"one text changes": false, "all chunks differ": true} {
		b.Run(name, func(b *testing.B) {
			body := cannedStream(chunks, noise)
			b.ReportAllocs()
			for b.Loop() {
				readAll(b, body)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/chunks, "ns/chunk")
		})
	}
}

// A chunk costs no allocation of its own, on either path of the decoder.
//
//nolint:paralleltest // counts allocations, which are the whole process's
func TestStream_allocations(t *testing.T) {
	const chunks = 5_000
	for name, noise := range map[string]bool{"one text changes": false, "all chunks differ": true} {
		t.Run(name, func(t *testing.T) {
			body := cannedStream(chunks, noise)
			var events int
			allocs := testing.AllocsPerRun(3, func() { events = readAll(t, body) })
			require.Equal(t, chunks+1, events)
			require.Less(t, allocs/chunks, 0.1)
		})
	}
}
