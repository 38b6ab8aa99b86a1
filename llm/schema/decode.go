package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/kitroll/kitroll/llm"
)

// Kinds of errors. An answer that was cut is [llm.ErrTruncated], one that the provider's filter ended
// [llm.ErrContentFilter].
var (
	ErrMismatch = errors.New("the answer does not satisfy the schema") // Error.Problems says where
	ErrRefused  = errors.New("the model refused to answer")            // Error.Text has its words
	ErrToolCall = errors.New("the model called a tool in place of an answer")
	// ErrArguments is ErrMismatch for the arguments of a tool.
	ErrArguments = errors.New("the arguments do not satisfy the schema")
)

// Error is why an answer, or the arguments of a tool, are not what the schema says.
type Error struct {
	Kind     error
	Problems []Problem // of ErrMismatch: the first eight
	Text     string    // what the model wrote, as it wrote it; not a part of the message
}

// Problem is one thing that is wrong with an answer.
type Problem struct {
	Path    string // the place, as a JSON Pointer such as "/items/2/name"; empty = the whole
	Message string // may repeat what stands there
}

// String is the path and the message.
func (p Problem) String() string {
	if p.Path == "" {
		return p.Message
	}
	return p.Path + ": " + p.Message
}

// Error is the kind and the problems.
func (e *Error) Error() string {
	words := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		words[i] = p.String()
	}
	return strings.TrimSuffix("schema: "+e.Kind.Error()+": "+strings.Join(words, "; "), ": ")
}

// Unwrap returns the kind.
func (e *Error) Unwrap() error { return e.Kind }

// Decode takes a T out of choice 0 of an answer that was asked for with [Format]. The answer is checked against the schema
// first. With an error, which is an [*Error] unless T has no schema, the T is its zero value.
func Decode[T any](resp *llm.Response) (T, error) {
	s, err := of(reflect.TypeFor[T]())
	if err != nil {
		return *new(T), err
	}
	return decodeAnswer[T](s, resp, false)
}

// decodeAnswer is Decode with the schema at hand. loose looks for the object in text around it.
func decodeAnswer[T any](s *compiled, resp *llm.Response, loose bool) (T, error) {
	var none T
	text := resp.Text()
	refusal := resp.Message().Refusal
	switch finish := resp.Finish().Normal(); {
	case refusal != "":
		return none, &Error{Kind: ErrRefused, Text: refusal}
	case finish == llm.FinishLength:
		return none, &Error{Kind: llm.ErrTruncated, Text: text, Problems: []Problem{{Message: "finish_reason length: allow more with MaxTokens"}}}
	case finish == llm.FinishContentFilter:
		return none, &Error{Kind: llm.ErrContentFilter, Text: text}
	case len(resp.ToolCalls()) > 0:
		return none, &Error{Kind: ErrToolCall, Text: text, Problems: []Problem{{Message: resp.ToolCalls()[0].Name + ": llm.Run carries calls out"}}}
	case loose:
		return decode[T](s, text, object(text))
	}
	return decode[T](s, text, text)
}

// decode takes a T out of a part of a text.
func decode[T any](s *compiled, text, part string) (T, error) {
	var none, v T
	fail := func(problems ...Problem) (T, error) {
		return none, &Error{Kind: ErrMismatch, Problems: problems, Text: text}
	}
	value, clean, problem := read(part)
	if problem != nil {
		return fail(*problem)
	}
	if problems := s.check.check(value, "", nil); len(problems) > 0 {
		return fail(problems...)
	}
	if err := json.Unmarshal(clean, &v); err != nil { // what no schema can say: a number too large for an int64, an address
		if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			path := ""
			if e.Field != "" {
				path = "/" + strings.ReplaceAll(e.Field, ".", "/")
			}
			return fail(Problem{path, fmt.Sprintf("%s does not fit into %s", e.Value, e.Type)})
		}
		return fail(Problem{Message: short(err.Error())})
	}
	return v, nil
}

// object is the one JSON object in a text of a model that was asked for nothing else and yet said more: its fence is taken
// off, and the words before and after. A text with several objects is left as it is.
func object(text string) string {
	from := strings.IndexByte(text, '{')
	if from < 0 || json.Valid([]byte(text)) {
		return text
	}
	dec := json.NewDecoder(strings.NewReader(text[from:]))
	var one json.RawMessage
	if dec.Decode(&one) != nil {
		return text
	}
	if rest := text[from+int(dec.InputOffset()):]; strings.ContainsAny(rest, "{}") {
		return text
	}
	return string(one)
}
