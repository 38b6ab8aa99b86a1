package article_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/article"
)

// noise is a picture that compresses badly, the same one every time.
func noise(w, h int, alpha bool) *image.NRGBA {
	r := rand.New(rand.NewPCG(1, uint64(w*h)))
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.NRGBA{uint8(r.Uint32()), uint8(x * 255 / w), uint8(y * 255 / h), 255}
			if alpha && x < w/2 {
				c.A = 90
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

// flat is a picture of one colour.
func flat(w, h int, c color.Color) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, c)
		}
	}
	return img
}

func pngOf(tb testing.TB, img image.Image) []byte {
	tb.Helper()
	var b bytes.Buffer
	require.NoError(tb, png.Encode(&b, img))
	return b.Bytes()
}

func jpegOf(tb testing.TB, img image.Image, quality int) []byte {
	tb.Helper()
	var b bytes.Buffer
	require.NoError(tb, jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}))
	return b.Bytes()
}

func gifOf(tb testing.TB, w, h, frames int) []byte {
	tb.Helper()
	palette := color.Palette{color.White, color.Black, color.RGBA{200, 30, 30, 255}, color.RGBA{30, 30, 200, 255}}
	anim := &gif.GIF{}
	for n := range frames {
		frame := image.NewPaletted(image.Rect(0, 0, w, h), palette)
		for i := range frame.Pix {
			frame.Pix[i] = uint8((i + n*3) % 4)
		}
		anim.Image = append(anim.Image, frame)
		anim.Delay = append(anim.Delay, 10)
	}
	var b bytes.Buffer
	require.NoError(tb, gif.EncodeAll(&b, anim))
	return b.Bytes()
}

func read(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(name)
	require.NoError(tb, err)
	return data
}

func write(tb testing.TB, name, text string) {
	tb.Helper()
	require.NoError(tb, os.WriteFile(name, []byte(text), 0o600))
}

func fileOf(data []byte) *fstest.MapFile { return &fstest.MapFile{Data: data} }

// folder holds the pictures that full.md names; its photo is small, to be quick.
func folder(tb testing.TB) fstest.MapFS {
	tb.Helper()
	return fstest.MapFS{
		"photo.png": {Data: pngOf(tb, noise(60, 36, false))},
		"anim.gif":  {Data: gifOf(tb, 32, 20, 3)},
		"tiny.webp": {Data: read(tb, "testdata/tiny.webp")},
	}
}

// urls gives every picture of a document an address at WeChat.
func urls(d *article.Document) map[string]string {
	out := map[string]string{}
	for i, ref := range d.Pictures() {
		out[ref] = fmt.Sprintf("http://mmbiz.qpic.cn/mmbiz_png/pic%d/0?wx_fmt=png&from=appmsg", i)
	}
	return out
}

func render(tb testing.TB, md string) article.Rendered {
	tb.Helper()
	d, err := article.Parse([]byte(md))
	require.NoError(tb, err)
	out, err := d.Render(article.RenderOptions{Pictures: urls(d)})
	require.NoError(tb, err)
	return out
}

// body is the HTML without the section around everything and without styles, to compare structures.
func body(tb testing.TB, md string) string {
	tb.Helper()
	return bare(render(tb, md).HTML)
}

// bare takes the styles out and the outer section off.
func bare(html string) string {
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(html, ` style="`)
		b.WriteString(before)
		if !ok {
			break
		}
		_, html, _ = strings.Cut(after, `"`)
	}
	return strings.TrimSuffix(strings.TrimPrefix(b.String(), "<section>"), "</section>")
}

// recorder is an Uploader that remembers what it was sent.
type recorder struct {
	delay  time.Duration
	fail   func(name string) error
	answer string // in place of WeChat's host

	mu        sync.Mutex
	names     []string
	running   atomic.Int32
	mostAtOne atomic.Int32
}

func (r *recorder) take(ctx context.Context, f wechat.File) (string, error) {
	n := r.running.Add(1)
	defer r.running.Add(-1)
	for {
		most := r.mostAtOne.Load()
		if n <= most || r.mostAtOne.CompareAndSwap(most, n) {
			break
		}
	}
	if r.delay > 0 {
		select {
		case <-time.After(r.delay):
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
	if r.fail != nil {
		if err := r.fail(f.Name); err != nil {
			return "", err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.names = append(r.names, f.Name)
	host := r.answer
	if host == "" {
		host = "mmbiz.qpic.cn"
	}
	return fmt.Sprintf("http://%s/x/%s/0?wx_fmt=png", host, f.Name), nil
}

func (r *recorder) UploadArticleImage(ctx context.Context, f wechat.File) (string, error) {
	return r.take(ctx, f)
}

func (r *recorder) UploadMaterial(ctx context.Context, _ wechat.MaterialType, f wechat.File, _ *wechat.MaterialOptions) (wechat.Material, error) {
	url, err := r.take(ctx, f)
	return wechat.Material{ID: wechat.MediaID("id-" + f.Name), URL: url}, err
}

func errorAs[E error](err error) (E, bool) { return errors.AsType[E](err) }

// scene is a picture to look at: hills under a sky.
func scene(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.NRGBA{uint8(150 + 80*y/h), uint8(185 + 40*y/h), uint8(215 + 10*y/h), 255}
			for i, hill := range []float64{0.55, 0.68, 0.82} {
				top := float64(h) * (hill + 0.08*math.Sin(float64(x)/float64(w)*(5+3*float64(i))+float64(i)*2))
				if float64(y) > top {
					c = color.NRGBA{uint8(90 - 25*i), uint8(130 - 28*i), uint8(120 - 30*i), 255}
				}
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}
