package llmtest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
)

// post sends a body as it is: package llm would not let most of these out.
func post(t *testing.T, srv *llmtest.Server, key, path, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://llm.localhost/v1"+path, bytes.NewReader([]byte(body)))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := srv.Client().Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(data)
}

func TestServer_isStrict(t *testing.T) {
	t.Parallel()
	const chat, images = "/chat/completions", "/images/generations"
	for name, tt := range map[string]struct {
		path, body string
		status     int
		want       string
	}{
		"not JSON":           {chat, `{`, 400, "could not parse"},
		"no model":           {chat, `{}`, 400, "you must provide a model parameter"},
		"unknown model":      {chat, `{"model":"x","messages":[]}`, 404, "model_not_found"},
		"image model":        {chat, `{"model":"dall-e-3","messages":[{"role":"user","content":"x"}]}`, 404, "not a chat model"},
		"no messages":        {chat, `{"model":"gpt-4o"}`, 400, "Missing required parameter: 'messages'"},
		"no role":            {chat, `{"model":"gpt-4o","messages":[{"content":"x"}]}`, 400, "messages.[0].role"},
		"unknown role":       {chat, `{"model":"gpt-4o","messages":[{"role":"boss","content":"x"}]}`, 400, "Invalid value: 'boss'"},
		"no content":         {chat, `{"model":"gpt-4o","messages":[{"role":"user"}]}`, 400, "messages.[0].content"},
		"content a number":   {chat, `{"model":"gpt-4o","messages":[{"role":"user","content":1}]}`, 400, "invalid_type"},
		"unknown part":       {chat, `{"model":"gpt-4o","messages":[{"role":"user","content":[{"type":"smell"}]}]}`, 400, "invalid_type"},
		"hot":                {chat, `{"model":"gpt-4o","messages":[{"role":"user","content":"x"}],"temperature":3}`, 400, "temperature"},
		"top_p":              {chat, `{"model":"gpt-4o","messages":[{"role":"user","content":"x"}],"top_p":2}`, 400, "top_p"},
		"n":                  {chat, `{"model":"gpt-4o","messages":[{"role":"user","content":"x"}],"n":0}`, 400, "'n'"},
		"two limits":         {chat, `{"model":"gpt-4o","messages":[{"role":"user","content":"x"}],"max_tokens":1,"max_completion_tokens":1}`, 400, "at the same time"},
		"stream_options":     {chat, `{"model":"gpt-4o","messages":[{"role":"user","content":"x"}],"stream_options":{}}`, 400, "stream_options"},
		"no prompt":          {images, `{"model":"dall-e-3"}`, 400, "prompt"},
		"no image model":     {images, `{"model":"gpt-4o","prompt":"x"}`, 400, "not an image model"},
		"two by dall-e-3":    {images, `{"model":"dall-e-3","prompt":"x","n":2}`, 400, "n=1"},
		"gpt-image's format": {images, `{"model":"gpt-image-1","prompt":"x","response_format":"b64_json"}`, 400, "Unknown parameter: 'response_format'"},
		"style":              {images, `{"model":"gpt-image-1","prompt":"x","style":"vivid"}`, 400, "Unknown parameter: 'style'"},
		"background":         {images, `{"model":"dall-e-3","prompt":"x","background":"opaque"}`, 400, "Unknown parameter: 'background'"},
		"size":               {images, `{"model":"dall-e-3","prompt":"x","size":"512x512"}`, 400, "'1792x1024'"},
		"quality":            {images, `{"model":"gpt-image-1","prompt":"x","quality":"hd"}`, 400, "Invalid value: 'hd'"},
		"another path":       {"/embeddings", `{}`, 404, "Invalid URL (POST /v1/embeddings)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := llmtest.NewServer()
			defer srv.Close()
			status, body := post(t, srv, llmtest.Key, tt.path, tt.body)
			require.Equal(t, tt.status, status, body)
			require.Contains(t, body, tt.want)
			require.Zero(t, srv.ImagesMade())
		})
	}
	for key, want := range map[string]string{"": "You didn't provide an API key", "sk-other": "invalid_api_key"} {
		srv := llmtest.NewServer()
		status, body := post(t, srv, key, chat, `{}`)
		assert.Equal(t, 401, status)
		assert.Contains(t, body, want)
		srv.Close()
	}
}

