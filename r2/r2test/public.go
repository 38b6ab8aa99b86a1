package r2test

import (
	"net/http"
	"net/url"
)

// public is the bucket's public side: GET and HEAD of an object, no listing.
func (s *Server) public(w http.ResponseWriter, r *http.Request, bucket, escaped string) {
	s.Serve(w, r, "public", func(w http.ResponseWriter, r *http.Request) {
		short := CORSRule{Origins: s.opts.CORSOrigins, Methods: []string{http.MethodGet, http.MethodHead}, Headers: []string{"Range"}}
		if cors(w, r, append([]CORSRule{short}, s.opts.CORS...)) {
			return
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
		http.ServeContent(w, r, "", o.Modified, o.blob().reader())
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
