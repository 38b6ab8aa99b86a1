package wechat

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Access is whether an account may do something.
type Access int

// The answers. Unknown is the zero value: nothing is promised that the platform did not say.
const (
	AccessUnknown Access = iota
	AccessYes
	AccessNo
)

func (a Access) String() string {
	switch a {
	case AccessYes:
		return "yes"
	case AccessNo:
		return "no"
	}
	return "unknown"
}

// Capability is one thing that an account may or may not do.
type Capability struct {
	Op     string // the API that was asked about, such as "freepublish/submit"
	Access Access
	Quota  *Quota // nil when the platform did not tell
	Err    error  // what it said in place of a quota

	about ability
}

// Capabilities is what an account may do, as far as its quotas tell.
type Capabilities struct {
	AppID string

	Draft        Capability // put drafts into the box
	Material     Capability // upload permanent materials
	Publish      Capability // publish drafts as pages
	Mass         Capability // send to everybody or to a tag
	MassByOpenID Capability // send to a list of followers
	Followers    Capability // list followers, and with it tags and the blacklist
	Menu         Capability // set the menu
}

// All are the capabilities in the order of the report.
func (c *Capabilities) All() []Capability {
	return []Capability{c.Draft, c.Material, c.Publish, c.Mass, c.MassByOpenID, c.Followers, c.Menu}
}

// Capabilities finds out what the account may do, without doing any of it: it reads the quota of seven APIs, which is
// not counted, costs nothing and changes nothing. A daily limit of 0 is a no. A yes is what the quota says: an account
// whose verification has just expired may still be refused (48001).
//
// Errors: whatever keeps every call from working, such as ErrConfig for a wrong secret or an IP that is not on the
// whitelist. What goes wrong with a single API is in its Capability. Source: openapi/quota/get, developers.weixin.qq.com
// (read 2026-11).
func (c *Client) Capabilities(ctx context.Context) (*Capabilities, error) {
	out := &Capabilities{AppID: c.appID}
	for i, field := range []*Capability{&out.Draft, &out.Material, &out.Publish, &out.Mass, &out.MassByOpenID, &out.Followers, &out.Menu} {
		about := abilities[i]
		*field = Capability{Op: about.op, about: about}
		q, err := c.Quota(ctx, about.op)
		e, ok := errors.AsType[*Error](err)
		switch {
		case err == nil:
			field.Quota, field.Access = &q, AccessYes
			if q.Limit == 0 {
				field.Access = AccessNo
			}
		case ctx.Err() != nil, !ok, e.Op == opToken, e.Op == opLegacyToken, e.Is(ErrToken), e.Is(ErrConfig):
			return nil, err
		default:
			field.Err = err
			if e.Is(ErrPermission) {
				field.Access = AccessNo
			}
		}
	}
	return out, nil
}

// Reason is why, and Advice what to do about it, in English ("en") or Chinese ("zh"). Both are empty for a plain yes.
func (c Capability) Reason(lang string) string {
	zh := chinese(lang)
	switch {
	case c.Err != nil && c.Access == AccessNo:
		if e, ok := errors.AsType[*Error](c.Err); ok {
			return pick(zh, "errcode %d: %s", "错误码 %d：%s", e.Code, e.Hint(lang))
		}
	case c.Err != nil:
		return pick(zh, "the platform did not tell: %v", "平台未给出结果：%v", c.Err)
	case c.Access == AccessNo:
		return pick(zh, "the daily limit of %s is 0", "%s 的每日调用上限为 0", c.Op)
	case c.Quota != nil && c.Quota.Remain <= 0:
		return pick(zh, "all %d calls of today are used up", "今日 %d 次调用已用完", c.Quota.Limit)
	}
	return ""
}

// Advice is what to do about a no, an unknown, or a quota that is used up; empty when there is nothing to be done.
func (c Capability) Advice(lang string) string {
	zh := chinese(lang)
	switch {
	case c.Access == AccessNo:
		return pick(zh, c.about.advice, c.about.adviceZH)
	case c.Access == AccessUnknown:
		return pick(zh, "ask again later", "稍后重试")
	case c.Quota != nil && c.Quota.Remain <= 0:
		return pick(zh, "wait until 00:00 in Beijing", "等待北京时间零点重置")
	}
	return ""
}

