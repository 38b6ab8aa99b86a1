package wechat_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

func TestMaterialContent(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	upload := func(as wechat.MaterialType, name string, data []byte) wechat.MediaID {
		m, err := c.UploadMaterial(t.Context(), as, wechat.FileBytes(name, data), &wechat.MaterialOptions{Title: "影片", Introduction: "介绍"})
		require.NoError(t, err)
		return m.ID
	}
	for name, tt := range map[string]struct {
		id   wechat.MediaID
		kind string
		data []byte
	}{
		"image": {id: upload(wechat.ImageMaterial, `a "b".png`, onePixelPNG), kind: "image/png", data: onePixelPNG},
		"voice": {id: upload(wechat.VoiceMaterial, "v", amr(5)), kind: "audio/amr", data: amr(5)},
		"thumb": {id: upload(wechat.ThumbMaterial, "t", onePixelJPEG), kind: "image/jpeg", data: onePixelJPEG},
	} {
		m, err := c.MaterialContent(t.Context(), tt.id)
		require.NoError(t, err, name)
		require.NotNil(t, m.File, name)
		assert.Equal(t, tt.kind, m.File.Type)
		assert.Equal(t, tt.data, m.File.Data)
		assert.Nil(t, m.Video)
		assert.Nil(t, m.News)
		if name == "image" {
			assert.Equal(t, `a "b".png`, m.File.Name)
		}
	}
	video := upload(wechat.VideoMaterial, "v.mp4", onePixelMP4)
	m, err := c.MaterialContent(t.Context(), video)
	require.NoError(t, err)
	assert.Nil(t, m.File)
	require.NotNil(t, m.Video)
	assert.Equal(t, "影片", m.Video.Title)
	assert.Equal(t, "介绍", m.Video.Description)
	assert.Contains(t, m.Video.URL, string(video))

	old := srv.AddNewsMaterial("旧文", "<p>正文</p>")
	m, err = c.MaterialContent(t.Context(), old)
	require.NoError(t, err)
	require.Len(t, m.News, 1)
	assert.Equal(t, "旧文", m.News[0].Title)
	assert.Regexp(t, "^https://mp.weixin.qq.com/", m.News[0].URL)
	assert.Nil(t, m.File)

	_, err = c.MaterialContent(t.Context(), "FakeTemporary_1")
	require.ErrorIs(t, err, wechat.ErrNotFound)
	none, _ := onTheWire(t, http.StatusOK, `{"title":"without an address"}`)
	_, err = none.MaterialContent(t.Context(), "M")
	require.ErrorIs(t, err, wechat.ErrTemporary)
}

func TestNewsMaterials(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	for range 21 {
		srv.AddNewsMaterial("旧文", "<p>正文</p>")
	}
	cover(t, c)
	list := c.NewsMaterials(t.Context(), nil)
	for range 2 {
		n := 0
		for m, err := range list {
			require.NoError(t, err)
			require.Len(t, m.Articles, 1)
			assert.Equal(t, "<p>正文</p>", m.Articles[0].Content)
			assert.NotEmpty(t, m.ID)
			assert.False(t, m.Updated.IsZero())
			n++
		}
		assert.Equal(t, 21, n)
	}
	count, err := c.MaterialCount(t.Context())
	require.NoError(t, err)
	assert.Equal(t, wechat.MaterialCount{Images: 1, News: 21}, count)
}
