package wechat_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

func TestQuota(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	for range 3 {
		_, err := c.DraftCount(t.Context())
		require.NoError(t, err)
	}
	for _, op := range []string{"draft/count", "/cgi-bin/draft/count"} {
		q, err := c.Quota(t.Context(), op)
		require.NoError(t, err)
		assert.Equal(t, wechat.Quota{Limit: 1000, Used: 3, Remain: 997}, q)
	}
	q, err := c.Quota(t.Context(), "message/mass/sendall")
	require.NoError(t, err)
	assert.Equal(t, wechat.Quota{Limit: 100, Remain: 100, Rate: &wechat.Rate{Calls: 60, Per: time.Minute}}, q)
	_, err = c.Quota(t.Context(), "draft/none")
	require.ErrorIs(t, err, wechat.ErrInput)
	before := srv.Calls("openapi/quota/get")
	for _, op := range []string{"", "/cgi-bin/", "/draft/add", "draft/add?x=1", "https://api.weixin.qq.com/cgi-bin/ draft"} {
		_, err = c.Quota(t.Context(), op)
		require.ErrorIs(t, err, wechat.ErrInput, op)
		require.ErrorIs(t, c.ClearAPIQuota(t.Context(), op), wechat.ErrInput, op)
	}
	assert.Equal(t, before, srv.Calls("openapi/quota/get"), "nothing was sent")
	srv.AnswerNext("openapi/quota/get", http.StatusOK, nil, `{"errcode":0,"errmsg":"ok"}`)
	c, err = wechat.New(func() wechat.Config { cfg := srv.Config(); cfg.MaxRetries = new(0); return cfg }())
	require.NoError(t, err)
	_, err = c.Quota(t.Context(), "draft/add")
	require.ErrorIs(t, err, wechat.ErrTemporary, "no quota is not a quota of 0")
}

func TestClearQuotaIsCounted(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 15, 0, 0, 0, time.UTC) // an hour before December in Beijing
	srv, _ := account(t, wechattest.Options{Now: func() time.Time { return now }})
	cfg := srv.Config()
	cfg.Now = func() time.Time { return now }
	c, err := wechat.New(cfg)
	require.NoError(t, err)
	srv.SetQuota("draft/count", 1)
	spend := func() error {
		_, err := c.DraftCount(t.Context())
		return err
	}
	require.NoError(t, spend())
	require.ErrorIs(t, spend(), wechat.ErrQuota)
	require.NoError(t, c.ClearQuota(t.Context()))
	require.NoError(t, spend())
	require.ErrorIs(t, spend(), wechat.ErrQuota)
	require.NoError(t, c.ClearAPIQuota(t.Context(), "draft/count"))
	require.NoError(t, spend())
	require.NoError(t, c.ClearQuotaWithSecret(t.Context()))
	require.NoError(t, spend())
	all, one := srv.Cleared()
	assert.Equal(t, []int{2, 1}, []int{all, one}, "both ways of clearing all take from one number")

	srv.LoseNext("clear_quota")
	err = c.ClearQuota(t.Context())
	require.ErrorIs(t, err, wechat.ErrUnknownOutcome)
	require.ErrorContains(t, err, "look with Quota")
	assert.Equal(t, 2, srv.Calls("clear_quota"), "a lost one is not repeated")
	srv.FailNext("clear_quota/v2", -1)
	require.ErrorIs(t, c.ClearQuotaWithSecret(t.Context()), wechat.ErrUnknownOutcome)
	assert.Equal(t, 2, srv.Calls("clear_quota/v2"))
	for range 7 {
		require.NoError(t, c.ClearQuota(t.Context()))
	}
	err = c.ClearQuota(t.Context())
	require.ErrorIs(t, err, wechat.ErrPermission)
	require.ErrorContains(t, err, "10 of all quotas")
	now = now.Add(time.Hour)
	require.NoError(t, c.ClearQuota(t.Context()), "a new month")
}

