package main

import (
	"context"
	"iter"

	"github.com/kitroll/kitroll/llm/llmtest"
)

// ModelNames lists the models that the provider offers.
func (p *Platform) ModelNames(context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, name := range llmtest.DefaultModels() {
			if !yield(name, nil) {
				return
			}
		}
	}
}
