package r2admin_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2admin"
	"github.com/kitroll/kitroll/r2/r2test"
)

// Keys of API tokens: what they reach, and what the account knows about those that are refused.
func TestDoctorKnowsTokens(t *testing.T) {
	t.Parallel()
	object := r2admin.TokenOptions{Name: "uploads", Access: r2admin.AccessObjectWrite, Buckets: []string{"images"}}
	for name, tt := range map[string]struct {
		opts   r2admin.TokenOptions
		server r2test.Options
		change func(t *testing.T, c *r2admin.Client, api *r2test.ControlPlane, tok r2admin.Token, data *r2.Config)
		blind  bool // without DoctorOptions.Client
		scope  r2admin.Scope
		write  r2admin.Answer
		cause  r2admin.Cause
		fix    string
	}{
		"object write": {opts: object, scope: "object", write: "yes"},
		"object read": {
			opts:  r2admin.TokenOptions{Name: "reads", Access: r2admin.AccessObjectRead, Buckets: []string{"images"}},
			scope: "object", write: "no", cause: r2admin.CausePermission, fix: "token reads is for com.cloudflare.edge.r2.bucket." + account + "_default_images",
		},
		"admin write": {opts: r2admin.TokenOptions{Name: "all", Access: r2admin.AccessAdminWrite}, scope: "admin", write: "yes"},
		"admin read": {
			opts:  r2admin.TokenOptions{Name: "looks", Access: r2admin.AccessAdminRead},
			scope: "admin", write: "no", cause: r2admin.CausePermission, fix: "com.cloudflare.api.account",
		},
		"another bucket": {
			opts: object, change: func(_ *testing.T, _ *r2admin.Client, _ *r2test.ControlPlane, _ r2admin.Token, data *r2.Config) {
				data.Bucket = "more"
			},
			scope: "none", write: "no", cause: r2admin.CausePermission, fix: "_default_images",
		},
		"off": {
			opts: object, change: func(t *testing.T, _ *r2admin.Client, api *r2test.ControlPlane, tok r2admin.Token, _ *r2.Config) {
				t.Helper()
				require.True(t, api.SetTokenDisabled(tok.ID, true))
			},
			scope: "none", write: "unknown", cause: r2admin.CauseDisabled, fix: "uploads is switched off",
		},
		"off, not looked up": {
			opts: object, blind: true, change: func(t *testing.T, _ *r2admin.Client, api *r2test.ControlPlane, tok r2admin.Token, _ *r2.Config) {
				t.Helper()
				require.True(t, api.SetTokenDisabled(tok.ID, true))
			},
			scope: "none", write: "unknown", cause: r2admin.CauseKeyID, fix: "ID of the API token",
		},
		"deleted": {
			opts: object, change: func(t *testing.T, c *r2admin.Client, _ *r2test.ControlPlane, tok r2admin.Token, _ *r2.Config) {
				t.Helper()
				require.NoError(t, c.DeleteToken(t.Context(), tok.ID, nil))
			},
			scope: "none", write: "unknown", cause: r2admin.CauseKeyID, fix: "it was deleted",
		},
		"rolled": {
			opts: object, change: func(t *testing.T, c *r2admin.Client, _ *r2test.ControlPlane, tok r2admin.Token, _ *r2.Config) {
				t.Helper()
				_, err := c.RollToken(t.Context(), tok.ID, nil)
				require.NoError(t, err)
			},
			scope: "none", write: "unknown", cause: r2admin.CauseSecret, fix: "of an old value",
		},
		"early": {
			opts:  r2admin.TokenOptions{Name: "later", Access: r2admin.AccessObjectWrite, Buckets: []string{"images"}, NotBefore: time.Now().Add(time.Hour)},
			scope: "none", write: "unknown", cause: r2admin.CauseEarly, fix: "works only from",
		},
		"new": {
			opts: object, server: r2test.Options{TokenDelay: time.Minute},
			scope: "none", write: "unknown", cause: r2admin.CauseKeyID, fix: "wait a minute",
		},
		"not to be looked up": {
			opts: object, change: func(t *testing.T, c *r2admin.Client, api *r2test.ControlPlane, tok r2admin.Token, _ *r2.Config) {
				t.Helper()
				require.NoError(t, c.DeleteToken(t.Context(), tok.ID, nil))
				api.Restrict()
			},
			scope: "none", write: "unknown", cause: r2admin.CauseKeyID, fix: "ID of the API token",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, api, srv := open(t, tt.server)
			_, err := c.EnsureBucket(t.Context(), "more", nil)
			require.NoError(t, err)
			tok, err := c.CreateToken(t.Context(), &tt.opts)
			require.NoError(t, err)
			data := with(srv, "images", tok.Credentials())
			if tt.change != nil {
				tt.change(t, c, api, tok, &data)
			}
			opts := &r2admin.DoctorOptions{Write: true, Client: c}
			if tt.blind {
				opts.Client = nil
			}
			d, err := r2admin.Doctor(t.Context(), data, opts)
			require.NoError(t, err)
			assert.Equal(t, []any{tt.scope, tt.write, tt.cause}, []any{d.Scope, d.Write, d.Cause}, d.String())
			assert.Contains(t, d.Fix, tt.fix)
			assert.Equal(t, tt.cause == r2admin.CauseNone, d.Healthy())
			out, err := json.Marshal(d)
			require.NoError(t, err)
			for _, secret := range []string{tok.Value, tok.Credentials().SecretAccessKey} {
				shown := strings.Contains(string(out)+d.String()+fmt.Sprintf("%+v %#v", d, d), secret)
				assert.False(t, shown)
			}
		})
	}
}

