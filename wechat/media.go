package wechat

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/pages"
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
		return rule{extensions: []string{"mp3", "wma", "wav", "amr"}, limit: 2 << 20}, true
	case VideoMaterial:
		return rule{extensions: []string{"mp4"}, limit: 10 << 20}, true
	case ThumbMaterial:
		return rule{extensions: []string{"jpg"}, limit: 64 << 10}, true
	}
	return rule{}, false
}

// UploadArticleImage uploads a picture for the body of an article and returns its URL on WeChat's picture host, which
// shows it inside of WeChat alone. It takes png and jpeg of less than 1 MiB by content, and does not count against the
// material library. The platform answers with an http URL; what is returned is https.
//
// It is not repeated by itself; a second upload of the same picture is harmless, and makes a second URL.
//
// Source: media/uploadimg, developers.weixin.qq.com (read 2026-11).
func (c *Client) UploadArticleImage(ctx context.Context, f File) (string, error) {
	const op = "media/uploadimg"
	name, kind, data, err := rule{extensions: []string{"jpg", "png"}, limit: 1 << 20, below: true}.load(op, f)
	if err != nil {
		return "", err
	}
	var out struct {
		URL string `json:"url"`
	}
	if err := c.do(ctx, call{op: op, body: form(name, kind, data, nil), effect: harmless}, &out); err != nil {
		return "", err
	}
	if out.URL == "" {
		return "", &Error{Op: op, Msg: "an answer without url", HTTPStatus: 200, temporary: true, sent: true}
	}
	return secureURL(out.URL), nil
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

// ListOptions is where a list begins and what it holds; nil = everything from the newest.
type ListOptions struct {
	Offset    int  // how many to leave out at the beginning
	NoContent bool // drafts and published items: without the HTML of the articles
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
	const op = "material/batchget_material"
	if _, ok := t.rule(); !ok || t == ThumbMaterial {
		return failed[MaterialItem](invalid(op, []error{fmt.Errorf("MaterialType %q is not one of image, voice, video", string(t))}))
	}
	type request struct {
		Type   MaterialType `json:"type"`
		Offset int          `json:"offset"`
		Count  int          `json:"count"`
	}
	type item struct {
		ID      MediaID `json:"media_id"`
		Name    string  `json:"name"`
		URL     string  `json:"url"`
		Updated number  `json:"update_time"`
	}
	return list(ctx, c, op, opts, func(offset int) any { return request{t, offset, pageSize} }, func(i item) MaterialItem {
		return MaterialItem{ID: i.ID, Name: i.Name, URL: secureURL(i.URL), Updated: moment(i.Updated)}
	})
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

// mediaID is the body {"media_id":…} of many calls.
func mediaID[T ~string](id T) any {
	return struct {
		ID T `json:"media_id"`
	}{id}
}

const pageSize = 20 // the platform's largest

// list pages through one of the batchget calls. total_count may exceed what the pages give, so an empty page is the end
// as well; it may also grow meanwhile, which is why it is read anew with every page.
func list[T, J any](ctx context.Context, c *Client, op string, opts *ListOptions, request func(offset int) any, convert func(J) T) iter.Seq2[T, error] {
	start := 0
	if opts != nil {
		start = opts.Offset
	}
	if start < 0 {
		return failed[T](invalid(op, []error{fmt.Errorf("ListOptions.Offset: %d is negative", start)}))
	}
	return pages.All(ctx, start, func(ctx context.Context, offset int) (pages.Page[T, int], error) {
		var out struct {
			Total number `json:"total_count"`
			Items []J    `json:"item"`
		}
		if err := c.post(ctx, call{op: op}, request(offset), &out); err != nil {
			return pages.Page[T, int]{}, err
		}
		page := pages.Page[T, int]{Next: offset + len(out.Items)}
		page.More = len(out.Items) > 0 && int64(page.Next) < int64(out.Total)
		for _, i := range out.Items {
			page.Items = append(page.Items, convert(i))
		}
		return page, nil
	})
}

func failed[T any](err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) { yield(*new(T), err) }
}

func moment(unix number) time.Time {
	if unix <= 0 {
		return time.Time{}
	}
	return time.Unix(int64(unix), 0)
}

// secureURL makes https of the http that the platform still writes for hosts of its own.
func secureURL(raw string) string {
	rest, ok := strings.CutPrefix(raw, "http://")
	if !ok {
		return raw
	}
	host, _, _ := strings.Cut(rest, "/")
	if onPictureHost(host) || host == "mp.weixin.qq.com" {
		return "https://" + rest
	}
	return raw
}

func onPictureHost(host string) bool { return host == "mmbiz.qpic.cn" || host == "mmbiz.qlogo.cn" }
