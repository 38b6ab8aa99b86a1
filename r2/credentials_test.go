package r2_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

func TestDeriveKeys(t *testing.T) {
	t.Parallel()
	keys := r2.DeriveKeys("the-id", "abc") // FIPS 180-2 has the hash of "abc"
	assert.Equal(t, "the-id", keys.AccessKeyID)
	assert.Equal(t, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", keys.SecretAccessKey)
	assert.Empty(t, keys.SessionToken)
}

// Trap 27: local temporary credentials give a fixed result for fixed input; the clock is injected. The JWT was also computed by
// hand with openssl dgst -sha256 -hmac.
func TestTempCredentialsAreFixed(t *testing.T) {
	t.Parallel()
	c, err := r2.New(r2.Config{
		AccountID: "0123456789abcdef0123456789abcdef", Bucket: "images", AccessKeyID: "parent", SecretAccessKey: "secret",
		Now: func() time.Time { return time.Unix(1_800_000_000, 999) },
	})
	require.NoError(t, err)
	got, err := c.TempCredentials(r2.TempOptions{Scope: r2.ScopeObjectReadWrite, Prefixes: []string{"up/"}, TTL: time.Hour})
	require.NoError(t, err)
	assert.Equal(t, fixedToken, got.SessionToken)
	assert.Equal(t, fixedSecret, got.SecretAccessKey)
	assert.Equal(t, "parent", got.AccessKeyID)
}

func TestTempCredentialsMayDoWhatTheyWereMadeFor(t *testing.T) {
	t.Parallel()
	now := time.Now()
	srv, c := opened(t, r2test.Options{Now: func() time.Time { return now }})
	require.NoError(t, srv.Put("a/1", []byte("x")))
	require.NoError(t, srv.Put("b/2", []byte("x")))
	put := func(key string) func(context.Context, *r2.Client) error {
		return func(ctx context.Context, c *r2.Client) error {
			_, err := c.Put(ctx, key, strings.NewReader("y"), nil)
			return err
		}
	}
	head := func(key string) func(context.Context, *r2.Client) error {
		return func(ctx context.Context, c *r2.Client) error { _, err := c.Head(ctx, key); return err }
	}
	list := func(prefix string) func(context.Context, *r2.Client) error {
		return func(ctx context.Context, c *r2.Client) (err error) {
			for _, err = range c.List(ctx, prefix, nil) {
			}
			return err
		}
	}
	both := r2.TempOptions{Scope: r2.ScopeObjectReadWrite, TTL: time.Hour}
	for name, tt := range map[string]struct {
		opts r2.TempOptions
		do   func(context.Context, *r2.Client) error
		no   bool
	}{
		"read":                     {opts: r2.TempOptions{TTL: time.Hour}, do: head("a/1")},
		"list":                     {opts: r2.TempOptions{TTL: time.Hour}, do: list("")},
		"write with read only":     {opts: r2.TempOptions{TTL: time.Hour}, do: put("a/3"), no: true},
		"write":                    {opts: both, do: put("a/3")},
		"under the prefix":         {opts: r2.TempOptions{Prefixes: []string{"a/"}, TTL: time.Hour}, do: head("a/1")},
		"beside the prefix":        {opts: r2.TempOptions{Prefixes: []string{"a/"}, TTL: time.Hour}, do: head("b/2"), no: true},
		"list under the prefix":    {opts: r2.TempOptions{Prefixes: []string{"a/"}, TTL: time.Hour}, do: list("a/")},
		"list all with the prefix": {opts: r2.TempOptions{Prefixes: []string{"a/"}, TTL: time.Hour}, do: list(""), no: true},
		"the object":               {opts: r2.TempOptions{Objects: []string{"b/2"}, TTL: time.Hour}, do: head("b/2")},
		"another object":           {opts: r2.TempOptions{Objects: []string{"b/2"}, TTL: time.Hour}, do: head("b/22"), no: true},
		"an action":                {opts: r2.TempOptions{Actions: []string{"HeadObject"}, TTL: time.Hour}, do: head("a/1")},
		"another action":           {opts: r2.TempOptions{Actions: []string{"GetObject"}, TTL: time.Hour}, do: list(""), no: true},
		"copy from elsewhere": {opts: r2.TempOptions{Scope: r2.ScopeObjectReadWrite, Prefixes: []string{"a/"}, TTL: time.Hour}, no: true, do: func(ctx context.Context, c *r2.Client) error {
			_, err := c.Copy(ctx, "a/9", "b/2", nil)
			return err
		}},
		"delete elsewhere": {opts: r2.TempOptions{Scope: r2.ScopeObjectReadWrite, Prefixes: []string{"a/"}, TTL: time.Hour}, no: true, do: func(ctx context.Context, c *r2.Client) (err error) {
			for _, err = range c.DeleteAll(ctx, func(yield func(string) bool) { yield("b/2") }) {
			}
			return err
		}},
		"a presigned URL": {opts: both, do: func(ctx context.Context, c *r2.Client) error {
			p, err := c.PresignGet(ctx, "a/1", time.Minute, nil)
			if err != nil {
				return err
			}
			req, err := http.NewRequestWithContext(ctx, p.Method, p.URL, http.NoBody)
			if err != nil {
				return err
			}
			resp, err := srv.Client().Do(req)
			if err != nil {
				return err
			}
			if resp.StatusCode != http.StatusOK {
				return errors.Join(errors.New(resp.Status), resp.Body.Close())
			}
			return resp.Body.Close()
		}},
	} {
		keys, err := c.TempCredentials(tt.opts)
		require.NoError(t, err, name)
		temp := client(t, srv, with(keys))
		err = tt.do(t.Context(), temp)
		if tt.no {
			require.ErrorIs(t, err, fs.ErrPermission, name)
			continue
		}
		require.NoError(t, err, name)
	}

	keys, err := c.TempCredentials(both)
	require.NoError(t, err)
	for name, spoil := range map[string]func(*r2.Credentials){
		"signature": func(k *r2.Credentials) { k.SessionToken = k.SessionToken[:len(k.SessionToken)-6] + "AAAA==" },
		"secret":    func(k *r2.Credentials) { k.SecretAccessKey = strings.Repeat("0", 64) },
		"no token":  func(k *r2.Credentials) { k.SessionToken = "" },
	} {
		bad := keys
		spoil(&bad)
		require.ErrorIs(t, head("a/1")(t.Context(), client(t, srv, with(bad))), fs.ErrPermission, name)
	}
	now = now.Add(time.Hour)
	require.ErrorIs(t, head("a/1")(t.Context(), client(t, srv, with(keys))), fs.ErrPermission, "they have expired")
}

func with(k r2.Credentials) func(*r2.Config) {
	return func(cfg *r2.Config) {
		cfg.AccessKeyID, cfg.SecretAccessKey, cfg.SessionToken = k.AccessKeyID, k.SecretAccessKey, k.SessionToken
	}
}

func TestTempCredentialsAreRefusedLocally(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	keys, err := c.TempCredentials(r2.TempOptions{TTL: time.Hour})
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		opts   r2.TempOptions
		change func(*r2.Config)
		text   string
	}{
		"no time":      {text: "TTL"},
		"8 days":       {opts: r2.TempOptions{TTL: 8 * 24 * time.Hour}, text: "TTL"},
		"half seconds": {opts: r2.TempOptions{TTL: 1500 * time.Millisecond}, text: "TTL"},
		"scope":        {opts: r2.TempOptions{Scope: "admin", TTL: time.Hour}, text: "Scope"},
		"empty prefix": {opts: r2.TempOptions{Prefixes: []string{""}, TTL: time.Hour}, text: "Prefixes"},
		"bad object":   {opts: r2.TempOptions{Objects: []string{"a/../b"}, TTL: time.Hour}, text: "Objects"},
		"another S3":   {opts: r2.TempOptions{TTL: time.Hour}, change: func(cfg *r2.Config) { cfg.AccountID = "" }, text: "only R2"},
		"of temporary": {opts: r2.TempOptions{TTL: time.Hour}, change: with(keys), text: "temporary credentials itself"},
	} {
		_, err := client(t, srv, func(cfg *r2.Config) {
			if tt.change != nil {
				tt.change(cfg)
			}
		}).TempCredentials(tt.opts)
		require.ErrorIs(t, err, r2.ErrInput, name)
		require.ErrorContains(t, err, tt.text, name)
	}
}

