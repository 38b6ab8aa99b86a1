package article_test

import (
	"context"
	"errors"
	"fmt"
	"image/color"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/article"
)

// some are n different pictures, as Fit leaves them.
func some(tb testing.TB, n int) []article.Picture {
	tb.Helper()
	out := make([]article.Picture, n)
	for i := range out {
		p, err := article.Fit(article.NewPicture(fmt.Sprintf("%d.png", i), "", pngOf(tb, flat(4, 4, color.NRGBA{uint8(i), 9, 9, 255}))))
		require.NoError(tb, err)
		out[i] = p
	}
	return out
}

// Twenty pictures, four at a time, take five latencies and no more than a tenth above.
func TestUploadTime(t *testing.T) {
	t.Parallel()
	pictures := some(t, 20)
	synctest.Test(t, func(t *testing.T) {
		to := &recorder{delay: time.Second}
		begin := time.Now()
		var seen []int
		got, err := article.Upload(t.Context(), to, pictures, article.UploadOptions{Progress: func(done, total int) {
			assert.Equal(t, 20, total)
			seen = append(seen, done) // no lock: -race proves whose goroutine this is
		}})
		require.NoError(t, err)
		assert.Len(t, got, 20)
		assert.LessOrEqual(t, time.Since(begin), 5*time.Second+500*time.Millisecond)
		assert.EqualValues(t, 4, to.mostAtOne.Load())
		assert.Len(t, seen, 20)
		assert.Equal(t, 20, seen[19])
	})
	synctest.Test(t, func(t *testing.T) {
		to := &recorder{delay: time.Second}
		begin := time.Now()
		_, err := article.Upload(t.Context(), to, pictures, article.UploadOptions{Concurrency: 1})
		require.NoError(t, err)
		assert.Equal(t, 20*time.Second, time.Since(begin))
	})
}

func TestUploadOnce(t *testing.T) {
	t.Parallel()
	pictures := some(t, 3)
	twin := pictures[0]
	twin.Ref = "twin.png"
	anim, err := article.Fit(article.NewPicture("anim.gif", "", gifOf(t, 8, 8, 2)))
	require.NoError(t, err)
	pictures = append(pictures, twin, anim)
	to, cache := &recorder{}, article.MemoryCache()

	first, err := article.Upload(t.Context(), to, pictures, article.UploadOptions{Cache: cache})
	require.NoError(t, err)
	assert.Len(t, first, 5)
	assert.Len(t, to.names, 4, "the same content goes once")
	assert.Equal(t, first["0.png"], first["twin.png"])
	for _, url := range first {
		assert.True(t, strings.HasPrefix(url, "https://mmbiz.qpic.cn/"), url)
	}
	assert.Contains(t, to.names, anim.SHA256[:16]+".gif")
	for ref, key := range map[string]string{"0.png": pictures[0].SHA256, "anim.gif": anim.SHA256 + ".gif"} {
		value, ok, err := cache.Get(t.Context(), key)
		require.NoError(t, err)
		assert.True(t, ok, "the keys are documented: caches outlive a release")
		assert.Equal(t, strings.TrimPrefix(first[ref], "https:"), strings.TrimPrefix(value, "http:"))
	}

	total := 0
	second, err := article.Upload(t.Context(), to, pictures, article.UploadOptions{Cache: cache, Progress: func(_, n int) { total = n }})
	require.NoError(t, err)
	assert.Equal(t, first, second)
	assert.Len(t, to.names, 4, "and never again")
	assert.Equal(t, 4, total)
}

func TestUploadFails(t *testing.T) {
	t.Parallel()
	pictures := some(t, 10)
	refused := errors.New("40137")
	cache := article.MemoryCache()
	to := &recorder{fail: func(name string) error {
		if name == pictures[2].Name {
			return refused
		}
		return nil
	}}
	got, err := article.Upload(t.Context(), to, pictures, article.UploadOptions{Cache: cache, Concurrency: 1})
	require.ErrorIs(t, err, refused)
	require.ErrorContains(t, err, "2.png")
	require.ErrorContains(t, err, "7 pictures were not tried")
	assert.Len(t, got, 2, "what succeeded is kept")
	assert.Contains(t, got, "0.png")

	to.fail = nil
	got, err = article.Upload(t.Context(), to, pictures, article.UploadOptions{Cache: cache})
	require.NoError(t, err)
	assert.Len(t, got, 10)
	assert.Len(t, to.names, 10, "the second call goes on where the first one stopped")
}

func TestUploadRefusesBeforeSending(t *testing.T) {
	t.Parallel()
	to := &recorder{}
	good := some(t, 1)[0]
	webp := article.NewPicture("a.webp", "", read(t, "testdata/tiny.webp"))
	large := article.NewPicture("large.png", "", append(pngOf(t, noise(4, 4, false)), make([]byte, 1<<20)...))
	_, err := article.Upload(t.Context(), to, []article.Picture{good, webp, large}, article.UploadOptions{})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.ErrorIs(t, err, article.ErrTooLarge)
	require.ErrorContains(t, err, "use Fit first")
	_, err = article.Upload(t.Context(), to, []article.Picture{good}, article.UploadOptions{Concurrency: -1})
	require.ErrorContains(t, err, "Concurrency")
	assert.Empty(t, to.names)

	edge := pngOf(t, noise(4, 4, false))
	for size, want := range map[int]error{1<<20 - 1: nil, 1 << 20: article.ErrTooLarge} {
		_, err = article.Upload(t.Context(), &recorder{}, []article.Picture{article.NewPicture("edge.png", "", padded(edge, size))}, article.UploadOptions{})
		require.ErrorIs(t, err, want)
	}

	to.answer = "evil.com"
	_, err = article.Upload(t.Context(), to, []article.Picture{good}, article.UploadOptions{})
	require.ErrorIs(t, err, article.ErrNotUploaded)
}

