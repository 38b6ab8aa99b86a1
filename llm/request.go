package llm

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
)

// Request is a chat completion to ask for. It is read before [Client.Stream] and [Client.Chat] return or send anything,
// and never changed.
type Request struct {
	Model       string    // required
	Messages    []Message // required
	Temperature *float64  // 0 to 2; nil = the provider's default
	TopP        *float64  // 0 to 1; nil = the provider's default
	MaxTokens   int       // of the answer; 0 = the provider's default
	Stop        []string  // texts that end the answer; most providers take up to 4
	Seed        *int      // for answers that can be had again; best effort
	N           int       // how many answers; 0 = 1. Events then carry Choice
	User        string    // the end user, for the provider's abuse watch; optional
	// Extra goes into the body last and replaces what is there: a provider's own fields, such as {"enable_thinking":
	// true}. A nil value takes a field out: {"stream_options": nil} for servers that refuse it.
	Extra map[string]any
}

type wireRequest struct {
	Model               string             `json:"model"`
	Messages            []wireMessage      `json:"messages"`
	Temperature         *float64           `json:"temperature,omitempty"`
	TopP                *float64           `json:"top_p,omitempty"`
	MaxTokens           int                `json:"max_tokens,omitempty"`
	MaxCompletionTokens int                `json:"max_completion_tokens,omitempty"`
	Stop                []string           `json:"stop,omitempty"`
	Seed                *int               `json:"seed,omitempty"`
	N                   int                `json:"n,omitempty"`
	User                string             `json:"user,omitempty"`
	Stream              bool               `json:"stream"`
	StreamOptions       *wireStreamOptions `json:"stream_options,omitempty"`
}

type wireStreamOptions struct {
	IncludeUsage bool `json:"include_usage"`
}

// body checks r and encodes it.
func (c *Client) body(r *Request, stream bool) ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, &Error{Op: opChat, Message: "request: " + err.Error(), Kind: ErrInvalid, Err: err}
	}
	w := wireRequest{
		Model: r.Model, Temperature: r.Temperature, TopP: r.TopP, Stop: r.Stop, Seed: r.Seed, N: r.N, User: r.User, Stream: stream,
		Messages: make([]wireMessage, 0, len(r.Messages)),
	}
	for _, m := range r.Messages {
		w.Messages = append(w.Messages, m.wire(c.cfg.Attachments))
	}
	if c.base.Hostname() == "api.openai.com" {
		w.MaxCompletionTokens = r.MaxTokens // max_tokens is deprecated there and refused by reasoning models
	} else {
		w.MaxTokens = r.MaxTokens
	}
	if stream {
		w.StreamOptions = &wireStreamOptions{IncludeUsage: true}
	}
	data, err := mergeExtra(w, r.Extra)
	if err != nil {
		return nil, &Error{Op: opChat, Message: err.Error(), Kind: ErrInvalid, Err: err}
	}
	return data, nil
}

// mergeExtra encodes body, with the members of extra in place of its own.
func mergeExtra(body any, extra map[string]any) ([]byte, error) {
	data, err := json.Marshal(body)
	if err != nil || len(extra) == 0 {
		return data, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, err
	}
	for name, v := range extra {
		if v == nil {
			delete(members, name)
			continue
		}
		raw, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("Extra[%q]: %w", name, err)
		}
		members[name] = raw
	}
	return json.Marshal(members)
}

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
	errs = append(errs, inRange("Temperature", r.Temperature, 2), inRange("TopP", r.TopP, 1))
	if r.MaxTokens < 0 {
		errs = append(errs, fmt.Errorf("MaxTokens: %d is negative", r.MaxTokens))
	}
	if r.N < 0 || r.N > 128 {
		errs = append(errs, fmt.Errorf("N: %d is outside 0 to 128", r.N))
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

func (m Message) check() error {
	if m.Role == "" {
		return errors.New("Role: missing")
	}
	empty := true
	for i, p := range m.Parts {
		switch p.Kind {
		case PartText:
			empty = empty && p.Text == ""
		case PartFile:
			empty = empty && p.Text == ""
		case PartImage:
			empty = false
			if err := p.checkImage(); err != nil {
				return fmt.Errorf("Parts[%d]: %w", i, err)
			}
		default:
			return fmt.Errorf("Parts[%d]: there is no kind %d", i, p.Kind)
		}
	}
	if empty && m.Role == RoleUser {
		return errors.New("Parts: there is no text, picture or file")
	}
	return nil
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
