package main

import (
	"net/http"
	"strings"
	"time"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
)

// row is one way for a server to behave, and what is to come of it.
type row struct {
	question
	name  string
	serve func(*llmtest.Server) http.Handler // prepares the server and returns what answers, most often the server itself
	// whole is the text that there is to be read, before the error if one comes.
	whole string
	calls []string // the tool calls there are
	learn []string // what a program must be able to learn from the error
	right func(outcome) bool
	stop  time.Duration // when to give up on a client; 0 = 30 s
	alone bool          // keeps the machine busy: beside others it would stop their clocks
}

const (
	said  = "天空是蓝色的 because of 散射 <&> \\ 😀."
	first = `{"choices":[{"index":0,"delta":{"content":"天空是蓝色的 because of 散射 <&> \\ 😀."},"finish_reason":null}]}`
	last  = `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`
)

// rows are the cases in which clients are known to differ, in the order: ends, lines, errors in the stream, answers that
// are no stream, refusals, connections.
func rows() []row {
	all := []row{
		{name: "end after the finish_reason, no [DONE]", serve: fault(llmtest.NoDone), right: outcome.fine},
		{name: "end in peace before the finish_reason", serve: fault(llmtest.EarlyEnd), right: outcome.cut},
		{name: "connection cut between two events", serve: fault(llmtest.Cut), right: outcome.cut},
		{name: "connection cut within a line", serve: fault(llmtest.CutMidLine), right: outcome.cut},
		{name: "end in peace within a line", serve: fault(llmtest.EndMidLine), right: outcome.cut},
		{name: "last event without its blank line", serve: stream("data: " + first + "\n\ndata: " + last + "\n"), right: outcome.fine},
		{name: "last event without its line end", serve: fault(llmtest.NoBlankLine), right: outcome.fine},
		{name: "line of 1 MB", serve: fault(llmtest.LongLine), whole: strings.Repeat("x", 1_000_000), right: outcome.fine},
		{name: "line of 40 MB", serve: fault(llmtest.HugeLine), whole: strings.Repeat("x", 40_000_000), right: bounded, alone: true},
		{name: "CRLF", serve: fault(llmtest.CRLF), right: outcome.fine},
		{name: "event, id, retry; no space after the colon", serve: fault(llmtest.OtherFields), right: outcome.fine},
		{name: "lone CR", serve: fault(llmtest.LoneCR), right: outcome.fine},
		{name: "byte order mark first", serve: stream("\uFEFFdata: " + first + "\n\ndata: " + last + "\n\n"), right: outcome.fine},
		{name: "a chunk over several data lines", serve: fault(llmtest.MultiLineData), right: outcome.fine},
		{name: "several chunks, no blank line between", serve: fault(llmtest.NoBlankLines), right: outcome.fine},
		{name: "400 keep-alive comments", serve: fault(llmtest.KeepAlive), right: outcome.fine},
		{name: "empty data events", serve: fault(llmtest.EmptyData), right: outcome.fine},

		{
			name: `{"error":{…}} in the stream`, serve: fault(llmtest.ErrorChunk),
			learn: []string{"the engine broke", "engine_error", "chatcmpl-broken"}, right: reported,
		},
		{name: "event: error, with an error object", serve: fault(llmtest.ErrorEvent), learn: []string{"the engine broke"}, right: reported},
		{name: "event: error, no error key", serve: fault(llmtest.ErrorEventBare), learn: []string{"the engine broke", "500"}, right: reported},
		{name: `{"error":"text"} in the stream`, serve: fault(llmtest.ErrorText), learn: []string{"the engine broke"}, right: reported},
		{name: `vLLM's {"object":"error"}`, serve: fault(llmtest.ErrorVLLM), learn: []string{"the engine broke", "500"}, right: reported},
		{
			name: "OpenRouter's error and finish error", serve: fault(llmtest.ErrorOpenRouter),
			learn: []string{"the engine broke", "502"}, right: reported,
		},
		{name: `"error":null in each chunk`, serve: fault(llmtest.ErrorNull), right: outcome.fine},
		{name: "tool arguments as an object", serve: calling(llmtest.ToolArgsObject, 1), whole: none, calls: wanted(1), right: outcome.fine},
		{
			name: "tool arguments cut, end in peace", serve: calling(llmtest.ToolArgsCut, 1), whole: none, calls: wanted(1),
			right: func(o outcome) bool { return o.cut() && len(o.calls) == 0 },
		},
		{name: "two tool calls of one index, own IDs", serve: calling(llmtest.ToolSameIndex, 2), whole: none, calls: wanted(2), right: outcome.fine},

		{
			name: "200 with an error envelope", serve: fault(llmtest.OKError), whole: none,
			learn: []string{"no such thing", "invalid_type", "chatcmpl-refused"}, right: reported,
		},
		{name: "200 with a whole completion", serve: fault(llmtest.WholeCompletion), right: outcome.fine},
		{name: "200 with HTML", serve: fault(llmtest.OKHTML), whole: none, learn: []string{"Maintenance"}, right: reported},
		{name: "200 with nothing", serve: fault(llmtest.OKEmpty), whole: none, right: outcome.failed},

		{
			name: `400 {"error":"text"}`, whole: none, serve: answers(http.StatusBadRequest, nil, `{"error":"the words"}`),
			learn: []string{"400", "the words"}, right: parsed,
		},
		{
			name: "400 of SiliconFlow", whole: none,
			serve: answers(http.StatusBadRequest, nil, `{"code":20012,"message":"the words","data":null}`),
			learn: []string{"400", "the words", "20012"}, right: parsed,
		},
		{
			name: "422 of FastAPI", whole: none,
			serve: answers(http.StatusUnprocessableEntity, nil, `{"detail":[{"loc":["body","model"],"msg":"the words","type":"missing"}]}`),
			learn: []string{"422", "the words"}, right: parsed,
		},
		{name: "error that echoes the key", serve: fault(llmtest.EchoKey), whole: none, right: secret},
		{
			name:  "429 with Retry-After: 1, then fine",
			serve: answers(http.StatusTooManyRequests, http.Header{"Retry-After": {"1"}}, `{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}`),
			right: func(o outcome) bool { return o.fine() && len(o.tries) == 2 && o.gap() >= time.Second },
		},
		{
			name: "429 insufficient_quota", whole: none,
			serve: answers(http.StatusTooManyRequests, nil, repeated(5, `{"error":{"message":"pay","type":"insufficient_quota","code":"insufficient_quota"}}`)...),
			learn: []string{"429", "insufficient_quota"},
			right: func(o outcome) bool { return reported(o) && len(o.tries) == 1 },
		},
		{
			name:  "503 twice, then fine",
			serve: answers(http.StatusServiceUnavailable, nil, repeated(2, `{"error":{"message":"overloaded"}}`)...),
			right: func(o outcome) bool { return o.fine() && len(o.tries) == 3 },
		},

		{name: "reset before the header, then fine", serve: resetFirst, right: func(o outcome) bool { return o.fine() && len(o.tries) == 2 }},
		{
			name: "cut after the first byte, then fine", serve: fault(llmtest.Cut),
			right: func(o outcome) bool { return o.cut() && len(o.tries) == 1 },
		},
		{
			name: "stall", serve: fault(llmtest.Stall), stop: patience, right: outcome.failed,
			question: question{limits: llm.Timeouts{Idle: time.Second}},
		},
		{
			name: "comments without end", serve: fault(llmtest.EndlessComments), stop: patience, right: outcome.failed,
			question: question{limits: llm.Timeouts{NoEvent: 2 * time.Second}},
		},
		{name: "[DONE], connection left open", serve: fault(llmtest.OpenAfterDone), stop: patience, right: outcome.fine},
		{
			name: "break early, without Close", serve: fault(llmtest.Stall), question: question{leave: true},
			right: func(o outcome) bool { return o.err == nil && o.clean() },
		},
		{name: "gzip", serve: fault(llmtest.Gzip), right: outcome.fine},
		{
			name: "error body of 64 MB", serve: fault(llmtest.HugeError), whole: none, alone: true,
			right: func(o outcome) bool { return o.failed() && o.read <= 128<<10 && len(o.err.Error()) <= 2<<10 },
		},
		{name: "invalid UTF-8 in the text", serve: fault(llmtest.InvalidUTF8), whole: "a\uFFFD\uFFFDb你", right: outcome.fine},
	}
	for i := range all {
		all[i].tools = len(all[i].calls) > 0
		switch all[i].whole {
		case "":
			all[i].whole = said
		case none:
			all[i].whole = ""
		}
		if all[i].stop == 0 {
			all[i].stop = 30 * time.Second
		}
	}
	return all
}

const (
	none     = "\x00"          // of the text nothing comes
	patience = 8 * time.Second // with clients that hang
)
