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
	check     func(*testing.T, *llm.Error)
}

// TestStream_faults is the table of what goes wrong on the way, on a real loopback connection.
func TestStream_faults(t *testing.T) {
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
		return llmtest.Answer{Reasoning: thought, Text: said, Runes: 2}
	})
	if f != "" {
		srv.Misbehave(f)
	}
	c, err := llm.New(llm.Config{BaseURL: web.URL + "/v1", Key: llmtest.Key, Timeouts: tt.timeouts, Retry: llm.Retry{Max: new(0)}})
	require.NoError(t, err)

	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	resp, text, reasoning, finishes, err := tt.ask(ctx, c)

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
		assert.Equal(t, wantFinish, resp.Finish())
		assert.Equal(t, 1, finishes)
		assert.Equal(t, tt.noUsage, resp.Usage == nil, "usage %v", resp.Usage)
		return
	}
	require.ErrorIs(t, err, tt.kind)
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

func (tt faultCase) ask(ctx context.Context, c *llm.Client) (resp *llm.Response, text, reasoning string, finishes int, err error) {
	r := &llm.Request{Model: "deepseek-reasoner", Messages: []llm.Message{llm.User("Why is the sky blue?")}}
	if tt.chat {
		resp, err = c.Chat(ctx, r)
		return resp, resp.Text(), resp.Reasoning(), 1, err
	}
	s := c.Stream(ctx, r)
	for ev, e := range s.Events() {
		switch {
		case e != nil:
			err = e
		case ev.Kind == llm.KindText:
			text += ev.Text
		case ev.Kind == llm.KindReasoning:
			reasoning += ev.Text
		case ev.Kind == llm.KindFinish:
			finishes++
		}
	}
	return s.Response(), text, reasoning, finishes, err
}
