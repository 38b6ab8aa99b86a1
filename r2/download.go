package r2

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"golang.org/x/sync/errgroup"

	"github.com/kitroll/kitroll/internal/atomicfile"
	"github.com/kitroll/kitroll/internal/httpcall"
)

// first fetches the first range, which tells what there is to fetch. plain is true when the answer was the whole object: it is
// empty, or the server knows no ranges of it.
func (d *download) first(ctx context.Context) (plain bool, err error) {
	o := GetOptions{Range: &Range{Length: d.opts.PartSize}, IfMatch: d.opts.IfMatch}
	obj, err := d.c.Get(ctx, d.key, &o)
	if e, ok := errors.AsType[*Error](err); ok && e.Status == http.StatusRequestedRangeNotSatisfiable {
		o.Range = nil
		obj, err = d.c.Get(ctx, d.key, &o)
	}
	if err != nil {
		return false, err
	}
	defer obj.Close()
	d.head = downloadHead{Endpoint: d.c.endpoint.String(), Bucket: d.c.bucket, PartSize: d.opts.PartSize, Info: obj.Info}
	if !obj.ranged || obj.Size < 0 || obj.ETag == "" {
		d.unpacked = obj.Length < 0
		d.begin(obj.Length)
		if err := d.file.Truncate(0); err != nil {
			return false, d.failed(err)
		}
		n, err := d.copy(obj, 0)
		if d.head.Info.Size < 0 {
			d.head.Info.Size = n
		}
		return true, err
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

// copy writes a body to its place in the file.
func (d *download) copy(r io.Reader, off int64) (n int64, err error) {
	w := &countingWriter{w: io.NewOffsetWriter(d.file, off), t: d.progress}
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
	t   *tracker
	err error
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
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

// fetch gets a range, from obj if that is open already, and goes on where an answer breaks off.
func (d *download) fetch(ctx context.Context, n int64, obj *Object) error {
	s := d.part(n)
	err := d.c.retry.Do(ctx, func(ctx context.Context) (err error) {
		if obj == nil {
			if obj, err = d.c.Get(ctx, d.key, &GetOptions{Range: &Range{Offset: s.off, Length: s.n}, IfMatch: d.head.Info.ETag}); err != nil {
				return err
			}
		}
		body := obj
		obj = nil
		defer body.Close()
		if !body.ranged || body.ETag != d.head.Info.ETag {
			return &Error{Op: opGet, Bucket: d.c.bucket, Key: d.key, Err: fmt.Errorf("%w: a range of another object came", ErrPrecondition)}
		}
		got, err := d.copy(io.LimitReader(body, s.n), s.off)
		s.off, s.n = s.off+got, s.n-got
		if err == nil && s.n > 0 {
			err = &Error{Op: opGet, Bucket: d.c.bucket, Key: d.key, Err: fmt.Errorf("%w: %w", errBroken, io.ErrUnexpectedEOF)}
		}
		return err
	}, func(err error) httpcall.Verdict {
		return httpcall.Verdict{Again: errors.Is(err, errBroken)} // Get has repeated what failed before
	})
	if err == nil {
		err = d.note(n)
	}
	return err
}

// note remembers a range that is on the disk.
func (d *download) note(n int64) error {
	if err := d.file.Sync(); err != nil {
		return d.failed(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.have[n] = true
	if _, err := fmt.Fprintf(d.log, "%d.\n", n); err != nil {
		return d.failed(err)
	}
	return nil
}

// verify compares the file with the ETag where that is an MD5.
func (d *download) verify() error {
	info, o := d.head.Info, d.opts
	wanted := o.Verify == VerifyETag || o.Verify == VerifyDefault && d.c.isR2 && info.Size < verifyUpTo
	if !wanted || !isMD5(info.ETag) || d.unpacked {
		return nil
	}
	stat, err := d.file.Stat()
	if err != nil {
		return d.failed(err)
	}
	sum, err := section{at: d.file, n: stat.Size()}.md5()
	if err != nil {
		return d.failed(err)
	}
	return d.c.fail(opGet, d.key, compare(info.ETag, hex.EncodeToString(sum)))
}
