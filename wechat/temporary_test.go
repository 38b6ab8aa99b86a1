package wechat_test

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

var onePixelMP4 = append([]byte("\x00\x00\x00\x18ftypmp42"), make([]byte, 32)...)

// amr is a voice message of that many frames of 20 ms.
func amr(frames int) []byte {
	return append([]byte("#!AMR\n"), bytes.Repeat(append([]byte{0x3c}, make([]byte, 31)...), frames)...)
}

func TestTemporaryMedia(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		as   wechat.MaterialType
		data []byte
		kind string // of the download; "" = a video's address
	}{
		"image":           {as: wechat.ImageMaterial, data: onePixelPNG, kind: "image/png"},
		"gif":             {as: wechat.ImageMaterial, data: onePixelGIF, kind: "image/gif"},
		"voice":           {as: wechat.VoiceMaterial, data: amr(50), kind: "audio/amr"},
		"thumb (trap 26)": {as: wechat.ThumbMaterial, data: onePixelJPEG, kind: "image/jpeg"},
		"video":           {as: wechat.VideoMaterial, data: onePixelMP4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, c := account(t, wechattest.Options{})
				// A reader that gives a byte at a time, under a name that says nothing.
				m, err := c.UploadTemporary(t.Context(), tt.as, wechat.File{Name: "一个文件", Body: iotest.OneByteReader(bytes.NewReader(tt.data))})
				require.NoError(t, err)
				assert.NotEmpty(t, m.ID)
				assert.Equal(t, tt.as, m.Type)
				assert.Equal(t, time.Now().Unix(), m.Created.Unix())
				assert.Equal(t, 72*time.Hour, m.Expires.Sub(m.Created))
				require.Len(t, srv.Temporaries(), 1)
				assert.Equal(t, tt.data, srv.Temporaries()[0].Data)

				d, err := c.Temporary(t.Context(), m.ID)
				require.NoError(t, err)
				assert.Equal(t, tt.kind, d.Type)
				if tt.kind == "" {
					assert.Empty(t, d.Data)
					assert.Contains(t, d.VideoURL, string(m.ID))
				} else {
					assert.Equal(t, tt.data, d.Data)
					assert.True(t, strings.HasPrefix(d.Name, "一个文件."), d.Name)
					assert.Empty(t, d.VideoURL)
				}
				_, err = c.CreateDraft(t.Context(), wechat.Article{Title: "t", Content: "c", Cover: m.ID})
				require.ErrorIs(t, err, wechat.ErrNotFound, "a draft wants a permanent one")
				time.Sleep(72 * time.Hour)
				_, err = c.Temporary(t.Context(), m.ID)
				require.ErrorIs(t, err, wechat.ErrNotFound, "gone after three days")
				assert.Empty(t, srv.Temporaries())
			})
		})
	}
}

func TestTemporaryVoice(t *testing.T) {
	t.Parallel()
	_, c := account(t, wechattest.Options{})
	m, err := c.UploadTemporary(t.Context(), wechat.VoiceMaterial, wechat.FileBytes("a", amr(2)))
	require.NoError(t, err)
	d, err := c.TemporaryVoice(t.Context(), m.ID)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(d.Data), "speex"))
	_, err = c.TemporaryVoice(t.Context(), "other")
	require.ErrorIs(t, err, wechat.ErrNotFound)
	_, unverified := account(t, wechattest.Options{Verified: new(false)})
	_, err = unverified.TemporaryVoice(t.Context(), m.ID)
	require.ErrorIs(t, err, wechat.ErrPermission)
	c, _ = onTheWire(t, http.StatusOK, `{"video_url":"http://x"}`)
	_, err = c.TemporaryVoice(t.Context(), "M")
	require.ErrorIs(t, err, wechat.ErrTemporary)
}

func TestTemporaryLimits(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		as        wechat.MaterialType
		data      []byte
		want      string // of UploadTemporary; "" = taken
		permanent string // of UploadMaterial
	}{
		"10 MiB":             {as: wechat.ImageMaterial, data: padded(onePixelPNG, 10<<20)},
		"more than 10 MiB":   {as: wechat.ImageMaterial, data: padded(onePixelPNG, 10<<20+1), want: "at most 10485760", permanent: "at most 10485760"},
		"bmp":                {as: wechat.ImageMaterial, data: []byte("BM\x00\x00"), want: "taken here: png, jpg, gif"},
		"wav":                {as: wechat.VoiceMaterial, data: []byte("RIFF\x00\x00\x00\x00WAVEfmt "), want: "taken here: amr, mp3"},
		"60 s":               {as: wechat.VoiceMaterial, data: amr(3000)},
		"60.9 s":             {as: wechat.VoiceMaterial, data: amr(3045)},
		"61 s":               {as: wechat.VoiceMaterial, data: amr(3050), want: "it plays 1m1s, and 1m0s at most", permanent: "it plays 1m1s"},
		"voice of 2 MiB":     {as: wechat.VoiceMaterial, data: padded(amr(1), 2<<20+1), want: "at most 2097152", permanent: "at most 2097152"},
		"thumb of 64 KiB":    {as: wechat.ThumbMaterial, data: padded(onePixelJPEG, 64<<10)},
		"more than 64 KiB":   {as: wechat.ThumbMaterial, data: padded(onePixelJPEG, 64<<10+1), want: "at most 65536", permanent: "at most 65536"},
		"video above 10 MiB": {as: wechat.VideoMaterial, data: padded(onePixelMP4, 10<<20+1), want: "at most 10485760", permanent: "at most 10485760"},
		"no such type":       {as: "news", data: onePixelPNG, want: "not one of", permanent: "not one of"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := account(t, wechattest.Options{})
			_, tempErr := c.UploadTemporary(t.Context(), tt.as, wechat.FileBytes("a", tt.data))
			_, permErr := c.UploadMaterial(t.Context(), tt.as, wechat.FileBytes("a", tt.data), &wechat.MaterialOptions{Title: "t"})
			for op, one := range map[string]struct {
				err  error
				want string
			}{"media/upload": {tempErr, tt.want}, "material/add_material": {permErr, tt.permanent}} {
				if one.want == "" {
					require.NoError(t, one.err)
					assert.Equal(t, 1, srv.Calls(op), "the platform takes it too")
					continue
				}
				require.ErrorIs(t, one.err, wechat.ErrInput, op)
				require.ErrorContains(t, one.err, one.want)
				assert.Zero(t, srv.Calls(op))
			}
		})
	}
}

