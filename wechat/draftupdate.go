package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

const (
	opUpdateDraft = "draft/update"
	adviceUpdate  = "read the draft to see which version it holds; writing the same again is safe"
)

// UpdateDraft changes one article of a draft, counted from 0: it reads the draft, lets edit change it, and writes it
// back with everything that edit did not touch, fields that this package does not know included, because the platform
// clears what an update leaves out. HTML entities in style attributes are decoded first, else WeChat would empty them.
// An error of edit stops it and is returned as it is. Two updates at the same time overwrite each other.
//
// Errors: ErrNotFound without such a draft, ErrInput for an index that it does not have, for a newspic (use
// [Client.UpdatePicPost]) and for what an [Article] may not hold; pictures that were there before are let be.
//
// Source: draft/update, developers.weixin.qq.com (read 2026-11).
func (c *Client) UpdateDraft(ctx context.Context, id DraftID, index int, edit func(*Article) error) error {
	return c.editDraft(ctx, id, index, typeNews, func(stored DraftArticle, alone bool) (articleJSON, []string, []error, error) {
		a := stored.Article()
		a.Content = plainStyles(a.Content)
		if err := edit(&a); err != nil {
			return articleJSON{}, nil, nil, err
		}
		wire, problems := checkPost(a, foreignImages(stored.Content))
		if !alone && a.Digest != stored.Digest && a.Digest != "" {
			problems = append(problems, errDigest)
		}
		return wire, nil, problems, nil
	})
}

// UpdatePicPost is [Client.UpdateDraft] for a newspic. A list that edit leaves as it was goes back as it was stored,
// with what this package does not know of it.
//
// Errors: as UpdateDraft; ErrInput for a news article.
// Source: draft/update, developers.weixin.qq.com (read 2026-11).
func (c *Client) UpdatePicPost(ctx context.Context, id DraftID, index int, edit func(*PicPost) error) error {
	return c.editDraft(ctx, id, index, typeNewsPic, func(stored DraftArticle, _ bool) (articleJSON, []string, []error, error) {
		before, p := stored.PicPost(), stored.PicPost()
		if err := edit(&p); err != nil {
			return articleJSON{}, nil, nil, err
		}
		wire, problems := checkPost(p, nil)
		gone := []string{"image_info", "cover_info", "product_info"}
		keep := func(name string, same bool, forget func()) {
			if same {
				gone = slices.DeleteFunc(gone, func(s string) bool { return s == name })
				forget()
			}
		}
		keep("image_info", slices.Equal(before.Images, p.Images), func() { wire.Images = nil })
		keep("cover_info", slices.Equal(before.Covers, p.Covers), func() { wire.Covers = nil })
		keep("product_info", before.ProductKey == p.ProductKey, func() { wire.Products = nil })
		return wire, gone, problems, nil
	})
}

// editDraft reads one article, asks change what is to be sent and which stored fields are to go, and writes it back.
// alone is whether the draft has no other article.
func (c *Client) editDraft(
	ctx context.Context, id DraftID, index int, kind string,
	change func(stored DraftArticle, alone bool) (wire articleJSON, gone []string, problems []error, err error),
) error {
	raw, err := c.rawDraft(ctx, opUpdateDraft, id)
	if err != nil {
		return err
	}
	if index < 0 || index >= len(raw) {
		return invalid(opUpdateDraft, []error{fmt.Errorf("index: %d, the draft has articles 0 to %d", index, len(raw)-1)})
	}
	stored, err := raw[index].decode()
	if err != nil {
		return fmt.Errorf("wechat: %s: %w", opUpdateDraft, err)
	}
	if stored.Type != kind {
		other := map[string]string{typeNews: "UpdateDraft", typeNewsPic: "UpdatePicPost"}[stored.Type]
		if other == "" {
			other = "ReplaceDraft"
		}
		return invalid(opUpdateDraft, []error{fmt.Errorf("index: article %d is a %s: use %s", index, stored.Type, other)})
	}
	wire, gone, problems, err := change(stored, len(raw) == 1)
	if err != nil {
		return err
	}
	if err := invalid(opUpdateDraft, problems); err != nil {
		return err
	}
	merged, err := raw[index].merge(wire, gone)
	if err != nil {
		return fmt.Errorf("wechat: %s: %w", opUpdateDraft, err)
	}
	c.warnContent(ctx, opUpdateDraft, wire.Content)
	return c.writeDraft(ctx, id, index, merged)
}

// ReplaceDraft puts p in the place of one article of a draft, counted from 0. Nothing of the old one stays.
//
// Source: draft/update, developers.weixin.qq.com (read 2026-11).
func (c *Client) ReplaceDraft(ctx context.Context, id DraftID, index int, p Post) error {
	wire, problems := checkPost(p, nil)
	if id == "" {
		problems = append(problems, errors.New("DraftID is empty"))
	}
	if index < 0 || index >= maxPosts {
		problems = append(problems, fmt.Errorf("index: %d is not in 0 to %d", index, maxPosts-1))
	}
	if err := invalid(opUpdateDraft, problems); err != nil {
		return err
	}
	c.warnContent(ctx, opUpdateDraft, wire.Content)
	return c.writeDraft(ctx, id, index, wire)
}

// writeDraft sends articles as the object that this one call wants, where draft/add wants an array.
func (c *Client) writeDraft(ctx context.Context, id DraftID, index int, article any) error {
	return c.post(ctx, call{op: opUpdateDraft, effect: writes, advice: adviceUpdate}, struct {
		ID      DraftID `json:"media_id"`
		Index   int     `json:"index"`
		Article any     `json:"articles"`
	}{id, index, article}, nil)
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

// merge lays the fields of wire over the stored ones, without those of gone.
func (r rawArticle) merge(wire articleJSON, gone []string) (rawArticle, error) {
	data, err := encodeJSON(wire)
	if err != nil {
		return nil, err
	}
	merged := maps.Clone(r)
	for _, name := range append([]string{
		"url", "thumb_url", "show_cover_pic", "is_deleted", // of draft/get alone
		"author", "digest", "content_source_url", "pic_crop_235_1", "pic_crop_1_1", // wire leaves out what edit has emptied
	}, gone...) {
		delete(merged, name)
	}
	return merged, json.Unmarshal(data, &merged)
}
