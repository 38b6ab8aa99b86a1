package llm_test

import (
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
)

const (
	thought = "先想一想: is it \"blue\"?"
	said    = "天空是蓝色的 because of 散射 <&> \\ 😀."
)

// faultCase is what must come of one fault.
type faultCase struct {
	text      string // "" = said
	noText    bool
	noReason  bool
	noUsage   bool
	kind      error // nil = success
	message   string
	code      string
	requestID string
	is        []error
	timeouts  llm.Timeouts
	chat      bool // by Chat, not Stream
	calls     bool // the answer has tool calls
	check     func(*testing.T, *llm.Error)
}

// TestBehaviour is the table of what goes wrong on the way, and of what is merely odd, each on a real loopback connection.
// The rows that are not an answer's are in behaviour_test.go.
func TestBehaviour(t *testing.T) {
	t.Parallel()
	quick := llm.Timeouts{FirstByte: 3 * time.Second, Idle: 3 * time.Second}
	for f, tt := range map[llmtest.Fault]faultCase{
		"":                       {},
		llmtest.NoDone:           {noUsage: true},
		llmtest.NoBlankLine:      {noUsage: true},
		llmtest.LongLine:         {text: strings.Repeat("x", 1_000_000), noReason: true},
		llmtest.CRLF:             {},
		llmtest.LoneCR:           {},
		llmtest.ByteOrderMark:    {},
		llmtest.OtherFields:      {},
		llmtest.MultiLineData:    {},
		llmtest.NoBlankLines:     {},
		llmtest.KeepAlive:        {},
		llmtest.EmptyData:        {},
		llmtest.Ping:             {},
		llmtest.ErrorNull:        {},
		llmtest.EmptyChoices:     {},
		llmtest.FinishTwice:      {noUsage: true},
		llmtest.UsageInChoice:    {},
		llmtest.UsageXGroq:       {},
		llmtest.ReasoningField:   {noUsage: true},
		llmtest.ContentList:      {noUsage: true},
		llmtest.WholeCompletion:  {},
		llmtest.BlankLinesFirst:  {chat: true},
		llmtest.OpenAfterDone:    {},
		llmtest.OpenAfterFinish:  {noUsage: true, timeouts: quick},
		llmtest.CutAfterFinish:   {noUsage: true},
		llmtest.Gzip:             {},
		llmtest.InvalidUTF8:      {text: "a\uFFFD\uFFFDb你", noReason: true},
		llmtest.StreamForNothing: {chat: true, noUsage: true},

		llmtest.ToolArgsObject: {calls: true},
		llmtest.ToolSameIndex:  {calls: true},
		llmtest.ToolNoIndex:    {calls: true},
		llmtest.ToolNoID:       {calls: true},
		llmtest.ToolEmptyID:    {calls: true},
		llmtest.ToolFinishStop: {calls: true},
		llmtest.ToolArgsCut:    {calls: true, kind: llm.ErrTruncated},
		llmtest.ToolArgsShort:  {calls: true, kind: llm.ErrTruncated, message: `the answer was cut off: unexpected EOF: the call of get_weather ended with finish_reason "tool_calls" within its arguments`},
		llmtest.ToolArgsBad:    {calls: true, kind: llm.ErrToolCall},

		llmtest.EarlyEnd:        {kind: llm.ErrTruncated, is: []error{io.ErrUnexpectedEOF}},
		llmtest.EarlyDone:       {kind: llm.ErrTruncated},
		llmtest.Cut:             {kind: llm.ErrTruncated, is: []error{io.ErrUnexpectedEOF}},
		llmtest.CutMidLine:      {kind: llm.ErrTruncated, is: []error{io.ErrUnexpectedEOF}},
		llmtest.EndMidLine:      {kind: llm.ErrTruncated},
		llmtest.HugeLine:        {kind: llm.ErrTooLarge, noText: true},
		llmtest.ErrorChunk:      {kind: llm.ErrServer, message: "the engine broke", code: "engine_error", requestID: "chatcmpl-broken"},
		llmtest.ErrorEvent:      {kind: llm.ErrServer, message: "the engine broke"},
		llmtest.ErrorEventBare:  {kind: llm.ErrServer, message: "the engine broke", code: "500"},
		llmtest.ErrorText:       {kind: llm.ErrServer, message: "the engine broke"},
		llmtest.ErrorVLLM:       {kind: llm.ErrServer, message: "the engine broke", code: "500"},
		llmtest.ErrorOpenRouter: {kind: llm.ErrServer, message: "Provider returned error: the engine broke", code: "502"},
		llmtest.ErrorFinish:     {kind: llm.ErrServer, message: "the server ended the answer with finish_reason error"},
		llmtest.ErrorPlain:      {kind: llm.ErrServer, message: "an event that is not JSON: upstream connect error"},
		llmtest.OKError:         {kind: llm.ErrInvalid, noText: true, message: "no such thing", code: "invalid_type", requestID: "chatcmpl-refused"},
		llmtest.OKHTML:          {kind: llm.ErrNotStream, noText: true, message: "an HTML page in place of an answer: Maintenance (an HTML page)"},
		llmtest.OKText:          {kind: llm.ErrNotStream, noText: true},
		llmtest.OKEmpty:         {kind: llm.ErrTruncated, noText: true},
		llmtest.OKCutJSON:       {kind: llm.ErrTruncated, noText: true},
		llmtest.Stall:           {kind: llm.ErrIdle, timeouts: quick},
		llmtest.StallFirst:      {kind: llm.ErrIdle, noText: true, timeouts: quick},
		llmtest.EndlessComments: {kind: llm.ErrIdle, timeouts: llm.Timeouts{NoEvent: 3 * time.Second}},
		llmtest.HugeError: {kind: llm.ErrInvalid, noText: true, check: func(t *testing.T, e *llm.Error) {
			t.Helper()
			assert.Equal(t, 400, e.Status)
			assert.Len(t, e.Body, 64<<10)
			assert.Less(t, len(e.Error()), 1200)
		}},
		llmtest.EchoKey: {kind: llm.ErrAuth, noText: true, message: "Incorrect API key provided: sk-…def.", code: "invalid_api_key"},
	} {
		t.Run(cmpName(f), func(t *testing.T) {
			t.Parallel()
			tt.run(t, f)
		})
	}
	for name, play := range plays() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t)
		})
	}
}

