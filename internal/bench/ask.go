package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	openaigo "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/ssestream"
	goopenai "github.com/sashabaranov/go-openai"

	"github.com/kitroll/kitroll/llm"
)

const (
	toolName   = "weather"
	toolSchema = `{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}`
)

// question is what a row asks of each client.
type question struct {
	leave  bool         // stop after the first piece of text, and close nothing
	tools  bool         // offer a tool
	limits llm.Timeouts // the only client that has any
}

// answer is what a program that uses the client ends up with.
type answer struct {
	text, finish string
	calls        []string // tool calls that it was given to carry out, as name(arguments)
	err          error
	fields       []string // what the error says in fields beside its text
}

// peer asks one client one question at a server, the way its documentation shows.
type peer struct {
	name string
	ask  func(ctx context.Context, base string, hc *http.Client, q question) answer
}

func peers() []peer {
	return []peer{{ours, askLLM}, {openAI, askOpenAI}, {goOpenAI, askGoOpenAI}}
}

func askLLM(ctx context.Context, base string, hc *http.Client, q question) (a answer) {
	c, err := newLLM(base, hc, q.limits)
	if err != nil {
		return answer{err: err}
	}
	var text strings.Builder
	defer func() { a.text = text.String() }()
	r := llmRequest()
	if q.tools {
		r.Tools = []llm.Tool{{Name: toolName, Parameters: json.RawMessage(toolSchema)}}
	}
	for ev, err := range c.Stream(ctx, r).Events() { //nolint:contextcheck // the stream has it
		if err != nil {
			a.err = err
			if e, ok := errors.AsType[*llm.Error](err); ok {
				a.fields = []string{strconv.Itoa(e.Status), e.Code, e.Type, e.Param, e.Message, e.RequestID, string(e.Body)}
			}
		}
		switch ev.Kind {
		case llm.KindText:
			text.WriteString(ev.Text)
			if q.leave {
				return a
			}
		case llm.KindCallEnd:
			a.calls = append(a.calls, ev.Call.Name+"("+ev.Call.Arguments+")")
		case llm.KindFinish:
			a.finish = string(ev.Finish)
		}
	}
	return a
}

func askOpenAI(ctx context.Context, base string, hc *http.Client, q question) (a answer) {
	c := newOpenAI(base, hc)
	r := openAIRequest()
	if q.tools {
		var schema openaigo.FunctionParameters
		if a.err = json.Unmarshal([]byte(toolSchema), &schema); a.err != nil {
			return a
		}
		r.Tools = []openaigo.ChatCompletionToolUnionParam{openaigo.ChatCompletionFunctionTool(openaigo.FunctionDefinitionParam{Name: toolName, Parameters: schema})}
	}
	s := c.Chat.Completions.NewStreaming(ctx, r)
	if !q.leave {
		defer func() { _ = s.Close() }()
	}
	var text strings.Builder
	defer func() { a.text = text.String() }()
	var acc openaigo.ChatCompletionAccumulator
	for s.Next() {
		chunk := s.Current()
		if q.tools {
			acc.AddChunk(chunk)
		}
		if len(chunk.Choices) == 0 {
			continue
		}
		text.WriteString(chunk.Choices[0].Delta.Content)
		if f := chunk.Choices[0].FinishReason; f != "" {
			a.finish = f
		}
		if q.leave && text.Len() > 0 {
			return a
		}
	}
	if a.err = s.Err(); a.err == nil && len(acc.Choices) > 0 {
		for _, call := range acc.Choices[0].Message.ToolCalls {
			a.calls = append(a.calls, call.Function.Name+"("+call.Function.Arguments+")")
		}
	}
	if e, ok := errors.AsType[*openaigo.Error](a.err); ok {
		a.fields = []string{strconv.Itoa(e.StatusCode), e.Code, e.Type, e.Param, e.Message, e.RawJSON()}
		if e.Response != nil {
			a.fields = append(a.fields, e.Response.Header.Get("X-Request-Id"))
		}
	}
	if e, ok := errors.AsType[*ssestream.StreamError](a.err); ok {
		a.fields = []string{string(e.Event.Data)}
	}
	return a
}

func askGoOpenAI(ctx context.Context, base string, hc *http.Client, q question) (a answer) {
	r := goOpenAIRequest()
	if q.tools {
		r.Tools = []goopenai.Tool{{Type: goopenai.ToolTypeFunction, Function: &goopenai.FunctionDefinition{Name: toolName, Parameters: json.RawMessage(toolSchema)}}}
	}
	s, err := newGoOpenAI(base, hc).CreateChatCompletionStream(ctx, r)
	if err != nil {
		return answer{err: err, fields: goOpenAIFields(err)}
	}
	if !q.leave {
		defer func() { _ = s.Close() }()
	}
	var text strings.Builder
	defer func() { a.text = text.String() }()
	var calls []goopenai.FunctionCall // it has no accumulator: programs join the pieces by their index
	for {
		chunk, err := s.Recv()
		if errors.Is(err, io.EOF) {
			for _, call := range calls {
				a.calls = append(a.calls, call.Name+"("+call.Arguments+")")
			}
			return a
		}
		if err != nil {
			a.err, a.fields = err, append(goOpenAIFields(err), s.Header().Get("X-Request-Id"))
			return a
		}
		if len(chunk.Choices) == 0 {
			continue
		}
		for _, piece := range chunk.Choices[0].Delta.ToolCalls {
			i := *cmp.Or(piece.Index, new(0))
			for len(calls) <= i {
				calls = append(calls, goopenai.FunctionCall{})
			}
			calls[i].Name += piece.Function.Name
			calls[i].Arguments += piece.Function.Arguments
		}
		text.WriteString(chunk.Choices[0].Delta.Content)
		if f := chunk.Choices[0].FinishReason; f != "" {
			a.finish = string(f)
		}
		if q.leave && text.Len() > 0 {
			return a
		}
	}
}

func goOpenAIFields(err error) []string {
	if e, ok := errors.AsType[*goopenai.APIError](err); ok {
		fields := []string{strconv.Itoa(e.HTTPStatusCode), fmt.Sprint(e.Code), e.Type, e.Message}
		if e.Param != nil {
			fields = append(fields, *e.Param)
		}
		return fields
	}
	if e, ok := errors.AsType[*goopenai.RequestError](err); ok {
		return []string{strconv.Itoa(e.HTTPStatusCode), string(e.Body)}
	}
	return nil
}
