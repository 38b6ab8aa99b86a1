package r2test

import (
	"crypto/md5" //nolint:gosec // S3 has it so
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// request is one call of the S3 API.
type request struct {
	op          string
	bucket, key string
	query       url.Values
	head        http.Header
	http        *http.Request
	body        []byte         // of what is neither object nor part
	content     blob           // of an object or a part
	sum         [md5.Size]byte // of the body
	sha256      string         // of it, in hex, where a signature may need it
	after       func()         // the rest of the answer, which others need not wait for
	keys        accessKey      // with which it was signed, the parent of token
	token       *token         // nil for keys that are not temporary
}

// refusal is an error answer.
type refusal struct {
	status int
	code   string
	msg    string
	header http.Header
}

func refuse(status int, code, format string, args ...any) *refusal {
	return &refusal{status: status, code: code, msg: fmt.Sprintf(format, args...)}
}

// send writes the refusal; a HEAD and a 304 have no body.
func (f *refusal) send(w http.ResponseWriter, r *http.Request, c *request) {
	maps.Copy(w.Header(), f.header)
	if r.Method == http.MethodHead || f.status == http.StatusNotModified {
		w.WriteHeader(f.status)
		return
	}
	type failure struct {
		XMLName  xml.Name `xml:"Error"`
		Code     string
		Message  string
		Resource string `xml:",omitempty"`
	}
	writeXML(w, f.status, failure{Code: f.code, Message: f.msg, Resource: "/" + c.bucket + "/" + c.key})
}

func writeXML(w http.ResponseWriter, status int, v any) {
	data, err := xml.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, xml.Header)
	_, _ = w.Write(data)
}

// operation is the name of what is asked for.
func operation(method string, c *request) string {
	q := c.query
	if c.key == "" {
		return bucketOperation(method, c.bucket, q)
	}
	switch {
	case method == http.MethodPut && q.Has("uploadId") && c.head.Get("X-Amz-Copy-Source") != "":
		return "UploadPartCopy"
	case method == http.MethodPut && q.Has("uploadId"):
		return "UploadPart"
	case method == http.MethodPut && c.head.Get("X-Amz-Copy-Source") != "":
		return "CopyObject"
	case method == http.MethodPost && q.Has("uploads"):
		return "CreateMultipartUpload"
	case method == http.MethodPost && q.Has("uploadId"):
		return "CompleteMultipartUpload"
	case method == http.MethodDelete && q.Has("uploadId"):
		return "AbortMultipartUpload"
	case method == http.MethodGet && q.Has("uploadId"):
		return "ListParts"
	case q.Has("acl"), q.Has("tagging"), q.Has("retention"), q.Has("legal-hold"):
		return "ObjectConfiguration"
	case method == http.MethodPut:
		return "PutObject"
	case method == http.MethodGet:
		return "GetObject"
	case method == http.MethodHead:
		return "HeadObject"
	case method == http.MethodDelete:
		return "DeleteObject"
	}
	return "Unknown"
}

func bucketOperation(method, bucket string, q url.Values) string {
	if bucket == "" {
		return "ListBuckets"
	}
	if slices.ContainsFunc([]string{"acl", "cors", "lifecycle", "policy", "tagging", "versioning", "encryption", "website", "replication", "notification", "object-lock", "location"}, q.Has) {
		return "BucketConfiguration"
	}
	switch method {
	case http.MethodPut:
		return "CreateBucket"
	case http.MethodHead:
		return "HeadBucket"
	case http.MethodDelete:
		return "DeleteBucket"
	case http.MethodPost:
		if q.Has("delete") {
			return "DeleteObjects"
		}
		return "PostObject"
	}
	if q.Get("list-type") == "2" {
		return "ListObjectsV2"
	}
	if q.Has("uploads") {
		return "ListMultipartUploads"
	}
	return "ListObjects"
}

