package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/kitroll/kitroll/llm"
)

// Platform is the provider of this run: a real one, or the fake.
type Platform struct {
	*llm.Client
	Name              string // the host, or that it is a fake
	Model, ImageModel string
	Fake              bool
	Downloads         *llm.FetchOptions // nil = public addresses only
	Close             func()
}

// openPlatform connects to the provider that the environment names, or to the fake if it names none. Some of the
// variables only are an error: a forgotten one must not turn a real chat into one with a fake.
func openPlatform(f *flags, getenv func(string) string) (*Platform, error) {
	get := func(name string) string { return strings.TrimSpace(getenv(name)) }
	base, model := get("LLM_BASE_URL"), cmp.Or(f.model, get("LLM_MODEL"))
	var set []string
	for _, name := range []string{"LLM_BASE_URL", "LLM_MODEL", "LLM_KEY", "LLM_IMAGE_MODEL"} {
		if get(name) != "" {
			set = append(set, name)
		}
	}
	if len(set) == 0 {
		return openFake(f)
	}
	var errs []error
	if base == "" {
		errs = append(errs, errors.New("LLM_BASE_URL is missing"))
	}
	if model == "" {
		errs = append(errs, errors.New("LLM_MODEL is missing, and there is no -model"))
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("the environment has %s: %w: set LLM_BASE_URL and LLM_MODEL for a real model, or no variable for the fake",
			strings.Join(set, ", "), errors.Join(errs...))
	}
	client, err := llm.New(llm.Config{BaseURL: base, Key: llm.Key(get("LLM_KEY"))})
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(base)
	if err != nil { // llm.New has read it before
		return nil, errors.New("LLM_BASE_URL is not a URL")
	}
	return &Platform{Client: client, Name: u.Host, Model: model, ImageModel: get("LLM_IMAGE_MODEL"), Close: func() {}}, nil
}
