package r2test

import (
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

func noSuchKey() *refusal {
	return refuse(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
}

func preconditionFailed() *refusal {
	return refuse(http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
}

// described is an object with what the headers of a PUT or CreateMultipartUpload say of it.
func described(h http.Header) (*object, *refusal) {
	o := &object{Header: map[string]string{}, Metadata: map[string]string{}, Class: h.Get("X-Amz-Storage-Class")}
	for _, name := range []string{"Content-Type", "Cache-Control", "Content-Encoding", "Content-Disposition", "Content-Language", "Expires"} {
		if v := h.Get(name); v != "" {
			o.Header[name] = v
		}
	}
	total := 0
	for name := range h {
		if lower, ok := strings.CutPrefix(strings.ToLower(name), "x-amz-meta-"); ok {
			o.Metadata[lower] = h.Get(name)
			total += len(lower) + len(h.Get(name))
		}
	}
	if total > 8192 {
		return nil, refuse(http.StatusBadRequest, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size.")
	}
	return o, nil
}

func (s *Server) put(w http.ResponseWriter, c *request) *refusal {
	if s.tooSoon(c) {
		return tooMany()
	}
	old := s.st.bucket(c.bucket, false).Objects[c.key]
	if no := s.locked(c.bucket, c.key, old); no != nil {
		return no
	}
	if no := writeCondition(c.head, old); no != nil {
		return no
	}
	o, no := described(c.head)
	if no != nil {
		return no
	}
	o.set(c.content)
	o.ETag = hex.EncodeToString(c.sum[:])
	if no := s.store(c.bucket, c.key, o); no != nil {
		return no
	}
	w.Header().Set("ETag", `"`+o.ETag+`"`)
	w.WriteHeader(http.StatusOK)
	return nil
}

// writeCondition: whatever does not hold is 412.
func writeCondition(h http.Header, old *object) *refusal {
	if v := h.Get("If-None-Match"); v != "" && old != nil && matches(v, old.ETag) {
		return preconditionFailed()
	}
	if v := h.Get("If-Match"); v != "" && (old == nil || !matches(v, old.ETag)) {
		return preconditionFailed()
	}
	if t, err := http.ParseTime(h.Get("If-Unmodified-Since")); err == nil && old != nil && old.Modified.Truncate(time.Second).After(t) {
		return preconditionFailed()
	}
	if t, err := http.ParseTime(h.Get("If-Modified-Since")); err == nil && old != nil && !old.Modified.Truncate(time.Second).After(t) {
		return preconditionFailed()
	}
	return nil
}

// locked is the bucket lock rules: that of the options, and those that were set by the control plane. What is new is never locked.
func (s *Server) locked(bucket, key string, old *object) *refusal {
	if old == nil {
		return nil
	}
	option := s.opts.LockedPrefix != "" && strings.HasPrefix(key, s.opts.LockedPrefix)
	if !option && !s.lockedByRule(bucket, key, old) {
		return nil
	}
	return refuse(http.StatusForbidden, "ObjectLockedByBucketPolicy", "The object is locked by the bucket policy.")
}

// matches reads a list of ETags.
func matches(list, etag string) bool {
	for v := range strings.SplitSeq(list, ",") {
		if v = strings.TrimSpace(v); v == "*" || strings.Trim(v, `"`) == etag {
			return true
		}
	}
	return false
}

func (s *Server) remove(w http.ResponseWriter, c *request) *refusal {
	b := s.st.bucket(c.bucket, false)
	if no := s.locked(c.bucket, c.key, b.Objects[c.key]); no != nil {
		return no
	}
	if b.Objects[c.key] != nil {
		delete(b.Objects, c.key)
		if no := s.save(); no != nil {
			return no
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// get answers GET and HEAD.
func (s *Server) get(w http.ResponseWriter, c *request) *refusal {
	o := s.st.bucket(c.bucket, false).Objects[c.key]
	if o == nil {
		return noSuchKey()
	}
	if no := readCondition(c.head, o); no != nil {
		return no
	}
	h := w.Header()
	o.describe(h)
	for name, v := range o.Metadata {
		h.Set("X-Amz-Meta-"+name, v)
	}
	h.Set("Accept-Ranges", "bytes")
	all, status := o.blob(), http.StatusOK
	from, to := int64(0), all.size()
	if span := c.head.Get("Range"); span != "" && !s.opts.NoRanges {
		var ok bool
		from, to, ok = parseRange(span, all.size())
		if !ok {
			return &refusal{status: http.StatusRequestedRangeNotSatisfiable, code: "InvalidRange", msg: "The requested range is not satisfiable"}
		}
		h.Set("Content-Range", "bytes "+strconv.FormatInt(from, 10)+"-"+strconv.FormatInt(to-1, 10)+"/"+strconv.FormatInt(all.size(), 10))
		status = http.StatusPartialContent
	} else if plain, ok := unpacked(c, o); ok {
		h.Del("Content-Encoding")
		h.Set("Transfer-Encoding", "chunked") // its length is not known beforehand
		w.WriteHeader(status)
		_, _ = w.Write(plain)
		return nil
	}
	h.Set("Content-Length", strconv.FormatInt(to-from, 10)) //nolint:gosec // the other one has returned by now
	if c.http.Method == http.MethodHead {
		w.WriteHeader(status)
		return nil
	}
	w.WriteHeader(status)
	c.after = func() { all.send(w, from, to) }
	return nil
}

// describe sets the headers that are stored with the object.
func (o *object) describe(h http.Header) {
	for name, v := range o.Header {
		h.Set(name, v)
	}
	h.Set("ETag", `"`+o.ETag+`"`)
	h.Set("Last-Modified", httpTime(o.Modified))
}

// unpacked is what R2 does to gzip for a client that does not ask for it (reported by users).
func unpacked(c *request, o *object) ([]byte, bool) {
	if c.http.Method == http.MethodHead || o.Header["Content-Encoding"] != "gzip" ||
		strings.Contains(c.head.Get("Accept-Encoding"), "gzip") || strings.Contains(o.Header["Cache-Control"], "no-transform") {
		return nil, false
	}
	r, err := gzip.NewReader(o.blob().reader())
	if err != nil {
		return nil, false
	}
	plain, err := io.ReadAll(r)
	return plain, err == nil
}

func readCondition(h http.Header, o *object) *refusal {
	notModified := &refusal{status: http.StatusNotModified, header: http.Header{"Etag": {`"` + o.ETag + `"`}}}
	modified := o.Modified.Truncate(time.Second)
	if v := h.Get("If-Match"); v != "" {
		if !matches(v, o.ETag) {
			return preconditionFailed()
		}
	} else if t, err := http.ParseTime(h.Get("If-Unmodified-Since")); err == nil && modified.After(t) {
		return preconditionFailed()
	}
	if v := h.Get("If-None-Match"); v != "" {
		if matches(v, o.ETag) {
			return notModified
		}
	} else if t, err := http.ParseTime(h.Get("If-Modified-Since")); err == nil && !modified.After(t) {
		return notModified
	}
	return nil
}

// parseRange reads one range: from is its first byte, to the one behind its last.
func parseRange(span string, size int64) (from, to int64, ok bool) {
	first, last, ok := strings.Cut(strings.TrimPrefix(span, "bytes="), "-")
	if !ok || !strings.HasPrefix(span, "bytes=") {
		return 0, 0, false
	}
	if first == "" {
		n, err := strconv.ParseInt(last, 10, 64)
		return max(size-n, 0), size, err == nil && n > 0 && size > 0
	}
	from, err := strconv.ParseInt(first, 10, 64)
	if err != nil || from >= size {
		return 0, 0, false
	}
	if last == "" {
		return from, size, true
	}
	end, err := strconv.ParseInt(last, 10, 64)
	return from, min(end, size-1) + 1, err == nil && end >= from
}
