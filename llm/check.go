package llm

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
)

func (r *Request) check() error {
	if r == nil {
		return errors.New("nil")
	}
	var errs []error
	if strings.TrimSpace(r.Model) == "" {
		errs = append(errs, errors.New("Model: missing"))
	}
	if len(r.Messages) == 0 {
		errs = append(errs, errors.New("Messages: missing"))
	}
	for i, m := range r.Messages {
		if err := m.check(); err != nil {
			errs = append(errs, fmt.Errorf("Messages[%d]: %w", i, err))
		}
	}
	errs = append(errs, checkTurns(r.Messages), r.checkTools(), r.Reasoning.check(), r.Format.check())
	errs = append(errs, inRange("Temperature", r.Temperature, 2), inRange("TopP", r.TopP, 1))
	if r.MaxTokens < 0 {
		errs = append(errs, fmt.Errorf("MaxTokens: %d is negative", r.MaxTokens))
	}
	if r.N < 0 || r.N > 128 {
		errs = append(errs, fmt.Errorf("N: %d is outside 0 to 128", r.N))
	}
	if p := r.TopLogProbs; p != nil && (*p < 0 || *p > 20) {
		errs = append(errs, fmt.Errorf("TopLogProbs: %d is outside 0 to 20", *p))
	}
	if slices.Contains(r.Stop, "") {
		errs = append(errs, errors.New("Stop: holds an empty text"))
	}
	return errors.Join(errs...)
}

func inRange(field string, v *float64, high float64) error {
	if v != nil && (math.IsNaN(*v) || *v < 0 || *v > high) {
		return fmt.Errorf("%s: %v is outside 0 to %v", field, *v, high)
	}
	return nil
}

func (f *Format) check() error {
	switch {
	case f == nil || f.Schema == nil:
		return nil
	case f.Name != "" && !validName(f.Name):
		return fmt.Errorf("Format.Name: %q is not 1 to 64 letters, digits, _ and -", f.Name)
	case !isObject(string(f.Schema)):
		return errors.New("Format.Schema: not a JSON object")
	}
	return nil
}

func (m Message) check() error {
	if m.Role == "" {
		return errors.New("Role: missing")
	}
	if len(m.ToolCalls) > 0 && m.Role != RoleAssistant {
		return fmt.Errorf("ToolCalls: a message of role %s has none", m.Role)
	}
	empty := true
	for i, p := range m.Parts {
		if err := p.check(m.Role); err != nil {
			return fmt.Errorf("Parts[%d]: %w", i, err)
		}
		empty = empty && (p.Kind == PartText || p.Kind == PartFile) && p.Text == ""
	}
	if empty && m.Role == RoleUser {
		return errors.New("Parts: there is no text, picture or file")
	}
	return nil
}

func (p Part) check(role Role) error {
	if p.Kind > PartFile && role != RoleUser {
		return fmt.Errorf("a message of role %s takes no audio, document or video", role)
	}
	switch p.Kind {
	case PartText, PartFile:
		return nil
	case PartImage:
		return p.checkImage()
	case PartAudio:
		if len(p.Data) == 0 || p.Format == "" {
			return errors.New("the audio lacks Data or Format")
		}
		return nil
	case PartDocument:
		if len(p.Data) == 0 || p.Name == "" {
			return errors.New("the document lacks Data or Name")
		}
		return nil
	case PartVideo:
		if !strings.HasPrefix(p.URL, "https://") && !strings.HasPrefix(p.URL, "http://") && !strings.HasPrefix(p.URL, "data:video/") {
			return errors.New("URL: must begin with https://, http:// or data:video/")
		}
		return nil
	}
	return fmt.Errorf("there is no kind %d", p.Kind)
}

func (p Part) checkImage() error {
	switch {
	case p.URL == "" && len(p.Data) == 0:
		return errors.New("the image is empty")
	case p.URL != "" && len(p.Data) > 0:
		return errors.New("the image has both URL and Data")
	case p.URL != "":
		if !strings.HasPrefix(p.URL, "https://") && !strings.HasPrefix(p.URL, "http://") && !strings.HasPrefix(p.URL, "data:image/") {
			return errors.New("URL: must begin with https://, http:// or data:image/")
		}
	case !strings.HasPrefix(http.DetectContentType(p.Data), "image/"):
		return errors.New("Data: not a picture of a known format (PNG, JPEG, GIF, WebP)")
	}
	return nil
}
