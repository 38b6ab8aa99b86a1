package main

import (
	"encoding/json"
	"io"
)

// decode reads one JSON value with no field that its type does not have.
func decode(r io.Reader, v any) error {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	return d.Decode(v)
}
