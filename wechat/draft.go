package wechat

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/url"
	"slices"
	"time"
	"unicode/utf8"
)

// Draft is what the draft box holds under one id: one post or several. When it was made is in the list alone: [DraftItem].
type Draft struct {
	ID       DraftID
	Articles []DraftArticle
}

// DraftItem is one row of the draft box.
type DraftItem struct {
	ID       DraftID
	Articles []DraftArticle
	Created  time.Time
	Updated  time.Time
}

// DraftArticle is one post of a draft as the platform stores it, after its own rewriting of the HTML.
type DraftArticle struct {
	Type            string // "news" or "newspic"
	Title           string
	Author          string
	Digest          string // filled by the platform from the body where it was empty
	Content         string
	SourceURL       string
	Cover           MediaID
	CoverURL        string // where the platform gives it
	OpenComment     bool
	FansOnlyComment bool
	Crop235         *Crop
	Crop11          *Crop
	Images          []MediaID   // of a newspic, as are the next two
	Covers          []CoverCrop // without those that cannot be read
	ProductKey      string
	TempURL         string // a preview that ends with the draft
}

// Article is the stored post as one to send again. It is for news alone.
func (d DraftArticle) Article() Article {
	return Article{
		Title: d.Title, Author: d.Author, Digest: d.Digest, Content: d.Content, SourceURL: d.SourceURL, Cover: d.Cover,
		OpenComment: d.OpenComment, FansOnlyComment: d.FansOnlyComment, Crop235: d.Crop235, Crop11: d.Crop11,
	}
}

// PicPost is the stored newspic as one to send again.
func (d DraftArticle) PicPost() PicPost {
	return PicPost{
		Title: d.Title, Content: d.Content, Images: slices.Clone(d.Images), OpenComment: d.OpenComment, FansOnlyComment: d.FansOnlyComment,
		Covers: slices.Clone(d.Covers), ProductKey: d.ProductKey,
	}
}

// CreateDraft puts posts into the draft box as one draft, of which every account may have as many as it likes. Each is
// checked first (see [Article] and [PicPost]); all problems come joined, as ErrInput, before anything is sent.
//
// Errors: [*Error]; ErrNotFound (40007) for a cover that is not a permanent image. A lost answer is ErrUnknownOutcome:
// a draft too many does no harm, and [Client.Drafts] shows the newest first.
//
// Source: draft/add, developers.weixin.qq.com (read 2026-11).
func (c *Client) CreateDraft(ctx context.Context, posts ...Post) (DraftID, error) {
	const op = "draft/add"
	var problems []error
	if len(posts) < 1 || len(posts) > maxPosts {
		problems = append(problems, fmt.Errorf("posts: %d given, a draft holds 1 to %d", len(posts), maxPosts))
	}
	type request struct {
		Articles []articleJSON `json:"articles"`
	}
	req := request{}
	for i, p := range posts {
		wire, bad := checkPost(p, nil)
		if len(posts) > 1 && wire.Digest != "" {
			bad = append(bad, errDigest)
		}
		for _, err := range bad {
			problems = append(problems, fmt.Errorf("posts[%d].%w", i, err))
		}
		c.warnContent(ctx, op, wire.Content)
		req.Articles = append(req.Articles, wire)
	}
	if err := invalid(op, problems); err != nil {
		return "", err
	}
	var out struct {
		ID DraftID `json:"media_id"`
	}
	const advice = "the draft may exist: look in Drafts, which shows the newest first, before making another"
	if err := c.post(ctx, call{op: op, effect: writes, advice: advice}, req, &out); err != nil {
		return "", err
	}
	if out.ID == "" {
		return "", unknown(op, advice, errors.New("an answer without media_id"))
	}
	return out.ID, nil
}

var errDigest = errors.New("Digest: WeChat keeps it for a draft with a single post alone; leave it empty")

// warnContent logs what the platform's page warns of and what it does in silence.
func (c *Client) warnContent(ctx context.Context, op, content string) {
	if n := entityStyles(content); n > 0 {
		c.log.WarnContext(ctx, "wechat empties style attributes that hold an HTML entity", slog.String("op", op), slog.Int("attributes", n))
	}
	if n := utf8.RuneCountInString(content); n > softContent {
		c.log.WarnContext(ctx, "wechat's page says 20,000 characters at most; longer bodies were seen to pass", slog.String("op", op), slog.Int("characters", n))
	}
}

