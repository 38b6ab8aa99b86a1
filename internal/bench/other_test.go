package main_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sashabaranov/go-openai"
)

// other is go-openai.
type other struct{ c *openai.Client }

func newOther(base, key string) client {
	cfg := openai.DefaultConfig(key)
	cfg.BaseURL = base
	return other{openai.NewClientWithConfig(cfg)}
}

func (o other) request(r request) openai.ChatCompletionRequest {
	p := openai.ChatCompletionRequest{
		Model: r.model, N: r.numbered, Messages: []openai.ChatCompletionMessage{{Role: openai.ChatMessageRoleUser, Content: r.user}},
	}
	if r.tool {
		p.Tools = []openai.Tool{{Type: openai.ToolTypeFunction, Function: &openai.FunctionDefinition{
			Name: "weather", Parameters: json.RawMessage(`{"type":"object"}`),
		}}}
	}
	if len(r.called) > 0 {
		turn := openai.ChatCompletionMessage{Role: openai.ChatMessageRoleAssistant}
		var results []openai.ChatCompletionMessage
		for _, c := range r.called {
			turn.ToolCalls = append(turn.ToolCalls, openai.ToolCall{
				ID: c.id, Type: openai.ToolTypeFunction, Function: openai.FunctionCall{Name: c.name, Arguments: c.arguments},
			})
			results = append(results, openai.ChatCompletionMessage{Role: openai.ChatMessageRoleTool, Content: r.result, ToolCallID: c.id})
		}
		p.Messages = append(append(p.Messages, turn), results...)
	}
	if r.tooHot {
		p.Temperature = 3
	}
	return p
}

func (o other) chat(ctx context.Context, r request) (reply, error) {
	got, err := o.c.CreateChatCompletion(ctx, o.request(r))
	if err != nil {
		return reply{}, err
	}
	first := got.Choices[0]
	out := reply{reasoning: first.Message.ReasoningContent, finish: string(first.FinishReason)}
	out.count(&got.Usage)
	for _, c := range got.Choices {
		out.texts = append(out.texts, c.Message.Content)
	}
	for _, c := range first.Message.ToolCalls {
		out.calls = append(out.calls, call{c.ID, c.Function.Name, c.Function.Arguments})
	}
	return out, nil
}

func (r *reply) count(u *openai.Usage) {
	r.prompt, r.completion, r.total = int64(u.PromptTokens), int64(u.CompletionTokens), int64(u.TotalTokens)
}

func (o other) stream(ctx context.Context, r request) (out reply, err error) {
	p := o.request(r)
	p.StreamOptions = &openai.StreamOptions{IncludeUsage: true}
	s, err := o.c.CreateChatCompletionStream(ctx, p)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = s.Close() }()
	for {
		chunk, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		if chunk.Usage != nil {
			out.count(chunk.Usage)
		}
		for _, c := range chunk.Choices {
			for len(out.texts) <= c.Index {
				out.texts = append(out.texts, "")
			}
			out.texts[c.Index] += c.Delta.Content
			if c.Index > 0 {
				continue
			}
			out.reasoning += c.Delta.ReasoningContent
			out.finish = string(c.FinishReason)
			for _, piece := range c.Delta.ToolCalls {
				if piece.ID != "" {
					out.calls = append(out.calls, call{id: piece.ID, name: piece.Function.Name})
				}
				out.calls[*piece.Index].arguments += piece.Function.Arguments
			}
		}
	}
}

func (o other) image(ctx context.Context, model, prompt string) ([]byte, error) {
	got, err := o.c.CreateImage(ctx, openai.ImageRequest{Model: model, Prompt: prompt, ResponseFormat: openai.CreateImageResponseFormatB64JSON})
	if err != nil {
		return nil, err
	}
	return decodeImage(got.Data[0].B64JSON, len(got.Data))
}

func (o other) models(ctx context.Context) (names []string, err error) {
	list, err := o.c.ListModels(ctx)
	for _, m := range list.Models {
		names = append(names, m.ID)
	}
	return names, err
}

func (other) failure(err error) failure {
	e, ok := errors.AsType[*openai.APIError](err)
	if !ok {
		return failure{}
	}
	f := failure{status: e.HTTPStatusCode, code: strings.TrimPrefix(fmt.Sprint(e.Code), "<nil>"), typ: e.Type, message: e.Message}
	if e.Param != nil {
		f.param = *e.Param
	}
	return f
}
