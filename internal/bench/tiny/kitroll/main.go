// Command kitroll streams one answer with package llm.
package main

import (
	"context"
	"os"

	"github.com/kitroll/kitroll/llm"
)

func main() {
	client, err := llm.New(llm.Config{BaseURL: os.Args[1], Key: llm.Key(os.Args[2])})
	if err != nil {
		panic(err)
	}
	s := client.Stream(context.Background(), &llm.Request{
		Model:    "deepseek-chat",
		Messages: []llm.Message{llm.User("Why is the sky blue?")},
	})
	for text, err := range s.Text() {
		if err != nil {
			panic(err)
		}
		_, _ = os.Stdout.WriteString(text)
	}
}
