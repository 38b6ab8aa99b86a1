package wechat

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Tag is a group of followers.
type Tag struct {
	ID    int
	Name  string
	Count int // followers with it
}

const (
	maxTagName  = 30 // characters
	maxTagBatch = 50
	reserved    = 2 // the tags 0, 1 and 2 are the platform's own
)

type tagJSON struct {
	ID    number `json:"id"`
	Name  string `json:"name"`
	Count number `json:"count"`
}

func (t tagJSON) tag() Tag { return Tag{ID: int(t.ID), Name: t.Name, Count: int(t.Count)} }

// tagBody is {"tag":{…}}, of the calls that change one.
type tagBody struct {
	Tag tagRef `json:"tag"`
}

type tagRef struct {
	ID   int    `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// Tags lists the account's tags, of which there are at most 100. Source: tags/get, developers.weixin.qq.com (older
// pages, read 2026-11).
func (c *Client) Tags(ctx context.Context) ([]Tag, error) {
	var out struct {
		Tags []tagJSON `json:"tags"`
	}
	if err := c.do(ctx, call{op: "tags/get", get: true}, &out); err != nil {
		return nil, err
	}
	tags := make([]Tag, 0, len(out.Tags))
	for _, t := range out.Tags {
		tags = append(tags, t.tag())
	}
	return tags, nil
}

// CreateTag makes a tag. Its name has at most 30 characters by the platform's page and at most 30 bytes, which is ten
// Chinese characters, by its error 45158: what is too long by both is refused here, the rest is left to the platform.
//
// Errors: ErrDuplicate (45157) for a name that exists, ErrInput (45158, 45056: 100 tags). A lost answer is
// ErrUnknownOutcome: look in [Client.Tags], or use [Client.EnsureTag], which does. Source: tags/create,
// developers.weixin.qq.com (older pages, read 2026-11).
func (c *Client) CreateTag(ctx context.Context, name string) (Tag, error) {
	const op, advice = "tags/create", "look for it in Tags: a second one of the same name is refused"
	if err := invalid(op, checkTagName(name)); err != nil {
		return Tag{}, err
	}
	var out struct {
		Tag tagJSON `json:"tag"`
	}
	if err := c.post(ctx, call{op: op, effect: writes, advice: advice}, tagBody{tagRef{Name: name}}, &out); err != nil {
		return Tag{}, err
	}
	if out.Tag.ID == 0 {
		return Tag{}, unknown(op, advice, errors.New("an answer without the tag's id"))
	}
	return out.Tag.tag(), nil
}

// EnsureTag finds the tag of this name, and makes it when there is none. It may be repeated after any failure.
func (c *Client) EnsureTag(ctx context.Context, name string) (Tag, error) {
	if err := invalid("tags/create", checkTagName(name)); err != nil {
		return Tag{}, err
	}
	tag, found, err := c.tagNamed(ctx, name)
	if found || err != nil {
		return tag, err
	}
	tag, err = c.CreateTag(ctx, name)
	if errors.Is(err, ErrDuplicate) || errors.Is(err, ErrUnknownOutcome) { // somebody else just then, or we ourselves
		if made, found, lookErr := c.tagNamed(ctx, name); lookErr == nil && found {
			return made, nil
		}
	}
	return tag, err
}

func (c *Client) tagNamed(ctx context.Context, name string) (tag Tag, found bool, err error) {
	tags, err := c.Tags(ctx)
	for _, t := range tags {
		if t.Name == name {
			return t, true, nil
		}
	}
	return Tag{}, false, err
}

// RenameTag gives a tag another name. The tags 0, 1 and 2 are the platform's and cannot be renamed.
//
// Errors: those of [Client.CreateTag], and ErrNotFound. Source: tags/update, developers.weixin.qq.com (older pages, read
// 2026-11).
func (c *Client) RenameTag(ctx context.Context, id int, name string) error {
	const op = "tags/update"
	if err := invalid(op, append(checkOwnTag(id), checkTagName(name)...)); err != nil {
		return err
	}
	return c.post(ctx, call{op: op, effect: writes, advice: "doing it again is safe"}, tagBody{tagRef{ID: id, Name: name}}, nil)
}

// DeleteTag deletes a tag for ever, and takes it off its followers. The tags 0, 1 and 2 are the platform's and cannot be
// deleted.
//
// Errors: ErrPermission (45057) while more than 100,000 followers have it: untag them first. Source: tags/delete,
// developers.weixin.qq.com (older pages, read 2026-11).
func (c *Client) DeleteTag(ctx context.Context, id int) error {
	const op = "tags/delete"
	if err := invalid(op, checkOwnTag(id)); err != nil {
		return err
	}
	return c.post(ctx, call{op: op, effect: writes, advice: "deleting it again is safe: ErrNotFound means that it is gone"}, tagBody{tagRef{ID: id}}, nil)
}

// TagUsers gives a tag to any number of followers, 50 a call, one call after the other: the platform was seen to refuse
// calls at the same time. It stops at the first failure: done is how many have the tag for certain, and doing all of
// them again is safe.
//
// Errors: ErrNotFound (45159) for a tag that does not exist, ErrInput (40003, 49003 an OpenID of another account, 45059
// more than 20 tags on a follower). Source: tags/members/batchtagging, developers.weixin.qq.com (older pages, read 2026-11).
func (c *Client) TagUsers(ctx context.Context, tag int, ids ...OpenID) (done int, err error) {
	return c.tagging(ctx, "tags/members/batchtagging", tag, ids)
}

// UntagUsers takes a tag from any number of followers, like [Client.TagUsers].
//
// Source: tags/members/batchuntagging, developers.weixin.qq.com (older pages, read 2026-11).
func (c *Client) UntagUsers(ctx context.Context, tag int, ids ...OpenID) (done int, err error) {
	return c.tagging(ctx, "tags/members/batchuntagging", tag, ids)
}

func (c *Client) tagging(ctx context.Context, op string, tag int, ids []OpenID) (done int, err error) {
	if tag < 0 {
		return 0, invalid(op, append([]error{fmt.Errorf("tag: %d is no tag", tag)}, checkOpenIDs(ids)...))
	}
	return c.inBatches(ctx, op, maxTagBatch, ids, func(batch []OpenID) any {
		return struct {
			IDs []OpenID `json:"openid_list"`
			Tag int      `json:"tagid"`
		}{batch, tag}
	})
}

// UserTags are the tags of one follower.
//
// Source: tags/getidlist, developers.weixin.qq.com (older pages, read 2026-11).
func (c *Client) UserTags(ctx context.Context, id OpenID) ([]int, error) {
	const op = "tags/getidlist"
	if err := invalid(op, checkOpenIDs([]OpenID{id})); err != nil {
		return nil, err
	}
	var out struct {
		IDs []number `json:"tagid_list"`
	}
	in := struct {
		ID OpenID `json:"openid"`
	}{id}
	if err := c.post(ctx, call{op: op}, in, &out); err != nil {
		return nil, err
	}
	return ints(out.IDs), nil
}

func checkTagName(name string) (problems []error) {
	if strings.TrimSpace(name) == "" {
		problems = append(problems, errors.New("name is required"))
	}
	if n := utf8.RuneCountInString(name); n > maxTagName {
		problems = append(problems, fmt.Errorf("name: %d characters, at most %d", n, maxTagName))
	}
	if !utf8.ValidString(name) {
		problems = append(problems, errors.New("name: is not UTF-8"))
	}
	return problems
}

func checkOwnTag(id int) []error {
	if id <= reserved {
		return []error{fmt.Errorf("tag: %d is none of your own: 0, 1 and 2 are the platform's", id)}
	}
	return nil
}
