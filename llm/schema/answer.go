package schema

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/kitroll/kitroll/llm"
)

// AnswerOptions changes [Answer]. The zero value has the defaults.
type AnswerOptions struct {
	Name    string // of the schema, for the model: letters, digits, _ and -; empty = answer
	Repairs *int   // how often the model may mend an answer; nil = 1, new(0) = never
}

// Answer asks for a T, which must be a struct or a map. r goes out with the Format of T in place of its own; it is not
// changed. An answer that does not satisfy the schema is sent back with the list of what is wrong, and the model asked
// again, as often as opts allow.
//
// Where the provider takes no schema (Dialect.NoSchema) it stands in the instructions, and a fence or some words around one
// JSON object are let pass. Where it does they are an error: such a server does not do what it says.
//
// The Response is that of the last answer, with the tokens of all; it may be there with an error.
//
// Errors: [*Error], of which only ErrMismatch is worth asking again and has been; those of c, not repeated here; T without a
// schema. With an error the T is its zero value.
func Answer[T any](ctx context.Context, c llm.Chatter, r *llm.Request, opts *AnswerOptions) (T, *llm.Response, error) {
	var none T
	o := AnswerOptions{}
	if opts != nil {
		o = *opts
	}
	repairs := 1
	if o.Repairs != nil {
		repairs = *o.Repairs
	}
	s, err := objectOf(reflect.TypeFor[T]())
	if err != nil {
		return none, nil, err
	}
	if r == nil {
		_, err := c.Chat(ctx, nil)
		return none, nil, err
	}
	ask := *r
	ask.Format = s.format(o.Name)
	loose := takesNoSchema(c)
	var used llm.Usage
	for {
		resp, err := c.Chat(ctx, &ask)
		if resp != nil && resp.Usage != nil {
			used.Add(resp.Usage)
			resp.Usage = new(used)
		}
		if err != nil {
			return none, resp, err
		}
		v, err := decodeAnswer[T](s, resp, loose)
		if err == nil {
			return v, resp, nil
		}
		e, ok := errors.AsType[*Error](err)
		if !ok || !errors.Is(e, ErrMismatch) || repairs <= 0 {
			return none, resp, err
		}
		repairs--
		// The first messages only: an answer that was mended badly is not worth its tokens.
		ask.Messages = append(slices.Clone(r.Messages), complain(resp.Message(), e)...)
	}
}

// takesNoSchema asks the client, or whatever stands around one.
func takesNoSchema(c llm.Chatter) bool {
	d, ok := c.(interface{ Dialect() llm.Dialect })
	return ok && d.Dialect().NoSchema
}

// complain is the answer, and what is wrong with it.
func complain(answer llm.Message, e *Error) []llm.Message {
	var b strings.Builder
	b.WriteString("Your answer does not satisfy the JSON Schema:\n")
	for _, p := range e.Problems {
		b.WriteString("- " + p.String() + "\n")
	}
	b.WriteString("Answer again with the whole JSON object, mended, and nothing else.")
	if answer.Text() == "" {
		return []llm.Message{llm.User(b.String())}
	}
	return []llm.Message{answer, llm.User(b.String())}
}
