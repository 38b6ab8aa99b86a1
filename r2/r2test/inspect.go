package r2test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Object is what the bucket holds.
type Object struct {
	Key             string
	Size            int64
	ContentType     string
	CacheControl    string
	ContentEncoding string
	ETag            string            // without quotes
	Metadata        map[string]string // as it was sent: RFC 2047 is not decoded
	Modified        time.Time
	Writes          int // how often the key was written
}

// Objects is what the bucket holds, in order of the keys.
func (s *Server) Objects() []Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.st.bucket(s.opts.Bucket, false)
	if b == nil {
		return nil
	}
	var out []Object
	for _, key := range slices.Sorted(maps.Keys(b.Objects)) {
		o := b.Objects[key]
		out = append(out, Object{
			Key: key, Size: o.blob().size(), ContentType: o.Header["Content-Type"], CacheControl: o.Header["Cache-Control"],
			ContentEncoding: o.Header["Content-Encoding"], ETag: o.ETag, Metadata: maps.Clone(o.Metadata),
			Modified: o.Modified, Writes: b.Writes[key],
		})
	}
	return out
}

// Bytes is the content of an object; ok is false when there is none.
func (s *Server) Bytes(key string) (data []byte, ok bool) {
	o := s.object(s.opts.Bucket, key)
	if o == nil {
		return nil, false
	}
	data, err := o.blob().bytes()
	return bytes.Clone(data), err == nil
}

// Writes is how often a key was written, also when it is gone by now.
func (s *Server) Writes(key string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.st.bucket(s.opts.Bucket, false); b != nil {
		return b.Writes[key]
	}
	return 0
}

// Put stores an object as somebody else would have done, and the bucket if it is missing. It has no content type. The error is
// that of Options.StateFile.
func (s *Server) Put(key string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.st.bucket(s.opts.Bucket, true)
	o := &object{Data: bytes.Clone(data), ETag: etagOf(data)}
	if no := s.store(s.opts.Bucket, key, o); no != nil {
		return fmt.Errorf("r2test: %s", no.msg)
	}
	return nil
}

// Uploads is how many multipart uploads are not complete.
func (s *Server) Uploads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.uploads)
}
