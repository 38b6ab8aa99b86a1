package callback_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat/callback"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

// textPush is about the size of a user's message.
func textPush(tb testing.TB) (h *callback.Handler, req *http.Request, body string, encrypted []byte, c *callback.Cipher) {
	tb.Helper()
	srv := wechattest.NewServer()
	tb.Cleanup(srv.Close)
	h = handler(tb, callback.Config{
		Token: srv.Callback().Token, AppID: srv.AppID(), AESKeys: []string{srv.Callback().AESKey},
		Handle: func(context.Context, *callback.Push) (callback.Reply, error) { return nil, nil },
	})
	require.NoError(tb, srv.SetCallback(tb.Context(), wechattest.Callback{Handler: h}))
	req, err := srv.PushRequest(tb.Context(), wechattest.TextMessage("oVAqKwWUPbTGJJ2Xh1y0TUXEqTs8", "你好，今天的文章在哪里可以看到？"))
	require.NoError(tb, err)
	data, err := io.ReadAll(req.Body)
	require.NoError(tb, err)
	c = newCipher(tb, srv.AppID(), srv.Callback().AESKey)
	_, rest, _ := strings.Cut(string(data), "<Encrypt><![CDATA[")
	text, _, _ := strings.Cut(rest, "]]>")
	return h, req, string(data), []byte(text), c
}

func incoming(req *http.Request, body string) *http.Request {
	return httptest.NewRequest(http.MethodPost, req.URL.String(), strings.NewReader(body))
}

func TestAllocations(t *testing.T) { //nolint:paralleltest // allocations of others would count
	h, req, body, encrypted, c := textPush(t)
	assert.LessOrEqual(t, testing.AllocsPerRun(100, func() {
		if _, err := c.Decrypt(encrypted); err != nil {
			t.Error(err)
		}
	}), 3.0, "decrypt")
	r := incoming(req, body)
	reader := strings.NewReader(body)
	r.Body = io.NopCloser(reader)
	assert.LessOrEqual(t, testing.AllocsPerRun(100, func() {
		reader.Reset(body)
		if _, err := h.Open(r); err != nil {
			t.Error(err)
		}
	}), 20.0, "verify, decrypt and parse")
}

func BenchmarkDecrypt(b *testing.B) {
	_, _, _, encrypted, c := textPush(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Decrypt(encrypted); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen is verify, decrypt and parse.
func BenchmarkOpen(b *testing.B) {
	h, req, body, _, _ := textPush(b)
	r := incoming(req, body)
	reader := strings.NewReader(body)
	r.Body = io.NopCloser(reader)
	b.ReportAllocs()
	for b.Loop() {
		reader.Reset(body)
		if _, err := h.Open(r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	text := []byte(xmlPush("<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好，今天的文章在哪里可以看到？]]></Content><MsgId>1234567890123456</MsgId>"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := callback.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
