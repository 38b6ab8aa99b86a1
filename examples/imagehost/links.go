package main

import (
	"bytes"
	"fmt"
	"html"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/kitroll/kitroll/internal/atomicfile"
)

// Link is a picture with its address, in the spellings that people copy.
type Link struct {
	Name     string   `json:"name"`
	Key      string   `json:"key"`
	URL      string   `json:"url"`
	Markdown string   `json:"markdown"`
	HTML     string   `json:"html"`
	Alt      string   `json:"alt"`
	Type     string   `json:"type"`
	Bytes    int64    `json:"bytes"`
	Width    int      `json:"width"`
	Height   int      `json:"height"`
	Metadata []string `json:"metadata,omitempty"` // of the file: what was removed, or with -keep-metadata is there
	SameAs   string   `json:"sameAs,omitempty"`   // a file before this one with the same content
}

// linksOf are the pictures of a folder with their addresses. address makes one of a key.
func linksOf(pictures []Picture, prefix string, address func(key string) (string, error)) ([]Link, error) {
	first := map[string]string{}
	links := []Link{}
	for _, p := range pictures {
		at, err := address(prefix + p.Key)
		if err != nil {
			return nil, err
		}
		l := Link{
			Name: printable(p.Name), Key: prefix + p.Key, URL: at, Alt: altOf(p.Name), Type: p.Type, Bytes: p.Stored,
			Width: p.Width, Height: p.Height, Metadata: p.Metadata, SameAs: first[p.Key],
		}
		if first[p.Key] == "" {
			first[p.Key] = l.Name
		}
		l.Markdown = fmt.Sprintf("![%s](%s)", escapeMarkdown(l.Alt), at)
		l.HTML = fmt.Sprintf(`<img src="%s" alt="%s" width="%d" height="%d" loading="lazy">`, html.EscapeString(at), html.EscapeString(l.Alt), l.Width, l.Height)
		links = append(links, l)
	}
	return links, nil
}

// altOf makes words of a file's name: a start for whoever writes the text.
func altOf(name string) string {
	base := path.Base(name)
	base = strings.TrimSuffix(base, path.Ext(base))
	words := strings.Join(strings.FieldsFunc(printable(base), func(r rune) bool { return r == '_' || r == '-' || r == ' ' }), " ")
	if words == "" {
		return "picture"
	}
	return words
}

// escapeMarkdown keeps a text from being read as more than a text.
func escapeMarkdown(text string) string {
	var b strings.Builder
	for _, r := range text {
		if strings.ContainsRune("\\`*_{}[]()<>#+-!|&~", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// linksMarkdown is links.md: a page of the pictures, whose source is there to be copied.
func linksMarkdown(links []Link, lang Lang) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s\n", lang.Sayf("Pictures (%d)", "图片（%d）", len(links)))
	for _, l := range links {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n<%s>\n", escapeMarkdown(l.Name), l.Markdown, l.URL)
	}
	return b.Bytes()
}

// writeFile writes a file of the folder -out unless it is so already.
func writeFile(dir, name string, data []byte) error {
	path := filepath.Join(dir, name)
	if had, err := os.ReadFile(path); err == nil && bytes.Equal(had, data) {
		return nil
	}
	return atomicfile.Write(path, data, 0o644)
}
