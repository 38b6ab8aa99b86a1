package llm

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// responsesEvent is one event of a /responses stream. The byte slices live until the next decode.
type responsesEvent struct {
	kind     []byte // type, such as response.output_text.delta
	delta    []byte
	item     []byte // JSON
	response []byte // JSON
	logs     []byte // JSON
	output   int64  // output_index: which item
	complete bool   // the document is an object
}

// decodeEvent reads an event in one pass; false = it is not JSON.
func (d *decoder) decodeEvent(data []byte) (*responsesEvent, bool) {
	d.begin(data)
	d.tmpl.forget()
	d.event = responsesEvent{output: -1}
	if d.peek() != '{' {
		return &d.event, d.skip() && d.end()
	}
	d.event.complete = true
	return &d.event, d.object((*decoder).eventMember) && d.end()
}

func (d *decoder) eventMember(key []byte) bool {
	ev := &d.event
	switch string(key) {
	case "type":
		return d.label(&ev.kind)
	case "delta":
		return d.label(&ev.delta)
	case "output_index":
		n, _, ok := d.integer()
		ev.output = n
		return ok
	case "item":
		return d.rawObject(&ev.item)
	case "response":
		return d.rawObject(&ev.response)
	case "logprobs":
		from := d.skipSpace()
		ok := d.skip()
		ev.logs = d.data[from:d.pos]
		return ok
	default:
		return d.skip()
	}
}

func (d *decoder) skipSpace() int {
	d.peek()
	return d.pos
}

// rawObject keeps an object as it stands in the document.
func (d *decoder) rawObject(dst *[]byte) bool {
	*dst = nil
	if d.peek() != '{' {
		return d.skip()
	}
	from := d.pos
	ok := d.skip()
	*dst = d.data[from:d.pos]
	return ok
}

// responsesItem is a piece of the output.
type responsesItem struct {
	Type      string          `json:"type"`
	CallID    string          `json:"call_id"`
	Name      string          `json:"name"`
	Arguments string          `json:"arguments"`
	Sealed    string          `json:"encrypted_content"`
	Content   []responsesText `json:"content"`
	Summary   []responsesText `json:"summary"`
}

type responsesText struct {
	Type    string          `json:"type"`
	Text    string          `json:"text"`
	Refusal string          `json:"refusal"`
	Logs    json.RawMessage `json:"logprobs"`
}

// responsesObject is the answer as a whole.
type responsesObject struct {
	ID         string            `json:"id"`
	Model      string            `json:"model"`
	Created    float64           `json:"created_at"`
	Status     string            `json:"status"`
	Error      json.RawMessage   `json:"error"`
	Incomplete *responsesReason  `json:"incomplete_details"`
	Output     []json.RawMessage `json:"output"`
	Usage      json.RawMessage   `json:"usage"`
}

type responsesReason struct {
	Reason string `json:"reason"`
}

// responsesEvent takes one SSE event of the Responses API.
func (r *reception) responsesEvent(typ string, data []byte) error {
	ev, ok := r.dec.decodeEvent(data)
	if !ok || !ev.complete || len(ev.kind) == 0 {
		return r.oddEvent(typ, data)
	}
	r.chunks++
	if string(ev.kind) == "response.created" {
		return r.responsesWhole(ev.response, false)
	}
	ch := r.s.answer.choice(0)
	var left bool
	switch string(ev.kind) {
	case "response.output_text.delta":
		if len(ev.logs) > 2 {
			ch.logs.add([]byte(`{"content":` + string(ev.logs) + `}`))
		}
		left = len(ev.delta) > 0 && !r.text(ch, ev.delta)
	case "response.reasoning_text.delta", "response.reasoning_summary_text.delta":
		ch.field = itemsExtra
		left = len(ev.delta) > 0 && !r.give(Event{Kind: KindReasoning, Text: grow(&ch.reasoning, ev.delta)})
	case "response.reasoning_summary_part.added":
		if ch.reasoning.Len() > 0 {
			left = !r.give(Event{Kind: KindReasoning, Text: grow(&ch.reasoning, []byte("\n\n"))})
		}
	case "response.refusal.delta":
		left = len(ev.delta) > 0 && !r.give(Event{Kind: KindRefusal, Text: grow(&ch.refusal, ev.delta)})
	case "response.function_call_arguments.delta":
		left = !r.call(ch, &callDelta{index: int(ev.output), args: ev.delta}, nil, 0, false)
	case "response.output_item.added", "response.output_item.done":
		left = !r.item(ch, int(ev.output), ev.item, string(ev.kind) == "response.output_item.done")
	case "error":
		return r.s.reported(r.resp, data)
	case "response.completed", "response.incomplete", "response.failed":
		return r.responsesWhole(ev.response, true)
	}
	r.done = r.done || left
	return nil
}

// oddEvent is an event that is not one of this API's.
func (r *reception) oddEvent(typ string, data []byte) error {
	switch c, ok := r.dec.decode(data); {
	case ok && (data[0] == '[' || r.isError(c, typ)), !ok && typ == "error":
		return r.s.reported(r.resp, data)
	case ok && c.isObject:
		return nil // {} and the like
	}
	return r.foreign(data)
}