// The day on which not even a token can be had any more.
func TestClearQuotaWithSecretNeedsNoToken(t *testing.T) {
	t.Parallel()
	srv := wechattest.NewServer()
	defer srv.Close()
	cfg := srv.Config()
	cfg.Secret = "s3cr3t&key"
	c, err := wechat.New(cfg)
	require.NoError(t, err)
	err = c.ClearQuotaWithSecret(t.Context())
	require.ErrorIs(t, err, wechat.ErrConfig)
	srv.Close()
	err = errors.Join(err, c.ClearQuotaWithSecret(t.Context())) // *url.Error would print the URL
	assert.Zero(t, srv.Calls("stable_token"))
	for _, secret := range []string{cfg.Secret, url.QueryEscape(cfg.Secret)} {
		assert.NotContains(t, err.Error(), secret)
		assert.NotContains(t, fmt.Sprintf("%+v %#v", c, *c), secret)
	}

	cfg.Tokens, cfg.Secret = fixedToken("tok"), ""
	c, err = wechat.New(cfg)
	require.NoError(t, err)
	require.ErrorIs(t, c.ClearQuotaWithSecret(t.Context()), wechat.ErrInput)
}

// Trap 12: what the platform wrote down holds tokens in clear.
func TestRequestByRIDHoldsNoToken(t *testing.T) {
	t.Parallel()
	now := time.Now()
	srv, err := wechattest.Open(wechattest.Options{Secret: "s3cr3tOfTheApp", TokenLife: 30 * 24 * time.Hour, Now: func() time.Time { return now }})
	require.NoError(t, err)
	defer srv.Close()
	c, err := wechat.New(srv.Config())
	require.NoError(t, err)
	_, err = c.Draft(t.Context(), "FakeDraft_none")
	e, ok := errors.AsType[*wechat.Error](err)
	require.True(t, ok)
	r, err := c.RequestByRID(t.Context(), e.RID)
	require.NoError(t, err)
	assert.Equal(t, e.RID, r.RID)
	assert.Equal(t, now.Unix(), r.At.Unix())
	assert.Equal(t, 30*time.Millisecond, r.Took)
	assert.Equal(t, "203.0.113.7", r.ClientIP)
	assert.Equal(t, "access_token=[redacted]", r.Query)
	assert.JSONEq(t, `{"media_id":"FakeDraft_none"}`, r.Body)
	assert.Contains(t, r.Answer, "40007")
	assert.Contains(t, r.String(), "query:  access_token=[redacted]")
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("it", slog.Any("r", r))
	for _, secret := range append(srv.Tokens(), "s3cr3tOfTheApp") {
		assert.NotContains(t, fmt.Sprintf("%v %+v %#v", r, r, r)+log.String(), secret)
	}

	for rid, kind := range map[string]error{"1-2-3": wechat.ErrNotFound, "nonsense": wechat.ErrInput} {
		_, err = c.RequestByRID(t.Context(), rid)
		require.ErrorIs(t, err, kind)
	}
	now = now.Add(7*24*time.Hour + time.Second)
	_, err = c.RequestByRID(t.Context(), e.RID)
	require.ErrorIs(t, err, wechat.ErrNotFound)
	calls := srv.Calls("openapi/rid/get")
	for _, rid := range []string{"", " ", "a b", "a\nb"} {
		_, err = c.RequestByRID(t.Context(), rid)
		require.ErrorIs(t, err, wechat.ErrInput)
	}
	assert.Equal(t, calls, srv.Calls("openapi/rid/get"))
}

func TestRequestByRIDForms(t *testing.T) {
	t.Parallel()
	const tok = "99_Abc-De_f.g@@@"
	for name, tt := range map[string]struct{ in, want string }{
		"query":                  {in: "access_token=" + tok + "&type=image", want: "access_token=[redacted]&type=image"},
		"two of them":            {in: "appid=wx1&appsecret=" + tok + "&component_access_token=" + tok, want: "appid=wx1&appsecret=[redacted]&component_access_token=[redacted]"},
		"JSON":                   {in: `{"access_token":"` + tok + `","expires_in":7200}`, want: `{"access_token":"[redacted]","expires_in":7200}`},
		"JSON, spaced":           {in: `{ "secret" : "` + tok + `" }`, want: `{ "secret" : "[redacted]" }`},
		"JSON in JSON":           {in: `{"body":"{\"refresh_token\":\"` + tok + `\",\"a\":1}"}`, want: `{"body":"{\"refresh_token\":\"[redacted]\",\"a\":1}"}`},
		"an escaped slash":       {in: `{"ticket":"a\/` + tok + `"}`, want: `{"ticket":"[redacted]"}`},
		"upper case":             {in: "ACCESS_TOKEN=" + tok, want: "ACCESS_TOKEN=[redacted]"},
		"nothing to hide":        {in: `{"errmsg":"invalid token","media_id":"M"}`, want: `{"errmsg":"invalid token","media_id":"M"}`},
		"a text about one":       {in: "the access token expired", want: "the access token expired"},
		"empty value":            {in: "access_token=&a=1", want: "access_token=&a=1"},
		"behind other arguments": {in: "https://x.example/?a=1&access_token=" + tok + " HTTP/1.1", want: "https://x.example/?a=1&access_token=[redacted] HTTP/1.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, wechat.BlankTokens(tt.in))
		})
	}
}

