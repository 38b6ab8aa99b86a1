package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
)

// openFake is the provider of a run without keys: a server inside this process, that says of itself what it is.
func openFake(f *flags) (*Platform, error) {
	srv := llmtest.NewServer()
	srv.OnChat(pretend)
	client, err := llm.New(srv.Config())
	if err != nil {
		return nil, err
	}
	return &Platform{
		Client: client, Name: "a fake inside this process", Fake: true,
		Model: cmp.Or(f.model, "deepseek-reasoner"), ImageModel: "gpt-image-1",
		Downloads: &llm.FetchOptions{HTTPClient: srv.Client()}, Close: srv.Close,
	}, nil
}

// pretend is what the fake model says. It knows nothing but what was sent, and tells it back.
func pretend(r llmtest.ChatRequest) llmtest.Answer {
	last := r.Messages[len(r.Messages)-1]
	said, files := llm.ParseAttachments(last.Text)
	if strings.HasPrefix(said, "Based on the chat history") {
		return llmtest.Answer{Text: "A talk with a fake"}
	}
	turns := 0
	for _, m := range r.Messages {
		if m.Role == "user" {
			turns++
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "I am **not a model**: this is the fake server of package llmtest, inside your own process. What I got is this:\n\n> %s\n\n",
		strings.ReplaceAll(head(said, 300), "\n", "\n> "))
	for _, file := range files {
		fmt.Fprintf(&b, "- the file `%s`, %d bytes, which begins with %q\n", file.Name, len(file.Content), head(file.Content, 40))
	}
	if n := len(last.Images); n > 0 {
		fmt.Fprintf(&b, "- %s, at which I cannot look\n", count(n, "picture"))
	}
	if len(files)+len(last.Images) > 0 {
		b.WriteString("\n")
	}
	b.WriteString("Real are the stream that you are watching, the history, the commands and Ctrl-C. For a model that knows more:\n\n" +
		"```sh\nexport LLM_BASE_URL=https://api.deepseek.com LLM_MODEL=deepseek-chat LLM_KEY=…\ngo run ./examples/chat\n```\n")
	return llmtest.Answer{
		Reasoning: fmt.Sprintf("This is message %d of the user, with %s, %s and %s. I understand none of it, and shall say so.",
			turns, count(len([]rune(said)), "character"), count(len(files), "file"), count(len(last.Images), "picture")),
		Text: b.String(), Runes: 3, Delay: 10 * time.Millisecond,
	}
}

// head is the first n runes of a text.
func head(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return text
}