// Draft reads a draft. ErrNotFound when there is none: it was deleted, or published or mass-sent, which consumes it.
//
// Source: draft/get, developers.weixin.qq.com (read 2026-11).
func (c *Client) Draft(ctx context.Context, id DraftID) (*Draft, error) {
	raw, err := c.rawDraft(ctx, "draft/get", id)
	if err != nil {
		return nil, err
	}
	d := &Draft{ID: id}
	for _, article := range raw {
		a, err := article.decode()
		if err != nil {
			return nil, fmt.Errorf("wechat: draft/get: %w", err)
		}
		d.Articles = append(d.Articles, a)
	}
	return d, nil
}

// rawDraft reads a draft for op.
func (c *Client) rawDraft(ctx context.Context, op string, id DraftID) ([]rawArticle, error) {
	if id == "" {
		return nil, invalid(op, []error{errors.New("DraftID is empty")})
	}
	var out struct {
		Articles []rawArticle `json:"news_item"`
	}
	if err := c.post(ctx, call{op: "draft/get"}, mediaID(id), &out); err != nil {
		return nil, err
	}
	return out.Articles, nil
}

// DeleteDraft deletes a draft for ever. Source: draft/delete, developers.weixin.qq.com (read 2026-11).
func (c *Client) DeleteDraft(ctx context.Context, id DraftID) error {
	const op = "draft/delete"
	if id == "" {
		return invalid(op, []error{errors.New("DraftID is empty")})
	}
	return c.post(ctx, call{op: op, effect: writes, advice: "deleting it again is safe: ErrNotFound means that it is gone"}, mediaID(id), nil)
}

// DraftCount is how many drafts there are. Source: draft/count, developers.weixin.qq.com (read 2026-11).
func (c *Client) DraftCount(ctx context.Context) (int, error) {
	var out struct {
		Total number `json:"total_count"`
	}
	err := c.do(ctx, call{op: "draft/count", get: true}, &out)
	return int(out.Total), err
}

// DraftBoxOpen tells whether the account has a draft box, which by now is so for all. To open one that was not, for
// ever, is a decision for a person on mp.weixin.qq.com and no method here.
//
// Source: draft/switch with checkonly, developers.weixin.qq.com (read 2026-11).
func (c *Client) DraftBoxOpen(ctx context.Context) (bool, error) {
	const op = "draft/switch"
	var out struct {
		Open *number `json:"is_open"`
	}
	if err := c.post(ctx, call{op: op, query: url.Values{"checkonly": {"1"}}}, struct{}{}, &out); err != nil {
		return false, err
	}
	if out.Open == nil {
		return false, &Error{Op: op, Msg: "an answer without is_open", HTTPStatus: 200, temporary: true, sent: true}
	}
	return *out.Open == 1, nil
}

// Drafts lists the draft box, newest first, 20 a call. Every range over the sequence begins anew; an error comes once,
// last. NoContent spares megabytes.
//
// Source: draft/batchget, developers.weixin.qq.com (read 2026-11).
func (c *Client) Drafts(ctx context.Context, opts *ListOptions) iter.Seq2[DraftItem, error] {
	type item struct {
		ID      DraftID `json:"media_id"`
		Content struct {
			Articles []draftJSON `json:"news_item"`
			Created  number      `json:"create_time"`
			Updated  number      `json:"update_time"`
		} `json:"content"`
		Updated number `json:"update_time"`
	}
	return list(ctx, c, "draft/batchget", opts, batch(opts), func(i item) DraftItem {
		d := DraftItem{ID: i.ID, Created: moment(i.Content.Created), Updated: moment(max(i.Updated, i.Content.Updated))}
		for _, a := range i.Content.Articles {
			d.Articles = append(d.Articles, a.article())
		}
		return d
	})
}

// batch is the request of draft/batchget and freepublish/batchget.
func batch(opts *ListOptions) func(offset int) any {
	return func(offset int) any {
		noContent := 0
		if opts != nil && opts.NoContent {
			noContent = 1
		}
		return struct {
			Offset    int `json:"offset"`
			Count     int `json:"count"`
			NoContent int `json:"no_content"`
		}{offset, pageSize, noContent}
	}
}