func FuzzRequestByRIDHoldsNoToken(f *testing.F) {
	f.Add(`{"access_token":"`, `"}`)
	f.Add("secret=", "&a=1")
	f.Add(`\"app_secret\":\"`, `\"`)
	f.Fuzz(func(t *testing.T, before, after string) {
		const tok = "99_Zq7TokenValue"
		for _, key := range []string{"access_token=", "appsecret=", `"access_token":"`, `\"secret\":\"`, `"ticket": "`} {
			end := strings.TrimLeft(strings.ReplaceAll(key, "access_token", ""), "_abcdefghijklmnopqrstuvwxyz=: ")
			in := before + key + tok + end + after
			if strings.Contains(before+after, tok) {
				return
			}
			if out := wechat.BlankTokens(in); strings.Contains(out, tok) {
				t.Fatalf("%q leaves %q", in, out)
			}
		}
	})
}

func TestNetworkCalls(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{Verified: new(false)})
	ctx := t.Context()
	ips, err := c.CallbackIPs(ctx)
	require.NoError(t, err)
	assert.Equal(t, "[192.0.2.146/32 192.0.2.128/26]", fmt.Sprint(ips))
	ips, err = c.APIDomainIPs(ctx)
	require.NoError(t, err)
	assert.Equal(t, "[198.51.100.4/32 2001:db8::4/128]", fmt.Sprint(ips))
	srv.AnswerNext("getcallbackip", http.StatusOK, nil, `{"ip_list":["192.0.2.1"," ","x"]}`)
	_, err = c.CallbackIPs(ctx)
	require.ErrorContains(t, err, `an answer with " " for an address`)

	_, err = c.CheckCallback(ctx, nil)
	require.ErrorIs(t, err, wechat.ErrConfig)
	srv.SetCallbackHost("hook.example.com")
	check, err := c.CheckCallback(ctx, nil)
	require.NoError(t, err)
	ping := wechat.CallbackPing{IP: "203.0.113.80", From: "CHINANET", Time: 23079 * time.Microsecond}
	assert.Equal(t, wechat.CallbackCheck{DNS: []wechat.CallbackDNS{{IP: "203.0.113.80", Operator: "UNICOM"}}, Pings: []wechat.CallbackPing{ping}}, check)
	check, err = c.CheckCallback(ctx, &wechat.CallbackCheckOptions{Action: "ping", Operator: "CAP"})
	require.NoError(t, err)
	assert.Empty(t, check.DNS)
	assert.Equal(t, "CAP", check.Pings[0].From)
	srv.AnswerNext("callback/check", http.StatusOK, nil, `{"ping":[{"package_loss":"100%","time":""},{"package_loss":"?","time":"-1s"},{"package_loss":"12.5%","time":"1.5s"}]}`)
	check, err = c.CheckCallback(ctx, nil)
	require.NoError(t, err)
	assert.Equal(t, []wechat.CallbackPing{{Loss: 100}, {Loss: -1}, {Loss: 12.5, Time: 1500 * time.Millisecond}}, check.Pings)

	calls := srv.Calls("callback/check")
	_, err = c.CheckCallback(ctx, &wechat.CallbackCheckOptions{Action: "trace", Operator: "cap"})
	require.ErrorIs(t, err, wechat.ErrInput)
	require.ErrorContains(t, err, `"trace" is not one of dns, ping, all`)
	require.ErrorContains(t, err, `"cap" is not one of CHINANET`)
	assert.Equal(t, calls, srv.Calls("callback/check"))
}
