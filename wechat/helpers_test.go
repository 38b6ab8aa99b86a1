package wechat_test

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

var (
	onePixelPNG  = picture(func(b *bytes.Buffer, m image.Image) error { return png.Encode(b, m) })
	onePixelJPEG = picture(func(b *bytes.Buffer, m image.Image) error { return jpeg.Encode(b, m, nil) })
	onePixelGIF  = picture(func(b *bytes.Buffer, m image.Image) error { return gif.Encode(b, m, nil) })
)

func picture(encode func(*bytes.Buffer, image.Image) error) []byte {
	m := image.NewGray(image.Rect(0, 0, 1, 1))
	m.Set(0, 0, color.White)
	var b bytes.Buffer
	if err := encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// account is a fake and a client for it. It works in a synctest bubble too.
func account(t *testing.T, opts wechattest.Options) (*wechattest.Server, *wechat.Client) {
	t.Helper()
	srv, err := wechattest.Open(opts)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	c, err := wechat.New(srv.Config())
	require.NoError(t, err)
	return srv, c
}

func cover(t *testing.T, c *wechat.Client) wechat.MediaID {
	t.Helper()
	m, err := c.UploadMaterial(t.Context(), wechat.ImageMaterial, wechat.FileBytes("cover.png", onePixelPNG), nil)
	require.NoError(t, err)
	return m.ID
}

func makeDraft(t *testing.T, c *wechat.Client) wechat.DraftID {
	t.Helper()
	id, err := c.CreateDraft(t.Context(), wechat.Article{Title: "标题", Content: "<p>正文</p>", Cover: cover(t, c)})
	require.NoError(t, err)
	return id
}
