package schema_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm/schema"
)

// unit is an enumeration.
type unit string

func (unit) JSONSchema() json.RawMessage {
	return json.RawMessage(`{"type": "string", "enum": ["celsius", "kelvin"]}`)
}

// level is an enumeration that says nothing of its type.
type level int

func (level) JSONSchema() json.RawMessage { return json.RawMessage(`{"enum": [1, 2]}`) }

// pair writes itself, and says how.
type pair struct{ a, b int }

func (pair) JSONSchema() json.RawMessage {
	return json.RawMessage(`{"type": "string", "pattern": "^[0-9]+/[0-9]+$"}`)
}

func (p *pair) UnmarshalJSON(data []byte) error {
	_, err := fmt.Sscanf(string(data), `"%d/%d"`, &p.a, &p.b)
	return err
}

func (p pair) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, `"%d/%d"`, p.a, p.b), nil }

// either has a schema without a type.
type either struct{ v any }

func (either) JSONSchema() json.RawMessage {
	return json.RawMessage(`{"anyOf": [{"type": "string"}, {"type": "integer"}]}`)
}

func (e *either) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, &e.v) }

func (e either) MarshalJSON() ([]byte, error) { return json.Marshal(e.v) }

// tuple has a schema that the library has to itself.
type tuple []any

func (tuple) JSONSchema() json.RawMessage {
	return json.RawMessage(`{"type": "array", "prefixItems": [{"type": "string"}], "items": {"type": "integer"}}`)
}

type base struct {
	ID uint8 `json:"id"`
}

type everything struct {
	base

	Name    string              `json:"name" jsonschema:"of the thing, in full"`
	N       int                 `json:"n,omitempty"`
	Ratio   float64             `json:"ratio"`
	OK      bool                `json:"ok"`
	Unit    unit                `json:"unit"`
	Maybe   *unit               `json:"maybe"`
	Later   unit                `json:"later,omitzero"`
	Level   *level              `json:"level" jsonschema:"how high"`
	Pair    pair                `json:"pair"`
	Either  *either             `json:"either" jsonschema:"one of two"`
	Tuple   tuple               `json:"tuple"`
	List    []string            `json:"list"`
	Matrix  [][2]int8           `json:"matrix"`
	Counts  map[string]int      `json:"counts"`
	Any     any                 `json:"any"`
	Raw     json.RawMessage     `json:"raw"`
	RawToo  *json.RawMessage    `json:"raw_too"`
	When    time.Time           `json:"when"`
	Since   *time.Time          `json:"since"`
	Data    []byte              `json:"data"`
	Address netip.Addr          `json:"address"`
	Big     big.Int             `json:"big"`
	Number  json.Number         `json:"number"`
	Inner   struct{ X, Y int }  `json:"inner"`
	Inners  []*struct{ Z bool } `json:"inners,omitempty"`
	Untold  string              `json:"-"`
	Dash    string              `json:"-,"` //nolint:staticcheck // a name that looks like none
	NoTag   uint64

	hidden chan int //nolint:unused // encoding/json passes it over, and so must the schema
}

func TestFor(t *testing.T) {
	t.Parallel()
	got, err := schema.For[everything]()
	require.NoError(t, err)
	require.JSONEq(t, `{
		"type": "object",
		"additionalProperties": false,
		"required": ["id", "name", "n", "ratio", "ok", "unit", "maybe", "later", "level", "pair", "either", "tuple", "list", "matrix",
			"counts", "any", "raw", "raw_too", "when", "since", "data", "address", "big", "number", "inner", "inners", "-", "NoTag"],
		"properties": {
			"id": {"type": "integer", "minimum": 0, "maximum": 255},
			"name": {"type": "string", "description": "of the thing, in full"},
			"n": {"type": ["integer", "null"]},
			"ratio": {"type": "number"},
			"ok": {"type": "boolean"},
			"unit": {"type": "string", "enum": ["celsius", "kelvin"]},
			"maybe": {"type": ["string", "null"], "enum": ["celsius", "kelvin", null]},
			"later": {"type": ["string", "null"], "enum": ["celsius", "kelvin", null]},
			"level": {"enum": [1, 2, null], "description": "how high"},
			"pair": {"type": "string", "pattern": "^[0-9]+/[0-9]+$"},
			"either": {"anyOf": [{"anyOf": [{"type": "string"}, {"type": "integer"}]}, {"type": "null"}], "description": "one of two"},
			"tuple": {"type": "array", "prefixItems": [{"type": "string"}], "items": {"type": "integer"}},
			"list": {"type": "array", "items": {"type": "string"}},
			"matrix": {"type": "array", "items": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "integer", "minimum": -128, "maximum": 127}}},
			"counts": {"type": "object", "additionalProperties": {"type": "integer"}},
			"any": true,
			"raw": true,
			"raw_too": true,
			"when": {"type": "string", "format": "date-time"},
			"since": {"type": ["string", "null"], "format": "date-time"},
			"data": {"type": "string", "contentEncoding": "base64"},
			"address": {"type": "string"},
			"big": {"type": "integer"},
			"number": {"type": "number"},
			"inner": {"type": "object", "properties": {"X": {"type": "integer"}, "Y": {"type": "integer"}}, "required": ["X", "Y"], "additionalProperties": false},
			"inners": {"type": ["array", "null"], "items": {"type": ["object", "null"], "properties": {"Z": {"type": "boolean"}}, "required": ["Z"], "additionalProperties": false}},
			"-": {"type": "string"},
			"NoTag": {"type": "integer", "minimum": 0}
		}
	}`, string(got))
	again, err := schema.For[everything]()
	require.NoError(t, err)
	require.Equal(t, string(got), string(again), "prompts that differ are not cached")
	place := 0
	for _, name := range []string{`"id":`, `"name":`, `"n":`, `"ratio":`, `"NoTag":`} {
		at := strings.Index(string(got), name)
		require.Greater(t, at, place, "%s: the model writes in this order", name)
		place = at
	}
}

