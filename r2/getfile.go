package r2

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/kitroll/kitroll/internal/atomicfile"
)

// GetFileOptions is what [Client.GetFile] may be told. nil is the defaults.
type GetFileOptions struct {
	IfMatch     string      // only this version, else ErrPrecondition; default the one that is there
	PartSize    int64       // of a range; 1 MiB to 1 GiB, default 16 MiB, or the parts that the object was uploaded in
	Concurrency int         // ranges on their way at a time: 1 to 16, default 4
	Perm        fs.FileMode // of the file; default 0o644, without regard to the umask

	// Verify compares what was fetched with the ETag: by default of R2, with VerifyETag also of another S3.
	//
	// The ETag of an object that was stored in one request is its MD5; the file is read for it, by default below 100 MiB. That
	// of one that was uploaded in parts is made of the MD5s of the parts: it is fetched in ranges that are the parts, each of
	// which is hashed as it is written, and compared whatever the size. How large the parts were, the ETag does not say: see
	// UploadPartSize. With a PartSize that is not theirs, or parts above 1 GiB, the file is read too, by default below 100 MiB. Of
	// what an interrupted download left behind, the hashes count that were made when it was written. Not compared are an ETag of
	// another kind, and what the platform unpacked because of its Content-Encoding.
	Verify Verify
	// UploadPartSize is the size of the parts that the object was uploaded in, such as PutOptions.PartSize. Default: what fits
	// to the size and the number of parts, the usual sizes first (16 MiB, 5, 8 and so on), then every other whole number of MiB
	// and of 5 MB. One of them that gives the ETag proves the file; if none does, the error is ErrCorrupt. So an object whose
	// parts have a size that is neither needs this field, or VerifyNone. Where none of them fits, or too many to try them, as
	// with two parts of GiBs, and no usual one gives the ETag, a warning is logged.
	UploadPartSize int64

	// Progress runs on the caller's goroutine: at the beginning, five times a second, after the end.
	Progress func(Progress)
}

// GetFile stores an object in a file. It is read in ranges, several at a time, each with the ETag of the first as a condition,
// so that they are all of the same version: if the object is overwritten meanwhile, the error is ErrPrecondition. A range that
// breaks off is continued where it did, as often as Config.MaxRetries says.
//
// The file appears at path when it is complete, in place of what was there; until then the content grows in path+".partial".
// What was interrupted, by whatever, goes on there when GetFile is called again: path+".partial.parts" tells which ranges are
// on the disk. If the object has another ETag by then, it begins anew. The content is what is stored, packed if it is.
//
// Errors: [*Error]: fs.ErrNotExist, fs.ErrPermission, ErrPrecondition, ErrCorrupt (and what was fetched is removed), ErrInput;
// what writing failed with.
func (c *Client) GetFile(ctx context.Context, key, path string, opts *GetFileOptions) (Info, error) {
	d := &download{c: c, key: key, path: path, partial: path + ".partial"}
	if opts != nil {
		d.opts = *opts
	}
	if err := d.check(); err != nil {
		return Info{}, c.invalid(opGet, key, err)
	}
	unlock, err := atomicfile.TryLock(d.partial + ".lock")
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		unlock = func() error { return nil }
	case err != nil:
		return Info{}, d.failed(err)
	}
	defer func() {
		_ = os.Remove(d.partial + ".lock")
		_ = unlock()
	}()
	info, err := d.run(ctx)
	if errors.Is(err, errStale) { // the object is another one than the interrupted download began with
		c.log.WarnContext(ctx, "r2 download begins anew", "key", key)
		d.drop()
		info, err = d.run(ctx)
	}
	return info, withCause(ctx, err)
}

const maxRange = 1 << 30

var errStale = errors.New("another version")

type download struct {
	c             *Client
	key           string
	path, partial string
	opts          GetFileOptions
	head          downloadHead
	resumed       bool
	unpacked      bool // it came without a length, and may not be what is stored
	progress      *tracker
	file          *os.File

	mu   sync.Mutex
	log  *os.File
	have map[int64]bool
	sums map[int64]string // the MD5 of ranges, where the ETag is made of them
}

// downloadHead is the first line of the file beside a partial one. The others are the numbers of the ranges, from 0, that are
// on the disk, with their MD5 where it is of use.
type downloadHead struct {
	Endpoint string `json:"endpoint"`
	Bucket   string `json:"bucket"`
	PartSize int64  `json:"part_size"`
	Info     Info   `json:"info"`
}

