package wechattest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat/wechattest"
)

// use is the errcode of a call with this token.
func use(t *testing.T, srv *wechattest.Server, token any) int {
	t.Helper()
	_, answer := post(t, srv, fmt.Sprintf("draft/batchget?access_token=%v", token), "application/json", strings.NewReader(`{"offset":0,"count":1}`))
	return errcode(answer)
}

// A forced refresh kills the token at once; it is granted 20 times a day and 30 s apart, and else gives the old one.
func TestForcedTokens(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
	srv, _ := open(t, wechattest.Options{Now: func() time.Time { return now }})
	ask := func(force bool) any {
		_, answer := post(t, srv, "stable_token", "application/json", strings.NewReader(fmt.Sprintf(
			`{"grant_type":"client_credential","appid":"wx0123456789abcdef","secret":"fake-app-secret","force_refresh":%v}`, force)))
		return answer["access_token"]
	}
	first := ask(false)
	second := ask(true)
	assert.NotEqual(t, first, second)
	assert.Equal(t, 40001, use(t, srv, first))
	assert.Zero(t, use(t, srv, second))
	now = now.Add(29 * time.Second)
	assert.Equal(t, second, ask(true), "too soon")
	for range 19 {
		now = now.Add(time.Minute)
		last := ask(true)
		assert.NotEqual(t, second, last)
		second = last
	}
	now = now.Add(time.Minute)
	assert.Equal(t, second, ask(true), "the day's are used up")
	now = now.Add(24 * time.Hour)
	assert.Len(t, srv.Tokens(), 21)
	third := ask(false)
	now = now.Add(time.Minute)
	assert.NotEqual(t, third, ask(true), "a new day")
}

// Each legacy call makes another token and leaves the one before 5 minutes; the stable ones know nothing of it.
func TestLegacyTokens(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
	srv, c := open(t, wechattest.Options{Now: func() time.Time { return now }})
	stable, err := c.Token(t.Context())
	require.NoError(t, err)
	ask := func(query string) (answer map[string]any) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/cgi-bin/token?"+query, nil)
		require.NoError(t, err)
		resp, err := srv.Client().Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&answer))
		return answer
	}
	const good = "grant_type=client_credential&appid=wx0123456789abcdef&secret=fake-app-secret"
	assert.Equal(t, 40002, errcode(ask("appid=wx0123456789abcdef&secret=fake-app-secret")))
	assert.Equal(t, 40013, errcode(ask("grant_type=client_credential&appid=wx&secret=fake-app-secret")))
	assert.Equal(t, 41004, errcode(ask("grant_type=client_credential&appid=wx0123456789abcdef")))
	assert.Equal(t, 40001, errcode(ask(good+"x")))
	first := ask(good)["access_token"]
	second := ask(good)["access_token"]
	assert.NotEqual(t, first, second)
	now = now.Add(5*time.Minute - time.Second)
	assert.Zero(t, use(t, srv, first))
	now = now.Add(time.Second)
	assert.Equal(t, 42001, use(t, srv, first))
	assert.Zero(t, use(t, srv, second))
	assert.Zero(t, use(t, srv, stable.Value))
	assert.Equal(t, 6, srv.Used("token"), "refused ones count too")
	srv.SetQuota("token", 6)
	assert.Equal(t, 45009, errcode(ask(good)))
}
