package wechat_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/jarcoal/httpmock"
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

// fixedToken is a token service with one token.
type fixedToken string

func (f fixedToken) Token(context.Context, string) (wechat.Token, error) {
	return wechat.Token{Value: string(f)}, nil
}

// wire is what went out.
type wire struct {
	mu       sync.Mutex
	requests []*http.Request
	bodies   []string
}

// onTheWire is a client without token calls whose every request is answered with this.
func onTheWire(t *testing.T, status int, answer string) (*wechat.Client, *wire) {
	t.Helper()
	w := &wire{}
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(func(req *http.Request) (*http.Response, error) {
		var body []byte
		if req.Body != nil {
			var err error
			if body, err = io.ReadAll(req.Body); err != nil {
				return nil, err
			}
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.requests = append(w.requests, req)
		w.bodies = append(w.bodies, string(body))
		resp := httpmock.NewStringResponse(status, answer)
		resp.Header.Set("Content-Type", "text/plain")
		return resp, nil
	})
	c, err := wechat.New(wechat.Config{
		AppID: "wx0123456789abcdef", Tokens: fixedToken("tok"), HTTPClient: &http.Client{Transport: mock}, MaxRetries: new(0),
	})
	require.NoError(t, err)
	return c, w
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// readAll reads the body of a request that goes on afterwards.
func readAll(t *testing.T, req *http.Request) string {
	t.Helper()
	body, err := req.GetBody()
	require.NoError(t, err)
	data, err := io.ReadAll(body)
	require.NoError(t, err)
	return string(data)
}
