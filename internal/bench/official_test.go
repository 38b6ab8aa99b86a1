package main_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/respjson"
)

// official is openai-go.
type official struct{ c openai.Client }

func newOfficial(base, key string) client {
	return official{openai.NewClient(option.WithBaseURL(base), option.WithAPIKey(key), option.WithMaxRetries(0))}
}

func (o official) params(r request) openai.ChatCompletionNewParams {
	p := openai.ChatCompletionNewParams{Model: r.model, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(r.user)}}
	if r.tool {
		p.Tools = []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(openai.FunctionDefinitionParam{
			Name: "weather", Parameters: openai.FunctionParameters{"type": "object"},
		})}
	}
	if len(r.called) > 0 {
		turn := openai.ChatCompletionAssistantMessageParam{}
		results := []openai.ChatCompletionMessageParamUnion{}
		for _, c := range r.called {
			turn.ToolCalls = append(turn.ToolCalls, openai.ChatCompletionMessageToolCallUnionParam{OfFunction: &openai.ChatCompletionMessageFunctionToolCallParam{
				ID: c.id, Function: openai.ChatCompletionMessageFunctionToolCallFunctionParam{Name: c.name, Arguments: c.arguments},
			}})
			results = append(results, openai.ToolMessage(r.result, c.id))
		}
		p.Messages = append(append(p.Messages, openai.ChatCompletionMessageParamUnion{OfAssistant: &turn}), results...)
	}
	if r.tooHot {
		p.Temperature = openai.Float(3)
	}
	if r.numbered > 0 {
		p.N = openai.Int(int64(r.numbered))
	}
	return p
}

func (o official) chat(ctx context.Context, r request) (reply, error) {
	got, err := o.c.Chat.Completions.New(ctx, o.params(r))
	if err != nil {
		return reply{}, err
	}
	out := completion(got)
	out.reasoning = extra(got.Choices[0].Message.JSON.ExtraFields)
	return out, nil
}

func completion(got *openai.ChatCompletion) reply {
	out := reply{
		finish: got.Choices[0].FinishReason,
		prompt: got.Usage.PromptTokens, completion: got.Usage.CompletionTokens, total: got.Usage.TotalTokens,
	}
	for _, c := range got.Choices {
		out.texts = append(out.texts, c.Message.Content)
	}
	for _, c := range got.Choices[0].Message.ToolCalls {
		out.calls = append(out.calls, call{c.ID, c.Function.Name, c.Function.Arguments})
	}
	return out
}

// extra is the reasoning, for which this client has no field.
func extra(fields map[string]respjson.Field) (text string) {
	if raw := fields["reasoning_content"].Raw(); raw != "" && json.Unmarshal([]byte(raw), &text) != nil {
		return "not a string: " + raw
	}
	return text
}

func (o official) stream(ctx context.Context, r request) (reply, error) {
	p := o.params(r)
	p.StreamOptions = openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)}
	s := o.c.Chat.Completions.NewStreaming(ctx, p)
	defer func() { _ = s.Close() }()
	var acc openai.ChatCompletionAccumulator
	var reasoning strings.Builder
	for s.Next() {
		chunk := s.Current()
		if !acc.AddChunk(chunk) {
			return reply{}, errors.New("the accumulator refuses a chunk")
		}
		for _, c := range chunk.Choices {
			if c.Index == 0 {
				reasoning.WriteString(extra(c.Delta.JSON.ExtraFields))
			}
		}
	}
	if s.Err() != nil {
		return reply{}, s.Err()
	}
	out := completion(&acc.ChatCompletion)
	out.reasoning = reasoning.String()
	return out, nil
}

func (o official) image(ctx context.Context, model, prompt string) ([]byte, error) {
	got, err := o.c.Images.Generate(ctx, openai.ImageGenerateParams{
		Model: model, Prompt: prompt, ResponseFormat: openai.ImageGenerateParamsResponseFormatB64JSON,
	})
	if err != nil {
		return nil, err
	}
	return decodeImage(got.Data[0].B64JSON, len(got.Data))
}

func (o official) models(ctx context.Context) (names []string, err error) {
	pages := o.c.Models.ListAutoPaging(ctx)
	for pages.Next() {
		names = append(names, pages.Current().ID)
	}
	return names, pages.Err()
}

func (official) failure(err error) failure {
	e, ok := errors.AsType[*openai.Error](err)
	if !ok {
		return failure{}
	}
	return failure{e.StatusCode, e.Code, e.Type, e.Param, e.Message}
}
