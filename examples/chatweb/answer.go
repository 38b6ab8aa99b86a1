package main

import (
	"context"
	"errors"
	"html"
	"strings"

	"github.com/kitroll/kitroll/llm"
)

// The events of a stream to the page: any number of reasoning, text and blocks, then finish or error.
type (
	// piece is of reasoning and text: what has been added.
	piece struct {
		Text string `json:"text"`
	}
	// blocks is in place of all text that is not rendered yet: the blocks of it that are whole, rendered, and the rest.
	blocks struct {
		HTML string `json:"html"`
		Rest string `json:"rest"`
	}
	// finish is the end of an answer that is whole, or that ended early for the reason in Cut.
	finish struct {
		HTML  string     `json:"html"` // all of it; empty = it is too long to be rendered
		Cut   string     `json:"cut,omitempty"`
		Usage *llm.Usage `json:"usage,omitempty"`
	}
	// failure is the end of an answer that broke off.
	failure struct {
		HTML    string `json:"html"` // what came
		Message string `json:"message"`
		Advice  string `json:"advice"`
	}
)

// answer relays one answer, until it ends or the browser has gone.
func (s *server) answer(ctx context.Context, relay *Relay, r *llm.Request) {
	var text strings.Builder
	var follow Blocks
	shown := 0
	stream := s.platform.Stream(ctx, r)
	for ev, err := range stream.Events() { //nolint:contextcheck // the stream has ctx
		switch {
		case err != nil:
			relay.Send("error", failure{HTML: s.markdown.Render(text.String()), Message: message(ctx, err), Advice: hint(err)})
			return
		case ev.Kind == llm.KindReasoning:
			relay.Send("reasoning", piece{ev.Text})
		case ev.Kind == llm.KindText || ev.Kind == llm.KindRefusal:
			text.WriteString(ev.Text)
			relay.Send("text", piece{ev.Text})
			// Block by block, so that a long answer costs no more than its length. A block by itself may look otherwise
			// than among the others, an item of a list for one: the end brings all of them anew.
			if whole := follow.Grow(text.String()); whole > shown {
				relay.Send("blocks", blocks{HTML: s.block(text.String()[shown:whole]), Rest: text.String()[whole:]})
				shown = whole
			}
		}
	}
	resp := stream.Response()
	relay.Send("finish", finish{HTML: s.markdown.Render(text.String()), Cut: cut(resp.Finish().Normal()), Usage: resp.Usage})
}

// block is a block by itself; one that cannot be rendered, or has nothing to show by itself, as its text.
func (s *server) block(text string) string {
	if rendered := s.markdown.Render(text); rendered != "" {
		return rendered
	}
	return "<p>" + html.EscapeString(text) + "</p>"
}

// message is an error for the page. Where the program is ending, the words of the cancelled call would say nothing.
func message(ctx context.Context, err error) string {
	if ctx.Err() != nil {
		return "the program behind this page is ending"
	}
	return err.Error()
}

// cut is why an answer is not whole; "" = it is.
func cut(f llm.Finish) string {
	switch f {
	case llm.FinishLength:
		return "the model reached its length limit"
	case llm.FinishContentFilter:
		return "the provider's content filter ended it"
	case llm.FinishToolCalls:
		return "the model wants to call a tool, and this program has none"
	}
	return ""
}

// hint is what whoever runs the program can do about an error.
func hint(err error) string {
	for _, h := range []struct {
		kind   error
		advice string
	}{
		{llm.ErrAuth, "check LLM_KEY, and that it may use the model"},
		{llm.ErrQuota, "the balance is used up: top it up at the provider"},
		{llm.ErrRateLimit, "too many requests: try again in a minute"},
		{llm.ErrContextLength, "the conversation is too long for this model: begin another"},
		{llm.ErrContentFilter, "the provider refuses this content: word it differently"},
		{llm.ErrNotFound, "check LLM_BASE_URL (with its version, as in …/v1) and LLM_MODEL"},
		{llm.ErrTruncated, "the connection or the provider broke off; what came is kept"},
		{llm.ErrIdle, "the provider said nothing for too long: try again"},
		{llm.ErrNotStream, "this is no answer of a model, but perhaps a proxy's page: check LLM_BASE_URL"},
		{llm.ErrOverloaded, "the provider is overloaded: try again in a minute"},
		{llm.ErrServer, "the provider failed: try again in a minute"},
		{llm.ErrInvalid, "the provider refuses the request as it is: begin another conversation"},
	} {
		if errors.Is(err, h.kind) {
			return h.advice
		}
	}
	return "check the network, and LLM_BASE_URL"
}
