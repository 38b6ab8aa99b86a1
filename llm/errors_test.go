package llm_test

import (
	"errors"
	"io/fs"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
)

const mockURL = "https://api.example.com/v1/chat/completions"

// mocked is a client whose requests end in the transport.
func mocked(t *testing.T, change func(*llm.Config)) (*llm.Client, *httpmock.MockTransport) {
	t.Helper()
	tr := httpmock.NewMockTransport()
	cfg := llm.Config{BaseURL: "https://api.example.com/v1", Key: llmtest.Key, HTTPClient: &http.Client{Transport: tr}, Retry: llm.Retry{Max: new(0)}}
	if change != nil {
		change(&cfg)
	}
	c, err := llm.New(cfg)
	require.NoError(t, err)
	return c, tr
}

func hello() *llm.Request {
	return &llm.Request{Model: "m", Messages: []llm.Message{llm.User("Hello")}}
}

// drain reads a stream to its end.
func drain(s *llm.Stream) (text string, err error) {
	for piece, e := range s.Text() {
		if e != nil {
			return text, e
		}
		text += piece
	}
	return text, nil
}

// Every envelope in which an error has been seen, with the kind that it must have. The same body must give the same words
// when it comes with status 200, and as an event of a stream.
func TestError_envelopes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		body   string
		header http.Header
		want   llm.Error
	}{
		"OpenAI": {
			400, `{"error":{"message":"Invalid type.","type":"invalid_request_error","param":"messages.[0].content","code":"invalid_type"}}`, nil,
			llm.Error{Message: "Invalid type.", Type: "invalid_request_error", Param: "messages.[0].content", Code: "invalid_type", Kind: llm.ErrInvalid},
		},
		"code null": {
			401, `{"error":{"message":"No key.","type":"invalid_request_error","param":null,"code":null}}`, nil,
			llm.Error{Message: "No key.", Type: "invalid_request_error", Kind: llm.ErrAuth},
		},
		"code as a number": {
			429, `{"error":{"message":"Slow down.","code":429}}`, nil,
			llm.Error{Message: "Slow down.", Code: "429", Kind: llm.ErrRateLimit},
		},
		"request_id beside": {
			400, `{"error":{"message":"'messages.[0].content' is bad","type":"invalid_request_error","param":"'messages.[0].content'","code":"invalid_type"},"request_id":"chatcmpl-1"}`, nil,
			llm.Error{Message: "'messages.[0].content' is bad", Type: "invalid_request_error", Param: "'messages.[0].content'", Code: "invalid_type", RequestID: "chatcmpl-1", Kind: llm.ErrInvalid},
		},
		"request_id inside": {
			500, `{"error":{"message":"Oops","request_id":"r-1"}}`, nil,
			llm.Error{Message: "Oops", RequestID: "r-1", Kind: llm.ErrServer},
		},
		"error is a text": {400, `{"error":"bad model"}`, nil, llm.Error{Message: "bad model", Kind: llm.ErrInvalid}},
		"OpenRouter": {
			502, `{"error":{"code":502,"message":"Provider returned error","metadata":{"raw":"boom","provider_name":"X"}}}`, nil,
			llm.Error{Message: "Provider returned error: boom", Code: "502", Kind: llm.ErrServer},
		},
		"OpenRouter, raw is JSON": {
			502, `{"error":{"code":502,"metadata":{"raw":{"why":"boom"}}}}`, nil,
			llm.Error{Message: `{"why":"boom"}`, Code: "502", Kind: llm.ErrServer},
		},
		"SiliconFlow": {
			400, `{"code":20012,"message":"Model does not exist.","data":null}`,
			http.Header{"X-Siliconcloud-Trace-Id": {"t-1"}},
			llm.Error{Message: "Model does not exist.", Code: "20012", RequestID: "t-1", Kind: llm.ErrInvalid},
		},
		"vLLM": {
			400, `{"object":"error","message":"The model is small.","type":"BadRequestError","param":null,"code":400}`, nil,
			llm.Error{Message: "The model is small.", Type: "BadRequestError", Code: "400", Kind: llm.ErrInvalid},
		},
		"FastAPI text": {422, `{"detail":"Not like that"}`, nil, llm.Error{Message: "Not like that", Kind: llm.ErrInvalid}},
		"FastAPI list": {
			422, `{"detail":[{"loc":["body","messages",0],"msg":"field required","type":"value_error"},{"msg":"also bad"}]}`, nil,
			llm.Error{Message: "body.messages.0: field required; also bad", Kind: llm.ErrInvalid},
		},
		"message is a list": {400, `{"message":["one","two"]}`, nil, llm.Error{Message: "one; two", Kind: llm.ErrInvalid}},
		"Gemini": {
			400, `[{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}}]`, nil,
			llm.Error{Message: "API key not valid.", Code: "400", Kind: llm.ErrInvalid},
		},
		"success false": {400, `{"success":false,"error":{"message":"No."}}`, nil, llm.Error{Message: "No.", Kind: llm.ErrInvalid}},
		"DashScope native": {
			400, `{"code":"InvalidParameter","message":"Range of input.","request_id":"r-2"}`, nil,
			llm.Error{Message: "Range of input.", Code: "InvalidParameter", RequestID: "r-2", Kind: llm.ErrInvalid},
		},
		"x_groq": {400, `{"x_groq":{"error":"over capacity"}}`, nil, llm.Error{Message: "over capacity", Kind: llm.ErrInvalid}},
		"text":   {502, "upstream connect error\n", nil, llm.Error{Message: "upstream connect error", Kind: llm.ErrServer}},
		"HTML":   {503, "<html><title>Down</title></html>", nil, llm.Error{Message: "Down (an HTML page)", Kind: llm.ErrOverloaded}},
		"empty":  {500, "", nil, llm.Error{Message: "Internal Server Error", Kind: llm.ErrServer}},

		"insufficient_quota": {
			429, `{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}`, nil,
			llm.Error{Message: "You exceeded your current quota", Type: "insufficient_quota", Code: "insufficient_quota", Kind: llm.ErrQuota},
		},
		"DeepSeek balance":    {402, `{"error":{"message":"Insufficient Balance"}}`, nil, llm.Error{Message: "Insufficient Balance", Kind: llm.ErrQuota}},
		"DeepSeek parameters": {422, `{"error":{"message":"bad"}}`, nil, llm.Error{Message: "bad", Kind: llm.ErrInvalid}},
		"SiliconFlow balance": {
			403, `{"code":30001,"message":"Sorry, your account balance is insufficient","data":null}`, nil,
			llm.Error{Message: "Sorry, your account balance is insufficient", Code: "30001", Kind: llm.ErrQuota},
		},
		"forbidden":           {403, `{"error":{"message":"Region not supported"}}`, nil, llm.Error{Message: "Region not supported", Kind: llm.ErrAuth}},
		"Zhipu rate":          {429, `{"error":{"code":"1302","message":"慢一点"}}`, nil, llm.Error{Message: "慢一点", Code: "1302", Kind: llm.ErrRateLimit}},
		"Zhipu balance":       {429, `{"error":{"code":"1113","message":"欠费"}}`, nil, llm.Error{Message: "欠费", Code: "1113", Kind: llm.ErrQuota}},
		"Zhipu locked":        {429, `{"error":{"code":"1112","message":"Your account has been locked"}}`, nil, llm.Error{Message: "Your account has been locked", Code: "1112", Kind: llm.ErrAuth}},
		"Zhipu length":        {400, `{"error":{"code":"1261","message":"Prompt 超长"}}`, nil, llm.Error{Message: "Prompt 超长", Code: "1261", Kind: llm.ErrContextLength}},
		"Zhipu content":       {400, `{"error":{"code":"1301","message":"敏感"}}`, nil, llm.Error{Message: "敏感", Code: "1301", Kind: llm.ErrContentFilter}},
		"DashScope arrears":   {400, `{"error":{"code":"Arrearage","message":"Access denied"},"request_id":"r"}`, nil, llm.Error{Message: "Access denied", Code: "Arrearage", RequestID: "r", Kind: llm.ErrQuota}},
		"DashScope content":   {400, `{"error":{"code":"data_inspection_failed","message":"inappropriate"}}`, nil, llm.Error{Message: "inappropriate", Code: "data_inspection_failed", Kind: llm.ErrContentFilter}},
		"context length":      {400, `{"error":{"code":"context_length_exceeded","message":"too long"}}`, nil, llm.Error{Message: "too long", Code: "context_length_exceeded", Kind: llm.ErrContextLength}},
		"context, words only": {400, `{"error":{"message":"This model's maximum context length is 4096 tokens"}}`, nil, llm.Error{Message: "This model's maximum context length is 4096 tokens", Kind: llm.ErrContextLength}},
		"llama.cpp loading":   {503, `{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}`, nil, llm.Error{Message: "Loading model", Type: "unavailable_error", Code: "503", Kind: llm.ErrOverloaded}},
		"Ollama no model":     {404, `{"error":{"message":"model 'x' not found","type":"api_error","param":null,"code":null}}`, nil, llm.Error{Message: "model 'x' not found", Type: "api_error", Kind: llm.ErrNotFound}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, tr := mocked(t, nil)
			resp := httpmock.NewStringResponse(tt.status, tt.body)
			resp.Header = http.Header{}
			maps.Copy(resp.Header, tt.header)
			tr.RegisterResponder("POST", mockURL, httpmock.ResponderFromResponse(resp))
			_, err := drain(c.Stream(t.Context(), hello()))
			e, ok := errors.AsType[*llm.Error](err)
			require.True(t, ok, "%v", err)
			require.ErrorIs(t, err, tt.want.Kind)
			got := llm.Error{Message: e.Message, Type: e.Type, Param: e.Param, Code: e.Code, RequestID: e.RequestID, Kind: e.Kind}
			require.Equal(t, tt.want, got)
			require.Equal(t, tt.status, e.Status)
			require.Equal(t, tt.body, string(e.Body))
			require.Contains(t, err.Error(), tt.want.Message)
		})
	}
}

