package llmtest_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
)

// A conversation, a broken answer and an error are recorded, and can be had again without the server.
func TestRecorder(t *testing.T) {
	t.Parallel()
	srv := llmtest.NewServer()
	defer srv.Close()
	cfg := srv.Config()
	rec := llmtest.NewRecorder(cfg.HTTPClient.Transport)
	cfg.HTTPClient = &http.Client{Transport: rec}
	cfg.Retry.Max = new(0)

	type said struct {
		text, err string
	}
	talk := func(cfg llm.Config) (out []said) {
		c, err := llm.New(cfg)
		require.NoError(t, err)
		for _, model := range []string{"gpt-4o", "gpt-4o", "gpt-4o", "none"} {
			s := c.Stream(t.Context(), &llm.Request{Model: model, Messages: []llm.Message{llm.User("你好 " + llmtest.Key)}})
			var o said
			for text, err := range s.Text() {
				o.text += text
				if err != nil {
					o.err = err.Error()
				}
			}
			out = append(out, o)
		}
		return out
	}
	srv.OnChat(func(r llmtest.ChatRequest) llmtest.Answer {
		return llmtest.Answer{Text: r.Messages[0].Text, Runes: 100}
	})
	srv.Misbehave("", llmtest.CutMidLine, llmtest.EchoKey)
	first := talk(cfg)
	require.Empty(t, first[0].err)
	require.Contains(t, first[1].err, "cut off")
	require.Contains(t, first[2].err, "Incorrect API key")
	require.Contains(t, first[3].err, "does not exist")

	path := filepath.Join(t.TempDir(), "talk.json")
	require.NoError(t, rec.Save(path))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotContains(t, string(data), llmtest.Key)

	replay, err := llmtest.OpenReplay(path)
	require.NoError(t, err)
	require.Equal(t, 4, replay.Left())
	cfg.HTTPClient = &http.Client{Transport: replay}
	again := talk(cfg)
	require.Equal(t, "你好 [key]", again[0].text)
	for i := range first {
		require.Equal(t, first[i].err == "", again[i].err == "", again[i].err)
	}
	require.Contains(t, again[1].err, "cut off")
	require.Zero(t, replay.Left())

	c, err := llm.New(cfg)
	require.NoError(t, err)
	_, err = c.Chat(t.Context(), &llm.Request{Model: "gpt-4o", Messages: []llm.Message{llm.User("another")}})
	require.ErrorContains(t, err, "was not recorded: no exchange is left")
	_, err = llmtest.OpenReplay(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