func (d *download) check() error {
	o := &d.opts
	problems := []error{checkKey(d.key), checkHeader("IfMatch", o.IfMatch)}
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if o.PartSize != 0 && (o.PartSize < d.c.minRange || o.PartSize > maxRange) {
		bad("PartSize: %d is not in %d to %d bytes", o.PartSize, d.c.minRange, int64(maxRange))
	}
	if o.UploadPartSize != 0 && (o.UploadPartSize < d.c.minRange || o.UploadPartSize > maxSingle) {
		bad("UploadPartSize: %d is not in %d to %d bytes", o.UploadPartSize, d.c.minRange, int64(maxSingle))
	}
	if o.Concurrency < 0 || o.Concurrency > 16 {
		bad("Concurrency: %d is not in 1 to 16 (0 = 4)", o.Concurrency)
	}
	if o.Verify < VerifyDefault || o.Verify > VerifyNone {
		bad("Verify: %d is none of the three", o.Verify)
	}
	if stat, err := os.Stat(d.path); err == nil && !stat.Mode().IsRegular() {
		bad("path: %s is there and no file", d.path)
	}
	o.Concurrency, o.Perm = cmp.Or(o.Concurrency, maxInFlight), cmp.Or(o.Perm, 0o644)
	return errors.Join(problems...)
}

func (d *download) failed(err error) error {
	return &Error{Op: opGet, Bucket: d.c.bucket, Key: d.key, Err: fmt.Errorf("file %s: %w", d.path, err)}
}

// drop forgets what was fetched.
func (d *download) drop() {
	_ = os.Remove(d.partial)
	_ = os.Remove(d.partial + ".parts")
}

func (d *download) run(ctx context.Context) (Info, error) {
	d.have, d.sums, d.log, d.unpacked = map[int64]bool{}, map[int64]string{}, nil, false
	d.resumed = d.earlier()
	f, err := os.OpenFile(d.partial, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return Info{}, d.failed(err)
	}
	defer f.Close()
	d.file = f
	plain := false
	if !d.resumed {
		plain, err = d.first(ctx)
	}
	if d.log != nil {
		defer d.log.Close()
	}
	if err == nil && !plain {
		err = d.ranges(ctx)
	}
	if err == nil {
		err = d.verify(ctx)
	}
	switch {
	case errors.Is(err, ErrPrecondition) && d.resumed && d.opts.IfMatch == "":
		return Info{}, errStale
	case errors.Is(err, ErrCorrupt), errors.Is(err, ErrPrecondition):
		d.drop()
		return Info{}, err
	case err != nil:
		if d.log == nil { // nothing to go on with
			d.drop()
		}
		return Info{}, err
	}
	return d.publish()
}

// earlier reads what an interrupted download left behind.
func (d *download) earlier() bool {
	data, err := os.ReadFile(d.partial + ".parts")
	if err != nil {
		return false
	}
	first, rest, _ := bytes.Cut(data, []byte("\n"))
	var head downloadHead
	stat, err := os.Stat(d.partial)
	if json.Unmarshal(first, &head) != nil || err != nil || stat.Size() != head.Info.Size || head.PartSize < 1 || head.Info.Key != d.key ||
		head.Bucket != d.c.bucket || head.Endpoint != d.c.endpoint.String() || head.Info.ETag == "" ||
		d.opts.IfMatch != "" && bareETag(&d.opts.IfMatch) != head.Info.ETag {
		d.drop()
		return false
	}
	if d.log, err = os.OpenFile(d.partial+".parts", os.O_APPEND|os.O_WRONLY, 0); err != nil {
		return false
	}
	for line := range bytes.SplitSeq(rest, []byte("\n")) { // a line that was cut has no full stop
		if text, whole := bytes.CutSuffix(line, []byte(".")); whole {
			number, sum, _ := strings.Cut(string(text), " ")
			if n, err := strconv.ParseInt(number, 10, 64); err == nil {
				d.have[n], d.sums[n] = true, sum
			}
		}
	}
	_, _ = d.log.WriteString("\n")
	d.head = head
	d.begin(head.Info.Size)
	return true
}

func (d *download) begin(size int64) {
	if d.opts.Progress == nil {
		return
	}
	d.progress = &tracker{total: size, tell: d.opts.Progress}
	for n := range d.have {
		d.progress.sent.Add(d.part(n).n)
	}
	d.progress.report()
}

func (d *download) part(n int64) section {
	off := n * d.head.PartSize
	return section{off: off, n: min(d.head.PartSize, d.head.Info.Size-off)}
}

// publish puts the file in its place.
func (d *download) publish() (Info, error) {
	err := d.file.Chmod(d.opts.Perm)
	if err == nil {
		err = d.file.Sync()
	}
	if err == nil {
		err = d.file.Close() // Windows renames no open file
	}
	if err == nil {
		err = atomicfile.Rename(d.partial, d.path)
	}
	if err != nil {
		return Info{}, d.failed(err)
	}
	_ = os.Remove(d.partial + ".parts")
	d.progress.end(d.head.Info.Size)
	return d.head.Info, nil
}
