package r2

import (
	"cmp"
	"context"
	"crypto/md5" //nolint:gosec // an ETag is an MD5
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"strconv"

	"golang.org/x/sync/errgroup"

	"github.com/kitroll/kitroll/internal/atomicfile"
	"github.com/kitroll/kitroll/internal/httpcall"
)

// first fetches the first range, which tells what there is to fetch. plain is true when the answer was the whole object: it is
// empty, or the server knows no ranges of it.
func (d *download) first(ctx context.Context) (plain bool, err error) {
	size := cmp.Or(d.opts.PartSize, d.opts.UploadPartSize, partSize)
	o := GetOptions{Range: &Range{Length: size}, IfMatch: d.opts.IfMatch}
	obj, err := d.c.Get(ctx, d.key, &o)
	if e, ok := errors.AsType[*Error](err); ok && e.Status == http.StatusRequestedRangeNotSatisfiable {
		o.Range = nil
		obj, err = d.c.Get(ctx, d.key, &o)
	}
	if err != nil {
		return false, err
	}
	defer obj.Close()
	d.head = downloadHead{Endpoint: d.c.endpoint.String(), Bucket: d.c.bucket, PartSize: size, Info: obj.Info}
	if !obj.ranged || obj.Size < 0 || obj.ETag == "" {
		d.unpacked = obj.Length < 0
		d.begin(obj.Length)
		if err := d.file.Truncate(0); err != nil {
			return false, d.failed(err)
		}
		n, err := d.copy(obj, 0, nil)
		if d.head.Info.Size < 0 {
			d.head.Info.Size = n
		}
		return true, err
	}
	if d.opts.PartSize == 0 && d.wanted() {
		if sizes, _ := d.uploadParts(); len(sizes) > 0 && sizes[0] <= maxRange {
			d.head.PartSize = sizes[0]
		}
	}
	if err := d.file.Truncate(obj.Size); err != nil {
		return false, d.failed(err)
	}
	line, err := json.Marshal(d.head)
	if err == nil {
		err = atomicfile.Write(d.partial+".parts", append(line, '\n'), 0o600)
	}
	if err == nil {
		d.log, err = os.OpenFile(d.partial+".parts", os.O_APPEND|os.O_WRONLY, 0)
	}
	if err != nil {
		return false, d.failed(err)
	}
	d.begin(obj.Size)
	if err := d.progress.during(func() error { return d.fetch(ctx, 0, obj) }); err != nil {
		return false, err
	}
	return false, nil
}

// copy writes a body to its place in the file, and to h if there is one.
func (d *download) copy(r io.Reader, off int64, h hash.Hash) (n int64, err error) {
	w := &countingWriter{w: io.NewOffsetWriter(d.file, off), h: h, t: d.progress}
	n, err = io.CopyBuffer(w, struct{ io.Reader }{r}, make([]byte, 256<<10))
	switch {
	case w.err != nil:
		err = d.failed(w.err)
	case err != nil:
		err = &Error{Op: opGet, Bucket: d.c.bucket, Key: d.key, Err: fmt.Errorf("%w: %w", errBroken, httpcall.Redact(err))}
	}
	return n, err
}

var errBroken = errors.New("the answer broke off")

type countingWriter struct {
	w   io.Writer
	h   hash.Hash // nil = not wanted
	t   *tracker
	err error
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	if c.h != nil {
		c.h.Write(p[:n])
	}
	if sent := c.t.counter(); sent != nil {
		sent.Add(int64(n))
	}
	c.err = err
	return n, err
}

// ranges fetches what is missing.
func (d *download) ranges(ctx context.Context) error {
	return d.progress.during(func() error {
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(d.opts.Concurrency)
		for n := int64(0); n*d.head.PartSize < d.head.Info.Size && gctx.Err() == nil; n++ {
			d.mu.Lock()
			have := d.have[n]
			d.mu.Unlock()
			if !have {
				g.Go(func() error { return d.fetch(gctx, n, nil) })
			}
		}
		return cmp.Or(g.Wait(), d.c.fail(opGet, d.key, context.Cause(ctx)))
	})
}

// fetch gets a range, from obj if that is open already, and goes on where that one ends, or where an answer breaks off.
func (d *download) fetch(ctx context.Context, n int64, obj *Object) error {
	s := d.part(n)
	var h hash.Hash
	if d.inParts() {
		h = md5.New() //nolint:gosec // see above
	}
	next := func(ctx context.Context) error {
		body := obj
		obj = nil
		if body == nil {
			var err error
			if body, err = d.c.Get(ctx, d.key, &GetOptions{Range: &Range{Offset: s.off, Length: s.n}, IfMatch: d.head.Info.ETag}); err != nil {
				return err
			}
		}
		defer body.Close()
		if !body.ranged || body.ETag != d.head.Info.ETag {
			return &Error{Op: opGet, Bucket: d.c.bucket, Key: d.key, Err: fmt.Errorf("%w: a range of another object came", ErrPrecondition)}
		}
		want := s.n
		if body.Length >= 0 {
			want = min(want, body.Length)
		}
		got, err := d.copy(io.LimitReader(body, want), s.off, h)
		s.off, s.n = s.off+got, s.n-got
		if err == nil && (got < want || got == 0) {
			err = &Error{Op: opGet, Bucket: d.c.bucket, Key: d.key, Err: fmt.Errorf("%w: %w", errBroken, io.ErrUnexpectedEOF)}
		}
		return err
	}
	err := d.c.retry.Do(ctx, func(ctx context.Context) (err error) {
		for err == nil && s.n > 0 {
			err = next(ctx)
		}
		return err
	}, func(err error) httpcall.Verdict {
		return httpcall.Verdict{Again: errors.Is(err, errBroken)} // Get has repeated what failed before
	})
	if err != nil {
		return err
	}
	sum := ""
	if h != nil {
		sum = hex.EncodeToString(h.Sum(nil))
	}
	return d.note(n, sum)
}

// note remembers a range that is on the disk, and its MD5 if that is known.
func (d *download) note(n int64, sum string) error {
	if err := d.file.Sync(); err != nil {
		return d.failed(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.have[n], d.sums[n] = true, sum
	line := strconv.FormatInt(n, 10)
	if sum != "" {
		line += " " + sum
	}
	if _, err := d.log.WriteString(line + ".\n"); err != nil {
		return d.failed(err)
	}
	return nil
}
