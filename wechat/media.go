package wechat

import (
	"context"
	"strings"
	"time"
)

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

// mediaID is the body {"media_id":…} of many calls.
func mediaID[T ~string](id T) any {
	return struct {
		ID T `json:"media_id"`
	}{id}
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
