package wechat

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"time"
)

// MaterialType is a kind of permanent material.
type MaterialType string

// The types of add_material. What each takes is checked by content before anything is sent.
const (
	ImageMaterial MaterialType = "image" // bmp, png, jpg, gif up to 10 MB; 100,000 of them
	VoiceMaterial MaterialType = "voice" // mp3, wma, wav, amr up to 2 MB and 60 s; 1,000
	VideoMaterial MaterialType = "video" // mp4 up to 10 MB; 1,000
	ThumbMaterial MaterialType = "thumb" // jpg up to 64 KB; 1,000
)

func (t MaterialType) rule() (rule, bool) {
	switch t {
	case ImageMaterial:
		return rule{extensions: []string{"bmp", "png", "jpg", "gif"}, limit: 10 << 20}, true
	case VoiceMaterial:
		return rule{extensions: []string{"mp3", "wma", "wav", "amr"}, limit: 2 << 20, voice: true}, true
	case VideoMaterial:
		return rule{extensions: []string{"mp4"}, limit: 10 << 20}, true
	case ThumbMaterial:
		return rule{extensions: []string{"jpg"}, limit: 64 << 10}, true
	}
	return rule{}, false
}

// MaterialOptions is what a video needs beside its file; nil for every other type.
type MaterialOptions struct {
	Title        string // required for video
	Introduction string
}

// Material is a permanent material.
type Material struct {
	ID  MediaID
	URL string // for images alone; https
}

// UploadMaterial adds a file to the permanent library. A lost answer is ErrUnknownOutcome: look with [Client.Materials].
//
// Source: material/add_material, developers.weixin.qq.com (read 2026-11).
func (c *Client) UploadMaterial(ctx context.Context, t MaterialType, f File, opts *MaterialOptions) (Material, error) {
	const op = "material/add_material"
	takes, ok := t.rule()
	if !ok {
		return Material{}, invalid(op, []error{fmt.Errorf("MaterialType %q is not one of image, voice, video, thumb", string(t))})
	}
	var fields map[string]string
	if t == VideoMaterial {
		if opts == nil || opts.Title == "" {
			return Material{}, invalid(op, []error{errors.New("MaterialOptions.Title is required for a video")})
		}
		description, err := encodeJSON(struct {
			Title        string `json:"title"`
			Introduction string `json:"introduction"`
		}{opts.Title, opts.Introduction})
		if err != nil {
			return Material{}, fmt.Errorf("wechat: %s: encode: %w", op, err)
		}
		fields = map[string]string{"description": string(description)}
	}
	name, kind, data, err := takes.load(op, f)
	if err != nil {
		return Material{}, err
	}
	var out struct {
		ID  MediaID `json:"media_id"`
		URL string  `json:"url"`
	}
	const advice = "look for it in Materials before uploading it again"
	what := call{op: op, query: url.Values{"type": {string(t)}}, body: form(name, kind, data, fields), effect: writes, advice: advice}
	if err := c.do(ctx, what, &out); err != nil {
		return Material{}, err
	}
	if out.ID == "" {
		return Material{}, unknown(op, advice, errors.New("an answer without media_id"))
	}
	return Material{ID: out.ID, URL: secureURL(out.URL)}, nil
}

// MaterialItem is one row of the library.
type MaterialItem struct {
	ID      MediaID
	Name    string
	URL     string // https; empty for some videos
	Updated time.Time
}

// Materials lists the library of one type, newest first, 20 a call. ThumbMaterial cannot be listed. Every range over
// the sequence begins anew; an error comes once, last.
//
// Source: material/batchget_material, developers.weixin.qq.com (read 2026-11).
func (c *Client) Materials(ctx context.Context, t MaterialType, opts *ListOptions) iter.Seq2[MaterialItem, error] {
	const op = opListMaterials
	if _, ok := t.rule(); !ok || t == ThumbMaterial {
		return failed[MaterialItem](invalid(op, []error{fmt.Errorf("MaterialType %q is not one of image, voice, video", string(t))}))
	}
	type item struct {
		ID      MediaID `json:"media_id"`
		Name    string  `json:"name"`
		URL     string  `json:"url"`
		Updated number  `json:"update_time"`
	}
	return list(ctx, c, op, opts, materialPage(t), func(i item) MaterialItem {
		return MaterialItem{ID: i.ID, Name: i.Name, URL: secureURL(i.URL), Updated: moment(i.Updated)}
	})
}

