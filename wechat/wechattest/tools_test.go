package wechattest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/kitroll/kitroll/wechat/wechattest"
)

func TestRefusesAboutTheAccount(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		op, body string
		want     int
	}{
		"clear":                   {op: "clear_quota", body: `{"appid":"wx0123456789abcdef"}`},
		"clear for another":       {op: "clear_quota", body: `{"appid":"wx"}`, want: 40013},
		"clear nothing":           {op: "clear_quota", want: 44002},
		"clear one":               {op: "openapi/quota/clear", body: `{"cgi_path":"/cgi-bin/draft/add"}`},
		"clear one without slash": {op: "openapi/quota/clear", body: `{"cgi_path":"draft/add"}`, want: 76021},
		"no such rid":             {op: "openapi/rid/get", body: `{"rid":"1-2-3"}`, want: 76001},
		"no rid at all":           {op: "openapi/rid/get", body: `{"rid":"x"}`, want: 76002},
		"check":                   {op: "callback/check", body: `{"action":"all","check_operator":"UNICOM"}`},
		"check, bad action":       {op: "callback/check", body: `{"action":"x","check_operator":"UNICOM"}`, want: 40202},
		"check, bad operator":     {op: "callback/check", body: `{"action":"all","check_operator":"x"}`, want: 40203},
		"IPs by POST":             {op: "getcallbackip", body: `{}`, want: 43001},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, _ := open(t, wechattest.Options{})
			srv.SetCallbackHost("hook.example.com")
			assert.Equal(t, tt.want, call(t, srv, tt.op, tt.body))
		})
	}
}

func TestClearQuotaV2WantsItsOwnCredentials(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]int{
		"appid=wx0123456789abcdef&appsecret=fake-app-secret": 0,
		"appid=wx0123456789abcdef&appsecret=wrong":           40125,
		"appid=wx0123456789abcdef":                           41004,
		"appid=wx&appsecret=fake-app-secret":                 40013,
	} {
		srv, _ := open(t, wechattest.Options{})
		status, answer := post(t, srv, "clear_quota/v2?"+query, "application/json", strings.NewReader("{}"))
		assert.Equal(t, http.StatusOK, status)
		assert.Equal(t, want, errcode(answer), query)
		all, _ := srv.Cleared()
		assert.Equal(t, want == 0, all == 1, query)
	}
}