// answer checks a request the way the platform does, from the outside in, and carries it out.
func (s *Server) answer(w http.ResponseWriter, c *request) *refusal {
	if c.http.Method == http.MethodPut && c.http.ContentLength < 0 {
		return refuse(http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header.")
	}
	no := s.receive(c)
	if no == nil {
		no = unsupported(c.head)
	}
	if no == nil {
		no = s.authenticate(c)
	}
	if no == nil {
		no = s.carryOut(w, c)
	}
	if no != nil {
		c.content.remove()
	} else if c.after != nil {
		c.after()
	}
	return no
}

// carryOut does what is asked for, one request after the other.
func (s *Server) carryOut(w http.ResponseWriter, c *request) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.requests++; s.opts.TooManyEvery > 0 && s.requests%s.opts.TooManyEvery == 0 {
		return tooMany()
	}
	if no := s.allowed(c); no != nil {
		return no
	}
	if no := checkDigest(c); no != nil {
		return no
	}
	do := map[string]func(http.ResponseWriter, *request) *refusal{
		"ListBuckets": s.listBuckets, "CreateBucket": s.createBucket, "HeadBucket": s.headBucket, "DeleteBucket": s.deleteBucket,
		"ListObjectsV2": s.list, "PutObject": s.put, "GetObject": s.get, "HeadObject": s.get, "DeleteObject": s.remove,
		"CreateMultipartUpload": s.createUpload, "UploadPart": s.uploadPart, "CompleteMultipartUpload": s.completeUpload,
		"AbortMultipartUpload": s.abortUpload, "ListParts": s.listParts, "ListMultipartUploads": s.listUploads,
		"DeleteObjects": s.deleteObjects, "CopyObject": s.copyObject, "UploadPartCopy": s.uploadPartCopy,
	}[c.op]
	if do == nil {
		return refuse(http.StatusNotImplemented, "NotImplemented", "%s not implemented", c.op)
	}
	return do(w, c)
}

func tooMany() *refusal {
	return refuse(http.StatusTooManyRequests, "TooManyRequests", "Reduce your concurrent request rate for the same object.")
}

// allowed is about scope, account and jurisdiction.
func (s *Server) allowed(c *request) *refusal {
	if account, ok := strings.CutSuffix(hostname(c.http), hostSuffix); ok {
		account, jurisdiction, _ := strings.Cut(account, ".")
		if account != s.opts.AccountID {
			return refuse(http.StatusForbidden, "AccessDenied", "Access Denied")
		}
		if jurisdiction != string(s.opts.Jurisdiction) {
			return refuse(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist.")
		}
	}
	key := c.key
	if strings.HasPrefix(c.op, "List") && key == "" {
		key = c.query.Get("prefix")
	}
	if no := s.permitted(c, c.op, c.bucket, key); no != nil {
		return no
	}
	if c.op != "ListBuckets" && c.op != "CreateBucket" && s.st.bucket(c.bucket, false) == nil {
		return refuse(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist.")
	}
	if len(c.key) > 1024 {
		return refuse(http.StatusBadRequest, "InvalidObjectName", "The specified object name is not valid.")
	}
	return nil
}

// permitted asks the keys and, if they are temporary, the session token.
func (s *Server) permitted(c *request, op, bucket, key string) *refusal {
	if c.keys.elsewhere || !c.keys.grants.s3(op, c.http.Method, string(s.opts.Jurisdiction), bucket) {
		return refuse(http.StatusForbidden, "AccessDenied", "Access Denied")
	}
	if c.token != nil {
		return c.token.allows(op, c.http.Method, bucket, key)
	}
	return nil
}

// unsupported is the headers that R2 does not implement.
func unsupported(h http.Header) *refusal {
	for name, values := range h {
		lower, v := strings.ToLower(name), strings.Join(values, ",")
		switch {
		case lower == "x-amz-acl" && v == "private":
			continue
		case lower == "content-encoding" && strings.Contains(v, "aws-chunked"),
			lower == "x-amz-content-sha256" && strings.HasPrefix(v, "STREAMING-"),
			slices.Contains([]string{
				"x-amz-acl", "x-amz-tagging", "x-amz-request-payer", "x-amz-expected-bucket-owner", "x-amz-website-redirect-location",
				"x-amz-trailer", "x-amz-decoded-content-length", "x-amz-sdk-checksum-algorithm",
			}, lower),
			strings.HasPrefix(lower, "x-amz-grant-"), strings.HasPrefix(lower, "x-amz-object-lock-"),
			strings.HasPrefix(lower, "x-amz-checksum-"), strings.HasPrefix(lower, "x-amz-server-side-encryption"):
			return refuse(http.StatusNotImplemented, "NotImplemented", "Header '%s' with value '%s' not implemented", lower, v)
		}
	}
	if class := h.Get("X-Amz-Storage-Class"); class != "" && class != "STANDARD" && class != "STANDARD_IA" {
		return refuse(http.StatusBadRequest, "InvalidStorageClass", "The storage class you specified is not valid.")
	}
	return nil
}

func checkDigest(c *request) *refusal {
	v := c.head.Get("Content-Md5")
	if v == "" {
		return nil
	}
	want, err := base64.StdEncoding.DecodeString(v)
	if err != nil || len(want) != md5.Size {
		return refuse(http.StatusBadRequest, "InvalidDigest", "The Content-MD5 you specified is not valid.")
	}
	if !slices.Equal(c.sum[:], want) {
		return refuse(http.StatusBadRequest, "BadDigest", "The Content-MD5 you specified did not match what we received.")
	}
	return nil
}

// httpTime is a moment as headers have it.
func httpTime(t time.Time) string { return t.UTC().Format(http.TimeFormat) }
