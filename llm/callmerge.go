package llm

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"strings"
)

// callText is one tool call so far.
type callText struct {
	index    int // among those of the choice
	wire     int // as the server counts; -1 = it does not
	id, name string
	args     strings.Builder
	extra    map[string]json.RawMessage
	told     *ToolCall // what the events of its pieces show; nil = it has not been told of yet
	owed     int       // how much of args no event has told of yet, from its end
	ended    bool      // it is whole
}

// callOf finds the call that a piece belongs to, or opens one. An ID that is known decides, then the server's index, then
// the order: but a new ID is a new call, whatever the index, since some servers count every call as 0.
func (c *choiceText) callOf(d *callDelta) *callText {
	id := string(d.id)
	var at *callText
	for _, k := range c.calls {
		if id != "" && k.id == id {
			return k
		}
		if d.index >= 0 && k.wire == d.index {
			at = k // the latest of that index
		}
	}
	if d.index < 0 && len(c.calls) > 0 {
		at = c.calls[len(c.calls)-1]
		if id == "" && len(d.name) > 0 && at.name != "" && isObject(at.args.String()) {
			at = nil // neither IDs nor indexes: another name after a whole call begins another
		}
	}
	if at != nil && (id == "" || at.id == "") {
		return at
	}
	at = &callText{index: len(c.calls), wire: d.index}
	c.calls = append(c.calls, at)
	return at
}

// add takes a piece and reports whether the call is new to the caller, and what there is to tell of its arguments.
func (k *callText) add(d *callDelta, extras []rawMember) (begun bool, piece string) {
	if k.id == "" {
		k.id = string(d.id)
	}
	if k.name == "" {
		k.name = string(d.name)
	}
	keep(&k.extra, extras)
	k.args.Write(d.args)
	k.owed += len(d.args)
	if k.name == "" { // nothing can be said of it yet
		return false, ""
	}
	if k.told == nil {
		begun = true
		k.told = &ToolCall{Index: k.index, ID: k.id, Name: k.name}
	}
	piece = k.args.String()[k.args.Len()-k.owed:]
	k.owed = 0
	return begun, piece
}

// call is what there is of it.
func (k *callText) call() ToolCall {
	return ToolCall{Index: k.index, ID: k.id, Name: k.name, Arguments: k.args.String(), Incomplete: !k.ended, Extra: cloneExtra(k.extra)}
}

// end makes the call whole, or says why it cannot be: it was cut, or is no JSON object.
func (k *callText) end() error {
	args := strings.TrimSpace(k.args.String())
	if args == "" || args == "null" {
		k.args.Reset()
		k.args.WriteString("{}")
	} else if !isObject(args) {
		var v json.RawMessage
		err := json.NewDecoder(bytes.NewReader([]byte(args))).Decode(&v)
		if args[0] == '{' && (errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)) {
			return ErrTruncated
		}
		return ErrToolCall
	}
	if k.name == "" {
		return ErrToolCall
	}
	k.id = cmp.Or(k.id, "call_"+rand.Text())
	return nil
}

func cloneExtra(m map[string]json.RawMessage) map[string]json.RawMessage {
	out := maps.Clone(m)
	for name, v := range out {
		out[name] = bytes.Clone(v)
	}
	return out
}
