package wechat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"
)

// temporaryLife is how long the platform keeps temporary media.
const temporaryLife = 3 * 24 * time.Hour

// TemporaryMedia is a file that the platform keeps for three days: for replies and customer service messages. Drafts and
// mass sends want permanent material.
type TemporaryMedia struct {
	ID      MediaID
	Type    MaterialType
	Created time.Time
	Expires time.Time // three days after Created
}

// temporaryRule is narrower than what the library takes.
func temporaryRule(t MaterialType) (rule, bool) {
	r, ok := t.rule()
	switch t {
	case ImageMaterial:
		r.extensions = []string{"png", "jpg", "gif"}
	case VoiceMaterial:
		r.extensions = []string{"amr", "mp3"}
	}
	return r, ok
}

// softImage is what an older line of the platform's page says that a temporary picture may have.
const softImage = 2 << 20

// UploadTemporary uploads a file for three days: png, jpg, gif up to 10 MB (an older line of the page says 2 MB, so that
// a larger one may be refused), amr, mp3 up to 2 MB and 60 s, mp4 up to 10 MB, thumbs jpg up to 64 KB. It is checked
// by content before anything is sent, and not repeated by itself; a second upload is harmless.
//
// Source: media/upload, developers.weixin.qq.com (read 2026-11).
func (c *Client) UploadTemporary(ctx context.Context, t MaterialType, f File) (TemporaryMedia, error) {
	const op = "media/upload"
	takes, ok := temporaryRule(t)
	if !ok {
		return TemporaryMedia{}, invalid(op, []error{fmt.Errorf("MaterialType %q is not one of image, voice, video, thumb", string(t))})
	}
	name, kind, data, err := takes.load(op, f)
	if err != nil {
		return TemporaryMedia{}, err
	}
	if t == ImageMaterial && len(data) > softImage {
		c.log.WarnContext(ctx, "an older line of wechat's page says 2 MB at most for a temporary picture", slog.Int("bytes", len(data)))
	}
	var out struct {
		Type    MaterialType `json:"type"`
		ID      MediaID      `json:"media_id"`
		Thumb   MediaID      `json:"thumb_media_id"` // of older docs
		Created number       `json:"created_at"`
	}
	what := call{op: op, query: url.Values{"type": {string(t)}}, body: form(name, kind, data, nil), effect: harmless}
	if err := c.do(ctx, what, &out); err != nil {
		return TemporaryMedia{}, err
	}
	if out.ID == "" {
		out.ID = out.Thumb
	}
	if out.ID == "" {
		return TemporaryMedia{}, &Error{Op: op, Msg: "an answer without media_id", HTTPStatus: 200, temporary: true, sent: true}
	}
	m := TemporaryMedia{ID: out.ID, Type: t, Created: moment(out.Created)}
	if m.Created.IsZero() {
		m.Created = c.now()
	}
	m.Expires = m.Created.Add(temporaryLife)
	return m, nil
}

// Temporary downloads a temporary file. For a video the platform gives an address in place of the bytes, which anyone
// may fetch and which ends soon: [Download].VideoURL.
//
// Errors: ErrNotFound (40007) for an id that there is not, or not any more.
// Source: media/get, developers.weixin.qq.com (read 2026-11).
func (c *Client) Temporary(ctx context.Context, id MediaID) (*Download, error) {
	const op = "media/get"
	d, err := c.download(ctx, op, id)
	if err != nil {
		return nil, err
	}
	if d.file() {
		return &d.Download, nil
	}
	var out struct {
		URL string `json:"video_url"`
	}
	if err := d.decode(op, &out); err != nil {
		return nil, err
	}
	if out.URL == "" {
		return nil, &Error{Op: op, Msg: "an answer with neither a file nor video_url", HTTPStatus: 200, temporary: true, sent: true}
	}
	return &Download{VideoURL: out.URL}, nil
}

// TemporaryVoice downloads a voice message that the JS-SDK recorded, as speex at 16 kHz, which is better than what
// [Client.Temporary] gives of it. Verified accounts alone may.
//
// Source: media/get/jssdk, developers.weixin.qq.com (read 2026-11).
func (c *Client) TemporaryVoice(ctx context.Context, id MediaID) (*Download, error) {
	const op = "media/get/jssdk"
	d, err := c.download(ctx, op, id)
	if err != nil {
		return nil, err
	}
	if !d.file() {
		return nil, &Error{Op: op, Msg: "an answer without a file", HTTPStatus: 200, temporary: true, sent: true}
	}
	return &d.Download, nil
}

// download asks one of the two calls that have the id in the query.
func (c *Client) download(ctx context.Context, op string, id MediaID) (*downloaded, error) {
	if id == "" {
		return nil, invalid(op, []error{errors.New("MediaID is empty")})
	}
	d := &downloaded{}
	return d, c.do(ctx, call{op: op, get: true, query: url.Values{"media_id": {string(id)}}}, d)
}