// Trap 4: a file, JSON in its place, an error with 200, a proxy's page: the bytes decide, whatever the header says.
func TestDownloadsOnTheWire(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		answer string
		data   string
		url    string
		is     error
		code   int
	}{
		"a file as text/plain":              {answer: string(onePixelPNG), data: string(onePixelPNG)},
		"a file that ends in white space":   {answer: "#!AMR\n \n", data: "#!AMR\n \n"},
		"an error in place of the bytes":    {answer: `{"errcode":40007,"errmsg":"invalid media_id hint: [x] rid: 61725984-6126f6f9-040f19c4"}`, is: wechat.ErrNotFound, code: 40007},
		"errcode as a string":               {answer: ` {"errcode":"45009","errmsg":"quota"}`, is: wechat.ErrQuota, code: 45009},
		"an error behind a byte order mark": {answer: "\ufeff{\"errcode\":40007}", is: wechat.ErrNotFound, code: 40007},
		"a video":                           {answer: `{"video_url":"http://203.205.158.83/v.mp4?a=1&b=2"}`, url: "http://203.205.158.83/v.mp4?a=1&b=2"},
		"other JSON":                        {answer: `{"errcode":0,"errmsg":"ok"}`, is: wechat.ErrTemporary},
		"JSON of another form":              {answer: `{"video_url":7}`, is: wechat.ErrTemporary},
		"half of the JSON":                  {answer: `{"video_url":"http://`, is: wechat.ErrTemporary},
		"nothing":                           {answer: "", is: wechat.ErrTemporary},
		"a proxy's page as success":         {answer: "<html>please log in</html>", is: wechat.ErrTemporary},
		"a proxy's failure":                 {status: 502, answer: "\x89PNG bad gateway", is: wechat.ErrTemporary},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, w := onTheWire(t, max(tt.status, http.StatusOK), tt.answer)
			d, err := c.Temporary(t.Context(), "M&1")
			assert.Equal(t, "M&1", w.requests[0].URL.Query().Get("media_id"))
			if tt.is != nil {
				require.ErrorIs(t, err, tt.is)
				e, ok := errors.AsType[*wechat.Error](err)
				require.True(t, ok)
				assert.Equal(t, tt.code, e.Code)
				if tt.code == 40007 && strings.Contains(tt.answer, "rid") {
					assert.Equal(t, "61725984-6126f6f9-040f19c4", e.RID)
				}
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.data, string(d.Data))
			assert.Equal(t, tt.url, d.VideoURL)
		})
	}
	c, w := onTheWire(t, http.StatusOK, "")
	_, err := c.Temporary(t.Context(), "")
	require.ErrorIs(t, err, wechat.ErrInput)
	_, err = c.MaterialContent(t.Context(), "")
	require.ErrorIs(t, err, wechat.ErrInput)
	assert.Empty(t, w.requests)
}

func TestUploadTemporaryOutcomes(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	srv.LoseNext("media/upload")
	_, err := c.UploadTemporary(t.Context(), wechat.ImageMaterial, wechat.FileBytes("a.png", onePixelPNG))
	require.ErrorIs(t, err, wechat.ErrTemporary)
	assert.NotErrorIs(t, err, wechat.ErrUnknownOutcome, "another upload is harmless")
	srv.AnswerNext("media/upload", http.StatusOK, nil, `{"type":"image"}`)
	_, err = c.UploadTemporary(t.Context(), wechat.ImageMaterial, wechat.FileBytes("a.png", onePixelPNG))
	require.ErrorContains(t, err, "without media_id")
	assert.Equal(t, 2, srv.Calls("media/upload"), "and is not made by itself")
}

// Whatever comes in place of a file is a file, an address or an error of ours, and never a panic.
func FuzzDownload(f *testing.F) {
	for _, seed := range []string{
		string(onePixelPNG), `{"errcode":40007,"errmsg":"x"}`, `{"video_url":"http://x"}`, "\ufeff{}", "<html>", "", "{", ` {"errcode":"-1"}`, `{"video_url":null}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		c, _ := onTheWire(t, http.StatusOK, answer)
		d, err := c.Temporary(t.Context(), "M")
		if err != nil {
			_, ok := errors.AsType[*wechat.Error](err)
			require.True(t, ok, "%v", err)
			return
		}
		if d.VideoURL == "" {
			require.Equal(t, answer, string(d.Data), "byte for byte")
			require.NotEmpty(t, d.Data)
		} else {
			require.Empty(t, d.Data)
		}
	})
}
