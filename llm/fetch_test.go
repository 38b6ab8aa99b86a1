package llm_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
)

func TestFetchImage(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	serve := func(path, body string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			assert.Empty(t, r.Header.Get("Authorization"))
			assert.Empty(t, r.Header.Get("Referer"))
			_, _ = w.Write([]byte(body))
		})
	}
	serve("/a.png", pixel)
	serve("/a.webp", "RIFF0000WEBPVP8 ")
	serve("/a.avif", "\x00\x00\x00\x20ftypavif\x00\x00\x00\x00")
	serve("/page", "<html>an error page</html>")
	serve("/svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
	serve("/large", pixel+strings.Repeat("x", 2000))
	redirect := func(path, to string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) })
	}
	redirect("/moved", "/a.png")
	redirect("/loop", "/loop")
	redirect("/metadata", "http://169.254.169.254/latest/meta-data/")
	redirect("/private", "http://10.0.0.1/a.png")
	redirect("/file", "file:///etc/passwd")
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)

	for name, tt := range map[string]struct {
		url  string
		opts llm.FetchOptions
		typ  string
		kind error
		text string
	}{
		"png":             {url: "/a.png", typ: "image/png"},
		"webp":            {url: "/a.webp", typ: "image/webp"},
		"avif":            {url: "/a.avif", typ: "image/avif"},
		"redirect":        {url: "/moved", typ: "image/png"},
		"page":            {url: "/page", kind: llm.ErrNotStream, text: "what came is not an image"},
		"svg":             {url: "/svg", kind: llm.ErrNotStream},
		"large":           {url: "/large", opts: llm.FetchOptions{MaxBytes: 1000}, kind: llm.ErrTooLarge},
		"missing":         {url: "/nothing", kind: llm.ErrNotFound},
		"loop":            {url: "/loop", kind: llm.ErrInvalid, text: "too many redirects"},
		"cloud metadata":  {url: "/metadata", kind: llm.ErrInvalid, text: "169.254.169.254 is not a public address"},
		"private":         {url: "/private", kind: llm.ErrInvalid, text: "10.0.0.1 is not a public address"},
		"file behind":     {url: "/file", kind: llm.ErrInvalid},
		"slow":            {url: "/slow?sig=hunter2", opts: llm.FetchOptions{Timeout: 50 * time.Millisecond}, kind: llm.ErrIdle, text: "FetchOptions.Timeout"},
		"file":            {url: "file:///etc/passwd", kind: llm.ErrInvalid},
		"no URL":          {url: "::", kind: llm.ErrInvalid},
		"loopback":        {url: "http://127.0.0.1:1/a.png", opts: llm.FetchOptions{AllowLoopback: false}, kind: llm.ErrInvalid},
		"loopback, named": {url: "http://localhost:1/a.png", kind: llm.ErrInvalid},
		"loopback, IPv6":  {url: "http://[::1]:1/a.png", kind: llm.ErrInvalid},
		"mapped":          {url: "http://[::ffff:127.0.0.1]:1/a.png", kind: llm.ErrInvalid},
		"decimal":         {url: "http://[64:ff9b::7f00:1]:1/a.png", kind: llm.ErrInvalid},
		"unspecified":     {url: "http://0.0.0.0:1/a.png", kind: llm.ErrInvalid},
		"carrier":         {url: "http://100.64.0.1/a.png", kind: llm.ErrInvalid},
		"6to4":            {url: "http://[2002:7f00:1::]/a.png", kind: llm.ErrInvalid},
		"unique local":    {url: "http://[fd00::1]/a.png", kind: llm.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts, u := tt.opts, tt.url
			if strings.HasPrefix(u, "/") {
				opts.AllowLoopback, u = true, web.URL+u
			}
			data, typ, err := llm.FetchImage(t.Context(), u, &opts)
			if tt.typ != "" {
				require.NoError(t, err)
				require.Equal(t, tt.typ, typ)
				require.NotEmpty(t, data)
				return
			}
			require.Error(t, err)
			if tt.kind != nil {
				require.ErrorIs(t, err, tt.kind)
			}
			require.ErrorContains(t, err, tt.text)
			require.NotContains(t, err.Error(), "hunter2")
			require.Nil(t, data)
		})
	}
}

func TestFetchImage_downgrade(t *testing.T) {
	t.Parallel()
	tr := httpmock.NewMockTransport()
	tr.RegisterResponder("GET", "https://e.com/a.png", httpmock.NewStringResponder(302, "").HeaderSet(http.Header{"Location": {"http://e.com/a.png"}}))
	_, _, err := llm.FetchImage(t.Context(), "https://e.com/a.png", &llm.FetchOptions{HTTPClient: &http.Client{Transport: tr}})
	require.ErrorIs(t, err, llm.ErrInvalid)
	require.ErrorContains(t, err, "from https to http")
}