// item takes a piece of the output: at its beginning a call has ID and name, at its end it is whole. What the pieces before
// it have not brought is handed out now, for servers that send no pieces.
func (r *reception) item(ch *choiceText, output int, raw []byte, whole bool) bool {
	var item responsesItem
	if json.Unmarshal(raw, &item) != nil {
		return true
	}
	switch item.Type {
	case "function_call":
		piece := &callDelta{index: output, id: []byte(item.CallID), name: []byte(item.Name)}
		if k := ch.known(item.CallID, output); k == nil || whole {
			rest := item.Arguments
			if k != nil {
				rest = strings.TrimPrefix(rest, k.args.String())
				if len(rest)+k.args.Len() != len(item.Arguments) {
					rest = "" // the pieces said otherwise; what was handed out stays
				}
			}
			piece.args = []byte(rest)
		}
		return r.call(ch, piece, nil, 0, false)
	case "reasoning":
		if whole && item.Sealed != "" { // without it the server would look for its own copy, and find none
			keep(&ch.extra, []rawMember{{[]byte(itemsExtra), append(append([]byte{'['}, raw...), ']')}})
		}
	}
	return true
}

func (c *choiceText) known(id string, output int) *callText {
	for _, k := range c.calls {
		if k.id == id && id != "" || k.wire == output && output >= 0 {
			return k
		}
	}
	return nil
}

// responsesWhole takes the answer as a whole: the beginning of a stream, its end, or all that comes when nothing is
// streamed.
func (r *reception) responsesWhole(raw []byte, end bool) error {
	var o responsesObject
	if err := json.Unmarshal(raw, &o); err != nil {
		return r.error(ErrServer, "an answer of another shape: "+err.Error(), nil)
	}
	a := &r.s.answer
	head := chunk{id: o.ID, model: o.Model, created: int64(o.Created)}
	if !isNull(o.Usage) {
		if c, ok := new(decoder).decode([]byte(`{"usage":` + string(o.Usage) + `}`)); ok {
			head.usage = c.usage
		}
	}
	a.header(&head)
	if !end {
		return nil
	}
	ch := a.choice(0)
	if !r.missing(ch, o.Output) {
		r.done = true
		return nil
	}
	switch o.Status {
	case "completed":
		ch.finish = FinishStop
	case "incomplete":
		ch.finish = FinishLength
		if o.Incomplete != nil && o.Incomplete.Reason != "max_output_tokens" {
			ch.finish = Finish(o.Incomplete.Reason)
		}
	case "failed":
		return r.s.reported(r.resp, []byte(`{"error":`+string(o.Error)+`}`))
	default:
		return r.error(ErrTruncated, ErrTruncated.Error()+": the server left the answer in the state "+strconv.Quote(o.Status), nil)
	}
	return r.complete()
}

// missing hands out what the output holds beyond what the events have brought; false = the caller has left.
func (r *reception) missing(ch *choiceText, output []json.RawMessage) bool {
	var text, reasoning, refusal strings.Builder
	logs := len(ch.logs.Content) == 0
	for i, raw := range output {
		var item responsesItem
		if json.Unmarshal(raw, &item) != nil {
			continue
		}
		if item.Type == "function_call" && ch.known(item.CallID, -1) == nil || item.Type == "reasoning" && len(ch.extra[itemsExtra]) == 0 {
			if !r.item(ch, i, raw, true) {
				return false
			}
		}
		for j, s := range item.Summary {
			if j > 0 {
				reasoning.WriteString("\n\n")
			}
			reasoning.WriteString(s.Text)
		}
		for _, p := range item.Content {
			if item.Type == "reasoning" {
				reasoning.WriteString(p.Text)
				continue
			}
			text.WriteString(p.Text)
			refusal.WriteString(p.Refusal)
			if logs && len(p.Logs) > 2 {
				ch.logs.add([]byte(`{"content":` + string(p.Logs) + `}`))
			}
		}
	}
	if ch.reasoning.Len() == 0 && reasoning.Len() > 0 {
		ch.field = itemsExtra
		if !r.give(Event{Kind: KindReasoning, Text: grow(&ch.reasoning, []byte(reasoning.String()))}) {
			return false
		}
	}
	if ch.text.Len() == 0 && text.Len() > 0 && !r.text(ch, []byte(text.String())) {
		return false
	}
	return ch.refusal.Len() > 0 || refusal.Len() == 0 || r.give(Event{Kind: KindRefusal, Text: grow(&ch.refusal, []byte(refusal.String()))})
}

// responsesDocument reads an answer that is one JSON document.
func (r *reception) responsesDocument(data []byte) error {
	var o struct {
		Object string          `json:"object"`
		Output json.RawMessage `json:"output"`
	}
	if err := json.Unmarshal(data, &o); err != nil || o.Object != "response" && isNull(o.Output) {
		return r.notStream("an answer that is no response")
	}
	return r.responsesWhole(bytes.Clone(data), true)
}
