// Command goopenai streams one answer with go-openai.
package main

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/sashabaranov/go-openai"
)

func main() {
	cfg := openai.DefaultConfig(os.Args[2])
	cfg.BaseURL = os.Args[1]
	s, err := openai.NewClientWithConfig(cfg).CreateChatCompletionStream(context.Background(), openai.ChatCompletionRequest{
		Model:    "deepseek-chat",
		Messages: []openai.ChatCompletionMessage{{Role: openai.ChatMessageRoleUser, Content: "Why is the sky blue?"}},
	})
	if err != nil {
		panic(err)
	}
	defer func() { _ = s.Close() }()
	for {
		chunk, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			panic(err)
		}
		if len(chunk.Choices) > 0 {
			_, _ = os.Stdout.WriteString(chunk.Choices[0].Delta.Content)
		}
	}
}
