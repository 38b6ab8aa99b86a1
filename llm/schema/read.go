package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// read parses one JSON value. It returns it as the validator wants it, and as text for the decoder, in which whole numbers
// are written as such: JSON Schema has 1.0 and 1e3 for integers, encoding/json does not.
//
// A member that comes twice is a problem: which of the two was checked and which decoded would be anybody's guess.
func read(text string) (value any, clean []byte, problem *Problem) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var raw json.RawMessage
	if err := json.Unmarshal([]byte(text), &raw); err != nil { // also bounds the depth
		return nil, nil, syntax(text, err)
	}
	r := &reader{dec: dec}
	value, problem = r.value("")
	return value, r.clean.Bytes(), problem
}

func syntax(text string, err error) *Problem {
	if strings.TrimSpace(text) == "" {
		return &Problem{Message: "there is no text"}
	}
	at := len(text)
	e, ok := errors.AsType[*json.SyntaxError](err)
	if ok {
		at = min(max(int(e.Offset)-1, 0), len(text))
	}
	before := text[:at]
	line := strings.Count(before, "\n") + 1
	column := len([]rune(before[strings.LastIndexByte(before, '\n')+1:])) + 1
	return &Problem{Message: fmt.Sprintf("not JSON: %v (line %d, column %d)", err, line, column)}
}

type reader struct {
	dec   *json.Decoder
	clean bytes.Buffer
}

// value reads the next value. The text has been found well-formed: tokens come as they must.
func (r *reader) value(path string) (any, *Problem) {
	token, err := r.dec.Token()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, &Problem{path, "not JSON: " + err.Error()}
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '[' {
			return r.array(path)
		}
		return r.object(path)
	case json.Number:
		return r.number(t, path)
	}
	r.put(token)
	return token, nil
}

func (r *reader) put(v any) {
	data, _ := json.Marshal(v) // a text, a bool or null
	r.clean.Write(data)
}

func (r *reader) number(n json.Number, path string) (any, *Problem) {
	text := n.String()
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		r.clean.WriteString(text)
		return i, nil
	}
	if u, err := strconv.ParseUint(text, 10, 64); err == nil {
		r.clean.WriteString(text)
		return u, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, &Problem{path, "the number " + short(text) + " is too large"}
	}
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 { // 1.0 and 1e3; beyond, digits may have been lost
		r.clean.WriteString(strconv.FormatInt(int64(f), 10))
		return int64(f), nil
	}
	r.clean.WriteString(text)
	return f, nil
}

func (r *reader) array(path string) (any, *Problem) {
	list := []any{}
	r.clean.WriteByte('[')
	for r.dec.More() {
		if len(list) > 0 {
			r.clean.WriteByte(',')
		}
		v, problem := r.value(path + "/" + strconv.Itoa(len(list)))
		if problem != nil {
			return nil, problem
		}
		list = append(list, v)
	}
	_, _ = r.dec.Token() // the bracket, which is there
	r.clean.WriteByte(']')
	return list, nil
}

func (r *reader) object(path string) (any, *Problem) {
	members := map[string]any{}
	r.clean.WriteByte('{')
	for r.dec.More() {
		token, _ := r.dec.Token() // a name, which is there
		name, _ := token.(string)
		at := path + "/" + pointer(name)
		if _, twice := members[name]; twice {
			return nil, &Problem{at, "comes twice"}
		}
		if len(members) > 0 {
			r.clean.WriteByte(',')
		}
		r.put(name)
		r.clean.WriteByte(':')
		v, problem := r.value(at)
		if problem != nil {
			return nil, problem
		}
		members[name] = v
	}
	_, _ = r.dec.Token() // the brace, which is there
	r.clean.WriteByte('}')
	return members, nil
}
