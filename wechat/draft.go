package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"time"
)

// Draft is what the draft box holds under one id: one post or several.
type Draft struct {
	ID       DraftID
	Articles []DraftArticle
	Updated  time.Time // zero when the platform does not say, as in draft/get
}

// DraftItem is one row of the draft box.
type DraftItem struct {
	ID       DraftID
	Articles []DraftArticle
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
	Images          []MediaID // of a newspic
	TempURL         string    // a preview that ends with the draft
}

// Article is the stored post as one to send again. It is for news alone.
func (d DraftArticle) Article() Article {
	return Article{
		Title: d.Title, Author: d.Author, Digest: d.Digest, Content: d.Content, SourceURL: d.SourceURL, Cover: d.Cover,
		OpenComment: d.OpenComment, FansOnlyComment: d.FansOnlyComment, Crop235: d.Crop235, Crop11: d.Crop11,
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
			bad = append(bad, errors.New("Digest: WeChat keeps it for a draft with a single post alone; leave it empty"))
		}
		for _, err := range bad {
			problems = append(problems, fmt.Errorf("posts[%d].%w", i, err))
		}
		c.warnStyles(ctx, op, wire.Content)
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

func (c *Client) warnStyles(ctx context.Context, op, content string) {
	if n := entityStyles(content); n > 0 {
		c.log.WarnContext(ctx, "wechat empties style attributes that hold an HTML entity", slog.String("op", op), slog.Int("attributes", n))
	}
}

// Draft reads a draft. ErrNotFound when there is none: it was deleted, or published or mass-sent, which consumes it.
//
// Source: draft/get, developers.weixin.qq.com (read 2026-11).
func (c *Client) Draft(ctx context.Context, id DraftID) (*Draft, error) {
	raw, updated, err := c.rawDraft(ctx, "draft/get", id)
	if err != nil {
		return nil, err
	}
	d := &Draft{ID: id, Updated: updated}
	for _, article := range raw {
		a, err := article.decode()
		if err != nil {
			return nil, fmt.Errorf("wechat: draft/get: %w", err)
		}
		d.Articles = append(d.Articles, a)
	}
	return d, nil
}

func (c *Client) rawDraft(ctx context.Context, op string, id DraftID) ([]rawArticle, time.Time, error) {
	if id == "" {
		return nil, time.Time{}, invalid(op, []error{errors.New("DraftID is empty")})
	}
	var out struct {
		Articles []rawArticle `json:"news_item"`
		Updated  number       `json:"update_time"`
	}
	if err := c.post(ctx, call{op: "draft/get"}, mediaID(id), &out); err != nil {
		return nil, time.Time{}, err
	}
	return out.Articles, moment(out.Updated), nil
}

const adviceUpdate = "read the draft to see which version it holds; writing the same again is safe"

// UpdateDraft changes one article of a draft, counted from 0: it reads the draft, lets edit change it, and writes it
// back with everything that edit did not touch, fields that this package does not know included, because the platform
// clears what an update leaves out. HTML entities in style attributes are decoded first, else WeChat would empty them.
// An error of edit stops it and is returned as it is. Two updates at the same time overwrite each other.
//
// Errors: ErrNotFound without such a draft, ErrInput for an index that it does not have, for a newspic (use
// [Client.ReplaceDraft]) and for what an [Article] may not hold; pictures that were there before are let be.
//
// Source: draft/update, developers.weixin.qq.com (read 2026-11).
func (c *Client) UpdateDraft(ctx context.Context, id DraftID, index int, edit func(*Article) error) error {
	const op = "draft/update"
	raw, _, err := c.rawDraft(ctx, op, id)
	if err != nil {
		return err
	}
	if index < 0 || index >= len(raw) {
		return invalid(op, []error{fmt.Errorf("index: %d, the draft has articles 0 to %d", index, len(raw)-1)})
	}
	stored, err := raw[index].decode()
	if err != nil {
		return fmt.Errorf("wechat: %s: %w", op, err)
	}
	if stored.Type == typeNewsPic {
		return invalid(op, []error{fmt.Errorf("index: article %d is a newspic, which ReplaceDraft replaces as a whole", index)})
	}
	a := stored.Article()
	a.Content = plainStyles(a.Content)
	if err := edit(&a); err != nil {
		return err
	}
	wire, problems := checkPost(a, foreignImages(stored.Content))
	if err := invalid(op, problems); err != nil {
		return err
	}
	merged, err := raw[index].merge(wire)
	if err != nil {
		return fmt.Errorf("wechat: %s: %w", op, err)
	}
	return c.writeDraft(ctx, id, index, merged)
}

// ReplaceDraft puts p in the place of one article of a draft, counted from 0. Nothing of the old one stays.
//
// Source: draft/update, developers.weixin.qq.com (read 2026-11).
func (c *Client) ReplaceDraft(ctx context.Context, id DraftID, index int, p Post) error {
	const op = "draft/update"
	wire, problems := checkPost(p, nil)
	if id == "" {
		problems = append(problems, errors.New("DraftID is empty"))
	}
	if index < 0 || index >= maxPosts {
		problems = append(problems, fmt.Errorf("index: %d is not in 0 to %d", index, maxPosts-1))
	}
	if err := invalid(op, problems); err != nil {
		return err
	}
	c.warnStyles(ctx, op, wire.Content)
	return c.writeDraft(ctx, id, index, wire)
}

// writeDraft sends articles as the object that this one call wants, where draft/add wants an array.
func (c *Client) writeDraft(ctx context.Context, id DraftID, index int, article any) error {
	return c.post(ctx, call{op: "draft/update", effect: writes, advice: adviceUpdate}, struct {
		ID      DraftID `json:"media_id"`
		Index   int     `json:"index"`
		Article any     `json:"articles"`
	}{id, index, article}, nil)
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

// Drafts lists the draft box, newest first, 20 a call. Every range over the sequence begins anew; an error comes once,
// last. NoContent spares megabytes.
//
// Source: draft/batchget, developers.weixin.qq.com (read 2026-11).
func (c *Client) Drafts(ctx context.Context, opts *ListOptions) iter.Seq2[DraftItem, error] {
	type item struct {
		ID      DraftID `json:"media_id"`
		Content struct {
			Articles []draftJSON `json:"news_item"`
			Updated  number      `json:"update_time"`
		} `json:"content"`
		Updated number `json:"update_time"`
	}
	return list(ctx, c, "draft/batchget", opts, batch(opts), func(i item) DraftItem {
		d := DraftItem{ID: i.ID, Updated: moment(max(i.Updated, i.Content.Updated))}
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

// rawArticle is a stored article with every field that the platform has, known to us or not.
type rawArticle map[string]json.RawMessage

func (r rawArticle) decode() (DraftArticle, error) {
	data, err := json.Marshal(r)
	if err != nil {
		return DraftArticle{}, err
	}
	var d draftJSON
	if err := json.Unmarshal(data, &d); err != nil {
		return DraftArticle{}, fmt.Errorf("a stored article in an unexpected form: %w", err)
	}
	return d.article(), nil
}

// merge lays the fields of wire over the stored ones.
func (r rawArticle) merge(wire articleJSON) (rawArticle, error) {
	data, err := encodeJSON(wire)
	if err != nil {
		return nil, err
	}
	merged := maps.Clone(r)
	for _, name := range []string{
		"url", "thumb_url", "show_cover_pic", "is_deleted", // of draft/get alone
		"author", "digest", "content_source_url", "pic_crop_235_1", "pic_crop_1_1", // wire leaves out what edit has emptied
	} {
		delete(merged, name)
	}
	return merged, json.Unmarshal(data, &merged)
}
