package wechat

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"

	"github.com/kitroll/kitroll/internal/pages"
)

// FollowersOptions is where a list of OpenIDs begins; nil = with the first.
type FollowersOptions struct {
	After OpenID // the last one that was dealt with, to go on after a restart
}

// Followers lists all followers, 10,000 a call; a new account has 500 calls a day, which are used up by one for each
// 10,000 followers and one for the end. Every range over the sequence begins anew; an error comes once, last.
//
// Errors: ErrPermission for accounts that are not verified. Source: user/get, developers.weixin.qq.com (read 2026-11).
func (c *Client) Followers(ctx context.Context, opts *FollowersOptions) iter.Seq2[OpenID, error] {
	return c.openIDs(ctx, opts, func(ctx context.Context, next OpenID, out any) error {
		what := call{op: "user/get", get: true}
		if next != "" {
			what.query = url.Values{"next_openid": {string(next)}}
		}
		return c.do(ctx, what, out)
	})
}

// FollowerCount is how many followers the account has. It costs one of the calls of [Client.Followers].
//
// Source: user/get, developers.weixin.qq.com (read 2026-11).
func (c *Client) FollowerCount(ctx context.Context) (int, error) {
	var out openIDPage
	if err := c.do(ctx, call{op: "user/get", get: true}, &out); err != nil {
		return 0, err
	}
	if out.Total == nil { // 0 is "nobody": it must not be guessed
		return 0, &Error{Op: "user/get", Msg: "an answer without total", HTTPStatus: 200, temporary: true, sent: true}
	}
	return int(*out.Total), nil
}

// TagMembers lists the followers with a tag. Every range over the sequence begins anew; an error comes once, last.
//
// Errors: ErrNotFound (45159) for a tag that does not exist. Source: user/tag/get, developers.weixin.qq.com (older pages,
// read 2026-11); the table of the newer page says tag_id, its sample tagid, which is what is sent.
func (c *Client) TagMembers(ctx context.Context, tag int, opts *FollowersOptions) iter.Seq2[OpenID, error] {
	const op = "user/tag/get"
	if tag < 0 {
		return failed[OpenID](invalid(op, []error{fmt.Errorf("tag: %d is no tag", tag)}))
	}
	type request struct {
		Tag  int    `json:"tagid"`
		Next OpenID `json:"next_openid"`
	}
	return c.openIDs(ctx, opts, func(ctx context.Context, next OpenID, out any) error {
		return c.post(ctx, call{op: op}, request{tag, next}, out)
	})
}

// Blacklist lists who is on the account's blacklist: their messages do not arrive, and they get no mass sends. Every
// range over the sequence begins anew; an error comes once, last.
//
// Source: tags/members/getblacklist, developers.weixin.qq.com (older pages, read 2026-11).
func (c *Client) Blacklist(ctx context.Context, opts *FollowersOptions) iter.Seq2[OpenID, error] {
	type request struct {
		Begin OpenID `json:"begin_openid"`
	}
	return c.openIDs(ctx, opts, func(ctx context.Context, next OpenID, out any) error {
		return c.post(ctx, call{op: "tags/members/getblacklist"}, request{next}, out)
	})
}

const maxBlacklistBatch = 20

// AddToBlacklist puts any number of followers on the blacklist, 20 a call, one call after the other. It stops at the
// first failure: done is how many are on it for certain, and doing all of them again is safe.
//
// Errors: ErrInput (40003, 49003) for an OpenID of another account. Source: tags/members/batchblacklist,
// developers.weixin.qq.com (older pages, read 2026-11).
func (c *Client) AddToBlacklist(ctx context.Context, ids ...OpenID) (done int, err error) {
	return c.inBatches(ctx, "tags/members/batchblacklist", maxBlacklistBatch, ids, openIDList)
}

// RemoveFromBlacklist takes any number of followers off the blacklist, like [Client.AddToBlacklist].
//
// Source: tags/members/batchunblacklist, developers.weixin.qq.com (older pages, read 2026-11).
func (c *Client) RemoveFromBlacklist(ctx context.Context, ids ...OpenID) (done int, err error) {
	return c.inBatches(ctx, "tags/members/batchunblacklist", maxBlacklistBatch, ids, openIDList)
}

func openIDList(ids []OpenID) any {
	return struct {
		IDs []OpenID `json:"openid_list"`
	}{ids}
}

// openIDPage is an answer with OpenIDs. Total is in some of them only; Data is absent on the page after the last.
type openIDPage struct {
	Total *number `json:"total"`
	Data  *struct {
		IDs []OpenID `json:"openid"`
	} `json:"data"`
	Next OpenID `json:"next_openid"`
}

// openIDs pages through a list. A page without OpenIDs is the end, and so is a first page that holds all of them; on
// later ones the total says nothing, since it changes while followers come and go. A platform that repeats its
// next_openid is stopped.
func (c *Client) openIDs(ctx context.Context, opts *FollowersOptions, ask func(ctx context.Context, next OpenID, out any) error) iter.Seq2[OpenID, error] {
	var start OpenID
	if opts != nil {
		start = opts.After
	}
	return pages.All(ctx, start, func(ctx context.Context, next OpenID) (pages.Page[OpenID, OpenID], error) {
		var out openIDPage
		if err := ask(ctx, next, &out); err != nil {
			return pages.Page[OpenID, OpenID]{}, err
		}
		page := pages.Page[OpenID, OpenID]{Next: out.Next}
		if out.Data != nil {
			page.Items = out.Data.IDs
		}
		whole := next == "" && out.Total != nil && int64(len(page.Items)) >= int64(*out.Total)
		page.More = len(page.Items) > 0 && out.Next != "" && !whole
		return page, nil
	})
}

// checkOpenIDs refuses a list with nobody in it: it is nearly always a mistake of the caller, and the platform refuses
// it as well.
func checkOpenIDs(ids []OpenID) (problems []error) {
	if len(ids) == 0 {
		problems = append(problems, errors.New("OpenIDs: there are none"))
	}
	for i, id := range ids {
		if id == "" {
			problems = append(problems, fmt.Errorf("OpenIDs[%d] is empty", i))
		}
	}
	return problems
}

// inBatches makes a call for every few OpenIDs, in order, with the body of request. Each sets a state, so that any of
// them may be made again.
func (c *Client) inBatches(ctx context.Context, op string, size int, ids []OpenID, request func([]OpenID) any) (done int, err error) {
	if err := invalid(op, checkOpenIDs(ids)); err != nil {
		return 0, err
	}
	for done < len(ids) {
		batch := ids[done:min(done+size, len(ids))]
		if err := c.post(ctx, call{op: op, effect: writes, advice: "doing it again is safe"}, request(batch), nil); err != nil {
			return done, fmt.Errorf("%w (%d of %d are done)", err, done, len(ids))
		}
		done += len(batch)
	}
	return done, nil
}
