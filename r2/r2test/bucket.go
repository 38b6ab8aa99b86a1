package r2test

import (
	"cmp"
	"encoding/base64"
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (s *Server) listBuckets(w http.ResponseWriter, _ *request) *refusal {
	type result struct {
		XMLName xml.Name `xml:"ListAllMyBucketsResult"`
		Names   []string `xml:"Buckets>Bucket>Name"`
	}
	writeXML(w, http.StatusOK, result{Names: slices.Sorted(maps.Keys(s.st.Buckets))})
	return nil
}

func (s *Server) createBucket(w http.ResponseWriter, c *request) *refusal {
	if s.st.bucket(c.bucket, false) != nil {
		return refuse(http.StatusConflict, "BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it.")
	}
	s.st.bucket(c.bucket, true)
	if no := s.save(); no != nil {
		return no
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

func (s *Server) headBucket(w http.ResponseWriter, _ *request) *refusal {
	w.WriteHeader(http.StatusOK)
	return nil
}

func (s *Server) deleteBucket(w http.ResponseWriter, c *request) *refusal {
	if len(s.st.bucket(c.bucket, false).Objects) > 0 {
		return refuse(http.StatusConflict, "BucketNotEmpty", "The bucket you tried to delete is not empty")
	}
	delete(s.st.Buckets, c.bucket)
	delete(s.st.Settings, string(s.opts.Jurisdiction)+"/"+c.bucket)
	if no := s.save(); no != nil {
		return no
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// urlSpelling is that of encoding-type=url.
func urlSpelling(key string) string { return strings.ReplaceAll(url.QueryEscape(key), "%2F", "/") }

// listing is a page of ListObjectsV2.
type listing struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	Name                  string
	Prefix                string
	Delimiter             string `xml:",omitempty"`
	MaxKeys               int
	KeyCount              int
	EncodingType          string `xml:",omitempty"`
	IsTruncated           bool
	ContinuationToken     string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`
	Contents              []content
	CommonPrefixes        []commonPrefix
}

type content struct {
	Key          string
	LastModified string
	ETag         string
	Size         int64
	StorageClass string
}

type commonPrefix struct{ Prefix string }

func (s *Server) list(w http.ResponseWriter, c *request) *refusal {
	q := c.query
	most := 1000
	if v := q.Get("max-keys"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 {
			return refuse(http.StatusBadRequest, "InvalidMaxKeys", "max-keys must be a whole number, 0 or more")
		}
		most = min(n, 1000)
	}
	after := q.Get("start-after")
	if token := q.Get("continuation-token"); token != "" {
		last, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil {
			return refuse(http.StatusBadRequest, "InvalidArgument", "The continuation token provided is incorrect")
		}
		after = string(last)
	}
	spell := func(key string) string { return key }
	switch q.Get("encoding-type") {
	case "":
	case "url":
		spell = urlSpelling
	default:
		return refuse(http.StatusBadRequest, "InvalidArgument", "Invalid Encoding Method specified in Request")
	}
	prefix, delimiter := q.Get("prefix"), q.Get("delimiter")
	page := listing{
		Name: c.bucket, Prefix: spell(prefix), Delimiter: spell(delimiter), MaxKeys: most,
		EncodingType: q.Get("encoding-type"), ContinuationToken: q.Get("continuation-token"),
	}
	objects := s.st.bucket(c.bucket, false).Objects
	last := ""
	for _, key := range slices.Sorted(maps.Keys(objects)) {
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		line := key
		group := false
		if i := strings.Index(key[len(prefix):], delimiter); delimiter != "" && i >= 0 {
			line, group = key[:len(prefix)+i+len(delimiter)], true
		}
		if line <= after || line == last {
			continue
		}
		if page.KeyCount == most {
			page.IsTruncated = most > 0
			break
		}
		page.KeyCount++
		last = line
		if group {
			page.CommonPrefixes = append(page.CommonPrefixes, commonPrefix{spell(line)})
			continue
		}
		o := objects[key]
		page.Contents = append(page.Contents, content{
			Key: spell(key), LastModified: o.Modified.Format(time.RFC3339Nano), ETag: `"` + o.ETag + `"`, Size: o.blob().size(), StorageClass: cmp.Or(o.Class, "STANDARD"),
		})
	}
	if page.IsTruncated {
		page.NextContinuationToken = base64.RawURLEncoding.EncodeToString([]byte(last))
	}
	writeXML(w, http.StatusOK, page)
	return nil
}
