package llmtest_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
)

// What the real thing refuses, the list refuses too, in whatever shape it is.
func TestServer_modelsStrict(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		method, key string
		status      int
		want        string
	}{
		"POST":      {http.MethodPost, llmtest.Key, 405, "Not allowed to POST on /v1/models."},
		"no key":    {http.MethodGet, "", 401, "You didn't provide an API key"},
		"wrong key": {http.MethodGet, "sk-other", 401, "invalid_api_key"},
	} {
		for _, shape := range []llmtest.ModelsShape{"", llmtest.ModelsArray, llmtest.ModelsHTML} {
			srv := llmtest.NewServer()
			srv.ShapeModels(shape)
			req, err := http.NewRequestWithContext(t.Context(), tt.method, "http://llm.localhost/v1/models", nil)
			require.NoError(t, err)
			if tt.key != "" {
				req.Header.Set("Authorization", "Bearer "+tt.key)
			}
			resp, err := srv.Client().Do(req)
			require.NoError(t, err)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			assert.Equal(t, tt.status, resp.StatusCode, name)
			assert.Contains(t, string(body), tt.want, name)
			srv.Close()
		}
	}
}

// A list is shaped until it is shaped again, and holds the models that the server was given.
func TestServer_modelsShape(t *testing.T) {
	t.Parallel()
	srv, err := llmtest.Open(llmtest.Options{Models: []string{"b", "a"}})
	require.NoError(t, err)
	defer srv.Close()
	c, err := llm.New(srv.Config())
	require.NoError(t, err)
	count := func() (n int) {
		for _, err := range c.Models(t.Context(), nil) {
			require.NoError(t, err)
			n++
		}
		return n
	}
	require.Equal(t, 2, count())
	srv.ShapeModels(llmtest.ModelsNull)
	require.Zero(t, count())
	require.Zero(t, count())
	srv.ShapeModels(llmtest.ModelsList)
	require.Equal(t, 2, count())
	require.Len(t, srv.Requests(), 4)
	require.Equal(t, "/v1/models", srv.Requests()[0].Path)
}
