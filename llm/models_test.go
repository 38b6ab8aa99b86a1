package llm_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
)

const modelsURL = "https://api.example.com/v1/models"

// listed ranges over models to the end: an error must come once, last and alone.
func listed(t *testing.T, seq iter.Seq2[llm.Model, error]) (models []llm.Model, err error) {
	t.Helper()
	for m, e := range seq {
		require.NoError(t, err, "nothing comes after the error")
		if e != nil {
			require.Empty(t, m)
			err = e
			continue
		}
		models = append(models, m)
	}
	return models, err
}

func ids(models []llm.Model) []string {
	out := make([]string, len(models))
	for i, m := range models {
		out[i] = m.ID
	}
	return out
}

func withModels(t *testing.T, models ...string) (*llmtest.Server, *llm.Client) {
	t.Helper()
	srv, err := llmtest.Open(llmtest.Options{Models: models})
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	cfg := srv.Config()
	cfg.Retry.Max = new(0)
	c, err := llm.New(cfg)
	require.NoError(t, err)
	return srv, c
}

func TestModels_shapes(t *testing.T) {
	t.Parallel()
	created := time.Unix(1700000000, 0).UTC()
	for shape, want := range map[llmtest.ModelsShape]llm.Model{
		llmtest.ModelsList:       {Created: created, OwnedBy: "llmtest"},
		llmtest.ModelsArray:      {Created: created, OwnedBy: "llmtest"},
		llmtest.ModelsField:      {},
		llmtest.ModelsBoth:       {Created: created, OwnedBy: "llmtest"},
		llmtest.ModelsNoCreated:  {},
		llmtest.ModelsOpenAI:     {Created: created, OwnedBy: "llmtest"},
		llmtest.ModelsOpenRouter: {Created: created, OwnedBy: "llmtest", ContextLength: llmtest.ContextLength},
		llmtest.ModelsNames:      {},
		llmtest.ModelsTwice:      {Created: created, OwnedBy: "llmtest"},
		llmtest.ModelsMarked:     {Created: created, OwnedBy: "llmtest"},
	} {
		t.Run(string(shape), func(t *testing.T) {
			t.Parallel()
			srv, c := withModels(t, "qwen-plus", "gpt-4o", "o3-mini")
			srv.ShapeModels(shape)
			models, err := listed(t, c.Models(t.Context(), nil))
			require.NoError(t, err)
			require.Equal(t, []string{"gpt-4o", "o3-mini", "qwen-plus"}, ids(models))
			for _, m := range models {
				require.Contains(t, string(m.Raw), m.ID)
				require.Equal(t, m.ID, m.Name().String())
				if shape == llmtest.ModelsOpenRouter {
					require.JSONEq(t, `{"prompt":"0.0000025","completion":"0.00001"}`, rawMember(t, m.Raw, "pricing"))
				}
				m.ID, m.Raw = "", nil
				require.Equal(t, want, m)
			}
		})
	}
}

func TestModels_oddTypes(t *testing.T) {
	t.Parallel()
	srv, c := withModels(t, "a", "b", "c", "d", "e", "f")
	srv.ShapeModels(llmtest.ModelsOddTypes)
	models, err := listed(t, c.Models(t.Context(), nil))
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "c", "d", "e", "f"}, ids(models))
	for i, m := range models {
		require.Equal(t, i > 1, m.Created.IsZero(), "%s", m.Raw)
		require.Empty(t, m.OwnedBy)
	}
}

func rawMember(t *testing.T, raw json.RawMessage, name string) string {
	t.Helper()
	var o map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(raw, &o))
	return string(o[name])
}

