package vultr_test

import (
	"fmt"
	"io/fs"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/pages"
	"github.com/kitroll/kitroll/vultr"
	"github.com/kitroll/kitroll/vultr/vultrtest"
)

func TestListOverManyPages(t *testing.T) {
	t.Parallel()
	bubble(t, vultrtest.Options{}, func(w world) {
		t, srv, c := w.t, w.srv, w.c
		const many = 105
		for i := range many {
			_, err := c.Block().Create(t.Context(), vultr.BlockSpec{Region: "ewr", SizeGB: 10 + i}, nil)
			require.NoError(t, err)
		}
		list := c.Block().List(t.Context(), &vultr.ListOptions{PerPage: 10})
		for range 2 { // a second range begins anew
			n := 0
			for b, err := range list {
				require.NoError(t, err)
				assert.Equal(t, 10+n, b.SizeGB)
				n++
			}
			assert.Equal(t, many, n)
		}
		assert.Equal(t, 22, srv.Calls(vultrtest.ListBlocks))
		for _, err := range list {
			require.NoError(t, err)
			break
		}
		assert.Equal(t, 23, srv.Calls(vultrtest.ListBlocks), "no page before it is needed")
		for _, err := range c.Block().List(t.Context(), nil) {
			require.NoError(t, err)
			break
		}
		assert.Equal(t, 24, srv.Calls(vultrtest.ListBlocks))
	})
}

// Trap 29: a cursor that repeats ends in an error, not in a loop.
func TestCursorThatRepeats(t *testing.T) {
	t.Parallel()
	srv, c := open(t, vultrtest.Options{RepeatCursor: true})
	ctx := t.Context()
	lists := map[string]func() error{
		"blocks":   func() error { return last(c.Block().List(ctx, nil)) },
		"objects":  func() error { return last(c.Object().List(ctx, nil)) },
		"vfs":      func() error { return last(c.VFS().List(ctx, nil)) },
		"gateways": func() error { return last(c.Gateway().List(ctx, nil)) },
		"clusters": func() error { return last(c.Object().Clusters(ctx, nil)) },
		"ensure":   func() error { _, err := c.Block().Ensure(ctx, volume(), nil); return err },
	}
	for name, list := range lists {
		err := list()
		require.ErrorIs(t, err, pages.ErrLoop, name)
		assert.NotEmpty(t, asError(t, err).Op)
	}
	assert.Zero(t, srv.Bought(vultr.KindBlock))
}

func last[T any](seq func(func(T, error) bool)) (err error) {
	n := 0
	for _, err = range seq {
		if n++; n > 100 {
			return nil
		}
	}
	return err
}

func TestListFailsOnceAndLast(t *testing.T) {
	t.Parallel()
	srv, c := open(t, vultrtest.Options{})
	for range 3 {
		_, err := c.Block().Create(t.Context(), volume(), nil)
		require.NoError(t, err)
	}
	list := c.Block().List(t.Context(), &vultr.ListOptions{PerPage: 2})
	srv.FailNext("none", 500, "")
	n, errs := 0, 0
	for _, err := range list {
		if n++; err != nil {
			errs++
		}
		if n == 2 {
			srv.FailNext(vultrtest.ListBlocks, 400, "no more")
		}
	}
	assert.Equal(t, 3, n)
	assert.Equal(t, 1, errs)
	for _, per := range []int{-1, 501} {
		require.ErrorIs(t, last(c.Block().List(t.Context(), &vultr.ListOptions{PerPage: per})), vultr.ErrInput)
	}
}

// Trap 30: 404 right after a create is waited out; 404 after a delete is success.
func TestThereIsNoSuchThingYetOrAnyMore(t *testing.T) {
	t.Parallel()
	bubble(t, vultrtest.Options{Lag: 25 * time.Second, ActiveAfter: 40 * time.Second}, func(w world) {
		t, srv, c := w.t, w.srv, w.c
		began := time.Now()
		b, err := c.Block().Create(t.Context(), volume(), nil)
		require.NoError(t, err)
		_, err = c.Block().Get(t.Context(), b.ID)
		require.ErrorIs(t, err, fs.ErrNotExist)
		var seen []vultr.Status
		b, err = c.Block().Wait(t.Context(), b.ID, &vultr.WaitOptions{Progress: func(p vultr.Progress) {
			if len(seen) == 0 || seen[len(seen)-1] != p.Status {
				seen = append(seen, p.Status)
			}
			assert.Equal(t, int(p.Elapsed/(3*time.Second))+1, p.Looks)
		}})
		require.NoError(t, err)
		assert.Equal(t, vultr.Active, b.Status)
		assert.Equal(t, []vultr.Status{"", vultr.Pending, vultr.Active}, seen)
		assert.Equal(t, 42*time.Second, time.Since(began).Round(time.Second))

		require.NoError(t, c.Block().Delete(t.Context(), b.ID, nil))
		require.NoError(t, c.Block().Delete(t.Context(), b.ID, nil), "404 after a delete is success")
		assert.Empty(t, srv.Blocks())

		began = time.Now()
		_, err = c.Block().Wait(t.Context(), b.ID, nil)
		require.ErrorIs(t, err, fs.ErrNotExist)
		assert.Equal(t, 60*time.Second, time.Since(began), "not for ever")
		_, err = c.Block().Wait(t.Context(), b.ID, &vultr.WaitOptions{Grace: -1})
		require.ErrorIs(t, err, fs.ErrNotExist)
		assert.Equal(t, 60*time.Second, time.Since(began))
	})
}

func TestWaitEndsOnAStatusThatStays(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"failed", "ERROR", "suspended"} {
		c := mocked(t, func(*http.Request) (*http.Response, error) {
			return answer(200, "application/json", fmt.Sprintf(`{"block":{"id":"x","status":%q}}`, status)), nil
		})
		_, err := c.Block().Wait(t.Context(), "x", nil)
		require.ErrorIs(t, err, vultr.ErrFailed)
		require.ErrorContains(t, err, status)
	}
}
