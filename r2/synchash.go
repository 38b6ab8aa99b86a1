package r2

import (
	"crypto/md5" //nolint:gosec // an ETag is an MD5
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"

	"github.com/kitroll/kitroll/internal/atomicfile"
)

// hashes is a cache of the ETags that files would have.
type hashes struct {
	path string
	now  time.Time

	mu    sync.Mutex
	known map[string]hashed
	dirty bool
}

type hashed struct {
	Size     int64            `json:"size"`
	Modified time.Time        `json:"modified"`
	ETags    map[int64]string `json:"etags"` // by part size; 0 = in one piece
}

// openHashes reads a cache. One that cannot be read is an empty one: it only saves work.
func openHashes(path string) *hashes {
	h := &hashes{path: path, now: time.Now()}
	if path == "" || atomicfile.ReadJSON(path, &h.known) != nil || h.known == nil {
		h.known = map[string]hashed{}
	}
	return h
}

// etag is what the ETag of a file would be, in parts of this size, or in one piece.
func (h *hashes) etag(src fs.FS, f file, part int64) (string, error) {
	h.mu.Lock()
	old, ok := h.known[f.path]
	fresh := ok && old.Size == f.size && old.Modified.Equal(f.modified) && !f.modified.IsZero()
	etag := old.ETags[part]
	h.mu.Unlock()
	if fresh && etag != "" {
		return etag, nil
	}
	etag, err := hashFile(src, f, part)
	// A file may be written to again within the grain of its time of change: what is that young is not remembered.
	if err != nil || h.path == "" || f.modified.IsZero() || h.now.Sub(f.modified) < 2*time.Second {
		return etag, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !fresh {
		old = hashed{Size: f.size, Modified: f.modified}
	}
	etags := map[int64]string{part: etag}
	for size, known := range old.ETags {
		if size != part {
			etags[size] = known
		}
	}
	old.ETags = etags
	h.known[f.path] = old
	h.dirty = true
	return etag, nil
}

// save forgets what is no longer there.
func (h *hashes) save(files []file) error {
	if h.path == "" {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	here := make(map[string]bool, len(files))
	for _, f := range files {
		here[f.path] = true
	}
	for path := range h.known {
		if !here[path] {
			delete(h.known, path)
			h.dirty = true
		}
	}
	if !h.dirty {
		return nil
	}
	if err := atomicfile.WriteJSON(h.path, h.known); err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	return nil
}

func hashFile(src fs.FS, f file, part int64) (string, error) {
	r, err := src.Open(f.path)
	if err != nil {
		return "", err
	}
	defer func() { _ = r.Close() }() // it was only read
	if part == 0 {
		h := md5.New() //nolint:gosec // see above
		_, err = io.Copy(h, r)
		return hex.EncodeToString(h.Sum(nil)), err
	}
	var sums []string
	for {
		h := md5.New() //nolint:gosec // see above
		n, err := io.CopyN(h, r, part)
		if n > 0 || len(sums) == 0 {
			sums = append(sums, hex.EncodeToString(h.Sum(nil)))
		}
		if errors.Is(err, io.EOF) {
			return compositeETag(sums), nil
		} else if err != nil {
			return "", err
		}
	}
}
