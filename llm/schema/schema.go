package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/kitroll/kitroll/llm"
)

// For returns the JSON Schema of T, with the properties in the order of the fields. The same type has the same schema, to
// the byte.
func For[T any]() (json.RawMessage, error) {
	s, err := of(reflect.TypeFor[T]())
	if err != nil {
		return nil, err
	}
	return s.wire, nil
}

// Format asks for answers that are a T, which must be an object: a struct or a map. Strict is set if all of T can be held
// to it. name is the schema's, of letters, digits, _ and -; empty = answer.
func Format[T any](name string) (*llm.Format, error) {
	s, err := objectOf(reflect.TypeFor[T]())
	if err != nil {
		return nil, err
	}
	return s.format(name), nil
}

func (s *compiled) format(name string) *llm.Format {
	return &llm.Format{Schema: s.wire, Name: name, Strict: s.strict}
}

// compiled is the schema of a type.
type compiled struct {
	wire   json.RawMessage // with every property required
	check  *node           // of what is taken: optional fields may be missing
	strict bool            // a provider can hold a model to it
}

func of(t reflect.Type) (*compiled, error) {
	fail := func(err error) (*compiled, error) { return nil, fmt.Errorf("schema: %s: %w", t, err) }
	known, err := inspect(t)
	if err != nil {
		return fail(err)
	}
	s, err := jsonschema.ForType(t, &jsonschema.ForOptions{TypeSchemas: known})
	if err != nil {
		return fail(err)
	}
	tidy(s)
	check, err := compile(s)
	if err != nil {
		return fail(err)
	}
	requireAll(s)
	wire, err := json.Marshal(s)
	if err != nil {
		return fail(err)
	}
	var tree any
	if err := json.Unmarshal(wire, &tree); err != nil {
		return fail(err)
	}
	return &compiled{wire: wire, check: check, strict: strict(tree)}, nil
}

// objectOf is of for types whose values are objects, which is what providers want at the top.
func objectOf(t reflect.Type) (*compiled, error) {
	s, err := of(t)
	if err != nil {
		return nil, err
	}
	var top struct {
		Type any `json:"type"`
	}
	if json.Unmarshal(s.wire, &top) != nil || top.Type != "object" {
		return nil, fmt.Errorf("schema: %s: an answer must be an object: put it into a struct", t)
	}
	return s, nil
}

// children visits the schemas right below s that the library infers.
func children(s *jsonschema.Schema, visit func(*jsonschema.Schema)) {
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		visit(s.Properties[name])
	}
	for _, sub := range []*jsonschema.Schema{s.Items, s.AdditionalProperties} {
		if sub != nil {
			visit(sub)
		}
	}
}

func isFalse(s *jsonschema.Schema) bool {
	return s.Not != nil && reflect.ValueOf(*s.Not).IsZero()
}

// tidy mends what the library infers: a slice of Go is null when it is nil, but a model should write []; an enumeration
// behind a pointer needs null among its values; and what may be missing may be null.
func tidy(s *jsonschema.Schema) {
	if slices.Contains(s.Types, "array") && len(s.Types) == 2 {
		s.Type, s.Types = "array", nil
	}
	if slices.Equal(s.Types, []string{"null"}) { // a pointer to a type whose own schema has no type
		s.Types = nil
		allowNull(s)
	}
	if slices.Contains(s.Types, "null") {
		allowNull(s)
	}
	if s.Type == "object" && s.Properties == nil && s.AdditionalProperties != nil && isFalse(s.AdditionalProperties) {
		s.Properties = map[string]*jsonschema.Schema{}
	}
	children(s, tidy)
	for _, name := range s.PropertyOrder { // of a struct
		if !slices.Contains(s.Required, name) {
			allowNull(s.Properties[name])
		}
	}
}

// allowNull lets null pass too.
func allowNull(s *jsonschema.Schema) {
	switch {
	case s.Type != "":
		s.Type, s.Types = "", []string{s.Type, "null"}
	case len(s.Types) > 0:
		s.Types = append(slices.DeleteFunc(slices.Clone(s.Types), func(t string) bool { return t == "null" }), "null")
	case reflect.ValueOf(*s).IsZero():
		return // anything does already
	case s.Enum == nil: // a schema of its owner's that says nothing of the type
		inner := *s
		*s = jsonschema.Schema{Description: inner.Description, AnyOf: []*jsonschema.Schema{&inner, {Type: "null"}}}
		inner.Description = ""
		return
	}
	if s.Enum != nil && !slices.Contains(s.Enum, nil) {
		s.Enum = append(slices.Clone(s.Enum), nil)
	}
}

// requireAll is the form that is sent.
func requireAll(s *jsonschema.Schema) {
	if len(s.PropertyOrder) > 0 { // of a struct; a type's own schema stays as it is
		s.Required = s.PropertyOrder
	}
	children(s, requireAll)
}

// strict reports whether a schema keeps to what providers take with strict (OpenAI's list; unverified elsewhere): objects
// with all properties required and no others, everything of some type, and few keywords.
func strict(tree any) bool {
	s, ok := tree.(map[string]any)
	if !ok {
		return false // true is anything
	}
	for keyword := range s {
		if !slices.Contains([]string{
			"type", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf", "description", "title", "pattern",
			"format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems", "maxItems",
		}, keyword) {
			return false
		}
	}
	alternatives, _ := s["anyOf"].([]any)
	for _, a := range alternatives {
		if !strict(a) {
			return false
		}
	}
	if s["type"] == nil && s["enum"] == nil && s["const"] == nil && alternatives == nil {
		return false
	}
	properties, isObject := s["properties"].(map[string]any)
	if isObject || hasType(s, "object") {
		required, _ := s["required"].([]any)
		if !isObject || s["additionalProperties"] != false || len(required) != len(properties) {
			return false
		}
	}
	for _, sub := range properties {
		if !strict(sub) {
			return false
		}
	}
	items, isArray := s["items"]
	return isArray && strict(items) || !isArray && !hasType(s, "array")
}

func hasType(s map[string]any, name string) bool {
	types, _ := s["type"].([]any)
	return s["type"] == name || slices.Contains(types, any(name))
}
