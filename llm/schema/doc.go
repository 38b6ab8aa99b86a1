// Package schema gets Go values out of models, and gives them Go functions to call: it makes the JSON Schema of a Go type,
// asks for an answer that satisfies it, and holds the answer against it before anything is decoded.
//
//	type Review struct {
//		Stars  int      `json:"stars" jsonschema:"1 to 5"`
//		Topics []string `json:"topics"`
//		Quote  string   `json:"quote,omitempty" jsonschema:"the best sentence, if there is one"`
//	}
//	review, resp, err := schema.Answer[Review](ctx, client, &llm.Request{
//		Model: "gpt-4o", Messages: []llm.Message{llm.User("Rate this letter: …")},
//	}, nil)
//
// [Decode] does the second half for callers that stream the answer, with [Format] in their request. [Tool] makes an
// [llm.Function] for [llm.Run], whose arguments are checked in the same way before the function sees them.
//
// # What it promises
//
// There is never a half-filled value without an error: an answer that is cut off, refused, not JSON, has a member twice or
// does not satisfy the schema is an [*Error] that names each place in it (a JSON Pointer such as /items/2/name) and what is
// wrong there. [Answer] shows the model the same list and asks again, once unless told otherwise.
//
// # Types
//
// Members are named and left out as encoding/json does it; a tag jsonschema:"…" is the description. In the schema every
// property is required and no others are allowed, which is what providers want that hold the model to a schema. A field
// with omitempty or omitzero may be null instead, and an answer without it is taken all the same. A pointer may be null,
// a slice may not. []byte is base64, time.Time an RFC 3339 date, a type with UnmarshalText a string. A type that is an
// enumeration, or has an UnmarshalJSON, says what it looks like itself: see [Schemer].
//
// Maps with string keys and fields of any type can be decoded, but no provider holds a model to them: [Format] then leaves
// Strict off. Not to be had are types that contain themselves, embedded fields with a name in JSON, the option ",string",
// interfaces with methods, channels and functions. Each is an error that names the field.
//
// Source: JSON Schema 2020-12, json-schema.org. Which keywords a provider allows with strict is unverified but for OpenAI's
// rule that all is required and nothing else allowed (read 2026-11).
package schema
