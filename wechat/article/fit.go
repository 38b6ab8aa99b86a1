package article

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/draw"

	"github.com/kitroll/kitroll/wechat"
)

// What the platform takes, and what this package makes of larger pictures.
// Source: media/uploadimg and material/add_material, developers.weixin.qq.com (read 2026-11). The page says "1MB" and
// not which; the smaller one holds for both readings.
const (
	maxArticleBytes = 1_000_000  // exclusive, for uploadimg: jpg and png only
	maxGIFBytes     = 10_000_000 // for add_material
	fitWidth        = 1280       // twice the width of the article column
	minWidth        = 320        // below it a picture is not worth showing
)

// Fit makes of a picture what WeChat takes into an article. A PNG or JPEG below 1 MB stays as it is, byte for byte. A
// larger one is scaled to at most 1280 pixels wide and encoded again: JPEG at quality 85 down to 50, PNG while there is
// transparency and it stays below 1 MB, then JPEG on white. WebP, BMP and TIFF are converted the same way. A GIF,
// animated or not, stays one up to 10 MB and goes to the material library ([Picture.AsMaterial]). A JPEG that its camera
// marked as lying on its side is turned upright.
//
// The result is named by the hash of what was loaded, and is the same bytes every time.
//
// Errors, all [*PictureError]: [errors.ErrUnsupported] for AVIF, HEIC, JPEG XL, SVG and an animated WebP; [ErrBroken] for what cannot be
// decoded to its end; [ErrTooLarge] for a GIF over 10 MB and for more than 64 megapixels, which are found out before
// anything is decoded.
func Fit(p Picture) (Picture, error) {
	p = NewPicture(p.Ref, p.Name, p.Data).withSum(p.SHA256)
	if p.Type == "image/gif" {
		return fitGIF(p)
	}
	img, err := p.decode()
	if err != nil {
		return Picture{}, err
	}
	asIs := p.Type == "image/png" || p.Type == "image/jpeg" && orientation(p.Data) == 1
	if asIs && len(p.Data) < maxArticleBytes {
		p.Name = uploadName(p, p.Type)
		return p, nil
	}
	for width := min(fitWidth, img.Bounds().Dx()); ; width = width * 3 / 4 {
		if out, ok := encodeBelow(p, narrow(img, width), maxArticleBytes); ok {
			return out, nil
		}
		if width < minWidth {
			return Picture{}, p.fail(fmt.Errorf("%w: it stays above %d bytes", ErrTooLarge, maxArticleBytes), "cut it into several")
		}
	}
}

// withSum keeps the hash of the first bytes through later conversions.
func (p Picture) withSum(sum string) Picture {
	if sum != "" {
		p.SHA256 = sum
	}
	return p
}

func fitGIF(p Picture) (Picture, error) {
	if err := p.check(); err != nil {
		return Picture{}, err
	}
	if len(p.Data) > maxGIFBytes {
		return Picture{}, p.fail(fmt.Errorf("%w: %d bytes, WeChat takes %d", ErrTooLarge, len(p.Data), maxGIFBytes), "drop frames or make it smaller")
	}
	if err := wholeGIF(p.Data); err != nil {
		return Picture{}, p.fail(fmt.Errorf("%w: %w", ErrBroken, err), "load or export it again")
	}
	if _, err := p.decode(); err != nil { // the first frame
		return Picture{}, err
	}
	p.Name = uploadName(p, p.Type)
	return p, nil
}

// encodeBelow encodes img as PNG if it has transparency and fits, else as the best JPEG that fits.
func encodeBelow(p Picture, img image.Image, limit int) (Picture, bool) {
	var buf bytes.Buffer
	made := func(kind string) (Picture, bool) {
		p.Type, p.Data, p.Name = kind, bytes.Clone(buf.Bytes()), uploadName(p, kind)
		p.Width, p.Height = img.Bounds().Dx(), img.Bounds().Dy()
		return p, true
	}
	if !opaque(img) {
		enc := png.Encoder{CompressionLevel: png.BestCompression}
		if enc.Encode(&buf, img) == nil && buf.Len() < limit {
			return made("image/png")
		}
		img = onWhite(img)
	}
	for quality := 85; quality >= 50; quality -= 7 {
		buf.Reset()
		if jpeg.Encode(&buf, img, &jpeg.Options{Quality: quality}) == nil && buf.Len() < limit {
			return made("image/jpeg")
		}
	}
	return Picture{}, false
}

func opaque(img image.Image) bool {
	o, ok := img.(interface{ Opaque() bool })
	return ok && o.Opaque()
}

func onWhite(img image.Image) image.Image {
	out := image.NewRGBA(image.Rect(0, 0, img.Bounds().Dx(), img.Bounds().Dy()))
	draw.Draw(out, out.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(out, out.Bounds(), img, img.Bounds().Min, draw.Over)
	return out
}

// narrow scales a picture down to a width; it never scales up.
func narrow(img image.Image, width int) image.Image {
	b := img.Bounds()
	if b.Dx() <= width {
		return img
	}
	height := max(1, (b.Dy()*width+b.Dx()/2)/b.Dx())
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.CatmullRom.Scale(out, out.Bounds(), img, b, draw.Src, nil)
	return out
}

// The size of a cover, 2.35 to 1: what the card in the chat shows.
const (
	CoverWidth  = 900
	CoverHeight = 383
)

// CoverCrops are the crops that belong to what [Cover] makes: all of it for the wide card, the square in its middle for
// where WeChat shows a square. Without them the platform chooses.
func CoverCrops() (wide, square *wechat.Crop) {
	const margin = (1 - float64(CoverHeight)/CoverWidth) / 2
	return &wechat.Crop{X1: 0, Y1: 0, X2: 1, Y2: 1}, &wechat.Crop{X1: margin, Y1: 0, X2: 1 - margin, Y2: 1}
}

// Cover makes a picture the cover of an article: a JPEG of 900×383 pixels below 1 MB, the middle of the picture,
// transparency on white, the first frame of a GIF. Its name is the first 16 hex digits of the SHA-256 of what was loaded,
// and ".jpg": an upload whose answer was lost can be found again by it in the list of materials.
//
// Errors as for [Fit].
func Cover(p Picture) (Picture, error) {
	p = NewPicture(p.Ref, p.Name, p.Data).withSum(p.SHA256)
	img, err := p.decode()
	if err != nil {
		return Picture{}, err
	}
	b := img.Bounds()
	crop := b
	if b.Dx()*CoverHeight > b.Dy()*CoverWidth {
		w := max(1, b.Dy()*CoverWidth/CoverHeight)
		crop.Min.X = b.Min.X + (b.Dx()-w)/2
		crop.Max.X = crop.Min.X + w
	} else {
		h := max(1, b.Dx()*CoverHeight/CoverWidth)
		crop.Min.Y = b.Min.Y + (b.Dy()-h)/2
		crop.Max.Y = crop.Min.Y + h
	}
	out := image.NewRGBA(image.Rect(0, 0, CoverWidth, CoverHeight))
	draw.CatmullRom.Scale(out, out.Bounds(), img, crop, draw.Src, nil)
	cover, ok := encodeBelow(p, onWhite(out), maxArticleBytes)
	if !ok { // 345,000 pixels at quality 50 are far below 1 MB
		return Picture{}, p.fail(ErrTooLarge, "")
	}
	return cover, nil
}
