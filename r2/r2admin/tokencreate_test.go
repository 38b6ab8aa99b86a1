package r2admin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2admin"
	"github.com/kitroll/kitroll/r2/r2test"
)

func uploader(name string) *r2admin.TokenOptions {
	return &r2admin.TokenOptions{Name: name, Access: r2admin.AccessObjectWrite, Buckets: []string{"images"}, TTL: time.Hour}
}

// Made, and the answer lost: it is not made again, and the one that is there is named.
func TestLostTokenIsFoundAndNotMadeAgain(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	api.LoseNext("CreateToken")
	tok, err := c.CreateToken(t.Context(), uploader("lost"))
	require.ErrorIs(t, err, r2admin.ErrUnknownOutcome)
	require.ErrorContains(t, err, "CreateToken lost")
	require.ErrorContains(t, err, "ID "+tok.ID+", and its value is lost: delete it")
	assert.Equal(t, 1, api.Calls("CreateToken"))
	assert.Equal(t, r2.Credentials{}, tok.Credentials(), "there are no keys without a value")

	_, err = c.CreateToken(t.Context(), uploader("lost"))
	require.ErrorIs(t, err, fs.ErrExist)
	require.ErrorContains(t, err, tok.ID)
	assert.Equal(t, 1, api.Calls("CreateToken"), "the name is taken: nothing was sent")
	require.NoError(t, c.DeleteToken(t.Context(), tok.ID, nil))
	tok, err = c.CreateToken(t.Context(), uploader("lost"))
	require.NoError(t, err)
	assert.NotEmpty(t, tok.Value)
}

func TestTokenOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	ok := func(result string) string {
		return `{"success":true,"errors":[],"messages":[],"result":` + result + `}`
	}
	for name, tt := range map[string]struct {
		fault func(*r2test.ControlPlane)
		words string
	}{
		"dropped":   {func(api *r2test.ControlPlane) { api.DropNext("CreateToken") }, "no token of this name (yet)"},
		"gateway":   {func(api *r2test.ControlPlane) { api.AnswerNext("CreateToken", 502, nil, "<html>") }, "no token of this name (yet)"},
		"no value":  {func(api *r2test.ControlPlane) { api.AnswerNext("CreateToken", 200, nil, ok(`{"id":"aa"}`)) }, "no ID or no value"},
		"no object": {func(api *r2test.ControlPlane) { api.AnswerNext("CreateToken", 200, nil, ok(`["s3cr3t-value"]`)) }, "(yet)"},
		"null":      {func(api *r2test.ControlPlane) { api.AnswerNext("CreateToken", 200, nil, ok(`null`)) }, "no ID or no value"},
		"broken dates": {func(api *r2test.ControlPlane) {
			api.AnswerNext("CreateToken", 200, nil, ok(`{"id":7,"issued_on":"s3cr3t-value"}`))
		}, "(yet)"},
		"list fails": {func(api *r2test.ControlPlane) {
			api.Observe(fails(api))
			api.LoseNext("CreateToken")
		}, "looking for it failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, api, _ := open(t, r2test.Options{})
			cfg := config(api, r2test.Options{})
			cfg.MaxRetries = new(0)
			c, err := r2admin.New(cfg)
			require.NoError(t, err)
			tt.fault(api)
			tok, err := c.CreateToken(t.Context(), uploader("unsure"))
			require.ErrorIs(t, err, r2admin.ErrUnknownOutcome)
			require.ErrorContains(t, err, tt.words)
			assert.NotContains(t, err.Error(), "s3cr3t-value")
			assert.Empty(t, tok.ID)
			assert.Equal(t, 1, api.Calls("CreateToken"))
		})
	}
}

// A caller who gives up while the token is being made learns that it is there.
func TestTokenOfACallerWhoGaveUp(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	api.Observe(func(e fault.Event) {
		if e.Op == "CreateToken" && e.When == fault.After {
			cancel()
		}
	})
	api.LoseNext("CreateToken")
	tok, err := c.CreateToken(ctx, uploader("given up"))
	require.ErrorIs(t, err, r2admin.ErrUnknownOutcome)
	require.ErrorIs(t, err, context.Canceled)
	require.NotEmpty(t, tok.ID)
	require.ErrorContains(t, err, tok.ID)
}

