// Package pages turns a paged list call into an iterator.
package pages

import (
	"context"
	"errors"
	"iter"
)

// ErrLoop reports a platform that gave the same cursor twice: going on would never end.
var ErrLoop = errors.New("the platform repeats its page cursor")

// Page is one answer of a list call.
type Page[T any, C comparable] struct {
	Items []T
	Next  C    // where the next page begins
	More  bool // whether there is one
}

// All ranges over the items of all pages, beginning with the page at start. Every range over the sequence begins anew.
// An error is yielded once, last, with the zero item. No goroutine runs, and no page is asked for before it is needed.
func All[T any, C comparable](ctx context.Context, start C, fetch func(context.Context, C) (Page[T, C], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		seen := map[C]bool{start: true}
		for cursor := start; ; {
			page, err := fetch(ctx, cursor)
			if err != nil {
				yield(zero, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			if !page.More {
				return
			}
			if seen[page.Next] {
				yield(zero, ErrLoop)
				return
			}
			seen[page.Next] = true
			cursor = page.Next
		}
	}
}
