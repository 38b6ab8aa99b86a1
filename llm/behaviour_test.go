package llm_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
)

const answered = "data: {\"choices\":[{\"delta\":{\"content\":\"ok\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"

// onLoopback is a client of a server that answers with f, which is told how often it has been asked.
func onLoopback(t *testing.T, f func(w http.ResponseWriter, r *http.Request, try int)) (*llm.Client, *atomic.Int32) {
	t.Helper()
	var tries atomic.Int32
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		f(w, r, int(tries.Add(1)))
	}))
	t.Cleanup(web.Close)
	c, err := llm.New(llm.Config{BaseURL: web.URL + "/v1", Key: llmtest.Key, Retry: llm.Retry{Base: time.Millisecond}})
	require.NoError(t, err)
	return c, &tries
}

func handler(f func(w http.ResponseWriter, r *http.Request, try int)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f(w, r, 1) })
}

// refusing answers with a status and a body, always.
func refusing(status int, body string, header ...string) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// plays are the rows of the table of behaviour that need a server of their own.
func plays() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"400 with an error as a text": refused(400, `{"error":"bad model"}`, "bad model", llm.ErrInvalid, 1),
		"400 of SiliconFlow":          refused(400, `{"code":20012,"message":"Model does not exist.","data":null}`, "Model does not exist.", llm.ErrInvalid, 1),
		"422 of FastAPI":              refused(422, `{"detail":[{"loc":["body","model"],"msg":"Field required"}]}`, "body.model: Field required", llm.ErrInvalid, 1),
		"429, quota used up": refused(429, `{"error":{"message":"You exceeded your current quota.","code":"insufficient_quota"}}`,
			"You exceeded your current quota.", llm.ErrQuota, 1),
		"503 for ever":                   refused(503, `{"error":{"message":"busy"}}`, "busy", llm.ErrOverloaded, 3),
		"429 with Retry-After 1":         playRetryAfter,
		"503 twice, then fine":           playTwice,
		"reset before the header":        playReset,
		"failure after the first event":  playAfterFirst,
		"left early":                     playLeft,
		"cancelled, with a cause":        playCause,
		"two choices, one is cut":        playOneCut,
		"tool call cut by the length":    playCallByLength,
		"a call without any arguments":   playNoArguments,
		"call and text, then connection": playCallThenCut,
		"calls without index and ID":     playBareCalls,
		"[DONE] is the end by dialect":   playDoneEnds,
	}
}

func refused(status int, body, words string, kind error, wantTries int32) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		c, tries := onLoopback(t, refusing(status, body))
		_, err := drain(c.Stream(t.Context(), hello()))
		require.ErrorIs(t, err, kind)
		e, ok := errors.AsType[*llm.Error](err)
		require.True(t, ok)
		assert.Equal(t, status, e.Status)
		assert.Equal(t, words, e.Message)
		assert.Equal(t, wantTries, tries.Load())
	}
}

func playRetryAfter(t *testing.T) {
	t.Helper()
	c, tries := onLoopback(t, func(w http.ResponseWriter, r *http.Request, try int) {
		if try == 1 {
			refusing(429, `{"error":{"message":"slow down"}}`, "Retry-After", "1")(w, r, try)
			return
		}
		_, _ = io.WriteString(w, answered)
	})
	began := time.Now()
	text, err := drain(c.Stream(t.Context(), hello()))
	require.NoError(t, err)
	require.Equal(t, "ok", text)
	require.EqualValues(t, 2, tries.Load())
	require.GreaterOrEqual(t, time.Since(began), time.Second)
}

func playTwice(t *testing.T) {
	t.Helper()
	c, tries := onLoopback(t, func(w http.ResponseWriter, r *http.Request, try int) {
		if try < 3 {
			refusing(503, "busy")(w, r, try)
			return
		}
		_, _ = io.WriteString(w, answered)
	})
	text, err := drain(c.Stream(t.Context(), hello()))
	require.NoError(t, err)
	require.Equal(t, "ok", text)
	require.EqualValues(t, 3, tries.Load())
}

// reset breaks the connection in a way that the other side cannot take for an end.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func playReset(t *testing.T) {
	t.Helper()
	c, tries := onLoopback(t, func(w http.ResponseWriter, _ *http.Request, try int) {
		if try == 1 {
			reset(w)
			return
		}
		_, _ = io.WriteString(w, answered)
	})
	text, err := drain(c.Stream(t.Context(), hello()))
	require.NoError(t, err)
	require.Equal(t, "ok", text)
	require.EqualValues(t, 2, tries.Load())
}

func playAfterFirst(t *testing.T) {
	t.Helper()
	c, tries := onLoopback(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		_, _ = io.WriteString(w, "data: {\"choices\":[{\"delta\":{\"content\":\"half\"}}]}\n\n")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	s := c.Stream(t.Context(), hello())
	text, err := drain(s)
	require.ErrorIs(t, err, llm.ErrTruncated)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, "half", text)
	require.Equal(t, "half", s.Response().Text())
	require.EqualValues(t, 1, tries.Load(), "asked again although the caller had seen an event")
}

func playLeft(t *testing.T) {
	t.Helper()
	ended := make(chan struct{})
	c, _ := onLoopback(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		_, _ = io.WriteString(w, "data: {\"choices\":[{\"delta\":{\"content\":\"half\"}}]}\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(ended)
	})
	for _, err := range c.Stream(t.Context(), hello()).Events() {
		require.NoError(t, err)
		break
	}
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatal("the server still sends")
	}
}

