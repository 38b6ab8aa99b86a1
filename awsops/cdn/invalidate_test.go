package cdn_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/cdn"
	"github.com/kitroll/kitroll/awsops/cdntest"
)

// The same ref is the same invalidation: after a crash it is repeated, and other paths are refused.
func TestInvalidateIsOneForARef(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cdntest.Options{})
	id := w.Add(byHand(origin, cdn.HTTPOnly, false))
	for _, spoil := range []func(){func() {}, func() { w.LoseNext("CreateInvalidation") }, func() { w.DropNext("CreateInvalidation") }} {
		spoil()
		i, err := w.c.Invalidate(t.Context(), id, "release 7", "/b.css", "/a/*", "/b.css")
		require.NoError(t, err)
		assert.Equal(t, []string{"/a/*", "/b.css"}, i.Paths)
		assert.Equal(t, "InProgress", i.Status)
	}
	assert.Equal(t, 1, w.Invalidations(id))
	_, err := w.c.Invalidate(t.Context(), id, "release 7", "/c.css")
	require.ErrorIs(t, err, awsops.ErrConflict)
	require.ErrorContains(t, err, "use a new one")

	i, err := w.c.Invalidate(t.Context(), id, "release 7", "/a/*", "/b.css")
	require.NoError(t, err)
	i, err = w.c.Invalidation(t.Context(), id, i.ID) // after a restart
	require.NoError(t, err)
	assert.False(t, i.Done())
	looks := 0
	require.NoError(t, i.Wait(t.Context(), &cdn.WaitOptions{Progress: func(awsops.Event) { looks++ }}))
	assert.Greater(t, looks, 3)
	i, err = w.c.Invalidation(t.Context(), id, i.ID)
	require.NoError(t, err)
	assert.True(t, i.Done())
	_, err = w.c.Invalidation(t.Context(), id, "INONE")
	require.ErrorIs(t, err, awsops.ErrGone)
	_, err = w.c.Invalidate(t.Context(), "ENONE", "x", "/")
	require.ErrorIs(t, err, awsops.ErrGone)
}

func TestInvalidateChecksPaths(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cdntest.Options{})
	id := w.Add(byHand(origin, cdn.HTTPOnly, false))
	many := func(n int, format string) (out []string) {
		for i := range n {
			out = append(out, fmt.Sprintf(format, i))
		}
		return out
	}
	for name, tt := range map[string]struct {
		ref   string
		paths []string
		want  string
	}{
		"no path":            {ref: "r", want: "no path"},
		"no ref":             {paths: []string{"/"}, want: "ref"},
		"a long ref":         {ref: strings.Repeat("r", 129), paths: []string{"/"}, want: "ref"},
		"no slash":           {ref: "r", paths: []string{"index.html"}, want: "does not begin with /"},
		"* in the middle":    {ref: "r", paths: []string{"/*.jpg"}, want: "* stands at the end only"},
		"two stars":          {ref: "r", paths: []string{"/a**"}, want: "* stands at the end only"},
		"a blank":            {ref: "r", paths: []string{"/a b"}, want: "has to be written as %XX"},
		"another script":     {ref: "r", paths: []string{"/zoë"}, want: "has to be written as %XX"},
		"too long":           {ref: "r", paths: []string{"/" + strings.Repeat("a", 4000)}, want: "4,000"},
		"too many":           {ref: "r", paths: many(3001, "/%d"), want: "3001 paths"},
		"too many with *":    {ref: "r", paths: many(16, "/%d/*"), want: "16 paths with *"},
		"everything at once": {paths: []string{"x", "/*/", "/\n"}, want: "ref"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := w.c.Invalidate(t.Context(), id, tt.ref, tt.paths...)
			require.ErrorIs(t, err, awsops.ErrInvalid)
			require.ErrorContains(t, err, tt.want)
		})
	}
	assert.Zero(t, w.Calls("CreateInvalidation"))
	_, err := w.c.Invalidate(t.Context(), id, "", "x", "/*/", "/\n")
	for _, want := range []string{"ref", `"x"`, `"/*/"`, `"/\n"`} {
		assert.ErrorContains(t, err, want, "all problems at once")
	}
	_, err = w.c.Invalidate(t.Context(), id, "r", "/", "/*", "/a?x=1&y=%20", "/~user/it's.html")
	require.NoError(t, err)
}

func TestTooManyInvalidations(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cdntest.Options{InvalidateTime: time.Minute})
	id := w.Add(byHand(origin, cdn.HTTPOnly, false))
	var paths []string
	for i := range cdn.MaxPaths {
		paths = append(paths, fmt.Sprintf("/%d", i))
	}
	_, err := w.c.Invalidate(t.Context(), id, "all", paths...)
	require.NoError(t, err)
	calls := w.Calls("CreateInvalidation")
	_, err = w.c.Invalidate(t.Context(), id, "more", "/x")
	require.ErrorIs(t, err, awsops.ErrQuota)
	require.ErrorContains(t, err, "TooManyInvalidationsInProgress")
	assert.Equal(t, calls+1, w.Calls("CreateInvalidation"), "a quota is not waited for")
	w.Clock.Advance(time.Minute)
	_, err = w.c.Invalidate(t.Context(), id, "more", "/x")
	require.NoError(t, err)

	slices.Reverse(paths)
	again, err := w.c.Invalidate(t.Context(), id, "all", paths...)
	require.NoError(t, err, "another order is the same batch")
	assert.Equal(t, "all", again.Ref)
}