// Trap 25: 409 is not retried on create (cloudflare-go's default retries it twice); 429 is, when the platform says when.
func TestCreatingATokenAfter409And429(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, api, srv := open(t, r2test.Options{})
		api.AnswerNext("CreateToken", 409, nil, `{"success":false,"errors":[{"code":1009,"message":"conflict"}]}`)
		_, err := c.CreateToken(t.Context(), uploader("a"))
		require.ErrorIs(t, err, fs.ErrExist)
		assert.Equal(t, 1, api.Calls("CreateToken"))
		api.AnswerNext("CreateToken", 429, http.Header{"Retry-After": {"9"}}, `{"success":false,"errors":[{"code":971,"message":"slow"}]}`)
		begun := time.Now()
		tok, err := c.CreateToken(t.Context(), uploader("b"))
		require.NoError(t, err)
		assert.NotEmpty(t, tok.Value)
		assert.GreaterOrEqual(t, time.Since(begun), 9*time.Second)
		assert.Equal(t, 3, api.Calls("CreateToken"))
		api.Close()
		srv.Close()
	})
}

// A token stops working when it expires, is switched off or asked from elsewhere, and does not begin before its time.
func TestTokenEnds(t *testing.T) {
	t.Parallel()
	var clk clock
	c, api, srv := open(t, r2test.Options{Now: clk.now, TokenDelay: 30 * time.Second})
	const all = "put get list delete"
	opts := uploader("ends")
	opts.NotBefore = clk.now().Add(10 * time.Minute)
	tok, err := c.CreateToken(t.Context(), opts)
	require.NoError(t, err)
	assert.Empty(t, try(t, srv, "images", "a", tok.Credentials()), "the platform does not know it yet")
	clk.advance(time.Minute)
	assert.Empty(t, try(t, srv, "images", "a", tok.Credentials()), "it is too early")
	clk.advance(10 * time.Minute)
	assert.Equal(t, all, try(t, srv, "images", "a", tok.Credentials()))

	require.True(t, api.SetTokenDisabled(tok.ID, true))
	assert.Empty(t, try(t, srv, "images", "a", tok.Credentials()))
	got, err := c.VerifyToken(t.Context(), &r2admin.VerifyTokenOptions{Value: tok.Value})
	require.NoError(t, err)
	assert.Equal(t, r2admin.TokenDisabled, got.Status)
	require.True(t, api.SetTokenDisabled(tok.ID, false))
	assert.Equal(t, all, try(t, srv, "images", "a", tok.Credentials()))

	clk.advance(time.Hour)
	assert.Empty(t, try(t, srv, "images", "a", tok.Credentials()))
	got, err = c.VerifyToken(t.Context(), &r2admin.VerifyTokenOptions{Value: tok.Value})
	require.NoError(t, err)
	assert.Equal(t, r2admin.TokenExpired, got.Status)
	assert.True(t, tok.Expires.Equal(got.Expires))
	assert.Equal(t, tok.Credentials(), got.Credentials(), "the keys of a token are found by its value")

	opts = uploader("office")
	opts.TTL = 48 * time.Hour // the clock here is not the one of the fake
	opts.AllowIPs = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	tok, err = c.CreateToken(t.Context(), opts)
	require.NoError(t, err)
	clk.advance(time.Minute)
	assert.Empty(t, try(t, srv, "images", "a", tok.Credentials()), "the requests come from elsewhere")
	opts = uploader("visitors")
	opts.TTL = 48 * time.Hour
	opts.DenyIPs = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	tok, err = c.CreateToken(t.Context(), opts)
	require.NoError(t, err)
	clk.advance(time.Minute)
	assert.Equal(t, all, try(t, srv, "images", "a", tok.Credentials()))

	require.NoError(t, c.DeleteToken(t.Context(), tok.ID, nil))
	assert.Equal(t, all, try(t, srv, "images", "a", tok.Credentials()), "the platform does not know it yet")
	clk.advance(time.Minute)
	assert.Empty(t, try(t, srv, "images", "a", tok.Credentials()))
}

