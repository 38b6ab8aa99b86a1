package wechat

import (
	"context"
	"errors"
	"fmt"
	"net/url"
)

const (
	opMassDelete     = "message/mass/delete"
	adviceMassDelete = "the page tells whether it is gone; deleting it again is safe, and is one of 10 a day"
)

// DeleteMass deletes one article of a mass send for ever, counted from 1. 0 is an error here, because the platform takes
// it for all of them: that is [Client.DeleteAllMass]. The card stays in the chats of those who got it, and leads to a
// page that says that it was deleted. It works for [News] and [Video] that were sent by API with success, 10 times a day,
// and is not repeated by itself.
//
// Errors: ErrInput (40059) for a send that there is not, and (40060) for an article that it has not.
// Source: message/mass/delete, developers.weixin.qq.com (read 2026-11).
func (c *Client) DeleteMass(ctx context.Context, id MsgID, article int) error {
	if article < 1 || article > maxPosts {
		return invalid(opMassDelete, []error{fmt.Errorf("article: %d is not in 1 to %d; DeleteAllMass deletes all", article, maxPosts)})
	}
	return c.deleteMass(ctx, id, article)
}

// DeleteAllMass deletes everything that a mass send brought, for ever; see [Client.DeleteMass].
//
// Source: message/mass/delete without an index, developers.weixin.qq.com (read 2026-11).
func (c *Client) DeleteAllMass(ctx context.Context, id MsgID) error { return c.deleteMass(ctx, id, 0) }

func (c *Client) deleteMass(ctx context.Context, id MsgID, article int) error {
	if id == "" {
		return invalid(opMassDelete, []error{errors.New("MsgID is empty")})
	}
	return c.post(ctx, call{op: opMassDelete, effect: once, advice: adviceMassDelete}, struct {
		ID      MsgID `json:"msg_id"`
		Article int   `json:"article_idx,omitempty"`
	}{id, article}, nil)
}

// DeleteMassURL deletes the one article of a mass send that has this address, for which the send's ID is not needed; see
// [Client.DeleteMass].
//
// Source: message/mass/delete with url, developers.weixin.qq.com (read 2026-11).
func (c *Client) DeleteMassURL(ctx context.Context, article string) error {
	u, err := url.Parse(article)
	if err != nil || u.Host != "mp.weixin.qq.com" || (u.Scheme != "https" && u.Scheme != "http") {
		return invalid(opMassDelete, []error{errors.New("article: want an address that begins with https://mp.weixin.qq.com/")})
	}
	return c.post(ctx, call{op: opMassDelete, effect: once, advice: adviceMassDelete}, struct {
		URL string `json:"url"`
	}{article}, nil)
}
