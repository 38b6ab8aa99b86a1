package article_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"github.com/kitroll/kitroll/wechat/article"
)

const svg = `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><circle r="5"/></svg>`

// bomb is a PNG whose header promises more pixels than anybody should decode.
func bomb() []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1)))
	data := b.Bytes()
	binary.BigEndian.PutUint32(data[16:], 12_000)
	binary.BigEndian.PutUint32(data[20:], 12_000)
	binary.BigEndian.PutUint32(data[29:], crc(data[12:29]))
	return data
}

func crc(b []byte) uint32 {
	c := ^uint32(0)
	for _, x := range b {
		c ^= uint32(x)
		for range 8 {
			if c&1 == 1 {
				c = c>>1 ^ 0xedb88320
			} else {
				c >>= 1
			}
		}
	}
	return ^c
}

// padded makes a file larger, which the decoders do not mind.
func padded(data []byte, size int) []byte {
	return append(bytes.Clone(data), make([]byte, size-len(data))...)
}

func TestFit(t *testing.T) {
	t.Parallel()
	small := pngOf(t, noise(40, 30, false))
	photo := jpegOf(t, noise(40, 30, false), 90)
	anim := gifOf(t, 20, 10, 3)
	encode := func(f func(*bytes.Buffer) error) []byte {
		var b bytes.Buffer
		require.NoError(t, f(&b))
		return b.Bytes()
	}
	for name, tt := range map[string]struct {
		data          []byte
		same          bool
		kind          string
		width, height int
		material      bool
	}{
		"small png":                {data: small, same: true, kind: "image/png", width: 40, height: 30},
		"small jpeg":               {data: photo, same: true, kind: "image/jpeg", width: 40, height: 30},
		"gif":                      {data: anim, same: true, kind: "image/gif", width: 20, height: 10, material: true},
		"webp":                     {data: read(t, "testdata/tiny.webp"), kind: "image/jpeg", width: 64, height: 40},
		"bmp":                      {data: encode(func(b *bytes.Buffer) error { return bmp.Encode(b, noise(40, 30, false)) }), kind: "image/jpeg", width: 40, height: 30},
		"tiff":                     {data: encode(func(b *bytes.Buffer) error { return tiff.Encode(b, noise(40, 30, false), nil) }), kind: "image/jpeg", width: 40, height: 30},
		"tiff, see-through":        {data: encode(func(b *bytes.Buffer) error { return tiff.Encode(b, noise(40, 30, true), nil) }), kind: "image/png", width: 40, height: 30},
		"large png":                {data: padded(pngOf(t, noise(1400, 350, false)), 1_000_000), kind: "image/jpeg", width: 1280, height: 320},
		"large, see-through, calm": {data: append(pngOf(t, flat(1400, 70, color.NRGBA{10, 20, 30, 90})), make([]byte, 1_000_000)...), kind: "image/png", width: 1280, height: 64},
		"large and narrow":         {data: append(pngOf(t, flat(200, 70, color.NRGBA{10, 20, 30, 255})), make([]byte, 1_000_000)...), kind: "image/jpeg", width: 200, height: 70},
		"1 byte below the limit":   {data: padded(small, 999_999), same: true, kind: "image/png", width: 40, height: 30},
		"at the limit":             {data: padded(small, 1_000_000), kind: "image/jpeg", width: 40, height: 30},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := article.NewPicture("dir/Photo.PNG", "Photo.PNG", tt.data)
			out, err := article.Fit(in)
			require.NoError(t, err)
			assert.Equal(t, tt.kind, out.Type)
			assert.Equal(t, [2]int{tt.width, tt.height}, [2]int{out.Width, out.Height})
			assert.Equal(t, tt.same, bytes.Equal(tt.data, out.Data))
			assert.Less(t, len(out.Data), 1_000_000)
			assert.Equal(t, tt.material, out.AsMaterial())
			assert.Equal(t, in.SHA256, out.SHA256)
			assert.Equal(t, in.Ref, out.Ref)
			ext := map[string]string{"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif"}[tt.kind]
			assert.Equal(t, in.SHA256[:16]+ext, out.Name)
			cfg, kind, err := image.DecodeConfig(bytes.NewReader(out.Data))
			require.NoError(t, err)
			assert.Equal(t, [3]any{tt.width, tt.height, strings.TrimPrefix(tt.kind, "image/")}, [3]any{cfg.Width, cfg.Height, kind})
			again, err := article.Fit(in)
			require.NoError(t, err)
			assert.Equal(t, out, again, "the same bytes every time")
		})
	}
}

