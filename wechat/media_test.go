package wechat_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

// padded is a picture of exactly n bytes: decoders do not mind what comes after its end.
func padded(picture []byte, n int) []byte {
	return append(bytes.Clone(picture), make([]byte, n-len(picture))...)
}

func TestUploadChecksBeforeSending(t *testing.T) {
	t.Parallel()
	mp4 := append([]byte("\x00\x00\x00\x18ftypmp42"), make([]byte, 32)...)
	for name, tt := range map[string]struct {
		as   wechat.MaterialType // "" = article image
		file wechat.File
		want string // "" = taken
	}{
		"png in an article":           {file: wechat.FileBytes("a.png", onePixelPNG)},
		"jpeg in an article":          {file: wechat.FileBytes("a.jpg", onePixelJPEG)},
		"just below 1 MiB":            {file: wechat.FileBytes("a.png", padded(onePixelPNG, 1<<20-1))},
		"1 MiB":                       {file: wechat.FileBytes("a.png", padded(onePixelPNG, 1<<20)), want: "less than 1048576 bytes"},
		"gif in an article":           {file: wechat.FileBytes("a.png", onePixelGIF), want: "image/gif; taken here: jpg, png"},
		"text as png":                 {file: wechat.FileBytes("a.png", []byte("hello")), want: "unknown content"},
		"empty":                       {file: wechat.FileBytes("a.png", nil), want: `File "a.png" is empty`},
		"no body":                     {file: wechat.File{Name: "a.png"}, want: "File.Body is nil"},
		"gif as material":             {as: wechat.ImageMaterial, file: wechat.FileBytes("a.gif", onePixelGIF)},
		"picture of 10 MiB":           {as: wechat.ImageMaterial, file: wechat.FileBytes("a.png", padded(onePixelPNG, 10<<20))},
		"picture of more than 10 MiB": {as: wechat.ImageMaterial, file: wechat.FileBytes("a.png", padded(onePixelPNG, 10<<20+1)), want: "at most 10485760 bytes"},
		"thumb must be jpeg":          {as: wechat.ThumbMaterial, file: wechat.FileBytes("a.png", onePixelPNG), want: "taken here: jpg"},
		"thumb":                       {as: wechat.ThumbMaterial, file: wechat.FileBytes("a.jpg", onePixelJPEG)},
		"amr":                         {as: wechat.VoiceMaterial, file: wechat.FileBytes("a", []byte("#!AMR\n..."))},
		"wma":                         {as: wechat.VoiceMaterial, file: wechat.FileBytes("a", []byte{0x30, 0x26, 0xb2, 0x75, 0x8e})},
		"mp3 without ID3":             {as: wechat.VoiceMaterial, file: wechat.FileBytes("a", []byte{0xff, 0xfb, 0x90, 0x64})},
		"picture as voice":            {as: wechat.VoiceMaterial, file: wechat.FileBytes("a.png", onePixelPNG), want: "image/png"},
		"a video needs a title":       {as: wechat.VideoMaterial, file: wechat.FileBytes("a.mp4", mp4), want: "MaterialOptions.Title is required"},
		"a type that there is not":    {as: "gif", file: wechat.FileBytes("a.gif", onePixelGIF), want: "not one of image, voice, video, thumb"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := account(t, wechattest.Options{})
			var err error
			if tt.as == "" {
				_, err = c.UploadArticleImage(t.Context(), tt.file)
			} else {
				_, err = c.UploadMaterial(t.Context(), tt.as, tt.file, nil)
			}
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, wechat.ErrInput)
			assert.Contains(t, err.Error(), tt.want)
			assert.Zero(t, srv.Calls(""), "nothing was sent")
		})
	}
}

func TestUploadReadError(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	_, err := c.UploadArticleImage(t.Context(), wechat.File{Name: "a.png", Body: iotest.ErrReader(io.ErrUnexpectedEOF)})
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Zero(t, srv.Calls(""))
}

func TestArticleImageIsServed(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	url, err := c.UploadArticleImage(t.Context(), wechat.FileBytes("a.png", onePixelPNG))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(url, "https://mmbiz.qpic.cn/"), url)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	resp, err := srv.Client().Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, onePixelPNG, got)
	assert.Equal(t, "image/png", resp.Header.Get("Content-Type"))
	require.Len(t, srv.ArticleImages(), 1)
	assert.Equal(t, onePixelPNG, srv.ArticleImages()[0].Data)
	assert.Empty(t, srv.Materials(), "it does not count against the library")
}

