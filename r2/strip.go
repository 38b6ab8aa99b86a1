package r2

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

var errNotWhole = errors.New("the picture is damaged or cut")

// StripMetadata removes from a JPEG, PNG, WebP or GIF what does not belong to the picture: EXIF with its place and camera, XMP,
// IPTC, comments, thumbnails, what stands behind the end. The picture itself is not decoded: its bytes, its colour profile and
// the repetitions of an animation stay as they are. The orientation that EXIF gives is kept, as the only thing in a new EXIF,
// since without it the picture would lie on its side. A second picture in the file, such as the gain map of an HDR photograph
// or the film of a moving one, goes too.
//
// Another kind of picture is errors.ErrUnsupported; one that is damaged is an error.
func StripMetadata(picture []byte) ([]byte, error) {
	kind := sniff(picture)
	strip := map[string]func([]byte) ([]byte, error){
		"image/jpeg": stripJPEG, "image/png": stripPNG, "image/webp": stripWebP, "image/gif": stripGIF,
	}[kind]
	if strip == nil {
		return nil, fmt.Errorf("r2: strip: %w: %s", errors.ErrUnsupported, kind)
	}
	out, err := strip(picture)
	if err != nil {
		return nil, fmt.Errorf("r2: strip: %s: %w", kind, err)
	}
	return out, nil
}

// stripJPEG keeps the segments that decoding needs.
func stripJPEG(in []byte) ([]byte, error) {
	var head, rest bytes.Buffer // what comes before the new EXIF, and behind it
	turned := byte(0)
	i := 2
	for {
		start := i
		for i < len(in) && in[i] == 0xff && i+1 < len(in) && in[i+1] == 0xff { // fill bytes
			i++
		}
		if i+1 >= len(in) || in[i] != 0xff {
			return nil, errNotWhole
		}
		marker := in[i+1]
		i += 2
		if marker == 0xd9 { // end
			rest.Write([]byte{0xff, 0xd9})
			break
		}
		if marker == 0x01 || marker >= 0xd0 && marker <= 0xd7 { // stands alone
			rest.Write(in[start:i])
			continue
		}
		if i+2 > len(in) {
			return nil, errNotWhole
		}
		size := int(binary.BigEndian.Uint16(in[i:]))
		if size < 2 || i+size > len(in) {
			return nil, errNotWhole
		}
		body := in[i+2 : i+size]
		i += size
		if marker == 0xda { // what follows has no length
			i = endOfScan(in, i)
		}
		switch keep, first := keepsSegment(marker, body); {
		case first && rest.Len() == 0:
			head.Write(in[start:i])
		case keep:
			rest.Write(in[start:i])
		case marker == 0xe1 && bytes.HasPrefix(body, []byte("Exif\x00\x00")) && turned == 0:
			turned = orientation(body[6:])
		}
	}
	out := append([]byte{0xff, 0xd8}, head.Bytes()...)
	if turned > 1 {
		exif := append([]byte("Exif\x00\x00"), onlyOrientation(turned)...)
		out = append(out, 0xff, 0xe1, 0, byte(len(exif)+2))
		out = append(out, exif...)
	}
	return append(out, rest.Bytes()...), nil
}

// keepsSegment: of the application segments JFIF, which wants to be first, colour profiles, and Adobe's, which tells the colour
// space.
func keepsSegment(marker byte, body []byte) (keep, first bool) {
	switch marker {
	case 0xe0:
		jfif := bytes.HasPrefix(body, []byte("JFIF\x00"))
		return jfif, jfif
	case 0xe2:
		return bytes.HasPrefix(body, []byte("ICC_PROFILE\x00")), false
	case 0xee:
		return bytes.HasPrefix(body, []byte("Adobe")), false
	}
	return (marker < 0xe0 || marker > 0xef) && marker != 0xfe, false
}

// endOfScan is where the next marker stands that ends coded data.
func endOfScan(in []byte, i int) int {
	for ; i+1 < len(in); i++ {
		if in[i] == 0xff && in[i+1] != 0 && in[i+1] != 0xff && (in[i+1] < 0xd0 || in[i+1] > 0xd7) {
			return i
		}
	}
	return len(in)
}

