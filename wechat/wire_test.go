package wechat_test

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
)

// Trap 1: WeChat answers 412 to a body without Content-Length.
func TestContentLengthAlways(t *testing.T) {
	t.Parallel()
	c, sent := onTheWire(t, http.StatusOK, `{"media_id":"M","url":"http://mmbiz.qpic.cn/x/0"}`)
	_, err := c.CreateDraft(t.Context(), wechat.Article{Title: "标题", Content: "<p>正文</p>", Cover: "M"})
	require.NoError(t, err)
	_, err = c.UploadMaterial(t.Context(), wechat.ImageMaterial, wechat.File{Name: "a.png", Body: io.MultiReader(strings.NewReader(string(onePixelPNG)))}, nil)
	require.NoError(t, err)
	_, err = c.UploadArticleImage(t.Context(), wechat.FileBytes("a.png", onePixelPNG))
	require.NoError(t, err)
	require.Len(t, sent.requests, 3)
	for i, req := range sent.requests {
		assert.Equal(t, int64(len(sent.bodies[i])), req.ContentLength, req.URL.Path)
		assert.Empty(t, req.TransferEncoding)
		again, err := req.GetBody()
		require.NoError(t, err)
		body, err := io.ReadAll(again)
		require.NoError(t, err)
		assert.Equal(t, sent.bodies[i], string(body), "the body can be sent again")
	}
}

// Trap 2: the platform wants a name with a lower-case extension that matches the content, in the field "media".
func TestUploadNames(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		given string
		data  []byte
		want  string
	}{
		"none":                 {data: onePixelPNG, want: "image.png"},
		"without extension":    {given: "chart", data: onePixelPNG, want: "chart.png"},
		"upper case":           {given: "IMG_1.JPG", data: onePixelJPEG, want: "IMG_1.jpg"},
		"jpeg stays":           {given: "a.jpeg", data: onePixelJPEG, want: "a.jpeg"},
		"of another type":      {given: "a.jpg", data: onePixelPNG, want: "a.png"},
		"a path":               {given: `C:\pictures\图 1.png`, data: onePixelPNG, want: "图 1.png"},
		"quotes":               {given: `a"b.png`, data: onePixelPNG, want: `a"b.png`},
		"a header smuggled in": {given: "a\r\nX: y.png", data: onePixelPNG, want: "aX: y.png"},
		"dots":                 {given: "v1.2", data: onePixelPNG, want: "v1.png"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, sent := onTheWire(t, http.StatusOK, `{"url":"http://mmbiz.qpic.cn/mmbiz_png/x/0"}`)
			url, err := c.UploadArticleImage(t.Context(), wechat.FileBytes(tt.given, tt.data))
			require.NoError(t, err)
			assert.Equal(t, "https://mmbiz.qpic.cn/mmbiz_png/x/0", url, "trap 8: https")
			_, params, err := mime.ParseMediaType(sent.requests[0].Header.Get("Content-Type"))
			require.NoError(t, err)
			form := multipart.NewReader(strings.NewReader(sent.bodies[0]), params["boundary"])
			part, err := form.NextPart()
			require.NoError(t, err)
			assert.Equal(t, "media", part.FormName())
			assert.Equal(t, tt.want, part.FileName())
			data, err := io.ReadAll(part)
			require.NoError(t, err)
			assert.Equal(t, tt.data, data)
			_, err = form.NextPart()
			require.ErrorIs(t, err, io.EOF)
		})
	}
}

