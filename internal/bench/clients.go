package main

import (
	"context"
	"errors"
	"io"
	"net/http"

	openaigo "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	goopenai "github.com/sashabaranov/go-openai"

	"github.com/kitroll/kitroll/llm"
)

// The clients, in the order in which they are reported.
const (
	ours     = "kitroll/llm"
	openAI   = "openai-go v3.96.0"
	goOpenAI = "go-openai v1.43.0"
)

const (
	baseURL = "https://api.deepseek.com"
	key     = "sk-llmtest-0123456789abcdef" // that of package llmtest
	model   = "deepseek-chat"
	prompt  = "Why is the sky blue?"
)

func newLLM(base string, hc *http.Client, limits llm.Timeouts) (*llm.Client, error) {
	return llm.New(llm.Config{BaseURL: base, Key: key, HTTPClient: hc, Timeouts: limits})
}

func llmRequest() *llm.Request {
	return &llm.Request{Model: model, Messages: []llm.Message{llm.User(prompt)}}
}

func newOpenAI(base string, hc *http.Client) openaigo.Client {
	return openaigo.NewClient(option.WithBaseURL(base), option.WithAPIKey(key), option.WithHTTPClient(hc))
}

func openAIRequest() openaigo.ChatCompletionNewParams {
	return openaigo.ChatCompletionNewParams{
		Model:    model,
		Messages: []openaigo.ChatCompletionMessageParamUnion{openaigo.UserMessage(prompt)},
	}
}

func newGoOpenAI(base string, hc *http.Client) *goopenai.Client {
	cfg := goopenai.DefaultConfig(key)
	cfg.BaseURL = base
	cfg.HTTPClient = hc
	return goopenai.NewClientWithConfig(cfg)
}

func goOpenAIRequest() goopenai.ChatCompletionRequest {
	return goopenai.ChatCompletionRequest{
		Model:    model,
		Messages: []goopenai.ChatCompletionMessage{{Role: goopenai.ChatMessageRoleUser, Content: prompt}},
	}
}

// readLLM reads the whole stream once, the way the package's documentation shows, and returns how many bytes of answer
// text it saw. So do the other two.
func readLLM(w *workload) (n int, err error) {
	c, err := newLLM(baseURL, w.client(), llm.Timeouts{})
	if err != nil {
		return 0, err
	}
	for ev, err := range c.Stream(context.Background(), llmRequest()).Events() {
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
	c := newOpenAI(baseURL, w.client())
	s := c.Chat.Completions.NewStreaming(context.Background(), openAIRequest())
	defer func() { _ = s.Close() }()
	for s.Next() {
		chunk := s.Current()
		if len(chunk.Choices) > 0 {
			n += len(chunk.Choices[0].Delta.Content)
		}
	}
	return n, s.Err()
}

func readGoOpenAI(w *workload) (n int, err error) {
	s, err := newGoOpenAI(baseURL, w.client()).CreateChatCompletionStream(context.Background(), goOpenAIRequest())
	if err != nil {
		return 0, err
	}
	defer func() { _ = s.Close() }()
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
