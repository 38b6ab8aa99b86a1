package wechat_test

import (
	"bytes"
	"encoding/json"
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

func TestNewReportsEverything(t *testing.T) {
	t.Parallel()
	_, err := wechat.New(wechat.Config{BaseURL: "api.weixin.qq.com", MaxRetries: new(-1)})
	for _, want := range []string{"AppID is required", "Secret is required", "BaseURL:", "MaxRetries: -1"} {
		require.ErrorContains(t, err, want)
	}
	for _, base := range []string{"ftp://a", "https://", "https://user:pw@host", "https://host?a=b", "://"} {
		_, err := wechat.New(wechat.Config{AppID: "a", Secret: "s", BaseURL: base})
		require.ErrorContains(t, err, "BaseURL", base)
		assert.NotContains(t, err.Error(), "pw")
	}
	_, err = wechat.New(wechat.Config{AppID: "a", Secret: "s", BaseURL: "https://sh.api.weixin.qq.com/"})
	require.NoError(t, err)
}

func TestNewChangesNothing(t *testing.T) {
	t.Parallel()
	hc := &http.Client{}
	_, err := wechat.New(wechat.Config{AppID: "a", Secret: "s", HTTPClient: hc})
	require.NoError(t, err)
	assert.Nil(t, hc.CheckRedirect)
}

// Trap 12: the secret sits in bodies and the token in URLs, and net/http prints URLs.
func TestSecretsNeverShow(t *testing.T) {
	t.Parallel()
	const appSecret = "s3cr3t/+key=with&signs"
	srv, err := wechattest.Open(wechattest.Options{Secret: appSecret})
	require.NoError(t, err)
	defer srv.Close()
	var out bytes.Buffer
	cfg := srv.Config()
	cfg.Logger = slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	cfg.MaxRetries = new(0)
	c, err := wechat.New(cfg)
	require.NoError(t, err)
	ctx := t.Context()
	show := func(v any) {
		fmt.Fprintf(&out, "%v %+v %#v %s %q %d\n", v, v, v, v, v, v)
		cfg.Logger.Info("it", slog.Any("v", v))
		if data, err := json.Marshal(v); err == nil {
			out.Write(data)
		}
	}
	show(cfg)
	show(&cfg)
	show(struct{ C wechat.Config }{cfg})
	show(c)
	tok, err := c.Token(ctx)
	require.NoError(t, err)
	show(tok)
	show(struct{ C *wechat.Client }{c})

	article := wechat.Article{Title: "标题", Content: "<p>正文</p>", Cover: cover(t, c)}
	echo := `{"errcode":40001,"errmsg":"invalid credential ` + tok.Value + ` and ` + appSecret + `"}`
	for _, fault := range []func(op string){
		srv.DropNext,
		srv.LoseNext,
		func(op string) { srv.AnswerNext(op, 502, nil, "<html>"+tok.Value+appSecret+url.QueryEscape(appSecret)) },
		func(op string) {
			srv.AnswerNext(op, 302, http.Header{"Location": {"https://elsewhere.example/?t=" + tok.Value}}, "")
		},
		func(op string) { srv.AnswerNext(op, 200, nil, echo) },
		func(op string) { srv.AnswerNext(op, 200, nil, `{"media_id":{}}`) },
		func(op string) { srv.FailNext(op, -1) },
	} {
		fault("draft/add")
		_, err := c.CreateDraft(ctx, article)
		show(err)
		fault("draft/count")
		_, err = c.DraftCount(ctx)
		show(err)
	}
	for _, fault := range []func(op string){
		srv.DropNext,
		func(op string) {
			srv.AnswerNext(op, 200, nil, `{"errcode":40125,"errmsg":"invalid appsecret `+appSecret+`"}`)
		},
		func(op string) { srv.AnswerNext(op, 200, nil, `{"access_token":"`+tok.Value) },
	} {
		fresh, err := wechat.New(cfg)
		require.NoError(t, err)
		fault("stable_token")
		_, err = fresh.DraftCount(ctx)
		require.Error(t, err)
		show(err)
	}
	srv.Close()
	_, err = c.DraftCount(ctx)
	require.Error(t, err)
	show(err)
	_, err = c.CreateDraft(ctx, article)
	show(err)

	text := out.String()
	assert.Contains(t, text, "wx0123456789abcdef")
	assert.Contains(t, text, "draft/add")
	for _, secret := range append(srv.Tokens(), appSecret, url.QueryEscape(appSecret), url.PathEscape(appSecret)) {
		if i := strings.Index(text, secret); i >= 0 {
			t.Errorf("%.12q… shows in: %s", secret, text[max(0, i-300):i])
		}
	}
	encoded, err := json.Marshal(appSecret)
	require.NoError(t, err)
	if strings.Contains(text, string(encoded[1:len(encoded)-1])) {
		t.Error("the secret shows as JSON")
	}
}

func TestNowIsUsed(t *testing.T) {
	t.Parallel()
	srv := wechattest.NewServer()
	defer srv.Close()
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	cfg := srv.Config()
	cfg.Now = func() time.Time { return now }
	c, err := wechat.New(cfg)
	require.NoError(t, err)
	tok, err := c.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, now.Add(2*time.Hour), tok.Expires.Add(time.Second).Truncate(time.Minute), "the fake's own clock has gone on")
	now = now.Add(3 * time.Hour)
	_, err = c.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2, srv.Calls("stable_token"))
}
