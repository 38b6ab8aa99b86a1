package r2test

import (
	"bytes"
	"crypto/md5" //nolint:gosec // S3 has it so
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
)

// receive reads the body of a request: an object or a part to where it is to stay, and anything else into memory.
func (s *Server) receive(c *request) *refusal {
	sums := []hash.Hash{md5.New()} //nolint:gosec // see above
	if c.head.Get("X-Amz-Content-Sha256") != unsigned {
		sums = append(sums, sha256.New())
	}
	sent := io.Reader(c.http.Body)
	for _, h := range sums {
		sent = io.TeeReader(sent, h)
	}
	body := &incoming{r: sent}
	var err error
	if c.op == "PutObject" || c.op == "UploadPart" {
		c.content, err = s.keep(body, c.http.ContentLength)
	} else {
		c.body, err = readAll(body, c.http.ContentLength)
	}
	switch {
	case body.err != nil:
		c.content.remove()
		return refuse(http.StatusBadRequest, "IncompleteBody", "The request body terminated unexpectedly.")
	case err != nil:
		c.content.remove()
		return refuse(http.StatusInternalServerError, "InternalError", "spool: %v", err)
	}
	c.sum = [md5.Size]byte(sums[0].Sum(nil))
	if len(sums) > 1 {
		c.sha256 = hex.EncodeToString(sums[1].Sum(nil))
	}
	return nil
}

// incoming remembers that the client broke off.
type incoming struct {
	r   io.Reader
	err error
}

func (b *incoming) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// keep puts a body where it is to stay. What it returns beside an error is to be removed.
func (s *Server) keep(body io.Reader, size int64) (blob, error) {
	if s.opts.Spool == "" || size == 0 {
		data, err := readAll(body, size)
		return blob{data: data}, err
	}
	f, err := os.CreateTemp(s.opts.Spool, "r2test-*")
	if err != nil {
		return blob{}, err
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{f}, body, make([]byte, 256<<10))
	if closed := f.Close(); err == nil {
		err = closed
	}
	return blob{files: []segment{{path: filepath.Clean(f.Name()), size: n}}}, err
}

// readAll reads a body whose length is known, or -1, without growing as it goes.
func readAll(body io.Reader, size int64) ([]byte, error) {
	var out bytes.Buffer
	out.Grow(int(min(max(size, 0), 64<<20)) + bytes.MinRead)
	_, err := out.ReadFrom(body)
	return out.Bytes(), err
}
