package pages_test

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/pages"
)

var errList = errors.New("no list today")

type page = pages.Page[int, string]

// book is a list call and what it was asked.
type book struct {
	pages map[string]page
	asked []string
	fails string // the cursor that fails
}

func (b *book) fetch(_ context.Context, cursor string) (page, error) {
	b.asked = append(b.asked, cursor)
	if cursor == b.fails {
		return page{Items: []int{99}}, errList
	}
	return b.pages[cursor], nil
}

func collect(seq iter.Seq2[int, error]) (items []int, errs []error) {
	for item, err := range seq {
		if err != nil {
			errs = append(errs, err)
		}
		items = append(items, item)
	}
	return items, errs
}

func TestAll(t *testing.T) {
	t.Parallel()
	three := map[string]page{
		"":  {Items: []int{1, 2}, Next: "b", More: true},
		"b": {Items: []int{3}, Next: "c", More: true},
		"c": {Items: []int{4}, Next: "left over"},
	}
	for name, tt := range map[string]struct {
		pages map[string]page
		fails string
		start string
		want  []int
		asked []string
		err   error
	}{
		"three pages":    {pages: three, fails: "-", want: []int{1, 2, 3, 4}, asked: []string{"", "b", "c"}},
		"from the midst": {pages: three, fails: "-", start: "b", want: []int{3, 4}, asked: []string{"b", "c"}},
		"nothing":        {pages: map[string]page{"": {}}, fails: "-", asked: []string{""}},
		"empty page": {
			pages: map[string]page{"": {Next: "b", More: true}, "b": {Items: []int{3}}},
			fails: "-", want: []int{3}, asked: []string{"", "b"},
		},
		"empty cursor, more": {
			pages: map[string]page{"a": {Items: []int{1}, Next: "", More: true}, "": {Items: []int{2}}},
			fails: "-", start: "a", want: []int{1, 2}, asked: []string{"a", ""},
		},
		"first fails":  {pages: three, fails: "", want: []int{0}, asked: []string{""}, err: errList},
		"second fails": {pages: three, fails: "b", want: []int{1, 2, 0}, asked: []string{"", "b"}, err: errList},
		"same cursor again": {
			pages: map[string]page{"": {Items: []int{1}, Next: "", More: true}},
			fails: "-", want: []int{1, 0}, asked: []string{""}, err: pages.ErrLoop,
		},
		"in circles": {
			pages: map[string]page{"": {Next: "b", More: true}, "b": {Next: "c", More: true}, "c": {Items: []int{1}, Next: "b", More: true}},
			fails: "-", want: []int{1, 0}, asked: []string{"", "b", "c"}, err: pages.ErrLoop,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &book{pages: tt.pages, fails: tt.fails}
			seq := pages.All(t.Context(), tt.start, b.fetch)
			assert.Empty(t, b.asked, "nothing is asked for before the first range")
			for range 2 { // every range begins anew
				b.asked = nil
				items, errs := collect(seq)
				assert.Equal(t, tt.want, items)
				assert.Equal(t, tt.asked, b.asked)
				if tt.err == nil {
					assert.Empty(t, errs)
					continue
				}
				require.Len(t, errs, 1, "once")
				assert.Equal(t, tt.err, errs[0])
			}
		})
	}
}

func TestAllAsksForNoPageBeforeItIsNeeded(t *testing.T) {
	t.Parallel()
	b := &book{fails: "-", pages: map[string]page{
		"":  {Items: []int{1, 2}, Next: "b", More: true},
		"b": {Items: []int{3}},
	}}
	seq := pages.All(t.Context(), "", b.fetch)
	for item, err := range seq {
		require.NoError(t, err)
		if item == 2 {
			break
		}
	}
	assert.Equal(t, []string{""}, b.asked)
	items, _ := collect(seq)
	assert.Equal(t, []int{1, 2, 3}, items, "a range after a break begins anew")
}

func TestAllPassesItsContext(t *testing.T) {
	t.Parallel()
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "v")
	asked := 0
	for _, err := range pages.All(ctx, 0, func(ctx context.Context, _ int) (pages.Page[int, int], error) {
		asked++
		assert.Equal(t, "v", ctx.Value(key{}))
		return pages.Page[int, int]{}, nil
	}) {
		require.NoError(t, err)
	}
	assert.Equal(t, 1, asked)
}

func TestBreakAtAnError(t *testing.T) {
	t.Parallel()
	b := &book{fails: ""}
	for _, err := range pages.All(t.Context(), "", b.fetch) {
		require.ErrorIs(t, err, errList)
		break
	}
	assert.Len(t, b.asked, 1)
}
