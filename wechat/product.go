package wechat

import (
	"context"
	"errors"
	"fmt"
)

// CardType is how a product card looks.
type CardType int

// The looks of a product card.
const (
	BigCard  CardType = 0
	MiniCard CardType = 1
	TextCard CardType = 2
	BarCard  CardType = 3
)

// ProductCard is a product of the account's shop as it goes into a post.
type ProductCard struct {
	Key string // for PicPost.ProductKey
	DOM string // for the content of an Article or a PicPost
}

// ProductCard makes the card of a product, for an [Article], or with pictures set for a [PicPost]. It changes nothing.
//
// Errors: ErrInput (10170001 to 10170003) for a product that there is not; ErrPermission (53404, 53406) where the
// account may not have products. Source: channels/ec/service/product/getcardinfo, developers.weixin.qq.com (read 2026-11).
func (c *Client) ProductCard(ctx context.Context, productID string, look CardType, pictures bool) (ProductCard, error) {
	const op = "channels/ec/service/product/getcardinfo"
	var problems []error
	if productID == "" {
		problems = append(problems, errors.New("productID is empty"))
	}
	if look < BigCard || look > BarCard {
		problems = append(problems, fmt.Errorf("CardType: %d is not in %d to %d", look, BigCard, BarCard))
	}
	if err := invalid(op, problems); err != nil {
		return ProductCard{}, err
	}
	in := struct {
		ID   string   `json:"product_id"`
		Post string   `json:"article_type"`
		Look CardType `json:"card_type"`
	}{productID, typeNews, look}
	if pictures {
		in.Post = typeNewsPic
	}
	var out struct {
		Key string `json:"product_key"`
		DOM string `json:"DOM"`
	}
	if err := c.post(ctx, call{op: op, root: true}, in, &out); err != nil {
		return ProductCard{}, err
	}
	if out.Key == "" && out.DOM == "" {
		return ProductCard{}, &Error{Op: op, Msg: "an answer without product_key", HTTPStatus: 200, temporary: true, sent: true}
	}
	return ProductCard{Key: out.Key, DOM: out.DOM}, nil
}
