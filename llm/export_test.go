package llm

// Decoded is a chunk as the fuzz test compares it.
type Decoded struct {
	OK                     bool
	ID, Model, Fingerprint string
	Created                int64
	Choices                []DecodedChoice
	Usage                  Usage
	HasChoices, HasError   bool
	IsObject, ObjectError  bool
	Complaint              bool
}

// DecodedChoice is one delta of it.
type DecodedChoice struct {
	Index                    int
	Text, Reasoning, Refusal string
	Finish                   Finish
	Logs                     string
	Calls                    []DecodedCall
	Extra                    []DecodedMember
	Whole                    bool
}

// DecodedCall is a piece of a tool call.
type DecodedCall struct {
	Index          int
	ID, Name, Args string
	Extra          []DecodedMember
}

// DecodedMember is a member kept as it stands.
type DecodedMember struct{ Name, Value string }

func decodedMembers(members []rawMember) (out []DecodedMember) {
	for _, m := range members {
		out = append(out, DecodedMember{string(m.name), string(m.value)})
	}
	return out
}

// Decoder is the decoder, for documents one after the other.
type Decoder struct{ d decoder }

// Decode decodes one document.
func (x *Decoder) Decode(data []byte) Decoded {
	c, ok := x.d.decode(data)
	if !ok {
		return Decoded{}
	}
	out := Decoded{
		OK: true, ID: c.id, Model: c.model, Fingerprint: c.fingerprint, Created: c.created, Usage: c.usage,
		HasChoices: c.hasChoices, HasError: c.hasError, IsObject: c.isObject, ObjectError: c.objectError, Complaint: c.complaint,
	}
	for i := range c.choices {
		d := &c.choices[i]
		choice := DecodedChoice{
			Index: d.index, Text: string(d.text), Reasoning: string(d.reasoning()), Refusal: string(d.refuse), Finish: d.finish,
			Logs: string(d.logs), Extra: decodedMembers(c.extras[d.extras.from:d.extras.to]), Whole: d.whole,
		}
		for _, k := range c.calls[d.calls.from:d.calls.to] {
			choice.Calls = append(choice.Calls, DecodedCall{k.index, string(k.id), string(k.name), string(k.args), decodedMembers(c.extras[k.extras.from:k.extras.to])})
		}
		out.Choices = append(out.Choices, choice)
	}
	return out
}

// DecodedEvent is an event of the Responses API.
type DecodedEvent struct {
	OK, Complete bool
	Kind, Delta  string
	Item, Whole  string
	Logs         string
	Output       int64
}

// DecodeEvent decodes one event.
func (x *Decoder) DecodeEvent(data []byte) DecodedEvent {
	ev, ok := x.d.decodeEvent(data)
	if !ok {
		return DecodedEvent{}
	}
	return DecodedEvent{true, ev.complete, string(ev.kind), string(ev.delta), string(ev.item), string(ev.response), string(ev.logs), ev.output}
}

// Templated reports whether the next document may take the fast path.
func (x *Decoder) Templated() bool { return x.d.tmpl.valid }

// ParseInteger is how counts are read.
var ParseInteger = parseInteger

// CutGraphemes, CleanTitle and WithoutThinking are what Title is made of.
var (
	CutGraphemes    = cutGraphemes
	CleanTitle      = cleanTitle
	WithoutThinking = withoutThinking
)

// Neutralise is how the tags of an attachment's block are taken out of a text.
var Neutralise = neutralise

// Unnamed is what was read of a name, without the name itself.
func Unnamed(m ModelName) ModelName {
	m.raw = ""
	return m
}
