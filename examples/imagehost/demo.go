package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io/fs"
	"math"
	"os"
	"path/filepath"
)

// drawPictures fills a folder that does not exist yet with pictures, drawn here, so that nobody has a right in them: what a
// folder of holidays has, with a place in one photograph, two files that are the same, and one that is no picture. What is in
// a folder that is there stays as it is.
func drawPictures(folder string) error {
	if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	files := map[string]func() ([]byte, error){
		"harbour at dusk.jpg":      func() ([]byte, error) { return photograph(dusk) },
		"dunes.png":                func() ([]byte, error) { return drawing(dunes) },
		"copies/dunes again.png":   func() ([]byte, error) { return drawing(dunes) },
		"lighthouse.gif":           lighthouse,
		"平湖秋月.png":                 func() ([]byte, error) { return drawing(moon) },
		"<b>quotes\" & ticks'.png": func() ([]byte, error) { return drawing(rings) },
		"notes.txt":                func() ([]byte, error) { return []byte("This is no picture.\n"), nil },
	}
	// Made beside its place and then moved there: a folder that is there is whole.
	half := folder + ".half"
	if err := os.RemoveAll(half); err != nil {
		return err
	}
	for name, draw := range files {
		data, err := draw()
		if err != nil {
			return err
		}
		path := filepath.Join(half, filepath.FromSlash(fileName(name)))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil { //nolint:gosec // they are for everybody
			return err
		}
	}
	return os.Rename(half, folder)
}

const wide, high = 480, 360

// painter gives the colour of a point, whose coordinates go from 0 to 1.
type painter func(x, y float64) color.RGBA

func paint(p painter) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, wide, high))
	for y := range high {
		for x := range wide {
			img.SetRGBA(x, y, p(float64(x)/wide, float64(y)/high))
		}
	}
	return img
}

// mix is a colour between two.
func mix(a, b [3]float64, t float64) color.RGBA {
	t = min(max(t, 0), 1)
	at := func(i int) uint8 { return uint8(a[i] + (b[i]-a[i])*t) }
	return color.RGBA{at(0), at(1), at(2), 255}
}

func dusk(x, y float64) color.RGBA {
	if y > .62 { // the water, and in it the sun
		glitter := .5 + .5*math.Sin(y*220+math.Sin(x*40)*2)
		return mix([3]float64{30, 40, 80}, [3]float64{250, 170, 110}, glitter*math.Exp(-40*(x-.5)*(x-.5)))
	}
	if math.Hypot((x-.5)*4/3, y-.58) < .09 {
		return color.RGBA{255, 214, 140, 255}
	}
	return mix([3]float64{46, 40, 96}, [3]float64{244, 130, 90}, y/.62)
}

func dunes(x, y float64) color.RGBA {
	for i := 4; i >= 1; i-- {
		n := float64(i)
		if y > .25+.15*n+.06*math.Sin(x*(3+n)+n*1.7) {
			return mix([3]float64{232, 190, 130}, [3]float64{120, 70, 40}, n/5+.1*math.Sin(x*90+y*160)*.3)
		}
	}
	return mix([3]float64{120, 180, 225}, [3]float64{225, 235, 240}, y*2.2)
}

func moon(x, y float64) color.RGBA {
	if math.Hypot((x-.7)*4/3, y-.28) < .1 {
		return color.RGBA{245, 240, 215, 255}
	}
	if y > .6 {
		return mix([3]float64{18, 36, 58}, [3]float64{200, 205, 190}, math.Exp(-90*(x-.7)*(x-.7))*(.5+.5*math.Sin(y*260)))
	}
	return mix([3]float64{10, 16, 40}, [3]float64{40, 66, 96}, y)
}

func rings(x, y float64) color.RGBA {
	return mix([3]float64{240, 244, 240}, [3]float64{30, 120, 110}, .5+.5*math.Sin(60*math.Hypot((x-.5)*4/3, y-.5)))
}

func drawing(p painter) ([]byte, error) {
	var b bytes.Buffer
	err := png.Encode(&b, paint(p))
	return b.Bytes(), err
}

// photograph is a JPEG with what a camera writes: its name, and where it was.
func photograph(p painter) ([]byte, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, paint(p), &jpeg.Options{Quality: 85}); err != nil {
		return nil, err
	}
	exif := append([]byte("Exif\x00\x00"), cameraEXIF()...)
	out := append([]byte{0xff, 0xd8, 0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(exif)+2))...)
	out = append(out, exif...)
	return append(out, b.Bytes()[2:]...), nil
}

// cameraEXIF is an EXIF with a maker and a place in the middle of the sea, 0° N 0° E.
func cameraEXIF() []byte {
	entry := func(tag, kind uint16, count uint32, value ...byte) []byte {
		out := binary.BigEndian.AppendUint16(nil, tag)
		out = binary.BigEndian.AppendUint16(out, kind)
		out = binary.BigEndian.AppendUint32(out, count)
		return append(out, append(value, 0, 0, 0, 0)[:4]...)
	}
	const ascii, long, rational = 2, 4, 5
	const second = 8 + 2 + 2*12 + 4 // where the directory of the place begins
	const maker = second + 2 + 4*12 + 4
	const zero = maker + 8
	out := []byte("MM\x00*\x00\x00\x00\x08\x00\x02")
	out = append(out, entry(0x010f, ascii, 8, 0, 0, 0, maker)...)
	out = append(out, entry(0x8825, long, 1, 0, 0, 0, second)...)
	out = append(out, 0, 0, 0, 0, 0, 4)
	out = append(out, entry(1, ascii, 2, 'N')...)
	out = append(out, entry(2, rational, 3, 0, 0, 0, zero)...)
	out = append(out, entry(3, ascii, 2, 'E')...)
	out = append(out, entry(4, rational, 3, 0, 0, 0, zero)...)
	out = append(out, 0, 0, 0, 0)
	out = append(out, "A maker\x00"...)
	for range 3 {
		out = append(out, 0, 0, 0, 0, 0, 0, 0, 1)
	}
	return out
}

// lighthouse is a GIF that moves: a light that comes round.
func lighthouse() ([]byte, error) {
	palette := color.Palette{color.RGBA{16, 22, 44, 255}, color.RGBA{236, 232, 220, 255}, color.RGBA{200, 52, 48, 255}, color.RGBA{255, 232, 140, 255}, color.RGBA{40, 52, 90, 255}}
	anim := &gif.GIF{}
	for i := range 8 {
		img := image.NewPaletted(image.Rect(0, 0, 240, 180), palette)
		turn := float64(i) * math.Pi / 4
		for y := range 180 {
			for x := range 240 {
				dx, dy := float64(x-120), float64(y-50)
				angle := math.Abs(math.Remainder(math.Atan2(dy, dx)-turn, 2*math.Pi))
				switch {
				case y > 150:
					img.SetColorIndex(x, y, 4)
				case y >= 40 && math.Abs(dx) < 8+float64(y)/14:
					img.SetColorIndex(x, y, uint8(1+(y/16)%2))
				case angle < .18:
					img.SetColorIndex(x, y, 3)
				}
			}
		}
		anim.Image, anim.Delay = append(anim.Image, img), append(anim.Delay, 12)
	}
	var b bytes.Buffer
	err := gif.EncodeAll(&b, anim)
	return b.Bytes(), err
}
