// Command openaigo streams one answer with openai-go.
package main

import (
	"context"
	"os"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

func main() {
	client := openai.NewClient(option.WithBaseURL(os.Args[1]), option.WithAPIKey(os.Args[2]))
	s := client.Chat.Completions.NewStreaming(context.Background(), openai.ChatCompletionNewParams{
		Model:    "deepseek-chat",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Why is the sky blue?")},
	})
	defer func() { _ = s.Close() }()
	for s.Next() {
		if chunk := s.Current(); len(chunk.Choices) > 0 {
			_, _ = os.Stdout.WriteString(chunk.Choices[0].Delta.Content)
		}
	}
	if s.Err() != nil {
		panic(s.Err())
	}
}