func TestRollToken(t *testing.T) {
	t.Parallel()
	c, api, srv := open(t, r2test.Options{})
	tok, err := c.CreateToken(t.Context(), uploader("roll"))
	require.NoError(t, err)
	rolled, err := c.RollToken(t.Context(), tok.ID, nil)
	require.NoError(t, err)
	assert.Equal(t, []any{tok.ID, tok.Name, tok.Expires}, []any{rolled.ID, rolled.Name, rolled.Expires})
	assert.NotEqual(t, tok.Value, rolled.Value)
	assert.Empty(t, try(t, srv, "images", "a", tok.Credentials()))
	assert.Equal(t, "put get list delete", try(t, srv, "images", "a", rolled.Credentials()))

	api.LoseNext("RollToken")
	_, err = c.RollToken(t.Context(), tok.ID, nil)
	require.ErrorIs(t, err, r2admin.ErrUnknownOutcome)
	assert.Equal(t, 2, api.Calls("RollToken"))
	_, err = c.RollToken(t.Context(), strings.Repeat("0", 32), nil)
	require.ErrorIs(t, err, fs.ErrNotExist)
	for _, value := range []string{rolled.Value, ""} { // the value in place of the ID: it is not repeated
		_, err = c.RollToken(t.Context(), value, nil)
		require.ErrorIs(t, err, r2admin.ErrInput)
		assert.NotContains(t, err.Error(), rolled.Value[5:])
	}
}

func TestListTokensPages(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	want := map[string]bool{}
	for i := range 51 {
		tok, err := c.CreateToken(t.Context(), uploader(fmt.Sprintf("token %d", i)))
		require.NoError(t, err)
		want[tok.ID] = true
	}
	before := api.Calls("ListTokens")
	list := c.ListTokens(t.Context(), nil)
	for range 2 {
		got := map[string]bool{}
		for tok, err := range list {
			require.NoError(t, err)
			assert.Empty(t, tok.Value)
			got[tok.ID] = true
		}
		assert.Equal(t, want, got)
	}
	assert.Equal(t, 6, api.Calls("ListTokens")-before, "two pages and an empty one, twice")
	for tok, err := range c.ListTokens(t.Context(), &r2admin.ListTokensOptions{Name: "token 50"}) {
		require.NoError(t, err)
		assert.Equal(t, "token 50", tok.Name)
	}
	for tok, err := range c.ListTokens(t.Context(), &r2admin.ListTokensOptions{Owner: r2admin.OwnerUser}) {
		require.NoError(t, err)
		assert.Equal(t, "admin", tok.Name, "that of this API, and none of the account")
		assert.Contains(t, tok.Policies[0].Resources[0]+tok.Policies[4].Resources[0], "com.cloudflare.api.account")
	}

	// A server that knows no pages gives the first one again and again.
	page := `{"success":true,"errors":[],"messages":[],"result":[{"id":"aa","name":"a"}]}`
	api.AnswerNext("ListTokens", 200, nil, page)
	api.AnswerNext("ListTokens", 200, nil, page)
	n, before := 0, api.Calls("ListTokens")
	for _, err := range list {
		require.NoError(t, err)
		n++
	}
	assert.Equal(t, 1, n)
	assert.Equal(t, 2, api.Calls("ListTokens")-before, "nothing new in a page is the end")
}

func TestVerifyToken(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	own, err := c.VerifyToken(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, r2admin.OwnerUser, own.Owner, "the token of this API is one of the user")
	assert.Equal(t, 2, api.Calls("VerifyToken"))
	_, err = c.VerifyToken(t.Context(), &r2admin.VerifyTokenOptions{Owner: r2admin.OwnerAccount})
	require.ErrorIs(t, err, fs.ErrPermission)

	const wrong = "cfat_0123456789012345678901234567890123456789"
	api.AnswerNext("VerifyToken", 401, nil, `{"success":false,"errors":[{"code":1000,"message":"Invalid API Token `+wrong+`"}]}`)
	_, err = c.VerifyToken(t.Context(), &r2admin.VerifyTokenOptions{Value: wrong, Owner: r2admin.OwnerAccount})
	require.ErrorIs(t, err, fs.ErrPermission)
	require.ErrorContains(t, err, "mistyped, rolled or deleted")
	assert.NotContains(t, err.Error(), wrong[5:])
	_, err = c.VerifyToken(t.Context(), &r2admin.VerifyTokenOptions{Value: "two\nlines of s3cr3t", Owner: "me"})
	require.ErrorIs(t, err, r2admin.ErrInput)
	require.ErrorContains(t, err, "Owner")
	assert.NotContains(t, err.Error(), "s3cr3t")
}

