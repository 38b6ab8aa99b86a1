package r2

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

// source is a body: one that can be read anywhere (at), or a stream (r).
type source struct {
	at     io.ReaderAt
	off    int64
	size   int64 // -1 = unknown
	memory bool
	r      io.Reader
	finish func() // leaves the body at its end
}

// newSource finds out what a body can do. size is what the caller says it has, 0 for nothing.
func newSource(body io.Reader, size int64) (*source, error) {
	s := &source{size: -1, r: body, finish: func() {}}
	if buf, ok := body.(*bytes.Buffer); ok {
		n := buf.Len()
		s.at, s.size, s.memory = bytes.NewReader(buf.Bytes()), int64(n), true
		s.finish = func() { buf.Next(n) }
	} else if seeker, ok := body.(io.Seeker); ok {
		s.seek(body, seeker)
	} else if l, ok := body.(interface{ Len() int }); ok {
		s.size = int64(l.Len())
	}
	switch {
	case size > 0 && s.size >= 0 && s.size != size:
		return nil, wrongSize(s.size, size)
	case size > 0:
		s.size = size
	}
	return s, nil
}

// seek makes the body one that can be read anywhere. What says that it is empty is read as a stream, to be sure: the
// files of /proc say so.
func (s *source) seek(body io.Reader, seeker io.Seeker) {
	here, err := seeker.Seek(0, io.SeekCurrent)
	if err != nil {
		return
	}
	end, err := seeker.Seek(0, io.SeekEnd)
	if err != nil {
		return
	}
	if _, err = seeker.Seek(here, io.SeekStart); err != nil || end <= here {
		return
	}
	at, ok := body.(io.ReaderAt)
	if !ok {
		at = &seekerAt{body: body, seeker: seeker}
	}
	_, isBytes := body.(*bytes.Reader)
	_, isString := body.(*strings.Reader)
	s.at, s.off, s.size, s.memory = at, here, end-here, isBytes || isString
	s.finish = func() { _, _ = seeker.Seek(end, io.SeekStart) }
}

func wrongSize(has, want int64) error {
	return fmt.Errorf("Size: body has %d bytes, not %d", has, want)
}

// seekerAt reads anywhere by seeking, one reader at a time.
type seekerAt struct {
	mu     sync.Mutex
	body   io.Reader
	seeker io.Seeker
}

func (s *seekerAt) ReadAt(p []byte, off int64) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.seeker.Seek(off, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := io.ReadFull(s.body, p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF // what a ReaderAt says
	}
	return n, err
}

// stream is a body that can be read once.
type stream struct {
	r     io.Reader
	want  int64 // -1 = unknown
	read  int64
	carry []byte // the byte that told that there is more
}

// fill reads n bytes into buf, which grows as needed, and tells whether more follow.
func (s *stream) fill(buf []byte, n int) (data []byte, more bool, err error) {
	data = append(buf[:0], s.carry...)
	s.carry = nil
	for idle := 0; len(data) < n; {
		if len(data) == cap(data) {
			data = slices.Grow(data, min(max(len(data), 64<<10), n-len(data)))
		}
		got, err := s.r.Read(data[len(data):min(cap(data), n)])
		data = data[:len(data)+got]
		s.read += int64(got)
		if idle++; got > 0 {
			idle = 0
		}
		switch {
		case s.want >= 0 && s.read > s.want:
			return data, false, fmt.Errorf("Size: body has more than %d bytes", s.want)
		case errors.Is(err, io.EOF):
			return data, false, s.ended()
		case err != nil:
			return data, false, err
		case idle > 100:
			return data, false, io.ErrNoProgress
		}
	}
	var one [1]byte
	if _, err = io.ReadFull(s.r, one[:]); errors.Is(err, io.EOF) {
		return data, false, s.ended()
	} else if err != nil {
		return data, false, err
	}
	s.read++
	s.carry = one[:]
	return data, true, nil
}

func (s *stream) ended() error {
	if s.want >= 0 && s.read != s.want {
		return wrongSize(s.read, s.want)
	}
	return nil
}
