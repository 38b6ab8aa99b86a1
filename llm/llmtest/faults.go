package llmtest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Fault is a way for a chat answer to go wrong, or merely to be odd. Before it goes wrong, the answer's chunks come as
// usual, unless the fault is about the beginning.
type Fault string

// Odd, and to be read as it was meant.
const (
	NoDone           Fault = "no [DONE]"                    // the stream ends after the finish_reason
	NoBlankLine      Fault = "no last blank line"           // the last event, with the finish_reason, lacks its blank line
	LongLine         Fault = "1 MB line"                    // one delta of a million letters
	CRLF             Fault = "CRLF"                         // lines end in CRLF
	LoneCR           Fault = "lone CR"                      // lines end in CR
	ByteOrderMark    Fault = "byte order mark"              // the stream begins with one
	OtherFields      Fault = "event, id and retry fields"   // in every event, and no space after the colon
	MultiLineData    Fault = "multi-line data"              // each chunk is spread over several data lines
	NoBlankLines     Fault = "no blank lines"               // chunk after chunk in one event
	KeepAlive        Fault = "400 keep-alive comments"      // in a row
	EmptyData        Fault = "empty data"                   // "data:" events in between
	Ping             Fault = "ping"                         // one event that is not JSON at the beginning, and {} in between
	ErrorNull        Fault = "error null"                   // "error":null in every chunk
	EmptyChoices     Fault = "empty choices"                // chunks without choices, and choices without delta
	FinishTwice      Fault = "finish twice"                 // null, then the finish_reason, then another
	UsageInChoice    Fault = "usage in the choice"          // in the chunk with the finish_reason
	UsageXGroq       Fault = "usage in x_groq"              // in the chunk with the finish_reason
	ReasoningField   Fault = "reasoning"                    // reasoning under its other name
	ContentList      Fault = "content as a list"            // with thinking parts
	WholeCompletion  Fault = "whole completion"             // JSON in place of a stream
	BlankLinesFirst  Fault = "blank lines, then JSON"       // to keep the line open
	OpenAfterDone    Fault = "open after [DONE]"            // the connection stays open
	OpenAfterFinish  Fault = "open after the finish"        // neither [DONE] nor the end comes
	CutAfterFinish   Fault = "cut after the finish"         // the connection breaks in place of [DONE]
	Gzip             Fault = "gzip"                         // compressed though it is a stream
	InvalidUTF8      Fault = "invalid UTF-8"                // two bad bytes in a delta, and a rune cut between two writes
	StreamForNothing Fault = "stream that nobody asked for" // events though "stream" was false
)

// Wrong, and to be reported.
const (
	EarlyEnd        Fault = "end before the finish"       // the body ends in peace
	EarlyDone       Fault = "[DONE] before the finish"    // and so it does with [DONE]
	Cut             Fault = "cut"                         // the connection breaks between two events
	CutMidLine      Fault = "cut within a line"           // the connection breaks
	EndMidLine      Fault = "end within a line"           // the body ends in peace
	HugeLine        Fault = "40 MB line"                  // one delta of 40 million letters
	ErrorChunk      Fault = "error chunk"                 // {"error":{…},"request_id":…}
	ErrorEvent      Fault = "error event"                 // event: error, with an error object
	ErrorEventBare  Fault = "error event without error"   // event: error, {"message":…}
	ErrorText       Fault = "error as a text"             // {"error":"…"}
	ErrorVLLM       Fault = "error of vLLM"               // {"object":"error",…}
	ErrorOpenRouter Fault = "error of OpenRouter"         // error beside choices with finish_reason error
	ErrorFinish     Fault = "finish error"                // finish_reason error and no more words
	ErrorPlain      Fault = "error that is not JSON"      // data: upstream connect error
	OKError         Fault = "200 with an error"           // JSON in place of a stream
	OKHTML          Fault = "200 with HTML"               // a proxy's page
	OKText          Fault = "200 with text"               // a proxy's line
	OKEmpty         Fault = "200 with nothing"            //
	OKCutJSON       Fault = "200 with half a completion"  // JSON that ends too early
	Stall           Fault = "stall"                       // after the chunks, silence
	StallFirst      Fault = "stall before the first byte" // a header, then silence
	EndlessComments Fault = "endless comments"            // after the chunks, one each second
	HugeError       Fault = "64 MB error body"            // status 400
	EchoKey         Fault = "error that echoes the key"   // status 401
)

// About the tool calls of an answer that has some: the last three are errors, the others to be read as they were meant.
const (
	ToolArgsObject Fault = "tool arguments as an object"  // not as a text that holds one
	ToolSameIndex  Fault = "tool calls of one index"      // all of them 0, with IDs of their own
	ToolNoIndex    Fault = "tool calls without an index"  // whole calls, one after the other
	ToolNoID       Fault = "tool calls without ID"        //
	ToolEmptyID    Fault = "later tool deltas with id ''" // and the name in a delta of its own
	ToolFinishStop Fault = "tool calls, finish stop"      //
	ToolArgsCut    Fault = "tool arguments cut"           // the stream ends in peace within them
	ToolArgsShort  Fault = "tool arguments cut, finish"   // a finish_reason comes, the end of the arguments does not
	ToolArgsBad    Fault = "tool arguments not JSON"      // the model's own slip
)

