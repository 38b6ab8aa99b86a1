package main

import (
	"context"
	"errors"
	"io"

	openaigo "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	goopenai "github.com/sashabaranov/go-openai"

	"github.com/kitroll/kitroll/llm"
)

// client reads the whole stream once, the way its documentation shows, and returns how many bytes of answer text it saw.
type client struct {
	name string
	read func() (int, error)
}

func clients(w *workload) []client {
	return []client{
		{"kitroll/llm", func() (int, error) { return readLLM(w) }},
		{"openai-go v3.96.0", func() (int, error) { return readOpenAI(w) }},
		{"go-openai v1.43.0", func() (int, error) { return readGoOpenAI(w) }},
	}
}

const (
	baseURL = "https://api.deepseek.com"
	key     = "sk-0123456789abcdef"
	model   = "some-model"
	prompt  = "Why is the sky blue?"
)

func readLLM(w *workload) (n int, err error) {
	c, err := llm.New(llm.Config{BaseURL: baseURL, Key: key, HTTPClient: w.client()})
	if err != nil {
		return 0, err
	}
	s := c.Stream(context.Background(), &llm.Request{Model: model, Messages: []llm.Message{llm.User(prompt)}})
	for ev, err := range s.Events() {
		if err != nil {
			return n, err
		}
		if ev.Kind == llm.KindText {
			n += len(ev.Text)
		}
	}
	return n, nil
}

func readOpenAI(w *workload) (n int, err error) {
	c := openaigo.NewClient(option.WithBaseURL(baseURL), option.WithAPIKey(key), option.WithHTTPClient(w.client()))
	s := c.Chat.Completions.NewStreaming(context.Background(), openaigo.ChatCompletionNewParams{
		Model:    model,
		Messages: []openaigo.ChatCompletionMessageParamUnion{openaigo.UserMessage(prompt)},
	})
	defer s.Close()
	for s.Next() {
		chunk := s.Current()
		if len(chunk.Choices) > 0 {
			n += len(chunk.Choices[0].Delta.Content)
		}
	}
	return n, s.Err()
}

func readGoOpenAI(w *workload) (n int, err error) {
	cfg := goopenai.DefaultConfig(key)
	cfg.BaseURL = baseURL
	cfg.HTTPClient = w.client()
	s, err := goopenai.NewClientWithConfig(cfg).CreateChatCompletionStream(context.Background(), goopenai.ChatCompletionRequest{
		Model:    model,
		Messages: []goopenai.ChatCompletionMessage{{Role: goopenai.ChatMessageRoleUser, Content: prompt}},
	})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	for {
		chunk, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		if len(chunk.Choices) > 0 {
			n += len(chunk.Choices[0].Delta.Content)
		}
	}
}