// See-through and too large as a PNG: it becomes a JPEG, which has to stand on something.
func TestFitOnWhite(t *testing.T) {
	t.Parallel()
	static := image.NewNRGBA(image.Rect(0, 0, 600, 500))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range static.Pix {
		static.Pix[i] = uint8(r.Uint32() % 91) // dark, and at most a third opaque
	}
	out, err := article.Fit(article.NewPicture("a.png", "", pngOf(t, static)))
	require.NoError(t, err)
	img, err := jpeg.Decode(bytes.NewReader(out.Data))
	require.NoError(t, err)
	assert.Equal(t, static.Bounds(), img.Bounds())
	assert.Less(t, len(out.Data), 1_000_000)
	_, g, _, _ := img.At(100, 100).RGBA()
	assert.Greater(t, g, uint32(0x9000))
}

func TestFitRefuses(t *testing.T) {
	t.Parallel()
	whole := pngOf(t, noise(40, 30, false))
	photo := jpegOf(t, noise(60, 60, false), 90)
	anim := gifOf(t, 20, 10, 3)
	for name, tt := range map[string]struct {
		data []byte
		kind error
		says string
	}{
		"empty":               {nil, article.ErrBroken, "empty"},
		"avif":                {[]byte("\x00\x00\x00\x20ftypavif\x00\x00\x00\x00avifmif1miaf"), errors.ErrUnsupported, "avif"},
		"heic":                {[]byte("\x00\x00\x00\x20ftypheic\x00\x00\x00\x00mif1heic"), errors.ErrUnsupported, "export it as PNG or JPEG"},
		"svg":                 {[]byte(svg), errors.ErrUnsupported, "svg"},
		"svg without xml":     {[]byte(svg[21:]), errors.ErrUnsupported, "svg"},
		"animated webp":       {[]byte("RIFF\x1e\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\x0f\x00\x00\x0f\x00\x00"), errors.ErrUnsupported, "export it as GIF"},
		"a web page":          {[]byte("<!DOCTYPE html><html><body>404</body></html>"), article.ErrBroken, "web page"},
		"cut png":             {whole[:len(whole)/2], article.ErrBroken, "cut off"},
		"cut jpeg":            {photo[:len(photo)/2], article.ErrBroken, "cut off"},
		"cut gif":             {anim[:len(anim)-40], article.ErrBroken, "last frame"},
		"gif without trailer": {anim[:len(anim)-1], article.ErrBroken, "last frame"},
		"cut webp":            {read(t, "testdata/tiny.webp")[:60], article.ErrBroken, "webp"},
		"only a header":       {whole[:20], article.ErrBroken, "png"},
		"too long a side":     {pngOf(t, flat(32_001, 1, color.White)), article.ErrTooLarge, "32001×1"},
		"too many pixels":     {bomb(), article.ErrTooLarge, "12000×12000"},
		"large gif":           {append(bytes.Clone(anim), make([]byte, 10_000_001)...), article.ErrTooLarge, "gif"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := article.NewPicture("https://e.com/dir/x.png?sig=SECRET", "x.png", tt.data)
			_, err := article.Fit(p)
			require.ErrorIs(t, err, tt.kind)
			require.ErrorContains(t, err, tt.says)
			require.ErrorContains(t, err, "https://e.com/dir/x.png")
			require.NotContains(t, err.Error(), "SECRET")
			if name != "large gif" {
				_, err = article.Cover(p)
				if name != "cut gif" && name != "gif without trailer" { // its first frame is whole
					require.ErrorIs(t, err, tt.kind)
				}
			}
		})
	}
}

// oriented puts an Exif orientation into a JPEG.
func oriented(data []byte, o uint16, order binary.AppendByteOrder) []byte {
	exif := []byte("Exif\x00\x00II*\x00")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		exif = []byte("Exif\x00\x00MM\x00*")
	}
	exif = order.AppendUint32(exif, 8)
	exif = order.AppendUint16(exif, 2)
	for _, e := range [][2]uint16{{0x0100, 7}, {0x0112, o}} {
		exif = order.AppendUint16(exif, e[0])
		exif = order.AppendUint16(exif, 3)
		exif = order.AppendUint32(exif, 1)
		exif = order.AppendUint16(exif, e[1])
		exif = order.AppendUint16(exif, 0)
	}
	exif = append(exif, 0, 0, 0, 0)
	out := append([]byte{0xff, 0xd8, 0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(exif)+2))...)
	return append(append(out, exif...), data[2:]...)
}

