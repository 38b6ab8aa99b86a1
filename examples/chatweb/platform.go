package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
)

// Platform is the provider of this run: a real one, or the fake.
type Platform struct {
	llm.Streamer
	Name  string // the host, or that it is a fake
	Model string
	Fake  bool
	Close func()
}

// openPlatform connects to the provider that the environment names, or to the fake if it names none. Some of the
// variables only are an error: a forgotten one must not turn a real chat into one with a fake.
func openPlatform(f *flags, getenv func(string) string) (*Platform, error) {
	get := func(name string) string { return strings.TrimSpace(getenv(name)) }
	base, key, model := get("LLM_BASE_URL"), get("LLM_KEY"), get("LLM_MODEL")
	if base+key+model == "" {
		return openFake(f)
	}
	model = cmp.Or(f.model, model)
	var errs []error
	if base == "" {
		errs = append(errs, errors.New("LLM_BASE_URL is missing"))
	}
	if model == "" {
		errs = append(errs, errors.New("LLM_MODEL is missing, and there is no -model"))
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("%w: set LLM_BASE_URL and LLM_MODEL for a real model, or none of LLM_BASE_URL, LLM_MODEL and LLM_KEY for the fake", errors.Join(errs...))
	}
	client, err := llm.New(llm.Config{BaseURL: base, Key: llm.Key(key)})
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(base)
	if err != nil { // llm.New has read it before
		return nil, errors.New("LLM_BASE_URL is not a URL")
	}
	return &Platform{Streamer: client, Name: u.Host, Model: model, Close: func() {}}, nil
}

// openFake is the provider of a run without keys: a server inside this process, that says of itself what it is.
func openFake(f *flags) (*Platform, error) {
	srv := llmtest.NewServer()
	srv.OnChat(pretend)
	client, err := llm.New(srv.Config())
	if err != nil {
		return nil, err
	}
	return &Platform{Streamer: client, Name: "a fake inside this process", Fake: true, Model: cmp.Or(f.model, "deepseek-reasoner"), Close: srv.Close}, nil
}

// pretend is what the fake model says. It knows nothing but what was sent, and tells it back.
func pretend(r llmtest.ChatRequest) llmtest.Answer {
	said, turns := "", 0
	for _, m := range r.Messages {
		if m.Role == "user" {
			said, turns = m.Text, turns+1
		}
	}
	return llmtest.Answer{
		Reasoning: fmt.Sprintf("This is message %d of this tab, and it has %d characters. I understand none of them, and shall say so.", turns, len([]rune(said))),
		Text: fmt.Sprintf(`I am **not a model**: this is the fake server of package *llmtest*, inside the process that serves this page. What I got is this:

> %s

## What is real here

- The stream, chunk by chunk: provider → this program → your browser.
- **Stop**, and closing the tab: both end the call upstream at once.
- What you see is Markdown, rendered on the server:

| what | where |
|---|---|
| reasoning | above, folded |
| code | below |

`+"```sh\nexport LLM_BASE_URL=https://api.deepseek.com LLM_MODEL=deepseek-chat LLM_KEY=…\ngo run ./examples/chatweb\n```\n"+`
A link is [followed only](https://example.com/) to the web and to mail, and HTML is <b>text</b>.
`, strings.ReplaceAll(said, "\n", "\n> ")),
		Runes: 4, Delay: 12 * time.Millisecond,
	}
}
