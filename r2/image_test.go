package r2_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/image/webp"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

const private = "52.5200N 13.4050E camera 4711" // what must not get out

func picture() image.Image {
	img := image.NewRGBA(image.Rect(0, 0, 40, 30))
	for x := range 40 {
		for y := range 30 {
			img.Set(x, y, color.RGBA{uint8(x * 6), uint8(y * 8), 99, 255})
		}
	}
	return img
}

// exif is one with an orientation and a secret.
func exif(order binary.AppendByteOrder, turned uint16) []byte {
	var out []byte
	if order.String() == "LittleEndian" {
		out = append(out, "II*\x00"...)
	} else {
		out = append(out, "MM\x00*"...)
	}
	out = order.AppendUint32(out, 8)
	out = order.AppendUint16(out, 2)
	entry := func(tag, kind uint16, n uint32) {
		out = order.AppendUint16(out, tag)
		out = order.AppendUint16(out, kind)
		out = order.AppendUint32(out, n)
	}
	entry(0x010f, 2, uint32(len(private)))
	out = order.AppendUint32(out, 38)
	entry(0x0112, 3, 1)
	out = order.AppendUint16(out, turned)
	out = append(out, 0, 0, 0, 0, 0, 0)
	return append(out, private...)
}

func segment(marker byte, body string) []byte {
	return append([]byte{0xff, marker, byte((len(body) + 2) >> 8), byte(len(body) + 2)}, body...)
}

// jpegWith is a JPEG with these segments at its beginning and something behind its end.
func jpegWith(tb testing.TB, segments ...[]byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	require.NoError(tb, jpeg.Encode(&b, picture(), nil))
	out := append([]byte{0xff, 0xd8}, bytes.Join(segments, nil)...)
	return append(append(out, b.Bytes()[2:]...), "\xff\xd8 a film, "+private...)
}

