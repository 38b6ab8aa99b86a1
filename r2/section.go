package r2

import (
	"bytes"
	"cmp"
	"crypto/md5" //nolint:gosec // an ETag is an MD5; it finds accidents, not enemies
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"
	"sync/atomic"
)

// section is what one request carries.
type section struct {
	at     io.ReaderAt
	off, n int64
	memory bool
}

func inMemory(data []byte) section {
	return section{at: bytes.NewReader(data), n: int64(len(data)), memory: true}
}

// md5 reads all of it.
func (s section) md5() ([]byte, error) {
	h := md5.New() //nolint:gosec // see above
	n, err := io.Copy(h, io.NewSectionReader(s.at, s.off, s.n))
	if err == nil && n < s.n {
		err = io.ErrUnexpectedEOF
	}
	return h.Sum(nil), err
}

// attempt is a section on its way, once: the body of a request. Each attempt has a reader of its own, because the transport of
// a failed one may not have ended when the next begins; after end it reads from the section no more. It hashes what it hands
// out if that is wanted.
type attempt struct {
	mu    sync.Mutex
	s     section
	size  int64
	pos   int64
	h     hash.Hash     // nil = not wanted
	sent  *atomic.Int64 // nil = not wanted
	told  int64         // what of sent is ours
	ended bool
	err   error
}

func newAttempt(s section, hashes bool, sent *atomic.Int64) *attempt {
	a := &attempt{s: s, size: s.n, sent: sent}
	if hashes {
		a.h = md5.New() //nolint:gosec // see above
	}
	return a
}

var errEnded = errors.New("the request has ended")

func (a *attempt) Read(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.ended:
		return 0, errEnded
	case a.pos >= a.size:
		return 0, io.EOF
	}
	n, err := a.s.at.ReadAt(p[:min(int64(len(p)), a.size-a.pos)], a.s.off+a.pos)
	if a.h != nil {
		a.h.Write(p[:n])
	}
	a.pos += int64(n)
	a.tell(a.pos)
	return n, a.check(err)
}

// check remembers an error of the body. Its end is one when it comes too soon.
func (a *attempt) check(err error) error {
	switch {
	case errors.Is(err, io.EOF) && a.pos < a.size:
		err = fmt.Errorf("it ended after %d of %d bytes: %w", a.pos, a.size, io.ErrUnexpectedEOF)
	case errors.Is(err, io.EOF):
		return nil // the next read says so
	}
	a.err = cmp.Or(a.err, err)
	return err
}

// Close is for the transport, which calls it when it wants no more. There is nothing to close.
func (a *attempt) Close() error { return nil }

// sha256 is the hash of the body in hex, for the signature over plain http.
func (a *attempt) sha256() (string, error) {
	h := sha256.New()
	n, err := io.Copy(h, io.NewSectionReader(a.s.at, a.s.off, a.s.n))
	if err == nil && n < a.size {
		err = fmt.Errorf("it ended after %d of %d bytes: %w", n, a.size, io.ErrUnexpectedEOF)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = cmp.Or(a.err, err)
	return hex.EncodeToString(h.Sum(nil)), err
}

func (a *attempt) tell(n int64) {
	if a.sent != nil {
		a.sent.Add(n - a.told)
		a.told = n
	}
}

// end ends the attempt and returns what reading the body failed with. What a failed one has sent no longer counts.
func (a *attempt) end(failed bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = true
	if failed {
		a.tell(0)
	} else {
		a.tell(a.size)
	}
	return a.err
}

// sum is the MD5 in hex, or "" when not all has been hashed.
func (a *attempt) sum() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.h == nil || a.pos != a.size {
		return ""
	}
	return hex.EncodeToString(a.h.Sum(nil))
}