func TestFor_otherTypes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		got  func() (json.RawMessage, error)
		want string
	}{
		"text":           {schema.For[string], `{"type":"string"}`},
		"list":           {schema.For[[]int], `{"type":"array","items":{"type":"integer"}}`},
		"map":            {schema.For[map[string]bool], `{"type":"object","additionalProperties":{"type":"boolean"}}`},
		"nothing":        {schema.For[struct{}], `{"type":"object","properties":{},"additionalProperties":false}`},
		"pointer":        {schema.For[*int], `{"type":["integer","null"]}`},
		"anything":       {schema.For[any], `true`},
		"pointer to any": {schema.For[*any], `true`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.got()
			require.NoError(t, err)
			require.JSONEq(t, tt.want, string(got))
		})
	}
}

type (
	recursive struct {
		Children []recursive `json:"children"`
	}
	foreign  struct{}
	badOwner struct{}
	refOwner struct{}
	named    string
)

func (*foreign) UnmarshalJSON([]byte) error { return nil }

func (badOwner) JSONSchema() json.RawMessage { return json.RawMessage(`{"type": 3}`) }

func (refOwner) JSONSchema() json.RawMessage { return json.RawMessage(`{"$ref": "#/$defs/x"}`) }

func TestFor_refused(t *testing.T) {
	t.Parallel()
	type inner struct{ A int }
	for name, tt := range map[string]struct {
		got  func() (json.RawMessage, error)
		want string
	}{
		"recursion":   {schema.For[recursive], "schema_test.recursive"},
		"map keys":    {schema.For[struct{ M map[int]string }], ".M: a map needs string keys, these are int"},
		"channel":     {schema.For[struct{ C []chan int }], ".C[]: chan int has no form in JSON"},
		"function":    {schema.For[func()], "has no form in JSON"},
		"complex":     {schema.For[struct{ C complex64 }], ".C: complex64 has no form"},
		"methods":     {schema.For[struct{ E error }], ".E: error: nothing can be decoded into an interface with methods"},
		"unmarshaler": {schema.For[struct{ F foreign }], ".F: schema_test.foreign has an UnmarshalJSON: give it a method JSONSchema"},
		"no schema":   {schema.For[struct{ B badOwner }], ".B: schema_test.badOwner.JSONSchema:"},
		"a reference": {schema.For[struct{ B *refOwner }], ".B: schema_test.refOwner.JSONSchema:"},
		"option string": {schema.For[struct {
			N int `json:"n,string"`
		}], ".N: the option string"},
		"embedded with name": {schema.For[struct {
			base `json:"base"`
		}], ".base: an embedded field with a name"},
		"embedded text":    {schema.For[struct{ Unit }], ".Unit: an embedded"},
		"embedded pointer": {schema.For[struct{ *inner }], ".inner: encoding/json cannot set"},
		"names": {schema.For[struct {
			base
			B int `json:"id"`
		}], `.B: a second field is called "id"`},
		"odd name": {schema.For[struct {
			A int `json:"a\"b"` //nolint:staticcheck // which is why it is refused
		}], `.A: encoding/json ignores the name "a\"b"`},
		"tag": {schema.For[struct {
			A int `jsonschema:"minimum=1"`
		}], "WORD="},
		"all at once": {schema.For[struct {
			C chan int
			D func()
		}], ".D: func() has no form"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.got()
			require.ErrorContains(t, err, tt.want)
			require.ErrorContains(t, err, "schema: ")
			require.Nil(t, got)
		})
	}
}

// Unit is an exported name to embed.
type Unit named

func TestFormat(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		strict bool
		got    func() (bool, json.RawMessage, error)
	}{
		"plain": {true, format[struct{ A int }]},
		"optional": {true, format[struct {
			A []string `json:"a,omitempty"`
		}]},
		"enumeration": {true, format[struct{ U *unit }]},
		"nested": {true, format[struct {
			L []struct{ M *struct{ N bool } }
		}]},
		"empty":        {true, format[struct{}]},
		"dates":        {true, format[struct{ T time.Time }]},
		"alternatives": {true, format[struct{ E *either }]},
		"map":          {false, format[map[string]int]},
		"map within":   {false, format[struct{ M []map[string]int }]},
		"anything":     {false, format[struct{ A any }]},
		"anything, described": {false, format[struct {
			A any `jsonschema:"whatever"`
		}]},
		"list of any":    {false, format[struct{ A []any }]},
		"bytes":          {false, format[struct{ B []byte }]},
		"other keywords": {false, format[struct{ T tuple }]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			strict, got, err := tt.got()
			require.NoError(t, err)
			assert.Equal(t, tt.strict, strict)
			assert.True(t, json.Valid(got))
		})
	}
	for name, got := range map[string]func() (bool, json.RawMessage, error){
		"list": format[[]int], "text": format[string], "pointer": format[*struct{}], "anything": format[any],
	} {
		t.Run("not an object: "+name, func(t *testing.T) {
			t.Parallel()
			_, _, err := got()
			require.ErrorContains(t, err, "an answer must be an object: put it into a struct")
		})
	}
}

func format[T any]() (bool, json.RawMessage, error) {
	f, err := schema.Format[T]("thing")
	if err != nil {
		return false, nil, err
	}
	if f.Name != "thing" {
		return false, nil, fmt.Errorf("name %q", f.Name)
	}
	return f.Strict, f.Schema, nil
}
