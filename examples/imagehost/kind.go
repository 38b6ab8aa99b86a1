package main

import (
	"bytes"
	"crypto/md5" //nolint:gosec // the ETag of R2 is one
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	_ "image/gif" // the formats whose size can be read
	_ "image/jpeg"
	_ "image/png"
	"path"
	"time"

	_ "golang.org/x/image/webp"

	"github.com/kitroll/kitroll/r2"
)

// mostBytes is the largest picture.
const mostBytes = 32 << 20

// Picture is a file of the folder, and what becomes of it if it can be hosted.
type Picture struct {
	Name     string    `json:"-"` // below the folder, with slashes
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	Read     time.Time `json:"read"`          // when the rest was found out
	Why      *errKind  `json:"why,omitempty"` // it is left alone, and nothing below is set
	Stripped bool      `json:"stripped"`      // the rest is of the picture without its metadata
	SHA256   string    `json:"sha256"`        // of the file as it is
	Metadata []string  `json:"metadata,omitempty"`
	Type     string    `json:"type"`
	Width    int       `json:"width,omitempty"` // as it is shown
	Height   int       `json:"height,omitempty"`
	Key      string    `json:"key"` // without the prefix
	Stored   int64     `json:"stored"`
	ETag     string    `json:"etag"`
}

// errKind says why a file is not hosted, in English and Chinese.
type errKind struct {
	EN string `json:"en"`
	ZH string `json:"zh"`
}

func (e errKind) Error() string { return e.EN }

// kindOf tells by the content what a file is.
func kindOf(data []byte) (string, error) {
	switch path.Ext(r2.ContentKey("", data)) {
	case ".jpg":
		return "image/jpeg", nil
	case ".png":
		return "image/png", nil
	case ".gif":
		return "image/gif", nil
	case ".webp":
		return "image/webp", nil
	case ".svg":
		return "", errKind{"an SVG can run scripts under your domain", "SVG 可能在您的域名下运行脚本"}
	case ".heic":
		return "", errKind{"most browsers do not show HEIC: convert it to JPEG", "多数浏览器不显示 HEIC：请转换为 JPEG"}
	case ".avif", ".bmp", ".ico", ".jxl":
		return "", errKind{"its metadata cannot be removed: convert it to JPEG, PNG or WebP", "无法移除其元数据：请转换为 JPEG、PNG 或 WebP"}
	}
	return "", errKind{"it is no picture by its content", "其内容不是图片"}
}

// describe finds out what will be stored of a file, and under which key. strip is whether its metadata goes.
func describe(name string, data []byte, strip bool) (Picture, error) {
	p := Picture{Name: name, Size: int64(len(data)), SHA256: hashOf(data), Stripped: strip}
	var err error
	if p.Type, err = kindOf(data); err != nil {
		return p, err
	}
	found := findMetadata(data)
	bare, err := r2.StripMetadata(data) // in any case: it also finds what is cut
	if err == nil {
		var c image.Config
		if c, _, err = image.DecodeConfig(bytes.NewReader(data)); err == nil {
			p.Width, p.Height = c.Width, c.Height
		}
	}
	if err != nil {
		return p, errKind{"it is damaged or cut", "文件已损坏或不完整"}
	}
	if found.turned {
		p.Width, p.Height = p.Height, p.Width
	}
	if p.Metadata = found.names(); p.Metadata == nil && len(bare) < len(data) {
		p.Metadata = []string{"other"}
	}
	stored := data
	if strip {
		stored = bare
	}
	sum := md5.Sum(stored) //nolint:gosec // see above
	p.Key, p.Stored, p.ETag = r2.ContentKey(name, stored), int64(len(stored)), hex.EncodeToString(sum[:])
	return p, nil
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// reason is why a file was left alone, for people.
func reason(err error, lang Lang) string {
	if k, ok := errors.AsType[errKind](err); ok {
		return lang.Say(k.EN, k.ZH)
	}
	return err.Error()
}
