package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a folder may hold besides pictures is named, with the reason, and left alone.
func TestLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	photo := demo(t, "harbour at dusk.jpg")
	drawn := demo(t, "dunes.png")
	w.file("fine.jpg", photo)
	w.file("fine too", drawn) // without an extension
	for name, data := range map[string][]byte{
		"cut.jpg": photo[:len(photo)/2], "cut.png": drawn[:len(drawn)/2], "head.png": drawn[:20], "text.jpg": []byte("no picture"), "empty.png": nil,
		"page.html": []byte("<html><script>alert(1)</script>"), "drawing.svg": []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`),
		"svg.png": []byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`), "old.bmp": append([]byte("BM"), make([]byte, 60)...),
		"phone.heic": []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), "new.avif": []byte("\x00\x00\x00\x18ftypavif\x00\x00\x00\x00mif1avif"),
		".hidden.png": drawn, ".git/blob.png": drawn,
	} {
		w.file(name, data)
	}
	big := filepath.Join(w.folder, "big.png")
	w.file("big.png", drawn)
	require.NoError(t, os.Truncate(big, mostBytes+1))
	want := map[string]string{
		"cut.jpg": "it is damaged or cut", "cut.png": "it is damaged or cut", "head.png": "it is damaged or cut", "text.jpg": "it is no picture", "empty.png": "it is empty",
		"page.html": "it is no picture", "drawing.svg": "can run scripts", "svg.png": "can run scripts", "old.bmp": "cannot be removed",
		"phone.heic": "do not show HEIC", "new.avif": "cannot be removed", ".hidden.png": "it is hidden", ".git": "it is hidden", "big.png": "the limit is 33.6 MB",
	}
	secret := filepath.Join(t.TempDir(), "secret.png")
	require.NoError(t, os.WriteFile(secret, drawn, 0o600))
	if err := os.Symlink(secret, filepath.Join(w.folder, "link.png")); err == nil {
		want["link.png"] = "it is a link"
	}
	if err := os.Symlink(filepath.Dir(secret), filepath.Join(w.folder, "folder")); err == nil {
		want["folder"] = "it is a link"
	}
	if runtime.GOOS == "linux" {
		w.file("\xff.png", drawn)
		want["\uFFFD.png"] = "its name is not UTF-8"
	}
	r := w.report()
	got := map[string]string{}
	for _, l := range r.Left {
		got[l.Name] = l.Reason
	}
	assert.Len(t, r.Left, len(want))
	for name, reason := range want {
		assert.Contains(t, got[name], reason, name)
	}
	var names []string
	for _, l := range r.Pictures {
		names = append(names, l.Name)
	}
	assert.Equal(t, []string{"fine too", "fine.jpg"}, names)
	w.once(2)
	w.age()
	w.report()
	assert.LessOrEqual(t, w.report().Read, 2, "what was too large or empty is looked at again, the rest is known")
	chinese := w.done("-lang", "zh")
	assert.Contains(t, chinese.screen, "SVG 可能在您的域名下运行脚本")
}

// The folder -out may be within the folder of pictures: what the program writes is not hosted.
func TestOutWithin(t *testing.T) {
	t.Parallel()
	w := newWorld(t).draw()
	w.out = filepath.Join(w.folder, "out")
	require.Len(t, w.report().Pictures, 6)
	data := demo(t, "dunes.png")
	require.NoError(t, os.WriteFile(filepath.Join(w.out, "shot.png"), data, 0o600))
	r := w.report()
	assert.Len(t, r.Pictures, 6)
	assert.Len(t, r.Left, 1)
	noSecrets(t, "", w.out)
}

// Metadata goes unless it is wanted; the plan says who has what either way, and the files stay as they are.
func TestMetadata(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	photo := demo(t, "harbour at dusk.jpg")
	w.file("photo.jpg", photo)
	r := w.report()
	assert.Equal(t, []string{"GPS", "EXIF"}, r.Pictures[0].Metadata)
	stored, _ := w.r2.Bytes(r.Pictures[0].Key)
	assert.Less(t, len(stored), len(photo))
	assert.False(t, bytes.Contains(stored, []byte("Exif")))
	now, err := os.ReadFile(filepath.Join(w.folder, "photo.jpg"))
	require.NoError(t, err)
	assert.True(t, bytes.Equal(photo, now))

	w.age() // its time would prove that it is the same
	w.report()
	got := w.done("-keep-metadata")
	assert.Contains(t, got.screen, "with the place where they were taken: 1; everybody will be able to read it")
	kept := w.report("-keep-metadata")
	assert.NotEqual(t, r.Pictures[0].Key, kept.Pictures[0].Key)
	stored, _ = w.r2.Bytes(kept.Pictures[0].Key)
	assert.True(t, bytes.Equal(photo, stored))
	assert.True(t, w.report("-keep-metadata").NothingNew)
}

