package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// The limits of what goes with one message. A text costs tokens: 256 KiB are some 80,000 of them.
const (
	maxText        = 256 << 10
	maxPicture     = 10 << 20
	maxAttachments = 20
	maxTogether    = 20 << 20
)

// File is a text file that goes with a message, as it was when it was attached.
type File struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

func (f File) String() string {
	return fmt.Sprintf("%s (text, %s, %s)", f.Name, count(strings.Count(strings.TrimSuffix(f.Text, "\n"), "\n")+1, "line"), size(len(f.Text)))
}

// Picture is a picture that goes with a message. The history keeps where it is, and what it was, and not its bytes.
type Picture struct {
	Path   string `json:"path"` // absolute
	SHA256 string `json:"sha256"`
	Type   string `json:"type"`
	Size   int    `json:"size"`

	data []byte // nil = it is no longer there
}

func (p Picture) String() string {
	return fmt.Sprintf("%s (picture, %s, %s)", filepath.Base(p.Path), p.Type, size(p.Size))
}

// Attachments wait for the next message.
type Attachments struct {
	Files    []File
	Pictures []Picture
}

// Add reads a file: a picture if it begins as one, else a text.
func (a *Attachments) Add(path string) (what fmt.Stringer, err error) {
	if a.Len() == maxAttachments {
		return nil, fmt.Errorf("%s: %d files is what one message takes: send these first", path, maxAttachments)
	}
	data, err := readFile(path, maxPicture)
	if err != nil {
		return nil, err
	}
	if a.bytes()+len(data) > maxTogether {
		return nil, fmt.Errorf("%s: with its %s the message would have over %s: send it by itself", path, size(len(data)), size(maxTogether))
	}
	switch kind := http.DetectContentType(data); {
	case len(data) == 0:
		return nil, fmt.Errorf("%s is empty", path)
	case slices.Contains([]string{"image/png", "image/jpeg", "image/gif", "image/webp"}, kind):
		absolute, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(data)
		p := Picture{Path: absolute, SHA256: hex.EncodeToString(sum[:]), Type: kind, Size: len(data), data: data}
		a.Pictures = append(a.Pictures, p)
		return p, nil
	case !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0:
		return nil, fmt.Errorf("%s is neither a text in UTF-8 nor a picture (PNG, JPEG, GIF, WebP)", path)
	case len(data) > maxText:
		return nil, fmt.Errorf("%s has %s, over the limit of %s for a text: cut out what matters", path, size(len(data)), size(maxText))
	}
	f := File{Name: filepath.Base(path), Text: string(data)}
	a.Files = append(a.Files, f)
	return f, nil
}

// Len is how many there are.
func (a *Attachments) Len() int { return len(a.Files) + len(a.Pictures) }

// List describes each.
func (a *Attachments) List() []string {
	var out []string
	for _, f := range a.Files {
		out = append(out, f.String())
	}
	for _, p := range a.Pictures {
		out = append(out, p.String())
	}
	return out
}

func (a *Attachments) bytes() (n int) {
	for _, f := range a.Files {
		n += len(f.Text)
	}
	for _, p := range a.Pictures {
		n += p.Size
	}
	return n
}

// readFile reads a regular file of at most limit bytes: a device or a pipe would never end.
func readFile(path string, limit int) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s does not exist", path)
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", path)
	case info.Size() > int64(limit):
		return nil, fmt.Errorf("%s has %s, over the limit of %s", path, size(int(info.Size())), size(limit))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err == nil && len(data) > limit { // it has grown
		err = fmt.Errorf("%s is over the limit of %s", path, size(limit))
	}
	return data, err
}

// paths are the words of a command's argument: white space between them, quotes around those that hold some. An argument
// that is a file's name as it stands is that file.
func paths(arg string) []string {
	if _, err := os.Stat(arg); err == nil {
		return []string{arg}
	}
	var out []string
	var word strings.Builder
	var quote rune
	inWord := false
	for _, r := range arg {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote, inWord = r, true
		case quote == 0 && (r == ' ' || r == '\t'):
			if inWord {
				out = append(out, word.String())
			}
			word.Reset()
			inWord = false
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	if inWord {
		out = append(out, word.String())
	}
	return out
}

// size is a number of bytes for people.
func size(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return count(n, "byte")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
