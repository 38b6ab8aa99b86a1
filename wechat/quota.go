package wechat

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Quota is what one API has left for this account. Its day begins at 00:00 in Beijing.
type Quota struct {
	Limit  int   // calls a day; 0 often means that the account may not call it
	Used   int   // today
	Remain int   // today
	Rate   *Rate // the limit within a short time; nil = the platform names none
}

// Rate is a number of calls within a time.
type Rate struct {
	Calls int
	Per   time.Duration
}

type rateJSON struct {
	Calls  number `json:"call_count"`
	Second number `json:"refresh_second"`
}

func (r *rateJSON) rate() *Rate {
	if r == nil || r.Calls == 0 || r.Second == 0 {
		return nil
	}
	return &Rate{Calls: int(r.Calls), Per: time.Duration(r.Second) * time.Second}
}

// Quota reads what an API has left. op is its path, as "draft/add" or as "/cgi-bin/draft/add". It is not counted itself.
//
// Errors: ErrInput (76021) for a path that does not exist, ErrPermission (76022) for one that is not this account's.
// Source: openapi/quota/get, developers.weixin.qq.com (read 2026-11).
func (c *Client) Quota(ctx context.Context, op string) (Quota, error) {
	const get = "openapi/quota/get"
	path, err := cgiPath(get, op)
	if err != nil {
		return Quota{}, err
	}
	var out struct {
		Quota *struct {
			Limit  number `json:"daily_limit"`
			Used   number `json:"used"`
			Remain number `json:"remain"`
		} `json:"quota"`
		Rate *rateJSON `json:"rate_limit"`
	}
	if err := c.post(ctx, call{op: get}, path, &out); err != nil {
		return Quota{}, err
	}
	if out.Quota == nil { // a limit of 0 means "may not": it must not be guessed
		return Quota{}, &Error{Op: get, Msg: "an answer without quota", HTTPStatus: 200, temporary: true, sent: true}
	}
	return Quota{Limit: int(out.Quota.Limit), Used: int(out.Quota.Used), Remain: int(out.Quota.Remain), Rate: out.Rate.rate()}, nil
}

type pathBody struct {
	Path string `json:"cgi_path"`
}

func cgiPath(op, of string) (pathBody, error) {
	name := strings.TrimPrefix(of, "/cgi-bin/")
	if name == "" || strings.HasPrefix(name, "/") || strings.ContainsAny(name, "?# ") {
		return pathBody{}, invalid(op, []error{fmt.Errorf("op: %q is no path such as draft/add", of)})
	}
	return pathBody{"/cgi-bin/" + name}, nil
}

const clearAdvice = "look with Quota whether it was cleared before using up another clearing"

// ClearQuota starts the day's quota of every API anew. An account has 10 such clearings a month, those on
// mp.weixin.qq.com and of [Client.ClearQuotaWithSecret] counted in, and nothing gives one back: it is for a person who has
// seen what used the quota up, not for a program that met [ErrQuota]. It is never repeated by itself.
//
// Errors: ErrPermission (48006) when the month's are used up. A lost answer is ErrUnknownOutcome: look with
// [Client.Quota]. Source: clear_quota, developers.weixin.qq.com (read 2026-11).
func (c *Client) ClearQuota(ctx context.Context) error {
	in := struct {
		AppID string `json:"appid"`
	}{c.appID}
	return c.post(ctx, call{op: "clear_quota", effect: once, advice: clearAdvice}, in, nil)
}

// ClearQuotaWithSecret is [Client.ClearQuota] for the day on which the quota of the token itself is used up: it needs
// none. It takes one of the same 10 a month. The platform's sample has the AppSecret in the URL, which a proxy on the
// way may write down: prefer ClearQuota while there is a token.
//
// Errors: those of ClearQuota, and ErrInput for a client without Secret. Source: clear_quota/v2,
// developers.weixin.qq.com (read 2026-11).
func (c *Client) ClearQuotaWithSecret(ctx context.Context) error {
	const op = "clear_quota/v2"
	if c.secret == nil {
		return invalid(op, []error{errors.New("Config.Secret is required")})
	}
	query := url.Values{"appid": {c.appID}, "appsecret": {c.secret()}}
	return c.post(ctx, call{op: op, query: query, effect: once, noToken: true, advice: clearAdvice}, struct{}{}, nil)
}

// ClearAPIQuota starts the day's quota of a single API anew. An account has 50 such clearings a month. It is never
// repeated by itself.
//
// Errors: as those of [Client.ClearQuota] and [Client.Quota]. Source: openapi/quota/clear, developers.weixin.qq.com
// (read 2026-11).
func (c *Client) ClearAPIQuota(ctx context.Context, op string) error {
	const clearOne = "openapi/quota/clear"
	path, err := cgiPath(clearOne, op)
	if err != nil {
		return err
	}
	return c.post(ctx, call{op: clearOne, effect: once, advice: clearAdvice}, path, nil)
}
