package llm

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// answer grows with a stream.
type answer struct {
	resp    Response // without Choices
	choices []*choiceText
	tags    ThinkTags
}

// choiceText is one choice so far. What is appended to a strings.Builder never moves under a string taken from it, so the
// pieces handed out are cut from the whole and cost nothing.
type choiceText struct {
	index                    int
	text, reasoning, refusal strings.Builder
	field                    string // that the reasoning came in
	calls                    []*callText
	extra                    map[string]json.RawMessage
	logs                     LogProbs
	tags                     tagSplitter
	finish                   Finish
}

func (a *answer) choice(index int) *choiceText {
	for _, c := range a.choices {
		if c.index == index {
			return c
		}
	}
	c := &choiceText{index: index, tags: tagSplitter{ways: a.tags}}
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

// keep takes the members that mean nothing here. Lists grow, with objects of one index and type merged, as OpenRouter's
// reasoning_details want it; of anything else the last counts.
func keep(extra *map[string]json.RawMessage, members []rawMember) {
	for _, m := range members {
		if *extra == nil {
			*extra = map[string]json.RawMessage{}
		}
		name := string(m.name)
		value := json.RawMessage(bytes.Clone(m.value))
		if value[0] == '[' && len((*extra)[name]) > 0 && (*extra)[name][0] == '[' {
			value = joinLists((*extra)[name], value)
		}
		(*extra)[name] = value
	}
}

// joinLists is the list old with the elements of piece, which is what a later chunk said under the same name.
func joinLists(old, piece json.RawMessage) json.RawMessage {
	var list, more []json.RawMessage
	if json.Unmarshal(old, &list) != nil || json.Unmarshal(piece, &more) != nil {
		return piece
	}
	for _, item := range more {
		if len(list) > 0 {
			if joined, ok := joinObjects(list[len(list)-1], item); ok {
				list[len(list)-1] = joined
				continue
			}
		}
		list = append(list, item)
	}
	out, err := json.Marshal(list)
	if err != nil {
		return piece
	}
	return out
}

// joinObjects merges two pieces of one thing: objects with the same index and type, of which the texts grow.
func joinObjects(a, b json.RawMessage) (json.RawMessage, bool) {
	var old, piece map[string]json.RawMessage
	if json.Unmarshal(a, &old) != nil || json.Unmarshal(b, &piece) != nil || old["index"] == nil ||
		!bytes.Equal(old["index"], piece["index"]) || !bytes.Equal(old["type"], piece["type"]) {
		return nil, false
	}
	for name, v := range piece {
		var before, after string
		grows := slices.Contains([]string{"text", "summary", "data"}, name)
		if grows && json.Unmarshal(old[name], &before) == nil && json.Unmarshal(v, &after) == nil {
			v, _ = json.Marshal(before + after) // a string can be encoded
		}
		if string(v) != "null" || old[name] == nil {
			old[name] = v
		}
	}
	out, err := json.Marshal(old)
	return out, err == nil
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
		r.Choices = append(r.Choices, c.choice())
	}
	return &r
}

func (c *choiceText) choice() Choice {
	m := Message{Role: RoleAssistant, Reasoning: c.reasoning.String(), Refusal: c.refusal.String(), Extra: cloneExtra(c.extra)}
	if m.Reasoning != "" {
		m.ReasoningField = c.field
	}
	if c.text.Len() > 0 {
		m.Parts = []Part{Text(c.text.String())}
	}
	for _, call := range c.calls {
		m.ToolCalls = append(m.ToolCalls, call.call())
	}
	out := Choice{Index: c.index, Message: m, Finish: c.finish}
	if len(c.logs.Content)+len(c.logs.Refusal) > 0 {
		out.LogProbs = &LogProbs{Content: slices.Clone(c.logs.Content), Refusal: slices.Clone(c.logs.Refusal)}
	}
	return out
}
