package r2test

import (
	"crypto/md5" //nolint:gosec // S3 has it so
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// upload is one that is not complete.
type upload struct {
	bucket, key string
	begun       time.Time
	object      *object
	parts       map[int]part
}

type part struct {
	blob

	sum      [md5.Size]byte
	modified time.Time
}

func (s *Server) createUpload(w http.ResponseWriter, c *request) *refusal {
	if no := s.locked(c.bucket, c.key, s.st.bucket(c.bucket, false).Objects[c.key]); no != nil {
		return no
	}
	o, no := described(c.head)
	if no != nil {
		return no
	}
	s.begun++
	id := fmt.Sprintf("AFake%027d", s.begun)
	s.uploads[id] = &upload{bucket: c.bucket, key: c.key, begun: s.opts.Now().UTC(), object: o, parts: map[int]part{}}
	type result struct {
		XMLName               xml.Name `xml:"InitiateMultipartUploadResult"`
		Bucket, Key, UploadId string
	}
	writeXML(w, http.StatusOK, result{Bucket: c.bucket, Key: c.key, UploadId: id})
	return nil
}

func (s *Server) upload(c *request) (*upload, string, *refusal) {
	id := c.query.Get("uploadId")
	u := s.uploads[id]
	if u == nil || u.bucket != c.bucket || u.key != c.key {
		return nil, "", refuse(http.StatusNotFound, "NoSuchUpload", "The specified multipart upload does not exist.")
	}
	return u, id, nil
}

// partOf finds the upload and the number that a request is about.
func (s *Server) partOf(c *request) (*upload, int, *refusal) {
	u, _, no := s.upload(c)
	if no != nil {
		return nil, 0, no
	}
	n, err := strconv.Atoi(c.query.Get("partNumber"))
	if err != nil || n < 1 || n > 10_000 {
		return nil, 0, refuse(http.StatusBadRequest, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive.")
	}
	return u, n, nil
}

func (s *Server) uploadPart(w http.ResponseWriter, c *request) *refusal {
	u, n, no := s.partOf(c)
	if no != nil {
		return no
	}
	p := part{blob: c.content, sum: c.sum, modified: s.opts.Now().UTC()}
	u.parts[n] = p
	w.Header().Set("ETag", `"`+s.partETag(p)+`"`)
	w.WriteHeader(http.StatusOK)
	return nil
}

func (s *Server) partETag(p part) string {
	if s.opts.OpaquePartETags {
		return "Opaque_" + hex.EncodeToString(p.sum[:]) + "-"
	}
	return hex.EncodeToString(p.sum[:])
}

func (s *Server) abortUpload(w http.ResponseWriter, c *request) *refusal {
	_, id, no := s.upload(c)
	if no != nil {
		return no
	}
	delete(s.uploads, id)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// listParts answers in pages of at most 1,000. With Options.NoListParts it is 501, as of miniflare.
func (s *Server) listParts(w http.ResponseWriter, c *request) *refusal {
	if s.opts.NoListParts {
		return refuse(http.StatusNotImplemented, "NotImplemented", "ListParts not implemented")
	}
	u, id, no := s.upload(c)
	if no != nil {
		return no
	}
	most, no := pageSize(c.query, "max-parts")
	if no != nil {
		return no
	}
	after, _ := strconv.Atoi(c.query.Get("part-number-marker"))
	type line struct {
		PartNumber   int
		LastModified string
		ETag         string
		Size         int64
	}
	page := struct {
		XMLName              xml.Name `xml:"ListPartsResult"`
		Bucket               string
		Key                  string
		UploadId             string
		PartNumberMarker     int
		NextPartNumberMarker int `xml:",omitempty"`
		MaxParts             int
		IsTruncated          bool
		Part                 []line
	}{Bucket: c.bucket, Key: c.key, UploadId: id, PartNumberMarker: after, MaxParts: most}
	for _, n := range slices.Sorted(maps.Keys(u.parts)) {
		if n <= after {
			continue
		}
		if len(page.Part) == most {
			page.IsTruncated = true
			break
		}
		p := u.parts[n]
		page.Part = append(page.Part, line{n, p.modified.Format(time.RFC3339Nano), `"` + s.partETag(p) + `"`, p.size()})
		page.NextPartNumberMarker = n
	}
	writeXML(w, http.StatusOK, page)
	return nil
}

func pageSize(q url.Values, name string) (int, *refusal) {
	if v := q.Get(name); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return 0, refuse(http.StatusBadRequest, "InvalidArgument", "%s", name)
		}
		return min(n, 1000), nil
	}
	return 1000, nil
}

// listUploads answers in order of the keys, and of one key in order of their beginning. A delimiter is not there.
func (s *Server) listUploads(w http.ResponseWriter, c *request) *refusal {
	q := c.query
	if s.opts.NoListParts {
		return refuse(http.StatusNotImplemented, "NotImplemented", "ListMultipartUploads not implemented")
	}
	if q.Get("delimiter") != "" {
		return refuse(http.StatusNotImplemented, "NotImplemented", "ListMultipartUploads with a delimiter not implemented")
	}
	most, no := pageSize(q, "max-uploads")
	if no != nil {
		return no
	}
	spell := func(key string) string { return key }
	if q.Get("encoding-type") == "url" {
		spell = urlSpelling
	}
	type line struct{ Key, UploadId, Initiated, StorageClass string }
	page := struct {
		XMLName            xml.Name `xml:"ListMultipartUploadsResult"`
		Bucket             string
		KeyMarker          string
		UploadIdMarker     string
		NextKeyMarker      string `xml:",omitempty"`
		NextUploadIdMarker string `xml:",omitempty"`
		Prefix             string
		EncodingType       string `xml:",omitempty"`
		MaxUploads         int
		IsTruncated        bool
		Upload             []line
	}{
		Bucket: c.bucket, KeyMarker: spell(q.Get("key-marker")), UploadIdMarker: q.Get("upload-id-marker"), Prefix: spell(q.Get("prefix")),
		EncodingType: q.Get("encoding-type"), MaxUploads: most,
	}
	ids := slices.SortedFunc(maps.Keys(s.uploads), func(a, b string) int {
		if c := strings.Compare(s.uploads[a].key, s.uploads[b].key); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	for _, id := range ids {
		u := s.uploads[id]
		marker := q.Get("key-marker")
		passed := u.key < marker || u.key == marker && marker != "" && (q.Get("upload-id-marker") == "" || id <= q.Get("upload-id-marker"))
		if passed || u.bucket != c.bucket || !strings.HasPrefix(u.key, q.Get("prefix")) {
			continue
		}
		if len(page.Upload) == most {
			page.IsTruncated = true
			break
		}
		page.Upload = append(page.Upload, line{spell(u.key), id, u.begun.Format(time.RFC3339Nano), "STANDARD"})
		page.NextKeyMarker, page.NextUploadIdMarker = spell(u.key), id
	}
	if !page.IsTruncated {
		page.NextKeyMarker, page.NextUploadIdMarker = "", ""
	}
	writeXML(w, http.StatusOK, page)
	return nil
}

// completeUpload takes no condition: If-None-Match is ignored, as miniflare does.
func (s *Server) completeUpload(w http.ResponseWriter, c *request) *refusal {
	u, id, no := s.upload(c)
	if no != nil {
		return no
	}
	if s.tooSoon(c) {
		return tooMany()
	}
	if no := s.locked(c.bucket, c.key, s.st.bucket(c.bucket, false).Objects[c.key]); no != nil {
		return no
	}
	all, etag, no := s.assemble(u, c.body)
	if no != nil {
		return no
	}
	u.object.set(all)
	u.object.ETag = etag
	delete(s.uploads, id)
	if no := s.store(c.bucket, c.key, u.object); no != nil {
		return no
	}
	type result struct {
		XMLName           xml.Name `xml:"CompleteMultipartUploadResult"`
		Bucket, Key, ETag string
	}
	writeXML(w, http.StatusOK, result{Bucket: c.bucket, Key: c.key, ETag: `"` + etag + `"`})
	return nil
}

// assemble holds the parts to R2's rules: all but the last are equal, at least 5 MiB, and the last is no larger.
func (s *Server) assemble(u *upload, body []byte) (all blob, etag string, no *refusal) {
	type listed struct {
		PartNumber int
		ETag       string
	}
	var list struct{ Part []listed }
	if err := xml.Unmarshal(body, &list); err != nil || len(list.Part) == 0 {
		return blob{}, "", malformed()
	}
	parts := list.Part
	slices.SortStableFunc(parts, func(a, b listed) int { return a.PartNumber - b.PartNumber })
	h := md5.New() //nolint:gosec // see above
	for i, l := range parts {
		p, ok := u.parts[l.PartNumber]
		if !ok || strings.Trim(l.ETag, `"`) != s.partETag(p) || i > 0 && l.PartNumber == parts[i-1].PartNumber {
			return blob{}, "", refuse(http.StatusBadRequest, "InvalidPart", "One or more of the specified parts could not be found.")
		}
		first, last := u.parts[parts[0].PartNumber].size(), i == len(parts)-1
		if !last && p.size() != first || p.size() > first {
			return blob{}, "", refuse(http.StatusBadRequest, "InvalidPart", "All non-trailing parts must have the same length.")
		}
		if !last && p.size() < s.opts.MinPart {
			return blob{}, "", refuse(http.StatusBadRequest, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed object size.")
		}
		h.Write(p.sum[:])
		all = all.then(p.blob)
	}
	return all, hex.EncodeToString(h.Sum(nil)) + "-" + strconv.Itoa(len(parts)), nil
}

func malformed() *refusal {
	return refuse(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well formed or did not validate against our published schema.")
}
