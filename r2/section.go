package r2

import (
	"bytes"
	"crypto/md5" //nolint:gosec // an ETag is an MD5; it finds accidents, not enemies
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

// attempt is a section on its way, once. Each attempt has a reader of its own, because the transport of a failed one may
// not have ended when the next begins; the SDK takes the body from it before it returns. It hashes what it hands out
// if that is wanted, and beginning anew, as the SDK does after it has hashed the body for its signature over plain http,
// hashes anew.
type attempt struct {
	mu     sync.Mutex
	r      *io.SectionReader
	size   int64
	pos    int64
	h      hash.Hash // nil = not wanted
	hashed int64
	sent   *atomic.Int64 // nil = not wanted
	told   int64         // what of sent is ours
	err    error
}

func newAttempt(s section, hashes bool, sent *atomic.Int64) *attempt {
	a := &attempt{r: io.NewSectionReader(s.at, s.off, s.n), size: s.n, sent: sent}
	if hashes {
		a.h = md5.New() //nolint:gosec // see above
	}
	return a
}

func (a *attempt) Read(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n, err := a.r.Read(p)
	if a.h != nil && a.pos == a.hashed {
		a.h.Write(p[:n])
		a.hashed += int64(n)
	}
	a.pos += int64(n)
	a.tell(max(a.told, a.pos))
	switch {
	case errors.Is(err, io.EOF) && a.pos < a.size:
		a.err = fmt.Errorf("it ended after %d of %d bytes: %w", a.pos, a.size, io.ErrUnexpectedEOF)
		return n, a.err
	case err != nil && !errors.Is(err, io.EOF):
		a.err = err
	}
	return n, err
}

// Seek is for the SDK, which measures the body and goes back to its start.
func (a *attempt) Seek(offset int64, whence int) (int64, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	pos, err := a.r.Seek(offset, whence)
	if err != nil {
		return pos, err
	}
	a.pos = pos
	if a.h != nil && pos == 0 {
		a.h.Reset()
		a.hashed = 0
	}
	return pos, nil
}

func (a *attempt) tell(n int64) {
	if a.sent != nil {
		a.sent.Add(n - a.told)
		a.told = n
	}
}

// close ends the attempt and returns what reading the body failed with. What a failed one has sent no longer counts.
func (a *attempt) close(failed bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
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
	if a.h == nil || a.hashed != a.size {
		return ""
	}
	return hex.EncodeToString(a.h.Sum(nil))
}
