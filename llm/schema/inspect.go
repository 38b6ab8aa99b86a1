package schema

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/google/jsonschema-go/jsonschema"
)

// Schemer is a type that has its own JSON Schema, such as an enumeration:
//
//	type Unit string
//
//	func (Unit) JSONSchema() json.RawMessage {
//		return json.RawMessage(`{"type": "string", "enum": ["celsius", "kelvin"]}`)
//	}
//
// The schema must stand alone, without $ref. It is asked of the zero value.
type Schemer interface {
	JSONSchema() json.RawMessage
}

// inspector walks a type before the library does. It collects the schemas of types that have their own, and refuses what
// encoding/json and the library read otherwise: a schema must not promise what cannot be decoded.
type inspector struct {
	known map[reflect.Type]*jsonschema.Schema
	seen  map[reflect.Type]bool
	errs  []error
}

func inspect(t reflect.Type) (map[reflect.Type]*jsonschema.Schema, error) {
	in := &inspector{known: map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[time.Time]():       {Type: "string", Format: formatDateTime},
		reflect.TypeFor[json.RawMessage](): {},
		reflect.TypeFor[json.Number]():     {Type: "number"},
		reflect.TypeFor[big.Int]():         {Type: "integer"},
	}, seen: map[reflect.Type]bool{}}
	in.walk(t, t.String())
	return in.known, errors.Join(in.errs...)
}

const (
	formatDateTime = "date-time"
	base64Encoding = "base64"
)

func (in *inspector) refuse(place, format string, args ...any) {
	in.errs = append(in.errs, fmt.Errorf("%s: %s", place, fmt.Sprintf(format, args...)))
}

func (in *inspector) walk(t reflect.Type, place string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if in.seen[t] || in.known[t] != nil {
		return
	}
	in.seen[t] = true
	if in.special(t, place) {
		return
	}
	switch t.Kind() {
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			in.refuse(place, "a map needs string keys, these are %s", t.Key())
		}
		in.walk(t.Elem(), place+"[]")
	case reflect.Slice, reflect.Array:
		in.walk(t.Elem(), place+"[]")
	case reflect.Interface:
		if t.NumMethod() > 0 {
			in.refuse(place, "%s: nothing can be decoded into an interface with methods", t)
		}
	case reflect.Struct:
		in.fields(t, place)
	case reflect.Chan, reflect.Func, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer:
		in.refuse(place, "%s has no form in JSON", t)
	}
}

// special knows the types whose form is not that of their kind.
func (in *inspector) special(t reflect.Type, place string) bool {
	zero := reflect.New(t)
	if s, ok := reflect.TypeAssert[Schemer](zero); ok {
		own := &jsonschema.Schema{}
		if err := json.Unmarshal(s.JSONSchema(), own); err != nil {
			in.refuse(place, "%s.JSONSchema: %v", t, err)
			return true
		}
		if _, err := own.Resolve(nil); err != nil {
			in.refuse(place, "%s.JSONSchema: %v", t, err)
		}
		in.known[t] = own
		return true
	}
	if _, ok := reflect.TypeAssert[json.Unmarshaler](zero); ok {
		in.refuse(place, "%s has an UnmarshalJSON: give it a method JSONSchema that says what it reads, or take another type", t)
		return true
	}
	if _, ok := reflect.TypeAssert[encoding.TextUnmarshaler](zero); ok {
		in.known[t] = &jsonschema.Schema{Type: "string"}
		return true
	}
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
		in.known[t] = &jsonschema.Schema{Type: "string", ContentEncoding: base64Encoding}
		return true
	}
	return false
}

func (in *inspector) fields(t reflect.Type, place string) {
	names := map[string]bool{}
	for _, f := range reflect.VisibleFields(t) {
		at := place + "." + f.Name
		tag, tagged := f.Tag.Lookup("json")
		name, options, _ := strings.Cut(tag, ",")
		if f.Anonymous {
			in.embedded(f, at, tagged && name != "")
			continue
		}
		if !f.IsExported() || tag == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		} else if strings.ContainsFunc(name, oddInName) {
			in.refuse(at, "encoding/json ignores the name %q", name)
		}
		if names[name] {
			in.refuse(at, "a second field is called %q", name)
		}
		names[name] = true
		for o := range strings.SplitSeq(options, ",") {
			if o == "string" {
				in.refuse(at, "the option string is not known to the schema")
			}
		}
		in.walk(f.Type, at)
	}
}

// oddInName is encoding/json's rule, turned round.
func oddInName(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r)
}

// embedded fields are flattened by both, if they are plain structs.
func (in *inspector) embedded(f reflect.StructField, at string, named bool) {
	t := f.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case named:
		in.refuse(at, "an embedded field with a name in JSON: name the field too")
	case t.Kind() != reflect.Struct && f.IsExported():
		in.refuse(at, "an embedded %s: name the field", t)
	case f.Type.Kind() == reflect.Pointer && !f.IsExported():
		in.refuse(at, "encoding/json cannot set an embedded pointer to %s", t)
	}
}
