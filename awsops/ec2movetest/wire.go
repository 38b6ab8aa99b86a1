package ec2movetest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops/ec2move"
)

// action is a call in its two halves: from the form to the input, and from that to the output.
type action struct {
	read func(url.Values) (any, error)
	run  func(context.Context, ec2move.API, any) (any, error)
}

func serve[I, O any](call func(ec2move.API, context.Context, *I, ...func(*ec2.Options)) (*O, error)) action {
	return action{
		read: func(form url.Values) (any, error) {
			in := new(I)
			return in, decodeForm(form, in)
		},
		run: func(ctx context.Context, api ec2move.API, in any) (any, error) {
			of, _ := in.(*I) // read's
			return call(api, ctx, of)
		},
	}
}

// node is a part of a form: "Filter.1.Value.2" is four of them.
type node struct {
	value string
	has   bool
	sub   map[string]*node
}

func (n *node) at(key string) *node {
	if n.sub == nil {
		n.sub = map[string]*node{}
	}
	if n.sub[key] == nil {
		n.sub[key] = &node{}
	}
	return n.sub[key]
}

// decodeForm reads the form of EC2's query protocol into the SDK's input. A parameter that the input does not have is refused,
// as EC2 does.
func decodeForm(form url.Values, in any) error {
	root := &node{}
	for key, values := range form {
		if key == "Action" || key == "Version" {
			continue
		}
		n := root
		for part := range strings.SplitSeq(key, ".") {
			n = n.at(part)
		}
		if len(values) != 1 {
			return refuse("InvalidParameterCombination", "The parameter %s is given more than once", key)
		}
		n.value, n.has = values[0], true
	}
	return decode(root, reflect.ValueOf(in).Elem(), "")
}

func decode(n *node, v reflect.Value, path string) error {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		at, err := time.Parse(time.RFC3339, n.value)
		if err != nil {
			return malformed(path, n.value)
		}
		v.Set(reflect.ValueOf(at))
		return nil
	case v.Kind() == reflect.Struct:
		return decodeStruct(n, v, path)
	case v.Type() == reflect.TypeFor[[]byte]():
		data, err := base64.StdEncoding.DecodeString(n.value)
		if err != nil {
			return malformed(path, n.value)
		}
		v.SetBytes(data)
		return nil
	case v.Kind() == reflect.Slice:
		return decodeList(n, v, path)
	}
	return decodePlain(n.value, v, path)
}

func decodePlain(s string, v reflect.Value, path string) error {
	var err error
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(s)
		v.SetBool(b)
	case reflect.Int32, reflect.Int64:
		var i int64
		i, err = strconv.ParseInt(s, 10, v.Type().Bits())
		v.SetInt(i)
	case reflect.Float64:
		var f float64
		f, err = strconv.ParseFloat(s, 64)
		v.SetFloat(f)
	default:
		err = fmt.Errorf("a field of the kind %s", v.Kind())
	}
	if err != nil {
		return malformed(path, s)
	}
	return nil
}

func malformed(path, value string) error {
	return refuse("InvalidParameterValue", "Invalid value '%s' for %s", value, path)
}

func decodeStruct(n *node, v reflect.Value, path string) error {
	byName := map[string]int{}
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() {
			byName[inputName(v.Type().Name(), f)] = i
		}
	}
	for _, name := range sortedKeys(n.sub) {
		i, ok := byName[name]
		if !ok {
			return refuse("UnknownParameter", "The parameter %s is not recognized", strings.TrimPrefix(path+"."+name, "."))
		}
		if err := decode(n.sub[name], v.Field(i), strings.TrimPrefix(path+"."+name, ".")); err != nil {
			return err
		}
	}
	return nil
}

// decodeList reads "Name.1", "Name.2" and so on.
func decodeList(n *node, v reflect.Value, path string) error {
	var numbers []int
	for key := range n.sub {
		i, err := strconv.Atoi(key)
		if err != nil || i < 1 || i > 10_000 {
			return refuse("UnknownParameter", "The parameter %s is not recognized", path+"."+key)
		}
		numbers = append(numbers, i)
	}
	slices.Sort(numbers)
	for _, i := range numbers {
		item := reflect.New(v.Type().Elem()).Elem()
		if err := decode(n.sub[strconv.Itoa(i)], item, path+"."+strconv.Itoa(i)); err != nil {
			return err
		}
		v.Set(reflect.Append(v, item))
	}
	return nil
}

// encode writes an output as EC2 does: lists in elements of their own, with an "item" for each.
func encode(root, requestID string, out any) []byte {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	fmt.Fprintf(&b, `<%s xmlns="http://ec2.amazonaws.com/doc/%s/"><requestId>%s</requestId>`, root, apiVersion, requestID)
	encodeStruct(&b, reflect.ValueOf(out).Elem())
	fmt.Fprintf(&b, "</%s>", root)
	return b.Bytes()
}

func encodeStruct(b *bytes.Buffer, v reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() || f.Name == "ResultMetadata" || v.Field(i).IsZero() {
			continue
		}
		name := outputName(v.Type().Name(), f)
		b.WriteString("<" + name + ">")
		encodeValue(b, v.Field(i))
		b.WriteString("</" + name + ">")
	}
}

func encodeValue(b *bytes.Buffer, v reflect.Value) {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch x := v.Interface().(type) {
	case time.Time:
		b.WriteString(x.UTC().Format("2006-01-02T15:04:05.000Z"))
		return
	case []byte:
		b.WriteString(base64.StdEncoding.EncodeToString(x))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		encodeStruct(b, v)
	case reflect.Slice:
		item := "item"
		if v.Type().Elem() == reflect.TypeFor[types.InferenceDeviceInfo]() {
			item = "member" // the one list of EC2 that has it so
		}
		for i := range v.Len() {
			b.WriteString("<" + item + ">")
			encodeValue(b, v.Index(i))
			b.WriteString("</" + item + ">")
		}
	default:
		_ = xml.EscapeText(b, fmt.Append(nil, v.Interface())) // into memory
	}
}

func answerXML(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func answerError(w http.ResponseWriter, status int, code, message string) {
	var b bytes.Buffer
	b.WriteString(xml.Header + "<Response><Errors><Error><Code>")
	_ = xml.EscapeText(&b, []byte(code)) // into memory, as below
	b.WriteString("</Code><Message>")
	_ = xml.EscapeText(&b, []byte(message))
	b.WriteString("</Message></Error></Errors><RequestID>" + uuid(hexOf(code+message, 0)) + "</RequestID></Response>")
	answerXML(w, status, b.Bytes())
}