func TestOrientation(t *testing.T) {
	t.Parallel()
	img := flat(32, 16, color.White)
	for y := range 8 {
		for x := range 8 { // a red mark in the top left corner of the stored picture
			img.Set(x, y, color.NRGBA{220, 0, 0, 255})
		}
	}
	stored := jpegOf(t, img, 95)
	for o, want := range map[uint16]struct{ w, h, x, y int }{
		1: {32, 16, 0, 0}, 2: {32, 16, 1, 0}, 3: {32, 16, 1, 1}, 4: {32, 16, 0, 1},
		5: {16, 32, 0, 0}, 6: {16, 32, 1, 0}, 7: {16, 32, 1, 1}, 8: {16, 32, 0, 1},
		9: {32, 16, 0, 0},
	} {
		for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
			data := oriented(stored, o, order)
			out, err := article.Fit(article.NewPicture("x.jpg", "x.jpg", data))
			require.NoError(t, err)
			assert.Equal(t, o == 1 || o == 9, bytes.Equal(data, out.Data), "turned only where it must be")
			got, err := jpeg.Decode(bytes.NewReader(out.Data))
			require.NoError(t, err)
			require.Equal(t, [2]int{want.w, want.h}, [2]int{got.Bounds().Dx(), got.Bounds().Dy()}, "orientation %d", o)
			r, g, _, _ := got.At(2+want.x*(want.w-5), 2+want.y*(want.h-5)).RGBA()
			assert.True(t, r > 0x8000 && g < 0x6000, "orientation %d: the mark is elsewhere", o)
		}
	}
	for n := range 60 { // a damaged Exif block is ignored, and never a panic
		data := oriented(stored, 6, binary.BigEndian)
		data[4+n%36] ^= 0xff
		_, _ = article.Fit(article.NewPicture("x.jpg", "", data[:len(data)-n]))
	}
}

func TestCover(t *testing.T) {
	t.Parallel()
	wide := flat(2000, 400, color.White)
	tall := flat(400, 2000, color.White)
	for y := range 400 {
		for x := range 400 {
			wide.Set(800+x, y, color.NRGBA{200, 0, 0, 255})
			tall.Set(x, 800+y, color.NRGBA{200, 0, 0, 255})
		}
	}
	for name, tt := range map[string]struct {
		data []byte
		red  bool
	}{
		"wide":        {pngOf(t, wide), true},
		"tall":        {pngOf(t, tall), true},
		"tiny":        {pngOf(t, flat(1, 1, color.NRGBA{200, 0, 0, 255})), true},
		"see-through": {pngOf(t, flat(30, 30, color.NRGBA{200, 0, 0, 0})), false},
		"gif":         {gifOf(t, 90, 38, 2), false},
		"webp":        {read(t, "testdata/tiny.webp"), false},
		"noise":       {pngOf(t, noise(900, 383, false)), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := article.NewPicture("a/b.png", "b.png", tt.data)
			out, err := article.Cover(in)
			require.NoError(t, err)
			img, err := jpeg.Decode(bytes.NewReader(out.Data))
			require.NoError(t, err)
			assert.Equal(t, image.Rect(0, 0, 900, 383), img.Bounds())
			assert.Less(t, len(out.Data), 1_000_000)
			assert.Equal(t, in.SHA256[:16]+".jpg", out.Name)
			assert.Equal(t, "image/jpeg", out.Type)
			r, g, _, _ := img.At(450, 191).RGBA()
			assert.Equal(t, tt.red, r > 0xa000 && g < 0x3000, "the middle of the picture")
		})
	}
}

func TestPictureIsNotPrinted(t *testing.T) {
	t.Parallel()
	p := article.NewPicture("data:image/png;base64,AAAA", "", pngOf(t, noise(10, 10, false)))
	for _, s := range []string{p.String(), p.GoString()} {
		assert.Less(t, len(s), 200)
		assert.NotContains(t, s, "AAAA")
	}
	assert.ErrorIs(t, &article.PictureError{Err: fs.ErrNotExist}, fs.ErrNotExist)
}