// Trap 22: secrets never in errors, logs, String().
func TestTokensAndTheirKeysAreNeverShown(t *testing.T) {
	t.Parallel()
	_, api, srv := open(t, r2test.Options{})
	var log bytes.Buffer
	cfg := config(api, r2test.Options{})
	cfg.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	cfg.MaxRetries = new(1)
	c, err := r2admin.New(cfg)
	require.NoError(t, err)
	tok, err := c.CreateToken(t.Context(), uploader("secret"))
	require.NoError(t, err)
	temp, err := c.TempCredentials(t.Context(), r2admin.TempOptions{Bucket: "images", ParentAccessKeyID: tok.ID, TTL: time.Hour})
	require.NoError(t, err)
	keys := tok.Credentials()
	secrets := []string{tok.Value, tok.Value[5:], keys.SecretAccessKey, temp.SecretAccessKey, temp.SessionToken, api.Token}

	var out strings.Builder
	say := func(v any) { fmt.Fprintf(&out, "%v %+v %#v %s %q\n", v, v, v, v, v) }
	for _, v := range []any{tok, &tok, []r2admin.Token{tok}, keys, temp, struct{ T r2admin.Token }{tok}} {
		say(v)
		cfg.Logger.Info("made", "v", v)
	}
	data, err := json.Marshal(tok)
	require.NoError(t, err)
	out.Write(data)

	// Whatever a server or a proxy sends back in place of the answer is not shown.
	echo := `{"result":{"id":"aa","value":"` + tok.Value + `"},"secretAccessKey":"` + temp.SecretAccessKey + `","sessionToken":"` + temp.SessionToken + `"}`
	for _, status := range []int{200, 201, 400, 403, 500} {
		api.AnswerNext("CreateToken", status, nil, echo)
		_, err := c.CreateToken(t.Context(), uploader(fmt.Sprint("echo ", status)))
		require.Error(t, err)
		say(err)
		cfg.Logger.Info("failed", "error", err)
		api.AnswerNext("TempCredentials", status, nil, echo)
		api.AnswerNext("TempCredentials", status, nil, echo)
		_, err = c.TempCredentials(t.Context(), r2admin.TempOptions{Bucket: "images", ParentAccessKeyID: tok.ID, TTL: time.Hour})
		require.Error(t, err)
		say(err)
	}
	api.AnswerNext("RollToken", 200, nil, `{"success":true,"result":{"value":"`+tok.Value+`"}}`)
	api.AnswerNext("RollToken", 200, nil, `"`+tok.Value+`"`)
	_, err = c.RollToken(t.Context(), tok.ID, nil)
	say(err)
	_ = srv
	for _, text := range []string{out.String(), log.String()} {
		require.NotEmpty(t, text)
		for i, s := range secrets {
			shown := strings.Contains(text, s)
			assert.False(t, shown, "secret %d is shown", i) // nor is it printed here
		}
	}
}

// fails lets the look after a lost answer find nothing but errors.
func fails(api *r2test.ControlPlane) func(fault.Event) {
	return func(e fault.Event) {
		if e.Op == "CreateToken" && e.When == fault.After {
			api.AnswerNext("ListTokens", 500, nil, "")
		}
	}
}

// A presigned URL lives no longer than the token whose keys signed it.
func TestPresignedURLEndsWithItsToken(t *testing.T) {
	t.Parallel()
	c, _, srv := open(t, r2test.Options{})
	require.NoError(t, srv.Put("a.txt", []byte("x")))
	tok, err := c.CreateToken(t.Context(), uploader("links"))
	require.NoError(t, err)
	store, err := r2.New(with(srv, "images", tok.Credentials()))
	require.NoError(t, err)
	link, err := store.PresignGet(t.Context(), "a.txt", time.Hour, nil)
	require.NoError(t, err)
	status := func() int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link.URL, nil)
		require.NoError(t, err)
		resp, err := srv.Client().Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	assert.Equal(t, 200, status())
	require.NoError(t, c.DeleteToken(t.Context(), tok.ID, nil))
	assert.Equal(t, 401, status())
}

// Were the SDK to stumble over an answer, its text could hold a part of it; and what was asked for may be there.
func TestAnswerThatTheSDKDoesNotRead(t *testing.T) {
	t.Parallel()
	reading, creating, minted := r2admin.SDKFailed(t.Context(), errors.New("odd: s3cr3t-value"))
	require.ErrorContains(t, reading, "odd")
	require.NotErrorIs(t, reading, r2admin.ErrUnknownOutcome)
	require.ErrorIs(t, creating, r2admin.ErrUnknownOutcome)
	require.NotErrorIs(t, minted, r2admin.ErrUnknownOutcome)
	for _, err := range []error{creating, minted} {
		require.ErrorContains(t, err, "the SDK failed")
		assert.NotContains(t, err.Error(), "s3cr3t")
	}
}
