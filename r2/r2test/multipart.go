package r2test

import (
	"crypto/md5" //nolint:gosec // S3 has it so
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// upload is one that is not complete.
type upload struct {
	bucket, key string
	object      *object
	parts       map[int][]byte
}

func (s *Server) createUpload(w http.ResponseWriter, c *request) *refusal {
	o, no := described(c.head)
	if no != nil {
		return no
	}
	id := fmt.Sprintf("AFake%027d", len(s.uploads)+s.rays)
	s.uploads[id] = &upload{bucket: c.bucket, key: c.key, object: o, parts: map[int][]byte{}}
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

func (s *Server) uploadPart(w http.ResponseWriter, c *request) *refusal {
	u, _, no := s.upload(c)
	if no != nil {
		return no
	}
	n, err := strconv.Atoi(c.query.Get("partNumber"))
	if err != nil || n < 1 || n > 10_000 {
		return refuse(http.StatusBadRequest, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive.")
	}
	u.parts[n] = c.body
	w.Header().Set("ETag", `"`+s.partETag(c.body)+`"`)
	w.WriteHeader(http.StatusOK)
	return nil
}

func (s *Server) partETag(data []byte) string {
	if s.opts.OpaquePartETags {
		return "Opaque_" + etagOf(data) + "-"
	}
	return etagOf(data)
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

// completeUpload takes no condition: If-None-Match is ignored, as miniflare does.
func (s *Server) completeUpload(w http.ResponseWriter, c *request) *refusal {
	u, id, no := s.upload(c)
	if no != nil {
		return no
	}
	if s.tooSoon(c) {
		return tooMany()
	}
	data, etag, no := s.assemble(u, c.body)
	if no != nil {
		return no
	}
	u.object.Data, u.object.ETag = data, etag
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
func (s *Server) assemble(u *upload, body []byte) (data []byte, etag string, no *refusal) {
	var list struct {
		Part []struct {
			PartNumber int
			ETag       string
		}
	}
	if err := xml.Unmarshal(body, &list); err != nil || len(list.Part) == 0 {
		return nil, "", refuse(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well formed or did not validate against our published schema.")
	}
	parts := list.Part
	slices.SortStableFunc(parts, func(a, b struct {
		PartNumber int
		ETag       string
	},
	) int {
		return a.PartNumber - b.PartNumber
	})
	h := md5.New() //nolint:gosec // see above
	for i, p := range parts {
		part, ok := u.parts[p.PartNumber]
		if !ok || strings.Trim(p.ETag, `"`) != s.partETag(part) || i > 0 && p.PartNumber == parts[i-1].PartNumber {
			return nil, "", refuse(http.StatusBadRequest, "InvalidPart", "One or more of the specified parts could not be found.")
		}
		first, last := len(u.parts[parts[0].PartNumber]), i == len(parts)-1
		if !last && len(part) != first || len(part) > first {
			return nil, "", refuse(http.StatusBadRequest, "InvalidPart", "All non-trailing parts must have the same length.")
		}
		if !last && int64(len(part)) < s.opts.MinPart {
			return nil, "", refuse(http.StatusBadRequest, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed object size.")
		}
		sum := md5.Sum(part) //nolint:gosec // see above
		h.Write(sum[:])
		data = append(data, part...)
	}
	return data, hex.EncodeToString(h.Sum(nil)) + "-" + strconv.Itoa(len(parts)), nil
}
