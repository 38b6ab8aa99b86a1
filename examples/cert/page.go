package main

import (
	"bytes"
	_ "embed"
	"html/template"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/atomicfile"
)

//go:embed page.html
var pageHTML string

// writePage writes the report as a page that needs nothing else: no script, no style sheet, no picture from anywhere.
func writePage(path string, p Page) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"say":  p.Lang.Say,
		"day":  day,
		"join": func(s []string) string { return strings.Join(s, ", ") },
		"time": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
	}).Parse(pageHTML)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(path, b.Bytes(), 0o644)
}
