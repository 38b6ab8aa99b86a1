package llm_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
)

const pixel = "\x89PNG\r\n\x1a\n0000"

func TestRequest_onTheWire(t *testing.T) {
	t.Parallel()
	const usual = `"stream":true,"stream_options":{"include_usage":true}`
	for name, tt := range map[string]struct {
		base string
		req  llm.Request
		want string
	}{
		"plain": {
			req:  llm.Request{Model: "m", Messages: []llm.Message{llm.System("s"), llm.User("u"), llm.Assistant("a"), llm.User("v")}},
			want: `{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"u"},{"role":"assistant","content":"a"},{"role":"user","content":"v"}],` + usual + `}`,
		},
		"settings": {
			req:  llm.Request{Model: "m", Messages: []llm.Message{llm.User("u")}, Temperature: new(0.0), TopP: new(0.5), MaxTokens: 7, Stop: []string{"x"}, Seed: new(0), N: 2, User: "id"},
			want: `{"model":"m","messages":[{"role":"user","content":"u"}],"temperature":0,"top_p":0.5,"max_tokens":7,"stop":["x"],"seed":0,"n":2,"user":"id",` + usual + `}`,
		},
		"max_completion_tokens at OpenAI": {
			base: "https://api.openai.com/v1",
			req:  llm.Request{Model: "gpt-5", Messages: []llm.Message{llm.User("u")}, MaxTokens: 7},
			want: `{"model":"gpt-5","messages":[{"role":"user","content":"u"}],"max_completion_tokens":7,"stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false}}`,
		},
		"extra": {
			req:  llm.Request{Model: "m", Messages: []llm.Message{llm.User("u")}, Extra: map[string]any{"enable_thinking": true, "stream_options": nil, "model": "other"}},
			want: `{"model":"other","messages":[{"role":"user","content":"u"}],"stream":true,"enable_thinking":true}`,
		},
		"pictures": {
			req:  llm.Request{Model: "m", Messages: []llm.Message{llm.User("look", llm.Image([]byte(pixel)), llm.ImageURL("https://e.com/a.png"))}},
			want: `{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"look"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgowMDAw"}},{"type":"image_url","image_url":{"url":"https://e.com/a.png"}}]}],` + usual + `}`,
		},
		"a picture and no words": {
			req:  llm.Request{Model: "m", Messages: []llm.Message{llm.User("", llm.Part{Kind: llm.PartImage, URL: "https://e.com/a.png", Detail: "low"})}},
			want: `{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://e.com/a.png","detail":"low"}}]}],` + usual + `}`,
		},
		"a file": {
			req:  llm.Request{Model: "m", Messages: []llm.Message{llm.User("read", llm.File("a.md", "x"))}},
			want: `{"model":"m","messages":[{"role":"user","content":"read\n\n<ATTACHMENT_FILE>\n<FILE_INDEX>1</FILE_INDEX>\n<FILE_NAME>a.md</FILE_NAME>\n<FILE_KEY>2d711642b726b044</FILE_KEY>\n<FILE_LINES>1</FILE_LINES>\n<FILE_SIZE>1 bytes</FILE_SIZE>\n<FILE_CONTENT>\nx\n</FILE_CONTENT>\n</ATTACHMENT_FILE>\n"}],` + usual + `}`,
		},
		"reasoning stays at home": {
			req:  llm.Request{Model: "m", Messages: []llm.Message{llm.User("u"), {Role: llm.RoleAssistant, Parts: []llm.Part{llm.Text("a")}, Reasoning: "secret"}, llm.User("v")}},
			want: `{"model":"m","messages":[{"role":"user","content":"u"},{"role":"assistant","content":"a"},{"role":"user","content":"v"}],` + usual + `}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := tt.base
			if base == "" {
				base = "https://api.example.com/v1"
			}
			c, tr := mocked(t, func(cfg *llm.Config) { cfg.BaseURL = base })
			var body []byte
			var header http.Header
			tr.RegisterResponder("POST", base+"/chat/completions", func(r *http.Request) (*http.Response, error) {
				header = r.Header
				body, _ = io.ReadAll(r.Body)
				return httpmock.NewStringResponse(200, `data: {"choices":[{"delta":{"content":"ok"},"finish_reason":"stop"}]}`), nil
			})
			text, err := drain(c.Stream(t.Context(), &tt.req))
			require.NoError(t, err)
			require.Equal(t, "ok", text)
			require.JSONEq(t, tt.want, string(body))
			assert.Equal(t, "Bearer "+string(testKey), header.Get("Authorization"))
			assert.Equal(t, "text/event-stream", header.Get("Accept"))
			assert.Equal(t, "no-cache", header.Get("Cache-Control"))
			assert.Equal(t, "application/json", header.Get("Content-Type"))
			assert.Empty(t, header.Get("Accept-Encoding"))
		})
	}
}

func TestRequest_refused(t *testing.T) {
	t.Parallel()
	one := []llm.Message{llm.User("u")}
	for name, tt := range map[string]struct {
		req  *llm.Request
		want []string
	}{
		"nil":             {nil, []string{"nil"}},
		"empty":           {&llm.Request{}, []string{"Model: missing", "Messages: missing"}},
		"no role":         {&llm.Request{Model: "m", Messages: []llm.Message{{}}}, []string{"Messages[0]: Role: missing"}},
		"no words":        {&llm.Request{Model: "m", Messages: []llm.Message{llm.User("")}}, []string{"Messages[0]: Parts: there is no text"}},
		"empty file":      {&llm.Request{Model: "m", Messages: []llm.Message{llm.User("", llm.File("a", ""))}}, []string{"Messages[0]: Parts"}},
		"temperature":     {&llm.Request{Model: "m", Messages: one, Temperature: new(2.5)}, []string{"Temperature: 2.5 is outside 0 to 2"}},
		"top_p":           {&llm.Request{Model: "m", Messages: one, TopP: new(-1.0)}, []string{"TopP: -1 is outside 0 to 1"}},
		"numbers":         {&llm.Request{Model: "m", Messages: one, N: 129, MaxTokens: -1, Stop: []string{""}}, []string{"N: 129", "MaxTokens: -1", "Stop:"}},
		"no image":        {&llm.Request{Model: "m", Messages: []llm.Message{llm.User("u", llm.Image(nil))}}, []string{"Messages[0]: Parts[1]: the image is empty"}},
		"not an image":    {&llm.Request{Model: "m", Messages: []llm.Message{llm.User("u", llm.Image([]byte("hello")))}}, []string{"Data: not a picture"}},
		"file as address": {&llm.Request{Model: "m", Messages: []llm.Message{llm.User("u", llm.ImageURL("file:///etc/passwd"))}}, []string{"URL: must begin with"}},
		"extra":           {&llm.Request{Model: "m", Messages: one, Extra: map[string]any{"f": func() {}}}, []string{`Extra["f"]`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, tr := mocked(t, nil)
			_, err := drain(c.Stream(t.Context(), tt.req))
			require.ErrorIs(t, err, llm.ErrInvalid)
			for _, w := range tt.want {
				require.ErrorContains(t, err, w)
			}
			_, err = c.Chat(t.Context(), tt.req)
			require.ErrorIs(t, err, llm.ErrInvalid)
			require.Zero(t, tr.GetTotalCallCount(), "nothing was sent")
		})
	}
}

func TestConfig_baseURL(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"https://api.example.com":                      "https://api.example.com/chat/completions",
		"https://api.example.com/":                     "https://api.example.com/chat/completions",
		"https://api.example.com/v1":                   "https://api.example.com/v1/chat/completions",
		"https://api.example.com/v1/":                  "https://api.example.com/v1/chat/completions",
		"https://api.example.com/v1/chat/completions":  "https://api.example.com/v1/chat/completions",
		"https://api.example.com/v1/chat/completions/": "https://api.example.com/v1/chat/completions",
		"https://api.example.com/api/v3?a=b":           "https://api.example.com/api/v3/chat/completions?a=b",
		"http://localhost:11434/v1":                    "http://localhost:11434/v1/chat/completions",
	} {
		t.Run(base, func(t *testing.T) {
			t.Parallel()
			c, tr := mocked(t, func(cfg *llm.Config) { cfg.BaseURL = base })
			var got string
			tr.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
				got = r.URL.String()
				return httpmock.NewStringResponse(200, `{"choices":[{"message":{"content":"ok"},"finish_reason":"stop"}]}`), nil
			})
			resp, err := c.Chat(t.Context(), hello())
			require.NoError(t, err)
			require.Equal(t, "ok", resp.Text())
			require.Equal(t, want, got)
		})
	}
}

func TestNew_problems(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		cfg  llm.Config
		want []string
	}{
		"nothing":     {llm.Config{}, []string{"BaseURL: missing"}},
		"no scheme":   {llm.Config{BaseURL: "api.example.com"}, []string{"BaseURL: must begin with"}},
		"user info":   {llm.Config{BaseURL: "https://me:hunter2hunter2@example.com"}, []string{"BaseURL: holds a user name"}},
		"unencrypted": {llm.Config{BaseURL: "http://api.example.com", Key: testKey}, []string{"BaseURL: the key would travel unencrypted"}},
		"all at once": {
			llm.Config{BaseURL: "ftp://x", Key: "a b", HTTPClient: &http.Client{Timeout: 1}, Retry: llm.Retry{Max: new(-1)}, Limits: llm.Limits{Line: -1}, Attachments: 9},
			[]string{"BaseURL:", "Key:", "HTTPClient:", "Retry.Max:", "Limits:", "Attachments:"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := llm.New(tt.cfg)
			require.Nil(t, c)
			for _, w := range tt.want {
				require.ErrorContains(t, err, w)
			}
			require.NotContains(t, err.Error(), "hunter2")
			require.NotContains(t, err.Error(), string(testKey))
		})
	}
	for _, base := range []string{"http://localhost:1/v1", "http://127.0.0.1/v1", "http://[::1]:8000/v1", "http://192.168.1.5:8000/v1", "http://vllm:8000/v1", "http://gpu.internal/v1"} {
		_, err := llm.New(llm.Config{BaseURL: base, Key: testKey})
		require.NoError(t, err, base)
	}
	_, err := llm.New(llm.Config{BaseURL: "http://8.8.8.8/v1", Key: testKey, AllowHTTP: true})
	require.NoError(t, err)
	_, err = llm.New(llm.Config{BaseURL: "http://8.8.8.8/v1"})
	require.NoError(t, err, "without a key there is nothing to lose")
}

func TestConfig_isCopied(t *testing.T) {
	t.Parallel()
	header := http.Header{"Api-Key": {"azure-key-123456"}}
	hc := &http.Client{}
	tr := httpmock.NewMockTransport()
	hc.Transport = tr
	c, err := llm.New(llm.Config{BaseURL: "https://api.example.com/v1", Header: header, HTTPClient: hc})
	require.NoError(t, err)
	header.Set("Api-Key", "changed")
	require.Nil(t, hc.CheckRedirect)
	tr.RegisterResponder("POST", mockURL, func(r *http.Request) (*http.Response, error) {
		assert.Equal(t, "azure-key-123456", r.Header.Get("Api-Key"))
		assert.Empty(t, r.Header.Get("Authorization"))
		return httpmock.NewStringResponse(400, `{"error":"bad api-key azure-key-123456"}`), nil
	})
	_, err = c.Chat(t.Context(), hello())
	require.ErrorIs(t, err, llm.ErrInvalid)
	require.NotContains(t, err.Error(), "azure-key-123456")
}

func TestChat(t *testing.T) {
	t.Parallel()
	c, tr := mocked(t, nil)
	tr.RegisterResponder("POST", mockURL, func(r *http.Request) (*http.Response, error) {
		var body map[string]any
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&body))
		assert.Equal(t, false, body["stream"])
		assert.NotContains(t, body, "stream_options")
		assert.Equal(t, "application/json", r.Header.Get("Accept"))
		resp := httpmock.NewStringResponse(200, "\n\n\n"+`{"id":"c1","created":1700000000.0,"model":"m-1","system_fingerprint":"fp","choices":[
			{"index":1,"message":{"role":"assistant","content":"two"},"finish_reason":"length"},
			{"index":0,"message":{"role":"assistant","content":"one","reasoning":"why"},"finish_reason":"stop"}],
			"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}`)
		resp.Header = http.Header{"X-Request-Id": {"req-1"}, "X-Ratelimit-Limit-Requests": {"5"}}
		return resp, nil
	})
	resp, err := c.Chat(t.Context(), hello())
	require.NoError(t, err)
	require.Equal(t, "one", resp.Text())
	require.Equal(t, "why", resp.Reasoning())
	require.Equal(t, llm.FinishStop, resp.Finish())
	require.Len(t, resp.Choices, 2)
	require.Equal(t, "two", resp.Choices[1].Message.Text())
	require.Equal(t, llm.FinishLength, resp.Choices[1].Finish)
	require.Equal(t, llm.Usage{Prompt: 1, Completion: 2, Total: 3}, *resp.Usage)
	require.Equal(t, "req-1", resp.RequestID)
	require.Equal(t, 5, resp.Limits.LimitRequests)
	require.Equal(t, []string{"c1", "m-1", "fp"}, []string{resp.ID, resp.Model, resp.Fingerprint})
	require.EqualValues(t, 1700000000, resp.Created.Unix())
}
