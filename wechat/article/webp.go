package article

import (
	"image"
	"image/color"
)

// fullRange gives a lossy WebP its colours. VP8 keeps them in the range of video, black at 16 and white at 235;
// x/image hands them out as an image.YCbCr, which is read as JPEG's full range: white would become grey.
// Source: RFC 6386, section 9.2, and BT.601.
func fullRange(img image.Image) image.Image {
	var luma *image.YCbCr
	alpha := func(int, int) uint8 { return 255 }
	switch m := img.(type) {
	case *image.YCbCr:
		luma = m
	case *image.NYCbCrA:
		luma = &m.YCbCr
		alpha = func(x, y int) uint8 { return m.A[m.AOffset(x, y)] }
	default: // lossless WebP is RGB
		return img
	}
	out := image.NewNRGBA(luma.Rect)
	for y := luma.Rect.Min.Y; y < luma.Rect.Max.Y; y++ {
		for x := luma.Rect.Min.X; x < luma.Rect.Max.X; x++ {
			c := luma.YCbCrAt(x, y)
			l, cb, cr := 298*(int(c.Y)-16), int(c.Cb)-128, int(c.Cr)-128 // in 1/256
			out.SetNRGBA(x, y, color.NRGBA{clamp(l + 409*cr), clamp(l - 100*cb - 208*cr), clamp(l + 516*cb), alpha(x, y)})
		}
	}
	return out
}

// clamp rounds 1/256 to a byte.
func clamp(v int) uint8 { return uint8(min(max((v+128)>>8, 0), 255)) }
