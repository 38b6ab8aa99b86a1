package main

import (
	"context"
	"errors"

	"github.com/kitroll/kitroll/llm"
)

var errNoText = errors.New("no text in the first chunk")

// firsts is the time to the first token as far as it is the client's: everything but the network and the model. Clients
// are made once, as programs do.
func firsts() contest {
	const requests = 2_000
	f := forms()[0]
	f.answerOnly = true
	w := newWorkload(f, 4)
	hc := w.client()
	mine, err := newLLM(baseURL, hc, llm.Timeouts{})
	official, other := newOpenAI(baseURL, hc), newGoOpenAI(baseURL, hc)
	many := func(once func() error) func() error {
		return func() error {
			for range requests {
				if err := once(); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return contest{count: requests, all: []contestant{
		{ours, many(func() error {
			if err != nil {
				return err
			}
			for ev, err := range mine.Stream(context.Background(), llmRequest()).Events() {
				return firstOf(ev.Text, err)
			}
			return errNoText
		})},
		{openAI, many(func() error {
			s := official.Chat.Completions.NewStreaming(context.Background(), openAIRequest())
			defer func() { _ = s.Close() }()
			if !s.Next() || len(s.Current().Choices) == 0 {
				return errors.Join(errNoText, s.Err())
			}
			return firstOf(s.Current().Choices[0].Delta.Content, nil)
		})},
		{goOpenAI, many(func() error {
			s, err := other.CreateChatCompletionStream(context.Background(), goOpenAIRequest())
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			chunk, err := s.Recv()
			if err != nil || len(chunk.Choices) == 0 {
				return errors.Join(errNoText, err)
			}
			return firstOf(chunk.Choices[0].Delta.Content, nil)
		})},
		{"net/http and encoding/json", many(func() error { return firstPlain(hc) })},
	}}
}

func firstOf(text string, err error) error {
	if err == nil && text == "" {
		return errNoText
	}
	return err
}
