package r2_test

import (
	"context"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
)

const account = "0123456789abcdef0123456789abcdef"

func valid() r2.Config {
	return r2.Config{AccountID: account, Bucket: "images", AccessKeyID: "id", SecretAccessKey: "secret"}
}

// Trap 23: an endpoint with a path is refused (that of miniflare excepted). Trap 10: so is a custom domain or r2.dev.
func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*r2.Config)
		want   []string // none: it is good
	}{
		"good":                {change: func(*r2.Config) {}},
		"empty":               {change: func(c *r2.Config) { *c = r2.Config{} }, want: []string{"AccountID is required", "Bucket is required", "AccessKeyID is required", "SecretAccessKey is required"}},
		"account":             {change: func(c *r2.Config) { c.AccountID = "https://x" }, want: []string{"AccountID: "}},
		"jurisdiction":        {change: func(c *r2.Config) { c.Jurisdiction = "us" }, want: []string{`Jurisdiction: "us"`}},
		"bucket":              {change: func(c *r2.Config) { c.Bucket = "a/b" }, want: []string{"Bucket: "}},
		"capital bucket":      {change: func(c *r2.Config) { c.Bucket = "Images" }, want: []string{"Bucket: "}},
		"bucket of an S3":     {change: func(c *r2.Config) { c.AccountID, c.Endpoint, c.Bucket = "", "https://s3.example.com", "My.Images" }},
		"express bucket":      {change: func(c *r2.Config) { c.AccountID, c.Endpoint, c.Bucket = "", "https://s3.example.com", "a--x-s3" }, want: []string{"Bucket: "}},
		"line break":          {change: func(c *r2.Config) { c.SecretAccessKey = "abc\n" }, want: []string{"SecretAccessKey: "}},
		"exchanged":           {change: func(c *r2.Config) { c.AccessKeyID = strings.Repeat("a", 64) }, want: []string{"exchanged"}},
		"retries":             {change: func(c *r2.Config) { c.MaxRetries = new(11) }, want: []string{"MaxRetries: 11"}},
		"bucket in the path":  {change: func(c *r2.Config) { c.Endpoint = "https://" + account + ".r2.cloudflarestorage.com/images" }, want: []string{"Endpoint: it has a path"}},
		"path of another S3":  {change: func(c *r2.Config) { c.AccountID, c.Endpoint = "", "https://s3.example.com/images" }, want: []string{"Endpoint: it has a path"}},
		"slash":               {change: func(c *r2.Config) { c.Endpoint = "https://x.example.com/" }},
		"miniflare":           {change: func(c *r2.Config) { c.Endpoint = "http://127.0.0.1:8787" + r2.MiniflarePath }},
		"r2.dev":              {change: func(c *r2.Config) { c.Endpoint = "https://pub-x.r2.dev" }, want: []string{"r2.dev"}},
		"custom domain":       {change: func(c *r2.Config) { c.Endpoint, c.PublicBase = "https://img.example.com", "https://img.example.com/" }, want: []string{"public address"}},
		"http":                {change: func(c *r2.Config) { c.Endpoint = "http://s3.example.com" }, want: []string{"Endpoint: http://"}},
		"http, allowed":       {change: func(c *r2.Config) { c.Endpoint, c.AllowHTTP = "http://s3.example.com", true }},
		"http, loopback":      {change: func(c *r2.Config) { c.Endpoint = "http://[::1]:9000" }},
		"http, localhost":     {change: func(c *r2.Config) { c.Endpoint = "http://localhost:9000" }},
		"looks like loopback": {change: func(c *r2.Config) { c.Endpoint = "http://127.0.0.1.example.com" }, want: []string{"http://"}},
		"query":               {change: func(c *r2.Config) { c.PublicBase = "https://x?y=z" }, want: []string{"PublicBase: "}},
		"user":                {change: func(c *r2.Config) { c.Endpoint = "https://u:p@x" }, want: []string{"Endpoint: "}},
		"no scheme":           {change: func(c *r2.Config) { c.PublicBase = "img.example.com" }, want: []string{"PublicBase: want https://"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := valid()
			tt.change(&cfg)
			_, err := r2.New(cfg)
			if tt.want == nil {
				require.NoError(t, err)
				return
			}
			for _, want := range tt.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

func TestEndpointOfTheJurisdiction(t *testing.T) {
	t.Parallel()
	for jurisdiction, host := range map[r2.Jurisdiction]string{
		"":                     account + ".r2.cloudflarestorage.com",
		r2.JurisdictionEU:      account + ".eu.r2.cloudflarestorage.com",
		r2.JurisdictionFedRAMP: account + ".fedramp.r2.cloudflarestorage.com",
	} {
		cfg := valid()
		cfg.Jurisdiction = jurisdiction
		mock := httpmock.NewMockTransport()
		mock.RegisterResponder(http.MethodHead, "https://"+host+"/images/dir/key", httpmock.NewStringResponder(200, ""))
		cfg.HTTPClient = &http.Client{Transport: mock}
		c, err := r2.New(cfg)
		require.NoError(t, err)
		_, err = c.Head(t.Context(), "dir/key")
		require.NoError(t, err)
		assert.Equal(t, 1, mock.GetTotalCallCount())
	}
}

func TestPublicURL(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ base, key, want string }{
		"plain":       {base: "https://img.example.com", key: "a/b.png", want: "https://img.example.com/a/b.png"},
		"slash, path": {base: "https://example.com/img/", key: "b.png", want: "https://example.com/img/b.png"},
		"escaped":     {base: "https://x", key: "a b+c%?#&é中//x/", want: "https://x/a%20b%2Bc%25%3F%23%26%C3%A9%E4%B8%AD//x/"},
		"no base":     {key: "a"},
		"no key":      {base: "https://x"},
		"dots":        {base: "https://x", key: "a/../b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := valid()
			cfg.PublicBase = tt.base
			c, err := r2.New(cfg)
			require.NoError(t, err)
			got, err := c.PublicURL(tt.key)
			if tt.want == "" {
				require.ErrorIs(t, err, r2.ErrInput)
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

// Trap 24: no cloudflare-go at all under r2.
// A program that only stores objects should compile neither the SDK's own uploaders nor its ways to find credentials.
func TestDependencies(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(context.WithoutCancel(t.Context()), "go", "list", "-deps", "-test", ".", "./r2test").Output()
	require.NoError(t, err)
	for dep := range strings.Lines(string(out)) {
		for _, no := range []string{"cloudflare-go", "aws-sdk-go-v2/config", "aws-sdk-go-v2/feature"} {
			assert.NotContains(t, dep, no)
		}
	}
}
