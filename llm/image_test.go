package llm_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
)

const imagesURL = "https://api.example.com/v1/images/generations"

func TestImages_answers(t *testing.T) {
	t.Parallel()
	b64 := base64.StdEncoding.EncodeToString([]byte(pixel))
	one := llm.ImageResult{Data: []byte(pixel), Type: "image/png"}
	for name, tt := range map[string]struct {
		body string
		want []llm.ImageResult
	}{
		"b64_json":            {`{"created":1700000000,"data":[{"b64_json":"` + b64 + `"}]}`, []llm.ImageResult{one}},
		"data URL":            {`{"created":1,"data":[{"b64_json":"data:image/png;base64,` + b64 + `"}]}`, []llm.ImageResult{one}},
		"data URL as address": {`{"data":[{"url":"data:image/png;base64,` + b64 + `"}]}`, []llm.ImageResult{one}},
		"no padding":          {`{"data":[{"b64_json":"` + strings.TrimRight(b64, "=") + `"}]}`, []llm.ImageResult{one}},
		"address":             {`{"data":[{"url":"https://e.com/a.png?sig=1","revised_prompt":"p"}]}`, []llm.ImageResult{{URL: "https://e.com/a.png?sig=1", RevisedPrompt: "p"}}},
		"SiliconFlow":         {`{"images":[{"url":"https://e.com/a.png"}],"timings":{"inference":1.2},"seed":3}`, []llm.ImageResult{{URL: "https://e.com/a.png"}}},
		"both lists":          {`{"images":[{"url":"https://e.com/a"}],"data":[{"url":"https://e.com/a"}]}`, []llm.ImageResult{{URL: "https://e.com/a"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, tr := mocked(t, nil)
			tr.RegisterResponder("POST", imagesURL, httpmock.NewStringResponder(200, tt.body))
			resp, err := c.Images(t.Context(), &llm.ImageRequest{Model: "dall-e-3", Prompt: "a cat"})
			require.NoError(t, err)
			require.Equal(t, tt.want, resp.Images)
		})
	}
}

func TestImages_onTheWire(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		req  llm.ImageRequest
		want string
	}{
		"dall-e-3":    {llm.ImageRequest{Model: "dall-e-3", Prompt: "p", Style: "vivid"}, `{"model":"dall-e-3","prompt":"p","style":"vivid","response_format":"b64_json"}`},
		"as address":  {llm.ImageRequest{Model: "dall-e-3", Prompt: "p", ResponseFormat: llm.ImageLink}, `{"model":"dall-e-3","prompt":"p","response_format":"url"}`},
		"gpt-image":   {llm.ImageRequest{Model: "gpt-image-1", Prompt: "p", N: 2, Size: "auto", Quality: "low", Background: "opaque", OutputFormat: "webp"}, `{"model":"gpt-image-1","prompt":"p","n":2,"size":"auto","quality":"low","background":"opaque","output_format":"webp"}`},
		"gpt-image-2": {llm.ImageRequest{Model: "gpt-image-2-2026-04-21", Prompt: "p", ResponseFormat: llm.ImageB64}, `{"model":"gpt-image-2-2026-04-21","prompt":"p"}`},
		"SiliconFlow": {llm.ImageRequest{Model: "Kwai-Kolors/Kolors", Prompt: "p", Extra: map[string]any{"image_size": "1024x1024", "batch_size": 2}}, `{"model":"Kwai-Kolors/Kolors","prompt":"p","image_size":"1024x1024","batch_size":2}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, tr := mocked(t, nil)
			tr.RegisterResponder("POST", imagesURL, func(r *http.Request) (*http.Response, error) {
				var got json.RawMessage
				assert.NoError(t, json.NewDecoder(r.Body).Decode(&got))
				assert.JSONEq(t, tt.want, string(got))
				return httpmock.NewStringResponse(200, `{"data":[{"url":"https://e.com/a"}]}`), nil
			})
			_, err := c.Images(t.Context(), &tt.req)
			require.NoError(t, err)
		})
	}
}

func TestImages_refusedBefore(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		req  *llm.ImageRequest
		want string
	}{
		"nil":               {nil, "nil"},
		"nothing":           {&llm.ImageRequest{}, "Model: missing\nPrompt: missing"},
		"two by dall-e-3":   {&llm.ImageRequest{Model: "dall-e-3", Prompt: "p", N: 2}, "N: dall-e-3 makes 1 image"},
		"many":              {&llm.ImageRequest{Model: "dall-e-2", Prompt: "p", N: 11}, "N: 11 is outside"},
		"long for dall-e-2": {&llm.ImageRequest{Model: "dall-e-2", Prompt: strings.Repeat("图", 1001)}, "Prompt: 1001 characters, dall-e-2 takes 1000"},
		"long for dall-e-3": {&llm.ImageRequest{Model: "dall-e-3", Prompt: strings.Repeat("x", 4001)}, "takes 4000"},
		"long for gpt":      {&llm.ImageRequest{Model: "gpt-image-1", Prompt: strings.Repeat("x", 32001)}, "takes 32000"},
		"style for gpt":     {&llm.ImageRequest{Model: "gpt-image-1", Prompt: "p", Style: "vivid"}, "Style: gpt-image-1 has none"},
		"address from gpt":  {&llm.ImageRequest{Model: "gpt-image-1", Prompt: "p", ResponseFormat: llm.ImageLink}, "ResponseFormat: gpt-image-1 gives no addresses"},
		"another format":    {&llm.ImageRequest{Model: "m", Prompt: "p", ResponseFormat: "tiff"}, `ResponseFormat: there is no "tiff"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, tr := mocked(t, nil)
			_, err := c.Images(t.Context(), tt.req)
			require.ErrorIs(t, err, llm.ErrInvalid)
			errs := errors.AsType[*llm.Error]
			e, ok := errs(err)
			require.True(t, ok)
			require.ErrorContains(t, e.Err, tt.want)
			require.Zero(t, tr.GetTotalCallCount())
		})
	}
	c, tr := mocked(t, nil)
	tr.RegisterResponder("POST", imagesURL, httpmock.NewStringResponder(200, `{"data":[{"url":"https://e.com/a"}]}`))
	_, err := c.Images(t.Context(), &llm.ImageRequest{Model: "dall-e-2", Prompt: strings.Repeat("图", 1000), N: 10})
	require.NoError(t, err, "the limits themselves are allowed")
}

