package wechat

import (
	"context"
	"fmt"
	"iter"

	"github.com/kitroll/kitroll/internal/pages"
)

// ListOptions is where a list begins and what it holds; nil = everything from the newest.
type ListOptions struct {
	Offset    int  // how many to leave out at the beginning
	NoContent bool // drafts and published items: without the HTML of the articles
}

const pageSize = 20 // the platform's largest

// list pages through one of the batchget calls. total_count may exceed what the pages give, so an empty page is the end
// as well; it may also grow meanwhile, which is why it is read anew with every page.
func list[T, J any](ctx context.Context, c *Client, op string, opts *ListOptions, request func(offset int) any, convert func(J) T) iter.Seq2[T, error] {
	start := 0
	if opts != nil {
		start = opts.Offset
	}
	if start < 0 {
		return failed[T](invalid(op, []error{fmt.Errorf("ListOptions.Offset: %d is negative", start)}))
	}
	return pages.All(ctx, start, func(ctx context.Context, offset int) (pages.Page[T, int], error) {
		var out struct {
			Total number `json:"total_count"`
			Items []J    `json:"item"`
		}
		if err := c.post(ctx, call{op: op}, request(offset), &out); err != nil {
			return pages.Page[T, int]{}, err
		}
		page := pages.Page[T, int]{Next: offset + len(out.Items)}
		page.More = len(out.Items) > 0 && int64(page.Next) < int64(out.Total)
		for _, i := range out.Items {
			page.Items = append(page.Items, convert(i))
		}
		return page, nil
	})
}

func failed[T any](err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) { yield(*new(T), err) }
}
