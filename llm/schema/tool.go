package schema

import (
	"context"
	"errors"
	"reflect"

	"github.com/kitroll/kitroll/llm"
)

// Tool makes a function that the model may call, for [llm.Run]. In is a struct of the arguments; their schema goes to the
// model, and f is not called with arguments that do not satisfy it: the model is told what is wrong with them, as it is
// told every error of f. struct{} is for a function without arguments.
//
// Strict is off, since most providers do not know it. To have the provider hold the model to the schema as well:
//
//	tool.Strict = true
func Tool[In any](name, description string, f func(context.Context, In) (string, error)) (llm.Function, error) {
	s, err := objectOf(reflect.TypeFor[In]())
	if err == nil && f == nil {
		err = errors.New("schema: tool " + name + ": no function")
	}
	if err != nil {
		return llm.Function{}, err
	}
	return llm.Function{
		Tool: llm.Tool{Name: name, Description: description, Parameters: s.wire},
		Call: func(ctx context.Context, arguments string) (string, error) {
			in, err := decode[In](s, arguments, arguments)
			if err != nil {
				e, _ := errors.AsType[*Error](err)
				e.Kind = ErrArguments
				return "", e
			}
			return f(ctx, in)
		},
	}, nil
}