func TestModels_bodies(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body string
		want []llm.Model // without Raw
	}{
		"empty list":           {body: `{"object":"list","data":[]}`},
		"null":                 {body: `{"object":"list","data":null}`},
		"empty array":          {body: `[]`},
		"models null":          {body: `{"models":null}`},
		"data null, models":    {body: `{"data":null,"models":[{"name":"a"}]}`, want: []llm.Model{{ID: "a"}}},
		"error null":           {body: `{"error":null,"data":[{"id":"a"}]}`, want: []llm.Model{{ID: "a"}}},
		"a gateway's envelope": {body: `{"success":true,"message":"","code":200,"data":[{"id":"a"}]}`, want: []llm.Model{{ID: "a"}}},
		"model for the ID":     {body: `{"models":[{"model":"a"}]}`, want: []llm.Model{{ID: "a"}}},
		"ID is a number":       {body: `[{"id":7,"owned_by":{}}]`, want: []llm.Model{{ID: "7"}}},
		"one more in models":   {body: `{"data":[{"id":"b"}],"models":[{"name":"b"},{"name":"a"}]}`, want: []llm.Model{{ID: "a"}, {ID: "b"}}},
		"created as a float":   {body: `[{"id":"a","created":1700000000.7}]`, want: []llm.Model{{ID: "a", Created: time.Unix(1700000000, 0).UTC()}}},
		"created as a string":  {body: `[{"id":"a","created":"1700000000"}]`, want: []llm.Model{{ID: "a", Created: time.Unix(1700000000, 0).UTC()}}},
		"created unusable":     {body: `[{"id":"a","created":"soon"},{"id":"b","created":-1},{"id":"c","created":1e300},{"id":"d","created":"NaN"},{"id":"e","created":1700000000000}]`, want: []llm.Model{{ID: "a"}, {ID: "b"}, {ID: "c"}, {ID: "d"}, {ID: "e"}}},
		"context_window":       {body: `[{"id":"a","context_window":8192}]`, want: []llm.Model{{ID: "a", ContextLength: 8192}}},
		"max_model_len":        {body: `[{"id":"a","context_length":null,"max_model_len":4096}]`, want: []llm.Model{{ID: "a", ContextLength: 4096}}},
		"max_context_length":   {body: `[{"id":"a","max_context_length":"32768"}]`, want: []llm.Model{{ID: "a", ContextLength: 32768}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, tr := mocked(t, nil)
			tr.RegisterResponder("GET", modelsURL, httpmock.NewStringResponder(200, tt.body))
			models, err := listed(t, c.Models(t.Context(), nil))
			require.NoError(t, err)
			for i := range models {
				require.True(t, json.Valid(models[i].Raw))
				models[i].Raw = nil
			}
			require.Equal(t, tt.want, models)
		})
	}
}

func TestModels_options(t *testing.T) {
	t.Parallel()
	_, c := withModels(t, "qwen-plus", "gpt-4o", "qwen3-8b", "deepseek-chat")
	qwen := func(n llm.ModelName) bool { return n.Family == "qwen" }
	for name, tt := range map[string]struct {
		opts *llm.ModelsOptions
		want []string
	}{
		"nil":          {nil, []string{"deepseek-chat", "gpt-4o", "qwen-plus", "qwen3-8b"}},
		"none set":     {&llm.ModelsOptions{}, []string{"deepseek-chat", "gpt-4o", "qwen-plus", "qwen3-8b"}},
		"server order": {&llm.ModelsOptions{ServerOrder: true}, []string{"qwen-plus", "gpt-4o", "qwen3-8b", "deepseek-chat"}},
		"match":        {&llm.ModelsOptions{Match: qwen}, []string{"qwen-plus", "qwen3-8b"}},
	} {
		models, err := listed(t, c.Models(t.Context(), tt.opts))
		require.NoError(t, err, name)
		require.Equal(t, tt.want, ids(models), name)
	}
	opts := &llm.ModelsOptions{Match: qwen}
	seq := c.Models(t.Context(), opts)
	opts.Match = nil
	models, err := listed(t, seq)
	require.NoError(t, err)
	require.Len(t, models, 2, "the options are those of the call, not of the range")
}

