package r2

import (
	"errors"
	"io"
	"io/fs"
	"path"
)

// folderFile is an open folder, which is listed when it is first read.
type folderFile struct {
	b      *bucketFS
	name   string
	read   bool
	left   []fs.DirEntry
	closed bool
}

var _ fs.ReadDirFile = (*folderFile)(nil)

func (f *folderFile) Stat() (fs.FileInfo, error) {
	if f.closed {
		return nil, pathError("stat", f.name, fs.ErrClosed)
	}
	return folderInfo(path.Base(f.name)), nil
}

func (f *folderFile) Read([]byte) (int, error) {
	return 0, pathError("read", f.name, errors.New("it is a folder"))
}

func (f *folderFile) Close() error {
	if f.closed {
		return pathError("close", f.name, fs.ErrClosed)
	}
	f.closed = true
	return nil
}

// ReadDir is fs.ReadDirFile.
func (f *folderFile) ReadDir(n int) ([]fs.DirEntry, error) {
	if f.closed {
		return nil, pathError("readdir", f.name, fs.ErrClosed)
	}
	if !f.read {
		all, err := f.b.ReadDir(f.name)
		if err != nil {
			return nil, err
		}
		f.read, f.left = true, all
	}
	if n <= 0 || n > len(f.left) {
		if n > 0 && len(f.left) == 0 {
			return nil, io.EOF
		}
		n = len(f.left)
	}
	out := f.left[:n:n]
	f.left = f.left[n:]
	return out, nil
}

// objectFile is an open object.
type objectFile struct {
	b      *bucketFS
	info   fileInfo
	body   io.ReadCloser // nil after a Seek, until it is read
	off    int64
	closed bool
}

var (
	_ io.ReadSeeker = (*objectFile)(nil)
	_ io.ReaderAt   = (*objectFile)(nil)
)

func (f *objectFile) failed(op string, err error) error { return pathError(op, f.info.info.Key, err) }

func (f *objectFile) Stat() (fs.FileInfo, error) {
	if f.closed {
		return nil, f.failed("stat", fs.ErrClosed)
	}
	return f.info, nil
}

func (f *objectFile) Close() error {
	if f.closed {
		return f.failed("close", fs.ErrClosed)
	}
	f.closed = true
	if f.body != nil {
		return f.failed("close", f.body.Close())
	}
	return nil
}

// open gets a range of the version that was opened.
func (f *objectFile) open(off, n int64) (io.ReadCloser, error) {
	obj, err := f.b.c.Get(f.b.ctx, f.info.info.Key, &GetOptions{Range: &Range{Offset: off, Length: n}, IfMatch: f.info.info.ETag})
	if err != nil {
		return nil, err
	}
	if !obj.ranged {
		return nil, errors.Join(errors.New("the server gives no ranges of it"), obj.Close())
	}
	return obj, nil
}

func (f *objectFile) Read(p []byte) (int, error) {
	switch {
	case f.closed:
		return 0, f.failed("read", fs.ErrClosed)
	case f.body == nil && f.off >= f.info.Size():
		return 0, io.EOF
	case len(p) == 0:
		return 0, nil
	}
	if f.body == nil {
		body, err := f.open(f.off, 0)
		if err != nil {
			return 0, f.failed("read", err)
		}
		f.body = body
	}
	n, err := f.body.Read(p)
	f.off += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = f.failed("read", err)
	}
	return n, err
}

// Seek makes no request; the next Read does.
func (f *objectFile) Seek(offset int64, whence int) (int64, error) {
	switch {
	case f.closed:
		return 0, f.failed("seek", fs.ErrClosed)
	case whence == io.SeekCurrent:
		offset += f.off
	case whence == io.SeekEnd:
		if f.info.Size() < 0 {
			return 0, f.failed("seek", errors.New("its size is not known"))
		}
		offset += f.info.Size()
	case whence != io.SeekStart:
		return 0, f.failed("seek", fs.ErrInvalid)
	}
	if offset < 0 {
		return 0, f.failed("seek", fs.ErrInvalid)
	}
	if offset != f.off && f.body != nil {
		_ = f.body.Close()
		f.body = nil
	}
	f.off = offset
	return offset, nil
}

// ReadAt is one GET.
func (f *objectFile) ReadAt(p []byte, off int64) (int, error) {
	switch {
	case f.closed:
		return 0, f.failed("read", fs.ErrClosed)
	case off < 0:
		return 0, f.failed("read", fs.ErrInvalid)
	case off >= f.info.Size():
		return 0, io.EOF
	case len(p) == 0:
		return 0, nil
	}
	body, err := f.open(off, int64(len(p)))
	if err != nil {
		return 0, f.failed("read", err)
	}
	defer body.Close()
	n, err := io.ReadFull(body, p)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		if off+int64(n) < f.info.Size() {
			return n, f.failed("read", io.ErrUnexpectedEOF)
		}
		return n, io.EOF
	case err != nil:
		return n, f.failed("read", err)
	}
	return n, nil
}