func cmpName(f llmtest.Fault) string {
	if f == "" {
		return "nothing at all"
	}
	return string(f)
}

func (tt faultCase) run(t *testing.T, f llmtest.Fault) {
	t.Helper()
	srv := llmtest.NewServer()
	defer srv.Close()
	web := httptest.NewServer(srv)
	defer web.Close()
	srv.OnChat(func(llmtest.ChatRequest) llmtest.Answer {
		a := llmtest.Answer{Reasoning: thought, Text: said, Runes: 2}
		if tt.calls {
			a.ToolCalls = weather()
		}
		return a
	})
	if f != "" {
		srv.Misbehave(f)
	}
	c, err := llm.New(llm.Config{BaseURL: web.URL + "/v1", Key: llmtest.Key, Timeouts: tt.timeouts, Retry: llm.Retry{Max: new(0)}})
	require.NoError(t, err)

	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	got := tt.ask(ctx, c)
	resp, text, reasoning, finishes, err := got.resp, got.text, got.reasoning, got.finishes, got.err

	want, wantReasoning := said, thought
	if tt.text != "" {
		want = tt.text
	}
	if tt.noText {
		want, wantReasoning = "", ""
	}
	if tt.noReason {
		wantReasoning = ""
	}
	assert.Equal(t, want, resp.Text(), "the answer, or the part of it that came")
	assert.Equal(t, wantReasoning, resp.Reasoning())
	assert.Equal(t, want, text, "the events, joined")
	assert.Equal(t, wantReasoning, reasoning)

	if tt.kind == nil {
		require.NoError(t, err)
		wantFinish := llm.FinishStop
		if tt.calls {
			wantFinish = llm.FinishToolCalls
			tt.checkCalls(t, resp.ToolCalls())
			tt.checkCalls(t, got.calls)
		}
		assert.Equal(t, wantFinish, resp.Finish())
		assert.Equal(t, 1, finishes)
		assert.Equal(t, tt.noUsage, resp.Usage == nil, "usage %v", resp.Usage)
		return
	}
	require.ErrorIs(t, err, tt.kind)
	assert.Empty(t, got.calls, "a call was handed out as finished")
	for _, call := range resp.ToolCalls() {
		assert.True(t, call.Incomplete)
	}
	for _, kind := range tt.is {
		require.ErrorIs(t, err, kind)
	}
	e, ok := errors.AsType[*llm.Error](err)
	require.True(t, ok)
	if tt.message != "" {
		assert.Equal(t, tt.message, e.Message)
	}
	assert.Equal(t, tt.code, e.Code)
	if tt.requestID != "" {
		assert.Equal(t, tt.requestID, e.RequestID)
	} else {
		assert.NotEmpty(t, e.RequestID)
	}
	if tt.check != nil {
		tt.check(t, e)
	}
	assert.NotContains(t, err.Error(), llmtest.Key)
	assert.Zero(t, finishes)
}

func (tt faultCase) checkCalls(t *testing.T, calls []llm.ToolCall) {
	t.Helper()
	require.Len(t, calls, 2)
	ids := map[string]bool{}
	for i, call := range calls {
		assert.Equal(t, i, call.Index)
		assert.Equal(t, "get_weather", call.Name)
		assert.JSONEq(t, weather()[i].Arguments, call.Arguments)
		assert.False(t, call.Incomplete)
		assert.NotEmpty(t, call.ID)
		ids[call.ID] = true
	}
	assert.Len(t, ids, 2)
}

// outcome is what a caller has seen.
type outcome struct {
	resp            *llm.Response
	text, reasoning string
	calls           []llm.ToolCall
	finishes        int
	err             error
}

func (tt faultCase) ask(ctx context.Context, c *llm.Client) (o outcome) {
	r := &llm.Request{Model: "deepseek-reasoner", Messages: []llm.Message{llm.User("Why is the sky blue?")}}
	if tt.chat {
		o.resp, o.err = c.Chat(ctx, r)
		o.text, o.reasoning, o.finishes = o.resp.Text(), o.resp.Reasoning(), 1
		return o
	}
	s := c.Stream(ctx, r)
	for ev, err := range s.Events() {
		switch ev.Kind {
		case llm.KindText:
			o.text += ev.Text
		case llm.KindReasoning:
			o.reasoning += ev.Text
		case llm.KindCallEnd:
			o.calls = append(o.calls, *ev.Call)
		case llm.KindFinish:
			o.finishes++
		default:
			o.err = err
		}
	}
	o.resp = s.Response()
	return o
}
