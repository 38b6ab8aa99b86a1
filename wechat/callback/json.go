package callback

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
)

var errJSON = errors.New("JSON is damaged")

// parseJSON reads a JSON push into the same tree as XML. That an Official Account may be sent JSON is in the console of
// some; which form nested lists have there is unverified, so both are read.
func parseJSON(text string) (tree, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	r := jsonReader{d: d, out: make(tree, 0, 16)}
	if tok, err := d.Token(); err != nil || tok != json.Delim('{') {
		return nil, errJSON
	}
	root := r.out.add(0, 0, "xml")
	if err := r.object(root, 1); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errJSON
	}
	return r.out, nil
}

type jsonReader struct {
	d   *json.Decoder
	out tree
}

// object reads the members of an object whose brace was read.
func (r *jsonReader) object(parent int32, depth int) error {
	if depth > maxDepth {
		return errLarge
	}
	last := int32(0)
	for r.d.More() {
		tok, err := r.d.Token()
		if err != nil {
			return errJSON
		}
		name, ok := tok.(string)
		if !ok {
			return errJSON
		}
		if last, err = r.value(parent, last, name, depth); err != nil {
			return err
		}
	}
	if _, err := r.d.Token(); err != nil {
		return errJSON
	}
	return nil
}

// value reads one value as an element, or an array as several, and returns the last of them.
func (r *jsonReader) value(parent, last int32, name string, depth int) (int32, error) {
	if depth > maxDepth || len(r.out) >= maxElements {
		return 0, errLarge
	}
	tok, err := r.d.Token()
	if err != nil {
		return 0, errJSON
	}
	if tok == json.Delim('[') {
		for r.d.More() {
			if last, err = r.value(parent, last, name, depth+1); err != nil {
				return 0, err
			}
		}
		if _, err := r.d.Token(); err != nil {
			return 0, errJSON
		}
		return last, nil
	}
	i := r.out.add(parent, last, name)
	switch v := tok.(type) {
	case json.Delim:
		return i, r.object(i, depth+1)
	case string:
		r.out[i].text = v
	case json.Number:
		r.out[i].text = v.String()
	case bool:
		if v {
			r.out[i].text = "true"
		} else {
			r.out[i].text = "false"
		}
	}
	return i, nil
}