func TestModels_errors(t *testing.T) {
	t.Parallel()
	for shape, tt := range map[llmtest.ModelsShape]struct {
		kind   error
		status int
		words  string
	}{
		llmtest.ModelsCut:       {llm.ErrTruncated, 200, "the list ends in the middle"},
		llmtest.ModelsBroken:    {llm.ErrTruncated, 200, "llm: models: the answer was cut off"},
		llmtest.ModelsEmpty:     {llm.ErrTruncated, 200, "an empty answer"},
		llmtest.ModelsHTML:      {llm.ErrNotStream, 200, "Sign in (an HTML page)"},
		llmtest.ModelsOther:     {llm.ErrNotStream, 200, `no list of models: {"status":"ok"}`},
		llmtest.ModelsError:     {llm.ErrInvalid, 200, "no such thing (status 200, code invalid_type, type invalid_request_error, request id "},
		llmtest.ModelsErrorNull: {llm.ErrServer, 200, "no such thing (status 200, code 20012"},
		llmtest.ModelsErrorList: {llm.ErrInvalid, 200, "no such thing (status 200, code 400"},
		llmtest.ModelsEchoKey:   {llm.ErrAuth, 401, "Incorrect API key provided: sk-…def."},
	} {
		t.Run(string(shape), func(t *testing.T) {
			t.Parallel()
			srv, c := withModels(t, "gpt-4o")
			srv.ShapeModels(shape)
			models, err := listed(t, c.Models(t.Context(), nil))
			require.Empty(t, models)
			require.ErrorIs(t, err, tt.kind)
			require.ErrorContains(t, err, tt.words)
			e, ok := errors.AsType[*llm.Error](err)
			require.True(t, ok)
			require.Equal(t, "models", e.Op)
			require.Equal(t, tt.status, e.Status)
			require.NotEmpty(t, e.RequestID)
			require.NotContains(t, fmt.Sprintf("%+v %s", err, e.Body), llmtest.Key)
		})
	}
	for name, body := range map[string]string{
		"a number": "7", "a text": `"models"`, "null": "null", "list of lists": "[[]]", "entry without a name": `{"data":[{"id":"a"},{"object":"model"}]}`,
		"data is a text": `{"data":"a"}`, "models is an object": `{"models":{"a":{}}}`, "words": "upstream connect error", "rest behind the list": `{"data":[]} x`,
	} {
		c, tr := mocked(t, nil)
		tr.RegisterResponder("GET", modelsURL, httpmock.NewStringResponder(200, body))
		_, err := listed(t, c.Models(t.Context(), nil))
		assert.ErrorIs(t, err, llm.ErrNotStream, name)
	}
}

// The envelopes have a test of their own; here it is that they are read for this call too, with every status.
func TestModels_statuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		body   string
		kind   error
		words  string
	}{
		"OpenAI":      {401, `{"error":{"message":"Incorrect API key.","code":"invalid_api_key"}}`, llm.ErrAuth, "Incorrect API key."},
		"text":        {403, `{"error":"no"}`, llm.ErrAuth, "no (status 403)"},
		"SiliconFlow": {403, `{"code":30001,"message":"account balance is insufficient","data":null}`, llm.ErrQuota, "balance"},
		"vLLM":        {400, `{"object":"error","message":"no","code":400}`, llm.ErrInvalid, "no (status 400"},
		"FastAPI":     {404, `{"detail":"Not Found"}`, llm.ErrNotFound, "Not Found"},
		"HTML":        {502, "<html><title>Bad gateway</title></html>", llm.ErrServer, "Bad gateway (an HTML page)"},
		"list":        {400, `[{"error":{"message":"bad key","code":400}}]`, llm.ErrInvalid, "bad key"},
		"nothing":     {404, "", llm.ErrNotFound, "Not Found"},
		"redirect":    {307, "", llm.ErrInvalid, "a redirect is not followed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, tr := mocked(t, nil)
			resp := httpmock.NewStringResponse(tt.status, tt.body)
			resp.Header = http.Header{"Location": {"https://evil.example.net/v1/models"}}
			tr.RegisterResponder("GET", modelsURL, httpmock.ResponderFromResponse(resp))
			_, err := listed(t, c.Models(t.Context(), nil))
			require.ErrorIs(t, err, tt.kind)
			require.ErrorContains(t, err, tt.words)
			require.Equal(t, 1, tr.GetTotalCallCount())
		})
	}
}