func TestFindMetadata(t *testing.T) {
	t.Parallel()
	photo := demo(t, "harbour at dusk.jpg")
	plain := demo(t, "dunes.png")
	chunk := func(kind string, body []byte) []byte { // into a PNG, behind its head; nobody looks at the sum
		out := append([]byte{}, plain[:33]...)
		out = append(out, byte(len(body)>>24), byte(len(body)>>16), byte(len(body)>>8), byte(len(body)))
		out = append(out, kind...)
		out = append(append(out, body...), 0, 0, 0, 0)
		return append(out, plain[33:]...)
	}
	segment := func(marker byte, body string) []byte {
		n := len(body) + 2
		return append(append([]byte{0xff, 0xd8, 0xff, 0xff, marker, byte(n >> 8), byte(n)}, body...), photo[2:]...)
	}
	webp := func(kind string, body []byte) []byte {
		out := append([]byte("RIFF\x00\x00\x00\x00WEBP"), kind...)
		return append(append(out, byte(len(body)), byte(len(body)>>8), 0, 0), body...)
	}
	turned := []byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00")
	for name, tt := range map[string]struct {
		data   []byte
		want   string
		turned bool
	}{
		"a photograph":       {data: photo, want: "GPS EXIF"},
		"a drawing":          {data: plain},
		"EXIF in a PNG":      {data: chunk("eXIf", cameraEXIF()), want: "GPS EXIF"},
		"XMP in a PNG":       {data: chunk("iTXt", []byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00<x/>")), want: "XMP"},
		"a place in XMP":     {data: chunk("iTXt", []byte("XML:com.adobe.xmp\x00 exif:GPSLatitude='1'")), want: "GPS XMP"},
		"text in a PNG":      {data: chunk("tEXt", []byte("Author\x00somebody")), want: "text"},
		"a comment":          {data: segment(0xfe, "a comment"), want: "GPS EXIF text"},
		"IPTC":               {data: segment(0xed, "Photoshop 3.0\x00"), want: "GPS EXIF IPTC"},
		"XMP in a JPEG":      {data: segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00<x/>"), want: "GPS EXIF XMP"},
		"EXIF in a WebP":     {data: webp("EXIF", cameraEXIF()), want: "GPS EXIF"},
		"XMP in a WebP":      {data: webp("XMP ", []byte("<x/>")), want: "XMP"},
		"turned":             {data: chunk("eXIf", turned), turned: true},
		"a directory beyond": {data: chunk("eXIf", []byte("MM\x00*\xff\xff\xff\xff"))},
		"an EXIF that is no": {data: chunk("eXIf", []byte("none"))},
		"text":               {data: []byte("none")},
		"nothing":            {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := findMetadata(tt.data)
			assert.Equal(t, tt.want, strings.Join(m.names(), " "))
			assert.Equal(t, tt.turned, m.turned)
		})
	}
}

// What is shown on its side has its sizes as it is shown.
func TestTurned(t *testing.T) {
	t.Parallel()
	photo := demo(t, "harbour at dusk.jpg")
	i := bytes.Index(photo, []byte{0x01, 0x0f, 0, 2})
	require.Positive(t, i)
	copy(photo[i:], []byte{0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0}) // the orientation in place of the maker
	p, err := describe("a.jpg", photo, true)
	require.NoError(t, err)
	assert.Equal(t, []int{high, wide}, []int{p.Width, p.Height})
}

func FuzzFindMetadata(f *testing.F) {
	f.Add(demo(f, "harbour at dusk.jpg")[:200])
	f.Add([]byte("RIFF\x00\x00\x00\x00WEBPEXIF\x04\x00\x00\x00MM\x00*"))
	f.Add([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x08eXIfMM\x00*\x00\x00\x00\x08\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		names := findMetadata(data).names()
		if len(names) > 5 || len(names) > 1 && names[1] == "GPS" {
			t.Errorf("%v", names)
		}
	})
}