// The same request in the words of a provider that has others.
func TestImages_dialect(t *testing.T) {
	t.Parallel()
	var body string
	c, tr := mocked(t, func(cfg *llm.Config) { cfg.Dialect = llm.SiliconFlow() })
	tr.RegisterResponder("POST", imagesURL, func(r *http.Request) (*http.Response, error) {
		data, err := io.ReadAll(r.Body)
		body = string(data)
		return httpmock.NewStringResponse(200, `{"images":[{"url":"https://e.com/a"}],"timings":{"inference":1},"seed":7}`), err
	})
	_, err := c.Images(t.Context(), &llm.ImageRequest{Model: "Kwai-Kolors/Kolors", Prompt: "p", N: 4, Size: "1024x1024", Extra: map[string]any{"seed": 7}})
	require.NoError(t, err)
	require.JSONEq(t, `{"model":"Kwai-Kolors/Kolors","prompt":"p","batch_size":4,"image_size":"1024x1024","seed":7}`, body)
	for want, r := range map[string]*llm.ImageRequest{
		"N: siliconflow makes 4 images at a time, not 5": {Model: "m", Prompt: "p", N: 5},
		"ResponseFormat: siliconflow gives addresses":    {Model: "m", Prompt: "p", ResponseFormat: llm.ImageB64},
	} {
		_, err := c.Images(t.Context(), r)
		require.ErrorContains(t, err, want)
	}
	require.Equal(t, 1, tr.GetTotalCallCount())
}

