package wechat

import "context"

// Tag is a group of followers.
type Tag struct {
	ID    int
	Name  string
	Count int // followers with it
}

// Tags lists the account's tags, of which there are at most 100. Source: tags/get, developers.weixin.qq.com (older
// pages, read 2026-11).
func (c *Client) Tags(ctx context.Context) ([]Tag, error) {
	var out struct {
		Tags []struct {
			ID    number `json:"id"`
			Name  string `json:"name"`
			Count number `json:"count"`
		} `json:"tags"`
	}
	if err := c.do(ctx, call{op: "tags/get", get: true}, &out); err != nil {
		return nil, err
	}
	tags := make([]Tag, 0, len(out.Tags))
	for _, t := range out.Tags {
		tags = append(tags, Tag{ID: int(t.ID), Name: t.Name, Count: int(t.Count)})
	}
	return tags, nil
}
