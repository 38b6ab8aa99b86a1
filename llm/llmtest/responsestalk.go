package llmtest

import (
	"fmt"
	"net/http"
)

// responsesTalk is one answer of /responses on its way.
type responsesTalk struct {
	*talk

	sealed bool // the client wants its reasoning encrypted
	fault  Fault
	seq    int
	output []object // the items that are done
}

func (t *responsesTalk) serve() {
	switch t.fault {
	case "":
	case EarlyEnd, Cut, Stall, ErrorEvent, ErrorChunk, ToolArgsCut, ToolArgsShort:
		if !t.req.Stream {
			panic(fmt.Sprintf("llmtest: the fault %q is for a stream", t.fault))
		}
	default:
		t.failFirst(t.fault)
		return
	}
	if !t.req.Stream {
		t.pause()
		t.items(func(string, object) {})
		writeJSON(t.w, http.StatusOK, t.response(t.status(), t.output))
		return
	}
	t.begin()
	t.event("response.created", object{"response": t.response("in_progress", nil)})
	t.event("response.in_progress", object{"response": t.response("in_progress", nil)})
	t.items(t.event)
	switch t.fault {
	case EarlyEnd, ToolArgsCut:
	case Cut:
		panic(http.ErrAbortHandler)
	case Stall:
		<-t.r.Context().Done()
	case ErrorEvent:
		t.event("error", object{"code": "server_error", "message": "the engine broke", "param": nil})
	case ErrorChunk:
		failed := t.response("failed", t.output)
		failed["error"] = object{"code": "server_error", "message": "the engine broke"}
		t.event("response.failed", object{"response": failed})
	default:
		t.event("response."+t.status(), object{"response": t.response(t.status(), t.output)})
	}
}

// status is how the answer ends.
func (t *responsesTalk) status() string {
	if t.a.Finish == "length" || t.a.Finish == "content_filter" {
		return "incomplete"
	}
	return "completed"
}

func (t *responsesTalk) event(kind string, members object) {
	if t.r.Context().Err() != nil {
		return
	}
	members["type"], members["sequence_number"] = kind, t.seq
	t.seq++
	t.raw("event: " + kind + "\ndata: " + encode(members) + "\n\n")
}

func (t *responsesTalk) response(status string, output []object) object {
	if output == nil {
		output = []object{}
	}
	o := object{
		"id": t.id, "object": "response", "created_at": t.created, "model": t.req.Model, "status": status, "error": nil,
		"incomplete_details": nil, "output": output, "usage": nil, "store": false,
	}
	if status == "in_progress" {
		return o
	}
	u := t.a.Usage
	o["usage"] = object{
		"input_tokens": u.Prompt, "output_tokens": u.Completion, "total_tokens": u.Total,
		"input_tokens_details": object{"cached_tokens": u.Cached}, "output_tokens_details": object{"reasoning_tokens": u.Reasoning},
	}
	if status == "incomplete" {
		reason := t.a.Finish
		if reason == "length" {
			reason = "max_output_tokens"
		}
		o["incomplete_details"] = object{"reason": reason}
	}
	return o
}

// items tells of each item of the output: its beginning, its pieces, its end.
func (t *responsesTalk) items(tell func(kind string, members object)) {
	if t.a.Reasoning != "" {
		item := object{"id": "rs_1", "type": "reasoning", "summary": []object{}}
		index := t.open(tell, item)
		for piece := range cut(t.a.Reasoning, t.a.Runes) {
			t.pause()
			tell("response.reasoning_summary_text.delta", object{"output_index": index, "item_id": "rs_1", "summary_index": 0, "delta": piece})
		}
		item["summary"] = []object{{"type": "summary_text", "text": t.a.Reasoning}}
		if t.sealed {
			item["encrypted_content"] = "sealed:" + t.a.Reasoning
		}
		t.close(tell, index, item)
	}
	for _, part := range []struct{ kind, field, delta, text string }{
		{"output_text", "text", "response.output_text.delta", t.a.Text},
		{"refusal", "refusal", "response.refusal.delta", t.a.Refusal},
	} {
		if part.text == "" {
			continue
		}
		item := object{"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []object{}}
		index := t.open(tell, item)
		for piece := range cut(part.text, t.a.Runes) {
			t.pause()
			tell(part.delta, object{"output_index": index, "item_id": "msg_1", "content_index": 0, "delta": piece, "logprobs": []any{}})
		}
		item["content"] = []object{{"type": part.kind, part.field: part.text, "annotations": []any{}}}
		t.close(tell, index, item)
	}
	for i, c := range t.a.ToolCalls {
		id := fmt.Sprintf("fc_%d", i)
		item := object{"id": id, "type": "function_call", "status": "in_progress", "call_id": c.ID, "name": c.Name, "arguments": ""}
		index := t.open(tell, item)
		args := c.Arguments
		if t.fault == ToolArgsCut || t.fault == ToolArgsShort {
			args = args[:len(args)-2]
		}
		for piece := range cut(args, t.a.Runes) {
			t.pause()
			tell("response.function_call_arguments.delta", object{"output_index": index, "item_id": id, "delta": piece})
		}
		if t.fault == ToolArgsCut {
			return
		}
		item["arguments"] = args
		tell("response.function_call_arguments.done", object{"output_index": index, "item_id": id, "arguments": args})
		t.close(tell, index, item)
	}
}

func (t *responsesTalk) open(tell func(string, object), item object) int {
	index := len(t.output)
	tell("response.output_item.added", object{"output_index": index, "item": item})
	return index
}

func (t *responsesTalk) close(tell func(string, object), index int, item object) {
	if item["status"] != nil {
		item["status"] = "completed"
	}
	tell("response.output_item.done", object{"output_index": index, "item": item})
	t.output = append(t.output, item)
}