func TestUploadOutcomes(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	srv.LoseNext("material/add_material")
	_, err := c.UploadMaterial(t.Context(), wechat.ImageMaterial, wechat.FileBytes("a.png", onePixelPNG), nil)
	require.ErrorIs(t, err, wechat.ErrUnknownOutcome)
	assert.Len(t, srv.Materials(), 1, "and it was there indeed")

	srv.LoseNext("media/uploadimg")
	_, err = c.UploadArticleImage(t.Context(), wechat.FileBytes("a.png", onePixelPNG))
	require.ErrorIs(t, err, wechat.ErrTemporary)
	assert.NotErrorIs(t, err, wechat.ErrUnknownOutcome, "another upload is harmless")
	assert.Equal(t, 1, srv.Calls("media/uploadimg"))
}

func TestMaterials(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	for n := range 45 {
		_, err := c.UploadMaterial(t.Context(), wechat.ImageMaterial, wechat.FileBytes(fmt.Sprintf("%d.png", n), onePixelPNG), nil)
		require.NoError(t, err)
	}
	video, err := c.UploadMaterial(t.Context(), wechat.VideoMaterial, wechat.FileBytes("v", append([]byte("\x00\x00\x00\x18ftypmp42"), make([]byte, 32)...)),
		&wechat.MaterialOptions{Title: "影片", Introduction: "介绍"})
	require.NoError(t, err)
	assert.Empty(t, video.URL)
	assert.Equal(t, "影片", srv.Materials()[45].Title)

	list := c.Materials(t.Context(), wechat.ImageMaterial, nil)
	for range 2 { // a second range begins anew
		var names []string
		for m, err := range list {
			require.NoError(t, err)
			names = append(names, m.Name)
			assert.True(t, strings.HasPrefix(m.URL, "https://mmbiz.qpic.cn/"))
			assert.False(t, m.Updated.IsZero())
		}
		require.Len(t, names, 45)
		assert.Equal(t, "44.png", names[0])
		assert.Equal(t, "0.png", names[44])
	}
	assert.Equal(t, 6, srv.Calls("material/batchget_material"), "three pages each time")

	for m, err := range c.Materials(t.Context(), wechat.ImageMaterial, &wechat.ListOptions{Offset: 44}) {
		require.NoError(t, err)
		assert.Equal(t, "0.png", m.Name)
	}
	count, err := c.MaterialCount(t.Context())
	require.NoError(t, err)
	assert.Equal(t, wechat.MaterialCount{Images: 45, Videos: 1}, count)

	require.NoError(t, c.DeleteMaterial(t.Context(), video.ID))
	require.ErrorIs(t, c.DeleteMaterial(t.Context(), video.ID), wechat.ErrNotFound)
	require.ErrorIs(t, c.DeleteMaterial(t.Context(), ""), wechat.ErrInput)
}

func TestListsRefuseAndFailOnce(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	for name, list := range map[string]func(yield func(wechat.MaterialItem, error) bool){
		"a type that cannot be listed": c.Materials(t.Context(), wechat.ThumbMaterial, nil),
		"a negative offset":            c.Materials(t.Context(), wechat.ImageMaterial, &wechat.ListOptions{Offset: -1}),
	} {
		n := 0
		for _, err := range list {
			require.ErrorIs(t, err, wechat.ErrInput, name)
			n++
		}
		assert.Equal(t, 1, n)
	}
	assert.Zero(t, srv.Calls(""))

	srv.FailNext("material/batchget_material", 45009)
	n := 0
	for _, err := range c.Materials(t.Context(), wechat.ImageMaterial, nil) {
		require.ErrorIs(t, err, wechat.ErrQuota)
		n++
	}
	assert.Equal(t, 1, n)
}

// Trap 14: total_count promises more than the pages give.
func TestListStopsAtAnEmptyPage(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	const op = "draft/batchget"
	srv.AnswerNext(op, http.StatusOK, nil, `{"total_count":50,"item_count":1,"item":[{"media_id":"A"}]}`)
	srv.AnswerNext(op, http.StatusOK, nil, `{"total_count":50,"item_count":0,"item":[]}`)
	n := 0
	for d, err := range c.Drafts(t.Context(), nil) {
		require.NoError(t, err)
		assert.Equal(t, wechat.DraftID("A"), d.ID)
		n++
	}
	assert.Equal(t, 1, n)
	assert.Equal(t, 2, srv.Calls(op))
}

func FuzzUploadName(f *testing.F) {
	for _, seed := range []string{"", "a", "a.png", `..\..\x`, "\x00\r\n\"", ".png", "a.b.c.JPEG", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		_, c := account(t, wechattest.Options{}) // one for all would run out of its quota
		_, err := c.UploadArticleImage(t.Context(), wechat.FileBytes(name, onePixelPNG))
		require.NoError(t, err, "the fake is strict about names")
	})
}