const opListMaterials = "material/batchget_material"

func materialPage(t MaterialType) func(offset int) any {
	return func(offset int) any {
		return struct {
			Type   MaterialType `json:"type"`
			Offset int          `json:"offset"`
			Count  int          `json:"count"`
		}{t, offset, pageSize}
	}
}

// MaterialCount is how many of each type the library holds.
type MaterialCount struct{ Images, Voices, Videos, News int }

// MaterialCount counts the library. Source: material/get_materialcount, developers.weixin.qq.com (read 2026-11).
func (c *Client) MaterialCount(ctx context.Context) (MaterialCount, error) {
	var out struct {
		Images number `json:"image_count"`
		Voices number `json:"voice_count"`
		Videos number `json:"video_count"`
		News   number `json:"news_count"`
	}
	err := c.do(ctx, call{op: "material/get_materialcount", get: true}, &out)
	return MaterialCount{int(out.Images), int(out.Voices), int(out.Videos), int(out.News)}, err
}

// DeleteMaterial deletes a permanent material for ever. ErrNotFound when there is none; ErrDuplicate (48005) while an
// auto reply or a menu uses it.
//
// Source: material/del_material, developers.weixin.qq.com (read 2026-11).
func (c *Client) DeleteMaterial(ctx context.Context, id MediaID) error {
	const op = "material/del_material"
	if id == "" {
		return invalid(op, []error{errors.New("MediaID is empty")})
	}
	return c.post(ctx, call{op: op, effect: writes, advice: "deleting it again is safe: ErrNotFound means that it is gone"}, mediaID(id), nil)
}

// MaterialContent is what a permanent material holds: exactly one of its fields is set.
type MaterialContent struct {
	File  *Download          // of an image, a voice message or a thumb
	Video *MaterialVideo     // of a video, whose bytes are elsewhere
	News  []PublishedArticle // of a news material from before 2022, when drafts took their place
}

// MaterialVideo is a video of the library.
type MaterialVideo struct {
	Title       string
	Description string
	URL         string // where its bytes are, for some time
}

// MaterialContent reads a permanent material. ErrNotFound (40007) when there is none, or when it is a temporary one.
//
// Source: material/get_material, developers.weixin.qq.com (read 2026-11).
func (c *Client) MaterialContent(ctx context.Context, id MediaID) (*MaterialContent, error) {
	const op = "material/get_material"
	if id == "" {
		return nil, invalid(op, []error{errors.New("MediaID is empty")})
	}
	var d downloaded
	if err := c.post(ctx, call{op: op}, mediaID(id), &d); err != nil {
		return nil, err
	}
	if d.file() {
		return &MaterialContent{File: &d.Download}, nil
	}
	var out struct {
		News        []draftJSON `json:"news_item"`
		Title       string      `json:"title"`
		Description string      `json:"description"`
		URL         string      `json:"down_url"`
	}
	if err := d.decode(op, &out); err != nil {
		return nil, err
	}
	switch {
	case out.News != nil:
		return &MaterialContent{News: publishedAll(out.News)}, nil
	case out.URL != "":
		return &MaterialContent{Video: &MaterialVideo{out.Title, out.Description, out.URL}}, nil
	}
	return nil, &Error{Op: op, Msg: "an answer with neither a file nor news_item nor down_url", HTTPStatus: 200, temporary: true, sent: true}
}

// NewsMaterial is a news material from before 2022. It can be read, deleted and listed, and not made any more.
type NewsMaterial struct {
	ID       MediaID
	Articles []PublishedArticle
	Updated  time.Time
}

// NewsMaterials lists the news materials, newest first, 20 a call. Every range over the sequence begins anew; an error
// comes once, last.
//
// Source: material/batchget_material, developers.weixin.qq.com (read 2026-11).
func (c *Client) NewsMaterials(ctx context.Context, opts *ListOptions) iter.Seq2[NewsMaterial, error] {
	type item struct {
		ID      MediaID `json:"media_id"`
		Content struct {
			Articles []draftJSON `json:"news_item"`
		} `json:"content"`
		Updated number `json:"update_time"`
	}
	return list(ctx, c, opListMaterials, opts, materialPage("news"), func(i item) NewsMaterial {
		return NewsMaterial{ID: i.ID, Articles: publishedAll(i.Content.Articles), Updated: moment(i.Updated)}
	})
}
