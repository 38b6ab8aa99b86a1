package wechat

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"time"
	"unicode/utf8"
)

// User is what the platform tells of a follower. Name and picture are not among it any more.
type User struct {
	OpenID       OpenID
	Subscribed   bool // false: no follower, and everything below is empty
	SubscribedAt time.Time
	UnionID      string // for accounts that are bound to an open platform
	Language     string // "zh_CN"
	Remark       string
	TagIDs       []int
	Scene        string // how they came: "ADD_SCENE_SEARCH", "ADD_SCENE_QR_CODE" …
	QRScene      int    // of the QR code that they scanned
	QRSceneText  string
}

type userJSON struct {
	OpenID       OpenID   `json:"openid"`
	Subscribed   truth    `json:"subscribe"`
	SubscribedAt number   `json:"subscribe_time"`
	UnionID      string   `json:"unionid"`
	Language     string   `json:"language"`
	Remark       string   `json:"remark"`
	TagIDs       []number `json:"tagid_list"`
	Scene        string   `json:"subscribe_scene"`
	QRScene      number   `json:"qr_scene"`
	QRSceneText  string   `json:"qr_scene_str"`
}

func (u userJSON) user() User {
	return User{
		OpenID: u.OpenID, Subscribed: bool(u.Subscribed), SubscribedAt: moment(u.SubscribedAt), UnionID: u.UnionID,
		Language: u.Language, Remark: u.Remark, TagIDs: ints(u.TagIDs), Scene: u.Scene, QRScene: int(u.QRScene), QRSceneText: u.QRSceneText,
	}
}

func ints(in []number) []int {
	var out []int
	for _, n := range in {
		out = append(out, int(n))
	}
	return out
}

// User reads one user. Somebody who has left is no error: Subscribed is false then, and the rest is empty.
//
// Errors: ErrInput (40003) for an OpenID of another account. Source: user/info, developers.weixin.qq.com (read 2026-11).
func (c *Client) User(ctx context.Context, id OpenID) (User, error) {
	const op = "user/info"
	if err := invalid(op, checkOpenIDs([]OpenID{id})); err != nil {
		return User{}, err
	}
	var out userJSON
	if err := c.do(ctx, call{op: op, get: true, query: url.Values{"openid": {string(id)}, "lang": {"zh_CN"}}}, &out); err != nil {
		return User{}, err
	}
	return out.user(), nil
}

const maxUserBatch = 100

// Users reads any number of users, 100 a call, in the order of ids. An answer that leaves one out is an error. Every
// range over the sequence begins anew; an error comes once, last.
//
// Source: user/info/batchget, developers.weixin.qq.com (read 2026-11).
func (c *Client) Users(ctx context.Context, ids ...OpenID) iter.Seq2[User, error] {
	const op = "user/info/batchget"
	if err := invalid(op, checkOpenIDs(ids)); err != nil {
		return failed[User](err)
	}
	ids = slices.Clone(ids)
	return func(yield func(User, error) bool) {
		for batch := range slices.Chunk(ids, maxUserBatch) {
			users, err := c.users(ctx, op, batch)
			for _, u := range users {
				if !yield(u, nil) {
					return
				}
			}
			if err != nil {
				yield(User{}, err)
				return
			}
		}
	}
}

func (c *Client) users(ctx context.Context, op string, ids []OpenID) ([]User, error) {
	type row struct {
		ID   OpenID `json:"openid"`
		Lang string `json:"lang"`
	}
	in := struct {
		List []row `json:"user_list"`
	}{}
	for _, id := range ids {
		in.List = append(in.List, row{id, "zh_CN"})
	}
	var out struct {
		List []userJSON `json:"user_info_list"`
	}
	if err := c.post(ctx, call{op: op}, in, &out); err != nil {
		return nil, err
	}
	found := make(map[OpenID]User, len(out.List))
	for _, u := range out.List {
		found[u.OpenID] = u.user()
	}
	users := make([]User, 0, len(ids))
	for _, id := range ids {
		u, ok := found[id]
		if !ok {
			return users, &Error{Op: op, Msg: fmt.Sprintf("an answer without the OpenID %q", string(id)), HTTPStatus: 200, sent: true}
		}
		users = append(users, u)
	}
	return users, nil
}

const maxRemark = 30 // characters

// SetRemark sets the account's own note on a follower, at most 30 characters; "" takes it away.
//
// Source: user/info/updateremark, developers.weixin.qq.com (read 2026-11).
func (c *Client) SetRemark(ctx context.Context, id OpenID, remark string) error {
	const op = "user/info/updateremark"
	problems := checkOpenIDs([]OpenID{id})
	if n := utf8.RuneCountInString(remark); n > maxRemark {
		problems = append(problems, fmt.Errorf("remark: %d characters, at most %d", n, maxRemark))
	}
	if !utf8.ValidString(remark) {
		problems = append(problems, errors.New("remark: is not UTF-8"))
	}
	if err := invalid(op, problems); err != nil {
		return err
	}
	return c.post(ctx, call{op: op, effect: writes, advice: "doing it again is safe"}, struct {
		ID     OpenID `json:"openid"`
		Remark string `json:"remark"`
	}{id, remark}, nil)
}
