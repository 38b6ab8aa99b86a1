// Package audiolen tells how long a recording plays, from its bytes and without decoding the sound.
package audiolen

import (
	"bytes"
	"encoding/binary"
	"time"
)

// Of is how long an AMR (narrow or wide band), WAV or MP3 file plays. ok is false for any other format and for what
// breaks off before its first frame: how long it would play is not known then. A last frame that is cut short counts
// for nothing. MP3 is counted frame by frame, so that a variable bit rate makes no difference.
func Of(data []byte) (d time.Duration, ok bool) {
	switch {
	case bytes.HasPrefix(data, []byte("#!AMR-WB\n")):
		return amr(data[9:], [16]int{17, 23, 32, 36, 40, 46, 50, 58, 60, 5, -1, -1, -1, -1, 0, 0})
	case bytes.HasPrefix(data, []byte("#!AMR\n")):
		return amr(data[6:], [16]int{12, 13, 15, 17, 19, 20, 26, 31, 5, 6, 5, 5, -1, -1, -1, 0})
	case len(data) > 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WAVE":
		return wav(data[12:])
	}
	return mp3(data)
}

// amr counts frames of 20 ms. sizes are the bytes after the first of each frame type (RFC 4867, section 5.3); -1 is none.
func amr(data []byte, sizes [16]int) (d time.Duration, ok bool) {
	for len(data) > 0 {
		size := sizes[data[0]>>3&15]
		if size < 0 || len(data) < 1+size {
			break
		}
		data = data[1+size:]
		d += 20 * time.Millisecond
	}
	return d, d > 0
}

// wav divides the bytes of the data chunk, as many as are there, by the byte rate of the fmt chunk.
func wav(data []byte) (d time.Duration, ok bool) {
	rate := uint32(0)
	for len(data) >= 8 {
		name, size := string(data[:4]), int64(binary.LittleEndian.Uint32(data[4:]))
		data = data[8:]
		body := data[:min(size, int64(len(data)))]
		switch {
		case name == "fmt " && len(body) >= 12:
			rate = binary.LittleEndian.Uint32(body[8:])
		case name == "data" && rate > 0:
			d = time.Duration(float64(len(body)) / float64(rate) * float64(time.Second))
			return d, d > 0
		}
		data = data[min(size+size%2, int64(len(data))):] // chunks begin at even places
	}
	return 0, false
}

// frame is what the four bytes in front of an MPEG audio frame say.
type frame struct {
	bytes int
	plays time.Duration
}

func mp3(data []byte) (d time.Duration, ok bool) {
	if len(data) > 10 && string(data[:3]) == "ID3" {
		size := int(data[6]&127)<<21 | int(data[7]&127)<<14 | int(data[8]&127)<<7 | int(data[9]&127)
		data = data[min(10+size, len(data)):]
	}
	for len(data) >= 4 {
		f, ok := header(data)
		if !ok || f.bytes > len(data) {
			break // a tag at the end, or a last frame that was cut short
		}
		data = data[f.bytes:]
		d += f.plays
	}
	return d, d > 0
}

// header reads a frame header of MPEG 1, 2 or 2.5 (ISO 11172-3, 13818-3), layer III, which is what .mp3 means.
func header(b []byte) (frame, bool) {
	version, layer := b[1]>>3&3, b[1]>>1&3
	rate, sampling, padding := b[2]>>4, b[2]>>2&3, int(b[2]>>1&1)
	if b[0] != 0xff || b[1]&0xe0 != 0xe0 || version == 1 || layer != 1 || sampling == 3 || rate == 0 || rate == 15 {
		return frame{}, false
	}
	kbits := [16]int{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}[rate]
	samples, hertz := 576, [3]int{22050, 24000, 16000}[sampling]
	switch version {
	case 3: // MPEG 1
		kbits = [16]int{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}[rate]
		samples, hertz = 1152, hertz*2
	case 0: // MPEG 2.5
		hertz /= 2
	}
	return frame{
		bytes: samples/8*kbits*1000/hertz + padding,
		plays: time.Duration(samples) * time.Second / time.Duration(hertz),
	}, true
}
