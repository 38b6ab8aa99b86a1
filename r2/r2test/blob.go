package r2test

import (
	"bytes"
	"crypto/md5" //nolint:gosec // S3 has it so
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
)

// blob is the content of an object or a part: in memory, or in files of Options.Spool, one behind the other.
type blob struct {
	data  []byte
	files []segment
}

type segment struct {
	path string
	size int64
}

func (b blob) size() int64 {
	n := int64(len(b.data))
	for _, f := range b.files {
		n += f.size
	}
	return n
}

// reader reads all of it, from anywhere.
func (b blob) reader() *io.SectionReader {
	if b.files == nil {
		return io.NewSectionReader(bytes.NewReader(b.data), 0, int64(len(b.data)))
	}
	return io.NewSectionReader(segments(b.files), 0, b.size())
}

// bytes is all of it, in memory.
func (b blob) bytes() ([]byte, error) {
	if b.files == nil {
		return b.data, nil
	}
	return io.ReadAll(b.reader())
}

// section is a part of it.
func (b blob) section(from, to int64) ([]byte, error) {
	if b.files == nil {
		return b.data[from:to], nil
	}
	out := make([]byte, to-from)
	_, err := io.ReadFull(io.NewSectionReader(segments(b.files), from, to-from), out)
	return out, err
}

// then is b with another one behind it.
func (b blob) then(other blob) blob {
	return blob{data: append(b.data, other.data...), files: append(b.files, other.files...)}
}

// segments reads files that stand one behind the other.
type segments []segment

// ReadAt is io.ReaderAt.
func (s segments) ReadAt(p []byte, off int64) (n int, err error) {
	for _, f := range s {
		if off >= f.size {
			off -= f.size
			continue
		}
		want := min(f.size-off, int64(len(p)-n))
		if err := readFile(f.path, p[n:n+int(want)], off); err != nil {
			return n, err
		}
		n, off = n+int(want), 0
		if n == len(p) {
			return n, nil
		}
	}
	return n, io.EOF
}

func readFile(path string, p []byte, off int64) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.ReadFull(io.NewSectionReader(f, off, int64(len(p))), p)
	return err
}

// keep puts a body where it is to stay.
func (s *Server) keep(body []byte) (blob, *refusal) {
	if s.opts.Spool == "" || len(body) == 0 {
		return blob{data: body}, nil
	}
	f, err := os.CreateTemp(s.opts.Spool, "r2test-*")
	if err == nil {
		_, err = f.Write(body)
		if closed := f.Close(); err == nil {
			err = closed
		}
	}
	if err != nil {
		return blob{}, refuse(500, "InternalError", "spool: %v", err)
	}
	return blob{files: []segment{{filepath.Clean(f.Name()), int64(len(body))}}}, nil
}

func sumOf(data []byte) [md5.Size]byte {
	return md5.Sum(data) //nolint:gosec // see above
}

func etagOf(data []byte) string {
	sum := sumOf(data)
	return hex.EncodeToString(sum[:])
}
