package r2test

import (
	"encoding/hex"
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const maxObjects = 1000 // in one DeleteObjects

// deleteObjects wants Content-MD5, as S3 does, since nothing else that R2 takes tells whether the list arrived as it left.
func (s *Server) deleteObjects(w http.ResponseWriter, c *request) *refusal {
	var in struct {
		XMLName xml.Name `xml:"Delete"`
		Quiet   bool
		Object  []struct{ Key, VersionId string }
	}
	if err := xml.Unmarshal(c.body, &in); err != nil || len(in.Object) == 0 || len(in.Object) > maxObjects {
		return malformed()
	}
	if c.head.Get("Content-Md5") == "" {
		return refuse(http.StatusBadRequest, "InvalidRequest", "Missing required header for this request: Content-MD5")
	}
	type deleted struct{ Key string }
	type failure struct{ Key, Code, Message string }
	var out struct {
		XMLName xml.Name  `xml:"DeleteResult"`
		Deleted []deleted `xml:",omitempty"`
		Error   []failure `xml:",omitempty"`
	}
	b := s.st.bucket(c.bucket, false)
	for _, o := range in.Object {
		no := s.locked(c.bucket, o.Key, b.Objects[o.Key])
		if o.VersionId != "" {
			no = refuse(http.StatusNotImplemented, "NotImplemented", "versions not implemented")
		}
		if code := s.failing[o.Key]; code != "" {
			delete(s.failing, o.Key)
			no = refuse(http.StatusInternalServerError, code, "We encountered an internal error. Please try again.")
		}
		if no == nil {
			no = s.permitted(c, "DeleteObject", c.bucket, o.Key)
		}
		if no != nil {
			out.Error = append(out.Error, failure{o.Key, no.code, no.msg})
			continue
		}
		delete(b.Objects, o.Key)
		if !in.Quiet {
			out.Deleted = append(out.Deleted, deleted{o.Key})
		}
	}
	if no := s.save(); no != nil {
		return no
	}
	writeXML(w, http.StatusOK, out)
	return nil
}

// FailDelete makes the next DeleteObjects that lists key answer for it with this code, such as "InternalError", and leave
// the object where it is. The other keys of the request are deleted.
func (s *Server) FailDelete(key, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing[key] = code
}

// copySource finds what is to be copied.
func (s *Server) copySource(c *request) (*object, *refusal) {
	path, err := url.PathUnescape(c.head.Get("X-Amz-Copy-Source"))
	bucket, key, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if err != nil || !ok || key == "" {
		return nil, refuse(http.StatusBadRequest, "InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
	}
	if strings.Contains(key, "?versionId=") {
		return nil, refuse(http.StatusNotImplemented, "NotImplemented", "versions not implemented")
	}
	if no := s.permitted(c, "GetObject", bucket, key); no != nil {
		return nil, no
	}
	b := s.st.bucket(bucket, false)
	if b == nil {
		return nil, refuse(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist.")
	}
	if b.Objects[key] == nil {
		return nil, noSuchKey()
	}
	return b.Objects[key], nil
}

// copied is a set of conditions under another prefix, as plain ones.
func copied(h http.Header, prefix string) http.Header {
	out := http.Header{}
	for _, name := range []string{"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"} {
		if v := h.Get(prefix + name); v != "" {
			out.Set(name, v)
		}
	}
	return out
}

func (s *Server) copyObject(w http.ResponseWriter, c *request) *refusal {
	if s.tooSoon(c) {
		return tooMany()
	}
	from, no := s.copySource(c)
	if no != nil {
		return no
	}
	if readCondition(copied(c.head, "X-Amz-Copy-Source-"), from) != nil {
		return preconditionFailed() // of a copy also what is 304 of a GET
	}
	old := s.st.bucket(c.bucket, false).Objects[c.key]
	if no := s.locked(c.bucket, c.key, old); no != nil {
		return no
	}
	if no := writeCondition(copied(c.head, "Cf-Copy-Destination-"), old); no != nil {
		return no
	}
	to, no := described(c.head)
	if no != nil {
		return no
	}
	switch directive := c.head.Get("X-Amz-Metadata-Directive"); directive {
	case "", "COPY":
		to.Header, to.Metadata = maps.Clone(from.Header), maps.Clone(from.Metadata)
	case "REPLACE":
	case "MERGE":
		header, meta := maps.Clone(from.Header), maps.Clone(from.Metadata)
		maps.Copy(header, to.Header)
		maps.Copy(meta, to.Metadata)
		to.Header, to.Metadata = header, meta
	default:
		return refuse(http.StatusBadRequest, "InvalidArgument", "Unknown metadata directive.")
	}
	if from.blob().size() > s.opts.MaxCopy {
		return refuse(http.StatusBadRequest, "EntityTooLarge", "The source of a copy is too large: use UploadPartCopy.")
	}
	to.set(from.blob())
	to.ETag = from.ETag
	if strings.Contains(to.ETag, "-") { // it is one piece now
		sum, err := from.blob().md5()
		if err != nil {
			return refuse(http.StatusInternalServerError, "InternalError", "spool: %v", err)
		}
		to.ETag = hex.EncodeToString(sum[:])
	}
	if no := s.store(c.bucket, c.key, to); no != nil {
		return no
	}
	type result struct {
		XMLName            xml.Name `xml:"CopyObjectResult"`
		ETag, LastModified string
	}
	writeXML(w, http.StatusOK, result{ETag: `"` + to.ETag + `"`, LastModified: to.Modified.Format(time.RFC3339Nano)})
	return nil
}

// uploadPartCopy takes no conditions.
func (s *Server) uploadPartCopy(w http.ResponseWriter, c *request) *refusal {
	u, n, no := s.partOf(c)
	if no != nil {
		return no
	}
	if len(copied(c.head, "X-Amz-Copy-Source-")) > 0 {
		return refuse(http.StatusNotImplemented, "NotImplemented", "conditions of UploadPartCopy not implemented")
	}
	from, no := s.copySource(c)
	if no != nil {
		return no
	}
	size := from.blob().size()
	first, end := int64(0), size
	if span := c.head.Get("X-Amz-Copy-Source-Range"); span != "" {
		var ok bool
		if first, end, ok = parseRange(span, size); !ok || span != "bytes="+strconv.FormatInt(first, 10)+"-"+strconv.FormatInt(end-1, 10) {
			return refuse(http.StatusBadRequest, "InvalidArgument", "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy")
		}
	}
	b := from.blob().section(first, end)
	sum, err := b.md5()
	if err != nil {
		return refuse(http.StatusInternalServerError, "InternalError", "spool: %v", err)
	}
	p := part{blob: b, sum: sum, modified: s.opts.Now().UTC()}
	u.parts[n] = p
	type result struct {
		XMLName            xml.Name `xml:"CopyPartResult"`
		ETag, LastModified string
	}
	writeXML(w, http.StatusOK, result{ETag: `"` + s.partETag(p) + `"`, LastModified: p.modified.Format(time.RFC3339Nano)})
	return nil
}