func chunk(kind, body string) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	out = append(append(out, kind...), body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

func pngWith(tb testing.TB, chunks ...[]byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	require.NoError(tb, png.Encode(&b, picture()))
	const behindHeader = 8 + 25
	out := append(bytes.Clone(b.Bytes()[:behindHeader]), bytes.Join(chunks, nil)...)
	return append(append(out, b.Bytes()[behindHeader:]...), private...)
}

// onePixel is a lossless WebP of one pixel: its VP8L chunk.
const onePixel = "VP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"

func webpWith(extended bool, chunks ...string) []byte {
	body := "WEBP"
	if extended {
		body += "VP8X\x0a\x00\x00\x00\x0c\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	}
	body += onePixel + strings.Join(chunks, "")
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func riff(kind, body string) string {
	out := kind + string(binary.LittleEndian.AppendUint32(nil, uint32(len(body)))) + body
	if len(body)%2 == 1 {
		out += "\x00"
	}
	return out
}

func gifWith(tb testing.TB, extensions ...string) []byte {
	tb.Helper()
	frame := image.NewPaletted(image.Rect(0, 0, 8, 8), color.Palette{color.Black, color.White})
	var b bytes.Buffer
	require.NoError(tb, gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{frame, frame}, Delay: []int{1, 1}, LoopCount: 7}))
	in := b.Bytes()
	const table = 13 + 2*3 // header and screen; the global table of two colours, if there is one
	at := 13
	if in[10]&0x80 != 0 {
		at = table
	}
	return append(append(append(bytes.Clone(in[:at]), strings.Join(extensions, "")...), in[at:]...), private...)
}

func pictures(tb testing.TB) map[string][]byte {
	tb.Helper()
	little, big := string(exif(binary.LittleEndian, 6)), string(exif(binary.BigEndian, 6))
	xmp := "http://ns.adobe.com/xap/1.0/\x00" + private
	return map[string][]byte{
		"jpeg, turned": jpegWith(
			tb, segment(0xe0, "JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"), segment(0xe1, "Exif\x00\x00"+little), segment(0xe1, xmp),
			segment(0xed, "Photoshop 3.0\x00"+private), segment(0xfe, private), segment(0xe2, "ICC_PROFILE\x00\x01\x01colours"), segment(0xe2, "MPF\x00"+private),
		),
		"jpeg, big endian": jpegWith(tb, segment(0xe1, "Exif\x00\x00"+big)),
		"jpeg, upright":    jpegWith(tb, segment(0xe1, "Exif\x00\x00"+string(exif(binary.BigEndian, 1)))),
		"png":              pngWith(tb, chunk("eXIf", big), chunk("tEXt", "Comment\x00"+private), chunk("iTXt", "XML:com.adobe.xmp\x00"+private), chunk("pHYs", "\x00\x00\x0b\x13\x00\x00\x0b\x13\x01")),
		"webp":             webpWith(true, riff("EXIF", little), riff("XMP ", private)),
		"webp, odd":        webpWith(true, riff("EXIF", "Exif\x00\x00"+big), riff("XMP ", private+"!")),
		"webp, upright":    webpWith(true, riff("EXIF", string(exif(binary.LittleEndian, 1))), riff("XMP ", private)),
		"webp, simple":     webpWith(false),
		"gif": gifWith(
			tb, "\x21\xfe"+string(rune(len(private)))+private+"\x00", "\x21\xff\x0bXMP DataXMP"+string(rune(len(private)))+private+"\x00",
		),
	}
}

// decoded is the pixels.
func decoded(tb testing.TB, data []byte) string {
	tb.Helper()
	var text strings.Builder
	switch {
	case bytes.HasPrefix(data, []byte("GIF")):
		all, err := gif.DecodeAll(bytes.NewReader(data))
		require.NoError(tb, err)
		return fmt.Sprintf("%d %d %d %x", all.LoopCount, all.Delay, len(all.Image), all.Image[0].Pix)
	case bytes.HasPrefix(data, []byte("RIFF")):
		img, err := webp.Decode(bytes.NewReader(data))
		require.NoError(tb, err)
		return fmt.Sprint(img)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	require.NoError(tb, err)
	for x := range img.Bounds().Dx() {
		for y := range img.Bounds().Dy() {
			_, _ = fmt.Fprint(&text, img.At(x, y))
		}
	}
	return text.String()
}

func TestStripMetadata(t *testing.T) {
	t.Parallel()
	for name, in := range pictures(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := bytes.Clone(in)
			out, err := r2.StripMetadata(in)
			require.NoError(t, err)
			assert.Equal(t, before, in, "what was given stays as it is")
			for secret := range strings.FieldsSeq(private) {
				assert.NotContains(t, string(out), secret)
			}
			assert.Equal(t, decoded(t, in), decoded(t, out), "the pixels are the same")
			again, err := r2.StripMetadata(out)
			require.NoError(t, err)
			assert.Equal(t, out, again)
			turned := !strings.Contains(name, "upright") && !strings.Contains(name, "simple") && name != "gif"
			const six = "\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06"
			assert.Equal(t, turned, strings.Contains(string(out), six), "the orientation")
			if name == "jpeg, turned" {
				assert.Contains(t, string(out), "ICC_PROFILE\x00\x01\x01colours")
				assert.NotContains(t, string(out), "MPF")
				assert.Equal(t, "JFIF", string(out[6:10]), "it comes first")
			}
			if bytes.HasPrefix(out[12:], []byte("VP8X")) {
				assert.Equal(t, map[bool]byte{true: 0x08}[turned], out[20], "what the first chunk says of the others")
			}
			if name == "png" {
				assert.Contains(t, string(out), "pHYs")
			}
			for cut := range out { // never a part of a picture
				short, err := r2.StripMetadata(out[:cut])
				require.Error(t, err, cut)
				require.Nil(t, short)
			}
		})
	}
	for _, other := range []string{"<svg xmlns='http://www.w3.org/2000/svg'/>", "hello", "", "\x00\x00\x00\x20ftypavif"} {
		_, err := r2.StripMetadata([]byte(other))
		require.ErrorIs(t, err, errors.ErrUnsupported, other)
	}
}

func FuzzStripMetadata(f *testing.F) {
	for _, in := range pictures(f) {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		out, err := r2.StripMetadata(in)
		if err != nil {
			return
		}
		again, err := r2.StripMetadata(out)
		require.NoError(t, err)
		require.Equal(t, out, again)
		config, kind, err := image.DecodeConfig(bytes.NewReader(in))
		if err != nil || config.Width*config.Height > 1<<16 || kind == "webp" {
			return
		}
		if _, _, err := image.Decode(bytes.NewReader(in)); err == nil {
			stripped, _, err := image.DecodeConfig(bytes.NewReader(out))
			require.NoError(t, err)
			require.Equal(t, config.Width, stripped.Width)
		}
	})
}