// Trap 3: raw UTF-8 without \uXXXX.
func TestJSONOnTheWire(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ in, want string }{
		"html":             {in: `<p class="a">a & b</p>`, want: `<p class=\"a\">a & b</p>`},
		"line separators":  {in: "a\u2028b\u2029c", want: "a\u2028b\u2029c"},
		"controls":         {in: "a\x00b\bc\fd\x1fe\x7f", want: "abcde\x7f"},
		"tab and newlines": {in: "a\tb\r\nc", want: `a\tb\r\nc`},
		"invalid UTF-8":    {in: "a\xffb", want: "a\ufffdb"},
		"a backslash u":    {in: `a\u4e2db`, want: `a\\u4e2db`},
		"backslashes":      {in: `a\\bc\`, want: `a\\\\bc\\`},
		"emoji":            {in: "😀", want: "😀"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, sent := onTheWire(t, http.StatusOK, `{"media_id":"D"}`)
			_, err := c.CreateDraft(t.Context(), wechat.Article{Title: "标题", Content: tt.in, Cover: "M"})
			require.NoError(t, err)
			assert.Contains(t, sent.bodies[0], `"content":"`+tt.want+`"`)
			assert.True(t, json.Valid([]byte(sent.bodies[0])))
			assert.True(t, utf8.ValidString(sent.bodies[0]))
		})
	}
}

func FuzzJSONOnTheWire(f *testing.F) {
	for _, seed := range []string{"", "a\u2028\x00", `\u0000`, "\xff\\\b\"", "<&>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, title string) {
		c, sent := onTheWire(t, http.StatusOK, `{"media_id":"D"}`)
		_, err := c.CreateDraft(t.Context(), wechat.PicPost{Title: "标题", Content: title, Images: []wechat.MediaID{"M"}})
		if errors.Is(err, wechat.ErrInput) {
			return
		}
		require.NoError(t, err)
		body := sent.bodies[0]
		require.True(t, json.Valid([]byte(body)), "%q", body)
		require.True(t, utf8.ValidString(body))
		require.NotContains(t, strings.ReplaceAll(body, `\\`, ""), `\u`)
	})
}

// Traps 5 and 25: the forms that the platform's calls differ in.
func TestFormsOnTheWire(t *testing.T) {
	t.Parallel()
	article := wechat.Article{Title: "T", Content: "C", Cover: "M", Crop235: &wechat.Crop{X1: 0.1945, X2: 1, Y2: 0.5236}, OpenComment: true}
	plan := func(c *wechat.Client, a wechat.Audience, m wechat.MassMessage) (*wechat.MassPlan, error) {
		return c.PlanMass(t.Context(), a, m, &wechat.MassOptions{ClientMsgID: "key"})
	}
	send := func(a wechat.Audience, m wechat.MassMessage) func(*wechat.Client) error {
		return func(c *wechat.Client) error {
			p, err := plan(c, a, m)
			if err != nil {
				return err
			}
			_, err = p.Send(t.Context())
			return err
		}
	}
	for name, tt := range map[string]struct {
		do   func(*wechat.Client) error
		path string
		want string
	}{
		"draft/add": {
			do:   func(c *wechat.Client) error { _, err := c.CreateDraft(t.Context(), &article); return err },
			path: "/cgi-bin/draft/add",
			want: `{"articles":[{"article_type":"news","title":"T","content":"C","thumb_media_id":"M","need_open_comment":1,"only_fans_can_comment":0,"pic_crop_235_1":"0.1945_0_1_0.5236"}]}`,
		},
		"draft/add of pictures": {
			do: func(c *wechat.Client) error {
				_, err := c.CreateDraft(t.Context(), wechat.PicPost{
					Title: "T", Content: "C", Images: []wechat.MediaID{"A", "B"}, ProductKey: "K",
					Covers: []wechat.CoverCrop{{Ratio: "1_1", Crop: wechat.Crop{X1: 0.166454, X2: 0.833545, Y2: 1}}},
				})
				return err
			},
			path: "/cgi-bin/draft/add",
			want: `{"articles":[{"article_type":"newspic","title":"T","content":"C","need_open_comment":0,"only_fans_can_comment":0,` +
				`"image_info":{"image_list":[{"image_media_id":"A"},{"image_media_id":"B"}]},` +
				`"cover_info":{"crop_percent_list":[{"ratio":"1_1","x1":"0.166454","y1":"0","x2":"0.833545","y2":"1"}]},` +
				`"product_info":{"footer_product_info":{"product_key":"K"}}}]}`,
		},
		"draft/update takes an object, and counts from 0": {
			do: func(c *wechat.Client) error {
				return c.ReplaceDraft(t.Context(), "D", 0, wechat.Article{Title: "T", Content: "C", Cover: "M"})
			},
			path: "/cgi-bin/draft/update",
			want: `{"media_id":"D","index":0,"articles":{"article_type":"news","title":"T","content":"C","thumb_media_id":"M","need_open_comment":0,"only_fans_can_comment":0}}`,
		},
		"freepublish/get takes a string": {
			do:   func(c *wechat.Client) error { _, err := c.Publication("100000001").Poll(t.Context()); return err },
			path: "/cgi-bin/freepublish/get",
			want: `{"publish_id":"100000001"}`,
		},
		"freepublish/delete counts from 1": {
			do:   func(c *wechat.Client) error { return c.DeletePublished(t.Context(), "A", 2) },
			path: "/cgi-bin/freepublish/delete",
			want: `{"article_id":"A","index":2}`,
		},
		"freepublish/delete of all": {
			do:   func(c *wechat.Client) error { return c.DeleteAllPublished(t.Context(), "A") },
			path: "/cgi-bin/freepublish/delete",
			want: `{"article_id":"A"}`,
		},
		"mass to a tag": {
			do:   send(wechat.ToTag(2), wechat.News{DraftID: "D"}),
			path: "/cgi-bin/message/mass/sendall",
			want: `{"filter":{"is_to_all":false,"tag_id":2},"msgtype":"mpnews","mpnews":{"media_id":"D"},"send_ignore_reprint":0,"clientmsgid":"key"}`,
		},
		"mass to everyone": {
			do:   send(wechat.ToEveryone(), wechat.Text{Content: "你好"}),
			path: "/cgi-bin/message/mass/sendall",
			want: `{"filter":{"is_to_all":true},"msgtype":"text","text":{"content":"你好"},"send_ignore_reprint":0,"clientmsgid":"key"}`,
		},
		"mass by OpenID, pictures": {
			do:   send(wechat.ToOpenIDs("o1", "o2"), &wechat.Images{IDs: []wechat.MediaID{"a", "b"}, Recommend: "r"}),
			path: "/cgi-bin/message/mass/send",
			want: `{"touser":["o1","o2"],"msgtype":"image","images":{"media_ids":["a","b"],"recommend":"r","need_open_comment":0,"only_fans_can_comment":0},"send_ignore_reprint":0,"clientmsgid":"key"}`,
		},
		"mass of a voice": {
			do:   send(wechat.ToEveryone(), wechat.Voice{ID: "v"}),
			path: "/cgi-bin/message/mass/sendall",
			want: `{"filter":{"is_to_all":true},"msgtype":"voice","voice":{"media_id":"v"},"send_ignore_reprint":0,"clientmsgid":"key"}`,
		},
		"mass of a video": {
			do:   send(wechat.ToOpenIDs("o1", "o2"), wechat.Video{ID: "v", Title: "t"}),
			path: "/cgi-bin/message/mass/send",
			want: `{"touser":["o1","o2"],"msgtype":"mpvideo","mpvideo":{"media_id":"v","title":"t"},"send_ignore_reprint":0,"clientmsgid":"key"}`,
		},
		"preview has image, singular": {
			do: func(c *wechat.Client) error {
				p, err := plan(c, wechat.ToEveryone(), wechat.Images{IDs: []wechat.MediaID{"a", "b"}})
				if err != nil {
					return err
				}
				return p.Preview(t.Context(), wechat.PreviewTo{WeChatID: "me"})
			},
			path: "/cgi-bin/message/mass/preview",
			want: `{"towxname":"me","msgtype":"image","image":{"media_id":"a"}}`,
		},
		"mass/get takes a string": {
			do:   func(c *wechat.Client) error { _, err := c.MassJob("3147483661").Poll(t.Context()); return err },
			path: "/cgi-bin/message/mass/get",
			want: `{"msg_id":"3147483661"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, sent := onTheWire(t, http.StatusOK, `{"errcode":0,"media_id":"D","publish_status":1,"msg_id":1,"msg_status":"SENDING","tags":[{"id":2,"name":"n","count":1}],"news_item":[],"total":1}`)
			require.NoError(t, tt.do(c))
			last := len(sent.requests) - 1
			assert.Equal(t, tt.path, sent.requests[last].URL.Path)
			assert.Equal(t, http.MethodPost, sent.requests[last].Method)
			assert.JSONEq(t, tt.want, sent.bodies[last])
		})
	}
}
