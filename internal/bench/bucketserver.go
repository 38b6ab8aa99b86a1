package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/md5" //nolint:gosec // an ETag is an MD5
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"hash"
	"io"
	"math/big"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// The buckets of the discarding server. Only of the second does it read what it is sent closely enough for an ETag.
const (
	discardBucket = "discard"
	md5Bucket     = "discard-md5"
)

// discardServer is what its process says when it is ready.
type discardServer struct {
	URL  string // https://127.0.0.1:port
	Cert string // PEM
}

// discard is an S3 that answers as one does and keeps nothing: over TLS 1.3 and HTTP/1.1, in a process of its own, so
// that what it costs is not counted. It serves until stdin ends, which is when its parent ends, however that comes.
func discard(stdin io.Reader, stdout io.Writer) error {
	cert, text, err := selfSigned()
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	h := &discarding{buffers: sync.Pool{New: func() any { return new([256 << 10]byte) }}}
	web := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	secure := tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}})
	go func() { _ = web.Serve(secure) }() // until the process ends
	if err := json.NewEncoder(stdout).Encode(discardServer{"https://" + l.Addr().String(), text}); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, stdin)
	return err
}

// selfSigned is a certificate for the loopback.
func selfSigned() (cert tls.Certificate, text string, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return cert, "", err
	}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return cert, "", err
	}
	cert = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	return cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), nil
}

type discarding struct{ buffers sync.Pool }

func (d *discarding) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	switch {
	case r.Method == http.MethodPut:
		d.put(w, r)
	case r.Method == http.MethodPost && q.Has("uploads"):
		_, _ = io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?><InitiateMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`+
			`<Bucket>`+discardBucket+`</Bucket><Key>key</Key><UploadId>0123456789abcdef</UploadId></InitiateMultipartUploadResult>`)
	case r.Method == http.MethodPost && q.Has("uploadId"):
		_, _ = io.WriteString(w, d.complete(r))
	default:
		w.WriteHeader(http.StatusNotImplemented)
	}
}

// put takes an object or a part. What is counted of a part is its size, so that a body that came short does not pass.
func (d *discarding) put(w http.ResponseWriter, r *http.Request) {
	var sum hash.Hash
	to := io.Discard
	if len(r.URL.Path) > len(md5Bucket) && r.URL.Path[1:len(md5Bucket)+1] == md5Bucket {
		sum = md5.New() //nolint:gosec // see above
		to = sum
	}
	buf, _ := d.buffers.Get().(*[256 << 10]byte)
	n, err := io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{r.Body}, buf[:])
	d.buffers.Put(buf)
	if err != nil || n != r.ContentLength {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	etag := "00000000000000000000000000000000"
	if sum != nil {
		is := sum.Sum(nil)
		if want := r.Header.Get("Content-Md5"); want != "" && want != base64.StdEncoding.EncodeToString(is) {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		etag = hexOf(is)
	}
	w.Header().Set("Etag", strconv.Quote(etag))
}

// complete answers with the ETag that the parts have together.
func (d *discarding) complete(r *http.Request) string {
	etags, err := partETags(r.Body)
	if err != nil {
		return `<Error><Code>MalformedXML</Code><Message>no parts</Message></Error>`
	}
	return `<?xml version="1.0" encoding="UTF-8"?><CompleteMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` +
		`<Bucket>` + discardBucket + `</Bucket><Key>key</Key><ETag>"` + joinedETag(etags) + `"</ETag></CompleteMultipartUploadResult>`
}
