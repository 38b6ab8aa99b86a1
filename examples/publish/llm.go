package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
	"github.com/kitroll/kitroll/llm"
)

// studio is the [Writer] and the [Painter].
type studio struct {
	client                *llm.Client
	textModel, imageModel string
	lang                  Lang
	downloads             *llm.FetchOptions // nil = public addresses only
}

const (
	instructionsEN = `You write articles for a WeChat Official Account. Answer with the article in Markdown and nothing else.
The first line is "# " and a title of at most 30 characters. Then two to five sections with "## " headings, short paragraphs, and a list, a table or a code block where it helps. No pictures, no HTML, no front matter. Write in English.`
	instructionsZH = `你为微信公众号撰写文章。只输出 Markdown 正文，不要任何其他文字。
第一行是 "# " 加标题，标题不超过 30 个字。然后是二到五个 "## " 小节，段落简短，需要时使用列表、表格或代码块。不要图片，不要 HTML，不要 front matter。用中文撰写。`
)

func (s *studio) Write(ctx context.Context, topic string, delta func(string)) (string, error) {
	stream := s.client.Stream(ctx, &llm.Request{Model: s.textModel, Messages: []llm.Message{
		llm.System(s.lang.Say(instructionsEN, instructionsZH)), llm.User(topic),
	}})
	for text, err := range stream.Text() { //nolint:contextcheck // the stream has ctx
		if err != nil {
			return "", err
		}
		delta(text)
	}
	resp := stream.Response()
	switch f := resp.Finish().Normal(); f {
	case llm.FinishLength:
		return "", errors.New("the model stopped at its length limit in the middle of the article: use a model with a longer answer, or a narrower topic")
	case llm.FinishContentFilter:
		return "", errors.New("the provider's content filter cut the article: choose another topic")
	}
	return unfenced(resp.Text()), nil
}

// unfenced takes off the code fence that some models put around all of a Markdown answer.
func unfenced(text string) string {
	text = strings.TrimSpace(text)
	first, rest, ok := strings.Cut(text, "\n")
	if lang, fenced := strings.CutPrefix(first, "```"); ok && fenced && (lang == "" || lang == "markdown" || lang == "md") {
		if body, ok := strings.CutSuffix(rest, "\n```"); ok {
			return body + "\n"
		}
	}
	return text + "\n"
}

func (s *studio) Paint(ctx context.Context, title string) ([]byte, error) {
	if s.imageModel == "" {
		return nil, errors.New("LLM_IMAGE_MODEL is not set, so no cover can be painted: set it, or name a picture with -cover FILE")
	}
	out, err := s.client.Images(ctx, &llm.ImageRequest{
		Model:  s.imageModel,
		Prompt: fmt.Sprintf("A calm, wide cover illustration for an article titled %q. The subject in the middle. No text, no letters, no logos.", title),
	})
	if err != nil {
		return nil, lost(err, llm.ErrUnknownOutcome)
	}
	img := out.Images[0]
	if len(img.Data) > 0 {
		return img.Data, nil
	}
	// From here on the picture is made and charged: an error must not have it made again.
	data, err := s.fetch(ctx, img.URL)
	if err != nil {
		return nil, fmt.Errorf("%w: the picture was made and charged, and could not be fetched: %w", ErrUnknown, err)
	}
	return data, nil
}

// fetch tries three times: the address lives for an hour, the picture behind it was paid for.
func (s *studio) fetch(ctx context.Context, address string) ([]byte, error) {
	var errs []error
	for i := range 3 {
		if err := httpcall.Sleep(ctx, time.Duration(i)*time.Second); err != nil {
			return nil, errors.Join(append(errs, err)...)
		}
		data, _, err := llm.FetchImage(ctx, address, s.downloads)
		if err == nil {
			return data, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}