// PutImage asks for nothing first, and the same picture is stored once, whoever stores it how often.
func TestPutImage(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	data := pictures(t)["png"]
	var existed atomic.Int32
	var wg sync.WaitGroup
	for _, name := range []string{"a.png", "b.jpg", "", "dir/c"} {
		wg.Go(func() {
			other := client(t, srv) // as other programs would
			img, err := other.PutImage(t.Context(), name, bytes.NewReader(data), nil)
			if assert.NoError(t, err) && img.Existed {
				existed.Add(1)
			}
			assert.Equal(t, r2.ContentKey("", data), img.Key)
			assert.Equal(t, srv.PublicURL+"/"+img.Key, img.URL)
		})
	}
	wg.Wait()
	assert.EqualValues(t, 3, existed.Load())
	assert.Equal(t, 4, srv.Calls(""), "one request each")
	require.Len(t, srv.Objects(), 1)
	o := srv.Objects()[0]
	assert.Equal(t, "image/png "+r2.Immutable, o.ContentType+" "+o.CacheControl)
	assert.Equal(t, 1, o.Writes)
	assert.Equal(t, data, content(t, srv, o.Key))

	img, err := c.PutImage(t.Context(), "x.txt", bytes.NewReader(data), &r2.ImageOptions{Strip: true, Prefix: "img/", CacheControl: "max-age=60", Metadata: map[string]string{"a": "b"}})
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(img.Key, "img/sha256/"))
	assert.True(t, strings.HasSuffix(img.Key, ".png"))
	assert.NotContains(t, string(content(t, srv, img.Key)), "13.4050E")
	assert.Equal(t, "max-age=60", srv.Objects()[0].CacheControl)
	assert.EqualValues(t, len(content(t, srv, img.Key)), img.Size)
}

// The answer was lost, and the picture is there: that is what was wanted.
func TestPutImageWhoseAnswerWasLost(t *testing.T) {
	t.Parallel()
	inBubble(t, r2test.Options{}, func(t *testing.T, srv *r2test.Server, c *r2.Client) {
		t.Helper()
		srv.LoseNext("PutObject")
		img, err := c.PutImage(t.Context(), "", bytes.NewReader(pictures(t)["gif"]), nil)
		require.NoError(t, err)
		assert.False(t, img.Existed)
		assert.Equal(t, 1, srv.Writes(img.Key))
		assert.Equal(t, 1, srv.Calls("PutObject"))
	})
}

func TestPutImageIsRefused(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{}, func(cfg *r2.Config) { cfg.PublicBase = "" })
	png := string(pictures(t)["png"])
	for name, tt := range map[string]struct {
		body io.Reader
		opts r2.ImageOptions
		want error
		text string
	}{
		"nothing":         {want: r2.ErrInput, text: "body is nil"},
		"empty":           {body: strings.NewReader(""), want: r2.ErrInput, text: "no picture"},
		"text":            {body: strings.NewReader("hello"), want: r2.ErrInput, text: "text/plain"},
		"too large":       {body: strings.NewReader(png), opts: r2.ImageOptions{MaxBytes: 9}, want: r2.ErrInput, text: "more than 9 bytes"},
		"prefix":          {body: strings.NewReader(png), opts: r2.ImageOptions{Prefix: "img"}, want: r2.ErrInput, text: "slash"},
		"most":            {body: strings.NewReader(png), opts: r2.ImageOptions{MaxBytes: 2 << 30}, want: r2.ErrInput, text: "MaxBytes"},
		"cannot be read":  {body: io.MultiReader(strings.NewReader(png), failing{}), want: errBroken},
		"not strippable":  {body: strings.NewReader("<svg ></svg>"), opts: r2.ImageOptions{Strip: true}, want: errors.ErrUnsupported},
		"damaged":         {body: strings.NewReader(png[:99]), opts: r2.ImageOptions{Strip: true}, text: "damaged or cut"},
		"key of metadata": {body: strings.NewReader(png), opts: r2.ImageOptions{Metadata: map[string]string{"a b": ""}}, want: r2.ErrInput},
	} {
		_, err := c.PutImage(t.Context(), "x", tt.body, &tt.opts)
		require.Error(t, err, name)
		if tt.want != nil {
			require.ErrorIs(t, err, tt.want, name)
		}
		require.ErrorContains(t, err, tt.text, name)
	}
	assert.Zero(t, srv.Calls(""))
	img, err := c.PutImage(context.WithoutCancel(t.Context()), "x", strings.NewReader(png), nil)
	require.NoError(t, err)
	assert.Empty(t, img.URL)
}
