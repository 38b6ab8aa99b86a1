package iamrole

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// policy is the form of a policy document, strictly: what is not known here cannot be compared.
type policy struct {
	Version   string
	ID        string `json:"Id"`
	Statement oneOrMany[statement]
}

type statement struct {
	Sid          string
	Effect       string
	Principal    principals
	NotPrincipal json.RawMessage
	Action       oneOrMany[string]
	NotAction    json.RawMessage
	Resource     json.RawMessage
	NotResource  json.RawMessage
	Condition    map[string]json.RawMessage
}

// oneOrMany is a value or a list, as IAM allows in most places.
type oneOrMany[T any] []T

func (l *oneOrMany[T]) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		return strict(text, (*[]T)(l))
	}
	var one T
	if err := strict(text, &one); err != nil {
		return err
	}
	*l = []T{one}
	return nil
}

// principals by kind: "Service", "AWS", "Federated". "*" is everybody.
type principals map[string]oneOrMany[string]

func (p *principals) UnmarshalJSON(text []byte) error {
	var everybody string
	if json.Unmarshal(text, &everybody) == nil {
		*p = principals{"AWS": {everybody}}
		return nil
	}
	return strict(text, (*map[string]oneOrMany[string])(p))
}

func strict(text []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands behind its end")
	}
	return nil
}

// document is a policy as it was written. IAM answers it percent-encoded (RFC 3986); a plus is a plus.
func document(text string) (string, error) {
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		return text, nil
	}
	return url.PathUnescape(text)
}

// judge says why a trust policy is not that of a role which the principal, and nobody else, may assume; "" if it is.
func judge(text, principal string) string {
	text, err := document(text)
	if err != nil {
		return fmt.Sprintf("its trust policy cannot be decoded: %v", err)
	}
	var p policy
	if err := strict([]byte(text), &p); err != nil {
		return fmt.Sprintf("its trust policy cannot be read: %v", err)
	}
	allowed := false
	for _, s := range p.Statement {
		why, ok := s.judge(principal)
		if why != "" {
			return why
		}
		allowed = allowed || ok
	}
	if !allowed {
		return principal + " may not assume it"
	}
	return ""
}

func (s statement) judge(principal string) (why string, allowed bool) {
	switch {
	case s.Effect == "Deny":
		return "its trust policy denies something", false
	case s.Effect != "Allow":
		return fmt.Sprintf("its trust policy has the effect %q", s.Effect), false
	case s.NotPrincipal != nil || s.NotAction != nil:
		return "its trust policy allows by exclusion", false
	case s.Resource != nil || s.NotResource != nil:
		return "its trust policy names resources", false
	}
	for kind, list := range s.Principal {
		for _, who := range list {
			if kind != "Service" || who != principal {
				return fmt.Sprintf("others may assume it: %s %s", kind, who), false
			}
			allowed = true
		}
	}
	for _, action := range s.Action {
		if !strings.EqualFold(action, "sts:AssumeRole") {
			return fmt.Sprintf("its trust policy also allows %s", action), false
		}
	}
	if len(s.Condition) > 0 {
		return "its trust policy has conditions", false
	}
	return "", allowed && len(s.Action) > 0
}

// samePolicy compares two policies as JSON: order of keys, blanks and encoding do not count, nor whether a list of one is
// written as a list.
func samePolicy(a, b string) bool {
	x, errX := canonical(a)
	y, errY := canonical(b)
	return errX == nil && errY == nil && reflect.DeepEqual(x, y)
}

func canonical(text string) (any, error) {
	text, err := document(text)
	if err != nil {
		return nil, err
	}
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return nil, err
	}
	return unlist(v), nil
}

// unlist makes a list of one its only element, and sorts lists of texts, whose order means nothing in a policy.
func unlist(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for k, e := range x {
			x[k] = unlist(e)
		}
	case []any:
		for i, e := range x {
			x[i] = unlist(e)
		}
		if len(x) == 1 {
			return x[0]
		}
		slices.SortStableFunc(x, func(a, b any) int {
			s, ok := a.(string)
			t, ok2 := b.(string)
			if !ok || !ok2 {
				return 0
			}
			return strings.Compare(s, t)
		})
	}
	return v
}