// Money is spent when an image is made: whatever may have reached the provider is sent once.
func TestImages_outcome(t *testing.T) {
	t.Parallel()
	answer := func(status int, header http.Header, body string) func(*llmtest.Server) {
		return func(srv *llmtest.Server) { srv.AnswerNext(llmtest.OpImages, status, header, body) }
	}
	for name, tt := range map[string]struct {
		script  func(*llmtest.Server)
		cancel  bool // after a second
		calls   int
		made    int
		unknown bool
		kind    error // nil = success
	}{
		"fine":                     {script: func(*llmtest.Server) {}, calls: 1, made: 1},
		"answer lost":              {script: func(srv *llmtest.Server) { srv.LoseNext(llmtest.OpImages) }, calls: 1, made: 1, unknown: true, kind: llm.ErrUnknownOutcome},
		"dropped before":           {script: func(srv *llmtest.Server) { srv.DropNext(llmtest.OpImages) }, calls: 1, unknown: true, kind: llm.ErrUnknownOutcome},
		"never answered":           {script: func(srv *llmtest.Server) { srv.HangNext(llmtest.OpImages) }, calls: 1, unknown: true, kind: llm.ErrIdle},
		"the caller gives up":      {script: func(srv *llmtest.Server) { srv.HangNext(llmtest.OpImages) }, cancel: true, calls: 1, unknown: true, kind: context.Canceled},
		"a proxy gives up":         {script: answer(504, nil, "<html>"), calls: 1, unknown: true, kind: llm.ErrServer},
		"a proxy, in JSON":         {script: answer(502, nil, `{"error":"bad gateway"}`), calls: 1, unknown: true, kind: llm.ErrServer},
		"500 from a proxy":         {script: answer(500, nil, "oops"), calls: 1, unknown: true, kind: llm.ErrServer},
		"500 from the provider":    {script: answer(500, nil, `{"error":{"message":"the engine broke"}}`), calls: 1, kind: llm.ErrServer},
		"200 with HTML":            {script: answer(200, nil, "<html>"), calls: 1, unknown: true, kind: llm.ErrNotStream},
		"200 with nothing":         {script: answer(200, nil, ""), calls: 1, unknown: true, kind: llm.ErrNotStream},
		"200 with an error":        {script: answer(200, nil, `{"error":{"message":"no","code":"content_policy_violation"}}`), calls: 1, kind: llm.ErrContentFilter},
		"200 with SiliconFlow's":   {script: answer(200, nil, `{"code":20012,"message":"no","data":null}`), calls: 1, kind: llm.ErrServer},
		"200 without images":       {script: answer(200, nil, `{"created":1,"data":[]}`), calls: 1, kind: llm.ErrNotStream},
		"not base64":               {script: answer(200, nil, `{"data":[{"b64_json":"***"}]}`), calls: 1, kind: llm.ErrNotStream},
		"refused":                  {script: answer(400, nil, `{"error":{"message":"no","code":"moderation_blocked"}}`), calls: 1, kind: llm.ErrContentFilter},
		"rate limit":               {script: answer(429, http.Header{"Retry-After": {"3"}}, `{"error":"slow"}`), calls: 2, made: 1},
		"quota":                    {script: answer(429, nil, `{"error":{"code":"insufficient_quota"}}`), calls: 1, kind: llm.ErrQuota},
		"overloaded, perhaps late": {script: answer(503, nil, `{"error":"busy"}`), calls: 1, kind: llm.ErrOverloaded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, nil, func(t *testing.T, srv *llmtest.Server, c *llm.Client) {
				t.Helper()
				tt.script(srv)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tt.cancel {
					time.AfterFunc(time.Second, cancel)
				}
				resp, err := c.Images(ctx, &llm.ImageRequest{Model: "dall-e-3", Prompt: "a cat"})
				require.Equal(t, tt.calls, srv.Calls(llmtest.OpImages))
				require.Equal(t, tt.made, srv.ImagesMade())
				if tt.kind == nil {
					require.NoError(t, err)
					require.Equal(t, "image/png", resp.Images[0].Type)
					require.NotEmpty(t, resp.RequestID)
					return
				}
				require.ErrorIs(t, err, tt.kind)
				require.Equal(t, tt.unknown, errors.Is(err, llm.ErrUnknownOutcome), "%v", err)
				require.Nil(t, resp)
			})
		})
	}
}

// A request that provably never left may go again; a context that had ended before lets none go.
func TestImages_neverLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := llmtest.NewServer()
		srv.Close() // its dialer refuses now
		c, err := llm.New(srv.Config())
		require.NoError(t, err)
		began := time.Now()
		_, err = c.Images(t.Context(), &llm.ImageRequest{Model: "dall-e-3", Prompt: "a cat"})
		require.Error(t, err)
		require.NotErrorIs(t, err, llm.ErrUnknownOutcome)
		require.Positive(t, time.Since(began), "it was tried again")

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = c.Images(ctx, &llm.ImageRequest{Model: "dall-e-3", Prompt: "a cat"})
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, llm.ErrUnknownOutcome)
	})
}

func TestImages_tooLarge(t *testing.T) {
	t.Parallel()
	c, tr := mocked(t, func(cfg *llm.Config) { cfg.Limits.ImageBody = 100 })
	tr.RegisterResponder("POST", imagesURL, httpmock.NewStringResponder(200, `{"data":[{"b64_json":"`+strings.Repeat("A", 200)+`"}]}`))
	_, err := c.Images(t.Context(), &llm.ImageRequest{Model: "m", Prompt: "p"})
	require.ErrorIs(t, err, llm.ErrTooLarge)
}

func TestImages_withTheFake(t *testing.T) {
	t.Parallel()
	srv := llmtest.NewServer()
	defer srv.Close()
	c, err := llm.New(srv.Config())
	require.NoError(t, err)
	srv.OnImage(func(r llmtest.ImageRequest) llmtest.ImageAnswer {
		return llmtest.ImageAnswer{SiliconFlow: r.Model == "Kwai-Kolors/Kolors", DataURL: true, RevisedPrompt: r.Prompt + "!"}
	})
	for _, model := range []string{"dall-e-3", "gpt-image-1"} {
		resp, err := c.Images(t.Context(), &llm.ImageRequest{Model: model, Prompt: "a cat"})
		require.NoError(t, err)
		require.Equal(t, "image/png", resp.Images[0].Type)
		require.Equal(t, "a cat!", resp.Images[0].RevisedPrompt)
		require.Equal(t, model == "gpt-image-1", resp.Usage != nil)
		require.Contains(t, resp.Images[0].String(), "[image/png, ")
	}
	resp, err := c.Images(t.Context(), &llm.ImageRequest{Model: "Kwai-Kolors/Kolors", Prompt: "a cat"})
	require.NoError(t, err)
	require.Equal(t, "[image at http://llm.localhost/files/1.png]", resp.Images[0].String())
	data, typ, err := llm.FetchImage(t.Context(), resp.Images[0].URL, &llm.FetchOptions{HTTPClient: srv.Client()})
	require.NoError(t, err)
	require.Equal(t, "image/png", typ)
	require.NotEmpty(t, data)
}
