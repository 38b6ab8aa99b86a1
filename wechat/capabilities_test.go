package wechat_test

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

func access(c *wechat.Capabilities) map[string]string {
	out := map[string]string{}
	for _, one := range c.All() {
		out[one.Op] = one.Access.String()
	}
	return out
}

func TestCapabilities(t *testing.T) {
	t.Parallel()
	everything := map[string]string{
		"draft/add": "yes", "material/add_material": "yes", "freepublish/submit": "yes", "message/mass/sendall": "yes",
		"message/mass/send": "yes", "user/get": "yes", "menu/create": "yes",
	}
	but := func(changes map[string]string) map[string]string {
		out := maps.Clone(everything)
		maps.Copy(out, changes)
		return out
	}
	for name, tt := range map[string]struct {
		opts wechattest.Options
		do   func(*wechattest.Server)
		want map[string]string
	}{
		"verified service":      {want: everything},
		"verified subscription": {opts: wechattest.Options{Kind: wechattest.Subscription}, want: but(map[string]string{"message/mass/send": "no"})},
		"not verified": {opts: wechattest.Options{Verified: new(false)}, want: but(map[string]string{
			"freepublish/submit": "no", "message/mass/sendall": "no", "message/mass/send": "no", "user/get": "no",
		})},
		"refused":           {do: func(s *wechattest.Server) { s.FailNext("openapi/quota/get", 48001) }, want: but(map[string]string{"draft/add": "no"})},
		"not this account":  {do: func(s *wechattest.Server) { s.FailNext("openapi/quota/get", 76022) }, want: but(map[string]string{"draft/add": "no"})},
		"too fast":          {do: func(s *wechattest.Server) { s.FailNext("openapi/quota/get", 45011) }, want: but(map[string]string{"draft/add": "unknown"})},
		"no such API there": {do: func(s *wechattest.Server) { s.FailNext("openapi/quota/get", 76021) }, want: but(map[string]string{"draft/add": "unknown"})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := account(t, tt.opts)
			if tt.do != nil {
				tt.do(srv)
			}
			ops := map[string]bool{}
			srv.Observe(func(e fault.Event) { ops[e.Op] = true })
			got, err := c.Capabilities(t.Context())
			require.NoError(t, err)
			assert.Equal(t, tt.want, access(got))
			assert.Equal(t, map[string]bool{"stable_token": true, "openapi/quota/get": true}, ops, "it asks, and does nothing")
			for op := range everything {
				assert.Zero(t, srv.Used(op), "and costs nothing")
			}
			for _, one := range got.All() {
				plain := one.Access == wechat.AccessYes
				assert.Equal(t, plain, one.Reason("en") == "" && one.Advice("en") == "" && one.Reason("zh") == "" && one.Advice("zh") == "", one.Op)
			}
		})
	}
}

func TestCapabilitiesReport(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{Verified: new(false)})
	srv.SetQuota("draft/add", 1)
	makeDraft(t, c)
	got, err := c.Capabilities(t.Context())
	require.NoError(t, err)
	assert.Equal(t, `Account wx0123456789abcdef, as its quotas say:
  may make drafts: yes, but all 1 calls of today are used up; do: wait until 00:00 in Beijing
  may upload materials: yes, 99999 of 100000 calls left today
  may publish: no, because the daily limit of freepublish/submit is 0; do: since July 2025 personal and unverified accounts may not publish by API: have the account verified on mp.weixin.qq.com (设置与开发), or publish the draft by hand there
  may mass-send: no, because the daily limit of message/mass/sendall is 0; do: only verified accounts send by API: have the account verified on mp.weixin.qq.com (设置与开发), or send the draft by hand there
  may mass-send by OpenID: no, because the daily limit of message/mass/send is 0; do: only verified service accounts (服务号) may: give the receivers a tag and send to that
  may list followers and tags: no, because the daily limit of user/get is 0; do: only verified accounts may: have the account verified on mp.weixin.qq.com (设置与开发)
  may set the menu: yes, 1000 of 1000 calls left today
A yes may still be refused (48001) after a verification has expired. Nothing was changed or used up.
`, got.String())
	zh := got.Report("zh-CN")
	assert.Contains(t, zh, "账号 wx0123456789abcdef（依据接口额度）：\n  能否新建草稿：是，但今日 1 次调用已用完；建议：等待北京时间零点重置\n")
	assert.Contains(t, zh, "能否发布：否，原因：freepublish/submit 的每日调用上限为 0；建议：2025 年 7 月起个人及未认证账号不能通过接口发布：")
	assert.NotRegexp(t, `%!|because|may `, zh)

	srv.FailNext("openapi/quota/get", 48001)
	got, err = c.Capabilities(t.Context())
	require.NoError(t, err)
	assert.Contains(t, got.Draft.Sentence("en"), "may make drafts: no, because errcode 48001: this account may not use this API")
	assert.Contains(t, got.Draft.Sentence("zh"), "能否新建草稿：否，原因：错误码 48001：账号没有该接口权限")
	srv.FailNext("openapi/quota/get", 45011)
	got, err = c.Capabilities(t.Context())
	require.NoError(t, err)
	assert.Regexp(t, "^may make drafts: unknown, because the platform did not tell: wechat: openapi/quota/get: .*; do: ask again later$", got.Draft.Sentence("en"))
}

// What keeps every call from working is no matter of capabilities.
func TestCapabilitiesFailAsAWhole(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		do func(*wechattest.Server)
		is error
	}{
		"whitelist":     {do: func(s *wechattest.Server) { s.RefuseIP("203.0.113.7") }, is: wechat.ErrConfig},
		"no token":      {do: func(s *wechattest.Server) { s.FailNext("stable_token", 45009) }, is: wechat.ErrQuota},
		"token refused": {do: func(s *wechattest.Server) { s.FailNext("openapi/quota/get", 40001) }, is: wechat.ErrToken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := account(t, wechattest.Options{})
			tt.do(srv)
			got, err := c.Capabilities(t.Context())
			require.ErrorIs(t, err, tt.is)
			assert.Nil(t, got)
		})
	}
}

// Trap 13: verified is not callable. The quota promises, the call is refused, and the hint says why.
func TestVerificationExpired(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	id := makeDraft(t, c)
	srv.ExpireVerification()
	got, err := c.Capabilities(t.Context())
	require.NoError(t, err)
	assert.Equal(t, wechat.AccessYes, got.Publish.Access)
	assert.Contains(t, got.String(), "may still be refused (48001) after a verification has expired")
	_, err = c.Publish(t.Context(), id)
	require.ErrorIs(t, err, wechat.ErrPermission)
	require.ErrorContains(t, err, "a verification expires; drafts stay open")
	_, err = c.DraftCount(t.Context())
	require.NoError(t, err)
}
