package main

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"
)

// metadata is what is in a picture besides the picture.
type metadata struct {
	kinds  map[string]bool // GPS, EXIF, XMP, IPTC, text
	turned bool            // it is shown on its side: width and height change places
}

func (m *metadata) add(kind string) { m.kinds[kind] = true }

// names are the kinds in order, the one that tells most first: none is nil.
func (m *metadata) names() []string {
	out := slices.Sorted(maps.Keys(m.kinds))
	if i := slices.Index(out, "GPS"); i > 0 {
		out = slices.Insert(slices.Delete(out, i, i+1), 0, "GPS")
	}
	return out
}

// findMetadata looks into a JPEG, PNG or WebP. It finds what cameras and programs commonly write, for people to know of; what
// is removed in the end is r2.StripMetadata's affair. A file that is cut gives what was found until there.
func findMetadata(picture []byte) *metadata {
	m := &metadata{kinds: map[string]bool{}}
	switch {
	case bytes.HasPrefix(picture, []byte{0xff, 0xd8, 0xff}):
		m.jpeg(picture)
	case bytes.HasPrefix(picture, []byte("\x89PNG\r\n\x1a\n")):
		m.png(picture)
	case bytes.HasPrefix(picture, []byte("RIFF")) && len(picture) >= 12 && string(picture[8:12]) == "WEBP":
		m.webp(picture)
	}
	return m
}

// jpeg reads the segments before the first scan.
func (m *metadata) jpeg(in []byte) {
	for i := 2; i+4 <= len(in) && in[i] == 0xff; {
		marker := in[i+1]
		if marker == 0xff { // a fill byte
			i++
			continue
		}
		if marker == 0xda || marker == 0xd9 {
			return
		}
		if marker == 0x01 || marker >= 0xd0 && marker <= 0xd7 { // stands alone
			i += 2
			continue
		}
		size := int(binary.BigEndian.Uint16(in[i+2:]))
		if size < 2 || i+2+size > len(in) {
			return
		}
		body := in[i+4 : i+2+size]
		switch {
		case marker == 0xe1 && bytes.HasPrefix(body, []byte("Exif\x00\x00")):
			m.tiff(body[6:])
		case marker == 0xe1 && bytes.HasPrefix(body, []byte("http://ns.adobe.com/")):
			m.xmp(body)
		case marker == 0xed:
			m.add("IPTC")
		case marker == 0xfe:
			m.add("text")
		}
		i += 2 + size
	}
}

func (m *metadata) png(in []byte) {
	for i := 8; i+12 <= len(in); {
		size := int64(binary.BigEndian.Uint32(in[i:]))
		end := int64(i) + 12 + size
		if end > int64(len(in)) {
			return
		}
		body := in[i+8 : end-4]
		switch kind := string(in[i+4 : i+8]); {
		case kind == "eXIf":
			m.tiff(body)
		case kind == "iTXt" && bytes.HasPrefix(body, []byte("XML:com.adobe.xmp\x00")):
			m.xmp(body)
		case kind == "iTXt", kind == "tEXt", kind == "zTXt":
			m.add("text")
		}
		i = int(end)
	}
}

func (m *metadata) webp(in []byte) {
	for i := int64(12); i+8 <= int64(len(in)); {
		size := int64(binary.LittleEndian.Uint32(in[i+4:]))
		if i+8+size > int64(len(in)) {
			return
		}
		body := in[i+8 : i+8+size]
		switch string(in[i : i+4]) {
		case "EXIF":
			m.tiff(bytes.TrimPrefix(body, []byte("Exif\x00\x00")))
		case "XMP ":
			m.xmp(body)
		}
		i += 8 + size + size&1
	}
}

func (m *metadata) xmp(body []byte) {
	m.add("XMP")
	if bytes.Contains(body, []byte("GPSLatitude")) {
		m.add("GPS")
	}
}

// tiff reads the first directory of an EXIF: whether it leads to one with a place, and how the picture is turned.
func (m *metadata) tiff(in []byte) {
	var order binary.ByteOrder = binary.BigEndian
	switch {
	case bytes.HasPrefix(in, []byte("II*\x00")):
		order = binary.LittleEndian
	case !bytes.HasPrefix(in, []byte("MM\x00*")):
		return
	}
	if len(in) < 8 {
		return
	}
	const orientation, gps, latitude = 0x0112, 0x8825, 2
	kinds := 0
	for tag, value := range entries(in, order, order.Uint32(in[4:])) {
		switch tag {
		case orientation:
			v := order.Uint16(value)
			m.turned = v >= 5 && v <= 8
		case gps:
			for t := range entries(in, order, order.Uint32(value)) {
				if t == latitude {
					m.add("GPS")
				}
			}
			kinds++
		default:
			kinds++
		}
	}
	if kinds > 0 { // the orientation alone says nothing of anybody
		m.add("EXIF")
	}
}

// entries ranges over a directory: the tag, and the four bytes that are a value or lead to it.
func entries(in []byte, order binary.ByteOrder, at uint32) func(yield func(uint16, []byte) bool) {
	return func(yield func(uint16, []byte) bool) {
		if int64(at)+2 > int64(len(in)) {
			return
		}
		rest := in[at+2:]
		for range order.Uint16(in[at:]) {
			if len(rest) < 12 || !yield(order.Uint16(rest), rest[8:12]) {
				return
			}
			rest = rest[12:]
		}
	}
}
