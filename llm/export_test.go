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
		out.Choices = append(out.Choices, DecodedChoice{d.index, string(d.text), string(d.reasoning()), string(d.refuse), d.finish})
	}
	return out
}

// Templated reports whether the next document may take the fast path.
func (x *Decoder) Templated() bool { return x.d.tmpl.valid }

// ParseInteger is how counts are read.
var ParseInteger = parseInteger

// CutGraphemes and CleanTitle are what Title is made of.
var (
	CutGraphemes = cutGraphemes
	CleanTitle   = cleanTitle
)
