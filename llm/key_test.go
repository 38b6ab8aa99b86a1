package llm_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
)

const testKey = llm.Key(llmtest.Key)

// printed is v in every way that Go prints things.
func printed(v any) string {
	var b bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&b, verb+"\n", v)
	}
	js, err := json.Marshal(v)
	fmt.Fprintf(&b, "%s %v\n", js, err)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "v", v)
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "v", v)
	return b.String()
}

func TestKey_neverShows(t *testing.T) {
	t.Parallel()
	cfg := llm.Config{BaseURL: "https://api.example.com/v1?sig=hunter2hunter2", Key: testKey, Header: http.Header{"Api-Key": {"hunter2hunter2"}}}
	c, err := llm.New(cfg)
	require.NoError(t, err)
	for name, v := range map[string]any{
		"key": testKey, "pointer to key": new(testKey), "config": cfg, "pointer to config": &cfg, "client": c,
		"in a struct": struct{ K llm.Key }{testKey}, "in a map": map[string]llm.Key{"k": testKey}, "in a list": []llm.Key{testKey},
		"error": &llm.Error{Op: "chat/completions", Message: "m"},
	} {
		out := printed(v)
		assert.NotContains(t, out, string(testKey), name)
		assert.NotContains(t, out, "0123456789", name)
		assert.NotContains(t, out, "hunter2", name)
		assert.NotContains(t, out, fmt.Sprintf("%x", string(testKey)), name)
	}
	assert.Equal(t, "sk-…def", testKey.String())
	assert.Equal(t, "[redacted]", llm.Key("short").String())
	assert.Empty(t, llm.Key("").String())
	assert.Equal(t, llmtest.Key, string(testKey))
}

// Nothing that is logged at any level holds a key or what was said.
func TestLogger(t *testing.T) {
	t.Parallel()
	srv := llmtest.NewServer()
	defer srv.Close()
	var log bytes.Buffer
	cfg := srv.Config()
	cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c, err := llm.New(cfg)
	require.NoError(t, err)
	srv.AnswerNext(llmtest.OpChat, 500, nil, `{"error":"your key is `+llmtest.Key+`"}`)
	srv.Misbehave(llmtest.Ping)
	_, err = drain(c.Stream(t.Context(), &llm.Request{Model: "gpt-4o", Messages: []llm.Message{llm.User("a secret matter")}}))
	require.NoError(t, err)
	assert.Contains(t, log.String(), "status=500")
	assert.Contains(t, log.String(), "may be repeated")
	assert.Contains(t, log.String(), "skipped an event")
	assert.NotContains(t, log.String(), llmtest.Key)
	assert.NotContains(t, log.String(), "secret matter")
}

func TestPart_doesNotPrintBytes(t *testing.T) {
	t.Parallel()
	m := llm.User("look", llm.Image([]byte(pixel)), llm.File("a.md", "content"))
	out := fmt.Sprintf("%v %+v", m, m)
	assert.Contains(t, out, "[image]")
	assert.Contains(t, out, "[file a.md]")
	assert.NotContains(t, out, "PNG")
	assert.NotContains(t, out, "137")
}
