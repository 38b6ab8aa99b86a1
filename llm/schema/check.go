package schema

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
)

// node checks one value against one schema. The library says whether a value is valid, and where in the schema it is not;
// a model that is to mend its answer needs the place in the answer, and all places at once. So each level is checked by
// itself, with what stands below it left to the nodes below.
type node struct {
	types      []string             // empty = any
	own        *jsonschema.Resolved // what the library checks at this level; nil = nothing
	format     string
	encoding   string
	properties map[string]*node
	items      *node
	others     *node    // additionalProperties, if they have a schema
	closed     bool     // there may be none
	required   []string // that must be there
}

func compile(s *jsonschema.Schema) (*node, error) {
	n := &node{types: s.Types, format: s.Format, encoding: s.ContentEncoding, properties: map[string]*node{}}
	if s.Type != "" {
		n.types = []string{s.Type}
	}
	level := *s
	var err error
	if !plain(s) { // of a type's own schema: the library's alone
		n.own, err = level.CloneSchemas().Resolve(nil)
		return n, err
	}
	n.required, n.closed = s.Required, s.AdditionalProperties != nil && isFalse(s.AdditionalProperties)
	level.Properties, level.PropertyOrder, level.Required, level.AdditionalProperties, level.Items = nil, nil, nil, nil, nil
	level.Type, level.Types, level.Format, level.ContentEncoding, level.Title, level.Description = "", nil, "", "", "", ""
	for name, sub := range s.Properties {
		if n.properties[name], err = compile(sub); err != nil {
			return nil, err
		}
	}
	if s.Items != nil {
		if n.items, err = compile(s.Items); err != nil {
			return nil, err
		}
	}
	if s.AdditionalProperties != nil && !n.closed {
		if n.others, err = compile(s.AdditionalProperties); err != nil {
			return nil, err
		}
	}
	if !reflect.ValueOf(level).IsZero() {
		n.own, err = level.CloneSchemas().Resolve(nil)
	}
	return n, err
}

// plain tells the schemas that can be taken apart: no keyword looks at what another has left.
func plain(s *jsonschema.Schema) bool {
	return s.PatternProperties == nil && s.PrefixItems == nil && s.ItemsArray == nil && s.AdditionalItems == nil &&
		s.UnevaluatedItems == nil && s.UnevaluatedProperties == nil && s.Ref == "" && s.Defs == nil && s.Definitions == nil
}

// mostProblems is how many places are named: the model will not mend more at once.
const mostProblems = 8

// check appends what is wrong with v at path.
func (n *node) check(v any, path string, problems []Problem) []Problem {
	if len(problems) >= mostProblems {
		return problems
	}
	if is := typeOf(v); len(n.types) > 0 && !slices.Contains(n.types, is) && (is != "integer" || !slices.Contains(n.types, "number")) {
		return append(problems, Problem{path, "want " + strings.Join(n.types, " or ") + ", is " + is})
	}
	if n.own == nil {
		return n.below(v, path, problems)
	}
	if err := n.own.Validate(v); err != nil {
		problems = append(problems, Problem{path, n.words(err)})
	}
	return n.below(v, path, problems)
}

// below checks what stands in v.
func (n *node) below(v any, path string, problems []Problem) []Problem {
	switch v := v.(type) {
	case string:
		if err := n.text(v); err != nil {
			problems = append(problems, Problem{path, short(err.Error())})
		}
	case []any:
		if n.items != nil {
			for i, item := range v {
				problems = n.items.check(item, path+"/"+strconv.Itoa(i), problems)
			}
		}
	case map[string]any:
		return n.members(v, path, problems)
	}
	return problems[:min(len(problems), mostProblems)]
}

func (n *node) members(v map[string]any, path string, problems []Problem) []Problem {
	for _, name := range n.required {
		if _, ok := v[name]; !ok {
			problems = append(problems, Problem{path + "/" + pointer(name), "missing"})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		at := path + "/" + pointer(name)
		switch sub := n.properties[name]; {
		case sub != nil:
			problems = sub.check(v[name], at, problems)
		case n.others != nil:
			problems = n.others.check(v[name], at, problems)
		case n.closed:
			problems = append(problems, Problem{short(at), "not a property of the schema"})
		}
	}
	return problems[:min(len(problems), mostProblems)]
}

// words are the library's but for its own way of printing values.
func (n *node) words(err error) string {
	text := strings.TrimPrefix(err.Error(), "validating root: ")
	if values := n.own.Schema().Enum; strings.HasPrefix(text, "enum:") {
		if list, err := json.Marshal(values); err == nil {
			text = "want one of " + strings.Trim(string(list), "[]")
		}
	}
	return short(text)
}

// text checks what the library takes for notes, since the decoder will insist on it.
func (n *node) text(s string) error {
	if n.format == formatDateTime {
		if err := new(time.Time).UnmarshalText([]byte(s)); err != nil {
			return fmt.Errorf("want a date such as 2006-01-02T15:04:05Z, is %q", s)
		}
	}
	if n.encoding == base64Encoding {
		if _, err := base64.StdEncoding.DecodeString(s); err != nil {
			return errors.New("want base64")
		}
	}
	return nil
}

// typeOf is the type of a value from [read], as JSON Schema names it.
func typeOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case int64, uint64:
		return "integer"
	case float64:
		if v == math.Trunc(v) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return reflect.TypeOf(v).String()
}

// pointer is a name as a part of a JSON Pointer (RFC 6901).
func pointer(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

// short bounds a message that may repeat a part of the answer.
func short(s string) string {
	const most = 300
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