// Sentence is one line of the report.
func (c Capability) Sentence(lang string) string {
	zh := chinese(lang)
	reason, advice := c.Reason(lang), c.Advice(lang)
	answer := pick(zh, c.Access.String(), map[Access]string{AccessYes: "是", AccessNo: "否", AccessUnknown: "未知"}[c.Access])
	var b strings.Builder
	b.WriteString(pick(zh, "may %s: %s", "能否%s：%s", pick(zh, c.about.name, c.about.nameZH), answer))
	switch {
	case reason != "" && c.Access == AccessYes:
		b.WriteString(pick(zh, ", but %s", "，但%s", reason))
	case reason != "":
		b.WriteString(pick(zh, ", because %s", "，原因：%s", reason))
	case c.Quota != nil:
		b.WriteString(pick(zh, ", %d of %d calls left today", "，今日剩余 %d/%d 次", c.Quota.Remain, c.Quota.Limit))
	}
	if advice != "" {
		b.WriteString(pick(zh, "; do: %s", "；建议：%s", advice))
	}
	return b.String()
}

// Report is all of it for a person, in English ("en") or Chinese ("zh"), a line for each capability.
func (c *Capabilities) Report(lang string) string {
	zh := chinese(lang)
	var b strings.Builder
	b.WriteString(pick(zh, "Account %s, as its quotas say:\n", "账号 %s（依据接口额度）：\n", c.AppID))
	for _, one := range c.All() {
		b.WriteString("  " + one.Sentence(lang) + "\n")
	}
	b.WriteString(pick(zh, "A yes may still be refused (48001) after a verification has expired. Nothing was changed or used up.\n",
		"注：若认证已过期，标为“是”的接口仍可能返回 48001。本次查询未改动任何内容，也不消耗额度。\n"))
	return b.String()
}

// String is the report in English.
func (c *Capabilities) String() string { return c.Report("en") }

// ability is what the report says about one API.
type ability struct{ op, name, nameZH, advice, adviceZH string }

const (
	permissions = "https://developers.weixin.qq.com/console"
	verify      = "have the account verified on mp.weixin.qq.com (设置与开发)"
	verifyZH    = "请到 mp.weixin.qq.com「设置与开发」完成账号认证"
)

var abilities = []ability{ //nolint:gochecknoglobals // a table: nothing ever changes it
	{"draft/add", "make drafts", "新建草稿", "the draft box is open to every account: look at the API permissions on " + permissions, "草稿箱对所有账号开放：请到 " + permissions + " 查看接口权限"},
	{"material/add_material", "upload materials", "上传永久素材", "look at the API permissions on " + permissions, "请到 " + permissions + " 查看接口权限"},
	{
		"freepublish/submit", "publish", "发布", "since July 2025 personal and unverified accounts may not publish by API: " + verify + ", or publish the draft by hand there",
		"2025 年 7 月起个人及未认证账号不能通过接口发布：" + verifyZH + "，或在后台手动发布草稿",
	},
	{"message/mass/sendall", "mass-send", "群发", "only verified accounts send by API: " + verify + ", or send the draft by hand there", "仅认证账号可通过接口群发：" + verifyZH + "，或在后台手动群发草稿"},
	{"message/mass/send", "mass-send by OpenID", "按 OpenID 群发", "only verified service accounts (服务号) may: give the receivers a tag and send to that", "仅认证服务号可用：请改为给接收者打标签后按标签群发"},
	{"user/get", "list followers and tags", "查询关注者与标签", "only verified accounts may: " + verify, "仅认证账号可用：" + verifyZH},
	{"menu/create", "set the menu", "设置自定义菜单", "set it by hand on mp.weixin.qq.com, or look at the API permissions on " + permissions, "请在 mp.weixin.qq.com 手动设置，或到 " + permissions + " 查看接口权限"},
}

func chinese(lang string) bool { return strings.HasPrefix(strings.ToLower(lang), "zh") }

// pick formats one of two texts.
func pick(zh bool, en, han string, args ...any) string {
	if zh {
		en = han
	}
	if len(args) == 0 {
		return en
	}
	return fmt.Sprintf(en, args...)
}
