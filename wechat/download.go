package wechat

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"path"
	"strings"
)

// Download is a file that came from the platform, whole: it takes none that is larger than 10 MB.
type Download struct {
	Name     string // as the platform has it; may be empty
	Type     string // by its content, such as "image/png"; what the platform says where that is not known
	Data     []byte
	VideoURL string // in place of Data, for a temporary video
}

// downloaded is the answer of a call that gives a file, or JSON in its place: about a video, or old news. Errors come as
// JSON as well, with HTTP 200, and never get here.
type downloaded struct {
	Download

	json json.RawMessage
}

func (d *downloaded) file() bool { return d.json == nil }

// UnmarshalJSON keeps the JSON that came in place of a file.
func (d *downloaded) UnmarshalJSON(b []byte) error {
	d.json = bytes.Clone(b)
	return nil
}

// decode reads the JSON into out.
func (d *downloaded) decode(op string, out any) error {
	if err := json.Unmarshal(d.json, out); err != nil {
		return &Error{
			Op: op, HTTPStatus: http.StatusOK, temporary: true, sent: true,
			Msg: "an answer in an unexpected form: " + strings.TrimPrefix(err.Error(), "json: "),
		}
	}
	return nil
}

// take keeps an answer that is a file, and tells whether it is one. No kind of file that the platform has begins like
// JSON or like the page of a proxy, and none is empty.
func (d *downloaded) take(status int, header http.Header, data []byte) bool {
	text := bytes.TrimPrefix(bytes.TrimSpace(data), []byte("\ufeff"))
	if status != http.StatusOK || len(text) == 0 || text[0] == '{' || text[0] == '<' {
		return false
	}
	*d = downloaded{Download: Download{Data: data}}
	if kind, ok := sniff(data); ok {
		d.Type = kind.mime
	} else if kind, _, err := mime.ParseMediaType(header.Get("Content-Type")); err == nil {
		d.Type = kind
	}
	if _, params, err := mime.ParseMediaType(header.Get("Content-Disposition")); err == nil {
		if name := path.Base(strings.ReplaceAll(params["filename"], `\`, "/")); name != "." && name != "/" && name != ".." {
			d.Name = strings.ToValidUTF8(name, "")
		}
	}
	return true
}
