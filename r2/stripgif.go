package r2

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"
)

// stripGIF drops comments, and of the extensions of applications all but those that repeat an animation or tell its colours.
func stripGIF(in []byte) ([]byte, error) {
	const header, screen = 6, 7
	if len(in) < header+screen {
		return nil, errNotWhole
	}
	i := header + screen + colours(in[header+4])
	if i > len(in) {
		return nil, errNotWhole
	}
	out := slices.Clone(in[:i])
	for i < len(in) {
		start := i
		keep := true
		switch in[i] {
		case 0x3b: // end
			return append(out, 0x3b), nil
		case 0x2c: // a frame
			const descriptor = 10
			if i+descriptor > len(in) {
				return nil, errNotWhole
			}
			i += descriptor + colours(in[i+9]) + 1 // and the size of a code
		case 0x21: // an extension
			if i+2 > len(in) {
				return nil, errNotWhole
			}
			keep = keepsExtension(in[i+1:])
			i += 2
		default:
			return nil, errNotWhole
		}
		for { // blocks, each with its length before it
			if i >= len(in) {
				return nil, errNotWhole
			}
			n := int(in[i])
			i += n + 1
			if n == 0 {
				break
			}
		}
		if i > len(in) {
			return nil, errNotWhole
		}
		if keep {
			out = append(out, in[start:i]...)
		}
	}
	return nil, errNotWhole
}

// colours is the size of the table that a byte of flags announces.
func colours(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

func keepsExtension(in []byte) bool {
	switch in[0] {
	case 0xfe:
		return false
	case 0xff:
		const name = 11
		text := string(in[1:min(len(in), 2+name)])
		return strings.HasPrefix(text, "\x0bNETSCAPE2.0") || strings.HasPrefix(text, "\x0bANIMEXTS1.0") || strings.HasPrefix(text, "\x0bICCRGBG1012")
	}
	return true
}

// appendPNG adds a chunk of a PNG.
func appendPNG(out []byte, kind string, body []byte) []byte {
	out = binary.BigEndian.AppendUint32(out, uint32(len(body)))
	start := len(out)
	out = append(append(out, kind...), body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[start:]))
}
