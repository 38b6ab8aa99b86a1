package r2test

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
)

// public is the bucket's public side: GET and HEAD of an object, no listing.
func (s *Server) public(w http.ResponseWriter, r *http.Request, bucket, escaped string) {
	s.Serve(w, r, "public", func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); slices.Contains(s.opts.CORSOrigins, origin) {
			w.Header().Set("Access-Control-Allow-Origin", origin)
			w.Header().Set("Vary", "Origin")
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		key, err := url.PathUnescape(escaped)
		o := s.object(bucket, key)
		if err != nil || o == nil {
			http.Error(w, "Object not found", http.StatusNotFound)
			return
		}
		o.describe(w.Header())
		http.ServeContent(w, r, "", o.Modified, bytes.NewReader(o.Data))
	})
}

// object finds an object; it is not changed after it was stored.
func (s *Server) object(bucket, key string) *object {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.st.bucket(bucket, false)
	if b == nil {
		return nil
	}
	return b.Objects[key]
}