func TestModels_onTheWire(t *testing.T) {
	t.Parallel()
	c, tr := mocked(t, func(cfg *llm.Config) {
		cfg.BaseURL = "https://api.example.com/v1/chat/completions?api-version=1"
		cfg.Header = http.Header{"api-key": {"azure-key"}}
	})
	tr.RegisterResponder("GET", modelsURL+"?api-version=1", func(r *http.Request) (*http.Response, error) {
		assert.Equal(t, http.Header{
			"Accept": {"application/json"}, "User-Agent": {"kitroll-llm"}, "Authorization": {"Bearer " + llmtest.Key}, "Api-Key": {"azure-key"},
		}, r.Header)
		assert.Nil(t, r.Body)
		return httpmock.NewStringResponse(200, `[{"id":"a"}]`), nil
	})
	models, err := listed(t, c.Models(t.Context(), nil))
	require.NoError(t, err)
	require.Equal(t, []string{"a"}, ids(models))
}

func TestModels_tooLarge(t *testing.T) {
	t.Parallel()
	body := `[{"id":"` + strings.Repeat("x", 100) + `"}]`
	for limit, want := range map[int64]error{int64(len(body)): nil, int64(len(body)) - 1: llm.ErrTooLarge} {
		c, tr := mocked(t, func(cfg *llm.Config) { cfg.Limits.Body = limit })
		tr.RegisterResponder("GET", modelsURL, httpmock.NewStringResponder(200, body))
		_, err := listed(t, c.Models(t.Context(), nil))
		require.ErrorIs(t, err, want)
	}
}

// A read may be repeated, whatever became of it.
func TestModels_retries(t *testing.T) {
	t.Parallel()
	answer := func(status int, body string) func(*llmtest.Server) {
		return func(srv *llmtest.Server) { srv.AnswerNext(llmtest.OpModels, status, nil, body) }
	}
	for name, tt := range map[string]struct {
		script func(*llmtest.Server)
		calls  int
		kind   error // nil = success
	}{
		"dropped":         {script: func(srv *llmtest.Server) { srv.DropNext(llmtest.OpModels) }, calls: 2},
		"answer lost":     {script: func(srv *llmtest.Server) { srv.LoseNext(llmtest.OpModels) }, calls: 2},
		"overloaded":      {script: answer(503, `{"error":"busy"}`), calls: 2},
		"gateway":         {script: answer(502, "<html>"), calls: 2},
		"rate limit":      {script: answer(429, `{"error":"slow"}`), calls: 2},
		"quota":           {script: answer(429, `{"error":{"code":"insufficient_quota"}}`), calls: 1, kind: llm.ErrQuota},
		"wrong key":       {script: answer(401, `{"error":"no"}`), calls: 1, kind: llm.ErrAuth},
		"breaks each try": {script: func(srv *llmtest.Server) { srv.ShapeModels(llmtest.ModelsBroken) }, calls: 3, kind: llm.ErrTruncated},
		"never answered":  {script: func(srv *llmtest.Server) { srv.HangNext(llmtest.OpModels) }, calls: 1, kind: llm.ErrIdle},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, nil, func(t *testing.T, srv *llmtest.Server, c *llm.Client) {
				t.Helper()
				tt.script(srv)
				models, err := listed(t, c.Models(t.Context(), nil))
				require.Equal(t, tt.calls, srv.Calls(llmtest.OpModels))
				require.ErrorIs(t, err, tt.kind)
				require.Equal(t, tt.kind == nil, len(models) == len(llmtest.DefaultModels()))
			})
		})
	}
}

func TestModels_context(t *testing.T) {
	t.Parallel()
	why := errors.New("the window was closed")
	synctest.Test(t, func(t *testing.T) {
		srv := llmtest.NewServer()
		defer srv.Close()
		c, err := llm.New(srv.Config())
		require.NoError(t, err)
		srv.HangNext(llmtest.OpModels)
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(why) })
		_, err = listed(t, c.Models(ctx, nil))
		require.ErrorIs(t, err, why)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 1, srv.Calls(llmtest.OpModels))
	})
}