func TestUploadStops(t *testing.T) {
	t.Parallel()
	pictures := some(t, 10)
	synctest.Test(t, func(t *testing.T) {
		stop := errors.New("operator said stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		to := &recorder{delay: time.Second}
		time.AfterFunc(1500*time.Millisecond, func() { cancel(stop) })
		begin := time.Now()
		got, err := article.Upload(ctx, to, pictures, article.UploadOptions{})
		require.ErrorIs(t, err, stop)
		assert.Len(t, got, 4)
		assert.Equal(t, 1500*time.Millisecond, time.Since(begin))
		_, err = article.Upload(ctx, to, pictures, article.UploadOptions{})
		require.ErrorIs(t, err, stop)
		assert.Len(t, to.names, 4)
	})
}

// liveCache refuses to work for a context that has ended, as a database does.
type liveCache struct{ article.Cache }

func (c liveCache) Put(ctx context.Context, key, value string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return c.Cache.Put(ctx, key, value)
}

// A picture that arrived just before the end is remembered: it would be uploaded twice otherwise.
func TestUploadRemembersTheLast(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	to := &recorder{fail: func(string) error { cancel(); return nil }}
	cache := liveCache{article.MemoryCache()}
	pictures := some(t, 1)
	got, err := article.Upload(ctx, to, pictures, article.UploadOptions{Cache: cache})
	require.NoError(t, err)
	assert.Len(t, got, 1)
	_, ok, err := cache.Get(t.Context(), pictures[0].SHA256)
	require.NoError(t, err)
	assert.True(t, ok)
}

// brokenCache fails on demand.
type brokenCache struct {
	article.Cache

	get, put error
}

func (c brokenCache) Get(ctx context.Context, key string) (value string, ok bool, err error) {
	if c.get != nil {
		return "", false, c.get
	}
	return c.Cache.Get(ctx, key)
}

func (c brokenCache) Put(ctx context.Context, key, value string) error {
	if c.put != nil {
		return c.put
	}
	return c.Cache.Put(ctx, key, value)
}

func TestUploadCacheErrors(t *testing.T) {
	t.Parallel()
	down := errors.New("database down")
	pictures := some(t, 1)
	to := &recorder{}
	_, err := article.Upload(t.Context(), to, pictures, article.UploadOptions{Cache: brokenCache{Cache: article.MemoryCache(), get: down}})
	require.ErrorIs(t, err, down)
	assert.Empty(t, to.names, "a cache that is down is no reason to upload everything again")

	got, err := article.Upload(t.Context(), to, pictures, article.UploadOptions{Cache: brokenCache{Cache: article.MemoryCache(), put: down}})
	require.ErrorIs(t, err, down)
	require.ErrorContains(t, err, "uploaded, but")
	assert.Len(t, got, 1)

	stale := article.MemoryCache()
	require.NoError(t, stale.Put(t.Context(), pictures[0].SHA256, "https://old.example.com/x"))
	got, err = article.Upload(t.Context(), to, pictures, article.UploadOptions{Cache: stale})
	require.NoError(t, err)
	assert.Contains(t, got["0.png"], "mmbiz.qpic.cn")
}

// lossy loses the answer of every material upload.
type lossy struct {
	*recorder

	library []wechat.MaterialItem
	listErr error
}

func (l *lossy) UploadMaterial(context.Context, wechat.MaterialType, wechat.File, *wechat.MaterialOptions) (wechat.Material, error) {
	return wechat.Material{}, fmt.Errorf("lost: %w", wechat.ErrUnknownOutcome)
}

func (l *lossy) Materials(context.Context, wechat.MaterialType, *wechat.ListOptions) iter.Seq2[wechat.MaterialItem, error] {
	return func(yield func(wechat.MaterialItem, error) bool) {
		for _, item := range l.library {
			if !yield(item, nil) {
				return
			}
		}
		if l.listErr != nil {
			yield(wechat.MaterialItem{}, l.listErr)
		}
	}
}

func TestUploadFindsWhatWasLost(t *testing.T) {
	t.Parallel()
	anim, err := article.Fit(article.NewPicture("anim.gif", "", gifOf(t, 8, 8, 2)))
	require.NoError(t, err)
	to := &lossy{recorder: &recorder{}, library: []wechat.MaterialItem{
		{ID: "other", Name: "other.gif", URL: "https://mmbiz.qpic.cn/other/0"},
		{ID: "mine", Name: anim.Name, URL: "https://mmbiz.qpic.cn/mine/0"},
	}}
	got, err := article.Upload(t.Context(), to, []article.Picture{anim}, article.UploadOptions{})
	require.NoError(t, err)
	assert.Equal(t, "https://mmbiz.qpic.cn/mine/0", got["anim.gif"])

	to.library = to.library[:1]
	_, err = article.Upload(t.Context(), to, []article.Picture{anim}, article.UploadOptions{})
	require.ErrorIs(t, err, wechat.ErrUnknownOutcome, "not found is no proof either")

	to.listErr = errors.New("list failed")
	_, err = article.Upload(t.Context(), to, []article.Picture{anim}, article.UploadOptions{})
	require.ErrorIs(t, err, wechat.ErrUnknownOutcome)
	require.ErrorIs(t, err, to.listErr)
}
