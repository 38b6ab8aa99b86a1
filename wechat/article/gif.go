package article

import "errors"

var errShortGIF = errors.New("the file ends before its last frame does")

// wholeGIF walks the blocks of a GIF to its trailer without decoding a pixel: image/gif decodes one frame or all of
// them, and all frames of an animation may be gigabytes.
// Source: GIF89a specification.
func wholeGIF(data []byte) error {
	if len(data) < 13 {
		return errShortGIF
	}
	i := 13
	if data[10]&0x80 != 0 {
		i += 3 << (data[10]&7 + 1)
	}
	frames := 0
	for i < len(data) {
		switch data[i] {
		case 0x3b:
			if frames == 0 {
				return errors.New("it has no frame")
			}
			return nil
		case 0x21:
			i = skipBlocks(data, i+2)
		case 0x2c:
			if i+10 > len(data) {
				return errShortGIF
			}
			colours := data[i+9]
			i += 10
			if colours&0x80 != 0 {
				i += 3 << (colours&7 + 1)
			}
			i = skipBlocks(data, i+1)
			frames++
		default:
			return errors.New("damaged between two frames")
		}
	}
	return errShortGIF
}

// skipBlocks is the index after the sub-blocks that begin at i, or len(data).
func skipBlocks(data []byte, i int) int {
	for i < len(data) {
		size := int(data[i])
		i++
		if size == 0 {
			return i
		}
		i += size
	}
	return len(data)
}
