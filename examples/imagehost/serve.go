package main

import (
	"net/http"
	"os"
	"path/filepath"
)

// outside serves the files that are for others, for as long as -serve asks. On the fake the pictures come from another port, which
// stands for the custom domain: another origin, as in life.
func outside(out string) http.Handler {
	mux := http.NewServeMux()
	for path, file := range map[string]struct{ name, kind string }{
		"/{$}":          {"gallery.html", "text/html; charset=utf-8"},
		"/gallery.html": {"gallery.html", "text/html; charset=utf-8"},
		"/links.md":     {"links.md", "text/markdown; charset=utf-8"},
		"/links.json":   {"links.json", "application/json"},
	} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			data, err := os.ReadFile(filepath.Join(out, file.name))
			if err != nil {
				http.NotFound(w, r)
				return
			}
			w.Header().Set("Content-Type", file.kind)
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.Header().Set("Cache-Control", "no-store")
			_, _ = w.Write(data) //nolint:gosec // the template has escaped it
		})
	}
	return mux
}
