package article

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"net/http"
	"strings"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
)

// Picture is a picture of an article: as it was loaded, or as it will be uploaded.
type Picture struct {
	Ref    string // as in the text; may be a whole data: URI or a presigned address, so do not log it
	Name   string // file name with the extension of its type
	Data   []byte
	Type   string // "image/png", by its bytes and never by its name
	SHA256 string // hex, of the bytes that were loaded: it stays the same through Fit and Cover
	Width  int    // pixels, as stored; 0 when it cannot be read
	Height int
}

// AsMaterial reports whether the picture must go into the account's material library, because WeChat takes this format
// for articles in no other way: GIF. The library holds 100,000 pictures; the article upload counts against nothing.
func (p Picture) AsMaterial() bool { return p.Type == "image/gif" }

// String describes the picture without its bytes or its address's query.
func (p Picture) String() string {
	return fmt.Sprintf("article.Picture{%s, %s, %d×%d, %d bytes}", shown(p.Ref), p.Type, p.Width, p.Height, len(p.Data))
}

// GoString is String, so that %#v prints no megabytes.
func (p Picture) GoString() string { return p.String() }

// NewPicture makes a picture of bytes: it finds type, size and hash. name may be empty.
func NewPicture(ref, name string, data []byte) Picture {
	sum := sha256.Sum256(data)
	p := Picture{Ref: ref, Data: data, Type: sniff(data), SHA256: hex.EncodeToString(sum[:])}
	p.Name = named(name, p.Type)
	if cfg, err := p.config(); err == nil {
		p.Width, p.Height = cfg.Width, cfg.Height
	}
	return p
}

// Limits of what is decoded. The pixels of a picture take four bytes each in memory, whatever its file weighs.
const (
	maxPixels = 64 << 20
	maxSide   = 32_000
)

// webpAnimated is the animation bit of a WebP's VP8X header.
const webpAnimated = 0x02

// sniff finds the format by the first bytes, with those that net/http does not know.
func sniff(data []byte) string {
	if len(data) >= 12 && string(data[4:8]) == "ftyp" {
		switch brands := string(data[8:min(len(data), 40)]); {
		case strings.Contains(brands, "avif"), strings.Contains(brands, "avis"):
			return "image/avif"
		case strings.Contains(brands, "heic"), strings.Contains(brands, "heix"), strings.Contains(brands, "mif1"), strings.Contains(brands, "hevc"):
			return "image/heic"
		}
	}
	head := data[:min(len(data), 1024)]
	switch {
	case bytes.HasPrefix(head, []byte("II*\x00")), bytes.HasPrefix(head, []byte("MM\x00*")):
		return "image/tiff"
	case bytes.HasPrefix(head, []byte("\xff\x0a")), bytes.HasPrefix(head, []byte("\x00\x00\x00\x0cJXL ")):
		return "image/jxl"
	}
	kind, _, _ := strings.Cut(http.DetectContentType(head), ";")
	if (kind == "text/xml" || kind == "text/plain" || kind == "text/html") && bytes.Contains(bytes.ToLower(head), []byte("<svg")) {
		return "image/svg+xml"
	}
	return kind
}

// format is the short name of a type, for messages.
func format(kind string) string {
	f, _, _ := strings.Cut(strings.TrimPrefix(kind, "image/"), "+")
	return f
}

func suffixOf(kind string) string {
	switch kind {
	case "image/jpeg":
		return ".jpg"
	case "image/png", "image/gif", "image/webp", "image/bmp", "image/tiff", "image/avif", "image/heic", "image/svg+xml":
		return "." + format(kind)
	}
	return ""
}

// named gives a file name the lower-case extension of its type: the platform goes by it (40005, 40113).
func named(name, kind string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		name = name[:i]
	}
	if name == "" || name == "." || name == ".." {
		name = "picture"
	}
	return clipName(name) + suffixOf(kind)
}

func clipName(name string) string {
	if r := []rune(name); len(r) > 60 {
		return string(r[:60])
	}
	return name
}

// uploadName is what a picture is called at WeChat: by its content, so that one whose upload got no answer can be found
// again in the material list.
func uploadName(p Picture, kind string) string { return p.SHA256[:16] + suffixOf(kind) }

func (p Picture) config() (image.Config, error) {
	r := bytes.NewReader(p.Data)
	switch p.Type {
	case "image/png":
		return png.DecodeConfig(r)
	case "image/jpeg":
		return jpeg.DecodeConfig(r)
	case "image/gif":
		return gif.DecodeConfig(r)
	case "image/webp":
		return webp.DecodeConfig(r)
	case "image/bmp":
		return bmp.DecodeConfig(r)
	case "image/tiff":
		return tiff.DecodeConfig(r)
	}
	return image.Config{}, image.ErrFormat
}

// decode reads all of a picture, upright. It looks at the size before it touches the pixels.
func (p Picture) decode() (img image.Image, err error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	defer func() { // the decoders are well fuzzed; a panic must still not end a publishing job
		if r := recover(); r != nil {
			img, err = nil, p.fail(fmt.Errorf("%w: %v", ErrBroken, r), "")
		}
	}()
	r := bytes.NewReader(p.Data)
	switch p.Type {
	case "image/png":
		img, err = png.Decode(r)
	case "image/jpeg":
		if img, err = jpeg.Decode(r); err == nil {
			img = upright(img, orientation(p.Data))
		}
	case "image/gif":
		img, err = gif.Decode(r)
	case "image/webp":
		if img, err = webp.Decode(r); err == nil {
			img = fullRange(img)
		}
	case "image/bmp":
		img, err = bmp.Decode(r)
	default:
		img, err = tiff.Decode(r)
	}
	if err != nil {
		return nil, p.fail(fmt.Errorf("%w: %w", ErrBroken, err), "it may be cut off: load or export it again")
	}
	return img, nil
}

// check refuses by the header alone what must not be decoded.
func (p Picture) check() error {
	if len(p.Data) == 0 {
		return p.fail(fmt.Errorf("%w: it is empty", ErrBroken), "")
	}
	switch p.Type {
	case "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/tiff":
	case "image/avif", "image/heic", "image/jxl", "image/svg+xml":
		return p.fail(errors.ErrUnsupported, "WeChat does not take this format: export it as PNG or JPEG")
	default:
		return p.fail(fmt.Errorf("%w: its content is %s", ErrBroken, p.Type), "a link to a web page in place of the picture itself looks like this")
	}
	if p.Type == "image/webp" && len(p.Data) > 20 && string(p.Data[12:16]) == "VP8X" && p.Data[20]&webpAnimated != 0 {
		return p.fail(fmt.Errorf("%w: it is animated", errors.ErrUnsupported), "export it as GIF")
	}
	cfg, err := p.config()
	if err != nil {
		return p.fail(fmt.Errorf("%w: %w", ErrBroken, err), "it may be cut off: load or export it again")
	}
	if cfg.Width < 1 || cfg.Height < 1 {
		return p.fail(fmt.Errorf("%w: %d×%d pixels", ErrBroken, cfg.Width, cfg.Height), "")
	}
	if cfg.Width > maxSide || cfg.Height > maxSide || cfg.Width*cfg.Height > maxPixels {
		return p.fail(fmt.Errorf("%w: %d×%d pixels, at most %d a side and %d in all are read", ErrTooLarge, cfg.Width, cfg.Height, maxSide, maxPixels), "make it smaller first")
	}
	return nil
}

func (p Picture) fail(err error, hint string) error {
	return pictureError(p.Ref, format(p.Type), err, hint)
}