func TestError_headers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		header http.Header
		after  time.Duration
		limits llm.RateLimits
		id     string
	}{
		"seconds":         {header: http.Header{"Retry-After": {"90"}}, after: 90 * time.Second},
		"milliseconds":    {header: http.Header{"Retry-After-Ms": {"90500"}, "Retry-After": {"2"}}, after: 90500 * time.Millisecond},
		"OpenAI's limits": {header: http.Header{"X-Ratelimit-Limit-Requests": {"60"}, "X-Ratelimit-Remaining-Requests": {"0"}, "X-Ratelimit-Reset-Requests": {"6m0s"}, "X-Ratelimit-Limit-Tokens": {"1000"}, "X-Ratelimit-Remaining-Tokens": {"12"}, "X-Ratelimit-Reset-Tokens": {"20ms"}}, limits: llm.RateLimits{LimitRequests: 60, ResetRequests: 6 * time.Minute, LimitTokens: 1000, RemainingTokens: 12, ResetTokens: 20 * time.Millisecond}},
		"Azure's limits":  {header: http.Header{"X-Ratelimit-Remaining-Requests": {"-1"}, "X-Ratelimit-Reset-Requests": {"30"}, "X-Ratelimit-Reset-Tokens": {"0"}}, limits: llm.RateLimits{ResetRequests: 30 * time.Second}},
		"request-id":      {header: http.Header{"Request-Id": {"a"}}, id: "a"},
		"x-generation-id": {header: http.Header{"X-Generation-Id": {"b"}}, id: "b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, tr := mocked(t, nil)
			resp := httpmock.NewStringResponse(429, "{}")
			resp.Header = tt.header
			tr.RegisterResponder("POST", mockURL, httpmock.ResponderFromResponse(resp))
			_, err := drain(c.Stream(t.Context(), hello()))
			e, ok := errors.AsType[*llm.Error](err)
			require.True(t, ok)
			assert.Equal(t, tt.after, e.RetryAfter)
			assert.Equal(t, tt.limits, e.Limits)
			assert.Equal(t, tt.id, e.RequestID)
		})
	}
	t.Run("date", func(t *testing.T) {
		t.Parallel()
		c, tr := mocked(t, nil)
		resp := httpmock.NewStringResponse(429, "{}")
		resp.Header = http.Header{"Retry-After": {time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}}
		tr.RegisterResponder("POST", mockURL, httpmock.ResponderFromResponse(resp))
		_, err := drain(c.Stream(t.Context(), hello()))
		e, ok := errors.AsType[*llm.Error](err)
		require.True(t, ok)
		assert.InDelta(t, time.Hour, e.RetryAfter, float64(5*time.Second))
	})
}

