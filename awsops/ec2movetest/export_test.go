package ec2movetest

import (
	"context"
	"net/http"

	"github.com/kitroll/kitroll/awsops/ec2move"
)

// EchoHandler decodes requests as the front does, and answers what answer says.
func EchoHandler(answer func(input any) any) http.Handler {
	f := New(nil).Handler()
	for name, a := range f.actions {
		a.run = func(_ context.Context, _ ec2move.API, in any) (any, error) { return answer(in), nil }
		f.actions[name] = a
	}
	return f
}

// The parsers, for fuzzing.
var (
	DecodeForm = decodeForm
	Wildcard   = wildcard
)

// ParseKey reads a public key, and gives it as it is kept.
func ParseKey(text string) (string, bool) {
	k, err := parseKey(text, "name")
	if err != nil {
		return "", false
	}
	return k.public, true
}
