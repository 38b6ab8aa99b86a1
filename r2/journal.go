package r2

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/kitroll/kitroll/internal/atomicfile"
)

// journal is the file that a resumable upload leaves behind: one line of JSON that says what is uploaded and where, and one
// for each part that was stored. The first is there, on the disk, before the first part is sent. The others are appended as
// the parts are stored: what is missing of them after a crash, or cut, is asked of the platform.
type journal struct {
	path string
	head journalHead

	mu    sync.Mutex
	file  *os.File
	parts map[int32]journalPart
}

type journalHead struct {
	Version  int       `json:"version"`
	Endpoint string    `json:"endpoint"`
	Bucket   string    `json:"bucket"`
	Key      string    `json:"key"`
	UploadID string    `json:"upload_id"`
	PartSize int64     `json:"part_size"`
	Size     int64     `json:"size"`     // of the file, as its
	Modified time.Time `json:"modified"` // time of change
	Headers  string    `json:"headers"`  // a hash of what is stored beside the content
	Begun    time.Time `json:"begun"`
}

type journalPart struct {
	Number int32  `json:"n"`
	ETag   string `json:"etag"`
	MD5    string `json:"md5,omitempty"`
}

const journalVersion = 1

// readJournal reads what is there; a missing file is fs.ErrNotExist.
func readJournal(path string) (*journal, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	first, rest, _ := bytes.Cut(data, []byte("\n"))
	j := &journal{path: path, parts: map[int32]journalPart{}}
	if err := json.Unmarshal(first, &j.head); err != nil || j.head.Version != journalVersion || j.head.UploadID == "" || j.head.PartSize < 1 {
		return nil, errors.New("this is no journal of an upload, or one of another version")
	}
	for line := range bytes.SplitSeq(rest, []byte("\n")) {
		var part journalPart
		if json.Unmarshal(line, &part) == nil && part.Number > 0 && part.ETag != "" { // else it was cut, and is not needed
			j.parts[part.Number] = part
		}
	}
	return j, nil
}

// begin writes the first line, which replaces whatever was there.
func (j *journal) begin() error {
	line, err := json.Marshal(j.head)
	if err != nil {
		return err
	}
	j.parts = map[int32]journalPart{}
	if err := atomicfile.Write(j.path, append(line, '\n'), 0o600); err != nil {
		return err
	}
	return j.open()
}

// open is for adding parts.
func (j *journal) open() (err error) {
	if j.file, err = os.OpenFile(j.path, os.O_APPEND|os.O_WRONLY, 0); err != nil {
		return err
	}
	_, err = j.file.WriteString("\n") // the last line may have been cut
	return err
}

// add remembers a part. What cannot be written is no failure: the platform knows it too.
func (j *journal) add(part journalPart) error {
	line, err := json.Marshal(part)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.parts[part.Number] = part
	_, err = j.file.Write(append(line, '\n'))
	return err
}

func (j *journal) close() {
	if j.file != nil {
		_ = j.file.Close()
	}
}

// remove ends a journal whose upload has ended.
func (j *journal) remove() error {
	j.close()
	err := os.Remove(j.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// headers is a hash of what is stored with the object; the first call of an upload fixes it.
func (p *put) headers() string {
	h := sha256.New()
	for _, field := range []string{p.contentType, p.cacheControl, p.opts.ContentEncoding} {
		_, _ = fmt.Fprintf(h, "%q\n", field)
	}
	for _, name := range slices.Sorted(maps.Keys(p.meta)) {
		_, _ = fmt.Fprintf(h, "%q=%q\n", name, p.meta[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}
