package r2test

import (
	"bytes"
	"crypto/md5" //nolint:gosec // S3 has it so
	"encoding/hex"
	"io"
	"net/http"
	"os"
)

// blob is the content of an object or a part: in memory, or in files of Options.Spool, one behind the other. It is not changed
// once it is there.
type blob struct {
	data  []byte
	files []segment
}

// segment is a part of a file.
type segment struct {
	path      string
	off, size int64
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

// section is a part of it, without a copy.
func (b blob) section(from, to int64) blob {
	if b.files == nil {
		return blob{data: b.data[from:to:to]}
	}
	var out blob
	for _, f := range b.files {
		first, end := max(from, 0), min(to, f.size)
		if first < end {
			out.files = append(out.files, segment{f.path, f.off + first, end - first})
		}
		from, to = from-f.size, to-f.size
	}
	return out
}

// send writes a part of it as the body of an answer; where that fails, the client is gone or sees an answer that is too short.
func (b blob) send(w http.ResponseWriter, from, to int64) {
	if b.files == nil {
		_, _ = w.Write(b.data[from:to])
		return
	}
	_, _ = io.CopyBuffer(struct{ io.Writer }{w}, io.NewSectionReader(segments(b.files), from, to-from), make([]byte, 256<<10))
}

func (b blob) md5() (sum [md5.Size]byte, err error) {
	h := md5.New() //nolint:gosec // see above
	_, err = io.Copy(h, b.reader())
	return [md5.Size]byte(h.Sum(nil)), err
}

// then is b with another one behind it.
func (b blob) then(other blob) blob {
	return blob{data: append(b.data, other.data...), files: append(b.files, other.files...)}
}

// remove is for one that nobody has seen.
func (b blob) remove() {
	for _, f := range b.files {
		_ = os.Remove(f.path)
	}
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
		if err := readFile(f.path, p[n:n+int(want)], f.off+off); err != nil {
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

func etagOf(data []byte) string {
	sum := md5.Sum(data) //nolint:gosec // see above
	return hex.EncodeToString(sum[:])
}
