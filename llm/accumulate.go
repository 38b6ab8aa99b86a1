package llm

import (
	"slices"
	"strings"
	"time"
)

// answer grows with a stream.
type answer struct {
	resp    Response // without Choices
	choices []*choiceText
}

// choiceText is one choice so far. What is appended to a strings.Builder never moves under a string taken from it, so the
// pieces handed out are cut from the whole and cost nothing.
type choiceText struct {
	index                    int
	text, reasoning, refusal strings.Builder
	finish                   Finish
}

func (a *answer) choice(index int) *choiceText {
	for _, c := range a.choices {
		if c.index == index {
			return c
		}
	}
	c := &choiceText{index: index}
	a.choices = append(a.choices, c)
	return c
}

// grow appends piece to b and returns it as a part of b.
func grow(b *strings.Builder, piece []byte) string {
	from := b.Len()
	b.Write(piece)
	return b.String()[from:]
}

// header takes what stands in every chunk. The first word counts: some servers leave it out later, some change it.
func (a *answer) header(c *chunk) {
	if a.resp.ID == "" {
		a.resp.ID = c.id
	}
	if a.resp.Model == "" {
		a.resp.Model = c.model
	}
	if a.resp.Fingerprint == "" {
		a.resp.Fingerprint = c.fingerprint
	}
	if a.resp.Created.IsZero() && c.created > 0 {
		a.resp.Created = time.Unix(c.created, 0).UTC()
	}
	if c.usage != (Usage{}) {
		a.resp.Usage = new(c.usage)
	}
}

// finished reports whether every choice that has come has ended, and one has.
func (a *answer) finished() bool {
	return len(a.choices) > 0 && !slices.ContainsFunc(a.choices, func(c *choiceText) bool { return c.finish == "" })
}

func (a *answer) sort() {
	slices.SortFunc(a.choices, func(x, y *choiceText) int { return x.index - y.index })
}

func (a *answer) response() *Response {
	r := a.resp
	if r.Usage != nil {
		r.Usage = new(*r.Usage)
	}
	a.sort()
	for _, c := range a.choices {
		m := Message{Role: RoleAssistant, Reasoning: c.reasoning.String(), Refusal: c.refusal.String()}
		if c.text.Len() > 0 {
			m.Parts = []Part{Text(c.text.String())}
		}
		r.Choices = append(r.Choices, Choice{Index: c.index, Message: m, Finish: c.finish})
	}
	return &r
}
