package r2test

import (
	"net/http"
	"net/url"
	"strings"
)

// public is the bucket's public side: GET and HEAD of an object, no listing.
func (s *Server) public(w http.ResponseWriter, r *http.Request, bucket, escaped string) {
	s.Serve(w, r, "public", func(w http.ResponseWriter, r *http.Request) {
		if cors(w, r, s.rules(bucket, true)) {
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

// behind is the bucket that a host serves to the public. found is true as well of a custom domain that does not serve yet.
func (s *Server) behind(host string) (bucket string, serves, found bool) {
	if host == s.publicHost {
		return s.opts.Bucket, true, true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, settings := range s.st.Settings {
		name, ours := strings.CutPrefix(key, string(s.opts.Jurisdiction)+"/")
		if d := settings.Domains[host]; ours && d != nil {
			return name, d.Serving && d.Enabled, true
		}
	}
	return "", false, false
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