func TestServer_chat(t *testing.T) {
	t.Parallel()
	srv, err := llmtest.Open(llmtest.Options{Key: "sk-another-key-0123", Models: []string{"m"}, Now: func() time.Time { return time.Unix(1700000000, 0) }})
	require.NoError(t, err)
	defer srv.Close()
	c, err := llm.New(srv.Config())
	require.NoError(t, err)
	srv.OnChat(func(r llmtest.ChatRequest) llmtest.Answer {
		if r.Messages[0].Text == "fail" {
			return llmtest.Answer{Error: &llmtest.APIError{Status: 429, Code: "insufficient_quota", Message: "pay", Header: http.Header{"Retry-After": {"1"}}}}
		}
		return llmtest.Answer{Reasoning: "hm", Text: fmt.Sprintf("%s %d", r.Messages[0].Text, len(r.Messages[0].Images)), Finish: "length"}
	})
	r := &llm.Request{Model: "m", N: 2, Messages: []llm.Message{llm.User("hi", llm.ImageURL("https://e.com/a.png"))}}
	whole, err := c.Chat(t.Context(), r)
	require.NoError(t, err)
	s := c.Stream(t.Context(), r)
	for _, err := range s.Events() {
		require.NoError(t, err)
	}
	streamed := s.Response()
	for _, resp := range []*llm.Response{whole, streamed} {
		require.Len(t, resp.Choices, 2)
		require.Equal(t, "hi 1", resp.Choices[1].Message.Text())
		require.Equal(t, "hm", resp.Reasoning())
		require.Equal(t, llm.FinishLength, resp.Finish())
		require.Equal(t, llm.Usage{Prompt: 2, Completion: 6, Total: 8, Reasoning: 2}, *resp.Usage)
		require.EqualValues(t, 1700000000, resp.Created.Unix())
	}
	_, err = c.Chat(t.Context(), &llm.Request{Model: "m", Messages: []llm.Message{llm.User("fail")}})
	require.ErrorIs(t, err, llm.ErrQuota)
	require.Len(t, srv.Requests(), 3)
	require.Equal(t, "/v1/chat/completions", srv.Requests()[0].Path)
	require.True(t, json.Valid(srv.Requests()[0].Body))
}

// The count is on disk before anybody can hear of the image, and a server that is opened again knows it.
func TestServer_stateFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.json")
	srv, err := llmtest.Open(llmtest.Options{StateFile: path})
	require.NoError(t, err)
	srv.LoseNext(llmtest.OpImages)
	c, err := llm.New(srv.Config())
	require.NoError(t, err)
	_, err = c.Images(t.Context(), &llm.ImageRequest{Model: "dall-e-2", Prompt: "x", N: 3})
	require.ErrorIs(t, err, llm.ErrUnknownOutcome)
	srv.Close()

	again, err := llmtest.Open(llmtest.Options{StateFile: path})
	require.NoError(t, err)
	require.Equal(t, 3, again.ImagesMade())
	again.Close()

	require.NoError(t, os.WriteFile(path, []byte("not JSON"), 0o600))
	_, err = llmtest.Open(llmtest.Options{StateFile: path})
	require.ErrorContains(t, err, "state file")
}

func TestServer_models(t *testing.T) {
	t.Parallel()
	srv := llmtest.NewServer()
	defer srv.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://llm.localhost/v1/models", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+llmtest.Key)
	resp, err := srv.Client().Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	var list struct {
		Data []struct{ ID string }
	}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&list))
	require.Len(t, list.Data, len(llmtest.DefaultModels()))
	require.Equal(t, 1, srv.Calls(llmtest.OpModels))
}
