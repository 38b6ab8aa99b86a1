package aliyun

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// TemplateType is what a template is for. Its values are not the numbers of the wire, whose zero means Code.
type TemplateType int

// The types. The zero TemplateType means: not said.
const (
	Code   TemplateType = iota + 1 // verification code
	Notice                         // notification
	Promo                          // promotion
	Intl                           // outside the mainland
)

func (t TemplateType) String() string {
	switch t {
	case Code:
		return "code"
	case Notice:
		return "notice"
	case Promo:
		return "promotion"
	case Intl:
		return "international"
	}
	return "not said"
}

// TemplateStatus is where a template stands with the platform's review.
type TemplateStatus string

// The states. A number that is not known is kept as "status 7".
const (
	TemplateInReview  TemplateStatus = "in review"
	TemplateApproved  TemplateStatus = "approved"
	TemplateRejected  TemplateStatus = "rejected" // RejectInfo says why
	TemplateCancelled TemplateStatus = "cancelled"
)

// Template is an approved text with variables, "您的验证码为${code}".
type Template struct {
	Code, Name, Content string
	Type                TemplateType
	Status              TemplateStatus
	RejectInfo          string
	Attributes          map[string]string // type of each variable, such as "characterWithNumber"; nil = not said
}

var variable = regexp.MustCompile(`\$\{([A-Za-z][A-Za-z0-9_]*)\}`)

// Vars are the names of the variables, each once, in the order of the text.
func (t Template) Vars() []string {
	var out []string
	for _, m := range variable.FindAllStringSubmatch(t.Content, -1) {
		if !slices.Contains(out, m[1]) {
			out = append(out, m[1])
		}
	}
	return out
}

// Check compares params with the variables both ways and names every one that is missing or too many. The values of a
// code template must be 4 to 6 letters or digits. An error is an [*Error] with [ErrInput] and repeats no value.
func (t Template) Check(params map[string]string) error {
	if problems := t.problems(params); len(problems) > 0 {
		return inputError("template "+t.Code, problems...)
	}
	return nil
}

func (t Template) problems(params map[string]string) []string {
	var out []string
	vars := t.Vars()
	for _, name := range vars {
		if _, ok := params[name]; !ok {
			out = append(out, fmt.Sprintf("Params[%s] is missing: the template asks for it", name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		switch {
		case !slices.Contains(vars, name):
			out = append(out, fmt.Sprintf("Params[%s] is too many: the template has no such variable", name))
		case t.Type == Code && t.codeVariable(name) && !codeValue.MatchString(params[name]):
			out = append(out, fmt.Sprintf("Params[%s] of a code template must be 4 to 6 letters or digits", name))
		}
	}
	return out
}

var codeValue = regexp.MustCompile(`^[A-Za-z0-9]{4,6}$`)

// codeVariable reports whether the variable is the code itself: in doubt, yes.
func (t Template) codeVariable(name string) bool {
	attr := t.Attributes[name]
	return attr == "" || attr == "characterWithNumber"
}

// Render is the text as the phone will show it, without the sign. See [Segments] for its price.
func (t Template) Render(params map[string]string) (string, error) {
	if err := t.Check(params); err != nil {
		return "", err
	}
	return variable.ReplaceAllStringFunc(t.Content, func(v string) string { return params[v[2:len(v)-1]] }), nil
}

// Template asks for one template. One that is not there is fs.ErrNotExist (which code says so is unverified).
//
// Source: GetSmsTemplate, API dysmsapi 2017-05-25 (read 2026-11).
func (s *SMS) Template(ctx context.Context, code string) (Template, error) {
	const op = "GetSmsTemplate"
	if strings.TrimSpace(code) == "" {
		return Template{}, inputError(op, "code is empty")
	}
	resp, err := s.call(ctx, op, map[string]string{"TemplateCode": code}, true)
	if err != nil {
		if e, ok := errors.AsType[*Error](err); ok && e.Code == "isv.SMS_TEMPLATE_ILLEGAL" {
			e.also = append(e.also, fs.ErrNotExist)
		}
		return Template{}, err
	}
	var a struct {
		TemplateCode, TemplateName, TemplateContent string
		TemplateType, TemplateStatus                text
		AuditInfo                                   struct{ RejectInfo string }
		VariableAttribute                           json.RawMessage
	}
	if err := resp.Decode(&a); err != nil {
		return Template{}, &Error{Product: SMSProduct, Op: op, RequestID: resp.RequestID, Status: resp.Status, Sent: true, Err: err}
	}
	return Template{
		Code: orDefault(a.TemplateCode, code), Name: a.TemplateName, Content: a.TemplateContent,
		Type: templateType(string(a.TemplateType)), Status: templateStatus(string(a.TemplateStatus)),
		RejectInfo: a.AuditInfo.RejectInfo, Attributes: attributes(a.VariableAttribute),
	}, nil
}

// templateType reads the numbers of CreateSmsTemplate.
func templateType(wire string) TemplateType {
	switch wire {
	case "0":
		return Code
	case "1":
		return Notice
	case "2":
		return Promo
	case "3":
		return Intl
	}
	return 0
}

func templateStatus(wire string) TemplateStatus {
	switch wire {
	case "0":
		return TemplateInReview
	case "1":
		return TemplateApproved
	case "2":
		return TemplateRejected
	case "10":
		return TemplateCancelled
	}
	return TemplateStatus("status " + wire)
}

// attributes reads an object, or the text of one. What is neither is not said.
func attributes(raw json.RawMessage) map[string]string {
	var quoted string
	if json.Unmarshal(raw, &quoted) == nil {
		raw = json.RawMessage(quoted)
	}
	var out map[string]string
	if json.Unmarshal(raw, &out) != nil {
		return nil
	}
	return out
}

// LoadTemplates fetches these templates and keeps them: from then on Send checks the parameters of their messages both
// ways, knows their type, and refuses those that are not approved, before anything is sent. Send itself never fetches.
// Call it again to learn of changes. Templates that cannot be fetched are reported together, the others are kept.
func (s *SMS) LoadTemplates(ctx context.Context, codes ...string) error {
	var problems []error
	for _, code := range codes {
		t, err := s.Template(ctx, code)
		if err != nil {
			problems = append(problems, fmt.Errorf("template %s: %w", code, err))
			if ctx.Err() != nil {
				break
			}
			continue
		}
		s.mu.Lock()
		s.templates[code] = t
		s.mu.Unlock()
	}
	return errors.Join(problems...)
}

func (s *SMS) loaded(code string) (Template, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, ok := s.templates[code]
	return t, ok
}
