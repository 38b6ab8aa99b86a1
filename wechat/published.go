package wechat

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// PublishedItem is one publication of the account: one article or several under one id.
type PublishedItem struct {
	ID       ArticleID
	Articles []PublishedArticle
	Updated  time.Time
}

// PublishedArticle is one article of a publication.
type PublishedArticle struct {
	Title     string
	Author    string
	Digest    string
	Content   string // empty with ListOptions.NoContent
	SourceURL string // behind 阅读原文
	URL       string // public; https
	Cover     MediaID
	CoverURL  string // https
	Deleted   bool

	OpenComment     bool
	FansOnlyComment bool
}

func (d draftJSON) published() PublishedArticle {
	return PublishedArticle{
		Title: d.Title, Author: d.Author, Digest: d.Digest, Content: d.Content, SourceURL: d.SourceURL,
		URL: secureURL(d.URL), Cover: d.Cover, CoverURL: secureURL(d.CoverURL), Deleted: bool(d.Deleted),
		OpenComment: d.OpenComment != 0, FansOnlyComment: d.FansOnlyComment != 0,
	}
}

func publishedAll(stored []draftJSON) []PublishedArticle {
	articles := make([]PublishedArticle, 0, len(stored))
	for _, d := range stored {
		articles = append(articles, d.published())
	}
	return articles
}

// Published lists what was published by freepublish, newest first, 20 a call. What was mass-sent never appears here.
// Every range over the sequence begins anew; an error comes once, last.
//
// Source: freepublish/batchget, developers.weixin.qq.com (read 2026-11).
func (c *Client) Published(ctx context.Context, opts *ListOptions) iter.Seq2[PublishedItem, error] {
	type item struct {
		ID      ArticleID `json:"article_id"`
		Content struct {
			Articles []draftJSON `json:"news_item"`
		} `json:"content"`
		Updated number `json:"update_time"`
	}
	return list(ctx, c, "freepublish/batchget", opts, batch(opts), func(i item) PublishedItem {
		return PublishedItem{ID: i.ID, Articles: publishedAll(i.Content.Articles), Updated: moment(i.Updated)}
	})
}

// PublishedArticles reads the articles of one publication, in their order, deleted ones included. It is one of 100 such
// calls a day. ErrNotFound (53600) when there is no such publication, or when all of it was deleted.
//
// Source: freepublish/getarticle, developers.weixin.qq.com (read 2026-11).
func (c *Client) PublishedArticles(ctx context.Context, id ArticleID) ([]PublishedArticle, error) {
	const op = "freepublish/getarticle"
	if id == "" {
		return nil, invalid(op, []error{errors.New("ArticleID is empty")})
	}
	in := struct {
		ID ArticleID `json:"article_id"`
	}{id}
	var out struct {
		Articles []draftJSON `json:"news_item"`
	}
	if err := c.post(ctx, call{op: op}, in, &out); err != nil {
		return nil, err
	}
	return publishedAll(out.Articles), nil
}

// DeletePublished deletes one article of a publication for ever, counted from 1. 0 is an error here, because the
// platform takes it for all of them: that is [Client.DeleteAllPublished].
//
// Source: freepublish/delete, developers.weixin.qq.com (read 2026-11).
func (c *Client) DeletePublished(ctx context.Context, id ArticleID, article int) error {
	if article < 1 || article > maxPosts {
		return invalid(opUnpublish, []error{fmt.Errorf("article: %d is not in 1 to %d; DeleteAllPublished deletes all", article, maxPosts)})
	}
	return c.unpublish(ctx, id, article)
}

// DeleteAllPublished deletes every article of a publication for ever.
//
// Source: freepublish/delete without an index, developers.weixin.qq.com (read 2026-11).
func (c *Client) DeleteAllPublished(ctx context.Context, id ArticleID) error {
	return c.unpublish(ctx, id, 0)
}

const opUnpublish = "freepublish/delete"

func (c *Client) unpublish(ctx context.Context, id ArticleID, index int) error {
	if id == "" {
		return invalid(opUnpublish, []error{errors.New("ArticleID is empty")})
	}
	return c.post(ctx, call{op: opUnpublish, effect: writes, advice: "look in Published; deleting it again is safe"}, struct {
		ID    ArticleID `json:"article_id"`
		Index int       `json:"index,omitempty"`
	}{id, index}, nil)
}
