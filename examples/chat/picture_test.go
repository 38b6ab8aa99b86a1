package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm/llmtest"
)

// A picture at a real provider is paid for: it is asked, and nothing but yes agrees.
func TestImageAsks(t *testing.T) {
	t.Parallel()
	for answer, made := range map[string]int{"yes": 1, "": 0, "y": 0, "Yes please": 0, "\x04": 0} {
		w := newWorld(t)
		got := w.typed([]string{"/image", "/image A red kite", answer}, "-out", w.dir)
		require.Equal(t, exitDone, got.code, got.screen)
		assert.Contains(t, got.screen, "/image needs words")
		assert.Contains(t, got.screen, "gpt-image-1 at 127.0.0.1")
		assert.Contains(t, got.screen, "costs money")
		assert.Equal(t, made, w.llm.ImagesMade(), "%q", answer)
		left, err := os.ReadDir(w.dir)
		require.NoError(t, err)
		assert.Len(t, left, made)
	}
	w := newWorld(t)
	got := w.run(Terminal{In: strings.NewReader("/image x\r\x03"), Interactive: true})
	assert.Equal(t, exitInterrupted, got.code)
	assert.Zero(t, w.llm.ImagesMade())
}

// Nothing is written over, and a picture can be attached as soon as it is there.
func TestImageIsSaved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.llm.OnImage(func(r llmtest.ImageRequest) llmtest.ImageAnswer {
		return llmtest.ImageAnswer{Data: picture(t), RevisedPrompt: "painted\x1b[31m"}
	})
	got := w.typed([]string{"/image A red: kite/../x", "/image A red: kite/../x"}, "-out", w.dir, "-yes")
	require.Equal(t, exitDone, got.code, got.screen)
	assert.NotContains(t, got.screen, "Type yes")
	assert.Contains(t, got.screen, "painted␛[31m")
	left, err := os.ReadDir(w.dir)
	require.NoError(t, err)
	require.Len(t, left, 2)
	for _, f := range left {
		assert.Regexp(t, `^a-red--kite----x-\d{8}-\d{6}(-1)?\.png$`, f.Name())
		assert.Contains(t, got.screen, w.path(f.Name()))
		data, err := os.ReadFile(w.path(f.Name()))
		require.NoError(t, err)
		assert.Equal(t, picture(t), data)
	}
}

func TestImageFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fail func(w *world)
		want string
		made int
	}{
		"lost":      {func(w *world) { w.llm.LoseNext("images") }, "the bill tells", 1},
		"no model":  {func(w *world) { w.env["LLM_IMAGE_MODEL"] = "" }, "set LLM_IMAGE_MODEL", 0},
		"no folder": {func(w *world) { require.NoError(w.t, os.Remove(w.dir)) }, "could not be saved", 1},
		"refused": {func(w *world) {
			w.llm.AnswerNext("images", 400, nil, `{"error":{"message":"no","code":"content_policy_violation"}}`)
		}, "word it differently", 0},
		"at a private address": {func(w *world) {
			w.llm.OnImage(func(llmtest.ImageRequest) llmtest.ImageAnswer {
				return llmtest.ImageAnswer{URL: "http://127.0.0.1:1/x.png"}
			})
		}, "→ its address lives for about an hour: http://127.0.0.1:1/x.png", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tt.fail(w)
			got := w.typed([]string{"/image x"}, "-out", w.dir, "-yes")
			require.Equal(t, exitDone, got.code, "the talk goes on")
			assert.Contains(t, got.screen, tt.want)
			assert.Equal(t, tt.made, w.llm.ImagesMade())
		})
	}
}

// The fake paints for nothing, and is reached for what it gave an address to.
func TestImageOfTheFake(t *testing.T) {
	t.Parallel()
	w := &world{t: t, dir: t.TempDir()}
	got := w.typed([]string{"/image x"}, "-out", w.dir)
	require.Equal(t, exitDone, got.code)
	assert.Contains(t, got.screen, "saved: "+w.dir)
	assert.NotContains(t, got.screen, "money")
}