func TestError_standardKinds(t *testing.T) {
	t.Parallel()
	require.ErrorIs(t, &llm.Error{Kind: llm.ErrNotFound}, fs.ErrNotExist)
	require.ErrorIs(t, &llm.Error{Kind: llm.ErrAuth}, fs.ErrPermission)
	require.NotErrorIs(t, &llm.Error{Kind: llm.ErrQuota}, fs.ErrPermission)
	require.EqualError(t, &llm.Error{Op: "chat/completions", Status: 429, Code: "x", Message: "Slow down", RequestID: "r", Kind: llm.ErrRateLimit},
		"llm: chat/completions: rate limit: Slow down (status 429, code x, request id r)")
	require.EqualError(t, &llm.Error{Op: "chat/completions", Kind: llm.ErrIdle}, "llm: chat/completions: the server went silent")
}

// A redirect would take the key along: it is an error, and the other host hears nothing.
func TestError_redirect(t *testing.T) {
	t.Parallel()
	c, tr := mocked(t, nil)
	resp := httpmock.NewStringResponse(307, "")
	resp.Header = http.Header{"Location": {"https://evil.example.net/v1/chat/completions?x=1"}}
	tr.RegisterResponder("POST", mockURL, httpmock.ResponderFromResponse(resp))
	_, err := drain(c.Stream(t.Context(), hello()))
	require.ErrorIs(t, err, llm.ErrInvalid)
	require.ErrorContains(t, err, "https://evil.example.net/v1/chat/completions")
	require.NotContains(t, err.Error(), "x=1")
	require.Equal(t, 1, tr.GetTotalCallCount())
}