func playCause(t *testing.T) {
	t.Helper()
	c, _ := onLoopback(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		_, _ = io.WriteString(w, "data: {\"choices\":[{\"delta\":{\"content\":\"half\"}}]}\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	why := errors.New("the tab was closed")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	s := c.Stream(ctx, hello())
	var last error
	for _, err := range s.Events() {
		last = err
		cancel(why)
	}
	require.ErrorIs(t, last, context.Canceled)
	require.ErrorIs(t, last, why)
	require.Equal(t, "half", s.Response().Text())
}

// sending answers with events, and ends in peace.
func sending(events ...string) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		for _, e := range events {
			_, _ = io.WriteString(w, "data: "+e+"\n\n")
		}
	}
}

func playOneCut(t *testing.T) {
	t.Helper()
	c, _ := onLoopback(t, sending(
		`{"choices":[{"index":1,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}}]}`,
		`{"choices":[{"index":0,"delta":{"content":"zero"}}]}`,
		`{"choices":[{"index":1,"delta":{},"finish_reason":"tool_calls"}]}`, "[DONE]"))
	s := c.Stream(t.Context(), hello())
	_, err := drain(s)
	require.ErrorIs(t, err, llm.ErrTruncated)
	require.Equal(t, "zero", s.Response().Text())
	require.True(t, s.Response().Choices[1].Message.ToolCalls[0].Incomplete)
}

func playCallByLength(t *testing.T) {
	t.Helper()
	c, _ := onLoopback(t, sending(
		`{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"rm","arguments":"{\"path\":\"/tmp"}}]}}]}`,
		`{"choices":[{"delta":{},"finish_reason":"length"}]}`, "[DONE]"))
	s := c.Stream(t.Context(), hello())
	_, err := drain(s)
	require.ErrorIs(t, err, llm.ErrTruncated)
	require.ErrorContains(t, err, `the call of rm ended with finish_reason "length" within its arguments`)
	calls := s.Response().ToolCalls()
	require.Equal(t, []llm.ToolCall{{ID: "a", Name: "rm", Arguments: `{"path":"/tmp`, Incomplete: true}}, calls)
	require.Error(t, calls[0].Decode(&struct{}{}))
}

func playNoArguments(t *testing.T) {
	t.Helper()
	c, _ := onLoopback(t, sending(
		`{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"now","arguments":""}}]}}]}`,
		`{"choices":[{"delta":{"function_call":null},"finish_reason":"function_call"}]}`, "[DONE]"))
	s := c.Stream(t.Context(), hello())
	_, err := drain(s)
	require.NoError(t, err)
	require.Equal(t, []llm.ToolCall{{ID: "a", Name: "now", Arguments: "{}"}}, s.Response().ToolCalls())
	require.Equal(t, llm.FinishToolCalls, s.Response().Finish())
}

func playCallThenCut(t *testing.T) {
	t.Helper()
	c, _ := onLoopback(t, func(w http.ResponseWriter, r *http.Request, try int) {
		sending(`{"choices":[{"delta":{"content":"I call","tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}}]}`)(w, r, try)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	s := c.Stream(t.Context(), hello())
	for ev, err := range s.Events() {
		require.NotEqual(t, llm.KindCallEnd, ev.Kind)
		if err != nil {
			require.ErrorIs(t, err, llm.ErrTruncated)
		}
	}
	require.True(t, s.Response().ToolCalls()[0].Incomplete, "whole by chance: nobody knows whether it is")
}

// Whole calls one after the other, with nothing to tell them apart by but their order; and pieces of one.
func playBareCalls(t *testing.T) {
	t.Helper()
	c, _ := onLoopback(t, sending(
		`{"choices":[{"delta":{"tool_calls":[{"function":{"name":"f","arguments":"{\"a\":"}}]}}]}`,
		`{"choices":[{"delta":{"tool_calls":[{"function":{"name":"","arguments":"1}"}}]}}]}`,
		`{"choices":[{"delta":{"tool_calls":[{"function":{"name":"f","arguments":"{\"a\":2}"}}]}}]}`,
		`{"choices":[{"delta":{},"finish_reason":"stop"}]}`, "[DONE]"))
	s := c.Stream(t.Context(), hello())
	_, err := drain(s)
	require.NoError(t, err)
	calls := s.Response().ToolCalls()
	require.Len(t, calls, 2)
	require.JSONEq(t, `{"a":1}`, calls[0].Arguments)
	require.JSONEq(t, `{"a":2}`, calls[1].Arguments)
	require.NotEqual(t, calls[0].ID, calls[1].ID)
}

func playDoneEnds(t *testing.T) {
	t.Helper()
	web := httptest.NewServer(handler(sending(`{"choices":[{"delta":{"content":"ok"}}]}`, "[DONE]")))
	defer web.Close()
	for _, ends := range []bool{false, true} {
		d := llm.Generic()
		d.DoneEnds = ends
		c, err := llm.New(llm.Config{BaseURL: web.URL, Dialect: d})
		require.NoError(t, err)
		text, err := drain(c.Stream(t.Context(), hello()))
		require.Equal(t, "ok", text)
		if ends {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, llm.ErrTruncated)
		}
	}
}
