package wechat

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/audiolen"
)

// File is something to upload. Name may be anything, with or without an extension: the extension that goes to the
// platform is that of the content, because it refuses a file whose two do not match.
type File struct {
	Name string
	Body io.Reader // read to its end, never closed
}

// FileBytes is a File from memory.
func FileBytes(name string, data []byte) File { return File{Name: name, Body: bytes.NewReader(data)} }

// format is a kind of file by its content: the extensions that it may have, the usual one first.
type format struct {
	extensions []string
	mime       string
}

// sniff tells a format by its first bytes; ok is false for what WeChat takes nowhere.
func sniff(data []byte) (f format, ok bool) {
	switch mime, _, _ := strings.Cut(http.DetectContentType(data), ";"); mime {
	case "image/png":
		return format{[]string{"png"}, mime}, true
	case "image/jpeg":
		return format{[]string{"jpg", "jpeg"}, mime}, true
	case "image/gif":
		return format{[]string{"gif"}, mime}, true
	case "image/bmp":
		return format{[]string{"bmp"}, mime}, true
	case "image/webp":
		return format{[]string{"webp"}, mime}, true
	case "video/mp4":
		return format{[]string{"mp4"}, mime}, true
	case "audio/mpeg":
		return format{[]string{"mp3"}, mime}, true
	case "audio/wave":
		return format{[]string{"wav"}, mime}, true
	}
	switch {
	case bytes.HasPrefix(data, []byte("#!AMR")):
		return format{[]string{"amr"}, "audio/amr"}, true
	case len(data) > 11 && string(data[4:8]) == "ftyp": // brands that net/http does not know
		return format{[]string{"mp4"}, "video/mp4"}, true
	case bytes.HasPrefix(data, []byte{0x30, 0x26, 0xb2, 0x75}):
		return format{[]string{"wma"}, "audio/x-ms-wma"}, true
	case len(data) > 1 && data[0] == 0xff && data[1]&0xe0 == 0xe0: // an MPEG frame without ID3
		return format{[]string{"mp3"}, "audio/mpeg"}, true
	}
	return format{}, false
}

// rule is what one upload takes.
type rule struct {
	extensions []string
	limit      int  // in bytes
	below      bool // whether limit itself is too much
	voice      bool // whether it may play for maxVoice at most
}

// maxVoice is how long a voice message may be. What is above it by less than a second is left to the platform to judge.
const maxVoice = time.Minute

func (r rule) allows(n int) bool { return n < r.limit || (n == r.limit && !r.below) }

// load reads a file, refuses what the rule refuses, and gives it the name under which it goes out.
func (r rule) load(op string, f File) (name string, kind format, data []byte, err error) {
	if f.Body == nil {
		return "", format{}, nil, invalid(op, []error{errors.New("File.Body is nil")})
	}
	data, err = io.ReadAll(io.LimitReader(f.Body, int64(r.limit)+1))
	if err != nil {
		return "", format{}, nil, fmt.Errorf("wechat: %s: read %q: %w", op, f.Name, err)
	}
	kind, known := sniff(data)
	switch {
	case len(data) == 0:
		err = fmt.Errorf("File %q is empty", f.Name)
	case !known || !slices.Contains(r.extensions, kind.extensions[0]):
		what := "unknown content"
		if known {
			what = kind.mime
		}
		err = fmt.Errorf("File %q holds %s; taken here: %s", f.Name, what, strings.Join(r.extensions, ", "))
	case !r.allows(len(data)):
		than := "at most"
		if r.below {
			than = "less than"
		}
		err = fmt.Errorf("File %q is too large: %s %d bytes are taken here", f.Name, than, r.limit)
	}
	if d, ok := audiolen.Of(data); err == nil && r.voice && ok && d >= maxVoice+time.Second {
		err = fmt.Errorf("File %q is too long: it plays %s, and %s at most are taken here", f.Name, d.Round(time.Second), maxVoice)
	}
	if err != nil {
		return "", format{}, nil, invalid(op, []error{err})
	}
	return uploadName(f.Name, kind), kind, data, nil
}

// uploadName keeps the base of a name and gives it the extension of its content, in lower case.
func uploadName(name string, kind format) string {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	ext := strings.TrimPrefix(path.Ext(base), ".")
	base = strings.TrimSuffix(base, path.Ext(base))
	base = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r == '/' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(base, ""))
	if base == "" || base == "." {
		base, _, _ = strings.Cut(kind.mime, "/")
	}
	if !slices.Contains(kind.extensions, ext) {
		ext = kind.extensions[0]
	}
	return base + "." + ext
}

// form is a multipart body with the file as "media", whose length is known without copying the file.
func form(name string, kind format, data []byte, fields map[string]string) payload {
	boundary := fmt.Sprintf("kitroll%016x%016x", rand.Uint64(), rand.Uint64())
	var head bytes.Buffer
	for field, value := range fields {
		fmt.Fprintf(&head, "--%s\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", boundary, field, value)
	}
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name)
	fmt.Fprintf(&head, "--%s\r\nContent-Disposition: form-data; name=\"media\"; filename=\"%s\"\r\nContent-Type: %s\r\n\r\n", boundary, quoted, kind.mime)
	return payload{
		contentType: "multipart/form-data; boundary=" + boundary,
		parts:       [][]byte{head.Bytes(), data, []byte("\r\n--" + boundary + "--\r\n")},
	}
}
