package vultr

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The platform's answers do not agree among themselves: a flag is a string here and a boolean there, an ID a number or a
// string, one object stands in for a list of one. The types of this file read all of that and never fail, because a field
// that is odd must not turn a volume that was bought into an error. What cannot be understood is the zero value. That an
// answer is the right thing at all is decided by its ID alone, see object and objects.

// text is a JSON string, number or boolean. Numbers keep every digit.
type text string

// UnmarshalJSON never fails.
func (t *text) UnmarshalJSON(b []byte) error {
	*t = ""
	switch firstByte(b) {
	case '"':
		b = bytes.TrimSpace(b)
		if inner := b[1 : len(b)-1]; bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) { // nothing to undo
			*t = text(inner)
			return nil
		}
		var s string
		if json.Unmarshal(b, &s) == nil {
			*t = text(s)
		}
	case '{', '[', 'n':
	default:
		*t = text(bytes.TrimSpace(b))
	}
	return nil
}

// whole is a JSON number or a string with one, without its fraction.
type whole int64

// UnmarshalJSON never fails.
func (w *whole) UnmarshalJSON(b []byte) error {
	var t text
	_ = t.UnmarshalJSON(b)
	*w = 0
	if n, err := strconv.ParseInt(strings.TrimSpace(string(t)), 10, 64); err == nil {
		*w = whole(n)
	} else if f := number(string(t)); math.Abs(f) < 1<<62 {
		*w = whole(f)
	}
	return nil
}

// amount is money or another fraction: a JSON number or a string with one.
type amount float64

// UnmarshalJSON never fails.
func (a *amount) UnmarshalJSON(b []byte) error {
	var t text
	_ = t.UnmarshalJSON(b)
	*a = amount(number(string(t)))
	return nil
}

// number is 0 for what is none, infinities included: money is added up.
func number(s string) float64 {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return f
}

// flag is a JSON boolean, number or word.
type flag bool

// UnmarshalJSON never fails.
func (f *flag) UnmarshalJSON(b []byte) error {
	var t text
	_ = t.UnmarshalJSON(b)
	switch s := strings.ToLower(strings.TrimSpace(string(t))); s {
	case "true", "yes", "on":
		*f = true
	default:
		*f = number(s) != 0
	}
	return nil
}

// moment is an RFC 3339 date.
type moment struct{ time.Time }

// UnmarshalJSON never fails.
func (m *moment) UnmarshalJSON(b []byte) error {
	var t text
	_ = t.UnmarshalJSON(b)
	m.Time = time.Time{}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateTime} {
		if at, err := time.Parse(layout, strings.TrimSpace(string(t))); err == nil {
			m.Time = at.UTC()
			break
		}
	}
	return nil
}

// few is an array, or one thing in place of an array of one.
type few[T any] []T

// UnmarshalJSON fails only for what is no JSON.
func (f *few[T]) UnmarshalJSON(b []byte) error {
	*f = nil
	switch firstByte(b) {
	case 'n':
		return nil
	case '[':
		var raw []json.RawMessage
		if err := json.Unmarshal(b, &raw); err != nil {
			return err
		}
		for _, r := range raw {
			var item T
			if err := tolerant(r, &item); err != nil {
				return err
			}
			*f = append(*f, item)
		}
		return nil
	}
	var item T
	if err := tolerant(b, &item); err != nil {
		return err
	}
	*f = few[T]{item}
	return nil
}

func (f few[T]) strings(of func(T) string) []string {
	var out []string
	for _, item := range f {
		if s := of(item); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func plain(t text) string { return string(t) }

// tolerant decodes what is of the right type and leaves the rest zero: that is what encoding/json does after an
// UnmarshalTypeError, which it only reports.
func tolerant(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	if _, odd := errors.AsType[*json.UnmarshalTypeError](err); odd {
		return nil
	}
	return err
}

func firstByte(b []byte) byte {
	if b = bytes.TrimSpace(b); len(b) > 0 {
		return b[0]
	}
	return 0
}

var errShape = errors.New("a shape that the API does not have")

// object finds the object of an answer, under one of these keys or at the top level, whole or as the only element of an
// array. What has no ID is not it.
func object(data []byte, keys ...string) (json.RawMessage, error) {
	return objectNamed(data, "id", keys...)
}

// objectNamed is object for what is named by another field.
func objectNamed(data []byte, idField string, keys ...string) (json.RawMessage, error) {
	var top map[string]json.RawMessage
	if err := json.Unmarshal(data, &top); err != nil || top == nil {
		return nil, fmt.Errorf("%w: not an object", errShape)
	}
	for _, key := range keys {
		inner := top[key]
		if firstByte(inner) == '[' {
			var items []json.RawMessage
			if json.Unmarshal(inner, &items) != nil || len(items) != 1 {
				continue
			}
			inner = items[0]
		}
		if idOf(inner, idField) != "" {
			return inner, nil
		}
	}
	if idOf(data, idField) != "" {
		return data, nil
	}
	return nil, fmt.Errorf("%w: no %s with %s", errShape, strings.Join(keys, " or "), idField)
}

// names are the fields that name things. They are read the way that things are, so that what has a name here has it there.
type names struct {
	ID     text
	Name   text
	Target text `json:"target_id"`
}

// idOf is the field that names a thing, or "" for what is no object or has none.
func idOf(raw json.RawMessage, field string) text {
	var v names
	if firstByte(raw) != '{' || tolerant(raw, &v) != nil {
		return ""
	}
	switch field {
	case "name":
		return v.Name
	case "target_id":
		return v.Target
	}
	return v.ID
}

// objects finds the list of an answer and the cursor of its next page. A list that is absent, or an element without the
// field that names it, is an error: what is taken for absent gets bought again.
func objects(data []byte, idField string, keys ...string) (items []json.RawMessage, next string, err error) {
	var top map[string]json.RawMessage
	if err := json.Unmarshal(data, &top); err != nil || top == nil {
		return nil, "", fmt.Errorf("%w: not an object", errShape)
	}
	var meta struct {
		Total whole
		Links struct{ Next text }
	}
	if raw, ok := top["meta"]; ok {
		if err := tolerant(raw, &meta); err != nil {
			return nil, "", fmt.Errorf("%w: meta", errShape)
		}
	}
	found := false
	for _, key := range keys {
		raw, ok := top[key]
		if !ok {
			continue
		}
		found = true
		switch firstByte(raw) {
		case '[':
			if err := json.Unmarshal(raw, &items); err != nil {
				return nil, "", fmt.Errorf("%w: %s", errShape, key)
			}
		case '{':
			if items = nil; !bytes.Equal(bytes.Join(bytes.Fields(raw), nil), []byte("{}")) { // an empty list, in some languages
				items = []json.RawMessage{raw}
			}
		case 'n':
			found = meta.Total == 0
		default:
			found = false
		}
		break
	}
	if !found {
		return nil, "", fmt.Errorf("%w: no list of %s", errShape, strings.Join(keys, " or "))
	}
	for i, raw := range items {
		if idOf(raw, idField) == "" {
			return nil, "", fmt.Errorf("%w: element %d of %s has no %s", errShape, i, keys[0], idField)
		}
	}
	return items, string(meta.Links.Next), nil
}
