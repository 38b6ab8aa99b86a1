package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kitroll/kitroll/llm"
)

// errPartial is an answer of which a part has come.
var errPartial = errors.New("the answer came in part only")

// say sends what the user said, with what is attached, and shows the answer.
func (s *session) say(ctx context.Context, text string) error {
	turn := Turn{Role: llm.RoleUser, Text: text, Files: s.waiting.Files, Pictures: s.waiting.Pictures, At: now()}
	if s.waiting.Len() > 0 {
		s.screen.Note("sent with: %s", strings.Join(s.waiting.List(), ", "))
	}
	s.waiting = Attachments{}
	c := s.archive.Now()
	c.Turns = append(c.Turns, turn)
	return s.answer(ctx)
}

// answer has the last message of the user answered. What comes goes to the screen at once, and into the history whether it
// is whole or not.
func (s *session) answer(ctx context.Context) error {
	s.save() // a question whose answer never comes is kept too
	c := s.archive.Now()
	var resp *llm.Response
	err := s.busy(ctx, func(ctx context.Context) error {
		stream := s.platform.Stream(ctx, &llm.Request{Model: s.model, Messages: c.Messages(s.flags.system)})
		defer func() { resp = stream.Response() }()
		for ev, err := range stream.Events() { //nolint:contextcheck // the stream has ctx
			switch {
			case err != nil:
				return err
			case ev.Kind == llm.KindReasoning:
				s.screen.Thinking(ev.Text)
			case ev.Kind == llm.KindText || ev.Kind == llm.KindRefusal:
				s.screen.Answer(ev.Text)
			}
		}
		return nil
	})
	s.screen.End()
	m := resp.Message()
	turn := Turn{
		Role: llm.RoleAssistant, Text: m.Text(), Reasoning: m.Reasoning, Refusal: m.Refusal,
		Model: cmp.Or(resp.Model, s.model), Cut: cut(err, resp.Finish().Normal()), At: now(),
	}
	part := turn.Text+turn.Reasoning+turn.Refusal != ""
	if part || err == nil {
		c.Turns = append(c.Turns, turn)
		s.save()
	}
	if s.flags.verbose {
		s.screen.Note("%s", figures(resp))
	}
	switch {
	case errors.Is(err, errStopped):
		s.screen.Note("stopped; what came is kept%s", s.retryable())
		return err
	case err != nil:
		s.screen.Problem(err, hint(err)+s.retryable())
		if part {
			return fmt.Errorf("%w: %w", errPartial, err)
		}
		return err
	case turn.Cut != "":
		s.screen.Problem(errors.New("the answer is not whole: "+turn.Cut), "say “go on” or ask for less")
		return errPartial
	}
	return nil
}

// retryable is what a person at a prompt can do.
func (s *session) retryable() string {
	if s.t.Interactive {
		return "; /retry asks again"
	}
	return ""
}

// cut is why an answer is not whole; "" = it is.
func cut(err error, finish llm.Finish) string {
	switch {
	case errors.Is(err, errStopped):
		return "stopped by the user"
	case err != nil:
		return head(err.Error(), 300)
	case finish == llm.FinishLength:
		return "the model reached its length limit"
	case finish == llm.FinishContentFilter:
		return "the provider's content filter ended it"
	case finish == llm.FinishToolCalls:
		return "the model wants to call a tool, and this program has none"
	}
	return ""
}

// figures is what -v shows of an answer.
func figures(r *llm.Response) string {
	var out []string
	if u := r.Usage; u != nil {
		out = append(out, fmt.Sprintf("tokens: %d in (%d cached), %d out (%d reasoning)", u.Prompt, u.Cached, u.Completion, u.Reasoning))
	} else {
		out = append(out, "tokens: the server did not say")
	}
	if r.Model != "" {
		out = append(out, "model "+r.Model)
	}
	if r.RequestID != "" {
		out = append(out, "request "+r.RequestID)
	}
	return strings.Join(out, ", ")
}

// hint is what a person can do about an error.
func hint(err error) string {
	wait := "in a minute"
	if e, ok := errors.AsType[*llm.Error](err); ok && e.RetryAfter > 0 {
		wait = "in " + e.RetryAfter.Round(time.Second).String()
	}
	for _, h := range []struct {
		kind   error
		advice string
	}{
		{llm.ErrAuth, "check LLM_KEY, and that it may use the model"},
		{llm.ErrQuota, "the balance is used up: top it up at the provider"},
		{llm.ErrRateLimit, "too many requests: try again " + wait},
		{llm.ErrContextLength, "the conversation is too long for this model: /new begins another, /model changes to one that takes more"},
		{llm.ErrContentFilter, "the provider refuses this content: word it differently"},
		{llm.ErrNotFound, "check LLM_BASE_URL (with its version, as in …/v1), and the model: /model lists what there is"},
		{llm.ErrOverloaded, "the provider is overloaded: try again " + wait},
		{llm.ErrTruncated, "the connection or the server broke off; what came is kept, and marked"},
		{llm.ErrIdle, "the server said nothing for too long: try again, or choose another model"},
		{llm.ErrTooLarge, "the answer is larger than any should be: check LLM_BASE_URL"},
		{llm.ErrNotStream, "this is no answer of a model, but perhaps a proxy's page: check LLM_BASE_URL (with its version, as in …/v1)"},
		{llm.ErrServer, "the provider failed: try again " + wait},
		{llm.ErrInvalid, "the server refuses the request as it is: perhaps this model takes no pictures, or /new helps"},
	} {
		if errors.Is(err, h.kind) {
			return h.advice
		}
	}
	return "check the network and LLM_BASE_URL"
}

func now() time.Time { return time.Now().UTC().Truncate(time.Second) }
