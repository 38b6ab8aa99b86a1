package agentconf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// The tree of a JSON text as it stands there: object (keys in order, duplicates reported), []any, string, json.Number, bool, nil.

type object struct {
	keys   []string
	values map[string]any
	raw    json.RawMessage
}

const maxDepth = 64

// readTree reads one JSON value and nothing behind it.
func readTree(text []byte, p *problems) (any, error) {
	if !json.Valid(text) {
		var nothing struct{}
		err := json.Unmarshal(text, &nothing)
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			line, column := position(text, syntax.Offset)
			return nil, fmt.Errorf("is no JSON: line %d, column %d: %w", line, column, err)
		}
		if err == nil {
			err = errors.New("something stands behind its end")
		}
		return nil, fmt.Errorf("is no JSON: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	r := &treeReader{dec: dec, text: text, p: p}
	return r.value("", 0)
}

// position is where an offset lies, both counted from 1.
func position(text []byte, offset int64) (line, column int) {
	head := text[:min(max(offset-1, 0), int64(len(text)))]
	return 1 + bytes.Count(head, []byte("\n")), len(head) - bytes.LastIndexByte(head, '\n')
}

type treeReader struct {
	dec  *json.Decoder
	text []byte
	p    *problems
}

func (r *treeReader) value(path string, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("is nested more than %d deep", maxDepth)
	}
	token, err := r.dec.Token()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		return r.object(path, depth)
	case json.Delim('['):
		list := []any{}
		for r.dec.More() {
			v, err := r.value(fmt.Sprintf("%s[%d]", path, len(list)), depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := r.dec.Token()
		return list, err
	}
	return token, nil
}

func (r *treeReader) object(path string, depth int) (any, error) {
	began := r.dec.InputOffset() - 1
	o := &object{values: map[string]any{}}
	for r.dec.More() {
		token, err := r.dec.Token()
		if err != nil {
			return nil, err
		}
		key, _ := token.(string)
		at := join(path, key)
		v, err := r.value(at, depth+1)
		if err != nil {
			return nil, err
		}
		if _, twice := o.values[key]; twice {
			r.p.add(at, "duplicate-key", "is there twice")
		} else {
			o.keys = append(o.keys, key)
		}
		o.values[key] = v
	}
	if _, err := r.dec.Token(); err != nil {
		return nil, err
	}
	o.raw = r.text[began:r.dec.InputOffset()]
	return o, nil
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