// Trap 22: secrets never in errors, logs, String().
func TestCredentialsAreNotPrinted(t *testing.T) {
	t.Parallel()
	keys := r2.Credentials{AccessKeyID: "0123456789abcdef", SecretAccessKey: "hush-hush-hush", SessionToken: "whisper-whisper"}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("keys", "keys", keys)
	for _, text := range []string{fmt.Sprint(keys), fmt.Sprintf("%+v", keys), fmt.Sprintf("%#v", keys), fmt.Sprintf("%x", keys), keys.String(), log.String()} {
		assert.NotContains(t, text, "hush")
		assert.NotContains(t, text, "whisper")
		assert.NotContains(t, text, fmt.Sprintf("%x", "hush"))
	}
	data, err := json.Marshal(keys)
	require.NoError(t, err)
	assert.Contains(t, string(data), "hush-hush-hush", "for the one who is to use them")
}

const (
	fixedSecret = "0f5d5329a9207bebabc86488dbc0d74084dc753c05f07da48201bb2dc6f23f50"
	fixedToken  = "" +
		"and0L2V5SmhiR2NpT2lKSVV6STFOaUlzSW5SNWNDSTZJa3BYVkNKOS5leUppZFdOclpYUWlPaUpwYldGblpYTWlMQ0p6WTI5d1pTSTZJbTlpYW" +
		"1WamRDMXlaV0ZrTFhkeWFYUmxJaXdpY0dGMGFITWlPbnNpY0hKbFptbDRVR0YwYUhNaU9sc2lkWEF2SWwxOUxDSnpkV0lpT2lJd01USXpORFUy" +
		"TnpnNVlXSmpaR1ZtTURFeU16UTFOamM0T1dGaVkyUmxaaUlzSW1semN5STZJbkJoY21WdWRDSXNJbUYxWkNJNklqQXhNak0wTlRZM09EbGhZbU" +
		"5rWldZd01USXpORFUyTnpnNVlXSmpaR1ZtTG5JeUxtTnNiM1ZrWm14aGNtVnpkRzl5WVdkbExtTnZiU0lzSW1saGRDSTZNVGd3TURBd01EQXdN" +
		"Q3dpWlhod0lqb3hPREF3TURBek5qQXdmUS45cUpqclZtQlJ3MjRQVWhDNEhUWTRpSHkxQ3ZzYWNPZmVRbjB6WTVpMXdR"
)