func TestDoctorKnowsAnExpiredToken(t *testing.T) {
	t.Parallel()
	var clk clock
	c, _, srv := open(t, r2test.Options{Now: clk.now})
	tok, err := c.CreateToken(t.Context(), uploader("uploads"))
	require.NoError(t, err)
	clk.advance(2 * time.Hour)
	d, err := r2admin.Doctor(t.Context(), with(srv, "images", tok.Credentials()), &r2admin.DoctorOptions{Client: c})
	require.NoError(t, err)
	assert.Equal(t, r2admin.CauseExpired, d.Cause)
	assert.Contains(t, d.Fix, "uploads has expired at "+tok.Expires.Format(time.RFC3339))
	require.NotNil(t, d.Token)
	assert.Equal(t, r2admin.TokenExpired, d.Token.Status)
}

// What temporary credentials are for is in their session token: nobody has to be asked.
func TestDoctorReadsSessionTokens(t *testing.T) {
	t.Parallel()
	var clk clock
	c, _, srv := open(t, r2test.Options{Now: clk.now})
	_, err := c.EnsureBucket(t.Context(), "more", nil)
	require.NoError(t, err)
	parent, err := c.CreateToken(t.Context(), &r2admin.TokenOptions{Name: "parent", Access: r2admin.AccessAdminWrite})
	require.NoError(t, err)
	temp := func(o r2admin.TempOptions) r2.Credentials {
		o.Bucket, o.ParentAccessKeyID, o.TTL = "images", parent.ID, time.Hour
		keys, err := c.TempCredentials(t.Context(), o)
		require.NoError(t, err)
		return keys
	}
	doctor := func(bucket string, keys r2.Credentials) r2admin.Diagnosis {
		d, err := r2admin.Doctor(t.Context(), with(srv, bucket, keys), &r2admin.DoctorOptions{Write: true})
		require.NoError(t, err)
		return d
	}
	d := doctor("more", temp(r2admin.TempOptions{}))
	assert.Equal(t, r2admin.CausePermission, d.Cause)
	assert.Contains(t, d.Fix, "object-read-only on bucket images")
	d = doctor("images", temp(r2admin.TempOptions{Permission: r2admin.AccessObjectWrite, Prefixes: []string{"up/"}, Objects: []string{"a.png"}}))
	assert.Equal(t, r2admin.CausePermission, d.Cause)
	assert.Contains(t, d.Fix, `prefixes ["up/"], keys ["a.png"]`)
	d = doctor("images", temp(r2admin.TempOptions{Permission: r2admin.AccessObjectWrite}))
	assert.True(t, d.Healthy(), d.String())

	keys := temp(r2admin.TempOptions{})
	mixed := keys
	mixed.AccessKeyID = srv.Config().AccessKeyID
	d = doctor("images", mixed)
	assert.Equal(t, r2admin.CauseKeyID, d.Cause)
	assert.Contains(t, d.Fix, "of other keys")
	clk.advance(2 * time.Hour)
	d = doctor("images", keys)
	assert.Equal(t, r2admin.CauseExpired, d.Cause)
	assert.Contains(t, d.Fix, "have expired at")

	// S3's own word for it, should R2 use it.
	srv.AnswerNext("ListObjectsV2", 400, nil, `<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>`)
	d = doctor("images", parent.Credentials())
	assert.Equal(t, r2admin.CauseExpired, d.Cause)
}

func FuzzReadSession(f *testing.F) {
	jwt := func(claims string) string {
		return base64.StdEncoding.EncodeToString([]byte("jwt/h." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".s"))
	}
	for _, seed := range []string{"", "jwt/", jwt(`{"bucket":"b","scope":"s","exp":1e308,"paths":null}`), jwt(`[]`), jwt(`{"paths":{"prefixPaths":["a"]}}`)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if limits, ok := r2admin.Limits(text); !ok {
			assert.Equal(t, " on bucket ", limits)
		}
	})
}

func FuzzResources(f *testing.F) {
	for _, seed := range []string{"", `{}`, `{"a":"*"}`, `{"a":{"b":"*","c":"*"},"d":"*"}`, `[1]`, `{"a":7}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got := r2admin.Resources(raw)
		assert.True(t, slices.IsSorted(got))
		if len(got) > 0 {
			assert.True(t, json.Valid([]byte(raw)))
		}
	})
}
