package r2admin_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2admin"
	"github.com/kitroll/kitroll/r2/r2test"
)

// with is the configuration of the data plane with these keys.
func with(srv *r2test.Server, bucket string, keys r2.Credentials) r2.Config {
	cfg := srv.Config()
	cfg.Bucket, cfg.AccessKeyID, cfg.SecretAccessKey, cfg.SessionToken = bucket, keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken
	cfg.MaxRetries = new(0)
	return cfg
}

// try puts, gets, lists and copies under a key, and says what was allowed.
func try(t *testing.T, srv *r2test.Server, bucket, key string, keys r2.Credentials) string {
	t.Helper()
	c, err := r2.New(with(srv, bucket, keys))
	require.NoError(t, err)
	var said []string
	note := func(what string, err error) {
		switch {
		case err == nil || errors.Is(err, fs.ErrNotExist):
			said = append(said, what)
		default:
			require.ErrorIs(t, err, fs.ErrPermission, what)
		}
	}
	_, err = c.Put(t.Context(), key, strings.NewReader("x"), nil)
	note("put", err)
	o, err := c.Get(t.Context(), key, nil)
	if err == nil {
		require.NoError(t, o.Close())
	}
	note("get", err)
	var last error
	for _, err := range c.List(t.Context(), "", nil) {
		last = err
	}
	note("list", last)
	note("delete", c.Delete(t.Context(), key))
	d, err := r2admin.Doctor(t.Context(), with(srv, bucket, keys), nil)
	require.NoError(t, err)
	if d.Scope == r2admin.ScopeAdmin {
		said = append(said, "buckets")
	}
	return strings.Join(said, " ")
}

func TestTokensDoWhatTheyWereMadeForAndNoMore(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		opts                    r2admin.TokenOptions
		images, more, elsewhere string
		group, resource         string
	}{
		"object write": {
			opts: r2admin.TokenOptions{Access: r2admin.AccessObjectWrite, Buckets: []string{"images"}}, images: "put get list delete",
			group: "Workers R2 Storage Bucket Item Write", resource: "com.cloudflare.edge.r2.bucket." + account + "_default_images",
		},
		"object read": {
			opts: r2admin.TokenOptions{Access: r2admin.AccessObjectRead, Buckets: []string{"images"}}, images: "get list",
			group: "Workers R2 Storage Bucket Item Read", resource: "com.cloudflare.edge.r2.bucket." + account + "_default_images",
		},
		"two buckets": {
			opts:   r2admin.TokenOptions{Access: r2admin.AccessObjectWrite, Buckets: []string{"images", "more"}, Owner: r2admin.OwnerUser},
			images: "put get list delete", more: "put get list delete",
			group: "Workers R2 Storage Bucket Item Write", resource: "com.cloudflare.edge.r2.bucket." + account + "_default_images",
		},
		"admin write": {
			opts:   r2admin.TokenOptions{Access: r2admin.AccessAdminWrite},
			images: "put get list delete buckets", more: "put get list delete buckets", elsewhere: "put get list delete buckets",
			group: "Workers R2 Storage Write", resource: "com.cloudflare.api.account." + account,
		},
		"admin read": {
			opts:   r2admin.TokenOptions{Access: r2admin.AccessAdminRead},
			images: "get list buckets", more: "get list buckets", elsewhere: "get list buckets",
			group: "Workers R2 Storage Read", resource: "com.cloudflare.api.account." + account,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, api, srv := open(t, r2test.Options{})
			for _, bucket := range []string{"more", "elsewhere"} {
				_, err := c.EnsureBucket(t.Context(), bucket, nil)
				require.NoError(t, err)
			}
			tt.opts.Name, tt.opts.TTL = "uploads of "+name, time.Hour
			tok, err := c.CreateToken(t.Context(), &tt.opts)
			require.NoError(t, err)
			assert.Equal(t, r2.DeriveKeys(tok.ID, tok.Value), tok.Credentials())
			assert.Equal(t, r2admin.TokenActive, tok.Status)
			require.Len(t, tok.Policies, 1)
			require.Len(t, tok.Policies[0].Groups, 1)
			assert.Equal(t, tt.group, tok.Policies[0].Groups[0].Name)
			assert.Equal(t, tt.resource, tok.Policies[0].Resources[0])
			assert.Equal(t, tt.images, try(t, srv, "images", "a.png", tok.Credentials()))
			assert.Equal(t, tt.more, try(t, srv, "more", "a.png", tok.Credentials()))
			assert.Equal(t, tt.elsewhere, try(t, srv, "elsewhere", "a.png", tok.Credentials()))

			// Only Admin makes buckets, and no token makes tokens.
			cfg := config(api, r2test.Options{})
			cfg.APIToken = tok.Value
			own, err := r2admin.New(cfg)
			require.NoError(t, err)
			_, err = own.EnsureBucket(t.Context(), "another", nil)
			assert.Equal(t, tt.opts.Access == r2admin.AccessAdminWrite, err == nil, err)
			_, err = own.CreateToken(t.Context(), &tt.opts)
			require.ErrorIs(t, err, fs.ErrPermission)
			require.ErrorContains(t, err, "Account API Tokens Write")

			require.NoError(t, c.DeleteToken(t.Context(), tok.ID, &r2admin.DeleteTokenOptions{Owner: tt.opts.Owner}))
			assert.Empty(t, try(t, srv, "images", "a.png", tok.Credentials()))
			require.ErrorIs(t, c.DeleteToken(t.Context(), tok.ID, &r2admin.DeleteTokenOptions{Owner: tt.opts.Owner}), fs.ErrNotExist)
		})
	}
}
