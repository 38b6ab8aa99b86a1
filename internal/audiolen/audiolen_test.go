package audiolen_test

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/kitroll/kitroll/internal/audiolen"
)

func repeat(head string, frame []byte, n int) []byte {
	return append([]byte(head), bytes.Repeat(frame, n)...)
}

// sized is a frame of n bytes that begins with these.
func sized(n int, begin ...byte) []byte { return append(begin, make([]byte, n-len(begin))...) }

// wave is a WAV file with an odd chunk before its sound.
func wave(rate uint32, sound int) []byte {
	b := []byte("RIFF\x00\x00\x00\x00WAVELIST\x03\x00\x00\x00abc\x00fmt \x10\x00\x00\x00\x01\x00\x01\x00")
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = binary.LittleEndian.AppendUint32(b, rate*2)
	b = append(b, 2, 0, 16, 0)
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(sound))
	return append(b, make([]byte, sound)...)
}

func TestOf(t *testing.T) {
	t.Parallel()
	second := 0.02 // of a frame of AMR
	for name, tt := range map[string]struct {
		data []byte
		want float64 // seconds; 0 = not known
	}{
		"amr 12.2":             {repeat("#!AMR\n", sized(32, 0x3c), 3000), 60},
		"amr silence":          {repeat("#!AMR\n", sized(6, 0x44), 50), 1},
		"amr without data":     {repeat("#!AMR\n", []byte{0x7c}, 50), 1},
		"amr, cut":             {repeat("#!AMR\n", sized(32, 0x3c), 2)[:6+32+31], second},
		"amr of no type":       {repeat("#!AMR\n", []byte{0x64}, 50), 0},
		"amr wide band":        {repeat("#!AMR-WB\n", sized(61, 0x44), 100), 2},
		"amr, empty":           {[]byte("#!AMR\n"), 0},
		"wav":                  {wave(8000, 160_000), 10},
		"wav, cut":             {wave(8000, 160_000)[:60+80_000], 5},
		"wav without a rate":   {wave(0, 1000), 0},
		"wav without sound":    {wave(8000, 0)[:50], 0},
		"mp3, 128 kbit 44100":  {repeat("", sized(417, 0xff, 0xfb, 0x90, 0x64), 1000), 26.122},
		"mp3 with ID3":         {repeat("ID3\x04\x00\x00\x00\x00\x01\x00", append(make([]byte, 128), sized(417, 0xff, 0xfb, 0x90, 0x64)...), 1), 0.026122},
		"mp3, MPEG 2, 24000":   {repeat("", sized(192, 0xff, 0xf3, 0x84, 0x64), 100), 2.4},
		"mp3, MPEG 2.5, 8000":  {repeat("", sized(72, 0xff, 0xe3, 0x18, 0x64), 100), 7.2},
		"mp3 with a tag after": {append(repeat("", sized(417, 0xff, 0xfb, 0x90, 0x64), 10), "TAG and so on"...), 0.26122},
		"mp3, cut":             {repeat("", sized(417, 0xff, 0xfb, 0x90, 0x64), 2)[:800], 0.026122},
		"mp3, free format":     {repeat("", sized(417, 0xff, 0xfb, 0x00, 0x64), 2), 0},
		"layer II":             {repeat("", sized(417, 0xff, 0xfd, 0x90, 0x64), 2), 0},
		"text":                 {[]byte("hello, world"), 0},
		"nothing":              {nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, ok := audiolen.Of(tt.data)
			assert.Equal(t, tt.want != 0, ok)
			assert.InDelta(t, tt.want, d.Seconds(), tt.want/1000)
		})
	}
}

func FuzzOf(f *testing.F) {
	f.Add(repeat("#!AMR\n", sized(32, 0x3c), 2))
	f.Add(repeat("#!AMR-WB\n", sized(61, 0x44), 2))
	f.Add(wave(8000, 16))
	f.Add(sized(417, 0xff, 0xfb, 0x90, 0x64))
	f.Add([]byte("ID3\x04\x00\x00\x7f\x7f\x7f\x7f\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, ok := audiolen.Of(data)
		if ok != (d > 0) {
			t.Fatalf("%v, %v", d, ok)
		}
		// No frame is shorter than a byte, nor longer than 144 ms: no wild numbers, and an end.
		if d > time.Duration(len(data)+1)*time.Second {
			t.Fatalf("%d bytes cannot play %v", len(data), d)
		}
	})
}