// Misbehave makes the next chat answers go wrong, one each.
func (s *Server) Misbehave(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

func (t *talk) misbehave(f Fault) {
	switch f {
	case NoDone:
		t.begin()
		t.chunks()
		t.finish()
	case NoBlankLine:
		t.begin()
		t.chunks()
		t.raw("data: " + encode(t.delta(0, object{}, t.a.Finish)))
	case LongLine, HugeLine:
		n := 1_000_000
		if f == HugeLine {
			n = 40_000_000
		}
		t.begin()
		t.event(t.delta(0, object{"content": strings.Repeat("x", n)}, nil))
		t.end()
	case CRLF, LoneCR, ByteOrderMark, OtherFields, MultiLineData, NoBlankLines, KeepAlive, EmptyData, Gzip:
		t.rewritten(f)
	case Ping:
		t.begin()
		t.raw("data: ping\n\n")
		t.chunks()
		t.raw("data: {}\n\n")
		t.end()
	case WholeCompletion:
		writeJSON(t.w, http.StatusOK, t.completion())
	case BlankLinesFirst:
		t.w.Header().Set("Content-Type", "application/json")
		for range 5 {
			t.raw("\n")
		}
		t.raw(encode(t.completion()))
	case InvalidUTF8:
		t.begin()
		t.raw(`data: {"choices":[{"index":0,"delta":{"content":"a` + "\xff\xfeb\xe4\xbd")
		t.raw("\xa0" + `"},"finish_reason":null}]}` + "\n\n")
		t.end()
	case StreamForNothing:
		t.begin()
		t.chunks()
		t.end()
	case ErrorNull, EmptyChoices, FinishTwice, UsageInChoice, UsageXGroq, ReasoningField, ContentList:
		t.odd(f)
	case ToolArgsObject, ToolSameIndex, ToolNoIndex, ToolNoID, ToolEmptyID, ToolFinishStop, ToolArgsCut, ToolArgsShort, ToolArgsBad:
		t.oddCalls(f)
	case OpenAfterDone:
		t.begin()
		t.chunks()
		t.end()
		<-t.r.Context().Done()
	case OpenAfterFinish:
		t.begin()
		t.chunks()
		t.finish()
		<-t.r.Context().Done()
	default:
		t.fail(f)
	}
}

// fail is the faults that are errors.
func (t *talk) fail(f Fault) {
	switch f {
	case OKError, OKHTML, OKText, OKEmpty, OKCutJSON, HugeError, EchoKey, StallFirst:
		t.failFirst(f)
		return
	}
	t.begin()
	t.chunks()
	switch f {
	case EarlyEnd:
	case EarlyDone:
		t.raw("data: [DONE]\n\n")
	case Cut:
		panic(http.ErrAbortHandler)
	case CutAfterFinish:
		t.finish()
		panic(http.ErrAbortHandler)
	case CutMidLine:
		t.raw(`data: {"id":"x","choi`)
		panic(http.ErrAbortHandler)
	case EndMidLine:
		t.raw(`data: {"id":"x","choi`)
	case ErrorChunk:
		t.event(APIError{Message: "the engine broke", Type: "server_error", Code: "engine_error", RequestID: "chatcmpl-broken"}.body())
	case ErrorEvent:
		t.raw("event: error\ndata: " + encode(APIError{Message: "the engine broke", Type: "server_error"}.body()) + "\n\n")
	case ErrorEventBare:
		t.raw("event: error\ndata: {\"message\":\"the engine broke\",\"code\":500}\n\n")
	case ErrorText:
		t.raw("data: {\"error\":\"the engine broke\"}\n\n")
	case ErrorVLLM:
		t.raw("data: {\"object\":\"error\",\"message\":\"the engine broke\",\"type\":\"InternalServerError\",\"param\":null,\"code\":500}\n\n")
	case ErrorOpenRouter:
		c := t.delta(0, object{"content": ""}, "error")
		c["error"] = object{"code": 502, "message": "Provider returned error", "metadata": object{"raw": "the engine broke"}}
		t.event(c)
		t.raw("data: [DONE]\n\n")
	case ErrorFinish:
		t.event(t.delta(0, object{}, "error"))
		t.raw("data: [DONE]\n\n")
	case ErrorPlain:
		t.raw("data: upstream connect error\n\n")
	case Stall:
		<-t.r.Context().Done()
	case EndlessComments:
		for t.r.Context().Err() == nil {
			t.raw(": keep-alive\n\n")
			sleep(t.r, time.Second)
		}
	default:
		panic(fmt.Sprintf("llmtest: there is no fault %q", f))
	}
}

func (t *talk) failFirst(f Fault) {
	switch f {
	case OKError:
		writeJSON(t.w, http.StatusOK, APIError{Message: "no such thing", Code: "invalid_type", Param: "messages.[0].content", RequestID: "chatcmpl-refused"}.body())
	case OKHTML:
		t.w.Header().Set("Content-Type", "text/html")
		t.raw("<html><head><title>Maintenance</title></head><body>Back soon</body></html>")
	case OKText:
		t.w.Header().Set("Content-Type", "text/plain")
		t.raw("upstream connect error or disconnect/reset before headers\n")
	case OKEmpty:
		t.begin()
	case OKCutJSON:
		t.w.Header().Set("Content-Type", "application/json")
		whole := encode(t.completion())
		t.raw(whole[:len(whole)/2])
	case HugeError:
		t.w.WriteHeader(http.StatusBadRequest)
		block := strings.Repeat("too much ", 1<<17)
		for n := 0; n < 64<<20 && t.r.Context().Err() == nil; n += len(block) {
			if _, err := t.w.Write([]byte(block)); err != nil {
				return
			}
		}
	case EchoKey:
		writeError(t.w, APIError{Status: http.StatusUnauthorized, Code: "invalid_api_key", Message: "Incorrect API key provided: " + t.key + "."})
	case StallFirst:
		t.begin()
		<-t.r.Context().Done()
	}
}

// odd is the faults that are about what the chunks hold.
func (t *talk) odd(f Fault) {
	t.begin()
	finish := t.delta(0, object{}, t.a.Finish)
	usage := t.usage
	t.usage = false
	switch f {
	case ErrorNull:
		for _, p := range t.pieces() {
			c := t.delta(0, p, nil)
			c["error"] = nil
			t.event(c)
		}
		finish["error"] = nil
		t.usage = usage
	case EmptyChoices:
		t.raw("data: {\"choices\":[],\"prompt_filter_results\":[],\"id\":\"\",\"model\":\"\"}\n\n")
		t.raw("data: {\"choices\":[{\"index\":0,\"finish_reason\":null}]}\n\n")
		t.chunks()
		t.raw("data: {\"choices\":[{\"index\":0,\"content_filter_results\":{}}]}\n\n")
		t.usage = usage
	case FinishTwice:
		t.chunks()
		t.event(t.delta(0, object{}, "length"))
		t.event(t.delta(0, object{}, nil))
	case UsageInChoice:
		t.chunks()
		finish = t.envelope(object{"index": 0, "delta": object{}, "finish_reason": t.a.Finish, "usage": t.usageObject()})
	case UsageXGroq:
		t.chunks()
		finish["x_groq"] = object{"id": "req", "usage": t.usageObject()}
	case ReasoningField:
		for _, p := range t.pieces() {
			if r, ok := p["reasoning_content"]; ok {
				p = object{"content": "", "reasoning": r}
			}
			t.event(t.delta(0, p, nil))
		}
	case ContentList:
		for _, p := range t.pieces() {
			if r, ok := p["reasoning_content"]; ok {
				p = object{"content": []any{object{"type": "thinking", "thinking": []any{object{"type": "text", "text": r}}}}}
			} else {
				p = object{"content": []any{object{"type": "text", "text": p["content"]}}}
			}
			t.event(t.delta(0, p, nil))
		}
	}
	t.event(finish)
	if t.usage {
		last := t.envelope()
		last["usage"] = t.usageObject()
		t.event(last)
	}
	t.raw("data: [DONE]\n\n")
}

// rewritten is the faults that are about how the same events are written.
func (t *talk) rewritten(f Fault) {
	w := &rewriter{ResponseWriter: t.w}
	plain := &talk{w: w, r: t.r, req: t.req, a: t.a, shape: t.shape, usage: t.usage, id: t.id, created: t.created}
	plain.chunks()
	plain.end()
	text := w.buf.String()
	switch f {
	case CRLF:
		text = strings.ReplaceAll(text, "\n", "\r\n")
	case LoneCR:
		text = strings.ReplaceAll(text, "\n", "\r")
	case ByteOrderMark:
		text = "\uFEFF" + text
	case OtherFields:
		text = strings.ReplaceAll(text, "data: ", "event: message\nid: 7\nretry: 3000\ndata:")
	case MultiLineData:
		text = strings.ReplaceAll(text, `,"`, ",\ndata: \"")
	case NoBlankLines:
		text = strings.ReplaceAll(text, "\n\n", "\n") + "\n"
	case KeepAlive:
		text = strings.Repeat(": keep-alive\n\n", 400) + text
	case EmptyData:
		text = strings.ReplaceAll(text, "\n\n", "\n\ndata:\n\n")
	case Gzip:
		var z bytes.Buffer
		zw := gzip.NewWriter(&z)
		_, _ = zw.Write([]byte(text))
		_ = zw.Close()
		text = z.String()
		t.w.Header().Set("Content-Encoding", "gzip")
	}
	t.begin()
	t.raw(text)
}

type rewriter struct {
	http.ResponseWriter
	buf bytes.Buffer
}

func (w *rewriter) Write(p []byte) (int, error) { return w.buf.Write(p) }

// Flush hides that of the writer behind.
func (w *rewriter) Flush() {}