// Nothing is sent before the range, every range asks again, and leaving early leaves nothing open.
//
//nolint:paralleltest // counts goroutines, which are the whole process's
func TestModels_ranges(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	srv := llmtest.NewServer()
	c, err := llm.New(srv.Config())
	require.NoError(t, err)
	seq := c.Models(t.Context(), nil)
	require.Zero(t, srv.Calls(llmtest.OpModels))
	first, err := listed(t, seq)
	require.NoError(t, err)
	require.Len(t, first, len(llmtest.DefaultModels()))
	require.True(t, slices.IsSorted(ids(first)))
	second, err := listed(t, seq)
	require.NoError(t, err)
	require.Equal(t, first, second)
	require.Equal(t, 2, srv.Calls(llmtest.OpModels))
	for m, err := range seq {
		require.NoError(t, err)
		require.Equal(t, first[0], m)
		break
	}
	srv.ShapeModels(llmtest.ModelsHTML)
	for m, err := range seq {
		require.ErrorIs(t, err, llm.ErrNotStream)
		require.Empty(t, m)
		break
	}
	require.Equal(t, 4, srv.Calls(llmtest.OpModels))
	srv.Close()
	goleak.VerifyNone(t, ignore)
}

// A compressed list from a transport that does not decompress.
func TestModels_gzip(t *testing.T) {
	t.Parallel()
	c, tr := mocked(t, nil)
	resp := httpmock.NewStringResponse(200, string(zipped(t, `[{"id":"a"}]`)))
	resp.Header = http.Header{"Content-Encoding": {"gzip"}}
	tr.RegisterResponder("GET", modelsURL, httpmock.ResponderFromResponse(resp))
	models, err := listed(t, c.Models(t.Context(), nil))
	require.NoError(t, err)
	require.Equal(t, []string{"a"}, ids(models))

	resp = httpmock.NewStringResponse(200, "not gzip")
	resp.Header = http.Header{"Content-Encoding": {"gzip"}}
	tr.RegisterResponder("GET", modelsURL, httpmock.ResponderFromResponse(resp))
	_, err = listed(t, c.Models(t.Context(), nil))
	require.ErrorIs(t, err, llm.ErrTruncated)
	require.NotErrorIs(t, err, io.EOF)
}

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func FuzzModels(f *testing.F) {
	for _, body := range []string{
		`{"object":"list","data":[{"id":"a","created":1,"owned_by":"x"}]}`, `[{"id":"a"},{"name":"b","created":"1e9"}]`, `{"models":["a","b",7]}`,
		`{"data":null}`, `{"error":{"message":"x"}}`, `[{"error":"x"}]`, `{"code":1,"data":null}`, `[`, `null`, ``, "\uFEFF[]", `{"data":[{"id":"a","context_length":1e400}]}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := llm.New(llm.Config{BaseURL: "https://api.example.com", HTTPClient: &http.Client{Transport: canned(body)}, Retry: llm.Retry{Max: new(0)}})
		require.NoError(t, err)
		models, err := listed(t, c.Models(t.Context(), &llm.ModelsOptions{ServerOrder: true}))
		if err != nil {
			_, ok := errors.AsType[*llm.Error](err)
			require.True(t, ok)
			require.Empty(t, models)
			return
		}
		require.True(t, json.Valid(bytes.TrimPrefix(bytes.TrimSpace(body), []byte("\uFEFF"))))
		seen := map[string]bool{"": true}
		for _, m := range models {
			require.False(t, seen[m.ID], "%q", m.ID)
			seen[m.ID] = true
			require.True(t, json.Valid(m.Raw))
			require.GreaterOrEqual(t, m.ContextLength, 0)
			require.False(t, m.Created.Before(time.Unix(0, 0)) && !m.Created.IsZero())
		}
	})
}