// orientation reads one tag of EXIF's first directory; 0 = there is none.
func orientation(tiff []byte) byte {
	var order binary.ByteOrder = binary.BigEndian
	switch {
	case bytes.HasPrefix(tiff, []byte("II*\x00")):
		order = binary.LittleEndian
	case !bytes.HasPrefix(tiff, []byte("MM\x00*")):
		return 0
	}
	if len(tiff) < 8 {
		return 0
	}
	at := int64(order.Uint32(tiff[4:]))
	if at < 8 || at+2 > int64(len(tiff)) {
		return 0
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < 12 {
			return 0
		}
		if order.Uint16(entries) == 0x0112 && order.Uint16(entries[2:]) == 3 {
			if v := order.Uint16(entries[8:]); v >= 1 && v <= 8 {
				return byte(v)
			}
			return 0
		}
		entries = entries[12:]
	}
	return 0
}

// onlyOrientation is an EXIF of one tag.
func onlyOrientation(v byte) []byte {
	return []byte{
		'M', 'M', 0, '*', 0, 0, 0, 8, // big endian, the directory follows
		0, 1, // one entry
		0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, v, 0, 0, // orientation, one short
		0, 0, 0, 0, // no further directory
	}
}

// stripPNG keeps the critical chunks, and of the others those that change what is seen.
func stripPNG(in []byte) ([]byte, error) {
	seen := []string{
		"tRNS", "gAMA", "cHRM", "sRGB", "iCCP", "sBIT", "bKGD", "hIST", "pHYs", "sPLT", "acTL", "fcTL", "fdAT", "cICP", "mDCV", "cLLI",
	}
	const signature = 8
	out := slices.Clone(in[:signature])
	for i := signature; ; {
		if i+12 > len(in) {
			return nil, errNotWhole
		}
		size := int64(binary.BigEndian.Uint32(in[i:]))
		end := int64(i) + 12 + size
		if end > int64(len(in)) {
			return nil, errNotWhole
		}
		kind, body := string(in[i+4:i+8]), in[i+8:end-4]
		switch {
		case kind[0]&0x20 == 0 || slices.Contains(seen, kind):
			out = append(out, in[i:end]...)
		case kind == "eXIf":
			if v := orientation(body); v > 1 {
				out = appendPNG(out, kind, onlyOrientation(v))
			}
		}
		if kind == "IEND" {
			return out, nil
		}
		i = int(end)
	}
}

// stripWebP keeps the chunks of the picture, and corrects what the first one says of the others.
func stripWebP(in []byte) ([]byte, error) {
	const exifFlag, xmpFlag = 0x08, 0x04
	kept := []string{"VP8X", "VP8 ", "VP8L", "ALPH", "ANIM", "ANMF", "ICCP"}
	if len(in) < 12 {
		return nil, errNotWhole
	}
	total := 8 + int64(binary.LittleEndian.Uint32(in[4:]))
	if total > int64(len(in)) || total < 12 {
		return nil, errNotWhole
	}
	out := slices.Clone(in[:12])
	flags, turned := -1, byte(0)
	for i := int64(12); i < total; {
		if i+8 > total {
			return nil, errNotWhole
		}
		size := int64(binary.LittleEndian.Uint32(in[i+4:]))
		end := i + 8 + size + size&1
		if i+8+size > total {
			return nil, errNotWhole
		}
		kind, body := string(in[i:i+4]), in[i+8:i+8+size]
		switch {
		case slices.Contains(kept, kind):
			if kind == "VP8X" && len(body) > 0 && flags < 0 {
				flags = len(out) + 8
			}
			out = append(out, in[i:min(end, total)]...)
			if end > total { // the padding was missing
				out = append(out, 0)
			}
		case kind == "EXIF" && turned == 0:
			turned = orientation([]byte(strings.TrimPrefix(string(body), "Exif\x00\x00")))
		}
		i = end
	}
	if flags >= 0 {
		out[flags] &^= exifFlag | xmpFlag
		if turned > 1 {
			exif := onlyOrientation(turned)
			out[flags] |= exifFlag
			out = append(out, "EXIF"...)
			out = binary.LittleEndian.AppendUint32(out, uint32(len(exif)))
			out = append(out, exif...)
		}
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out, nil
}
