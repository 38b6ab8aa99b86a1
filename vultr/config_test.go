package vultr_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/vultr"
	"github.com/kitroll/kitroll/vultr/vultrtest"
)

func TestNewReportsEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := vultr.New(vultr.Config{APIKey: "with space9 ", BaseURL: "ftp://u:pw12345@h", Timeout: time.Millisecond, MaxRetries: new(-1)})
	require.Error(t, err)
	for _, want := range []string{"APIKey", "BaseURL", "Timeout", "MaxRetries"} {
		assert.ErrorContains(t, err, want)
	}
	assert.NotContains(t, err.Error(), "pw12345")
	assert.NotContains(t, err.Error(), "space9")
	_, err = vultr.New(vultr.Config{})
	assert.ErrorContains(t, err, "APIKey is required")
}

func TestBaseURL(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		base string
		http bool
		want string // "" = refused
	}{
		"default":        {want: "https://api.vultr.com/v2/blocks/x"},
		"other":          {base: "https://proxy.example.com/vultr/", want: "https://proxy.example.com/vultr/blocks/x"},
		"loopback":       {base: "http://127.0.0.1:8080/v2", want: "http://127.0.0.1:8080/v2/blocks/x"},
		"loopback 6":     {base: "http://[::1]:8080/v2", want: "http://[::1]:8080/v2/blocks/x"},
		"localhost":      {base: "http://localhost:8080/v2", want: "http://localhost:8080/v2/blocks/x"},
		"plain":          {base: "http://api.vultr.com/v2"},
		"plain, allowed": {base: "http://api.vultr.com/v2", http: true, want: "http://api.vultr.com/v2/blocks/x"},
		"query":          {base: "https://api.vultr.com/v2?key=1"},
		"user":           {base: "https://u:p@api.vultr.com/v2"},
		"no host":        {base: "https:///v2"},
		"no scheme":      {base: "api.vultr.com/v2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got string
			hc := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				got = r.URL.String()
				return answer(200, "application/json", `{"block":{"id":"x"}}`), nil
			})}
			c, err := vultr.New(vultr.Config{APIKey: apiKey, BaseURL: tt.base, AllowHTTP: tt.http, HTTPClient: hc})
			if tt.want == "" {
				require.ErrorContains(t, err, "BaseURL")
				return
			}
			require.NoError(t, err)
			_, err = c.Block().Get(t.Context(), "x")
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestConfigIsCopied(t *testing.T) {
	t.Parallel()
	srv := vultrtest.NewServer()
	defer srv.Close()
	cfg := srv.Config()
	retries := 1
	cfg.MaxRetries = &retries
	c, err := vultr.New(cfg)
	require.NoError(t, err)
	assert.Nil(t, cfg.HTTPClient.CheckRedirect, "the caller's client was changed")
	retries = 0
	cfg.HTTPClient.Transport = nil
	srv.FailNext(vultrtest.ListBlocks, 503, "later")
	_, err = c.Block().Ensure(t.Context(), volume(), nil)
	require.NoError(t, err)
}

// Trap 36's first half: secrets are redacted in %+v, slog and JSON, and in errors, whatever a server echoes.
func TestSecretsDoNotGetOut(t *testing.T) {
	t.Parallel()
	const s3Secret = "verysecretS3key0123456789"
	var log bytes.Buffer
	c := mocked(t, func(r *http.Request) (*http.Response, error) {
		keys := `"s3_hostname":"h","s3_access_key":"AK","s3_secret_key":"` + s3Secret + `"`
		switch {
		case r.Method == http.MethodPost: // a foreign shape that has keys, and echoes the key of the API
			return answer(202, "application/json", `{"storage":{"label":"`+apiKey+`",`+keys+`}}`), nil
		case r.URL.Path == "/v2/object-storage/echo":
			return answer(400, "application/json", `{"error":"header Authorization: Bearer `+apiKey+` is odd"}`), nil
		case r.URL.Path == "/v2/object-storage/page":
			resp := answer(502, "text/html", "<p>Bearer "+apiKey+"</p>")
			resp.Header.Set("X-Request-Id", apiKey)
			return resp, nil
		}
		return answer(200, "application/json", `{"object_storage":{"id":"o-1",`+keys+`}}`), nil
	}, func(cfg *vultr.Config) {
		cfg.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	cfg := vultr.Config{APIKey: apiKey, BaseURL: "https://u:" + apiKey + "@h/v2"}
	o, err := c.Object().Get(t.Context(), "o-1")
	require.NoError(t, err)
	require.Equal(t, s3Secret, o.SecretAccessKey.Reveal())
	_, foreign := c.Object().Create(t.Context(), storage(), nil)
	_, echo := c.Object().Get(t.Context(), "echo")
	_, page := c.Object().Get(t.Context(), "page")
	for _, err := range []error{foreign, echo, page} {
		require.Error(t, err)
	}
	logger := slog.New(slog.NewTextHandler(&log, nil))
	for _, v := range []any{cfg, &cfg, c, *c, o, &o, o.S3(), o.SecretAccessKey, []vultr.Secret{o.SecretAccessKey}, foreign, echo, page} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			_, _ = fmt.Fprintf(&log, verb+"\n", v)
		}
		logger.Info("printed", "v", v)
		data, err := json.Marshal(v)
		require.NoError(t, err)
		log.Write(data)
	}
	text := log.String()
	assert.Contains(t, text, "[redacted]")
	for _, secret := range []string{apiKey, s3Secret} {
		assert.NotContains(t, text, secret)
		assert.NotContains(t, text, fmt.Sprintf("%x", secret))
		assert.NotContains(t, text, fmt.Sprintf("%X", secret))
	}
	assert.Empty(t, vultr.Secret("").String(), "one that was forgotten stays visible as such")
	var back vultr.Secret
	require.NoError(t, json.Unmarshal([]byte(`"abc"`), &back))
	assert.Equal(t, "abc", back.Reveal())
}
