package agentconf

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// maxText is the longest text that [Parse] reads. Parameter Store takes 8 KB; files may be longer.
const maxText = 8 << 20

// Parse reads the JSON of a configuration and checks it as [Config.Validate] does. It is strict where the agent is not: a key
// that is unknown or stands there twice is refused, with the one that was probably meant, and so is a value of another type.
// All problems come at once, as one [*Error].
func Parse(text []byte) (Config, error) {
	c, p := read(text)
	if err := p.err(); err != nil {
		return Config{}, err
	}
	if err := c.Validate(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// read builds as much as can be built. What is wrong inside is reported by Validate, unless it could not be read.
func read(text []byte) (c Config, p problems) {
	if len(text) > maxText {
		p.add("", "length", "%d bytes are more than %d", len(text), maxText)
		return c, p
	}
	root, err := readTree(text, &p)
	if err != nil {
		p.add("", "json", "%v", err)
		return c, p
	}
	d := &decoder{p: &p}
	d.fill("", root, reflect.ValueOf(&c).Elem())
	if len(p) > 0 { // and what else can be said, so that nobody mends a file five times
		if err, ok := c.Validate().(*Error); ok { //nolint:errorlint // it returns nothing else
			for _, more := range err.Problems {
				if more.Path == "" || !slices.ContainsFunc(p, func(x Problem) bool {
					return strings.HasPrefix(x.Path, more.Path) || strings.HasPrefix(more.Path, x.Path)
				}) {
					if more.Rule != "nothing-collected" {
						p = append(p, more)
					}
				}
			}
		}
	}
	return c, p
}

type decoder struct{ p *problems }

func (d *decoder) wrong(path, want string, v any) {
	d.p.add(path, "type", "want %s, not %s", want, kindOf(v))
}

func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case *object:
		return "an object"
	case []any:
		return "a list"
	case string:
		return "a text"
	case bool:
		return "true or false"
	}
	return "a number"
}

// fill puts a value of the tree into a field.
func (d *decoder) fill(path string, v any, into reflect.Value) {
	switch target := into.Addr().Interface().(type) {
	case *json.RawMessage:
		d.carry(path, v, target)
		return
	case *Measurement:
		if name, ok := v.(string); ok {
			target.Name = name
			return
		}
	case *Collected:
		d.plugins(path, v, target)
		return
	}
	switch into.Kind() {
	case reflect.Pointer:
		if v == nil {
			d.wrong(path, want(into.Type().Elem()), v)
			return
		}
		into.Set(reflect.New(into.Type().Elem()))
		d.fill(path, v, into.Elem())
	case reflect.Struct:
		if o, ok := v.(*object); ok {
			d.object(path, o, fieldsOf(into))
			return
		}
		d.wrong(path, want(into.Type()), v)
	case reflect.Slice:
		list, ok := v.([]any)
		if !ok {
			d.wrong(path, "a list", v)
			return
		}
		into.Set(reflect.MakeSlice(into.Type(), len(list), len(list)))
		for i, e := range list {
			d.fill(fmt.Sprintf("%s[%d]", path, i), e, into.Index(i))
		}
	case reflect.Map: // of texts, all of them
		o, ok := v.(*object)
		if !ok {
			d.wrong(path, "an object", v)
			return
		}
		into.Set(reflect.MakeMap(into.Type()))
		for _, key := range o.keys {
			e := reflect.New(into.Type().Elem()).Elem()
			d.fill(join(path, key), o.values[key], e)
			into.SetMapIndex(reflect.ValueOf(key), e)
		}
	default:
		d.scalar(path, v, into)
	}
}

func want(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	}
	return "an object"
}

func (d *decoder) scalar(path string, v any, into reflect.Value) {
	switch x := v.(type) {
	case string:
		if into.Kind() == reflect.String {
			into.SetString(x)
			return
		}
	case bool:
		if into.Kind() == reflect.Bool {
			into.SetBool(x)
			return
		}
	case json.Number:
		if into.Kind() == reflect.Int {
			n, err := x.Int64()
			if err != nil || n != int64(int(n)) {
				d.p.add(path, "type", "want a whole number, not %s", x)
				return
			}
			if n == 0 && zeroIsAbsent(path) { // as 0 stands for "not given" in the types
				d.p.add(path, "interval", "0 is not in the range")
			}
			into.SetInt(n)
			return
		}
	}
	d.wrong(path, want(into.Type()), v)
}

// zeroIsAbsent: the fields whose least value is 1, where the types have 0 for "the default".
func zeroIsAbsent(path string) bool {
	return !strings.HasSuffix(path, "metrics_aggregation_interval") && !strings.Contains(path, ".event_ids[")
}

// object fills the fields of a struct and reports the keys that are none of them.
func (d *decoder) object(path string, o *object, fields map[string]reflect.Value) {
	names := slices.Sorted(maps.Keys(fields))
	for _, key := range o.keys {
		if f, ok := fields[key]; ok {
			d.fill(join(path, key), o.values[key], f)
			continue
		}
		d.p.add(join(path, key), "unknown-key", "is unknown%s", meant(key, names))
	}
	for _, name := range names {
		f := fields[name]
		if s, ok := o.values[name].(string); ok && s == "" && f.Kind() == reflect.String {
			d.p.add(join(path, name), "required", "is empty: leave it out")
		}
	}
}

// fieldsOf are the fields of a struct by key, those of embedded structs too.
func fieldsOf(v reflect.Value) map[string]reflect.Value {
	out := map[string]reflect.Value{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous:
			maps.Copy(out, fieldsOf(v.Field(i)))
		case name != "" && name != "-":
			out[name] = v.Field(i)
		}
	}
	return out
}

// carry keeps a part as it stands in the text.
func (d *decoder) carry(path string, v any, into *json.RawMessage) {
	if o, ok := v.(*object); ok {
		*into = o.raw
		return
	}
	raw, err := json.Marshal(plainTree(v))
	if err != nil {
		d.p.add(path, "json", "%v", err)
		return
	}
	*into = raw
}

func plainTree(v any) any {
	switch x := v.(type) {
	case *object:
		return x.raw
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = plainTree(e)
		}
		return out
	}
	return v
}

// plugins sorts the keys of metrics_collected into plugins, counter objects of Windows, and what is carried.
func (d *decoder) plugins(path string, v any, into *Collected) {
	o, ok := v.(*object)
	if !ok {
		d.wrong(path, "an object", v)
		return
	}
	fields := fieldsOf(reflect.ValueOf(into).Elem())
	for _, key := range o.keys {
		at := join(path, key)
		field, known := fields[key]
		switch {
		case known:
			d.fill(at, o.values[key], field)
		case slices.Contains(carried(), key):
			if into.Other == nil {
				into.Other = map[string]json.RawMessage{}
			}
			var raw json.RawMessage
			d.carry(at, o.values[key], &raw)
			into.Other[key] = raw
		case isWindowsObject(key):
			if into.Windows == nil {
				into.Windows = map[string]Devices{}
			}
			var counters Devices
			d.fill(at, o.values[key], reflect.ValueOf(&counters).Elem())
			into.Windows[key] = counters
		default:
			d.p.add(at, "unknown-plugin", "there is no such plugin%s", meant(key, pluginNames()))
		}
	}
}
